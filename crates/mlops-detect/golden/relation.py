"""Reference values for the tests of a changed relation, from statsmodels.

    pip install statsmodels==0.15.0 scipy==1.17.1 pandas==2.3.3
    python crates/mlops-detect/golden/relation.py > crates/mlops-detect/golden/relation.json
"""
import json

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.stats import chi2

random = np.random.default_rng(5)
ROWS = 500
period = np.repeat([0, 1], ROWS)
level = random.integers(0, 3, 2 * ROWS)
score = random.normal(-0.5, 1.2, 2 * ROWS)
odds = 0.8 * score + 0.3 * (level == 1) + 0.9 * (period * (level == 2))
label = (random.random(2 * ROWS) < 1 / (1 + np.exp(-odds))).astype(int)


def log_likelihood(columns):
    return sm.GLM(label, columns, family=sm.families.Binomial(), offset=score).fit(tol=1e-12).llf


def line(rows):
    fitted = sm.Logit(label[rows], sm.add_constant(score[rows])).fit(disp=0, method="newton", tol=1e-12)
    intercept, slope = fitted.params
    of_intercept, of_slope = fitted.conf_int()
    return {"intercept": intercept, "slope": slope, "intercept_interval": list(of_intercept), "slope_interval": list(of_slope)}, fitted.llf


levels = pd.get_dummies(level).to_numpy(float)
free = np.hstack([levels * (1 - period)[:, None], levels * period[:, None]])
joint = np.hstack([levels, period[:, None]])
interaction = 2 * (log_likelihood(free) - log_likelihood(joint))
(reference, of_reference), (production, of_production) = line(period == 0), line(period == 1)
recalibration = 2 * (of_reference + of_production - line(period >= 0)[1])
print(json.dumps({
    "level": level.tolist(), "score": score.tolist(), "label": label.tolist(),
    "interaction": {"statistic": interaction, "p_value": chi2.sf(interaction, 2)},
    "recalibration": {"reference": reference, "production": production, "statistic": recalibration,
                      "p_value": chi2.sf(recalibration, 2)},
}))
