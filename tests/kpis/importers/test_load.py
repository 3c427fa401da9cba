"""A read PR document in the database: what is written, what is kept, and that all of it is told."""

import hashlib
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.serializers import serialize
from django.db import DatabaseError, transaction
from django.utils import translation

from budget.history import explain
from budget.models import (
    BudgetAmount,
    BudgetStage,
    LeadOrigin,
    NoAmount,
    Organisation,
    OrganisationKind,
    PassagePart,
    Programme,
    ProgrammeOrganisation,
    SourceDocument,
    SourcePassage,
    SourceText,
)
from kpis.changes import ORGANISATION_OF
from kpis.choices import Doubt, MatchDecision, MatchKind, ProposalState
from kpis.importers import review
from kpis.importers.pr_document.load import CannotLoad, load
from kpis.importers.pr_document.normalise import NotReadable, decode
from kpis.importers.pr_document.outcome import Outcome, Told
from kpis.importers.pr_document.segment import NotAPrDocument
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal
from tests.factories import OrganisationFactory, OutcomeTargetFactory, ProgrammeFactory, SourcePassageFactory, UserFactory
from tests.kpis.importers.documents import GOAL, Printed, document, imported, lines_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ministry")]

HARBOUR = Printed()
SURVEY = Printed(
    "航路標識調査",
    "2.5億円",
    "新規",
    "※交付金を含む",
    "(1) 通商政策局総務課\n(2) 通商政策局通商機構部国際経済室",
    "航路を知る。",
    "航路を調べる。",
    "民間事業者へ委託する。",
    "令和6年度から令和8年度までの3年間の事業であり、令和9年度までに、標識を改めた航路の数を30件以上とする。",
)
FUND = Printed("船員育成費補助金", "0.7億円", "－億円", organisations="", goal="船員の育成を目指す。")


# In an order in which each row finds those that it names.
DUMPED = (Organisation, SourceDocument, SourceText, Programme, SourcePassage, ProgrammeOrganisation, BudgetAmount, TargetProposal)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def user():
    return UserFactory(username="importer")


@pytest.fixture
def person():
    return UserFactory(username="person")


@pytest.fixture
def harbour(division, user) -> Programme:
    """The first programme as the first edition told it."""
    imported(document(HARBOUR), by=user)
    return Programme.objects.get()


def rows() -> dict[str, int]:
    """How many history rows there are of each model: no write leaves them as they are."""
    return {model._meta.label: model.history.count() for model in ORGANISATION_OF}


def facts() -> str:
    return "".join(serialize("jsonl", model.objects.order_by("pk")) for model in (*ORGANISATION_OF, Organisation))


def told_of(outcome: Outcome, title: str) -> Told:
    return next(told for told in outcome.programmes if told.title == title)


def amounts(programme: Programme) -> dict[tuple[int, str], int | None]:
    return {(row.fiscal_year, row.stage): row.amount_yen for row in programme.budget_amounts.all()}


def enters(person, row, **values):
    """The person says so in the admin."""
    for name, value in values.items():
        setattr(row, name, value)
    explain(row, reason="entered in the admin", by=person)
    row.save()
    return row


def conflicts(told: Told) -> list[tuple[str, str]]:
    return [(each.old, each.new) for each in told.conflicts]


# --- On a fresh database ----------------------------------------------------------------------------------------------------------------


def test_programmes_have_titles_and_texts_as_printed(user):
    imported(document(HARBOUR, SURVEY, FUND), by=user)
    found = [(each.title, each.display_title, each.purpose, each.overview, each.scheme) for each in Programme.objects.order_by("code")]
    assert found == [(each.title, each.title, each.purpose, each.overview, each.scheme) for each in (HARBOUR, SURVEY, FUND)]


def test_amounts_are_of_both_years_in_whole_yen(user):
    imported(document(HARBOUR, SURVEY, FUND), by=user)
    draft, initial = (2024, BudgetStage.DRAFT), (2023, BudgetStage.INITIAL)
    assert [amounts(each) for each in Programme.objects.order_by("code")] == [
        {draft: 120_000_000, initial: 110_000_000},
        {draft: 250_000_000, initial: None},
        {draft: 70_000_000, initial: None},
    ]
    new, dash = BudgetAmount.objects.filter(amount_yen=None).order_by("programme__code")
    assert (new.no_amount, new.printed, new.note) == (NoAmount.NEW, "新規", "※交付金を含む")
    assert (dash.no_amount, dash.printed) == (NoAmount.DASH, "－億円")


