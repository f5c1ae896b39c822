"""Reference values for the statistics, from scipy and mpmath.

    pip install scipy==1.17.1 mpmath==1.4.1 numpy==2.4.6 statsmodels==0.14.6
    python crates/mlops-stats/golden/make.py > crates/mlops-stats/golden/stats.json

Samples are rules rather than lists where they are long: `sequence(n, step, offset)` is the sorted values of
(i*step mod 10007)/10007 + offset for i < n, which a test can make again in any language.
"""
import json
import sys
import warnings

import mpmath
import numpy as np
import scipy
from scipy import stats
from scipy.spatial import distance as distances
from scipy.stats._morestats import _anderson_ksamp_midrank
from statsmodels.stats.multitest import multipletests

warnings.filterwarnings("ignore")
rng = np.random.default_rng(42)


def sequence(n, step, offset):
    return np.sort((np.arange(n) * step % 10007) / 10007 + offset)


def ks_small():
    cases = {
        "equal sizes": (rng.normal(size=12), rng.normal(0.5, 1, 12)),
        "coprime sizes": (rng.normal(size=9), rng.normal(0.8, 1, 14)),
        "common divisor": (rng.normal(size=30), rng.normal(0.4, 1, 45)),
        "ties": (np.round(rng.normal(size=20)), np.round(rng.normal(0.5, 1, 15))),
        "identical": (np.arange(6.0), np.arange(6.0)),
        "disjoint": (np.arange(5.0), np.arange(10.0, 17.0)),
        "constant": (np.ones(5), np.ones(7)),
        "one value": (np.array([1.0]), np.array([2.0, 3.0])),
        "infinities": (np.array([-np.inf, 0.0, np.inf]), np.array([-np.inf, -np.inf, 1.0, np.inf])),
    }
    for name, (a, b) in cases.items():
        for method in ("exact", "asymp", "auto"):
            r = stats.ks_2samp(a, b, method=method)
            yield {
                "case": name,
                "reference": [str(x) for x in np.sort(a)],
                "production": [str(x) for x in np.sort(b)],
                "method": method,
                "statistic": float(r.statistic),
                "p_value": float(r.pvalue),
            }


def ks_large():
    # (n, step, offset) of both sides: exact up to 10,000, asymptotic above, small and large effects.
    cases = [
        ((500, 31, 0), (500, 77, 0.02)),
        ((500, 31, 0), (400, 77, 0.05)),
        ((3522, 31, 0), (3521, 77, 0.01)),
        ((3522, 31, 0), (3521, 77, 0.12)),
        ((10000, 31, 0), (9999, 77, 0.015)),
        ((10000, 31, 0), (10000, 77, 0.03)),
        ((10000, 31, 0), (10000, 77, 0.2)),
        ((10001, 31, 0), (60, 77, 0.1)),
        ((10001, 31, 0), (2000, 77, 0.02)),
        ((60000, 31, 0), (50000, 77, 0.004)),
        ((60000, 31, 0), (50000, 77, 0.008)),
        ((60000, 31, 0), (50000, 77, 0.05)),
    ]
    for reference, production in cases:
        r = stats.ks_2samp(sequence(*reference), sequence(*production))
        yield {
            "reference": reference,
            "production": production,
            "statistic": float(r.statistic),
            "p_value": float(r.pvalue),
        }


def kstwo_sf():
    sizes = (1, 2, 5, 10, 50, 140, 141, 1000, 5000, 50000, 500000)
    distances = (1e-4, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.9)
    return [[n, x, float(stats.kstwo.sf(x, n))] for n in sizes for x in distances]


def smirnov_sf():
    """The sum of Birnbaum and Tingey in 60 digits: the tails that a double can hold, to the last."""
    mpmath.mp.dps = 60
    for n, x in [(1, "0.25"), (5, "0.5"), (10, "0.9"), (50, "0.25"), (140, "0.3"), (1000, "0.05"), (1000, "0.4"), (1000, "0.59")]:
        d = mpmath.mpf(x)
        total = sum(
            mpmath.binomial(n, j) * (d + mpmath.mpf(j) / n) ** (j - 1) * (1 - d - mpmath.mpf(j) / n) ** (n - j)
            for j in range(int(mpmath.floor(n * (1 - d))) + 1)
        )
        yield [n, float(d), float(d * total)]


def chi_squared():
    tables = [
        [[10, 20], [30, 40]],
        [[1, 0], [0, 1]],
        [[10, 10, 20], [20, 20, 20]],
        [[5, 0, 3], [2, 2, 2]],
        [[1000, 0], [999, 1]],
        [[500000, 500000], [500500, 499500]],
        [[3000, 4000, 5000, 10], [3300, 3900, 4700, 40]],
        [[90000, 10000], [60000, 40000]],
        [[7, 3, 9, 1, 4, 6, 2, 8, 5, 5], [6, 4, 8, 2, 5, 5, 3, 7, 6, 4]],
    ]
    for table in tables:
        for yates in (True, False):
            r = stats.chi2_contingency(table, correction=yates)
            v = stats.contingency.association(np.array(table), method="cramer", correction=False)
            yield {
                "table": table,
                "yates": yates,
                "statistic": float(r.statistic),
                "p_value": float(r.pvalue),
                "degrees_of_freedom": int(r.dof),
                "cramers_v": float(v),
            }


def chi_squared_tails():
    """Q(degrees/2, x/2) in 60 digits, far beyond where 1 - cdf is zero."""
    mpmath.mp.dps = 60
    for degrees, x in [(1, 10), (1, 100), (1, 1300), (2, 300), (3, 50), (5, 700), (25, 900), (100, 60), (100, 1500)]:
        yield [degrees, x, float(mpmath.gammainc(mpmath.mpf(degrees) / 2, mpmath.mpf(x) / 2, regularized=True))]


