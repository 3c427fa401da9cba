"""The models of this app."""

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
    "ProgressReport",
    "TargetLink",
    "YearlyMilestone",
    "programmes_reported_by",
    "start_of_day",
    "with_status",
]
