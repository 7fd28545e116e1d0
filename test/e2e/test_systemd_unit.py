#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit that is shipped: a real systemd runs it, and its sandbox is as tight as is said."""

import os
import pwd
import re
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar
from unittest import mock

from pdtt_harness.case import KernelTest, main
from pdtt_harness.doctor import diagnose
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.kernel import version
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR, run
from pdtt_harness.systemd import SYSTEMD, Machine

SOURCE = Path(__file__).resolve().parents[2]
TEMPLATE = SOURCE / "deploy" / "systemd" / "pdtt-exporter.service.in"
NAME = "pdtt-exporter.service"
FOLDER = "/usr/local/bin"
EXPOSURE = 30  # tenths; above is called exposed

SETTINGS = """persist: true
interfaces: [lo]
report: {prefix: /var/log/pdtt/pdtt, interval: 1s}
records: {file: /var/log/pdtt/records.jsonl}
"""
LOGGED = """[Service]
StandardOutput=append:/run/results/exporter.log
StandardError=append:/run/results/exporter.log
"""
START = """
systemctl start pdtt-exporter || exit
get() { curl --silent --fail --noproxy '*' --max-time 10 "http://127.0.0.1:10435/$1"; }
get -/ready # at once: that is what the service has said of itself
pid=$(systemctl show --property=MainPID --value pdtt-exporter)
"""
LOOK = START + """
cat "/proc/$pid/status" > /run/results/status
get metrics > /run/results/before
systemctl show --property=StatusText,NotifyAccess,WatchdogUSec pdtt-exporter
echo "persist: maybe" >> /etc/pdtt/exporter.yml
systemctl reload pdtt-exporter
sleep 1
systemctl show --property=StatusText,ActiveState pdtt-exporter
sed -i '$d' /etc/pdtt/exporter.yml
systemctl reload pdtt-exporter
sleep 2
systemctl show --property=StatusText pdtt-exporter
get metrics > /run/results/after
nsenter --target "$pid" --mount sh -c 'echo changed > /proc/sys/kernel/core_pattern'
nsenter --target "$pid" --mount sh -c 'echo changed > /etc/pdtt/exporter.yml'
systemctl stop pdtt-exporter
systemctl show --property=Result,ExecMainStatus,ExecMainCode pdtt-exporter
ls /var/log/pdtt
"""
WATCHDOG = "WatchdogSec=12s\n"  # without a scrape there is a collection every 5 s
COUNT = """
sleep 20
systemctl show --property=NRestarts pdtt-exporter
for attempt in $(seq 5); do get metrics > /run/results/metrics && break; sleep 1; done
"""
TRAFFIC = """
setpriv --reuid=nobody --clear-groups bash -c 'echo > /dev/udp/127.0.0.1/9'
"""
# The thread that reads the tables is the one that makes most calls of bpf(2). A tracer stops it, and
# stays until it is dead: by itself it would go on, and the SIGSTOP of the attachment stop them all.
HANG_COLLECTOR = """
timeout --signal=INT 7 strace -f -qq -e trace=bpf -o /run/bpf -p $pid
collector=$(sed 's/ .*//' /run/bpf | sort | uniq -c | sort -n | tail -n1 | awk '{print $2}')
python3 -c '
import ctypes, os, sys
PTRACE_ATTACH, WALL, thread = 16, 1 << 30, int(sys.argv[1])
if ctypes.CDLL(None).ptrace(PTRACE_ATTACH, thread, None, None):
    sys.exit("not attached")
for event in ("stopped", "dead"):
    os.waitpid(thread, WALL)
    print("the collector is", event, flush=True)' "$collector" &
sleep 1
grep State "/proc/$pid/status"
"""


