"""The steps of a build and of a gate, carried out as CodeBuild would, against an AWS emulator; only cargo and docker are stood in for."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from world import INFRA, ROOT

CANDIDATE, PRODUCTION = "churn/candidate/model.pkl", "churn/model.pkl"
# What the pipeline would find: this build's programs, or the ones that are named.
CARGO = """#!/bin/bash
echo "cargo $*" >>"$CALLS"
[[ $* == *nextest* && -e fail-tests ]] && exit 1
mkdir -p target/release target/nextest/ci && ln -sf "$RETRAIN" target/release/retrain && echo '<testsuites/>' >target/nextest/ci/junit.xml
"""
DOCKER = """#!/bin/bash
echo "docker $* REGISTRY=$REGISTRY TAG=$TAG" >>"$CALLS"
[[ $* == login* ]] && cat >/dev/null
[[ $* == *bake* ]] && cp "$DIGESTS" metadata.json
exit 0
"""


class Build:
    """A scratch checkout, a bucket with models, and the environment of a build."""

    def __init__(self, folder: Path, endpoint: str, retrain: str) -> None:
        self.folder = folder / "source"
        self.folder.mkdir()
        for part in ("buildspec.yml", "infra/release", "infra/jobs.json", "docker"):
            source, to = ROOT / part, self.folder / part
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, to) if source.is_dir() else shutil.copy(source, to)
        tools = folder / "bin"
        tools.mkdir()
        for name, text in (("cargo", CARGO), ("docker", DOCKER)):
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.calls = folder / "calls"
        self.calls.touch()
        programs = [spec["name"] for spec in json.loads((INFRA / "jobs.json").read_text())]
        digests = {name: {"containerimage.digest": "sha256:" + hashlib.sha256(name.encode()).hexdigest()} for name in programs}
        (folder / "digests").write_text(json.dumps(digests))
        self.s3 = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id="t", aws_secret_access_key="t", region_name="eu-central-1"
        )
        self.bucket = f"models-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.environment = {
            "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "t",
            "AWS_SECRET_ACCESS_KEY": "t",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "CALLS": str(self.calls),
            "DIGESTS": str(folder / "digests"),
            "RETRAIN": retrain,
            "MODEL_BUCKET": self.bucket,
            "MODEL_KEY": CANDIDATE,
            "PRODUCTION_KEY": PRODUCTION,
            "REGISTRY": "111122223333.dkr.ecr.eu-central-1.amazonaws.com/mlops-prod",
            "REVISION": "0123456789abcdef",
            "CODEBUILD_BUILD_NUMBER": "12",
        }

    def upload(self, model: bytes, key: str = CANDIDATE, sha256: str | None = None) -> str:
        """The id of the new version."""
        digest = hashlib.sha256(model).hexdigest() if sha256 is None else sha256
        metadata = {"sha256": digest} if digest else {}
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=model, Metadata=metadata)["VersionId"]

    def versions(self, key: str) -> list[str]:
        found: dict[str, Any] = self.s3.list_object_versions(Bucket=self.bucket, Prefix=key)
        return [version["VersionId"] for version in found.get("Versions", []) if version["Key"] == key]

    def run(
        self, version: str | None, phases: tuple[str, ...] = ("pre_build", "build"), spec: str = "buildspec.yml"
    ) -> tuple[int, str]:
        """The phases of a build in their order, each command by bash; the first that fails ends it."""
        environment = {**self.environment, **({} if version is None else {"MODEL_VERSION_ID": version})}
        told = ""
        for phase in phases:
            for command in yaml.safe_load((self.folder / spec).read_text())["phases"][phase]["commands"]:
                done = subprocess.run(
                    ["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
                )
                told += done.stdout + done.stderr
                if done.returncode:
                    return done.returncode, told
        return 0, told

    def pushed(self) -> bool:
        return "--push" in self.calls.read_text()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Models that `retrain` made: a good one, another of the same kind, one that knows nothing, and no model."""
    folder = tmp_path_factory.mktemp("models")
    retrain, simulate = (Path(os.environ["PROGRAMS"]) / name for name in ("retrain", "simulate"))

    def run(*command: str | Path) -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    def model(name: str, rows: int, *more: str) -> bytes:
        run(simulate, "customers", "--rows", str(rows), "--seed", str(rows), "--to", f"{name}.csv")
        run(retrain, "--data", f"{name}.csv", "--id", "client_id", "--target", "churn", "--models", name, *more)
        return (folder / name / "model.pkl").read_bytes()

    (folder / "shallow.toml").write_text('learner = "random-forest"\nparams = { trees = 2, max_depth = 1 }\n')
    good = model("good", 4000)
    return {
        "good": good,
        "next": model("next", 5000),
        "weak": model("weak", 3000, "--recipe", "shallow.toml"),
        "cut": good[: len(good) // 2],
    }


@pytest.fixture
def build(tmp_path: Path, endpoint: str) -> Build:
    return Build(tmp_path, endpoint, os.path.join(os.environ["PROGRAMS"], "retrain"))


def test_the_version_that_was_uploaded_is_released_and_not_a_later_one(build: Build, models: dict[str, bytes]) -> None:
    first = build.upload(models["good"])
    build.upload(models["next"])
    (build.folder / "crates").mkdir()
    (build.folder / "crates/model.pkl").write_bytes(b"somebody's old model")
    code, told = build.run(first)
    assert code == 0, told
    assert (build.folder / "model.pkl").read_bytes() == models["good"]
    assert "./crates/model.pkl" in told and not (build.folder / "crates/model.pkl").exists(), "what lay in the code is gone"
    calls = build.calls.read_text()
    assert calls.index("nextest") < calls.index("--push"), calls
    assert f"TAG=build-0123456789ab-m-{first}-12" in calls, calls
    images = json.loads((build.folder / "images.json").read_text())
    assert images["model_version_id"] == first and images["revision"] == "0123456789abcdef"
    assert images["images"].keys() == {spec["name"] for spec in json.loads((INFRA / "jobs.json").read_text())}


@pytest.mark.parametrize("version", [None, "", "null", "no-such-version"])
def test_without_a_version_nothing_is_released(build: Build, models: dict[str, bytes], version: str | None) -> None:
    build.upload(models["good"])
    code, told = build.run(version)
    assert code != 0 and not build.pushed() and not (build.folder / "images.json").exists(), told


@pytest.mark.parametrize("sha256", ["0" * 64, ""])
def test_a_model_that_is_not_what_was_written_is_refused(build: Build, models: dict[str, bytes], sha256: str) -> None:
    version = build.upload(models["good"], sha256=sha256)
    code, told = build.run(version)
    assert code != 0 and "SHA-256" in told and not build.pushed(), told
    assert build.versions(CANDIDATE) == [version], "it may be the copy that is damaged: nothing is deleted"


def test_a_model_that_is_none_is_put_aside(build: Build, models: dict[str, bytes]) -> None:
    before = build.upload(models["good"])
    version = build.upload(models["cut"])
    code, told = build.run(version)
    assert code == 10 and not build.pushed(), told
    assert build.versions(CANDIDATE) == [before], "the next change of the code takes the last good one"
    assert len(build.versions(f"churn/refused/{version}/model.pkl")) == 1


def test_a_check_that_cannot_be_made_is_not_the_models_fault(build: Build, models: dict[str, bytes]) -> None:
    build.environment["RETRAIN"] = "/bin/false"
    version = build.upload(models["good"])
    code, told = build.run(version)
    assert code == 1 and not build.pushed() and build.versions(CANDIDATE) == [version], told


def test_a_failed_test_pushes_nothing(build: Build, models: dict[str, bytes]) -> None:
    version = build.upload(models["good"])
    (build.folder / "fail-tests").touch()
    code, told = build.run(version)
    assert code != 0 and not build.pushed() and not (build.folder / "images.json").exists(), told
    assert build.versions(CANDIDATE) == [version], "the model is not to blame"


def test_an_image_that_is_missing_stops_the_release(build: Build, models: dict[str, bytes]) -> None:
    digests = Path(build.environment["DIGESTS"])
    known = json.loads(digests.read_text())
    known.pop("drift")
    digests.write_text(json.dumps(known))
    code, told = build.run(build.upload(models["good"]))
    assert code != 0 and "no image was pushed for drift" in told, told


@pytest.fixture
def gate(build: Build) -> Build:
    (build.folder / "retrain").symlink_to(build.environment["RETRAIN"])
    return build


GATE = {"phases": ("build",), "spec": "infra/release/gate.yml"}


def test_the_first_model_needs_none_to_follow(gate: Build, models: dict[str, bytes]) -> None:
    code, told = gate.run(gate.upload(models["good"]), **GATE)
    assert code == 0 and "no model in production yet" in told, told


def test_a_model_as_good_as_the_one_in_production_passes(gate: Build, models: dict[str, bytes]) -> None:
    gate.upload(models["good"], PRODUCTION)
    code, told = gate.run(gate.upload(models["good"]), **GATE)
    assert code == 0, told


def test_a_worse_model_does_not_pass(gate: Build, models: dict[str, bytes]) -> None:
    production = gate.upload(models["good"], PRODUCTION)
    version = gate.upload(models["weak"])
    code, told = gate.run(version, **GATE)
    assert code == 10 and "log loss" in told, told
    assert gate.versions(PRODUCTION) == [production] and gate.versions(CANDIDATE) == []
    assert len(gate.versions(f"churn/refused/{version}/model.pkl")) == 1
