"""The yearly reshuffle: a file states who is posted where from a day on, within an organisation and all below it, or everywhere.

What the file names begins or goes on; what it does not name ends, so that nobody keeps access by accident. What was before the day is never
rewritten, and nothing is deleted: a posting ends on the eve of the day, and one that begins later and is not named ends on its own first
day. A file with anything wrong in it is applied not at all, and applying a file again changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Posting, User
from accounts.postings_file import Line, Refusal, Refused
from accounts.roles import Role
from budget.fiscal import day_name
from budget.history import explain
from budget.models import Organisation, subtree_ids


@dataclass(frozen=True)
class NewLastDay:
    """A posting, as it stands, that is to end on another day; None where it is to go on."""

    posting: Posting
    to_on: date | None


@dataclass
class Plan:
    """What a file changes from a day on. Users and postings that are to be made are not saved yet."""

    on: date
    new_users: list[User] = field(default_factory=list)
    begins: list[Posting] = field(default_factory=list)
    goes_on: list[Posting] = field(default_factory=list)
    moves: list[NewLastDay] = field(default_factory=list)  # the file names another last day
    ends: list[NewLastDay] = field(default_factory=list)  # the file does not name them
    loses_access: list[User] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changes_nothing(self) -> bool:
        return not (self.new_users or self.begins or self.moves or self.ends)

    @property
    def fingerprint(self) -> str:
        """Two plans with the same fingerprint tell and do the same."""
        told = [
            self.on,
            [(user.username, user.name, user.email) for user in self.new_users],
            [_told(posting) for posting in self.begins],
            [_told(posting) for posting in self.goes_on],
            [(_told(change.posting), change.to_on) for change in self.moves],
            [(_told(change.posting), change.to_on) for change in self.ends],
            [user.username for user in self.loses_access],
            self.warnings,
        ]
        return sha256(repr(told).encode()).hexdigest()


class Outdated(Exception):
    """The plan is no longer the one that was shown: `plan` is what it is now, and nothing was written."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan


def postings_from(on: date, scope: Organisation | None) -> Iterator[tuple]:
    """The rows from which a file is made: postings in force on the day, or beginning later, of active users within the scope.

    Sent back as they are they change nothing, but that postings of deactivated users end. One query, and one for the tree of the scope.
    The columns are those of `postings_file.COLUMNS`.
    """
    postings = Posting.objects.filter(Q(to_on=None) | Q(to_on__gte=on), user__is_active=True).select_related("user", "organisation")
    if scope:
        postings = postings.filter(organisation__in=scope.subtree_ids())
    for posting in postings.order_by("organisation__code", "user__username", "role", "from_on"):
        user, where = posting.user, posting.organisation
        yield (user.username, user.name, user.email, posting.role, where.code, where.name, posting.from_on, posting.to_on)


def plan_of(lines: Iterable[Line], *, on: date, today: date, scope: Organisation | None, by: User, locked: bool = False) -> Plan:
    """What the lines change from the day on; `scope` is None for everywhere, `by` is who applies them.

    Refused, with all reasons at once, where a line cannot be applied or nobody would be left to administer the system. Three queries for
    any number of lines. `locked`, in a transaction, keeps the plan true until its end: no posting is changed or added meanwhile.
    """
    return _Planning(on, today, scope, by, locked).of(lines)


def carry_out(lines: Iterable[Line], *, on: date, today: date, scope: Organisation | None, by: User, shown: str, reason: str) -> Plan:
    """Do what the plan with the fingerprint `shown` says, in one transaction, and tell the reason in the history. Gives the plan.

    Outdated where the lines mean something else by now, Refused where they may not be applied any more.
    """
    with transaction.atomic():
        plan = plan_of(lines, on=on, today=today, scope=scope, by=by, locked=True)
        if plan.fingerprint != shown:
            raise Outdated(plan)
        for change in (*plan.ends, *plan.moves):
            change.posting.to_on = change.to_on
        for row in (*plan.new_users, *(change.posting for change in (*plan.ends, *plan.moves)), *plan.begins):
            explain(row, reason=reason, by=by)
            row.save()
    return plan


def _told(posting: Posting) -> tuple:
    return (posting.user.username, posting.organisation.code, posting.role, posting.from_on, posting.to_on)


def _same_name(one: str, other: str) -> bool:
    """Names are the same whatever the width of their signs and the spaces in them."""
    return "".join(User.normalize_username(one).split()) == "".join(User.normalize_username(other).split())


