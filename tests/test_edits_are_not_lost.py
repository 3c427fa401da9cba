"""Two people on one form: the second is told what changed meanwhile, and keeps what they wrote."""

import pytest
from django.db import IntegrityError
from django.urls import reverse

from budget.history import Version
from budget.models import Organisation
from kpis.models import OutcomeTarget, ProgressReport
from tests.factories import (
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgressReportFactory,
    SourceDocumentFactory,
    SourcePassageFactory,
    UserFactory,
)
from tests.forms import errors, page_of, sent


@pytest.fixture
def report(division):
    target = OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2040)
    return ProgressReportFactory(target=target, fiscal_year=2024, narrative="四半期ごとの集計。")


def stale(response) -> bool:
    return response.status_code == 200 and 'id="changed-meanwhile"' in response.content.decode()


def value_of(response, name):
    return response.context["adminform"].form[name].value()


# A field of each model that the admin edits, and what a first and a second person write into it.
EDITED = {
    "organisation": (OrganisationFactory, "name"),
    "programme": (ProgrammeFactory, "display_title"),
    "sourcedocument": (SourceDocumentFactory, "title"),
    "sourcepassage": (lambda: SourcePassageFactory(programme=ProgrammeFactory()), "quote"),
    "outcometarget": (OutcomeTargetFactory, "note"),
    "user": (UserFactory, "name"),
}


@pytest.mark.parametrize(("make", "field"), EDITED.values(), ids=EDITED)
def test_second_of_two_edits_of_one_row_is_not_saved_before_its_author_saw_the_first(as_administrator, make, field):
    row = make()
    first, second = as_administrator.get(page_of(row)), as_administrator.get(page_of(row))
    assert as_administrator.post(page_of(row), sent(first, **{field: "一人目"})).status_code == 302

    response = as_administrator.post(page_of(row), sent(second, **{field: "二人目"}))

    assert stale(response)
    assert value_of(response, field) == "二人目"
    row.refresh_from_db()
    assert getattr(row, field) == "一人目"
    assert as_administrator.post(page_of(row), sent(response)).status_code == 302
    row.refresh_from_db()
    assert getattr(row, field) == "二人目"


def test_posting_is_protected_as_well(as_administrator, division):
    posting = PostingFactory(organisation=division)
    page = as_administrator.get(page_of(posting))
    as_administrator.post(page_of(posting), sent(page, to_on="R9.3.31"))
    assert stale(as_administrator.post(page_of(posting), sent(page, to_on="R10.3.31")))


def test_page_tells_what_changed_by_whom(as_official, official, report):
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, value="61"))

    told = as_official.post(page_of(report), sent(page, value="62")).context["changed_meanwhile"]

    ((_kind, _name, change),) = told
    assert change.by == official
    assert ("value", "60", "61") in [(field.name, field.old, field.new) for field in change.fields]


def test_fields_that_only_the_other_changed_are_taken_over(as_official, report):
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, narrative="年度末の集計。", preliminary="on"))

    response = as_official.post(page_of(report), sent(page, value="62"))

    assert stale(response)
    assert [value_of(response, name) for name in ("value", "narrative", "preliminary")] == ["62", "年度末の集計。", True]
    as_official.post(page_of(report), sent(response))
    report.refresh_from_db()
    assert (report.value, report.narrative, report.preliminary) == (62, "年度末の集計。", True)


def test_box_that_only_the_other_unticked_is_unticked(as_official, report):
    report.preliminary = True
    report.save()
    page = as_official.get(page_of(report))
    shown = sent(page)
    shown.pop("preliminary")
    as_official.post(page_of(report), shown)

    response = as_official.post(page_of(report), sent(page, value="62"))

    assert stale(response)
    assert value_of(response, "preliminary") is False


def test_rows_of_inlines_belong_to_the_version(as_official, report):
    evidence = EvidenceFactory(report=report)
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, **{"evidence-0-citation": "工業統計"}))

    response = as_official.post(page_of(report), sent(page, **{"evidence-0-url": "https://example.go.jp/"}))

    assert stale(response)
    row = response.context["inline_admin_formsets"][0].formset.forms[0]
    assert (row["citation"].value(), row["url"].value()) == ("工業統計", "https://example.go.jp/")
    as_official.post(page_of(report), sent(response))
    evidence.refresh_from_db()
    assert (evidence.citation, evidence.url) == ("工業統計", "https://example.go.jp/")


