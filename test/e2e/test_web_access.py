#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may connect to the exporter, and what those who may not can do to those who may."""

import json
import socket

from pdtt_harness import kernel
from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter
from pdtt_harness.sockets import peer_socket, user_program
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, wait_for

CONNECTED, REFUSED, UNSUPPORTED = "connected", "EPERM", "unsupported"


class AccessTest(KernelTest):
    """alice may not connect, bob may, as Prometheus does on other hosts."""

    def serving(self, *addresses: str, **options: str) -> Exporter:
        """An exporter on 127.0.0.1 and more addresses, which root and bob may connect to."""
        flags = [f"--web.listen-address={address}" for address in addresses]
        settings = ("web: {allow: [0.0.0.0/0, '::/0'], "
                    f"local_users: [root, {self.world.bob.name}]}}\n")
        return self.exporter(*flags, settings=options.get("settings", settings), inside=True)

    def ways(self, user: TestUser, address: str, port: int) -> dict[str, str]:
        """What came of each way to connect that the user tried."""
        outcomes: dict[str, str] = json.loads(finish(
            user_program(self.world, user, "connect_ways.py", address, str(port))))
        return outcomes

    def connects(self, user: TestUser | None, address: str, port: int) -> str:
        """What came of the plain way."""
        code = ("import socket, errno, sys\n"
                "try:\n"
                "    socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)\n"
                "    print('connected')\n"
                "except OSError as error:\n"
                "    print(errno.errorcode[error.errno])\n")
        return str(finish(self.world.as_user(user, ["/usr/bin/python3", "-c", code, address,
                                                    str(port)], text=True))).strip()


class LocalUsers(AccessTest):
    """web.local_users: the boundary on this host."""

    def test_no_way_leads_around_it(self) -> None:
        port = self.world.host.free_port()
        self.serving(f"[::1]:{port}")
        served = self.serving()
        for address, its_port in (("127.0.0.1", served.port), ("::1", port)):
            allowed = self.ways(self.world.bob, address, its_port)
            refused = self.ways(self.world.alice, address, its_port)
            for way, outcome in allowed.items():
                with self.subTest(address=address, way=way):
                    self.assertIn(outcome, (CONNECTED, UNSUPPORTED))
                    self.assertEqual(refused[way],
                                     REFUSED if outcome == CONNECTED else UNSUPPORTED)
            for way in ("plain", "non-blocking", "fast open", "second try", "unspecified, bound"):
                self.assertEqual(allowed[way], CONNECTED)

    def test_each_kind_of_user(self) -> None:
        served = self.serving()
        for user, outcome in ((None, CONNECTED), (self.world.bob, CONNECTED),
                              (self.world.alice, REFUSED)):
            self.assertEqual(self.connects(user, "127.0.0.1", served.port), outcome)

    def test_every_address_of_the_host_where_it_listens_on_all(self) -> None:
        port, link = self.world.host.free_port(), self.world.links[0]
        self.serving(f"0.0.0.0:{port}", f"[::]:{port}")
        for address in ("127.0.0.1", "127.9.9.9", "::1", link.host4, link.host6, "0.0.0.0", "::",
                        f"::ffff:{link.host4}", "::ffff:127.9.9.9", "::ffff:0.0.0.0"):
            with self.subTest(address=address):
                self.assertEqual(self.connects(self.world.bob, address, port), CONNECTED)
                self.assertEqual(self.connects(self.world.alice, address, port), REFUSED)

    def test_an_address_that_the_host_gets_later(self) -> None:
        port, new = self.world.host.free_port(), ("10.88.0.1", "fd88::1")
        self.serving(f"0.0.0.0:{port}", f"[::]:{port}")
        for address, prefix in zip(new, (32, 128)):
            self.world.host.ip("addr", "add", f"{address}/{prefix}", "dev", "lo", "nodad")
            self.addCleanup(self.world.host.ip, "addr", "del", f"{address}/{prefix}", "dev", "lo")
        def guarded() -> bool:
            return {self.connects(self.world.alice, address, port) for address in new} == {REFUSED}

        wait_for(guarded, "the new addresses guarded", timeout=2)
        for address in new:
            self.assertEqual(self.connects(self.world.bob, address, port), CONNECTED)

    def test_what_is_not_the_exporters_is_left_alone(self) -> None:
        port, link = self.world.host.free_port(), self.world.links[0]
        served = self.serving(f"0.0.0.0:{port}", f"[::]:{port}")
        alice = self.world.alice
        with self.world.host.entered(), socket.create_server(("127.0.0.2", served.port)), \
                socket.create_server(("127.0.0.1", 0)) as other:
            self.assertEqual(self.connects(alice, "127.0.0.1", other.getsockname()[1]), CONNECTED)
            # The exporter has 127.0.0.1 only on this one.
            self.assertEqual(self.connects(alice, "127.0.0.2", served.port), CONNECTED)
        for address in (link.peer4, link.peer6):
            with peer_socket(self.world, address, port, "tcp"):
                self.assertEqual(self.connects(alice, address, port), CONNECTED)

    def test_other_network_namespaces_are_left_alone(self) -> None:
        if kernel.version() < (5, 14):
            self.skipTest("this kernel cannot tell network namespaces apart")
        port, alice = self.world.host.free_port(), self.world.alice
        self.serving(f"0.0.0.0:{port}")
        with peer_socket(self.world, "127.0.0.1", port, "tcp"):
            done = self.world.as_peer(["setpriv", f"--reuid={alice.uid}", "--clear-groups", "--",
                                       "curl", "--noproxy", "*", "--silent", "--max-time", "1",
                                       f"http://127.0.0.1:{port}/"])
            self.assertEqual(done.wait(), 28)  # connected, and no answer in time

    def test_the_list_changes_with_a_reload(self) -> None:
        served, alice = self.serving(), self.world.alice
        for settings, outcome in ((f"web: {{local_users: [root, {alice.uid}]}}\n", CONNECTED),
                                  ("web: {local_users: [root]}\n", REFUSED)):
            served.write_settings(settings)
            self.assertTrue(served.reload())
            self.assertEqual(self.connects(alice, "127.0.0.1", served.port), outcome)
            self.assertEqual(self.connects(self.world.bob, "127.0.0.1", served.port), REFUSED)

    def test_users_who_do_not_exist_are_warned_about(self) -> None:
        served = self.serving(settings="web: {local_users: [root, pdtt-nosuch]}\n")
        self.assertRegex(served.log_text(), r"level=warn .*key=web.local_users user=pdtt-nosuch")
        self.assertRegex(served.log_text(), r"msg=serving .*local_users=root\b")

    def test_it_is_reported_and_ends_with_the_exporter(self) -> None:
        served = self.serving()
        scrape = served.scrape()
        for program in ("connect4_guard", "connect6_guard"):
            self.assertEqual(scrape.value("pdtt_program_attached", program=program), 1)
        served.kill()
        with self.world.host.entered(), socket.create_server(("127.0.0.1", served.port)):
            self.assertEqual(self.connects(self.world.alice, "127.0.0.1", served.port), CONNECTED)


if __name__ == "__main__":
    main()
