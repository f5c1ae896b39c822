#!/bin/sh
# One log line's whole way on this machine: synthetic customers, their requests as logs in a folder, SQLite, the verdict.
# Leaves everything in target/demo, to look at and to play with.
set -eu
cd "$(dirname "$0")"
cargo build --workspace --bins --locked
programs=${CARGO_TARGET_DIR:-$PWD/target}/debug
rm -rf target/demo
mkdir -p target/demo
cd target/demo
export MLOPS_DATABASE=sqlite://mlops.db MLOPS_LOG_LEVEL=warn

show() {
  printf '\n$ %s\n\n' "$*"
  name=$1
  shift
  "$programs/$name" "$@"
}

show simulate customers --rows 20000 --to train.csv
show simulate traffic --rows 5000 --to logs --bad 0.5% --duplicates 1% \
  --drift 'activity_score:×0.9' --drift 'device_type:level_1→level_2@30%'
show etl-mysql --logs logs
show drift --reference train.csv --id client_id --target churn
