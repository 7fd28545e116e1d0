#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With --persist nothing is lost: neither by a crash, nor by a restart, nor by an upgrade."""

import json
import random
import struct
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from pdtt_harness import netns, shell
from pdtt_harness.bpffs import PinningTest
from pdtt_harness.case import main
from pdtt_harness.exporter import Exporter, binary, environment
from pdtt_harness.kernel import bpf_objects
from pdtt_harness.monotonic import Monotonic
from pdtt_harness.netns import Frames
from pdtt_harness.programs import Curl, Nginx
from pdtt_harness.scrape import Scrape
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import SocketShell, drain, peer_socket
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for

SIZE = 1_000_000_000
KILLS = 20
PACKETS = 4  # what may be missing or too much
MTU = 1500
_PORT = 8080
_HALFWAY_KILLS = 8
_RATE = "100M"  # so that a transfer outlives the crashes


class PersistenceTest(PinningTest):
    """What the classes share: a server on the peers' side, and the wire to compare with."""

    PROGRAMS = ("nginx", "curl")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        Nginx(cls.world, _PORT, SIZE)

    def setUp(self) -> None:
        self.records = self.world.directory / f"{self.id()}.json"
        # What the exporter has left is gone before the next test.
        self.addCleanup(self.detach)

    def flags(self) -> tuple[str, ...]:
        """Of an exporter that takes over what the last one left."""
        return *self.persist_flags(), f"--records.file={self.records}"

    def persistent(self, settings: str = "") -> Exporter:
        """Starts such an exporter."""
        return self.exporter(*self.flags(), settings=settings)

    def detach(self) -> "subprocess.CompletedProcess[str]":
        """Runs the command `detach`."""
        return subprocess.run([str(binary()), "detach", f"--pin-path={self.bpffs.pin_path}"],
                              capture_output=True, text=True, check=False, env=environment(),
                              timeout=30 * TIME_FACTOR)

    def frames(self) -> Frames:
        """What the peer's interface has seen."""
        netns.wait_until_quiet(self.world.peer)
        return self.world.peer.frames(self.world.links[0].device)

    def curl(self, user: TestUser, rate: str = "0") -> Curl:
        """Begins to fetch the big file."""
        return Curl(self.world, user, self.world.links[0].peer4, _PORT, rate)

    def wait_for_traffic(self, exporter: Exporter, user: TestUser) -> None:
        """Until some of a transfer is counted."""
        wait_for(lambda: exporter.scrape().sum("pdtt_user_receive_bytes_total",
                                               user=user.name) > SIZE / 100,
                 "traffic", timeout=20)

    def record(self, user: TestUser) -> Mapping[str, Any]:
        """The only record of the user's; it may take a moment."""
        def found() -> list[Mapping[str, Any]]:
            lines = self.records.read_text(encoding="utf-8").splitlines()
            return [record for record in map(json.loads, lines) if record["user"] == user.name]

        wait_for(lambda: self.records.exists() and found(), "a record", timeout=10)
        (only,) = found()
        return only

    def check_wire(self, after: Scrape, user: TestUser, counted: Frames) -> None:
        """The user's totals, and the connection's record, are what was on the wire."""
        link = self.world.links[0]
        record = self.record(user)
        for direction, size, packets in (
                ("transmit", link.ip_bytes(counted.rx_bytes, counted.rx_packets),
                 counted.rx_packets),
                ("receive", link.ip_bytes(counted.tx_bytes, counted.tx_packets),
                 counted.tx_packets)):
            total = after.sum(f"pdtt_user_{direction}_bytes_total", user=user.name)
            self.assertAlmostEqual(total, size, delta=PACKETS * MTU, msg=direction)
            self.assertAlmostEqual(
                after.sum(f"pdtt_user_{direction}_packets_total", user=user.name), packets,
                delta=PACKETS, msg=direction)
            self.assertAlmostEqual(record[f"{direction}_bytes"], size, delta=PACKETS * MTU,
                                   msg=f"{direction}, record")
            self.assertAlmostEqual(record[f"{direction}_packets"], packets, delta=PACKETS,
                                   msg=f"{direction}, record")

    def check_connections(self, after: Scrape, user: TestUser, number: int = 1) -> None:
        """As many were opened as closed."""
        for event in ("opened", "closed"):
            self.assertEqual(after.sum(f"pdtt_user_connections_{event}_total", user=user.name),
                             number, event)