class UnitTest(KernelTest):
    """Skipped where there is no systemd to ask."""

    PROGRAMS = ("systemd-analyze", "unshare", "curl", "strace")
    unit: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not SYSTEMD.exists():
            raise unittest.SkipTest(f"needs {SYSTEMD}")
        cls.unit = cls.write_unit("unit", FOLDER)

    @classmethod
    def write_unit(cls, name: str, folder: str) -> Path:
        """The unit as it is installed, for an executable in that folder."""
        unit = cls.world.directory / name / NAME
        unit.parent.mkdir()
        unit.write_text(TEMPLATE.read_text(encoding="utf-8").replace("@PDTT_BINDIR@", folder),
                        encoding="utf-8")
        return unit


class Sandbox(UnitTest):
    """What the file alone says."""

    def test_it_is_well_formed(self) -> None:
        unit = self.write_unit("well-formed", str(binary().parent))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], check=False,
                              capture_output=True, text=True, timeout=60 * TIME_FACTOR)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_its_exposure_is_low_and_documented(self) -> None:
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               f"--threshold={EXPOSURE}", str(self.unit)], check=False,
                              capture_output=True, text=True, timeout=60 * TIME_FACTOR)
        self.assertEqual(done.returncode, 0, done.stdout[-300:])
        level = re.search(r"Overall exposure level for \S+ ([0-9.]+)", done.stdout)
        assert level
        documentation = (SOURCE / "docs" / "privileges.md").read_text(encoding="utf-8")
        self.assertTrue(f"exposure level of {level[1]}" in documentation, level[1])

    def test_it_allows_every_system_call_that_is_made(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.world.directory))
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(f"{folder}/notify")
        told = mock.patch.dict(os.environ, NOTIFY_SOCKET=f"{folder}/notify",
                               WATCHDOG_USEC="180000000")
        told.start()
        self.addCleanup(told.stop)
        exporter = self.exporter(
            "--interface=lo", f"--records.file={folder}/records",
            f"--report.prefix={folder}/pdtt", "--interval=1s",
            command=["strace", "-D", "-f", "-qq", "-o", f"{folder}/trace", str(binary())])
        self.use(exporter)
        seen = set(re.findall(r"(?m)^\d+ +([a-z_0-9]+)\(",
                              (folder / "trace").read_text(encoding="utf-8", errors="replace")))
        self.assertLess({"bpf", "capset", "execve", "futex", "faccessat2",
                         "sendmsg"}, seen)
        self.assertEqual(seen - self.allowed(), set())

    def use(self, exporter: Exporter) -> None:
        """From the first scrape to the end."""
        exporter.scrape_fresh()
        self.assertTrue(exporter.reload(), exporter.log_text())
        exporter.scrape_fresh()
        exporter.stop()

    def allowed(self) -> set[str]:
        """The lines are applied one after the other; the first decides what the rest is."""
        allowed = self.expand("@default")
        for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", TEMPLATE.read_text(encoding="utf-8")):
            taken_out = line.startswith("~")
            for name in line.lstrip("~").split():
                calls = self.expand(name)
                allowed = allowed - calls if taken_out else allowed | calls
        return allowed

    def expand(self, name: str) -> set[str]:
        """The calls of a group."""
        if not name.startswith("@"):
            return {name}
        lines = run("systemd-analyze", "syscall-filter", "--no-pager", name).splitlines()
        members = [line.strip() for line in lines if re.match(r" +[@a-z_]", line)]
        return set().union(*map(self.expand, members))


