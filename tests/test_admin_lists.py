"""The lists of the admin cost the same at any size: five queries, nothing counted, read in the order of an index."""

import re
from datetime import date

import pytest
from django.contrib import admin
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Posting, SentReminder, User
from accounts.roles import Role
from budget.admin.lists import UncountedChangeList, UncountedPaginator
from budget.models import Organisation, Programme, SourceDocument, SourcePassage
from kpis.audit import seals
from kpis.models import EntryLock, OutcomeTarget, ProgrammeMatch, ProgressReport, Seal, TargetProposal
from tests.factories import (
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgressReportFactory,
    SentReminderFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    TargetProposalFactory,
)
from tests.forms import page_of

QUERIES = 5  # session, user, postings; what the filters offer or rows bring along; the rows themselves

MAKE = {
    Organisation: lambda lead: OrganisationFactory(parent=lead),
    Programme: lambda lead: ProgrammeFactory(lead=lead, start_fiscal_year=2020),
    SourceDocument: lambda lead: SourceDocumentFactory(),
    SourcePassage: lambda lead: SourcePassageFactory(programme=ProgrammeFactory(lead=lead)),
    OutcomeTarget: lambda lead: ProgressReportFactory(target__programme__lead=lead, accepted=True),
    ProgressReport: lambda lead: ProgressReportFactory(target__programme__lead=lead, submitted=True),
    TargetProposal: lambda lead: TargetProposalFactory(programme__lead=lead),
    ProgrammeMatch: lambda lead: ProgrammeMatchFactory(candidate__lead=lead),
    EntryLock: lambda lead: LockExceptionFactory(organisation=lead),
    User: lambda lead: PostingFactory(organisation=lead),
    Posting: lambda lead: PostingFactory(organisation=lead),
    SentReminder: lambda lead: SentReminderFactory(),
    Seal: lambda lead: seals.seal(by=PostingFactory(organisation=lead).user, now=timezone.now()),
}
# Those that grow with every year of the whole government's review; of users, organisations and documents there are hundreds.
LARGE = (SourcePassage, OutcomeTarget, ProgressReport, TargetProposal)
every_list = pytest.mark.parametrize("model", MAKE, ids=lambda model: model._meta.label_lower)
large_lists = pytest.mark.parametrize("model", LARGE, ids=lambda model: model._meta.label_lower)


