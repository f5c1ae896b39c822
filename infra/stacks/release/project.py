"""Projects of CodeBuild, and their actions in the pipeline."""

import json

import pulumi
import pulumi_aws as aws

from stacks.policies import Statement, allow, document, role
from stacks.release.release_of import ReleaseOf

# Ubuntu with Docker, for the architecture that images are built for.
BUILD_IMAGES = {
    "ARM64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "X86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}
LOG_DAYS = 90


def project(
    name: str,
    of: ReleaseOf,
    buildspec: str,
    rights: pulumi.Output[list[Statement]],
    compute: str,
    docker: bool,
    minutes: int,
    parent: pulumi.Resource,
) -> aws.codebuild.Project:
    opts = pulumi.ResourceOptions(parent=parent)
    log = aws.cloudwatch.LogGroup(name, retention_in_days=LOG_DAYS, opts=opts)
    statements = pulumi.Output.all(rights, log.arn, of.artifacts.arn).apply(
        lambda all: document(
            [
                *all[0],
                allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{all[1]}:*"),
                allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], f"{all[2]}/*"),
            ]
        )
    )
    made_for = role(name, "codebuild", of.account, statements, parent)
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
        opts=opts,
    )


def run(
    name: str, project: aws.codebuild.Project, inputs: list[str], outputs: list[str], order: int = 1
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
