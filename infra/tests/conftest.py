"""What the tests share."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(Path(__file__).parent))

from world import INFRA, World, world  # noqa: E402

# A program that serves, as `--spec` would describe it: the stacks know how to run one whether or not there is one yet.
SERVICE = {
    "name": "example-service",
    "about": "Answers",
    "kind": "service",
    "command": ["serve"],
    "port": 9999,
    "health": "/health",
    "cpu_units": 256,
    "memory_mib": 512,
    "variables": ["EXAMPLE_SERVICE_LISTEN", "MLOPS_LOGS"],
    "secrets": [],
    "grants": [{"variable": "MLOPS_LOGS", "action": "s3:PutObject", "on": "object"}],
    "exits": [{"code": 0, "name": "Done", "retry": False}],
}


@pytest.fixture(scope="session")
def prod() -> World:
    return world("prod", INFRA / "jobs.json")


@pytest.fixture(scope="session")
def dev() -> World:
    return world("dev", INFRA / "jobs.json")


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> World:
    """`prod` with a service beside the programs that there are."""
    specs = tmp_path_factory.mktemp("specs") / "jobs.json"
    specs.write_text(json.dumps([*json.loads((INFRA / "jobs.json").read_text()), SERVICE]))
    return world("prod", specs)


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an AWS emulator, which lives as long as the tests."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
