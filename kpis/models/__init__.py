"""The models of this app: targets with what is reported on them, the locks of years, what importers propose, and the seals of history."""

from kpis.models.audit import NO_SEAL_BEFORE, AuditCopy, Seal
from kpis.models.locks import EntryLock, LockException
from kpis.models.proposals import ProgrammeMatch, TargetProposal, decides_for_all
from kpis.models.targets import (
    ClosedMiss,
    Evidence,
    OutcomeTarget,
    ProgressReport,
    TargetLink,
    YearlyMilestone,
    falls_due,
    has_no_last_day,
    is_overdue,
    programmes_reported_by,
    stands_on,
    start_of_day,
    with_status,
)

__all__ = [
    "NO_SEAL_BEFORE",
    "AuditCopy",
    "ClosedMiss",
    "EntryLock",
    "Evidence",
    "LockException",
    "OutcomeTarget",
    "ProgrammeMatch",
    "ProgressReport",
    "Seal",
    "TargetLink",
    "TargetProposal",
    "YearlyMilestone",
    "decides_for_all",
    "falls_due",
    "has_no_last_day",
    "is_overdue",
    "programmes_reported_by",
    "stands_on",
    "start_of_day",
    "with_status",
]
