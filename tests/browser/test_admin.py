"""Forms of the admin in a real Chromium: refused, previewed, changed by somebody meanwhile, with and without a script."""

from datetime import date

import pytest

from accounts.models import User
from accounts.roles import Role
from kpis.importers.pr_document.load import load
from kpis.models import TargetProposal
from tests.browser.conftest import findings, press
from tests.factories import (
    EvidenceFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    UserFactory,
)
from tests.write_paths import PRINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(transactional_db):
    """A user of each role, a target to report on and a draft."""
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind="ministry")
    division = OrganisationFactory(code="division", name="産業資金課", parent=ministry)
    for role in Role.values:
        where = division if role == Role.OFFICIAL else ministry
        PostingFactory(user=UserFactory(username=role, name=role), organisation=where, role=role, from_on=date(2020, 4, 1))
    programme = ProgrammeFactory(lead=division, start_fiscal_year=2020, end_fiscal_year=2024)
    return {
        "open": OutcomeTargetFactory(programme=programme, comparator_assumed=True, accumulation_assumed=True, deadline_year=2040),
        "draft": EvidenceFactory(report__target__programme=programme, report__fiscal_year=2023).report,
        "programme": programme,
    }


def test_a_log_in_that_is_refused_is_accessible(cast, visit):
    page = visit("/admin/login/")
    page.fill("#id_username", "official")
    page.fill("#id_password", "another password")
    press(page, "[type=submit]")
    assert page.locator(".errornote").count() == 1
    assert findings(page) == []


def test_a_result_that_is_refused_and_one_that_is_previewed_are_accessible(cast, enter):
    page = enter("official", f"/admin/kpis/progressreport/add/?target={cast['open'].pk}")
    page.fill("#id_value", "12")
    press(page, "[name=_preview]")  # refused: what is assumed has to be answered
    assert page.locator(".errornote").count() == 1
    assert findings(page) == []
    page.goto(f"/admin/kpis/progressreport/{cast['draft'].pk}/change/")
    page.fill("#id_value", "61")
    press(page, "[name=_preview]")
    page.wait_for_selector("#preview")
    assert findings(page) == []


def test_the_page_that_tells_what_changed_meanwhile_is_accessible(cast, enter):
    page = enter("official", f"/admin/kpis/progressreport/{cast['draft'].pk}/change/")
    cast["draft"].narrative = "年度末の集計。"
    cast["draft"].save()
    page.fill("#id_value", "61")
    press(page, "[name=_save]")
    page.wait_for_selector("#changed-meanwhile")
    assert findings(page) == []
    assert (page.input_value("#id_value"), page.input_value("#id_narrative")) == ("61", "年度末の集計。")


@pytest.fixture
def imported(cast, tmp_path):
    """A PR document with one programme and two targets."""
    file = tmp_path / "pr.txt"
    file.write_text(PRINTED.format(title="新設の支援事業", amount="2.0", value="60"), encoding="utf-8")
    administrator = User.objects.get(username="administrator")
    load(file.read_bytes(), file.read_text(encoding="utf-8"), by=administrator, issuer="経済産業省")
    return file


def test_the_forms_of_what_is_proposed_are_accessible(imported, enter):
    proposals = "/admin/kpis/targetproposal"
    page = enter("administrator", f"{proposals}/review/ministry-2025-001/")
    assert findings(page) == []
    page.goto(f"{proposals}/import/")
    page.set_input_files("#id_file", imported)
    page.fill("#id_issuer", "経済産業省")
    press(page, "[name=_check]")
    assert findings(page) == []
    page.goto(f"{proposals}/read/")
    press(page, ".submit-row [type=submit]")  # refused: nothing is filled in
    assert page.locator(".errorlist").count() > 0
    assert findings(page) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_proposals_are_confirmed_corrected_and_discarded(imported, enter, javascript):
    read, aside = TargetProposal.objects.order_by("code")
    page = enter("administrator", "/admin/kpis/targetproposal/review/ministry-2025-001/", javascript=javascript)
    assert page.locator("mark.read-value").inner_text().endswith("60")
    page.click(f"#{read.code} summary >> nth=0")
    page.fill(f"#id_{read.code}-indicator", "増収企業の割合")
    page.fill(f"#id_{read.code}-value", "六十")
    press(page, f"#{read.code} [name=_correct]")  # refused: no number
    assert page.locator(f"#{read.code} .errorlist").count() == 1
    page.fill(f"#id_{read.code}-value", "６５")
    press(page, f"#{read.code} [name=_correct]")
    page.click(f"#{aside.code} summary >> nth=1")
    page.fill(f"#reason-{aside.code}", "目標ではない。")
    press(page, f"#{aside.code} [name=_discard]")
    assert page.locator(".proposal-open").count() == 0
    read.refresh_from_db()
    aside.refresh_from_db()
    assert (read.state, read.value, read.target.value, read.target.indicator) == ("corrected", 60, 65, "増収企業の割合")
    assert (aside.state, aside.decision_note) == ("discarded", "目標ではない。")


def test_a_link_is_chosen_by_searching(cast, enter):
    page = enter("administrator", "/admin/budget/sourcepassage/add/")
    page.click("#select2-id_programme-container")
    page.fill(".select2-search__field", cast["programme"].code)
    page.click(f".select2-results__option:has-text('{cast['programme'].display_title}')")
    assert page.input_value("#id_programme") == str(cast["programme"].pk)
