"""The public pages: what they show and what they refuse."""

import csv
import re
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.roles import Role
from budget.history import explain
from budget.models import Organisation, PassagePart, SourceText
from kpis import workflow
from kpis.choices import Comparator, DeadlineKind, Level, NoDeadline, ReportState, Term
from kpis.models import OutcomeTarget, ProgressReport, TargetLink
from kpis.reports import TARGET_COLUMNS
from tests.factories import (
    BudgetAmountFactory,
    ClosedMissFactory,
    EvidenceFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)

pytestmark = pytest.mark.django_db

OVERDUE = "/reports/overdue/"
TARGETS = "/targets/"
# The factory's target is due on 2026-03-31; its results are due by 2026-08-31.
LAST_DAY, DAY_AFTER, RESULTS_DUE, UNREPORTED = "2026-03-31", "2026-04-01", "2026-08-31", "2026-09-01"


def shown(response) -> list[str]:
    return [target.code for target in response.context["page"].object_list]


def table(response) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"), newline="")))


def test_home_leads_to_the_dashboard(client):
    assert client.get("/").headers["Location"] == "/dashboard/"


# --- The overdue report ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "is_listed"), [(LAST_DAY, False), (DAY_AFTER, False), (RESULTS_DUE, False), (UNREPORTED, True)], ids=lambda value: str(value)
)
def test_target_without_a_result_is_listed_from_the_day_after_its_results_were_due(client, on, is_listed):
    OutcomeTargetFactory()

    assert client.get(OVERDUE, {"on": on}).context["page"].paginator.count == is_listed


@pytest.mark.parametrize(("on", "is_listed"), [(LAST_DAY, False), (DAY_AFTER, True)])
def test_target_that_misses_is_listed_from_the_day_after_its_last_day(client, on, is_listed):
    ProgressReportFactory(accepted=True, value=Decimal(59))

    assert client.get(OVERDUE, {"on": on}).context["page"].paginator.count == is_listed


@pytest.mark.parametrize("on", ["令和8年9月1日", "R8.9.1", "2026-09-01", "２０２６-９-１", "令和8年9月1日（2026-09-01）"])
def test_day_is_read_as_people_write_it(client, on):
    assert client.get(OVERDUE, {"on": on}).context["on"].isoformat() == "2026-09-01"


@pytest.mark.parametrize("query", [{}, {"on": ""}])
def test_day_is_today_where_none_is_given(client, time_machine, query):
    time_machine.move_to(datetime(2026, 8, 31, 15, 0, tzinfo=UTC))  # 1 September in Tokyo

    assert client.get(OVERDUE, query).context["on"].isoformat() == "2026-09-01"


@pytest.mark.parametrize("url", [OVERDUE, "/dashboard/"])
def test_box_of_the_day_holds_the_day_asked_for_alone(client, time_machine, url):
    time_machine.move_to(datetime(2026, 9, 10, 3, tzinfo=UTC))

    assert '<input type="text" name="on" placeholder="2026-09-10"' in client.get(url).text
    assert "2026-09-10" in client.get(url).context["on"].isoformat()
    assert '<input type="text" name="on" value="R8.9.1" placeholder="2026-09-10"' in client.get(url, {"on": "R8.9.1"}).text


def test_target_awaiting_its_result_is_listed_on_request_alone(client):
    target = OutcomeTargetFactory()

    assert shown(client.get(OVERDUE, {"on": DAY_AFTER})) == []
    assert shown(client.get(OVERDUE, {"on": DAY_AFTER, "status": ["unreported", "awaiting_result"]})) == [target.code]


def test_missed_and_unreported_are_totalled_apart_for_each_bureau(client, bureau, division, other_division):
    ours, others = ProgrammeFactory(lead=division), ProgrammeFactory(lead=other_division)
    OutcomeTargetFactory.create_batch(2, programme=ours)
    ProgressReportFactory(accepted=True, value=Decimal(59), target__programme=others)
    alone = OutcomeTargetFactory(programme__lead=Organisation.objects.create(code="alone", name="単独局", kind="bureau"))

    context = client.get(OVERDUE, {"on": UNREPORTED}).context

    assert [(total.organisation.code, total.counts) for total, _counts in context["totals"]] == [
        ("alone", {"unreported": 1}),
        ("bureau", {"unreported": 2, "missed": 1}),
    ]
    assert [(code, number) for code, _label, number in context["sums"]] == [("missed", 1), ("unreported", 3)]
    assert alone.code in shown(client.get(OVERDUE, {"on": UNREPORTED, "organisation": "alone"}))


def test_totals_follow_the_filters(client, division):
    OutcomeTargetFactory(programme__lead=division, indicator="採択件数")
    OutcomeTargetFactory(programme__lead=division, indicator="来場者数")

    context = client.get(OVERDUE, {"on": UNREPORTED, "q": "来場者"}).context

    assert [total.total for total, _counts in context["totals"]] == [1]


