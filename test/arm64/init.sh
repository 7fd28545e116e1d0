#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# Process 1 of the arm64 machine: lets the exporter count what alice and bob exchange, once for each
# way of counting payload, writes all there is to see to the console, and switches off. What was
# seen is judged outside, by boot.py, which also wrote /etc/pdtt-test.

/bin/busybox --install -s /bin
export PATH=/bin HOME=/
# shellcheck source=/dev/null
. /etc/pdtt-test # ASKED and ANSWERED: bytes; PORT, METRICS_PORT; WAYS

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
ip link set lo up

# A part of the report: its name, what the command says, how the command ends.
part() {
  name=$1
  shift
  echo "@@begin $name"
  "$@" 2>&1
  status=$?
  echo
  echo "@@end $name $status"
}

# Repeats a command until it succeeds, for at most five minutes.
wait_for() {
  for _ in $(seq 300); do
    "$@" 2>/dev/null && return
    sleep 1
  done
  echo "in vain: $*"
  return 1
}

listens() {
  grep -q ":$(printf %04X "$1") .* 0A " /proc/net/tcp /proc/net/tcp6
}

# Also true if it has ended, which is_ready then tells.
started() {
  is_ready || ! kill -0 "$exporter"
}

is_ready() {
  wget -q -O /dev/null "http://127.0.0.1:$METRICS_PORT/-/ready"
}

# The page of a snapshot that was begun after $since, on which the names are known.
fresh_page() {
  wget -q -O /tmp/page "http://127.0.0.1:$METRICS_PORT/metrics" &&
    awk -v since="$since" '$1 == "pdtt_snapshot_timestamp_seconds" { fresh = $2 > since + 1 }
                           END { exit !fresh }' /tmp/page &&
    grep -q 'user="alice"' /tmp/page && grep -q 'user="bob"' /tmp/page
}

# alice sends $ASKED bytes to bob and closes her direction; then bob sends $ANSWERED bytes, by
# sendfile, and is gone before alice has read more than fits into a pipe. Says how many bytes each
# of them got.
exchange() {
  su -s /bin/sh -c "exec nc -l -p $PORT -e /bin/answer" bob &
  bob=$!
  wait_for listens "$PORT" || return
  su -s /bin/sh -c "exec nc 127.0.0.1 $PORT </tmp/question >/tmp/alice/pipe" alice &
  alice=$!
  { wait "$bob"; cat; } </tmp/alice/pipe >/tmp/alice/got
  wait "$alice"
  wc -c </tmp/bob/got
  wc -c </tmp/alice/got
}

# One life of the exporter: the way that it counts payload, and flags.
count() {
  way=$1
  shift
  printf 'layers: {socket: %s}\ncollector: {max_age: 100ms}\n' "$way" >/tmp/exporter.yml
  pdtt-exporter --config.file=/tmp/exporter.yml \
    --web.listen-address="127.0.0.1:$METRICS_PORT" "$@" >/tmp/log 2>&1 &
  exporter=$!
  wait_for started
  if is_ready; then
    part "exchange-$way" exchange
    since=$(date +%s)
    wait_for fresh_page
    part "metrics-$way" cat /tmp/page
    kill -TERM "$exporter"
  fi
  wait "$exporter"
  part "stopped-$way" sh -c "cat /tmp/log; exit $?"
}

head -c "$ASKED" /dev/zero >/tmp/question
head -c "$ANSWERED" /dev/zero >/tmp/answer
mkdir /tmp/alice /tmp/bob
mkfifo -m 666 /tmp/alice/pipe
chown alice /tmp/alice
chown bob /tmp/bob
printf '#!/bin/sh\ncat >/tmp/bob/got\ncat /tmp/answer\n' >/bin/answer
chmod 755 /bin/answer

part machine uname -a
part doctor pdtt-exporter doctor --json
count auto --interface=lo
for way in $WAYS; do
  count "$way"
done
part dmesg dmesg
poweroff -f
