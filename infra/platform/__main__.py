"""The stack `platform`."""

import json

import pulumi
import pulumi_aws as aws

from stacks.batch import BatchPlatform
from stacks.door import FrontDoor
from stacks.network import GATEWAYS, Network
from stacks.notifications import Notifications, tell
from stacks.programs import programs
from stacks.registry import ImageRepositories
from stacks.release import ReleaseOf, ReleasePipeline
from stacks.settings import platform_settings
from stacks.storage import Bucket, Database, LogTables

settings = platform_settings()
stack = pulumi.get_stack()
name = f"mlops-{stack}"
account = aws.get_caller_identity().account_id
region = aws.get_region().region
everything = programs()
services = {grant.action.partition(":")[0] for program in everything for grant in program.grants}
candidate_key = f"{settings.model}/candidate/model.pkl"
production_key = f"{settings.model}/model.pkl"

network = Network(name, settings.network, region, sorted(services - set(GATEWAYS) | {"secretsmanager"}), settings.endpoint_zones)
models = Bucket(f"{name}-models", settings.protect, keep_old_days=365, notify=True)
logs = Bucket(f"{name}-logs", settings.protect, keep_old_days=30)
reports = Bucket(f"{name}-reports", settings.protect, keep_old_days=90)
artifacts = Bucket(f"{name}-artifacts", False, keep_old_days=30)
tables = LogTables(name, settings.protect)
repositories = ImageRepositories(name, [program.name for program in everything])
batch = BatchPlatform(name, network, settings.spot, settings.max_vcpus)
ports = [program.port for program in everything if program.kind == "service"]
door = FrontDoor(f"{name}-door", network, settings.allowed_networks, ports) if ports else None
notifications = Notifications(name, account, settings.alarm_emails)
database = None
if settings.database_url_secret is None:
    database = Database(name, network, settings.database_class, settings.multi_az, settings.protect)
failed = tell(
    f"{name}-failed",
    batch.queue.arn.apply(
        lambda queue: json.dumps(
            {
                "source": ["aws.batch"],
                "detail-type": ["Batch Job State Change"],
                "detail": {"status": ["FAILED"], "jobQueue": [queue]},
            }
        )
    ),
    notifications.topic.arn,
    "A job failed, after all its attempts",
    notifications,
)
tell(
    f"{name}-blocked",
    batch.queue.arn.apply(
        lambda queue: json.dumps({"source": ["aws.batch"], "detail-type": ["Batch Job Queue Blocked"], "resources": [queue]})
    ),
    notifications.topic.arn,
    "The job queue is blocked",
    notifications,
)
# What a release looks at, before and after. AWS Batch counts no failures itself; the rule that hears of them does.
failing = aws.cloudwatch.MetricAlarm(
    f"{name}-jobs-fail",
    alarm_description="Jobs failed in the last half hour",
    namespace="AWS/Events",
    metric_name="MatchedEvents",
    dimensions={"RuleName": failed.name},
    statistic="Sum",
    period=1800,
    evaluation_periods=1,
    threshold=1,
    comparison_operator="GreaterThanOrEqualToThreshold",
    treat_missing_data="notBreaching",
)
pipeline = ReleasePipeline(
    name,
    ReleaseOf(
        stack=stack,
        account=account,
        region=region,
        models=models.bucket,
        artifacts=artifacts.bucket,
        candidate_key=candidate_key,
        production_key=production_key,
        registry=f"{account}.dkr.ecr.{region}.amazonaws.com/{name}",
        queue=batch.queue.arn,
        topic=notifications.topic.arn,
        alarm=failing,
        architecture=settings.architecture,
        source=settings.source,
        repository=settings.repository,
        branch=settings.branch,
        approval=settings.approval,
        state_bucket=settings.state_bucket,
        pulumi_version=settings.pulumi_version,
    ),
)

pulumi.export(
    "platform",
    {
        "architecture": settings.architecture,
        "models": pulumi.Output.concat("s3://", models.bucket.bucket, "/", settings.model),
        "production_model": pulumi.Output.concat(models.bucket.arn, "/", production_key),
        "logs": pulumi.Output.concat("s3://", logs.bucket.bucket, "/", settings.model),
        "dead_letters": pulumi.Output.concat("s3://", logs.bucket.bucket, "/", settings.model, "-dead-letters"),
        "reports": pulumi.Output.concat("s3://", reports.bucket.bucket, "/", settings.model),
        "log_table": tables.logs.name,
        "watermark_table": tables.watermark.name,
        "queue": batch.queue.arn,
        "topic": notifications.topic.arn,
        "vpc": network.vpc.id,
        "subnets": [subnet.id for subnet in network.containers],
        "security_group": network.jobs.id,
        "assign_public_ip": network.assign_public_ip,
        "cluster": door.cluster.arn if door else None,
        "balancer": door.balancer.arn if door else None,
        "address": door.balancer.dns_name if door else None,
        "repositories": {program: repository.repository_url for program, repository in repositories.repositories.items()},
        "repository_arns": {program: repository.arn for program, repository in repositories.repositories.items()},
        "database_url": database.instance.endpoint.apply(lambda endpoint: f"mysql://mlops@{endpoint}/mlops")
        if database
        else None,
        "database_secret": database.instance.master_user_secrets[0].secret_arn if database else settings.database_url_secret,
    },
)
