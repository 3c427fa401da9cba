"""How lists and reports are narrowed: each filter, what is refused, and the order."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.http import QueryDict
from django.utils import translation

from budget.models import Programme
from kpis import reports
from kpis.asof import as_known_at
from kpis.choices import Comparator, DeadlineKind, Status, Term
from kpis.filters import OneOf, OutcomeTargetFilterSet, OverdueFilterSet, ProgrammeFilterSet, RevisionFilterSet
from kpis.models import OutcomeTarget
from tests.factories import (
    OrganisationFactory,
    OutcomeTargetFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourcePassageFactory,
)

pytestmark = pytest.mark.django_db

ON = date(2026, 9, 1)


def narrowed(query: str, filters=OutcomeTargetFilterSet, on=ON):
    """The filter set over all targets with their status of the day."""
    return filters(QueryDict(query), queryset=reports.targets_on(on))


def codes(query: str, **options) -> list[str]:
    found = narrowed(query, **options)
    assert found.is_valid(), found.errors
    return [target.code for target in found.qs]


def test_nothing_asked_leaves_everything():
    OutcomeTargetFactory(code="a")

    assert codes("") == codes("organisation=&kind=&q=&due_from=&due_to=&sort=&no_deadline=") == ["a"]


# --- Each filter -------------------------------------------------------------------------------------------------------------------


def test_organisation_means_its_whole_subtree(ministry, bureau, division, other_division):
    office = OrganisationFactory(code="office", parent=division)
    for lead in (ministry, bureau, division, other_division, office):
        OutcomeTargetFactory(code=f"of-{lead.code}", programme=ProgrammeFactory(lead=lead))
    OutcomeTargetFactory(programme=ProgrammeFactory())

    assert codes("organisation=division") == ["of-division", "of-office"]
    assert codes("organisation=office") == ["of-office"]
    assert codes("organisation=bureau") == ["of-bureau", "of-division", "of-office", "of-other-division"]
    assert len(codes("organisation=ministry")) == 5


def test_organisation_means_the_lead_alone(division, other_division):
    programme = ProgrammeFactory(lead=division)
    ProgrammeOrganisationFactory(programme=programme, organisation=other_division)
    OutcomeTargetFactory(programme=programme, code="a")

    assert codes("organisation=division") == ["a"]
    assert codes("organisation=other-division") == []


def test_lead_means_the_programmes_that_it_leads_itself(ministry, bureau, division):
    for lead in (ministry, bureau, division):
        OutcomeTargetFactory(code=f"of-{lead.code}", programme=ProgrammeFactory(lead=lead))

    assert codes("lead=ministry") == ["of-ministry"]
    assert codes("lead=division&organisation=bureau") == ["of-division"]
    assert list(narrowed("lead=nowhere").errors) == ["lead"]


def test_bureau_means_what_is_counted_for_it_in_totals(ministry, bureau, division):
    inner = OrganisationFactory(code="inner", kind="bureau", parent=bureau)
    for lead in (ministry, bureau, division, inner):
        OutcomeTargetFactory(code=f"of-{lead.code}", programme=ProgrammeFactory(lead=lead))

    assert codes("bureau=bureau") == ["of-bureau", "of-division"]
    assert codes("bureau=inner") == ["of-inner"]
    assert codes("bureau=ministry") == ["of-ministry"]
    assert codes("bureau=division") == []  # its targets are counted for its bureau


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("due_on_from=2026-12-09", ["on-the-9th", "on-the-10th"]),
        ("due_on_from=2026-12-10", ["on-the-10th"]),
        ("due_on_to=R8.12.9", ["on-the-9th"]),
        ("due_on_from=2026-12-09&due_on_to=令和8年12月10日", ["on-the-9th", "on-the-10th"]),
        ("due_on_from=2026-12-11", []),
    ],
)
def test_last_day_lies_between_two_days_and_targets_of_each_year_have_none(query, expected):
    for name, day in (("on-the-9th", 9), ("on-the-10th", 10)):
        OutcomeTargetFactory(code=name, deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 12, day))
    OutcomeTargetFactory(each_year=True, deadline_kind=DeadlineKind.DATE, deadline_year=None, deadline_on=date(2026, 12, 9))
    OutcomeTargetFactory(deadline_year=None)

    assert sorted(codes(query)) == sorted(expected)


def test_last_day_that_is_no_day_is_refused():
    assert list(narrowed("due_on_from=soon").errors) == ["due_on_from"]


def test_any_reason_for_having_no_last_day_means_all_of_them():
    OutcomeTargetFactory(code="unstated", deadline_year=None)
    OutcomeTargetFactory(code="event", deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3)
    OutcomeTargetFactory(code="each-year", deadline_year=None, each_year=True)
    OutcomeTargetFactory(code="dated")

    assert sorted(codes("no_deadline=any")) == ["event", "unstated"]


def test_term_may_be_several():
    for term in Term:
        OutcomeTargetFactory(code=term, term=term)

    assert codes("term=short") == ["short"]
    assert codes("term=short&term=unstated") == ["short", "unstated"]


def test_kind_is_one():
    OutcomeTargetFactory(code="a")
    OutcomeTargetFactory(code="b", qualitative=True)

    assert (codes("kind=quantitative"), codes("kind=qualitative")) == (["a"], ["b"])


def test_status_may_be_several():
    OutcomeTargetFactory(code="missed")
    ProgressReportFactory(accepted=True, target=OutcomeTarget.objects.get(), fiscal_year=2025, value=Decimal(1))
    OutcomeTargetFactory(code="unreported")
    OutcomeTargetFactory(code="no-data", deadline_year=2030)

    assert codes("status=missed") == ["missed"]
    assert codes("status=missed&status=no_data") == ["missed", "no-data"]
    assert codes("status=achieved") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("due_from=2025", ["2025", "2026"]),
        ("due_to=2025", ["2024", "2025"]),
        ("due_from=2025&due_to=2025", ["2025"]),
        ("due_from=2026&due_to=2025", []),
        ("due_from=R7", ["2025", "2026"]),
        ("due_from=r7", ["2025", "2026"]),
        ("due_from=令和7年度", ["2025", "2026"]),
        ("due_from=令和７年度", ["2025", "2026"]),
        ("due_from=令和7年", ["2025", "2026"]),
        ("due_from=2025年度", ["2025", "2026"]),
        ("due_from=FY2025", ["2025", "2026"]),
        ("due_from=平成37年度", ["2025", "2026"]),
        ("due_from=令和7年度（2025年度）", ["2025", "2026"]),
    ],
)
def test_deadline_lies_in_a_range_of_fiscal_years_as_people_write_them(query, expected):
    for year in (2024, 2025, 2026):
        OutcomeTargetFactory(code=str(year), deadline_year=year)
    OutcomeTargetFactory(deadline_year=None)

    assert codes(query) == expected


def test_deadline_of_an_each_year_target_is_the_year_judged():
    OutcomeTargetFactory(code="yearly", each_year=True, deadline_year=2032, passage=SourcePassageFactory())

    assert codes("due_from=2025&due_to=2025") == ["yearly"]
    assert codes("due_from=2032") == []


def test_calendar_year_is_found_in_its_fiscal_year():
    OutcomeTargetFactory(code="a", deadline_kind=DeadlineKind.CALENDAR_YEAR, deadline_year=2030)

    assert codes("due_from=2030&due_to=2030") == ["a"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("none_stated", ["none"]), ("programme_end_not_known", ["programme"]), ("event_not_recorded", ["event"])],
)
def test_targets_without_a_last_day_are_found_by_their_reason_as_they_are_counted(reason, expected):
    after = {"deadline_year": None, "deadline_offset_years": 1}
    OutcomeTargetFactory(code="none", deadline_year=None)
    OutcomeTargetFactory(code="programme", deadline_kind=DeadlineKind.AFTER_PROGRAMME, **after)
    OutcomeTargetFactory(code="event", deadline_kind=DeadlineKind.AFTER_EVENT, **after)
    OutcomeTargetFactory(code="known", deadline_kind=DeadlineKind.AFTER_PROGRAMME, programme__end_fiscal_year=2026, **after)
    OutcomeTargetFactory(code="yearly", deadline_year=None, each_year=True, passage=SourcePassageFactory())

    assert codes(f"no_deadline={reason}") == expected
    assert reports.no_last_day_counts(ON)[reason] == len(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("水素", ["a"]),
        ("脱炭素", ["a", "b"]),
        ("採択", ["b"]),
        ("脱炭素 採択", ["b"]),
        ("脱炭素　採択", ["b"]),
        (" 採択 ", ["b"]),
        ("採択 水素", []),
        ("B", ["b"]),
        ("100%", []),
        ("_", []),
    ],
)
def test_text_finds_targets_that_mention_every_word(text, expected):
    programme = ProgrammeFactory(display_title="脱炭素の推進")
    OutcomeTargetFactory(code="a", programme=programme, statement="水素の供給を増やす。", indicator="供給量")
    OutcomeTargetFactory(code="b", programme=programme, statement="60件を支援する。", indicator="採択件数")
    OutcomeTargetFactory(code="c", statement="1000を目指す。", indicator="件数")

    assert codes(urlencode({"q": text})) == expected


ALIKE = ["ＧＸ", "ｇｘ", "GX", "gx", "éa", "ÉA", "gx éa"]  # the indicator says ＧＸ投資額 Éa


@pytest.mark.parametrize("text", ALIKE)
def test_width_and_case_do_not_count_in_the_text_of_a_target(text):
    OutcomeTargetFactory(code="a", indicator="ＧＸ投資額 Éa")
    OutcomeTargetFactory(code="b", indicator="投資額")

    assert codes(urlencode({"q": text})) == ["a"]


@pytest.mark.parametrize("text", ["ＧＸ", "gx", "脱炭素 ｇｘ", "3512"])
def test_target_mentions_what_its_programme_does(text):
    OutcomeTargetFactory(code="a", programme=ProgrammeFactory(display_title="ＧＸの推進", title="脱炭素", rs_project_id="3512"))
    OutcomeTargetFactory(code="b")

    assert codes(urlencode({"q": text})) == ["a"]


def test_name_of_an_organisation_is_no_text_of_its_targets(division):
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division))

    assert codes(urlencode({"q": division.name})) == []


def test_text_finds_what_was_known_at_the_moment(time_machine):
    time_machine.move_to("2026-09-01 12:00+09:00", tick=False)
    target = OutcomeTargetFactory(code="a", indicator="水素")
    time_machine.move_to("2026-09-05 12:00+09:00", tick=False)
    target.indicator = "アンモニア"
    target.save()

    assert (codes("q=水素"), codes("q=アンモニア")) == ([], ["a"])
    with as_known_at(datetime(2026, 9, 2, tzinfo=UTC)):
        assert (codes("q=水素"), codes("q=アンモニア")) == (["a"], [])


def test_text_may_find_more_targets_than_a_statement_has_variables():
    keys = list(range(1, 300_001))  # SQLite takes 250,000 at the most
    target = OutcomeTargetFactory()

    assert OutcomeTarget.objects.filter(OneOf(F("pk"), [*keys, target.pk])).get() == target
    assert not OutcomeTarget.objects.filter(OneOf(F("pk"), [])).exists()


@pytest.mark.parametrize("filters", [OutcomeTargetFilterSet, OverdueFilterSet, RevisionFilterSet, ProgrammeFilterSet])
def test_text_is_as_long_as_that_of_the_search_at_the_most(filters):
    words = " ".join(chr(first) + chr(second) for first in range(0x30A1, 0x30AB) for second in range(0x4E00, 0x4E32))  # 500 words
    rows = Programme.objects.all() if filters is ProgrammeFilterSet else OutcomeTarget.objects.with_status(ON)

    assert list(filters(QueryDict(urlencode({"q": words})), queryset=rows).errors) == ["q"]
    longest = filters(QueryDict(urlencode({"q": words[:500]})), queryset=rows)
    assert longest.is_valid()
    assert list(longest.qs) == []


def test_filters_work_together():
    OutcomeTargetFactory(code="a", term=Term.SHORT, deadline_year=2024)
    OutcomeTargetFactory(code="b", term=Term.SHORT, deadline_year=2025)
    OutcomeTargetFactory(code="c", term=Term.LONG, deadline_year=2024)

    assert codes("term=short&due_to=2024&status=unreported") == ["a"]


# --- The order ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def four():
    first, second = (ProgrammeFactory(code=f"p-{n}", lead=OrganisationFactory(code=f"org-{9 - n}")) for n in (1, 2))
    OutcomeTargetFactory(code="a", programme=second, deadline_year=2024)
    OutcomeTargetFactory(code="b", programme=first, deadline_year=2030)
    OutcomeTargetFactory(code="c", programme=first, deadline_year=2024)
    OutcomeTargetFactory(code="d", programme=first, deadline_year=None)


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("due", "c a b d"),
        ("-due", "b c a d"),
        ("programme", "b c d a"),
        ("-programme", "a b c d"),
        ("organisation", "a b c d"),
        ("-organisation", "b c d a"),
        ("status", "b d c a"),
        ("-status", "c a d b"),
    ],
)
def test_order_settles_ties_by_code_and_puts_what_has_no_year_last(sort, expected):
    assert codes(f"sort={sort}") == expected.split()


@pytest.mark.usefixtures("four")
def test_every_order_that_is_offered_has_a_name():
    offered = {str(code): str(name) for code, name in OutcomeTargetFilterSet.base_filters["sort"].field.choices if code}

    assert set(offered) == {sign + key for key in ("due", "programme", "organisation", "status") for sign in ("", "-")}
    assert len(set(offered.values())) == 8


# --- What is refused ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("organisation", "nowhere"),
        ("organisation", "1"),
        ("term", "soon"),
        ("kind", "other"),
        ("status", "overdue"),
        ("due_from", "令和0年度"),
        ("due_from", "昭和65年度"),
        ("due_to", "next year"),
        ("due_to", "①"),
        ("no_deadline", "forgotten"),
        ("sort", "value"),
        ("sort", "--due"),
        ("sort", "due,value"),
    ],
)
def test_unknown_value_is_refused_beside_its_field(name, value, language):
    OrganisationFactory(code="somewhere")
    with translation.override(language):
        found = narrowed(f"{name}={value}")

        assert not found.is_valid()
        assert list(found.errors) == [name]


@pytest.mark.parametrize("status", sorted(set(Status.values) - {"missed", "unreported", "awaiting_result"}))
def test_overdue_report_offers_only_the_statuses_of_a_passed_deadline(status):
    assert list(narrowed(f"status={status}", filters=OverdueFilterSet).errors) == ["status"]


def test_overdue_report_has_the_filters_of_the_list_but_for_what_has_no_deadline():
    assert set(OutcomeTargetFilterSet.base_filters) - set(OverdueFilterSet.base_filters) == {"no_deadline"}


# --- The overdue report, and programmes --------------------------------------------------------------------------------------------


def test_overdue_report_is_narrowed_to_awaiting():
    OutcomeTargetFactory(code="a")
    found = OverdueFilterSet(QueryDict("status=awaiting_result"), queryset=reports.overdue_targets(date(2026, 8, 31), (Status.AWAITING,)))

    assert [target.code for target in found.qs] == ["a"]


def test_unsorted_overdue_report_keeps_its_own_order():
    OutcomeTargetFactory(code="a", deadline_year=2024)
    OutcomeTargetFactory(code="b", deadline_year=2020)
    found = OverdueFilterSet(QueryDict(""), queryset=reports.overdue_targets(ON))

    assert [target.code for target in found.qs] == ["b", "a"]


def test_totals_follow_the_filters(bureau, division):
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), term=Term.SHORT)
    OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), term=Term.LONG, comparator=Comparator.MORE_THAN)
    found = OverdueFilterSet(QueryDict("term=short&sort=-due&organisation=bureau"), queryset=reports.overdue_targets(ON))

    assert [total.counts for total in reports.totals_by_bureau(found.qs)] == [{"unreported": 1}]


def test_programmes_are_found_by_lead_and_words(division, other_division):
    ProgrammeFactory(code="p-1", lead=division, display_title="水素の供給", title="")
    ProgrammeFactory(code="p-2", lead=other_division, display_title="（題名なし）", title="水素の利用")

    def found(query):
        filters = ProgrammeFilterSet(QueryDict(query), queryset=Programme.objects.all())
        assert filters.is_valid()
        return [programme.code for programme in filters.qs]

    assert found("") == ["p-1", "p-2"]
    assert found("q=水素") == ["p-1", "p-2"]
    assert found("q=水素 利用") == ["p-2"]
    assert found("q=P-1") == found("q=ｐ－１") == ["p-1"]
    assert found("organisation=division") == ["p-1"]
    assert found("organisation=bureau&q=供給") == ["p-1"]
    assert not ProgrammeFilterSet(QueryDict("organisation=nowhere"), queryset=Programme.objects.all()).is_valid()


@pytest.mark.parametrize("count", [1, 30])
def test_narrowed_report_costs_the_same_for_any_number(count, bureau, division, django_assert_num_queries):
    for _ in range(count):
        OutcomeTargetFactory(programme=ProgrammeFactory(lead=division))
    query = "organisation=bureau&term=unstated&status=unreported&kind=quantitative&due_from=R7&due_to=2025&q=採択&sort=-due"

    with django_assert_num_queries(6):  # organisations twice, what was recorded, the texts of each kind, targets
        assert len(codes(query, filters=OverdueFilterSet)) == count
    with django_assert_num_queries(3):  # the texts are known
        assert len(codes(query, filters=OverdueFilterSet)) == count
