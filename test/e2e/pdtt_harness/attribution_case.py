# SPDX-License-Identifier: Apache-2.0
"""What the tests of attribution share: who paid between two scrapes, and what the wire carried."""

from typing import ClassVar

from .connection_case import ConnectionTest
from .netns import Frames
from .scrape import Scrape, Value

MTU = 1500
SETTINGS = "connections: {export: 500, linger: 60s}\n"
DIRECTIONS = ("receive", "transmit")


class AttributionTest(ConnectionTest):
    """Owners and wire totals between two scrapes."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("ss",)

    def frames(self) -> Frames:
        """What the peer's interface has counted."""
        return self.world.peer.frames(self.link.device)

    def owners(self, before: Scrape, after: Scrape) -> dict[int, Value]:
        """The users whose counters moved, with the bytes of both directions."""
        found: dict[int, Value] = {}
        for direction in DIRECTIONS:
            metric = f"pdtt_user_{direction}_bytes_total"
            for uid in {labels["uid"] for labels, _ in after.series(metric)}:
                size = after.gained(before, metric, uid=uid)
                if size:
                    found[int(uid)] = found.get(int(uid), 0) + size
        return found

    def wire_bytes(self, frames: Frames) -> dict[str, int]:
        """IP bytes on the wire since then, by the direction that they have for the users' side."""
        counted = self.frames() - frames
        return {"transmit": self.link.ip_bytes(counted.rx_bytes, counted.rx_packets),
                "receive": self.link.ip_bytes(counted.tx_bytes, counted.tx_packets)}

    def check_wire(self, before: Scrape, after: Scrape, wire: dict[str, int],
                   tolerance: float = 1e-4) -> None:
        """All users together have what the wire carried; a few packets may be nobody's."""
        for direction, size in wire.items():
            users = after.gained(before, f"pdtt_user_{direction}_bytes_total")
            self.assertAlmostEqual(users, size, delta=size * tolerance + 4 * MTU,
                                   msg=direction)
