"""The page of an organisation: where it stands, how the targets below it stand, its programmes, and its yearly round."""

from collections.abc import Iterable

from django.http import Http404

from budget.models import Programme, Tree
from kpis import dashboard, yearly_round
from kpis.choices import Status
from kpis.dashboard import Group, numbers_of
from kpis.deadlines import last_ended_year
from kpis.models import OutcomeTarget
from kpis.views.base import ReportPage

ROWS_SHOWN = 20
ROUND_SHOWN = ("asked", "in_time", "late", "missing", "to_come")


class OrganisationPage(ReportPage):
    """An organisation with all that lies below it; the round's numbers are for those who work with the system."""

    template_name = "kpis/organisation.html"

    def get_context_data(self, code, **kwargs):
        tree = Tree()
        organisation = tree.of_code(code)
        if organisation is None:
            raise Http404
        subtree = tree.below(organisation)
        targets = OutcomeTarget.objects.filter(programme__lead__in=subtree)
        counted = dashboard.groups(targets, self.on, by_programme=True)
        statuses, programmes = dashboard.by_status(counted), Programme.objects.filter(lead__in=subtree).select_related("lead")
        return super().get_context_data(
            organisation=organisation,
            above=tree.path_to(organisation)[:-1],
            statuses=[(status, statuses[status]) for status in Status.values],
            number=statuses.total(),
            overdue=[(code, code.label, number) for code, number in numbers_of(counted)[1]],
            itself=numbers_of(group for group in counted if group.lead == organisation.pk),
            children=[(child, numbers_of(self.within(tree.below(child), counted))) for child in tree.directly_below(organisation)],
            programmes=[
                (one, numbers_of(group for group in counted if group.of_programme == one.pk))
                for one in programmes.order_by("code")[:ROWS_SHOWN]
            ],
            number_of_programmes=programmes.count(),
            **self.round(targets),
            **kwargs,
        )

    def within(self, organisations: set[int], counted: list[Group]) -> Iterable[Group]:
        return (group for group in counted if group.lead in organisations)

    def round(self, targets) -> dict:
        """The round's numbers, for who may see its page: a posting in force today asks for it."""
        if not (self.request.user.is_authenticated and self.request.user.is_staff):
            return {}
        numbers = yearly_round.numbers(yearly_round.with_place(targets, self.on, self.clocks.known_at))
        shown = [name for name in yearly_round.lists_shown(self.on) if name in ROUND_SHOWN]
        return {
            "round": [(name, yearly_round.LISTS[name].title, numbers[name]) for name in shown],
            "round_year": last_ended_year(self.on),
            "round_due_on": yearly_round.due_on(self.on),
        }
