#!/usr/bin/env bash
# The candidate against the model in production: gate.sh RETRAIN CANDIDATE
set -euo pipefail
retrain=$1 candidate=$2

if version=$(aws s3api head-object --bucket "$MODEL_BUCKET" --key "$PRODUCTION_KEY" --query VersionId --output text 2>error); then
  infra/release/fetch-model.sh "$PRODUCTION_KEY" "$version" production.pkl
  infra/release/check-model.sh "$retrain" "$candidate" production.pkl
elif grep -q 'Not Found' error; then
  echo "there is no model in production yet"
  infra/release/check-model.sh "$retrain" "$candidate"
else
  cat error >&2
  exit 1
fi