def test_targets_that_cannot_become_overdue_are_counted_with_a_link_to_each(client):
    OutcomeTargetFactory.create_batch(2, deadline_year=None)
    event = OutcomeTargetFactory(deadline_year=None, deadline_kind=DeadlineKind.AFTER_EVENT, deadline_offset_years=3)

    response = client.get(OVERDUE, {"on": UNREPORTED})

    assert {reason: number for reason, _label, number in response.context["no_last_day"]} == {
        NoDeadline.NONE_STATED: 2,
        NoDeadline.PROGRAMME_END_NOT_KNOWN: 0,
        NoDeadline.EVENT_NOT_RECORDED: 1,
    }
    for reason in NoDeadline.values:
        assert f"{TARGETS}?no_deadline={reason}&amp;on={UNREPORTED}" in response.text
    assert shown(client.get(TARGETS, {"no_deadline": "event_not_recorded", "on": UNREPORTED})) == [event.code]


def test_empty_report_names_the_day_and_the_filters(client):
    response = client.get(OVERDUE, {"on": UNREPORTED, "q": "来場者"})

    assert response.status_code == 200
    assert "令和8年9月1日（2026-09-01）" in response.text
    assert "来場者" in [words for _label, words in response.context["narrowed"]]


def test_fifty_rows_stand_on_a_page(client):
    OutcomeTargetFactory.create_batch(51, programme=ProgrammeFactory())

    first, second = client.get(OVERDUE, {"on": UNREPORTED}), client.get(OVERDUE, {"on": UNREPORTED, "page": 2})

    assert (len(shown(first)), len(shown(second))) == (50, 1)
    assert not set(shown(first)) & set(shown(second))


@pytest.mark.parametrize("sort", ["due", "-due", "programme", "organisation", "status", "-status"])
def test_sorting_settles_ties_so_that_no_row_is_on_two_pages(client, sort):
    programme = ProgrammeFactory()
    OutcomeTargetFactory.create_batch(51, programme=programme)

    pages = [shown(client.get(OVERDUE, {"on": UNREPORTED, "sort": sort, "page": page})) for page in (1, 2)]

    assert pages[0] + pages[1] == sorted(programme.targets.values_list("code", flat=True))


def test_targets_without_a_judged_year_come_last_however_sorted(client):
    undated, dated = OutcomeTargetFactory(deadline_year=None), OutcomeTargetFactory()

    assert shown(client.get(TARGETS, {"sort": "due"})) == [dated.code, undated.code]
    assert shown(client.get(TARGETS, {"sort": "-due"})) == [dated.code, undated.code]


# --- Programmes -----------------------------------------------------------------------------------------------------------------


def test_programmes_with_overdue_targets_are_listed_with_the_sum_of_their_budgets(client):
    overdue, other, bare = (ProgrammeFactory(code=code) for code in ("overdue", "other", "bare"))
    for programme in (overdue, other):
        BudgetAmountFactory(programme=programme, amount_yen=5_000_000)
    OutcomeTargetFactory.create_batch(2, programme=overdue)
    OutcomeTargetFactory(programme=bare)
    OutcomeTargetFactory(programme=other, deadline_year=2030)

    def listed(**query):
        context = client.get("/programmes/", {"on": UNREPORTED, **query}).context
        return [programme.code for programme in context["page"].object_list], context["budget"]

    assert listed() == (["bare", "other", "overdue"], 10_000_000)
    assert listed(overdue="yes") == (["bare", "overdue"], 5_000_000)
    assert listed(overdue="yes", budget="none") == (["bare"], 0)


def test_bureau_of_a_total_is_told_and_kept_by_the_form_but_offered_by_no_box(client, bureau, division):
    OutcomeTargetFactory(programme__lead=division)

    response = client.get(OVERDUE, {"on": UNREPORTED, "bureau": "bureau"})

    assert "経済産業政策局" in [words for _label, words in response.context["narrowed"]]
    assert '<input type="hidden" name="bureau" value="bureau"' in response.text
    assert 'name="bureau"' not in client.get(OVERDUE, {"on": UNREPORTED}).text


def test_every_total_by_bureau_leads_to_its_targets(client, ministry, bureau, division):
    for lead in (ministry, division, division):
        OutcomeTargetFactory(programme__lead=lead)

    totals = client.get(OVERDUE, {"on": UNREPORTED}).context["totals"]

    for total, _counts in totals:
        listed = client.get(OVERDUE, {"on": UNREPORTED, "bureau": total.organisation.code}).context["page"].paginator.count
        assert listed == total.total
    assert {total.organisation.code: total.total for total, _counts in totals} == {"bureau": 2, "ministry": 1}


