"""Conditions on the alarm of production."""

from typing import Any

import pulumi

from stacks.release.release_of import ReleaseOf


def alarm_rule(of: ReleaseOf, name: str, wait_minutes: int) -> Any:
    configuration: dict[str, pulumi.Input[str]] = {"AlarmName": of.alarm.name}
    if wait_minutes:
        configuration["WaitTime"] = str(wait_minutes)
    return {
        "name": name,
        "rule_type_id": {"category": "Rule", "owner": "AWS", "provider": "CloudWatchAlarm", "version": "1"},
        "configuration": configuration,
    }
