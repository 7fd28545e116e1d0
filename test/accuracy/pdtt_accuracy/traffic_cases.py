# SPDX-License-Identifier: Apache-2.0
"""Plain traffic: streams and datagrams with and without offloads, many peers, many connections."""

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pdtt_harness.programs import Moved, wait_listening
from pdtt_harness.sockets import PYTHON, SocketShell, drain, peer_connect
from pdtt_harness.world import World, finish, stop

from .case import SIZE, Case, alice, missing_user, unchanged
from .serving import client, serving, serving_peers, users_client

_PROGRAM = Path(__file__).parent / "traffic_program.py"
_UDP_LENGTH = 1400
_UDP_OPTIONS = ("--udp", "--bitrate", "600M", "--length", str(_UDP_LENGTH))

_UDP_PEERS, _UDP_ROUNDS, _UDP_MESSAGE = 1000, 10, 1200
_CONNECTIONS, _REQUEST = 2000, 3000
_PINGS, _PING_BYTES, _ICMP_HEADER = 1000, 1400, 8

_QUERIES, _DOMAIN, _ANSWER = 1000, "suite.test", "192.0.2.1"
# A header and a question with the name n0000.suite.test; the answer repeats it and has 16 more.
_QUERY_BYTES = 12 + 18 + 4
_RESPONSE_BYTES = _QUERY_BYTES + 16


@contextlib.contextmanager
def _without_offloads(world: World) -> Iterator[None]:
    """No super-packets on the users' side: what the stack handles are frames."""
    def switch(state: str) -> None:
        for link in world.links:
            world.host.run("ethtool", "-K", link.device, "gso", state, "gro", state)

    switch("off")
    try:
        yield
    finally:
        switch("on")


def _iperf3(world: World, family: int, upload: bool, options: Sequence[str]) -> Moved:
    address, port = world.links[0].peer(family), world.peer.free_port()
    with serving_peers(world, port, ["iperf3", "--server", "--port", str(port)]):
        report = finish(world.as_user(world.alice, [
            "iperf3", "--client", address, "--port", str(port), "--json", "--bytes", str(SIZE),
            *options, *([] if upload else ["--reverse"])]))
    stream: dict[str, Any] = json.loads(report)["end"]["streams"][0]
    # What arrived: at the end of a run, what is still under way is thrown away.
    if "udp" in stream:
        arrived = stream["udp"]["bytes"] - stream["udp"]["lost_packets"] * _UDP_LENGTH
    else:
        arrived = stream["receiver"]["bytes"]
    return Moved(arrived, 0, 2) if upload else Moved(0, arrived, 2)


def _program(world: World, role: str, address: str, *numbers: int) -> Sequence[str]:
    """The users can't read every place a work tree may be in."""
    copy = world.directory / _PROGRAM.name
    if not copy.exists():
        shutil.copy(_PROGRAM, copy)
        copy.chmod(0o644)
    return [PYTHON, str(copy), role, address, *map(str, numbers)]


def _many_udp_peers(world: World) -> Moved:
    """alice's server answers sockets that each have an address of their own."""
    address, port = world.links[0].host4, world.host.free_port()
    server = world.as_user(world.alice, _program(world, "udp_echo", address, port))
    try:
        wait_listening(world.host, port, "udp")
        client(world, *_program(world, "udp_ask", address, port, _UDP_PEERS, _UDP_ROUNDS,
                                _UDP_MESSAGE))
    finally:
        stop(server)
    size = _UDP_PEERS * _UDP_ROUNDS * _UDP_MESSAGE
    return Moved(size, size, 0)


# The peer closes first, so that its side has what belongs to no socket: no packet of the 2,000
# connections may be missing.
def _connecting(world: World) -> Moved:
    address, port = world.links[0].peer4, world.peer.free_port()
    server = _program(world, "tcp_answer", address, port, _REQUEST, 1)
    with serving_peers(world, port, server):
        users_client(world, world.alice, *_program(world, "tcp_ask", address, port, _CONNECTIONS,
                                                   _REQUEST, 0))
    return Moved(_CONNECTIONS * _REQUEST, _CONNECTIONS * _REQUEST, 1)


def _accepting(world: World) -> Moved:
    address, port = world.links[0].host4, world.host.free_port()
    server = _program(world, "tcp_answer", address, port, _REQUEST, 0)
    with serving(world, port, server, world.alice):
        client(world, *_program(world, "tcp_ask", address, port, _CONNECTIONS, _REQUEST, 1))
    return Moved(_CONNECTIONS * _REQUEST, _CONNECTIONS * _REQUEST, 1)


