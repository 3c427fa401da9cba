"""The pages of one target, one programme, and one source document."""

from collections.abc import Iterable
from decimal import Decimal

from django import forms
from django.conf import settings
from django.db.models import Exists, F, FilteredRelation, OuterRef, Prefetch, Q
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.models import Organisation, Programme, ProgrammeSuccession, SourceDocument, SourcePassage, SourceText, Tree
from kpis import charts, explain, measures, reports, revisions, workflow
from kpis.asof import Clocks
from kpis.marks import marks_of
from kpis.models import OutcomeTarget, TargetLink, YearlyMilestone
from kpis.views.base import OpenPage, Problem, Refused, ReportPage, problems_of

LINES_AROUND = 40
LINES_AT_ONCE = 500


class TargetPage(ReportPage):
    """A target with all that is known of it, its status and why."""

    template_name = "kpis/target.html"

    def get_context_data(self, code, **kwargs):
        target, chain = self.target_and_chain(code)
        standing, is_now = target.status is not None, self.clocks == Clocks(timezone.localdate())
        milestones = list(target.milestones.all())
        results = reports.results_of(target, self.request.user, self.on, self.clocks.known_at)
        chart, by_year = chart_of(target, results, milestones), {result.report.fiscal_year: result for result in results}
        given = (target, self.on, milestones, settings.SEIKA_RESULTS_DUE)
        return super().get_context_data(
            target=target,
            standing=standing,
            why=explain.why(*given) if standing else [],
            what_would_change=explain.what_would_change(*given) if standing else [],
            deadline_steps=explain.deadline_steps(target, settings.SEIKA_RESULTS_DUE),
            marks=list(marks_of(target)),
            milestones=milestones,
            results=results,
            chart=chart,
            chart_rows=[(row, by_year.get(row.year)) for row in chart.rows] if chart else [],
            steps=[step for step in workflow.TARGET_STEPS if is_now and standing and step.is_open_to(self.request.user, target)],
            revisions=revisions.of_target(target, self.clocks),
            leads_to=[other for other in chain if other.is_led_to],
            follows_from=[other for other in chain if other.leads_here],
            **kwargs,
        )

    def target_and_chain(self, code: str) -> tuple[OutcomeTarget, list[OutcomeTarget]]:
        """The target with its status, None where it is withdrawn, and whether the reader may report on it (`may_report`); the standing
        targets that lead to it (`leads_here`), or that it leads to (`is_led_to`), with theirs. One query, and one for an official.
        """
        led_to, leading = TargetLink.objects.filter(from_target__code=code), TargetLink.objects.filter(to_target__code=code)
        itself = OutcomeTarget.objects.filter(code=code).order_by().values("pk")
        rows = OutcomeTarget.objects.filter(pk__in=itself.union(led_to.values("to_target"), leading.values("from_target")))
        reported = OutcomeTarget.objects.none()  # nothing is reported in the past
        if self.clocks.known_at is None:
            reported = OutcomeTarget.objects.reportable_by(self.request.user, timezone.localdate())
        rows = rows.with_status_where_standing(self.on).annotate(
            is_led_to=Exists(led_to.filter(to_target=OuterRef("pk"))),
            leads_here=Exists(leading.filter(from_target=OuterRef("pk"))),
            may_report=Exists(reported.filter(pk=OuterRef("pk"))),
        )
        rows = list(rows.select_related("programme__lead", "passage__document", "withdrawn_by").order_by("code"))
        target = next((row for row in rows if row.code == code), None)
        if target is None:
            raise Http404
        return target, [row for row in rows if row is not target and row.status]


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
        programme, related = self.programme_and_related(code)
        organisations = self.organisations(programme)
        targets = OutcomeTarget.objects.filter(programme=programme).with_status(self.on)
        targets = list(reports.with_what_columns_read(targets).order_by("code"))
        budgets = list(programme.budget_amounts.select_related("passage__document"))
        bars = charts.bars([budget.amount_yen for budget in budgets], measures.hundred_millions)
        return super().get_context_data(
            programme=programme,
            lead_path=Tree(organisations).path_to(programme.lead),
            responsibilities=[one for one in organisations if one.position is not None],
            budgets=budgets,
            bars=bars,
            budget_bars=list(zip(bars.bars, budgets, strict=True)) if bars else [],
            targets=targets,
            chain=self.chain_of(programme, targets),
            passages=self.places_of(programme.passages.select_related("document")),
            predecessors=[one for one in related if one.goes_before],
            successors=[one for one in related if one.goes_on],
            **kwargs,
        )

    @staticmethod
    def places_of(passages: Iterable[SourcePassage]) -> Iterable[SourcePassage]:
        """One passage for each part and its lines: a line that states seven targets has seven."""
        return {(one.part, one.document_id, one.line_from, one.line_to): one for one in passages}.values()

    def programme_and_related(self, code: str) -> tuple[Programme, list[Programme]]:
        """The programme, and those that it goes on from (`goes_before`), or that go on from it (`goes_on`). One query."""
        before = ProgrammeSuccession.objects.filter(successor__code=code)
        after = ProgrammeSuccession.objects.filter(predecessor__code=code)
        rows = Programme.objects.filter(Q(code=code) | Q(pk__in=before.values("predecessor")) | Q(pk__in=after.values("successor")))
        rows = rows.annotate(
            goes_before=Exists(before.filter(predecessor=OuterRef("pk"))), goes_on=Exists(after.filter(successor=OuterRef("pk")))
        )
        rows = list(rows.select_related("lead").order_by("code"))
        programme = next((row for row in rows if row.code == code), None)
        if programme is None:
            raise Http404
        return programme, [row for row in rows if row is not programme]

    def organisations(self, programme: Programme) -> list[Organisation]:
        """All organisations; those that the source names as responsible once for each item, with `position`, `mark` and `printed_name`,
        in that order. One query.
        """
        named = FilteredRelation("responsibilities", condition=Q(responsibilities__programme=programme))
        rows = Organisation.objects.alias(named=named).annotate(
            position=F("named__position"), mark=F("named__mark"), printed_name=F("named__printed_name")
        )
        return list(rows.order_by("position", "mark", "code"))

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
