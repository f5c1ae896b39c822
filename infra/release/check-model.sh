#!/usr/bin/env bash
# Asks whether a model may be released, and puts a refused one aside: check-model.sh RETRAIN MODEL [MODEL-IN-PRODUCTION]
set -euo pipefail
retrain=$1 model=$2 production=${3:-}

code=0
"$retrain" inspect "$model" --check ${production:+--against "$production"} || code=$?
# 10 is the model's own fault, any other code somebody else's. While it lay there, each change of the code would try it again.
if [ "$code" = 10 ]; then
  aws s3api copy-object --bucket "$MODEL_BUCKET" --copy-source "$MODEL_BUCKET/$MODEL_KEY?versionId=$MODEL_VERSION_ID" \
    --key "$(dirname "$PRODUCTION_KEY")/refused/$MODEL_VERSION_ID/model.pkl" >/dev/null
  aws s3api delete-object --bucket "$MODEL_BUCKET" --key "$MODEL_KEY" --version-id "$MODEL_VERSION_ID" >/dev/null
  echo "version $MODEL_VERSION_ID is refused, and lies in refused/ now" >&2
fi
exit "$code"
