"""Reminders of the yearly round: at most one digest a person and day, in plain Japanese (DOMAIN §7).

On a day of the round officials are told which results are asked of them and what was returned, reviewers what waits for them. On any day
officials are told of the deadlines that lie 180, 90 and 30 days ahead. Who has nothing to do is not written to. The days are settings.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Posting, SentReminder, User
from accounts.roles import Role
from budget.fiscal import day_name, fiscal_year_name
from budget.history import explain
from budget.models import Organisation, Programme, ProgrammeOrganisation, subtree_ids
from kpis import work
from kpis.choices import ReportState, Status
from kpis.deadlines import last_ended_year, results_due_on
from kpis.marks import in_words
from kpis.models import OutcomeTarget, ProgressReport

ROWS_SHOWN = 20  # of each list; the rest is a number, and My work has them all
COMMAND = "send_reminders"

# What is written on each day of the round: the subject, and the sentence that a mail begins with.
OCCASIONS = {
    "asked": (gettext_lazy("results of %(year)s are asked for"), gettext_lazy("Please report the results of %(year)s by %(due)s.")),
    "again": (gettext_lazy("results of %(year)s are still to come"), gettext_lazy("The results of %(year)s are due by %(due)s.")),
    "public_review": (gettext_lazy("the public review begins"), gettext_lazy("The public review of %(year)s begins.")),
    "last_call": (
        gettext_lazy("last call for the results of %(year)s"),
        gettext_lazy("Last call: the results of %(year)s are due by %(due)s."),
    ),
    "due": (
        gettext_lazy("results of %(year)s are due today"),
        gettext_lazy("Today, %(due)s, is the last day for the results of %(year)s. Targets that they decide are unreported from tomorrow."),
    ),
    "overdue": (
        gettext_lazy("results of %(year)s are overdue"),
        gettext_lazy("The results of %(year)s were due by %(due)s. Targets that they decide are unreported from today."),
    ),
}
FOR_REVIEWERS_ALONE = ("public_review",)

# The lists of My work that a digest repeats.
_UNREPORTED_TITLE, _UNREPORTED = work.TARGETS_TO_REPORT["unreported"]
_ASKED_TITLE, _ASKED = work.TARGETS_TO_REPORT["due"]


@dataclass(frozen=True)
class Digest:
    """What one user is to be sent for a day."""

    user: User
    subject: str
    text: str


def occasion(on: date) -> str:
    """The key of the day in OCCASIONS; '' on a day that is none of the round's."""
    due = results_due_on(last_ended_year(on), settings.SEIKA_RESULTS_DUE)
    if on == due:
        return "due"
    if on == due + timedelta(days=1):
        return "overdue"
    return settings.SEIKA_REMINDER_DAYS.get((on.month, on.day), "")


def digests(on: date) -> list[Digest]:
    """The digests of a day, in the order of the user names. The number of queries grows with neither people nor targets."""
    told = occasion(on)
    posted = defaultdict(lambda: defaultdict(set))
    for posting in Posting.objects.on(on).filter(user__is_active=True, role__in=(Role.OFFICIAL, Role.REVIEWER)).select_related("user"):
        posted[posting.user][posting.role].add(posting.organisation_id)
    officials, waiting = _OfOfficials.read(on, told), list(work.waiting(on)) if told else []
    with translation.override("ja"):
        found = []
        for user, roles in sorted(posted.items(), key=lambda item: item[0].username):
            lists = list(officials.lists(roles[Role.OFFICIAL])) if Role.OFFICIAL in roles else []
            if Role.REVIEWER in roles:
                lists.append(_List(_("Reports to decide"), [_report(one) for one in waiting if user.pk not in one.author_ids]))
            if lists := [one for one in lists if one.rows]:
                found.append(_digest(user, on, told, lists))
        return found


# --- What a digest holds -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _List:
    """One list of a digest, its rows in words."""

    title: str
    rows: list[str]

    @property
    def first_rows(self) -> list[str]:
        return self.rows[:ROWS_SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.rows) - ROWS_SHOWN, 0)


