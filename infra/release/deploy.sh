#!/usr/bin/env bash
# Updates the stack `jobs` to images.json, promotes the model that was built in, and has that written down.
set -euo pipefail

images=${CODEBUILD_SRC_DIR_images:?the pipeline hands images.json on}/images.json
read_images() { python3 -c "import json, sys; made = json.load(open(sys.argv[1])); $1" "$images"; }

read_images 'print(*(f"{program} {digest}" for program, digest in made["images"].items()), sep="\n")' | while read -r program digest; do
  infra/release/keep-image.sh "${REGISTRY#*/}/$program" "$digest"
done

pulumi --cwd infra/jobs stack select "$STACK"
mapfile -t settings < <(read_images 'print(*(f"jobs:images[\"{program}\"]={digest}" for program, digest in made["images"].items()), sep="\n")')
pulumi --cwd infra/jobs config set-all --path "${settings[@]/#/--plaintext=}"
pulumi --cwd infra/jobs install
pulumi --cwd infra/jobs up --yes --skip-preview

# Monitors compare with this one from now on.
version=$(read_images 'print(made["model_version_id"])')
aws s3api copy-object --bucket "$MODEL_BUCKET" --copy-source "$MODEL_BUCKET/$MODEL_KEY?versionId=$version" --key "$PRODUCTION_KEY" >/dev/null

# From here the database is out of reach; a job writes it down.
recorder=$(pulumi --cwd infra/jobs stack output recorder --json)
if [ "$recorder" = "{}" ]; then
  echo "the stack is without retrain, and nobody writes the release down"
else
  python3 -c 'import json, sys; to = json.loads(sys.argv[1]); print(json.dumps({"jobName": "retrain-released", "jobQueue": to["queue"], "jobDefinition": to["definition"], "containerOverrides": {"command": ["released"]}}))' "$recorder" >submit.json
  aws batch submit-job --cli-input-json file://submit.json --query jobId --output text
fi
echo "released: $(cat "$images")"
