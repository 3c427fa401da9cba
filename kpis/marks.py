"""The marks: what a reader of a figure, a deadline or a status has to know besides, in words (DOMAIN §5).

They go with a target wherever its figures stand, on pages and in files. What carries them is a target with its status, a target alone, a
row of its history, or a progress report: each tells those that it knows of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class Mark:
    """One mark: its code, which is its column in files, its name, and what it means."""

    code: str
    label: Any
    meaning: Any

    def stands_on(self, row: Any, prefix: str = "") -> bool:
        """Whether the row carries it. `prefix` asks for that of another figure of the row: `accepted_`, `previous_`."""
        if self.code == "without_source" and not prefix:
            return getattr(row, "passage_id", 0) is None
        return bool(getattr(row, prefix + self.code, False))


# By their codes, in the order in which they are shown.
MARKS = {
    mark.code: mark
    for mark in (
        Mark(
            "achieved_late",
            gettext_lazy("achieved after the deadline"),
            gettext_lazy("The deadline's own year did not meet the target, a later year did."),
        ),
        Mark("awaiting_acceptance", gettext_lazy("awaiting acceptance"), gettext_lazy("A result is submitted and waits for a reviewer.")),
        Mark(
            "under_correction",
            gettext_lazy("under correction"),
            gettext_lazy("The accepted result is being corrected; it counts until the new one is accepted."),
        ),
        Mark("preliminary", gettext_lazy("preliminary"), gettext_lazy("The result is preliminary: the final figure is still to come.")),
        Mark(
            "without_evidence",
            gettext_lazy("no evidence given"),
            gettext_lazy("No statistic or document is given that the result rests on."),
        ),
        Mark(
            "miss_closed",
            gettext_lazy("miss closed"),
            gettext_lazy("A reviewer closed the miss: it is no longer in the overdue report."),
        ),
        Mark(
            "approximate",
            gettext_lazy("approximate"),
            gettext_lazy("The source says about: the target is judged strictly all the same."),
        ),
        Mark(
            "comparator_assumed",
            gettext_lazy("comparator assumed"),
            gettext_lazy("The source does not say which way is better: the comparator is assumed."),
        ),
        Mark(
            "accumulation_assumed",
            gettext_lazy("accumulation assumed"),
            gettext_lazy("The source does not say whether the figure is a running total: this is assumed."),
        ),
        Mark(
            "programme_end_assumed",
            gettext_lazy("programme's end assumed"),
            gettext_lazy("The source may mean the end of each supported project: the programme's end is assumed."),
        ),
        Mark(
            "deadline_revised",
            gettext_lazy("deadline revised"),
            gettext_lazy("The target once had another last day: its revisions tell when and why it was moved."),
        ),
        Mark(
            "revised_after_deadline",
            gettext_lazy("revised after the deadline"),
            gettext_lazy("Value, comparator or deadline were changed after the last day."),
        ),
        Mark(
            "without_source",
            gettext_lazy("no source given"),
            gettext_lazy("No passage of a source document is recorded that states it."),
        ),
    )
}


def marks_of(row: Any, prefix: str = "") -> Iterator[Mark]:
    """The marks that a row carries."""
    return (mark for mark in MARKS.values() if mark.stands_on(row, prefix))


def in_words(row: Any, prefix: str = "") -> str:
    """The names of the marks, to stand behind a figure in a text: (comparator assumed・approximate); '' where there is none."""
    names = "・".join(str(mark.label) for mark in marks_of(row, prefix))
    return _("(%(marks)s)") % {"marks": names} if names else ""