def test_organisations_stand_in_the_tree_with_marks_and_order(bureau, division, user):
    imported(document(HARBOUR, SURVEY), by=user)
    assert [
        (each.organisation, each.mark, each.position) for each in ProgrammeOrganisation.objects.filter(programme__title=HARBOUR.title)
    ] == [(division, "", 1)]
    first, second = ProgrammeOrganisation.objects.filter(programme__title=SURVEY.title)
    assert (first.mark, first.position, first.printed_name) == ("(1)", 1, "通商政策局総務課")
    assert (second.mark, second.position, second.printed_name) == ("(2)", 2, "通商政策局通商機構部国際経済室")

    def path(organisation):
        return [*(path(organisation.parent) if organisation.parent else []), (organisation.name, organisation.kind)]

    bureau = [("経済産業省", OrganisationKind.MINISTRY), ("通商政策局", OrganisationKind.BUREAU)]
    assert path(first.organisation) == [*bureau, ("総務課", OrganisationKind.DIVISION)]
    assert path(second.organisation) == [*bureau, ("通商機構部", OrganisationKind.DEPARTMENT), ("国際経済室", OrganisationKind.OFFICE)]
    assert first.organisation.parent == second.organisation.parent.parent


def test_a_name_that_several_organisations_have_is_found_below_its_bureau(bureau, division, ministry, user):
    elsewhere = OrganisationFactory(name=division.name, parent=OrganisationFactory(name="通商政策局", parent=ministry))
    imported(document(HARBOUR, Printed("航路標識調査", organisations=f"通商政策局{division.name}")), by=user)
    assert [each.lead for each in Programme.objects.order_by("code")] == [division, elsewhere]


def test_a_bureau_that_is_abbreviated_is_the_same(ministry, user):
    group = OrganisationFactory(name="産業保安グループ", kind=OrganisationKind.BUREAU, parent=ministry)
    imported(document(Printed(organisations="産業保安G")), by=user)
    assert Programme.objects.get().lead == group


def test_the_first_printed_organisation_leads_else_the_ministry(division, ministry, user):
    imported(document(HARBOUR, FUND), by=user)
    assert [(each.lead, each.lead_origin) for each in Programme.objects.order_by("code")] == [
        (division, LeadOrigin.DOCUMENT),
        (ministry, LeadOrigin.MINISTRY),
    ]


def test_the_period_is_that_of_the_goal_text(user):
    endless = Printed("船員育成費補助金", goal="平成16年度から終了予定年度なしの事業であり、船員の育成を目指す。")
    imported(document(HARBOUR, SURVEY, endless), by=user)
    found = [
        (each.start_fiscal_year, each.end_fiscal_year, each.open_ended, each.period_origin) for each in Programme.objects.order_by("code")
    ]
    assert found == [(None, None, False, ""), (2024, 2026, False, LeadOrigin.DOCUMENT), (2004, None, True, LeadOrigin.DOCUMENT)]


def test_passages_name_the_lines_of_each_part(user):
    text = document(HARBOUR, SURVEY)
    imported(text, by=user)
    found = {(each.programme.title, each.part): lines_of(text, each.line_from, each.line_to) for each in SourcePassage.objects.all()}
    parts = {
        part: {printed.title: words for printed, words in zip((HARBOUR, SURVEY), both, strict=True)}
        for part, both in {
            PassagePart.TITLE: (HARBOUR.title, SURVEY.title),
            PassagePart.BUDGET: ("令和6年度予算案額 1.2億円（1.1億円）", "令和6年度予算案額 2.5億円（新規）※交付金を含む"),
            PassagePart.ORGANISATION: (HARBOUR.organisations, SURVEY.organisations),
            PassagePart.PURPOSE: (HARBOUR.purpose, SURVEY.purpose),
            PassagePart.OVERVIEW: (HARBOUR.overview, SURVEY.overview),
            PassagePart.SCHEME: (HARBOUR.scheme, SURVEY.scheme),
            PassagePart.GOAL: (HARBOUR.goal, SURVEY.goal),
        }.items()
    }
    assert found == {(title, part): words for part, both in parts.items() for title, words in both.items()}
    assert all(row.passage.part == PassagePart.BUDGET and row.passage.programme == row.programme for row in BudgetAmount.objects.all())


def test_the_document_is_kept_with_its_text_and_the_digest_of_the_file(user):
    content = b"\xef\xbb\xbf" + document(HARBOUR).replace("\n", "\r\n").encode()
    load(content, decode(content), by=user)
    found = SourceDocument.objects.get()
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert (found.title, found.issuer, found.issued, found.budget_year) == (
        "令和6年度予算案の事業概要 (PR資料：一般会計)",
        "経済産業省",
        "2023-12",
        2024,
    )
    assert found.attached_text.text == document(HARBOUR)


def test_a_ministry_that_is_not_there_yet_is_added(user):
    imported(document(HARBOUR, ministry="国土交通省"), by=user)
    found = Organisation.objects.get(name="国土交通省")
    assert (found.kind, found.parent) == (OrganisationKind.MINISTRY, None)
    assert SourceDocument.objects.get().issuer == "国土交通省"


