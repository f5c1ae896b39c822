#!/usr/bin/env python3
"""Builds the images for real and runs them as AWS would: check.py PROGRAMS

PROGRAMS is a folder of static programs, as the Dockerfile's stage `build` makes them:
    RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile image --workspace --bins --target x86_64-unknown-linux-gnu

Needs buildah, podman and runc of Debian, and no Docker. The last stages of the Dockerfile are built; then each program runs in its image's files,
which are read-only, without /tmp, as the image's user, without any capability, against servers on this machine (moto; the database
is MySQL where MYSQL names one). Writes sizes, and how long it takes from the start to the first request for data, beside Python.
"""

import argparse
import gzip
import http.server
import json
import os
import shutil
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "images"
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
AWS = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
CONF = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=1000:1000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
MEGABYTE = 1_000_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path)
    parser.add_argument("--starts", type=int, default=15, help="how often each start is timed (default: %(default)s)")
    chosen = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "containers.conf").write_text(CONF)
    os.environ["CONTAINERS_CONF"] = str(HOME / "containers.conf")
    names = [
        spec["name"] for spec in json.loads((ROOT / "infra/jobs.json").read_text()) if (chosen.programs / spec["name"]).exists()
    ]
    python = rival()
    rows = []
    build_context(chosen.programs, names)
    for name in names:
        build(name)
    passed = run_all(names)
    for name in names:
        program = chosen.programs / name
        starts = first_request([str(program)], name, chosen.starts)
        rows.append(
            {
                "program": name,
                "image_mb": size(name),
                "pulled_mb": len(gzip.compress(program.read_bytes(), 6)) / MEGABYTE,
                "first_request_ms": statistics.median(starts) if starts else None,
                "ran": passed.get(name, "not run"),
            }
        )
    packages = python.parent.parent / "lib"
    rows.append(
        {
            "program": "Python",
            "image_mb": sum(file.stat().st_size for file in packages.rglob("*") if file.is_file()) / MEGABYTE,
            "pulled_mb": None,
            "first_request_ms": statistics.median(first_request([str(python), "-c", RIVAL_SCRIPT], None, 7)),
            "ran": ", ".join(RIVAL),
        }
    )
    (HOME / "check.json").write_text(json.dumps(rows, indent=1))
    print(f"{'program':<16}{'image MB':>10}{'gzip MB':>10}{'to 1st request ms':>20}  ran")
    for row in rows:
        pulled = "" if row["pulled_mb"] is None else f"{row['pulled_mb']:.1f}"
        first = "" if row["first_request_ms"] is None else f"{row['first_request_ms']:.0f}"
        print(f"{row['program']:<16}{row['image_mb']:>10.1f}{pulled:>10}{first:>20}  {row['ran']}")
    if any(row["ran"].startswith("FAILED") for row in rows):
        sys.exit(1)


def build_context(programs, names):
    """What the stage `build` leaves for the last ones."""
    context = HOME / "context"
    shutil.rmtree(context, ignore_errors=True)
    (context / "programs").mkdir(parents=True)
    (context / "empty").mkdir()
    certificates = context / "etc/ssl/certs"
    certificates.mkdir(parents=True)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", certificates)
    for name in names:
        shutil.copy(programs / name, context / "programs")


def build(name):
    empty = HOME / "empty"
    empty.mkdir(exist_ok=True)
    command = ["buildah", "bud", "--isolation", "chroot", "--pull-never", "--target", "program", "--build-arg", f"PROGRAM={name}"]
    command += [
        "--build-context",
        f"build={HOME / 'context'}",
        "--tag",
        f"localhost/mlops/{name}",
        "--file",
        ROOT / "docker/Dockerfile",
        empty,
    ]
    subprocess.run(command, check=True, capture_output=True)


def size(name):
    shown = subprocess.run(
        ["podman", "image", "inspect", "--format", "{{.Size}}", f"localhost/mlops/{name}"], check=True, capture_output=True
    )
    return int(shown.stdout) / MEGABYTE


def contained(name, arguments, environment):
    """As Fargate runs it: nothing to write to, no /tmp, no capability, the image's own user."""
    command = [
        "podman",
        "run",
        "--rm",
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop",
        "all",
        "--network",
        "host",
        "--pull",
        "never",
    ]
    for key, value in {**AWS, **environment}.items():
        command += ["--env", f"{key}={value}"]
    return subprocess.run([*command, f"localhost/mlops/{name}", *arguments], capture_output=True, text=True)