class Crash(PersistenceTest):
    """kill -9 while data moves."""

    def test_a_transfer_ends_while_nobody_reads(self) -> None:
        first = self.persistent()
        before = self.frames()
        curl = self.curl(self.world.alice)
        self.wait_for_traffic(first, self.world.alice)
        first.kill()
        moved = curl.finish()
        counted = self.frames() - before
        after = self.persistent().scrape_fresh()
        self.check_wire(after, self.world.alice, counted)
        self.check_connections(after, self.world.alice)
        self.assertEqual(after.sum("pdtt_user_socket_receive_bytes_total",
                                   user=self.world.alice.name), moved.received)

    def test_many_crashes_at_random_moments(self) -> None:
        seed = random.randrange(2**32)
        moments = random.Random(seed)
        exporter = self.persistent()
        before = self.frames()
        curl = self.curl(self.world.bob, _RATE)
        kills = 0
        with self.subTest(seed=seed):
            while kills < KILLS:
                time.sleep(moments.uniform(0, 0.3))  # also while it starts
                exporter.kill()
                kills += 1
                exporter = Exporter(self.world, self.flags())
            exporter.kill()
            self.assertTrue(curl.is_running(), "the transfer was over before the last crash")
            curl.finish()
            counted = self.frames() - before
            after = self.persistent().scrape_fresh()
            self.check_wire(after, self.world.bob, counted)
            self.check_connections(after, self.world.bob)


class Restart(PersistenceTest):
    """Orderly ends, and what stands in the way of a start."""

    def test_counters_go_on_and_never_back(self) -> None:
        counters, sent = Monotonic(), 0
        with peer_socket(self.world, self.world.links[0].peer4, 0, "tcp") as server:
            for _ in range(3):
                exporter = self.persistent()
                with SocketShell(self.world, self.world.alice) as alice:
                    alice.do("connect", *server.getsockname())
                    drain(server.accept()[0])
                    alice.do("send", 100_000)
                sent += 100_000
                after = counters.check(exporter.scrape_fresh())
                self.assertGreater(after.sum("pdtt_user_transmit_bytes_total",
                                             user=self.world.alice.name), sent)
                exporter.stop()

    def test_a_second_exporter_is_refused_with_the_pid_of_the_first(self) -> None:
        first = self.persistent()
        second = Exporter(self.world, self.persist_flags())
        self.assertEqual(second.process.wait(timeout=30 * TIME_FACTOR), 1)
        self.assertIn(f"is in use by process {first.process.pid};", second.log_text())
        refused = self.detach()
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"process {first.process.pid}", refused.stderr)
        self.assertEqual(first.request("/metrics").status, 200)

    def test_detach_leaves_nothing(self) -> None:
        before = bpf_objects()
        self.persistent().stop()
        self.assertTrue([thing for thing in bpf_objects() - before if not thing.held])
        done = self.detach()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"removed {self.bpffs.pin_path}/links/cgroup_skb_egress\n", done.stdout)
        wait_for(lambda: not [thing for thing in bpf_objects() - before if not thing.held],
                 "everything gone", timeout=10)
        self.assertFalse(self.bpffs.pin_path.exists())
        self.assertIn("nothing is pinned", self.detach().stdout)

    def test_without_persist_what_was_left_is_named(self) -> None:
        self.persistent().stop()
        other = self.exporter(f"--pin-path={self.bpffs.pin_path}")
        self.assertIn("pdtt-exporter detach removes them", other.log_text())

    def test_a_pin_path_elsewhere_is_an_error_with_the_remedy(self) -> None:
        elsewhere = Exporter(self.world, ("--persist", f"--pin-path={self.world.directory}/no"))
        self.assertEqual(elsewhere.process.wait(timeout=30 * TIME_FACTOR), 1)
        self.assertIn("is not on a bpffs; mount one", elsewhere.log_text())


