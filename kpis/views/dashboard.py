"""The dashboard: how all targets stand on a day, each number with a link to the list that it counts."""

from datetime import time
from urllib.parse import urlencode

from django.utils import timezone

from budget.fiscal import fiscal_year_of
from budget.models import Tree
from kpis import asof, dashboard
from kpis.choices import OVERDUE, NoDeadline, Status
from kpis.models import OutcomeTarget
from kpis.reports import no_last_day_counts, with_what_columns_read
from kpis.views.base import ReportPage

ROWS_SHOWN = 10


class Dashboard(ReportPage):
    """What a reviewer sees first: what is overdue and where, what comes next, and what was otherwise at the end of last month."""

    template_name = "kpis/dashboard.html"
    extra_context = {"section": "dashboard"}

    def get_context_data(self, **kwargs):
        counted = dashboard.groups(OutcomeTarget.objects.all(), self.on, by_programme=True)
        tree = Tree()
        before = dashboard.end_of_last_month(self.clocks, settled=timezone.now() - asof.SETTLES_AFTER)
        now, then = dashboard.by_status(counted), dashboard.by_status_at(before)
        bureaus = dashboard.overdue_by_bureau(counted, tree)
        never = no_last_day_counts(self.on)
        last = dashboard.last_day_ahead(self.on)
        return super().get_context_data(
            statuses=[(code, now[code], then[code], now[code] - then[code]) for code in Status.values],
            number=now.total(),
            number_before=then.total(),
            difference=now.total() - then.total(),
            before=before,
            before_is_whole=bool(before.known_at) and timezone.localtime(before.known_at).time() == time.max,
            query_before=query_of(before),
            overdue=[(code, code.label, sum(line.counts[code] for line in bureaus)) for code in OVERDUE],
            overdue_total=sum(line.total for line in bureaus),
            bureaus=[(line, [(code, line.counts[code]) for code in OVERDUE]) for line in bureaus],
            longest=max((line.total for line in bureaus), default=0),
            divisions=dashboard.unreported_by_lead(counted, tree),
            due_number=sum(group.number for group in counted if group.falls_due),
            due_last=last,
            due_rows=with_what_columns_read(OutcomeTarget.objects.falling_due(self.on, last).with_status(self.on)).order_by(
                "due_on", "programme__code", "code"
            )[:ROWS_SHOWN],
            days_ahead=dashboard.DAYS_AHEAD,
            money=dashboard.money_of_overdue(counted, self.on),
            budget_year=fiscal_year_of(self.on),
            never=[(reason, NoDeadline(reason).label, number) for reason, number in never.items()],
            never_total=sum(never.values()),
            **kwargs,
        )


def query_of(clocks: asof.Clocks) -> str:
    """The parameters of a page with these clocks."""
    moment = clocks.known_at and timezone.localtime(clocks.known_at)
    # A day alone is its end.
    known_at = moment and (moment.date() if moment.time() == time.max else moment).isoformat()
    return urlencode({"on": clocks.on.isoformat(), **({"known_at": known_at} if known_at else {})})