def corrections():
    methods = {"bonferroni": "bonferroni", "holm": "holm", "benjamini_hochberg": "fdr_bh"}
    for p in ([0.01, 0.04, 0.03, 0.5], [0.5], [1e-300, 0.2, 0.2, 0.9, 1.0], [float(x) for x in rng.random(28) ** 3]):
        adjusted = {name: [float(x) for x in multipletests(p, method=method)[1]] for name, method in methods.items()}
        yield {"p_values": p, **adjusted}


def anderson_darling(a, b):
    """scipy's statistic before it is standardised."""
    pooled = np.sort(np.concatenate([a, b]))
    sizes = np.array([len(a), len(b)])
    return float(_anderson_ksamp_midrank([a, b], pooled, np.unique(pooled), 2, sizes, len(pooled)))


def numeric():
    """What has no other section, over the samples of `ks_small` and of `ks_large`."""
    shapes = {
        "equal sizes": (rng.normal(size=12), rng.normal(0.5, 1, 12)),
        "other sizes": (rng.normal(size=40), rng.normal(0.8, 2, 25)),
        "ties": (np.round(rng.normal(size=60)), np.round(rng.normal(0.3, 1, 50))),
        "disjoint": (np.arange(5.0), np.arange(10.0, 17.0)),
        "one outlier": (rng.normal(size=50), np.append(rng.normal(size=49), 1e6)),
        "heavy tails": (rng.standard_t(1, size=80), rng.standard_t(1, size=70)),
        "identical": (np.arange(60.0), np.arange(60.0)),
        "a tiny difference": (rng.normal(size=300), rng.normal(0.01, 1, 400)),
        "a large difference": (rng.normal(size=300), rng.normal(3, 1, 400)),
    }
    for name, (a, b) in shapes.items():
        mann_whitney = stats.mannwhitneyu(a, b, method="asymptotic")
        reference_sd = np.std(a, ddof=1)
        yield {
            "case": name,
            "reference": [str(x) for x in np.sort(a)],
            "production": [str(x) for x in np.sort(b)],
            "mann_whitney": [float(mann_whitney.statistic), float(mann_whitney.pvalue)],
            "anderson_darling": anderson_darling(np.sort(a), np.sort(b)),
            "wasserstein": float(stats.wasserstein_distance(a, b)),
            "moments": [float(np.mean(a)), float(reference_sd)],
        }


def anderson_darling_sf():
    """1 - F of Anderson and Darling's own series (1952), which is another one than ours, in 80 digits."""
    mpmath.mp.dps = 80
    for x in ("0.05", "0.1", "0.3", "0.7744", "1", "1.933", "2.492", "3.857", "6", "12", "30", "80"):
        z = mpmath.mpf(x)
        total, j = mpmath.mpf(0), 0
        while True:
            t = (4 * j + 1) ** 2 * mpmath.pi**2 / (8 * z)
            integral = mpmath.quad(
                lambda w: mpmath.exp(z / (8 * (w * w + 1)) - t * w * w), [0, 0.25, 0.5, 1, 2, 4, 8, 16, 40, 100]
            )
            term = mpmath.binomial(mpmath.mpf(-1) / 2, j) * (4 * j + 1) * mpmath.exp(-t) * integral
            total += term
            if abs(term) < mpmath.mpf(10) ** -70:
                break
            j += 1
        yield [float(z), float(1 - mpmath.sqrt(2 * mpmath.pi) / z * total)]


def levels():
    tables = [
        [[10, 20], [30, 40]],
        [[1, 0], [0, 1]],
        [[10, 10, 20], [20, 20, 20]],
        [[5, 0, 3], [2, 2, 2]],
        [[500000, 500000], [500500, 499500]],
        [[3000, 4000, 5000, 10], [3300, 3900, 4700, 40]],
        [[90000, 10000], [60000, 40000]],
        [[7, 3, 9, 1, 4, 6, 2, 8, 5, 5], [6, 4, 8, 2, 5, 5, 3, 7, 6, 4]],
    ]
    for table in tables:
        a, b = (np.array(row, dtype=float) for row in table)
        n, m, k = a.sum(), b.sum(), len(a)
        g = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        distance = float(distances.jensenshannon(a, b))
        p, q = (a + 0.5) / (n + k / 2), (b + 0.5) / (m + k / 2)
        psi = float(np.sum((q - p) * np.log(q / p)))
        null = 1 / n + 1 / m
        yield {
            "table": table,
            "g": [float(g.statistic), float(g.pvalue)],
            "jensen_shannon": [distance, float(stats.chi2.sf(8 * distance**2 / null, k - 1))],
            "psi": [psi, float(stats.chi2.sf(psi / null, k - 1))],
            "total_variation": float(np.abs(a / n - b / m).sum() / 2),
        }


golden = {
    "scipy": scipy.__version__,
    "mpmath": mpmath.__version__,
    "ks_small": list(ks_small()),
    "ks_large": list(ks_large()),
    "kstwo_sf": kstwo_sf(),
    "smirnov_sf": list(smirnov_sf()),
    "chi_squared": list(chi_squared()),
    "chi_squared_tails": list(chi_squared_tails()),
    "corrections": list(corrections()),
    "numeric": list(numeric()),
    "anderson_darling_sf": list(anderson_darling_sf()),
    "levels": list(levels()),
}
# One case a line, so that a change shows as the cases that changed.
lines = []
for name, value in golden.items():
    if isinstance(value, list):
        cases = ",\n".join("  " + json.dumps(case) for case in value)
        lines.append(f' "{name}": [\n{cases}\n ]')
    else:
        lines.append(f' "{name}": {json.dumps(value)}')
sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")
