"""A pipeline of scikit-learn, of the size of the model that `retrain` makes by default: train.py CUSTOMERS.csv FOLDER"""

import sys
from pathlib import Path

import joblib
import pandas
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from features import date_parts

table = pandas.read_csv(sys.argv[1]).drop(columns="client_id")
labels = table.pop("churn") == "yes"
texts = [name for name in table.select_dtypes("object").columns if name != "acquired_date"]
numbers = list(table.select_dtypes("number").columns)
# Levels as numbers, which this kind of model takes best and fastest.
levels = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
prepare = ColumnTransformer(
    [("levels", levels, texts), ("dates", FunctionTransformer(date_parts), ["acquired_date"]), ("numbers", "passthrough", numbers)]
)
boosting = HistGradientBoostingClassifier(
    max_iter=200, learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, random_state=0
)
pipeline = make_pipeline(prepare, boosting)
model = CalibratedClassifierCV(pipeline, method="sigmoid", cv=5, ensemble=False).fit(table, labels)
joblib.dump(model, Path(sys.argv[2]) / "model.joblib")
