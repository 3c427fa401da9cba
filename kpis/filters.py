"""How reports and lists are narrowed. The same filters serve the page, the CSV and the command; an unknown parameter is refused."""

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from budget.fiscal import parse_year
from budget.models import Organisation, subtree_ids
from kpis.choices import DeadlineKind, Kind, NoDeadline, Status, Term
from kpis.models import OutcomeTarget

SORTS = (
    ("judged_fy", "due"),
    ("programme__code", "programme"),
    ("programme__lead__code", "organisation"),
    ("status", "status"),
)


class FiscalYearField(forms.CharField):
    """A fiscal year as people write it: 令和7年度, R7, 2025."""

    default_error_messages = {"invalid": _("Write a fiscal year such as 令和7年度, R7 or 2025.")}

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_year(text)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class FiscalYearFilter(django_filters.Filter):
    field_class = FiscalYearField


class OutcomeTargetFilterSet(django_filters.FilterSet):
    """Narrows targets that carry their status (`with_status`)."""

    organisation = django_filters.ModelChoiceFilter(
        queryset=Organisation.objects.all(), to_field_name="code", method="within", label=_("organisation"), empty_label=_("all")
    )
    term = django_filters.MultipleChoiceFilter(choices=Term, label=_("term"), widget=forms.CheckboxSelectMultiple)
    kind = django_filters.ChoiceFilter(choices=Kind, label=_("kind"), empty_label=_("all"))
    status = django_filters.MultipleChoiceFilter(choices=Status, label=_("status"), widget=forms.CheckboxSelectMultiple)
    due_from = FiscalYearFilter(field_name="judged_fy", lookup_expr="gte", label=_("deadline from fiscal year"))
    due_to = FiscalYearFilter(field_name="judged_fy", lookup_expr="lte", label=_("deadline to fiscal year"))
    no_deadline = django_filters.ChoiceFilter(choices=NoDeadline, method="lacking", label=_("no last day"), empty_label=_("all"))
    q = django_filters.CharFilter(method="mentioning", label=_("text"))
    sort = django_filters.OrderingFilter(
        fields=SORTS,
        field_labels={
            "judged_fy": _("deadline"),
            "programme__code": _("programme"),
            "programme__lead__code": _("organisation"),
            "status": _("status"),
        },
        label=_("order"),
        empty_label=_("longest overdue first"),
    )

    class Meta:
        model = OutcomeTarget
        fields = ()

    def within(self, targets, name, organisation):
        ids = subtree_ids(Organisation.objects.values_list("id", "parent_id"), [organisation.pk])
        return targets.filter(programme__lead__in=ids)

    def lacking(self, targets, name, reason):
        kinds = {
            NoDeadline.NONE_STATED: ~Q(deadline_kind__in=(DeadlineKind.AFTER_PROGRAMME, DeadlineKind.AFTER_EVENT)),
            NoDeadline.PROGRAMME_END_NOT_KNOWN: Q(deadline_kind=DeadlineKind.AFTER_PROGRAMME),
            NoDeadline.EVENT_NOT_RECORDED: Q(deadline_kind=DeadlineKind.AFTER_EVENT),
        }
        return targets.filter(kinds[reason], due_on=None, each_year=False)

    def mentioning(self, targets, name, text):
        for word in text.split():
            targets = targets.filter(
                Q(statement__icontains=word)
                | Q(indicator__icontains=word)
                | Q(programme__display_title__icontains=word)
                | Q(code__icontains=word)
            )
        return targets


class OverdueFilterSet(OutcomeTargetFilterSet):
    """The overdue report's filters: its statuses are those that a passed deadline can have."""

    status = django_filters.MultipleChoiceFilter(
        choices=[(code, code.label) for code in (Status.MISSED, Status.UNREPORTED, Status.AWAITING)],
        label=_("status"),
        widget=forms.CheckboxSelectMultiple,
    )
    no_deadline = None