def test_the_ministry_that_the_head_prints_issued_the_document_however_often_another_is_named(user):
    outcome = imported(document(Printed(overview="国土交通省と国土交通省の機関が設備を改める。")), by=user)
    assert (outcome.issuer, outcome.doubts) == ("経済産業省", [])


def test_where_the_head_prints_no_ministry_the_one_that_is_taken_is_told(user):
    outcome = imported(document(Printed(overview="経済産業省の設備を改める。"), ministry=""), by=user)
    assert (outcome.issuer, len(outcome.doubts)) == ("経済産業省", 1)
    assert "経済産業省" in outcome.doubts[0]


def test_the_user_says_whose_document_it_is(user):
    assert imported(document(HARBOUR, ministry=""), by=user, issuer="国土交通省").issuer == "国土交通省"


def test_every_row_has_its_history_with_user_and_reason(user):
    before = {model._meta.label: set(model.history.values_list("history_id", flat=True)) for model in ORGANISATION_OF}
    imported(document(HARBOUR, SURVEY, FUND), by=user)
    written = [
        row for model in ORGANISATION_OF for row in model.history.exclude(history_id__in=before[model._meta.label]).order_by("history_id")
    ]
    assert {(row.history_user, row.history_change_reason, row.history_type) for row in written} == {(user, "import_pr_document", "+")}
    kinds = {type(row).instance_type for row in written}
    assert kinds >= {
        Programme,
        BudgetAmount,
        Organisation,
        ProgrammeOrganisation,
        SourceDocument,
        SourceText,
        SourcePassage,
        TargetProposal,
    }


def test_goal_texts_propose_targets_and_make_none(user):
    outcome = imported(document(HARBOUR, SURVEY, FUND), by=user)
    assert OutcomeTarget.objects.count() == 0
    first = TargetProposal.objects.get(programme__title=HARBOUR.title)
    assert (first.value, first.unit, first.comparator, first.deadline_kind, first.deadline_year) == (
        Decimal(60),
        "社",
        "at_least",
        "fiscal_year",
        2026,
    )
    assert (first.goal_text, first.document, first.passage.part) == (GOAL, SourceDocument.objects.get(), PassagePart.GOAL)
    assert outcome.totals["proposals"] == TargetProposal.objects.count() == 3


def test_a_goal_text_of_which_nothing_could_be_read_is_proposed_whole_and_says_so(user):
    imported(document(Printed(goal="以下を参照。")), by=user)
    found = TargetProposal.objects.get()
    assert (found.statement, found.kind, found.doubts) == ("以下を参照。", "", Doubt.NOTHING_READ)


def test_all_are_told_as_new(user):
    outcome = imported(document(HARBOUR, SURVEY), by=user)
    assert [(told.title, told.became, told.code) for told in outcome.programmes] == [
        (each.title, "added", each.code) for each in Programme.objects.order_by("code")
    ]
    assert not outcome.changes_nothing


def test_doubts_of_the_reading_are_told_with_their_programme(user):
    outcome = imported(document(Printed(goal="")), by=user)
    assert any("成果目標" in doubt for doubt in outcome.programmes[0].doubts)


def test_a_programme_whose_budget_cannot_be_read_is_left_out_and_told(user):
    outcome = imported(document(HARBOUR, Printed("航路標識調査", draft="多額")), by=user)
    assert [each.title for each in Programme.objects.all()] == [HARBOUR.title]
    assert any("航路標識調査" in doubt for doubt in outcome.doubts)


def test_two_programmes_with_one_title_are_two(user):
    imported(document(HARBOUR, HARBOUR), by=user)
    assert Programme.objects.count() == 2


def test_an_organisation_that_is_printed_twice_answers_once(division, user):
    printed = Printed(organisations="経済産業政策局産業資金課\n経済産業政策局産業資金課")
    imported(document(printed), by=user)
    row = ProgrammeOrganisation.objects.get()
    assert (row.organisation, row.position, row.history.count()) == (division, 1, 1)


# --- The same file again ----------------------------------------------------------------------------------------------------------------


def test_the_same_file_again_writes_nothing(division, user):
    text = document(HARBOUR, SURVEY, FUND, HARBOUR, Printed("", organisations="経済産業政策局産業資金課\n経済産業政策局産業資金課"))
    imported(text, by=user)
    before, history = facts(), rows()
    outcome = imported(text, by=user)
    assert (facts(), rows()) == (before, history)
    assert outcome.is_known
    assert outcome.changes_nothing
    assert not any(told.changes or told.conflicts or told.proposals for told in outcome.programmes)
    assert outcome.gone == []


