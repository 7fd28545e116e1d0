#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""However a run ends, nothing of it stays in the kernel; a start that cannot be says why."""

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter, binary, environment
from pdtt_harness.kernel import BpfObject, bpf_objects
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.world import wait_for

_START_LIMIT = 2.0 * TIME_FACTOR


class LifecycleTest(KernelTest):
    """What the tests of beginning and end share."""

    names: ClassVar[set[str]]  # of the exporter's programs and maps

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        before = cls.objects()
        exporter = Exporter(cls.world, ["--interface", cls.world.links[0].device],
                            inside=True).start()
        added = cls.objects() - before
        exporter.stop()
        kinds = {found.kind for found in added}
        if kinds != {"prog", "map", "link", "cgroup", "net"}:
            raise AssertionError(f"the listings would not show what is left, only {kinds}")
        cls.names = {found.name for found in added}

    @classmethod
    def objects(cls) -> set[BpfObject]:
        """Everything the kernel holds, from everybody."""
        return bpf_objects((cls.world.host.path,))

    def setUp(self) -> None:
        self.before = self.objects()

    def check_nothing_left(self) -> None:
        """The kernel frees programs and maps a moment after their last user is gone."""
        def left() -> list[BpfObject]:
            return [found for found in self.objects() - self.before
                    if found.name in self.names and not found.held]

        try:
            wait_for(lambda: not left(), "the kernel as it was before", timeout=5)
        except TimeoutError:
            self.fail(f"left in the kernel: {left()}")


