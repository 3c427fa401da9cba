"""`loaddata` fills what is derived, refuses what contradicts it, and tells the history of every row it loads."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import User
from budget.models import Organisation, Programme, SourceDocument, SourcePassage
from kpis.models import AuditCopy, OutcomeTarget, ProgressReport, YearlyMilestone
from tests.factories import OutcomeTargetFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]


def ministry(**fields):
    return {"model": "budget.organisation", "fields": {"code": "meti", "name": "経済産業省", "kind": "ministry", "parent": None} | fields}


def programme(**fields):
    stated = {"code": "p-1", "title": "事業", "display_title": "事業", "lead": ["meti"], "lead_origin": "document"}
    return {"model": "budget.programme", "fields": stated | fields}


def target(**fields):
    stated = {
        "code": "t-1", "programme": ["p-1"], "kind": "quantitative", "statement": "令和7年度までに60件", "indicator": "件数",
        "comparator": "at_least", "accumulation": "level", "value": "60", "unit": "件",
        "deadline_kind": "fiscal_year", "deadline_year": 2025,
    }  # fmt: skip
    return {"model": "kpis.outcometarget", "fields": stated | fields}


@pytest.fixture
def load(tmp_path):
    """Load rows as a fixture named facts/targets.json; gives back what the command says."""

    def run(*rows, name="targets.json") -> str:
        (tmp_path / "facts").mkdir(exist_ok=True)
        (tmp_path / "facts" / name).write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        call_command("loaddata", str(tmp_path / "facts" / name), stdout=(out := StringIO()))
        return out.getvalue()

    return run


def test_derived_columns_are_filled(load):
    load(ministry(), programme(), target())
    assert OutcomeTarget.objects.get().derived == (date(2026, 3, 31), 2025, None, None)


def test_years_of_an_each_year_target_follow_from_programme_and_document(load):
    load(
        ministry(),
        programme(start_fiscal_year=2022, end_fiscal_year=2028),
        {
            "model": "budget.sourcedocument",
            "fields": {"code": "pr", "title": "概要", "issuer": "経済産業省", "issued": "2023", "budget_year": 2024, "sha256": "0" * 64},
        },
        {
            "model": "budget.sourcepassage",
            "fields": {
                "code": "l-1",
                "document": ["pr"],
                "programme": ["p-1"],
                "part": "statement",
                "line_from": 1,
                "line_to": 1,
                "quote": "毎",
            },
        },
        target(each_year=True, deadline_kind="none", deadline_year=None, passage=["l-1"]),
    )
    assert OutcomeTarget.objects.get().derived == (None, None, 2024, 2028)


def test_fixture_may_state_the_derived_columns_as_they_are(load):
    load(ministry(), programme(), target(due_on="2026-03-31", due_fy=2025))
    assert OutcomeTarget.objects.get().due_fy == 2025


@pytest.mark.parametrize("stated", [{"due_on": "2026-03-30", "due_fy": 2025}, {"due_on": "2026-03-31", "due_fy": 2026}])
def test_fixture_that_states_another_last_day_is_refused_by_name_and_nothing_is_loaded(load, stated):
    with pytest.raises(CommandError, match=r"\Afacts/targets\.json: t-1: due_(on|fy) is (?s:.*)Nothing was loaded"):
        load(ministry(), programme(), target(**stated))
    assert not Organisation.objects.exists()
    assert not Organisation.history.exists()


def test_each_row_has_a_history_row_that_names_its_fixture(load):
    load(ministry(), programme(), name="facts.json")
    load(target())
    for model, fixture in ((Organisation, "facts.json"), (Programme, "facts.json"), (OutcomeTarget, "targets.json")):
        (row,) = model.history.all()
        assert (row.history_type, row.history_change_reason) == ("+", f"loaddata: fixture facts/{fixture}")
    told = OutcomeTarget.history.get()
    assert all(getattr(told, field.attname) == getattr(OutcomeTarget.objects.get(), field.attname) for field in told.tracked_fields)


def test_loading_the_same_fixture_again_adds_no_history(load):
    rows = (ministry(), programme(), target())
    load(*rows)
    load(*rows)
    assert [model.history.count() for model in (Organisation, Programme, OutcomeTarget)] == [1, 1, 1]


def test_changed_fixture_adds_a_change_for_the_changed_row_alone(load):
    load(ministry(), programme(), target(), target(code="t-2"))
    load(ministry(), programme(), target(unit="者"), target(code="t-2"))
    changed = OutcomeTarget.objects.get(code="t-1")
    assert [row.history_type for row in changed.history.all()] == ["~", "+"]
    assert (changed.unit, changed.history.first().unit) == ("者", "者")
    assert OutcomeTarget.history.count() == 3


def test_row_saved_by_hand_in_between_is_told_as_changed_back(load):
    load(ministry())
    organisation = Organisation.objects.get()
    organisation.name = "改名"
    organisation.save()
    load(ministry())
    assert [row.name for row in Organisation.history.all()] == ["経済産業省", "改名", "経済産業省"]


def test_target_due_years_after_its_programmes_end_follows_when_a_fixture_moves_that_end(load):
    after = {"deadline_kind": "after_programme", "deadline_year": None, "deadline_offset_years": 5}
    load(ministry(), programme(end_fiscal_year=2024), target(**after))
    load(programme(end_fiscal_year=2026), name="programmes.json")
    moved = OutcomeTarget.objects.get()
    assert moved.due_on == date(2032, 3, 31)
    newest = moved.history.first()
    assert (newest.history_type, newest.due_on) == ("~", date(2032, 3, 31))
    assert newest.history_change_reason == "loaddata: fixture facts/programmes.json"


def test_target_that_no_fixture_touches_keeps_its_history(load):
    untouched = OutcomeTargetFactory()
    load(ministry(), programme(), target())
    assert untouched.history.count() == 1


@pytest.mark.parametrize(("deadline_year", "marked"), [(2020, True), (2060, False)])
def test_value_eased_by_a_fixture_after_the_last_day_is_marked_and_stays_marked(load, deadline_year, marked):
    load(ministry(), programme(), target(deadline_year=deadline_year))
    load(target(deadline_year=deadline_year, value="50"))
    assert OutcomeTarget.objects.get().revised_after_deadline is marked
    load(target(deadline_year=deadline_year, value="50"))
    assert OutcomeTarget.objects.get().revised_after_deadline is marked
    assert OutcomeTarget.history.count() == 2


def test_deadline_moved_by_a_fixture_is_marked_and_stays_marked(load):
    load(ministry(), programme(), target(deadline_year=2060))
    assert not OutcomeTarget.objects.get().deadline_revised
    for _again in range(2):
        load(target(deadline_year=2061))
        assert OutcomeTarget.objects.get().deadline_revised
        assert OutcomeTarget.history.first().deadline_revised
    assert OutcomeTarget.history.count() == 2


def test_all_of_a_load_is_recorded_at_one_moment(load):
    """So no moment knows a programme without its organisation, or an organisation without the one above it."""
    bureau = {"model": "budget.organisation", "fields": {"code": "bureau", "name": "局", "kind": "bureau", "parent": ["meti"]}}
    load(bureau, ministry(), programme(lead=["bureau"]), target())
    moments = {row.history_date for model in (Organisation, Programme, OutcomeTarget) for row in model.history.all()}
    assert (Organisation.history.count(), len(moments)) == (2, 1)


def test_correcting_what_is_no_term_of_a_passed_target_marks_nothing(load):
    load(ministry(), programme(), target(deadline_year=2020))
    load(target(deadline_year=2020, note="行を確かめた"))
    assert not OutcomeTarget.objects.get().revised_after_deadline


def test_rows_refer_to_each_other_by_natural_key_even_before_the_other_is_loaded(load):
    load(
        {"model": "budget.organisation", "fields": {"code": "bureau", "name": "局", "kind": "bureau", "parent": ["meti"]}},
        ministry(),
        programme(),
        target(),
        {"model": "kpis.yearlymilestone", "fields": {"target": ["t-1"], "fiscal_year": 2024, "value": "40"}},
    )
    assert Organisation.objects.get(code="bureau").parent.code == "meti"
    assert Organisation.history.get(code="bureau").parent.code == "meti"
    assert YearlyMilestone.objects.get().target.code == "t-1"
    assert YearlyMilestone.history.count() == 1


def test_report_is_found_again_by_its_target_and_year(load):
    UserFactory(username="official")
    row = {
        "model": "kpis.progressreport",
        "fields": {
            "target": ["t-1"], "kind": "quantitative", "fiscal_year": 2024, "value": "10",
            "reported_by": ["official"], "reported_at": "2025-06-01T00:00:00Z",
        },
    }  # fmt: skip
    load(ministry(), programme(), target(), row)
    load(row)
    assert (ProgressReport.objects.count(), ProgressReport.history.count()) == (1, 1)


def test_report_of_another_kind_than_its_target_is_refused(load):
    row = {"model": "kpis.progressreport", "fields": {"target": ["t-1"], "kind": "qualitative", "fiscal_year": 2024, "grade": 1}}
    with pytest.raises(CommandError, match="kind is qualitative"):
        load(ministry(), programme(), target(), row)
    assert not ProgressReport.objects.exists()


def test_users_are_loaded_with_a_history_without_their_password(load):
    load({"model": "accounts.user", "fields": {"username": "suzuki", "name": "鈴木", "password": "!"}})
    (row,) = User.history.all()
    assert (row.username, hasattr(row, "password")) == ("suzuki", False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[{", "Expecting"),
        ("5", "int"),
        ('[{"model": "budget.nothing", "fields": {}}]', "budget.nothing"),
        ('[{"model": "budget.organisation", "fields": {"colour": "red"}}]', "colour"),
        ('[{"model": "budget.organisation"}]', "fields"),
        (json.dumps([programme(lead=["nobody"])]), "lead"),
        (json.dumps([ministry(parent=["nobody"])]), "Organisation matching query does not exist|nobody"),
        (json.dumps([ministry(), programme(), target(deadline_year=None)]), "kpis_target_states_the_parts"),
        (json.dumps([ministry(), programme(), target(due_on="soon")]), "soon"),
        (json.dumps([ministry(), programme(), target(deadline_year=10**30)]), "large|range"),
        (json.dumps([ministry(), programme(), target(value="9" * 40)]), "InvalidOperation|overflow"),
        (json.dumps([ministry(), programme(start_fiscal_year=2025, end_fiscal_year=2020)]), "budget_programme_does_not_end_before"),
        ("経済産業省".encode("cp932"), "utf-8"),
    ],
)
def test_fixture_that_cannot_be_loaded_is_refused_in_words(tmp_path, content, said):
    path = tmp_path / "bad.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CommandError, match=said) as refused:
        call_command("loaddata", str(path), stdout=StringIO())
    assert "bad.json" in str(refused.value)
    assert str(refused.value).endswith("Nothing was loaded.")
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("label", ["missing", "missing.json", "rows.docx"])
def test_missing_fixture_is_refused_in_words(label):
    with pytest.raises(CommandError, match=rf"\A{label}: (?s:.*)Nothing was loaded\.\Z"):
        call_command("loaddata", label)


def test_directory_in_the_place_of_a_fixture_is_refused_in_words(tmp_path):
    (tmp_path / "rows.json").mkdir()
    with pytest.raises(CommandError, match="directory"):
        call_command("loaddata", str(tmp_path / "rows.json"))


def test_missing_fixture_is_refused_in_japanese():
    with translation.override("ja"), pytest.raises(CommandError) as refused:
        call_command("loaddata", "missing")
    with translation.override("ja"):
        assert str(refused.value).endswith(gettext("Nothing was loaded."))


def test_one_bad_fixture_keeps_the_good_ones_out(tmp_path):
    (tmp_path / "good.json").write_text(json.dumps([ministry()]))
    (tmp_path / "bad.json").write_text("[{")
    with pytest.raises(CommandError, match=r"bad\.json"):
        call_command("loaddata", str(tmp_path / "good.json"), str(tmp_path / "bad.json"), stdout=StringIO())
    assert not Organisation.objects.exists()
    assert not SourceDocument.objects.exists()
    assert not SourcePassage.objects.exists()


def test_seals_are_never_loaded(tmp_path):
    (tmp_path / "seals.json").write_text(json.dumps([{"model": "kpis.auditcopy", "pk": 1, "fields": {"manifest": "{}"}}]))
    with pytest.raises(CommandError, match=r"kpis\.auditcopy is written by commands of its own"):
        call_command("loaddata", str(tmp_path / "seals.json"), stdout=StringIO())
    assert not AuditCopy.objects.exists()
