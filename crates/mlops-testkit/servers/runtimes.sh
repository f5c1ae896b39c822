#!/usr/bin/env bash
# Other programs' readers of our models: ONNX Runtime and LightGBM, in a Python environment of their own.
#   runtimes.sh install DIR     make the environment
set -euo pipefail
source "$(dirname "$0")/venv.sh"

case $1 in
  install)
    python_environment "$2/venv" 'onnxruntime==1.32.0' 'lightgbm==4.7.0' 'numpy==2.4.6' 'scipy==1.17.1'
    # LightGBM is linked with OpenMP, which a bare machine lacks.
    if ! "$2/venv/bin/python" -c 'import lightgbm' 2>/dev/null; then
      [ "$(id -u)" = 0 ] || { echo "install libgomp1, which the tests can do only as root" >&2; exit 1; }
      apt-get update -qq
      apt-get install -qq -y --no-install-recommends libgomp1
    fi
    ;;
esac
