"""Worlds in which something is wrong: each rule must complain of its own. A rule that never complains has tested nothing."""

import json
import re
from collections.abc import Callable
from typing import Any

import rules
import rules_of_services
from world import World

Spoil = Callable[[World], Any]
SPOILED: list[tuple[Any, str, Spoil]] = []


def spoils(rule: Any, what: str) -> Callable[[Spoil], Spoil]:
    """Registers a way to break a rule."""

    def register(spoil: Spoil) -> Spoil:
        SPOILED.append((rule, what, spoil))
        return spoil

    return register


def edit(resource: dict[str, Any], entry: str, change: Callable[[Any], Any]) -> None:
    """Changes a document that is kept as text."""
    document = json.loads(resource["inputs"][entry])
    change(document)
    resource["inputs"][entry] = json.dumps(document)


def container(world: World, job: str, **changes: Any) -> None:
    definition = world.named("batch/jobDefinition:JobDefinition", f"mlops-{world.stack}-{job}")
    edit(definition, "containerProperties", lambda properties: properties.update(changes))


def task(world: World, service: str, **changes: Any) -> None:
    definition = world.named("ecs/taskDefinition:TaskDefinition", f"mlops-{world.stack}-{service}")
    edit(definition, "containerDefinitions", lambda containers: containers[0].update(changes))


def started(world: World, **changes: Any) -> None:
    target = world.all("scheduler/schedule:Schedule")[0]["inputs"]["target"]
    target["input"] = json.dumps({**json.loads(target["input"]), **changes})


def target(world: World) -> dict[str, Any]:
    return world.all("scheduler/schedule:Schedule")[0]["inputs"]["target"]


def definition(world: World) -> dict[str, Any]:
    return world.all("batch/jobDefinition:JobDefinition")[0]["inputs"]


def stage(world: World, name: str) -> dict[str, Any]:
    return next(stage for stage in world.pipeline()["stages"] if stage["name"] == name)


def upload(world: World) -> dict[str, Any]:
    return next(found["inputs"] for found in world.all("eventTarget:EventTarget") if "inputTransformer" in found["inputs"])


def policy(world: World, name: str) -> dict[str, Any]:
    return world.named("iam/rolePolicy:RolePolicy", f"mlops-{world.stack}-{name}")


def without(world: World, kind: str, name: str = "") -> None:
    kept = [found for found in world.resources if not (found["type"].endswith(kind) and name in found["name"])]
    assert len(kept) < len(world.resources), f"there is no {kind} {name} to take away"
    world.resources = kept


def replaced(world: World, what: str, old: str, new: str) -> None:
    text = getattr(world, what)
    assert old in text, f"there is no {old} in {what}"
    setattr(world, what, text.replace(old, new))


spoils(rules.names_are_told_apart, "a name twice")(lambda w: w.resources.append(w.resources[0]))

spoils(rules.schedules_start_what_is_there, "another queue")(lambda w: started(w, JobQueue="elsewhere"))
spoils(rules.schedules_start_what_is_there, "a pinned revision")(
    lambda w: started(w, JobDefinition=json.loads(target(w)["input"])["JobDefinition"] + ":7")
)
spoils(rules.schedules_start_what_is_there, "no definition, as a mock would drop it")(lambda w: started(w, JobDefinition=None))
spoils(rules.schedules_start_what_is_there, "a job name with a blank")(lambda w: started(w, JobName="each day"))
spoils(rules.schedules_start_what_is_there, "the queue as the target")(lambda w: target(w).update(arn=w.outputs["queue"]))
spoils(rules.schedules_start_what_is_there, "five fields as on Unix")(
    lambda w: w.all("scheduler/schedule:Schedule")[0]["inputs"].update(scheduleExpression="cron(5 * * * *)")
)
spoils(rules.schedules_start_what_is_there, "no such timezone")(
    lambda w: w.all("scheduler/schedule:Schedule")[0]["inputs"].update(scheduleExpressionTimezone="Berlin")
)
spoils(rules.schedules_start_what_is_there, "185 attempts")(lambda w: target(w).pop("retryPolicy"))
spoils(rules.schedules_start_what_is_there, "no queue for what is lost")(lambda w: target(w).pop("deadLetterConfig"))

