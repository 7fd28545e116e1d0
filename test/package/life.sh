#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of the package, run in a machine that has only just been installed. Files of the results
# are for test_package.py to judge; standard output says how far it came.
set -euo pipefail

readonly RESULTS=/run/results
readonly SERVICE=pdtt-exporter
readonly CONFIGURATION=/etc/pdtt/exporter.yml
readonly POLICY=/usr/sbin/policy-rc.d
readonly PORT=9000
readonly CHUNK=100000
export DEBIAN_FRONTEND=noninteractive

# Without what apt and dpkg remember, and caches that others write.
listing() {
  find / /etc/systemd/system -xdev \
    \( -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path '/var/log/*' \
       ! -path '/var/log/pdtt*' -o -path /tmp -o -path /etc/ld.so.cache \) -prune -o -print |
    sort -u >"$RESULTS/$1"
}

apt() {
  apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 "$@" >>"$RESULTS/apt.log" 2>&1
}

state() {
  local enabled
  enabled=$(systemctl is-enabled $SERVICE 2>/dev/null || true)
  echo "$1: ${enabled:-unknown} $(systemctl is-active $SERVICE || true)"
}

# get PATH: without curl, which would bring along libraries that the package has to ask for itself.
get() {
  (
    exec 3<>/dev/tcp/127.0.0.1/10435 &&
      printf 'GET /%s HTTP/1.0\r\n\r\n' "$1" >&3 &&
      read -r _ status _ <&3 &&
      [[ $status == 200 ]] &&
      sed '1,/^\r$/d' <&3
  ) 2>/dev/null
}

wait_until_ready() {
  local attempt
  for attempt in $(seq 100); do
    if get -/ready >/dev/null; then
      return
    fi
    sleep 0.1
  done
  echo "not ready after $attempt attempts"
  return 1
}

# Where no systemd runs, as in a container or while an image is made.
in_a_chroot() {
  # shellcheck disable=SC2016
  unshare --mount bash -ec 'mount -t tmpfs none /run; "$@"' bash \
    apt-get -qq --yes --no-install-recommends "$@" >>"$RESULTS/apt.log" 2>&1
}

without_systemd() {
  in_a_chroot install /root/old.deb
  state "without systemd"
  in_a_chroot purge $SERVICE
}

with_policy() {
  printf '#!/bin/sh\nexit 101\n' >$POLICY
  chmod 755 $POLICY
  apt install /root/old.deb
  state "by policy-rc.d"
  rm $POLICY
  apt purge $SERVICE
}

first_installation() {
  apt install /root/old.deb
  state installed
  wait_until_ready
  pdtt-exporter top --once >"$RESULTS/top"
  systemd-analyze security --no-pager $SERVICE | tail -n1 >"$RESULTS/security"
  sed -i 's/^  export: 100$/  export: 7/' $CONFIGURATION
  sha256sum $CONFIGURATION >"$RESULTS/edited"
  systemctl reload $SERVICE
}

# Writes until it is told to end, then how many bytes it has written.
alice() {
  # shellcheck disable=SC2016
  setpriv --reuid=alice --regid=nogroup --clear-groups bash -ec '
    exec 3>"/dev/tcp/127.0.0.1/$1"
    for ((sent = 0; ; sent += $2)); do
      [[ ! -e /run/enough ]] || break
      head -c "$2" /dev/zero >&3
      sleep 0.02
    done
    echo "$sent"' bash $PORT $CHUNK >"$RESULTS/sent"
}

scrape_on() {
  local number=0
  mkdir "$RESULTS/scrapes"
  while [[ ! -e /run/scraped ]]; do
    number=$((number + 1))
    if get metrics >/run/scrape; then
      mv /run/scrape "$(printf '%s/scrapes/%04d' "$RESULTS" $number)"
    fi
    sleep 0.2
  done
}

upgrade_under_load() {
  local server client scraper
  nc -l -k 127.0.0.1 $PORT >/dev/null &
  server=$!
  sleep 0.5
  scrape_on &
  scraper=$!
  alice &
  client=$!
  sleep 3
  get metrics >"$RESULTS/before"
  apt install /root/new.deb
  state upgraded
  wait_until_ready
  sleep 1.5 # longer than collector.max_age
  get metrics >"$RESULTS/meanwhile"
  sleep 1
  touch /run/enough
  wait $client
  sleep 2
  get metrics >"$RESULTS/after"
  touch /run/scraped
  wait $scraper
  kill $server
  sha256sum $CONFIGURATION >"$RESULTS/kept"
}

# The numbers of the programs that the exporter holds, one a line.
programs() {
  sed -n 's/^prog_id:[[:space:]]*//p' \
    "/proc/$(systemctl show --property=MainPID --value $SERVICE)"/fdinfo/* | sort -un
}

# Those of the numbers on standard input whose programs are there. The kernel takes a moment.
remaining() {
  local number attempt left
  mapfile -t numbers
  for attempt in $(seq 50); do
    left=
    for number in "${numbers[@]}"; do
      if bpftool prog show id "$number" >/dev/null 2>&1; then
        left+=" $number"
      fi
    done
    [[ -n $left ]] || return 0
    sleep 0.1
  done
  echo "$left after $attempt attempts"
}

# Folders only: bpffs has files of its own.
pins() {
  find /sys/fs/bpf -mindepth 1 -maxdepth 1 -type d -printf '%f\n'
}

removal() {
  programs >"$RESULTS/programs"
  pins >"$RESULTS/pins-before"
  bpftool cgroup show /sys/fs/cgroup >"$RESULTS/attached-before"
  apt remove $SERVICE
  state removed
  pins >"$RESULTS/pins"
  bpftool cgroup show /sys/fs/cgroup >"$RESULTS/attached"
  remaining <"$RESULTS/programs" >"$RESULTS/remaining"
  sha256sum $CONFIGURATION >"$RESULTS/kept-after-removal"
}

useradd --no-create-home alice
listing listing-before
for stage in without_systemd with_policy first_installation upgrade_under_load removal; do
  $stage
  echo "done: $stage"
done
mkdir -p /var/log/pdtt
touch /etc/pdtt/web.yml /var/log/pdtt/records.jsonl
apt purge --auto-remove $SERVICE
listing listing-after
echo "done: purge"
