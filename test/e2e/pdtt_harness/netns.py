# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces joined by veth pairs whose interfaces count real frames.

The stack keeps its super-packets (GSO and GRO are on), but the devices do not take them: they are
cut into frames just before the device, so that the peer's interface counts what a wire would carry.
Neighbours are static and IPv6 autoconfiguration is off: no frame is sent that no program sent.
"""

import contextlib
import ctypes
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import shell

LINK_HEADER_BYTES = 14
_DISCARD_PORT = 9
_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_NAME = "pdtt-{pid}-{side}"


@dataclass(frozen=True)
class Frames:
    """What an interface counted."""

    rx_bytes: int
    rx_packets: int
    rx_dropped: int
    tx_bytes: int
    tx_packets: int
    tx_dropped: int

    def __sub__(self, other: "Frames") -> "Frames":
        return Frames(*(mine - theirs for mine, theirs in zip(self.astuple(), other.astuple())))

    def astuple(self) -> tuple[int, ...]:
        """The six counts in the order of the fields."""
        return (self.rx_bytes, self.rx_packets, self.rx_dropped,
                self.tx_bytes, self.tx_packets, self.tx_dropped)


class Namespace:
    """A named network namespace."""

    def __init__(self, side: str) -> None:
        self.name = _NAME.format(pid=os.getpid(), side=side)
        self.path = f"/run/netns/{self.name}"
        shell.run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *args: str) -> str:
        """Runs ip(8) on this namespace."""
        return shell.run("ip", "-n", self.name, *args)

    def run(self, *argv: str, check: bool = True) -> str:
        """Runs a command inside, without changing its view of the file system."""
        return shell.run("nsenter", f"--net={self.path}", *argv, check=check)

    def frames(self, device: str) -> Frames:
        """The interface's own counters."""
        return self.all_frames()[device]

    def all_frames(self) -> dict[str, Frames]:
        """The counters of every interface but loopback."""
        found = {}
        for link in shell.run_json("ip", "-n", self.name, "-s", "-j", "link", "show"):
            rx, tx = link["stats64"]["rx"], link["stats64"]["tx"]
            if link["link_type"] != "loopback":
                found[link["ifname"]] = Frames(rx["bytes"], rx["packets"], rx["dropped"],
                                               tx["bytes"], tx["packets"], tx["dropped"])
        return found

    def ip_packets(self) -> tuple[int, int]:
        """Packets the IP layers received and sent: a super-packet is one of them."""
        ipv4 = self._snmp("Ip:")
        received, sent = ipv4["InReceives"], ipv4["OutRequests"]
        for line in self.run("cat", "/proc/net/snmp6").splitlines():
            name, value = line.split()
            received += int(value) if name == "Ip6InReceives" else 0
            sent += int(value) if name == "Ip6OutRequests" else 0
        return received, sent

    def resent_segments(self) -> int:
        """TCP segments that the stack sent again."""
        return self._snmp("Tcp:")["RetransSegs"]

    def _snmp(self, prefix: str) -> dict[str, int]:
        lines = self.run("cat", "/proc/net/snmp").splitlines()
        names, values = (line.split()[1:] for line in lines if line.startswith(prefix))
        return dict(zip(names, map(int, values)))

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Puts the calling thread into this namespace: sockets made meanwhile belong to it."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.path, "rb") as there:
            _setns(there.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def free_port(self) -> int:
        """A TCP port that nobody listens on inside."""
        return free_port(self)

    def remove(self) -> None:
        """Ends what still runs inside, then deletes the namespace."""
        _remove(self.name)


def _inside(namespace: Namespace | None) -> contextlib.AbstractContextManager[None]:
    return namespace.entered() if namespace else contextlib.nullcontext()


def free_port(namespace: Namespace | None = None) -> int:
    """A TCP port that nobody listens on, here or in a namespace."""
    with _inside(namespace), socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def connect_to(port: int, namespace: Namespace | None, timeout: float) -> socket.socket:
    """A TCP connection to 127.0.0.1, here or in a namespace."""
    with _inside(namespace):
        return socket.create_connection(("127.0.0.1", port), timeout=timeout)


@dataclass(frozen=True)
class Link:
    """One veth pair; the device has the same name on both sides."""

    device: str
    host4: str
    peer4: str
    host6: str
    peer6: str
    counted_header: int = LINK_HEADER_BYTES  # see counted_header()

    def ip_bytes(self, frame_bytes: int, frames: int) -> int:
        """Bytes an interface of this link counted, without link headers."""
        return frame_bytes - self.counted_header * frames

    def host(self, family: int) -> str:
        """The address on the users' side."""
        return self.host4 if family == 4 else self.host6

    def peer(self, family: int) -> str:
        """The address on the other side."""
        return self.peer4 if family == 4 else self.peer6


def connect(host: Namespace, peer: Namespace, index: int) -> Link:
    """Joins two namespaces with a veth pair in subnets of their own."""
    device = f"veth{index}"
    subnet = index + 1
    link = Link(device, f"10.77.{subnet}.1", f"10.77.{subnet}.2",
                f"fd77:{subnet}::1", f"fd77:{subnet}::2")
    shell.run("ip", "link", "add", device, "netns", host.name, "type", "veth",
              "peer", "name", device, "netns", peer.name)
    for side, ipv4, ipv6 in ((host, link.host4, link.host6), (peer, link.peer4, link.peer6)):
        for key, value in (("router_solicitations", 0), ("accept_ra", 0), ("accept_dad", 0)):
            side.run("sysctl", "-qw", f"net.ipv6.conf.{device}.{key}={value}")
        side.ip("link", "set", device, "addrgenmode", "none")
        side.run("ethtool", "-K", device, "tso", "off", "tx-udp-segmentation", "off",
                 "gso", "on", "gro", "on")
        # With a queue in front, veth holds back what its short ring cannot take (Linux 6.16).
        side.run("tc", "qdisc", "replace", "dev", device, "root", "pfifo", "limit", "10000")
        side.ip("link", "set", device, "up")
        side.ip("addr", "add", f"{ipv4}/24", "dev", device)
        side.ip("addr", "add", f"{ipv6}/64", "dev", device, "nodad")
    for side, other, addresses in ((host, peer, (link.peer4, link.peer6)),
                                   (peer, host, (link.host4, link.host6))):
        mac = shell.run_json("ip", "-n", other.name, "-j", "link", "show", "dev",
                             device)[0]["address"]
        for address in addresses:
            side.ip("neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent")
    return link


def wait_until_quiet(side: Namespace, quiet: float = 0.3, timeout: float = 15.0) -> None:
    """Waits until the interfaces of the namespace have counted nothing for a while."""
    deadline = time.monotonic() + timeout * shell.TIME_FACTOR
    last, since = side.all_frames(), time.monotonic()
    while time.monotonic() - since < quiet:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the interfaces in {side.name} did not become quiet")
        time.sleep(0.05)
        now = side.all_frames()
        if now != last:
            last, since = now, time.monotonic()


def counted_header(sender: Namespace, receiver: Namespace, device: str, source: str,
                   target: str) -> int:
    """Bytes per frame that the receiving interface counts above IP.

    veth counts a frame with its link header, but without it where the receiver polls (NAPI, in use
    as soon as GRO or XDP is on). One datagram of known size tells which it is.
    """
    before = receiver.frames(device)
    with sender.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((source, 0))
        made.sendto(bytes(100), (target, _DISCARD_PORT))
    wait_until_quiet(receiver)
    counted = receiver.frames(device) - before
    header = counted.rx_bytes - (20 + 8 + 100)
    if counted.rx_packets != 1 or header not in (0, LINK_HEADER_BYTES):
        raise RuntimeError(f"{device} counted {counted} for one datagram of 128 IP bytes")
    return header


def remove_leftovers() -> None:
    """Deletes the namespaces of test runs that were killed."""
    for name in (line.split()[0] for line in shell.run("ip", "netns", "list").splitlines()):
        match = re.fullmatch(_NAME.format(pid=r"(\d+)", side="[a-z]+"), name)
        if match and not Path("/proc", match[1]).exists():
            _remove(name)


def _remove(name: str) -> None:
    for pid in shell.run("ip", "netns", "pids", name, check=False).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    shell.run("ip", "netns", "delete", name, check=False)


def _setns(fd: int) -> None:
    if _LIBC.setns(fd, _CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"setns: {os.strerror(code)}")
