"""Our scoring application against the one that people write with Flask and scikit-learn, one core each, under load."""

import argparse
import csv
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from measure import HOME, ROOT, alone, bar, pinned, python, table, write

PROGRAMS = ROOT / "target" / "release"
REQUIREMENTS = HERE / "rival.txt"
FOLDER = HOME / "score"
# The server has the first core, the load the second.
SERVER_CORE, LOAD_CORE = "0", "1"
CALLERS = 16
# Another request each time, over and over.
REQUESTS = 2000
OURS, DURABLE, FLASK = "score", "score --durable", "Flask, gunicorn, scikit-learn"
SMALL_PAGE_KB = 1024
TICKS = os.sysconf("SC_CLK_TCK")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="customers to fit the models to (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=8, help="of load each time (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="how often each is loaded (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="short and once: does it run? The figures mean nothing")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.seconds, chosen.pairs = 2000, 2, 1
    return chosen


def number(text):
    """A cell as JSON has it."""
    try:
        return float(text)
    except ValueError:
        return text or None


def prepare(chosen, interpreter):
    """The customers, both models, and the requests."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    customers = FOLDER / f"customers-{chosen.rows}.csv"
    if not customers.exists():
        subprocess.run([PROGRAMS / "simulate", "customers", "--rows", str(chosen.rows), "--to", customers], check=True)
        retrain = ["--data", customers, "--id", "client_id", "--target", "churn", "--models", FOLDER / "models"]
        shutil.rmtree(FOLDER / "models", ignore_errors=True)
        subprocess.run([PROGRAMS / "retrain", *retrain], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([interpreter, "-W", "ignore", HERE / "train.py", customers, FOLDER], check=True)
    with customers.open() as file, (FOLDER / "requests.ndjson").open("w") as requests:
        for row, _ in zip(csv.DictReader(file), range(REQUESTS)):
            row.pop("churn")
            fields = {name: text if name == "client_id" else number(text) for name, text in row.items()}
            print(json.dumps(fields), file=requests)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(what, port, interpreter):
    if what == FLASK:
        # Threads keep connections open, which gunicorn's plain workers do not.
        gunicorn = ["-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4", "--log-level", "error"]
        return [interpreter, "-W", "ignore", *gunicorn, "--chdir", HERE, "--bind", f"127.0.0.1:{port}", "app:app"]
    places = ["--model-file", FOLDER / "models" / "model.pkl", "--logs", FOLDER / "logs", "--spool", FOLDER / "spool"]
    durable = ["--durable"] if what == DURABLE else []
    return [PROGRAMS / "score", "--listen", f"127.0.0.1:{port}", *places, *durable, "--log-level", "error"]


def processes(root):
    """A process and those that it started."""
    found = [root]
    for process in found:
        found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
    return found


def cpu_seconds(group):
    fields = (Path(f"/proc/{process}/stat").read_text().rsplit(")")[-1].split() for process in group)
    return sum(int(user) + int(system) for *_, user, system in (field[:13] for field in fields)) / TICKS


def memory_mb(group):
    """What they have in memory, shared pages by their share."""
    kilobytes = 0
    for process in group:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        kilobytes += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes / SMALL_PAGE_KB


def load(port, callers, seconds):
    wrk = ["taskset", "-c", LOAD_CORE, "wrk", "--threads", "1", "--connections", str(callers), "--duration", f"{seconds}s"]
    script = ["--script", HERE / "load.lua", f"http://127.0.0.1:{port}", "--", FOLDER / "requests.ndjson"]
    done = subprocess.run([str(word) for word in (*wrk, *script)], check=True, capture_output=True, text=True)
    seen = json.loads(done.stdout.splitlines()[-1])
    if seen["failed"]:
        sys.exit(f"{seen['failed']} of {seen['requests']} requests failed")
    return seen


def run(what, chosen, interpreter):
    """Starts a server, loads it with many callers and with one, and ends it."""
    for leftover in ["logs", "spool"]:
        shutil.rmtree(FOLDER / leftover, ignore_errors=True)
    for leftover in FOLDER.glob("requests-*.ndjson"):
        leftover.unlink()
    port = free_port()
    environment = {**os.environ, "SCORE_FOLDER": str(FOLDER), "OMP_NUM_THREADS": "1"}
    words = [str(word) for word in ("taskset", "-c", SERVER_CORE, *command(what, port, interpreter))]
    server = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0 and server.poll() is None:
            time.sleep(0.01)
        load(port, CALLERS, 1)
        before = cpu_seconds(processes(server.pid))
        many = load(port, CALLERS, chosen.seconds)
        cpu = cpu_seconds(processes(server.pid)) - before
        peak_mb = memory_mb(processes(server.pid))
        one = load(port, 1, max(1, chosen.seconds // 4))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    figures = {
        "requests_per_second": many["requests"] / many["seconds"],
        "p50_ms": many["p50_ms"],
        "p99_ms": many["p99_ms"],
        "p99_ms_of_one": one["p99_ms"],
        "cpu_us": 1e6 * cpu / many["requests"],
        "seconds": many["seconds"],
        "cpu_seconds": cpu,
        "peak_mb": peak_mb,
    }
    print(f"{what}: {figures['requests_per_second']:,.0f} a second, p99 {figures['p99_ms']:.2f} ms, {peak_mb:.0f} MB", flush=True)
    return figures


def main():
    chosen = arguments()
    if not (PROGRAMS / "score").exists():
        sys.exit("score is not built; `just bench score` builds it")
    if shutil.which("wrk") is None:
        sys.exit("the load comes from wrk; install it: apt-get install wrk")
    interpreter = python(REQUIREMENTS)
    prepare(chosen, interpreter)
    runs = {OURS: [], DURABLE: [], FLASK: []}
    for _ in range(chosen.pairs):
        for what, figures in runs.items():
            with alone(chosen.lock):
                figures.append(run(what, chosen, interpreter))
    print()
    median = {
        what: {name: statistics.median(one[name] for one in figures) for name in figures[0]} for what, figures in runs.items()
    }
    names = ["requests_per_second", "p50_ms", "p99_ms", "p99_ms_of_one", "cpu_us", "peak_mb"]
    cells = [[what, *(f"{figures[name]:,.2f}" for name in names)] for what, figures in median.items()]
    table(["", "requests/s", "p50 ms", "p99 ms", "p99 ms, one caller", "CPU µs/request", "MB"], cells)
    ours, durable, flask = median[OURS], median[DURABLE], median[FLASK]
    ratios = {
        "requests a second: ours / Flask": ours["requests_per_second"] / flask["requests_per_second"],
        "requests a second: ours, durable / Flask": durable["requests_per_second"] / flask["requests_per_second"],
        "p99: Flask / ours": flask["p99_ms"] / ours["p99_ms"],
        "p99 of one caller: Flask / ours": flask["p99_ms_of_one"] / ours["p99_ms_of_one"],
        "memory: Flask / ours": flask["peak_mb"] / ours["peak_mb"],
        "CPU a request: Flask / ours": flask["cpu_us"] / ours["cpu_us"],
    }
    goals = {"requests a second: ours / Flask": 20, "p99: Flask / ours": 10, "memory: Flask / ours": 5}
    bars = [bar(name, ">=", goal, ratios[name]) for name, goal in goals.items()]
    rows = [{"what": what, **figures} for what, figures in median.items()]
    versions = {"Python": sys.version.split()[0], **pinned(REQUIREMENTS, ["scikit-learn", "Flask", "gunicorn", "orjson"])}
    write("score", versions, rows, ratios, bars)


main()