spoils(rules.programs_run_when_they_say, "a job without its schedule")(
    lambda w: without(w, "schedule:Schedule", f"mlops-{w.stack}-drift-daily")
)
spoils(rules.programs_run_when_they_say, "a service without its schedule")(
    lambda w: without(w, "schedule:Schedule", f"mlops-{w.stack}-dashboard-refresh")
)
spoils(rules.programs_run_when_they_say, "another time")(
    lambda w: w.all("scheduler/schedule:Schedule")[0]["inputs"].update(scheduleExpression="rate(1 day)")
)
spoils(rules.programs_run_when_they_say, "other arguments")(lambda w: started(w, ContainerOverrides={"Command": []}))
spoils(rules.programs_run_when_they_say, "nobody's schedule")(lambda w: w.specs["drift"]["schedules"].clear())

spoils(rules.runs_do_not_overlap, "no timeout")(lambda w: definition(w).pop("timeout"))
spoils(rules.runs_do_not_overlap, "longer than the hour")(
    lambda w: w.named("JobDefinition", f"mlops-{w.stack}-etl-mysql")["inputs"].update(timeout={"attemptDurationSeconds": 3600})
)

spoils(rules.retries_are_those_of_the_program, "everything is tried again")(
    lambda w: definition(w)["retryStrategy"]["evaluateOnExits"].pop()
)
spoils(rules.retries_are_those_of_the_program, "a code is forgotten")(
    lambda w: definition(w)["retryStrategy"]["evaluateOnExits"].pop(0)
)
spoils(rules.retries_are_those_of_the_program, "six rules")(
    lambda w: definition(w)["retryStrategy"]["evaluateOnExits"].insert(0, {"action": "EXIT", "onExitCode": "2"})
)

for kind in (
    "BucketVersioning",
    "BucketServerSideEncryptionConfiguration",
    "BucketPublicAccessBlock",
    "BucketPolicy",
    "BucketNotification",
):
    spoils(rules.buckets_keep_what_they_hold, f"no {kind}")(lambda w, kind=kind: without(w, kind, "models"))
spoils(rules.buckets_keep_what_they_hold, "two notifications")(lambda w: w.resources.append(w.one("BucketNotification")))

spoils(rules.the_pipeline_releases_what_was_uploaded, "version 1")(lambda w: w.pipeline().update(pipelineType="V1"))
spoils(rules.the_pipeline_releases_what_was_uploaded, "side by side")(lambda w: w.pipeline().update(executionMode="PARALLEL"))
spoils(rules.the_pipeline_releases_what_was_uploaded, "polling by default")(
    lambda w: stage(w, "Source")["actions"][1]["configuration"].pop("PollForSourceChanges")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "a pickle for a zip")(
    lambda w: stage(w, "Build")["actions"][0]["inputArtifacts"].append("model")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "a namespace that is not there")(
    lambda w: stage(w, "Source")["actions"][1].pop("namespace")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "an artifact that is not there")(
    lambda w: stage(w, "Build")["actions"][0].update(outputArtifacts=[])
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "no version for the build")(
    lambda w: stage(w, "Build")["actions"][0]["configuration"].update(EnvironmentVariables="[]")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "no first input")(
    lambda w: stage(w, "Gate")["actions"][0]["configuration"].pop("PrimarySource")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "the newest version instead of the uploaded one")(
    lambda w: upload(w).pop("inputTransformer")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "a version from the wrong place")(
    lambda w: upload(w)["inputTransformer"].update(inputPaths={"version": "$.detail.version"})
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "an action that is not there")(
    lambda w: upload(w)["inputTransformer"].update(inputTemplate='{"sourceRevisions": [{"actionName": "S3"}]}')
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "another key")(
    lambda w: stage(w, "Source")["actions"][1]["configuration"].update(S3ObjectKey="model.pkl")
)
spoils(rules.the_pipeline_releases_what_was_uploaded, "a start that is lost")(lambda w: upload(w).pop("deadLetterConfig"))

spoils(rules.a_gate_stands_before_deployment, "no gate")(lambda w: w.pipeline()["stages"].remove(stage(w, "Gate")))
spoils(rules.a_gate_stands_before_deployment, "no look at production")(lambda w: stage(w, "Gate").pop("beforeEntry"))
spoils(rules.a_gate_stands_before_deployment, "no comparison")(lambda w: stage(w, "Gate").update(actions=[]))
spoils(rules.a_gate_stands_before_deployment, "a failed release stays")(lambda w: stage(w, "Deploy").pop("onFailure"))
spoils(rules.a_gate_stands_before_deployment, "a bad release stays")(lambda w: stage(w, "Deploy").pop("onSuccess"))
spoils(rules.a_gate_stands_before_deployment, "an alarm that is not there")(lambda w: without(w, "MetricAlarm", "jobs-fail"))
spoils(rules.a_gate_stands_before_deployment, "deployment with Docker's rights")(
    lambda w: w.named("Project", f"mlops-{w.stack}-deploy")["inputs"]["environment"].update(privilegedMode=True)
)


