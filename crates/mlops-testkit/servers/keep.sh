#!/usr/bin/env bash
# Runs a server for as long as a test process uses it.
#   keep.sh SCRIPT HOME PORT
# Every test process holds a shared lock on HOME/users.lock; the system gives it back however the process ends. When nobody
# has held it for a while, the server is stopped and its data go. HOME/start.lock keeps a new user from coming in between.
set -euo pipefail
script=$1 home=$2 port=$3
idle_seconds=10

"$script" run "$home/install" "$home/data" "$port" &
server=$!
stop() {
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  rm -rf "$home/data" "$home/port" "$home/keeper"
}
trap 'stop; exit' TERM INT

idle=0
while kill -0 "$server" 2>/dev/null; do
  sleep 1
  if flock --exclusive --nonblock "$home/users.lock" true; then idle=$((idle + 1)); else idle=0; fi
  if [ "$idle" -ge "$idle_seconds" ]; then
    exec 9>"$home/start.lock"
    if flock --exclusive --nonblock 9 && flock --exclusive --nonblock "$home/users.lock" true; then
      stop
      exit
    fi
    exec 9>&-
    idle=0
  fi
done
rm -f "$home/port" "$home/keeper"