class Running(UnitTest):
    """In a systemd of the test's own."""

    def machine(self, drop_in: str = "") -> Machine:
        """With the unit, the executable and a configuration that writes all that can be written."""
        machine = Machine(Path(tempfile.mkdtemp(dir=self.world.directory)))
        machine.add(self.unit, f"/etc/systemd/system/{NAME}")
        machine.add(LOGGED + drop_in, f"/etc/systemd/system/{NAME}.d/test.conf")
        machine.add(binary(), f"{FOLDER}/pdtt-exporter")
        machine.add(SETTINGS, "/etc/pdtt/exporter.yml")
        return machine

    def test_it_counts_reloads_writes_and_stops(self) -> None:
        machine = self.machine()
        output = machine.run(LOOK, self.world.cgroup)
        log = machine.text("exporter.log") + machine.text("errors") + machine.text("log")[-2000:]
        for result in ("Result=success", "ExecMainStatus=0", "pdtt-root.log", "records.jsonl",
                       "WatchdogUSec=3min", "NotifyAccess=main"):
            self.assertIn(result, output, log)
        running = r"layers: [a-z,]*cgroup[a-z,]*; serving on 127\.0\.0\.1:10435"
        self.assertRegex(output, rf"(?s)StatusText={running}\n.*"
                         rf"StatusText={running}; the last reload failed, see the log\n"
                         rf"ActiveState=active\n.*StatusText={running}\n", log)
        self.assertIn('msg="configuration reloaded"', log)
        status = dict(re.findall(r"(?m)^(\w+):\s*(.*)$", machine.text("status")))
        if version() >= (5, 19):
            self.assertEqual(int(status["CapPrm"], 16), 0)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        before, after = Scrape(machine.text("before")), Scrape(machine.text("after"))
        known = diagnose(self.world, f"--cgroup={self.world.cgroup.path}")
        for layer in ("sockops", "cgroup", "socket"):
            self.assertEqual(after.value("pdtt_layer_up", layer=layer),
                             int(known.row("layer", layer).can_run), log)
        self.assertEqual(after.value("pdtt_layer_up", layer="xdp"), 1, log)
        self.assertGreater(after.gained(before, "pdtt_user_receive_bytes_total", uid="0"), 0)
        self.assertEqual(after.sum("pdtt_collect_errors_total"), 0, log)
        self.assertEqual(machine.text("errors").count("Read-only file system"), 2, log)

    def test_what_is_pinned_outlives_the_service(self) -> None:
        machine = self.machine()
        output = machine.run(START + "systemctl stop pdtt-exporter; ls /sys/fs/bpf/pdtt" + START,
                             self.world.cgroup)
        log = machine.text("exporter.log")
        self.assertIn("tables", output, log)
        self.assertIn('msg="counting goes on"', log)

    def test_the_watchdog_leaves_it_alone_while_it_counts(self) -> None:
        """Neither because nobody asks for numbers, nor because of names that do not come."""
        module = Path(os.environ["PDTT_NAME_SERVICE_MODULE"])
        machine = self.machine(
            WATCHDOG +
            f"Environment=LD_LIBRARY_PATH={FOLDER} PDTT_NAME_SERVICE=/run/results/names\n"
            "BindReadOnlyPaths=/etc/pdtt/nsswitch.conf:/etc/nsswitch.conf\n")
        machine.add(module, f"{FOLDER}/{module.name}")
        machine.add("passwd: pdtttest [UNAVAIL=return] files\n", "/etc/pdtt/nsswitch.conf")
        output = machine.run("echo hangs > /run/results/names" + START + TRAFFIC + COUNT,
                             self.world.cgroup)
        log = machine.text("exporter.log") + machine.text("errors")
        self.assertIn("NRestarts=0\n", output, log)
        nobody = pwd.getpwnam("nobody").pw_uid
        self.assertGreater(Scrape(machine.text("metrics")).sum(
            "pdtt_user_transmit_bytes_total", uid=str(nobody), user=str(nobody)), 0, log)

    def test_the_watchdog_restarts_what_hangs(self) -> None:
        """As a whole, and where only the thread that collects does."""
        for what, hang in (("all of it", "kill -STOP $pid"), ("the collector", HANG_COLLECTOR)):
            with self.subTest(what):
                machine = self.machine(WATCHDOG)
                output = machine.run(START + hang + COUNT, self.world.cgroup)
                log = machine.text("exporter.log") + machine.text("errors") + output
                self.assertIn("NRestarts=1\n", output, log)
                self.assertIn('msg="counting goes on"', log)
                Scrape(machine.text("metrics")).assert_balanced()


if __name__ == "__main__":
    main()
