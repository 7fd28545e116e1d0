#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The socket layer's ways in: each counts exactly what system calls return, and says what it is.

The same traffic runs through every way that this kernel has, with the same figures expected.
"""

import gzip
import platform
import re
from pathlib import Path
from typing import ClassVar

from pdtt_harness import shell
from pdtt_harness.case import KernelTest, main
from pdtt_harness.doctor import WAYS, Diagnosis, diagnose
from pdtt_harness.kernel import tracing_has_socket_storage, version
from pdtt_harness.scrape import Scrape
from pdtt_harness.sockets import SocketShell, drain, peer_connect, peer_socket
from pdtt_harness.way_case import SETTINGS, Payload, WayTest, payload_gained, socket_layer

ADDRESSES = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
TCP, UDP, UNCONNECTED = (tuple(f"{protocol}/{address}" for address in ADDRESSES)
                         for protocol in ("tcp", "udp", "unconnected"))
MESSAGE = 1400  # of payload.py's waiting senders
PROGRAMS = {"tracepoint": r"sock_(send|recv)_length", "fentry": r"\w+_exit",
            "kprobe": r"k(ret)?probe_\w+"}


class Shared:
    """What runs once for each way; in here, the test runner does not see it."""

    class Way(WayTest):
        """Payload of every kind of call, and who has it where users share a socket."""

        def check(self, case: str, *kinds: str, moves: bool = True) -> None:
            """Two users do the same over sockets of these kinds, one of them over fewer."""
            users = {self.world.alice: kinds, self.world.bob: kinds[:1]}
            said, before, after = self.moved(case, users)
            self.assertEqual(bool(said), moves, "the programs did not do what they are for")
            self.assertEqual(payload_gained(before, after), said)
            self.check_nothing_lost(before, after)

        def check_nothing_lost(self, before: Scrape, after: Scrape) -> None:
            """No map was full."""
            self.assertEqual(after.gained(before, "pdtt_map_insert_failures_total"), 0)

        def test_streams(self) -> None:
            self.check("stream", *TCP)

        def test_datagrams(self) -> None:
            self.check("datagrams", *UDP, *UNCONNECTED)

        def test_sendfile(self) -> None:
            self.check("sendfile", *TCP)

        def test_sendfile_of_datagrams(self) -> None:
            # Linux 5.10 sends them over IPv4 by a function of its own, which is not probed.
            probed = self.WAY != "kprobe" or version() >= (6, 1)
            self.check("sendfile", *(UDP if probed else UDP[1:2]))

        def test_sendfile_to_a_slow_reader_in_part(self) -> None:
            self.check("slow_sendfile", *TCP[:2])

        def test_several_buffers_in_one_call(self) -> None:
            self.check("vectors", *TCP, *UDP)

        def test_calls_for_files(self) -> None:
            self.check("files", *TCP, *UDP)

        def test_several_messages_in_one_call(self) -> None:
            self.check("many_messages", *UDP)

        def test_what_is_looked_at_is_counted_when_it_is_received(self) -> None:
            self.check("peek", *TCP, *UDP, *UNCONNECTED)

        def test_one_call_for_many_segments(self) -> None:
            self.check("wait_all", *TCP)

        def test_truncated_messages_count_as_the_call_says(self) -> None:
            self.check("truncated", *TCP, *UDP)

        def test_calls_that_fail_count_nothing(self) -> None:
            self.check("failing", *TCP, moves=False)
            self.check("failing", *UDP)  # one of the calls succeeds

        def test_a_connection_after_one_that_was_refused(self) -> None:
            if self.WAY == "kprobe":
                # Elsewhere than in connect() itself, which is where loopback answers otherwise.
                self.shape_loopback("netem", "delay", "2ms")
            self.check("refused", *TCP)

        def test_a_call_that_sends_a_part(self) -> None:
            self.check("partial", *TCP[:2])

        def test_other_sockets_count_nothing(self) -> None:
            self.check("local", *TCP[:1], moves=False)

        def test_what_nobody_receives_was_sent(self) -> None:
            self.check("unread", *TCP, *UDP)

        def test_many_calls_that_wait_to_receive(self) -> None:
            self.check("waiting_receivers", *UDP[:2], *TCP[:2])

        def test_many_calls_that_wait_to_send(self) -> None:
            # 1 Mbit/s, so that senders wait.
            self.shape_loopback("tbf", "rate", "1mbit", "burst", "10kb", "limit", "1mb")
            alice = self.world.alice
            said, before, after = self.moved("waiting_senders", {alice: UDP[:1]})
            lost = after.gained(before, "pdtt_map_insert_failures_total")
            if self.WAY != "kprobe":
                self.assertEqual(lost, 0)
            # The kernel has few slots for probed calls under way: what it loses is known.
            counted = payload_gained(before, after)
            sent = alice.uid, "udp", "transmit"
            counted[sent] = counted.get(sent, 0) + lost * MESSAGE
            self.assertEqual(counted, said, f"{lost} calls lost")

        def shape_loopback(self, *discipline: str) -> None:
            """Until the end of the test."""
            qdisc = ("tc", "qdisc", "replace", "dev", "lo", "root")
            try:
                self.world.host.run(*qdisc, *discipline)
            except shell.CommandError as error:
                self.skipTest(f"tc: {error}")
            self.addCleanup(self.world.host.run, *qdisc, "pfifo")

        def test_what_a_connection_moved_before_the_exporter_is_not_counted(self) -> None:
            alice, process = self.world.alice, self.shell(self.world.alice)
            listener = self.stack.enter_context(
                peer_socket(self.world, self.link.peer4, 0, "tcp"))
            process.do("connect", self.link.peer4, listener.getsockname()[1])
            peer = self.stack.enter_context(listener.accept()[0])
            drain(peer)

            def move(sent: int, received: int) -> None:
                process.do("send", sent)
                peer.sendall(bytes(received))
                process.do("receive", received)

            move(200_000, 50_000)
            exporter = self.exporter(settings=f"layers: {{socket: {self.WAY}}}\n")
            move(10_000, 3_000)
            expected = {(alice.uid, "tcp", "receive"): 3_000}
            if self.SEES_FIRST_CALL:
                expected[(alice.uid, "tcp", "transmit")] = 10_000
            self.assertEqual(payload_gained(Scrape(""), exporter.scrape_fresh()), expected)

        def test_the_exporter_says_which_way_it_is(self) -> None:
            scrape = self.running.scrape()
            self.assertEqual(socket_layer(scrape), (1, self.WAY, ""))
            programs = set(self.diagnosis.of_kind("program"))
            attached = {labels["program"] for labels, value in
                        scrape.series("pdtt_program_attached") if value}
            for way, pattern in PROGRAMS.items():
                of_way = {name for name in programs if re.fullmatch(pattern, name)}
                self.assertTrue(of_way, f"no program of {way} among {programs}")
                if way != self.WAY:
                    self.assertFalse(of_way & attached, way)
                else:
                    self.assertTrue(of_way & attached, way)

        def test_tcp_of_root_used_by_a_user(self) -> None:
            alice, process = self.world.alice, self.shell(None)
            before = self.running.scrape_fresh()
            port = process.do("listen", self.link.host4)
            peer = self.stack.enter_context(peer_connect(self.world, self.link.host4, port))
            process.do("accept")
            process.do("become", alice.uid, alice.gid)
            drain(peer)
            process.do("send", 500_000)
            peer.sendall(bytes(100_000))
            process.do("receive", 100_000)
            self.check_payload(before, {(alice.uid, "tcp", "transmit"): 500_000,
                                        (alice.uid, "tcp", "receive"): 100_000})
            process.end()

        def test_udp_of_root_used_by_a_user(self) -> None:
            alice, process = self.world.alice, self.shell(None)
            before = self.running.scrape_fresh()
            port = process.do("udp", self.link.host4, 0)
            peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
            process.do("become", alice.uid, alice.gid)
            process.do("sendto", self.link.peer4, peer.getsockname()[1], 1000, 20)
            for _ in range(20):
                peer.recv(2000)
            peer.sendto(bytes(700), (self.link.host4, port))
            process.do("receive_datagrams", 1)
            after = self.check_payload(before, {(alice.uid, "udp", "transmit"): 20_000,
                                                (alice.uid, "udp", "receive"): 700})
            self.check_owner(before, after, alice.name if self.HANDS_OVER else "root")
            process.end()

        def test_a_users_socket_used_by_root(self) -> None:
            alice, root = self.shell(self.world.alice), self.shell(None)
            before = self.running.scrape_fresh()
            peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
            alice.do("connect_udp", self.link.peer4, peer.getsockname()[1])
            alice.do("send", 300)
            self.pass_on(alice, root)
            root.do("send", 5_000)
            uid = self.world.alice.uid
            # Ownership only rises; a way that knows no owner has nothing but the caller.
            expected: Payload = ({(uid, "udp", "transmit"): 5_300} if self.HANDS_OVER else
                                 {(uid, "udp", "transmit"): 300, (0, "udp", "transmit"): 5_000})
            self.check_owner(before, self.check_payload(before, expected), self.world.alice.name)

        def pass_on(self, giver: SocketShell, taker: SocketShell) -> None:
            """The latest socket of one process becomes one of the other process."""
            door = Path(self.world.directory) / "door"
            door.unlink(missing_ok=True)
            taker.do("open_door", str(door))
            giver.begin("give", str(door))
            taker.do("take")
            giver.answer()

        def check_payload(self, before: Scrape, expected: Payload) -> Scrape:
            """Compares the payload since then."""
            after = self.running.scrape_fresh()
            self.assertEqual(payload_gained(before, after), expected)
            return after

        def check_owner(self, before: Scrape, after: Scrape, owner: str) -> None:
            """The UDP packets since then are mostly the owner's."""
            metric = "pdtt_user_transmit_bytes_total"
            gained = {labels["user"]: after.gained(before, metric, **labels)
                      for labels, _ in after.series(metric, protocol="udp", network="private")}
            self.assertEqual(max(gained, key=lambda user: gained[user]), owner, gained)
            self.assertGreaterEqual(gained[owner], 0.9 * sum(gained.values()), gained)


