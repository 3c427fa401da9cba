"""A full page of a list weighs less than 150 kB.

Its texts are as long as the fifty longest ones of METI's review sheets of FY2022 are on average (statement 148 characters, indicator 119:
the fifty targets with the most to say on one page; METI's document has 93 and 42; titles have 25). There are 25 ministries with 880
organisations in all, and the one that the page is about has fifteen bureaus of ten divisions.
"""

from itertools import cycle

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from accounts.roles import Role
from budget.models import Organisation, Programme
from kpis.models import OutcomeTarget, Seal
from kpis.registry import REPORTS
from tests.factories import (
    EntryLockFactory,
    OrganisationFactory,
    PostingFactory,
    ProgrammeMatchFactory,
    SentReminderFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    TargetProposalFactory,
    UserFactory,
)
from tests.kpis.test_registry import fill

pytestmark = pytest.mark.django_db

LIMIT, FULL = 150_000, 50  # bytes, rows
MODELS = [model for model in admin.site._registry if model._meta.app_label in ("accounts", "budget", "kpis")]
ADDRESSES = {
    "anonymous": [
        *(reverse(report.page) for report in REPORTS.values()),
        "/targets/",
        "/programmes/",
        "/search/?q=標標&show=targets",
        "/reports/overdue/?organisation=top",
    ],
    "official": ["/work/?show=unreported", "/round/?show=missing", "/changes/"],
    "administrator": [reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in MODELS],
}
IN_PARTS = ["/work/", "/round/", "/organisations/top/", "/dashboard/"]  # several short lists on one page


@pytest.fixture
def full(time_machine):
    """So many rows for each list, on 1 September 2026."""
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    fill(FULL)
    document, target = SourceDocumentFactory(), OutcomeTarget.objects.first()
    SourceDocumentFactory.create_batch(FULL)
    SourcePassageFactory.create_batch(FULL, document=document, programme=target.programme)
    TargetProposalFactory.create_batch(FULL, programme=target.programme)
    ProgrammeMatchFactory.create_batch(FULL, document=document, candidate=target.programme)
    made = list(Organisation.objects.values_list("pk", flat=True))
    for ministry in OrganisationFactory.create_batch(24, kind="ministry", parent=None, name="省" * 5):
        for bureau in OrganisationFactory.create_batch(4, kind="bureau", parent=ministry, name="局" * 12):
            OrganisationFactory.create_batch(6, parent=bureau, name="課" * 12)
    top = OrganisationFactory(code="top", kind="ministry")
    bureaus = OrganisationFactory.create_batch(15, kind="bureau", parent=top, name="局" * 12)
    divisions = [division for bureau in bureaus for division in OrganisationFactory.create_batch(10, parent=bureau, name="課" * 12)]
    for programme, division in zip(Programme.objects.all(), cycle(divisions), strict=False):
        Programme.objects.filter(pk=programme.pk).update(lead=division, display_title="業" * 25, title="業" * 25)
    Organisation.objects.filter(pk__in=made).delete()
    OutcomeTarget.objects.update(statement="成" * 148, indicator="標" * 119)
    users = {role: PostingFactory(user=UserFactory(username=role), organisation=top, role=role).user for role in Role.values}
    EntryLockFactory.create_batch(FULL, set_by=users["administrator"])
    SentReminderFactory.create_batch(FULL)
    PostingFactory.create_batch(FULL, organisation=top)
    hashes = dict.fromkeys(("rows_sha256", "previous", "sha256"), "f" * 64)
    about = {"history_table": "kpis_historicaloutcometarget", "rows": 1, "sealed_at": timezone.now()}
    Seal.objects.bulk_create(Seal(number=n, first_id=n, last_id=n, **about, **hashes) for n in range(1, FULL + 1))
    return users


def rows_of(response) -> int:
    """How many rows of its list a page shows."""
    context = response.context
    return len(context["cl"].result_list if "cl" in context else context["page"].object_list)


def test_full_pages_stay_below_150_kilobytes(client, full):
    heavy, not_full = {}, {}
    for role, addresses in ADDRESSES.items():
        if role in full:
            client.force_login(full[role])
        for address in addresses:
            answered = client.get(address)
            if len(answered.content) >= LIMIT:
                heavy[address] = len(answered.content)
            if rows_of(answered) != FULL:
                not_full[address] = rows_of(answered)
    for role in Role.values:
        client.force_login(full[role])
        for address in IN_PARTS:
            if (bytes_ := len(client.get(address).content)) >= LIMIT:
                heavy[role, address] = bytes_
    assert (heavy, not_full) == ({}, {})
