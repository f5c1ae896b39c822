"""drift against what people use in Python today: two Parquet tables to JSON, side by side, on this machine."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from measure import HOME, ROOT, alone, bar, measure, median, pinned, python, table, write

RELEASE = ROOT / "target" / "release"
OURS = "drift"
SCIPY, ALIBI, NANNYML, EVIDENTLY = "pandas + scipy", "Alibi Detect", "NannyML", "Evidently"
RIVALS = {SCIPY: "rival_scipy", ALIBI: "rival_alibi", NANNYML: "rival_nannyml", EVIDENTLY: "rival_evidently"}
# By data.py, unless told to keep still.
MOVED = ["n0", "n1", "n3", "n4", "c0", "c1"]
GOALS = {EVIDENTLY: 30, NANNYML: 10, SCIPY: 5, ALIBI: 1}
PACKAGES = {SCIPY: ["pandas", "scipy"], ALIBI: ["alibi-detect"], NANNYML: ["nannyml"], EVIDENTLY: ["evidently"]}
# It would send what it does to its makers.
ENVIRONMENT = {"NML_DISABLE_USAGE_LOGGING": "1"}
SMALL = 1_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each of the two tables (default: %(default)s)")
    parser.add_argument("--many", type=int, default=10_000_000, help="rows for drift alone (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="how often each program runs (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small and once: does it run? The figures mean nothing")
    parser.add_argument("--bin-folder", type=Path, default=RELEASE, help="where drift is")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.many, chosen.pairs = 20_000, 200_000, 1
    return chosen


def requirements(program):
    return HERE / f"{RIVALS[program]}.txt"


class Bench:
    """The runs so far, by what ran."""

    def __init__(self, chosen):
        self.chosen = chosen
        self.runs = {}
        self.shifted = {}

    def data(self, rows, moved=True):
        folder = HOME / "drift" / f"{rows}{'' if moved else '-still'}"
        mark = folder / "whole"
        if not mark.exists():
            still = [] if moved else ["--still"]
            with alone(self.chosen.lock):
                subprocess.run([python(requirements(SCIPY)), HERE / "data.py", str(rows), folder, *still], check=True)
            mark.touch()
        return folder

    def run(self, program, load, folder):
        """One whole process, and what it takes for shifted."""
        what = f"{program}: {load}"
        tables = [folder / "reference.parquet", folder / "production.parquet"]
        report = HOME / "logs" / f"{program.replace(' ', '-')}.json"
        report.unlink(missing_ok=True)
        log = report.with_suffix(".log")
        if program == OURS:
            command = [self.chosen.bin_folder / OURS, "--reference", tables[0], "--production", tables[1]]
            command += ["--output", "json", "--log-level", "warn"]
        else:
            command = [python(requirements(program)), "-W", "ignore", HERE / f"{RIVALS[program]}.py", *tables, report]
        with alone(self.chosen.lock):
            run = measure(command, log, ENVIRONMENT)
        if program == OURS:
            features = json.loads(log.read_text())["features"]
            self.shifted[what] = [each["feature"] for each in features if each["verdict"] == "shifted"]
        else:
            self.shifted[what] = json.loads(report.read_text())["shifted"]
        self.runs.setdefault(what, []).append(run)
        print(f"{what}: {run.seconds:.2f} s, CPU {run.cpu_seconds:.2f} s, peak {run.peak_mb:.0f} MB", flush=True)
        return what

    def median(self, what):
        return median(self.runs[what])

    def print(self):
        def line(what):
            run = self.median(what)
            return [what, f"{run.seconds:,.2f}", f"{run.cpu_seconds:,.2f}", f"{run.peak_mb:,.0f}", str(len(self.runs[what]))]

        print()
        table(["", "seconds", "CPU s", "peak MB", "runs"], map(line, self.runs))

    def rows(self, truth):
        def row(what):
            run = self.median(what)
            figures = {"seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "peak_mb": run.peak_mb}
            return {
                "what": what,
                **{name: round(value, 3) for name, value in figures.items()},
                "runs": len(self.runs[what]),
                "shifted": self.shifted[what],
                **truth.get(what, {}),
            }

        return [row(what) for what in self.runs]


def truth(bench, names):
    """What each found of the columns that moved, and which others it took for shifted."""
    lines, of_rows = [], {}
    for what, moved in names:
        found = [name for name in moved if name in bench.shifted[what]]
        false = [name for name in bench.shifted[what] if name not in moved]
        share = f"{len(found)} of {len(moved)}" if moved else "no shift"
        lines.append([what, share, str(len(false)), " ".join(false)])
        of_rows[what] = {"found": share, "false": len(false)}
    table(["", "moved and found", "false alarms", "which"], lines)
    return of_rows


def main():
    chosen = arguments()
    if not (chosen.bin_folder / OURS).exists():
        sys.exit(f"{chosen.bin_folder / OURS} is not built; `just bench drift` builds it")
    bench = Bench(chosen)
    programs = [OURS, *RIVALS]
    load = f"{chosen.rows:,} rows"
    folder = bench.data(chosen.rows)
    for _ in range(chosen.pairs):
        names = {program: bench.run(program, load, folder) for program in programs}
    seen = [(what, MOVED) for what in names.values()]
    for what, moved in ((f"{SMALL:,} rows", MOVED), (f"{SMALL:,} rows, no shift", [])):
        folder = bench.data(SMALL, bool(moved))
        seen += [(bench.run(program, what, folder), moved) for program in programs]
    many = bench.run(OURS, f"{chosen.many:,} rows", bench.data(chosen.many))
    bench.print()
    found = truth(bench, seen)

    ours = bench.median(names[OURS])
    cpu = {rival: bench.median(names[rival]).cpu_seconds / ours.cpu_seconds for rival in RIVALS}
    memory = {rival: bench.median(names[rival]).peak_mb / ours.peak_mb for rival in RIVALS}
    growth = bench.median(many).peak_mb / ours.peak_mb
    ratios = {f"CPU seconds: {rival} / {OURS}": ratio for rival, ratio in cpu.items()}
    ratios |= {f"peak memory: {rival} / {OURS}": ratio for rival, ratio in memory.items()}
    bars = [
        *(bar(f"CPU seconds: {rival} / {OURS}", ">=", goal, cpu[rival]) for rival, goal in GOALS.items()),
        bar(f"peak memory: {EVIDENTLY} / {OURS}", ">=", 10, memory[EVIDENTLY]),
        bar(f"peak memory, {chosen.many:,} rows / {chosen.rows:,}", "<", 1.1, growth),
    ]
    version = subprocess.run([chosen.bin_folder / OURS, "--version"], check=True, capture_output=True, text=True).stdout
    versions = {OURS: version.split()[-1], "Python": sys.version.split()[0]}
    for program, packages in PACKAGES.items():
        versions |= pinned(requirements(program), packages)
    write("drift", versions, bench.rows(found), ratios, bars)


main()
