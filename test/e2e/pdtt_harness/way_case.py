# SPDX-License-Identifier: Apache-2.0
"""What the tests of the socket layer share: an exporter with one way in, and counted payload."""

import json
import unittest
from typing import Any, ClassVar

from .connection_case import ConnectionTest
from .doctor import Diagnosis, diagnose
from .exporter import Exporter
from .scrape import Scrape, Value
from .sockets import move_payload
from .users import TestUser
from .world import finish

# Payload by uid, protocol and direction; what is 0 is left out.
Payload = dict[tuple[int, str, str], Value]

SETTINGS = "connections: {export: 100, linger: 60s}\n"


def payload_gained(before: Scrape, after: Scrape) -> Payload:
    """What the socket layer has counted between two scrapes."""
    gained: Payload = {}
    for direction in ("receive", "transmit"):
        metric = f"pdtt_user_socket_{direction}_bytes_total"
        for labels, _ in after.series(metric):
            size = after.gained(before, metric, **labels)
            key = int(labels["uid"]), labels["protocol"], direction
            if size:
                gained[key] = gained.get(key, 0) + size
    return gained


def socket_layer(scrape: Scrape) -> tuple[Value, str, str]:
    """Whether the socket layer is up, its mode, and the reason if it is not."""
    labels = [labels for labels, _ in scrape.series("pdtt_layer_info", layer="socket")]
    if len(labels) != 1:
        raise AssertionError(f"pdtt_layer_info of the socket layer: {labels}")
    return (scrape.value("pdtt_layer_up", layer="socket"), labels[0]["mode"], labels[0]["reason"])


class WayTest(ConnectionTest):
    """Tests with one exporter whose socket layer has one way in; skipped where that cannot be."""

    WAY: ClassVar[str]
    HANDS_OVER: ClassVar[bool] = True  # it knows a socket's owner, and makes the caller the owner
    SEES_FIRST_CALL: ClassVar[bool] = True  # on a TCP socket that is older than the exporter
    diagnosis: ClassVar[Diagnosis]
    running: ClassVar[Exporter]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.diagnosis = diagnose(cls.world, f"--cgroup={cls.world.cgroup.path}")
        row = cls.diagnosis.row("way", cls.WAY)
        if not row.can_run:
            raise unittest.SkipTest(f"{cls.WAY}: {row.detail}")
        cls.running = Exporter(cls.world, settings=f"layers: {{socket: {cls.WAY}}}\n{SETTINGS}")
        cls.addClassCleanup(cls.running.stop)
        cls.running.start()

    def moved(self, case: str, kinds: dict[TestUser, tuple[str, ...]]) -> tuple[
            Payload, Scrape, Scrape]:
        """Runs a case of payload.py for several users at once, each with some kinds of sockets.

        Returns what the programs say, and the scrapes before and after.
        """
        before = self.running.scrape_fresh()
        programs = {user: move_payload(self.world, user, case, *some)
                    for user, some in kinds.items()}
        said: Payload = {}
        for user, program in programs.items():
            answer: Any = json.loads(finish(program, timeout=60))
            for protocol, sums in answer.items():
                for direction, size in sums.items():
                    if size:
                        said[user.uid, protocol, direction] = size
        return said, before, self.running.scrape_fresh()