# --- What is refused ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "query", "parameter"),
    [
        (OVERDUE, {"colour": "red"}, "colour"),
        (OVERDUE, {"on": "令和8年13月1日"}, "on"),
        (OVERDUE, {"on": ["2026-09-01", "2026-09-02"]}, "on"),
        (OVERDUE, {"status": "achieved"}, "status"),
        (OVERDUE, {"status": ["missed", "nonsense"]}, "status"),
        (OVERDUE, {"term": "soon"}, "term"),
        (OVERDUE, {"kind": "x"}, "kind"),
        (OVERDUE, {"organisation": "nobody"}, "organisation"),
        (OVERDUE, {"due_from": "7"}, "due_from"),
        (OVERDUE, {"sort": "colour"}, "sort"),
        (OVERDUE, {"page": "0"}, "page"),
        (OVERDUE, {"page": "2"}, "page"),
        (OVERDUE, {"page": "last"}, "page"),
        (OVERDUE, {"format": "xml"}, "format"),
        (OVERDUE, {"format": "csv", "page": "1"}, "page"),
        (OVERDUE, {"format": "csv", "on": "soon"}, "on"),
        (OVERDUE, {"no_deadline": "none_stated"}, "no_deadline"),
        (OVERDUE, {"q": "a\x00b"}, "q"),
        (OVERDUE, {"q": "x" * 501}, "q"),
        (TARGETS, {"no_deadline": "x"}, "no_deadline"),
        ("/programmes/", {"status": "missed"}, "status"),
        ("/reports/revisions/", {"programme": "none"}, "programme"),
        ("/reports/revisions/", {"programme": "\x00"}, "programme"),
    ],
)
def test_parameter_that_cannot_be_read_is_refused_by_name(client, url, query, parameter):
    response = client.get(url, query)

    assert response.status_code == 400
    assert [(problem.parameter, bool(problem.expected)) for problem in response.context["problems"]] == [(parameter, True)]
    assert f"<code>{parameter}</code>" in response.text


def test_all_problems_are_told_at_once(client):
    response = client.get(OVERDUE, {"colour": "red", "on": "x", "term": "soon"})

    assert {problem.parameter for problem in response.context["problems"]} == {"colour", "on", "term"}


@pytest.mark.parametrize("page", ["target", "programme"])
def test_pages_of_one_thing_refuse_parameters_too(client, page):
    target = OutcomeTargetFactory(code="t-1", programme__code="t-1")
    url = reverse(f"kpis:{page}", args=[target.code])

    assert client.get(url, {"on": "R8.9.1"}).status_code == 200
    assert client.get(url, {"on": "x"}).status_code == 400
    assert client.get(url, {"q": "x"}).status_code == 400


@pytest.mark.parametrize("url", ["/targets/none/", "/programmes/none/", "/sources/none/"])
def test_unknown_code_is_not_found(client, url):
    assert client.get(url).status_code == 404


# --- CSV ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [{}, {"sort": "-programme"}, {"q": "来場者"}, {"status": ["awaiting_result", "missed"]}])
def test_file_holds_the_rows_of_all_pages_in_their_order(client, query):
    OutcomeTargetFactory.create_batch(30)
    OutcomeTargetFactory.create_batch(30, indicator="来場者数")
    query = {"on": UNREPORTED, **query}
    pages = client.get(OVERDUE, query).context["page"].paginator.num_pages

    on_pages = [code for number in range(1, pages + 1) for code in shown(client.get(OVERDUE, {**query, "page": number}))]
    in_file = table(client.get(OVERDUE, {**query, "format": "csv"}))

    assert [row["target_code"] for row in in_file] == on_pages


def test_file_has_the_columns_of_the_report_and_is_named_after_its_day(client):
    OutcomeTargetFactory()

    response = client.get(OVERDUE, {"on": UNREPORTED, "format": "csv"})

    assert list(table(response)[0]) == [column.name for column in TARGET_COLUMNS]
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="seika-overdue-2026-09-01.csv"'


def test_file_without_rows_has_its_header(client):
    response = client.get(OVERDUE, {"on": UNREPORTED, "format": "csv"})

    assert response.getvalue().decode("utf-8-sig").startswith("programme_code,target_code,status,")


# --- Target ---------------------------------------------------------------------------------------------------------------------


def test_target_page_shows_the_quote_with_a_link_to_its_lines(client):
    passage = SourcePassageFactory(line_from=12, line_to=14, document__code="doc")
    target = OutcomeTargetFactory(passage=passage)

    text = client.get(f"/targets/{target.code}/").text

    assert target.statement in text
    assert "/sources/doc/?from=12&amp;to=14#L12" in text


