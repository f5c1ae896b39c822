"""The dashboard over millions of logged requests in MySQL, beside the Streamlit page that people write for this."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "etl")]

from measure import HOME, ROOT, alone, bar, measure, pinned, python, table, write
from servers import free_port, mysql

RELEASE = ROOT / "target" / "release"
TESTKIT = ROOT / "crates" / "mlops-testkit" / "servers"
UNTIL, SINCE = "2026-11-23", "2026-08-25"
PAGE = f"/?window=90d&until={UNTIL}"
VIEWERS = 100
REQUIREMENTS = HERE / "rival.txt"
OURS, PANDAS, SQL = "dashboard", "Streamlit, pandas", "Streamlit, GROUP BY"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="logged requests of a year (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small: does it run? The figures mean nothing")
    parser.add_argument("--bin-folder", type=Path, default=RELEASE, help="where dashboard is")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each measurement")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows = 200_000
    return chosen


@contextmanager
def served(command, ready, environment=None):
    """A server process, from when `ready` answers to the end of the block."""
    log = (HOME / "logs" / "dashboard-server.log").open("wb")
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **(environment or {})}
    )
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                urlopen(ready).read()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit(f"{command[0]} does not answer; see {log.name}")
                time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()
        log.close()


def peak_mb(process):
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def cpu_seconds(process):
    user, system = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def get(url):
    """Seconds from the request to the last byte."""
    started = time.monotonic()
    body = urlopen(url).read()
    assert b"</html>" in body
    return time.monotonic() - started


class Bench:
    def __init__(self, chosen):
        self.chosen = chosen
        self.rows = []

    def add(self, what, seconds, cpu=None, peak=None, **more):
        """One figure; CPU time and memory only where they are of this alone."""
        rounded = {"cpu_seconds": cpu and round(cpu, 3), "peak_mb": peak and round(peak, 1)}
        row = {"what": what, "seconds": round(seconds, 3), **rounded, **more}
        self.rows.append(row)
        print(row, flush=True)
        return row

    def ours(self, server, url):
        """A page made for the first time, made anew, and from the cache; and a hundred who look at once."""
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        command = [self.chosen.bin_folder / OURS, "--database", url, "--listen", f"127.0.0.1:{port}", "--renew-every", "1h"]
        with served(command, f"{address}/health") as process:
            cold = get(address + PAGE)
            anew = [get(f"{address}/?window={days}d&until={UNTIL}") for days in range(80, 90)]
            cached = [get(address + PAGE) for _ in range(50)]
            year = get(f"{address}/?window=365d&until={UNTIL}")
            before, cpu = selects(server), cpu_seconds(process)
            once = get(f"{address}/?window=60d&until={UNTIL}")
            of_one = selects(server) - before
            before = selects(server)
            with ThreadPoolExecutor(VIEWERS) as viewers:
                started = time.monotonic()
                list(viewers.map(get, [f"{address}/?window=61d&until={UNTIL}"] * VIEWERS))
                together = time.monotonic() - started
            of_all = selects(server) - before
            peak = peak_mb(process)
            self.add(f"{OURS}: first page after a restart", cold)
            self.add(f"{OURS}: page rebuilt", statistics.median(anew))
            self.add(f"{OURS}: page of one year, rebuilt", year)
            self.add(f"{OURS}: page from the cache", statistics.median(cached))
            self.add(
                f"{OURS}: {VIEWERS} viewers at once, until the last has it", together, cpu_seconds(process) - cpu, peak,
                queries=of_all, queries_of_one=of_one,
            )
            assert once > 0
        return cold, statistics.median(anew), peak, of_all / of_one

    def picture(self, what, command, port, ready, selector, environment=None):
        """Seconds until a browser shows the first picture of a server that was just started, and once more; its peak memory."""
        with served(command, ready, environment) as process:
            first, again = (visit(f"http://127.0.0.1:{port}{'' if selector != 'svg.chart' else PAGE}", selector) for _ in range(2))
            peak, cpu = peak_mb(process), cpu_seconds(process)
        self.add(f"{what}: first rendering in a browser", first, cpu, peak)
        self.add(f"{what}: second visit", again)
        return first, again, peak


def selects(server):
    """SELECT statements that the server has carried out."""
    return int(server.query("SHOW GLOBAL STATUS LIKE 'Com_select'"))


def shown(figure, digits):
    return "" if figure is None else f"{figure:.{digits}f}"


def visit(url, selector):
    """Seconds from the address to the picture."""
    folder = HOME / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([TESTKIT / "browser.sh", "install", folder], check=True)
    plan = {"visits": [{"url": url, "timeout": 600_000, "steps": [["wait", selector]]}]}
    command = [folder / "root" / "node", TESTKIT / "visit.mjs", folder / "root"]
    seen = subprocess.run(command, input=json.dumps(plan) + "\n", capture_output=True, text=True, check=True)
    return json.loads(seen.stdout.splitlines()[-1])["visits"][0]["milliseconds"] / 1000


def main():
    chosen = arguments()
    program = chosen.bin_folder / OURS
    if not program.exists():
        sys.exit(f"{program} is not built; `just bench dashboard` builds it")
    interpreter = python(REQUIREMENTS)
    bench = Bench(chosen)
    data = HOME / f"mysql-dashboard-{chosen.rows}"
    refresh = [program, "refresh", "--output", "json", "--log-level", "warn"]
    if not (data / "whole").exists():
        with mysql(interpreter, data) as server:
            server.fresh()
            measure([*refresh, "--create-tables", "--database", server.url()], HOME / "logs" / "dashboard-tables.log")
            subprocess.run([interpreter, HERE / "data.py", str(server.port), str(chosen.rows)], check=True)
        (data / "whole").touch()
    with mysql(interpreter, data) as server:
        for what, more in (("count all requests", ["--all"]), ("count new requests: none", []), ("audit all hours", ["--audit", "0"])):
            with alone(chosen.lock):
                before = server.cpu_seconds()
                run = measure([*refresh, *more, "--database", server.url()], HOME / "logs" / "dashboard-refresh.log")
                used = server.cpu_seconds() - before
            bench.add(f"{OURS} refresh: {what}", run.seconds, run.cpu_seconds, run.peak_mb, server_cpu_seconds=round(used, 2))
    # Started anew, so that the first page finds nothing in the server's memory.
    with mysql(interpreter, data) as server, alone(chosen.lock):
        cold, anew, peak, queries = bench.ours(server, server.url())
    seconds = {}
    for what, mode in ((OURS, None), (SQL, "sql"), (PANDAS, "pandas")):
        with mysql(interpreter, data) as server, alone(chosen.lock):
            port = free_port()
            if mode is None:
                command = [program, "--database", server.url(), "--listen", f"127.0.0.1:{port}"]
                seconds[what] = bench.picture(what, command, port, f"http://127.0.0.1:{port}/health", "svg.chart")
                continue
            command = [interpreter, "-m", "streamlit", "run", HERE / "rival.py", "--server.headless", "true"]
            command += ["--server.address", "127.0.0.1", "--server.port", str(port), "--browser.gatherUsageStats", "false"]
            environment = {"BENCH_URL": server.url("mysql+pymysql"), "BENCH_SINCE": SINCE, "MODE": mode}
            ready = f"http://127.0.0.1:{port}/_stcore/health"
            selector = '[data-testid="stVegaLiteChart"] canvas, [data-testid="stVegaLiteChart"] svg'
            seconds[what] = bench.picture(what, command, port, ready, selector, environment)
    print()
    table(
        ["", "seconds", "CPU s", "peak MB"],
        [[row["what"], shown(row["seconds"], 3), shown(row["cpu_seconds"], 2), shown(row["peak_mb"], 0)] for row in bench.rows],
    )
    ratios = {}
    for rival in (PANDAS, SQL):
        ratios[f"first picture: {rival} / {OURS}"] = seconds[rival][0] / seconds[OURS][0]
        ratios[f"peak memory: {rival} / {OURS}"] = seconds[rival][2] / seconds[OURS][2]
    bars = [
        bar("seconds: first page after a restart", "<", 1.5, cold),
        bar("seconds: page rebuilt", "<", 0.3, anew),
        bar("peak MB", "<", 64, peak),
        bar(f"queries of {VIEWERS} viewers / of one", "<", 1.01, queries),
    ]
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    versions = {OURS: version.split()[-1], "Python": sys.version.split()[0], **pinned(REQUIREMENTS, ["streamlit", "pandas"])}
    write("dashboard", versions, bench.rows, ratios, bars)


main()
