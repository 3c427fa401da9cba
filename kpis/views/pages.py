"""The pages of one target, one programme, and one source document."""

from collections.abc import Iterable
from decimal import Decimal

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.models import Organisation, Programme, ProgrammeSuccession, SourceDocument, SourcePassage, SourceText, path_to
from kpis import charts, explain, measures, reports, revisions, workflow
from kpis.asof import Clocks
from kpis.models import OutcomeTarget, TargetLink, YearlyMilestone
from kpis.views.base import OpenPage, Problem, Refused, ReportPage, problems_of

LINES_AROUND = 40
LINES_AT_ONCE = 500


class TargetPage(ReportPage):
    """A target with all that is known of it, its status and why."""

    template_name = "kpis/target.html"

    def get_context_data(self, code, **kwargs):
        read = ("programme__lead", "passage__document", "withdrawn_by")
        target = OutcomeTarget.objects.filter(code=code).with_status(self.on).select_related(*read).first()
        standing, today = target is not None, timezone.localdate()
        is_now = self.clocks == Clocks(today)
        target = target or get_object_or_404(OutcomeTarget.objects.select_related(*read), code=code)
        milestones = list(target.milestones.all())
        results = reports.results_of(target, self.request.user, self.on, self.clocks.known_at)
        chart, by_year = chart_of(target, results, milestones), {result.report.fiscal_year: result for result in results}
        chain = self.chain_of(target)
        given = (target, self.on, milestones, settings.SEIKA_RESULTS_DUE)
        return super().get_context_data(
            target=target,
            standing=standing,
            why=explain.why(*given) if standing else [],
            what_would_change=explain.what_would_change(*given) if standing else [],
            deadline_steps=explain.deadline_steps(target, settings.SEIKA_RESULTS_DUE),
            marks=explain.marks(target),
            milestones=milestones,
            results=results,
            chart=chart,
            chart_rows=[(row, by_year.get(row.year)) for row in chart.rows] if chart else [],
            steps=[step for step in workflow.TARGET_STEPS if is_now and standing and step.is_open_to(self.request.user, target)],
            may_report=self.clocks.known_at is None
            and OutcomeTarget.objects.reportable_by(self.request.user, today).filter(pk=target.pk).exists(),
            revisions=revisions.of_target(target, self.clocks),
            leads_to=[other for other in chain if other.is_led_to],
            follows_from=[other for other in chain if other.leads_here],
            **kwargs,
        )

    def chain_of(self, target: OutcomeTarget) -> list[OutcomeTarget]:
        """The targets that lead to this one (`leads_here`), or that it leads to (`is_led_to`), with their status. One query."""
        led_to, leading = TargetLink.objects.filter(from_target=target), TargetLink.objects.filter(to_target=target)
        linked = OutcomeTarget.objects.filter(Q(pk__in=led_to.values("to_target")) | Q(pk__in=leading.values("from_target")))
        return list(
            linked.with_status(self.on)
            .annotate(
                is_led_to=Exists(led_to.filter(to_target=OuterRef("pk"))), leads_here=Exists(leading.filter(from_target=OuterRef("pk")))
            )
            .order_by("code")
        )


def chart_of(target: OutcomeTarget, results: Iterable[reports.Result], milestones: Iterable[YearlyMilestone]) -> charts.TargetChart | None:
    """The chart of a target with the results that count on the day."""
    terms = charts.Terms(
        kind=target.kind,
        comparator=target.comparator,
        value=target.value,
        value_max=target.value_max,
        baseline_value=target.baseline_value,
        baseline_year=target.baseline_year,
        due_fy=target.due_fy,
        each_year=target.each_year,
    )
    figures = [
        charts.Figure(
            year=report.fiscal_year,
            value=Decimal(report.accepted_grade) if report.accepted_value is None else report.accepted_value,
            preliminary=report.accepted_preliminary,
        )
        for report in (result.report for result in results if result.counts)
    ]
    return charts.target_chart(terms, figures, {milestone.fiscal_year: milestone.value for milestone in milestones})


