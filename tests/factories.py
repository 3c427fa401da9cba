"""Test data. A factory makes the plainest valid row; what a test is about, it states itself."""

from datetime import date
from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Posting, SentReminder, User
from accounts.roles import Role
from budget.fiscal import last_day
from budget.models import (
    BudgetAmount,
    BudgetStage,
    LeadOrigin,
    Organisation,
    OrganisationKind,
    PassagePart,
    Programme,
    ProgrammeOrganisation,
    SourceDocument,
    SourcePassage,
)
from kpis.choices import Accumulation, Comparator, DeadlineKind, Kind, MatchKind, ProposalState, ReportState
from kpis.models import (
    ClosedMiss,
    EntryLock,
    Evidence,
    LockException,
    OutcomeTarget,
    ProgrammeMatch,
    ProgressReport,
    TargetProposal,
    YearlyMilestone,
)

PASSWORD = "a password for tests"


class OrganisationFactory(DjangoModelFactory):
    class Meta:
        model = Organisation

    code = factory.Sequence(lambda n: f"org-{n}")
    name = factory.Sequence(lambda n: f"第{n}課")
    kind = OrganisationKind.DIVISION


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user-{n}")
    name = factory.Sequence(lambda n: f"職員{n}")
    password = factory.django.Password(PASSWORD)


class PostingFactory(DjangoModelFactory):
    class Meta:
        model = Posting

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = Role.OFFICIAL
    from_on = date(2020, 4, 1)


class SentReminderFactory(DjangoModelFactory):
    class Meta:
        model = SentReminder

    user = factory.SubFactory(UserFactory)
    sent_on = date(2026, 4, 1)
    address = "official@example.go.jp"
    subject = "実績報告のお願い"
    text = "令和7年度の実績の報告をお願いします。"


class ProgrammeFactory(DjangoModelFactory):
    class Meta:
        model = Programme

    code = factory.Sequence(lambda n: f"p-{n:04}")
    display_title = factory.Sequence(lambda n: f"事業{n}")
    title = factory.SelfAttribute("display_title")
    lead = factory.SubFactory(OrganisationFactory)
    lead_origin = LeadOrigin.ENTERED


class ProgrammeOrganisationFactory(DjangoModelFactory):
    class Meta:
        model = ProgrammeOrganisation

    programme = factory.SubFactory(ProgrammeFactory)
    organisation = factory.SubFactory(OrganisationFactory)


class BudgetAmountFactory(DjangoModelFactory):
    class Meta:
        model = BudgetAmount

    programme = factory.SubFactory(ProgrammeFactory)
    fiscal_year = 2024
    stage = BudgetStage.DRAFT
    amount_yen = 120_000_000


class SourceDocumentFactory(DjangoModelFactory):
    class Meta:
        model = SourceDocument

    code = factory.Sequence(lambda n: f"document-{n}")
    title = "令和6年度予算案の事業概要"
    issuer = "経済産業省"
    issued = "2023-12"
    budget_year = 2024
    sha256 = factory.Sequence(lambda n: f"{n:064x}")


class SourcePassageFactory(DjangoModelFactory):
    class Meta:
        model = SourcePassage

    code = factory.Sequence(lambda n: f"passage-{n}")
    document = factory.SubFactory(SourceDocumentFactory)
    part = PassagePart.STATEMENT
    line_from = 1
    line_to = 1
    quote = "令和7年度までに60件を目指す。"


class OutcomeTargetFactory(DjangoModelFactory):
    """At least 60 件 in FY2025; `deadline_year=None` for one without a deadline, `qualitative=True` for one judged by a grade."""

    class Meta:
        model = OutcomeTarget

    class Params:
        qualitative = factory.Trait(kind=Kind.QUALITATIVE, comparator="", accumulation="", value=None, unit="")

    code = factory.Sequence(lambda n: f"t-{n:05}")
    programme = factory.SubFactory(ProgrammeFactory)
    kind = Kind.QUANTITATIVE
    statement = "令和7年度までに60件を目指す。"
    indicator = "採択件数"
    comparator = Comparator.AT_LEAST
    accumulation = Accumulation.LEVEL
    value = Decimal(60)
    unit = "件"
    deadline_year = 2025
    deadline_kind = factory.LazyAttribute(lambda o: DeadlineKind.FISCAL_YEAR if o.deadline_year else DeadlineKind.NONE)


