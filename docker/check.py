#!/usr/bin/env python3
"""Builds the images for real and runs them as AWS would: check.py PROGRAMS [--mysql URL]

PROGRAMS is a folder of static programs, as the Dockerfile's stage `build` makes them (see there for the command).

Needs buildah, podman and runc of Debian, and no Docker. The last stages of the Dockerfile are built; then each program does its work in its
image's files, which are read-only, without /tmp, as the image's user, without any capability, against servers on this machine: moto, a mail
server, and MySQL at the URL, which has no password; that comes by the variable MYSQL_PASSWORD. What needs MySQL is not run without.
Writes sizes, and how long it takes from the start to the first request for data, or of `score` to the first answer, beside Python.
"""

import argparse
import contextlib
import gzip
import json
import os
import re
import shutil
import socket
import socketserver
import statistics
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

from startup import (
    AWS,
    RIVAL,
    RIVAL_SCRIPT,
    first_answer,
    first_request,
    folder_bytes,
    python,
    wait_for_answer,
)

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "images"
CONF = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=1000:1000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
MEGABYTE = 1_000_000
BAR_MB = 25
# As Fargate runs it: nothing to write to, no /tmp, no capability, the image's own user.
CONFINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--network", "host", "--pull", "never"]
MOTO, SCORE, DASHBOARD = 5599, 18080, 18050
S3 = "s3://bucket"
TOKEN = "an-open-secret"
# The day that `simulate traffic` makes requests of.
DAY_AFTER = "2026-01-02"
FEATURES = ["--id", "client_id", "--target", "churn"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=Path)
    parser.add_argument(
        "--mysql",
        metavar="URL",
        help="an empty database, such as mysql://jobs@127.0.0.1:3306/mlops: alerts that were sent are not sent again",
    )
    parser.add_argument("--starts", type=int, default=15, help="how often each start is timed (default: %(default)s)")
    chosen = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "containers.conf").write_text(CONF)
    os.environ["CONTAINERS_CONF"] = str(HOME / "containers.conf")
    specs = {spec["name"]: spec for spec in json.loads((ROOT / "infra/jobs.json").read_text())}
    names = [name for name in specs if (chosen.programs / name).exists()]
    model = make_model(chosen.programs)
    build_context(chosen.programs, names)
    for name in names:
        build(name, model)
    passed = Check(specs, names, chosen.mysql).run()
    rows = []
    for name in names:
        program = (chosen.programs / name).resolve()
        starts = (
            first_answer(program, model, SCORE, chosen.starts)
            if name == "score"
            else first_request([str(program)], name, chosen.starts)
        )
        image = size(name) - (model.stat().st_size / MEGABYTE if name == "score" else 0)
        ran = passed.get(name, "not run") + ("" if image < BAR_MB else f"; FAILED: the image has more than {BAR_MB} MB")
        pulled = len(gzip.compress(program.read_bytes(), 6)) / MEGABYTE
        rows.append({"program": name, "image_mb": image, "pulled_mb": pulled, "first_ms": statistics.median(starts), "ran": ran})
    rival = python(HOME)
    starts = first_request([str(rival), "-c", RIVAL_SCRIPT], None, 7)
    packages = folder_bytes(rival.parent.parent / "lib") / MEGABYTE
    rows.append(
        {
            "program": "Python",
            "image_mb": packages,
            "pulled_mb": None,
            "first_ms": statistics.median(starts),
            "ran": ", ".join(RIVAL),
        }
    )
    (HOME / "check.json").write_text(json.dumps(rows, indent=1))
    print(f"{'program':<16}{'image MB':>10}{'gzip MB':>10}{'to 1st ms':>12}  ran")
    for row in rows:
        pulled = "" if row["pulled_mb"] is None else f"{row['pulled_mb']:.1f}"
        print(f"{row['program']:<16}{row['image_mb']:>10.1f}{pulled:>10}{row['first_ms']:>12.0f}  {row['ran']}")
    if any("FAILED" in row["ran"] for row in rows):
        sys.exit(1)