class Tracepoint(Shared.Way):
    """sock_send_length and sock_recv_length."""

    WAY = "tracepoint"


class Fentry(Shared.Way):
    """fexit of inet_sendmsg and its relatives."""

    WAY, HANDS_OVER = "fentry", tracing_has_socket_storage()


class Kprobe(Shared.Way):
    """Probes in TCP and UDP."""

    WAY, HANDS_OVER = "kprobe", False
    SEES_FIRST_CALL = False


class Choice(KernelTest):
    """What the configuration asks for, and what this kernel has."""

    diagnosis: ClassVar[Diagnosis]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.diagnosis = diagnose(cls.world, f"--cgroup={cls.world.cgroup.path}")

    def test_a_way_that_the_kernel_lacks_is_reported_and_the_rest_counts(self) -> None:
        lacking = [way for way in WAYS if not self.diagnosis.row("way", way).can_run]
        if not lacking:
            self.skipTest("this kernel has every way")
        for way in lacking:
            with self.subTest(way=way):
                exporter = self.exporter(settings=f"layers: {{socket: {way}}}\n{SETTINGS}")
                scrape = exporter.scrape()
                up, _, reason = socket_layer(scrape)
                self.assertEqual(up, 0)
                detail = self.diagnosis.row("way", way).detail
                self.assertTrue(detail)
                self.assertIn(detail, reason)
                self.assertEqual(scrape.value("pdtt_layer_up", layer="cgroup"), 1)
                self.assertIn("layer=socket", exporter.log_text())
                exporter.stop()

    def test_by_itself_it_takes_the_first_that_the_kernel_has(self) -> None:
        exporter = self.exporter(settings="layers: {socket: auto}\n")
        best = self.diagnosis.best_way()
        up, mode, reason = socket_layer(exporter.scrape())
        self.assertEqual((up, mode), (1, best) if best else (0, "off"))
        self.assertEqual(bool(reason), best is None)
        layer = self.diagnosis.row("layer", "socket")
        self.assertEqual(layer.can_run, best is not None)
        if best:
            self.assertTrue(layer.detail.startswith(best), layer)

    def test_switched_off(self) -> None:
        scrape = self.exporter(settings="layers: {socket: off}\n").scrape()
        up, mode, reason = socket_layer(scrape)
        self.assertEqual((up, mode), (0, "off"))
        self.assertIn("configuration", reason)
        for name in PROGRAMS.values():
            for labels, value in scrape.series("pdtt_program_attached"):
                self.assertFalse(value and re.fullmatch(name, labels["program"]), labels)

    def test_a_kernel_without_kprobes_is_named_as_such(self) -> None:
        options = kernel_configuration()
        if options is None:
            self.skipTest("the configuration of this kernel cannot be read")
        if "CONFIG_KPROBES=y" in options:
            self.skipTest("this kernel has kprobes")
        row = self.diagnosis.row("way", "kprobe")
        self.assertFalse(row.can_run)
        self.assertIn("CONFIG_KPROBES", row.detail)

    def test_lockdown_is_named_where_it_is_on(self) -> None:
        if "[none]" in lockdown():
            self.skipTest("this kernel is not locked down")
        row = self.diagnosis.row("way", "fentry")
        self.assertIn("lockdown", self.diagnosis.of_kind("host"))
        if not row.can_run:
            self.assertRegex(row.detail, "(?i)lock(ed )?down")


def kernel_configuration() -> list[str] | None:
    """The lines of the running kernel's configuration, None if there is none to be read."""
    for path in (Path("/proc/config.gz"), Path(f"/boot/config-{platform.release()}")):
        if path.exists():
            data = path.read_bytes()
            return (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()
    return None


def lockdown() -> str:
    """The kernel's own word: the modes with brackets around the one that is on."""
    mounted = "mount -t securityfs none /sys/kernel/security && cat /sys/kernel/security/lockdown"
    return shell.run("unshare", "--mount", "sh", "-c", mounted, check=False) or "[none]"


if __name__ == "__main__":
    main()
