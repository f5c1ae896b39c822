"""Our models against scikit-learn and LightGBM: Parquet to predictions, side by side, on this machine."""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from measure import HOME, ROOT, alone, bar, measure, pinned, python, table, write

OURS = ROOT / "target" / "release" / "examples" / "fit"
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
    parser.add_argument("--only", choices=list(PAIRS), nargs="+", default=list(PAIRS))
    parser.add_argument("--quick", action="store_true", help="small and once: does it run? The figures mean nothing")
    parser.add_argument("--lock", type=Path, help="hold this file's lock during each run")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.pairs = 20_000, 1
    return chosen


class Bench:
    """The runs so far, by what ran."""

    def __init__(self, chosen, interpreter):
        self.chosen = chosen
        self.interpreter = interpreter
        self.runs = {}
        self.folder = HOME / "model"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.train, self.test = self.data(1), self.data(2)

    def data(self, seed):
        path = self.folder / f"{self.chosen.rows}-{seed}.parquet"
        if not path.exists():
            with alone(self.chosen.lock):
                subprocess.run([self.interpreter, HERE / "data.py", str(self.chosen.rows), str(seed), path], check=True)
        return path

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

    def ours(self, model, threads):
        command = [OURS, self.train, self.test, "churn", HERE / f"{model}.toml"]
        return self.run(f"ours {model}, {threads} threads", command, threads)

    def theirs(self, model, threads):
        command = [self.interpreter, "-W", "ignore", HERE / "rival.py", model, threads, self.train, self.test, "churn", 0]
        return self.run(f"{NAMES[model]} {model}, {threads} threads", command, threads)

    def median(self, what, figure):
        return statistics.median(run[figure] for run in self.runs[what])

    def rows(self):
        figures = ["seconds", "cpu_seconds", "peak_mb", "fit", "fit_cpu", "predict", "predict_cpu", "roc_auc", "log_loss", "brier"]
        return [{"what": what, **{figure: round(self.median(what, figure), 5) for figure in figures}} for what in self.runs]


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


def main():
    chosen = arguments()
    if not OURS.exists():
        sys.exit(f"{OURS} is not built; `just bench model` builds it")
    bench = Bench(chosen, python(REQUIREMENTS))
    ratios, bars = {}, []
    for model in chosen.only:
        compare(bench, model, ratios, bars)
    print()
    figures = ["fit", "fit_cpu", "predict_cpu", "peak_mb", "roc_auc", "log_loss"]
    cells = [[what, *(f"{bench.median(what, figure):,.4f}" for figure in figures)] for what in bench.runs]
    table(["", "fit s", "fit CPU s", "predict CPU s", "peak MB", "AUC", "log loss"], cells)
    versions = {"Python": sys.version.split()[0], **pinned(REQUIREMENTS, ["scikit-learn", "lightgbm", "pandas"])}
    write("model", versions, bench.rows(), ratios, bars)


main()
