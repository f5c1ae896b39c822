"""NannyML's UnivariateDriftCalculator with its defaults: Jensen-Shannon over ten chunks.

python rival_nannyml.py REFERENCE PRODUCTION REPORT
"""

import json
import sys

import nannyml
import pandas


def main():
    reference, production, report = sys.argv[1:]
    reference, production = pandas.read_parquet(reference), pandas.read_parquet(production)
    names = list(reference.columns)
    calculator = nannyml.UnivariateDriftCalculator(column_names=names)
    calculator.fit(reference)
    chunks = calculator.calculate(production).filter(period="analysis").to_df()
    alerts = {name: chunks[name].xs("alert", axis=1, level=-1).any(axis=1) for name in names}
    with open(report, "w") as file:
        # An alert in any chunk is one that somebody reads.
        shifted = [name for name in names if alerts[name].any()]
        most = [name for name in names if alerts[name].mean() > 0.5]
        json.dump({"shifted": shifted, "shifted_in_most_chunks": most}, file)


main()
