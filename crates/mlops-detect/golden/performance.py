"""Reference values for the tests of realised and expected performance, from statsmodels, scikit-learn and NannyML's formula.

    pip install statsmodels==0.15.0 scipy==1.17.1 scikit-learn==1.9.1
    python crates/mlops-detect/golden/performance.py > crates/mlops-detect/golden/performance.json
"""
import json

import numpy as np
from scipy.stats import chi2
from sklearn.metrics import auc, brier_score_loss, log_loss, roc_auc_score
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

random = np.random.default_rng(11)
ROWS = 600
score = random.beta(1.5, 4, ROWS)
chance = np.clip(score * 1.2 - 0.03, 0.001, 0.999)
label = random.random(ROWS) < chance


def expected_auc(chance, score):
    """NannyML 0.13, CBPE: the area under the curve of expected true and false positives."""
    order = np.argsort(score)[::-1]
    tps = np.r_[0, np.cumsum(chance[order])]
    fps = np.r_[0, 1 + np.arange(len(score)) - np.cumsum(chance[order])]
    return auc(fps / fps[-1], tps / tps[-1])


bins = np.clip(np.ceil(score * 10), 1, 10).astype(int)
statistic, reliability, resolution, ece = 0.0, 0.0, 0.0, 0.0
for one in np.unique(bins):
    rows = bins == one
    statistic += (label[rows].sum() - score[rows].sum()) ** 2 / (score[rows] * (1 - score[rows])).sum()
    reliability += rows.mean() * (label[rows].mean() - score[rows].mean()) ** 2
    resolution += rows.mean() * (label[rows].mean() - label.mean()) ** 2
    ece += rows.mean() * abs(label[rows].mean() - score[rows].mean())

high = score >= 0.4
print(json.dumps({
    "score": score.tolist(), "chance": chance.tolist(), "label": label.tolist(),
    "roc_auc": roc_auc_score(label, score), "log_loss": log_loss(label, score), "brier": brier_score_loss(label, score),
    "reliability": reliability, "resolution": resolution, "ece": ece,
    "calibration_p_value": chi2.sf(statistic, len(np.unique(bins))),
    "expected": {
        "roc_auc": expected_auc(chance, score),
        "log_loss": -(chance * np.log(score) + (1 - chance) * np.log(1 - score)).mean(),
        "brier": (chance * (1 - score) ** 2 + (1 - chance) * score ** 2).mean(),
        "precision": chance[high].mean(), "recall": chance[high].sum() / chance.sum(),
    },
    "wilson": [[part, n, *proportion_confint(part, n, method="wilson")] for part, n in [(0, 10), (3, 10), (57, 400), (400, 400)]],
    "newcombe": [[a, n, b, m, *confint_proportions_2indep(a, n, b, m, method="newcomb")]
                 for a, n, b, m in [(30, 100, 20, 100), (5, 50, 400, 4000), (0, 20, 3, 30)]],
}, indent=1))