def list_of(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def reader(client, ministry):
    """Somebody who reads and writes whatever there is."""
    user = PostingFactory(organisation=ministry, role=Role.ADMINISTRATOR).user
    PostingFactory(user=user, organisation=ministry, role=Role.REVIEWER, from_on=date(2021, 4, 1))
    client.force_login(user)
    return client


def test_every_list_is_walked():
    assert set(admin.site._registry) == set(MAKE)


@every_list
def test_list_asks_at_most_five_queries_at_any_size(reader, division, model):
    asked = []
    for number in (1, 39, 20):  # one row, a page, more than a page
        for _n in range(number):
            MAKE[model](division)
        with CaptureQueriesContext(connection) as queries:
            response = reader.get(list_of(model))
        asked.append(len(queries))
    assert response.context["cl"].page.has_next()
    assert len(set(asked)) == 1
    assert asked[0] <= QUERIES, [query["sql"] for query in queries]


@every_list
def test_nothing_is_counted(reader, division, model):
    MAKE[model](division)
    with CaptureQueriesContext(connection) as queries:
        reader.get(list_of(model))
    assert [query["sql"] for query in queries if "COUNT(" in query["sql"]] == []


def test_every_list_is_of_the_kind_that_is_not_counted():
    for page in admin.site._registry.values():
        assert issubclass(page.get_changelist(None), UncountedChangeList)
        assert issubclass(page.paginator, UncountedPaginator)
        assert not page.show_full_result_count
        assert page.date_hierarchy is None


@large_lists
def test_rows_of_a_large_table_are_read_in_the_order_of_an_index(reader, division, model):
    """The database sorts nothing: it would have to read every row to show fifty."""
    MAKE[model](division)
    with CaptureQueriesContext(connection) as queries:
        reader.get(list_of(model))
    page = next(query["sql"] for query in reversed(queries.captured_queries) if f'FROM "{model._meta.db_table}"' in query["sql"])
    ordering = re.findall(r"ORDER BY ([^)]*?) LIMIT", page)[0]
    columns = [column.split(".")[-1].strip('" ASC') for column in ordering.split(", ")]
    indexed = [[field.name] for field in model._meta.fields if field.unique or field.db_index]
    indexed += [list(constraint.fields) for constraint in model._meta.constraints if isinstance(constraint, models.UniqueConstraint)]
    assert [column.removesuffix("_id") for column in columns] in indexed


@large_lists
def test_large_tables_are_searched_by_the_beginning_of_a_code_alone(model):
    page = admin.site._registry[model]
    assert {name.rpartition("__")[2] for name in page.search_fields} == {"startswith"}
    assert [name for name in page.search_fields if "code" not in name] == []


@large_lists
def test_large_tables_are_sorted_by_nothing_without_an_index(model):
    assert set(admin.site._registry[model].sortable_by) <= {"code"}


@pytest.mark.parametrize("page", ["0", "-1", "x", "99", "9" * 30])
def test_a_page_that_is_none_leads_back_to_the_first(reader, division, page):
    MAKE[Programme](division)
    response = reader.get(list_of(Programme), {"p": page}, follow=True)
    assert response.status_code == 200
    assert len(response.context["cl"].result_list) == 1


def test_pages_lead_to_the_next_and_back(reader, division):
    for _n in range(51):
        MAKE[Programme](division)
    first = reader.get(list_of(Programme)).context["cl"]
    second = reader.get(list_of(Programme) + first.next_url).context["cl"]
    assert (len(first.result_list), len(second.result_list), first.previous_url) == (50, 1, "")
    assert not {row.pk for row in first.result_list} & {row.pk for row in second.result_list}
    assert second.next_url == ""
    assert reader.get(list_of(Programme) + second.previous_url).context["cl"].page.number == 1


def test_a_filter_by_organisation_reads_the_tree_once(reader, division):
    MAKE[OutcomeTarget](division)
    with CaptureQueriesContext(connection) as queries:
        reader.get(list_of(OutcomeTarget), {"organisation": division.code})
    assert len(queries) <= QUERIES


def test_choices_that_are_searched_are_not_counted(reader, division):
    OutcomeTargetFactory.create_batch(21, programme__lead=division)
    asked = {"app_label": "kpis", "model_name": "targetlink", "field_name": "to_target", "term": ""}
    with CaptureQueriesContext(connection) as queries:
        found = reader.get(reverse("admin:autocomplete"), asked).json()
    assert (len(found["results"]), found["pagination"]["more"]) == (20, True)
    assert [query["sql"] for query in queries if "COUNT(" in query["sql"]] == []


@every_list
def test_list_is_titled_by_what_it_lists(reader, model):
    """Django's own title, 変更する 成果目標 を選択, says neither that it is a list nor of what."""
    with translation.override("ja"):
        assert f"<h1>{model._meta.verbose_name_plural}</h1>" in reader.get(list_of(model)).text.replace("\n", "")


@pytest.mark.parametrize(
    "address",
    [
        "budget/sourcedocument/?issuer=%00",
        "budget/programme/?lead_origin__exact=%00",
        "kpis/progressreport/?state__exact=a%00",
        "kpis/targetproposal/?doubts=%00",
        "accounts/user/?postings__role=%00",
        "autocomplete/?app_label=budget&model_name=programme&field_name=lead&term=%00",
        "kpis/outcometarget/?%00=1",
    ],
)
def test_address_that_no_database_can_read_is_refused(reader, address):
    refused = reader.get(reverse("admin:index") + address)
    assert refused.status_code == 400
    assert "ヌル文字" in refused.text


@pytest.mark.parametrize(
    "address",
    [
        "kpis/outcometarget/add/?programme=abc",
        "kpis/outcometarget/add/?programme=99999999999999999999999",
        "accounts/posting/add/?user=abc",
        "budget/organisation/add/?parent=x",
        "budget/programme/?id__in=9999999999999999999999",
        "kpis/outcometarget/?id__in=9999999999999999999999",
    ],
)
def test_key_that_no_row_can_have_finds_nothing(reader, address):
    assert reader.get(reverse("admin:index") + address, follow=True).status_code == 200


@pytest.mark.parametrize("model", [Organisation, Programme, OutcomeTarget], ids=lambda model: model.__name__)
def test_code_is_given_once(reader, division, model):
    """It is an address, the key of files and of fixtures."""
    MAKE[model](division)
    row = model.objects.order_by("-pk").first()
    page = reader.get(page_of(row))
    assert "code" not in page.context["adminform"].form.fields
    assert row.code in page.text
    assert 'name="code"' in reader.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")).text
