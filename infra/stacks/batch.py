"""Where jobs run."""

import pulumi
import pulumi_aws as aws

from stacks.network import Network

# A job that cannot be placed in so long will not be placed: no vCPU left, no such image architecture.
UNPLACEABLE_SECONDS = 3600


class BatchPlatform(pulumi.ComponentResource):
    """A queue of AWS Batch over Fargate."""

    def __init__(
        self, name: str, network: Network, spot: bool, max_vcpus: int, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mlops:platform:BatchPlatform", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.environment = aws.batch.ComputeEnvironment(
            name,
            # A prefix, not a name: one that is replaced stands beside its successor for a while.
            name_prefix=f"{name}-",
            type="MANAGED",
            compute_resources={
                "type": "FARGATE_SPOT" if spot else "FARGATE",
                "max_vcpus": max_vcpus,
                "subnets": [subnet.id for subnet in network.containers],
                "security_group_ids": [network.jobs.id],
            },
            opts=child,
        )
        self.queue = aws.batch.JobQueue(
            name,
            state="ENABLED",
            priority=1,
            compute_environment_orders=[{"order": 1, "compute_environment": self.environment.arn}],
            job_state_time_limit_actions=[
                {"action": "CANCEL", "state": "RUNNABLE", "max_time_seconds": UNPLACEABLE_SECONDS, "reason": reason}
                for reason in (
                    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
                    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
                    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
                )
            ],
            opts=child,
        )
        self.register_outputs({})
