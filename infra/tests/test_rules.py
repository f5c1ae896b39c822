"""The stacks keep the rules, and the rules notice when they do not."""

import json
from typing import Any

import pytest
from rules import RULES
from spoiled import SPOILED, Spoil
from world import World


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_holds(rule: Any, stack: str, request: pytest.FixtureRequest) -> None:
    assert list(rule(request.getfixturevalue(stack))) == []


@pytest.mark.parametrize(("rule", "what", "spoil"), SPOILED, ids=[f"{rule.__name__}-{what}" for rule, what, _ in SPOILED])
def test_is_noticed(rule: Any, what: str, spoil: Spoil, prod: World) -> None:
    spoiled = prod.copy()
    spoil(spoiled)
    assert list(rule(spoiled)), f"{what} is not noticed"


def test_every_rule_has_something_that_it_notices() -> None:
    assert {rule for rule, _, _ in SPOILED} == set(RULES)


def test_a_service_is_private_and_waits_for_health(serving: World) -> None:
    assert serving.one("lb/loadBalancer:LoadBalancer")["inputs"]["internal"] is True
    sources = [
        rule["inputs"].get("cidrIpv4") for rule in serving.all("SecurityGroupIngressRule") if rule["inputs"]["fromPort"] == 8080
    ]
    assert sorted(sources, key=str) == ["10.0.0.0/8", None], "the named networks reach the balancer, and it the containers"
    assert serving.named("lb/targetGroup:TargetGroup", "mlops-prod-example-service")["inputs"]["healthCheck"]["path"] == "/health"
    service = serving.named("ecs/service:Service", "mlops-prod-example-service")["inputs"]
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    [container] = json.loads(
        serving.named("ecs/taskDefinition:TaskDefinition", "mlops-prod-example-service")["inputs"]["containerDefinitions"]
    )
    assert container["readonlyRootFilesystem"] and container["user"] == "65532:65532" and container["command"] == ["serve"]
    assert {"name": "EXAMPLE_SERVICE_LISTEN", "value": "0.0.0.0:9999"} in container["environment"]
    # There is no image of it.
    others = [
        rule for rule in RULES if rule.__name__ not in ("images_are_one_a_program", "services_are_asked_whether_they_are_well")
    ]
    assert [rule.__name__ for rule in others if list(rule(serving))] == []
