#!/usr/bin/env bash
# Fetches one version of a model from MODEL_BUCKET, and proves that it is what was written: fetch-model.sh KEY VERSION FILE
set -euo pipefail
key=$1 version=$2 file=$3

# A bucket without versions calls them all `null`: whatever lay there then would be released.
if [ -z "$version" ] || [ "$version" = null ]; then
  echo "no version of s3://$MODEL_BUCKET/$key was named; the bucket needs versions, and the pipeline hands the id on" >&2
  exit 1
fi
aws s3api get-object --bucket "$MODEL_BUCKET" --key "$key" --version-id "$version" "$file" >"$file.head"
expected=$(python3 -c 'import json, sys; print(json.load(sys.stdin).get("Metadata", {}).get("sha256", ""))' <"$file.head")
rm "$file.head"
found=$(sha256sum "$file" | cut -d' ' -f1)
if [ "$found" != "$expected" ]; then
  rm "$file"
  echo "s3://$MODEL_BUCKET/$key, version $version, has the SHA-256 $found, and its metadata say \`${expected:-nothing}\`;" \
    "upload with --metadata sha256=\$(sha256sum model.pkl | cut -d' ' -f1)" >&2
  exit 1
fi
echo "fetched s3://$MODEL_BUCKET/$key, version $version, SHA-256 $found"
