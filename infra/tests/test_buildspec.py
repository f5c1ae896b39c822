"""The steps of a build and of a gate, carried out against an AWS emulator."""

import json
from pathlib import Path

import pytest
from checkout import CANDIDATE, PRODUCTION, PROGRAMS, Build


def test_the_version_that_was_uploaded_is_released_and_not_a_later_one(build: Build, models: dict[str, bytes]) -> None:
    first = build.upload(models["good"])
    build.upload(models["next"])
    (build.folder / "crates").mkdir()
    (build.folder / "crates/model.pkl").write_bytes(b"somebody's old model")
    code, told = build.run(first)
    assert code == 0, told
    assert (build.folder / "model.pkl").read_bytes() == models["good"]
    assert "./crates/model.pkl" in told and not (build.folder / "crates/model.pkl").exists(), "what lay in the code is gone"
    calls = build.calls.read_text()
    assert calls.index("nextest") < calls.index("--push"), calls
    assert f"TAG=build-0123456789ab-m-{first}-12" in calls, calls
    images = json.loads((build.folder / "images.json").read_text())
    assert images["model_version_id"] == first and images["revision"] == "0123456789abcdef"
    assert images["images"].keys() == set(PROGRAMS)


@pytest.mark.parametrize("version", [None, "", "null", "no-such-version"])
def test_without_a_version_nothing_is_released(build: Build, models: dict[str, bytes], version: str | None) -> None:
    build.upload(models["good"])
    code, told = build.run(version)
    assert code != 0 and not build.pushed() and not (build.folder / "images.json").exists(), told


@pytest.mark.parametrize("sha256", ["0" * 64, ""])
def test_a_model_that_is_not_what_was_written_is_refused(build: Build, models: dict[str, bytes], sha256: str) -> None:
    version = build.upload(models["good"], sha256=sha256)
    code, told = build.run(version)
    assert code != 0 and "SHA-256" in told and not build.pushed(), told
    assert build.versions(CANDIDATE) == [version], "it may be the copy that is damaged: nothing is deleted"


def test_a_model_that_is_none_is_put_aside(build: Build, models: dict[str, bytes]) -> None:
    before = build.upload(models["good"])
    version = build.upload(models["cut"])
    code, told = build.run(version)
    assert code == 10 and not build.pushed(), told
    assert build.versions(CANDIDATE) == [before], "the next change of the code takes the last good one"
    assert len(build.versions(f"churn/refused/{version}/model.pkl")) == 1


def test_a_check_that_cannot_be_made_is_not_the_models_fault(build: Build, models: dict[str, bytes]) -> None:
    build.environment["RETRAIN"] = "/bin/false"
    version = build.upload(models["good"])
    code, told = build.run(version)
    assert code == 1 and not build.pushed() and build.versions(CANDIDATE) == [version], told


def test_a_failed_test_pushes_nothing(build: Build, models: dict[str, bytes]) -> None:
    version = build.upload(models["good"])
    (build.folder / "fail-tests").touch()
    code, told = build.run(version)
    assert code != 0 and not build.pushed() and not (build.folder / "images.json").exists(), told
    assert build.versions(CANDIDATE) == [version], "the model is not to blame"


def test_an_image_that_is_missing_stops_the_release(build: Build, models: dict[str, bytes]) -> None:
    digests = Path(build.environment["DIGESTS"])
    known = json.loads(digests.read_text())
    known.pop("drift")
    digests.write_text(json.dumps(known))
    code, told = build.run(build.upload(models["good"]))
    assert code != 0 and "no image was pushed for drift" in told, told


@pytest.fixture
def gate(build: Build) -> Build:
    """A build whose images are there; `retrain` is taken out of its own."""
    images = build.folder / "images"
    images.mkdir()
    digest = "sha256:" + "ab" * 32
    (images / "images.json").write_text(json.dumps({"images": {"retrain": digest}}))
    build.environment["CODEBUILD_SRC_DIR_images"] = str(images)
    return build


GATE = {"phases": ("install", "build"), "spec": "infra/release/gate.yml"}


def test_the_first_model_needs_none_to_follow(gate: Build, models: dict[str, bytes]) -> None:
    code, told = gate.run(gate.upload(models["good"]), **GATE)
    assert code == 0 and "no model in production yet" in told, told
    [create] = [call for call in gate.called() if call.startswith("docker create")]
    assert f"/mlops-prod/retrain@sha256:{'ab' * 32}" in create, "the program that was built is what judges"


def test_a_model_as_good_as_the_one_in_production_passes(gate: Build, models: dict[str, bytes]) -> None:
    gate.upload(models["good"], PRODUCTION)
    code, told = gate.run(gate.upload(models["good"]), **GATE)
    assert code == 0, told


def test_a_worse_model_does_not_pass(gate: Build, models: dict[str, bytes]) -> None:
    production = gate.upload(models["good"], PRODUCTION)
    version = gate.upload(models["weak"])
    code, told = gate.run(version, **GATE)
    assert code == 10 and "log loss" in told, told
    assert gate.versions(PRODUCTION) == [production] and gate.versions(CANDIDATE) == []
    assert len(gate.versions(f"churn/refused/{version}/model.pkl")) == 1