def test_row_that_the_other_added_stays(as_official, report):
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, **{"evidence-0-citation": "工業統計"}))

    response = as_official.post(page_of(report), sent(page, **{"evidence-0-citation": "業務統計"}))

    assert stale(response)
    as_official.post(page_of(report), sent(response))
    assert set(report.evidence.values_list("citation", flat=True)) == {"工業統計", "業務統計"}


@pytest.mark.parametrize("version", ["", "nonsense", "progressreport:0", "progressreport:x evidence:", "progressreport:" + "9" * 5000])
def test_form_that_does_not_say_what_its_page_showed_is_not_saved(as_official, report, version):
    page = as_official.get(page_of(report))

    response = as_official.post(page_of(report), sent(page, value="62", version=version))

    assert stale(response)
    report.refresh_from_db()
    assert report.value == 60


def test_third_person_who_saves_meanwhile_is_told_too(as_official, report):
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, value="61"))
    told = as_official.post(page_of(report), sent(page, value="62"))
    as_official.post(page_of(report), sent(as_official.get(page_of(report)), value="63"))

    assert stale(as_official.post(page_of(report), sent(told)))


def test_other_errors_are_told_at_the_same_time(as_official, report):
    page = as_official.get(page_of(report))
    as_official.post(page_of(report), sent(page, value="61"))

    response = as_official.post(page_of(report), sent(page, value="多数"))

    assert stale(response)
    assert "value" in errors(response)


def test_version_on_a_page_is_not_newer_than_what_the_page_shows(as_official, report, monkeypatch):
    """Somebody saves while the page is being made: its reader must be asked, not win unseen."""
    version_of = Version.of.__func__

    def saved_at_that_moment(cls, *arguments):
        version = version_of(cls, *arguments)
        ProgressReport.objects.get(pk=report.pk).save()
        return version

    monkeypatch.setattr(Version, "of", classmethod(saved_at_that_moment))
    page = as_official.get(page_of(report))
    monkeypatch.undo()

    assert stale(as_official.post(page_of(report), sent(page, value="62")))


def test_same_row_added_twice_at_once_is_refused_in_the_form(as_administrator, monkeypatch):
    """The other's row comes in after the form was checked: the database refuses, and the second look tells it in words."""
    url = reverse("admin:budget_organisation_add")
    save, others = Organisation.save, []

    def beaten(self, **options):
        if not others:
            others.append(True)
            raise IntegrityError("UNIQUE constraint failed: budget_organisation.code")
        return save(self, **options)

    page = as_administrator.get(url)
    new = sent(page, code="same", name="新設課", kind="division")
    monkeypatch.setattr(Organisation, "save", beaten)
    assert as_administrator.post(url, new).status_code == 302
    monkeypatch.undo()
    assert "code" in errors(as_administrator.post(url, new))


def test_target_is_locked_by_its_terms_and_by_its_milestones_alike(as_administrator, division):
    target = OutcomeTargetFactory(programme=ProgrammeFactory(lead=division), deadline_year=2040)
    page = as_administrator.get(page_of(target))
    as_administrator.post(page_of(target), sent(page, **{"milestones-0-fiscal_year": "R8", "milestones-0-value": "40"}))

    assert stale(as_administrator.post(page_of(target), sent(page, note="要確認")))
    assert OutcomeTarget.objects.get(pk=target.pk).note == ""


# --- Versions as text ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "newest"), [("", {}), ("a:1 b:20", {"a": 1, "b": 20}), ("a:x :: b", {}), ("a:-1", {}), ("a:１", {}), ("a:" + "9" * 5000, {})]
)
def test_version_is_read_as_far_as_it_can_be(text, newest):
    assert Version.read(text).newest == newest


def test_version_reads_what_it_writes(report):
    version = Version.of(report)
    assert Version.read(str(version)) == version
