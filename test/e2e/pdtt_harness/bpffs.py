# SPDX-License-Identifier: Apache-2.0
"""A bpffs of the test's own, so that what is pinned can neither meet nor outlive anything else."""

from pathlib import Path
from typing import ClassVar

from . import shell
from .case import KernelTest
from .world import World


class Bpffs:
    """Mounted below the world's directory; what is pinned in it goes with remove()."""

    def __init__(self, world: World) -> None:
        self.path = world.directory / "bpf"
        self.path.mkdir()
        shell.run("mount", "-t", "bpf", "bpf", str(self.path))

    @property
    def pin_path(self) -> Path:
        """Where exporters of the test pin."""
        return self.path / "pdtt"

    def remove(self) -> None:
        """Unmounts it: the kernel then lets go of all that was pinned."""
        shell.run("umount", str(self.path))
        self.path.rmdir()


class PinningTest(KernelTest):
    """Tests of exporters that pin."""

    bpffs: ClassVar[Bpffs]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.bpffs = Bpffs(cls.world)
        cls.addClassCleanup(cls.bpffs.remove)

    def persist_flags(self) -> tuple[str, ...]:
        """To take over what the last exporter left."""
        return "--persist", f"--pin-path={self.bpffs.pin_path}"
