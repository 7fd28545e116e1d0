#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way of an alert: a user's traffic, exporter, Prometheus, Alertmanager, a webhook."""

import threading
from collections.abc import Callable

from pdtt_harness.alerting import Alertmanager, Webhook, hurried_prometheus
from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter
from pdtt_harness.sockets import SocketShell, drain, peer_socket
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for

_HEAVY = 3_000_000  # bytes/s; the copy of the rules alerts at 1 MB/s
_LIGHT = 200_000


class Alerts(KernelTest):
    """The shipped rules and routes, with seconds for minutes and 1 MB/s for 250."""

    PROGRAMS = ("prometheus", "prometheus-alertmanager")

    def setUp(self) -> None:
        self.webhook = Webhook(self)
        self.served: Exporter = self.exporter()
        self.prometheus = hurried_prometheus(self, self.served.port,
                                             Alertmanager(self, self.webhook))

    def send_steadily(self, user: TestUser, rate: int) -> threading.Event:
        """Has a user send to the peer at a rate until the event is set."""
        peer = self.world.links[0].peer4
        shell = self.shell(user)
        with peer_socket(self.world, peer, 0, "tcp") as listener:
            shell.do("connect", peer, listener.getsockname()[1])
            drain(listener.accept()[0])

        def send() -> None:
            shell.do("send", rate // 5)

        return self.repeat(send)

    def send_on_the_host(self, user: TestUser, rate: int) -> threading.Event:
        """The same, to another process of the user."""
        taker, giver = self.shell(user), self.shell(user)
        giver.do("connect", "127.0.0.1", taker.do("listen", "127.0.0.1"))
        taker.do("accept")

        def send() -> None:
            taker.begin("receive", rate // 5)
            giver.do("send", rate // 5)
            taker.answer()

        return self.repeat(send)

    def shell(self, user: TestUser) -> SocketShell:
        """A process of the user that the end of the test ends."""
        shell = SocketShell(self.world, user)
        self.addCleanup(shell.end)
        return shell

    def repeat(self, send: Callable[[], None]) -> threading.Event:
        """Does it five times a second until the event is set."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(0.2):
                send()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ended.set)
        return ended

    def test_a_heavy_user_is_reported_by_name_and_the_end_of_it_too(self) -> None:
        alice, bob = self.world.alice, self.world.bob
        heavy = self.send_steadily(alice, _HEAVY)
        self.send_steadily(bob, _LIGHT)
        self.send_on_the_host(bob, _HEAVY)

        firing = self.webhook.wait_for("PdttUserHeavyTransfer", "firing", timeout=40)
        self.assertEqual(firing.receiver, "user-support")
        self.assertEqual((firing.labels["user"], firing.labels["uid"]),
                         (alice.name, str(alice.uid)))
        self.assertRegex(firing.annotations["description"],
                         rf"^{alice.name} \(uid {alice.uid}\) moves [\d.]+MB/s over all hosts of "
                         r"pdtt\.$")
        self.check_rates(alice, bob)

        heavy.set()
        resolved = self.webhook.wait_for("PdttUserHeavyTransfer", "resolved", timeout=40)
        self.assertEqual(resolved.labels, firing.labels)
        self.check_rules()
        self.assertEqual({notice.labels["user"] for notice in self.webhook.notices}, {alice.name})
        self.assertEqual({notice.labels["alertname"] for notice in self.webhook.notices},
                         {"PdttUserHeavyTransfer"})

    def test_an_exporter_that_ends_is_reported_to_the_operators(self) -> None:
        wait_for(lambda: self.prometheus.instant("up == 1"), "a scrape", timeout=20)
        self.served.stop()
        firing = self.webhook.wait_for("PdttExporterDown", "firing", timeout=40)
        self.assertEqual(firing.receiver, "operators")
        self.assertEqual((firing.labels["instance"], firing.labels["severity"]),
                         ("login1", "critical"))
        self.assertEqual({notice.labels["alertname"] for notice in self.webhook.notices},
                         {"PdttExporterDown"})

    def check_rates(self, alice: TestUser, bob: TestUser) -> None:
        """What is recorded is what was sent: bob's traffic on the host is by network only."""
        def value(series: str, user: TestUser, *matchers: str) -> float:
            selector = ", ".join((f'user="{user.name}"', *matchers))
            answer = self.prometheus.instant(f"{series}{{{selector}}}")
            return float(answer[0]["value"][1]) if answer else 0.0

        on_host = ("user_network:pdtt_user_transmit_bytes:rate5m", bob, 'network="loopback"')
        wait_for(lambda: value(*on_host) > 1e6, "bob's traffic on the host", timeout=20)
        self.assertLess(value("user:pdtt_user_bytes:rate5m", bob), 1e6)
        self.assertGreater(value("user:pdtt_user_bytes:rate5m", alice), 1e6)
        self.assertGreater(value("user:pdtt_user_bytes:ratio_rate5m", alice), 0.7)

    def check_rules(self) -> None:
        """Each rule can be evaluated with what a real exporter serves."""
        rules = self.prometheus.rules()
        self.assertGreater(len(rules), 40)
        self.assertEqual([(rule["name"], rule["health"], rule.get("lastError")) for rule in rules
                          if rule["health"] != "ok"], [])


if __name__ == "__main__":
    main()
