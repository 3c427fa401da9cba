"""The admin of users and postings."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Posting, User
from accounts.roles import Role
from tests.factories import PASSWORD, PostingFactory, UserFactory
from tests.forms import errors, sent

USERS = reverse("admin:accounts_user_changelist")
POSTINGS = reverse("admin:accounts_posting_changelist")


@pytest.mark.parametrize("url", [USERS, POSTINGS])
def test_a_list_costs_the_same_for_any_number(as_administrator, division, django_assert_num_queries, url):
    PostingFactory(organisation=division)
    with CaptureQueriesContext(connection) as one:
        as_administrator.get(url)
    for _n in range(39):
        PostingFactory(organisation=division)
    with django_assert_num_queries(len(one)):
        assert as_administrator.get(url).status_code == 200


def test_a_user_is_made_with_a_password_and_told_in_the_history(as_administrator, administrator, division):
    url = reverse("admin:accounts_user_add")
    as_administrator.post(
        url,
        sent(
            as_administrator.get(url),
            username="new",
            name="新任",
            password1=PASSWORD,
            password2=PASSWORD,
            change_reason="着任",
            **{"postings-0-organisation": division.pk, "postings-0-role": "official", "postings-0-from_on": "R7.4.1"},
        ),
    )
    user = User.objects.get(username="new")
    assert user.check_password(PASSWORD)
    assert user.postings.get().from_on == date(2025, 4, 1)
    for row in (user.history.get(), user.postings.get().history.get()):
        assert (row.history_user, row.history_change_reason) == (administrator, "着任")


def test_a_new_password_is_told_without_the_password(as_administrator, administrator):
    user = UserFactory()
    url = reverse("admin:auth_user_password_change", args=(user.pk,))
    sent_ = {"password1": "another password 1", "password2": "another password 1", "usable_password": "true", "set-password": "1"}
    assert as_administrator.post(url, sent_).status_code == 302
    row = user.history.latest()
    assert row.history_user == administrator
    assert row.history_change_reason
    assert not hasattr(row, "password")


def test_a_log_in_leaves_no_row_in_the_history(client, administrator):
    rows = administrator.history.count()
    client.post(reverse("admin:login"), {"username": administrator.username, "password": PASSWORD, "next": USERS})
    assert client.get(USERS).status_code == 200
    assert administrator.history.count() == rows


def test_a_posting_that_ends_before_it_starts_is_refused_in_the_form(as_administrator, division):
    posting = PostingFactory(organisation=division)
    url = reverse("admin:accounts_posting_change", args=(posting.pk,))
    response = as_administrator.post(url, sent(as_administrator.get(url), to_on="令和元年5月1日"))
    constraint = next(c for c in Posting._meta.constraints if c.name == "accounts_posting_does_not_end_before_it_starts")
    assert errors(response)["__all__"] == [constraint.violation_error_message]


def test_what_is_no_day_is_refused_with_the_ways_to_write_one(as_administrator, division):
    posting = PostingFactory(organisation=division)
    url = reverse("admin:accounts_posting_change", args=(posting.pk,))
    assert "R7.3.31" in errors(as_administrator.post(url, sent(as_administrator.get(url), to_on="3月末")))["to_on"][0]


# --- Who had which posting on a day -------------------------------------------------------------------------------------------------


def shown(browser, **asked) -> list[Posting]:
    return list(browser.get(POSTINGS, asked).context["cl"].result_list)


@pytest.fixture
def of_one_year(as_auditor):
    """A posting of FY2021, beside the auditor's own."""
    return PostingFactory(from_on=date(2021, 4, 1), to_on=date(2022, 3, 31))


@pytest.mark.parametrize(("day", "is_shown"), [("R3.3.31", False), ("R3.4.1", True), ("2022-03-31", True), ("令和4年4月1日", False)])
def test_an_auditor_sees_who_had_which_posting_on_a_day(as_auditor, auditor, of_one_year, day, is_shown):
    assert set(shown(as_auditor, on=day)) == {auditor.postings.get(), *([of_one_year] if is_shown else [])}


