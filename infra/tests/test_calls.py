"""Whatever a stack starts is a call that its program understands: with the very variables and arguments, after a first release."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from checkout import make_table
from world import World, plain

# Nobody answers there, which is no mistake in a call.
NO_DATABASE = "mysql://mlops@127.0.0.1:1/mlops"
KEYS = {"aws_access_key_id": "t", "aws_secret_access_key": "t", "region_name": "eu-central-1"}
DONE, TRY_AGAIN = 0, 75
PATIENCE = 60


@pytest.fixture(scope="module")
def released(endpoint: str, dev: World, prod: World, models: dict[str, bytes], models_folder: Path) -> Iterator[str]:
    """The emulator with buckets, tables, a secret and a model; without them afterwards, since others make them too."""
    s3, dynamodb, secrets = (boto3.client(kind, endpoint_url=endpoint, **KEYS) for kind in ("s3", "dynamodb", "secretsmanager"))
    secrets.create_secret(Name="mlops-prod/smtp", SecretString=json.dumps({"host": "127.0.0.1", "from": "mlops@acme.example"}))
    buckets = [made["physical"] for world in (dev, prod) for made in world.all("s3/bucket:Bucket")]
    for bucket in buckets:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for world in (dev, prod):
        bucket, prefix = world.outputs["models"].removeprefix("s3://").split("/", 1)
        good = models_folder / "good"
        assert (good / "model.pkl").read_bytes() == models["good"]
        for file in good.rglob("*.*"):
            if file.is_file():
                s3.put_object(Bucket=bucket, Key=f"{prefix}/{file.relative_to(good)}", Body=file.read_bytes())
    tables = prod.all("dynamodb/table:Table")
    for table in tables:
        make_table(dynamodb, table)
    yield endpoint
    for table in tables:
        dynamodb.delete_table(TableName=table["physical"])
    for bucket in buckets:
        for found in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=bucket)


def variables(container: dict[str, Any], endpoint: str) -> dict[str, str]:
    """What the container would have; a secret has some value."""
    secrets = {entry["name"]: "eight-or-more" for entry in container["secrets"]}
    aws = {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": endpoint}
    database = {"MLOPS_DATABASE": NO_DATABASE} if "MLOPS_DATABASE" in {*plain(container), *secrets} else {}
    return {**plain(container), **secrets, **aws, **database, "AWS_EC2_METADATA_DISABLED": "true"}


def program(name: str) -> str:
    return os.path.join(os.environ["PROGRAMS"], name)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_runs_is_understood(stack: str, released: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    world: World = request.getfixturevalue(stack)
    scheduled = [(name, run["command"]) for name in sorted(world.jobs()) for run in world.specs[name].get("schedules", [])]
    wrong = {}
    for name, command in [*scheduled, ("retrain", []), ("retrain", ["released"])]:
        environment = {**variables(world.jobs()[name][1], released), "AWS_MAX_ATTEMPTS": "1"}
        call = [program(name), *command]
        done = subprocess.run(call, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode not in (DONE, TRY_AGAIN):
            wrong[f"{name} {' '.join(command)}"] = (done.returncode, done.stderr[-1000:])
    assert not wrong, json.dumps(wrong, indent=1)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_serves_is_understood(
    stack: str, released: str, models_folder: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    world: World = request.getfixturevalue(stack)
    # The page is of a database; without one there is nothing to serve.
    assert {name: spec["kind"] for name, spec in world.specs.items() if spec["kind"] == "service"}.keys() == {
        "dashboard",
        "score",
    }
    page = world.tasks()["dashboard"]
    call = [program("dashboard"), *page["command"]]
    done = subprocess.run(call, env=variables(page, released), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == TRY_AGAIN, done.stderr
    answering = world.tasks()["score"]
    # What is in its image is elsewhere here.
    image = {
        "SCORE_MODEL": str(models_folder / "good/model.pkl"),
        "SCORE_SPOOL": str(tmp_path / "spool"),
        "SCORE_LISTEN": "127.0.0.1:0",
    }
    environment = {**variables(answering, released), **image}
    process = subprocess.Popen([program("score"), *answering["command"]], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = next((line for line in process.stderr if "listening at" in line), None)
        assert said is not None, f"it ended with {process.wait(PATIENCE)}"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 143