def test_target_page_shows_the_deadline_as_stated_and_as_resolved(client):
    target = OutcomeTargetFactory(deadline_text="令和7年度までに")

    text = client.get(f"/targets/{target.code}/").text

    assert "「令和7年度までに」" in text
    assert "令和7年度（2025年度）" in text
    assert "令和8年3月31日（2026-03-31）" in text


@pytest.mark.parametrize("state", [ReportState.DRAFT, ReportState.SUBMITTED, ReportState.RETURNED], ids=str)
def test_report_that_nobody_accepted_is_hidden_from_the_public(client, reviewer, state):
    author = UserFactory()
    report = ProgressReportFactory(value=Decimal(57), narrative="下書きの説明", reported_by=author)
    ProgressReport.objects.filter(pk=report.pk).update(
        state=state,
        **({"submitted_by": author, "submitted_at": report.reported_at} if state == ReportState.SUBMITTED else {}),
        **({"decided_by": reviewer, "decided_at": report.reported_at, "decision_note": "x"} if state == ReportState.RETURNED else {}),
    )
    url = f"/targets/{report.target.code}/"

    public = client.get(url)
    client.force_login(reviewer)
    inside = client.get(url)

    assert public.context["results"] == []
    assert "下書きの説明" not in public.text
    assert "57" in inside.context["results"][0].worked_on
    assert "下書きの説明" in inside.text


def test_public_sees_the_accepted_figure_alone_while_it_is_corrected(client):
    report = ProgressReportFactory(accepted=True, value=Decimal(60))
    EvidenceFactory(report=report, citation="訂正中の統計")
    ProgressReport.objects.filter(pk=report.pk).update(state=ReportState.DRAFT, value=Decimal("41.7183"), narrative="訂正中の説明")

    response = client.get(f"/targets/{report.target.code}/", {"on": UNREPORTED})

    (result,) = response.context["results"]
    assert "60" in result.figure
    assert result.worked_on == ""
    assert "41.7183" not in response.text
    assert "訂正中の説明" not in response.text
    assert "訂正中の統計" not in response.text


def test_result_has_both_attainments(client):
    target = OutcomeTargetFactory(comparator=Comparator.AT_MOST, value=Decimal(50), baseline_value=Decimal(100), baseline_year=2020)
    ProgressReportFactory(accepted=True, target=target, value=Decimal(75))

    (result,) = client.get(f"/targets/{target.code}/").context["results"]

    assert result.attainment == Decimal(50)  # half of the way from 100 to 50
    assert result.published_attainment == Decimal(150)  # 75 ÷ 50


def test_result_measured_after_the_day_is_shown_as_not_counting(client):
    report = ProgressReportFactory(accepted=True)

    (result,) = client.get(f"/targets/{report.target.code}/", {"on": "2026-03-30"}).context["results"]

    assert not result.counts


def test_withdrawn_target_says_who_when_and_why_and_has_no_status(client):
    target = OutcomeTargetFactory()
    by = UserFactory(name="取下 太郎")
    OutcomeTarget.objects.filter(pk=target.pk).update(
        withdrawn_by=by, withdrawn_at=datetime(2026, 5, 1, 3, 0, tzinfo=UTC), withdrawal_reason="制度の廃止"
    )

    response = client.get(f"/targets/{target.code}/", {"on": "2026-05-01"})

    assert not response.context["standing"]
    for words in ("取下 太郎", "2026-05-01", "制度の廃止"):
        assert words in response.text
    assert client.get(f"/targets/{target.code}/", {"on": "2026-04-30"}).context["standing"]


def test_chain_is_linked_both_ways(client):
    programme = ProgrammeFactory()
    short, long = OutcomeTargetFactory(programme=programme), OutcomeTargetFactory(programme=programme)
    TargetLink.objects.create(from_target=short, to_target=long)

    assert [target.code for target in client.get(f"/targets/{short.code}/").context["leads_to"]] == [long.code]
    assert [target.code for target in client.get(f"/targets/{long.code}/").context["follows_from"]] == [short.code]


