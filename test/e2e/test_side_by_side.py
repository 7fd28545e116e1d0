#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two exporters on two parts of a host: each sees its own users, and nothing of the other's."""

import tempfile
from pathlib import Path

from pdtt_harness.attribution_case import AttributionTest
from pdtt_harness.bpffs import PinningTest
from pdtt_harness.case import main
from pdtt_harness.exporter import Exporter
from pdtt_harness.scrape import Scrape
from pdtt_harness.sockets import SocketShell, drain
from pdtt_harness.users import TestUser

SIZE = 400_000


class SideBySide(PinningTest, AttributionTest):
    """One half of the host belongs to alice, the other to bob."""

    def half(self, user: TestUser) -> tuple[Exporter, SocketShell, Path]:
        """An exporter for a cgroup of its own, and a process of the user in that cgroup."""
        cgroup = Path(tempfile.mkdtemp(prefix="half-", dir=self.world.cgroup.path))
        self.addCleanup(cgroup.rmdir)
        self.addCleanup(self.stack.close)  # a cgroup with processes cannot be removed
        exporter = self.start(user, cgroup)
        shell = self.shell(user)
        (cgroup / "cgroup.procs").write_text(str(shell.pid), encoding="ascii")
        listener, port = self.tcp_peer()
        shell.do("connect", self.link.peer4, port)
        drain(self.accepted(listener))
        return exporter, shell, cgroup

    def start(self, user: TestUser, cgroup: Path) -> Exporter:
        """An exporter with a pin path of its own."""
        pins = f"persist: true\npin_path: {self.bpffs.path}/{user.uid}\n"
        return self.exporter(settings=pins, cgroup=str(cgroup))

    def check_all_is(self, scrape: Scrape, user: TestUser, size: int) -> None:
        """The user has moved that much, and nobody else anything."""
        for name in ("pdtt_user_transmit_bytes_total", "pdtt_user_connections",
                     "pdtt_user_socket_transmit_bytes_total"):
            self.assertEqual({labels["user"] for labels, _ in scrape.series(name)},
                             {user.name}, name)
        total = sum(scrape.value(f"pdtt_host_{direction}_bytes_total")
                    for direction in ("receive", "transmit"))
        self.assertEqual(total, size)
        self.assertEqual(self.owners(Scrape(""), scrape), {user.uid: size})

    def test_nobody_sees_the_others_users(self) -> None:
        alice, bob = self.world.alice, self.world.bob
        frames = self.frames()
        first, hers, _ = self.half(alice)
        hers.do("send", SIZE)
        self.fresh(first)
        her_size = sum(self.wire_bytes(frames).values())
        frames = self.frames()
        second, his, his_half = self.half(bob)
        his.do("send", 2 * SIZE)
        his_size = sum(self.wire_bytes(frames).values())
        self.check_all_is(self.fresh(second), bob, his_size)
        self.check_all_is(self.fresh(first), alice, her_size)

        # The end of one is not the end of the other.
        second.stop()
        frames = self.frames()
        hers.do("send", SIZE)
        his.do("send", SIZE)
        after = self.fresh(first)
        self.assertGreater(sum(self.wire_bytes(frames).values()), 2 * SIZE)
        self.assertEqual(set(self.owners(Scrape(""), after)), {alice.uid})
        self.assertGreater(after.value("pdtt_host_transmit_bytes_total"), 2 * SIZE)

        # And what the other's programs have counted meanwhile is not lost.
        both = sum(self.wire_bytes(frames).values())
        again = self.fresh(self.start(bob, his_half))
        hers_now = sum(after.value(f"pdtt_host_{direction}_bytes_total")
                       for direction in ("receive", "transmit"))
        self.check_all_is(again, bob, his_size + both - (int(hers_now) - her_size))


if __name__ == "__main__":
    main()
