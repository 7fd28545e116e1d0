# SPDX-License-Identifier: Apache-2.0
"""The Markdown files of the repository, taken apart as far as the tests need it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\s*$")
_CODE = re.compile(r"`[^`]*`")
_HEADING = re.compile(r"^#{1,6} (?P<title>.+)$")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)|^\[[^\]]+\]: (?P<reference>\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    document: Path
    line: int
    language: str
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where to look, for messages."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


@cache
def documents() -> tuple[Path, ...]:
    """README and what is in docs/."""
    return (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))


@cache
def _parts(document: Path) -> tuple[str, tuple[Block, ...]]:
    """The text outside of fenced blocks, and those blocks."""
    prose: list[str] = []
    blocks: list[Block] = []
    fence: re.Match[str] | None = None
    inside: list[str] = []
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), start=1):
        match = _FENCE.match(line)
        if fence is None:
            if match:
                fence, inside = match, []
            else:
                prose.append(line)
        elif match and not match["language"]:
            blocks.append(Block(document, number - len(inside), fence["language"], tuple(inside)))
            fence = None
        else:
            inside.append(line.removeprefix(fence["indent"]))
    if fence is not None:
        raise AssertionError(f"{document}: a fenced block has no end")
    return "\n".join(prose), tuple(blocks)


def blocks() -> Iterator[Block]:
    """The fenced blocks of all documents."""
    for document in documents():
        yield from _parts(document)[1]


def links(document: Path) -> list[str]:
    """Where its links and pictures lead, as written."""
    return [match["target"] or match["reference"]
            for match in _LINK.finditer(_CODE.sub("", _parts(document)[0]))]


@cache
def anchors(document: Path) -> frozenset[str]:
    """The fragments that its headings make."""
    found: set[str] = set()
    for line in _parts(document)[0].splitlines():
        if match := _HEADING.match(line):
            slug = _slug(match["title"])
            number = 0
            while (unique := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(unique)
    return frozenset(found)


def _slug(title: str) -> str:
    """As GitHub and GitLab make it: lower case, blanks to hyphens, no punctuation."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
