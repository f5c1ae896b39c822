"""The way in to programs that serve, for the networks that are named and nobody else."""

import pulumi
import pulumi_aws as aws

from stacks.network import Network


class FrontDoor(pulumi.ComponentResource):
    """An internal load balancer for all services, each at its own port, and the cluster that they run in."""

    def __init__(
        self,
        name: str,
        network: Network,
        allowed: list[str],
        ports: list[int],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlops:platform:FrontDoor", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.security = aws.ec2.SecurityGroup(name, vpc_id=network.vpc.id, description="Who may use the services", opts=child)
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
                referenced_security_group_id=network.jobs.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=child,
            )
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{port}-containers",
                security_group_id=network.jobs.id,
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
            subnets=[subnet.id for subnet in network.containers],
            security_groups=[self.security.id],
            drop_invalid_header_fields=True,
            opts=child,
        )
        self.cluster = aws.ecs.Cluster(name, opts=child)
        self.register_outputs({})
