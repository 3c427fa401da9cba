"""The page of the reshuffle: it tells what a file changes before anything is saved, and does exactly what it told."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import reshuffle
from accounts.models import Posting, User
from accounts.postings_file import COLUMNS, LARGEST, MOST_LINES
from accounts.roles import Role
from tests.factories import OrganisationFactory, PostingFactory, UserFactory

PAGE = reverse("admin:accounts_posting_reshuffle")
POSTINGS = reverse("admin:accounts_posting_changelist")
NOON = datetime(2026, 3, 10, 3, tzinfo=UTC)  # 12:00 in Tokyo
EVE, DAY = date(2026, 3, 31), date(2026, 4, 1)
HEADER = ",".join(COLUMNS)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def old(division):
    return PostingFactory(user=UserFactory(username="suzuki", name="鈴木一郎"), organisation=division)


def file(*lines, name="r8.csv", content=None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([HEADER, *lines]).encode() if content is None else content)


def look(browser, *lines, on="令和8年4月1日", scope="bureau", **sent):
    return browser.post(PAGE, {"on": on, "scope": scope, "file": file(*lines), **sent})


def apply(browser, page, **sent):
    return browser.post(PAGE, {"_confirm": "1", "plan": page.context["held"], **sent})


NEW = "new,新任花子,new@example.go.jp,official,division,,,"


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def nothing_changed(old) -> bool:
    old.refresh_from_db()
    return old.to_on is None and not User.objects.filter(username="new").exists()


# --- From the file to the postings ----------------------------------------------------------------------------------------------------


def test_the_page_tells_what_would_change_and_saves_nothing(as_administrator, old):
    response = look(as_administrator, NEW)
    text = response.content.decode()
    assert response.status_code == 200
    assert [len(one["rows"]) for one in response.context["lists"]] == [1, 1, 0, 0]  # begin, end, move, go on
    for words in ("新任花子", "new@example.go.jp", "鈴木一郎", "令和8年3月31日（2026-03-31）", "経済産業政策局", "r8.csv"):
        assert words in text
    assert [user.username for user in response.context["plan"].loses_access] == ["suzuki"]
    assert nothing_changed(old)


def test_what_was_shown_is_done_and_told_in_the_history(as_administrator, administrator, old):
    response = apply(as_administrator, look(as_administrator, NEW))
    assert (response.status_code, response.headers["Location"]) == (302, f"{POSTINGS}?on=2026-04-01")
    old.refresh_from_db()
    new = Posting.objects.get(user__username="new")
    assert (old.to_on, new.from_on, new.to_on) == (EVE, DAY, None)
    for row in (old.history.latest("history_id"), new.history.get(), new.user.history.get()):
        assert (row.history_user, row.history_change_reason) == (administrator, "発令ファイル r8.csv")
    done, users = said(as_administrator.get(POSTINGS))
    assert [figure in done for figure in ("開始1件", "変更0件", "終了1件")] == [True, True, True]
    assert "log_in=none" in users


def test_a_file_that_was_applied_offers_nothing_more_to_apply(as_administrator, old):
    apply(as_administrator, look(as_administrator, NEW))
    response = look(as_administrator, NEW)
    assert response.context["plan"].changes_nothing
    assert 'name="_confirm"' not in response.content.decode()


def test_the_postings_of_a_day_are_downloaded_edited_and_applied(as_administrator, old, other_division):
    response = as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "*", "_download": "1"})
    content = b"".join(response) if response.streaming else response.content
    assert response.headers["Content-Disposition"] == 'attachment; filename="postings-2026-04-01.csv"'
    assert content.startswith(b"\xef\xbb\xbf" + HEADER.encode() + b"\r\n")

    again = as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "*", "file": file(content=content)})
    assert again.context["plan"].changes_nothing

    edited = content.decode().replace(",division,産業資金課,2020-04-01", ",other-division,,")
    apply(as_administrator, as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "*", "file": file(content=edited.encode())}))
    assert list(old.user.postings.order_by("from_on").values_list("organisation__code", "to_on")) == [
        ("division", EVE),
        ("other-division", None),
    ]


def test_a_day_that_has_passed_is_told(as_administrator, old):
    assert [look(as_administrator, NEW, on=on).context["has_passed"] for on in ("2026-03-09", "2026-03-10")] == [True, False]
    assert "過ぎています" in look(as_administrator, NEW, on="2026-03-09").content.decode()


def test_a_name_that_holds_markup_stays_text(as_administrator, old):
    text = look(as_administrator, "new,<b>新任</b>,,official,division,,,").content.decode()
    assert "&lt;b&gt;新任&lt;/b&gt;" in text
    assert "<b>新任</b>" not in text


def test_the_largest_file_is_shown_and_comes_back_whole(as_administrator, old):
    lines = [f"new-{n},新任の職員{n},new-{n}@example.go.jp,official,division,産業資金課,2026-04-01,2027-03-31" for n in range(MOST_LINES)]
    page = look(as_administrator, *lines)
    assert len(page.context["plan"].begins) == MOST_LINES
    old.to_on = EVE  # so that the page comes back, and five thousand users are not made
    old.save()
    response = apply(as_administrator, page)
    assert response.status_code == 409
    assert len(response.context["plan"].begins) == MOST_LINES


def test_a_look_costs_the_same_for_any_number_of_lines(as_administrator, old):
    asked = []
    for number in (1, 40):
        lines = [f"new-{n},新任,,official,division,,," for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            assert len(look(as_administrator, *lines).context["plan"].begins) == number
        asked.append(len(queries))
    assert asked[0] == asked[1]


# --- What is refused --------------------------------------------------------------------------------------------------------------------


def test_a_file_with_errors_is_shown_with_all_of_them_and_saves_nothing(as_administrator, old):
    response = look(as_administrator, NEW, "new-2,,,king,nowhere,,,3月末")
    assert response.status_code == 422
    assert [(one.line, one.column) for one in response.context["refusals"]] == [(3, "to_on")]

    response = look(as_administrator, NEW, "new-2,新任,,king,nowhere,,,")
    assert [(one.line, one.column, one.value) for one in response.context["refusals"]] == [
        (3, "organisation", "nowhere"),
        (3, "role", "king"),
    ]
    assert "official, reviewer, auditor, administrator" in response.content.decode()
    assert "held" not in response.context
    assert nothing_changed(old)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{HEADER}\n{NEW}".encode("cp932"), "Shift_JIS"),
        (f"{HEADER}\n{NEW}".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"\0" * 20, "Excel"),
        (b"x" * (LARGEST + 1), "1000000"),
    ],
    ids=["Shift_JIS", "UTF-16", "XLSX", "too large"],
)
def test_another_kind_of_file_is_refused_in_words(as_administrator, old, content, words):
    response = as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "bureau", "file": file(content=content)})
    assert response.status_code == 422
    assert words in response.content.decode()


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"on": "4月"}, "on"), ({"on": ""}, "on"), ({"scope": ""}, "scope"), ({"scope": "nowhere"}, "scope"), ({"file": ""}, "file")],
)
def test_form_says_which_field_is_missing_or_wrong(as_administrator, old, changed, field):
    response = as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "bureau", "file": file(NEW), **changed})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_an_empty_file_is_refused_in_words(as_administrator, old):
    response = as_administrator.post(PAGE, {"on": "R8.4.1", "scope": "bureau", "file": file(content=b"")})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["file"])


# --- Meanwhile --------------------------------------------------------------------------------------------------------------------------


def test_a_plan_that_others_made_stale_is_shown_anew_and_not_carried_out(as_administrator, old, other_division):
    page = look(as_administrator, NEW)
    PostingFactory(organisation=other_division)
    response = apply(as_administrator, page)
    assert response.status_code == 409
    assert "もう一度確かめてください" in response.content.decode()
    assert [len(one["rows"]) for one in response.context["lists"]] == [1, 2, 0, 0]
    assert nothing_changed(old)

    assert apply(as_administrator, response).status_code == 302
    old.refresh_from_db()
    assert old.to_on == EVE


def test_a_file_that_may_not_be_applied_any_more_is_refused(as_administrator, old):
    page = look(as_administrator, "suzuki,鈴木一郎,,official,division,,,R9.3.31")
    old.user.is_active = False
    old.user.save()
    response = apply(as_administrator, page)
    assert response.status_code == 409
    assert [(one.line, one.column) for one in response.context["refusals"]] == [(2, "user_name")]
    assert nothing_changed(old)


def test_what_somebody_else_makes_at_the_same_moment_is_no_error_page(as_administrator, old, monkeypatch):
    page = look(as_administrator, NEW)

    def too_late(*_arguments, **_options):
        raise IntegrityError

    monkeypatch.setattr(reshuffle, "carry_out", too_late)
    response = apply(as_administrator, page)
    assert response.status_code == 422
    assert len(said(response)) == 1


def test_nothing_is_half_written(as_administrator, old, monkeypatch):
    page = look(as_administrator, NEW)
    save = Posting.save

    def fails_at_the_new_one(posting, **options):
        if posting._state.adding:
            raise IntegrityError
        return save(posting, **options)

    monkeypatch.setattr(Posting, "save", fails_at_the_new_one)
    assert apply(as_administrator, page).status_code == 422
    assert nothing_changed(old)


# --- What was shown is sealed -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alter", [lambda held: "", lambda held: "x" + held, lambda held: held[:-1], lambda held: held.replace(":", "x:", 1)]
)
def test_what_was_altered_is_refused(as_administrator, old, alter):
    page = look(as_administrator, NEW)
    response = as_administrator.post(PAGE, {"_confirm": "1", "plan": alter(page.context["held"])})
    assert response.status_code == 422
    assert "一致しません" in said(response)[0]
    assert nothing_changed(old)


def test_what_another_administrator_was_shown_is_refused(as_administrator, old, ministry):
    page = look(as_administrator, NEW)
    as_administrator.force_login(PostingFactory(organisation=ministry, role=Role.ADMINISTRATOR).user)
    response = apply(as_administrator, page)
    assert (response.status_code, nothing_changed(old)) == (422, True)


@pytest.mark.parametrize(("seconds", "status"), [(3600, 302), (3601, 422)])
def test_what_was_shown_holds_for_an_hour(as_administrator, old, clock, seconds, status):
    page = look(as_administrator, NEW)
    clock.shift(timedelta(seconds=seconds))
    response = apply(as_administrator, page)
    assert response.status_code == status
    assert nothing_changed(old) is (status == 422)


def test_an_organisation_that_has_another_code_by_now_is_told(as_administrator, old, bureau):
    page = look(as_administrator, NEW)
    bureau.code = "renamed"
    bureau.save()
    assert apply(as_administrator, page).status_code == 422
    assert nothing_changed(old)


# --- Who may ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.OFFICIAL, Role.REVIEWER, Role.AUDITOR])
def test_only_administrators_reshuffle(client, ministry, role, old):
    client.force_login(PostingFactory(organisation=ministry, role=role).user)
    assert client.get(PAGE).status_code == 403
    assert look(client, NEW).status_code == 403
    assert client.post(PAGE, {"on": "R8.4.1", "scope": "*", "_download": "1"}).status_code == 403
    assert PAGE not in client.get(reverse("kpis:work")).content.decode()


def test_an_auditor_is_not_led_to_the_page(as_auditor):
    assert PAGE not in as_auditor.get(POSTINGS).content.decode()


def test_an_administrator_is_led_to_the_page_from_the_list_and_from_the_work(as_administrator):
    assert PAGE in as_administrator.get(POSTINGS).content.decode()
    work = as_administrator.get(reverse("kpis:work")).content.decode()
    assert PAGE in work
    assert f"{POSTINGS}?on=2026-03-10" in work


def test_the_page_offers_the_tree_of_organisations(as_administrator, division):
    OrganisationFactory(code="elsewhere")
    choices = [code for code, _name in as_administrator.get(PAGE).context["form"].fields["scope"].choices]
    assert choices == ["", "*", "elsewhere", "ministry", "bureau", "division"]
