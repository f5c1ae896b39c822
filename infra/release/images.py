"""The digest of each image that was pushed, from what `docker buildx bake --metadata-file` says."""

import json
import os
import sys

SPECS = os.path.join(os.path.dirname(__file__), "..", "jobs.json")

pushed = json.load(sys.stdin)
images = {
    target: of["containerimage.digest"] for target, of in pushed.items() if isinstance(of, dict) and "containerimage.digest" in of
}
missing = {spec["name"] for spec in json.load(open(SPECS))} - images.keys()
if missing:
    sys.exit(f"no image was pushed for {', '.join(sorted(missing))}")
json.dump(
    {"images": images, "model_version_id": os.environ["MODEL_VERSION_ID"], "revision": os.environ["REVISION"]},
    sys.stdout,
    indent=1,
)
