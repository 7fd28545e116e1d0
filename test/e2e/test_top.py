#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`pdtt-exporter top`: what it shows of a running exporter, and what it says of one that is not."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

from pdtt_harness.case import KernelTest, main
from pdtt_harness.certificates import Authority, password_hash
from pdtt_harness.exporter import Exporter, binary, environment
from pdtt_harness.fake_api import FakeApi, connection, resources, user
from pdtt_harness.programs import Curl, Nginx
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.tmux import Terminal
from pdtt_harness.users import TestUser
from pdtt_harness.world import wait_for


def top(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs the command to its end."""
    return subprocess.run([str(binary()), "top", *arguments], capture_output=True, text=True,
                          check=False, timeout=30 * TIME_FACTOR, stdin=subprocess.DEVNULL,
                          env={**environment(), "LC_ALL": "C.UTF-8", **variables})


def example() -> dict[str, dict[str, Any]]:
    """Two users and what they are connected to."""
    return resources([user("alice", 1000, 3e6, 0.75), user("bob", 1001, 1e6, 0.25, 9_000_000)],
                     [connection("alice", "curl", "198.51.100.7", 3e6),
                      connection("bob", "wget", "2001:db8::1", 1e6)])


class Fake(unittest.TestCase):
    """A folder, stand-ins for the exporter and terminals, removed at the end."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pdtt-top-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def api(self, *arguments: Any, **options: Any) -> FakeApi:
        """Serves until the end of the test."""
        api = FakeApi(*(arguments or (example(),)), **options)
        self.addCleanup(api.close)
        return api

    def terminal(self, *arguments: Any, **options: Any) -> Terminal:
        """Lives until the end of the test."""
        if not shutil.which("tmux"):
            self.skipTest("needs tmux")
        terminal = Terminal(*arguments, **options)
        self.addCleanup(terminal.close)
        return terminal

    def watch(self, api: FakeApi, *flags: str, **options: Any) -> Terminal:
        """A terminal in which the view is open."""
        terminal = self.terminal(**options)
        terminal.start([str(binary()), "top", "--interval=500ms", *flags, api.url])
        terminal.wait_for("Busiest connections")
        return terminal

    def password_file(self, password: str) -> Path:
        """A file for its owner only."""
        path = self.folder / "password"
        path.write_text(password + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path


class Once(Fake):
    """For scripts."""

    def test_the_table_has_users_and_connections(self) -> None:
        done = top("--once", self.api().url)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for text in ("host.example", "alice", "75 %", "3.00 MB", "198.51.100.7:443",
                     "[2001:db8::1]:443", "cgroup up", "xdp off (no interface is named)"):
            self.assertIn(text, done.stdout)
        self.assertLess(done.stdout.index("alice"), done.stdout.index("bob"))
        self.assertNotIn("\x1b", done.stdout)

    def test_the_json_is_what_the_api_says(self) -> None:
        done = top("--once", "--json", self.api().url)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout), example())

    def test_hostile_names_are_text_in_both(self) -> None:
        name = "a\x1b[2J\x07\u202e\u009b\n\x7f"
        hostile = resources([user(name, 1000)], [connection(name, name, "198.51.100.7")])
        hostile["status"]["hostname"] = name
        hostile["status"]["layers"][1]["reason"] = name
        url = self.api(hostile).url
        table = top("--once", url).stdout
        self.assertFalse(set(table) & set("\x1b\x07\u202e\u009b\x7f"))
        self.assertEqual(len(table.splitlines()), len(top("--once", self.api(
            resources([user("a", 1000)], [connection("a", "b", "c")])).url).stdout.splitlines()))
        text = top("--once", "--json", url).stdout
        self.assertTrue(text.isascii() and text.replace("\n", "").isprintable())
        self.assertEqual(json.loads(text), hostile)

    def test_an_ascii_terminal_gets_ascii(self) -> None:
        url = self.api(resources([user("jos\u00e9", 1000, 1.0, 1.0)], [])).url
        done = top("--once", url, LC_ALL="C")
        self.assertIn("jos?", done.stdout)
        self.assertTrue(done.stdout.isascii())

    def test_proxies_of_the_environment_are_not_asked(self) -> None:
        nowhere = {name: "http://127.0.0.1:1" for name in ("http_proxy", "all_proxy")}
        self.assertEqual(top("--once", self.api().url, **nowhere).returncode, 0)


