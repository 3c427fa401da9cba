"""The pages. Reading is open to everybody; who does not work with the system sees accepted results alone."""

from kpis.views.changes import Changes
from kpis.views.lists import ProgrammeList, ReportIndex, TargetList, page_of_report
from kpis.views.pages import ProgrammePage, SourcePage, TargetPage
from kpis.views.work import WorkPage, home
from kpis.views.yearly_round import RoundPage

__all__ = [
    "Changes",
    "ProgrammeList",
    "ProgrammePage",
    "ReportIndex",
    "RoundPage",
    "SourcePage",
    "TargetList",
    "TargetPage",
    "WorkPage",
    "home",
    "page_of_report",
]