def statement(world: World, role: str, **changes: Any) -> None:
    edit(policy(world, role), "policy", lambda document: document["Statement"][0].update(changes))


spoils(rules.rights_are_narrow, "everything of a service")(lambda w: statement(w, "drift", Action="s3:*"))
spoils(rules.rights_are_narrow, "nothing at all")(
    lambda w: edit(policy(w, "dashboard"), "policy", lambda document: document["Statement"].clear())
)
spoils(rules.rights_are_narrow, "texts to topics")(
    lambda w: edit(
        policy(w, "alert-sms"),
        "policy",
        lambda document: document.update(Statement=[found for found in document["Statement"] if found["Effect"] == "Allow"]),
    )
)
spoils(rules.rights_are_narrow, "on everything")(lambda w: statement(w, "drift", Resource="*"))
spoils(rules.rights_are_narrow, "a role for any service")(
    lambda w: edit(
        policy(w, "deploy"), "policy", lambda document: [found.pop("Condition", None) for found in document["Statement"]]
    )
)
spoils(rules.rights_are_narrow, "a role for any account")(
    lambda w: edit(
        w.named("iam/role:Role", f"mlops-{w.stack}-drift"),
        "assumeRolePolicy",
        lambda document: document["Statement"][0].pop("Condition"),
    )
)
spoils(rules.rights_are_narrow, "a container's role for another service")(
    lambda w: edit(
        w.named("iam/role:Role", f"mlops-{w.stack}-drift"),
        "assumeRolePolicy",
        lambda document: document["Statement"][0].update(Principal={"Service": "lambda.amazonaws.com"}),
    )
)


def submits(world: World, change: Callable[[list[str]], Any]) -> None:
    edit(policy(world, "drift-daily"), "policy", lambda document: change(document["Statement"][0]["Resource"]))


spoils(rules.the_scheduler_may_start_its_jobs, "a definition without its revisions")(
    lambda w: submits(w, lambda allowed: allowed.pop())
)
spoils(rules.the_scheduler_may_start_its_jobs, "no queue")(lambda w: submits(w, lambda allowed: allowed.pop(0)))

spoils(rules.roles_have_what_programs_ask_for, "too much")(
    lambda w: edit(
        policy(w, "drift"),
        "policy",
        lambda document: document["Statement"].append({"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn"}),
    )
)
spoils(rules.roles_have_what_programs_ask_for, "too little")(
    lambda w: edit(policy(w, "drift"), "policy", lambda document: document["Statement"].pop(0))
)
spoils(rules.roles_have_what_programs_ask_for, "a program that asks for more")(
    lambda w: w.specs["drift"]["grants"].append({"variable": "MLOPS_MODELS", "action": "s3:DeleteObject", "on": "object"})
)
spoils(rules.roles_have_what_programs_ask_for, "something of others")(
    lambda w: statement(w, "drift", Resource="arn:aws:s3:::payroll/*")
)

