#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whose bytes they are when a daemon lets users in: sshd first of all, and lossy links.

sshd runs on the users' side, its clients on the peers' side, whose interface counts what the wire
carried.
"""

import pwd
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdtt_harness.attribution_case import DIRECTIONS, MTU, SETTINGS, AttributionTest
from pdtt_harness.case import main
from pdtt_harness.connection_case import of_user
from pdtt_harness.exporter import Watcher
from pdtt_harness.scrape import Labels, Scrape
from pdtt_harness.sockets import drain, peer_connect
from pdtt_harness.sshd import Sshd
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, wait_for

SIZE = 25_000_000


class SshTest(AttributionTest):
    """Tests that log in."""

    PROGRAMS = (*AttributionTest.PROGRAMS, "ssh", "scp", "ssh-keygen", "/usr/sbin/sshd")

    def payload(self, size: int) -> Path:
        """A file that everybody can read."""
        path = self.world.directory / f"payload-{size}"
        with path.open("wb") as file:
            file.truncate(size)
        return path


class Ssh(SshTest):
    """scp through a real sshd."""

    def sshd(self) -> Sshd:
        """An sshd that notes the process that moves a session's data: it starts the command."""
        return self.stack.enter_context(Sshd(
            self.world, settings="ForceCommand echo $PPID >pid; exec $SSH_ORIGINAL_COMMAND"))

    def scp(self, sshd: Sshd, source: Any, target: Any) -> None:
        """Copies a file, to its end."""
        finish(self.world.as_peer(["scp", "-q", *sshd.options(), str(source), str(target)]))

    def test_an_uploaded_file_is_the_users(self) -> None:
        self.check_copy("receive")

    def test_a_downloaded_file_is_the_users(self) -> None:
        self.check_copy("transmit")

    def check_copy(self, direction: str) -> None:
        """One copy: nearly all of it is alice's, and all of it is accounted for."""
        alice, exporter, sshd = self.world.alice, self.exporter(settings=SETTINGS), self.sshd()
        before, frames = self.fresh(exporter), self.frames()
        with Watcher(exporter):
            self.copy(sshd, direction)
        after = self.fresh(exporter)
        wire = self.wire_bytes(frames)
        self.assertGreater(wire[direction], SIZE)
        owners = self.owners(before, after)
        self.assertLessEqual(set(owners), {0, pwd.getpwnam("sshd").pw_uid, alice.uid})
        self.assertGreaterEqual(owners.get(alice.uid, 0), 0.995 * sum(wire.values()), owners)
        self.check_wire(before, after, wire)
        self.check_connection(after, sshd, wire)

    def copy(self, sshd: Sshd, direction: str) -> None:
        """alice uploads or downloads the payload."""
        payload, alice = self.payload(SIZE), self.world.alice
        if direction == "receive":
            self.scp(sshd, payload, sshd.path(alice, "upload"))
            self.assertEqual((alice.home / "upload").stat().st_size, SIZE)
        else:
            self.scp(sshd, sshd.path(alice, payload), "/dev/null")

    def check_connection(self, after: Scrape, sshd: Sshd, wire: dict[str, int]) -> None:
        """The one connection is alice's, with the process that moved its data."""
        labels = self.connection(after, sshd)
        expected = of_user(self.world.alice) | {
            "direction": "inbound", "command": "sshd",
            "pid": (self.world.alice.home / "pid").read_text(encoding="ascii").strip()}
        self.assertEqual({key: labels[key] for key in expected}, expected)
        for direction in DIRECTIONS:
            size = after.sum(f"pdtt_connection_{direction}_bytes_total",
                             local_port=str(sshd.port))
            self.assertAlmostEqual(size, wire[direction], delta=4 * MTU, msg=direction)

    def connection(self, scrape: Scrape, sshd: Sshd) -> Labels:
        """The labels of sshd's only connection."""
        found = list(scrape.series("pdtt_connection_info", local_port=str(sshd.port)))
        self.assertEqual(len(found), 1, found)
        return found[0][0]

    def test_without_handover_it_is_roots(self) -> None:
        exporter = self.exporter(settings=SETTINGS + "attribution: {handover: false}\n")
        sshd = self.sshd()
        before, frames = self.fresh(exporter), self.frames()
        self.copy(sshd, "receive")
        after = self.fresh(exporter)
        wire = self.wire_bytes(frames)
        self.assertGreater(wire["receive"], SIZE)
        self.assertEqual(set(self.owners(before, after)), {0})
        self.check_wire(before, after, wire)
        self.assertEqual(after.gained(before, "pdtt_connection_handovers_total"), 0)

    def test_a_copy_older_than_the_exporter_is_the_users_from_then_on(self) -> None:
        for direction in DIRECTIONS:
            with self.subTest(direction=direction):
                self.check_older_copy(direction)

    def check_older_copy(self, direction: str) -> None:
        """The exporter starts in the middle of a paced copy, which is cut off in the end."""
        alice, sshd, frames = self.world.alice, self.sshd(), self.frames()
        endless = self.payload(10_000_000_000)
        ends = ([str(endless), sshd.path(alice, "endless")] if direction == "receive"
                else [sshd.path(alice, endless), "/dev/null"])
        client = self.world.as_peer(["scp", "-q", "-l", "40000", *sshd.options(), *ends])
        self.stack.callback(client.kill)

        def moved(size: int) -> None:
            wait_for(lambda: self.wire_bytes(frames)[direction] > size, f"{size} bytes on the wire",
                     timeout=60)

        moved(2_000_000)
        before_start = self.frames()
        exporter = self.exporter(settings=SETTINGS)
        started = self.frames()
        # What waited to be read at the start is root's; then sshd's process reads.
        wait_for(lambda: list(exporter.scrape().series(
            "pdtt_connection_info", local_port=str(sshd.port), user=alice.name)),
                 "the connection is the user's", timeout=60)
        before, since = exporter.scrape_fresh(), self.frames()
        moved(self.wire_bytes(frames)[direction] + 5_000_000)
        running = self.connection(exporter.scrape_fresh(), sshd)
        client.kill()
        client.wait()
        after = self.fresh(exporter)

        pid = (alice.home / "pid").read_text(encoding="ascii").strip()
        self.assertEqual((running["user"], running["pid"], running["command"]),
                         (alice.name, pid, "sshd"))
        owners = self.owners(before, after)
        self.assertEqual(set(owners), {alice.uid})
        self.assertGreaterEqual(owners[alice.uid], sum(self.wire_bytes(since).values()) - 8 * MTU)
        for which in DIRECTIONS:
            users = after.sum(f"pdtt_user_{which}_bytes_total")
            self.assertGreaterEqual(users, self.wire_bytes(started)[which] - 4 * MTU)
            self.assertLessEqual(users, self.wire_bytes(before_start)[which] + 4 * MTU)
        exporter.stop()
        (alice.home / "endless").unlink(missing_ok=True)


