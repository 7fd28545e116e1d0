#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the exporter needed to start is given up once it runs, and everything goes on without."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar

from pdtt_harness.bpffs import PinningTest
from pdtt_harness.case import main
from pdtt_harness.connection_case import ConnectionTest, of_user
from pdtt_harness.doctor import LAYERS, diagnose
from pdtt_harness.exporter import Exporter, binary, environment
from pdtt_harness.kernel import counts_memlock, version
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR, run
from pdtt_harness.sockets import drain
from pdtt_harness.users import TestUser
from pdtt_harness.way_case import SETTINGS, payload_gained
from pdtt_harness.world import finish, wait_for

SIZE = 300_000
_SETS = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def needed_for_maps() -> set[str]:
    """What an older kernel asks for to read maps, if it is set up so."""
    switch = Path("/proc/sys/kernel/unprivileged_bpf_disabled")
    closed = switch.exists() and int(switch.read_text(encoding="ascii")) != 0
    return {"bpf"} if closed and version() < (5, 19) else set()


def status_of_threads(pid: int) -> list[dict[str, str]]:
    """The fields of proc_pid_status(5), for each thread."""
    return [dict(re.findall(r"(?m)^(\w+):\s*(.*)$", file.read_text(encoding="utf-8")))
            for file in sorted(Path(f"/proc/{pid}/task").glob("*/status"))]


def bits(capabilities: Collection[str]) -> int:
    """A set of capabilities as the kernel writes it."""
    names = run("setpriv", "--list-caps").split()
    return sum(1 << names.index(name) for name in capabilities)


class LeastPrivilegeTest(ConnectionTest):
    """What the classes share: what each thread has, and traffic to count."""

    def check_threads(self, exporter: Exporter, kept: Collection[str] = (),
                      user: TestUser | None = None) -> None:
        """No thread has more than that, nor a way to get more."""
        exporter.scrape()  # by now every kind of thread has been started
        threads = status_of_threads(exporter.process.pid)
        self.assertGreater(len(threads), 5)
        expected = bits({*kept, *needed_for_maps()})
        uid, gid = (user.uid, user.gid) if user else (0, 0)
        for status in threads:
            found = {name: int(status[name], 16) for name in _SETS}
            self.assertEqual(found, {"CapInh": 0, "CapPrm": expected, "CapEff": expected,
                                     "CapAmb": 0}, status["Name"])
            self.assertEqual(int(status["CapBnd"], 16), 0, status["Name"])
            self.assertEqual(status["NoNewPrivs"], "1", status["Name"])
            self.assertEqual(status["Uid"].split(), [str(uid)] * 4, status["Name"])
            self.assertEqual(status["Gid"].split(), [str(gid)] * 4, status["Name"])
            if user:
                self.assertEqual(set(status["Groups"].split()), {str(gid)}, status["Name"])
        for name in (*kept, *needed_for_maps()):
            self.assertRegex(self.kept_line(exporter), rf"\bCAP_{name.upper()}: ")
        if expected == 0:
            self.assertRegex(self.kept_line(exporter), "kept=none")

    def kept_line(self, exporter: Exporter) -> str:
        """What the log says of it, in one line."""
        (line,) = re.findall(r'.*msg="privileges dropped".*', exporter.log_text())
        return str(line)

    def move(self, exporter: Exporter) -> tuple[Scrape, Scrape]:
        """alice sends so much over a new connection; the scrapes before and after."""
        before = exporter.scrape_fresh()
        listener, port = self.tcp_peer()
        hers = self.shell(self.world.alice)
        hers.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        hers.do("send", SIZE)
        hers.do("close")
        return before, self.fresh(exporter)

    def check_counted(self, before: Scrape, after: Scrape) -> None:
        """That was hers."""
        alice = of_user(self.world.alice)
        self.assertGreater(after.gained(before, "pdtt_user_transmit_bytes_total", **alice), SIZE)
        self.assertEqual(after.gained(before, "pdtt_user_connections_opened_total", **alice), 1)

    def check_refused(self, flags: Sequence[str], *patterns: str,
                      command: Sequence[str] = ()) -> None:
        """It does not start, says why in one line, and leaves nothing attached."""
        config = self.world.directory / "refused.yml"
        config.touch(mode=0o644)
        done = subprocess.run([*(command or (str(binary()),)), f"--config.file={config}",
                               "--web.listen-address=127.0.0.1:0", "--log.level=error",
                               f"--cgroup={self.world.cgroup.path}", *flags], check=False,
                              capture_output=True, text=True, env=environment(),
                              stdin=subprocess.DEVNULL, timeout=30 * TIME_FACTOR)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for pattern in patterns:
            self.assertRegex(done.stderr, pattern)
        self.assertEqual(run("bpftool", "cgroup", "show", str(self.world.cgroup.path)), "")


