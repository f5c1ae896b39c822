#!/usr/bin/env bash
# An S3 endpoint: moto, the public AWS emulator, in a Python environment of its own.
#   s3.sh install DIR           make the environment
#   s3.sh run DIR DATA PORT     serve on loopback until SIGTERM; nothing is kept
set -euo pipefail
python=$2/venv/bin/python

case $1 in
  install)
    [ -e "$2/venv/.complete" ] && exit
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
      [ "$(id -u)" = 0 ] || { echo "install python3-venv, or set MLOPS_TEST_S3_ENDPOINT to an S3 endpoint" >&2; exit 1; }
      apt-get update -qq
      apt-get install -qq -y --no-install-recommends python3-venv
    fi
    python3 -m venv "$2/venv"
    "$python" -m pip install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' 'flask==3.1.3' 'flask-cors==6.0.5'
    touch "$2/venv/.complete"
    ;;
  run)
    unset MOTO_PORT
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    exec "$python" -m moto.server -H 127.0.0.1 -p "$4"
    ;;
esac
