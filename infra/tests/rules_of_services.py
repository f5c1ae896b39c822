"""What has to hold for programs that serve, and for what a release does to what runs."""

import fnmatch
import json
import re
from collections.abc import Iterator

from world import World, listed, plain

HEALTH = ["/program", "health"]


def services_are_asked_whether_they_are_well(world: World) -> Iterator[str]:
    """By the load balancer, by ECS, and by whoever runs the image: each by what the program answers; and nobody asks a job."""
    services = {name for name, spec in world.specs.items() if spec["kind"] == "service"}
    for name in services & world.tasks().keys():
        check = world.tasks()[name].get("healthCheck", {})
        if check.get("command") != ["CMD", *HEALTH]:
            yield f"ECS does not ask {name} by its own word, or not at all"
        elif not check["timeout"] < check["interval"]:
            yield f"{name} is asked again before it has answered"
        group = world.named("lb/targetGroup:TargetGroup", f"mlops-{world.stack}-{name}")["inputs"]
        if group["healthCheck"]["path"] != world.specs[name]["health"]:
            yield f"the load balancer asks {name} for another path than it answers"
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)$(.*?)(?=^FROM|\Z)", world.dockerfile, re.MULTILINE | re.DOTALL))
    bases = {name: base for base, name in re.findall(r"^FROM (\S+) AS (\S+)$", world.dockerfile, re.MULTILINE)}

    def asks(stage: str) -> bool:
        command = re.search(r"^HEALTHCHECK [^\n]*CMD (\[.*\])$", stages.get(stage, ""), re.MULTILINE)
        return bool(command and json.loads(command[1]) == HEALTH) or (stage in bases and asks(bases[stage]))

    chosen = dict(re.findall(r'program == "([a-z-]+)" \? "([a-z-]+)"', world.images))
    for name in world.specs:
        if asks(chosen.get(name, "program")) != (name in services):
            yield f"the image of {name} asks a job, or does not ask a service"


def what_is_released_keeps_its_image(world: World) -> Iterator[str]:
    """Repositories let go of what was only built, and first look at what was released; a release may mark it so."""
    policies = {
        found["inputs"]["repository"]: found["inputs"]["policy"] for found in world.all("ecr/lifecyclePolicy:LifecyclePolicy")
    }
    deploy = json.loads(world.named("iam/rolePolicy:RolePolicy", f"mlops-{world.stack}-deploy")["inputs"]["policy"])
    marked = [
        pattern
        for statement in deploy["Statement"]
        if {"ecr:BatchGetImage", "ecr:PutImage"} <= set(listed(statement["Action"]))
        for pattern in listed(statement["Resource"])
    ]
    for repository in world.all("ecr/repository:Repository"):
        name = repository["physical"]
        rules = json.loads(policies.get(name, '{"rules": []}'))["rules"]
        by_tag = {rule["selection"].get("tagPrefixList", [""])[0]: rule["rulePriority"] for rule in rules}
        if not by_tag.get("released-", 99) < by_tag.get("build-", 0):
            yield f"{name} may let go of an image that runs"
        if not any(
            fnmatch.fnmatchcase(f"arn:aws:ecr:eu-central-1:111122223333:repository/{name}", pattern) for pattern in marked
        ):
            yield f"a release may not mark its image in {name}"


def a_release_is_written_down(world: World) -> Iterator[str]:
    """By a job of `retrain`, which reaches the database and the model; the release may start it."""
    environment, (_, properties) = world.environment("retrain"), world.jobs()["retrain"]
    known = {*environment, *(entry["name"] for entry in properties["secrets"])}
    if not {"MLOPS_DATABASE", "MLOPS_MODELS"} <= known:
        yield "retrain does not know the database, or the model"
    definition = world.recorder["definition"]
    if definition not in {
        made["physical"] for made in world.all("JobDefinition") if made["name"] == f"mlops-{world.stack}-retrain"
    }:
        yield f"{definition} is not retrain"
    if world.recorder["queue"] != world.outputs["queue"]:
        yield "the job that writes a release down has no queue"
    deploy = json.loads(world.named("iam/rolePolicy:RolePolicy", f"mlops-{world.stack}-deploy")["inputs"]["policy"])
    allowed = [
        pattern
        for statement in deploy["Statement"]
        if statement["Action"] == "batch:SubmitJob"
        for pattern in listed(statement["Resource"])
    ]
    for needed in (world.recorder["queue"], f"arn:aws:batch:eu-central-1:111122223333:job-definition/{definition}:7"):
        if not any(fnmatch.fnmatchcase(needed, pattern) for pattern in allowed):
            yield f"a release may not submit to {needed}"


def whoever_comes_first_makes_the_tables(world: World) -> Iterator[str]:
    """Which job that is depends on the hour; a page that is asked to make tables serves nobody."""
    for name, (_, properties) in world.jobs().items():
        if world.specs[name]["kind"] == "job" and "MLOPS_DATABASE" in plain(properties):
            if plain(properties).get("MLOPS_CREATE_TABLES") != "true":
                yield f"{name} fails until another job has made its tables"
    for name, container in world.tasks().items():
        if "MLOPS_CREATE_TABLES" in plain(container):
            yield f"{name} is to make tables"


RULES_OF_SERVICES = [
    services_are_asked_whether_they_are_well,
    what_is_released_keeps_its_image,
    a_release_is_written_down,
    whoever_comes_first_makes_the_tables,
]
