#!/usr/bin/env bash
# A real MySQL server beside the system, from Debian's own signed packages.
#   mysql.sh install DIR            download and unpack; nothing outside DIR is touched
#   mysql.sh run DIR DATA PORT      make the data folder if it is new, then serve on loopback until SIGTERM
# Debian has MySQL in its unstable distribution only, so the packages run with that distribution's own libraries.
set -euo pipefail
command=$1
root=$2/root
libraries=usr/lib/$(uname -m)-linux-gnu

install() {
  [ -e "$root/.complete" ] && return
  local apt=$1/apt mirror
  rm -rf "$root" "$apt"
  mkdir -p "$apt"/etc/apt/{preferences.d,apt.conf.d} "$apt"/var/lib/apt/lists/partial \
    "$apt"/var/cache/apt/archives/partial "$apt"/var/lib/dpkg "$root"/usr/{bin,sbin,lib,lib64}
  : >"$apt/var/lib/dpkg/status"
  [ "$(id -u)" = 0 ] && ! compgen -G '/var/lib/apt/lists/*_InRelease' >/dev/null && apt-get update -qq
  # The mirror that this machine uses for Debian's main archive.
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT)' | awk '$2 == "main" && $1 !~ /security/ { print $1; exit }')
  [ -n "$mirror" ] || { echo "no Debian mirror in the apt sources; set MLOPS_TEST_MYSQL_URL to a MySQL server" >&2; exit 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/etc/apt/sources.list"
  # A mirror may lag behind; the signatures are checked all the same.
  cat >"$apt/apt.conf" <<CONF
Dir "$apt/";
Dir::State::status "$apt/var/lib/dpkg/status";
Dir::Etc "etc/apt";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
CONF
  export APT_CONFIG=$apt/apt.conf
  apt-get update -qq
  # What the server needs, without what an unpacked one never loads.
  local packages
  mapfile -t packages < <(apt-get install -y --print-uris mysql-server-core |
    sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" |
    grep -vE '^(perl|libperl|libgdbm|libdb5|debconf|dpkg|tar|mecab|openssl-provider-legacy|base-|init-system)')
  (cd "$apt/var/cache/apt/archives" && apt-get download -qq "${packages[@]}")
  ln -s usr/bin "$root/bin"; ln -s usr/sbin "$root/sbin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"
  local archive
  for archive in "$apt"/var/cache/apt/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$root" --keep-directory-symlink \
      --exclude='./usr/share/doc*' --exclude='./usr/share/man*' --exclude='./usr/share/locale*'
  done
  rm -rf "$apt"
  touch "$root/.complete"
}

mysqld() {
  local data=$1; shift
  exec "$root"/usr/lib64/ld-linux-*.so.2 --library-path "$root/$libraries:$root/usr/lib/mysql/private" \
    "$root/usr/sbin/mysqld" --no-defaults --user="$(id -un)" --datadir="$data/db" --tmpdir="$data" \
    --lc-messages-dir="$root/usr/share/mysql" --character-sets-dir="$root/usr/share/mysql/charsets" \
    --plugin-dir="$root/usr/lib/mysql/plugin" --secure-file-priv= "$@"
}

run() {
  local data=$1 port=$2
  mkdir -p "$data"
  if [ ! -d "$data/db/mysql" ]; then
    (mysqld "$data" --initialize-insecure --innodb-redo-log-capacity=8M)
  fi
  # A killed server leaves it, and its process may be there for a while, or its number another's.
  rm -f "$data/mysql.sock.lock"
  echo "CREATE USER IF NOT EXISTS 'test'@'%' IDENTIFIED BY 'test'; GRANT ALL ON *.* TO 'test'@'%' WITH GRANT OPTION;" >"$data/init.sql"
  # A test server: durable enough to survive its own restart, not a power cut.
  mysqld "$data" --bind-address=127.0.0.1 --port="$port" --socket="$data/mysql.sock" --pid-file="$data/mysqld.pid" \
    --init-file="$data/init.sql" --mysqlx=OFF --skip-log-bin --skip-name-resolve --performance-schema=OFF \
    --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=128M
}

case $command in
  install) install "$2" ;;
  run) run "$3" "$4" ;;
esac
