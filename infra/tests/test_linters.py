"""Linters that others wrote: types, policies, the Dockerfile, shell."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from world import INFRA, ROOT, World

BIN = Path(sys.executable).parent


def run(*command: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, cwd=INFRA)


def test_types_are_strict() -> None:
    done = run(BIN / "pyright", "--pythonpath", sys.executable)
    assert done.returncode == 0, done.stdout


def test_a_wrong_name_of_a_nested_property_is_no_type(tmp_path: Path) -> None:
    wrong = (INFRA / "stacks/batch.py").read_text().replace('"max_vcpus"', '"max_vcpu"')
    (tmp_path / "batch.py").write_text(wrong)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(INFRA)], "include": ["batch.py"]})
    )
    done = run(BIN / "pyright", "--pythonpath", sys.executable, "--project", tmp_path)
    assert done.returncode == 1 and "compute_resources" in done.stdout, done.stdout


def findings(policy: str) -> list[str]:
    """What parliament says, of a role's policy that names no principal."""
    # Only by standard input: without a terminal `--file` is passed over.
    done = run(BIN / "parliament", "--json", text=policy)
    assert done.returncode in (0, 1), done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    return [f"{one['issue']} {one['detail']}" for one in found if not is_either(one)]


# The linter wants all kinds of resource that an action may have. `SubmitJob` may name jobs, which have no name before they are
# submitted (AWS's own example of least privilege names queue and definition, as we do: Batch user guide, "Restrict job submission"); a
# listener is of one of two kinds of load balancer.
EITHER = {"batch:SubmitJob", "elasticloadbalancing:DeleteListener", "elasticloadbalancing:ModifyListener"}


def is_either(finding: dict) -> bool:
    if finding["issue"] == "RESOURCE_STAR" and finding["detail"] == ["sns:Publish"]:
        # To a telephone, which is no resource; a rule sees that topics are denied.
        return True
    details = finding["detail"] if isinstance(finding["detail"], list) else []
    actions = {one.get("action") for one in details if isinstance(one, dict)}
    return finding["issue"] == "RESOURCE_MISMATCH" and bool(actions) and actions <= EITHER


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_actions_fit_their_resources(stack: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(stack)
    policies = {name: policy for name, policy in world.policies() if "iam/rolePolicy" in name}
    assert len(policies) > 15
    # One document for all, as each start of the linter takes a second.
    everything = [statement for policy in policies.values() for statement in policy["Statement"]]
    assert findings(json.dumps({"Version": "2012-10-17", "Statement": everything})) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [("s3:GetObjekt", "arn:aws:s3:::a/*"), ("s3:GetObject", "arn:aws:s3:::a"), ("dynamodb:PutItem", "arn:aws:s3:::a/*")],
)
def test_an_action_that_does_not_fit_is_found(action: str, resource: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    assert findings(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))


def test_the_dockerfile_is_as_it_should_be() -> None:
    done = run(BIN / "hadolint", ROOT / "docker/Dockerfile")
    assert done.returncode == 0, done.stdout


def test_a_dockerfile_that_is_not_is_found(tmp_path: Path) -> None:
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((ROOT / "docker/Dockerfile").read_text().replace("FROM scratch", "FROM debian:latest"))
    assert run(BIN / "hadolint", wrong).returncode == 1


def test_shell_is_shell() -> None:
    scripts = [script.read_text() for script in sorted((INFRA / "release").glob("*.sh"))]
    specs = [ROOT / "buildspec.yml", *sorted((INFRA / "release").glob("*.yml"))]
    commands = [
        command
        for spec in specs
        for phase in yaml.safe_load(spec.read_text())["phases"].values()
        for command in phase["commands"]
    ]
    assert len(commands) > 10
    for text in [*scripts, *commands]:
        done = run("bash", "-n", text=text)
        assert done.returncode == 0, f"{text}\n{done.stderr}"
