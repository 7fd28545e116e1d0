# SPDX-License-Identifier: Apache-2.0
"""What the kernel holds of BPF, and whether this machine lets the tests use it."""

import contextlib
import ctypes
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

from . import shell
from .cgroup import find_cgroup2

_SYSCALL = {"x86_64": 321, "aarch64": 280}
_BPF_PROG_LOAD = 5
_BPF_PROG_TYPE_CGROUP_SKB = 8
_RETURN_1 = bytes.fromhex("b700000001000000" "9500000000000000")  # r0 = 1; exit


def why_not() -> str | None:
    """Why kernel tests cannot run here, or None if they can."""
    if os.geteuid() != 0:
        return "needs root"
    if find_cgroup2() is None:
        return "needs a mounted cgroup2"
    if not Path("/sys/kernel/btf/vmlinux").exists():
        return "needs a kernel with BTF (/sys/kernel/btf/vmlinux)"
    error = _load_error()
    return f"the kernel refuses BPF programs: {os.strerror(error)}" if error else None


def _load_error() -> int:
    """Loads the smallest cgroup program there is; returns errno, 0 if it went well."""
    libc = ctypes.CDLL(None, use_errno=True)
    code, licence = ctypes.create_string_buffer(_RETURN_1), ctypes.create_string_buffer(b"GPL")
    attributes = (ctypes.c_uint64 * 16)()
    attributes[0] = _BPF_PROG_TYPE_CGROUP_SKB | (len(_RETURN_1) // 8) << 32
    attributes[1] = ctypes.addressof(code)
    attributes[2] = ctypes.addressof(licence)
    fd = libc.syscall(_SYSCALL[platform.machine()], _BPF_PROG_LOAD, attributes,
                      ctypes.sizeof(attributes))
    if fd < 0:
        return ctypes.get_errno()
    os.close(fd)
    return 0


def version() -> tuple[int, int]:
    """The running kernel's, to know what a test has to expect."""
    major, minor = map(int, platform.release().split(".")[:2])
    return major, minor


def counts_memlock() -> bool:
    """Whether the memory of maps counts as locked memory: it does before Linux 5.11."""
    return version() < (5, 11)


def tracing_has_socket_storage() -> bool:
    """Whether fentry programs may use a socket's storage: since Linux 5.11."""
    return version() >= (5, 11)


def has_capability(name: str) -> bool:
    """Whether this process has a capability, named as setpriv(1) does."""
    names = shell.run("setpriv", "--list-caps").split()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    effective = re.search(r"(?m)^CapEff:\s*([0-9a-f]+)$", status)
    return bool(effective and int(effective[1], 16) >> names.index(name) & 1)


_Programs = dict[int, tuple[str, bool]]  # by id: the name, and whether a process holds it
_GONE = ("", False)  # it went between two listings


@dataclass(frozen=True)
class BpfObject:
    """One line of a listing; `name` is that of the program or map it is about."""

    kind: str
    identity: str
    name: str
    held: bool  # a living process has it open: it is not what a dead one left


def bpf_objects(namespaces: tuple[str, ...] = ()) -> set[BpfObject]:
    """Everything of BPF that the kernel holds, in bpftool's words.

    `namespaces` are paths of network namespaces whose interfaces are looked at, too.
    """
    found = set()
    open_now = _open_objects()
    programs: _Programs = {}
    for kind in ("prog", "map"):
        for item in shell.run_json("bpftool", "-j", kind, "show"):
            name, held = item.get("name", ""), (kind, item["id"]) in open_now
            found.add(BpfObject(kind, str(item["id"]), name, held))
            if kind == "prog":
                programs[item["id"]] = (name, held)
    for item in shell.run_json("bpftool", "-j", "link", "show"):
        name, _ = programs.get(item.get("prog_id"), _GONE)
        held = ("link", item["id"]) in open_now
        found.add(BpfObject("link", f"{item['id']} {item['type']}", name, held))
    for group in shell.run_json("bpftool", "-j", "cgroup", "tree", str(find_cgroup2())):
        for program in group.get("programs", []):
            name, held = programs.get(program["id"], _GONE)
            found.add(BpfObject("cgroup", f"{group['cgroup']} {program['id']}", name, held))
    found |= _net_objects("", programs)
    for path in namespaces:
        found |= _net_objects(path, programs)
    return found


def _open_objects() -> set[tuple[str, int]]:
    """Kinds and ids of what living processes have open."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            for info in (process / "fdinfo").iterdir():
                for kind, number in re.findall(r"(?m)^(prog|map|link)_id:\t(\d+)$",
                                               info.read_text(encoding="ascii")):
                    found.add((kind, int(number)))
    return found


def _net_objects(namespace: str, programs: _Programs) -> set[BpfObject]:
    enter = ("nsenter", f"--net={namespace}") if namespace else ()
    found = set()
    for section in shell.run_json(*enter, "bpftool", "-j", "net", "show"):
        for hook, entries in section.items():
            for entry in entries:
                name, held = programs.get(entry.get("id"), _GONE)
                found.add(BpfObject("net", f"{hook} {sorted(entry.items())}", name, held))
    return found
