# SPDX-License-Identifier: Apache-2.0
"""Fetches Debian's kernels with apt, verified by its signatures, and unpacks them; see KERNELS.

The mirror is the one this machine's apt is configured for. Nothing is installed, and apt's own
state is not touched. What is there already is not fetched again.

    python3 -m pdtt_vm.kernels [--arch arm64] DIR [NAME...]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The suites of the archive proper and of the security archive that have each kernel.
KERNELS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "5.10": (("bullseye",), ("bullseye-security",)),
    "6.1": (("bookworm",), ("bookworm-security",)),
    "6.12": (("trixie",), ("trixie-security",)),
    "sid": (("sid",), ()),
}

# Signs every suite; comes with the package debian-archive-keyring.
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_PROGRAMS = ("apt-get", "apt-cache", "depmod", "dpkg-deb")
# What linux-image-ARCH depends on and that has files of the kernel; some releases split it up.
_PARTS = re.compile(r"\s+Depends: (linux-(?:image|binary|modules)-\S+)")
_LABELS = ("Debian", "Debian-Security")


class Unavailable(Exception):
    """The kernel cannot be had; the text says why."""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel."""

    name: str
    release: str
    folder: Path  # vmlinuz, lib/modules/RELEASE, config if the package has it
    package: str  # its name and version


def directory_name(name: str, arch: str) -> str:
    """Where below the folder of all kernels this one is."""
    return name if arch == "amd64" else f"{name}-{arch}"


def fetch(name: str, folder: Path, arch: str = "amd64") -> Kernel:
    """The kernel of that name, which is fetched if it is not below `folder` yet."""
    target = folder / directory_name(name, arch)
    if not (target / "package").exists():
        _check_programs()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as work:
            unpacked = _Apt(Path(work), name, arch).unpack()
            shutil.rmtree(target, ignore_errors=True)
            unpacked.rename(target)
            target.chmod(0o755)
    return _look_at(name, target)


def _check_programs() -> None:
    missing = [program for program in _PROGRAMS if not shutil.which(program)]
    if missing:
        raise Unavailable(f"{', '.join(missing)}: not installed")
    if not _KEYRING.exists():
        raise Unavailable(f"{_KEYRING} is missing; install debian-archive-keyring")


def _look_at(name: str, folder: Path) -> Kernel:
    release = next((folder / "lib/modules").iterdir()).name
    package = (folder / "package").read_text(encoding="utf-8").strip()
    return Kernel(name, release, folder, package)


class _Apt:
    """apt with a state of its own, which knows the suites of one kernel and nothing else."""

    def __init__(self, work: Path, name: str, arch: str) -> None:
        self._work = work
        self._arch = arch
        for folder in ("lists/partial", "cache/archives/partial", "debs", "root"):
            (work / folder).mkdir(parents=True)
        (work / "status").touch()
        sources = work / "kernel.sources"
        self._options = [
            "-qq", "-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null",
            "-o", f"Dir::State::lists={work}/lists", "-o", f"Dir::State::status={work}/status",
            "-o", f"Dir::Cache={work}/cache", "-o", f"APT::Architecture={arch}",
            "-o", f"APT::Architectures={arch}", "-o", "Acquire::Languages=none",
            "-o", "Acquire::AllowInsecureRepositories=false", "-o", "Acquire::Retries=3",
            "-o", "APT::Get::AllowUnauthenticated=false",
            # apt's download user can't enter a private folder and would warn about it.
            "-o", "APT::Sandbox::User=root"]
        stanzas = [f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n"
                   f"Signed-By: {_KEYRING}\n"
                   for uri, suites in zip(_mirrors(work), KERNELS[name]) for suite in suites]
        sources.write_text("\n".join(stanzas), encoding="utf-8")

    def unpack(self) -> Path:
        """Downloads and unpacks the kernel; returns the folder."""
        self._run("apt-get", "update")
        root = self._work / "root"
        meta = f"linux-image-{self._arch}"
        names = self._parts(meta)
        if not names:
            raise Unavailable(f"{meta} depends on no kernel")
        for name in names:
            self._run("apt-get", "download", name)
        for package in (self._work / "debs").glob("*.deb"):
            _run("dpkg-deb", "-x", str(package), str(root))
        _tidy(root)
        version = re.search(r"(?m)^Version: (\S+)",
                            self._run("apt-cache", "show", "--no-all-versions", names[0]))
        (root / "package").write_text(f"{names[0]} {version[1] if version else ''}\n",
                                      encoding="utf-8")
        return root

    def _parts(self, package: str) -> list[str]:
        """The packages with the kernel's files that this one stands for."""
        found = []
        for name in _PARTS.findall(self._run("apt-cache", "depends", "--important", package)):
            found += [name, *self._parts(name)]
        return list(dict.fromkeys(found))

    def _run(self, program: str, *arguments: str) -> str:
        return _run(program, *self._options, *arguments, cwd=self._work / "debs")


def _tidy(root: Path) -> None:
    """Puts the kernel and its modules where every release has them, and drops the rest."""
    if (root / "usr/lib/modules").is_dir():
        (root / "usr/lib").rename(root / "lib")
    images = [*root.glob("boot/vmlinu[xz]-*"), *root.glob("lib/modules/*/vmlinuz")]
    releases = list((root / "lib/modules").iterdir())
    if len(images) != 1 or len(releases) != 1:
        raise Unavailable(f"{len(images)} kernels in its packages, {len(releases)} sets of modules")
    images[0].rename(root / "vmlinuz")
    for config in root.glob("boot/config-*"):
        config.rename(root / "config")
    _run("depmod", "-b", str(root), releases[0].name)
    for folder in ("boot", "usr"):
        shutil.rmtree(root / folder, ignore_errors=True)


def _mirrors(work: Path) -> tuple[str, ...]:
    """Where this machine gets Debian and its security updates from."""
    found = _configured_mirrors([])
    if len(found) < len(_LABELS):  # apt tells whose archive it is only if it has its index
        lists = work / "own-lists"
        (lists / "partial").mkdir(parents=True)
        options = ["-qq", "-o", f"Dir::State::lists={lists}", "-o", "APT::Sandbox::User=root"]
        _run("apt-get", *options, "update")
        found = _configured_mirrors(options)
    if _LABELS[0] not in found:
        raise Unavailable("apt is not configured to get anything from Debian")
    return tuple(found[label] for label in _LABELS if label in found)


def _configured_mirrors(options: Sequence[str]) -> dict[str, str]:
    text = _run("apt-get", *options, "indextargets", "--format",
                "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages")
    rows = (line.split("|") for line in text.splitlines())
    return {label: uri for origin, label, uri in rows if origin == "Debian" and label in _LABELS}


def _run(*argv: str, cwd: Path | None = None) -> str:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = re.findall(r"(?m)^E: .*", done.stderr) or [done.stderr.strip()[-500:]]
        # Reasons are published; where this machine gets its packages is nobody's business.
        raise Unavailable(f"{argv[0]}: {re.sub(r'https?://[^ ]+', 'the mirror', errors[0])}")
    return done.stdout


def main() -> None:
    """Fetches what is named on the command line."""
    parser = argparse.ArgumentParser(description="Fetches Debian's kernels.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arch", default="amd64")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(KERNELS)}")
    arguments = parser.parse_args()
    failed = False
    for name in arguments.names or KERNELS:
        try:
            kernel = fetch(name, arguments.folder.resolve(), arguments.arch)
            print(f"{name}: {kernel.release}, {kernel.package}: {kernel.folder}", flush=True)
        except Unavailable as reason:
            print(f"{name}: not available: {reason}", flush=True)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