def run_all(names):
    """Each program once, on data of this very system; what it said if it failed."""
    port = 5599
    server = [HOME / "emulator/bin/moto_server", "-H", "127.0.0.1", "-p", str(port)]
    emulator = subprocess.Popen(server, env={**os.environ, **AWS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(port)
        buckets = "import boto3; boto3.client('s3', endpoint_url='%s').create_bucket(Bucket='bucket')" % endpoint
        subprocess.run([HOME / "emulator/bin/python", "-c", buckets], env={**os.environ, **AWS}, check=True)
        s3 = "s3://bucket"
        drift = ["--drift", "activity_score:×0.8"]
        steps = [
            ("simulate", ["customers", "--rows", "3000", "--to", f"{s3}/train.csv"], [0]),
            ("simulate", ["customers", "--rows", "3000", "--seed", "9", "--to", f"{s3}/may.csv"], [0]),
            ("simulate", ["traffic", "--rows", "500", "--to", f"{s3}/logs", "--per-object", "50", *drift], [0]),
            ("etl-dynamo", ["--logs", f"{s3}/logs", "--create-tables"], [0]),
            ("retrain", ["--data", f"{s3}/train.csv", "--id", "client_id", "--target", "churn", "--models", f"{s3}/models"], [0]),
            ("retrain", ["inspect", f"{s3}/models/model.pkl", "--check"], [0]),
            ("drift", ["--models", f"{s3}/models", "--production", f"{s3}/logs", "--report", f"{s3}/drift.html"], [0]),
            (
                "concept-shift",
                ["--reference", f"{s3}/train.csv", "--production", f"{s3}/may.csv", "--id", "client_id", "--target", "churn"],
                [0],
            ),
            ("performance", ["--production", f"{s3}/may.csv", "--target", "churn", "--prediction", "activity_score"], [0]),
        ]
        if mysql := os.environ.get("MYSQL"):
            steps.append(("etl-mysql", ["--logs", f"{s3}/logs", "--create-tables", "--database", mysql], [0]))
        else:
            steps.append(
                ("etl-mysql", ["plan", "--logs", f"{s3}/logs", "--database", "mysql://nobody@127.0.0.1:1/none"], [0, 75])
            )
        passed = {}
        for name, arguments, codes in steps:
            if name not in names:
                continue
            done = contained(name, arguments, {"AWS_ENDPOINT_URL": endpoint})
            ended = (
                f"{arguments[0]}: {done.returncode}"
                if done.returncode in codes
                else f"FAILED {arguments}: {done.stdout} {done.stderr}"
            )
            passed[name] = f"{passed[name]}, {ended}" if name in passed else ended
        return passed
    finally:
        emulator.terminate()
        emulator.wait()


def wait_for(port):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)


def first_request(command, name, starts):
    """Milliseconds from the start of a process to its first request to S3, or its connection to MySQL, which is what a job's work begins with."""
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

    kind = socketserver.ThreadingTCPServer if name == "etl-mysql" else http.server.ThreadingHTTPServer
    server = kind(("127.0.0.1", 0), Database if name == "etl-mysql" else Store)
    # A program is ended as soon as it has asked; that its answer is lost is nobody's concern.
    server.handle_error = lambda *_: None
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{port}"
    file, table = "s3://bucket/train.csv", ["--target", "churn"]
    arguments = {
        "concept-shift": ["--reference", file, "--production", file, *table],
        "drift": ["--reference", file, "--production", file, *table],
        "etl-dynamo": ["status", "--logs", "s3://bucket/logs"],
        "etl-mysql": ["status", "--logs", "s3://bucket/logs", "--database", f"mysql://u:p@127.0.0.1:{port}/d"],
        "performance": ["--production", file, "--prediction", "p", *table],
        "retrain": ["--data", file, "--models", "s3://bucket/models", *table],
        "simulate": ["traffic", "--table", file, "--to", "s3://bucket/logs"],
    }.get(name, [])
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(starts):
            asked.clear()
            when.clear()
            environment = {**AWS, "AWS_ENDPOINT_URL": endpoint, "AWS_MAX_ATTEMPTS": "1", "AWS_DEFAULT_REGION": "us-east-1"}
            start = time.perf_counter()
            process = subprocess.Popen(
                [*command, *arguments], env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            if not asked.wait(60):
                process.kill()
                return []
            times.append((when[0] - start) * 1000)
            process.kill()
            process.wait()
    server.shutdown()
    return times


def rival():
    folder = HOME / "rival"
    if not (folder / ".complete").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin/pip", "install", "--quiet", "--disable-pip-version-check", *RIVAL], check=True)
        (folder / ".complete").touch()
    if not (HOME / "emulator/bin/moto_server").exists():
        venv.create(HOME / "emulator", with_pip=True)
        subprocess.run(
            [HOME / "emulator/bin/pip", "install", "--quiet", "--disable-pip-version-check", "moto[server]==5.2.5"], check=True
        )
    return folder / "bin/python"


if __name__ == "__main__":
    main()
