"""The two sources: the code, and the uploaded model."""

import pulumi
import pulumi_aws as aws

from stacks.policies import Statement, allow
from stacks.release.release_of import ReleaseOf


def code_source(
    name: str, of: ReleaseOf, opts: pulumi.ResourceOptions
) -> tuple[aws.codepipeline.PipelineStageActionArgsDict, pulumi.Output[list[Statement]]]:
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
        connection = aws.codeconnections.Connection(name, provider_type="GitHub", opts=opts)
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


def model_source(of: ReleaseOf) -> aws.codepipeline.PipelineStageActionArgsDict:
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
            "S3Bucket": of.models.bucket,
            "S3ObjectKey": of.candidate_key,
            "PollForSourceChanges": "false",
        },
    }
