#!/bin/bash
# install.sh: from a fresh Debian 12 with nothing but git to a working Lifeboat.
set -u
umask 022
export LC_ALL=C.UTF-8

usage() {
  cat <<'TEXT'
usage: ./install.sh [--prefix DIR]     build and install (default /usr/local)
       ./install.sh --uninstall [--prefix DIR]
       ./install.sh --demo             build and open the flight simulator; nothing is installed
       ./install.sh --check            build and run all tests; nothing is installed
       ./install.sh --help

Missing Debian packages are installed through apt, as root or through sudo, after saying which.
None of the services that they bring is started or left switched on. Exit status: 0 good, 1 a test
or the demo failed, 2 it could not be done.
TEXT
}

# What each job needs. A job without its required packages stops; an optional one that this
# machine can't get only costs the part that wants it.
build_packages=(gcc make pkg-config libc6-dev libncurses-dev libyaml-dev libcjson-dev libexpat1-dev
  libssl-dev libcurl4-openssl-dev libpq-dev libarchive-dev zlib1g-dev libisal-dev)
run_packages=(libcurl4 libpq5 libarchive13 libisal2 ncurses-base postgresql-client)
demo_packages=(postgresql redis-server redis-tools)
demo_optional=(swift swift-proxy swift-account swift-container swift-object)
check_packages=(git python3 python3-pytest libcmocka-dev openssl openssh-client procps)
check_optional=(clang libclang-rt-14-dev clang-tidy clang-format cppcheck valgrind shellcheck mandoc tmux
  python3-pytest-xdist python3-yaml zstd lz4 xz-utils bzip2 zip cpio pgbackrest barman bash-completion
  zsh fish prometheus prometheus-pushgateway)

prefix=/usr/local
job=install
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || exit 2
log=
policy=/usr/sbin/policy-rc.d
cluster_conf=/etc/postgresql-common/createcluster.conf
mark='lifeboat-install'
lock_seconds=300

