"""Give a person a role at an organisation: the way to the first administrator, before anybody can log in."""

import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Posting, User
from accounts.roles import Role
from budget.forms import add_by, day_of, user_of
from budget.history import explain
from budget.models import Organisation

REASON = "appoint"


class Command(BaseCommand):
    help = "Give a person a role at an organisation; the user is made where missing. Running it again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("organisation", metavar="ORGANISATION_CODE")
        parser.add_argument("--name", help="the person's name; the user name where a new user is given none")
        parser.add_argument("--email")
        parser.add_argument("--from", dest="from_on", metavar="DATE", help="first day, such as 2026-04-01 or R8.4.1; today by default")
        parser.add_argument("--to", dest="to_on", metavar="DATE", help="last day; open by default")
        parser.add_argument("--password-stdin", action="store_true", help="read the password from the first line of standard input")
        add_by(parser)

    @transaction.atomic
    def handle(self, *, username, role, organisation, name, email, from_on, to_on, password_stdin, by=None, **options):
        author = user_of(by)
        from_on = day_of(from_on, option="--from") if from_on else None
        to_on = day_of(to_on, option="--to") if to_on else None
        try:
            posted_to = Organisation.objects.get(code=organisation)
        except Organisation.DoesNotExist as error:
            raise CommandError(
                _("No organisation has the code %(code)s. Load or enter organisations first.") % {"code": organisation}
            ) from error
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
        try:
            user = _user(username, name=name, email=email, password=password, by=author)
            posting = _posting(user, role, posted_to, from_on=from_on, to_on=to_on, by=author)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(
            _("%(user)s: %(role)s at %(organisation)s from %(first)s to %(last)s.")
            % {
                "user": username,
                "role": posting.get_role_display(),
                "organisation": posted_to,
                "first": posting.from_on,
                "last": posting.to_on or _("further notice"),
            }
        )
        if not user.has_usable_password():
            self.stdout.write(_("%(user)s cannot log in yet: run again with --password-stdin.") % {"user": username})


def _user(username: str, *, name: str | None, email: str | None, password: str | None, by: User | None) -> User:
    username = User.normalize_username(username)
    user = User.objects.filter(username=username).first()
    is_new = user is None
    if is_new:
        user = User(username=username, name=username)
        user.set_unusable_password()
    elif not user.is_active:
        raise CommandError(_("%(user)s is deactivated. Activate the user first.") % {"user": username})
    before = user.name, user.email
    user.name, user.email = name or user.name, email or user.email
    if password is not None:
        validate_password(password, user)
        user.set_password(password)
    if is_new or password is not None or before != (user.name, user.email):
        _save(user, by)
    return user


def _posting(user: User, role: str, organisation: Organisation, *, from_on, to_on, by: User | None) -> Posting:
    """The posting from that day; where no day is given, one that is in force today is kept."""
    today = timezone.localdate()
    postings = Posting.objects.filter(user=user, role=role, organisation=organisation)
    posting = (postings.filter(from_on=from_on) if from_on else postings.on(today)).first()
    if posting is None:
        posting = Posting(user=user, role=role, organisation=organisation, from_on=from_on or today, to_on=to_on)
    elif to_on is None or posting.to_on == to_on:
        return posting
    posting.to_on = to_on
    _save(posting, by)
    return posting


def _save(instance, by: User | None) -> None:
    instance.full_clean()
    explain(instance, reason=REASON, by=by)
    instance.save()
