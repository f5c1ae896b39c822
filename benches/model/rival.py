"""Models of scikit-learn and LightGBM with the settings of ours, as their documentation advises for mixed tables.

python rival.py MODEL THREADS TRAIN TEST TARGET SEED: figures as JSON.
"""

import json
import sys
import tempfile
import time

import joblib
import numpy
import pandas
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score


def forest(threads, seed, depth):
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=numpy.float32)
    columns = make_column_transformer(
        (encoder, make_column_selector(dtype_exclude="number")),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    return make_pipeline(
        columns, RandomForestClassifier(n_estimators=100, max_depth=depth, n_jobs=threads, random_state=seed)
    )


def histograms(threads, seed):
    from sklearn.ensemble import HistGradientBoostingClassifier

    # It uses as many threads as OpenMP gives it: OMP_NUM_THREADS.
    return HistGradientBoostingClassifier(categorical_features="from_dtype", early_stopping=False, random_state=seed)


def lightgbm(threads, seed):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=100, num_leaves=31, n_jobs=threads, random_state=seed, verbose=-1)


def logistic(threads, seed):
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        remainder=make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()),
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000))


MODELS = {
    "forest-10": lambda threads, seed: forest(threads, seed, 10),
    "forest": lambda threads, seed: forest(threads, seed, None),
    "histograms": histograms,
    "lightgbm": lightgbm,
    "logistic": logistic,
}


def read(path):
    table = pandas.read_csv(path) if path.endswith(".csv") else pandas.read_parquet(path)
    return table


def main():
    name, threads, train, test, target, seed = sys.argv[1:]
    train, test = read(train), read(test)
    features = [column for column in train.columns if column != target]
    for column in features:
        if not pandas.api.types.is_numeric_dtype(train[column]):
            levels = pandas.CategoricalDtype(sorted(train[column].dropna().unique()))
            train[column], test[column] = train[column].astype(levels), test[column].astype(levels)
    yes = sorted(train[target].unique())[-1]
    labels = (train.pop(target) == yes).to_numpy()
    of_test = (test.pop(target) == yes).to_numpy()
    model = MODELS[name](int(threads), int(seed))
    start, cpu = time.perf_counter(), time.process_time()
    model.fit(train[features], labels)
    fit, fit_cpu = time.perf_counter() - start, time.process_time() - cpu
    start, cpu = time.perf_counter(), time.process_time()
    found = model.predict_proba(test[features])[:, 1]
    predict, predict_cpu = time.perf_counter() - start, time.process_time() - cpu
    with tempfile.NamedTemporaryFile() as file:
        joblib.dump(model, file.name)
        start = time.perf_counter()
        model = joblib.load(file.name)
        load = time.perf_counter() - start
    test = test[features]
    rows = [test[row : row + 1] for row in range(100)]
    start = time.perf_counter()
    for row in rows:
        model.predict_proba(row)
    figures = {
        "load": load, "row": (time.perf_counter() - start) / len(rows),
        "fit": fit, "fit_cpu": fit_cpu, "predict": predict, "predict_cpu": predict_cpu,
        "roc_auc": roc_auc_score(of_test, found), "log_loss": log_loss(of_test, found),
        "brier": brier_score_loss(of_test, found),
    }
    print(json.dumps(figures))


main()