class Upgrade(PersistenceTest):
    """Tables of another size or layout take the place of the old ones, under load."""

    def upgrade(self, user: TestUser, settings: str, number: str = "") -> tuple[Scrape, Frames]:
        """One transfer over the change; `number` names what state_map is made to differ in.

        Returns the last scrape, and what was on the wire.
        """
        counters = Monotonic()
        before = self.frames()
        exporter = self.persistent()
        curl = self.curl(user, _RATE)
        self.wait_for_traffic(exporter, user)
        counters.check(exporter.scrape_fresh())
        exporter.stop()
        if number:
            self.set_layout(number, 1_000)
        exporter = self.persistent(settings)
        counters.check(exporter.scrape_fresh())
        self.assertTrue(curl.is_running(), "the transfer was over before the change")
        curl.finish()
        counted = self.frames() - before
        after = counters.check(exporter.scrape_fresh())
        self.assertEqual(sorted(path.name.split("-")[0] for path in
                                self.bpffs.pin_path.iterdir()), ["links", "socket", "tables"])
        return after, counted

    def set_layout(self, number: str, value: int) -> None:
        """Makes the tables those of an exporter that counts its layouts differently."""
        pin = str(self.bpffs.pin_path / "tables/state_map")
        (entry,) = shell.run_json("bpftool", "-j", "map", "dump", "pinned", pin)
        state = bytearray(int(byte, 16) for byte in entry["value"])
        struct.pack_into("<I", state, ("table_layout", "socket_layout").index(number) * 4, value)
        shell.run("bpftool", "map", "update", "pinned", pin, "key", "hex", "00", "00", "00", "00",
                  "value", "hex", *(f"{byte:02x}" for byte in state))

    def test_fewer_accounts(self) -> None:
        after, counted = self.upgrade(self.world.alice, "limits: {accounts: 64}\n")
        self.check_wire(after, self.world.alice, counted)
        self.check_connections(after, self.world.alice)
        self.assertEqual(after.value("pdtt_map_capacity", map="account_map"), 64)

    def test_another_layout_of_tables(self) -> None:
        after, counted = self.upgrade(self.world.bob, "", "table_layout")
        self.check_wire(after, self.world.bob, counted)
        self.check_connections(after, self.world.bob)

    def test_another_layout_of_sockets(self) -> None:
        """The connection begins anew for its record; its user's totals do not notice."""
        user = self.world.create_user("carol")
        after, counted = self.upgrade(user, "", "socket_layout")
        link = self.world.links[0]
        self.assertAlmostEqual(
            after.sum("pdtt_user_receive_bytes_total", user=user.name),
            link.ip_bytes(counted.tx_bytes, counted.tx_packets), delta=PACKETS * MTU)
        self.check_connections(after, user)

    def test_upgrades_that_are_killed_halfway(self) -> None:
        """The next start goes on where the killed one was; the sockets' layout changes, too."""
        user = self.world.create_user("dave")
        before = self.frames()
        exporter = self.persistent()
        curl = self.curl(user, _RATE)
        self.wait_for_traffic(exporter, user)
        exporter.stop()
        halfway = self.bpffs.pin_path / "next/state_map"
        resumed = 0
        for kill in range(_HALFWAY_KILLS):
            if halfway.exists():
                resumed += 1
            else:
                self.set_layout("socket_layout" if kill % 2 else "table_layout", 1_000 + kill)
            exporter = Exporter(self.world, self.flags())
            deadline = time.monotonic() + 10 * TIME_FACTOR
            while not halfway.exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(0.02 * kill)
            exporter.kill()
        self.assertTrue(curl.is_running(), "the transfer was over before the last kill")
        exporter = self.persistent()
        curl.finish()
        counted = self.frames() - before
        self.assertGreater(resumed, 0)
        link = self.world.links[0]
        after = exporter.scrape_fresh()
        self.assertAlmostEqual(
            after.sum("pdtt_user_receive_bytes_total", user=user.name),
            link.ip_bytes(counted.tx_bytes, counted.tx_packets), delta=PACKETS * MTU)
        self.check_connections(after, user)

    def test_all_of_an_upgrade_but_the_last_step(self) -> None:
        user = self.world.create_user("erin")
        before = self.frames()
        exporter = self.persistent()
        Curl(self.world, user, self.world.links[0].peer4, _PORT, "0").finish()
        counted = self.frames() - before
        exporter.stop()
        (self.bpffs.pin_path / "tables").rename(self.bpffs.pin_path / "next")
        after = self.persistent().scrape_fresh()
        self.check_wire(after, user, counted)
        self.check_connections(after, user)


if __name__ == "__main__":
    main()
