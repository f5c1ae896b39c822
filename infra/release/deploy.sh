#!/usr/bin/env bash
# Updates the stack `jobs` to images.json, and promotes the model that was built in.
set -euo pipefail

images=${CODEBUILD_SRC_DIR_images:?the pipeline hands images.json on}/images.json
read_images() { python3 -c "import json, sys; made = json.load(open(sys.argv[1])); $1" "$images"; }

pulumi --cwd infra/jobs stack select "$STACK"
mapfile -t settings < <(read_images 'print(*(f"jobs:images[\"{program}\"]={digest}" for program, digest in made["images"].items()), sep="\n")')
pulumi --cwd infra/jobs config set-all --path "${settings[@]/#/--plaintext=}"
pulumi --cwd infra/jobs install
pulumi --cwd infra/jobs up --yes --skip-preview

# Monitors compare with this one from now on.
version=$(read_images 'print(made["model_version_id"])')
aws s3api copy-object --bucket "$MODEL_BUCKET" --copy-source "$MODEL_BUCKET/$MODEL_KEY?versionId=$version" --key "$PRODUCTION_KEY" >/dev/null
echo "released: $(cat "$images")"
