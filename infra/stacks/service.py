"""A program that serves, behind the front door."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks.job import RunningProgram, Surroundings
from stacks.programs import Program

# Where an image has its program.
PROGRAM = "/program"

# What every program that serves answers of itself; its image holds nothing else that could ask.
HEALTH = "health"

# The one folder that such a program may write to, gone with the container.
SPOOL = "/spool"


class WebService(RunningProgram):
    """A service of Amazon ECS on Fargate, and its scheduled runs; a release that does not get well is taken back by ECS itself."""

    def __init__(
        self,
        program: Program,
        image: pulumi.Input[str],
        repository_arn: pulumi.Input[str],
        environment: pulumi.Output[dict[str, str]],
        secrets: pulumi.Output[dict[str, str]],
        around: Surroundings,
        cluster: pulumi.Input[str],
        balancer: pulumi.Input[str],
        vpc: pulumi.Input[str],
        subnets: pulumi.Input[list[str]],
        containers: pulumi.Input[str],
        certificate: str | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("WebService", program, image, repository_arn, environment, secrets, around, opts)
        name = f"{around.name}-{program.name}"
        child = pulumi.ResourceOptions(parent=self)
        task = aws.ecs.TaskDefinition(
            name,
            family=name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(program.cpu_units),
            memory=str(program.memory_mib),
            task_role_arn=self.role.arn,
            execution_role_arn=self.execution_role.arn,
            runtime_platform={"cpu_architecture": around.architecture, "operating_system_family": "LINUX"},
            volumes=[{"name": "spool"}],
            container_definitions=self.container().apply(self._definitions),
            opts=child,
        )
        group = aws.lb.TargetGroup(
            name,
            # Names of target groups have at most 32 characters.
            name_prefix=f"{program.name[:5]}-",
            vpc_id=vpc,
            port=program.port,
            protocol="HTTP",
            target_type="ip",
            deregistration_delay=30,
            health_check={
                "path": program.health,
                "matcher": "200",
                "interval": 15,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=child,
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer,
            port=program.port,
            protocol="HTTPS" if certificate else "HTTP",
            certificate_arn=certificate,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if certificate else None,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            opts=child,
        )
        aws.ecs.Service(
            name,
            cluster=cluster,
            task_definition=task.arn,
            launch_type="FARGATE",
            desired_count=2,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            network_configuration={
                "subnets": subnets,
                "security_groups": [containers],
                "assign_public_ip": around.assign_public_ip,
            },
            load_balancers=[{"target_group_arn": group.arn, "container_name": program.name, "container_port": program.port}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[listener]),
        )
        if program.schedules:
            self.batch_definition()
        self.register_outputs({})

    def _definitions(self, container: dict[str, Any]) -> str:
        program = self.program
        definition = {
            **container,
            "name": program.name,
            "essential": True,
            "command": list(program.command),
            "portMappings": [{"containerPort": program.port, "protocol": "tcp"}],
            "mountPoints": [{"sourceVolume": "spool", "containerPath": SPOOL, "readOnly": False}],
            "linuxParameters": {"initProcessEnabled": True},
            # A process that hangs is replaced, whether or not the load balancer may reach it.
            "healthCheck": {
                "command": ["CMD", PROGRAM, HEALTH],
                "interval": 15,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 30,
            },
            "stopTimeout": 30,
        }
        return json.dumps([definition])