@dataclass(frozen=True)
class _OfOfficials:
    """What is asked of all officials together, to be shared out by the organisations that answer for each programme."""

    on: date
    tree: list[tuple[int, int | None]]
    programmes: dict[int, set[int]]  # by the organisation that leads or answers for them
    asked: list[OutcomeTarget]
    returned: list[ProgressReport]
    ahead: list[OutcomeTarget]

    @classmethod
    def read(cls, on: date, told: str) -> "_OfOfficials":
        asks = told and told not in FOR_REVIEWERS_ALONE
        programmes = defaultdict(set)
        named = ProgrammeOrganisation.objects.values_list("organisation", "programme")
        for organisation, programme in [*Programme.objects.values_list("lead", "pk"), *named]:
            programmes[organisation].add(programme)
        days = [on + timedelta(days=days) for days in settings.SEIKA_DAYS_BEFORE_DEADLINE]
        ahead = OutcomeTarget.objects.filter(each_year=False, due_on__in=days).with_status(on).exclude(status=Status.ACHIEVED)
        returned = ProgressReport.objects.of_standing_targets(on).filter(state=ReportState.RETURNED)
        asked = work.with_year_asked(OutcomeTarget.objects.all(), on).filter(_UNREPORTED | _ASKED)
        return cls(
            on,
            list(Organisation.objects.values_list("id", "parent_id")),
            programmes,
            list(asked.select_related("programme").order_by(F("judged_fy").asc(nulls_last=True), "code")) if asks else [],
            list(returned.select_related("target__programme").order_by("target__code", "fiscal_year")) if asks else [],
            list(ahead.select_related("programme").order_by("due_on", "code")),
        )

    def lists(self, posted_to: Collection[int]) -> Iterator[_List]:
        """The lists of an official who is posted to these organisations."""
        theirs = set().union(*(self.programmes.get(organisation, ()) for organisation in subtree_ids(self.tree, posted_to)))
        asked = [target for target in self.asked if target.programme_id in theirs]
        unreported = [target for target in asked if target.status == Status.UNREPORTED]
        others = [target for target in asked if target.status != Status.UNREPORTED]
        yield _List(str(_UNREPORTED_TITLE), [_asked(target, target.judged_fy) for target in unreported])
        yield _List(str(_ASKED_TITLE), [_asked(target, target.asked_fy) for target in others])
        yield _List(_("Returned"), [_report(report) for report in self.returned if report.target.programme_id in theirs])
        for days in sorted(settings.SEIKA_DAYS_BEFORE_DEADLINE):
            due_on = self.on + timedelta(days=days)
            title = _("Deadline in %(days)s days, on %(day)s") % {"days": days, "day": day_name(due_on)}
            due = [target for target in self.ahead if target.due_on == due_on and target.programme_id in theirs]
            yield _List(title, [_ahead(target) for target in due])


# --- In words ------------------------------------------------------------------------------------------------------------------------


def _target(target: OutcomeTarget) -> str:
    return f"{target.code} {target.programme.display_title}：{target.indicator}"


def _asked(target: OutcomeTarget, year: int) -> str:
    return _("%(target)s (result of %(year)s)") % {"target": _target(target), "year": fiscal_year_name(year)}


def _ahead(target: OutcomeTarget) -> str:
    status = f"{Status(target.status).label}{in_words(target)}"
    return _("%(target)s (now: %(status)s)") % {"target": _target(target), "status": status}


def _report(report: ProgressReport) -> str:
    return _asked(report.target, report.fiscal_year)


def _digest(user: User, on: date, told: str, lists: list[_List]) -> Digest:
    year = last_ended_year(on)
    words = {"year": fiscal_year_name(year), "due": day_name(results_due_on(year, settings.SEIKA_RESULTS_DUE))}
    subject, opening = OCCASIONS.get(told, (_("deadlines ahead"), ""))
    address = settings.SEIKA_ADDRESS.rstrip("/") + reverse("kpis:work")
    context = {"user": user, "opening": opening and str(opening) % words, "lists": lists, "address": address}
    subject = _("[Seika] %(what)s") % {"what": str(subject) % words}
    return Digest(user, subject, render_to_string("kpis/reminder.txt", context))


# --- Sending -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delivery:
    """What became of one digest: sent, or sent before on that day, or why not."""

    digest: Digest
    sent: bool
    failure: str = ""


def send(on: date, found: Iterable[Digest]) -> Iterator[Delivery]:
    """Send each digest that was not sent for that day yet, and record it. A failure is told, and the rest goes on.

    Each is recorded and sent in one transaction: of two runs at once one waits for the other's row, and what could not be sent leaves no
    row, so that the next run tries again.
    """
    before = sent_to(on)
    for digest in found:
        if digest.user.pk in before:
            yield Delivery(digest, sent=False)
        elif not digest.user.email:
            yield Delivery(digest, sent=False, failure=_("no email address is entered"))
        else:
            yield _send(on, digest)


def sent_to(on: date) -> set[int]:
    """The users who were sent the reminder of a day already."""
    return set(SentReminder.objects.filter(sent_on=on).values_list("user", flat=True))


def _send(on: date, digest: Digest) -> Delivery:
    address = digest.user.email
    # An answer by a machine to a machine's mail would go back and forth.
    message = EmailMessage(digest.subject, digest.text, to=[address], headers={"Auto-Submitted": "auto-generated"})
    row = SentReminder(user=digest.user, sent_on=on, address=address, subject=digest.subject, text=digest.text)
    explain(row, reason=COMMAND)
    try:
        with transaction.atomic():
            row.save()
            message.send()
    except IntegrityError:
        if not SentReminder.objects.filter(user=digest.user, sent_on=on).exists():
            raise
        return Delivery(digest, sent=False)
    except (OSError, ValueError) as error:  # what smtplib raises, and what an address that is none leads to
        return Delivery(digest, sent=False, failure=str(error) or type(error).__name__)
    return Delivery(digest, sent=True)
