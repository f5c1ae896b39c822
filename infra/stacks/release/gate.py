"""Gate: the candidate against the model in production, and an approval."""

import pulumi
import pulumi_aws as aws

from stacks.policies import Statement, allow
from stacks.release.alarm import alarm_rule
from stacks.release.release_of import ReleaseOf
from stacks.release.project import run
from stacks.release.rights import model_rights, refuse_rights


def gate_stage(of: ReleaseOf, gate: aws.codebuild.Project) -> aws.codepipeline.PipelineStageArgsDict:
    actions = [run("ModelAgainstProduction", gate, ["code", "images"], [])]
    if of.approval:
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
        "before_entry": {"condition": {"result": "FAIL", "rules": [alarm_rule(of, "ProductionIsWell", 0)]}},
    }


def gate_rights(of: ReleaseOf) -> pulumi.Output[list[Statement]]:
    retrain = f"arn:aws:ecr:{of.region}:{of.account}:repository/mlops-{of.stack}/retrain"
    return of.models.arn.apply(
        lambda arn: [
            *model_rights(of, arn),
            *refuse_rights(of, arn),
            allow("ecr:GetAuthorizationToken", "*"),
            allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], retrain),
        ]
    )
