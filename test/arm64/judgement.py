# SPDX-License-Identifier: Apache-2.0
"""Judges the report that init.sh of an emulated machine wrote to its console."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "e2e"))
from pdtt_harness.scrape import Scrape  # pylint: disable=wrong-import-position

# In the order in which layers.socket: auto tries them.
WAYS = ("tracepoint", "fentry", "kprobe")

# IP and TCP headers of a packet, without and with all options that there can be, and the largest
# packet, which may be sent again.
_LEAST_HEADERS = 40
_MOST_HEADERS = 80
_LARGEST_PACKET = 65_535
# The end of a connection, which a socket without an owner may see: some packets without payload.
_LAST_PACKETS = 4 * _MOST_HEADERS

_PART = re.compile(r"^@@begin (\S+)\n(.*?)\n@@end \1 (\d+)$", re.MULTILINE | re.DOTALL)
_KERNEL_COMPLAINT = re.compile(r".*\b(?:BUG|WARNING|Oops|Call trace)\b.*")


@dataclass(frozen=True)
class Exchange:
    """What alice asked bob and what he answered, in bytes of payload."""

    asked: int
    answered: int


class Failure(Exception):
    """A check that failed; the text says what was seen."""


class Judge:
    """The checks, over one report."""

    def __init__(self, console: str, exchange: Exchange) -> None:
        self._parts: dict[str, tuple[str, int]] = {
            name: (text, int(status)) for name, text, status in _PART.findall(console)}
        self._exchange = exchange

    def checks(self) -> Iterator[tuple[str, str]]:
        """What each check is about, and why it failed or nothing."""
        yield "it is an arm64 machine", _problem(self._machine)
        yield "doctor says what can run", _problem(self._doctor)
        for way in ("auto", *WAYS):
            yield f"{way}: counts what was exchanged", _problem(self._traffic, way)
            yield f"{way}: counts the payload, or says why not", _problem(self._payload, way)
            yield f"{way}: exits with 0 on SIGTERM", _problem(self._text, f"stopped-{way}")
        yield "XDP counts the frames of lo", _problem(self._xdp)
        yield "the kernel has nothing to complain about", _problem(self._kernel)

    def _text(self, name: str) -> str:
        if name not in self._parts:
            raise Failure(f"the report has no part {name}")
        text, status = self._parts[name]
        if status != 0:
            raise Failure(f"{name}: exit {status}: {text}")
        return text

    def _machine(self) -> None:
        _expect("aarch64" in self._text("machine"), self._text("machine"))

    def _doctor(self) -> None:
        diagnosis = json.loads(self._text("doctor"))
        _expect(diagnosis["machine"] == "aarch64", diagnosis["machine"])
        _expect(diagnosis["can_run"] is True, "it cannot run")
        layers = {row["name"]: row for row in diagnosis["rows"] if row["kind"] == "layer"}
        for name in ("xdp", "sockops", "cgroup"):
            _expect(layers[name]["can_run"], f"{name}: {layers[name]['detail']}")
        _expect(self._ways() != [], "payload can be counted in no way")

    def _ways(self) -> list[str]:
        """The ways that doctor says can be used here."""
        rows = json.loads(self._text("doctor"))["rows"]
        can_run = {row["name"] for row in rows if row["kind"] == "way" and row["can_run"]}
        return [way for way in WAYS if way in can_run]

    def _page(self, way: str) -> Scrape:
        got = self._text(f"exchange-{way}").split()
        wanted = [str(self._exchange.asked), str(self._exchange.answered)]
        _expect(got == wanted, f"bob and alice got {got} bytes, not {wanted}")
        return Scrape(self._text(f"metrics-{way}"))

    def _traffic(self, way: str) -> None:
        page = self._page(way)
        page.assert_balanced()
        for sender, receiver, payload in (("alice", "bob", self._exchange.asked),
                                          ("bob", "alice", self._exchange.answered)):
            sent = page.sum("pdtt_user_transmit_bytes_total", user=sender)
            received = page.sum("pdtt_user_receive_bytes_total", user=receiver)
            packets = page.sum("pdtt_user_transmit_packets_total", user=sender)
            again = page.sum("pdtt_user_tcp_retransmitted_segments_total", user=sender)
            most = payload + packets * _MOST_HEADERS + again * _LARGEST_PACKET
            _expect(payload + packets * _LEAST_HEADERS <= sent <= most,
                    f"{sender} sent {payload} bytes in {packets} packets, {again} of them again; "
                    f"counted {sent}")
            _expect(abs(sent - received) <= _LAST_PACKETS,
                    f"{sender} sent {sent} bytes, {receiver} received {received}")

    def _payload(self, way: str) -> None:
        page = self._page(way)
        ways = self._ways()
        wanted = next(iter(ways), "off") if way == "auto" else way if way in ways else "off"
        info, _ = next(page.series("pdtt_layer_info", layer="socket"))
        _expect(info["mode"] == wanted, f"the layer is {info}, but doctor says {ways} can run")
        up = page.value("pdtt_layer_up", layer="socket")
        if wanted == "off":
            _expect(up == 0 and info["reason"] != "", f"up is {up}, the layer is {info}")
            return
        _expect(up == 1, f"up is {up}")
        for user, sent, received in (
                ("alice", self._exchange.asked, self._exchange.answered),
                ("bob", self._exchange.answered, self._exchange.asked)):
            counted = (page.sum("pdtt_user_socket_transmit_bytes_total", user=user),
                       page.sum("pdtt_user_socket_receive_bytes_total", user=user))
            _expect(counted == (sent, received),
                    f"{user} wrote {sent} and read {received} bytes; counted {counted}")

    def _xdp(self) -> None:
        page = self._page("auto")
        for user, payload in (("alice", self._exchange.answered), ("bob", self._exchange.asked)):
            counted = page.sum("pdtt_user_xdp_receive_bytes_total", user=user, interface="lo")
            received = page.sum("pdtt_user_receive_bytes_total", user=user)
            _expect(payload < counted, f"{user} received {received} bytes; counted {counted}")

    def _kernel(self) -> None:
        complaint = _KERNEL_COMPLAINT.search(self._text("dmesg"))
        _expect(complaint is None, complaint[0] if complaint else "")


def _expect(holds: bool, problem: str) -> None:
    if not holds:
        raise Failure(problem)


def _problem(check: Callable[..., object], *arguments: str) -> str:
    try:
        check(*arguments)
    except (Failure, AssertionError, LookupError, ValueError, StopIteration) as failure:
        return f"{type(failure).__name__}: {failure}"
    return ""
