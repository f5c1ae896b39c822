"""concept-shift against what people use in Python today: two Parquet tables to a score, side by side, on this machine."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from measure import HOME, ROOT, alone, bar, measure, median, pinned, python, table, write

PROGRAMS = ROOT / "target" / "release"
OURS, SKLEARN, NANNYML, NANNYML_ONE = "concept-shift", "scikit-learn", "NannyML", "NannyML, one chunk"
RIVALS = {SKLEARN: "rival_sklearn", NANNYML: "rival_nannyml", NANNYML_ONE: "rival_nannyml"}
# Asked for ten chunks, as it is by default, NannyML fits ten times.
CHUNKS = {NANNYML: ["10"], NANNYML_ONE: ["1"]}
GOALS = {SKLEARN: 20, NANNYML: 10}
PACKAGES = {SKLEARN: ["scikit-learn", "pandas"], NANNYML: ["nannyml"]}
# NannyML would send what it does to its makers; threads of OpenMP that wait would spin.
ENVIRONMENT = {"NML_DISABLE_USAGE_LOGGING": "1", "OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="of each of the two tables (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=3, help="how often each program runs (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small and once: does it run? The figures mean nothing")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.pairs = 5_000, 1
    return chosen


def requirements(program):
    return HERE / f"{RIVALS[program]}.txt"


def data(rows, lock):
    folder = HOME / "concept-shift" / str(rows)
    mark = folder / "whole"
    if not mark.exists():
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / "reference.csv", folder / "production.csv"]
        with alone(lock):
            for seed, file in enumerate(files):
                customers = [PROGRAMS / "simulate", "customers", "--rows", str(rows), "--seed", str(seed), "--to", file]
                subprocess.run(customers, check=True, stdout=subprocess.DEVNULL)
            subprocess.run([python(requirements(SKLEARN)), HERE / "data.py", *files, folder], check=True)
        mark.touch()
    return folder / "reference.parquet", folder / "production.parquet"


def main():
    chosen = arguments()
    reference, production = data(chosen.rows, chosen.lock)
    commands = {
        OURS: [PROGRAMS / "concept-shift", "--reference", reference, "--production", production, "--id", "client_id,churn", "--unit", "none",
               "--output", "json", "--n-jobs", "2"],
        **{name: [python(requirements(name)), "-W", "ignore", HERE / f"{file}.py", reference, production, *CHUNKS.get(name, [])] for name, file in RIVALS.items()},
    }
    runs, scores = {name: [] for name in commands}, {}
    for _ in range(chosen.pairs):
        for name, command in commands.items():
            log = HOME / "logs" / f"concept-shift-{name}.log"
            with alone(chosen.lock):
                runs[name].append(measure(command, log, ENVIRONMENT))
            lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
            scores[name] = json.loads(lines[-1])["score"]
            last = runs[name][-1]
            print(f"{name}: {last.seconds:.1f} s, CPU {last.cpu_seconds:.1f} s, peak {last.peak_mb:.0f} MB, AUC {scores[name]:.4f}", flush=True)
    medians = {name: median(of) for name, of in runs.items()}
    print()
    table(["", "seconds", "CPU s", "peak MB", "AUC"],
          [[name, f"{of.seconds:.1f}", f"{of.cpu_seconds:.1f}", f"{of.peak_mb:.0f}", f"{scores[name]:.4f}"] for name, of in medians.items()])
    ratios, bars = {}, []
    for name in RIVALS:
        cpu = ratios[f"CPU: {name} / {OURS}"] = medians[name].cpu_seconds / medians[OURS].cpu_seconds
        memory = ratios[f"peak: {name} / {OURS}"] = medians[name].peak_mb / medians[OURS].peak_mb
        if name in GOALS:
            bars += [bar(f"CPU: {name} / {OURS}", ">=", GOALS[name], cpu), bar(f"peak: {name} / {OURS}", ">=", 4, memory)]
    bars.append(bar(f"AUC: {SKLEARN} is better by", "<", 0.005, scores[SKLEARN] - scores[OURS]))
    versions = {"Python": sys.version.split()[0]}
    for name, packages in PACKAGES.items():
        versions.update(pinned(requirements(name), packages))
    rows = [{"what": name, "seconds": of.seconds, "cpu_seconds": of.cpu_seconds, "peak_mb": of.peak_mb, "score": scores[name]} for name, of in medians.items()]
    write("concept-shift", versions, rows, ratios, bars)


main()