class Dropped(LeastPrivilegeTest):
    """Started by root with every layer."""

    running: ClassVar[Exporter]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.running = Exporter(cls.world, ("--interface", cls.world.links[0].device),
                               SETTINGS, inside=True).start()
        cls.addClassCleanup(cls.running.stop)

    def test_no_thread_has_a_privilege_left(self) -> None:
        self.check_threads(self.running)

    def test_all_layers_go_on_counting(self) -> None:
        known = diagnose(self.world, f"--cgroup={self.world.cgroup.path}")
        before, after = self.move(self.running)
        self.check_counted(before, after)
        for layer in LAYERS:
            wanted = 1 if layer == "xdp" else int(known.row("layer", layer).can_run)
            self.assertEqual(after.value("pdtt_layer_up", layer=layer), wanted, layer)
        alice = self.world.alice
        if after.value("pdtt_layer_up", layer="socket"):
            self.assertEqual(payload_gained(before, after), {(alice.uid, "tcp", "transmit"): SIZE})
        self.assertGreater(after.gained(before, "pdtt_user_xdp_receive_bytes_total",
                                        **of_user(alice)), 0)
        self.assertEqual(after.gained(before, "pdtt_collect_errors_total"), 0)

    def test_it_goes_on_reporting_about_itself(self) -> None:
        scrape = self.running.scrape()
        fds = len(list(Path(f"/proc/{self.running.process.pid}/fd").iterdir()))
        self.assertAlmostEqual(scrape.value("process_open_fds"), fds, delta=5)
        self.assertGreater(scrape.value("process_resident_memory_bytes"), 1_000_000)

    def test_a_reload_changes_what_is_in_the_kernel(self) -> None:
        self.running.write_settings(
            SETTINGS + 'networks: {campus: [10.77.0.0/16], internet: [0.0.0.0/0, "::/0"]}\n'
            f"users: {{exclude: [{self.world.bob.name}]}}\n")
        self.assertTrue(self.running.reload(), self.running.log_text())
        before, after = self.move(self.running)
        self.assertGreater(after.gained(before, "pdtt_user_transmit_bytes_total",
                                        network="campus", **of_user(self.world.alice)), SIZE)


class Ordinary(LeastPrivilegeTest):
    """Started by an ordinary user with the capabilities for it."""

    def test_other_processes_of_the_user_cannot_look_into_it(self) -> None:
        if counts_memlock():
            self.skipTest("this kernel takes one more capability")
        program = self.world.directory / "pdtt-exporter"
        shutil.copy(binary(), program)
        bob, sets = self.world.bob, "-all,+bpf,+perfmon,+net_admin"
        exporter = self.exporter(command=[
            "setpriv", f"--reuid={bob.uid}", f"--regid={bob.gid}", "--init-groups",
            f"--inh-caps={sets}", f"--ambient-caps={sets}", "--", str(program)])
        look = self.world.as_user(bob, ["cat", f"/proc/{exporter.process.pid}/environ"])
        self.assertRaisesRegex(AssertionError, "Permission denied", finish, look)
        self.assertRegex(self.kept_line(exporter), f"uid={bob.uid} ")