@dataclass
class Session:
    """An ssh session that is open and waits for its data."""

    user: TestUser
    client: subprocess.Popen[Any]
    pid: str  # of the process that moves the session's data
    remote_port: str


class Sessions(SshTest):
    """Many users at once."""

    USERS = 10
    SESSIONS = 100

    def test_a_hundred_sessions_of_ten_users_each_have_their_own_bytes(self) -> None:
        users = [self.world.create_user(f"user{number}") for number in range(self.USERS)]
        exporter = self.exporter(settings=SETTINGS)
        sshd = self.stack.enter_context(Sshd(self.world))
        before, frames = self.fresh(exporter), self.frames()
        sessions: list[Session] = []
        while len(sessions) < self.SESSIONS:
            sessions += self.open_sessions(sshd, users)
        opened = exporter.scrape_fresh()
        for user in users:
            self.assertEqual(opened.sum("pdtt_user_connections", **of_user(user)),
                             self.SESSIONS / self.USERS)
        with ThreadPoolExecutor(self.SESSIONS) as pool:
            list(pool.map(self.feed, sessions))
        after = self.fresh(exporter)
        wire = self.wire_bytes(frames)
        self.check_wire(before, after, wire, tolerance=1e-3)
        for user in users:
            self.check_user(before, after, user)
        for session in sessions:
            self.check_session(after, sshd, session)
        # Root accepts, sshd's own user negotiates, the user goes on.
        handovers = after.gained(before, "pdtt_connection_handovers_total")
        self.assertGreaterEqual(handovers, self.SESSIONS)
        self.assertLessEqual(handovers, 2 * self.SESSIONS)

    def open_sessions(self, sshd: Sshd, users: list[TestUser]) -> list[Session]:
        """One session for each user; they start together and say when they are open."""
        command = "echo $PPID $SSH_CONNECTION; exec cat >/dev/null"
        clients = [(user, self.world.as_peer(
            ["ssh", *sshd.options(), sshd.target(user), command], stdin=subprocess.PIPE))
            for user in users]
        opened = []
        for user, client in clients:
            output: Any = client.stdout
            words = output.readline().decode().split()
            self.assertEqual(len(words), 5, f"{words} {client.poll()}")
            opened.append(Session(user, client, words[0], words[2]))
        return opened

    def amount(self, user: TestUser) -> int:
        """Payload of one session, different for each user so that a mix-up shows."""
        return 300_000 + 30_000 * (user.uid % self.USERS)

    def feed(self, session: Session) -> None:
        """Sends a session's payload and ends it."""
        _, errors = session.client.communicate(bytes(self.amount(session.user)), timeout=120)
        if session.client.returncode:
            raise AssertionError(f"ssh: exit {session.client.returncode}: {errors!r}")

    def check_user(self, before: Scrape, after: Scrape, user: TestUser) -> None:
        """The user received the payload, and no more than headers and ssh add to it."""
        sessions = self.SESSIONS // self.USERS
        payload = sessions * self.amount(user)
        size = after.gained(before, "pdtt_user_receive_bytes_total", **of_user(user))
        self.assertGreaterEqual(size, payload, user.name)
        self.assertLessEqual(size, payload * 1.06 + sessions * 5_000, user.name)

    def check_session(self, after: Scrape, sshd: Sshd, session: Session) -> None:
        """The session's connection is the user's, and so is its process."""
        wanted = {"local_port": str(sshd.port), "remote_port": session.remote_port}
        self.assertEqual(after.value("pdtt_connection_info", **wanted, **of_user(session.user),
                                     pid=session.pid, command="sshd", direction="inbound"), 1)
        self.assertGreaterEqual(after.value("pdtt_connection_receive_bytes_total", **wanted),
                                self.amount(session.user))


