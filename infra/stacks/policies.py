"""IAM: who may take a role, and what it then may do."""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

import pulumi
import pulumi_aws as aws

from stacks.programs import Program

TEXT = "sns:Publish"

Statement: TypeAlias = dict[str, Any]


def allow(actions: str | list[str], resources: str | list[str], condition: dict[str, Any] | None = None) -> Statement:
    """The right to do `actions` to `resources`."""
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return statement if condition is None else {**statement, "Condition": condition}


def document(statements: Sequence[Statement]) -> str:
    """A policy's text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, account: str) -> str:
    """Lets a service of AWS take a role, for what it does in this account."""
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ]
    )


def role(
    name: str,
    service: str,
    account: str,
    statements: pulumi.Input[str],
    parent: pulumi.Resource,
    path: str = "/",
) -> aws.iam.Role:
    """A role that `service` takes, with one policy."""
    options = pulumi.ResourceOptions(parent=parent)
    made = aws.iam.Role(name, assume_role_policy=trust(service, account), path=path, opts=options)
    aws.iam.RolePolicy(name, role=made.id, policy=statements, opts=pulumi.ResourceOptions(parent=made))
    return made


def resources(kind: str, value: str, account: str, region: str) -> list[str]:
    """The ARNs of what `value`, an argument of a program, names as a resource of the IAM kind `kind`."""
    match kind:
        case "*":
            return ["*"]
        case "bucket":
            return [f"arn:aws:s3:::{split_s3(value)[0]}"]
        case "object":
            bucket, prefix = split_s3(value)
            return (
                [f"arn:aws:s3:::{bucket}/{prefix}", f"arn:aws:s3:::{bucket}/{prefix}/*"]
                if prefix
                else [f"arn:aws:s3:::{bucket}/*"]
            )
        case "table":
            return [f"arn:aws:dynamodb:{region}:{account}:table/{value.removeprefix('dynamodb://')}"]
        case "job-definition":
            # A definition without a revision is not covered by the name alone.
            return [value, f"{value}:*"]
        case "secret":
            # AWS appends six characters to a name.
            return [value if value.startswith("arn:") else f"arn:aws:secretsmanager:{region}:{account}:secret:{value}-??????"]
        case _ if value.startswith("arn:"):
            return [value]
        case _:
            raise ValueError(f"`{value}` is no {kind} that a policy could name; write its ARN")


def split_s3(value: str) -> tuple[str, str]:
    """Bucket and prefix of an address."""
    if not value.startswith("s3://"):
        raise ValueError(f"`{value}` is no address in S3; write s3://BUCKET/PREFIX")
    bucket, _, prefix = value.removeprefix("s3://").partition("/")
    return bucket, prefix.strip("/")


def of_program(program: Program, environment: dict[str, str], production_model: str, account: str, region: str) -> str:
    """What a program's role may do: its grants, on what its variables name. Nobody but a release replaces the model in production."""
    statements: list[Statement] = []
    for grant in program.grants:
        value = environment.get(grant.variable)
        if value is None or (grant.when is not None and grant.when not in environment):
            continue
        if grant.on in ("bucket", "object") and not value.startswith("s3://"):
            # The name of a table, or a folder: nothing of S3.
            continue
        for address in value.split(",") if value.startswith("s3://") else [value]:
            condition = None
            if grant.on == "bucket":
                prefix = split_s3(address)[1]
                condition = {"StringLike": {"s3:prefix": [prefix, f"{prefix}/*"]}} if prefix else None
            statement = allow(grant.action, resources(grant.on, address, account, region), condition)
            if statement not in statements:
                statements.append(statement)
    if any(statement["Action"] == TEXT for statement in statements):
        # A telephone is no resource; topics are, and are not meant.
        statements.append({"Effect": "Deny", "Action": TEXT, "Resource": "arn:aws:sns:*:*:*"})
    # Also where a program has no right at all: IAM takes no policy that says nothing.
    statements.append({"Effect": "Deny", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": production_model})
    return document(statements)
