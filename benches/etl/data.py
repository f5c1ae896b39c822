"""The logs that are loaded, made by our own `simulate`, below target/bench/data."""

import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone

from measure import HOME


def logs(simulate, rows, days, per_object=1, layout="hourly"):
    """A folder with `traffic/`: the requests of the last days up to midnight, each object as old as its requests."""
    until = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    name = f"{layout}-{rows}-by-{per_object}-over-{days}d-until-"
    folder = HOME / "data" / f"{name}{until:%Y-%m-%d}"
    if folder.exists():
        return folder
    # An ETL may treat the last hours apart, so that yesterday's data would give other figures.
    for old in folder.parent.glob(f"{name}*"):
        shutil.rmtree(old)
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    since = until - timedelta(days=days)
    print(f"making {folder.name}", flush=True)
    subprocess.run(
        [
            *(simulate, "traffic", "--to", unfinished / "traffic", "--rows", str(rows)),
            *("--per-object", str(per_object), "--layout", layout),
            *("--from", f"{since:%Y-%m-%d}", "--until", f"{until:%Y-%m-%d}"),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    age(unfinished / "traffic", since, until)
    unfinished.rename(folder)
    return folder


def age(folder, since, until):
    """Give each file the time at which its hour ended; without hours, times spread evenly."""
    for place, _, files in os.walk(folder):
        hour = os.path.relpath(place, folder)
        for number, file in enumerate(files):
            if hour == ".":
                time = since + (until - since) * number / len(files)
            else:
                time = datetime.strptime(f"{hour} +0000", "dt=%Y-%m-%d/hh=%H %z") + timedelta(hours=1)
            os.utime(os.path.join(place, file), (time.timestamp(), time.timestamp()))
