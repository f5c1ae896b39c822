"""A checkout in which the steps of a release are carried out as CodeBuild would; what is not ours is stood in for."""

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
import yaml
from world import INFRA, ROOT

CANDIDATE, PRODUCTION = "churn/candidate/model.pkl", "churn/model.pkl"
PROGRAMS = [spec["name"] for spec in json.loads((INFRA / "jobs.json").read_text())]
# Each writes down how it was called. What the pipeline would find are this build's programs.
STAND_INS = {
    "cargo": """
[[ $* == *nextest* && -e fail-tests ]] && exit 1
[[ $1 == install ]] && exit 0
mkdir -p target/release target/nextest/ci && ln -sf "$RETRAIN" target/release/retrain && echo '<testsuites/>' >target/nextest/ci/junit.xml
""",
    "docker": """
[[ $1 == login ]] && cat >/dev/null
[[ $* == *bake* ]] && cp "$DIGESTS" metadata.json
[[ $1 == create ]] && echo container-1
[[ $1 == cp ]] && cp "$RETRAIN" "$3"
exit 0
""",
    "pulumi": """
[[ $* == *" up "* && -e fail-up ]] && exit 255
[[ $* == *"stack output recorder --json" ]] && cat "$RECORDER"
exit 0
""",
    "curl": """
case $* in
  *rustup*) echo 'mkdir -p "$HOME/.cargo/bin" && touch "$HOME/.cargo/bin/rustc" && echo "rustup $*" >>"$CALLS"' ;;
  *pulumi.com*) mkdir -p pulumi && cp "$(command -v pulumi)" pulumi/pulumi && tar -cz pulumi ;;
  *) while [ "$1" != -o ]; do shift; done && echo plugin >"$2" ;;
esac
""",
    "uname": 'echo "$MACHINE"',
}
LINE = """#!/bin/bash
echo "$(basename "$0") $* REGISTRY=$REGISTRY TAG=$TAG" >>"$CALLS"
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
        for name, text in STAND_INS.items():
            (tools / name).write_text(LINE + text)
            (tools / name).chmod(0o755)
        self.calls = folder / "calls"
        self.calls.touch()
        digests = {name: {"containerimage.digest": "sha256:" + hashlib.sha256(name.encode()).hexdigest()} for name in PROGRAMS}
        (folder / "digests").write_text(json.dumps(digests))
        self.s3 = boto3.client(
            "s3", endpoint_url=endpoint, aws_access_key_id="t", aws_secret_access_key="t", region_name="eu-central-1"
        )
        self.bucket = f"models-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.bin = folder / "usr-local-bin"
        self.bin.mkdir()
        self.environment = {
            "BIN": str(self.bin),
            "MACHINE": "x86_64",
            "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "t",
            "AWS_SECRET_ACCESS_KEY": "t",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "CALLS": str(self.calls),
            "RECORDER": str(folder / "recorder.json"),
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

    def called(self) -> list[str]:
        """What was called of what is stood in for, in order."""
        return self.calls.read_text().splitlines()

    def pushed(self) -> bool:
        return any("--push" in call for call in self.called())


def make_table(dynamodb: Any, table: dict[str, Any]) -> None:
    """A recorded table, at the emulator."""
    inputs = table["inputs"]
    keys = [(inputs["hashKey"], "HASH"), (inputs.get("rangeKey"), "RANGE")]
    dynamodb.create_table(
        TableName=table["physical"],
        BillingMode=inputs["billingMode"],
        AttributeDefinitions=[{"AttributeName": found["name"], "AttributeType": found["type"]} for found in inputs["attributes"]],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys if name],
    )
