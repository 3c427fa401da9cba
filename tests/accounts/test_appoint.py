"""`manage.py appoint`: a role at an organisation for a person, who is made where missing."""

import io
from datetime import date
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import Posting, User
from accounts.roles import Role
from tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

NOON = "2026-11-24 12:00+09:00"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOON, tick=False):
        yield date(2026, 11, 24)


def appoint(*arguments) -> str:
    call_command("appoint", *arguments, stdout=(out := StringIO()))
    return out.getvalue()


def test_first_administrator_is_made_and_may_enter_users_today(ministry, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    appoint("suzuki", "administrator", "ministry", "--name", "鈴木", "--email", "suzuki@example.jp", "--password-stdin")
    user = User.objects.get()
    assert (user.username, user.name, user.email, user.check_password(PASSWORD)) == ("suzuki", "鈴木", "suzuki@example.jp", True)
    assert user.is_staff
    assert user.has_perm("accounts.add_posting")


def test_posting_holds_from_today_until_further_notice(ministry, today):
    appoint("suzuki", "auditor", "ministry")
    posting = Posting.objects.get()
    assert (posting.role, posting.organisation, posting.from_on, posting.to_on) == (Role.AUDITOR, ministry, today, None)


def test_days_are_read_in_eras_and_iso(ministry):
    appoint("suzuki", "auditor", "ministry", "--from", "令和8年4月1日", "--to", "2027-03-31")
    posting = Posting.objects.get()
    assert (posting.from_on, posting.to_on) == (date(2026, 4, 1), date(2027, 3, 31))


def test_history_gives_the_command_as_the_reason(ministry):
    appoint("suzuki", "auditor", "ministry")
    assert [row.history_change_reason for row in User.history.all()] == ["appoint"]
    assert [row.history_change_reason for row in Posting.history.all()] == ["appoint"]


def test_user_without_a_password_cannot_log_in_and_the_command_says_so(ministry):
    assert "--password-stdin" in appoint("suzuki", "auditor", "ministry")
    assert not User.objects.get().has_usable_password()


def test_appointing_again_changes_nothing(ministry):
    appoint("suzuki", "auditor", "ministry")
    with time_machine.travel("2026-11-30 12:00+09:00", tick=False):
        appoint("suzuki", "auditor", "ministry")
    assert (Posting.objects.count(), User.history.count(), Posting.history.count()) == (1, 1, 1)


def test_posting_in_force_is_ended_by_a_last_day(ministry):
    appoint("suzuki", "auditor", "ministry")
    appoint("suzuki", "auditor", "ministry", "--to", "2026-12-31")
    assert Posting.objects.get().to_on == date(2026, 12, 31)
    assert [row.history_type for row in Posting.history.all()] == ["~", "+"]


def test_person_who_is_there_gets_another_posting_and_keeps_the_password(ministry, bureau):
    user = UserFactory(username="suzuki", name="鈴木")
    appoint("suzuki", "auditor", "ministry")
    appoint("suzuki", "reviewer", "bureau")
    user.refresh_from_db()
    assert (user.name, user.check_password(PASSWORD)) == ("鈴木", True)
    assert set(user.postings.values_list("role", "organisation__code")) == {("auditor", "ministry"), ("reviewer", "bureau")}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("suzuki", "king", "ministry"), "king"),
        (("suzuki", "auditor", "nowhere"), "nowhere"),
        (("suzuki", "auditor", "ministry", "--from", "soon"), "--from"),
        (("suzuki", "auditor", "ministry", "--to", "3月末"), "--to"),
        (("suzuki", "auditor", "ministry", "--from", "2026-04-02", "--to", "2026-04-01"), "."),
        (("suzuki", "auditor", "ministry", "--email", "no address"), "."),
        (("not a name", "auditor", "ministry"), "."),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nobody_is_made(ministry, arguments, said):
    with pytest.raises(CommandError, match=said):
        appoint(*arguments)
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["", "short", "123456789012", "password1234"])
def test_weak_password_is_refused_and_nobody_is_made(ministry, monkeypatch, password):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    with pytest.raises(CommandError):
        appoint("suzuki", "administrator", "ministry", "--password-stdin")
    assert not User.objects.exists()


def test_deactivated_user_is_not_appointed(ministry):
    UserFactory(username="suzuki", is_active=False)
    with pytest.raises(CommandError, match="deactivated"):
        appoint("suzuki", "auditor", "ministry")
    assert not Posting.objects.exists()