say() { printf '%s\n' "$*"; }
stop() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 2
}
words() { printf '%s\n' "$@" | words_in; }
words_in() { tr '\n' ' ' | fold -s -w 76 | sed 's/^/  /'; echo; }

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --demo) job=demo ;;
      --check) job=check ;;
      --uninstall) job=uninstall ;;
      --prefix) [ $# -gt 1 ] || stop "--prefix needs a directory."; prefix=$2; shift ;;
      --prefix=*) prefix=${1#*=} ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
    shift
  done
  case $prefix in
    /*) ;;
    *) stop "The prefix must be an absolute path, not \"$prefix\"." ;;
  esac
}

# --- being somebody ------------------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    stop "This needs root: $1." "Run it as root, or install sudo."
  fi
}

# Root building in somebody's tree would leave them files that they can't remove.
as_owner() {
  local owner
  owner=$(stat -c %U "$tree")
  if [ "$(id -u)" -eq 0 ] && [ "$owner" != root ] && id "$owner" >/dev/null 2>&1; then
    runuser -u "$owner" -- "$@"
  else
    "$@"
  fi
}

# --- packages ------------------------------------------------------------------------------------

wanted() {
  local -a list=("${build_packages[@]}" "${run_packages[@]}")
  case $job in
    demo) list+=("${demo_packages[@]}" "${demo_optional[@]}") ;;
    check) list+=("${demo_packages[@]}" "${demo_optional[@]}" "${check_packages[@]}"
      "${check_optional[@]}") ;;
  esac
  printf '%s\n' "${list[@]}"
}

# Those of the given packages that are not installed.
missing_of() {
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | sort -u | comm -13 - <(printf '%s\n' "$@" | sort -u)
}

is_optional() {
  printf '%s\n' "${demo_optional[@]}" "${check_optional[@]}" | grep -qxF -- "$1"
}

known_system() {
  local codename
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d \")
  [ "$codename" = bookworm ] && command -v apt-get >/dev/null
}

fail_with_log() {
  printf 'install.sh: %s\n' "$1" >&2
  tail -n 15 "$log" | sed 's/^/  | /' >&2
  printf '  All of it is in %s\n' "$log" >&2
  exit 2
}

# apt-get with nothing to ask and nobody to answer; waits for another program's lock, within
# bounds and saying so.
apt() {
  local deadline=$((SECONDS + lock_seconds)) said=
  while :; do
    : >"$log.part"
    as_root env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none \
      NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 apt-get -q -y \
      -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
      -o DPkg::Lock::Timeout=5 -o Acquire::Retries=3 "$@" </dev/null >"$log.part" 2>&1
    local status=$?
    cat "$log.part" >>"$log"
    [ $status -eq 0 ] && return 0
    grep -qE 'Could not get lock|Unable to (acquire|lock)|is another process using it' "$log.part" ||
      return $status
    [ $SECONDS -lt $deadline ] ||
      stop "Another program has held apt's lock for $lock_seconds seconds." \
        "Wait for it to end, then run this again."
    [ -n "$said" ] || say "Another program is using apt; waiting for it, up to $lock_seconds s ..."
    said=yes
    sleep 2
  done
}

# While packages are configured no service may start. The policy holds only as long as this
# process lives, so that one that is killed leaves nothing switched off behind it.
forbid_services() {
  local text
  if [ -e $policy ] && ! grep -q "$mark" $policy; then
    as_root mv $policy $policy.$mark || return 1
  fi
  text="#!/bin/sh
# $mark: no service starts while install.sh runs; it removes this file.
kill -0 $$ 2>/dev/null && exit 101
[ ! -x $policy.$mark ] || exec $policy.$mark \"\$@\"
exit 0"
  printf '%s\n' "$text" | as_root tee $policy >/dev/null && as_root chmod 755 $policy
}

# A PostgreSQL server that is new to the machine makes a cluster, unless this says no.
forbid_cluster() {
  if [ -e $cluster_conf ]; then
    as_root cp -p $cluster_conf $cluster_conf.$mark || return 1
  else
    as_root mkdir -p "$(dirname $cluster_conf)" || return 1
  fi
  printf '%s\n' "create_main_cluster = false  # $mark" |
    as_root tee -a $cluster_conf >/dev/null
}

# What the two above did is undone, also what a killed install.sh of an earlier day did.
allow_again() {
  if [ -e $policy ] && grep -q "$mark" $policy; then
    if [ -e $policy.$mark ]; then as_root mv $policy.$mark $policy; else as_root rm $policy; fi
  fi
  if [ -e $cluster_conf.$mark ]; then
    as_root mv $cluster_conf.$mark $cluster_conf
  elif [ -e $cluster_conf ] && grep -q "$mark" $cluster_conf; then
    if [ -e $cluster_conf.dpkg-dist ]; then
      as_root mv $cluster_conf.dpkg-dist $cluster_conf
    else
      as_root rm $cluster_conf
    fi
  fi
}

installed_now() { dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort; }

# Units, init scripts and cron files of packages that are new here must not come alive at the
# next boot, or the next minute, either.
switch_off() {
  local package path name
  local -a units=() off=()
  for package in "$@"; do
    while read -r path; do
      case $path in
        /lib/systemd/system/*@.* | /usr/lib/systemd/system/*@.*) ;;
        /lib/systemd/system/*.service | /lib/systemd/system/*.timer | /lib/systemd/system/*.socket | \
          /usr/lib/systemd/system/*.service | /usr/lib/systemd/system/*.timer | \
          /usr/lib/systemd/system/*.socket)
          name=${path##*/}
          [ -z "$(find /etc/systemd/system -name "$name" -path '*.wants/*' 2>/dev/null)" ] ||
            units+=("$name") ;;
        /etc/init.d/*)
          as_root update-rc.d "${path##*/}" disable >>"$log" 2>&1 && off+=("${path##*/}") ;;
        /etc/cron.d/.*) ;;
        /etc/cron.d/*)
          # cron passes over names with a dot; dpkg respects a removed file.
          [ ! -f "$path" ] || { as_root mv "$path" "$path.disabled" && off+=("$path"); } ;;
      esac
    done < <(dpkg -L "$package" 2>/dev/null)
  done
  if [ ${#units[@]} -gt 0 ]; then
    if command -v systemctl >/dev/null; then
      as_root systemctl disable "${units[@]}" >>"$log" 2>&1
    else
      as_root deb-systemd-helper disable "${units[@]}" >>"$log" 2>&1
    fi
    off+=("${units[@]}")
  fi
  [ ${#off[@]} -gt 0 ] || return 0
  say "Services that came along, left switched off (systemctl enable --now NAME):"
  printf '%s\n' "${off[@]}" | sed 's/\.service$//' | sort -u | words_in
}

# Takes from the list what apt can't deliver: optional packages with a word, others not at all.
available() {
  local package
  for package in "$@"; do
    if apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
      printf '%s\n' "$package"
    elif is_optional "$package"; then
      printf 'skip: %s can not be had on this machine; what needs it is left out\n' "$package" >&2
    else
      printf 'install.sh: The package %s can not be had on this machine.\n' "$package" >&2
      return 1
    fi
  done
}

announce() {
  local plan
  plan=$(apt-get -s -q install --no-install-recommends "$@" 2>/dev/null | sed -n 's/^Inst //p')
  say "Lifeboat needs these Debian packages, which will be installed now:"
  words "$@"
  say "Together with what they need: $(grep -cv '^[^ ]* \[' <<<"$plan") new," \
    "$(grep -c '^[^ ]* \[' <<<"$plan") brought up to date."
}

unknown_system() {
  printf '%s\n' "install.sh: This is not Debian 12, the system that install.sh knows." >&2
  printf '%s\n' "Install what these Debian packages hold, then run: make && build/lifeboat help" >&2
  words "$@" >&2
  exit 2
}

# An install.sh that was killed has left its policy behind.
leftover() {
  local pid
  pid=$(sed -n 's/^kill -0 \([0-9]*\) .*/\1/p' $policy 2>/dev/null)
  [ -n "$pid" ] && [ ! -e "/proc/$pid" ]
}

