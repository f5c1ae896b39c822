#!/usr/bin/env bash
# A browser for tests: Debian's Chromium, driven by playwright-core, with axe-core, both from npm.
#   browser.sh install DIR     make DIR/root with the modules, and node in DIR/root/node
# Chromium itself belongs to the system, as other programs of Debian do; no browser is downloaded beside it.
set -euo pipefail
source "$(dirname "$0")/venv.sh"
packages='playwright-core@1.65.1 axe-core@4.14.1'

install() {
  local root=$1/root
  if ! command -v chromium >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "install chromium, which the tests can do only as root" >&2; exit 1; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null
  fi
  [ "$(cat "$root/.complete" 2>/dev/null)" = "$packages" ] && [ -x "$root/node" ] && return
  # playwright-core needs node 18.
  use_node 18 "$1/venv"
  rm -rf "$root"
  mkdir -p "$root"
  # shellcheck disable=SC2086
  npm install --prefix "$root" --no-audit --no-fund --ignore-scripts --loglevel=error $packages >/dev/null
  # What `node` stands for may be a shim that looks for a version in the current folder.
  ln -s "$(node -p process.execPath)" "$root/node"
  echo "$packages" >"$root/.complete"
}

case $1 in
  install) install "$2" ;;
esac