spoils(rules.only_a_release_replaces_the_model, "retrain may")(
    lambda w: edit(
        policy(w, "retrain"),
        "policy",
        lambda document: document.update(Statement=[found for found in document["Statement"] if found["Effect"] == "Allow"]),
    )
)
spoils(rules.only_a_release_replaces_the_model, "the build may")(
    lambda w: edit(
        policy(w, "build"),
        "policy",
        lambda document: document["Statement"].append(
            {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": w.outputs["production_model"]}
        ),
    )
)

spoils(rules.secrets_are_nowhere_to_read, "a password in an address")(
    lambda w: container(w, "drift", environment=[{"name": "MLOPS_DATABASE", "value": "mysql://a:b@c/d"}])
)
spoils(rules.secrets_are_nowhere_to_read, "a secret in plain")(
    lambda w: container(w, "drift", environment=[{"name": "MLOPS_DATABASE_PASSWORD", "value": "hunter2"}])
)
spoils(rules.secrets_are_nowhere_to_read, "a token in plain")(
    lambda w: container(w, "drift", environment=[{"name": "API_TOKEN", "value": "x"}])
)
spoils(rules.secrets_are_nowhere_to_read, "a secret from elsewhere")(
    lambda w: container(w, "drift", secrets=[{"name": "MLOPS_DATABASE", "valueFrom": "mysql://a:b@c/d"}])
)
spoils(rules.secrets_are_nowhere_to_read, "no password at all")(lambda w: container(w, "drift", secrets=[]))
spoils(rules.secrets_are_nowhere_to_read, "a service without the password")(lambda w: task(w, "score", secrets=[]))
spoils(rules.secrets_are_nowhere_to_read, "a service's token in plain")(
    lambda w: task(w, "dashboard", environment=[{"name": "DASHBOARD_BEARER_TOKEN", "value": "hunter2"}])
)
spoils(rules.secrets_are_nowhere_to_read, "a password in the state")(
    lambda w: w.one("rds/instance:Instance")["inputs"].update(password="hunter2")
)

for what, changes in {
    "another size": {"resourceRequirements": [{"type": "VCPU", "value": "0.25"}, {"type": "MEMORY", "value": "300"}]},
    "no role to start": {"executionRoleArn": ""},
    "another architecture": {"runtimePlatform": {"cpuArchitecture": "X86_64"}},
    "privileged": {"privileged": True},
    "memory of its own": {"linuxParameters": {"tmpfs": []}},
    "a variable of AWS Batch": {"environment": [{"name": "AWS_BATCH_JOB_ID", "value": "1"}]},
    "longer than overrides may be": {"environment": [{"name": "LONG", "value": "x" * 9000}]},
}.items():
    spoils(rules.containers_are_what_fargate_takes, what)(lambda w, changes=changes: container(w, "drift", **changes))
spoils(rules.containers_are_what_fargate_takes, "a public address")(
    lambda w: container(
        w, "drift", networkConfiguration={"assignPublicIp": "DISABLED" if w.outputs["assign_public_ip"] else "ENABLED"}
    )
)
for what, changes in {
    "a tag": {"image": "drift:latest"},
    "files to write to": {"readonlyRootFilesystem": False},
    "root": {"user": "0"},
    "no log": {"logConfiguration": {"options": {"awslogs-group": "nowhere"}}},
}.items():
    spoils(rules.containers_change_nothing_of_their_own, what)(lambda w, changes=changes: container(w, "drift", **changes))
    spoils(rules.containers_change_nothing_of_their_own, f"{what}, of a service")(
        lambda w, changes=changes: task(w, "score", **changes)
    )
spoils(rules.containers_change_nothing_of_their_own, "a log for ever")(
    lambda w: w.named("logGroup:LogGroup", f"mlops-{w.stack}-drift")["inputs"].pop("retentionInDays")
)

spoils(rules.the_network_lets_nothing_in, "an open port")(
    lambda w: w.all("SecurityGroupIngressRule")[0]["inputs"].update(cidrIpv4="0.0.0.0/0")
)
spoils(rules.the_network_lets_nothing_in, "a database for others")(
    lambda w: next(found for found in w.all("SecurityGroupIngressRule") if found["inputs"]["fromPort"] == 3306)["inputs"].update(
        referencedSecurityGroupId="sg"
    )
)
spoils(rules.the_network_lets_nothing_in, "rules inside a group")(
    lambda w: w.all("SecurityGroup")[0]["inputs"].update(ingress=[])
)
spoils(rules.the_network_lets_nothing_in, "no way to AWS Batch")(lambda w: without(w, "VpcEndpoint", "batch"))
spoils(rules.the_network_lets_nothing_in, "an endpoint by another name")(
    lambda w: w.named("VpcEndpoint", f"mlops-{w.stack}-logs")["inputs"].pop("privateDnsEnabled")
)

spoils(rules.somebody_is_told, "no rule for failures")(lambda w: without(w, "EventRule", f"mlops-{w.stack}-failed"))
spoils(rules.somebody_is_told, "failures of all queues")(
    lambda w: edit(
        w.named("EventRule", f"mlops-{w.stack}-failed"), "eventPattern", lambda pattern: pattern["detail"].pop("jobQueue")
    )
)
spoils(rules.somebody_is_told, "nobody to tell")(lambda w: without(w, "EventTarget", f"mlops-{w.stack}-failed"))
spoils(rules.somebody_is_told, "AWS's key")(lambda w: w.one("sns/topic:Topic")["inputs"].update(kmsMasterKeyId="alias/aws/sns"))
spoils(rules.somebody_is_told, "a key that keeps events out")(
    lambda w: edit(w.one("kms/key:Key"), "policy", lambda document: document["Statement"].pop())
)
spoils(rules.somebody_is_told, "no ear for silence")(lambda w: without(w, "MetricAlarm", "drift-silent"))
spoils(rules.somebody_is_told, "silence is golden")(
    lambda w: w.named("MetricAlarm", f"mlops-{w.stack}-drift-silent")["inputs"].pop("treatMissingData")
)
spoils(rules.somebody_is_told, "a job that says nothing")(lambda w: container(w, "drift", environment=[]))
spoils(rules.somebody_is_told, "an alarm over two days")(
    lambda w: w.named("MetricAlarm", f"mlops-{w.stack}-drift-silent")["inputs"].update(evaluationPeriods=2)
)

spoils(rules.tables_have_their_keys_and_no_more, "one attribute more")(
    lambda w: w.all("dynamodb/table:Table")[0]["inputs"]["attributes"].append({"name": "more", "type": "S"})
)
spoils(rules.tables_have_their_keys_and_no_more, "no way back")(
    lambda w: w.all("dynamodb/table:Table")[0]["inputs"].pop("pointInTimeRecovery")
)
spoils(rules.tables_have_their_keys_and_no_more, "tables that are not there")(
    lambda w: container(
        w,
        "etl-dynamo",
        environment=[{"name": "MLOPS_TABLE", "value": "dynamodb://a"}, {"name": "ETL_WATERMARK_TABLE", "value": "dynamodb://b"}],
    )
)

spoils(rules.what_keeps_data_is_protected, "a name in the way")(
    lambda w: w.one("ComputeEnvironment")["inputs"].update(name="mlops")
)
spoils(rules.what_keeps_data_is_protected, "a bucket that goes")(
    lambda w: w.all("s3/bucket:Bucket")[0]["options"].update(protect=False)
)
spoils(rules.what_keeps_data_is_protected, "a database in the open")(
    lambda w: w.one("rds/instance:Instance")["inputs"].update(publiclyAccessible=True)
)

spoils(rules.images_are_one_a_program, "a program without an image")(lambda w: replaced(w, "images", '      "drift",\n', ""))
spoils(rules.images_are_one_a_program, "an image without a program")(lambda w: w.specs.pop("simulate"))
spoils(rules.images_are_one_a_program, "no repository")(lambda w: without(w, "ecr/repository:Repository", "drift"))
spoils(rules.images_are_one_a_program, "no list of parts")(lambda w: replaced(w, "images", "type=sbom", "type=none"))
spoils(rules.images_are_one_a_program, "tags that move")(
    lambda w: w.all("ecr/repository:Repository")[0]["inputs"].update(imageTagMutability="MUTABLE")
)

spoils(rules.the_image_holds_a_program_and_no_more, "a system inside")(
    lambda w: replaced(w, "dockerfile", "FROM scratch AS program", "FROM debian AS program")
)
spoils(rules.the_image_holds_a_program_and_no_more, "a base that moves")(
    lambda w: setattr(w, "dockerfile", re.sub("@sha256:[0-9a-f]{64}", "", w.dockerfile))
)
spoils(rules.the_image_holds_a_program_and_no_more, "another compiler than is tested")(
    lambda w: replaced(w, "dockerfile", "RUST_IMAGE=rust:1.95.0", "RUST_IMAGE=rust:1.94.1")
)
spoils(rules.the_image_holds_a_program_and_no_more, "a compiler from elsewhere")(
    lambda w: replaced(w, "images", "    PROGRAM          = program", '    RUST_IMAGE = "rust"\n    PROGRAM = program')
)
spoils(rules.the_image_holds_a_program_and_no_more, "root")(lambda w: replaced(w, "dockerfile", "USER 65532:65532", "USER 0"))
spoils(rules.the_image_holds_a_program_and_no_more, "a shell")(
    lambda w: replaced(w, "dockerfile", 'ENTRYPOINT ["/program"]', "ENTRYPOINT /program")
)
spoils(rules.the_image_holds_a_program_and_no_more, "a secret")(
    lambda w: replaced(w, "dockerfile", "ARG PROGRAM", "ARG API_TOKEN")
)
spoils(rules.the_image_holds_a_program_and_no_more, "the model before others")(
    lambda w: replaced(w, "dockerfile", "model.pkl /app/model.pkl", "model.pkl /app/model.pkl\nCOPY more /more")
)

spoils(rules.the_build_publishes_nothing_untested, "images of a failed build")(
    lambda w: replaced(
        w,
        "buildspec",
        "\nreports:",
        "\n  post_build:\n    on-failure: ABORT\n    commands: [infra/release/push-images.sh]\nreports:",
    )
)
spoils(rules.the_build_publishes_nothing_untested, "on after a failure")(lambda w: replaced(w, "buildspec", "ABORT", "CONTINUE"))
spoils(rules.the_build_publishes_nothing_untested, "no test")(lambda w: replaced(w, "buildspec", "cargo nextest run", "true"))
spoils(rules.the_build_publishes_nothing_untested, "the newest model")(
    lambda w: replaced(w, "buildspec", '"$MODEL_VERSION_ID"', "latest")
)
spoils(rules.the_build_publishes_nothing_untested, "a report elsewhere")(
    lambda w: replaced(w, "buildspec", "ci/junit.xml", "junit.xml")
)
spoils(rules.the_build_publishes_nothing_untested, "an old model in the code")(
    lambda w: replaced(w, "buildspec", "-print -delete", "-print")
)

spoils(rules_of_services.services_are_asked_whether_they_are_well, "not asked")(lambda w: task(w, "score", healthCheck={}))
spoils(rules_of_services.services_are_asked_whether_they_are_well, "asked by a shell")(
    lambda w: task(w, "score", healthCheck={**w.tasks()["score"]["healthCheck"], "command": ["CMD-SHELL", "curl -f localhost"]})
)
spoils(rules_of_services.services_are_asked_whether_they_are_well, "asked before it has answered")(
    lambda w: task(w, "score", healthCheck={**w.tasks()["score"]["healthCheck"], "timeout": 60})
)
spoils(rules_of_services.services_are_asked_whether_they_are_well, "another path at the door")(
    lambda w: w.named("lb/targetGroup:TargetGroup", f"mlops-{w.stack}-score")["inputs"]["healthCheck"].update(path="/")
)
spoils(rules_of_services.services_are_asked_whether_they_are_well, "an image that does not ask")(
    lambda w: replaced(w, "dockerfile", "HEALTHCHECK", "# HEALTHCHECK")
)
spoils(rules_of_services.services_are_asked_whether_they_are_well, "a job that is asked")(
    lambda w: replaced(w, "images", 'program == "dashboard" ? "service"', 'program == "drift" ? "service"')
)
spoils(rules_of_services.services_are_asked_whether_they_are_well, "a service that is not")(
    lambda w: w.specs["drift"].update(kind="service")
)

spoils(rules_of_services.what_is_released_keeps_its_image, "released images go first")(
    lambda w: edit(
        w.named("lifecyclePolicy:LifecyclePolicy", f"mlops-{w.stack}-drift"),
        "policy",
        lambda document: document["rules"][1].update(rulePriority=0),
    )
)
spoils(rules_of_services.what_is_released_keeps_its_image, "a repository without a rule")(
    lambda w: without(w, "lifecyclePolicy:LifecyclePolicy", "-drift")
)
spoils(rules_of_services.what_is_released_keeps_its_image, "a release that may not mark it")(
    lambda w: edit(
        policy(w, "deploy"),
        "policy",
        lambda document: document.update(
            Statement=[found for found in document["Statement"] if "ecr:PutImage" not in found["Action"]]
        ),
    )
)

spoils(rules_of_services.a_release_is_written_down, "no right to start the job")(
    lambda w: edit(
        policy(w, "deploy"),
        "policy",
        lambda document: document.update(
            Statement=[found for found in document["Statement"] if found["Action"] != "batch:SubmitJob"]
        ),
    )
)
spoils(rules_of_services.a_release_is_written_down, "another job")(
    lambda w: w.recorder.update(definition=w.recorder["definition"].replace("retrain", "drift"))
)
spoils(rules_of_services.a_release_is_written_down, "a job without the database")(
    lambda w: container(w, "retrain", environment=[{"name": "MLOPS_MODELS", "value": "s3://a"}], secrets=[])
)

spoils(rules_of_services.whoever_comes_first_makes_the_tables, "a job that waits for another")(
    lambda w: container(w, "alert-email", environment=[{"name": "MLOPS_DATABASE", "value": "mysql://mlops@db/mlops"}])
)
spoils(rules_of_services.whoever_comes_first_makes_the_tables, "a page that makes tables")(
    lambda w: task(w, "dashboard", environment=[{"name": "MLOPS_CREATE_TABLES", "value": "true"}])
)
