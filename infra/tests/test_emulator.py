"""What would be made, made at an emulator by AWS's own client, which knows the shapes of all requests; and read back."""

import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from checkout import make_table
from world import World


class Account:
    """An emulated account, with the same names as the stacks'."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="eu-central-1", aws_access_key_id="t", aws_secret_access_key="t"
        )


@pytest.fixture(scope="module")
def account(endpoint: str) -> Account:
    return Account(endpoint)


def shaped(value: Any, change: Callable[[str], str], keep: tuple[str, ...] = ()) -> Any:
    """The same with other names of its entries; what is under `keep` has names of its own."""
    if isinstance(value, dict):
        return {change(name): inner if name in keep else shaped(inner, change, keep) for name, inner in value.items()}
    if isinstance(value, list):
        return [shaped(inner, change, keep) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def test_buckets_and_tables(account: Account, prod: World) -> None:
    s3, dynamodb = account.client("s3"), account.client("dynamodb")
    for bucket in prod.all("s3/bucket:Bucket"):
        name = bucket["physical"]
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        for kind, call, entry in (
            (
                "BucketVersioning",
                s3.put_bucket_versioning,
                lambda found: {"VersioningConfiguration": shaped(found["versioningConfiguration"], capital)},
            ),
            ("BucketPolicy", s3.put_bucket_policy, lambda found: {"Policy": found["policy"]}),
            (
                "BucketPublicAccessBlock",
                s3.put_public_access_block,
                lambda found: {
                    "PublicAccessBlockConfiguration": shaped(
                        {key: value for key, value in found.items() if key != "bucket"}, capital
                    )
                },
            ),
        ):
            for made in prod.all(kind):
                if made["inputs"]["bucket"] == name:
                    call(Bucket=name, **entry(made["inputs"]))
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=name)["Policy"]
    for table in prod.all("dynamodb/table:Table"):
        make_table(dynamodb, table)
        assert dynamodb.describe_table(TableName=table["physical"])["Table"]["TableStatus"] == "ACTIVE"


def make_role(account: Account, role: dict[str, Any], prod: World) -> str:
    iam = account.client("iam")
    inputs = role["inputs"]
    made = iam.create_role(
        RoleName=role["physical"], AssumeRolePolicyDocument=inputs["assumeRolePolicy"], Path=inputs.get("path", "/")
    )
    policy = prod.named("iam/rolePolicy:RolePolicy", role["name"])["inputs"]["policy"]
    iam.put_role_policy(RoleName=role["physical"], PolicyName="rights", PolicyDocument=policy)
    return made["Role"]["Arn"]


@pytest.fixture(scope="module")
def roles(account: Account, prod: World) -> dict[str, str]:
    return {role["physical"]: make_role(account, role, prod) for role in prod.all("iam/role:Role")}


def test_roles_and_their_policies(account: Account, prod: World, roles: dict[str, str]) -> None:
    iam = account.client("iam")
    assert len(roles) > 15
    for role in prod.all("iam/role:Role"):
        kept = iam.get_role_policy(RoleName=role["physical"], PolicyName="rights")["PolicyDocument"]
        assert kept == json.loads(prod.named("iam/rolePolicy:RolePolicy", role["name"])["inputs"]["policy"])
        # IAM takes 10,240 characters without blanks for all policies inside a role.
        assert len(re.sub(r"\s", "", json.dumps(kept))) <= 10_240, role["name"]


def test_job_definitions(account: Account, prod: World, roles: dict[str, str]) -> None:
    batch = account.client("batch")
    definitions = prod.all("batch/jobDefinition:JobDefinition")
    assert len(definitions) >= 6
    for definition in definitions:
        inputs = definition["inputs"]
        retry = {
            "attempts": int(inputs["retryStrategy"]["attempts"]),
            "evaluateOnExit": inputs["retryStrategy"]["evaluateOnExits"],
        }
        made = batch.register_job_definition(
            jobDefinitionName=definition["physical"],
            type=inputs["type"],
            platformCapabilities=inputs["platformCapabilities"],
            containerProperties=json.loads(inputs["containerProperties"]),
            retryStrategy=retry,
            timeout=shaped(inputs["timeout"], str),
            propagateTags=True,
        )
        [read] = batch.describe_job_definitions(jobDefinitions=[made["jobDefinitionArn"]])["jobDefinitions"]
        assert read["containerProperties"]["image"] == json.loads(inputs["containerProperties"])["image"]
        # The emulator writes actions in small letters.
        assert [{**rule, "action": rule["action"].upper()} for rule in read["retryStrategy"]["evaluateOnExit"]] == retry[
            "evaluateOnExit"
        ]


def test_services(account: Account, prod: World, roles: dict[str, str]) -> None:
    ecs = account.client("ecs")
    definitions = prod.all("ecs/taskDefinition:TaskDefinition")
    assert len(definitions) >= 2
    for definition in definitions:
        inputs = definition["inputs"]
        made = ecs.register_task_definition(
            family=inputs["family"],
            requiresCompatibilities=inputs["requiresCompatibilities"],
            networkMode=inputs["networkMode"],
            cpu=inputs["cpu"],
            memory=inputs["memory"],
            taskRoleArn=inputs["taskRoleArn"],
            executionRoleArn=inputs["executionRoleArn"],
            runtimePlatform=shaped(inputs["runtimePlatform"], str),
            volumes=shaped(inputs["volumes"], str),
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
        )
        read = ecs.describe_task_definition(taskDefinition=made["taskDefinition"]["taskDefinitionArn"])["taskDefinition"]
        [container] = read["containerDefinitions"]
        assert container["healthCheck"]["command"] == ["CMD", "/program", "health"]


def test_repositories(account: Account, prod: World) -> None:
    ecr = account.client("ecr")
    for repository in prod.all("ecr/repository:Repository"):
        name = repository["physical"]
        ecr.create_repository(repositoryName=name, imageTagMutability=repository["inputs"]["imageTagMutability"])
        [policy] = [
            found["inputs"]["policy"]
            for found in prod.all("lifecyclePolicy:LifecyclePolicy")
            if found["inputs"]["repository"] == name
        ]
        # The emulator reads it as ECR would, and refuses what is no policy.
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy)
        assert json.loads(ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]) == json.loads(policy)


def test_schedules_and_rules(account: Account, prod: World, roles: dict[str, str]) -> None:
    scheduler, events = account.client("scheduler"), account.client("events")
    for group in prod.all("scheduleGroup:ScheduleGroup"):
        scheduler.create_schedule_group(Name=group["physical"])
    for schedule in prod.all("scheduler/schedule:Schedule"):
        inputs = schedule["inputs"]
        target = shaped(inputs["target"], capital)
        scheduler.create_schedule(
            Name=schedule["physical"],
            GroupName=inputs["groupName"],
            ScheduleExpression=inputs["scheduleExpression"],
            ScheduleExpressionTimezone=inputs["scheduleExpressionTimezone"],
            FlexibleTimeWindow={"Mode": inputs["flexibleTimeWindow"]["mode"]},
            State=inputs["state"],
            Target=target,
        )
        read = scheduler.get_schedule(Name=schedule["physical"], GroupName=inputs["groupName"])
        assert json.loads(read["Target"]["Input"])["JobQueue"] == prod.outputs["queue"]
    for rule in prod.all("cloudwatch/eventRule:EventRule"):
        events.put_rule(Name=rule["physical"], EventPattern=rule["inputs"]["eventPattern"])
    for target in prod.all("cloudwatch/eventTarget:EventTarget"):
        inputs = target["inputs"]
        entry: dict[str, Any] = {"Id": "1", "Arn": inputs["arn"]}
        if "inputTransformer" in inputs:
            transformer = inputs["inputTransformer"]
            entry["InputTransformer"] = {
                "InputPathsMap": transformer["inputPaths"],
                "InputTemplate": transformer["inputTemplate"],
            }
            entry["RoleArn"] = inputs["roleArn"]
        assert events.put_targets(Rule=inputs["rule"], Targets=[entry])["FailedEntryCount"] == 0
        assert events.list_targets_by_rule(Rule=inputs["rule"])["Targets"][0]["Arn"] == inputs["arn"]


def test_the_pipeline(account: Account, prod: World, roles: dict[str, str]) -> None:
    codepipeline = account.client("codepipeline")
    [pipeline] = prod.all("codepipeline/pipeline:Pipeline")
    inputs = pipeline["inputs"]
    stages = []
    for stage in inputs["stages"]:
        actions = []
        for action in stage["actions"]:
            named = {key: action[key] for key in ("category", "owner", "provider", "version")}
            rest = {key: value for key, value in action.items() if key in ("name", "namespace", "configuration")}
            rest["runOrder"] = int(action.get("runOrder", 1))
            artifacts = {key: [{"name": name} for name in action.get(key, [])] for key in ("inputArtifacts", "outputArtifacts")}
            actions.append({**rest, **artifacts, "actionTypeId": named})
        conditions = {
            key: shaped(stage[key], lambda name: {"condition": "conditions"}.get(name, name), ("configuration",))
            for key in ("beforeEntry", "onFailure", "onSuccess")
            if key in stage
        }
        for found in conditions.values():
            if "conditions" in found:
                found["conditions"] = [found["conditions"]]
        stages.append({"name": stage["name"], "actions": actions, **conditions})
    # moto knows roles by the account of its own; the name is what it checks.
    role = next(arn for name, arn in roles.items() if name == inputs["roleArn"].rpartition("/")[2])
    codepipeline.create_pipeline(
        pipeline={
            "name": pipeline["physical"],
            "roleArn": role,
            "pipelineType": inputs["pipelineType"],
            "executionMode": inputs["executionMode"],
            "artifactStore": {"type": "S3", "location": inputs["artifactStores"][0]["location"]},
            "stages": stages,
            "version": 1,
        }
    )
    read = codepipeline.get_pipeline(name=pipeline["physical"])["pipeline"]
    assert [stage["name"] for stage in read["stages"]] == ["Source", "Build", "Gate", "Deploy"]
    assert read["stages"][0]["actions"][1]["configuration"]["S3ObjectKey"] == "churn/candidate/model.pkl"