class CleanExit(LifecycleTest):
    """A run that is ended."""

    def running(self) -> Exporter:
        """An exporter with every layer."""
        return self.exporter("--interface", self.world.links[0].device, inside=True)

    def test_sigterm_and_sigint_leave_nothing(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                self.running().stop(number)
                self.check_nothing_left()

    def test_a_killed_exporter_leaves_nothing(self) -> None:
        exporter = Exporter(self.world, ["--interface", self.world.links[0].device],
                            inside=True).start()
        exporter.process.kill()
        exporter.process.wait()
        self.check_nothing_left()

    def test_a_signal_at_any_moment_of_the_start_leaves_nothing(self) -> None:
        begin = time.monotonic()
        self.running().stop()
        duration = time.monotonic() - begin
        steps = 12
        for step in range(steps):
            exporter = Exporter(self.world, ["--interface", self.world.links[0].device],
                                inside=True)
            time.sleep(duration * step / steps)
            exporter.process.terminate()
            status = exporter.process.wait(timeout=15 * TIME_FACTOR)
            # Before main() has set up its signals, the signal itself ends the process.
            self.assertIn(status, (0, -signal.SIGTERM), exporter.log_text())
            self.check_nothing_left()

    def test_the_exit_is_quick_with_a_client_that_stays_connected(self) -> None:
        exporter = self.exporter()
        with socket.create_connection(("127.0.0.1", exporter.port)) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n")
            begin = time.monotonic()
            exporter.stop()
            self.assertLess(time.monotonic() - begin, 5 * TIME_FACTOR)
        self.check_nothing_left()


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a start that failed came to its end."""

    status: int
    lines: list[str]


class StartErrors(LifecycleTest):
    """A start that cannot succeed: one clear line, the right exit code, soon, nothing left."""

    def start(self, argv: Sequence[str], wrapper: Sequence[str] = ()) -> Ended:
        """Runs the exporter until it gives up."""
        begin = time.monotonic()
        done = subprocess.run([*wrapper, *argv], capture_output=True, text=True, check=False,
                              env=environment(), stdin=subprocess.DEVNULL,
                              timeout=10 * _START_LIMIT)
        duration = time.monotonic() - begin
        self.assertLess(duration, _START_LIMIT, done.stderr)
        self.assertEqual(done.stdout, "")
        return Ended(done.returncode, done.stderr.splitlines())

    def check_error(self, ended: Ended, pattern: str, status: int = 1) -> None:
        """One line that names the trouble."""
        self.assertEqual(len(ended.lines), 1, ended)
        self.assertRegex(ended.lines[0], pattern)
        self.assertEqual(ended.status, status, ended)
        self.check_nothing_left()

    def arguments(self, settings: str = "", **flags: str) -> list[str]:
        """A command line that works, but for what the caller puts wrong."""
        config = self.world.directory / "start.yml"
        config.write_text(settings, encoding="utf-8")
        values = {"config.file": str(config), "cgroup": str(self.world.cgroup.path),
                  "web.listen-address": "127.0.0.1:0"} | flags
        return [str(binary()), *(f"--{name}={value}" for name, value in values.items() if value)]

    def test_the_untouched_command_line_works(self) -> None:
        process = self.world.start(self.arguments(), env=environment())
        time.sleep(_START_LIMIT)
        self.assertIsNone(process.poll(), "the other tests here would prove nothing")
        process.terminate()
        self.assertEqual(process.wait(timeout=15 * TIME_FACTOR), 0)

    def test_not_root(self) -> None:
        program = self.world.directory / "pdtt-exporter"
        shutil.copy(binary(), program)
        program.chmod(0o755)
        (self.world.directory / "start.yml").touch(mode=0o644)
        alice = self.world.alice
        argv = [str(program), *self.arguments()[1:]]
        self.check_error(self.start(argv, ["setpriv", f"--reuid={alice.uid}",
                                           f"--regid={alice.gid}", "--init-groups", "--"]),
                         "(?i)root|CAP_|privilege|permi")

    def test_no_cgroup2(self) -> None:
        unmount = ("for m in $(awk '$3 == \"cgroup2\" {print $2}' /proc/self/mounts); do "
                   "umount -l $m; done; exec \"$@\"")
        self.check_error(self.start(self.arguments(cgroup=""),
                                    ["unshare", "--mount", "sh", "-c", unmount, "sh"]),
                         "(?i)cgroup2")

    def test_no_btf(self) -> None:
        empty = self.world.directory / "empty"
        empty.mkdir(exist_ok=True)
        hide = f"mount --bind {empty} /sys/kernel/btf && exec \"$@\""
        self.check_error(self.start(self.arguments(),
                                    ["unshare", "--mount", "sh", "-c", hide, "sh"]), "BTF")

    def test_port_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.check_error(self.start(self.arguments(
                **{"web.listen-address": f"127.0.0.1:{port}"})), f"127.0.0.1:{port}.*in use")

    def test_address_of_another_host(self) -> None:
        self.check_error(self.start(self.arguments(
            **{"web.listen-address": "192.0.2.1:9999"})), "192.0.2.1:9999")

    def test_unknown_interface(self) -> None:
        self.check_error(self.start(self.arguments(interface="nosuch0")), "nosuch0")

    def test_wrong_cgroup(self) -> None:
        self.check_error(self.start(self.arguments(cgroup="/nosuch/cgroup")), "/nosuch/cgroup")
        self.check_error(self.start(self.arguments(cgroup=str(self.world.directory))),
                         "(?i)cgroup")

    def test_missing_and_unreadable_configuration(self) -> None:
        missing = str(self.world.directory / "nosuch.yml")
        self.check_error(self.start(self.arguments(**{"config.file": missing})), missing)
        directory = str(self.world.directory)
        self.check_error(self.start(self.arguments(**{"config.file": directory})), directory)

    def test_wrong_configuration(self) -> None:
        for settings, pattern in (
                ("limitz: {}\n", r"start\.yml:1:1: .*limitz"),
                ("collector:\n  max_age: soon\n", r"start\.yml:2:12: .*soon"),
                ("cgroup: auto\ncgroup: auto\n", r"start\.yml:2:1: "),
                ("users: {exclude: [\n", r"start\.yml:\d+:\d+: "),
                ("users: {exclude: [no-such-user-pdtt]}\n", "no-such-user-pdtt")):
            with self.subTest(settings=settings):
                self.check_error(self.start(self.arguments(settings)), pattern)

    def test_usage(self) -> None:
        for extra in (["--no-such-flag"], ["no-such-command"], ["--cgroup"],
                      ["--log.level=loud"]):
            with self.subTest(arguments=extra):
                self.check_error(self.start([*self.arguments(), *extra]), ".", status=2)


class Commands(LifecycleTest):
    """The commands that look and do not run."""

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the exporter with a command that ends by itself."""
        return subprocess.run([str(binary()), *arguments], capture_output=True, text=True,
                              check=False, env=environment(), timeout=20 * TIME_FACTOR)

    def test_doctor_names_every_layer_and_leaves_nothing(self) -> None:
        done = self.run_command("doctor", f"--cgroup={self.world.cgroup.path}")
        self.assertEqual(done.returncode, 0, done.stderr)
        for layer in ("xdp", "sockops", "cgroup", "socket"):
            self.assertRegex(done.stdout, rf"(?m)\b{layer}\b")
        self.check_nothing_left()

    def test_doctor_fails_where_the_cgroup_layer_cannot_run(self) -> None:
        done = self.run_command("doctor", "--cgroup=/nosuch/cgroup")
        self.assertEqual(done.returncode, 1, done.stdout)

    def test_version_and_help(self) -> None:
        for flag, pattern in (("--version", r"\d+\.\d+\.\d+"), ("--help", "--config.file")):
            done = self.run_command(flag)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, pattern)

    def test_the_shipped_configuration_is_right(self) -> None:
        shipped = Path(__file__).parents[2] / "config" / "exporter.yml"
        done = self.run_command("check-config", os.fspath(shipped))
        self.assertEqual((done.returncode, done.stdout), (0, f"{shipped}: ok\n"), done.stderr)

    def test_check_config_refuses_what_is_missing_or_wrong(self) -> None:
        done = self.run_command("check-config", "/nosuch/exporter.yml")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("/nosuch/exporter.yml", done.stderr)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as wrong:
            wrong.write("web: {listne: []}\n")
            wrong.flush()
            done = self.run_command("check-config", wrong.name)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{wrong.name}:1:7: ", done.stderr)


if __name__ == "__main__":
    main()
