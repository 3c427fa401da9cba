"""The page that proposes yearly milestones: the straight line from the baseline to the target, which a person keeps or edits."""

from collections.abc import Iterator, Sequence

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from budget.fiscal import fiscal_year_name
from budget.forms import FigureField
from budget.history import Change, Version, changes, explain
from kpis import measures
from kpis.models import OutcomeTarget, YearlyMilestone


def proposed(target: OutcomeTarget) -> dict:
    """The milestones that are proposed for a target, by fiscal year; none where no straight line leads to it."""
    if target.each_year:
        return {}
    return measures.straight_line(target.comparator, target.baseline_value, target.baseline_year, target.value, target.due_fy)


class MilestonesForm(forms.Form):
    """A box for each year, holding the milestone that stands, else the one proposed. A box left blank adds none."""

    required_css_class = "required"

    changed_meanwhile: Sequence[Change] = ()

    change_reason = forms.CharField(
        label=_("reason of the change"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
        help_text=_("The history keeps it."),
    )
    version = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, target, *args, **options):
        super().__init__(*args, **options)
        self.target, self.line = target, proposed(target)
        self.standing = {milestone.fiscal_year: milestone for milestone in target.milestones.all()}
        self.version_now = str(Version.of(target, [YearlyMilestone.history.filter(target_id=target.pk)]))
        self.initial["version"] = self.version_now
        for year in sorted({*self.line, *self.standing}):
            standing = self.standing.get(year)
            self.fields[f"year_{year}"] = FigureField(
                label=fiscal_year_name(year),
                required=standing is not None,  # nothing is deleted
                max_digits=15,
                decimal_places=4,
                initial=standing.value if standing else self.line[year],
                help_text=self._told_of(year),
            )
        self.order_fields([name for name in self.fields if name.startswith("year_")])

    def _told_of(self, year):
        if year == self.target.due_fy:
            return _("The deadline's year: the target itself.")
        if year not in self.standing:
            return _("Proposed: not entered yet.")
        line = self.line.get(year)
        return "" if line is None else _("Entered. On the straight line: %(value)s") % {"value": measures.format_value(line)}

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("version") != self.version_now:
            self._take_over_what_only_others_changed(Version.read(cleaned.get("version", "")))
            raise ValidationError(
                _("This was changed while you had the page open, and nothing of yours is saved yet. Look, and save again.")
            )
        self.changed = list(self._changed())
        for milestone in self.changed:
            try:
                milestone.full_clean()
            except ValidationError as error:
                self.add_error(f"year_{milestone.fiscal_year}", error.messages)
        return cleaned

    def _take_over_what_only_others_changed(self, seen: Version) -> None:
        """Let boxes that the user left as the page showed them say what stands now; the user's own figures stay beside what is told."""
        rows = list(YearlyMilestone.history.filter(target_id=self.target.pk).select_related("history_user").order_by("history_id"))
        self.changed_meanwhile = [change for change in changes(rows) if seen.is_older_than(change.row)][::-1]
        shown = {row.fiscal_year: row.value for row in rows if not seen.is_older_than(row)}
        self.data = {**self.data.dict(), "version": self.version_now}
        for year in {*self.line, *self.standing}:
            name, field = f"year_{year}", self.fields[f"year_{year}"]
            if name in self.data and not field.has_changed(shown.get(year, self.line.get(year)), self.data[name]):
                self.data[name] = field.prepare_value(field.initial)

    def _changed(self) -> Iterator[YearlyMilestone]:
        """The milestones that are new or have another value, not saved yet."""
        for year in sorted({*self.line, *self.standing}):
            value = self.cleaned_data.get(f"year_{year}")
            new = YearlyMilestone(target=self.target, fiscal_year=year, is_target_year=year == self.target.due_fy)
            milestone = self.standing.get(year, new)
            if value is not None and milestone.value != value:
                milestone.value = value
                yield milestone

    def save(self, *, by) -> None:
        """Save what changed, each row told with user and reason."""
        for milestone in self.changed:
            explain(milestone, reason=self.cleaned_data["change_reason"], by=by)
            milestone.save()
