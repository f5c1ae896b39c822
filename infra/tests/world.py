"""Both stacks as they would be made, for the rules to look at."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INFRA = HERE.parent
ROOT = INFRA.parent


class World:
    """The resources of `platform` and `jobs`, and what the programs say of themselves."""

    def __init__(self, stack: str, specs: list[dict[str, Any]]) -> None:
        self.stack = stack
        self.specs = {spec["name"]: spec for spec in specs}
        self.resources: list[dict[str, Any]] = []
        self.outputs: dict[str, Any] = {}
        self.recorder: dict[str, Any] = {}
        self.images = (ROOT / "docker/docker-bake.hcl").read_text()
        self.dockerfile = (ROOT / "docker/Dockerfile").read_text()
        self.buildspec = (ROOT / "buildspec.yml").read_text()

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The resources whose type ends so: `s3/bucket:Bucket`."""
        return [resource for resource in self.resources if resource["type"].endswith(kind)]

    def one(self, kind: str) -> dict[str, Any]:
        """The only one."""
        [resource] = self.all(kind)
        return resource

    def named(self, kind: str, name: str) -> dict[str, Any]:
        """The one of this name, as Pulumi knows it."""
        [resource] = [resource for resource in self.all(kind) if resource["name"] == name]
        return resource

    def copy(self) -> "World":
        """One to spoil."""
        return copy.deepcopy(self)

    def policies(self) -> list[tuple[str, dict[str, Any]]]:
        """Every policy with the name of what has it: of roles, buckets, topics, queues, keys."""
        kinds = {
            "iam/rolePolicy:RolePolicy": "policy",
            "s3/bucketPolicy:BucketPolicy": "policy",
            "sns/topicPolicy:TopicPolicy": "policy",
        }
        kinds |= {"sqs/queuePolicy:QueuePolicy": "policy", "kms/key:Key": "policy", "iam/role:Role": "assumeRolePolicy"}
        found = [(resource, kinds[kind]) for kind in kinds for resource in self.all(kind)]
        return [(f"{resource['type']} {resource['name']}", json.loads(resource["inputs"][entry])) for resource, entry in found]

    def jobs(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Each job's definition, and its container's properties."""
        prefix = f"mlops-{self.stack}-"
        definitions = {
            resource["name"].removeprefix(prefix): resource["inputs"]
            for resource in self.all("batch/jobDefinition:JobDefinition")
        }
        return {name: (inputs, json.loads(inputs["containerProperties"])) for name, inputs in definitions.items()}

    def tasks(self) -> dict[str, dict[str, Any]]:
        """The one container of each service."""
        prefix = f"mlops-{self.stack}-"
        definitions = {
            resource["name"].removeprefix(prefix): json.loads(resource["inputs"]["containerDefinitions"])
            for resource in self.all("ecs/taskDefinition:TaskDefinition")
        }
        return {name: container for name, [container] in definitions.items()}

    def containers(self) -> list[tuple[str, dict[str, Any]]]:
        """What is run of each program, as a job and as a service."""
        return [*((name, properties) for name, (_, properties) in self.jobs().items()), *self.tasks().items()]

    def environment(self, name: str) -> dict[str, str]:
        """The plain variables of a job."""
        return plain(self.jobs()[name][1])

    def pipeline(self) -> dict[str, Any]:
        """The release pipeline."""
        return self.one("codepipeline/pipeline:Pipeline")["inputs"]

    def actions(self) -> list[tuple[str, dict[str, Any]]]:
        """All actions of the pipeline with their stages, in order."""
        return [(stage["name"], action) for stage in self.pipeline()["stages"] for action in stage["actions"]]


def plain(container: dict[str, Any]) -> dict[str, str]:
    """The variables of a container that anybody may read."""
    return {entry["name"]: entry["value"] for entry in container["environment"]}


def listed(value: Any) -> list[Any]:
    """What a policy may write as one or as several."""
    return value if isinstance(value, list) else [value]


def record(project: str, stack: str, references: dict[str, Any], specs: Path) -> dict[str, Any]:
    """One project, in a process of its own: Pulumi keeps one program a process."""
    done = subprocess.run(
        [sys.executable, HERE / "record.py", project, stack, specs],
        input=json.dumps(references),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def world(stack: str, specs: Path) -> World:
    """Both projects of a stack."""
    made = World(stack, json.loads(specs.read_text()))
    platform = record("platform", stack, {}, specs)
    jobs = record("jobs", stack, platform["outputs"], specs)
    made.resources = platform["resources"] + jobs["resources"]
    made.outputs = platform["outputs"]["platform"]
    made.recorder = jobs["outputs"]["recorder"]
    return made
