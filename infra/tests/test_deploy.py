"""A deployment, and what has to be installed first; the emulator has the images and the model, and takes the job."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from checkout import PRODUCTION, PROGRAMS, Build

DEPLOY = {"phases": ("build",), "spec": "infra/release/deploy.yml"}


class Deployment:
    """A build whose images are in their repositories, and a queue for the job that writes the release down."""

    def __init__(self, build: Build, model: bytes, programs: list[str]) -> None:
        self.build = build
        self.version = build.upload(model)
        self.ecr, self.batch = self.client("ecr"), self.client("batch")
        # Names that no other test has: the emulator keeps what it was given.
        self.prefix = f"mlops-{build.bucket.removeprefix('models-')}"
        build.environment["REGISTRY"] = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/{self.prefix}"
        build.environment["STACK"] = "prod"
        self.digests = {program: self.push(program) for program in programs}
        images = build.folder / "images"
        images.mkdir()
        made = {"images": self.digests, "model_version_id": self.version, "revision": "0123456789abcdef"}
        (images / "images.json").write_text(json.dumps(made))
        build.environment["CODEBUILD_SRC_DIR_images"] = str(images)
        self.recorder = {"queue": self.queue(), "definition": self.definition()}
        Path(build.environment["RECORDER"]).write_text(json.dumps(self.recorder))

    def client(self, service: str) -> Any:
        endpoint = self.build.environment["AWS_ENDPOINT_URL"]
        keys = {"aws_access_key_id": "t", "aws_secret_access_key": "t"}
        return boto3.client(service, endpoint_url=endpoint, region_name="eu-central-1", **keys)

    def push(self, program: str) -> str:
        """As buildx leaves it: an index, with the tag of its build."""
        self.ecr.create_repository(repositoryName=f"{self.prefix}/{program}", imageTagMutability="IMMUTABLE")
        kind = "application/vnd.oci.image.index.v1+json"
        manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [], "annotations": {"program": program}})
        pushed = self.ecr.put_image(
            repositoryName=f"{self.prefix}/{program}", imageManifest=manifest, imageManifestMediaType=kind, imageTag="build-1"
        )
        return pushed["image"]["imageId"]["imageDigest"]

    def queue(self) -> str:
        role = self.client("iam").create_role(RoleName=self.prefix, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        ec2 = self.client("ec2")
        resources = {
            "type": "FARGATE",
            "maxvCpus": 1,
            "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
            "securityGroupIds": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
        }
        made = self.batch.create_compute_environment(
            computeEnvironmentName=self.prefix, type="MANAGED", computeResources=resources, serviceRole=role
        )
        order = [{"order": 1, "computeEnvironment": made["computeEnvironmentArn"]}]
        queue = self.batch.create_job_queue(jobQueueName=self.prefix, state="ENABLED", priority=1, computeEnvironmentOrder=order)
        return queue["jobQueueArn"]

    def definition(self) -> str:
        """Its name, as the stack hands it on: of whatever revision is the newest by then."""
        made = self.batch.register_job_definition(
            jobDefinitionName=f"{self.prefix}-retrain",
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties={
                "image": "retrain",
                "executionRoleArn": "arn:aws:iam::123456789012:role/start",
                "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
            },
        )
        return made["jobDefinitionName"]

    def run(self) -> tuple[int, str]:
        return self.build.run(self.version, **DEPLOY)

    def tags(self, program: str) -> list[str]:
        found = self.ecr.describe_images(repositoryName=f"{self.prefix}/{program}")["imageDetails"]
        return sorted(tag for image in found for tag in image["imageTags"])

    def jobs(self) -> list[dict[str, Any]]:
        """All that were submitted, whatever became of them."""
        states = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
        listed = [self.batch.list_jobs(jobQueue=self.recorder["queue"], jobStatus=state)["jobSummaryList"] for state in states]
        ids = [job["jobId"] for jobs in listed for job in jobs]
        return self.batch.describe_jobs(jobs=ids)["jobs"] if ids else []

    def in_production(self) -> bytes | None:
        try:
            return self.build.s3.get_object(Bucket=self.build.bucket, Key=PRODUCTION)["Body"].read()
        except self.build.s3.exceptions.NoSuchKey:
            return None


@pytest.fixture
def deployment(build: Build, models: dict[str, bytes]) -> Deployment:
    # Two of them, since the CLI takes a second for each.
    return Deployment(build, models["good"], ["retrain", "score"])


def test_a_release_is_deployed_promoted_and_written_down(build: Build, models: dict[str, bytes]) -> None:
    deployment = Deployment(build, models["good"], PROGRAMS)
    # What was uploaded meanwhile is another release's.
    deployment.build.upload(models["next"])
    code, told = deployment.run()
    assert code == 0, told
    calls = deployment.build.called()
    [settings] = [call for call in calls if " config set-all --path " in call]
    for program, digest in deployment.digests.items():
        assert f'--plaintext=jobs:images["{program}"]={digest} ' in settings, settings
        assert deployment.tags(program) == ["build-1", f"released-{digest[7:19]}"], "what runs keeps its image"
    steps = [call.split("infra/jobs ", 1)[1].split(" REGISTRY=")[0].split(" --p")[0] for call in calls]
    assert steps == ["stack select prod", "config set-all", "install", "up --yes --skip-preview", "stack output recorder --json"]
    assert deployment.in_production() == models["good"], "the very version that was built in"
    head = deployment.build.s3.head_object(Bucket=deployment.build.bucket, Key=PRODUCTION)
    assert head["Metadata"]["sha256"], "the next gate fetches it by its digest"
    [job] = deployment.jobs()
    assert job["jobName"] == "retrain-released" and job["jobQueue"] == deployment.recorder["queue"]
    assert job["jobDefinition"].endswith(f"job-definition/{deployment.recorder['definition']}:1")


def test_the_job_that_writes_it_down_is_a_call_that_retrain_knows(deployment: Deployment) -> None:
    assert deployment.run()[0] == 0
    asked = json.loads((deployment.build.folder / "submit.json").read_text())
    command = asked["containerOverrides"]["command"]
    retrain = os.path.join(os.environ["PROGRAMS"], "retrain")
    done = subprocess.run([retrain, *command], env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--models (MLOPS_MODELS) is missing" in done.stderr, done.stderr


def test_a_release_that_is_taken_back_is_deployed_again(deployment: Deployment) -> None:
    for _ in range(2):
        code, told = deployment.run()
        assert code == 0, told
    assert len(deployment.jobs()) == 2
    assert len(deployment.tags("score")) == 2


def test_a_stack_that_cannot_be_updated_promotes_nothing(deployment: Deployment) -> None:
    (deployment.build.folder / "fail-up").touch()
    code, told = deployment.run()
    assert code != 0 and deployment.in_production() is None and deployment.jobs() == [], told


def test_an_image_that_is_gone_stops_it_before_anything_is_changed(deployment: Deployment) -> None:
    identity = [{"imageDigest": deployment.digests["score"]}]
    deployment.ecr.batch_delete_image(repositoryName=f"{deployment.prefix}/score", imageIds=identity)
    code, told = deployment.run()
    assert code != 0 and f"score has no image {deployment.digests['score']}" in told, told
    assert deployment.build.called() == [] and deployment.in_production() is None


def test_without_retrain_there_is_nobody_to_write_it_down(deployment: Deployment) -> None:
    Path(deployment.build.environment["RECORDER"]).write_text("{}")
    code, told = deployment.run()
    assert code == 0 and "nobody writes the release down" in told and deployment.jobs() == [], told
    assert deployment.in_production() is not None


@pytest.mark.parametrize(("machine", "buildx", "pulumi"), [("x86_64", "amd64", "x64"), ("aarch64", "arm64", "arm64")])
def test_what_the_steps_need_is_installed(build: Build, machine: str, buildx: str, pulumi: str) -> None:
    build.environment |= {"MACHINE": machine, "PULUMI_VERSION": "3.272.0", "STATE_BUCKET": "acme-state"}
    build.environment |= {"RUST_VERSION": "1.95.0", "BUILDX_VERSION": "v0.29.1"}
    for spec in ("buildspec.yml", "infra/release/deploy.yml"):
        code, told = build.run(None, phases=("install",), spec=spec)
        assert code == 0, told
    calls = [call.split(" REGISTRY=")[0] for call in build.called()]
    assert any(call.startswith("rustup ") and call.endswith("--default-toolchain 1.95.0") for call in calls), calls
    assert (build.bin / "rustc").is_symlink() and os.access(build.bin / "pulumi", os.X_OK)
    plugin = build.folder.parent / ".docker/cli-plugins/docker-buildx"
    assert plugin.read_text() == "plugin\n" and os.access(plugin, os.X_OK)
    assert any(f"/v0.29.1/buildx-v0.29.1.linux-{buildx} " in call for call in calls), calls
    assert any(f"/pulumi-v3.272.0-linux-{pulumi}.tar.gz" in call for call in calls), calls
    assert calls[-1] == "pulumi login s3://acme-state", calls


def test_a_download_that_fails_installs_nothing(build: Build) -> None:
    (build.folder.parent / "bin/curl").write_text("#!/bin/bash\nexit 22\n")
    build.environment |= {
        "PULUMI_VERSION": "3.272.0",
        "STATE_BUCKET": "acme-state",
        "RUST_VERSION": "1.95.0",
        "BUILDX_VERSION": "v0",
    }
    for spec in ("buildspec.yml", "infra/release/deploy.yml"):
        code, told = build.run(None, phases=("install",), spec=spec)
        assert code != 0 and list(build.bin.iterdir()) == [], told
    assert not any(call.startswith("pulumi") for call in build.called())
