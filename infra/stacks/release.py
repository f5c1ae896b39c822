"""From an uploaded model, or a change of the code, to what runs: CodePipeline with CodeBuild."""

import json
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from stacks.notifications import tell
from stacks.policies import Statement, allow, document, role

# Ubuntu with Docker, for the architecture that images are built for.
BUILD_IMAGES = {
    "ARM64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "X86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}
LOG_DAYS = 90

# How long a release is watched before it counts as good.
WATCH_MINUTES = 30


@dataclass(frozen=True)
class ReleaseOf:
    """What a pipeline releases, and to where."""

    stack: str
    account: str
    region: str
    models: aws.s3.Bucket
    artifacts: aws.s3.Bucket
    candidate_key: str
    production_key: str
    registry: str
    queue: pulumi.Output[str]
    topic: pulumi.Output[str]
    alarm: aws.cloudwatch.MetricAlarm
    architecture: Literal["ARM64", "X86_64"]
    source: Literal["github", "codecommit"]
    repository: str
    branch: str
    approval: bool
    state_bucket: str
    pulumi_version: str


class ReleasePipeline(pulumi.ComponentResource):
    """Source, Build, Gate, Deploy.

    An upload of the candidate starts it with that very version. It changes the stack `jobs` only: a pipeline that changed itself
    would forget what it could go back to.
    """

    def __init__(self, name: str, of: ReleaseOf, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:platform:ReleasePipeline", name, None, opts)
        self._of = of
        self._child = pulumi.ResourceOptions(parent=self)
        build = self._project(
            f"{name}-build", "buildspec.yml", self._build_rights(), "BUILD_GENERAL1_LARGE", docker=True, minutes=90
        )
        gate = self._project(
            f"{name}-gate", "infra/release/gate.yml", self._gate_rights(), "BUILD_GENERAL1_SMALL", docker=True, minutes=15
        )
        deploy = self._project(
            f"{name}-deploy", "infra/release/deploy.yml", self._deploy_rights(), "BUILD_GENERAL1_SMALL", docker=False, minutes=60
        )
        code, code_rights = self._code_source(name)
        pipeline_role = role(
            f"{name}-pipeline", "codepipeline", of.account, self._pipeline_rights([build, gate, deploy], code_rights), self
        )
        self.pipeline = aws.codepipeline.Pipeline(
            name,
            pipeline_type="V2",
            # One after the other: a release that was overtaken would be watched by nobody.
            execution_mode="QUEUED",
            role_arn=pipeline_role.arn,
            artifact_stores=[{"type": "S3", "location": of.artifacts.bucket}],
            stages=[
                {"name": "Source", "actions": [code, self._model_source()]},
                {"name": "Build", "actions": [self._run("Build", build, ["code"], ["images"])]},
                self._gate_stage(gate),
                self._deploy_stage(deploy),
            ],
            opts=self._child,
        )
        self._start_on_upload(name)
        tell(
            f"{name}-release-failed",
            self.pipeline.name.apply(
                lambda pipeline: json.dumps(
                    {
                        "source": ["aws.codepipeline"],
                        "detail-type": ["CodePipeline Pipeline Execution State Change"],
                        "detail": {"state": ["FAILED"], "pipeline": [pipeline]},
                    }
                )
            ),
            of.topic,
            "A release failed, or was refused",
            self,
        )
        self.register_outputs({})

    def _code_source(self, name: str) -> tuple[aws.codepipeline.PipelineStageActionArgsDict, pulumi.Output[list[Statement]]]:
        of = self._of
        action: aws.codepipeline.PipelineStageActionArgsDict = {
            "name": "Code",
            "category": "Source",
            "owner": "AWS",
            "provider": "CodeStarSourceConnection",
            "version": "1",
            "namespace": "Code",
            "output_artifacts": ["code"],
        }
        if of.source == "github":
            # A person has to finish it once, in the console: it is made as pending.
            connection = aws.codeconnections.Connection(name, provider_type="GitHub", opts=self._child)
            configuration: dict[str, pulumi.Input[str]] = {
                "ConnectionArn": connection.arn,
                "FullRepositoryId": of.repository,
                "BranchName": of.branch,
                "DetectChanges": "true",
            }
            # Its service has two names, and CodePipeline asks for either.
            rights = connection.arn.apply(
                lambda arn: [
                    allow("codeconnections:UseConnection", arn),
                    allow("codestar-connections:UseConnection", arn.replace(":codeconnections:", ":codestar-connections:")),
                ]
            )
            return {**action, "configuration": configuration}, rights
        configuration = {"RepositoryName": of.repository, "BranchName": of.branch, "PollForSourceChanges": "false"}
        arn = f"arn:aws:codecommit:{of.region}:{of.account}:{of.repository}"
        actions = ["GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus", "CancelUploadArchive"]
        return (
            {**action, "provider": "CodeCommit", "configuration": configuration},
            pulumi.Output.from_input([allow([f"codecommit:{action}" for action in actions], arn)]),
        )

    def _model_source(self) -> aws.codepipeline.PipelineStageActionArgsDict:
        return {
            "name": "Model",
            "category": "Source",
            "owner": "AWS",
            "provider": "S3",
            "version": "1",
            "namespace": "Model",
            # No action takes this artifact: CodeBuild would try to unzip it. It fetches the version by its id.
            "output_artifacts": ["model"],
            "configuration": {
                "S3Bucket": self._of.models.bucket,
                "S3ObjectKey": self._of.candidate_key,
                "PollForSourceChanges": "false",
            },
        }

    def _run(
        self, name: str, project: aws.codebuild.Project, inputs: list[str], outputs: list[str], order: int = 1
    ) -> aws.codepipeline.PipelineStageActionArgsDict:
        variables = [
            {"name": "MODEL_VERSION_ID", "value": "#{Model.VersionId}", "type": "PLAINTEXT"},
            {"name": "REVISION", "value": "#{Code.CommitId}", "type": "PLAINTEXT"},
        ]
        return {
            "name": name,
            "category": "Build",
            "owner": "AWS",
            "provider": "CodeBuild",
            "version": "1",
            "run_order": order,
            "input_artifacts": inputs,
            "output_artifacts": outputs,
            "configuration": {
                "ProjectName": project.name,
                "PrimarySource": "code",
                "EnvironmentVariables": json.dumps(variables),
            },
        }

    def _gate_stage(self, gate: aws.codebuild.Project) -> aws.codepipeline.PipelineStageArgsDict:
        actions = [self._run("ModelAgainstProduction", gate, ["code", "images"], [])]
        if self._of.approval:
            actions.append(
                {
                    "name": "Approval",
                    "category": "Approval",
                    "owner": "AWS",
                    "provider": "Manual",
                    "version": "1",
                    "run_order": 2,
                    "configuration": {"CustomData": "Release model #{Model.VersionId} with code #{Code.CommitId}?"},
                }
            )
        return {
            "name": "Gate",
            "actions": actions,
            # What runs now is not well: a release on top of it would hide why.
            "before_entry": {"condition": {"result": "FAIL", "rules": [self._alarm_rule("ProductionIsWell", 0)]}},
        }

    def _deploy_stage(self, deploy: aws.codebuild.Project) -> aws.codepipeline.PipelineStageArgsDict:
        return {
            "name": "Deploy",
            "actions": [self._run("Deploy", deploy, ["code", "images"], [])],
            "on_failure": {"result": "ROLLBACK"},
            "on_success": {"condition": {"result": "ROLLBACK", "rules": [self._alarm_rule("StillWell", WATCH_MINUTES)]}},
        }

    def _alarm_rule(self, name: str, wait_minutes: int) -> Any:
        configuration: dict[str, pulumi.Input[str]] = {"AlarmName": self._of.alarm.name}
        if wait_minutes:
            configuration["WaitTime"] = str(wait_minutes)
        return {
            "name": name,
            "rule_type_id": {"category": "Rule", "owner": "AWS", "provider": "CloudWatchAlarm", "version": "1"},
            "configuration": configuration,
        }

    def _project(
        self, name: str, buildspec: str, rights: pulumi.Output[list[Statement]], compute: str, docker: bool, minutes: int
    ) -> aws.codebuild.Project:
        of = self._of
        log = aws.cloudwatch.LogGroup(name, retention_in_days=LOG_DAYS, opts=self._child)
        statements = pulumi.Output.all(rights, log.arn, of.artifacts.arn).apply(
            lambda all: document(
                [
                    *all[0],
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{all[1]}:*"),
                    allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], f"{all[2]}/*"),
                ]
            )
        )
        made_for = role(name, "codebuild", of.account, statements, self)
        kind, image = BUILD_IMAGES[of.architecture]
        variables: dict[str, pulumi.Input[str]] = {
            "MODEL_BUCKET": of.models.bucket,
            "MODEL_KEY": of.candidate_key,
            "PRODUCTION_KEY": of.production_key,
            "REGISTRY": of.registry,
            "PLATFORM": "linux/arm64" if of.architecture == "ARM64" else "linux/amd64",
            "STACK": of.stack,
            "STATE_BUCKET": of.state_bucket,
            "PULUMI_VERSION": of.pulumi_version,
        }
        return aws.codebuild.Project(
            name,
            service_role=made_for.arn,
            artifacts={"type": "CODEPIPELINE"},
            source={"type": "CODEPIPELINE", "buildspec": buildspec},
            environment={
                "type": kind,
                "image": image,
                "compute_type": compute,
                "privileged_mode": docker,
                "environment_variables": [{"name": key, "value": value} for key, value in variables.items()],
            },
            logs_config={"cloudwatch_logs": {"group_name": log.name}},
            build_timeout=minutes,
            opts=self._child,
        )

    def _model_rights(self, arn: str) -> list[Statement]:
        of = self._of
        candidate, production = f"{arn}/{of.candidate_key}", f"{arn}/{of.production_key}"
        return [
            allow(["s3:GetObject", "s3:GetObjectVersion"], [candidate, production]),
            allow("s3:ListBucket", arn, {"StringLike": {"s3:prefix": [of.candidate_key, of.production_key]}}),
        ]

    def _refuse_rights(self, arn: str) -> list[Statement]:
        of = self._of
        folder = of.production_key.rpartition("/")[0]
        refused = f"{arn}/{folder}/refused/*" if folder else f"{arn}/refused/*"
        return [allow("s3:DeleteObjectVersion", f"{arn}/{of.candidate_key}"), allow("s3:PutObject", refused)]

    def _build_rights(self) -> pulumi.Output[list[Statement]]:
        of = self._of
        repositories = f"arn:aws:ecr:{of.region}:{of.account}:repository/mlops-{of.stack}/*"
        push = [
            "BatchCheckLayerAvailability",
            "BatchGetImage",
            "CompleteLayerUpload",
            "GetDownloadUrlForLayer",
            "InitiateLayerUpload",
            "PutImage",
            "UploadLayerPart",
        ]
        reports = f"arn:aws:codebuild:{of.region}:{of.account}:report-group/*"
        return of.models.arn.apply(
            lambda arn: [
                *self._model_rights(arn),
                *self._refuse_rights(arn),
                allow("ecr:GetAuthorizationToken", "*"),
                allow([f"ecr:{action}" for action in push], repositories),
                allow(
                    [
                        "codebuild:CreateReportGroup",
                        "codebuild:CreateReport",
                        "codebuild:UpdateReport",
                        "codebuild:BatchPutTestCases",
                    ],
                    reports,
                ),
            ]
        )

    def _gate_rights(self) -> pulumi.Output[list[Statement]]:
        of = self._of
        retrain = f"arn:aws:ecr:{of.region}:{of.account}:repository/mlops-{of.stack}/retrain"
        return of.models.arn.apply(
            lambda arn: [
                *self._model_rights(arn),
                *self._refuse_rights(arn),
                allow("ecr:GetAuthorizationToken", "*"),
                allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], retrain),
            ]
        )

    def _deploy_rights(self) -> pulumi.Output[list[Statement]]:
        of = self._of
        prefix = f"mlops-{of.stack}"
        here = f"{of.region}:{of.account}"
        roles = f"arn:aws:iam::{of.account}:role/{prefix}/*"
        role_actions = [
            "CreateRole",
            "DeleteRole",
            "DeleteRolePolicy",
            "GetRole",
            "GetRolePolicy",
            "ListAttachedRolePolicies",
            "ListInstanceProfilesForRole",
            "ListRolePolicies",
            "PutRolePolicy",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
        ]
        passed_to = ["ecs-tasks.amazonaws.com", "scheduler.amazonaws.com"]
        return pulumi.Output.all(of.models.arn, of.queue).apply(
            lambda all: [
                *self._model_rights(all[0]),
                allow("s3:PutObject", f"{all[0]}/{of.production_key}"),
                # A repository lets go of what was only built: what runs is marked.
                allow(["ecr:BatchGetImage", "ecr:PutImage"], f"arn:aws:ecr:{here}:repository/{prefix}/*"),
                # The release is written down by a job, which reaches the database.
                allow("batch:SubmitJob", [all[1], f"arn:aws:batch:{here}:job-definition/{prefix}-retrain-*"]),
                allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"arn:aws:s3:::{of.state_bucket}/*"),
                allow("s3:ListBucket", f"arn:aws:s3:::{of.state_bucket}"),
                allow(
                    ["kms:Decrypt", "kms:Encrypt"],
                    f"arn:aws:kms:{here}:key/*",
                    {"StringLike": {"kms:RequestAlias": "alias/pulumi*"}},
                ),
                allow([f"iam:{action}" for action in role_actions], roles),
                allow("iam:PassRole", roles, {"StringEquals": {"iam:PassedToService": passed_to}}),
                allow(
                    ["batch:RegisterJobDefinition", "batch:DeregisterJobDefinition", "batch:TagResource"],
                    [f"arn:aws:batch:{here}:job-definition/{prefix}-*"],
                ),
                allow("batch:DescribeJobDefinitions", "*"),
                allow(
                    ["scheduler:CreateSchedule", "scheduler:DeleteSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"],
                    f"arn:aws:scheduler:{here}:schedule/{prefix}-*/*",
                ),
                allow(
                    [
                        "scheduler:CreateScheduleGroup",
                        "scheduler:DeleteScheduleGroup",
                        "scheduler:GetScheduleGroup",
                        "scheduler:ListTagsForResource",
                        "scheduler:TagResource",
                    ],
                    f"arn:aws:scheduler:{here}:schedule-group/{prefix}-*",
                ),
                allow(
                    [
                        "logs:CreateLogGroup",
                        "logs:DeleteLogGroup",
                        "logs:ListTagsForResource",
                        "logs:PutRetentionPolicy",
                        "logs:TagResource",
                    ],
                    f"arn:aws:logs:{here}:log-group:{prefix}-*",
                ),
                allow("logs:DescribeLogGroups", "*"),
                allow(
                    [
                        "cloudwatch:DeleteAlarms",
                        "cloudwatch:ListTagsForResource",
                        "cloudwatch:PutMetricAlarm",
                        "cloudwatch:TagResource",
                        "cloudwatch:DescribeAlarms",
                    ],
                    f"arn:aws:cloudwatch:{here}:alarm:{prefix}-*",
                ),
                allow(
                    [
                        "events:DeleteRule",
                        "events:DescribeRule",
                        "events:ListTagsForResource",
                        "events:ListTargetsByRule",
                        "events:PutRule",
                        "events:PutTargets",
                        "events:RemoveTargets",
                        "events:TagResource",
                    ],
                    f"arn:aws:events:{here}:rule/{prefix}-*",
                ),
                allow(
                    [
                        "sqs:CreateQueue",
                        "sqs:DeleteQueue",
                        "sqs:GetQueueAttributes",
                        "sqs:GetQueueUrl",
                        "sqs:ListQueueTags",
                        "sqs:SetQueueAttributes",
                        "sqs:TagQueue",
                    ],
                    f"arn:aws:sqs:{here}:{prefix}-*",
                ),
                allow(
                    ["ecs:CreateService", "ecs:DeleteService", "ecs:DescribeServices", "ecs:TagResource", "ecs:UpdateService"],
                    f"arn:aws:ecs:{here}:service/{prefix}-*/*",
                ),
                *_listener_rights(here, prefix),
                allow("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{here}:task-definition/{prefix}-*:*"),
                allow(["ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition"], "*"),
            ]
        )

    def _pipeline_rights(self, projects: list[aws.codebuild.Project], code: pulumi.Output[list[Statement]]) -> pulumi.Output[str]:
        of = self._of
        return pulumi.Output.all(
            of.artifacts.arn, of.models.arn, code, of.alarm.arn, *[project.arn for project in projects]
        ).apply(
            lambda all: document(
                [
                    allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], f"{all[0]}/*"),
                    allow(["s3:GetBucketVersioning", "s3:GetBucketAcl", "s3:GetBucketLocation"], [all[0], all[1]]),
                    allow(["s3:GetObject", "s3:GetObjectVersion"], f"{all[1]}/{of.candidate_key}"),
                    *all[2],
                    allow(["codebuild:StartBuild", "codebuild:BatchGetBuilds"], all[4:]),
                    allow("cloudwatch:DescribeAlarms", all[3]),
                ]
            )
        )

    def _start_on_upload(self, name: str) -> None:
        of = self._of
        starter = role(
            f"{name}-start",
            "events",
            of.account,
            self.pipeline.arn.apply(lambda arn: document([allow("codepipeline:StartPipelineExecution", arn)])),
            self,
        )
        lost = aws.sqs.Queue(
            f"{name}-uploads-lost", message_retention_seconds=14 * 24 * 3600, sqs_managed_sse_enabled=True, opts=self._child
        )
        pattern = of.models.bucket.apply(
            lambda bucket: json.dumps(
                {
                    "source": ["aws.s3"],
                    "detail-type": ["Object Created"],
                    "detail": {"bucket": {"name": [bucket]}, "object": {"key": [of.candidate_key]}},
                }
            )
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-upload", event_pattern=pattern, description="A model was uploaded", opts=self._child
        )
        version = {"actionName": "Model", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "<version>"}
        aws.cloudwatch.EventTarget(
            f"{name}-upload",
            rule=rule.name,
            arn=self.pipeline.arn,
            role_arn=starter.arn,
            # Without this it would take the newest version, which may be another one by then.
            input_transformer={
                "input_paths": {"version": "$.detail.object.version-id"},
                "input_template": json.dumps({"sourceRevisions": [version]}),
            },
            retry_policy={"maximum_retry_attempts": 8, "maximum_event_age_in_seconds": 3600},
            dead_letter_config={"arn": lost.arn},
            opts=self._child,
        )

        def lost_policy(all: list[str]) -> str:
            statement = {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": all[0],
                "Condition": {"ArnEquals": {"aws:SourceArn": all[1]}},
            }
            return document([statement])

        aws.sqs.QueuePolicy(
            f"{name}-uploads-lost",
            queue_url=lost.url,
            policy=pulumi.Output.all(lost.arn, rule.arn).apply(lost_policy),
            opts=self._child,
        )


def _listener_rights(here: str, prefix: str) -> list[Statement]:
    """To put a service behind the front door; the door itself is not a release's to change."""
    balancing = f"arn:aws:elasticloadbalancing:{here}"
    door, listeners = f"{balancing}:loadbalancer/app/{prefix}-*", f"{balancing}:listener/app/{prefix}-*"
    # Their names have no room for a prefix.
    groups = f"{balancing}:targetgroup/*"

    def do(*actions: str) -> list[str]:
        return [f"elasticloadbalancing:{action}" for action in actions]

    return [
        allow(do("CreateListener"), door),
        allow(do("DeleteListener", "ModifyListener"), listeners),
        allow(do("CreateTargetGroup", "DeleteTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"), groups),
        allow(do("AddTags", "RemoveTags"), [listeners, groups]),
        allow(do("DescribeListeners", "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups"), "*"),
    ]
