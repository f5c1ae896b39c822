"""A program, run."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks.policies import allow, document, of_program, role
from stacks.programs import Program, Schedule

USER = "65532:65532"

ATTEMPTS = 3
MINUTE = 60
DAY = 24 * 60 * MINUTE


@dataclass(frozen=True)
class Surroundings:
    """Where programs run: what `platform` made, and what is said for all of them."""

    name: str
    account: str
    region: str
    timezone: str
    schedules: bool
    log_days: int
    architecture: pulumi.Output[str]
    assign_public_ip: pulumi.Output[bool]
    queue: pulumi.Output[str]
    topic: pulumi.Output[str]
    production_model: pulumi.Output[str]
    group: aws.scheduler.ScheduleGroup
    lost: aws.sqs.Queue


class RunningProgram(pulumi.ComponentResource):
    """What jobs and services share: roles, a log, an environment, and what AWS Batch runs of it."""

    def __init__(
        self,
        kind: str,
        program: Program,
        image: pulumi.Input[str],
        repository_arn: pulumi.Input[str],
        environment: pulumi.Output[dict[str, str]],
        secrets: pulumi.Output[dict[str, str]],
        around: Surroundings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = f"{around.name}-{program.name}"
        super().__init__(f"mlops:jobs:{kind}", name, None, opts)
        self.program = program
        self.around = around
        self.log = aws.cloudwatch.LogGroup(name, retention_in_days=around.log_days, opts=pulumi.ResourceOptions(parent=self))
        self.environment = environment
        self.secrets = secrets
        self.image = pulumi.Output.from_input(image)
        path = f"/{around.name}/"
        rights = pulumi.Output.all(self.environment, around.production_model).apply(
            lambda all: of_program(program, all[0], all[1], around.account, around.region)
        )
        self.role = role(name, "ecs-tasks", around.account, rights, self, path)
        execution = pulumi.Output.all(repository_arn, self.log.arn, self.secrets).apply(
            lambda all: _execution_rights(all[0], all[1], all[2])
        )
        self.execution_role = role(f"{name}-start", "ecs-tasks", around.account, execution, self, path)

    def batch_definition(self) -> aws.batch.JobDefinition:
        """The program as a job of AWS Batch, with its schedules, and an alarm for when they have gone silent."""
        program, name = self.program, f"{self.around.name}-{self.program.name}"
        definition = aws.batch.JobDefinition(
            name,
            type="container",
            platform_capabilities=["FARGATE"],
            container_properties=self._container_properties(),
            retry_strategy={"attempts": ATTEMPTS, "evaluate_on_exits": _retry_rules(program)},
            timeout={"attempt_duration_seconds": program.timeout_minutes * MINUTE},
            propagate_tags=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for schedule in program.schedules:
            self._start(f"{name}-{schedule.name}", definition, schedule)
        if program.schedules and self.around.schedules:
            self._listen(name)
        return definition

    def container(self) -> pulumi.Output[dict[str, Any]]:
        """What the definition of a job and of a task have in common."""
        around, program = self.around, self.program

        def build(all: list[Any]) -> dict[str, Any]:
            image, environment, secrets, group = all
            return {
                "image": image,
                "readonlyRootFilesystem": True,
                "user": USER,
                "environment": [{"name": key, "value": value} for key, value in sorted(environment.items())],
                "secrets": [{"name": key, "valueFrom": value} for key, value in sorted(secrets.items())],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": group, "awslogs-region": around.region, "awslogs-stream-prefix": program.name},
                },
            }

        return pulumi.Output.all(self.image, self.environment, self.secrets, self.log.name).apply(build)

    def _container_properties(self) -> pulumi.Output[str]:
        program = self.program

        def build(all: list[Any]) -> str:
            container, job_role, execution_role, architecture, public = all
            properties = {
                **container,
                "jobRoleArn": job_role,
                "executionRoleArn": execution_role,
                "resourceRequirements": [
                    {"type": "VCPU", "value": f"{program.cpu_units / 1024:g}"},
                    {"type": "MEMORY", "value": str(program.memory_mib)},
                ],
                "runtimePlatform": {"cpuArchitecture": architecture, "operatingSystemFamily": "LINUX"},
                "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
                "networkConfiguration": {"assignPublicIp": "ENABLED" if public else "DISABLED"},
                "linuxParameters": {"initProcessEnabled": True},
            }
            return json.dumps(properties)

        around = self.around
        return pulumi.Output.all(
            self.container(), self.role.arn, self.execution_role.arn, around.architecture, around.assign_public_ip
        ).apply(build)

    def _start(self, name: str, definition: aws.batch.JobDefinition, schedule: Schedule) -> None:
        around = self.around
        rights = pulumi.Output.all(around.queue, definition.arn_prefix).apply(
            lambda all: document([allow("batch:SubmitJob", [all[0], all[1], f"{all[1]}:*"])])
        )
        starter = role(
            name,
            "scheduler",
            around.account,
            pulumi.Output.all(rights, around.lost.arn).apply(_and_send),
            self,
            f"/{around.name}/",
        )
        aws.scheduler.Schedule(
            name,
            group_name=around.group.name,
            description=self.program.about,
            schedule_expression=schedule.at,
            schedule_expression_timezone=around.timezone,
            flexible_time_window={"mode": "OFF"},
            state="ENABLED" if around.schedules else "DISABLED",
            target={
                "arn": "arn:aws:scheduler:::aws-sdk:batch:submitJob",
                "role_arn": starter.arn,
                "input": pulumi.Output.all(around.queue, definition.arn_prefix).apply(
                    lambda all: json.dumps(
                        {
                            "JobName": f"{self.program.name}-{schedule.name}",
                            "JobQueue": all[0],
                            # Without a revision: the newest one, whatever it is by then.
                            "JobDefinition": all[1],
                            "ContainerOverrides": {"Command": schedule.command},
                        }
                    )
                ),
                "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 3600},
                "dead_letter_config": {"arn": around.lost.arn},
            },
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _listen(self, name: str) -> None:
        """A job that is never started fails no run. The program says when it completed (`--metrics`); the alarm hears that it does not."""
        period = min(interval_seconds(schedule.at) for schedule in self.program.schedules)
        aws.cloudwatch.MetricAlarm(
            f"{name}-silent",
            alarm_description=f"{self.program.name} has not completed when it should have",
            namespace="mlops",
            metric_name="completed",
            dimensions={"job": self.program.name},
            statistic="Sum",
            period=min(period, DAY),
            # An hourly job may miss two.
            evaluation_periods=1 if period >= DAY else 3,
            threshold=1,
            comparison_operator="LessThanThreshold",
            treat_missing_data="breaching",
            alarm_actions=[self.around.topic],
            ok_actions=[self.around.topic],
            opts=pulumi.ResourceOptions(parent=self),
        )


class MonitoredJob(RunningProgram):
    """A job of AWS Batch."""

    def __init__(
        self,
        program: Program,
        image: pulumi.Input[str],
        repository_arn: pulumi.Input[str],
        environment: pulumi.Output[dict[str, str]],
        secrets: pulumi.Output[dict[str, str]],
        around: Surroundings,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("MonitoredJob", program, image, repository_arn, environment, secrets, around, opts)
        self.definition = self.batch_definition()
        self.register_outputs({})


def _execution_rights(repository: str, log: str, secrets: dict[str, str]) -> str:
    statements = [
        allow("ecr:GetAuthorizationToken", "*"),
        allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], repository),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"{log}:*"),
    ]
    # `ARN:key::` takes one key of a secret.
    arns = sorted({re.sub(r":[^:]*:[^:]*:[^:]*$", "", arn) if arn.endswith("::") else arn for arn in secrets.values()})
    if arns:
        statements.append(allow("secretsmanager:GetSecretValue", arns))
    return document(statements)


def _retry_rules(program: Program) -> list[aws.batch.JobDefinitionRetryStrategyEvaluateOnExitArgsDict]:
    return [
        *[_retried(code) for code in program.retried_exits],
        # Not the program's doing: the image could not be pulled, the network was not there.
        {"action": "RETRY", "on_status_reason": "Task failed to start*"},
        # Without it whatever fits none of these would be tried again.
        {"action": "EXIT", "on_reason": "*"},
    ]


def _retried(code: int) -> aws.batch.JobDefinitionRetryStrategyEvaluateOnExitArgsDict:
    """The program says itself that another attempt may end otherwise."""
    return {"action": "RETRY", "on_exit_code": str(code)}


def _and_send(all: list[str]) -> str:
    """The rights in `all[0]`, and to leave what could not be started in the queue `all[1]`."""
    statements = json.loads(all[0])["Statement"]
    return document([*statements, allow("sqs:SendMessage", all[1])])


def interval_seconds(at: str) -> int:
    """How often a schedule comes: `rate(10 minutes)`, or a cron expression of each hour or rarer."""
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", at):
        return int(found[1]) * {"minute": MINUTE, "hour": 60 * MINUTE, "day": DAY}[found[2]]
    found = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) \S+\)", at)
    if not found:
        raise ValueError(f"`{at}` is no schedule; write rate(10 minutes) or cron(0 5 * * ? *)")
    minute, hour, day, _, weekday = found.groups()
    if step := re.fullmatch(r"(?:\*|0)/(\d+)", minute):
        return int(step[1]) * MINUTE
    if hour == "*":
        return 60 * MINUTE
    return DAY if day in ("*", "?") and weekday in ("*", "?") else 7 * DAY
