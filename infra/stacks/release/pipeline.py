"""From an uploaded model, or a change of the code, to production: CodePipeline with CodeBuild."""

import json

import pulumi
import pulumi_aws as aws

from stacks.notifications import tell
from stacks.policies import Statement, allow, document, role
from stacks.release.build import build_rights
from stacks.release.deploy import deploy_rights, deploy_stage
from stacks.release.gate import gate_rights, gate_stage
from stacks.release.release_of import ReleaseOf
from stacks.release.project import project, run
from stacks.release.source import code_source, model_source
from stacks.release.trigger import start_on_upload


class ReleasePipeline(pulumi.ComponentResource):
    """Source, Build, Gate, Deploy.

    An upload of the candidate starts it with that very version. It changes the stack `jobs` only: a pipeline that changed itself
    would forget what it could go back to.
    """

    def __init__(self, name: str, of: ReleaseOf, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:platform:ReleasePipeline", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        large, small = "BUILD_GENERAL1_LARGE", "BUILD_GENERAL1_SMALL"
        build = project(f"{name}-build", of, "buildspec.yml", build_rights(of), large, True, 90, self)
        gate = project(f"{name}-gate", of, "infra/release/gate.yml", gate_rights(of), small, True, 15, self)
        deploy = project(f"{name}-deploy", of, "infra/release/deploy.yml", deploy_rights(of), small, False, 60, self)
        code, code_rights = code_source(name, of, child)
        pipeline_role = role(
            f"{name}-pipeline", "codepipeline", of.account, pipeline_rights(of, [build, gate, deploy], code_rights), self
        )
        self.pipeline = aws.codepipeline.Pipeline(
            name,
            pipeline_type="V2",
            # One after the other: a release that was overtaken would be watched by nobody.
            execution_mode="QUEUED",
            role_arn=pipeline_role.arn,
            artifact_stores=[{"type": "S3", "location": of.artifacts.bucket}],
            stages=[
                {"name": "Source", "actions": [code, model_source(of)]},
                {"name": "Build", "actions": [run("Build", build, ["code"], ["images"])]},
                gate_stage(of, gate),
                deploy_stage(of, deploy),
            ],
            opts=child,
        )
        start_on_upload(name, of, self.pipeline, self)
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


def pipeline_rights(
    of: ReleaseOf, projects: list[aws.codebuild.Project], code: pulumi.Output[list[Statement]]
) -> pulumi.Output[str]:
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
