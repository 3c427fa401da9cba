"""The pages of one target, one programme, and one source document."""

from django import forms
from django.conf import settings
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from budget.models import Organisation, Programme, SourceDocument, SourcePassage, SourceText
from kpis import explain, reports, revisions, workflow
from kpis.asof import Clocks
from kpis.models import OutcomeTarget
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
        linked = reports.targets_on(self.on)
        return super().get_context_data(
            target=target,
            standing=standing,
            why=explain.why(target, self.on, milestones, settings.SEIKA_RESULTS_DUE) if standing else [],
            marks=explain.marks(target),
            milestones=milestones,
            results=reports.results_of(target, self.request.user, self.on),
            steps=[step for step in workflow.TARGET_STEPS if is_now and standing and step.is_open_to(self.request.user, target)],
            may_report=self.clocks.known_at is None
            and OutcomeTarget.objects.reportable_by(self.request.user, today).filter(pk=target.pk).exists(),
            revisions=revisions.of_target(target, self.clocks),
            leads_to=linked.filter(pk__in=target.leads_to.values("to_target")).order_by("code"),
            follows_from=linked.filter(pk__in=target.follows_from.values("from_target")).order_by("code"),
            **kwargs,
        )


class ProgrammePage(ReportPage):
    """A programme: who answers for it, its money, its targets, and where all that is printed."""

    template_name = "kpis/programme.html"

    def get_context_data(self, code, **kwargs):
        programme = get_object_or_404(Programme.objects.select_related("lead"), code=code)
        return super().get_context_data(
            programme=programme,
            lead_path=self.path_to(programme.lead_id),
            responsibilities=programme.responsibilities.select_related("organisation"),
            budgets=programme.budget_amounts.select_related("passage__document"),
            targets=reports.targets_on(self.on).filter(programme=programme).order_by("code"),
            passages=programme.passages.select_related("document"),
            predecessors=programme.origins.select_related("predecessor"),
            successors=programme.successions.select_related("successor"),
            **kwargs,
        )

    def path_to(self, organisation_id: int) -> list[Organisation]:
        """The organisation below those above it, the topmost first."""
        organisations, path = Organisation.objects.in_bulk(), []
        while organisation_id is not None:
            path.insert(0, organisations[organisation_id])
            organisation_id = organisations[organisation_id].parent_id
        return path


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
