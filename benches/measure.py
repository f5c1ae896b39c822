"""What every benchmark here needs: rivals in an environment of their own, whole processes measured, one report."""

import fcntl
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "bench"


@dataclass(frozen=True)
class Run:
    """One process from start to end, with the processes that it waited for."""

    seconds: float
    cpu_seconds: float
    # Of the largest of these processes.
    peak_mb: float


def measure(command, log, environment=None, folder=None):
    """Run a command to its end, its output in the file `log`, and measure it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    report = log.with_suffix(".usage")
    # A new process counts the memory of the one that began it as its own: so a small one does, not this one.
    launch = [sys.executable, "-I", "-S", ROOT / "benches" / "launch.py", report]
    with log.open("wb") as output:
        process = subprocess.run(
            [str(word) for word in (*launch, *command)],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    if process.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        sys.exit(f"{command[0]} ended with {process.returncode}; {log}:\n{tail}")
    seconds, cpu_seconds, peak_kb = map(float, report.read_text().split())
    return Run(seconds, cpu_seconds, peak_kb / 1024)


def median(runs):
    """Medians of time, and the highest peak."""
    return Run(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu_seconds for run in runs),
        max(run.peak_mb for run in runs),
    )


@contextmanager
def alone(lock):
    """While nobody else holds the file `lock`, if there is one: for machines on which others work as well."""
    if lock is None:
        yield
        return
    with open(lock, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def python(requirements):
    """The Python of an environment with exactly these packages, made anew when the list changes."""
    folder = HOME / "venv" / "-".join(requirements.relative_to(ROOT / "benches").with_suffix("").parts)
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    mark = folder / "requirements.sha256"
    if not mark.exists() or mark.read_text() != digest:
        print(f"installing {requirements.name} into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        # The list is complete, so there is nothing to resolve.
        subprocess.run([*pip, "--no-deps", "--requirement", requirements], check=True)
        mark.write_text(digest)
    return folder / "bin" / "python"


def pinned(requirements, names):
    """The versions that the list pins for these packages."""
    lines = (line.split("==") for line in requirements.read_text().split())
    versions = {name.lower(): version for name, version in lines}
    return {name: versions[name.lower()] for name in names}


def machine():
    """What the figures depend on most."""
    models = (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").open() if line.startswith("model name"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": next(models, platform.machine()),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
    }


def bar(name, sign, goal, measured):
    """What was promised, and whether the figure keeps it; `sign` is ">=" or "<"."""
    met = measured >= goal if sign == ">=" else measured < goal
    return {"bar": name, "goal": f"{sign} {goal}", "measured": round(measured, 2), "met": met}


def table(header, lines):
    """Print lines under a header, the first column to the left, the others to the right."""
    lines = [header, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        first, *others = (cell.rjust(width) for cell, width in zip(line, widths))
        print("  ".join([line[0].ljust(widths[0]), *others]).rstrip())
    print()


def write(name, versions, rows, ratios, bars):
    """Print ratios and bars, and leave all of it in target/bench/NAME.json, from which render.py makes tables.

    `rows` have a name each, `what`, and figures by the names that render.py knows.
    """
    table(["ratio", ""], [[what, f"{value:,.2f}"] for what, value in ratios.items()])
    verdict = {True: "met", False: "MISSED"}
    table(
        ["bar", "goal", "measured", ""],
        [[bar["bar"], bar["goal"], f"{bar['measured']:,.2f}", verdict[bar["met"]]] for bar in bars],
    )
    today = datetime.now(timezone.utc).date().isoformat()
    report = {"name": name, "date": today, "machine": machine(), "versions": versions, "rows": rows, "ratios": ratios, "bars": bars}
    file = HOME / f"{name}.json"
    file.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    print(f"written to {file}")