def make_model(programs):
    """What `score` has in its image."""
    folder = HOME / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for command in (
        [programs.resolve() / "simulate", "customers", "--rows", "3000", "--to", "train.csv"],
        [programs.resolve() / "retrain", "--data", "train.csv", *FEATURES, "--models", "."],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "model.pkl"


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


def build(name, model):
    bake = (ROOT / "docker/docker-bake.hcl").read_text()
    target = dict(re.findall(r'program == "([a-z-]+)" \? "([a-z-]+)"', bake)).get(name, "program")
    # Only Docker's format has a place for HEALTHCHECK; what buildx makes keeps it too.
    command = ["buildah", "bud", "--isolation", "chroot", "--pull-never", "--format", "docker", "--target", target]
    command += ["--build-arg", f"PROGRAM={name}", "--build-context", f"build={HOME / 'context'}"]
    command += ["--tag", f"localhost/mlops/{name}", "--file", ROOT / "docker/Dockerfile", model.parent]
    built = subprocess.run(command, capture_output=True, text=True)
    if built.returncode:
        sys.exit(f"the image of {name} cannot be built: {built.stderr}")


def size(name):
    image = f"localhost/mlops/{name}"
    shown = subprocess.run(["podman", "image", "inspect", "--format", "{{.Size}}", image], check=True, capture_output=True)
    return int(shown.stdout) / MEGABYTE


class Check:
    """Each program, at work once; what it said if it failed."""

    def __init__(self, specs, names, mysql):
        self.specs, self.names, self.mysql = specs, names, mysql
        self.passed = {}
        self.variables = {**AWS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{MOTO}"}
        if mysql:
            self.variables |= {"MLOPS_DATABASE": mysql, "MLOPS_DATABASE_PASSWORD": os.environ.get("MYSQL_PASSWORD", "")}
            self.variables["MLOPS_CREATE_TABLES"] = "true"

    def run(self):
        with emulator(), mail_server() as (smtp, mails):
            to_mail = ["--to", "ops@acme.example", "--from", "mlops@acme.example"]
            to_mail += ["--smtp-host", "127.0.0.1", "--smtp-port", str(smtp), "--smtp-tls", "none"]
            rule = ["--when-count-above", "100", "--window", "1d", "--now", DAY_AFTER, "--output", "json"]
            data, logs, models = f"{S3}/train.csv", f"{S3}/logs", f"{S3}/models"
            self.job("simulate", "customers", "--rows", "3000", "--to", data)
            self.job("simulate", "customers", "--rows", "3000", "--seed", "9", "--to", f"{S3}/may.csv")
            drift = ["--drift", "activity_score:×0.8"]
            self.job("simulate", "traffic", "--rows", "500", "--to", logs, "--per-object", "50", *drift)
            self.job("etl-dynamo", "--logs", logs, "--create-tables")
            self.job("retrain", "--data", data, *FEATURES, "--models", models)
            self.job("retrain", "inspect", f"{models}/model.pkl", "--check")
            self.job("drift", "--models", models, "--production", logs, "--report", f"{S3}/drift.html")
            self.job("concept-shift", "--reference", data, "--production", f"{S3}/may.csv", *FEATURES)
            self.job("performance", "--production", f"{S3}/may.csv", "--target", "churn", "--prediction", "activity_score")
            if self.mysql:
                self.job("etl-mysql", "--logs", logs)
                self.job("retrain", "released", "--models", models)
                self.job("dashboard", "refresh")
                self.job("alert-email", "run", *rule, *to_mail, says='"sent":1')
                self.expect("alert-email", len(mails) == 1 and "ops@acme.example" in mails[0], f"the mails are {mails}")
                to_phone = ["--to", "+4915112345678", "--provider", "sns"]
                self.job("alert-sms", "run", *rule, *to_phone, says='"sent":1')
                self.serve("dashboard", DASHBOARD, self.see_the_page, {"DASHBOARD_BEARER_TOKEN": TOKEN})
            self.serve("score", SCORE, self.ask_for_a_prediction, {"MLOPS_LOGS": f"{S3}/answers", "SCORE_SPOOL": "/spool"})
            kept = objects("answers/")
            self.expect("score", len(kept) == 1, f"of one answer {kept} is in S3")
        return self.passed

    def job(self, name, *arguments, says=""):
        if name not in self.names:
            return
        # A database is for those who cannot do without, so that the others are seen to.
        variables = {**self.variables}
        if name in ("simulate", "drift", "concept-shift", "performance") or (name == "retrain" and arguments[0] != "released"):
            variables = {key: value for key, value in variables.items() if not key.startswith("MLOPS_")}
        done = subprocess.run(
            ["podman", "run", "--rm", *self.confined(name, variables), *arguments], capture_output=True, text=True
        )
        what = arguments[0] if not arguments[0].startswith("--") else "run"
        self.expect(name, done.returncode == 0 and says in done.stdout, f"{done.stdout} {done.stderr}", what)

    def serve(self, name, port, use, more):
        """The service as ECS starts it: asked by the health check that its image has, used, and stopped."""
        if name not in self.names:
            return
        variables = {**self.variables, **more, f"{name.upper()}_LISTEN": f"0.0.0.0:{port}"}
        if name == "dashboard":
            variables.pop("MLOPS_CREATE_TABLES")
        container = f"check-{name}"
        subprocess.run(["podman", "rm", "--force", "--ignore", container], check=True, capture_output=True)
        command = self.specs[name]["command"] if name != "dashboard" else []
        subprocess.run(
            ["podman", "run", "--detach", "--name", container, *self.confined(name, variables), *command],
            check=True,
            capture_output=True,
        )
        try:
            wait_for_answer(f"http://127.0.0.1:{port}{self.specs[name]['health']}", patience=10)
            asked = subprocess.run(["podman", "healthcheck", "run", container], capture_output=True, text=True)
            self.expect(name, asked.returncode == 0, f"{asked.stdout} {asked.stderr}", "its health check")
            self.expect(name, *use(port))
            subprocess.run(["podman", "stop", "--time", "25", container], check=True, capture_output=True)
            ended = subprocess.run(
                ["podman", "inspect", "--format", "{{.State.ExitCode}}", container], capture_output=True, text=True
            )
            self.expect(name, ended.stdout.strip() == "143", f"it ended with {ended.stdout}", "SIGTERM")
        except (OSError, RuntimeError) as error:
            log = subprocess.run(["podman", "logs", container], capture_output=True, text=True)
            self.expect(name, False, f"{error}: {log.stdout} {log.stderr}", "serving")
        finally:
            subprocess.run(["podman", "rm", "--force", "--volumes", container], capture_output=True)

    def ask_for_a_prediction(self, port):
        body = json.dumps({"client_id": "1963820", "activity_score": 0.73}).encode()
        answer = json.loads(wait_for_answer(f"http://127.0.0.1:{port}/predict", body, {"content-type": "application/json"}))
        return 0 < answer["prediction"] < 1, str(answer), "a prediction"

    def see_the_page(self, port):
        page = wait_for_answer(
            f"http://127.0.0.1:{port}/?window=365d&until={DAY_AFTER}", None, {"authorization": f"Bearer {TOKEN}"}
        )
        return '<section id="operations"' in page and ">500<" in page.replace(" ", ""), page[:300], "the page"

    def confined(self, name, variables):
        environment = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
        return [*CONFINED, *environment, f"localhost/mlops/{name}"]

    def expect(self, name, holds, otherwise, what=""):
        if name not in self.names:
            return
        said = what if holds else f"FAILED {what}: {otherwise}"
        if said:
            self.passed[name] = f"{self.passed[name]}, {said}" if name in self.passed else said


@contextlib.contextmanager
def emulator():
    if not (HOME / "emulator/bin/moto_server").exists():
        venv.create(HOME / "emulator", with_pip=True)
        install = [HOME / "emulator/bin/pip", "install", "--quiet", "--disable-pip-version-check", "moto[server]==5.2.5"]
        subprocess.run(install, check=True)
    server = [HOME / "emulator/bin/moto_server", "-H", "127.0.0.1", "-p", str(MOTO)]
    process = subprocess.Popen(server, env={**os.environ, **AWS}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(MOTO)
        boto("client('s3').create_bucket(Bucket='bucket')")
        yield
    finally:
        process.terminate()
        process.wait()


def boto(call):
    endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{MOTO}"}
    script = f"import boto3, json; print(json.dumps(boto3.{call}, default=str))"
    python = [HOME / "emulator/bin/python", "-c", script]
    return json.loads(subprocess.run(python, env={**os.environ, **AWS, **endpoint}, check=True, capture_output=True).stdout)


def objects(prefix):
    listed = boto(f"client('s3').list_objects_v2(Bucket='bucket', Prefix='{prefix}')")
    return [found["Key"] for found in listed.get("Contents", [])]


@contextlib.contextmanager
def mail_server():
    """One that takes whatever it is sent: its port, and what it was sent."""
    mails = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            self.say("220 ready")
            while line := self.rfile.readline():
                word = line[:4].upper().strip()
                if word == b"DATA":
                    self.say("354 go on")
                    mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.say("221 bye" if word == b"QUIT" else "250 well")

        def say(self, line):
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], mails
    server.shutdown()


def wait_for(port):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(port)


if __name__ == "__main__":
    main()
