"""Two tables of 12 numbers and 8 texts, of which six columns move from the first to the second.

python data.py ROWS FOLDER [--still]: reference.parquet and production.parquet; with --still nothing moves.
"""

import sys
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet

TEXTS = [f"c{column}" for column in range(8)]
LEVELS = [2, 3, 4, 5, 8, 12, 26, 50]
PART = 250_000


def part(rows, random, moved):
    """Some rows; drawn one after another, so that no table is ever whole in memory."""
    columns = {}
    for column in range(12):
        if column < 4:
            values = random.normal(0, 1, rows)
        elif column < 7:
            values = random.lognormal(3, 1, rows)
        elif column < 9:
            values = random.poisson(5, rows).astype(float)
        elif column < 11:
            values = random.uniform(0, 100, rows)
        else:
            values = random.exponential(30, rows).round()
        columns[f"n{column}"] = values
    if moved:
        columns["n0"] += 0.1
        columns["n1"] *= 1.2
        columns["n4"] *= 1.15
    for column, missing in (("n3", 0.06 if moved else 0.02), ("n5", 0.02), ("n10", 0.02)):
        columns[column][random.random(rows) < missing] = numpy.nan
    for column, levels in enumerate(LEVELS):
        shares = 1 / numpy.arange(1, levels + 1) ** 0.8
        shares /= shares.sum()
        if moved and column == 0:
            shares += [0.05, -0.05]
        names = numpy.array([f"level {level:02}" for level in range(levels)], dtype=object)
        values = names[random.choice(levels, rows, p=shares)]
        if moved and column == 1:
            values[random.random(rows) < 0.02] = "new level"
        columns[f"c{column}"] = values
    arrays = {
        name: pyarrow.array(values, pyarrow.string()) if name in TEXTS else pyarrow.array(values, from_pandas=True)
        for name, values in columns.items()
    }
    return pyarrow.table(arrays)


def table(path, rows, seed, moved):
    random = numpy.random.default_rng(seed)
    first = part(min(rows, PART), random, moved)
    with pyarrow.parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for start in range(PART, rows, PART):
            writer.write_table(part(min(PART, rows - start), random, moved))


def main():
    rows, folder = int(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    table(folder / "reference.parquet", rows, 1, False)
    table(folder / "production.parquet", rows, 2, "--still" not in sys.argv)


if __name__ == "__main__":
    main()
