"""The rule of the reshuffle: who is named begins or goes on from the day, who is not ends on its eve; nothing before is rewritten."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Posting, User
from accounts.postings_file import COLUMNS, Line, Refused, lines_of
from accounts.reshuffle import Outdated, Plan, carry_out, plan_of, postings_from
from accounts.roles import Role
from budget.table import csv_lines
from tests.factories import OrganisationFactory, PostingFactory, UserFactory

pytestmark = pytest.mark.django_db

EVE, DAY = date(2026, 3, 31), date(2026, 4, 1)
BEFORE, LATER = date(2024, 4, 1), date(2026, 7, 1)
WHY = "postings file r8.csv"


def line(user, organisation="division", role=Role.OFFICIAL, from_on=None, to_on=None, name="", email="", number=2) -> Line:
    return Line(number, user, name, email, str(role), organisation, from_on, to_on)


def posted(username, organisation, role=Role.OFFICIAL, from_on=BEFORE, to_on=None, **user) -> Posting:
    found = User.objects.filter(username=username).first() or UserFactory(username=username, **user)
    return PostingFactory(user=found, organisation=organisation, role=role, from_on=from_on, to_on=to_on)


@pytest.fixture
def plan(administrator, bureau, division):
    """The plan of lines for the bureau: the administrator is of the ministry above it."""
    return lambda *lines, scope=bureau: plan_of(lines, on=DAY, today=DAY, scope=scope, by=administrator)


@pytest.fixture
def done(administrator, bureau, division):
    """The lines planned and carried out for the bureau."""

    def carried_out(*lines, scope=bureau):
        shown = plan_of(lines, on=DAY, today=DAY, scope=scope, by=administrator).fingerprint
        return carry_out(lines, on=DAY, today=DAY, scope=scope, by=administrator, shown=shown, reason=WHY)

    return carried_out


@pytest.fixture
def refused(plan):
    def refusals(*lines, **options) -> list[tuple]:
        with pytest.raises(Refused) as caught:
            plan(*lines, **options)
        return [(one.line, one.column, one.value) for one in caught.value.refusals]

    return refusals


def told(plan: Plan) -> dict[str, list]:
    """What the plan says of each posting, by user."""
    return {
        "begins": [(p.user.username, p.organisation.code, p.role, p.from_on, p.to_on) for p in plan.begins],
        "goes_on": [p.user.username for p in plan.goes_on],
        "moves": [(change.posting.user.username, change.to_on) for change in plan.moves],
        "ends": [(change.posting.user.username, change.to_on) for change in plan.ends],
    }


def only(**expected) -> dict[str, list]:
    return {"begins": [], "goes_on": [], "moves": [], "ends": [], **expected}


def on_days(*days) -> list[set[str]]:
    """The user names of the officials in force on each day."""
    return [set(Posting.objects.on(day).filter(role=Role.OFFICIAL).values_list("user__username", flat=True)) for day in days]


# --- What is named ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "first"), [(None, DAY), (DAY, DAY), (LATER, LATER)], ids=["blank", "the day", "later"])
def test_a_new_posting_begins_on_the_day_or_on_its_own_later_day(plan, written, first):
    UserFactory(username="yamada")
    assert told(plan(line("yamada", from_on=written))) == only(begins=[("yamada", "division", Role.OFFICIAL, first, None)])


@pytest.mark.parametrize("written", [None, DAY, BEFORE], ids=["blank", "the day", "its own first day"])
def test_a_posting_in_force_on_the_day_goes_on(plan, division, written):
    posted("yamada", division)
    assert told(plan(line("yamada", from_on=written))) == only(goes_on=["yamada"])


@pytest.mark.parametrize(
    ("was", "written"), [(None, LATER), (LATER, None), (LATER, DAY), (DAY, None)], ids=["an end", "no end", "shorter", "longer"]
)
def test_another_last_day_is_taken_over(plan, division, was, written):
    posted("yamada", division, to_on=was)
    assert told(plan(line("yamada", to_on=written))) == only(moves=[("yamada", written)])


def test_a_posting_that_ended_on_the_eve_begins_anew_where_no_first_day_is_given(plan, division):
    posted("yamada", division, to_on=EVE)
    assert told(plan(line("yamada"))) == only(begins=[("yamada", "division", Role.OFFICIAL, DAY, None)])


def test_a_posting_that_ended_on_the_eve_goes_on_where_its_first_day_is_given(plan, division):
    """So a file that forgot somebody is mended by the next one, without a gap."""
    posted("yamada", division, to_on=EVE)
    assert told(plan(line("yamada", from_on=BEFORE))) == only(moves=[("yamada", None)])


def test_a_posting_that_ended_before_the_eve_is_not_revived(refused, division):
    posted("yamada", division, to_on=EVE - timedelta(days=1))
    assert refused(line("yamada", from_on=BEFORE)) == [(2, "from_on", "2024-04-01")]


def test_who_moves_ends_in_one_division_and_begins_in_the_other(done, division, other_division):
    old = posted("yamada", division)
    done(line("yamada", "other-division"))
    old.refresh_from_db()
    new = Posting.objects.get(organisation=other_division)
    assert (old.from_on, old.to_on, new.from_on, new.to_on) == (BEFORE, EVE, DAY, None)


def test_another_role_is_another_posting(plan, division):
    posted("yamada", division)
    expected = only(begins=[("yamada", "division", Role.REVIEWER, DAY, None)], ends=[("yamada", EVE)])
    assert told(plan(line("yamada", role=Role.REVIEWER))) == expected


def test_a_later_posting_that_is_named_goes_on(plan, division):
    posted("yamada", division, from_on=LATER)
    assert told(plan(line("yamada", from_on=LATER))) == only(goes_on=["yamada"])


# --- What is not named --------------------------------------------------------------------------------------------------------------


def test_who_is_not_named_has_the_posting_on_the_eve_and_not_on_the_day(done, division):
    posted("yamada", division)
    posted("suzuki", division)
    done(line("yamada"))
    assert on_days(EVE, DAY) == [{"yamada", "suzuki"}, {"yamada"}]


@pytest.mark.parametrize(("to_on", "ends"), [(EVE, []), (DAY, [("suzuki", EVE)]), (LATER, [("suzuki", EVE)]), (None, [("suzuki", EVE)])])
def test_a_posting_that_is_not_named_ends_only_where_it_is_in_force_on_the_day(plan, division, to_on, ends):
    UserFactory(username="yamada")
    posted("suzuki", division, to_on=to_on)
    assert told(plan(line("yamada")))["ends"] == ends


def test_a_posting_that_began_on_the_eve_ends_on_it(done, division):
    UserFactory(username="yamada")
    posting = posted("suzuki", division, from_on=EVE)
    done(line("yamada"))
    posting.refresh_from_db()
    assert (posting.from_on, posting.to_on) == (EVE, EVE)


@pytest.mark.parametrize("first", [DAY, LATER])
def test_a_posting_that_begins_on_the_day_or_later_and_is_not_named_ends_on_its_first_day_and_is_told(plan, division, first):
    UserFactory(username="yamada")
    posting = posted("suzuki", division, from_on=first)
    found = plan(line("yamada"))
    assert told(found)["ends"] == [("suzuki", first)]
    assert [str(posting) in warning for warning in found.warnings] == [True]
    assert found.loses_access == []  # not wholly: there is that day


def test_what_lies_outside_the_scope_stays(plan, ministry, division):
    elsewhere = OrganisationFactory(code="elsewhere", parent=ministry)
    posted("suzuki", elsewhere)
    posted("yamada", division)
    assert told(plan(line("yamada"))) == only(goes_on=["yamada"])


def test_the_whole_system_is_a_scope_too(plan, ministry, division, administrator):
    elsewhere = OrganisationFactory(code="elsewhere")
    posted("suzuki", elsewhere)
    found = plan(line("administrator", "ministry", Role.ADMINISTRATOR), scope=None)
    assert told(found) == only(goes_on=["administrator"], ends=[("suzuki", EVE)])


def test_what_lies_far_below_the_organisation_is_in_its_scope(plan, division):
    office = OrganisationFactory(code="office", parent=division)
    posted("yamada", office)
    posted("suzuki", office)
    assert told(plan(line("yamada", "office"))) == only(goes_on=["yamada"], ends=[("suzuki", EVE)])


# --- Who loses access -----------------------------------------------------------------------------------------------------------------


def test_who_is_left_without_any_posting_is_told(plan, division, other_division, ministry):
    UserFactory(username="yamada")
    for name in ("suzuki", "tanaka", "sato"):
        posted(name, division)
    posted("tanaka", OrganisationFactory(parent=ministry))  # goes on outside
    posted("inactive", division, is_active=False)  # has no access to lose
    found = plan(line("yamada"), line("sato", "other-division", number=3))
    assert [user.username for user in found.loses_access] == ["suzuki"]


def test_whose_last_posting_outside_ends_on_the_eve_loses_access(plan, division, ministry):
    posted("yamada", division)
    posted("suzuki", division)
    outside = posted("suzuki", OrganisationFactory(parent=ministry), to_on=EVE)
    assert [user.username for user in plan(line("yamada")).loses_access] == ["suzuki"]
    outside.to_on = DAY
    outside.save()
    assert plan(line("yamada")).loses_access == []


def test_who_keeps_a_posting_outside_and_begins_within_is_told(plan, division, ministry):
    outside = posted("yamada", OrganisationFactory(parent=ministry))
    assert [str(outside) in warning for warning in plan(line("yamada")).warnings] == [True]


# --- Administrators -------------------------------------------------------------------------------------------------------------------


def test_a_file_that_leaves_no_administrator_is_refused(refused, division):
    posted("yamada", division)
    assert refused(line("yamada"), scope=None) == [(0, "role", "administrator")]


@pytest.mark.parametrize(("from_on", "to_on", "is_enough"), [(None, DAY, True), (None, None, True), (DAY + timedelta(days=1), None, False)])
def test_an_administrator_has_to_be_left_on_the_day_itself(plan, refused, ministry, from_on, to_on, is_enough):
    UserFactory(username="next")
    named = line("next", "ministry", Role.ADMINISTRATOR, from_on=from_on, to_on=to_on)
    if is_enough:
        assert told(plan(named, scope=ministry))["ends"] == [("administrator", EVE)]
    else:
        assert refused(named, scope=ministry) == [(0, "role", "administrator")]


@pytest.mark.parametrize("who", [{"password": None}, {"is_active": False}], ids=["without a password", "deactivated"])
def test_an_administrator_who_cannot_log_in_is_not_enough(refused, division, ministry, who):
    posted("other", OrganisationFactory(), Role.ADMINISTRATOR, **who)
    posted("yamada", division)
    assert refused(line("yamada"), scope=ministry) == [(0, "role", "administrator")]


def test_a_new_user_is_no_administrator_that_could_log_in(refused):
    assert refused(line("new", "ministry", Role.ADMINISTRATOR, name="新任"), scope=None) == [(0, "role", "administrator")]


def test_who_applies_the_file_is_told_of_losing_the_own_posting(plan, ministry, division):
    posted("other", OrganisationFactory(), Role.ADMINISTRATOR)
    posted("yamada", division)
    found = plan(line("yamada"), scope=ministry)
    assert told(found)["ends"] == [("administrator", EVE)]
    assert len(found.warnings) == 1
    assert "あなた自身" in found.warnings[0]


def test_who_keeps_an_own_posting_as_administrator_is_told_nothing(plan, division, administrator):
    PostingFactory(user=administrator, organisation=division, role=Role.ADMINISTRATOR)
    posted("yamada", division)
    assert plan(line("yamada")).warnings == []


def test_who_is_an_administrator_only_later_loses_nothing_on_the_day(plan, administrator, division):
    posted("other", OrganisationFactory(), Role.ADMINISTRATOR)
    own = administrator.postings.get()
    own.to_on = EVE
    own.save()
    PostingFactory(user=administrator, organisation=division, role=Role.ADMINISTRATOR, from_on=LATER)
    assert plan(line("administrator", role=Role.ADMINISTRATOR, from_on=LATER)).warnings == []


# --- Users ----------------------------------------------------------------------------------------------------------------------------


def test_a_new_user_is_made_without_a_password(done, administrator):
    done(line("new", name="新任", email="new@example.go.jp"))
    user = User.objects.get(username="new")
    assert (user.name, user.email, user.is_active, user.has_usable_password()) == ("新任", "new@example.go.jp", True, False)
    assert [posting.from_on for posting in user.postings.all()] == [DAY]


def test_a_new_user_with_two_postings_is_made_once(done, other_division):
    lines = line("new", name="新任"), line("new", "other-division", number=3)
    assert [user.username for user in done(*lines).new_users] == ["new"]
    assert User.objects.get(username="new").postings.count() == 2


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"user": "new"}, ("name", "")),
        ({"user": "new user", "name": "新任"}, ("user_name", "new user")),
        ({"user": "n" * 151, "name": "新任"}, ("user_name", "n" * 151)),
        ({"user": "new", "name": "新" * 101}, ("name", "新" * 101)),
        ({"user": "new", "name": "新任", "email": "new"}, ("email", "new")),
        ({"user": "Yamada", "name": "山田"}, ("user_name", "Yamada")),
    ],
    ids=["no name", "a space", "a long user name", "a long name", "no address", "capitals"],
)
def test_a_new_user_that_cannot_be_is_refused(refused, written, wrong):
    UserFactory(username="yamada", name="山田")
    assert refused(line(**written)) == [(2, *wrong)]


def test_a_new_user_is_called_the_same_on_every_line(refused, other_division):
    lines = line("new", name="新任"), line("new", "other-division", name="別人", email="x@example.go.jp", number=3)
    assert refused(*lines) == [(3, "name", "別人"), (3, "email", "x@example.go.jp")]


def test_another_name_than_that_of_the_user_is_refused_as_a_mix_up(refused):
    UserFactory(username="yamada", name="山田花子")
    assert refused(line("yamada", name="鈴木一郎")) == [(2, "name", "鈴木一郎")]


@pytest.mark.parametrize("written", ["", "山田花子", "山田　花子", "山田 花子"])
def test_a_name_is_the_same_whatever_its_spaces(plan, written):
    UserFactory(username="yamada", name="山田 花子")
    assert len(plan(line("yamada", name=written)).begins) == 1


def test_a_user_name_in_full_width_letters_is_the_same(plan, division):
    posted("yamada", division)
    assert told(plan(line("ｙａｍａｄａ"))) == only(goes_on=["yamada"])


def test_another_address_is_told_and_not_taken_over(done):
    UserFactory(username="yamada", email="yamada@example.go.jp")
    found = done(line("yamada", email="other@example.go.jp"))
    assert ["other@example.go.jp" in warning for warning in found.warnings] == [True]
    assert User.objects.get(username="yamada").email == "yamada@example.go.jp"


def test_a_deactivated_user_is_refused(refused, division):
    posted("yamada", division, is_active=False)
    assert refused(line("yamada")) == [(2, "user_name", "yamada")]


# --- What else is refused -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ({"organisation": "nowhere"}, ("organisation", "nowhere")),
        ({"organisation": "ministry"}, ("organisation", "ministry")),
        ({"role": "king"}, ("role", "king")),
        ({"from_on": EVE}, ("from_on", "2026-03-31")),
        ({"to_on": EVE}, ("to_on", "2026-03-31")),
    ],
    ids=["no organisation", "outside the scope", "no role", "before the day", "over before the day"],
)
def test_a_line_that_cannot_be_applied_is_named(refused, written, wrong):
    UserFactory(username="yamada")
    assert refused(line("yamada", **written)) == [(2, *wrong)]


@pytest.mark.parametrize(("first", "second"), [(None, None), (None, DAY), (BEFORE, None), (LATER, LATER)])
def test_a_posting_is_stated_once(refused, division, first, second):
    posted("yamada", division)
    assert refused(line("yamada", from_on=first), line("yamada", from_on=second, number=3)) == [(3, "user_name", "yamada")]


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_saved(administrator, bureau, division):
    posted("suzuki", division)
    lines = [line("new", name="新任"), line("x", "nowhere", name="誰", number=3), line("new", role="king", number=4)]
    with pytest.raises(Refused) as caught:
        carry_out(lines, on=DAY, today=DAY, scope=bureau, by=administrator, shown="", reason=WHY)
    assert [(one.line, one.column) for one in caught.value.refusals] == [(3, "organisation"), (4, "role")]
    assert not User.objects.filter(username__in=("new", "x")).exists()
    assert Posting.objects.get(user__username="suzuki").to_on is None


# --- Carrying out -----------------------------------------------------------------------------------------------------------------------


def test_history_tells_who_and_the_file(done, administrator, division):
    posted("suzuki", division)
    posted("tanaka", division)
    done(line("new", name="新任"), line("tanaka", to_on=LATER, number=3))
    rows = [
        User.objects.get(username="new").history.get(),
        *(Posting.objects.get(user__username=name).history.latest("history_id") for name in ("new", "suzuki", "tanaka")),
    ]
    assert {(row.history_user, row.history_change_reason) for row in rows} == {(administrator, WHY)}


def test_what_goes_on_leaves_no_row_in_the_history(done, division):
    posting = posted("yamada", division)
    before = posting.history.count()
    done(line("yamada"))
    assert posting.history.count() == before


def test_a_file_that_is_applied_again_changes_nothing(done, division, other_division):
    posted("suzuki", division)
    posted("tanaka", division, from_on=LATER)
    posted("sato", division)
    lines = line("new", name="新任"), line("sato", "other-division", to_on=LATER, number=3)
    first, rows = done(*lines), Posting.history.count()
    again = done(*lines)
    assert not first.changes_nothing
    assert again.changes_nothing
    assert Posting.history.count() == rows
    assert [user.username for user in again.loses_access] == [user.username for user in first.loses_access] == ["suzuki"]


def test_nothing_is_deleted(done, division):
    posted("suzuki", division)
    posted("tanaka", division, from_on=LATER)
    before = set(Posting.objects.values_list("pk", flat=True))
    done(line("new", name="新任"))
    assert before < set(Posting.objects.values_list("pk", flat=True))


def test_a_plan_that_is_no_longer_the_one_that_was_shown_is_not_carried_out(administrator, bureau, division, other_division):
    posted("yamada", division)
    shown = plan_of([line("yamada")], on=DAY, today=DAY, scope=bureau, by=administrator).fingerprint
    posted("suzuki", other_division)
    with pytest.raises(Outdated) as caught:
        carry_out([line("yamada")], on=DAY, today=DAY, scope=bureau, by=administrator, shown=shown, reason=WHY)
    assert told(caught.value.plan)["ends"] == [("suzuki", EVE)]
    assert Posting.objects.get(user__username="suzuki").to_on is None


def test_a_plan_that_tells_something_else_is_another_plan_though_it_does_the_same(plan, division, ministry):
    posted("yamada", division)
    posted("suzuki", division)
    lines = line("yamada"), line("new", name="新任", number=3)
    first = plan(*lines)
    outside = posted("suzuki", OrganisationFactory(parent=ministry))
    second = plan(*lines)
    assert ([user.username for user in first.loses_access], second.loses_access) == (["suzuki"], [])
    assert told(first) == told(second)
    assert first.fingerprint != second.fingerprint
    outside.to_on = LATER  # nothing that the page tells
    outside.save()
    assert plan(*lines).fingerprint == second.fingerprint


def test_a_plan_with_another_warning_is_another_plan(plan, ministry):
    UserFactory(username="yamada")
    first = plan(line("yamada"))
    posted("yamada", OrganisationFactory(parent=ministry))
    second = plan(line("yamada"))
    assert told(first) == told(second)
    assert first.fingerprint != second.fingerprint


def test_a_plan_of_another_day_is_another_plan(administrator, bureau, division):
    posted("yamada", division)
    plans = [plan_of([line("yamada")], on=day, today=day, scope=bureau, by=administrator) for day in (DAY, DAY + timedelta(days=1))]
    assert told(plans[0]) == told(plans[1]) == only(goes_on=["yamada"])
    assert plans[0].fingerprint != plans[1].fingerprint


# --- The file of now --------------------------------------------------------------------------------------------------------------------


def file_of(scope) -> bytes:
    return b"".join(csv_lines(COLUMNS, postings_from(DAY, scope)))


def test_file_of_the_day_changes_nothing(plan, bureau, division, other_division):
    posted("yamada", division, name="-山田", email="yamada@example.go.jp")
    posted("yamada", other_division, to_on=LATER)
    posted("suzuki", division, from_on=LATER)
    posted("sato", division, from_on=DAY, to_on=DAY)
    found = plan(*lines_of(file_of(bureau)))
    assert (found.changes_nothing, len(found.goes_on), found.warnings, found.loses_access) == (True, 4, [], [])


def test_file_of_the_day_names_what_is_in_force_on_it_or_begins_later(bureau, ministry, division):
    posted("ended", division, to_on=EVE)
    posted("last-day", division, to_on=DAY)
    posted("later", division, from_on=LATER)
    posted("outside", ministry)
    posted("inactive", division, is_active=False)
    assert [line.user_name for line in lines_of(file_of(bureau))] == ["last-day", "later"]
    assert [line.user_name for line in lines_of(file_of(None))] == ["last-day", "later", "outside"]


# --- Cost -------------------------------------------------------------------------------------------------------------------------------


def test_a_plan_costs_the_same_for_any_number_of_lines(plan, division, other_division):
    asked = []
    for number in (1, 40):
        for n in range(number):
            posted(f"old-{number}-{n}", division)
            posted(f"move-{number}-{n}", division)
        moved = [line(f"move-{number}-{n}", "other-division", number=n) for n in range(number)]
        new = [line(f"new-{number}-{n}", name="新任", number=n) for n in range(number)]
        with CaptureQueriesContext(connection) as queries:
            found = plan(*moved, *new)
            assert found.fingerprint
        assert len(found.begins) == 2 * number
        asked.append(len(queries))
    assert asked == [3, 3]  # organisations, users, postings


def test_file_of_the_day_costs_the_same_for_any_number(division, bureau, django_assert_num_queries):
    for number in (1, 40):
        for n in range(number):
            posted(f"user-{number}-{n}", division)
        with django_assert_num_queries(2):  # the tree, the postings
            assert len(list(postings_from(DAY, bureau))) >= number


# --- Who can still administer -------------------------------------------------------------------------------------------------------------


def everywhere(administrator, *lines, on=DAY, today=DAY) -> Plan:
    return plan_of(lines, on=on, today=today, scope=None, by=administrator)


def of_administrator(to_on=None, from_on=date(2020, 4, 1)) -> Line:
    return line("administrator", "ministry", Role.ADMINISTRATOR, from_on=from_on, to_on=to_on)


def test_a_last_day_before_today_leaves_nobody_to_administer(administrator):
    """The day of the file lies in the past: who is an administrator on it is none today."""
    with pytest.raises(Refused):
        everywhere(administrator, of_administrator(to_on=date(2026, 4, 20)), today=date(2026, 5, 1))


def test_a_last_day_of_the_last_administrator_is_warned_of(administrator):
    assert everywhere(administrator, of_administrator(to_on=LATER)).warnings == [
        "令和8年7月2日（2026-07-02）以降、ログインできる管理者がいません。"
    ]


def test_administrators_who_follow_one_another_leave_no_gap(administrator, ministry):
    successor = UserFactory(username="successor")
    follows = line("successor", "ministry", Role.ADMINISTRATOR, from_on=LATER + timedelta(days=1), number=3)
    assert successor.has_usable_password()
    assert everywhere(administrator, of_administrator(to_on=LATER), follows).warnings == []
