"""A small fixture of everything, taken from a database that is empty again afterwards."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from accounts.roles import Role
from budget.models import ProgrammeSuccession, SourceText
from kpis.audit import dump, seals
from kpis.models import TargetLink
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SentReminderFactory,
    SourcePassageFactory,
    TargetProposalFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

NOW = datetime(2026, 9, 1, 3, tzinfo=UTC)
ORIGIN = {"site": "https://seika.example", "by": {"user": "yamada", "name": "山田"}, "on": "2026-09-01"}


def everything() -> None:
    """A row or more of every table, changed here and there, and half of it sealed."""
    user = UserFactory(username="yamada", name="山田", last_login=NOW)
    ministry = OrganisationFactory(code="meti", name="経済産業省", kind="ministry")
    division = OrganisationFactory(code="division", name="産業資金課", parent=ministry)
    PostingFactory(user=user, organisation=division, role=Role.OFFICIAL)
    passage = SourcePassageFactory(quote="令和6年度までに「1,250件」を目指す。\n\\ \u2028")
    SourceText.objects.create(document=passage.document, text="一\n二\t\x7f")
    programme, successor = ProgrammeFactory(lead=division), ProgrammeFactory(lead=division)
    ProgrammeOrganisationFactory(programme=programme, organisation=ministry, mark="(1)")
    ProgrammeSuccession.objects.create(predecessor=programme, successor=successor)
    BudgetAmountFactory(programme=programme, passage=passage)
    one, other = (OutcomeTargetFactory(programme=programme, value="35.6", deadline_year=2024) for _ in range(2))
    TargetLink.objects.create(from_target=one, to_target=other)
    YearlyMilestoneFactory(target=one)
    EvidenceFactory(report=ProgressReportFactory(target=one, accepted=True, measured_on=date(2025, 3, 31)))
    ClosedMissFactory()
    seals.seal(by=user, now=NOW)
    LockExceptionFactory(organisation=division)
    TargetProposalFactory(programme=programme)
    ProgrammeMatchFactory()
    SentReminderFactory(user=user)
    one.note, division.name = "注記", "改称後の課"
    one.save()
    division.save()


@pytest.fixture
def taken(db, tmp_path):
    """The fixture's directory. The database is empty."""
    with transaction.atomic():
        everything()
        dump.dump(tmp_path / "fixture", origin=ORIGIN)
        transaction.set_rollback(True)
    return tmp_path / "fixture"
