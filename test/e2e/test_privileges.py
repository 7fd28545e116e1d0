#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The exporter as an ordinary user with the capabilities that it needs, and with one too few."""

import re
import shutil
import subprocess
import unittest
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from pdtt_harness.case import main
from pdtt_harness.connection_case import ConnectionTest, of_user
from pdtt_harness.doctor import LAYERS, Diagnosis, Row, diagnose
from pdtt_harness.exporter import binary, environment
from pdtt_harness.kernel import counts_memlock, has_capability
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import drain
from pdtt_harness.way_case import SETTINGS, payload_gained

NEEDED = ("bpf", "perfmon", "net_admin")


def needed() -> tuple[str, ...]:
    """What this kernel asks for."""
    return (*NEEDED, "sys_resource") if counts_memlock() else NEEDED


def perf_events_need_more_than_cap_perfmon() -> bool:
    """Some distributions' kernels, Debian's for one, leave them to CAP_SYS_ADMIN if told so."""
    switch = Path("/proc/sys/kernel/perf_event_paranoid")
    return switch.exists() and int(switch.read_text(encoding="ascii")) > 2


class PrivilegesTest(ConnectionTest):
    """Tests that run a copy of the executable that the users may execute."""

    program: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for name in needed():
            if not has_capability(name):
                raise unittest.SkipTest(f"nobody here has CAP_{name.upper()}")
        cls.program = str(cls.world.directory / "pdtt-exporter")
        shutil.copy(binary(), cls.program)

    def command(self, capabilities: Iterable[str]) -> list[str]:
        """Starts the executable as bob with exactly these capabilities."""
        bob = self.world.bob
        sets = "-all" + "".join(f",+{name}" for name in capabilities)
        return ["setpriv", f"--reuid={bob.uid}", f"--regid={bob.gid}", "--clear-groups",
                f"--bounding-set={sets}", f"--inh-caps={sets}", f"--ambient-caps={sets}",
                "--no-new-privs", "--pdeathsig", "KILL", "--", self.program]

    def diagnose(self, command: Sequence[str], *flags: str) -> Diagnosis:
        """What doctor says there."""
        return diagnose(self.world, f"--cgroup={self.world.cgroup.path}", *flags, command=command)


class Enough(PrivilegesTest):
    """An ordinary user with what is needed."""

    root: ClassVar[Diagnosis]  # what doctor says to root

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.root = diagnose(cls.world, f"--cgroup={cls.world.cgroup.path}")

    def test_every_layer_runs_and_counts(self) -> None:
        exporter = self.exporter("--interface", self.link.device, settings=SETTINGS,
                                 inside=True, command=self.command(needed()))
        uids = Path(f"/proc/{exporter.process.pid}/status").read_text(encoding="utf-8")
        self.assertRegex(uids, rf"(?m)^Uid:(\s+{self.world.bob.uid}){{4}}$")
        before = exporter.scrape_fresh()
        for layer in LAYERS:
            wanted = 1 if layer == "xdp" else int(self.root.row("layer", layer).can_run)
            self.assertEqual(before.value("pdtt_layer_up", layer=layer), wanted,
                             exporter.log_text())
        self.move()
        after = exporter.scrape_fresh()
        self.check(before, after)
        self.assertGreater(after.gained(before, "pdtt_user_xdp_receive_bytes_total",
                                        **of_user(self.world.alice)), 200_000)

    def move(self) -> None:
        """alice sends 300,000 bytes and receives 200,000."""
        listener, port = self.tcp_peer()
        process = self.shell(self.world.alice)
        process.do("connect", self.link.peer4, port)
        connection = self.accepted(listener)
        process.begin("receive", 200_000)
        connection.sendall(bytes(200_000))
        process.answer()
        drain(connection)
        process.do("send", 300_000)

    def check(self, before: Scrape, after: Scrape) -> None:
        """All of that is alice's, to the byte where the socket layer runs."""
        alice = self.world.alice
        for direction, size in (("receive", 200_000), ("transmit", 300_000)):
            self.assertGreater(after.gained(before, f"pdtt_user_{direction}_bytes_total",
                                            **of_user(alice)), size)
        if after.value("pdtt_layer_up", layer="socket"):
            self.assertEqual(payload_gained(before, after),
                             {(alice.uid, "tcp", "receive"): 200_000,
                              (alice.uid, "tcp", "transmit"): 300_000})

    def test_doctor_agrees(self) -> None:
        mine = self.diagnose(self.command(needed()))
        self.assertEqual((mine.status, mine.can_run), (0, True))
        for row in self.root.rows:
            if row.kind != "host" and not (
                    row.name.startswith(("kprobe", "kretprobe")) and perf_events_need_more_than_cap_perfmon()):
                self.assertEqual(mine.row(row.kind, row.name).can_run, row.can_run, row)

    def test_older_sockets_of_other_namespaces_are_found_when_they_move_data(self) -> None:
        listener, port = self.tcp_peer()
        process = self.shell(self.world.alice)
        process.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        exporter = self.exporter(settings=SETTINGS, command=self.command(needed()))
        row = self.diagnose(self.command(needed())).row("host", "older_sockets")
        self.assertFalse(row.can_run, row)
        for words in (exporter.log_text(), row.detail + row.remedy):
            self.assertIn("CAP_SYS_ADMIN", words)
        before = exporter.scrape_fresh()
        self.assertEqual(before.sum("pdtt_user_connections", **of_user(self.world.alice)), 0)
        process.do("send", 100_000)
        after = exporter.scrape_fresh()
        self.assertGreater(after.gained(before, "pdtt_user_transmit_bytes_total",
                                        **of_user(self.world.alice)), 100_000)
        self.assertEqual(after.value("pdtt_connection_info", remote_port=str(port),
                                     **of_user(self.world.alice)), 1)


