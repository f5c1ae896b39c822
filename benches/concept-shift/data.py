"""Two tables of the churn schema: customers as `simulate` makes them, the second a little older in two of 28 features.

python data.py REFERENCE.csv PRODUCTION.csv FOLDER
"""

import sys
from pathlib import Path

import pandas

reference, production, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
tables = [pandas.read_csv(path) for path in (reference, production)]
for name, table in zip(("reference", "production"), tables):
    table["client_id"] = name + table["client_id"].astype(str)
moved = tables[1]
moved["profile_score"] += 0.3 * moved["profile_score"].std()
level = moved["device_type"] == "level_1"
moved.loc[level & (moved.index % 5 == 0), "device_type"] = "level_2"
folder.mkdir(parents=True, exist_ok=True)
for name, table in zip(("reference", "production"), tables):
    table.to_parquet(folder / f"{name}.parquet")
