"""What `make demo` loads, and when it declines to."""

import json
import re
from datetime import date
from hashlib import sha256
from io import StringIO

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.roles import Role
from budget.models import Organisation, Programme
from kpis.choices import Status
from kpis.models import OutcomeTarget, ProgressReport
from tests.factories import OrganisationFactory, SourceDocumentFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

EXAMPLE = "【例】"
TODAY = date(2026, 11, 23)


def _demo(**options):
    told = StringIO()
    call_command("demo", stdout=told, **options)
    return told.getvalue()


def _fixture(name):
    return [row["fields"] for row in json.loads((settings.BASE_DIR / "fixtures/demo" / name).read_text(encoding="utf-8"))]


def test_every_status_can_be_seen():
    _demo()

    for on in (TODAY, date(2027, 8, 31)):
        assert set(OutcomeTarget.objects.with_status(on).values_list("status", flat=True)) == set(Status.values)


def test_every_row_that_is_loaded_has_its_history():
    _demo()

    untold = [
        (model.__name__, row)
        for app in ("accounts", "budget", "kpis")
        for model in apps.get_app_config(app).get_models()
        if hasattr(model, "history")
        for row in model.objects.exclude(pk__in=model.history.values(model._meta.pk.name))
    ]
    assert untold == []


def test_official_of_the_demonstration_has_targets_to_report():
    _demo()
    official = User.objects.get(username="demo-official")
    organisations = official.organisation_ids_on(TODAY, Role.OFFICIAL)

    theirs = OutcomeTarget.objects.overdue(TODAY).filter(programme__in=Programme.objects.answered_for_by(organisations))

    assert theirs.filter(status=Status.UNREPORTED).exists()


def test_passwords_are_those_that_the_readme_tells():
    _demo()
    told = re.findall(r"^\| `(demo-[a-z]+)` \| `([^`]+)` \|", (settings.BASE_DIR / "README.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert {username for username, _password in told} == set(User.objects.values_list("username", flat=True))
    assert [username for username, password in told if authenticate(username=username, password=password) is None] == []


def test_loading_again_keeps_what_is_there():
    _demo()
    report = ProgressReport.objects.filter(state="returned").get()
    report.narrative = "書き直し"
    report.save()

    said = _demo()

    assert "is not loaded" in said
    report.refresh_from_db()
    assert report.narrative == "書き直し"


@pytest.mark.parametrize("factory", [OrganisationFactory, UserFactory])
def test_a_database_that_holds_anything_is_left_alone(factory):
    factory()

    assert "is not loaded" in _demo()
    assert not Programme.objects.exists()


def test_text_of_the_source_document_is_attached_on_the_way(tmp_path):
    file = tmp_path / "document.txt"
    file.write_text("一行目\n二行目", encoding="utf-8")
    document = SourceDocumentFactory(sha256=sha256(file.read_bytes()).hexdigest())
    OrganisationFactory()

    _demo(source=str(file))

    assert document.attached_text.lines() == ["一行目", "二行目"]


def test_production_is_left_alone(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="not for production"):
        _demo()
    assert not Organisation.objects.exists()


@pytest.mark.parametrize("report", _fixture("03_reports.json"), ids=lambda report: report["target"][0])
def test_example_report_is_marked(report):
    said = [report["narrative"], *filter(None, (report["reason"], report.get("decision_note")))]
    evidence = [row["citation"] for row in _fixture("04_evidence.json") if row["report"] == [*report["target"], report["fiscal_year"]]]

    assert [text for text in said if not text.startswith(EXAMPLE)] == []
    assert evidence == ["【例】デモ用の架空の値"]


def test_examples_keep_to_the_rules_of_the_form():
    _demo()

    for report in ProgressReport.objects.select_related("target"):
        report.full_clean()


def test_examples_are_the_only_results():
    _demo()

    assert ProgressReport.objects.count() == len(_fixture("03_reports.json"))