def drawings(response) -> list[ElementTree.Element]:
    """The drawings of a page, the small ones of legends left out. ParseError where one is not well-formed."""
    found = [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", response.text, flags=re.DOTALL)]
    return [svg for svg in found if "drawing" in svg.get("class", "")]


def shapes(svg: ElementTree.Element) -> list[str]:
    """The classes of its parts."""
    return [part.get("class", "") for part in svg.iter()]


def test_target_page_tells_the_steps_from_the_stated_deadline_to_the_day_of_silence(client):
    target = OutcomeTargetFactory(deadline_text="令和7年度末までに")

    text = client.get(f"/targets/{target.code}/").text

    for step in (
        "出典の記載は「令和7年度末までに」です。",
        "期限は令和7年度（2025年度）です。",
        "期限日は令和8年3月31日（2026-03-31）です。",
        "令和7年度（2025年度）の実績の報告期限は令和8年8月31日（2026-08-31）です。",
        "それまでに承認も提出もなければ、令和8年9月1日（2026-09-01）から未報告になります。",
    ):
        assert f"<li>{step}</li>" in text


def test_target_page_tells_what_would_change_its_status(client):
    target = OutcomeTargetFactory()

    text = client.get(f"/targets/{target.code}/", {"on": UNREPORTED}).text

    assert "この状況が変わる場合" in text
    assert "令和7年度（2025年度）以降の実績の提出。" in text


def test_chart_has_a_title_and_tells_its_figures_in_words(client):
    target = OutcomeTargetFactory(indicator="採択件数")
    ProgressReportFactory(accepted=True, target=target, value=Decimal(57), preliminary=True)

    (svg,) = drawings(client.get(f"/targets/{target.code}/", {"on": UNREPORTED}))

    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == "chart-title chart-desc"
    assert svg.find("title[@id='chart-title']").text == "年度別の実績: 採択件数"
    assert "令和7年度（2025年度）: 57件 (速報)." in svg.find("desc[@id='chart-desc']").text


@pytest.mark.parametrize(("preliminary", "drawn", "not_drawn"), [(True, "preliminary", "final"), (False, "final", "preliminary")])
def test_preliminary_and_final_results_have_shapes_of_their_own(client, preliminary, drawn, not_drawn):
    report = ProgressReportFactory(accepted=True, preliminary=preliminary)

    (svg,) = drawings(client.get(f"/targets/{report.target.code}/", {"on": UNREPORTED}))

    assert f"chart-{drawn}" in shapes(svg)
    assert f"chart-{not_drawn}" not in shapes(svg)


def test_figures_of_the_chart_stand_in_a_table_beside_it(client):
    target = OutcomeTargetFactory(baseline_value=Decimal(20), baseline_year=2021)
    for year, value in ((2022, 29), (2023, 40), (2025, 61)):
        ProgressReportFactory(accepted=True, target=target, fiscal_year=year, value=Decimal(value))

    context = client.get(f"/targets/{target.code}/", {"on": UNREPORTED}).context

    # From 20 in 2021 to 60 in 2025: ten a year.
    assert [(row.year, row.result, row.path, row.meets, row.short) for row, _result in context["chart_rows"]] == [
        (2021, None, None, None, None),
        (2022, 29, 30, False, True),
        (2023, 40, 40, False, False),
        (2025, 61, 60, True, False),
    ]
    assert [result and result.report.fiscal_year for _row, result in context["chart_rows"]] == [None, 2022, 2023, 2025]


def test_rounded_figure_of_the_path_is_marked_as_one(client):
    # From 0 in 2020 to 100 in 2026: 33.33… in 2022, of which 33 is short.
    target = OutcomeTargetFactory(baseline_value=Decimal(0), baseline_year=2020, value=Decimal(100), deadline_year=2026)
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2022, value=Decimal(33))

    assert "<td>約33.3334</td>" in client.get(f"/targets/{target.code}/", {"on": "2023-08-01"}).text


def test_chart_holds_the_results_that_count_on_the_day_alone(client):
    report = ProgressReportFactory(accepted=True)

    before, after = (client.get(f"/targets/{report.target.code}/", {"on": on}).context["chart"] for on in ("2026-03-30", LAST_DAY))

    assert (len(before.results), len(after.results)) == (0, 1)


def test_grades_are_drawn_with_their_names_in_the_table(client):
    report = ProgressReportFactory(accepted=True, target=OutcomeTargetFactory(qualitative=True), value=None, grade=3)

    response = client.get(f"/targets/{report.target.code}/", {"on": UNREPORTED})

    assert [point.label for point in response.context["chart"].results] == ["3"]
    assert "相当程度進展あり" in response.text


def test_target_without_any_year_has_no_chart(client):
    target = OutcomeTargetFactory(deadline_year=None)

    response = client.get(f"/targets/{target.code}/")

    assert response.context["chart"] is None
    assert drawings(response) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_drawings_are_well_formed_whatever_the_words_are(client, language):
    programme = ProgrammeFactory(display_title="<b>&'\"")
    target = OutcomeTargetFactory(programme=programme, indicator="<b>&'\"]]>--", unit="<&>", baseline_value=Decimal(1), baseline_year=2020)
    TargetLink.objects.create(from_target=OutcomeTargetFactory(programme=programme), to_target=target)
    ProgressReportFactory(accepted=True, target=target)
    YearlyMilestoneFactory(target=target)
    BudgetAmountFactory(programme=programme)
    BudgetAmountFactory(programme=programme, fiscal_year=2023, amount_yen=None, no_amount="new")
    pages = [
        client.get(url, headers={"accept-language": language}) for url in (f"/targets/{target.code}/", f"/programmes/{programme.code}/")
    ]

    assert [len(drawings(page)) for page in pages] == [1, 2]
    assert not any("style=" in page.text or "<script" in page.text for page in pages)


