"""Evidently's DataDriftPreset with its defaults.

python rival_evidently.py REFERENCE PRODUCTION REPORT
"""

import json
import sys

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def is_shifted(metric):
    """By a p-value below the threshold, or a distance above it: the method's name says which."""
    method, threshold = metric["config"]["method"], metric["config"]["threshold"]
    return metric["value"] < threshold if "p_value" in method else metric["value"] >= threshold


def main():
    reference, production, report = sys.argv[1:]
    reference, production = pandas.read_parquet(reference), pandas.read_parquet(production)
    numbers = [name for name in reference if pandas.api.types.is_numeric_dtype(reference[name])]
    texts = [name for name in reference if name not in numbers]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    pair = [Dataset.from_pandas(table, definition) for table in (production, reference)]
    snapshot = Report([DataDriftPreset()]).run(*pair)
    metrics = json.loads(snapshot.json())["metrics"]
    shifted = [metric["config"]["column"] for metric in metrics if "column" in metric["config"] and is_shifted(metric)]
    with open(report, "w") as file:
        json.dump({"shifted": shifted, "metrics": metrics}, file)


main()