class YearlyMilestoneFactory(DjangoModelFactory):
    class Meta:
        model = YearlyMilestone

    target = factory.SubFactory(OutcomeTargetFactory)
    fiscal_year = 2024
    value = Decimal(40)


class ProgressReportFactory(DjangoModelFactory):
    """A draft of 60; `accepted=True` for a report that a reviewer accepted, `submitted=True` for one that waits."""

    class Meta:
        model = ProgressReport

    class Params:
        submitted = factory.Trait(
            state=ReportState.SUBMITTED, submitted_by=factory.SelfAttribute("reported_by"), submitted_at=factory.LazyFunction(timezone.now)
        )
        accepted = factory.Trait(
            state=ReportState.ACCEPTED,
            submitted_by=factory.SelfAttribute("reported_by"),
            submitted_at=factory.LazyFunction(timezone.now),
            decided_by=factory.SubFactory(UserFactory),
            decided_at=factory.LazyFunction(timezone.now),
            accepted_value=factory.SelfAttribute("value"),
            accepted_grade=factory.SelfAttribute("grade"),
            accepted_preliminary=factory.SelfAttribute("preliminary"),
            accepted_measured_on=factory.LazyAttribute(lambda o: o.measured_on or last_day(o.fiscal_year)),
        )

    target = factory.SubFactory(OutcomeTargetFactory)
    fiscal_year = 2025
    value = Decimal(60)
    grade = None
    measured_on = None
    preliminary = False
    reported_by = factory.SubFactory(UserFactory)
    reported_at = factory.LazyFunction(timezone.now)


class EvidenceFactory(DjangoModelFactory):
    class Meta:
        model = Evidence

    report = factory.SubFactory(ProgressReportFactory)
    citation = "業務統計"


class ClosedMissFactory(DjangoModelFactory):
    """The miss of FY2025, closed now. Whether the target missed at all, a test states itself."""

    class Meta:
        model = ClosedMiss

    target = factory.SubFactory(OutcomeTargetFactory)
    fiscal_year = 2025
    closed_by = factory.SubFactory(UserFactory)
    closed_at = factory.LazyFunction(timezone.now)
    reason = "後継事業の目標に引き継いだため。"


class EntryLockFactory(DjangoModelFactory):
    """A fiscal year that is locked now."""

    class Meta:
        model = EntryLock

    fiscal_year = factory.Sequence(lambda n: 1900 + n)
    reason = "公表資料を作成するため。"
    set_by = factory.SubFactory(UserFactory)
    set_at = factory.LazyFunction(timezone.now)


class LockExceptionFactory(DjangoModelFactory):
    class Meta:
        model = LockException

    lock = factory.SubFactory(EntryLockFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    until_on = date(2040, 3, 31)
    reason = "統計の公表が遅れたため。"
    granted_by = factory.SubFactory(UserFactory)
    granted_at = factory.LazyFunction(timezone.now)


class TargetProposalFactory(DjangoModelFactory):
    """At least 60 件 in FY2025, read from a pasted text; `discarded=True` for one that was put away."""

    class Meta:
        model = TargetProposal

    class Params:
        discarded = factory.Trait(
            state=ProposalState.DISCARDED,
            decided_by=factory.SubFactory(UserFactory),
            decided_at=factory.LazyFunction(timezone.now),
            decision_note="目標ではない。",
        )

    code = factory.Sequence(lambda n: f"proposal-{n:05}")
    programme = factory.SubFactory(ProgrammeFactory)
    goal_text = "採択件数について、令和7年度までに60件を目指す。"
    starts_at = 0
    ends_at = 23
    statement = "採択件数について、令和7年度までに60件を目指す"
    kind = Kind.QUANTITATIVE
    indicator = "採択件数"
    comparator = Comparator.AT_LEAST
    accumulation = Accumulation.LEVEL
    value = Decimal(60)
    unit = "件"
    deadline_kind = DeadlineKind.FISCAL_YEAR
    deadline_year = 2025
    deadline_text = "令和7年度までに"


class ProgrammeMatchFactory(DjangoModelFactory):
    class Meta:
        model = ProgrammeMatch

    document = factory.SubFactory(SourceDocumentFactory)
    number = factory.Sequence(lambda n: n + 1)
    printed_title = "改称後の事業"
    candidate = factory.SubFactory(ProgrammeFactory)
    kind = MatchKind.RENAMED
    ground = "題名の一致度 80 %"
