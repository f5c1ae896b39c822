"""The script that most people have: pandas and scipy, column by column, p-values as they come.

python rival_scipy.py REFERENCE PRODUCTION REPORT
"""

import json
import sys

import numpy
import pandas
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

SIGNIFICANCE = 0.05
BINS = 10
LEAST_SHARE = 1e-4


def psi(reference, production):
    reference, production = numpy.maximum(reference, LEAST_SHARE), numpy.maximum(production, LEAST_SHARE)
    return float(numpy.sum((production - reference) * numpy.log(production / reference)))


def number(reference, production):
    reference, production = reference.dropna().to_numpy(), production.dropna().to_numpy()
    edges = numpy.unique(numpy.quantile(reference, numpy.linspace(0, 1, BINS + 1)))
    edges[0], edges[-1] = -numpy.inf, numpy.inf
    shares = [numpy.histogram(values, edges)[0] / len(values) for values in (reference, production)]
    test = ks_2samp(reference, production)
    return {
        "ks": test.statistic,
        "p_value": test.pvalue,
        "wasserstein": wasserstein_distance(reference, production) / reference.std(),
        "psi": psi(*shares),
        "jensen_shannon": jensenshannon(*shares, base=2),
    }


def text(reference, production):
    counts = pandas.concat([reference.value_counts(), production.value_counts()], axis=1).fillna(0).to_numpy().T
    test = chi2_contingency(counts)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return {
        "chi_squared": test.statistic,
        "p_value": test.pvalue,
        "cramers_v": numpy.sqrt(test.statistic / counts.sum()),
        "psi": psi(*shares),
        "jensen_shannon": jensenshannon(*shares, base=2),
    }


def missing(reference, production):
    counts = [[column.isna().sum(), column.notna().sum()] for column in (reference, production)]
    if counts[0][0] + counts[1][0] == 0:
        return 1.0
    return chi2_contingency(counts, correction=False).pvalue


def main():
    reference, production, report = sys.argv[1:]
    reference, production = pandas.read_parquet(reference), pandas.read_parquet(production)
    features = {}
    for name in reference.columns:
        pair = reference[name], production[name]
        compared = number(*pair) if pandas.api.types.is_numeric_dtype(reference[name]) else text(*pair)
        features[name] = {**compared, "p_value_missing": missing(*pair)}
    shifted = [
        name
        for name, values in features.items()
        if min(values["p_value"], values["p_value_missing"]) < SIGNIFICANCE
    ]
    with open(report, "w") as file:
        json.dump({"shifted": shifted, "features": features}, file, default=float)


main()