class TooFew(PrivilegesTest):
    """An ordinary user who lacks something."""

    def check_refused(self, command: Sequence[str], pattern: str) -> Row:
        """The exporter gives up with one line that says why; so does doctor, in the row."""
        config = self.world.directory / "refused.yml"
        config.touch(mode=0o644)
        done = subprocess.run([*command, f"--config.file={config}",
                               "--web.listen-address=127.0.0.1:0",
                               f"--cgroup={self.world.cgroup.path}"], capture_output=True,
                              text=True, check=False, env=environment(),
                              stdin=subprocess.DEVNULL, timeout=30 * TIME_FACTOR)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, pattern)
        diagnosis = self.diagnose(command)
        self.assertEqual((diagnosis.status, diagnosis.can_run), (1, False))
        row = diagnosis.row("host", "capabilities")
        self.assertFalse(row.can_run)
        self.assertRegex(row.detail, pattern)
        self.assertTrue(row.remedy)
        return row

    def check_missing(self, missing: str) -> None:
        """Without this one capability nothing runs, and it alone is named as missing."""
        rest = [name for name in needed() if name != missing]
        row = self.check_refused(self.command(rest), rf"\bCAP_{missing.upper()}\b")
        lacking = re.search(r"missing[^;.]*", row.detail)
        self.assertTrue(lacking, row)
        assert lacking
        for name in rest:
            self.assertNotIn(f"CAP_{name.upper()}", lacking[0])

    def test_without_cap_bpf(self) -> None:
        self.check_missing("bpf")

    def test_without_cap_perfmon(self) -> None:
        self.check_missing("perfmon")

    def test_without_cap_net_admin(self) -> None:
        self.check_missing("net_admin")

    def test_without_any(self) -> None:
        self.check_refused(self.command(()), "CAP_BPF.*CAP_PERFMON.*CAP_NET_ADMIN")

    def test_root_of_a_user_namespace(self) -> None:
        bob = self.world.bob
        enter = ["setpriv", f"--reuid={bob.uid}", f"--regid={bob.gid}", "--clear-groups", "--",
                 "unshare", "--user", "--map-root-user", "--"]
        if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode:
            self.skipTest("an ordinary user cannot make a user namespace here")
        self.check_refused([*enter, self.program], "(?i)user namespace")


if __name__ == "__main__":
    main()
