#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Boots an emulated arm64 machine, lets the exporter count in it, and checks what it counted.

usage: boot.py KERNEL     one of those that pdtt_vm.kernels knows
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "vm"))
from judgement import WAYS, Exchange, Judge  # pylint: disable=wrong-import-position
from pdtt_vm import kernels  # pylint: disable=wrong-import-position

BUILD = HERE.parent.parent / "build"
SYSROOT = BUILD / "_sysroot-arm64"
EXPORTER = BUILD / "arm64/exporter/app/pdtt-exporter"
LIBRARIES = ("lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu")
LOADER = "lib/ld-linux-aarch64.so.1"

# The answer is larger than a pipe (64 KiB), and what is left fits into a socket's buffer.
EXCHANGE = Exchange(asked=300_007, answered=100_021)
TIME_LIMIT = 900  # seconds; an idle machine takes a sixth of it
SKIPPED = 77


def main() -> int:
    """Boots, prints a line per check, and returns how the program ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # which also ends the machine
    try:
        kernel = kernels.fetch(sys.argv[1], BUILD / "_kernels", "arm64")
    except kernels.Unavailable as reason:
        print(f"skipped {sys.argv[1]}: {reason}")
        return SKIPPED
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pdtt-arm64-") as work:
        initramfs = Path(work) / "initramfs"
        _make_initramfs(Path(work) / "root", initramfs)
        console = _boot(kernel.folder / "vmlinuz", initramfs)
    failed = False
    for what, problem in Judge(console, EXCHANGE).checks():
        print(f"FAILED {kernel.release}: {what}: {problem}" if problem else
              f"ok     {kernel.release}: {what}")
        failed = failed or bool(problem)
    if failed:
        print(f"== the console of {kernel.release}\n{console}")
    print(f"== {kernel.release}: {time.monotonic() - begun:.0f} s")
    return int(failed)


def _make_initramfs(root: Path, initramfs: Path) -> None:
    for folder in ("bin", "dev", "etc", "lib", "proc", "sys", "tmp"):
        (root / folder).mkdir(parents=True)
    shutil.copy(HERE / "init.sh", root / "init")
    shutil.copy(SYSROOT / "bin/busybox", root / "bin")
    subprocess.run(["aarch64-linux-gnu-strip", "-o", root / "bin/pdtt-exporter", EXPORTER],
                   check=True)
    for library in (SYSROOT / LOADER, *_libraries(EXPORTER)):
        shutil.copy(library, root / "lib")
    for program in ("init", "bin/busybox", LOADER):
        (root / program).chmod(0o755)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\n"
                                     "alice:x:1001:1001::/:/bin/sh\n"
                                     "bob:x:1002:1002::/:/bin/sh\n", encoding="ascii")
    (root / "etc/pdtt-test").write_text(
        f"ASKED={EXCHANGE.asked}\nANSWERED={EXCHANGE.answered}\nPORT=5001\nMETRICS_PORT=10435\n"
        f"WAYS='{' '.join(WAYS)}'\n", encoding="ascii")
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with initramfs.open("wb") as archive:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=root, check=True,
                       input=names.encode(), stdout=archive)


def _libraries(program: Path) -> set[Path]:
    """The shared libraries that a program needs, and those that they need."""
    found: set[Path] = set()
    wanted = [program]
    while wanted:
        dynamic = subprocess.run(["readelf", "-d", wanted.pop()], check=True, text=True,
                                 capture_output=True).stdout
        for name in re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic):
            if name == Path(LOADER).name:
                continue
            library = next(path for folder in LIBRARIES
                           if (path := SYSROOT / folder / name).exists())
            if library not in found:
                found.add(library)
                wanted.append(library)
    return found


def _boot(kernel: Path, initramfs: Path) -> str:
    """What the machine wrote to its console until it switched off or its time was over."""
    # A processor that servers have, without the slow pointer authentication of newer ones.
    argv = ["qemu-system-aarch64", "-M", "virt", "-cpu", "neoverse-n1", "-smp", "2", "-m", "1024",
            "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", str(kernel), "-initrd", str(initramfs),
            "-append", "console=ttyAMA0 rdinit=/init quiet loglevel=1 panic=-1 kpti=off"]
    try:
        output = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=TIME_LIMIT, check=False).stdout
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"") + f"\nstill running after {TIME_LIMIT} s".encode()
    return output.decode(errors="replace").replace("\r", "")


if __name__ == "__main__":
    sys.exit(main())
