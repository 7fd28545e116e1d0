#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may connect to the exporter, and what those who may not can do to those who may."""

import base64
import json
import re
import socket
import subprocess
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pdtt_harness import kernel, shell
from pdtt_harness.case import KernelTest, main
from pdtt_harness.exporter import Exporter, binary
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.sockets import peer_program, peer_socket, user_program
from pdtt_harness.users import TestUser
from pdtt_harness.world import finish, stop, wait_for

Counts = dict[str, dict[str, int]]  # what a crowd has achieved, by kind of client

CONNECTED, REFUSED, UNSUPPORTED = "connected", "EPERM", "unsupported"
BCRYPT_OF_RIGHT = "$2b$10$7UWOPqlaQNO15gDixq6OielraMNi.hrFGinppCNZAfHz3BF7L8T9i"
CROWD = ("idle=10000", "slow_header=500", "slow_reader=200", "passwords=20")


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


class HostileTest(AccessTest):
    """Crowds of clients, and the scrapes of somebody who is allowed meanwhile."""

    def crowd(self, process: subprocess.Popen[Any]) -> subprocess.Popen[Any]:
        """A crowd that has tried to get in."""
        self.addCleanup(stop, process)
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def local_crowd(self, user: TestUser, served: Exporter, *kinds: str) -> subprocess.Popen[Any]:
        """A crowd of a user of this host."""
        return self.crowd(user_program(self.world, user, "hostile_clients.py", "127.0.0.1",
                                       str(served.port), *kinds))

    def remote_crowd(self, port: int, *kinds: str) -> subprocess.Popen[Any]:
        """A crowd on another host."""
        return self.crowd(peer_program(self.world, "hostile_clients.py",
                                       self.world.links[0].host4, str(port), *kinds))

    def end(self, crowd: subprocess.Popen[Any]) -> Counts:
        """Sends the crowd home; what it has achieved."""
        crowd.terminate()
        out, errors = crowd.communicate(timeout=20 * TIME_FACTOR)
        self.assertEqual(errors, "")
        counts: Counts = json.loads(out)
        return counts

    def check_scrapes(self, scrape: Callable[[], object], seconds: float, limit: float) -> None:
        """Scrapes over and over; none may take longer than the limit, on an ordinary build."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            scrape()
            self.assertLess(time.monotonic() - begin, limit * TIME_FACTOR)
            time.sleep(0.1)

    def check_memory(self, served: Exporter) -> None:
        """The most it ever had, in an ordinary build."""
        if TIME_FACTOR > 1:
            return
        status = Path(f"/proc/{served.process.pid}/status").read_text(encoding="ascii")
        most = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert most is not None
        self.assertLess(int(most[1]) * 1024, 64e6)


class Hostile(HostileTest):
    """From those who may not connect, and from those who may."""

    def test_those_who_may_not_connect_keep_nobody_waiting(self) -> None:
        port, link = self.world.host.free_port(), self.world.links[0]
        served = self.serving(f"{link.host4}:{port}", settings="")  # allows loopback alone
        crowds = [self.local_crowd(self.world.alice, served, *CROWD),
                  self.remote_crowd(port, *CROWD)]
        self.check_scrapes(served.scrape, 8, 1)
        local, remote = map(self.end, crowds)
        for kind, number in (kind.split("=") for kind in CROWD):
            self.assertEqual(local[kind]["connected"], 0)
            self.assertGreaterEqual(local[kind]["refused"], int(number))
            self.assertGreaterEqual(remote[kind]["closed"], int(number))
            self.assertEqual(remote[kind]["bytes"], 0)
        self.check_memory(served)
        self.assertLess(len(served.log_text()), 50_000)

    def test_those_who_may_connect_do_no_lasting_harm(self) -> None:
        served = self.serving()
        crowd = self.local_crowd(self.world.bob, served, "slow_reader=16", "slow_header=16",
                                 "garbage=4", "pipelining=4", "big_header=4")
        self.check_scrapes(served.scrape, 8, 5)
        counts = self.end(crowd)
        for kind in counts:
            self.assertGreater(counts[kind]["connected"], 0, kind)
        self.check_scrapes(served.scrape, 1, 5)
        self.check_memory(served)

    def test_whoever_holds_all_workers_is_cut_off(self) -> None:
        served = self.serving()
        crowd = self.local_crowd(self.world.bob, served, "--once", "stalled_reader=24",
                                 "slow_header=24")
        time.sleep(0.5)
        self.check_scrapes(served.scrape, 1, 5)
        counts = self.end(crowd)
        self.assertEqual(counts["slow_header"]["connected"], 24)

    def test_a_stop_waits_for_nobody(self) -> None:
        served = self.serving()
        self.local_crowd(self.world.bob, served, "slow_reader=16", "stalled_reader=8",
                         "slow_header=16", "half_hello=8", "idle=200")
        time.sleep(1)
        begin = time.monotonic()
        served.stop()
        self.assertLess(time.monotonic() - begin, 5 * TIME_FACTOR)


class Secured(HostileTest):
    """The same with passwords, and with TLS."""

    PROGRAMS = ("openssl",)

    @classmethod
    def setUpClass(cls) -> None:
        if "--web.config.file" not in shell.run(str(binary()), "--help"):
            raise unittest.SkipTest("this version has neither passwords nor TLS")
        super().setUpClass()

    def secured(self, settings: str, *addresses: str) -> Exporter:
        """An exporter with a web configuration file that answers by now."""
        file = self.world.directory / "web.yml"
        file.write_text(settings, encoding="utf-8")
        flags = [f"--web.listen-address={address}" for address in addresses]
        served = Exporter(self.world, (f"--web.config.file={file}", *flags), inside=True,
                          settings=f"web: {{local_users: [root, {self.world.bob.name}]}}\n")
        self.addCleanup(self._stop, served)
        wait_for(lambda: "msg=serving" in served.log_text(), "the exporter", timeout=15)
        return served

    def test_a_flood_of_wrong_passwords(self) -> None:
        port, link = self.world.host.free_port(), self.world.links[0]
        served = self.secured(f"basic_auth_users: {{prometheus: '{BCRYPT_OF_RIGHT}'}}\n",
                              f"{link.host4}:{port}")
        right = {"Authorization": "Basic " + base64.b64encode(b"prometheus:right").decode()}

        def scrape() -> None:
            self.assertEqual(served.request("/metrics", headers=right).status, 200)

        scrape()  # from now on the exporter knows this password
        crowds = [self.local_crowd(self.world.alice, served, "passwords=50"),
                  self.remote_crowd(port, "passwords=50")]
        self.check_scrapes(scrape, 3, 1)
        local, remote = map(self.end, crowds)
        self.assertEqual((local["passwords"]["connected"], remote["passwords"]["bytes"]), (0, 0))
        crowd = self.local_crowd(self.world.bob, served, "passwords=20")
        self.check_scrapes(scrape, 3, 1)
        self.assertGreater(self.end(crowd)["passwords"]["bytes"], 0)

    def with_tls(self) -> Exporter:
        """An exporter that speaks TLS."""
        key, certificate = self.world.directory / "key.pem", self.world.directory / "cert.pem"
        shell.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                  "-keyout", str(key), "-out", str(certificate))
        return self.secured(f"tls_server_config: {{cert_file: {certificate}, "
                            f"key_file: {key}}}\n")

    def test_whoever_holds_all_workers_with_tls_is_cut_off(self) -> None:
        served = self.with_tls()
        crowd = self.local_crowd(self.world.bob, served, "--once", "tls_stalled_reader=24",
                                 "half_hello=24")
        time.sleep(0.5)
        self.check_scrapes(lambda: finish(self.world.as_user(None, [
            "curl", "--silent", "--fail", "--insecure", "--noproxy", "*", "--output", "/dev/null",
            f"https://127.0.0.1:{served.port}/metrics"])), 1, 5)
        self.assertEqual(self.end(crowd)["tls_stalled_reader"]["connected"], 24)

    def test_a_stop_waits_for_no_handshake_and_no_reader(self) -> None:
        served = self.with_tls()
        self.local_crowd(self.world.bob, served, "tls_slow_reader=16", "tls_stalled_reader=8",
                         "half_hello=16", "idle=200")
        time.sleep(1)
        begin = time.monotonic()
        served.stop()
        self.assertLess(time.monotonic() - begin, 5 * TIME_FACTOR)


if __name__ == "__main__":
    main()
