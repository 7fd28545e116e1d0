#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TLS, passwords, headers and the rate limit of the web configuration file, seen by clients."""

import base64
import http.client
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from pdtt_harness.case import KernelTest, main
from pdtt_harness.certificates import Authority, Pair, password_hash
from pdtt_harness.exporter import binary, environment
from pdtt_harness.prometheus import Prometheus, job
from pdtt_harness.shell import TIME_FACTOR
from pdtt_harness.web_exporter import Client, NoAnswer, WebExporter, WebTest
from pdtt_harness.world import wait_for


class TlsTest(WebTest):
    """A test with a CA, a server's certificate and clients'."""

    authority: Authority
    other: Authority
    server: Pair

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.authority = Authority(cls.world.directory, "ca")
        cls.other = Authority(cls.world.directory, "other-ca")
        cls.server = cls.authority.server()

    def trusting(self, pair: Pair | None = None) -> Client:
        """A client that trusts our CA, with a certificate of its own or none."""
        flags = ["--cacert", str(self.authority.certificate)]
        if pair:
            flags += ["--cert", str(pair.certificate), "--key", str(pair.key)]
        return Client(tuple(flags))

    def tls(self, *settings: str) -> str:
        """A web configuration with our certificate."""
        return "\n  ".join(("tls_server_config:", f"cert_file: {self.server.certificate}",
                            f"key_file: {self.server.key}", *settings)) + "\n"

    def serve_tls(self, *settings: str, pair: Pair | None = None) -> WebExporter:
        """An exporter with our certificate and these settings of TLS."""
        return self.serve(self.tls(*settings), "https", self.trusting(pair))


def handshake(exporter: WebExporter, *flags: str) -> subprocess.CompletedProcess[str]:
    """What openssl's client says about a handshake."""
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{exporter.port}",
                           *flags], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20 * TIME_FACTOR, check=False)


