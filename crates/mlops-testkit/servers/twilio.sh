#!/usr/bin/env bash
# Twilio's Messages resource: Prism, which answers by Twilio's own OpenAPI description and refuses what does not keep to it, with a front
# that remembers messages and fails when it is told to.
#   twilio.sh install DIR           download both, with a node of its own where the machine has none
#   twilio.sh run DIR DATA PORT     serve on loopback until SIGTERM; nothing is kept
set -euo pipefail
source "$(dirname "$0")/venv.sh"
prism=@stoplight/prism-cli@5.14.2
description=@twilio/cli-core@8.3.2

install() {
  local root=$1/root
  [ "$(cat "$root/.complete" 2>/dev/null)" = "$prism $description" ] && [ -x "$root/node" ] && return
  use_node 18 "$1/venv"
  rm -rf "$root"
  mkdir -p "$root/description"
  npm install --prefix "$root" --no-audit --no-fund --ignore-scripts --loglevel=error "$prism" >/dev/null
  # Only the file is wanted, and nothing of what the package depends on.
  (cd "$root/description" && npm pack --silent --loglevel=error "$description" >/dev/null && tar -xzf ./*.tgz)
  # What `node` stands for may be a shim that looks for a version in the current folder.
  ln -s "$(node -p process.execPath)" "$root/node"
  "$root/node" "$(dirname "$0")/twilio_trim.mjs" \
    "$root/description/package/src/services/twilio-api/twilio_api_v2010.json" "$root/messages.json"
  rm -rf "$root/description"
  echo "$prism $description" >"$root/.complete"
}

case $1 in
  install) install "$2" ;;
  run) exec "$2/root/node" "$(dirname "$0")/twilio_front.mjs" "$2/root" "$4" ;;
esac
