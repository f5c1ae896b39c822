"""What the tests share."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

sys.path.insert(0, str(Path(__file__).parent))

from checkout import Build  # noqa: E402
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
    # A job is over as soon as it is submitted: there is no Docker to run it.
    default_user_config["batch"] = {"use_docker": False}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place for each of `models`, as `retrain` leaves it."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def models(models_folder: Path) -> dict[str, bytes]:
    """Models that `retrain` made: a good one, another of the same kind, one that knows nothing, and no model."""
    folder = models_folder
    retrain, simulate = (Path(os.environ["PROGRAMS"]) / name for name in ("retrain", "simulate"))

    def run(*command: str | Path) -> None:
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    def model(name: str, rows: int, *more: str) -> bytes:
        run(simulate, "customers", "--rows", str(rows), "--seed", str(rows), "--to", f"{name}.csv")
        run(retrain, "--data", f"{name}.csv", "--id", "client_id", "--target", "churn", "--models", name, *more)
        return (folder / name / "model.pkl").read_bytes()

    (folder / "shallow.toml").write_text('learner = "decision-tree"\nparams = { max_depth = 1 }\n')
    good = model("good", 4000)
    return {
        "good": good,
        "next": model("next", 5000),
        "weak": model("weak", 3000, "--recipe", "shallow.toml"),
        "cut": good[: len(good) // 2],
    }


@pytest.fixture
def build(tmp_path: Path, endpoint: str) -> Build:
    return Build(tmp_path, endpoint, os.path.join(os.environ["PROGRAMS"], "retrain"))
