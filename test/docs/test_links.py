#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every link within the repository leads somewhere."""

import unittest
from pathlib import Path

from documents import ROOT, anchors, documents, links


class Links(unittest.TestCase):
    """Of README and docs/."""

    def test_there_are_links(self) -> None:
        self.assertGreater(sum(len(links(document)) for document in documents()), 100)

    def test_files_and_headings_exist(self) -> None:
        for document in documents():
            for link in links(document):
                if "://" in link:
                    continue
                with self.subTest(document=document.relative_to(ROOT), link=link):
                    self.check(document, link)

    def check(self, document: Path, link: str) -> None:
        """A path from the document's folder, a heading, or both."""
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        self.assertTrue(target.is_relative_to(ROOT), "leads out of the repository")
        self.assertTrue(target.exists(), "does not exist")
        if anchor:
            self.assertIn(anchor, anchors(target))


if __name__ == "__main__":
    unittest.main()
