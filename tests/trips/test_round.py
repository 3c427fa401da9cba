"""A whole round, from 1 April to 1 September 2026: three divisions, the results of FY2025, every number on screen worked out by hand.

| target | division | goal | what becomes of its result of FY2025 |
|---|---|---|---|
| a-1 | 産業資金課 | at least 60 件 by FY2025 | 64, submitted on 10 June, accepted on 20 June |
| a-2 | 産業資金課 | at least 60 件 by FY2025 | 45 on 12 June, returned, again on 5 July, accepted: missed, closed on 1 September |
| a-3 | 産業資金課 | at least 60 件 by FY2030 | 41 by the workbook on 20 July, accepted on 10 August |
| a-4 | 産業資金課 | at least 35 % by FY2030 | 36.5 by the workbook on 20 July, waits |
| b-1 | 産業創造課 | at least 60 件 by FY2025 | nothing: unreported from 1 September |
| b-2 | 産業創造課 | at least 60 件 by FY2030 | 50 on 1 September, late, under an exception from the lock |
| c-1 | 資源課 | at least 60 件 by FY2025 | 61 on 31 August, ten minutes before midnight |
| c-2 | 資源課 | at least 60 件 by FY2030 | a draft on 31 August, never submitted |
| c-3 | 資源課 | at least 60 件 by FY2024 | nothing: unreported since 1 September 2025 |
"""

import re
from collections import Counter
from decimal import Decimal

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import SentReminder
from accounts.roles import Role
from kpis.models import ClosedMiss, EntryLock, LockException, OutcomeTarget, ProgressReport
from tests.factories import OrganisationFactory, OutcomeTargetFactory, PostingFactory, ProgrammeFactory, UserFactory
from tests.forms import page_of, sent
from tests.kpis.test_entry_book_pages import Book, confirm, refused, send
from tests.kpis.test_round_page import numbers

pytestmark = pytest.mark.django_db

TARGETS = {
    "a-1": ("division", {"deadline_year": 2025}),
    "a-2": ("division", {"deadline_year": 2025}),
    "a-3": ("division", {"deadline_year": 2030}),
    "a-4": ("division", {"deadline_year": 2030, "value": Decimal(35), "unit": "%"}),
    "b-1": ("other-division", {"deadline_year": 2025}),
    "b-2": ("other-division", {"deadline_year": 2030}),
    "c-1": ("resources", {"deadline_year": 2025}),
    "c-2": ("resources", {"deadline_year": 2030}),
    "c-3": ("resources", {"deadline_year": 2024}),
}


@pytest.fixture
def browsers(ministry, division, other_division) -> dict[str, Client]:
    """The three officials, the reviewer and the administrator, each with a mail address and a browser."""
    agency = OrganisationFactory(code="energy", name="資源エネルギー庁", kind="bureau", parent=ministry)
    resources = OrganisationFactory(code="resources", name="資源課", parent=agency)
    cast = {
        "a": (division, Role.OFFICIAL),
        "b": (other_division, Role.OFFICIAL),
        "c": (resources, Role.OFFICIAL),
        "reviewer": (ministry, Role.REVIEWER),
        "administrator": (ministry, Role.ADMINISTRATOR),
    }
    found = {}
    for name, (organisation, role) in cast.items():
        user = UserFactory(username=name, name=f"{name}さん", email=f"{name}@example.go.jp")
        PostingFactory(user=user, organisation=organisation, role=role)
        found[name] = Client()
        found[name].user = user
    leads = {"division": division, "other-division": other_division, "resources": resources}
    for code, (lead, terms) in TARGETS.items():
        OutcomeTargetFactory(code=code, programme=ProgrammeFactory(lead=leads[lead]), **terms)
    return found


def target(code: str) -> OutcomeTarget:
    return OutcomeTarget.objects.get(code=code)


def report(code: str) -> ProgressReport:
    return ProgressReport.objects.get(target__code=code, fiscal_year=2025)


def enter(browser, code, *, submit=True, **entries):
    """Enter the result of FY2025 on its form, and submit it or keep it as a draft."""
    found = ProgressReport.objects.filter(target__code=code, fiscal_year=2025).first()
    address = page_of(found) if found else reverse("admin:kpis_progressreport_add", query={"target": target(code).pk})
    button = "_submit" if submit else "_save"
    return browser.post(address, sent(browser.get(address), **entries, **{button: "1"}), follow=True)


def press(browser, code, step, reason=""):
    shown = report(code)
    version = browser.get(page_of(shown)).context["version"]
    browser.post(reverse("admin:kpis_progressreport_step", args=(shown.pk, step)), {"version": version, "reason": reason})


