"""Reference values for metrics and calibration, from scikit-learn.

    pip install scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
    python crates/mlops-model/golden/model.py > crates/mlops-model/golden/model.json

DeLong's standard error is computed here as his paper has it, over all pairs of rows.
"""
import json
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics
from sklearn.calibration import _sigmoid_calibration, calibration_curve
from sklearn.isotonic import IsotonicRegression

warnings.filterwarnings("ignore")
rng = np.random.default_rng(11)


def case(name, n, share, places=None, extreme=False):
    y = rng.random(n) < share
    y[:2] = [False, True]
    score = rng.normal(y * 1.2, 1)
    other = rng.normal(y * 1.0, 1) * 0.6 + score * 0.4
    if extreme:
        score, other = score * 30, other * 30
    p, q = 1 / (1 + np.exp(-score + 1)), 1 / (1 + np.exp(-other + 1))
    if places is not None:
        p, q = np.round(p, places), np.round(q, places)
    return name, y, p, q


CASES = [
    case("continuous", 400, 0.3),
    case("ties", 300, 0.4, places=1),
    case("extreme", 200, 0.5, extreme=True),
    case("few", 12, 0.5),
    case("rare", 1000, 0.02),
    ("zero and one", np.array([0, 1, 0, 1, 1], bool), np.array([0.0, 1.0, 1.0, 0.0, 0.5]), np.array([0.1, 0.9, 0.2, 0.8, 0.5])),
]


def delong(y, p, q):
    def parts(scores):
        pairs = (scores[y][:, None] > scores[~y]) + 0.5 * (scores[y][:, None] == scores[~y])
        return pairs.mean(axis=1), pairs.mean(axis=0)

    (p10, p01), (q10, q01) = parts(p), parts(q)
    variance = np.var(p10 - q10, ddof=1) / y.sum() + np.var(p01 - q01, ddof=1) / (~y).sum()
    difference, error = p10.mean() - q10.mean(), np.sqrt(variance)
    return {
        "difference": difference,
        "standard_error": error,
        "low": difference - stats.norm.ppf(0.975) * error,
        "high": difference + stats.norm.ppf(0.975) * error,
    }


def of(name, y, p, q):
    observed, predicted = calibration_curve(y, p, n_bins=10)
    edges = np.linspace(0, 1, 11)
    place = np.clip(np.searchsorted(edges[1:-1], p), 0, 9)
    weights = np.bincount(place, minlength=10)
    ece = float((weights[weights > 0] * np.abs(observed - predicted)).sum() / len(y))
    losses = [-np.log(np.clip(np.where(y, s, 1 - s), np.finfo(float).eps, 1)) for s in (p, q)]
    v = (1 - 2 * p) ** 2 * p * (1 - p)
    z = float(((y - p) * (1 - 2 * p)).sum() / np.sqrt(v.sum())) if v.sum() > 0 else None
    shown = p >= 0.5
    a, b = _sigmoid_calibration(np.log(np.clip(p, 1e-6, 1 - 1e-6) / (1 - np.clip(p, 1e-6, 1 - 1e-6))), y)
    isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y)
    grid = np.linspace(-0.1, 1.1, 41)
    return {
        "case": name,
        "labels": y.tolist(),
        "one": p.tolist(),
        "other": q.tolist(),
        "roc_auc": metrics.roc_auc_score(y, p),
        "average_precision": metrics.average_precision_score(y, p),
        "log_loss": metrics.log_loss(y, p),
        "brier": metrics.brier_score_loss(y, p),
        "f1": metrics.f1_score(y, shown),
        "balanced_accuracy": metrics.balanced_accuracy_score(y, shown),
        "precision": metrics.precision_score(y, shown, zero_division=np.nan),
        "observed": observed.tolist(),
        "predicted": predicted.tolist(),
        "ece": ece,
        "delong": delong(y, p, q) if y.sum() > 1 and (~y).sum() > 1 else None,
        "loss_difference": float((losses[0] - losses[1]).mean()),
        "loss_standard_error": float(np.std(losses[0] - losses[1], ddof=1) / np.sqrt(len(y))),
        "spiegelhalter": [z, float(2 * stats.norm.sf(abs(z)))] if z is not None else None,
        "sigmoid": [float(a), float(b)],
        "grid": grid.tolist(),
        "isotonic": isotonic.predict(grid).tolist(),
    }


print(json.dumps([of(*case) for case in CASES], default=float))