install_packages() {
  local -a all need before after
  mapfile -t all < <(wanted)
  command -v dpkg-query >/dev/null || unknown_system "${all[@]}"
  ! leftover || allow_again
  mapfile -t need < <(missing_of "${all[@]}")
  [ ${#need[@]} -gt 0 ] || return 0
  known_system || unknown_system "${need[@]}"
  log=$(mktemp "${TMPDIR:-/tmp}/lifeboat-install.XXXXXX.log") || exit 2
  trap 'allow_again; rm -f "$log.part"' EXIT
  trap 'exit 2' INT TERM HUP
  say "Reading the package lists ..."
  apt update || fail_with_log "apt-get update failed: is there a network?"
  available "${need[@]}" >"$log.part" || exit 2
  mapfile -t need <"$log.part"
  if [ ${#need[@]} -gt 0 ]; then
    announce "${need[@]}"
    mapfile -t before < <(installed_now)
    if ! forbid_services || ! forbid_cluster; then
      stop "The start of services can't be prevented."
    fi
    apt install --no-install-recommends "${need[@]}" ||
      fail_with_log "Installing the packages failed."
    mapfile -t after < <(comm -13 <(printf '%s\n' "${before[@]}") <(installed_now))
    switch_off "${after[@]}"
  fi
  allow_again
  trap - EXIT INT TERM HUP
  rm -f "$log" "$log.part"
}

# --- the program ---------------------------------------------------------------------------------

build() {
  local out
  out=$(mktemp "${TMPDIR:-/tmp}/lifeboat-build.XXXXXX.log") || exit 2
  say "Building ..."
  chmod 666 "$out"
  if ! as_owner make -C "$tree" -s -j"$(nproc)" DEVELOPER=1 all >"$out" 2>&1; then
    tail -n 30 "$out" >&2
    stop "The build failed; all of it is in $out"
  fi
  rm -f "$out"
}

# Root is asked for only where the prefix wants it.
into_prefix() {
  local at=$prefix
  while [ ! -e "$at" ]; do at=$(dirname "$at"); done
  if [ -w "$at" ] && { [ ! -e "$prefix/bin" ] || [ -w "$prefix/bin" ]; }; then "$@"; else as_root "$@"; fi
}

parse "$@"
cd "$tree" || exit 2
exec 9<"$tree/install.sh"
if ! flock -w $lock_seconds 9; then
  stop "Another install.sh of this tree is still running."
fi
case $job in
  install)
    say "Lifeboat will be installed below $prefix."
    install_packages
    build
    into_prefix "$tree/packaging/install" "$tree/build" "$prefix" || exit 2
    ;;
  uninstall)
    into_prefix "$tree/packaging/uninstall" "$prefix" || exit 2
    ;;
  demo)
    install_packages
    build
    exec 9<&-
    exec "$tree/build/lifeboat" demo
    ;;
  check)
    install_packages
    exec 9<&-
    as_owner "$tree/tests/check"
    exit $?
    ;;
esac