def test_the_same_file_again_writes_nothing_while_a_programme_is_held_back(harbour, user):
    text = document(Printed("港湾設備等改修事業"))
    imported(text, by=user)
    before, history = facts(), rows()
    assert imported(text, by=user).changes_nothing
    assert (facts(), rows()) == (before, history)


def test_the_same_file_again_finds_a_programme_that_went_to_another_ministry(harbour, user, person):
    enters(person, harbour, lead=OrganisationFactory(name="デジタル庁", kind=OrganisationKind.MINISTRY), lead_origin=LeadOrigin.ENTERED)
    outcome = imported(document(HARBOUR), by=user)
    assert (Programme.objects.count(), outcome.programmes[0].became) == (1, "known")


def test_an_older_file_after_a_newer_edition_changes_nothing(division, user):
    older = document(HARBOUR, Printed("航路標識調査"))
    imported(older, by=user)
    newer = Printed(
        purpose="港を広げる。", organisations="通商政策局総務課", goal="令和9年度までに、設備を改めた企業の数を70社以上とする。"
    )
    imported(document(newer, Printed("航路標識調査"), fiscal_year=2025), by=user)
    before, history = facts(), rows()
    outcome = imported(older, by=user)
    assert (facts(), rows()) == (before, history)
    assert outcome.changes_nothing
    assert outcome.doubts
    assert ("港を広げる。", "港を使いやすくする。") in conflicts(outcome.programmes[0])


def test_an_edition_of_an_earlier_year_gives_the_amounts_of_its_years_and_takes_nothing_from_the_newer(harbour, user):
    imported(document(Printed(draft="1億円", previous="0.9億円", purpose="港を保つ。"), fiscal_year=2022), by=user)
    harbour.refresh_from_db()
    assert harbour.purpose == HARBOUR.purpose
    assert amounts(harbour) == {
        (2024, BudgetStage.DRAFT): 120_000_000,
        (2023, BudgetStage.INITIAL): 110_000_000,
        (2022, BudgetStage.DRAFT): 100_000_000,
        (2021, BudgetStage.INITIAL): 90_000_000,
    }


# --- A changed edition ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["imported", "loaddata"])
def before(request, division, user, tmp_path):
    """One edition, as its import left it, or as `loaddata` did."""
    if request.param == "imported":
        imported(document(HARBOUR, SURVEY), by=user)
        return
    with transaction.atomic():
        imported(document(HARBOUR, SURVEY), by=user)
        loaded = [row for model in DUMPED for row in model.objects.order_by("pk")]
        dumped = serialize("json", loaded, use_natural_foreign_keys=True, use_natural_primary_keys=True)
        transaction.set_rollback(True)
    (tmp_path / "edition.json").write_text(dumped)
    call_command("loaddata", str(tmp_path / "edition.json"), verbosity=0)
    assert Programme.history.exclude(history_change_reason__startswith="loaddata:").count() == 0


