"""Compare two JUnit reports: silent where the same tests passed in both, else the differences and exit code 1.

A test that speaks of one database alone may be skipped on the other, where its reason begins with "Only".
"""

import sys
from pathlib import Path
from xml.etree import ElementTree


def results_of(report: str) -> tuple[set[str], set[str]]:
    """The tests of a report that passed, and those that are not for this database."""
    passed, not_for_this = set(), set()
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        skipped = case.find("skipped")
        if skipped is not None and skipped.get("message", "").startswith("Only "):
            not_for_this.add(name)
        elif not {child.tag for child in case} & {"failure", "error", "skipped"}:
            passed.add(name)
    return passed, not_for_this


def main(first: str, second: str) -> int:
    (one, in_one, not_for_one), (other, in_other, not_for_other) = ((Path(report).stem, *results_of(report)) for report in (first, second))
    alone = {one: in_one - in_other - not_for_other, other: in_other - in_one - not_for_one}
    for name, tests in alone.items():
        for test in sorted(tests):
            sys.stderr.write(f"passed on {name} alone: {test}\n")
    if not in_one or not in_other:
        sys.stderr.write("one of the runs passed no test\n")
    return int(any(alone.values()) or not in_one)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
