"""The pages. Reading is open to everybody; who does not work with the system sees accepted results alone."""

from kpis.views.changes import Changes
from kpis.views.dashboard import Dashboard
from kpis.views.lists import ProgrammeList, ReportIndex, TargetList, page_of_report
from kpis.views.organisations import OrganisationPage
from kpis.views.pages import ProgrammePage, SourcePage, TargetPage
from kpis.views.search import SearchPage
from kpis.views.work import WorkPage, home
from kpis.views.yearly_round import RoundPage

__all__ = [
    "Changes",
    "Dashboard",
    "OrganisationPage",
    "ProgrammeList",
    "ProgrammePage",
    "ReportIndex",
    "RoundPage",
    "SearchPage",
    "SourcePage",
    "TargetList",
    "TargetPage",
    "WorkPage",
    "home",
    "page_of_report",
]
