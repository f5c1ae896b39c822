"""Deploy: the stack `jobs`, watched by the alarm of production."""

import pulumi
import pulumi_aws as aws

from stacks.policies import Statement, allow
from stacks.release.alarm import alarm_rule
from stacks.release.release_of import ReleaseOf
from stacks.release.project import run
from stacks.release.rights import model_rights

# How long a release is watched before it counts as good.
WATCH_MINUTES = 30


def deploy_stage(of: ReleaseOf, deploy: aws.codebuild.Project) -> aws.codepipeline.PipelineStageArgsDict:
    return {
        "name": "Deploy",
        "actions": [run("Deploy", deploy, ["code", "images"], [])],
        "on_failure": {"result": "ROLLBACK"},
        "on_success": {"condition": {"result": "ROLLBACK", "rules": [alarm_rule(of, "StillWell", WATCH_MINUTES)]}},
    }


def deploy_rights(of: ReleaseOf) -> pulumi.Output[list[Statement]]:
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
            *model_rights(of, all[0]),
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
