"""What the programs say of themselves: jobs.json, with types."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

SPECS = Path(__file__).parent.parent / "jobs.json"

Kind: TypeAlias = Literal["job", "service", "tool"]


@dataclass(frozen=True)
class Grant:
    """An action on the thing that the value of a variable names; only where `when` is set too, if there is one."""

    variable: str
    action: str
    on: str
    when: str | None = None


@dataclass(frozen=True)
class Schedule:
    """When a job is started, and with which arguments."""

    name: str
    command: list[str]
    at: str


@dataclass(frozen=True)
class Program:
    """A program with an image."""

    name: str
    about: str
    kind: Kind
    cpu_units: int
    memory_mib: int
    variables: frozenset[str]
    secrets: frozenset[str]
    grants: tuple[Grant, ...]
    retried_exits: tuple[int, ...]
    timeout_minutes: int
    schedules: tuple[Schedule, ...]
    command: tuple[str, ...]
    port: int
    health: str


def of_spec(spec: dict[str, Any]) -> Program:
    """One entry of jobs.json."""
    return Program(
        name=spec["name"],
        about=spec["about"],
        kind=spec["kind"],
        cpu_units=spec["cpu_units"],
        memory_mib=spec["memory_mib"],
        variables=frozenset(spec["variables"]),
        secrets=frozenset(spec["secrets"]),
        grants=tuple(Grant(**grant) for grant in spec["grants"]),
        retried_exits=tuple(exit["code"] for exit in spec["exits"] if exit["retry"]),
        timeout_minutes=spec.get("timeout_minutes", 0),
        schedules=tuple(Schedule(**schedule) for schedule in spec.get("schedules", [])),
        command=tuple(spec.get("command", [])),
        port=spec.get("port", 0),
        health=spec.get("health", ""),
    )


def programs() -> list[Program]:
    """All of them, by name."""
    return [of_spec(spec) for spec in json.loads(SPECS.read_text())]
