#!/usr/bin/env bash
# A mail server that keeps what it is sent: aiosmtpd, in a Python environment of its own.
#   smtp.sh install DIR           make the environment
#   smtp.sh run DIR DATA PORT     be told what to do over HTTP at PORT until SIGTERM; it says at which ports it takes mail
set -euo pipefail
source "$(dirname "$0")/venv.sh"

case $1 in
  install) python_environment "$2/venv" 'aiosmtpd==1.4.6' 'trustme==1.2.1' ;;
  run)
    mkdir -p "$3"
    exec "$2/venv/bin/python" "$(dirname "$0")/smtp_server.py" "$3" "$4"
    ;;
esac