class Kept(LeastPrivilegeTest):
    """Where something is needed later on, that one capability stays, and the log says what for."""

    def test_to_write_where_root_alone_may_not(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.world.alice.home))
        shutil.chown(folder, self.world.alice.uid)
        folder.chmod(0o700)
        exporter = self.exporter(f"--records.file={folder}/records")
        self.check_threads(exporter, {"dac_override"})
        self.assertIn(f"{folder}/records", self.kept_line(exporter))
        self.move(exporter)
        wait_for(lambda: (folder / "records").exists(), "a record")

    def test_to_read_a_configuration_that_is_not_roots(self) -> None:
        alice = self.world.alice.name
        hand_over = f'f=${{1#*=}}; chown {alice} "$f"; chmod 600 "$f"; exec {binary()} "$@"'
        exporter = self.exporter(command=["sh", "-c", hand_over, "sh"])
        self.check_threads(exporter, {"dac_read_search"})
        self.assertTrue(exporter.reload(), exporter.log_text())

    def test_to_listen_on_a_port_of_the_system(self) -> None:
        exporter = self.exporter("--web.listen-address=127.0.0.1:735", inside=True)
        self.check_threads(exporter, {"net_bind_service"})


class AsUser(LeastPrivilegeTest, PinningTest):
    """--user."""

    def flags(self) -> tuple[str, ...]:
        """Goes on as bob, who owns what is written."""
        folder = Path(tempfile.mkdtemp(dir=self.world.bob.home))
        shutil.chown(folder, self.world.bob.uid)
        self.records = folder / "records"
        return (f"--user={self.world.bob.name}", f"--records.file={self.records}",
                f"--report.prefix={folder}/pdtt", "--interval=1s")

    def test_every_thread_is_the_users(self) -> None:
        exporter = self.exporter("--interface", self.link.device, *self.flags(), inside=True)
        self.check_threads(exporter, user=self.world.bob)
        self.check_counted(*self.move(exporter))
        self.assertTrue(exporter.reload(), exporter.log_text())
        wait_for(self.records.exists, "a record")
        report = self.records.with_name(f"pdtt-{self.world.alice.name}.log")
        wait_for(report.exists, "a report")
        for file in (self.records, report):
            self.assertEqual(file.stat().st_uid, self.world.bob.uid)
        self.assertGreater(exporter.scrape().value("process_open_fds"), 10)

    def test_what_is_pinned_is_taken_over_by_the_next_one(self) -> None:
        pins = self.persist_flags()
        self.addCleanup(run, str(binary()), "detach", pins[-1])
        for again in range(2):
            exporter = self.exporter(*pins, *self.flags())
            self.check_threads(exporter, user=self.world.bob)
            _, after = self.move(exporter)
            self.assertEqual(after.sum("pdtt_user_connections_opened_total",
                                       **of_user(self.world.alice)), again + 1)
            exporter.stop()

    def test_a_user_who_may_not_write_there(self) -> None:
        folder = tempfile.mkdtemp(dir=self.world.directory)
        for flag, path in (("--records.file", f"{folder}/records"),
                           ("--report.prefix", f"{folder}/pdtt")):
            self.check_refused([f"--user={self.world.bob.name}", f"{flag}={path}"],
                               f"user {self.world.bob.name} cannot write to {path}", "; let")

    def test_a_report_file_that_is_roots(self) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.world.bob.home))
        shutil.chown(folder, self.world.bob.uid)
        (folder / "pdtt-alice.log").touch(mode=0o640)
        self.check_refused([f"--user={self.world.bob.name}", f"--report.prefix={folder}/pdtt"],
                           f"cannot write to {folder}/pdtt-alice.log: Permission denied")

    def test_a_user_that_there_is_not(self) -> None:
        self.check_refused(["--user=pdtt-nobody-at-all"], 'no user "pdtt-nobody-at-all"')

    def test_who_may_not_become_another_user(self) -> None:
        sets = "-all,+bpf,+perfmon,+net_admin"
        self.check_refused([f"--user={self.world.bob.name}"], "CAP_SETUID",
                           command=["setpriv", f"--bounding-set={sets}", f"--inh-caps={sets}",
                                    "--no-new-privs", "--", str(binary())])


if __name__ == "__main__":
    main()
