# SPDX-License-Identifier: Apache-2.0
"""What a process uses: processor time to the nanosecond, and memory."""

import re
from pathlib import Path


class ProcessUsage:
    """Of one process, as /proc has it."""

    def __init__(self, pid: int) -> None:
        self._proc = Path("/proc", str(pid))

    def cpu_seconds(self) -> float:
        """Of all its threads that are alive; stat(5) counts in hundredths of a second."""
        total = 0
        for task in (self._proc / "task").iterdir():
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e9

    def resident_mb(self) -> float:
        """VmRSS."""
        return self._mb("status", "VmRSS")

    def peak_mb(self) -> float:
        """The most that was resident since forget_peak()."""
        return self._mb("status", "VmHWM")

    def proportional_mb(self) -> float:
        """Resident memory, where pages that others have too count in part."""
        return self._mb("smaps_rollup", "Pss")

    def forget_peak(self) -> None:
        """From here on the peak is a new one; see proc(5)."""
        (self._proc / "clear_refs").write_text("5", encoding="ascii")

    def _mb(self, file: str, key: str) -> float:
        text = (self._proc / file).read_text(encoding="ascii")
        match = re.search(rf"^{key}:\s+(\d+) kB$", text, re.MULTILINE)
        if not match:
            raise AssertionError(f"{self._proc / file} has no {key}")
        return int(match[1]) * 1024 / 1e6