class ProgrammePage(ReportPage):
    """A programme: who answers for it, its money, its targets, and where all that is printed."""

    template_name = "kpis/programme.html"

    def get_context_data(self, code, **kwargs):
        programme = get_object_or_404(Programme.objects.select_related("lead"), code=code)
        successions = ProgrammeSuccession.objects.filter(Q(predecessor=programme) | Q(successor=programme))
        successions = list(successions.select_related("predecessor", "successor"))
        targets = OutcomeTarget.objects.filter(programme=programme).with_status(self.on)
        targets = list(reports.with_what_columns_read(targets).order_by("code"))
        budgets = list(programme.budget_amounts.select_related("passage__document"))
        bars = charts.bars([budget.amount_yen for budget in budgets], measures.hundred_millions)
        return super().get_context_data(
            programme=programme,
            lead_path=path_to(programme.lead, Organisation.objects.in_bulk()),
            responsibilities=programme.responsibilities.select_related("organisation"),
            budgets=budgets,
            bars=bars,
            budget_bars=list(zip(bars.bars, budgets, strict=True)) if bars else [],
            targets=targets,
            chain=self.chain_of(programme, targets),
            passages=programme.passages.select_related("document"),
            predecessors=[one for one in successions if one.successor_id == programme.pk],
            successors=[one for one in successions if one.predecessor_id == programme.pk],
            **kwargs,
        )

    def chain_of(self, programme: Programme, targets: Iterable[OutcomeTarget]) -> charts.LogicModel[OutcomeTarget] | None:
        """The drawing of how the programme's targets lead to one another; None where there is no target."""
        links = TargetLink.objects.filter(from_target__programme=programme).order_by("pk").values_list("from_target", "to_target")
        by_id = {target.pk: target for target in targets}
        standing = [(by_id[a], by_id[b]) for a, b in links if a in by_id and b in by_id]
        columns = {target: charts.column_of(target.level, target.term) for target in targets}
        return charts.logic_model(columns, standing) if columns else None


class LinesForm(forms.Form):
    """The lines of a document that a page opens at."""

    line_from = forms.IntegerField(min_value=1, required=False)
    line_to = forms.IntegerField(min_value=1, required=False)


class SourcePage(OpenPage):
    """The text of a source document around the lines of a passage, and what was read from them."""

    template_name = "kpis/source.html"
    parameters = ("from", "to")

    def get_context_data(self, code, **kwargs):
        document = get_object_or_404(SourceDocument, code=code)
        attached = SourceText.objects.filter(document=document).first()
        lines = attached.lines() if attached else []
        first, last = self.lines_asked(len(lines) if attached else None)
        start = max((first or 1) - LINES_AROUND, 1)
        end = (last or 1) + LINES_AROUND
        return super().get_context_data(
            document=document,
            attached=attached is not None,
            first=first,
            last=last,
            number_of_lines=len(lines),
            lines=[(number, text, bool(first) and first <= number <= last) for number, text in enumerate(lines[start - 1 : end], start)],
            passages=self.passages(document, first, last) if first else [],
            **kwargs,
        )

    def lines_asked(self, number_of_lines: int | None) -> tuple[int | None, int | None]:
        """First and last line to highlight; None where the request names none."""
        form = LinesForm({"line_from": self.request.GET.get("from"), "line_to": self.request.GET.get("to")})
        self.refuse(Problem(problem.parameter.removeprefix("line_"), problem.expected) for problem in problems_of(form))
        first, last = form.cleaned_data["line_from"], form.cleaned_data["line_to"]
        if first is None and last is None:
            return None, None
        first, last = first or last, last or first
        if last < first:
            raise Refused(Problem("to", _("Not before the first line.")))
        if last - first >= LINES_AT_ONCE:
            raise Refused(Problem("to", _("At most %(number)s lines at once.") % {"number": LINES_AT_ONCE}))
        if number_of_lines is not None and last > number_of_lines:
            raise Refused(Problem("to" if first <= number_of_lines else "from", _("The text has %(n)s lines.") % {"n": number_of_lines}))
        return first, last

    def passages(self, document, first, last):
        overlapping = SourcePassage.objects.filter(document=document, line_from__lte=last, line_to__gte=first)
        targets = OutcomeTarget.objects.order_by("code")
        return (
            overlapping.select_related("programme", "document").prefetch_related(Prefetch("targets", targets)).order_by("line_from", "code")
        )
