#!/bin/sh
# A year of a model's life on this machine, with all programs. Leaves everything in target/demo, to look at and to play with.
set -eu
cd "$(dirname "$0")"

need() {
  command -v "$1" >/dev/null || { echo "demo.sh: $1 is missing; $2" >&2; exit 2; }
}
need cargo 'https://rustup.rs installs it'
need cc 'on Debian: apt-get install build-essential'

echo 'Compiling the programs of the demo: some 5 minutes on a fresh machine with two cores, once.'
cargo build --workspace --exclude alert-sms --exclude etl-dynamo --bins --locked
mkdir -p target
exec "${CARGO_TARGET_DIR:-$PWD/target}/debug/simulate" demo --folder target/demo "$@"
