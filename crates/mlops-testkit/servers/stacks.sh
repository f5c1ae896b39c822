#!/usr/bin/env bash
# What the stacks of infra/ are tested with: Pulumi's libraries, an AWS emulator and client, linters, in a Python environment of their own.
#   stacks.sh install DIR     make the environment
set -euo pipefail
source "$(dirname "$0")/venv.sh"

case $1 in
  install)
    mapfile -t packages < <(grep -v '^#' "$(dirname "$0")/../../../infra/requirements.txt")
    python_environment "$2/venv" "${packages[@]}"
    # The type checker fetches its own part, from npm, when it is first run.
    [ -e "$2/pyright" ] || PYRIGHT_PYTHON_CACHE_DIR=$2/pyright "$2/venv/bin/pyright" --version >/dev/null
    ;;
esac