def test_without_a_day_all_postings_are_shown(as_auditor, auditor, of_one_year):
    assert set(shown(as_auditor)) == {auditor.postings.get(), of_one_year}


@pytest.mark.parametrize("text", ["3月末", "令和元年3月31日", "2022-02-30", "9" * 40])
def test_what_is_no_day_is_told_and_shows_nothing_that_could_be_taken_for_an_answer(as_auditor, of_one_year, text):
    response = as_auditor.get(POSTINGS, {"on": text})
    assert list(response.context["cl"].result_list) == []
    assert [f"「{text}」" in str(message) and "R7.3.31" in str(message) for message in response.context["messages"]] == [True]
    assert 'aria-invalid="true"' in response.content.decode()
    assert f'value="{text}"' in response.content.decode()


@time_machine.travel(datetime(2022, 3, 31, 3, tzinfo=UTC), tick=False)
def test_today_is_one_click_from_the_list(as_auditor, auditor, of_one_year):
    ended = PostingFactory(from_on=date(2021, 4, 1), to_on=date(2022, 3, 30))
    day_filter = as_auditor.get(POSTINGS).context["cl"].filter_specs[0]
    choices = list(day_filter.choices(as_auditor.get(POSTINGS).context["cl"]))
    today = next(choice["query_string"] for choice in choices if str(choice["display"]) == "今日")
    rows = as_auditor.get(POSTINGS + today).context["cl"].result_list
    assert set(rows) == {auditor.postings.get(), of_one_year}
    assert ended not in rows


def test_the_day_is_asked_beside_the_other_filters_and_the_search(as_auditor, of_one_year):
    asked = {"on": "R3.4.1", "role__exact": "official", "q": of_one_year.user.username, "p": "1"}
    response = as_auditor.get(POSTINGS, asked)
    assert list(response.context["cl"].result_list) == [of_one_year]
    assert response.context["cl"].filter_specs[0].others == [("role__exact", "official"), ("q", of_one_year.user.username)]
    assert 'value="令和3年4月1日（2021-04-01）"' in response.content.decode()


def test_users_without_a_password_are_found(as_administrator):
    new = UserFactory(password=None)
    assert new.has_usable_password() is False
    assert list(as_administrator.get(USERS, {"log_in": "none"}).context["cl"].result_list) == [new]


def test_an_official_does_not_see_users(client, official):
    client.force_login(official)
    assert client.get(USERS).status_code == 403


def test_an_auditor_reads_users_and_changes_none(client, auditor):
    client.force_login(auditor)
    url = reverse("admin:accounts_user_change", args=(auditor.pk,))
    assert client.get(url).status_code == 200
    assert client.post(url, {"name": "x"}).status_code == 403
    assert client.get(reverse("admin:auth_user_password_change", args=(auditor.pk,))).status_code == 403


def test_a_posting_that_ended_opens_nothing(client, division):
    posting = PostingFactory(organisation=division, role=Role.ADMINISTRATOR, to_on=date(2021, 3, 31))
    client.force_login(posting.user)
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.skipif(connection.vendor != "postgresql", reason="Only PostgreSQL has several writers at a time.")
def test_a_users_page_locks_the_postings_that_have_a_page_of_their_own(as_administrator, official):
    """A colleague's change of one of them, made between the check and the save, would be lost."""
    page = reverse("admin:accounts_user_change", args=[official.pk])
    with CaptureQueriesContext(connection) as queries:
        as_administrator.post(page, sent(as_administrator.get(page), name="改姓 太郎"))
    locked = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
    assert [name for name in ("accounts_user", "accounts_posting") if any(f'FROM "{name}"' in sql for sql in locked)] == [
        "accounts_user",
        "accounts_posting",
    ]