class _Planning:
    """The making of a plan: what is known before the file is read, and what its lines come to one by one."""

    def __init__(self, on: date, today: date, scope: Organisation | None, by: User, locked: bool):
        self.on, self.eve, self.scope, self.by = on, on - timedelta(days=1), scope, by
        self.from_now = max(on, today)
        self.plan = Plan(on)
        self.refusals: list[Refusal] = []
        organisations, users, postings = (model.objects.order_by("pk") for model in (Organisation, User, Posting))
        if locked:  # an organisation that is wholly locked gets no new posting either: its foreign key would need a share of the lock
            organisations = organisations.select_for_update()
            users, postings = users.select_for_update(no_key=True), postings.select_for_update(no_key=True)
        by_id = {organisation.pk: organisation for organisation in organisations}
        user_by_id = {user.pk: user for user in users}
        self.organisations = {organisation.code: organisation for organisation in by_id.values()}
        self.users = {user.username: user for user in user_by_id.values()}
        self.spellings = {name.casefold(): name for name in self.users}
        reach = by_id if scope is None else subtree_ids([(node.pk, node.parent_id) for node in by_id.values()], [scope.pk])
        self.reach = set(reach)
        self.within: dict[int, Posting] = {}
        self.outside: list[Posting] = []
        self.alike: dict[tuple, list[Posting]] = defaultdict(list)  # by user, organisation and role
        for posting in postings.filter(Q(to_on=None) | Q(to_on__gte=self.eve)):
            posting.user, posting.organisation = user_by_id[posting.user_id], by_id[posting.organisation_id]
            if posting.organisation_id in self.reach:
                self.within[posting.pk] = posting
                self.alike[posting.user.username, posting.organisation.code, posting.role].append(posting)
            elif self._lasts(posting):
                self.outside.append(posting)
        self.said_on: dict[tuple, int] = {}  # the line that names a posting

    def of(self, lines: Iterable[Line]) -> Plan:
        for line in lines:
            self._read(line)
        if self.refusals:
            raise Refused(self.refusals)
        self._end_what_is_not_named()
        self._look_who_is_left()
        return self.plan

    def _lasts(self, posting: Posting) -> bool:
        """Whether it is in force on the day, or begins later."""
        return posting.to_on is None or posting.to_on >= self.on

    # --- A line -----------------------------------------------------------------------------------------------------------------------

    def _refuse(self, line: Line, column: str, value: str, expected: str) -> None:
        self.refusals.append(Refusal(line.number, column, value, expected))

    def _read(self, line: Line) -> None:
        already = len(self.refusals)
        user, organisation = self._user(line), self._organisation(line)
        if line.role not in Role.values:
            self._refuse(line, "role", line.role, _("One of %(roles)s.") % {"roles": ", ".join(Role.values)})
        if line.to_on and line.to_on < self.on:
            expected = _("A day from %(day)s on, or blank. Leave out a posting that ends before that day.") % {"day": day_name(self.on)}
            self._refuse(line, "to_on", line.to_on.isoformat(), expected)
        if len(self.refusals) > already:
            return
        first = line.from_on or self.on
        found = self._posting(user, organisation, line.role, first)
        if found is None and first < self.on:
            told = {"user": user.username, "day": day_name(self.on)}
            expected = (
                _("%(user)s has no such posting from that day, and what was before %(day)s is not rewritten. Leave it blank to begin then.")
                % told
            )
            self._refuse(line, "from_on", first.isoformat(), expected)
            return
        key = ("posting", found.pk) if found else (user.username, organisation.code, line.role, first)
        if key in self.said_on:
            expected = _("Each posting once: line %(line)s states the same one.") % {"line": self.said_on[key]}
            self._refuse(line, "user_name", line.user_name, expected)
            return
        self.said_on[key] = line.number
        if found is None:
            self.plan.begins.append(Posting(user=user, organisation=organisation, role=line.role, from_on=first, to_on=line.to_on))
        elif found.to_on == line.to_on:
            self.plan.goes_on.append(found)
        else:
            self.plan.moves.append(NewLastDay(found, line.to_on))

    def _posting(self, user: User, organisation: Organisation, role: str, first: date) -> Posting | None:
        """The posting that a line means: the one that begins on that day; for the day of the file also one that is in force on it."""
        alike = self.alike[user.username, organisation.code, role]
        same_day = [posting for posting in alike if posting.from_on == first]
        in_force = [posting for posting in alike if posting.from_on < self.on and self._lasts(posting)] if first == self.on else []
        return next(iter(same_day + in_force), None)

    def _organisation(self, line: Line) -> Organisation | None:
        found = self.organisations.get(line.organisation)
        if found is None:
            self._refuse(line, "organisation", line.organisation, _("The code of an organisation that is entered."))
        elif found.pk not in self.reach:
            expected = _("An organisation within %(scope)s.") % {"scope": self.scope}
            self._refuse(line, "organisation", line.organisation, expected)
        return found

    def _user(self, line: Line) -> User | None:
        username = User.normalize_username(line.user_name)
        found = self.users.get(username)
        if found is None:
            return self._new_user(line, username)
        is_new = found._state.adding
        if not found.is_active:
            expected = _("An active user: %(name)s is deactivated. Activate the user first, or leave the line out.") % {"name": found.name}
            self._refuse(line, "user_name", line.user_name, expected)
        if line.name and not _same_name(line.name, found.name):
            expected = _(
                "%(name)s, as the user %(user)s is called. Correct the user name, or change the name on the user's page first."
            ) % {"name": found.name, "user": username}
            self._refuse(line, "name", line.name, expected)
        if line.email and line.email.casefold() != found.email.casefold():
            if is_new:
                self._refuse(line, "email", line.email, _("%(email)s, as an earlier line says.") % {"email": found.email or _("blank")})
            else:
                told = {"line": line.number, "user": username, "email": found.email or _("blank"), "other": line.email}
                self._warn(
                    _(
                        "Line %(line)s: the email address of %(user)s stays %(email)s, and does not become %(other)s. "
                        "It is changed on the user's page."
                    )
                    % told
                )
        return found

    def _new_user(self, line: Line, username: str) -> User | None:
        if alike := self.spellings.get(username.casefold()):
            expected = _("%(user)s, as the user is written: a new name may not differ in capitals alone.") % {"user": alike}
            self._refuse(line, "user_name", line.user_name, expected)
            return None
        user = User(username=username, name=line.name, email=line.email)
        user.set_unusable_password()
        try:
            user.clean_fields()
        except ValidationError as error:
            columns = {"username": "user_name", "name": "name", "email": "email"}
            for name, messages in error.message_dict.items():
                self._refuse(line, columns[name], getattr(line, columns[name]), " ".join(messages))
            return None
        self.users[username] = user
        self.spellings[username.casefold()] = username
        self.plan.new_users.append(user)
        return user

    def _warn(self, told: str) -> None:
        if told not in self.plan.warnings:
            self.plan.warnings.append(told)

    # --- What the lines leave -----------------------------------------------------------------------------------------------------------

    def _is_named(self, posting: Posting) -> bool:
        return ("posting", posting.pk) in self.said_on

    def _end_what_is_not_named(self) -> None:
        for posting in self.within.values():
            if self._is_named(posting) or not self._lasts(posting):
                continue
            begins_later = posting.from_on >= self.on
            last = posting.from_on if begins_later else self.eve
            if begins_later:
                self._warn(
                    _(
                        "%(posting)s begins on %(day)s and is not in the file. Nothing is deleted: it ends on that same day. "
                        "Deactivate the user where even that day of access is too much."
                    )
                    % {"posting": posting, "day": day_name(posting.from_on)}
                )
            if posting.to_on != last:
                self.plan.ends.append(NewLastDay(posting, last))

    def _look_who_is_left(self) -> None:
        left = list(self._left())
        self._look_who_administers(left)
        beginners = {posting.user.username for posting in self.plan.begins}
        for posting in self.outside:
            if posting.user.username in beginners:
                self._warn(_("%(posting)s goes on too: it is outside of what this file is about.") % {"posting": posting})
        # Who is left a day of a posting that begins later is told of above.
        stay = {posting.user.username for posting, _to_on in left} | {p.user.username for p in self.within.values() if p.from_on >= self.on}
        gone = {p.user.username: p.user for p in self.within.values() if p.user.is_active and p.user.username not in stay}
        self.plan.loses_access = [gone[name] for name in sorted(gone)]

    def _left(self) -> Iterator[tuple[Posting, date | None]]:
        """The postings that there are from the day on, each with the last day that it then has."""
        last_days = {change.posting.pk: change.to_on for change in self.plan.moves}
        named = [posting for posting in self.within.values() if self._is_named(posting)]
        for posting in (*self.outside, *named, *self.plan.begins):
            yield posting, last_days.get(posting.pk, posting.to_on)

    def _look_who_administers(self, left: list[tuple[Posting, date | None]]) -> None:
        """Refused where nobody could administer the system from the day on, or from today where that is later; a warning where somebody
        could at first, and nobody on a later day.
        """
        terms = [
            (posting.from_on, to_on)
            for posting, to_on in left
            if posting.role == Role.ADMINISTRATOR and posting.user.is_active and posting.user.has_usable_password()
        ]
        uncovered: date | None = self.from_now
        while uncovered is not None:
            last_days = [to_on for from_on, to_on in terms if from_on <= uncovered and (to_on is None or to_on >= uncovered)]
            if not last_days:
                break
            uncovered = None if None in last_days else max(last_days) + timedelta(days=1)
        if uncovered == self.from_now:
            expected = _("At least one administrator who can log in, on %(day)s, in the whole system.") % {"day": day_name(uncovered)}
            raise Refused([Refusal(0, "role", Role.ADMINISTRATOR.value, expected)])
        if uncovered is not None:
            self._warn(_("From %(day)s on there is no administrator who can log in.") % {"day": day_name(uncovered)})
        mine = [(p, to_on) for p, to_on in left if p.user_id == self.by.pk and p.role == Role.ADMINISTRATOR]
        had = [p for p in self.within.values() if p.user_id == self.by.pk and p.role == Role.ADMINISTRATOR and self._lasts(p)]
        keeps = any(p.from_on <= self.from_now and (to_on is None or to_on >= self.from_now) for p, to_on in mine)
        if any(p.from_on <= self.on for p in had) and not keeps:
            self._warn(_("You lose your own posting as an administrator on %(day)s.") % {"day": day_name(self.on)})
