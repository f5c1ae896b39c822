"""Permissions that several steps have on the models."""

from stacks.policies import Statement, allow
from stacks.release.release_of import ReleaseOf


def model_rights(of: ReleaseOf, arn: str) -> list[Statement]:
    candidate, production = f"{arn}/{of.candidate_key}", f"{arn}/{of.production_key}"
    return [
        allow(["s3:GetObject", "s3:GetObjectVersion"], [candidate, production]),
        allow("s3:ListBucket", arn, {"StringLike": {"s3:prefix": [of.candidate_key, of.production_key]}}),
    ]


def refuse_rights(of: ReleaseOf, arn: str) -> list[Statement]:
    folder = of.production_key.rpartition("/")[0]
    refused = f"{arn}/{folder}/refused/*" if folder else f"{arn}/refused/*"
    return [allow("s3:DeleteObjectVersion", f"{arn}/{of.candidate_key}"), allow("s3:PutObject", refused)]