def _dnsmasq(address: str, port: int) -> Sequence[str]:
    return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
            "--no-hosts", f"--port={port}", f"--listen-address={address}", "--bind-interfaces",
            "--user=dnsmasq", "--pid-file=", "--log-facility=-", f"--address=/{_DOMAIN}/{_ANSWER}"]


def _dig(world: World, address: str, port: int) -> Sequence[str]:
    names = world.directory / "names"
    names.write_text("".join(f"n{number:04}.{_DOMAIN}\n" for number in range(_QUERIES)),
                     encoding="ascii")
    names.chmod(0o644)
    return ["dig", f"@{address}", "-p", str(port), "+noedns", "+short", "-f", str(names)]


def _asked(dig: subprocess.Popen[Any]) -> int:
    """Waits; how many queries were answered, which is all."""
    answers = finish(dig)
    count: int = answers.split().count(_ANSWER)
    if count != _QUERIES:
        raise AssertionError(f"{count} answers to {_QUERIES} queries: {answers[:1000]}")
    return count


def _name_server(world: World) -> Moved:
    """Started by root, it serves as a user of its own."""
    address, port = world.links[0].host4, world.host.free_port()
    with serving(world, port, _dnsmasq(address, port)):
        count = _asked(world.as_peer(_dig(world, address, port), text=True))
    return Moved(count * _RESPONSE_BYTES, count * _QUERY_BYTES, 0)


def _asking_names(world: World) -> Moved:
    address, port = world.links[0].peer4, world.peer.free_port()
    with serving_peers(world, port, _dnsmasq(address, port)):
        count = _asked(world.as_user(world.alice, _dig(world, address, port), text=True))
    return Moved(count * _QUERY_BYTES, count * _RESPONSE_BYTES, 0)


def _ping(world: World, family: int) -> Moved:
    report = finish(world.as_user(world.alice, [
        "ping", "-q", "-n", "-c", str(_PINGS), "-i", "0.002", "-s", str(_PING_BYTES),
        world.links[0].peer(family)], text=True))
    sent, received = map(int, re.findall(r"(\d+) (?:packets transmitted|received)", report))
    size = _PING_BYTES + _ICMP_HEADER
    return Moved(sent * size, received * size, 0)


def _changing_user(world: World) -> Moved:
    """root accepts, and a child that has become alice moves the data."""
    user, address, half = world.alice, world.links[0].host4, SIZE // 2
    with SocketShell(world, None) as shell:
        port = shell.do("listen", address)
        with peer_connect(world, address, port) as peer:
            shell.do("accept")
            shell.do("become", user.uid, user.gid)
            reader = drain(peer)
            shell.do("send", half)
            shell.begin("receive", half)
            peer.sendall(bytes(half))
            shell.answer()
            shell.do("close")
            reader.join()
    return Moved(half, half, 1)


def _daemon(_: World) -> str:
    return "dnsmasq"


def _iperf3_case(protocol: str, family: int, direction: str, offloads: bool) -> Case:
    options = _UDP_OPTIONS if protocol == "UDP" else ()
    return Case(f"iperf3 {protocol} IPv{family} {direction}"
                f"{'' if offloads else ', no offloads'}", alice,
                partial(_iperf3, family=family, upload=direction == "upload", options=options),
                ("iperf3",), stage=unchanged if offloads else _without_offloads)


_DNS = ("dnsmasq", "dig")
_why_no_dnsmasq = partial(missing_user, "dnsmasq", "dnsmasq-base")

CASES: Sequence[Case] = (
    *(_iperf3_case(protocol, family, direction, offloads)
      for offloads in (True, False) for protocol in ("TCP", "UDP") for family in (4, 6)
      for direction in ("upload", "download")),
    Case("UDP server, 1,000 peers", alice, _many_udp_peers),
    Case("2,000 short connections, outbound", alice, _connecting),
    Case("2,000 short connections, inbound", alice, _accepting),
    Case("dnsmasq answering", _daemon, _name_server, _DNS, _why_no_dnsmasq),
    Case("dig asking", alice, _asking_names, _DNS, _why_no_dnsmasq),
    *(Case(f"ping, IPv{family}", alice, partial(_ping, family=family), ("ping",))
      for family in (4, 6)),
    Case("root accepts, a child becomes alice", alice, _changing_user),
)
