"""A network of its own, that nothing from outside can reach."""

from typing import Literal

import pulumi
import pulumi_aws as aws

# Two, as a database asks for.
ZONES = 2

# What every container needs before it runs: its image, and a place for its log.
ALWAYS = ["ecr.api", "ecr.dkr", "logs"]
GATEWAYS = ["s3", "dynamodb"]


class Network(pulumi.ComponentResource):
    """A VPC with subnets for containers and for data.

    `private` has no way out but endpoints to the services that programs call; `public` gives each container an address of its own, which
    costs no endpoints, and lets nothing in either.
    """

    def __init__(
        self,
        name: str,
        kind: Literal["private", "public"],
        region: str,
        services: list[str],
        endpoint_zones: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlops:platform:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.vpc = aws.ec2.Vpc(
            name, cidr_block="10.20.0.0/16", enable_dns_support=True, enable_dns_hostnames=True, tags={"Name": name}, opts=child
        )
        self.containers = [self._subnet(f"{name}-containers-{zone}", zone, f"10.20.{zone}.0/24", region) for zone in range(ZONES)]
        self.data = [self._subnet(f"{name}-data-{zone}", zone, f"10.20.{10 + zone}.0/24", region) for zone in range(ZONES)]
        self.routes = aws.ec2.RouteTable(name, vpc_id=self.vpc.id, opts=child)
        for zone, subnet in enumerate(self.containers):
            aws.ec2.RouteTableAssociation(f"{name}-{zone}", subnet_id=subnet.id, route_table_id=self.routes.id, opts=child)
        self.jobs = aws.ec2.SecurityGroup(
            f"{name}-jobs", vpc_id=self.vpc.id, description="Containers; nothing comes in", opts=child
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-jobs-out", security_group_id=self.jobs.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0", opts=child
        )
        for service in GATEWAYS:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[self.routes.id],
                opts=child,
            )
        self.assign_public_ip = kind == "public"
        if kind == "public":
            gateway = aws.ec2.InternetGateway(name, vpc_id=self.vpc.id, opts=child)
            aws.ec2.Route(
                f"{name}-out",
                route_table_id=self.routes.id,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=gateway.id,
                opts=child,
            )
        else:
            self._endpoints(name, region, services, endpoint_zones)
        self.register_outputs({})

    def _subnet(self, name: str, zone: int, block: str, region: str) -> aws.ec2.Subnet:
        letter = "abc"[zone]
        return aws.ec2.Subnet(
            name,
            vpc_id=self.vpc.id,
            cidr_block=block,
            availability_zone=f"{region}{letter}",
            map_public_ip_on_launch=False,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _endpoints(self, name: str, region: str, services: list[str], zones: int) -> None:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-endpoints", vpc_id=self.vpc.id, description="Endpoints of AWS services", opts=child
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints-in",
            security_group_id=group.id,
            referenced_security_group_id=self.jobs.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=child,
        )
        for service in [*ALWAYS, *services]:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=self.vpc.id,
                service_name=f"com.amazonaws.{region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in self.containers[:zones]],
                security_group_ids=[group.id],
                opts=child,
            )
