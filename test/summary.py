# SPDX-License-Identifier: Apache-2.0
"""Reads ctest's JUnit reports: names the skipped tests with the reason, ends with the count."""

import sys
from collections import Counter
from xml.etree import ElementTree


def reason_of(case: ElementTree.Element) -> str:
    """What the test said about being skipped."""
    output = case.findtext("system-out") or ""
    lines = [line.strip() for line in output.splitlines() if "skip" in line.lower()]
    reasons = [line for line in lines if line.lower().startswith("skipped:")] or lines
    return reasons[0].removeprefix("skipped:").strip() if reasons else "no reason given"


def main() -> None:
    """Sums up the reports named on the command line."""
    count: Counter[str] = Counter()
    skipped: dict[str, list[str]] = {}
    for report in sys.argv[1:]:
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            status = case.get("status")
            if status == "run":
                count["passed"] += 1
            elif status in ("notrun", "disabled"):
                count["skipped"] += 1
                skipped.setdefault(reason_of(case), []).append(case.get("name", ""))
            else:
                count["failed"] += 1
    for reason, names in skipped.items():
        print(f"skipped, {reason}: {', '.join(names)}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")


if __name__ == "__main__":
    main()