def test_figure_without_evidence_is_marked_in_words(client):
    bare, proven = ProgressReportFactory(accepted=True), ProgressReportFactory(accepted=True)
    EvidenceFactory(report=proven)

    def marks(report):
        return client.get(f"/targets/{report.target.code}/", {"on": UNREPORTED}).text.count(">根拠資料なし</span>")

    assert marks(bare) == 3  # beside the status, in the chart's table and in that of the results
    assert marks(proven) == 0


def test_evidence_that_a_reader_may_not_see_is_not_said_to_lack(client):
    report = ProgressReportFactory(accepted=True)
    EvidenceFactory(report=report)
    ProgressReport.objects.filter(pk=report.pk).update(state=ReportState.DRAFT)

    text = client.get(f"/targets/{report.target.code}/", {"on": UNREPORTED}).text

    assert "根拠資料なし" not in text
    assert "訂正が承認されると再び表示されます" in text


def test_result_names_who_accepted_it_and_when(client):
    by = UserFactory(name="審査 花子")
    report = ProgressReportFactory(accepted=True, decided_by=by, decided_at=datetime(2026, 6, 9, 15, 0, tzinfo=UTC))

    assert "2026-06-10 審査 花子が承認" in client.get(f"/targets/{report.target.code}/").text


def test_figure_under_correction_names_who_accepted_it_not_who_reopened_it(client, reviewer):
    report = ProgressReportFactory(accepted=True, decided_by=UserFactory(name="審査 花子"))
    workflow.reopen(report, by=reviewer, reason="単位の誤り")

    (result,) = client.get(f"/targets/{report.target.code}/").context["results"]

    assert result.report.decided_by == reviewer
    assert result.accepted_by == "審査 花子"


def test_draft_names_nobody_who_accepted_it(as_official):
    report = ProgressReportFactory()

    (result,) = as_official.get(f"/targets/{report.target.code}/").context["results"]

    assert (result.accepted_by, result.accepted_at) == (None, None)


def test_page_of_the_past_draws_what_was_accepted_by_then(client, time_machine):
    time_machine.move_to("2026-06-01 10:00+09:00")
    target = OutcomeTargetFactory()
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2024)
    time_machine.move_to("2026-07-01 10:00+09:00")
    ProgressReportFactory(accepted=True, target=target, fiscal_year=2025)
    time_machine.move_to("2026-08-01 10:00+09:00")

    def years(**clocks):
        return [point.year for point in client.get(f"/targets/{target.code}/", clocks).context["chart"].results]

    assert years() == [2024, 2025]
    assert years(known_at="2026-06-30") == [2024]


# --- Programme ------------------------------------------------------------------------------------------------------------------


def test_programme_page_shows_money_in_yen_and_in_hundred_millions(client):
    budget = BudgetAmountFactory(amount_yen=123_450_000)

    text = client.get(f"/programmes/{budget.programme.code}/").text

    assert "123,450,000円" in text
    assert "1.2345億円" in text


def test_programme_page_prints_what_stands_in_the_place_of_an_amount(client):
    budget = BudgetAmountFactory(amount_yen=None, no_amount="new", printed="新規")

    assert "新規" in client.get(f"/programmes/{budget.programme.code}/").text


def test_programme_page_names_the_organisations_with_their_marks_and_printed_names(client):
    one = ProgrammeOrganisationFactory(mark="(2)", printed_name="産業資金課ほか")

    text = client.get(f"/programmes/{one.programme.code}/").text

    assert "(2)" in text
    assert "「産業資金課ほか」" in text


def test_programme_page_names_the_organisations_above_its_lead(client, ministry, bureau, division):
    programme = ProgrammeFactory(lead=division)

    path = client.get(f"/programmes/{programme.code}/").context["lead_path"]

    assert path == [ministry, bureau, division]


def chained(**terms):
    """An output that leads to a short-term outcome of the same programme."""
    programme = ProgrammeFactory(code="programme")
    output = OutcomeTargetFactory(programme=programme, code="output", level=Level.OUTPUT, indicator="支援件数", **terms)
    short = OutcomeTargetFactory(programme=programme, code="short", term=Term.SHORT, indicator="資金調達")
    TargetLink.objects.create(from_target=output, to_target=short)
    return output, short


def test_chain_is_drawn_with_the_status_of_each_target_in_words(client):
    chained()

    (svg,) = drawings(client.get("/programmes/programme/", {"on": UNREPORTED}))

    words = [part.text for part in svg.iter("text")]
    assert [word for word in words if word in ("アウトプット", "短期", "中期")] == ["アウトプット", "短期"]
    assert words.count("未報告") == 2
    assert [part.get("href") for part in svg.iter("a")] == [f"/targets/{code}/?on={UNREPORTED}" for code in ("output", "short")]
    assert shapes(svg).count("arrow") == 1


