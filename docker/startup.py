"""How long programs take from their start to the first thing that they do for anybody, beside Python."""

import http.server
import json
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

AWS = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
RIVAL = [
    "boto3==1.44.8",
    "pandas==3.1.1",
    "pyarrow==26.0.1",
    "pymysql==1.2.4",
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "sqlalchemy==2.1.9",
]
# What such a script begins with, and its first request.
RIVAL_SCRIPT = """
import boto3, pandas, pymysql, scipy.stats, sqlalchemy
boto3.client("s3").get_object(Bucket="bucket", Key="train.csv")
"""
# What asks the database first, and not S3.
ASK_MYSQL = {"alert-email", "alert-sms", "dashboard", "etl-mysql"}
REQUEST = json.dumps({"client_id": "1963820", "activity_score": 0.73}).encode()


def first_request(command, name, starts):
    """Milliseconds from the start of a process to its first request to S3, or its connection to MySQL, which is what its work begins with."""
    asked = threading.Event()
    when = []

    class Store(http.server.BaseHTTPRequestHandler):
        def answer(self):
            if not asked.is_set():
                when.append(time.perf_counter())
                asked.set()
            self.send_error(403)

        do_GET = do_HEAD = do_PUT = do_POST = answer

        def log_message(self, *_):
            pass

    class Database(socketserver.BaseRequestHandler):
        # A client of MySQL connects, and waits for the server to speak first.
        def handle(self):
            if not asked.is_set():
                when.append(time.perf_counter())
                asked.set()

    is_mysql = name in ASK_MYSQL
    server = (socketserver.ThreadingTCPServer if is_mysql else http.server.ThreadingHTTPServer)(
        ("127.0.0.1", 0), Database if is_mysql else Store
    )
    # A program is ended as soon as it has asked; that its answer is lost is nobody's concern.
    server.handle_error = lambda *_: None
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint, database = f"http://127.0.0.1:{port}", ["--database", f"mysql://u:p@127.0.0.1:{port}/d"]
    file, table = "s3://bucket/train.csv", ["--target", "churn"]
    rule = ["--when-count-above", "1"]
    arguments = {
        "alert-email": [
            "run",
            *rule,
            "--to",
            "a@b.example",
            "--from",
            "a@b.example",
            "--smtp-host",
            "127.0.0.1",
            "--smtp-tls",
            "none",
            *database,
        ],
        "alert-sms": ["run", *rule, "--to", "+4915112345678", "--provider", "sns", *database],
        "concept-shift": ["--reference", file, "--production", file, *table],
        "dashboard": ["--listen", "127.0.0.1:0", *database],
        "drift": ["--reference", file, "--production", file, *table],
        "etl-dynamo": ["status", "--logs", "s3://bucket/logs"],
        "etl-mysql": ["status", "--logs", "s3://bucket/logs", *database],
        "performance": ["--production", file, "--prediction", "p", *table],
        "retrain": ["--data", file, "--models", "s3://bucket/models", *table],
        "simulate": ["traffic", "--table", file, "--to", "s3://bucket/logs"],
    }.get(name, [])
    environment = {**AWS, "AWS_ENDPOINT_URL": endpoint, "AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_REGION": "us-east-1"}
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(starts):
            asked.clear()
            when.clear()
            start = time.perf_counter()
            process = start_silently([*command, *arguments], environment, folder)
            if not asked.wait(60):
                process.kill()
                raise TimeoutError(f"{name} asked for nothing in a minute")
            times.append((when[0] - start) * 1000)
            process.kill()
            process.wait()
    server.shutdown()
    return times


def first_answer(program, model, port, starts):
    """Milliseconds from the start of `score` to its first answer, asked without a pause."""
    times = []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            arguments = ["--model-file", str(model), "--logs", f"{folder}/logs", "--spool", f"{folder}/spool"]
            process = start_silently([str(program), *arguments, "--listen", f"127.0.0.1:{port}"], dict(AWS), folder)
            wait_for_answer(f"http://127.0.0.1:{port}/predict", REQUEST, {"content-type": "application/json"})
            times.append((time.perf_counter() - start) * 1000)
            process.kill()
            process.wait()
    return times


def wait_for_answer(url, body=None, headers=None, patience=60):
    """The body of the first answer with 200; other answers are errors."""
    end = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}), timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{url}: {error.code} {error.read()[:500]}") from error
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.0005)


def start_silently(command, environment, folder):
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def python(home):
    """An interpreter with what such scripts import."""
    folder = home / "rival"
    if not (folder / ".complete").exists():
        subprocess.run(["python3", "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *RIVAL], check=True)
        (folder / ".complete").touch()
    return folder / "bin/python"


def folder_bytes(folder: Path):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
