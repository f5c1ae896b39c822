#!/usr/bin/env bash
# A DynamoDB endpoint: dynalite, a second public emulator, from npm.
#   dynalite.sh install DIR           download it, with a node of its own where the machine has none
#   dynalite.sh run DIR DATA PORT     serve on loopback until SIGTERM; nothing is kept
set -euo pipefail
source "$(dirname "$0")/venv.sh"
package=dynalite@4.0.0

install() {
  local root=$1/root
  [ "$(cat "$root/.complete" 2>/dev/null)" = "$package" ] && [ -x "$root/node" ] && return
  # dynalite 4 needs node 20.
  use_node 20 "$1/venv"
  rm -rf "$root"
  mkdir -p "$root"
  # Its one native module comes built, so that no script need run.
  npm install --prefix "$root" --no-audit --no-fund --ignore-scripts --loglevel=error "$package" >/dev/null
  # What `node` stands for may be a shim that looks for a version in the current folder.
  ln -s "$(node -p process.execPath)" "$root/node"
  echo "$package" >"$root/.complete"
}

case $1 in
  install) install "$2" ;;
  run)
    exec "$2/root/node" "$2/root/node_modules/dynalite/cli.js" --host 127.0.0.1 --port "$4" \
      --createTableMs 0 --deleteTableMs 0 --updateTableMs 0
    ;;
esac
