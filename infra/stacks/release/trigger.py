"""The start of the pipeline, by an upload."""

import json

import pulumi
import pulumi_aws as aws

from stacks.policies import allow, document, role
from stacks.release.release_of import ReleaseOf


def start_on_upload(name: str, of: ReleaseOf, pipeline: aws.codepipeline.Pipeline, parent: pulumi.Resource) -> None:
    """An upload of the candidate starts the pipeline with that very version."""
    opts = pulumi.ResourceOptions(parent=parent)
    starter = role(
        f"{name}-start",
        "events",
        of.account,
        pipeline.arn.apply(lambda arn: document([allow("codepipeline:StartPipelineExecution", arn)])),
        parent,
    )
    lost = aws.sqs.Queue(
        f"{name}-uploads-lost", message_retention_seconds=14 * 24 * 3600, sqs_managed_sse_enabled=True, opts=opts
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
        f"{name}-upload", event_pattern=pattern, description="A model was uploaded", opts=opts
    )
    version = {"actionName": "Model", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": "<version>"}
    aws.cloudwatch.EventTarget(
        f"{name}-upload",
        rule=rule.name,
        arn=pipeline.arn,
        role_arn=starter.arn,
        # Without this it would take the newest version, which may be another one by then.
        input_transformer={
            "input_paths": {"version": "$.detail.object.version-id"},
            "input_template": json.dumps({"sourceRevisions": [version]}),
        },
        retry_policy={"maximum_retry_attempts": 8, "maximum_event_age_in_seconds": 3600},
        dead_letter_config={"arn": lost.arn},
        opts=opts,
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
        opts=opts,
    )