def reminded() -> list[str]:
    """Who is written to by the reminders of today; run twice, they are sent once."""
    mail.outbox.clear()
    call_command("send_reminders", verbosity=0)
    call_command("send_reminders", verbosity=0)
    return sorted(message.to[0].partition("@")[0] for message in mail.outbox)


def table(browser) -> dict[str, list[int]]:
    """The numbers of the round as its page of today shows them, by the names of divisions and bureaus."""
    return dict(numbers(browser.get(reverse("kpis:round"))))


def ahead(browser) -> list[str]:
    """What the coming days bring, as the page of today words it."""
    page = browser.get(reverse("kpis:round")).content.decode()
    listed = re.search(r'<ul class="ahead">(.*?)</ul>', page, re.DOTALL)[1]
    return [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in re.findall(r"<li>(.*?)</li>", listed, re.DOTALL)]


def work(browser) -> dict[str, int]:
    """The numbers of My work by the kind of list."""
    return {one.kind: one.number for one in browser.get(reverse("kpis:work")).context["lists"]}


def overdue(browser, **asked) -> list[str]:
    return [found.code for found in browser.get(reverse("kpis:overdue"), asked).context["page"].object_list]


def test_a_round(browsers, time_machine):
    a, b, c = (browsers[name] for name in "abc")
    reviewer, administrator = browsers["reviewer"], browsers["administrator"]

    def on(day, time="09:00"):
        time_machine.move_to(f"2026-{day} {time}+09:00", tick=False)
        for browser in browsers.values():  # sessions of weeks ago have ended
            browser.force_login(browser.user)

    # 1 April. FY2025 has ended: eight results are asked for, c-3's of FY2024 is still missing beside them.
    on("04-01")
    assert reminded() == ["a", "b", "c"]
    # asked, in time, late, to come, waiting, decided, returned, earlier
    assert table(reviewer) == {
        "経済産業政策局": [6, 0, 0, 6, 0, 0, 0, 0],
        "産業資金課": [4, 0, 0, 4, 0, 0, 0, 0],
        "産業創造課": [2, 0, 0, 2, 0, 0, 0, 0],
        "資源エネルギー庁": [2, 0, 0, 2, 0, 0, 0, 1],
        "資源課": [2, 0, 0, 2, 0, 0, 0, 1],
        "すべて": [8, 0, 0, 8, 0, 0, 0, 1],
    }
    # a-1, a-2, b-1 and c-1 are due in FY2025. On 1 April 2027 FY2026 is asked of a-3, a-4, b-2 and c-2; nobody's deadline is 2027-03-31.
    assert ahead(reviewer) == [
        "令和8年8月31日（2026-08-31） 令和7年度（2025年度）の実績8件が、提出されないまま報告期限を迎えます",
        "令和8年9月1日（2026-09-01） 4件の目標が未報告になります",
        "令和9年4月1日（2027-04-01） 令和8年度（2026年度）の実績4件の報告が求められます",
        "令和9年4月1日（2027-04-01） 0件の目標が、達成されないまま期限を過ぎます",
    ]
    assert (work(a)["due"], work(b)["due"], work(c)["due"], work(c)["unreported"]) == (4, 2, 2, 1)

    on("05-15")
    assert reminded() == ["a", "b", "c"]

    # June: a-1 and a-2 are submitted; one is accepted, one returned.
    on("06-10")
    enter(a, "a-1", value="64", **{"evidence-0-citation": "業務統計"})
    on("06-12")
    enter(a, "a-2", value="45", reason="申請が少なかったため。")
    on("06-15")
    assert work(reviewer)["decide"] == 2
    assert reminded() == ["a", "b", "c", "reviewer"]
    on("06-20")
    press(reviewer, "a-1", "accept")
    on("06-22")
    press(reviewer, "a-2", "return", "出典を示してください。")

    # 1 July. a-2 was in time and is returned: it is not handed in until it is submitted again.
    on("07-01")
    assert (work(a)["returned"], work(a)["submitted"], work(a)["due"], work(reviewer)["decide"]) == (1, 0, 3, 0)
    told = table(reviewer)
    assert told["産業資金課"] == [4, 1, 0, 3, 0, 1, 1, 0]
    assert told["すべて"] == [8, 1, 0, 7, 0, 1, 1, 1]

    on("07-05")
    enter(a, "a-2", value="45", **{"evidence-0-citation": "業務統計 第2表"})
    on("07-10")
    press(reviewer, "a-2", "accept")
    assert overdue(reviewer) == ["c-3", "a-2"]

    # 20 July. Two results by the workbook: two bad cells are refused with their addresses and nothing is saved; then both are submitted.
    on("07-20")
    book = Book(a)
    assert set(book.rows) == {"a-3", "a-4"}
    book.fill("a-3", value="多数").fill("a-4", value="36.5%", measured_on="令和9年1月1日")
    preview = send(a, book)
    assert {address for address, _sentence in refused(preview)} == {book.address("a-3", "value"), book.address("a-4", "measured_on")}
    assert ProgressReport.objects.filter(target__code__in=("a-3", "a-4")).count() == 0
    book.fill("a-3", value="４１").fill("a-4", measured_on="令和8年3月31日")
    confirm(a, send(a, book), "_submit")
    assert [(report(code).value, report(code).state) for code in ("a-3", "a-4")] == [(41, "submitted"), (Decimal("36.5"), "submitted")]

    # The last call finds nothing more to do in 産業資金課.
    on("07-31")
    assert reminded() == ["b", "c", "reviewer"]
    on("08-10")
    press(reviewer, "a-3", "accept")

    # 31 August, the last day. b-1 and c-1 would become unreported; c-1 is submitted ten minutes before midnight.
    on("08-31")
    assert reminded() == ["b", "c", "reviewer"]
    told = table(reviewer)
    assert told["産業資金課"] == [4, 4, 0, 0, 1, 3, 0, 0]
    assert told["すべて"] == [8, 4, 0, 4, 1, 3, 0, 1]
    assert ahead(reviewer)[:2] == [
        "令和8年8月31日（2026-08-31） 令和7年度（2025年度）の実績4件が、提出されないまま報告期限を迎えます",
        "令和8年9月1日（2026-09-01） 2件の目標が未報告になります",
    ]
    enter(c, "c-2", submit=False, value="40")
    on("08-31", "23:50")
    enter(c, "c-1", value="61")

    # 1 September. Who has something open is told, and the year is locked.
    on("09-01", "07:00")
    assert reminded() == ["b", "c", "reviewer"]
    b_form = reverse("admin:kpis_progressreport_add", query={"target": target("b-2").pk})
    opened_before, c_opened_before = b.get(b_form), c.get(page_of(report("c-2")))
    on("09-01")
    add = reverse("admin:kpis_entrylock_add")
    administrator.post(add, sent(administrator.get(add), fiscal_year="令和7年度", locked="on", reason="公表資料を作成するため。"))
    who_and_when = "令和7年度（2025年度）の実績の入力は、2026年9月1日9:00にadministratorさんが締め切りました。"
    assert who_and_when in b.post(b_form, sent(opened_before, value="50", _submit="1")).content.decode()
    too_late = c.post(page_of(report("c-2")), sent(c_opened_before, value="41", _submit="1"))
    assert (too_late.status_code, who_and_when in too_late.content.decode(), report("c-2").value) == (409, True, 40)
    assert Book(b).rows == {}

    # 産業創造課 is granted the day: its result comes late.
    on("09-01", "10:00")
    lock = EntryLock.objects.get()
    granted = {"exceptions-0-organisation": target("b-2").programme.lead_id, "exceptions-0-until_on": "R8.9.1"}
    administrator.post(
        page_of(lock), sent(administrator.get(page_of(lock)), **granted, **{"exceptions-0-reason": "統計の公表が遅れたため。"})
    )
    assert LockException.objects.get().granted_by.username == "administrator"
    enter(b, "b-2", value="50")
    assert report("b-2").state == "submitted"

    # The miss of a-2 is closed: it leaves the overdue report and stays missed.
    on("09-01", "15:00")
    assert overdue(reviewer) == ["c-3", "a-2", "b-1"]
    close = reverse("admin:kpis_outcometarget_close-miss", args=(target("a-2").pk,))
    reviewer.post(close, {"reason": "後継事業の目標に引き継いだため。"})
    assert ClosedMiss.objects.get().closed_by.username == "reviewer"
    assert overdue(reviewer) == ["c-3", "b-1"]
    assert overdue(reviewer, status="awaiting_result") == ["c-1"]

    # What the day leaves: asked, in time, late, missing, waiting, decided, returned, earlier.
    assert table(reviewer) == {
        "経済産業政策局": [6, 4, 1, 1, 2, 3, 0, 0],  # waiting: a-4, b-2
        "産業資金課": [4, 4, 0, 0, 1, 3, 0, 0],
        "産業創造課": [2, 0, 1, 1, 1, 0, 0, 0],
        "資源エネルギー庁": [2, 1, 0, 1, 1, 0, 0, 1],
        "資源課": [2, 1, 0, 1, 1, 0, 0, 1],
        "すべて": [8, 5, 1, 2, 3, 3, 0, 1],
    }
    assert work(reviewer)["decide"] == 3  # a-4, b-2, c-1
    assert (work(b)["unreported"], work(b)["due"]) == (1, 0)
    assert (work(c)["unreported"], work(c)["due"], work(c)["draft"]) == (1, 1, 1)
    assert Counter(SentReminder.objects.values_list("user__username", flat=True)) == {"a": 3, "b": 6, "c": 6, "reviewer": 4}
