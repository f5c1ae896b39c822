"""A program that serves, behind a load balancer that only the company's own networks reach."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks.job import RunningProgram, Surroundings
from stacks.programs import Program

# The one folder that such a program may write to, gone with the container.
SPOOL = "/spool"


class FrontDoor(pulumi.ComponentResource):
    """An internal load balancer for all services, each at its own port."""

    def __init__(
        self,
        name: str,
        vpc: pulumi.Input[str],
        subnets: pulumi.Input[list[str]],
        allowed: list[str],
        ports: list[int],
        containers: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlops:jobs:FrontDoor", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.security = aws.ec2.SecurityGroup(name, vpc_id=vpc, description="Who may use the services", opts=child)
        for port in ports:
            for number, block in enumerate(allowed):
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-{port}-{number}",
                    security_group_id=self.security.id,
                    cidr_ipv4=block,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    opts=child,
                )
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{port}",
                security_group_id=self.security.id,
                referenced_security_group_id=containers,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{port}-containers",
                security_group_id=containers,
                referenced_security_group_id=self.security.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=child,
            )
        self.balancer = aws.lb.LoadBalancer(
            name,
            internal=True,
            load_balancer_type="application",
            subnets=subnets,
            security_groups=[self.security.id],
            drop_invalid_header_fields=True,
            opts=child,
        )
        self.register_outputs({})


class WebService(RunningProgram):
    """A service of Amazon ECS on Fargate; a release that does not get well is taken back by ECS itself."""

    def __init__(
        self,
        program: Program,
        image: pulumi.Input[str],
        repository_arn: pulumi.Input[str],
        environment: pulumi.Output[dict[str, str]],
        secrets: pulumi.Output[dict[str, str]],
        around: Surroundings,
        cluster: aws.ecs.Cluster,
        door: FrontDoor,
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
            load_balancer_arn=door.balancer.arn,
            port=program.port,
            protocol="HTTPS" if certificate else "HTTP",
            certificate_arn=certificate,
            ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06" if certificate else None,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            opts=child,
        )
        aws.ecs.Service(
            name,
            cluster=cluster.arn,
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
            "stopTimeout": 30,
        }
        return json.dumps([definition])