def test_targets_of_one_kind_that_lead_nowhere_are_not_drawn(client):
    """The table says all that the drawing would."""
    programme = ProgrammeFactory(code="programme")
    OutcomeTargetFactory.create_batch(2, programme=programme, deadline_year=2025)
    assert drawings(client.get("/programmes/programme/", {"on": UNREPORTED})) == []


def test_chain_is_a_nested_list_to_who_does_not_see_it(client):
    chained(approximate=True)

    text = client.get("/programmes/programme/", {"on": UNREPORTED}).text

    (shown,) = re.findall(r'<ul class="chain-list".*?\n  </ul>', text, flags=re.DOTALL)
    (output,) = ElementTree.fromstring(shown).findall("li")
    (short,) = output.findall("ul/li")
    assert [one.find("a").text for one in (output, short)] == ["支援件数", "資金調達"]
    assert [[mark.text for mark in one.findall("span[@class='mark']")] for one in (output, short)] == [["概数", "出典なし"], ["出典なし"]]
    assert re.search(r'<div aria-hidden="true">\s*<svg', text)  # the drawing itself is not read out
    assert 'tabindex="-1"' in text  # nor are its links in the way of the keyboard


def test_withdrawn_target_is_not_in_the_chain(client):
    output, _short = chained()
    OutcomeTarget.objects.filter(pk=output.pk).update(
        withdrawn_by=UserFactory(), withdrawn_at=datetime(2026, 5, 1, tzinfo=UTC), withdrawal_reason="制度の廃止"
    )

    chain = client.get("/programmes/programme/", {"on": UNREPORTED}).context["chain"]

    assert ([node.key.code for node in chain.nodes], chain.arrows) == (["short"], [])


def test_programme_without_targets_or_amounts_has_no_drawing(client):
    programme = ProgrammeFactory()

    response = client.get(f"/programmes/{programme.code}/")

    assert (response.context["chain"], response.context["bars"], drawings(response)) == (None, None, [])


def test_budget_is_drawn_in_the_order_of_its_table(client):
    programme = ProgrammeFactory()
    BudgetAmountFactory(programme=programme, fiscal_year=2023, amount_yen=100_000_000)
    BudgetAmountFactory(programme=programme, fiscal_year=2024, amount_yen=50_000_000)
    BudgetAmountFactory(programme=programme, fiscal_year=2022, amount_yen=None, no_amount="new")

    response = client.get(f"/programmes/{programme.code}/")

    # 1億円 is 216 units long.
    assert [(budget.fiscal_year, bar.length) for bar, budget in response.context["budget_bars"]] == [(2024, 108), (2023, 216), (2022, None)]
    (svg,) = drawings(response)
    assert "令和5年度（2023年度）, 予算案: 1億円." in svg.find("desc").text


HISTORY = ("/reports/revisions/?programme=programme", "/changes/?programme=programme", "/admin/budget/programme/")


def test_public_is_led_to_the_revisions_of_the_targets_alone(client):
    ProgrammeFactory(code="programme")

    text = client.get("/programmes/programme/").text

    assert [address in text for address in HISTORY] == [True, False, False]


@pytest.mark.parametrize("role", Role.values)
def test_whoever_works_here_is_led_to_all_changes(client, ministry, role):
    ProgrammeFactory(code="programme")
    client.force_login(PostingFactory(organisation=ministry, role=role).user)

    text = client.get("/programmes/programme/").text

    assert [address in text for address in HISTORY] == [True, True, True]
    addresses = re.findall(r'href="([^"]*(?:programme=programme|/history/)[^"]*)"', text)
    assert [client.get(address).status_code for address in addresses] == [200, 200, 200]


def test_revisions_are_narrowed_to_a_programme(client):
    for code in ("programme", "other"):
        target = OutcomeTargetFactory(code=f"of-{code}", programme=ProgrammeFactory(code=code))
        target.value = Decimal(61)
        explain(target, reason="見直し")
        target.save()

    def revised(**query):
        return [row.code for row in client.get("/reports/revisions/", query).context["page"].object_list]

    assert sorted(revised()) == ["of-other", "of-programme"]
    assert revised(programme="programme") == ["of-programme"]


def test_list_of_programmes_counts_missed_and_unreported_apart(client):
    programme = ProgrammeFactory()
    OutcomeTargetFactory.create_batch(2, programme=programme)
    ProgressReportFactory(accepted=True, value=Decimal(59), target__programme=programme)

    context = client.get("/programmes/", {"on": UNREPORTED}).context

    assert context["rows"] == [(programme, 3, [("missed", 1), ("unreported", 2)])]


