"""What a stack's configuration file says, read once and with its defaults."""

from dataclasses import dataclass, field
from typing import Literal

import pulumi


@dataclass(frozen=True)
class PlatformSettings:
    """Pulumi.STACK.yaml of `platform`."""

    model: str
    network: Literal["private", "public"]
    endpoint_zones: int
    spot: bool
    max_vcpus: int
    architecture: Literal["ARM64", "X86_64"]
    protect: bool
    database_url_secret: str | None
    database_class: str
    multi_az: bool
    source: Literal["github", "codecommit"]
    repository: str
    branch: str
    approval: bool
    state_bucket: str
    pulumi_version: str
    alarm_emails: list[str] = field(default_factory=list[str])
    allowed_networks: list[str] = field(default_factory=list[str])


def platform_settings() -> PlatformSettings:
    """The settings of the stack that is being made."""
    config = pulumi.Config()
    network = config.get("network") or "private"
    architecture = config.get("architecture") or "ARM64"
    source = config.get("source") or "github"
    if network not in ("private", "public"):
        raise ValueError(f"network is `{network}`; write private or public")
    if architecture not in ("ARM64", "X86_64"):
        raise ValueError(f"architecture is `{architecture}`; write ARM64 or X86_64")
    if source not in ("github", "codecommit"):
        raise ValueError(f"source is `{source}`; write github or codecommit")
    return PlatformSettings(
        model=config.require("model"),
        network=network,
        endpoint_zones=config.get_int("endpointZones") or 1,
        spot=bool(config.get_bool("spot")),
        max_vcpus=config.get_int("maxVcpus") or 16,
        architecture=architecture,
        protect=config.get_bool("protect") is not False,
        database_url_secret=config.get("databaseUrlSecret"),
        database_class=config.get("databaseClass") or "db.t4g.micro",
        multi_az=bool(config.get_bool("multiAz")),
        source=source,
        repository=config.require("repository"),
        branch=config.get("branch") or "main",
        approval=bool(config.get_bool("approval")),
        state_bucket=config.require("stateBucket"),
        pulumi_version=config.get("pulumiVersion") or "3.272.0",
        alarm_emails=config.get_object("alarmEmails") or [],
        allowed_networks=config.get_object("allowedNetworks") or [],
    )


@dataclass(frozen=True)
class JobsSettings:
    """Pulumi.STACK.yaml of `jobs`."""

    platform: str
    timezone: str
    schedules: bool
    without: list[str]
    log_days: int
    images: dict[str, str]
    settings: dict[str, dict[str, str]]
    secrets: dict[str, dict[str, str]]
    certificate: str | None


def jobs_settings() -> JobsSettings:
    """The settings of the stack that is being made."""
    config = pulumi.Config()
    return JobsSettings(
        platform=config.require("platform"),
        timezone=config.get("timezone") or "UTC",
        schedules=config.get_bool("schedules") is not False,
        without=config.get_object("without") or [],
        log_days=config.get_int("logDays") or 30,
        images=config.get_object("images") or {},
        settings=config.get_object("settings") or {},
        secrets=config.get_object("secrets") or {},
        certificate=config.get("certificate"),
    )
