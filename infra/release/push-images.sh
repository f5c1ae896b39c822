#!/usr/bin/env bash
# Builds and pushes all images, and writes their digests: push-images.sh MODEL
set -euo pipefail
model=$1

# Both that go in are in the tag; a version's id may begin with a character that a tag may not.
tag=build-${REVISION:0:12}-m-$(tr -c 'A-Za-z0-9._\n-' - <<<"$MODEL_VERSION_ID")-${CODEBUILD_BUILD_NUMBER:-0}
aws ecr get-login-password | docker login --username AWS --password-stdin "${REGISTRY%%/*}"
MODEL_SHA256=$(sha256sum "$model" | cut -d' ' -f1) TAG=${tag:0:128} \
  docker buildx bake --file docker/docker-bake.hcl --push --metadata-file metadata.json
python3 infra/release/images.py <metadata.json >images.json
