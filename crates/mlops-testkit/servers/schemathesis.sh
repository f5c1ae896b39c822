#!/usr/bin/env bash
# Schemathesis, which tests a service by its OpenAPI description, in a Python environment of its own.
#   schemathesis.sh install DIR     make the environment
set -euo pipefail
source "$(dirname "$0")/venv.sh"

case $1 in
  install) python_environment "$2/venv" 'schemathesis==4.32.5' ;;
esac