def test_closed_miss_is_a_target_of_its_programme_and_not_overdue(client):
    report = ProgressReportFactory(accepted=True, value=Decimal(59))
    ClosedMissFactory(target=report.target, closed_at=datetime(2026, 8, 1, tzinfo=UTC))

    assert client.get("/programmes/", {"on": UNREPORTED}).context["rows"] == [
        (report.target.programme, 1, [("missed", 0), ("unreported", 0)])
    ]


# --- Source ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def document():
    document = SourceDocumentFactory(code="doc")
    SourceText.objects.create(document=document, text="\n".join(f"第{number}行" for number in range(1, 201)))
    return document


def test_lines_are_highlighted_in_a_window_of_forty_around_them(client, document):
    response = client.get("/sources/doc/", {"from": 100, "to": 102})

    numbers = [number for number, _text, _chosen in response.context["lines"]]
    assert (numbers[0], numbers[-1]) == (60, 142)
    assert response.text.count("<mark>") == 3
    assert '<li id="L100" value="100" class="chosen"><mark>第100行</mark></li>' in response.text


def test_window_ends_where_the_text_does(client, document):
    numbers = [number for number, _text, _chosen in client.get("/sources/doc/", {"from": 200}).context["lines"]]

    assert (numbers[0], numbers[-1]) == (160, 200)


def test_lines_name_the_targets_that_were_read_from_them(client, document):
    passage = SourcePassageFactory(document=document, line_from=99, line_to=101, part=PassagePart.STATEMENT)
    target = OutcomeTargetFactory(passage=passage)

    assert f"/targets/{target.code}/" in client.get("/sources/doc/", {"from": 100, "to": 100}).text


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"from": "x"}, "from"),
        ({"from": 0}, "from"),
        ({"from": 9, "to": 8}, "to"),
        ({"from": 201}, "from"),
        ({"from": 199, "to": 201}, "to"),
        ({"from": 1, "to": 501}, "to"),
        ({"line": 3}, "line"),
    ],
)
def test_lines_that_cannot_be_shown_are_refused(client, document, query, parameter):
    response = client.get("/sources/doc/", query)

    assert response.status_code == 400
    assert [problem.parameter for problem in response.context["problems"]] == [parameter]


def test_document_without_its_text_says_how_to_attach_it(client):
    SourceDocumentFactory(code="doc")

    assert "manage.py attach_source" in client.get("/sources/doc/", {"from": 5, "to": 6}).text


# --- Costs ----------------------------------------------------------------------------------------------------------------------


# --- Around the pages -----------------------------------------------------------------------------------------------------------


def test_language_is_chosen_in_the_footer(client):
    assert '<html lang="ja">' in client.get(OVERDUE).text

    client.post("/i18n/setlang/", {"language": "en", "next": OVERDUE})

    assert '<html lang="en">' in client.get(OVERDUE).text


def test_footer_names_the_source_documents(client):
    SourceDocumentFactory(code="doc", issuer="経済産業省", title="令和6年度予算案の事業概要")

    assert "経済産業省「令和6年度予算案の事業概要」" in client.get(OVERDUE).text


def test_page_has_no_script_and_no_inline_style(client):
    OutcomeTargetFactory()

    text = client.get(OVERDUE, {"on": UNREPORTED}).text

    assert "<script" not in text
    assert "style=" not in text


def test_page_of_an_error_asks_no_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert 'id="main"' in render_to_string("500.html")


@pytest.mark.parametrize("page", ["kpis:target", "kpis:programme", "kpis:organisation"])
def test_page_of_what_was_not_recorded_by_a_moment_says_so_and_leads_back(client, page):
    target = OutcomeTargetFactory()
    row = {"kpis:target": target, "kpis:programme": target.programme, "kpis:organisation": target.programme.lead}[page]
    address = reverse(page, args=[row.code])
    assert client.get(address).status_code == 200
    answer = client.get(address, {"known_at": "2020-01-01"})
    assert answer.status_code == 404
    assert "まだ記録されていません" in answer.text
    assert 'href="?"' in answer.text or f'href="{address}"' in answer.text


def test_address_of_nothing_is_told_as_before(client):
    assert "まだ記録されていません" not in client.get(reverse("kpis:target", args=["none"]), {"on": "2026-01-01"}).text


def test_line_that_states_several_targets_is_named_once_where_a_programme_is_printed(client):
    programme = ProgrammeFactory()
    place = {
        "programme": programme,
        "document": SourceDocumentFactory(),
        "part": PassagePart.STATEMENT,
        "quote": "60件",
        "line_from": 7,
        "line_to": 7,
    }
    SourcePassageFactory.create_batch(3, **place)
    SourcePassageFactory(**place | {"line_from": 9, "line_to": 9})
    page = client.get(reverse("kpis:programme", args=[programme.code]))
    assert [passage.line_from for passage in page.context["passages"]] == [7, 9]
