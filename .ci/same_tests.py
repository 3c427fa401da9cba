"""Compare two JUnit reports: silent where the same tests passed in both, else the differences and exit code 1."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def passed(report: str) -> set[str]:
    """The tests of a report that neither failed nor skipped."""
    cases = ElementTree.parse(report).iter("testcase")
    return {
        f"{case.get('classname')}::{case.get('name')}"
        for case in cases
        if not {child.tag for child in case} & {"failure", "error", "skipped"}
    }


def main(first: str, second: str) -> int:
    results = {Path(report).stem: passed(report) for report in (first, second)}
    (one, in_one), (other, in_other) = results.items()
    for name, tests in ((one, in_one - in_other), (other, in_other - in_one)):
        for test in sorted(tests):
            sys.stderr.write(f"passed on {name} alone: {test}\n")
    if not in_one or not in_other:
        sys.stderr.write("one of the runs passed no test\n")
    return int(in_one != in_other or not in_one)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