def agreed(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether a handshake came to its end."""
    return done.returncode == 0 and "Cipher is (NONE)" not in done.stdout


class Versions(TlsTest):
    """What is spoken."""

    def test_only_tls_is_spoken_and_only_to_those_who_trust_the_certificate(self) -> None:
        exporter = self.serve_tls()
        self.assertEqual(exporter.status(), 200)
        self.assertRegex(exporter.log_text(), "url=https://127.0.0.1:")
        with self.assertRaises(NoAnswer):
            exporter.ask(Client(), scheme="http")
        with self.assertRaisesRegex(NoAnswer, "exit 60"):
            exporter.ask(Client())

    def test_tls_1_1_is_refused_unless_it_is_asked_for(self) -> None:
        old = ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
        exporter = self.serve_tls()
        refused = handshake(exporter, *old)
        self.assertFalse(agreed(refused), refused.stdout)
        self.assertIn("alert protocol version", refused.stderr)
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                self.assertTrue(agreed(handshake(exporter, version)))
        exporter.write_web(self.tls("min_version: TLS11", "max_version: TLS12"))
        wait_for(lambda: agreed(handshake(exporter, *old)), "TLS 1.1", timeout=5)
        refused = handshake(exporter, "-tls1_3")
        self.assertFalse(agreed(refused), refused.stdout)

    def test_cipher_suites_are_those_configured_in_the_order_that_is_preferred(self) -> None:
        suites = ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]
        exporter = self.serve_tls(f"cipher_suites: [{', '.join(suites)}]")
        chosen = handshake(exporter, "-tls1_2", "-cipher",
                           "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
        self.assertIn("Cipher is ECDHE-RSA-AES256-GCM-SHA384", chosen.stdout)
        for cipher in ("ECDHE-RSA-CHACHA20-POLY1305", "AES128-GCM-SHA256"):
            with self.subTest(cipher=cipher):
                refused = handshake(exporter, "-tls1_2", "-cipher", cipher)
                self.assertFalse(agreed(refused), refused.stdout)
                self.assertIn("handshake failure", refused.stderr)
        exporter.write_web(self.tls(f"cipher_suites: [{', '.join(suites)}]",
                                    "prefer_server_cipher_suites: false"))
        wait_for(lambda: "Cipher is ECDHE-RSA-AES128-GCM-SHA256" in handshake(
            exporter, "-tls1_2", "-cipher",
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384").stdout,
            "the client's choice", timeout=5)

    def test_old_key_exchanges_are_not_offered(self) -> None:
        exporter = self.serve_tls()
        for cipher in ("AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"):
            with self.subTest(cipher=cipher):
                self.assertFalse(agreed(handshake(exporter, "-tls1_2", "-cipher", cipher)))

    def test_curves_are_those_configured(self) -> None:
        exporter = self.serve_tls("curve_preferences: [CurveP521]")
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                self.assertTrue(agreed(handshake(exporter, version, "-groups", "P-521")))
                self.assertFalse(agreed(handshake(exporter, version, "-groups", "P-384")))

    def test_no_session_outlives_its_connection(self) -> None:
        exporter = self.serve_tls()
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version=version):
                session = self.world.directory / f"session{version}"
                handshake(exporter, version, "-sess_out", str(session))
                if session.exists():
                    again = handshake(exporter, version, "-sess_in", str(session))
                    self.assertNotIn("Reused, TLS", again.stdout)

    def test_certificate_and_key_can_stand_in_the_file(self) -> None:
        def block(file: Path) -> str:
            return "|\n" + "".join(f"    {line}\n" for line in file.read_text().splitlines())

        exporter = self.serve(f"tls_server_config:\n  cert: {block(self.server.certificate)}"
                              f"  key: {block(self.server.key)}", "https", self.trusting())
        self.assertEqual(exporter.status(), 200)


class Clients(TlsTest):
    """Which certificates let clients in."""

    def check(self, exporter: WebExporter, expected: dict[str, bool]) -> None:
        """Who is let in of: none, ours, foreign."""
        ours, foreign = self.authority.client(), self.other.client()
        for version in ("--tls-max=1.2", "--tlsv1.3"):
            for name, pair in {"none": None, "ours": ours, "foreign": foreign}.items():
                with self.subTest(version=version, client=name):
                    client = Client((*self.trusting(pair).flags, *version.split("=")))
                    self.assertEqual(exporter.status(client), 200 if expected[name] else 0)

    def test_no_certificate_is_asked_for_by_default(self) -> None:
        self.check(self.serve_tls(), {"none": True, "ours": True, "foreign": True})

    def test_a_requested_certificate_may_be_anybodys(self) -> None:
        self.check(self.serve_tls("client_auth_type: RequestClientCert"),
                   {"none": True, "ours": True, "foreign": True})

    def test_a_required_certificate_may_be_anybodys(self) -> None:
        self.check(self.serve_tls("client_auth_type: RequireAnyClientCert",
                                  pair=self.other.client()),
                   {"none": False, "ours": True, "foreign": True})

    def test_a_certificate_that_is_given_is_verified(self) -> None:
        self.check(self.serve_tls("client_auth_type: VerifyClientCertIfGiven",
                                  f"client_ca_file: {self.authority.certificate}"),
                   {"none": True, "ours": True, "foreign": False})

    def test_a_verified_certificate_is_required(self) -> None:
        self.check(self.serve_tls("client_auth_type: RequireAndVerifyClientCert",
                                  f"client_ca_file: {self.authority.certificate}",
                                  pair=self.authority.client()),
                   {"none": False, "ours": True, "foreign": False})

    def test_a_servers_certificate_is_no_clients(self) -> None:
        limited = self.authority._make("limited", "", (  # pylint: disable=protected-access
            "-CA", str(self.authority.certificate), "-CAkey", str(self.authority.pair.key),
            "-addext", "extendedKeyUsage=serverAuth"))
        exporter = self.serve_tls("client_auth_type: RequireAndVerifyClientCert",
                                  f"client_ca_file: {self.authority.certificate}",
                                  pair=self.authority.client())
        self.assertEqual(exporter.status(self.trusting(limited)), 0)

    def test_names_decide_among_verified_certificates(self) -> None:
        names = ("DNS:scraper.example.org", "IP:192.0.2.7", "email:ops@example.org",
                 "URI:spiffe://example.org/scraper", "IP:2001:db8::7")
        allowed = [name.partition(":")[2] for name in names]
        pairs = {name: self.authority.client(f"DNS:other,{name}") for name in names}
        exporter = self.serve_tls("client_auth_type: RequireAndVerifyClientCert",
                                  f"client_ca_file: {self.authority.certificate}",
                                  f"client_allowed_sans: {allowed}",
                                  pair=pairs[names[0]])
        for name, pair in pairs.items():
            with self.subTest(name=name):
                self.assertEqual(exporter.status(self.trusting(pair)), 200)
        for name in ("DNS:scraper.example.org.evil", "DNS:SCRAPER.example.org", "IP:192.0.2.8",
                     "DNS:192.0.2.70", "URI:spiffe://example.org/scraper2"):
            with self.subTest(name=name):
                self.assertEqual(exporter.status(self.trusting(self.authority.client(name))), 0)
        foreign = self.other.client(names[0])
        self.assertEqual(exporter.status(self.trusting(foreign)), 0)


class Changes(TlsTest):
    """Files that change while the exporter runs."""

    def served(self, exporter: WebExporter) -> str:
        """The serial number of the certificate that is served."""
        return handshake(exporter, "-showcerts").stdout

    def test_a_new_certificate_is_served_without_a_restart(self) -> None:
        first, second = self.authority.server(), self.authority.server()
        copy = Pair(self.world.directory / "renewed.crt", self.world.directory / "renewed.key")

        def install(pair: Pair) -> None:
            copy.certificate.write_bytes(pair.certificate.read_bytes())
            copy.key.write_bytes(pair.key.read_bytes())

        install(first)
        exporter = self.serve(f"tls_server_config: {{cert_file: {copy.certificate.name}, "
                              f"key_file: {copy.key.name}}}\n", "https", self.trusting())
        self.assertIn(first.certificate.read_text().strip(), self.served(exporter))
        install(second)
        wait_for(lambda: second.certificate.read_text().strip() in self.served(exporter),
                 "the new certificate", timeout=5)
        self.assertEqual(exporter.status(), 200)

    def test_a_broken_file_refuses_everybody_until_it_is_corrected(self) -> None:
        good = self.tls()
        exporter = self.serve(good, "https", self.trusting())
        missing = good.replace(self.server.key.name, "missing.key")
        wrong = good.replace(str(self.server.key), str(self.authority.pair.key))
        for bad in ("nonsense: {\n", good + "unknown: 1\n", missing, wrong, "",
                    "basic_auth_users: {}\n"):
            with self.subTest(web=bad):
                exporter.write_web(bad)
                exporter.wait_for_status(0)
                self.assertFalse(agreed(handshake(exporter)))
                with self.assertRaises(NoAnswer):
                    exporter.ask(Client(), scheme="http")
                exporter.write_web(good)
                exporter.wait_for_status(200)
        self.assertEqual(exporter.log_text().count("every request is refused"), 6)

    def test_an_open_connection_is_refused_too_when_the_file_breaks(self) -> None:
        exporter = self.serve(f"basic_auth_users:\n  alice: {password_hash('secret')}\n",
                              client=Client(("--user", "alice:secret")))
        credentials = base64.b64encode(b"alice:secret").decode()
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=20)
        self.addCleanup(connection.close)

        def status() -> int:
            connection.request("GET", "/-/healthy", headers={
                "Authorization": f"Basic {credentials}"})
            answer = connection.getresponse()
            answer.read()
            return answer.status

        self.assertEqual(status(), 200)
        exporter.write_web("nonsense\n")
        seen = [200]
        deadline = time.monotonic() + 5 * TIME_FACTOR
        while seen[-1] == 200 and time.monotonic() < deadline:
            time.sleep(0.1)
            seen.append(status())
        self.assertEqual(seen[-1], 500, seen)

    def test_a_new_client_ca_counts_for_connections_already_made(self) -> None:
        ours, theirs = self.authority.client(), self.other.client()
        with_ca = ("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: clients.pem")
        ca_file = self.world.directory / "clients.pem"
        ca_file.write_bytes(self.authority.certificate.read_bytes())
        exporter = self.serve_tls(*with_ca, pair=ours)
        ca_file.write_bytes(self.other.certificate.read_bytes())
        exporter.wait_for_status(200, self.trusting(theirs))
        self.assertEqual(exporter.status(self.trusting(ours)), 0)

    def test_tls_cannot_be_turned_on_while_the_exporter_runs(self) -> None:
        exporter = self.serve("")
        exporter.write_web(self.tls())
        exporter.wait_for_status(500)
        self.assertIn("TLS can't be turned on", exporter.log_text())
        exporter.write_web("")
        exporter.wait_for_status(200)


class Passwords(WebTest):
    """Basic authentication."""

    HASHES = ""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.HASHES = (f"basic_auth_users:\n  alice: {password_hash('secret')}\n"
                      f"  bob: {password_hash('x' * 72)}\n")

    def as_user(self, user: str, password: str) -> Client:
        """A client that sends these."""
        return Client(("--user", f"{user}:{password}"))

    def serve_users(self, web: str = "") -> WebExporter:
        """An exporter for alice and bob."""
        return self.serve(web or self.HASHES, client=self.as_user("alice", "secret"))

    def test_only_the_right_password_opens(self) -> None:
        exporter = self.serve_users()
        for user, password, status in (
                ("alice", "secret", 200), ("bob", "x" * 72, 200), ("alice", "wrong", 401),
                ("alice", "", 401), ("bob", "secret", 401), ("carol", "secret", 401),
                ("", "secret", 401), ("alice", "secret\n", 401), ("Alice", "secret", 401),
                ("bob", "x" * 73, 401), ("bob", "x" * 2000, 401), ("bob", "x" * 71, 401)):
            for _ in range(2):  # what was answered once is answered alike
                with self.subTest(user=user, password=password):
                    self.assertEqual(exporter.status(self.as_user(user, password)), status)

    def test_an_unauthorized_client_is_told_how(self) -> None:
        answer = self.serve_users().ask(Client())
        self.assertEqual(answer.status, 401)
        self.assertRegex(answer.headers["WWW-Authenticate"], "^Basic realm=")
        self.assertNotIn("pdtt_", answer.body)

    def test_every_path_and_method_wants_the_password(self) -> None:
        exporter = self.serve_users()
        for path in ("/", "/metrics", "/-/healthy", "/-/ready", "/nosuch", "//metrics",
                     "/api/v1/users", "/a/../metrics", "/%6detrics", "/metrics?x=1"):
            with self.subTest(path=path):
                self.assertEqual(exporter.ask(Client(), path).status, 401)
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
            with self.subTest(method=method):
                self.assertEqual(exporter.ask(Client(), method=method).status, 401)
        self.assertEqual(exporter.status(path="/nosuch"), 404)

    def test_malformed_credentials_are_wrong(self) -> None:
        exporter = self.serve_users()
        right = base64.b64encode(b"alice:secret").decode()
        nul = base64.b64encode(b"alice:secret\0more").decode()
        for value, status in ((f"Basic {right}", 200), (f"bAsIc {right}", 200),
                              (right, 401), ("Basic", 401), ("Basic ", 401), ("Basic !!!!", 401),
                              (f"Bearer {right}", 401), (f"Basic {right[:-1]}", 401),
                              (f"Basic {right}, Basic {right}", 401), (f"Basic {nul}", 401),
                              (f"Basic {base64.b64encode(b'alice').decode()}", 401)):
            with self.subTest(value=value):
                self.assertEqual(exporter.ask(Client(), headers={"Authorization": value}).status,
                                 status)

    def test_no_answer_can_be_made_to_stand_for_another(self) -> None:
        """A user's name and a hash, or a hash and a password, run together must not be mistaken."""
        exporter = self.serve_users()
        secret_hash = exporter.web_file.read_text().split()[2]
        self.assertEqual(exporter.status(self.as_user(f"alice{secret_hash}", "secret")), 401)
        self.assertEqual(exporter.status(self.as_user("alice", f"{secret_hash}secret")), 401)
        self.assertEqual(exporter.status(self.as_user("carol", "fakepassword")), 401)

    def test_users_and_passwords_change_without_a_restart(self) -> None:
        exporter = self.serve_users()
        self.assertEqual(exporter.status(), 200)
        exporter.write_web(f"basic_auth_users: {{alice: {password_hash('changed')}, "
                           f"carol: {password_hash('new')}}}\n")
        exporter.wait_for_status(200, self.as_user("carol", "new"))
        self.assertEqual(exporter.status(self.as_user("alice", "secret")), 401)
        self.assertEqual(exporter.status(self.as_user("alice", "changed")), 200)
        self.assertEqual(exporter.status(self.as_user("bob", "x" * 72)), 401)

    def test_a_broken_file_lets_nobody_in_until_it_is_corrected(self) -> None:
        exporter = self.serve_users()
        for bad in ("basic_auth_users: {alice: secret}\n", "basic_auth_users: [\n", None):
            with self.subTest(web=bad):
                if bad is None:
                    exporter.web_file.unlink()
                else:
                    exporter.write_web(bad)
                exporter.wait_for_status(500)
                answer = exporter.request("/metrics")
                self.assertEqual(answer.status, 500)
                self.assertNotIn("pdtt_", answer.body)
                self.assertEqual(exporter.status(path="/-/healthy"), 500)
                exporter.write_web(self.HASHES)
                exporter.wait_for_status(200)
        self.assertEqual(exporter.log_text().count("every request is refused"), 3)
        self.assertNotIn("alice: secret", exporter.log_text())

    def test_a_file_that_is_being_written_never_opens_the_door(self) -> None:
        exporter = self.serve_users()
        seen = set()
        for _ in range(20):
            for content in ("", self.HASHES):  # as an editor begins and ends
                exporter.web_file.write_text(content, encoding="utf-8")
                time.sleep(0.05)
                seen.add(exporter.status(Client()))
        self.assertEqual(seen, {401})

    def test_an_unknown_user_costs_as_much_time_as_a_known_one(self) -> None:
        exporter = self.serve_users(f"basic_auth_users: {{alice: {password_hash('secret', 10)}}}\n")

        def seconds(user: str) -> float:
            taken = []
            for attempt in range(7):
                began = time.monotonic()
                self.assertEqual(exporter.status(self.as_user(user, f"wrong{attempt}")), 401)
                taken.append(time.monotonic() - began)
            return statistics.median(taken)

        known, unknown = seconds("alice"), seconds("carol")
        self.assertAlmostEqual(unknown / known, 1, delta=0.4)
        self.assertGreater(unknown, 0.03)  # a check of cost 10, whatever curl itself takes

    def test_those_let_in_are_answered_during_a_flood_of_wrong_passwords(self) -> None:
        exporter = self.serve_users(f"basic_auth_users: {{alice: {password_hash('secret', 12)}}}\n")
        with Flood(exporter.port, threads=40) as flood:
            wait_for(lambda: flood.answers.get(503), "too many checks", timeout=20)
            taken = []
            for _ in range(20):
                began = time.monotonic()
                self.assertEqual(exporter.status(), 200)
                taken.append(time.monotonic() - began)
                time.sleep(0.1)
        print(f"slowest of {len(taken)}: {max(taken):.3f} s, {flood.answers}", file=sys.stderr)
        self.assertLess(max(taken), 1.0 * TIME_FACTOR, taken)
        self.assertLessEqual(set(flood.answers), {401, 503})
        self.assertGreater(flood.answers[401], 2)


class Flood:
    """Clients that guess passwords as fast as they are answered."""

    def __init__(self, port: int, threads: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: dict[int, int] = {}
        self._threads = [threading.Thread(target=self._guess, args=(number,), daemon=True)
                         for number in range(threads)]

    def __enter__(self) -> "Flood":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guess(self, number: int) -> None:
        attempt = 0
        while not self._stop.is_set():
            attempt += 1
            guess = base64.b64encode(f"alice:{number}-{attempt}".encode()).decode()
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                connection.request("GET", "/metrics", headers={"Authorization": f"Basic {guess}"})
                status = connection.getresponse().status
                with self._lock:
                    self.answers[status] = self.answers.get(status, 0) + 1
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.01)


class Scraped(TlsTest):
    """The exporter behind Prometheus, as an administrator would set both up."""

    PROGRAMS = (*TlsTest.PROGRAMS, "prometheus")

    def test_prometheus_scrapes_over_mutual_tls_with_a_password(self) -> None:
        ours, foreign = self.authority.client(), self.other.client()
        exporter = self.serve(
            self.tls("client_auth_type: RequireAndVerifyClientCert",
                     f"client_ca_file: {self.authority.certificate}",
                     "client_allowed_sans: [scraper.example.org]", "min_version: TLS13") +
            f"basic_auth_users: {{prometheus: {password_hash('secret', 10)}}}\n", "https",
            Client((*self.trusting(ours).flags, "--user", "prometheus:secret")))

        def secured(name: str, pair: Pair, password: str) -> dict[str, Any]:
            return job(name, {"here": f"127.0.0.1:{exporter.port}"}, scheme="https",
                       tls_config={"ca_file": str(self.authority.certificate),
                                   "cert_file": str(pair.certificate), "key_file": str(pair.key)},
                       basic_auth={"username": "prometheus", "password": password})

        prometheus = Prometheus(self.world, self.addCleanup, {"scrape_configs": [
            secured("right", ours, "secret"), secured("wrong", ours, "guess"),
            secured("foreign", foreign, "secret")]})
        wait_for(lambda: len(prometheus.instant("up")) == 3, "three jobs", timeout=20)
        up = {item["metric"]["job"]: item["value"][1] for item in prometheus.instant("up")}
        self.assertEqual(up, {"right": "1", "wrong": "0", "foreign": "0"})
        layer = prometheus.instant("pdtt_layer_up{layer='cgroup'}")
        self.assertEqual([(item["metric"]["job"], item["value"][1]) for item in layer],
                         [("right", "1")])
        # What OpenMetrics alone has, and Prometheus asks for by itself.
        self.assertEqual(len(prometheus.instant("pdtt_host_receive_bytes_created")), 1)


class Responses(WebTest):
    """Headers and the rate limit."""

    def test_headers_are_on_every_response_and_replace_others(self) -> None:
        exporter = self.serve(
            "http_server_config:\n  headers:\n"
            "    Strict-Transport-Security: max-age=31536000; includeSubDomains\n"
            "    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n"
            "    X-XSS-Protection: 1\n    Content-Security-Policy: default-src 'none'\n"
            f"basic_auth_users: {{alice: {password_hash('secret')}}}\n",
            client=Client(("--user", "alice:secret")))
        for client, path, method, status in (
                (exporter.client, "/metrics", "GET", 200), (exporter.client, "/", "GET", 200),
                (exporter.client, "/nosuch", "GET", 404), (exporter.client, "/", "POST", 405),
                (exporter.client, "/metrics", "HEAD", 200), (Client(), "/metrics", "GET", 401)):
            with self.subTest(path=path, status=status):
                done = exporter.ask(client, path, method)
                self.assertEqual(done.status, status)
                self.assertEqual(done.headers["X-Frame-Options"], "deny")
                self.assertEqual(done.headers["X-XSS-Protection"], "1")
                self.assertEqual(done.headers["Content-Security-Policy"], "default-src 'none'")
                self.assertEqual(done.headers["Strict-Transport-Security"],
                                 "max-age=31536000; includeSubDomains")
                self.assertEqual(done.headers["X-Content-Type-Options"], "nosniff")

    def test_more_requests_than_the_limit_are_refused(self) -> None:
        exporter = self.serve("rate_limit: {interval: 1h, burst: 5}\n")  # start() takes one or two
        answers = [exporter.status(path="/-/healthy") for _ in range(6)]
        self.assertEqual(answers[0], 200)
        self.assertEqual(answers[-1], 429)
        exporter.write_web("rate_limit: {interval: 0, burst: 5}\n")
        exporter.wait_for_status(200)
        self.assertEqual([exporter.status() for _ in range(10)], [200] * 10)
        exporter.write_web("rate_limit: {interval: 1h, burst: 1}\n")
        exporter.wait_for_status(429)

    def test_the_limit_gives_way_with_time(self) -> None:
        exporter = self.serve("rate_limit: {interval: 500ms, burst: 1}\n")
        exporter.wait_for_status(429)
        time.sleep(0.6 * TIME_FACTOR)
        self.assertEqual(exporter.status(), 200)


class Start(KernelTest):
    """What is found out before anything is served."""

    PROGRAMS = ("openssl", "htpasswd")

    def run_exporter(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        return subprocess.run([str(binary()), *arguments], capture_output=True, text=True,
                              check=False, env=environment(), timeout=20 * TIME_FACTOR)

    def test_a_broken_web_configuration_stops_the_start_and_the_check(self) -> None:
        authority = Authority(self.world.directory, "start-ca")
        server = authority.server()
        web = self.world.directory / "start-web.yml"
        config = self.world.directory / "start.yml"
        config.write_text(f"cgroup: {self.world.cgroup.path}\n"
                          f"web: {{listen: ['127.0.0.1:0'], config_file: {web}}}\n")
        tls = "tls_server_config: {{cert_file: {}, key_file: {}}}\n".format
        for content, error in (
                ("nonsense: 1\n", f"{web}:1:1: unknown key"),
                (tls("missing.crt", server.key), f"{web}:1:32: tls_server_config.cert_file: "),
                (tls(server.certificate, authority.pair.key), "the key is not the certificate's"),
                (tls(server.key, server.key), "not a certificate in PEM"),
                (tls(server.certificate, server.certificate), "not a private key in PEM"),
                (tls(server.certificate, server.key).replace(
                    "}", ", client_auth_type: RequireAndVerifyClientCert, "
                    f"client_ca_file: {server.key}}}"), "not a certificate in PEM")):
            web.write_text(content)
            for arguments in ((f"--config.file={config}",), ("check-config", os.fspath(config))):
                with self.subTest(content=content, arguments=arguments):
                    done = self.run_exporter(*arguments)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn(error, done.stderr)
                    self.assertIn(f"{web}:1:", done.stderr)
        web.write_text(tls(server.certificate, server.key))
        done = self.run_exporter("check-config", os.fspath(config))
        self.assertEqual((done.returncode, done.stdout),
                         (0, f"{web}: ok\n{config}: ok\n"), done.stderr)
        web.unlink()
        done = self.run_exporter(f"--config.file={config}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot read the web configuration file {web}", done.stderr)


if __name__ == "__main__":
    main()
