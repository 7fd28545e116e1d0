# SPDX-License-Identifier: Apache-2.0
"""Holds every scrape to those before: no counter goes back, and none is lost."""

from .scrape import Scrape, Value

# A connection may have the ports of an earlier one, whose series it then continues from zero. How
# often programs ran is the kernel's count of those that are loaded now.
_EXEMPT = ("pdtt_connection_receive_", "pdtt_connection_transmit_", "pdtt_program_")
_OF_THE_PROCESS = ("pdtt_collect_errors_total", "pdtt_series_dropped_total")

Series = tuple[str, frozenset[tuple[str, str]]]


class Monotonic:
    """Remembers how far each counter has come.

    Users count by their uid: a name may become known, or change.
    """

    def __init__(self) -> None:
        self._highest: dict[Series, Value] = {}
        self.scrapes = 0

    def check(self, scrape: Scrape) -> Scrape:
        """Fails if the scrape takes anything back; else it is what the next one is held to."""
        found = {
            (name, frozenset((label, text) for label, text in labels if label != "user")): value
            for name, series in scrape.samples.items() if _is_counter(scrape, name)
            for labels, value in series.items()}
        for key, before in self._highest.items():
            # What is 0 may be left out: limits.series makes room that way.
            if found.get(key, 0) < before:
                raise AssertionError(f"{_text(key)} was {before}, now it is "
                                     f"{found.get(key, 'gone')}")
        self._highest.update(found)
        self.scrapes += 1
        return scrape

    def forget_process(self) -> None:
        """From now on it is another process, which counts its own errors from zero."""
        self._highest = {key: value for key, value in self._highest.items()
                         if key[0] not in _OF_THE_PROCESS}

    def forget_user(self, uid: int) -> None:
        """From now on the user's series may be gone, and begin anew: users.exclude has changed."""
        label = ("uid", str(uid))
        self._highest = {key: value for key, value in self._highest.items()
                         if label not in key[1]}


def _is_counter(scrape: Scrape, name: str) -> bool:
    return (scrape.types.get(name) == "counter" and name.startswith("pdtt_")
            and not name.startswith(_EXEMPT))


def _text(key: Series) -> str:
    name, labels = key
    return name + "{" + ",".join(f"{label}={text}" for label, text in sorted(labels)) + "}"
