"""The admin in a real Chromium: axe finds nothing, no page is wider than its window, and the policy of contents is kept."""

from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounts.models import User
from accounts.roles import Role
from budget.models import SourceDocument
from kpis.importers.pr_document.load import load
from kpis.models import TargetProposal
from tests.browser.conftest import RULES, press
from tests.factories import (
    PASSWORD,
    BudgetAmountFactory,
    EvidenceFactory,
    LockExceptionFactory,
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeMatchFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SourcePassageFactory,
    UserFactory,
    YearlyMilestoneFactory,
)
from tests.write_paths import PRINTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1280, 390)
MODELS = (
    "accounts/user",
    "accounts/posting",
    "budget/organisation",
    "budget/programme",
    "budget/sourcedocument",
    "budget/sourcepassage",
    "kpis/outcometarget",
    "kpis/progressreport",
    "kpis/entrylock",
)


@pytest.fixture
def cast(transactional_db):
    """A user of each role, and a row of each model under id 1 or higher."""
    ministry = OrganisationFactory(code="ministry", name="経済産業省", kind="ministry")
    division = OrganisationFactory(code="division", name="産業資金課", parent=ministry)
    for role in Role.values:
        where = division if role == Role.OFFICIAL else ministry
        PostingFactory(user=UserFactory(username=role, name=role), organisation=where, role=role, from_on=date(2020, 4, 1))
    programme = ProgrammeFactory(lead=division, start_fiscal_year=2020, end_fiscal_year=2024)
    ProgrammeOrganisationFactory(programme=programme, organisation=division)
    BudgetAmountFactory(programme=programme)
    target = OutcomeTargetFactory(programme=programme, passage=SourcePassageFactory(programme=programme))
    YearlyMilestoneFactory(target=target)
    LockExceptionFactory(lock__fiscal_year=2020, organisation=division)
    ProgressReportFactory(target=target, fiscal_year=2024, accepted=True)
    return {
        "open": OutcomeTargetFactory(programme=programme, comparator_assumed=True, accumulation_assumed=True, deadline_year=2040),
        "draft": EvidenceFactory(report=ProgressReportFactory(target=target, fiscal_year=2023)).report,
        "submitted": ProgressReportFactory(target=target, fiscal_year=2025, submitted=True),
        "target": target,
        "programme": programme,
        "user": UserFactory(),
    }


