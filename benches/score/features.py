"""What the pipeline computes; here, so that joblib finds it again."""

import pandas


def date_parts(dates):
    dates = pandas.to_datetime(dates.iloc[:, 0])
    return pandas.DataFrame({"month": dates.dt.month, "quarter": dates.dt.quarter, "year": dates.dt.year})
