"""Our models against scikit-learn and LightGBM: Parquet to predictions, side by side, on this machine."""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from measure import HOME, ROOT, alone, bar, measure, pinned, python, table, write

PROGRAMS = ROOT / "target" / "release"
OURS = PROGRAMS / "examples" / "fit"
# The rows that a model in service was fitted to.
SERVED = 100_000
REQUIREMENTS = HERE / "rival.txt"
# What the libraries call the same model, and how many threads each comparison has.
PAIRS = {
    "forest-10": (["forest-10"], 2),
    "forest": (["forest"], 2),
    "boosting": (["lightgbm", "histograms"], 1),
    "logistic": (["logistic"], 1),
}
# A quarter of an hour each.
SLOW = ["forest-10", "forest"]
NAMES = {"forest-10": "sklearn forest", "forest": "sklearn forest", "lightgbm": "LightGBM",
         "histograms": "sklearn histograms", "logistic": "sklearn logistic"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of training and of prediction (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=5, help="how often each program runs (default: %(default)s)")
    parser.add_argument("--slow-pairs", type=int, default=1, help="how often forests run (default: %(default)s)")
    parser.add_argument("--only", choices=[*PAIRS, *WHOLE], nargs="+", default=[*PAIRS, *WHOLE])
    parser.add_argument("--quick", action="store_true", help="small and once: does it run? The figures mean nothing")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.pairs = 20_000, 1
    return chosen


def of(rows):
    """A run over other rows than most is another one."""
    return f", {rows:,} rows" if rows else ""


class Bench:
    """The runs so far, by what ran."""

    def __init__(self, chosen, interpreter):
        self.chosen = chosen
        self.interpreter = interpreter
        self.runs = {}
        self.folder = HOME / "model"
        self.folder.mkdir(parents=True, exist_ok=True)

    def data(self, seed, rows=None):
        rows = rows or self.chosen.rows
        path = self.folder / f"{rows}-{seed}.parquet"
        if not path.exists():
            with alone(self.chosen.lock):
                subprocess.run([self.interpreter, HERE / "data.py", str(rows), str(seed), path], check=True)
        return path

    def customers(self):
        """Of the churn schema: 28 features, an id and the outcome."""
        path = self.folder / f"customers-{self.chosen.rows}.parquet"
        if not path.exists():
            csv = path.with_suffix(".csv")
            subprocess.run([PROGRAMS / "simulate", "customers", "--rows", str(self.chosen.rows), "--to", csv], check=True)
            convert = "import pandas, sys; pandas.read_csv(sys.argv[1]).to_parquet(sys.argv[2])"
            subprocess.run([self.interpreter, "-c", convert, csv, path], check=True)
        return path

    def whole(self, what, command):
        """A whole process, whose last line has its figures, or that prints one document."""
        with alone(self.chosen.lock):
            run = measure(command, HOME / "logs" / f"model-{what.replace(' ', '-')}.log")
        figures = {"seconds": run.seconds, "cpu_seconds": run.cpu_seconds, "peak_mb": run.peak_mb}
        self.runs.setdefault(what, []).append(figures)
        print(f"{what}: {run.seconds:.1f} s, CPU {run.cpu_seconds:.1f} s, peak {run.peak_mb:.0f} MB", flush=True)
        return what

    def run(self, what, command, threads):
        log = HOME / "logs" / f"model-{what.replace(' ', '-')}.log"
        # Threads of OpenMP that wait would otherwise spin, on processors that others need.
        environment = {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE", "RAYON_NUM_THREADS": str(threads)}
        with alone(self.chosen.lock):
            run = measure(command, log, environment)
        figures = json.loads(log.read_text().splitlines()[-1])
        self.runs.setdefault(what, []).append({**figures, "seconds": run.seconds, "cpu_seconds": run.cpu_seconds,
                                               "peak_mb": run.peak_mb})
        print(f"{what}: fit {figures['fit']:.2f} s, CPU {figures['fit_cpu']:.2f} s; predict CPU "
              f"{figures['predict_cpu']:.2f} s; peak {run.peak_mb:.0f} MB; log loss {figures['log_loss']:.5f}", flush=True)
        return what

    def ours(self, model, threads, rows=None):
        command = [OURS, self.data(1, rows), self.data(2, rows), "churn", HERE / f"{model}.toml"]
        return self.run(f"ours {model}, {threads} threads{of(rows)}", command, threads)

    def theirs(self, model, threads, rows=None):
        data = [self.data(1, rows), self.data(2, rows)]
        command = [self.interpreter, "-W", "ignore", HERE / "rival.py", model, threads, *data, "churn", 0]
        return self.run(f"{NAMES[model]} {model}, {threads} threads{of(rows)}", command, threads)

    def median(self, what, figure):
        return statistics.median(run[figure] for run in self.runs[what])

    def rows(self):
        return [
            {"what": what, **{figure: round(self.median(what, figure), 7) for figure in runs[0]}}
            for what, runs in self.runs.items()
        ]


def compare(bench, model, ratios, bars):
    """One of our models beside those of others."""
    rivals, threads = PAIRS[model]
    pairs = min(bench.chosen.pairs, bench.chosen.slow_pairs) if model in SLOW else bench.chosen.pairs
    for _ in range(pairs):
        ours = bench.ours(model, threads)
        theirs = [bench.theirs(rival, threads) for rival in rivals]
        both = bench.ours(model, 2) if model == "boosting" else ours
    for rival in theirs:
        def ratio(figure, goal=None):
            value = bench.median(rival, figure) / bench.median(ours, figure)
            name = f"{figure}: {rival} / {ours}"
            ratios[name] = value
            if goal:
                bars.append(bar(name, ">=", goal, value))

        ratio("fit_cpu", {"forest-10": 25, "forest": 5, "boosting": 1.5, "logistic": 5}[model])
        ratio("fit")
        ratio("peak_mb", None if model == "logistic" else 2)
        ratio("predict_cpu", None if model == "logistic" else 3)
    if both != ours:
        name = "fit: one thread / two, ours boosting"
        ratios[name] = bench.median(ours, "fit") / bench.median(both, "fit")
        bars.append(bar(name, ">=", 1.6, ratios[name]))


def serving(bench, ratios, bars):
    """Models as large as they get: how fast they are loaded, and answer one row."""
    for model, rival in [("forest-300", "forest-10"), ("boosting-300", "histograms")]:
        ours, theirs = bench.ours(model, 1, SERVED), bench.theirs(rival, 1, SERVED)
        bars.append(bar(f"milliseconds to load, {ours}", "<", 50, 1e3 * bench.median(ours, "load")))
        bars.append(bar(f"microseconds a row, {ours}", "<", 20, 1e6 * bench.median(ours, "row")))
        for figure in ["load", "row"]:
            ratios[f"{figure}: {theirs} / {ours}"] = bench.median(theirs, figure) / bench.median(ours, figure)


def retrain(bench, ratios, bars):
    """From Parquet to all that belongs to a model."""
    data, folder = bench.customers(), bench.folder / "models"
    for _ in range(min(bench.chosen.pairs, 3)):
        shutil.rmtree(folder, ignore_errors=True)
        ours = [PROGRAMS / "retrain", "--data", data, "--id", "client_id", "--target", "churn", "--models", folder]
        ours = bench.whole("ours retrain", [*ours, "--output", "json"])
        theirs = [bench.interpreter, "-W", "ignore", HERE / "retrain.py", data, bench.folder / "sklearn"]
        theirs = bench.whole("scikit-learn retrain", theirs)
    for figure in ["seconds", "cpu_seconds", "peak_mb"]:
        ratios[f"{figure}: {theirs} / {ours}"] = bench.median(theirs, figure) / bench.median(ours, figure)
    bars.append(bar(f"peak MB, {ours}", "<", 1000, bench.median(ours, "peak_mb")))


def main():
    chosen = arguments()
    if not OURS.exists():
        sys.exit(f"{OURS} is not built; `just bench model` builds it")
    bench = Bench(chosen, python(REQUIREMENTS))
    ratios, bars = {}, []
    for model in chosen.only:
        WHOLE[model](bench, ratios, bars) if model in WHOLE else compare(bench, model, ratios, bars)
    print()
    figures = ["fit", "fit_cpu", "predict_cpu", "peak_mb", "roc_auc", "log_loss"]
    fitted = [what for what, runs in bench.runs.items() if "fit" in runs[0]]
    cells = [[what, *(f"{bench.median(what, figure):,.4f}" for figure in figures)] for what in fitted]
    table(["", "fit s", "fit CPU s", "predict CPU s", "peak MB", "AUC", "log loss"], cells)
    versions = {"Python": sys.version.split()[0], **pinned(REQUIREMENTS, ["scikit-learn", "lightgbm", "pandas"])}
    write("model", versions, bench.rows(), ratios, bars)


WHOLE = {"serving": serving, "retrain": retrain}
main()
