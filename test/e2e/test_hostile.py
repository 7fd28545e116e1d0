#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary user, alice, tries to make others pay for her bytes, or nobody.

Nothing alice can do moves a counter of bob, of root or of a system user that did not take part.
"""

import shutil
import socket
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from pdtt_harness.attribution_case import DIRECTIONS, SETTINGS, AttributionTest
from pdtt_harness.case import main
from pdtt_harness.connection_case import of_user
from pdtt_harness.exporter import Watcher
from pdtt_harness.netns import Frames
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import run
from pdtt_harness.sockets import PYTHON, SocketShell, drain, peer_connect, peer_socket
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, wait_for

SIZE = 400_000


class HostileTest(AttributionTest):
    """Who paid, to the byte."""

    def check_payer(self, before: Scrape, after: Scrape, user: TestUser | None,
                    frames: Frames) -> None:
        """One user, None for root, paid for all that the wire carried since then."""
        wire = sum(self.wire_bytes(frames).values())
        self.assertGreater(wire, 0)
        self.assertEqual(self.owners(before, after), {user.uid if user else 0: wire})

    def check_untouched(self, before: Scrape, after: Scrape, *users: TestUser) -> None:
        """No counter of theirs has moved, and none has appeared."""
        for user in users:
            for name, kind in before.types.items():
                if kind == "counter":
                    self.assertEqual(list(after.series(name, uid=str(user.uid))),
                                     list(before.series(name, uid=str(user.uid))), name)

    def connected(self, shell: SocketShell) -> Any:
        """Connects the shell to the peer, which reads what it gets."""
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        connection = self.accepted(listener)
        drain(connection)
        return connection

    def receive(self, shell: SocketShell, connection: socket.socket) -> None:
        """The peer sends, the shell receives."""
        shell.begin("receive", SIZE)
        connection.sendall(bytes(SIZE))
        shell.answer()


class Passing(HostileTest):
    """Sockets that get into the hands of another user stay with the one who made them."""

    def pass_socket(self, giver: SocketShell, taker: SocketShell, number: int) -> None:
        """SCM_RIGHTS: both have the socket then."""
        path = str(self.world.bob.home / f"door-{number}")
        taker.do("open_door", path)
        taker.begin("take")
        giver.do("give", path)
        taker.answer()

    def test_a_socket_passed_to_another_process(self) -> None:
        exporter, bob = self.exporter(settings=SETTINGS), self.world.bob
        for number, taker in enumerate((bob, None)):
            with self.subTest(taker=taker):
                hers, theirs = self.shell(self.world.alice), self.shell(taker)
                before, frames = self.fresh(exporter), self.frames()
                connection = self.connected(hers)
                self.pass_socket(hers, theirs, number)
                theirs.do("send", SIZE)
                self.receive(theirs, connection)
                hers.do("close")
                theirs.do("send", SIZE)  # now the taker alone has it
                after = self.fresh(exporter)
                self.check_payer(before, after, self.world.alice, frames)
                self.check_untouched(before, after, bob)
                self.assertEqual(
                    after.gained(before, "pdtt_connection_handovers_total"), 0)
                hers.end()
                theirs.end()

    def test_a_datagram_socket_passed_to_another_process(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        hers, bobs = self.shell(self.world.alice), self.shell(self.world.bob)
        peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
        before, frames = self.fresh(exporter), self.frames()
        hers.do("udp", self.link.host4, 0)
        self.pass_socket(hers, bobs, 2)
        bobs.do("sendto", self.link.peer4, peer.getsockname()[1], 500, 100)
        after = self.fresh(exporter)
        self.check_payer(before, after, self.world.alice, frames)
        self.check_untouched(before, after, self.world.bob)


class SetUid(HostileTest):
    """Programs that run as their owner, or with more rights, when alice starts them."""

    programs: ClassVar[dict[int, str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.programs = {uid: str(cls.set_uid_python(uid)) for uid in (0, cls.world.bob.uid)}

    @classmethod
    def set_uid_python(cls, uid: int) -> Path:
        """An interpreter that runs as the user."""
        path = cls.world.directory / f"python-{uid}"
        shutil.copy(PYTHON, path)
        shutil.chown(path, uid)
        path.chmod(0o4755)
        return path

    def execute(self, shell: SocketShell, owner: TestUser | None) -> None:
        """alice's shell goes on as the owner's program."""
        alice, uid = self.world.alice.uid, owner.uid if owner else 0
        found = shell.do("execute", self.programs[uid])
        if found == [alice, alice, alice]:
            self.skipTest("set-uid programs do not work in the directory for temporary files")
        self.assertEqual(found, [alice, uid, uid])

    def test_sockets_of_a_set_uid_program_are_its_callers(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        for owner in (None, self.world.bob):
            with self.subTest(owner=owner):
                shell = self.shell(self.world.alice)
                self.execute(shell, owner)
                before, frames = self.fresh(exporter), self.frames()
                self.connected(shell)
                shell.do("send", SIZE)
                shell.do("close")
                after = self.fresh(exporter)
                self.check_payer(before, after, self.world.alice, frames)
                self.check_untouched(before, after, self.world.bob)
                shell.end()

    def test_a_program_with_a_capability_is_its_callers(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        before, frames = self.fresh(exporter), self.frames()
        finish(self.world.as_user(self.world.alice, ["ping", "-n", "-c", "3", "-i", "0.2",
                                                     self.link.peer4]))
        after = self.fresh(exporter)
        self.check_payer(before, after, self.world.alice, frames)

    def test_a_socket_inherited_by_a_program_that_becomes_its_owner(self) -> None:
        exporter, alice = self.exporter(settings=SETTINGS), self.world.alice
        for owner in (None, self.world.bob):
            with self.subTest(owner=owner):
                shell = self.shell(alice)
                before, frames = self.fresh(exporter), self.frames()
                self.connected(shell)
                self.execute(shell, owner)
                shell.do("set_ids", *[owner.uid if owner else 0] * 3)
                shell.do("send", SIZE)
                shell.do("close")
                after = self.fresh(exporter)
                self.check_payer(before, after, alice, frames)
                self.check_untouched(before, after, self.world.bob)
                self.assertEqual(after.sum("pdtt_user_connections", **of_user(alice)), 0)
                shell.end()

    def test_only_a_program_that_becomes_its_owner_makes_sockets_of_its_owner(self) -> None:
        """The owner wrote the program and made it set-uid: that is consent."""
        exporter, bob = self.exporter(settings=SETTINGS), self.world.bob
        shell = self.shell(self.world.alice)
        self.execute(shell, bob)
        shell.do("set_ids", bob.uid, bob.uid, bob.uid)
        before, frames = self.fresh(exporter), self.frames()
        self.connected(shell)
        shell.do("send", SIZE)
        after = self.fresh(exporter)
        self.check_payer(before, after, bob, frames)
        self.check_untouched(before, after, self.world.alice)


class Namespaces(HostileTest):
    """Namespaces of alice's own, in which she is root."""

    PROGRAMS = (*HostileTest.PROGRAMS, "unshare", "newuidmap")

    def inside(self, *options: str, become: int = 0) -> SocketShell:
        """A shell of alice in a user namespace; `become` is its uid in there.

        In a network namespace of her own, the host's and the peer's address are both hers.
        """
        python = ["unshare", "--user", "--map-root-user", *options]
        if "--net" in options:
            python += ["sh", "-c", 'ip link set lo up && ip addr add "$0" dev lo && '
                       'ip addr add "$1" dev lo && shift && exec "$@"',
                       f"{self.link.host4}/32", f"{self.link.peer4}/32"]
        if become:
            python += ["setpriv", f"--reuid={become}"]
        shell = SocketShell(self.world, self.world.alice, (*python, PYTHON))
        return self.stack.enter_context(shell)

    def check_alice_or_nobody(self, before: Scrape, after: Scrape, least: int) -> None:
        """What stays inside is hers, unless it belongs to nobody; others have none of it."""
        hers = self.owners(before, after)
        self.assertLessEqual(set(hers), {self.world.alice.uid})
        host = sum(after.gained(before, f"pdtt_host_{direction}_bytes_total")
                   for direction in DIRECTIONS)
        self.assertGreaterEqual(host, least)

    def test_root_of_a_user_namespace_is_the_user_outside(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        for options, become in (((), 0), (("--map-auto",), self.world.bob.uid)):
            with self.subTest(become=become):
                shell = self.inside(*options, become=become)
                before, frames = self.fresh(exporter), self.frames()
                self.connected(shell)
                shell.do("send", SIZE)
                after = self.fresh(exporter)
                self.check_payer(before, after, self.world.alice, frames)
                self.check_untouched(before, after, self.world.bob)
                shell.end()

    def test_the_same_addresses_elsewhere_are_another_connection(self) -> None:
        exporter, bob = self.exporter(settings=SETTINGS), self.world.bob
        listener, port = self.tcp_peer()
        bobs = self.shell(bob)
        bobs_port = bobs.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        for become in (0, bob.uid):
            with self.subTest(become=become):
                hers = self.inside("--net", "--map-auto", become=become)
                before = self.fresh(exporter)
                hers.do("listen", self.link.peer4, port)
                hers.do("connect", self.link.peer4, port, self.link.host4, bobs_port)
                hers.do("send", 30_000)  # as much as nobody needs to read
                after = self.fresh(exporter)
                self.check_alice_or_nobody(before, after, 30_000)
                self.check_untouched(before, after, bob)
                hers.end()
                before, frames = self.fresh(exporter), self.frames()
                bobs.do("send", SIZE)
                self.check_payer(before, self.fresh(exporter), bob, frames)

    def test_the_same_addresses_elsewhere_do_not_mislead_xdp(self) -> None:
        exporter = self.exporter(f"--interface={self.link.device}", settings=SETTINGS, inside=True)
        listener, port = self.tcp_peer()
        bobs, bobs_port = self.shell(self.world.bob), self.world.host.free_port()

        def pose() -> SocketShell:
            shell = self.inside("--net")
            shell.do("listen", self.link.peer4, port)
            shell.do("connect", self.link.peer4, port, self.link.host4, bobs_port)
            shell.do("send", 1000)
            return shell

        before = self.fresh(exporter)
        first = pose()  # before bob connects
        bobs.do("connect", self.link.peer4, port, self.link.host4, bobs_port)
        connection = self.accepted(listener)
        self.receive(bobs, connection)
        first.end()
        self.receive(bobs, connection)
        pose()
        self.receive(bobs, connection)
        after = self.fresh(exporter)
        metric = "pdtt_user_xdp_receive_bytes_total"
        self.assertEqual(after.gained(before, metric, **of_user(self.world.alice)), 0)
        self.assertGreater(after.gained(before, metric, **of_user(self.world.bob)), 3 * SIZE)

    def test_a_tap_device_does_not_hide_another_device(self) -> None:
        """Behind a tap, another socket counts; not so if the packets leave in another way."""
        if not Path("/dev/net/tun").exists():
            self.skipTest("needs /dev/net/tun")
        exporter, alice, peer = self.exporter(settings=SETTINGS), self.world.alice, self.world.peer
        hers = self.stack.enter_context(SocketShell(
            self.world, alice, ("unshare", "--user", "--map-root-user", "--net", PYTHON)))

        def ip(*words: str) -> None:
            run("nsenter", f"--net=/proc/{hers.pid}/ns/net", "ip", *words)

        run("ip", "link", "add", "way-out", "netns", str(hers.pid), "type", "veth",
            "peer", "name", "way-out", "netns", peer.name)
        peer.ip("addr", "add", "10.78.1.2/24", "dev", "way-out")
        peer.ip("link", "set", "way-out", "up")
        ip("addr", "add", "10.78.1.1/24", "dev", "way-out")
        ip("tuntap", "add", "tap0", "mode", "tap")
        ip("link", "set", "tap0", "up")
        port = hers.do("udp", "0.0.0.0", 0)
        ip("link", "set", "way-out", "up")
        receiver = self.stack.enter_context(peer_socket(self.world, "10.78.1.2", 0, "udp"))
        for direction in DIRECTIONS:  # receiving first: her socket has not sent by then
            with self.subTest(direction=direction):
                before = self.fresh(exporter)
                if direction == "receive":
                    for _ in range(50):
                        receiver.sendto(bytes(500), ("10.78.1.1", port))
                    hers.do("receive_datagrams", 50)
                else:
                    hers.do("sendto", "10.78.1.2", receiver.getsockname()[1], 500, 50)
                self.assertEqual(self.owners(before, self.fresh(exporter)), {alice.uid: 50 * 528})

    def test_forged_packets_are_not_the_victims(self) -> None:
        exporter, bob = self.exporter(settings=SETTINGS), self.world.bob
        bobs = self.shell(bob)
        peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
        port = peer.getsockname()[1]
        bobs_port = bobs.do("udp", self.link.host4, 0)
        bobs.do("sendto", self.link.peer4, port, 100, 3)
        hers = self.inside("--net")
        before = self.fresh(exporter)
        size = hers.do("forge", self.link.host4, bobs_port, self.link.peer4, port, 100)
        hers.do("forge", self.link.peer4, port, self.link.host4, bobs_port, 100)
        after = self.fresh(exporter)
        self.check_alice_or_nobody(before, after, 200 * size)
        self.check_untouched(before, after, bob)

    def test_a_false_uid_on_a_socket_older_than_the_exporter(self) -> None:
        """Whose it is must not be asked in the socket's own user namespace."""
        alice, bob = self.world.alice, self.world.bob
        for cgroup in ("auto", str(self.world.cgroup.path)):
            with self.subTest(cgroup=cgroup):
                hers = self.inside("--net", "--map-auto", become=bob.uid)
                port = hers.do("udp", self.link.host4, 0)
                exporter = self.exporter(settings=SETTINGS, cgroup=cgroup)
                before = self.fresh(exporter)
                hers.do("sendto", self.link.host4, port, 500, 20)  # to itself
                hers.do("receive_datagrams", 20)
                after = self.fresh(exporter)
                self.check_untouched(before, after, bob)
                if cgroup == "auto":
                    self.assertEqual(self.owners(before, after)[alice.uid], 2 * 20 * 528)
                else:
                    self.check_alice_or_nobody(before, after, 2 * 20 * 528)
                exporter.stop()
                hers.end()


class Ports(HostileTest):
    """alice takes a port as soon as bob has left it."""

    def test_a_tcp_port_that_was_bobs(self) -> None:
        exporter, reuse = self.exporter(settings=SETTINGS), [socket.SO_REUSEADDR]
        bobs, hers = self.shell(self.world.bob), self.shell(self.world.alice)
        port = bobs.do("listen", self.link.host4, 0, reuse)
        with peer_connect(self.world, self.link.host4, port) as connection:
            bobs.do("accept")
            self.receive(bobs, connection)
            bobs.do("close")
        bobs.do("close_listener")
        before, frames = self.fresh(exporter), self.frames()
        hers.do("listen", self.link.host4, port, reuse)
        with peer_connect(self.world, self.link.host4, port) as connection:
            hers.do("accept")
            self.receive(hers, connection)
            after = self.fresh(exporter)
            self.check_payer(before, after, self.world.alice, frames)
        self.check_untouched(before, after, self.world.bob)

    def test_a_udp_port_that_was_bobs(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        bobs, hers = self.shell(self.world.bob), self.shell(self.world.alice)
        peer = self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
        port = bobs.do("udp", self.link.host4, 0)
        for options in ([], [socket.SO_REUSEADDR], [socket.SO_REUSEPORT]):
            with self.subTest(options=options):
                self.exchange(bobs, peer, port)
                bobs.do("close")
                before, frames = self.fresh(exporter), self.frames()
                hers.do("udp", self.link.host4, port, options)
                self.exchange(hers, peer, port)
                hers.do("close")
                after = self.fresh(exporter)
                self.check_payer(before, after, self.world.alice, frames)
                self.check_untouched(before, after, self.world.bob)
                bobs.do("udp", self.link.host4, port, options)

    def test_what_is_sent_to_an_open_port_is_received_by_its_user(self) -> None:
        """Nobody can tell whether it was asked for: sender and receiver pay their own side."""
        exporter = self.exporter(settings=SETTINGS)
        alice, bob = self.world.alice, self.world.bob
        hers = self.shell(alice)
        port = self.shell(bob).do("udp", self.link.host4, 0)
        before = self.fresh(exporter)
        hers.do("udp", self.link.host4, 0)
        hers.do("sendto", self.link.host4, port, 500, 20)
        after = self.fresh(exporter)
        self.assertEqual(self.owners(before, after), {alice.uid: 20 * 528, bob.uid: 20 * 528})
        for user, direction in ((alice, "transmit"), (bob, "receive")):
            self.assertEqual(after.gained(before, f"pdtt_user_{direction}_bytes_total",
                                         **of_user(user)), 20 * 528)

    def exchange(self, shell: SocketShell, peer: Any, port: int) -> None:
        """Datagrams from the peer to the port and back."""
        for _ in range(50):
            peer.sendto(bytes(500), (self.link.host4, port))
        shell.do("receive_datagrams", 50)
        shell.do("sendto", self.link.peer4, peer.getsockname()[1], 500, 50)


class Tables(HostileTest):
    """alice fills up what the exporter has room for."""

    def check_bob(self, exporter: Any) -> None:
        """bob comes afterwards, and his bytes are his."""
        before, frames = self.fresh(exporter), self.frames()
        self.connected(self.shell(self.world.bob))
        after = self.fresh(exporter)
        self.check_payer(before, after, self.world.bob, frames)

    def test_many_connections(self) -> None:
        exporter = self.exporter(settings=SETTINGS + "limits: {connections: 64}\n")
        hers = self.shell(self.world.alice)
        hers.do("udp", self.link.host4, 0)
        peers = [self.stack.enter_context(peer_socket(self.world, self.link.peer4, 0, "udp"))
                 for _ in range(300)]
        before, frames = self.fresh(exporter), self.frames()
        for peer in peers:
            hers.do("sendto", self.link.peer4, peer.getsockname()[1], 100, 1)
        self.check_payer(before, self.fresh(exporter), self.world.alice, frames)
        self.check_bob(exporter)

    def test_many_sub_uids(self) -> None:
        exporter = self.exporter(settings=SETTINGS + "limits: {accounts: 64}\n")
        hers = self.stack.enter_context(SocketShell(
            self.world, self.world.alice,
            ("unshare", "--user", "--map-root-user", "--map-auto", PYTHON)))
        hers.do("open_as", 1, 200)
        self.check_bob(exporter)


class Crowd(HostileTest):
    """More users than there are accounts: alice has one, most of the others come too late.

    They use a link each, so that the wire tells them apart.
    """

    LINKS = 2
    ACCOUNTS = 8
    FIRST, USERS = 1_900_000_000, 50

    def setUp(self) -> None:
        super().setUp()
        self.crowded = self.world.links[1]
        self.began = time.monotonic()
        self.running = self.exporter(
            settings=SETTINGS + f"limits: {{accounts: {self.ACCOUNTS}}}\n")
        self.hers = self.shell(self.world.alice)
        self.connected(self.hers)

    def crowd(self) -> set[int]:
        """All of them send at the same time, and alice does; those who got an account."""
        listener = self.stack.enter_context(
            peer_socket(self.world, self.crowded.peer4, 0, "tcp"))
        listener.listen(self.USERS)
        serve(listener)
        root = self.shell(None)
        with Watcher(self.running) as watcher:
            root.begin("send_as", self.FIRST, self.USERS, self.crowded.peer4,
                       listener.getsockname()[1], SIZE)
            self.hers.do("send", SIZE)
            root.answer()
            scrapes = len(watcher.scrapes)
            wait_for(lambda: len(watcher.scrapes) > scrapes, "one more scrape",
                     timeout=20)
        found = self.fresh(self.running).series("pdtt_user_transmit_bytes_total")
        return {int(labels["uid"]) for labels, value in found if value} - {self.world.alice.uid}

    def send_alone(self, uid: int) -> tuple[Scrape, Scrape, int]:
        """One of them sends; the scrapes around it, and what the wire carried."""
        shell = self.shell(None)
        shell.do("become", uid, uid)
        before, frames = self.fresh(self.running), self.frames()
        self.connected(shell)
        shell.do("send", SIZE)
        after = self.fresh(self.running)
        return before, after, sum(self.wire_bytes(frames).values())

    def test_who_has_an_account_keeps_it_and_no_byte_is_lost(self) -> None:
        before, frames = self.fresh(self.running), self.frames()
        crowded = self.world.peer.frames(self.crowded.device)
        accounted = self.crowd()
        after = self.fresh(self.running)
        self.assertTrue(0 < len(accounted) < self.ACCOUNTS, accounted)
        self.assertEqual(after.value("pdtt_map_entries", map="account_map"), self.ACCOUNTS)
        self.assertEqual(after.value("pdtt_map_capacity", map="account_map"), self.ACCOUNTS)

        wire = self.wire_bytes(frames)
        self.assertEqual(self.owners(before, after)[self.world.alice.uid], sum(wire.values()))
        counted = self.world.peer.frames(self.crowded.device) - crowded
        for direction, theirs in (
                ("transmit", self.crowded.ip_bytes(counted.rx_bytes, counted.rx_packets)),
                ("receive", self.crowded.ip_bytes(counted.tx_bytes, counted.tx_packets))):
            self.assertEqual(after.gained(before, f"pdtt_host_{direction}_bytes_total"),
                             wire[direction] + theirs, direction)
        self.assertGreater(after.gained(before, "pdtt_unattributed_transmit_bytes_total",
                                        reason="table_full"),
                           SIZE * (self.USERS - len(accounted)))

        uid = min(accounted)
        before, after, sent = self.send_alone(uid)
        self.assertEqual(self.owners(before, after), {uid: sent})
        unlucky = max(set(range(self.FIRST, self.FIRST + self.USERS)) - accounted)
        before, after, sent = self.send_alone(unlucky)
        self.assertEqual(self.owners(before, after), {})
        self.assertEqual(sent, sum(
            after.gained(before, f"pdtt_unattributed_{direction}_bytes_total",
                         reason="table_full") for direction in DIRECTIONS))
        self.check_warnings(after)

    def check_warnings(self, scrape: Scrape) -> None:
        """The log says which table is full and what to do, but not for every packet."""
        warning = 'level=warn msg="no room in a table" map=account_map refused='
        remedy = 'remedy="raise limits.accounts and restart"'
        lines = [line for line in self.running.log_text().splitlines() if warning in line]
        self.assertTrue(all(remedy in line for line in lines), lines)
        minutes = int((time.monotonic() - self.began) / 60)
        self.assertIn(len(lines), range(1, 2 + minutes), lines)
        self.assertGreater(scrape.value("pdtt_map_insert_failures_total", map="account_map"),
                           len(lines))


def serve(listener: socket.socket) -> None:
    """Reads whatever comes in, until the listener is closed."""
    def accept() -> None:
        try:
            while True:
                drain(listener.accept()[0])
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()


if __name__ == "__main__":
    main()
