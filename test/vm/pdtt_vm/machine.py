# SPDX-License-Identifier: Apache-2.0
"""A virtual machine that boots a kernel on this machine's own files and carries out one job.

The files are seen through virtio-9p, read-only; what the guest changes stays in its memory. A small
directory of the host's is the only place it can write to. There is no network device.
"""

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .kernels import Kernel

_GUEST = Path(__file__).resolve().parent.parent / "guest"
_BUSYBOX = Path("/bin/busybox")
# To find the files; everything else is loaded from there.
_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_rng")
_APPLETS = ("insmod", "mkdir", "mount", "sh", "switch_root", "umount")
# The files do not change while the guest runs, so it may keep what it has read.
_MACHINE_OPTIONS = "ro,trans=virtio,version=9p2000.L,access=any,cache=loose,msize=1048576"
_UNPACKERS = {".xz": ("xz", "-dc"), ".zst": ("zstd", "-dcq"), ".ko": ("cat",)}
# What a healthy kernel does not say.
_COMPLAINT = re.compile(r"BUG:|WARNING:|Oops|Call Trace:|general protection|Kernel panic|"
                        r"UBSAN:|KASAN:|blocked for more than|refcount_t")
# Without what emulation is slow at: string instructions that go byte by byte, five levels of page
# tables, switches around each access to user memory.
_PROCESSOR = "max,erms=off,fsrm=off,la57=off,smap=off,smep=off"
# On a busy machine an emulated processor may stand still for a minute; no watchdog is to bark.
_PATIENCE = "nowatchdog rcupdate.rcu_cpu_stall_suppress=1"


@dataclass(frozen=True)
class Outcome:
    """How the job ended."""

    status: int | None  # the job's exit status; None if it did not come to an end
    why: str  # it did not come to an end
    complaints: tuple[str, ...]  # of the kernel
    seconds: float


@dataclass(frozen=True)
class Machine:
    """How a guest is equipped."""

    kernel: Kernel
    processors: int = 2
    memory: str = "3G"

    def run(self, job: str, results: Path, limit: float, echo: bool = False) -> Outcome:
        """Boots, runs the shell script `job` and returns when the guest has switched itself off.

        `results` is /run/pdtt-vm in the guest; its output is there, in the file of that name, and
        with `echo` on this standard output, too. After `limit` seconds the guest is killed.
        """
        results.mkdir(parents=True, exist_ok=True)
        for name in ("status", "dmesg"):
            (results / name).unlink(missing_ok=True)
        (results / "output").write_bytes(b"")
        (results / "job").write_text(job, encoding="utf-8")
        (results / "capabilities").write_text(_file_capabilities(), encoding="utf-8")
        begun = time.monotonic()
        with (results / "qemu").open("wb") as log:
            process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--",
                                        *self._command(results)], stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=subprocess.STDOUT)
            try:
                why = _watch(process, results, begun + limit, echo)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
        status = _read(results / "status").strip()
        said = _read(results / "dmesg") or _read(results / "console")
        if not status:
            last = [line for line in _read(results / "console").splitlines() if line.strip()][-5:]
            why = " | ".join([why or "the guest ended before the job did", *last,
                              _read(results / "qemu").strip()])
        return Outcome(int(status) if status else None, why if not status else "",
                       tuple(complaints(said)), time.monotonic() - begun)

    def _command(self, results: Path) -> list[str]:
        initramfs = results / "initramfs"
        _build_initramfs(self.kernel, initramfs)
        parameters = (f"console=ttyS0 loglevel=4 panic=-1 mitigations=off {_PATIENCE} "
                      f"INIT={_GUEST / 'init.sh'} KERNEL=/machine{self.kernel.folder} "
                      f"MACHINE_OPTIONS={_MACHINE_OPTIONS} rdinit=/init")
        return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", _PROCESSOR,
                "-smp", str(self.processors), "-m", self.memory,
                "-kernel", str(self.kernel.folder / "vmlinuz"), "-initrd", str(initramfs),
                "-append", parameters,
                "-chardev", f"file,id=console,path={results / 'console'}",
                "-serial", "chardev:console",
                "-device", "virtio-rng-pci",
                "-virtfs", "local,path=/,mount_tag=machine,security_model=none,readonly=on,"
                           "multidevs=remap",
                "-virtfs", f"local,path={results},mount_tag=results,security_model=none"]


def complaints(log: str) -> list[str]:
    """The lines of a kernel's log that it should not have."""
    return [line for line in log.splitlines()
            if _COMPLAINT.search(line)]


def _watch(process: "subprocess.Popen[bytes]", results: Path, deadline: float,
           echo: bool) -> str:
    with (results / "output").open("rb") as output:
        while True:
            ended = process.poll() is not None
            piece = output.read()
            if echo and piece:
                sys.stdout.buffer.write(piece)
                sys.stdout.flush()
            if ended:
                return ""
            if time.monotonic() > deadline:
                return "time limit reached"
            time.sleep(0.2)


def _build_initramfs(kernel: Kernel, target: Path) -> None:
    root = target.with_name("initramfs-root")
    shutil.rmtree(root, ignore_errors=True)
    for folder in ("bin", "changes", "dev", "machine", "proc", "root"):
        (root / folder).mkdir(parents=True)
    shutil.copy(_BUSYBOX, root / "bin/busybox")
    for applet in _APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    shutil.copy(_GUEST / "initramfs.sh", root / "init")
    (root / "init").chmod(0o755)
    names = []
    for path in _module_files(kernel):
        name = path.name.split(".")[0] + ".ko"
        content = subprocess.run([*_UNPACKERS[path.suffix], str(path)], check=True,
                                 stdout=subprocess.PIPE).stdout
        (root / name).write_bytes(content)
        names.append(f"/{name}\n")
    (root / "modules").write_text("".join(names), encoding="ascii")
    listing = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with target.open("wb") as archive:
        subprocess.run([str(_BUSYBOX), "cpio", "-o", "-H", "newc"], cwd=root, check=True,
                       input=listing.encode(), stdout=archive, stderr=subprocess.DEVNULL)
    shutil.rmtree(root)


def _module_files(kernel: Kernel) -> list[Path]:
    """The modules a guest needs to find its files, in the order to load them."""
    found: list[Path] = []
    for module in _MODULES:
        listed = subprocess.run(
            ["modprobe", "-d", str(kernel.folder), "-S", kernel.release,
             "--show-depends", module], check=False, capture_output=True, text=True).stdout
        found += [Path(line.split()[1]) for line in listed.splitlines()
                  if line.startswith("insmod ")]
    return list(dict.fromkeys(found))


def _file_capabilities() -> str:
    """Those of the machine's programs: 9p does not show them, so the guest sets them again."""
    return subprocess.run(["getcap", "-r", "/usr/bin", "/usr/sbin"], check=False,
                          capture_output=True, text=True).stdout


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
