"""Build: tests, images with the model, and their upload."""

import pulumi

from stacks.policies import Statement, allow
from stacks.release.release_of import ReleaseOf
from stacks.release.rights import model_rights, refuse_rights


def build_rights(of: ReleaseOf) -> pulumi.Output[list[Statement]]:
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
            *model_rights(of, arn),
            *refuse_rights(of, arn),
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
