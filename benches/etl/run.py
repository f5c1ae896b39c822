"""etl-mysql against what people write in Python today: S3 to MySQL, side by side, on this machine."""

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import data
import servers
from measure import HOME, ROOT, alone, bar, measure, median, pinned, python, table, write

RELEASE = ROOT / "target" / "release"
S3_SERVER = ROOT / "benches" / "s3-in-memory" / "target" / "release" / "s3-in-memory"
REQUIREMENTS = HERE / "requirements.txt"
OURS = "etl-mysql"
PANDAS = "boto3 + pandas"
THREADED = "boto3, 32 threads + PyMySQL"
LOAD_DATA = "boto3, 32 threads + LOAD DATA"
DLT = "dlt"
RIVALS = {
    PANDAS: "rival_pandas.py",
    THREADED: "rival_threaded.py",
    LOAD_DATA: "rival_load_data.py",
    DLT: "rival_dlt.py",
}
# One object after another takes minutes, and says the same each time.
SLOW_PAIRS = 3


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=50_000, help="and rows (default: %(default)s)")
    parser.add_argument("--slow-objects", type=int, default=5_000, help="of these for pandas (default: %(default)s)")
    parser.add_argument("--many", type=int, default=500_000, help="objects of the empty run (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="how often each program runs (default: %(default)s)")
    parser.add_argument("--latency-ms", type=int, default=20, help="of each S3 request (default: %(default)s)")
    parser.add_argument("--only", choices=["single", "ndjson", "many"], nargs="+", default=["single", "ndjson", "many"])
    parser.add_argument("--quick", action="store_true", help="small and once: does it run? The figures mean nothing")
    parser.add_argument("--bin-folder", type=Path, default=RELEASE, help="where etl-mysql and simulate are")
    parser.add_argument("--s3-server", type=Path, default=S3_SERVER, help="the program s3-in-memory")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.objects, chosen.slow_objects, chosen.many, chosen.pairs = 2_000, 200, 5_000, 1
    return chosen


class Bench:
    """The runs so far, by what ran."""

    def __init__(self, chosen, interpreter, mysql):
        self.chosen = chosen
        self.interpreter = interpreter
        self.mysql = mysql
        self.runs = {}
        self.counts = {}
        self.server_cpu = {}

    def data(self, rows, days, **how):
        with alone(self.chosen.lock):
            return data.logs(self.chosen.bin_folder / "simulate", rows, days, **how)

    def s3(self, folder, latency_ms):
        return servers.s3(self.chosen.s3_server, folder, latency_ms)

    def run(self, program, load, rows, environment, fresh=True):
        """One whole process; the table must have the rows afterwards."""
        what = f"{program}: {load}"
        if program == OURS:
            command = [self.chosen.bin_folder / OURS, "--logs", "s3://logs/traffic", "--database", self.mysql.url()]
            command += ["--create-tables", "--output", "json"]
        else:
            command = [self.interpreter, "-W", "ignore", HERE / RIVALS[program]]
            command += ["logs", self.mysql.url("mysql+pymysql")]
        if fresh:
            self.mysql.fresh()
        # Nothing of a run before: dlt keeps its state here, and our jobs would read an mlops.toml.
        folder = HOME / "run"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with alone(self.chosen.lock):
            server = self.mysql.cpu_seconds()
            run = measure(command, HOME / "logs" / f"{program.replace(' ', '-')}.log", environment, folder)
            server = self.mysql.cpu_seconds() - server
        found = self.mysql.rows()
        if found != rows:
            sys.exit(f"{what}: {found} rows instead of {rows}")
        self.runs.setdefault(what, []).append(run)
        self.server_cpu.setdefault(what, []).append(server)
        self.counts[what] = rows
        print(f"{what}: {run.seconds:.2f} s, CPU {run.cpu_seconds:.2f} s, peak {run.peak_mb:.0f} MB", flush=True)
        return what

    def median(self, what):
        return median(self.runs[what])

    def has_rate(self, what):
        """A run that finds nothing new has none."""
        return "nothing new" not in what and "second look" not in what

    def rows_per_second(self, what):
        return self.counts[what] / self.median(what).seconds

    def cpu_per_million(self, what):
        return self.median(what).cpu_seconds / self.counts[what] * 1e6

    def print(self):
        def line(what):
            run = self.median(what)
            rate = f"{self.rows_per_second(what):,.0f}" if self.has_rate(what) else ""
            server = statistics.median(self.server_cpu[what])
            cells = [f"{run.seconds:,.2f}", f"{run.cpu_seconds:,.2f}", f"{run.peak_mb:,.0f}", rate, f"{server:,.2f}"]
            return [what, *cells, str(len(self.runs[what]))]

        print()
        table(["", "seconds", "CPU s", "peak MB", "rows/s", "MySQL's CPU s", "runs"], map(line, self.runs))

    def rows(self):
        def row(what):
            run = self.median(what)
            figures = {"seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "peak_mb": run.peak_mb}
            figures["server_cpu_seconds"] = statistics.median(self.server_cpu[what])
            figures["runs"] = len(self.runs[what])
            if self.has_rate(what):
                figures["rows_per_second"] = self.rows_per_second(what)
            return {"what": what, **{name: round(value, 3) for name, value in figures.items()}}

        return [row(what) for what in self.runs]


def against(bench, folders, load):
    """All programs in turn, over the full data; those of `folders` over their own, smaller data."""
    chosen = bench.chosen
    everything = folders.pop(None)
    names = {}
    with bench.s3(everything, chosen.latency_ms) as environment:
        for _ in range(chosen.pairs):
            for program in (OURS, *RIVALS):
                if program not in folders:
                    names[program] = bench.run(program, f"{chosen.objects:,} {load}", chosen.objects, environment)
    for program, (folder, rows) in folders.items():
        with bench.s3(folder, chosen.latency_ms) as environment:
            for _ in range(min(chosen.pairs, SLOW_PAIRS)):
                names[program] = bench.run(program, f"{rows:,} {load}", rows, environment)
    return names


def ratios_of(bench, names, load):
    """How many times the rows a second, and how small a part of the CPU time a row."""
    ratios = {}
    for rival in RIVALS:
        ratio = bench.rows_per_second(names[OURS]) / bench.rows_per_second(names[rival])
        ratios[f"rows/s, {load}: {OURS} / {rival}"] = ratio
        cpu = bench.cpu_per_million(names[rival]) / bench.cpu_per_million(names[OURS])
        ratios[f"CPU a row, {load}: {rival} / {OURS}"] = cpu
    ratios[f"CPU seconds per million rows, {load}: {OURS}"] = bench.cpu_per_million(names[OURS])
    return ratios


def single(bench):
    """One record an object, as applications write them."""
    chosen, load = bench.chosen, "single objects"
    slow = (bench.data(chosen.slow_objects, 1), chosen.slow_objects)
    names = against(bench, {None: bench.data(chosen.objects, 1), PANDAS: slow}, load)
    ratios = ratios_of(bench, names, load)
    goals = {f"rows/s, {load}: {OURS} / {PANDAS}": 20, f"rows/s, {load}: {OURS} / {THREADED}": 5}
    return ratios, [bar(name, ">=", goal, ratios[name]) for name, goal in goals.items()]


def ndjson(bench):
    """The same rows, a hundred lines an object."""
    load = "NDJSON rows"
    names = against(bench, {None: bench.data(bench.chosen.objects, 1, per_object=100)}, load)
    ratios = ratios_of(bench, names, load)
    least = min(ratios[f"rows/s, {load}: {OURS} / {rival}"] for rival in RIVALS)
    ours = names[OURS]
    client = bench.median(ours).cpu_seconds / statistics.median(bench.server_cpu[ours])
    return ratios, [
        bar(f"rows/s against the best of Python, {load}", ">=", 4, least),
        bar(f"CPU seconds of {OURS} / of MySQL, {load}", "<=", 0.25, client),
    ]


def many(bench):
    """Does memory grow, and what does it cost to find nothing new?"""
    chosen, bars, peaks = bench.chosen, [], []
    # Without latency, when the objects arrive faster than the database takes them.
    with bench.s3(bench.data(chosen.objects, 1), 0) as environment:
        few = bench.run(OURS, f"{chosen.objects:,} objects, no latency", chosen.objects, environment)
    for layout, keys in (("hourly", "dt=/hh="), ("flat", "random")):
        folder = bench.data(chosen.many, 30, layout=layout)
        with bench.s3(folder, 0) as environment:
            load = f"{chosen.many:,} objects, {keys} keys, no latency"
            peaks.append(bench.median(bench.run(OURS, load, chosen.many, environment)).peak_mb)
        with bench.s3(folder, chosen.latency_ms) as environment:
            # The first look at a partition in which nothing is left to do seals it.
            bench.run(OURS, f"a second look at {chosen.many:,} objects, {keys} keys", chosen.many, environment, fresh=False)
            for _ in range(chosen.pairs):
                load = f"nothing new among {chosen.many:,} objects, {keys} keys"
                empty = bench.run(OURS, load, chosen.many, environment, fresh=False)
        bars.append(bar(f"CPU seconds, {load}", "<", 1, bench.median(empty).cpu_seconds))
    growth = f"peak memory, {chosen.many:,} objects / {chosen.objects:,}"
    ratio = max(peaks) / bench.median(few).peak_mb
    return {growth: ratio}, [bar(growth, "<", 1.2, ratio), *bars]


def main():
    chosen = arguments()
    # The servers end with this process, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = [chosen.bin_folder / OURS, chosen.bin_folder / "simulate", chosen.s3_server]
    for program in programs:
        if not program.exists():
            sys.exit(f"{program} is not built; `just bench etl` builds it")
    interpreter = python(REQUIREMENTS)
    ratios, bars = {}, []
    with servers.mysql(interpreter) as mysql:
        bench = Bench(chosen, interpreter, mysql)
        for part in (single, ndjson, many):
            if part.__name__ in chosen.only:
                part_ratios, part_bars = part(bench)
                ratios |= part_ratios
                bars += part_bars
        ours = subprocess.run([programs[0], "--version"], check=True, capture_output=True, text=True).stdout
        versions = {
            OURS: ours.split()[-1],
            "MySQL": mysql.query("SELECT version()"),
            "Python": sys.version.split()[0],
            **pinned(REQUIREMENTS, ["boto3", "dlt", "orjson", "pandas", "PyMySQL", "s3fs", "SQLAlchemy"]),
        }
        mysql.fresh()
    peak = max(bench.median(what).peak_mb for what in bench.runs if what.startswith(OURS))
    bars.append(bar("highest peak memory of all runs, MB", "<", 64, peak))
    bench.print()
    write("etl", versions, bench.rows(), {what: round(value, 2) for what, value in ratios.items()}, bars)


main()
