# SPDX-License-Identifier: Apache-2.0
"""Certificates made for one test by openssl."""

from dataclasses import dataclass
from pathlib import Path

from . import shell


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def joined(self) -> Path:
        """Both in one file."""
        path = self.certificate.with_suffix(".pem")
        path.write_bytes(self.certificate.read_bytes() + self.key.read_bytes())
        return path


class Authority:
    """A CA that signs whatever is asked for."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._name = name
        self._made = 0
        self.pair = self._make(name, "", ("-addext", "basicConstraints=critical,CA:TRUE"))

    @property
    def certificate(self) -> Path:
        """What those who trust it need."""
        return self.pair.certificate

    def server(self, days: int = 2, address: str = "127.0.0.1") -> Pair:
        """For a loopback address; RSA, which every kind of client can do."""
        return self._signed("server", f"IP:{address},DNS:localhost", days, "rsa:2048")

    def client(self, san: str = "DNS:scraper.example.org") -> Pair:
        """For a client with these alternative names."""
        return self._signed("client", san, 2, "")

    def _signed(self, kind: str, san: str, days: int, key: str) -> Pair:
        self._made += 1
        return self._make(f"{self._name}-{kind}-{self._made}", key, (
            "-CA", str(self.pair.certificate), "-CAkey", str(self.pair.key),
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", f"subjectAltName={san}", "-days", str(days)))

    def _make(self, name: str, key: str, options: tuple[str, ...]) -> Pair:
        pair = Pair(self._directory / f"{name}.crt", self._directory / f"{name}.key")
        kind = ["-newkey", key] if key else ["-newkey", "ec", "-pkeyopt",
                                             "ec_paramgen_curve:prime256v1"]
        shell.run("openssl", "req", "-x509", "-noenc", *kind, "-keyout", str(pair.key),
                  "-out", str(pair.certificate), "-subj", f"/CN={name}", *options)
        return pair


def password_hash(password: str, cost: int = 5) -> str:
    """A bcrypt hash as administrators make it; the cost keeps tests quick."""
    line = shell.run("htpasswd", "-nbBC", str(cost), "user", password)
    return line.strip().partition(":")[2]