@pytest.mark.parametrize(
    ("changed", "of", "old", "new"),
    [
        ({"draft": "1.3億円"}, lambda one: amounts(one)[2024, "draft"], 120_000_000, 130_000_000),
        ({"previous": "1.4億円"}, lambda one: amounts(one)[2023, "initial"], 110_000_000, 140_000_000),
        ({"previous": "新規"}, lambda one: amounts(one)[2023, "initial"], 110_000_000, None),
        ({"purpose": "港を広げる。"}, lambda one: one.purpose, "港を使いやすくする。", "港を広げる。"),
        ({"overview": "港を深くする。"}, lambda one: one.overview, "設備を改める。", "港を深くする。"),
        ({"scheme": "国から府県へ補助する。"}, lambda one: one.scheme, "国から団体へ補助する。", "国から府県へ補助する。"),
        ({"organisations": "通商政策局総務課"}, lambda one: one.lead.name, "産業資金課", "総務課"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_changed_edition_changes_what_it_prints_otherwise_and_tells_it(before, user, changed, of, old, new):
    assert of(Programme.objects.get(title=HARBOUR.title)) == old
    outcome = imported(document(Printed(**changed), SURVEY), by=user)
    assert of(Programme.objects.get(title=HARBOUR.title)) == new
    told = told_of(outcome, HARBOUR.title)
    assert any(str(old) in change.old for change in told.altered)
    assert told_of(outcome, SURVEY.title).altered == []
    assert Programme.objects.count() == 2


def test_a_changed_period_moves_the_deadlines_that_count_from_it(before, user):
    survey = Programme.objects.get(title=SURVEY.title)
    target = OutcomeTargetFactory(programme=survey, deadline_kind="after_programme", deadline_year=None, deadline_offset_years=1)
    assert target.due_fy == 2027
    later = SURVEY.goal.replace("令和8年度までの3年間", "令和10年度までの5年間")
    outcome = imported(document(HARBOUR, Printed(**{**vars(SURVEY), "goal": later})), by=user)
    survey.refresh_from_db()
    target.refresh_from_db()
    assert (survey.start_fiscal_year, survey.end_fiscal_year, target.due_fy) == (2024, 2028, 2029)
    assert ("2026", "2028") in [(change.old, change.new) for change in told_of(outcome, SURVEY.title).altered]


def test_a_change_has_its_history_and_the_amount_its_new_line(harbour, user):
    text = document(Printed("深海調査"), Printed(draft="1.3億円"))
    imported(text, by=user)
    row = harbour.budget_amounts.get(stage=BudgetStage.DRAFT)
    told = row.history.latest()
    assert (told.amount_yen, told.history_user, told.history_change_reason) == (130_000_000, user, "import_pr_document")
    assert lines_of(text, row.passage.line_from, row.passage.line_to) == "令和6年度予算案額 1.3億円（1.1億円）"


def test_an_organisation_that_is_printed_no_more_is_told_and_kept(before, division, user):
    outcome = imported(document(Printed(organisations="通商政策局総務課"), SURVEY), by=user)
    harbour = Programme.objects.get(title=HARBOUR.title)
    assert {row.organisation.name for row in harbour.responsibilities.all()} == {"産業資金課", "総務課"}
    assert ("産業資金課", "") in conflicts(told_of(outcome, HARBOUR.title))


def test_organisations_that_are_all_printed_no_more_are_told_and_kept(before, division, user):
    outcome = imported(document(Printed(organisations=""), SURVEY), by=user)
    harbour = Programme.objects.get(title=HARBOUR.title)
    assert (harbour.lead, harbour.responsibilities.get().organisation) == (division, division)
    assert conflicts(told_of(outcome, HARBOUR.title)) == [("産業資金課", "")]


def test_a_part_that_is_printed_no_more_is_kept(before, user):
    outcome = imported(document(Printed(overview=""), SURVEY), by=user)
    assert Programme.objects.get(title=HARBOUR.title).overview == HARBOUR.overview
    assert any("事業概要" in doubt for doubt in told_of(outcome, HARBOUR.title).doubts)


def test_a_programme_that_is_printed_no_more_is_told_and_kept(before, user):
    outcome = imported(document(HARBOUR), by=user)
    gone = Programme.objects.get(title=SURVEY.title)
    assert outcome.gone == [{"code": gone.code, "title": gone.title}]
    assert amounts(gone)[2024, "draft"] == 250_000_000


def test_a_new_programme_is_added_and_told(before, user):
    outcome = imported(document(HARBOUR, SURVEY, Printed("深海ロボット開発", "3億円", "新規", organisations="")), by=user)
    assert told_of(outcome, "深海ロボット開発").became == "added"
    assert amounts(Programme.objects.get(title="深海ロボット開発"))[2024, "draft"] == 300_000_000


def test_a_renamed_programme_is_held_back_and_nothing_of_it_is_written(before, user):
    survey = Programme.objects.get(title=SURVEY.title)
    outcome = imported(document(HARBOUR, Printed(**{**vars(SURVEY), "title": "航路標識等調査", "draft": "2.6億円"})), by=user)
    told = told_of(outcome, "航路標識等調査")
    assert (told.became, [each["code"] for each in told.candidates], outcome.gone) == ("held_back", [survey.code], [])
    assert (Programme.objects.count(), amounts(survey)[2024, "draft"]) == (2, 250_000_000)
    match = ProgrammeMatch.objects.get()
    assert (match.candidate, match.printed_title, match.kind, match.decision) == (
        survey,
        "航路標識等調査",
        MatchKind.RENAMED,
        MatchDecision.OPEN,
    )
    assert ("2.5億円", "2.6億円") in conflicts(told)


def test_what_a_renamed_programme_is_waits_for_a_person_only_once(before, administrator, user):
    renamed = Printed(**{**vars(SURVEY), "title": "航路標識等調査"})
    imported(document(HARBOUR, renamed), by=user)
    review.match(ProgrammeMatch.objects.get(), MatchDecision.SAME, by=administrator, reason="改称")
    next_year = imported(document(HARBOUR, renamed, fiscal_year=2025), by=user)
    assert [told.became for told in next_year.programmes] == ["known", "known"]
    assert ProgrammeMatch.objects.count() == 1


def test_what_was_loaded_once_a_person_said_what_it_is_follows_the_next_edition(before, administrator, user):
    renamed = {**vars(SURVEY), "title": "航路標識等調査", "draft": "2.6億円", "purpose": "航路を知り尽くす。"}
    imported(document(HARBOUR, Printed(**renamed)), by=user)
    review.match(ProgrammeMatch.objects.get(), MatchDecision.SAME, by=administrator, reason="改称")
    outcome = imported(document(HARBOUR, Printed(**{**renamed, "draft": "2.7億円", "purpose": "航路を守る。"})), by=user)
    survey = Programme.objects.get(title="航路標識等調査")
    assert (amounts(survey)[2024, "draft"], survey.purpose) == (270_000_000, "航路を守る。")
    assert told_of(outcome, "航路標識等調査").conflicts == []


def test_a_title_by_which_a_person_calls_it_does_not_make_it_another(harbour, user, person):
    enters(person, harbour, title="港の改修", display_title="港の改修")
    outcome = imported(document(HARBOUR, fiscal_year=2025), by=user)
    assert (outcome.programmes[0].became, Programme.objects.count()) == ("known", 1)
    assert ("港の改修", HARBOUR.title) in conflicts(outcome.programmes[0])


# --- Next year's edition ----------------------------------------------------------------------------------------------------------------


def test_next_years_edition_adds_its_amounts_to_the_same_programmes(before, user):
    imported(document(Printed(draft="1.5億円", previous="1.2億円"), SURVEY, fiscal_year=2025), by=user)
    assert Programme.objects.count() == 2
    assert amounts(Programme.objects.get(title=HARBOUR.title)) == {
        (2023, BudgetStage.INITIAL): 110_000_000,
        (2024, BudgetStage.DRAFT): 120_000_000,
        (2024, BudgetStage.INITIAL): 120_000_000,
        (2025, BudgetStage.DRAFT): 150_000_000,
    }


def test_next_years_edition_is_a_document_of_its_own_beside_the_first(before, user):
    imported(document(HARBOUR, SURVEY, fiscal_year=2025), by=user)
    assert sorted(SourceDocument.objects.values_list("budget_year", flat=True)) == [2024, 2025]
    harbour = Programme.objects.get(title=HARBOUR.title)
    assert harbour.passages.filter(part=PassagePart.GOAL).count() == 2


def test_next_years_edition_with_the_same_goal_text_proposes_nothing_anew(before, user):
    count = TargetProposal.objects.count()
    outcome = imported(document(HARBOUR, SURVEY, fiscal_year=2025), by=user)
    assert (TargetProposal.objects.count(), outcome.totals["proposals"]) == (count, 0)
    assert set(TargetProposal.objects.values_list("state", flat=True)) == {ProposalState.OPEN}


def test_an_open_proposal_that_the_text_no_longer_states_is_superseded(harbour, user):
    imported(document(Printed(goal="令和9年度までに、港の使用料を20%以下とする。"), fiscal_year=2025), by=user)
    states = {proposal.value: proposal.state for proposal in TargetProposal.objects.all()}
    assert states == {Decimal(60): ProposalState.SUPERSEDED, Decimal(20): ProposalState.OPEN}


def test_a_confirmed_target_that_is_printed_otherwise_is_told_and_stays(harbour, official, user):
    target = review.confirm(TargetProposal.objects.get(), by=official)
    outcome = imported(document(Printed(goal=GOAL.replace("60", "80")), fiscal_year=2025), by=user)
    target.refresh_from_db()
    assert target.value == Decimal(60)
    (old,), (new,) = [[each.old] for each in outcome.programmes[0].conflicts], [[each.new] for each in outcome.programmes[0].conflicts]
    assert "60社" in old[0]
    assert "80社" in new[0]
    proposal = TargetProposal.objects.open().get()
    assert (proposal.resembles, proposal.value, Doubt.RESEMBLES_TARGET in proposal.doubts) == (target, Decimal(80), True)


def test_a_confirmed_target_is_told_each_time_that_the_document_says_otherwise(harbour, official, user):
    review.confirm(TargetProposal.objects.get(), by=official)
    changed = document(Printed(goal=GOAL.replace("60", "80")), fiscal_year=2025)
    first = imported(changed, by=user).programmes[0]
    again = imported(changed, by=user).programmes[0]
    assert conflicts(again) == conflicts(first)
    assert again.proposals == 0


def test_a_deadline_that_alone_changed_is_no_known_reading(harbour, official, user):
    lead = "令和{}年度までに、次を目指す。\n\n- ・設備を改めた企業60社"
    imported(document(Printed(goal=lead.format(8)), fiscal_year=2025), by=user)
    for proposal in TargetProposal.objects.open():
        review.confirm(proposal, by=official)
    outcome = imported(document(Printed(goal=lead.format(10)), fiscal_year=2026), by=user)
    assert outcome.programmes[0].conflicts
    assert TargetProposal.objects.open().filter(deadline_year=2028).exists()


def test_a_confirmed_target_that_is_printed_no_more_is_told_and_stays(harbour, official, user):
    target = review.confirm(TargetProposal.objects.get(), by=official)
    outcome = imported(document(Printed(goal="港の使用料の低減を目指す。"), fiscal_year=2025), by=user)
    assert (target.statement, "") in conflicts(outcome.programmes[0])
    target.refresh_from_db()
    assert target.withdrawn_at is None


def test_what_was_discarded_is_not_proposed_again(harbour, official, user):
    review.discard(TargetProposal.objects.get(), by=official, reason="目標ではない。")
    outcome = imported(document(HARBOUR, fiscal_year=2025), by=user)
    assert (TargetProposal.objects.count(), outcome.totals["proposals"]) == (1, 0)


def test_a_target_that_a_person_entered_is_not_proposed_again(division, user):
    programme = ProgrammeFactory(title=HARBOUR.title, lead=division)
    OutcomeTargetFactory(programme=programme, statement=GOAL, unit="社", deadline_year=2026, passage=SourcePassageFactory())
    outcome = imported(document(HARBOUR), by=user)
    assert (outcome.totals["proposals"], outcome.programmes[0].conflicts) == (0, [])


# --- What a person entered or confirmed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "entered", "printed"),
    [
        ("purpose", "港を守る。", {"purpose": "港を広げる。"}),
        ("overview", "港を深くする。", {"overview": "港を広げる。"}),
        ("scheme", "府県が行う。", {"scheme": "団体が行う。"}),
        ("start_fiscal_year", 2020, {"goal": "令和6年度から令和8年度までの3年間の事業であり、港の改修を目指す。"}),
        ("end_fiscal_year", 2030, {"goal": "令和6年度から令和8年度までの3年間の事業であり、港の改修を目指す。"}),
        ("open_ended", True, {"goal": "令和6年度から令和8年度までの3年間の事業であり、港の改修を目指す。"}),
        ("display_title", "港の改修", {}),
    ],
)
def test_what_a_person_entered_of_a_programme_is_kept_and_told(harbour, user, person, name, entered, printed):
    enters(person, harbour, **{name: entered})
    outcome = imported(document(Printed(**printed)), by=user)
    harbour.refresh_from_db()
    assert getattr(harbour, name) == entered
    if printed:
        assert any(str(entered) == old for old, _new in conflicts(outcome.programmes[0]))


def test_a_period_is_kept_whole_where_a_person_entered_a_part_of_it(harbour, user, person):
    enters(person, harbour, start_fiscal_year=2030)
    outcome = imported(document(Printed(goal="令和6年度から令和8年度までの3年間の事業であり、港の改修を目指す。")), by=user)
    harbour.refresh_from_db()
    assert (harbour.start_fiscal_year, harbour.end_fiscal_year, harbour.period_origin) == (2030, None, "")
    assert {("2030", "2024"), ("", "2026")} <= set(conflicts(outcome.programmes[0]))


def test_the_lead_that_a_person_entered_is_kept_with_its_origin_and_told(harbour, other_division, user, person):
    enters(person, harbour, lead=other_division)
    outcome = imported(document(Printed(organisations="通商政策局総務課")), by=user)
    harbour.refresh_from_db()
    assert (harbour.lead, harbour.lead_origin) == (other_division, LeadOrigin.DOCUMENT)
    assert (other_division.name, "総務課") in conflicts(outcome.programmes[0])


@pytest.mark.parametrize(
    ("entered", "printed"),
    [
        ({"amount_yen": 130_000_000}, {"draft": "1.4億円"}),
        ({"amount_yen": 130_000_000}, {}),
        ({"amount_yen": 130_000_000}, {"draft": "－億円"}),
        ({"amount_yen": None, "no_amount": NoAmount.DASH}, {"draft": "1.4億円"}),
        ({"amount_yen": None, "no_amount": NoAmount.DASH}, {}),
        ({"printed": "1億2千万円"}, {"draft": "1.4億円"}),
    ],
)
def test_an_amount_that_a_person_entered_is_kept_whole_and_told(harbour, user, person, entered, printed):
    row = enters(person, harbour.budget_amounts.get(stage=BudgetStage.DRAFT), **entered)
    kept = (row.amount_yen, row.no_amount, row.printed, row.passage)
    outcome = imported(document(Printed(**printed), SURVEY), by=user)
    row.refresh_from_db()
    assert (row.amount_yen, row.no_amount, row.printed, row.passage) == kept
    assert conflicts(outcome.programmes[0])


def test_a_new_amount_of_a_person_and_its_printed_words_are_not_mixed(harbour, user, person):
    row = enters(person, harbour.budget_amounts.get(stage=BudgetStage.INITIAL), note="決算による")
    imported(document(Printed(previous="1.4億円", note="※交付金を含む")), by=user)
    row.refresh_from_db()
    assert (row.amount_yen, row.printed, row.note) == (140_000_000, "1.4億円", "決算による")


def test_an_organisation_that_a_person_added_stays(harbour, other_division, user, person):
    enters(person, ProgrammeOrganisation(programme=harbour, organisation=other_division, position=2))
    imported(document(Printed(draft="1.3億円")), by=user)
    assert harbour.responsibilities.filter(organisation=other_division).exists()


def test_what_a_person_left_blank_is_filled_in(division, user, person):
    by_hand = Programme(code="by-hand", lead=division, lead_origin=LeadOrigin.ENTERED)
    programme = enters(person, by_hand, title=HARBOUR.title, display_title=HARBOUR.title)
    outcome = imported(document(HARBOUR), by=user)
    programme.refresh_from_db()
    assert (programme.purpose, amounts(programme)[2024, "draft"]) == (HARBOUR.purpose, 120_000_000)
    assert (outcome.programmes[0].became, outcome.filled_in) == ("known", 1)
    assert outcome.programmes[0].conflicts == []


def test_what_a_person_made_blank_stays_blank(harbour, user, person):
    enters(person, harbour, purpose="")
    outcome = imported(document(HARBOUR), by=user)
    harbour.refresh_from_db()
    assert harbour.purpose == ""
    assert ("", HARBOUR.purpose) in conflicts(outcome.programmes[0])


def test_what_a_person_entered_just_as_it_is_printed_is_no_conflict(harbour, user, person):
    enters(person, harbour, purpose="港を広げる。")
    assert imported(document(Printed(purpose="港を広げる。")), by=user).programmes[0].conflicts == []


def test_other_columns_of_a_row_that_a_person_changed_follow_the_document(harbour, user, person):
    enters(person, harbour, purpose="港を守る。")
    imported(document(Printed(overview="港を広げる。")), by=user)
    harbour.refresh_from_db()
    assert (harbour.purpose, harbour.overview) == ("港を守る。", "港を広げる。")


def test_a_conflict_is_told_each_time(harbour, user, person):
    enters(person, harbour, purpose="港を守る。")
    changed = document(Printed(purpose="港を広げる。"))
    first, again = (conflicts(imported(changed, by=user).programmes[0]) for _n in range(2))
    assert first == again == [("港を守る。", "港を広げる。")]


# --- Nothing is written when it fails ---------------------------------------------------------------------------------------------------

FAILS = {
    "not such a document": (b"\xe6\x96\x87", {}, NotAPrDocument),
    "empty": (b"", {}, NotReadable),
    "blank": ("\n　\n".encode(), {}, NotReadable),
    "Shift_JIS": (document(HARBOUR).encode("cp932"), {}, NotReadable),
    "UTF-16": (document(HARBOUR).encode("utf-16"), {}, NotReadable),
    "truncated within a character": (document(HARBOUR).encode()[:-3], {}, NotReadable),
    "truncated within the amount": (document(HARBOUR).split("億円（")[0].encode(), {}, (CannotLoad, NotAPrDocument)),
    "another fiscal year": (document(HARBOUR).encode(), {"fiscal_year": 2025}, CannotLoad),
    "unknown issuer": (document(HARBOUR).encode(), {"issuer": "海事省"}, CannotLoad),
    "no ministry named": (document(HARBOUR, ministry="").encode(), {}, CannotLoad),
}


@pytest.mark.parametrize(("content", "options", "error"), FAILS.values(), ids=FAILS)
def test_nothing_is_written_where_it_fails(harbour, user, content, options, error):
    before, history = facts(), rows()
    with pytest.raises(error) as said:
        load(content, decode(content), by=user, **options)
    assert str(said.value)
    assert (facts(), rows()) == (before, history)


def test_a_text_that_is_cut_within_an_amount_changes_no_amount(before, user):
    text = document(Printed(draft="1.3億円"), SURVEY)
    outcome = imported(text[: text.index("2.5億円") + 2], by=user)
    survey = Programme.objects.get(title=SURVEY.title)
    assert amounts(survey)[2024, "draft"] == 250_000_000
    assert any(SURVEY.title in doubt for doubt in outcome.doubts)


@pytest.mark.parametrize("model", [Programme, BudgetAmount, SourcePassage, TargetProposal], ids=lambda model: model.__name__)
def test_nothing_is_written_where_the_database_fails_in_the_middle(harbour, user, monkeypatch, model):
    before, history = facts(), rows()
    save, saved = model.save, []

    def failing(self, *arguments, **options):
        saved.append(self)
        if len(saved) == 2:
            raise DatabaseError("disk full")
        save(self, *arguments, **options)

    monkeypatch.setattr(model, "save", failing)
    with pytest.raises(CannotLoad, match="disk full"):
        imported(document(Printed(draft="1.3億円"), SURVEY, FUND, Printed("深海ロボット開発"), fiscal_year=2025), by=user)
    monkeypatch.undo()
    assert (facts(), rows()) == (before, history)
