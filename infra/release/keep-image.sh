#!/usr/bin/env bash
# Marks an image as released, so that its repository does not let go of it as of one that was only built: keep-image.sh REPOSITORY DIGEST
set -euo pipefail
repository=$1 digest=$2

# With attestations an image is an index.
kinds=(application/vnd.oci.image.index.v1+json application/vnd.oci.image.manifest.v1+json)
kinds+=(application/vnd.docker.distribution.manifest.list.v2+json application/vnd.docker.distribution.manifest.v2+json)
found=$(aws ecr batch-get-image --repository-name "$repository" --image-ids "imageDigest=$digest" \
  --accepted-media-types "${kinds[@]}" --query 'images[0].[imageManifestMediaType, imageManifest]' --output text)
if [ "$found" = None ]; then
  echo "$repository has no image $digest; build it again" >&2
  exit 1
fi
# A release that is taken back comes to its images a second time; the tag is of the digest, so that it is there for no other.
told=$(aws ecr put-image --repository-name "$repository" --image-tag "released-${digest:7:12}" --image-digest "$digest" \
  --image-manifest-media-type "${found%%$'\t'*}" --image-manifest "${found#*$'\t'}" 2>&1) ||
  grep -Eq 'Image(Tag)?AlreadyExistsException' <<<"$told" || { echo "$told" >&2 && exit 1; }
