#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts that are set up in other ways: what is mounted and where, what is hidden, what is limited.

Each arrangement is made in a mount namespace of the exporter's own.
"""

import platform
import select
import subprocess
from pathlib import Path
from typing import ClassVar

from pdtt_harness import shell
from pdtt_harness.case import main
from pdtt_harness.connection_case import ConnectionTest, of_user
from pdtt_harness.doctor import Diagnosis, diagnose
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.kernel import counts_memlock, has_capability
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import drain
from pdtt_harness.way_case import SETTINGS, payload_gained
from pdtt_harness.world import wait_for

_UNMOUNT = """\
unmount() {  # every file system of a type
  awk -v type="$1" '$3 == type { print $2 }' /proc/self/mounts | sort -r | while read -r place; do
    umount -l "$place"
  done
}
"""
_HYBRID = """\
umount -l -R /sys/fs/cgroup
mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/net_cls,net_prio /sys/fs/cgroup/unified
mount -t cgroup -o net_cls,net_prio none /sys/fs/cgroup/net_cls,net_prio
mount -t cgroup2 none /sys/fs/cgroup/unified
"""
_KERNEL_UID = 2**32 - 1
_VERSION_REQUEST = 100  # the message type with which 9p begins


class SetupTest(ConnectionTest):
    """Tests of one arrangement each."""

    usual: ClassVar[Diagnosis]  # without any

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.usual = diagnose(cls.world, f"--cgroup={cls.world.cgroup.path}")

    def arranged(self, script: str) -> list[str]:
        """Starts the executable in a mount namespace where the script has run."""
        return ["unshare", "--mount", "--propagation", "private", "sh", "-e", "-c",
                f'{_UNMOUNT}{script}\nexec "$@"', "sh", str(binary())]

    def hidden(self, *paths: Path) -> list[str]:
        """The same where files and directories are empty."""
        return self.arranged("\n".join(
            f"mount -t tmpfs none {path}" if path.is_dir() else f"mount --bind /dev/null {path}"
            for path in paths if path.exists()))

    def diagnose(self, command: list[str]) -> Diagnosis:
        """What doctor says there."""
        return diagnose(self.world, f"--cgroup={self.world.cgroup.path}", command=command)

    def check_counts(self, command: list[str], cgroup: str = "") -> Exporter:
        """The exporter counts there what alice moves, by the same way as anywhere else."""
        exporter = self.exporter(settings=SETTINGS, command=command, cgroup=cgroup)
        listener, port = self.tcp_peer()
        process, alice = self.shell(self.world.alice), self.world.alice
        before = exporter.scrape_fresh()
        process.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        process.do("send", 100_000)
        after = exporter.scrape_fresh()
        gained = after.gained(before, "pdtt_user_transmit_bytes_total", **of_user(alice))
        self.assertGreater(gained, 100_000)
        self.assertLess(gained, 120_000)
        payload = payload_gained(before, after).get((alice.uid, "tcp", "transmit"), 0)
        self.assertEqual(payload, 100_000 if self.usual.best_way() else 0, exporter.log_text())
        return exporter

    def check_doctor_runs(self, command: list[str]) -> Diagnosis:
        """Doctor finds there what it finds anywhere."""
        there = self.diagnose(command)
        self.assertEqual(there.status, 0)
        for kind in ("layer", "way", "program"):
            self.assertEqual({name: row.can_run for name, row in there.of_kind(kind).items()},
                             {name: row.can_run for name, row in self.usual.of_kind(kind).items()})
        return there


class Mounts(SetupTest):
    """What is mounted."""

    def test_without_bpffs(self) -> None:
        command = self.arranged("unmount bpf")
        self.check_counts(command)
        row = self.check_doctor_runs(command).row("host", "bpffs")
        self.assertRegex(row.detail, "not mounted")

    def test_cgroup2_beside_version_1(self) -> None:
        command = self.arranged(_HYBRID)
        if subprocess.run([*command[:-1], "true"], capture_output=True, check=False).returncode:
            self.skipTest("this kernel has no net_cls and net_prio, or not for version 1")
        self.check_counts(command, cgroup="auto")
        diagnosis = diagnose(self.world, "--cgroup=auto", command=command)
        self.assertEqual((diagnosis.status, diagnosis.cgroup), (0, "/sys/fs/cgroup/unified"))
        self.assertIn("/sys/fs/cgroup/unified", diagnosis.row("host", "cgroup2").detail)
        self.assertIn("net_cls", diagnosis.row("host", "cgroup_v1").detail)


class Places(SetupTest):
    """Where things are mounted, which is the same to every kernel."""

    def test_with_bpffs(self) -> None:
        row = self.diagnose(self.arranged(
            "unmount bpf\nmount -t bpf none /sys/fs/bpf")).row("host", "bpffs")
        self.assertIn("/sys/fs/bpf", row.detail)

    def test_without_securityfs_and_tracefs(self) -> None:
        command = self.arranged("\n".join(
            f"unmount {kind}" for kind in ("securityfs", "tracefs", "debugfs")))
        self.check_counts(command)
        self.check_doctor_runs(command)

    def test_cgroup2_in_an_unusual_place(self) -> None:
        place = self.world.directory / "cgroup two"
        place.mkdir(exist_ok=True)
        command = self.arranged(f"unmount cgroup2\nmount -t cgroup2 none '{place}'")
        self.check_counts(command, cgroup="auto")
        self.assertEqual(diagnose(self.world, "--cgroup=auto", command=command).cgroup, str(place))

    def test_a_cgroup_namespace_hides_who_connects_from_outside(self) -> None:
        place = self.world.directory / "own"
        place.mkdir()
        command = ["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"',
                   str(self.world.cgroup.path), "unshare", "--cgroup",
                   *self.arranged(f"unmount cgroup2\nmount -t cgroup2 none '{place}'")]
        row = diagnose(self.world, "--cgroup=auto", command=command).row("host", "local_users")
        self.assertFalse(row.can_run, row)
        self.assertIn(f"only processes below {place} are refused", row.detail)
        self.assertIn("--cgroupns=host", row.remedy)
        log = self.exporter(command=command, cgroup="auto").log_text()
        self.assertRegex(log, r"level=warn .*key=web.local_users reason=\"only processes below")
        self.assertRegex(log, r"msg=serving .* local_users=all\b")

    def test_doctor_without_any_cgroup2(self) -> None:
        diagnosis = diagnose(self.world, "--cgroup=auto",
                             command=self.arranged("unmount cgroup2"))
        self.assertEqual((diagnosis.status, diagnosis.can_run), (1, False))
        row = diagnosis.row("host", "cgroup2")
        self.assertFalse(row.can_run)
        self.assertIn("mount", row.remedy)
        self.assertFalse(diagnosis.row("layer", "cgroup").can_run)


class Hidden(SetupTest):
    """What cannot be read is unknown, not guessed."""

    def test_the_kernels_configuration(self) -> None:
        release = platform.release()
        command = self.hidden(Path("/proc/config.gz"), Path(f"/boot/config-{release}"),
                              Path(f"/lib/modules/{release}"))
        self.check_counts(command)
        diagnosis = self.check_doctor_runs(command)
        row = diagnosis.row("host", "configuration")
        self.assertRegex(row.detail, "(?i)cannot be read|unknown")
        for way in diagnosis.of_kind("way").values():
            self.assertNotRegex(way.detail, r"built without|CONFIG_\w+=n|is not set")

    def test_the_kernels_types(self) -> None:
        diagnosis = self.diagnose(self.hidden(Path("/sys/kernel/btf")))
        self.assertEqual((diagnosis.status, diagnosis.can_run), (1, False))
        row = diagnosis.row("host", "btf")
        self.assertFalse(row.can_run)
        self.assertIn("CONFIG_DEBUG_INFO_BTF", row.detail + row.remedy)
        self.assertFalse(diagnosis.row("layer", "cgroup").can_run)


class Limited(SetupTest):
    """Little memory may be locked."""

    LIMIT = ("prlimit", "--memlock=65536:65536", "--")
    WITHOUT = ("setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource", "--")

    def test_it_is_raised_with_cap_sys_resource(self) -> None:
        if counts_memlock() and not has_capability("sys_resource"):
            self.skipTest("nobody here has CAP_SYS_RESOURCE")
        self.check_counts([*self.LIMIT, str(binary())])

    def test_without_cap_sys_resource(self) -> None:
        command = [*self.LIMIT, *self.WITHOUT, str(binary())]
        if not counts_memlock():
            self.check_counts(command)
            self.check_doctor_runs(command)
            return
        diagnosis = self.diagnose(command)
        self.assertEqual(diagnosis.status, 1)
        row = diagnosis.row("host", "memlock")
        self.assertFalse(row.can_run)
        self.assertRegex(row.detail + row.remedy, "(?i)memlock|CAP_SYS_RESOURCE")
        exporter = Exporter(self.world, command=command)
        self.assertEqual(exporter.process.wait(timeout=30 * TIME_FACTOR), 1)
        self.assertRegex(exporter.log_text(), "(?i)memlock|CAP_SYS_RESOURCE")


class KernelSockets(SetupTest):
    """Sockets that the kernel makes for itself."""

    def test_a_mounted_network_file_system_is_the_kernels(self) -> None:
        for module in ("9p", "9pnet_fd"):
            shell.run("modprobe", "-q", module, check=False)
        if "9p\n" not in Path("/proc/filesystems").read_text(encoding="ascii"):
            self.skipTest("this kernel has no 9p file system")
        exporter = self.exporter(settings=SETTINGS)
        listener, port = self.tcp_peer()
        before = exporter.scrape_fresh()
        place = self.world.directory / "9p"
        place.mkdir(exist_ok=True)
        mounting = self.world.as_user(None, [
            "unshare", "--mount", "mount", "-t", "9p", "-o", f"trans=tcp,port={port}",
            self.link.peer4, str(place)])
        wait_for(lambda: mounting.poll() is not None or select.select([listener], [], [], 0)[0],
                 "a connection of the mount", timeout=30)
        if mounting.poll() is not None:
            self.skipTest(f"9p over TCP cannot be had: {mounting.communicate()[1]!r}")
        connection = self.accepted(listener)
        asked = connection.recv(100)
        self.assertEqual(asked[4], _VERSION_REQUEST)
        after = exporter.scrape_fresh()
        connection.close()
        self.assertNotEqual(mounting.wait(timeout=60 * TIME_FACTOR), 0)
        metric = "pdtt_user_transmit_bytes_total"
        self.assertGreater(after.gained(before, metric, uid=str(_KERNEL_UID), user="kernel"),
                           len(asked))
        self.assertEqual(after.gained(before, metric, uid="0"), 0)
        payload = payload_gained(before, after)
        if after.value("pdtt_layer_up", layer="socket"):
            self.assertEqual(payload, {(_KERNEL_UID, "tcp", "transmit"): len(asked)})


if __name__ == "__main__":
    main()