class Handover(SshTest):
    """Excluded users, and sockets that are no traffic."""

    def test_a_connection_handed_to_an_excluded_user_is_nobody_elses(self) -> None:
        alice = self.world.alice
        exporter = self.exporter(settings=SETTINGS + f"users: {{exclude: [{alice.name}]}}\n")
        shell = self.shell(None)
        before, frames = self.fresh(exporter), self.frames()
        port = shell.do("listen", self.link.host4)
        resent = self.world.host.resent_segments()
        reader = drain(self.stack.enter_context(peer_connect(self.world, self.link.host4, port)))
        shell.do("accept")
        shell.do("become", alice.uid, alice.gid)
        shell.do("send", 5_000_000)
        shell.end()
        reader.join()
        after = self.fresh(exporter)
        self.assertGreater(after.gained(before, "pdtt_excluded_transmit_bytes_total"),
                           5_000_000)
        owners = self.owners(before, after)
        self.assertLessEqual(set(owners), {0})
        self.assertLess(owners.get(0, 0), 2_000, "more than the handshake is root's")
        self.assertNotIn(alice.name, after.text)
        wire = self.wire_bytes(frames)["transmit"]
        everybody = (after.gained(before, "pdtt_user_transmit_bytes_total") +
                     after.gained(before, "pdtt_excluded_transmit_bytes_total"))
        # What a slow receiver's interface dropped was counted before, and is sent again.
        again = MTU * (self.world.host.resent_segments() - resent)
        self.assertAlmostEqual(everybody, wire, delta=wire * 1e-4 + 4 * MTU + again)

    def test_a_connection_of_an_excluded_daemon_becomes_the_users(self) -> None:
        alice = self.world.alice
        exporter = self.exporter(settings=SETTINGS + "users: {exclude: [sshd]}\n")
        sshd = self.stack.enter_context(Sshd(self.world))
        before, frames = self.fresh(exporter), self.frames()
        finish(self.world.as_peer(["scp", "-q", *sshd.options(), str(self.payload(SIZE)),
                                   sshd.path(alice, "upload")]))
        after = self.fresh(exporter)
        wire = sum(self.wire_bytes(frames).values())
        owners = self.owners(before, after)
        excluded = sum(after.gained(before, f"pdtt_excluded_{direction}_bytes_total")
                       for direction in DIRECTIONS)
        self.assertLessEqual(set(owners), {0, alice.uid})
        self.assertGreaterEqual(owners.get(alice.uid, 0), 0.995 * wire)
        self.assertGreater(excluded, 0, "sshd's own user negotiates the session")
        self.assertLess(excluded, 0.005 * wire)
        self.assertAlmostEqual(sum(owners.values()) + excluded, wire, delta=wire * 1e-4 + 4 * MTU)

    def test_unix_sockets_are_no_traffic(self) -> None:
        exporter = self.exporter(settings=SETTINGS)
        alice, shell = self.world.alice, self.shell(self.world.alice)
        shell.do("udp", self.link.host4, 0)  # its descriptor is passed along
        before = self.fresh(exporter)
        moved = shell.do("unix_traffic", str(alice.home / "socket"), 500)
        self.assertEqual(moved, 4 * 500 * 4096)
        after = self.fresh(exporter)
        for direction in DIRECTIONS:
            for layer in ("host", "user", "user_socket"):
                metric = f"pdtt_{layer}_{direction}_bytes_total"
                self.assertEqual(after.gained(before, metric), 0, metric)


