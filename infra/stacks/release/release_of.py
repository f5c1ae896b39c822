"""What a pipeline releases, and to which account."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class ReleaseOf:
    """What a pipeline releases, and to which account."""

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
