"""Writes the tables of benches/README.md and docs/methods.md from the results of the benchmarks.

    python3 benches/render.py keep etl    # keep the figures of the last run, and write the page
    python3 benches/render.py             # write the page from all kept figures
    python3 benches/render.py --check     # fail if the page differs from the kept figures; a test runs this
"""

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE / "README.md"
METHODS = HERE.parent / "docs" / "methods.md"
# The page of each result; the others are on the first one.
PAGES = {"truth": METHODS}
RESULTS = HERE / "results"
LAST = HERE.parent / "target" / "bench"

# The columns in their order: key, heading, and number of decimals (None: three significant digits).
COLUMNS = {
    "seconds": ("seconds", None),
    "cpu_seconds": ("CPU s", None),
    "server_cpu_seconds": ("MySQL's CPU s", None),
    "peak_mb": ("peak MB", 0),
    "rows_per_second": ("rows per second", 0),
    "requests_per_second": ("requests per second", 0),
    "p50_ms": ("p50 ms", None),
    "p99_ms": ("p99 ms", None),
    "p99_ms_of_one": ("p99 ms of one client", None),
    "cpu_us": ("CPU µs per request", None),
    "fit": ("fit s", None),
    "fit_cpu": ("fit CPU s", None),
    "predict": ("predict s", None),
    "predict_cpu": ("predict CPU s", None),
    "load": ("load s", None),
    "row": ("s per row", None),
    "score": ("AUC", 4),
    "roc_auc": ("AUC", 4),
    "log_loss": ("log loss", 4),
    "brier": ("Brier", 4),
    "found": ("shifts detected", None),
    "false": ("false alarms", 0),
    "queries": ("queries", 0),
    "runs": ("runs", 0),
    "share": ("share", None),
    "promise": ("promised", None),
    "rival": ("scipy or scikit-learn", None),
}


def figure(value, digits):
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if digits is None:
        size = abs(value)
        digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3 if size >= 0.001 else 6
        text = f"{value:,.{digits}f}"
        # Trailing zeros were not measured.
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:,.{digits}f}"


def table(lines):
    """A Markdown table; the first line is its header."""
    head, *lines = lines
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *lines)]


def tables(report):
    """The table of medians, the table of ratios and limits with their goals, and the versions."""
    of_machine = report["machine"]
    about = f"{of_machine['cores']} cores of an {of_machine['processor']}, {report['date']}"
    keys = [key for key in COLUMNS if any(row.get(key) is not None for row in report["rows"])]
    rows = [[row["what"], *(figure(row.get(key), COLUMNS[key][1]) for key in keys)] for row in report["rows"]]
    lines = table([[about, *(COLUMNS[key][0] for key in keys)], *rows])
    # A ratio with a goal is listed among the bars, by the same name.
    bars = [[bar["bar"], figure(bar["measured"], None), bar["goal"] + ("" if bar["met"] else ", missed")] for bar in report["bars"]]
    promised = {bar["bar"] for bar in report["bars"]}
    ratios = [[what, figure(value, None), ""] for what, value in report["ratios"].items() if what not in promised]
    if bars or ratios:
        lines += ["", *table([["ratio or limit", "measured", "goal"], *bars, *ratios])]
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return [*lines, "", f"Versions: {versions}." + (f" {report['note']}" if report.get("note") else "")]


def marks(name):
    return f"<!-- results/{name}.json, by render.py -->", f"<!-- end of {name} -->"


def rendered(path):
    """The page with the tables of all of its kept figures between their marks."""
    page = path.read_text()
    for file in sorted(RESULTS.glob("*.json")):
        if PAGES.get(file.stem, PAGE) != path:
            continue
        begin, end = marks(file.stem)
        if page.count(begin) != 1 or page.count(end) != 1:
            sys.exit(f"{path} has no marks for {file.name}; add these two lines where its tables belong:\n{begin}\n{end}")
        before, rest = page.split(begin)
        _, after = rest.split(end)
        page = "\n".join([before + begin, *tables(json.loads(file.read_text())), end + after])
    return page


def main():
    words = sys.argv[1:]
    if words[:1] == ["keep"] and len(words) == 2:
        last = LAST / f"{words[1]}.json"
        if not last.exists():
            sys.exit(f"{last} does not exist; `just bench {words[1]}` writes it")
        shutil.copyfile(last, RESULTS / last.name)
    elif words not in ([], ["--check"]):
        sys.exit(__doc__)
    for path in (PAGE, METHODS):
        new = rendered(path)
        if words == ["--check"]:
            if new != path.read_text():
                sys.exit(f"{path} differs from benches/results; python3 benches/render.py writes it")
        else:
            path.write_text(new)


if __name__ == "__main__":
    main()
