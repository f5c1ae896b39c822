"""Writes jobs.json from what the programs say of themselves: specs.py FOLDER-OF-PROGRAMS."""

import json
import subprocess
import sys
from pathlib import Path

here = Path(__file__).parent
folder = Path(sys.argv[1])
names = sorted(crate.name for crate in (here.parent / "crates").iterdir() if not crate.name.startswith("mlops-"))
specs = [json.loads(subprocess.run([folder / name, "--spec"], check=True, stdout=subprocess.PIPE).stdout) for name in names]
(here / "jobs.json").write_text(json.dumps(specs, indent=1) + "\n")
