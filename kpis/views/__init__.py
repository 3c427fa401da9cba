"""The pages. Reading is open to everybody; who does not work with the system sees accepted results alone."""

from kpis.views.changes import Changes
from kpis.views.lists import ClosedMisses, OverdueReport, ProgrammeList, Revisions, TargetList
from kpis.views.pages import ProgrammePage, SourcePage, TargetPage
from kpis.views.work import WorkPage, home
from kpis.views.yearly_round import RoundPage

__all__ = [
    "Changes",
    "ClosedMisses",
    "OverdueReport",
    "ProgrammeList",
    "ProgrammePage",
    "Revisions",
    "RoundPage",
    "SourcePage",
    "TargetList",
    "TargetPage",
    "WorkPage",
    "home",
]
