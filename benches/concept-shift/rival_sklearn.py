"""A domain classifier as one writes it with scikit-learn: impute, one-hot, forest, out-of-fold AUC.

python rival_sklearn.py REFERENCE PRODUCTION
"""

import json
import sys

import pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

tables = [pandas.read_parquet(path).drop(columns=["client_id", "acquired_date", "churn"]) for path in sys.argv[1:3]]
table = pandas.concat(tables, ignore_index=True)
labels = [0] * len(tables[0]) + [1] * len(tables[1])
columns = make_column_transformer(
    (SimpleImputer(), make_column_selector(dtype_include="number")),
    (
        make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype="float32")),
        make_column_selector(dtype_exclude="number"),
    ),
)
forest = RandomForestClassifier(n_estimators=100, max_depth=10, n_jobs=2, random_state=0)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
scores = cross_val_predict(make_pipeline(columns, forest), table, labels, cv=folds, method="predict_proba")[:, 1]
print(json.dumps({"score": roc_auc_score(labels, scores)}))
