#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The unit that is shipped: a real systemd runs it, and its sandbox is as tight as is said."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from pdtt_harness.case import KernelTest, main
from pdtt_harness.doctor import diagnose
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.kernel import version
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR, run
from pdtt_harness.systemd import SYSTEMD, Machine

SOURCE = Path(__file__).resolve().parents[2]
UNIT = SOURCE / "deploy" / "systemd" / "pdtt-exporter.service"
EXECUTABLE = "/usr/local/bin/pdtt-exporter"
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
systemctl start pdtt-exporter
get() { curl --silent --fail --noproxy '*' --max-time 10 "http://127.0.0.1:10435/$1"; }
for attempt in $(seq 100); do get -/ready && break; sleep 0.1; done
pid=$(systemctl show --property=MainPID --value pdtt-exporter)
"""
LOOK = START + """
cat "/proc/$pid/status" > /run/results/status
get metrics > /run/results/before
systemctl reload pdtt-exporter
sleep 2
get metrics > /run/results/after
nsenter --target "$pid" --mount sh -c 'echo changed > /proc/sys/kernel/core_pattern'
nsenter --target "$pid" --mount sh -c 'echo changed > /etc/pdtt/exporter.yml'
systemctl stop pdtt-exporter
systemctl show --property=Result,ExecMainStatus,ExecMainCode pdtt-exporter
ls /var/log/pdtt
"""


class UnitTest(KernelTest):
    """Skipped where there is no systemd to ask."""

    PROGRAMS = ("systemd-analyze", "unshare", "curl", "strace")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not SYSTEMD.exists():
            raise unittest.SkipTest(f"needs {SYSTEMD}")


class Sandbox(UnitTest):
    """What the file alone says."""

    def test_it_is_well_formed(self) -> None:
        unit = self.world.directory / UNIT.name
        unit.write_text(UNIT.read_text(encoding="utf-8").replace(EXECUTABLE, str(binary())),
                        encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], check=False,
                              capture_output=True, text=True, timeout=60 * TIME_FACTOR)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_its_exposure_is_low_and_documented(self) -> None:
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                               f"--threshold={EXPOSURE}", str(UNIT)], check=False,
                              capture_output=True, text=True, timeout=60 * TIME_FACTOR)
        self.assertEqual(done.returncode, 0, done.stdout[-300:])
        level = re.search(r"Overall exposure level for \S+ ([0-9.]+)", done.stdout)
        assert level
        documentation = (SOURCE / "docs" / "privileges.md").read_text(encoding="utf-8")
        self.assertTrue(f"exposure level of {level[1]}" in documentation, level[1])

    def test_it_allows_every_system_call_that_is_made(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.world.directory))
        exporter = self.exporter(
            "--interface=lo", f"--records.file={folder}/records",
            f"--report.prefix={folder}/pdtt", "--interval=1s",
            command=["strace", "-D", "-f", "-qq", "-o", f"{folder}/trace", str(binary())])
        self.use(exporter)
        seen = set(re.findall(r"(?m)^\d+ +([a-z_0-9]+)\(",
                              (folder / "trace").read_text(encoding="utf-8", errors="replace")))
        self.assertLess({"bpf", "capset", "execve", "futex", "faccessat2"}, seen)
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
        for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", UNIT.read_text(encoding="utf-8")):
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

    def machine(self) -> Machine:
        """With the unit, the executable and a configuration that writes all that can be written."""
        machine = Machine(Path(tempfile.mkdtemp(dir=self.world.directory)))
        machine.add(UNIT, f"/etc/systemd/system/{UNIT.name}")
        machine.add(LOGGED, f"/etc/systemd/system/{UNIT.name}.d/log.conf")
        machine.add(binary(), EXECUTABLE)
        machine.add(SETTINGS, "/etc/pdtt/exporter.yml")
        return machine

    def test_it_counts_reloads_writes_and_stops(self) -> None:
        machine = self.machine()
        output = machine.run(LOOK, self.world.cgroup)
        log = machine.text("exporter.log") + machine.text("errors") + machine.text("log")[-2000:]
        for result in ("Result=success", "ExecMainStatus=0", "pdtt-root.log", "records.jsonl"):
            self.assertIn(result, output, log)
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


if __name__ == "__main__":
    main()
