"""The models of this app: targets with what is reported on them, and what importers propose."""

from kpis.models.proposals import ProgrammeMatch, TargetProposal, decides_for_all
from kpis.models.targets import (
    ClosedMiss,
    Evidence,
    OutcomeTarget,
    ProgressReport,
    TargetLink,
    YearlyMilestone,
    programmes_reported_by,
    start_of_day,
    with_status,
)

__all__ = [
    "ClosedMiss",
    "Evidence",
    "OutcomeTarget",
    "ProgrammeMatch",
    "ProgressReport",
    "TargetLink",
    "TargetProposal",
    "YearlyMilestone",
    "decides_for_all",
    "programmes_reported_by",
    "start_of_day",
    "with_status",
]