@pytest.fixture
def enter(visit):
    """Log in as a role; gives the page and the errors that its console tells."""

    def entering(role, width=1280):
        visiting = visit("/admin/login/", width=width)
        page = visiting.__enter__()
        entered.append(visiting)
        page.told = []
        page.on("console", lambda message: page.told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.fill("#id_username", role)
        page.fill("#id_password", PASSWORD)
        press(page, "[type=submit]")
        return page

    entered = []
    yield entering
    for visiting in entered:
        visiting.__exit__(None, None, None)


def findings(page, address=None) -> list:
    """What a page's console tells, what axe finds, and a page that is wider than its window."""
    if address:
        page.goto(address)
    told = [(page.url, text) for text in page.told]
    found = Axe().run(page, options=RULES).response["violations"]
    page.told.clear()  # axe itself puts styles into the page
    too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return told + [(page.url, rule["id"], node["html"]) for rule in found for node in rule["nodes"]] + [(page.url, "too wide")] * too_wide


@pytest.mark.parametrize("width", WIDTHS)
def test_the_log_in_page_is_accessible(cast, visit, width):
    with visit("/admin/login/", width=width) as page:
        page.told = []
        assert findings(page) == []
        page.click("[type=submit]")
        assert all(address.startswith(page.url.split("/admin/")[0]) for address in page.requested)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_an_administrator_are_accessible(cast, enter, live_server, width):
    page = enter("administrator", width)
    assert findings(page) == []
    for address in ("", "kpis/", "password_change/", f"accounts/user/{cast['user'].pk}/password/"):
        assert findings(page, f"{live_server.url}/admin/{address}") == []
    for model in MODELS:
        assert findings(page, f"{live_server.url}/admin/{model}/") == []
        first = page.locator("#result_list tbody a").first.get_attribute("href")
        assert findings(page, live_server.url + first) == []
        if model == "kpis/outcometarget":  # all histories are of one template
            assert findings(page, live_server.url + first.replace("/change/", "/history/")) == []
        if model != "kpis/progressreport" and width == 1280:  # a new row has the fields of one that is there
            assert findings(page, f"{live_server.url}/admin/{model}/add/") == []
    assert findings(page, f"{live_server.url}/admin/kpis/outcometarget/{cast['target'].pk}/withdraw/") == []
    assert all(address.startswith((live_server.url, "data:")) for address in page.requested)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("role", Role.values)
def test_the_work_of_each_role_is_accessible(cast, enter, live_server, role, width):
    page = enter(role, width)
    assert page.url == f"{live_server.url}/work/"
    assert findings(page) == []
    assert findings(page, f"{live_server.url}/changes/") == []
    if role == Role.OFFICIAL:
        for address in ("work/?show=draft", "round/", "round/?show=missing"):
            assert findings(page, f"{live_server.url}/{address}") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_a_report_are_accessible_to_who_enters_and_who_decides(cast, enter, live_server, width):
    reports = f"{live_server.url}/admin/kpis/progressreport"
    official = enter("official", width)
    assert findings(official, f"{reports}/add/?target={cast['open'].pk}") == []
    assert findings(official, f"{reports}/workbook/") == []
    official.goto(f"{reports}/add/?target={cast['open'].pk}")
    official.fill("#id_value", "12")
    press(official, "[name=_preview]")  # refused: what is assumed has to be answered
    assert findings(official) == []
    assert findings(official, f"{reports}/{cast['draft'].pk}/change/") == []
    official.fill("#id_value", "61")
    press(official, "[name=_preview]")
    official.wait_for_selector("#preview")
    assert findings(official) == []
    reviewer = enter("reviewer", width)
    assert findings(reviewer, f"{reports}/") == []
    assert findings(reviewer, f"{reports}/{cast['submitted'].pk}/change/") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_that_tells_what_changed_meanwhile_is_accessible(cast, enter, live_server, width):
    page = enter("official", width)
    page.goto(f"{live_server.url}/admin/kpis/progressreport/{cast['draft'].pk}/change/")
    cast["draft"].narrative = "年度末の集計。"
    cast["draft"].save()
    page.fill("#id_value", "61")
    press(page, "[name=_save]")
    page.wait_for_selector("#changed-meanwhile")
    assert findings(page) == []
    assert (page.input_value("#id_value"), page.input_value("#id_narrative")) == ("61", "年度末の集計。")


@pytest.fixture
def imported(cast, tmp_path):
    """A PR document with one programme and two targets, and a known programme that may be another one of it."""
    file = tmp_path / "pr.txt"
    file.write_text(PRINTED.format(title="新設の支援事業", amount="2.0", value="60"), encoding="utf-8")
    administrator = User.objects.get(username="administrator")
    load(file.read_bytes(), file.read_text(encoding="utf-8"), by=administrator, issuer="経済産業省")
    return {**cast, "file": file, "match": ProgrammeMatchFactory(document=SourceDocument.objects.get(code="ministry-2025-pr"))}


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_what_is_proposed_are_accessible(imported, enter, live_server, width):
    admin, page = f"{live_server.url}/admin/kpis", enter("administrator", width)
    proposals = f"{admin}/targetproposal"
    for address in ("", "review/ministry-2025-001/", "read/", "import/", f"{TargetProposal.objects.first().pk}/change/"):
        assert findings(page, f"{proposals}/{address}") == []
    for address in ("", f"{imported['match'].pk}/change/"):
        assert findings(page, f"{admin}/programmematch/{address}") == []
    page.goto(f"{proposals}/import/")
    page.set_input_files("#id_file", imported["file"])
    page.fill("#id_issuer", "経済産業省")
    press(page, "[name=_check]")
    assert findings(page) == []
    page.goto(f"{proposals}/read/")
    press(page, ".submit-row [type=submit]")  # refused: nothing is filled in
    page.told.clear()  # the browser tells of an answer 422
    assert findings(page) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_proposals_are_confirmed_corrected_and_discarded(imported, visit, live_server, javascript):
    read, aside = TargetProposal.objects.order_by("code")
    with visit("/admin/login/?next=/admin/kpis/targetproposal/review/ministry-2025-001/", javascript=javascript) as page:
        page.fill("#id_username", "administrator")
        page.fill("#id_password", PASSWORD)
        press(page, "[type=submit]")
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


def test_a_link_is_chosen_by_searching(cast, enter, live_server):
    page = enter("administrator")
    page.goto(f"{live_server.url}/admin/budget/sourcepassage/add/")
    page.click("#select2-id_programme-container")
    page.fill(".select2-search__field", cast["programme"].code)
    page.click(f".select2-results__option:has-text('{cast['programme'].display_title}')")
    assert page.input_value("#id_programme") == str(cast["programme"].pk)
