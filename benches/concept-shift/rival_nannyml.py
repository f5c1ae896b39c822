"""NannyML's domain classifier, as its documentation has it.

python rival_nannyml.py REFERENCE PRODUCTION CHUNKS
"""

import json
import sys

import nannyml
import pandas

tables = [pandas.read_parquet(path).drop(columns=["client_id", "acquired_date", "churn"]) for path in sys.argv[1:3]]
for table in tables:
    texts = table.select_dtypes("object").columns
    table[texts] = table[texts].astype("category")
reference, production = tables
calculator = nannyml.DomainClassifierCalculator(
    feature_column_names=list(reference.columns), chunk_number=int(sys.argv[3]), cv_folds_num=5, hyperparameters={"n_estimators": 100, "n_jobs": 2, "verbosity": -1}
)
calculator.fit(reference)
found = calculator.calculate(production).filter(period="analysis").to_df()
print(json.dumps({"score": float(found["domain_classifier_auroc"]["value"].mean())}))
