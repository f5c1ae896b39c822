#!/usr/bin/env bash
# Takes `retrain` out of the image that was just built: what checks a model is what makes models.
set -euo pipefail

digest=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["images"]["retrain"])' "$CODEBUILD_SRC_DIR_images/images.json")
aws ecr get-login-password | docker login --username AWS --password-stdin "${REGISTRY%%/*}"
container=$(docker create "$REGISTRY/retrain@$digest")
docker cp "$container:/program" retrain
docker rm "$container" >/dev/null
