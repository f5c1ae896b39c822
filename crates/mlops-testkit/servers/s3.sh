#!/usr/bin/env bash
# An endpoint for S3, DynamoDB, AWS Batch, Secrets Manager and SNS: moto, the public AWS emulator, in a Python environment of its own.
#   s3.sh install DIR           make the environment
#   s3.sh run DIR DATA PORT     serve on loopback until SIGTERM; nothing is kept
set -euo pipefail
source "$(dirname "$0")/venv.sh"

case $1 in
  install) python_environment "$2/venv" 'moto[s3,dynamodb,batch]==5.2.5' 'flask==3.1.3' 'flask-cors==6.0.5' ;;
  run)
    unset MOTO_PORT
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    exec "$2/venv/bin/python" "$(dirname "$0")/moto_server.py" "$4"
    ;;
esac
