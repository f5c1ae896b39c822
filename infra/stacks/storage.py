"""What keeps data: buckets, tables, the database. All of it outlives a stack that is taken down by mistake."""

import json

import pulumi
import pulumi_aws as aws

from stacks.network import Network


class Bucket(pulumi.ComponentResource):
    """A private bucket with versions, encrypted, spoken to by TLS only."""

    def __init__(
        self, name: str, protect: bool, keep_old_days: int, notify: bool = False, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mlops:platform:Bucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(name, opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect))
        self.versioning = aws.s3.BucketVersioning(
            name, bucket=self.bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=self.bucket.id,
            rules=[
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    # The last ten stay, however old they are.
                    "noncurrent_version_expiration": {"noncurrent_days": keep_old_days, "newer_noncurrent_versions": 10},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.versioning]),
        )
        policy = self.bucket.arn.apply(_tls_only)
        aws.s3.BucketPolicy(name, bucket=self.bucket.id, policy=policy, opts=child)
        if notify:
            # The only one of the bucket: each replaces all others.
            aws.s3.BucketNotification(name, bucket=self.bucket.id, eventbridge=True, opts=child)
        self.register_outputs({})


def _tls_only(arn: str) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class LogTables(pulumi.ComponentResource):
    """The two tables of `etl-dynamo`: the logged requests, and its books."""

    def __init__(self, name: str, protect: bool, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops:platform:LogTables", name, None, opts)
        self.logs = self._table(f"{name}-logs", "uid", None, protect, expires=True)
        self.watermark = self._table(f"{name}-watermark", "pk", "sk", protect, expires=False)
        self.register_outputs({})

    def _table(self, name: str, key: str, range_key: str | None, protect: bool, expires: bool) -> aws.dynamodb.Table:
        keys = [key] if range_key is None else [key, range_key]
        return aws.dynamodb.Table(
            name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=key,
            range_key=range_key,
            attributes=[{"name": attribute, "type": "S"} for attribute in keys],
            ttl={"attribute_name": "expires_at", "enabled": True} if expires else None,
            point_in_time_recovery={"enabled": True},
            server_side_encryption={"enabled": True},
            deletion_protection_enabled=protect,
            opts=pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect),
        )


class Database(pulumi.ComponentResource):
    """MySQL 8.4 in the subnets for data; RDS makes its password, keeps it in Secrets Manager, and changes it."""

    def __init__(
        self,
        name: str,
        network: Network,
        instance_class: str,
        multi_az: bool,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("mlops:platform:Database", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.rds.SubnetGroup(name, subnet_ids=[subnet.id for subnet in network.data], opts=child)
        self.security = aws.ec2.SecurityGroup(name, vpc_id=network.vpc.id, description="The database", opts=child)
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-in",
            security_group_id=self.security.id,
            referenced_security_group_id=network.jobs.id,
            ip_protocol="tcp",
            from_port=3306,
            to_port=3306,
            opts=child,
        )
        self.instance = aws.rds.Instance(
            name,
            engine="mysql",
            engine_version="8.4",
            instance_class=instance_class,
            allocated_storage=20,
            max_allocated_storage=200,
            storage_type="gp3",
            storage_encrypted=True,
            db_name="mlops",
            username="mlops",
            manage_master_user_password=True,
            db_subnet_group_name=group.name,
            vpc_security_group_ids=[self.security.id],
            publicly_accessible=False,
            multi_az=multi_az,
            backup_retention_period=14,
            copy_tags_to_snapshot=True,
            deletion_protection=protect,
            skip_final_snapshot=not protect,
            final_snapshot_identifier=f"{name}-final" if protect else None,
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        self.register_outputs({})
