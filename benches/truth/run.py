"""The verdicts and intervals of drift, concept-shift and performance in worlds whose truth is known.

The programs read files, as in use. `--quick` is small, takes half a minute, and needs no package: a test runs it. The whole run compares with
scipy and scikit-learn on the same rows.
"""

import argparse
import datetime
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

import worlds
from measure import HOME, ROOT, pinned, python, write

REQUIREMENTS = HERE.parent / "concept-shift" / "rival_sklearn.txt"
LEVEL = 0.05
# A forest of scikit-learn takes its time.
RIVAL_RUNS = 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, without references: fails if a promise is not kept")
    parser.add_argument("--programs", type=Path, default=ROOT / "target" / "release", help="their folder (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="random seed (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=60, help="of each case of concept-shift (default: %(default)s)")
    parser.add_argument("--years", type=int, default=20, help="of daily runs (default: %(default)s)")
    return parser.parse_args()


def asked(program, *words):
    """The JSON document of a run."""
    command = [program, *map(str, words), "--output", "json", "--log-level", "error"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {ended.returncode}:\n{ended.stderr}")
    return json.loads(ended.stdout)


def csv(file, header, rows):
    with file.open("w") as out:
        out.write(",".join(header) + "\n")
        out.writelines(",".join(map(str, row)) + "\n" for row in rows)


class Table:
    """The findings, each with what is promised of it."""

    def __init__(self):
        self.rows, self.bars = [], []

    def intervals(self, what, counts, of):
        """The coverage of intervals of 95%, by their names: in one row."""
        for name, count in counts.items():
            self.add(f"{what}: interval of {name}", count, of, least=0.93, most=0.985, is_listed=False)
        shares = [f"{100 * count / of:.3g}%" for count in (min(counts.values()), max(counts.values()))]
        names = ", ".join(counts)
        self.rows.append({"what": f"{what}: intervals of {names}", "runs": of, "share": " to ".join(shares), "promise": "93% to 98.5%", "rival": ""})

    def add(self, what, count, of, least=0.0, most=1.0, reference="", is_listed=True):
        """A share of `count` of `of`; a promise is broken if the share is outside by more than 3 standard errors."""
        share = count / of
        error = lambda bound: 3.0 * math.sqrt(max(bound * (1.0 - bound), 1.0 / of) / of)
        kept = least - error(least) <= share <= most + error(most) if (least, most) != (0.0, 1.0) else True
        percent = lambda number: f"{100 * number:.3g}%"
        promise = "" if (least, most) == (0.0, 1.0) else (
            f"at most {percent(most)}" if least == 0.0 else f"at least {percent(least)}" if most == 1.0 else f"{percent(least)} to {percent(most)}")
        if is_listed:
            self.rows.append({"what": what, "runs": of, "share": percent(share), "promise": promise + ("" if kept else ", broken"), "rival": reference})
        if not kept:
            self.bars.append({"bar": what, "goal": promise, "measured": round(share, 4), "met": False})
        print(f"{what:<95} {percent(share):>7} of {of:<6} {promise:<14} {reference}{'' if kept else '   BROKEN'}", flush=True)


# drift: (name, training rows, production rows, world without a shift, world with one or None, options, scipy's test)
def drift_cases(quick):
    large = 2_000 if quick else 10_000
    w = worlds
    even = lambda r, first, count=400: w.levels(r, [1] * count, first)
    return [
        ("numbers", large, 300, w.normal, None, [], "ks"),
        ("numbers, 50 a day", large, 50, w.normal, None, [], "ks"),
        ("numbers, one size", 300, 300, w.normal, None, [], "ks"),
        ("numbers rounded to integers", large, 300, lambda r: w.rounded(r, 0), None, [], "ks"),
        ("numbers rounded to integers, Anderson–Darling", large, 300, lambda r: w.rounded(r, 0), None, ["--numeric-test", "anderson-darling"], "anderson"),
        ("numbers rounded to integers, Mann–Whitney", large, 300, lambda r: w.rounded(r, 0), None, ["--numeric-test", "mann-whitney"], "mann-whitney"),
        ("numbers rounded to 0.1", large, 300, lambda r: w.rounded(r, 1), None, [], "ks"),
        ("numbers rounded to 0.1, Anderson–Darling", large, 300, lambda r: w.rounded(r, 1), None, ["--numeric-test", "anderson-darling"], "anderson"),
        ("heavy tails", large, 300, w.heavy, None, [], "ks"),
        ("90% zeros", large, 300, lambda r: w.atom(r, 0.9), None, [], "ks"),
        ("10% missing", large, 300, lambda r: w.missing(r, 0.1), None, [], "ks"),
        ("two levels, one of 2%", large, 300, lambda r: w.levels(r, [98, 2]), None, [], "chi"),
        ("40 levels by Zipf's law", large, 200, lambda r: w.levels(r, w.zipf(40)), None, [], "chi"),
        ("400 rare levels", large, 400, lambda r: even(r, 0), None, [], "chi"),
        ("numbers, PSI", large, 300, w.normal, None, ["--numeric-test", "psi"], ""),
        ("40 levels, Jensen–Shannon", large, 200, lambda r: w.levels(r, w.zipf(40)), None, ["--categorical-test", "jensen-shannon"], "chi"),
        ("40 levels, G", large, 200, lambda r: w.levels(r, w.zipf(40)), None, ["--categorical-test", "g"], "chi"),
        # With a shift.
        ("numbers, +0.1 sd", large, 1000, w.normal, lambda r: w.normal(r, 0.1), [], "ks"),
        ("numbers, +0.2 sd", large, 1000, w.normal, lambda r: w.normal(r, 0.2), [], "ks"),
        ("numbers, +0.3 sd", large, 300, w.normal, lambda r: w.normal(r, 0.3), [], "ks"),
        ("numbers rounded to integers, +0.3 sd", large, 300, lambda r: w.rounded(r, 0), lambda r: w.rounded(r, 0, 0.3), [], "ks"),
        ("heavy tails, +0.5", large, 300, w.heavy, lambda r: w.heavy(r, 0.5), [], "ks"),
        ("a level 50% → 62%", large, 500, lambda r: w.levels(r, [50, 50]), lambda r: w.levels(r, [62, 38]), [], "chi"),
        ("a level 50% → 80%", large, 100, lambda r: w.levels(r, [50, 50]), lambda r: w.levels(r, [80, 20]), [], "chi"),
        ("zeros 97% → 92%", large, 500, lambda r: w.atom(r, 0.97), lambda r: w.atom(r, 0.92), [], "ks"),
        ("missing 2% → 4%", large, 1500, lambda r: w.missing(r, 0.02), lambda r: w.missing(r, 0.04), [], "ks"),
        ("400 rare levels, all replaced", large, 500, lambda r: even(r, 0), lambda r: even(r, 400), [], "chi"),
        ("400 rare levels, half replaced", large, 500, lambda r: even(r, 0), lambda r: even(r, 200), [], "chi"),
    ]


# What is promised of the power; the others are shown.
FOUND = {"numbers, +0.2 sd", "numbers, +0.3 sd", "a level 50% → 62%", "a level 50% → 80%", "zeros 97% → 92%", "400 rare levels, all replaced", "heavy tails, +0.5"}


def p_value(test, reference, production):
    """Of scipy, by the test that its users take."""
    from scipy import stats

    if test == "chi":
        names = sorted(set(reference) | set(production))
        return stats.chi2_contingency([[side.count(name) for name in names] for side in (reference, production)]).pvalue
    numbers = [[value for value in side if value != worlds.MISSING] for side in (reference, production)]
    if test == "mann-whitney":
        return stats.mannwhitneyu(*numbers).pvalue
    if test == "anderson":
        return stats.anderson_ksamp(numbers, variant="midrank").pvalue
    return stats.ks_2samp(*numbers).pvalue


def drift(chosen, folder, found):
    columns, batches = (60, 1) if chosen.quick else (100, 4)
    names = [f"f{number}" for number in range(columns)]
    for name, n, m, before, after, options, test in drift_cases(chosen.quick):
        shifted = rejected = inconclusive = 0
        for batch in range(batches):
            r = random.Random(f"{chosen.seed} {name} {batch}")
            sides = []
            for rows, world in ((n, before), (m, after or before)):
                draws = [world(r) for _ in names]
                sides.append([[draw() for draw in draws] for _ in range(rows)])
            files = [folder / "reference.csv", folder / "production.csv"]
            for file, rows in zip(files, sides):
                csv(file, names, rows)
            kind = ["--categorical", ",".join(names)] if test == "chi" else ["--numeric", ",".join(names)]
            report = asked(chosen.programs / "drift", "--reference", files[0], "--production", files[1], "--correction", "none", *kind, *options)
            for feature in report["features"]:
                shifted += feature["verdict"] == "shifted"
                inconclusive += feature["verdict"] == "inconclusive"
            if not chosen.quick and test:
                every = [[list(column) for column in zip(*side)] for side in sides]
                rejected += sum(p_value(test, *pair) <= LEVEL for pair in zip(*every))
        of = columns * batches
        bounds = {"most": LEVEL} if after is None else {"least": 0.9} if name in FOUND else {}
        # A χ² test and a Kolmogorov–Smirnov test of one feature are two tests: of values and of missing values.
        if after is None and "missing" in name:
            bounds = {"most": 2 * LEVEL}
        title = f"drift, {'no shift' if after is None else 'shift'}: {name} ({n:,} and {m:,} rows)"
        found.add(title, shifted, of, **bounds, reference="" if chosen.quick or not test else f"{100 * rejected / of:.3g}%")
        if inconclusive:
            found.add(f"{title}, inconclusive", inconclusive, of)


def ratios(chosen, folder, found):
    """One level from 50% to 62%, and nothing, with ever more training rows."""
    columns, m = (10, 1000) if chosen.quick else (20, 1000)
    names = [f"f{number}" for number in range(columns)]
    for ratio in (1, 10) if chosen.quick else (1, 10, 100, 500):
        r = random.Random(f"{chosen.seed} ratio {ratio}")
        before = worlds.levels(r, [50, 50])
        reference = folder / "reference.csv"
        csv(reference, names, ([before() for _ in names] for _ in range(ratio * m)))
        for share, bounds in ((50, {"most": LEVEL}), (62, {"least": 0.9})):
            after = worlds.levels(r, [share, 100 - share])
            production = folder / "production.csv"
            csv(production, names, ([after() for _ in names] for _ in range(m)))
            report = asked(chosen.programs / "drift", "--reference", reference, "--production", production, "--correction", "none")
            shifted = sum(feature["verdict"] == "shifted" for feature in report["features"])
            found.add(f"drift, ratio {ratio}:1, a level 50% → {share}%", shifted, columns, **bounds)


def days(chosen, folder, found):
    """Daily runs of 28 features, with all corrections: false alarms a day and a year, and weekdays."""
    count, years, length = (30, 0, 0) if chosen.quick else (365, chosen.years, 365)
    names = [f"f{number}" for number in range(28)]
    r = random.Random(f"{chosen.seed} days")
    worlds_of = [worlds.normal(r)] * 9 + [worlds.rounded(r, 0)] * 5 + [worlds.levels(r, worlds.zipf(12))] * 14
    rows = lambda number: ([world() for world in worlds_of] for _ in range(number))
    production = folder / "production.csv"
    alarmed = {}
    reference = folder / "reference.csv"

    def is_alarm(*options):
        report = asked(chosen.programs / "drift", "--reference", reference, "--production", production, *options)
        return report["verdict"] == "shifted"

    csv(reference, names, rows(2_000 if chosen.quick else 12_000))
    alarms = 0
    for _ in range(count):
        csv(production, names, rows(300))
        alarms += is_alarm()
    found.add("drift, false alarms a day: 28 features, 300 rows", alarms, count, most=LEVEL)
    for year in range(years):
        csv(reference, names, rows(12_000))
        alarmed[year] = False
        for _ in range(length):
            csv(production, names, rows(300))
            if is_alarm("--looks", "365"):
                alarmed[year] = True
                break
    if years:
        found.add("drift, years with a false alarm: 28 features, --looks 365", sum(alarmed.values()), years, most=LEVEL)
    # All days of the week are in the training data.
    weekend = lambda day: (lambda draw: [draw() for _ in names])(worlds.weekday(r, day))
    csv(reference, names, (weekend(day) for day in range(2_100 if chosen.quick else 10_500)))
    alone = together = 0
    windows = 14 if chosen.quick else 100
    for day in range(14):
        csv(production, names, (weekend(day) for _ in range(300)))
        alone += is_alarm()
    for window in range(windows):
        csv(production, names, (weekend(window + row % 7) for row in range(700)))
        together += is_alarm()
    found.add("drift, other values at weekends: single days are other rows", alone, 14)
    found.add("drift, other values at weekends: 7 days together", together, windows, most=LEVEL)


def concept(chosen, folder, found):
    runs, n = (4, 400) if chosen.quick else (chosen.runs, 1500)
    options = ["--trees", 20, "--max-depth", 6] if chosen.quick else []
    cases = [
        ("same customers, IDs", "same", 0, None, True),
        ("same customers", "same", 0, None, False),
        ("same customers, noise of 0.05 sd", "same", 0.05, None, False),
        ("same customers, rounded to 0.1", "same", 0, 1, False),
        ("same customers, rounded to integers", "same", 0, 0, False),
        ("half of the customers", "half", 0, None, False),
        ("three rows a customer, noise of 0.05 sd", "three rows", 0.05, None, False),
        ("other customers, IDs", "others", 0, None, True),
    ]
    header = ["client_id", "f0", "f1", "f2", "f3", "f4"]
    for shift in (0.0, 0.5):
        for name, whose, noise, decimals, has_ids in cases[:2] if chosen.quick else cases:
            alarms = shifted = refused = rejected = 0
            for run in range(runs):
                r = random.Random(f"{chosen.seed} {name} {shift} {run}")
                sides = worlds.customers(r, n, whose, noise, decimals, shift)
                files = [folder / "reference.csv", folder / "production.csv"]
                for file, rows in zip(files, sides):
                    csv(file, header if has_ids else header[1:], rows if has_ids else (row[1:] for row in rows))
                ids = ["--id", "client_id"] if has_ids else []
                report = asked(chosen.programs / "concept-shift", "--reference", files[0], "--production", files[1], "--seed", run, *ids, *options)
                alarms += report["p_value"] <= LEVEL
                shifted += report["verdict"] == "shifted"
                refused += report["verdict"] == "inconclusive"
                if not chosen.quick and run < RIVAL_RUNS:
                    rejected += forest_is_shifted(sides, run)
            rival = "" if chosen.quick else f"{100 * rejected / min(runs, RIVAL_RUNS):.3g}%"
            title = f"concept-shift, {'+0.5 sd in one of five features' if shift else 'no shift'}: {name} ({n:,} rows)"
            if shift:
                # The quick run has too few rows for the threshold.
                found.add(title, alarms if chosen.quick else shifted, runs, least=0.9, reference=rival)
            else:
                found.add(f"{title}, p ≤ 0.05", alarms, runs, most=LEVEL)
                found.add(f"{title}, shifted", shifted, runs, most=LEVEL, reference=rival)
                if refused:
                    found.add(f"{title}, inconclusive", refused, runs)


def forest_is_shifted(sides, seed):
    """Whether a forest of scikit-learn by GroupKFold over the true customers has a score above 0.55 in the mean of its folds."""
    import numpy
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    rows = sides[0] + sides[1]
    inputs = numpy.array([row[1:] for row in rows])
    groups = numpy.unique([row[0] for row in rows], return_inverse=True)[1]
    is_now = numpy.repeat([0, 1], [len(sides[0]), len(sides[1])])
    scores = []
    for fitted, held_out in GroupKFold(5, shuffle=True, random_state=seed).split(inputs, is_now, groups):
        forest = RandomForestClassifier(50, max_depth=10, min_samples_leaf=5, n_jobs=2, random_state=seed)
        forest.fit(inputs[fitted], is_now[fitted])
        scores.append(roc_auc_score(is_now[held_out], forest.predict_proba(inputs[held_out])[:, 1]))
    return sum(scores) / len(scores) > 0.55


INTERVALS = ["base_rate", "roc_auc", "log_loss", "brier", "ece", "precision", "recall"]
ESTIMATED = ["roc_auc", "log_loss", "brier", "precision", "recall"]


def performance(chosen, folder, found):
    weeks = 60 if chosen.quick else 480
    for rows, error in ((500, 0.0), (2000, 0.0), (500, 0.04), (2000, 0.04), (1000, 0.04), (1000, 0.1)):
        if chosen.quick and rows == 2000:
            continue
        r = random.Random(f"{chosen.seed} {rows} {error}")
        header = ["scored_at", "score", "churn"]
        first = datetime.date(2015, 1, 5)
        truth_file, file = folder / "truth.csv", folder / "scored.csv"
        csv(truth_file, header, ((first, *pair) for pair in worlds.predictions(r, 40_000 if chosen.quick else 400_000, error)))
        csv(file, header, ((first + datetime.timedelta(7 * week), *pair) for week in range(weeks) for pair in worlds.predictions(r, rows, error)))
        words = ["--prediction", "score", "--target", "churn", "--time", "scored_at", "--every", "week"]
        truth = asked(chosen.programs / "performance", "--production", truth_file, *words)["periods"][0]["realised"]
        periods = asked(chosen.programs / "performance", "--production", file, *words)["periods"]
        value = {name: truth[name]["value"] for name in INTERVALS} | {"ece": error}
        holds = lambda interval, truth: interval is not None and interval["low"] <= truth <= interval["high"]
        title = f"performance, {rows:,} rows, calibration error {error}"
        counts = {name: sum(holds(period["realised"][name], value[name]) for period in periods) for name in INTERVALS}
        found.intervals(title, counts, len(periods))
        if error == 0.0:
            # What comes lies in the interval of what was expected.
            comes = lambda name: sum(holds(period["estimated"][name], period["realised"][name]["value"]) for period in periods)
            found.intervals(f"{title}, estimated before outcomes", {name: comes(name) for name in ESTIMATED}, len(periods))
        alarms = sum(period["verdict"] == "shifted" for period in periods)
        bounds = {"most": LEVEL} if error <= 0.05 else {"least": 0.8}
        observed = sum(period["realised"]["ece_observed"] > 0.05 and period["realised"]["calibration_p_value"] <= LEVEL for period in periods)
        found.add(f"{title}: alarms at --max-ece 0.05", alarms, len(periods), **bounds, reference=f"{100 * observed / len(periods):.3g}% (observed error)")


def main():
    chosen = arguments()
    if not chosen.quick:
        try:
            import sklearn  # noqa: F401
        except ImportError:
            # Once more, where the references are installed.
            sys.exit(subprocess.run([python(REQUIREMENTS), *sys.argv]).returncode)
    found = Table()
    with tempfile.TemporaryDirectory() as folder:
        for part in (drift, ratios, days, concept, performance):
            part(chosen, Path(folder), found)
    if chosen.quick:
        sys.exit("\n".join(["broken promises:", *(bar["bar"] for bar in found.bars)]) if found.bars else 0)
    HOME.mkdir(parents=True, exist_ok=True)
    write("truth", pinned(REQUIREMENTS, ["scipy", "scikit-learn"]), found.rows, {}, found.bars)


if __name__ == "__main__":
    main()
