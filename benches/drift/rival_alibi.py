"""Alibi Detect's TabularDrift with its defaults: Kolmogorov-Smirnov and chi-squared, feature by feature.

python rival_alibi.py REFERENCE PRODUCTION REPORT
"""

import json
import sys

import numpy
import pandas
from alibi_detect.cd import TabularDrift


def main():
    reference, production, report = sys.argv[1:]
    reference, production = pandas.read_parquet(reference), pandas.read_parquet(production)
    names = list(reference.columns)
    categories = {}
    for place, name in enumerate(names):
        if not pandas.api.types.is_numeric_dtype(reference[name]):
            codes, _ = pandas.factorize(pandas.concat([reference[name], production[name]]))
            reference[name], production[name] = codes[: len(reference)], codes[len(reference) :]
            categories[place] = None
    detector = TabularDrift(reference.to_numpy(numpy.float64), categories_per_feature=categories)
    found = detector.predict(production.to_numpy(numpy.float64), drift_type="feature")["data"]
    shifted = [name for name, is_drift in zip(names, found["is_drift"]) if is_drift]
    p_values = dict(zip(names, map(float, found["p_val"])))
    with open(report, "w") as file:
        json.dump({"shifted": shifted, "p_values": p_values}, file)


main()
