"""The application that people write for this: Flask, a scikit-learn pipeline from joblib, and a log of each request.

Every request is logged by a thread beside, as lines of a file; what sends them to S3 comes on top of this in practice. Started by gunicorn with
one worker a core, as its documentation advises, and with the faster JSON of orjson.
"""

import os
import queue
import threading
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path

import joblib
import orjson
import pandas
from flask import Flask, Response, request

FOLDER = Path(os.environ["SCORE_FOLDER"])
CUT_OFF = 0.5
model = joblib.load(FOLDER / "model.joblib")
columns = list(model.feature_names_in_)
app = Flask(__name__)
records = queue.Queue()


def log():
    with (FOLDER / f"requests-{os.getpid()}.ndjson").open("ab") as file:
        while True:
            batch = [records.get()]
            while not records.empty() and len(batch) < 1000:
                batch.append(records.get_nowait())
            file.write(b"".join(orjson.dumps(record) + b"\n" for record in batch))
            file.flush()


threading.Thread(target=log, daemon=True).start()


@app.post("/predict")
def predict():
    begun = time.perf_counter()
    payload = orjson.loads(request.get_data())
    row = pandas.DataFrame([[payload.get(column) for column in columns]], columns=columns)
    prediction = float(model.predict_proba(row)[0, 1])
    uid = str(uuid.uuid4())
    output = {
        "prediction": prediction,
        "high_risk": "yes" if prediction >= CUT_OFF else "no",
        "response_time": time.perf_counter() - begun,
        "ltv": 0,
        "model_used": "model",
        "model_uid": "sklearn",
    }
    now = datetime.now(timezone.utc)
    stamp = {"logging_timestamp": now.strftime("%Y-%m-%d %H:%M:%S.%f"), "logging_epoch": now.timestamp()}
    records.put({"input": {**payload, "uid": uid, "endpoint": "predict"}, "output": {**output, **stamp}})
    return Response(orjson.dumps({**output, "uid": uid}), mimetype="application/json")
