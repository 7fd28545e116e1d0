# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the exporter's API, for what a real exporter never answers."""

import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_PATHS = {"/api/v1/status": "status", "/api/v1/users": "users",
          "/api/v1/connections": "connections"}


def moved(receive: int, transmit: int, receive_rate: float = 0.0,
          transmit_rate: float = 0.0) -> dict[str, Any]:
    """The four numbers that totals, users and connections have."""
    return {"receive_bytes": receive, "transmit_bytes": transmit,
            "receive_bytes_per_second": receive_rate, "transmit_bytes_per_second": transmit_rate}


def user(name: str, uid: int, rate: float = 0.0, share: float = 0.0,
         received: int = 1000) -> dict[str, Any]:
    """A user who receives."""
    history = {"receive_bytes_per_second": [0, rate / 2, rate],
               "transmit_bytes_per_second": [0, 0, 0]}
    return {"uid": uid, "user": name, "share": share, "connections": 1, "history": history,
            **moved(received, 500, rate)}


def connection(name: str, command: str, remote: str, rate: float = 0.0) -> dict[str, Any]:
    """An outbound TCP connection that receives."""
    return {"uid": 1000, "user": name, "protocol": "tcp", "direction": "outbound",
            "local_address": "192.0.2.1", "local_port": 40000, "remote_address": remote,
            "remote_port": 443, "network": "internet", "pid": 4711, "command": command,
            **moved(2000, 1000, rate)}


def resources(users: list[dict[str, Any]],
              connections: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the three paths answer."""
    totals = {**moved(5000, 3000, 100.0, 50.0),
              "excluded_receive_bytes": 0, "excluded_transmit_bytes": 0,
              "unattributed_receive_bytes": 10, "unattributed_transmit_bytes": 0}
    layers = [{"layer": "cgroup", "up": True, "mode": "attached", "reason": "", "remedy": ""},
              {"layer": "xdp", "up": False, "mode": "off", "reason": "no interface is named",
               "remedy": ""}]
    tables = [{"table": "accounts", "entries": 3, "capacity": 4096, "insert_failures": 0}]
    return {"status": {"version": "1.2.3", "revision": "r", "hostname": "host.example",
                       "time": 1_700_000_000.5, "started": 1_699_999_000, "layers": layers,
                       "tables": tables, "totals": totals,
                       "privacy": {"hide_remote_addresses": False, "hide_connections": False,
                                   "uids_only": False}},
            "users": {"time": 1_700_000_000.5, "window_seconds": 1.0,
                      "history_interval_seconds": 1.0, "users": users},
            "connections": {"time": 1_700_000_000.5, "window_seconds": 1.0,
                            "tracked": len(connections), "hidden": False,
                            "connections": connections}}


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are a part of the tests."""


class FakeApi:
    """Serves `resources` on loopback until close(); tests change them while it runs."""

    def __init__(self, answers: Mapping[str, Any], certificate: Path | None = None,
                 client_ca: Path | None = None, password: str = "") -> None:
        """`certificate` is PEM with the key in it; `password` is NAME:PASSWORD."""
        self.answers = dict(answers)
        self.status = 200
        self.raw: bytes | None = None  # instead of the answers
        wanted = "Basic " + b64encode(password.encode()).decode() if password else ""
        api = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            def do_GET(self) -> None:
                """Answers with the resource of the path."""
                if wanted and self.headers.get("Authorization") != wanted:
                    self._send(401, b"Unauthorized\n")
                    return
                if api.raw is not None:
                    self._send(api.status, api.raw)
                    return
                body = api.answers.get(_PATHS.get(self.path, ""))
                if body is None:
                    self._send(404, b"not found\n")
                    return
                self._send(api.status, json.dumps(body).encode())

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Requests are not logged."""

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if client_ca:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_ca)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Nothing listens there any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
