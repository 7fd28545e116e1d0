# SPDX-License-Identifier: Apache-2.0
"""What came of a case, and whether it is right."""

import pwd
from dataclasses import dataclass

from pdtt_harness.programs import Moved

from .case import Case
from .measure import DIRECTIONS, UNITS, Reading

LEAST_SHARE = 0.995
TOLERANCE = 1e-4
# Packets of TIME-WAIT and resets belong to no user.
PACKETS_PER_CONNECTION = 4
MTU = 1500
# The uids of daemons, as the exporter's defaults have them.
_SYSTEM_UIDS = (range(0, 1000), range(61184, 65520), range(65534, 65535))


@dataclass
class Result:
    """One case: skipped with a reason, or run."""

    case: Case
    skipped: str = ""
    expected: str = ""
    moved: Moved | None = None
    reading: Reading | None = None  # what came to it during the case
    error: str = ""                 # why it did not get to a reading

    @property
    def payload(self) -> int:
        """Bytes that the programs moved, both ways."""
        return self.moved.sent + self.moved.received if self.moved else 0

    @property
    def wire(self) -> int:
        """Bytes that the interface counted, both ways."""
        return sum(self.reading.wire[way, "bytes"] for way in DIRECTIONS) if self.reading else 0

    @property
    def counted(self) -> int:
        """Bytes counted for the expected user."""
        return self.reading.bytes_by_user()[self.expected] if self.reading else 0

    def problems(self) -> list[str]:
        """All that is wrong with it, in words."""
        if self.skipped:
            return []
        if self.reading is None or self.moved is None:
            return [self.error]
        return [*self._wrong_owners(self.reading), *self._wrong_totals(self.reading, self.moved)]

    def _wrong_owners(self, reading: Reading) -> list[str]:
        sizes = reading.bytes_by_user()
        share = self.counted / max(1, sum(sizes.values()))
        found = []
        if share < LEAST_SHARE:
            found.append(f"{self.expected} got {100 * share:.2f} % of the bytes: {dict(sizes)}")
        # Daemons may keep what precedes authentication; nobody else may have anything.
        found += [f"{name} got {size} bytes" for name, size in sizes.items()
                  if size and name != self.expected and _is_ordinary(name)]
        return found

    def _wrong_totals(self, reading: Reading, moved: Moved) -> list[str]:
        found = []
        packets_apart = PACKETS_PER_CONNECTION * moved.connections + reading.lost
        for way, payload in zip(DIRECTIONS, (moved.sent, moved.received)):
            for unit in UNITS:
                wire = reading.wire[way, unit]
                users = sum(value for (_, direction, what), value in reading.users.items()
                            if (direction, what) == (way, unit))
                slack = wire * TOLERANCE + packets_apart * (MTU if unit == "bytes" else 1)
                if abs(users - wire) > slack:
                    found.append(f"{way}: the interface counted {wire} {unit}, the users have "
                                 f"{users}; {slack:.0f} apart is allowed")
            if reading.wire[way, "bytes"] < payload:
                found.append(f"{way}: {reading.wire[way, 'bytes']} bytes on the wire are fewer "
                             f"than the payload of {payload}")
        return found


def _is_ordinary(name: str) -> bool:
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError:
        if not name.isdecimal():
            return False  # the exporter's word for the kernel
        uid = int(name)
    return not any(uid in uids for uids in _SYSTEM_UIDS)