class Lossy(AttributionTest):
    """TCP's health: lost segments are put down to the one who lost them."""

    LINKS = 2

    def test_segments_sent_again_are_put_down_to_their_user(self) -> None:
        world, (lossy, clean) = self.world, self.world.links
        exporter = self.exporter(settings=SETTINGS)
        before = self.fresh(exporter)
        self.link = clean
        bob, clean_port = self.connected(world.bob)
        self.link = lossy
        alice, lossy_port = self.connected(world.alice)
        alice.do("send", 2_000_000)
        with self.losing():
            alice.begin("send", 5_000_000)
            bob.do("send", 5_000_000)
            wait_for(lambda: self.sent_again(lossy_port) > 0, "segments sent again", timeout=30)
        alice.answer()
        wait_for(lambda: not self.unacknowledged(lossy_port), "everything came through", timeout=60)
        after = self.fresh(exporter)
        metric = "pdtt_user_tcp_retransmitted_segments_total"
        for user, port in ((world.alice, lossy_port), (world.bob, clean_port)):
            again = after.gained(before, metric, **of_user(user), network="private")
            self.assertEqual(again, self.sent_again(port), user.name)
        self.assertEqual(after.gained(before, metric),
                         self.sent_again(lossy_port) + self.sent_again(clean_port))

    def connected(self, user: TestUser) -> tuple[Any, int]:
        """A shell with a connection over the current link to a peer that reads."""
        listener, port = self.tcp_peer()
        shell = self.shell(user)
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        return shell, port

    def sockets(self, port: int) -> str:
        """What ss says of the connection to the port."""
        return self.world.host.run("ss", "-ntiHO", f"dport = :{port}")

    def sent_again(self, port: int) -> int:
        """Segments that the connection to the port has sent again, by the stack's count."""
        return sum(map(int, re.findall(r"\bretrans:\d+/(\d+)", self.sockets(port))))

    def unacknowledged(self, port: int) -> bool:
        """Whether bytes of the connection to the port are still unacknowledged."""
        return any(line.split()[2] != "0" for line in self.sockets(port).splitlines())


if __name__ == "__main__":
    main()
