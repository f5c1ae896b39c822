"""What `retrain` does, as one writes it with scikit-learn: read, hold out, fit, calibrate, judge, keep.

python retrain.py DATA.parquet FOLDER
"""

import json
import sys
from pathlib import Path

import joblib
import pandas
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

data, folder = sys.argv[1], Path(sys.argv[2])
table = pandas.read_parquet(data).drop(columns="client_id")
table["acquired_date"] = pandas.to_datetime(table["acquired_date"])
for part in ["month", "quarter", "year"]:
    table[f"acquired_{part}"] = getattr(table["acquired_date"].dt, part)
table = table.drop(columns="acquired_date")
labels = table.pop("churn") == "yes"
texts = table.select_dtypes("object").columns
table[texts] = table[texts].astype("category")
train, test, of_train, of_test = train_test_split(table, labels, test_size=0.25, random_state=0)
boosting = HistGradientBoostingClassifier(
    max_iter=200, learning_rate=0.05, max_leaf_nodes=8, categorical_features="from_dtype", early_stopping=False, random_state=0
)
model = CalibratedClassifierCV(boosting, method="sigmoid", cv=5, ensemble=False).fit(train, of_train)
found = model.predict_proba(test)[:, 1]
figures = {
    "roc_auc": roc_auc_score(of_test, found), "log_loss": log_loss(of_test, found), "brier": brier_score_loss(of_test, found),
}
folder.mkdir(parents=True, exist_ok=True)
joblib.dump(model, folder / "model.joblib")
train.assign(churn=of_train).to_parquet(folder / "training.parquet")
train.describe(include="all").to_json(folder / "reference.json")
(folder / "metrics.json").write_text(json.dumps(figures))
print(json.dumps(figures))