class Problems(Fake):
    """One line with the remedy, and exit code 1."""

    def assert_says(self, said: str, *arguments: str) -> None:
        """Both ways to run it say the same, without a terminal even."""
        for flags in (("--once", *arguments), arguments):
            done = top(*flags)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertTrue(done.stderr.startswith("pdtt-exporter: "), done.stderr)

    def test_nobody_listens(self) -> None:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self.assert_says("is the exporter running", f"127.0.0.1:{bound.getsockname()[1]}")

    def test_what_listens_hangs_up(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            with subprocess.Popen([str(binary()), "top", "--once",
                                   f"127.0.0.1:{server.getsockname()[1]}"],
                                  stderr=subprocess.PIPE, text=True,
                                  env=environment()) as process:
                accepted, _ = server.accept()
                accepted.recv(10_000)
                accepted.close()
                said = process.communicate(timeout=30 * TIME_FACTOR)[1]
        self.assertIn("web.allow", said)
        self.assertIn("https://", said)
        self.assertEqual(process.returncode, 1)

    def test_answers_of_another_kind(self) -> None:
        api = self.api()
        cases: list[tuple[int, bytes, str]] = [
            (403, b"no", "refuses this client (403)"),
            (404, b"not found\n", "there is no /api/v1/status (404)"),
            (429, b"", "too many requests (429)"),
            (302, b"", "answered 302"),
            (500, b'{"error":"a\\u001bb"}', "answered 500 (a\\x1bb)"),
            (200, b"<html>\x1b[2J", "/api/v1/status is not a JSON object"),
            (200, b"{}", "is missing"),
            (200, b"[" * 100_000, "/api/v1/status is not a JSON object"),
            (200, b"x" * 20_000_000, "too long"),
        ]
        for status, body, said in cases:
            with self.subTest(status=status, body=body[:20]):
                api.status, api.raw = status, body
                self.assert_says(said, api.url)

    def test_an_exporter_that_just_started(self) -> None:
        api = self.api()
        api.status, api.raw = 503, b'{"error": "no snapshot yet"}'
        done = top("--once", api.url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no snapshot yet; try again in a moment", done.stderr)

    def test_a_password_never_stands_on_the_command_line(self) -> None:
        done = top("--once", "http://me:secret@127.0.0.1:1")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--password-file", done.stderr)
        self.assertNotIn("secret", done.stderr)

    def test_a_password_file_for_everybody(self) -> None:
        path = self.password_file("secret")
        path.chmod(0o644)
        self.assert_says("chmod 600", "--user=me", f"--password-file={path}")

    def test_without_a_terminal(self) -> None:
        done = top(self.api().url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no terminal; use --once", done.stderr)

    def test_a_terminal_that_is_not_known(self) -> None:
        terminal = self.terminal(variables={"TERM": "no-such-terminal"})
        terminal.start([str(binary()), "top", self.api().url])
        terminal.wait_for("use --once")


class Tls(Fake):
    """Over TLS, with a password and with a certificate."""

    def setUp(self) -> None:
        super().setUp()
        self.authority = Authority(self.folder, "authority")
        self.ca_file = f"--ca-file={self.authority.certificate}"

    def test_a_password_over_tls(self) -> None:
        certificate = self.authority.server().joined()
        api = self.api(example(), certificate=certificate, password="me:a b:c")
        login = ("--user=me", f"--password-file={self.password_file('a b:c')}")
        self.assertIn("alice", top("--once", self.ca_file, *login, api.url).stdout)
        self.assertIn("(401)", top("--once", self.ca_file, api.url).stderr)
        self.assertIn("(401)", top("--once", self.ca_file, "--user=you", login[1], api.url).stderr)
        untrusted = top("--once", *login, api.url)
        self.assertEqual(untrusted.returncode, 1)
        self.assertIn("--ca-file", untrusted.stderr)

    def test_a_certificate_for_another_address_is_not_trusted(self) -> None:
        certificate = self.authority.server(address="127.0.0.2").joined()
        api = self.api(example(), certificate=certificate)
        done = top("--once", self.ca_file, api.url)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not trusted for this address", done.stderr)

    def test_a_client_certificate(self) -> None:
        certificate = self.authority.server().joined()
        client = self.authority.client()
        api = self.api(example(), certificate=certificate, client_ca=self.authority.certificate)
        identity = (f"--cert-file={client.certificate}", f"--key-file={client.key}")
        self.assertIn("alice", top("--once", self.ca_file, *identity, api.url).stdout)
        refused = top("--once", self.ca_file, api.url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--cert-file", refused.stderr)

    def test_the_wrong_scheme(self) -> None:
        certificate = self.authority.server().joined()
        tls = self.api(example(), certificate=certificate)
        self.assertIn("use https://", top("--once", f"127.0.0.1:{tls.port}").stderr)
        plain = self.api()
        self.assertIn("use http://", top("--once", f"https://127.0.0.1:{plain.port}").stderr)


class Interactive(Fake):
    """In a terminal."""

    def test_it_is_drawn_and_q_gives_the_terminal_back(self) -> None:
        terminal = self.terminal()
        settings = self._settings(terminal)
        terminal.start([str(binary()), "top", self.api().url])
        screen = terminal.wait_for("q quit")
        self.assertTrue(terminal.alternate())
        self.assertIn("\u2588", screen)
        self.assertLess(screen.index("alice"), screen.index("bob"))
        terminal.press("q")
        screen = terminal.wait_gone("q quit")
        self.assertFalse(terminal.alternate())
        self.assertIn("echoke", screen)  # what was there before
        terminal.press("Enter")
        self.assertEqual(self._settings(terminal), settings)

    @staticmethod
    def _settings(terminal: Terminal) -> list[str]:
        terminal.start(["clear"])
        terminal.start(["stty", "-a"])
        screen = terminal.wait_for("echoke")
        return [line for line in screen.splitlines() if "=" in line or "echo" in line]

    def test_signals_give_the_terminal_back_too(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number.name):
                terminal = self.terminal()
                marker = self.folder / "pid"
                terminal.start(["sh", "-c", f"echo $$ >{marker}; exec {binary()} top $0",
                                self.api().url])
                terminal.wait_for("q quit")
                os.kill(int(marker.read_text(encoding="ascii")), number)
                terminal.wait_gone("q quit")
                self.assertFalse(terminal.alternate())
                terminal.start(["echo", "still", "here"])
                terminal.wait_for("\nstill here")

    def test_sorting(self) -> None:
        terminal = self.watch(self.api())
        self._assert_order(terminal, "alice", "bob")
        terminal.press("r")
        self._assert_order(terminal, "bob", "alice")
        terminal.press("s", "s")  # by what was received in all: bob has more
        terminal.wait_for("by RECEIVED")
        self._assert_order(terminal, "bob", "alice")
        terminal.press("Left", "Left")
        terminal.wait_for("by SHARE")
        self._assert_order(terminal, "alice", "bob")
        terminal.press("c", "r")
        self._assert_order(terminal, "198.51.100.7", "2001:db8", reverse=True)

    @staticmethod
    def _assert_order(terminal: Terminal, first: str, second: str, reverse: bool = False) -> None:
        def ordered() -> bool:
            screen = terminal.text()
            return (screen.index(first) < screen.index(second)) != reverse
        wait_for(ordered, f"{first} {'after' if reverse else 'before'} {second}")

    def test_a_filter_is_typed_edited_and_removed(self) -> None:
        terminal = self.watch(self.api())
        terminal.type("/BOBB")
        terminal.wait_for("Users: 0 of 2 with \"BOBB\"")
        terminal.press("BSpace", "Enter")
        screen = terminal.wait_for("Users: 1 of 2 with \"BOB\"")
        self.assertNotIn("alice", screen)
        self.assertNotIn("198.51.100.7", screen)
        terminal.press("Escape")
        terminal.wait_for("alice")

    def test_a_paused_view_stands_still(self) -> None:
        api = self.api()
        terminal = self.watch(api)
        terminal.press("p")
        terminal.wait_for("paused")
        api.answers = resources([user("carol", 1002, 5.0, 1.0)], [])
        time.sleep(1.5)  # three looks
        self.assertIn("alice", terminal.text())
        terminal.press("p")
        terminal.wait_for("carol")

    def test_it_follows_the_size_of_the_terminal(self) -> None:
        terminal = self.watch(self.api())
        self.assertIn("HISTORY", terminal.text())
        terminal.resize(60, 15)
        screen = terminal.wait_gone("HISTORY")
        self.assertTrue(all(len(line) <= 60 for line in screen.splitlines()))
        self.assertIn("alice", screen)
        terminal.resize(200, 50)
        self.assertIn("DIRECTION", terminal.wait_for("HISTORY"))
        for width, height in ((1, 1), (2, 30), (300, 2), (80, 24)):
            terminal.resize(width, height)
        terminal.wait_for("alice")

    def test_the_help_and_back(self) -> None:
        terminal = self.watch(self.api())
        terminal.press("?")
        screen = terminal.wait_for("Any key leads back")
        self.assertIn("reverse the order", screen)
        terminal.press("x")
        terminal.wait_for("alice")

    def test_an_exporter_that_is_restarted_is_waited_for(self) -> None:
        api = self.api()
        terminal = self.watch(api)
        api.status, api.raw = 503, b'{"error": "no snapshot yet"}'
        screen = terminal.wait_for("not reachable since")
        self.assertIn("no snapshot yet", screen)
        self.assertIn("alice", screen)  # what it said last
        api.status, api.raw = 200, None
        terminal.wait_gone("not reachable since")

    def test_hostile_names_stay_in_their_cells(self) -> None:
        name = "\x1b[2J\x1b[1;1Hx\u202e\u0600\u4e16\u754c\x00\x9b31m"
        hostile = resources([user(name, 1000, 1.0, 1.0), user("bob", 1001)],
                            [connection(name, name, "198.51.100.7")])
        terminal = self.watch(self.api(hostile))
        lines = [line for line in terminal.lines() if "\ufffd[2J" in line]
        self.assertEqual(len(lines), 2, terminal.text())
        self.assertTrue(any(line.startswith("bob ") for line in terminal.lines()))

    def test_colours_only_where_they_are_wanted(self) -> None:
        self.assertIn("\x1b[32m", self.watch(self.api()).text(escapes=True))
        plain = self.watch(self.api(), variables={"NO_COLOR": "1"}).text(escapes=True)
        self.assertNotRegex(plain, "\x1b\\[[0-9;]*3[0-7]m")
        ascii_only = self.watch(self.api(), locale="C")
        self.assertTrue(ascii_only.text().isascii())
        self.assertIn("##", ascii_only.text())


class Real(KernelTest):
    """A real exporter, and users who move data."""

    PROGRAMS: ClassVar[tuple[str, ...]] = ("tmux", "nginx", "curl")

    def setUp(self) -> None:
        self.served = self.exporter()
        self.url = f"http://127.0.0.1:{self.served.port}"

    def watch(self) -> Terminal:
        """A terminal in which the view is open."""
        terminal = Terminal()
        self.addCleanup(terminal.close)
        terminal.start([str(binary()), "top", "--interval=500ms", self.url])
        terminal.wait_for("Busiest connections")
        return terminal

    def busy(self, who: TestUser, nginx: Nginx, rate: str) -> Curl:
        """The user downloads at some bytes/s for longer than the test needs."""
        return Curl(self.world, who, self.world.links[0].peer4, nginx.port, rate)

    @staticmethod
    def first_user(terminal: Terminal) -> str:
        """Who is on top."""
        lines = iter(terminal.lines())
        for line in lines:
            if line.startswith("USER "):
                return next(lines, "").split(" ")[0]
        return ""

    def test_the_busiest_user_is_on_top_within_three_seconds(self) -> None:
        alice, bob = self.world.alice, self.world.bob
        nginx = Nginx(self.world, 8080, 2_000_000_000)
        terminal = self.watch()
        self.busy(bob, nginx, "200K")
        self.busy(alice, nginx, "5M")
        wait_for(lambda: self.first_user(terminal).startswith(alice.name[:9]), "alice on top",
                 timeout=3)
        screen = terminal.wait_for("curl")
        self.assertIn(f"{self.world.links[0].peer4}:8080", screen)
        self.assertRegex(screen, r"\d MB")
        self.busy(bob, nginx, "40M")
        wait_for(lambda: self.first_user(terminal).startswith(bob.name[:9]), "bob on top",
                 timeout=3)
        terminal.type("/" + alice.name)
        terminal.press("Enter")
        self.assertNotIn(bob.name, terminal.wait_for("Users: 1 of"))

    def test_once_says_what_the_metrics_say(self) -> None:
        nginx = Nginx(self.world, 8081, 5_000_000)
        self.busy(self.world.alice, nginx, "0").finish()
        metrics = self.served.scrape_fresh()
        counted = sum(value for _, value in metrics.series(
            "pdtt_user_receive_bytes_total", uid=str(self.world.alice.uid)))
        self.assertGreater(counted, 5_000_000)

        def seen() -> Any:
            said = json.loads(top("--once", "--json", self.url).stdout)
            rows = [row for row in said["users"]["users"] if row["uid"] == self.world.alice.uid]
            return rows and rows[0]["receive_bytes"] >= counted and rows[0]
        row = wait_for(seen, "what was counted")
        self.assertEqual(row["receive_bytes"], counted)
        self.assertEqual(row["user"], self.world.alice.name)
        table = top("--once", self.url).stdout
        self.assertIn(self.world.alice.name, table)
        self.assertIn("cgroup up", table)

    def test_it_outlives_the_exporter(self) -> None:
        terminal = self.watch()
        port = self.served.port
        self.served.stop()
        terminal.wait_for("not reachable since")
        again = Exporter(self.world, (f"--web.listen-address=127.0.0.1:{port}",))
        again.port = port
        self.addCleanup(self._stop, again)
        again.start()
        terminal.wait_gone("not reachable since")

    def test_over_tls_with_a_password(self) -> None:
        directory = Path(tempfile.mkdtemp(dir=self.world.directory))
        authority = Authority(directory, "authority")
        pair = authority.server()
        web = directory / "web.yml"
        web.write_text(f"tls_server_config: {{cert_file: {pair.certificate}, "
                       f"key_file: {pair.key}}}\n"
                       f"basic_auth_users: {{me: '{password_hash('secret')}'}}\n",
                       encoding="utf-8")
        password = directory / "password"
        password.write_text("secret\n", encoding="utf-8")
        password.chmod(0o600)
        served = Exporter(self.world, (f"--web.config.file={web}",))
        self.addCleanup(self._stop, served)
        url = f"https://127.0.0.1:{served.port}"
        flags = ("--once", f"--ca-file={authority.certificate}")
        login = ("--user=me", f"--password-file={password}")
        wait_for(lambda: "cgroup up" in top(*flags, *login, url).stdout, "top over TLS")
        self.assertIn("(401)", top(*flags, url).stderr)
        self.assertIn("https://", top("--once", f"127.0.0.1:{served.port}").stderr)

    def as_user(self, who: TestUser, url: str) -> "subprocess.CompletedProcess[str]":
        """Runs it once, with nothing but the user's own rights."""
        command = ["setpriv", f"--reuid={who.uid}", f"--regid={who.gid}", "--clear-groups",
                   "--bounding-set=-all", str(binary()), "top", "--once", url]
        return subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=30 * TIME_FACTOR, env=environment())

    def test_it_is_for_users_who_may_connect_and_tells_the_others_so(self) -> None:
        alice, bob = self.world.alice, self.world.bob
        served = Exporter(self.world, settings=f"web: {{local_users: [root, {alice.name}]}}\n",
                          cgroup="auto")
        self.addCleanup(self._stop, served)
        served.start()
        url = f"http://127.0.0.1:{served.port}"
        allowed = self.as_user(alice, url)
        self.assertIn("cgroup up", allowed.stdout, allowed.stderr)
        refused = self.as_user(bob, url)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("ask for it to be added to web.local_users", refused.stderr)


if __name__ == "__main__":
    main()
