"""The stack `jobs`: everything that a release changes."""

from typing import Any

import pulumi
import pulumi_aws as aws

from stacks import places
from stacks.job import MonitoredJob, Surroundings
from stacks.policies import document
from stacks.programs import Program, programs
from stacks.service import WebService
from stacks.settings import jobs_settings

settings = jobs_settings()
name = f"mlops-{pulumi.get_stack()}"
account = aws.get_caller_identity().account_id
region = aws.get_region().region
platform: pulumi.Output[dict[str, Any]] = pulumi.StackReference(settings.platform).require_output("platform")
running = [program for program in programs() if program.kind != "tool" and program.name not in settings.without]
unknown = {*settings.without, *settings.settings, *settings.secrets} - {program.name for program in programs()}
if unknown:
    raise ValueError(f"the configuration names {', '.join(sorted(unknown))}, which are no programs")

group = aws.scheduler.ScheduleGroup(name)
lost = aws.sqs.Queue(f"{name}-lost", message_retention_seconds=14 * 24 * 3600, sqs_managed_sse_enabled=True)


def lost_policy(arn: str) -> str:
    """Only the scheduler of this account leaves something there."""
    condition = {"StringEquals": {"aws:SourceAccount": account}}
    principal = {"Service": "scheduler.amazonaws.com"}
    return document(
        [{"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn, "Condition": condition}]
    )


aws.sqs.QueuePolicy(f"{name}-lost", queue_url=lost.url, policy=lost.arn.apply(lost_policy))
aws.cloudwatch.MetricAlarm(
    f"{name}-lost",
    alarm_description="A job could not be started by its schedule; the queue has the reason",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": lost.name},
    statistic="Maximum",
    period=300,
    evaluation_periods=1,
    threshold=1,
    comparison_operator="GreaterThanOrEqualToThreshold",
    treat_missing_data="notBreaching",
    alarm_actions=[platform["topic"]],
)
around = Surroundings(
    name=name,
    account=account,
    region=region,
    timezone=settings.timezone,
    schedules=settings.schedules,
    log_days=settings.log_days,
    architecture=platform["architecture"],
    assign_public_ip=platform["assign_public_ip"],
    queue=platform["queue"],
    topic=platform["topic"],
    production_model=platform["production_model"],
    group=group,
    lost=lost,
)


def image(program: Program) -> pulumi.Output[str]:
    """The image of a release, by its digest; before the first release there is none to run."""
    digest = settings.images.get(program.name, "sha256:" + "0" * 64)
    return pulumi.Output.concat(platform["repositories"][program.name], "@", digest)


def variables(program: Program, more: dict[str, pulumi.Input[str]]) -> pulumi.Output[dict[str, str]]:
    """The environment of a program."""
    own = settings.settings.get(program.name, {})
    return pulumi.Output.all(platform, pulumi.Output.from_input(more)).apply(
        lambda all: {**places.environment(program, all[0], own), **all[1]}
    )


def secrets(program: Program) -> pulumi.Output[dict[str, str]]:
    """Its secrets."""
    return platform.apply(lambda made: places.secrets(program, made, settings.secrets.get(program.name, {})))


def job(program: Program, more: dict[str, pulumi.Input[str]]) -> MonitoredJob:
    """One job."""
    arn = platform["repository_arns"][program.name]
    return MonitoredJob(program, image(program), arn, variables(program, more), secrets(program), around)


retrain = next((job(program, {}) for program in running if program.name == "retrain"), None)
asks_for: dict[str, pulumi.Input[str]] = {} if retrain is None else {"MLOPS_RETRAIN_DEFINITION": retrain.definition.arn_prefix}
for program in running:
    if program.kind == "job" and program.name != "retrain":
        job(program, asks_for if "MLOPS_RETRAIN_DEFINITION" in program.variables else {})

# By which a release, which reaches no database, is written down; an output that is None would not be there at all.
pulumi.export("recorder", {"queue": platform["queue"], "definition": retrain.definition.name} if retrain else {})

for program in running:
    if program.kind == "service":
        WebService(
            program,
            image(program),
            platform["repository_arns"][program.name],
            variables(program, {}),
            secrets(program),
            around,
            platform["cluster"],
            platform["balancer"],
            platform["vpc"],
            platform["subnets"],
            platform["security_group"],
            settings.certificate,
        )
