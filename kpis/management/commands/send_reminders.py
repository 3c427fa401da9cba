"""Send the reminders of a day: one digest a person (DOMAIN §7)."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.forms import day_of
from kpis import reminders


class Command(BaseCommand):
    help = (
        "Send the reminders of a day, one plain-text digest a person. Run it every morning: on a day that asks for nothing nothing is "
        "sent, and running it again sends only what is still unsent."
    )

    def add_arguments(self, parser):
        parser.add_argument("--on", metavar="DATE", help="the day of the reminders, such as 2026-04-01 or 令和8年4月1日; today by default")
        parser.add_argument("--dry-run", action="store_true", help="print what would be sent, and send nothing")

    def handle(self, *, on=None, dry_run=False, **options):
        today = timezone.localdate()
        on = day_of(on, option="--on") if on else today
        found = reminders.digests(on)
        if dry_run:
            before = reminders.sent_to(on)
            return self._show([digest for digest in found if digest.user.pk not in before])
        if on > today:
            raise CommandError(_("--on %(day)s is still to come: only --dry-run tells of it.") % {"day": on})
        sent = before = failed = 0
        for one in reminders.send(on, found):
            who = _who(one.digest.user)
            if one.failure:
                failed += 1
                self.stderr.write(_("Not sent to %(who)s: %(why)s") % {"who": who, "why": one.failure})
            elif one.sent:
                sent += 1
                self.stdout.write(f"{who} {one.digest.subject}")
            else:
                before += 1
        numbers = {"sent": sent, "before": before, "failed": failed}
        self.stdout.write(_("%(sent)s sent, %(before)s sent before, %(failed)s failed.") % numbers)
        if failed:
            raise CommandError(_("%(failed)s reminders were not sent. Running the command again tries them again.") % numbers)

    def _show(self, found):
        for digest in found:
            self.stdout.write(f"{_who(digest.user)}\n{digest.subject}\n\n{digest.text}\n{'-' * 72}")
        self.stdout.write(_("A dry run: %(n)s would be sent, nothing was.") % {"n": len(found)})


def _who(user) -> str:
    return f"{user.username} <{user.email}>" if user.email else user.username
