"""The admin of what importers propose: the review of a programme's goal texts, and of programmes that were held back.

The page of a programme shows each goal text with what was read in it, beside the fields as they were read; a person confirms, corrects or
discards. `kpis.importers.review` alone writes what was decided.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budget.admin.lists import OrganisationFilter
from budget.admin.records import OnlyShown, RecordAdmin
from budget.fiscal import calendar_year_name
from budget.forms import DayField, FigureField, FiscalYearField
from budget.models import Programme
from kpis import explain
from kpis.choices import DeadlineKind, Doubt, Kind, MatchDecision, ProposalState
from kpis.importers import review
from kpis.importers.pr_document.load import CannotLoad, load
from kpis.importers.pr_document.normalise import NotReadable, decode
from kpis.importers.pr_document.segment import NotAPrDocument
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal, decides_for_all


def review_of(programme: Programme) -> str:
    """The address of a programme's review."""
    return reverse("admin:kpis_targetproposal_review", args=(programme.code,))


READ_IN_WORDS = {
    "term": gettext_lazy("term"),
    "deadline": gettext_lazy("deadline"),
    "value": gettext_lazy("value"),
    "unit": gettext_lazy("unit"),
    "comparator": gettext_lazy("comparator"),
}


class ProposalForm(forms.ModelForm):
    """The fields of the target that a proposal becomes, as they were read, for a person to correct."""

    value = FigureField(label=gettext_lazy("target value"), required=False)
    value_max = FigureField(label=gettext_lazy("upper value"), required=False)
    deadline_year = FiscalYearField(label=gettext_lazy("deadline year"), required=False)
    deadline_on = DayField(label=gettext_lazy("deadline day"), required=False)
    refusal = ""  # why what was asked for was not done

    class Meta:
        model = OutcomeTarget
        fields = (
            "label", "term", "kind", "indicator", "comparator", "comparator_assumed", "value", "value_max", "unit", "approximate",
            "accumulation", "accumulation_assumed", "each_year", "deadline_text", "deadline_kind", "deadline_year", "deadline_on",
            "deadline_offset_years", "deadline_through_nth_year", "programme_end_assumed",
        )  # fmt: skip

    def __init__(self, proposal: TargetProposal, data=None):
        initial = review.terms_of(proposal)
        if proposal.deadline_kind == DeadlineKind.CALENDAR_YEAR and proposal.deadline_year:
            initial["deadline_year"] = calendar_year_name(proposal.deadline_year)
        super().__init__(data, initial=initial, prefix=proposal.code)


@dataclass(frozen=True)
class Piece:
    """Some characters of a goal text: `name` of what was read there, "" where nothing; whether a commitment was read from them."""

    text: str
    name: str
    is_read: bool

    @property
    def meaning(self) -> str:
        return str(READ_IN_WORDS.get(self.name, ""))


@dataclass(frozen=True)
class Reviewed:
    """A goal text with what was read in it, what was not, and the proposals with their forms."""

    text: str
    pieces: list[Piece]
    unread: list[str]
    proposals: list[TargetProposal]

    @property
    def passage(self):
        return self.proposals[0].passage


def reviewed(proposals: Iterable[TargetProposal], statements: Iterable[str]) -> Iterator[Reviewed]:
    """The goal texts of a programme's proposals, each once, in the order of the proposals.

    `statements` are those of its targets and of all proposals: what an edition states that was read in an earlier one is no unread part.
    """
    known = list(statements)
    texts: dict[str, list[TargetProposal]] = {}
    for proposal in proposals:
        texts.setdefault(proposal.goal_text, []).append(proposal)
    for text, read in texts.items():
        pieces = list(_pieces(text, read, known))
        unread = re.split(r"[。\n]", "".join("\n" if piece.is_read else piece.text for piece in pieces))
        yield Reviewed(text, pieces, [words for part in unread if len(words := part.strip(" \t　-・、,()（）")) > 4], read)


def _pieces(text: str, proposals: list[TargetProposal], known: list[str]) -> Iterator[Piece]:
    names = [""] * len(text)
    read = [False] * len(text)
    for statement in known:  # line breaks of the text are left out in it
        if found := re.search(r"\s*".join(map(re.escape, re.sub(r"\s", "", statement))), text):
            read[found.start() : found.end()] = [True] * (found.end() - found.start())
    for proposal in proposals:
        for place in range(proposal.starts_at, min(proposal.ends_at, len(text))):
            read[place] = read[place] or bool(proposal.kind)
        for name, (start, end) in proposal.marks.items():
            names[start:end] = [name] * (min(end, len(text)) - start)
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or (names[place], read[place]) != (names[begin], read[begin]):
            yield Piece(text[begin:place], names[begin], read[begin])
            begin = place


def read_in_words(proposal: TargetProposal) -> str:
    """What the proposed target asks for; "" where that could not be read."""
    has_figure = proposal.value is not None and proposal.comparator
    return explain.goal(proposal) if has_figure or proposal.kind == Kind.QUALITATIVE else ""


def deadline_in_words(proposal: TargetProposal) -> str:
    """The deadline as it was read; "" where a part of it is missing."""
    parts = (proposal.deadline_year, proposal.deadline_on, proposal.deadline_offset_years)
    return explain.deadline(proposal) if any(part is not None for part in parts) else ""


class DoubtFilter(admin.SimpleListFilter):
    title = gettext_lazy("doubts")
    parameter_name = "doubts"

    def lookups(self, request, model_admin):
        return [("none", _("without doubts")), ("some", _("with doubts")), *Doubt.choices]

    def queryset(self, request, queryset):
        match self.value():
            case None:
                return queryset
            case "none":
                return queryset.without_doubts()
            case "some":
                return queryset.exclude(doubts="")
            case code:
                return queryset.filter(doubts__contains=code)


class OpenFilter(admin.SimpleListFilter):
    """What is open is shown at first; the rest is a click away."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("all", _("all")), *ProposalState.choices]

    def choices(self, changelist):
        for code, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: code})
            yield {"selected": (self.value() or ProposalState.OPEN) == code, "query_string": query, "display": label}

    def queryset(self, request, queryset):
        value = self.value() or ProposalState.OPEN
        return queryset if value == "all" else queryset.filter(state=value)


class ReadForm(forms.Form):
    """A pasted goal text, and the programme that it is of."""

    required_css_class = "required"

    programme = forms.ModelChoiceField(
        Programme.objects.all(), to_field_name="code", label=gettext_lazy("programme"), widget=forms.TextInput
    )
    text = forms.CharField(
        label=gettext_lazy("goal text"),
        max_length=20_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "vLargeTextField"}),
    )

    def clean_text(self):
        text = self.cleaned_data["text"]
        if not text.strip():
            raise ValidationError(self.fields["text"].error_messages["required"], code="required")
        return text


class ImportForm(forms.Form):
    """A ministry's PR document."""

    required_css_class = "required"

    LARGEST = 5_000_000  # bytes; the largest document so far has a twentieth of it

    file = forms.FileField(label=gettext_lazy("text of the document"), help_text=gettext_lazy("A text file in UTF-8."))
    issuer = forms.CharField(
        label=gettext_lazy("ministry"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Leave it blank, and it is read from the text."),
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > self.LARGEST:
            raise ValidationError(_("The file is larger than %(bytes)s bytes.") % {"bytes": self.LARGEST})
        return file


@admin.register(TargetProposal)
class TargetProposalAdmin(OnlyShown, RecordAdmin):
    """A row leads to the review of its programme, which alone writes what is decided."""

    list_display = ("code", "reviewed_statement", "programme", "read", "deadline_text", "term", "told_doubts", "state")
    list_display_links = None
    list_select_related = ("programme",)
    list_filter = (OpenFilter, DoubtFilter, OrganisationFilter.by("programme__lead"), "kind")
    search_fields = ("code__startswith", "programme__code__startswith")
    search_help_text = gettext_lazy("The beginning of a proposal's or a programme's code.")
    actions = ("confirm_selected",)

    def has_confirm_permission(self, request):
        return request.user.has_perm("kpis.change_targetproposal")

    def get_urls(self):
        return [
            path("review/<slug:code>/", self.admin_site.admin_view(self.review_view), name="kpis_targetproposal_review"),
            path("import/", self.admin_site.admin_view(self.import_view), name="kpis_targetproposal_import"),
            path("read/", self.admin_site.admin_view(self.read_view), name="kpis_targetproposal_read"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "may_import": decides_for_all(request.user)})

    # --- The review of a programme ----------------------------------------------------------------------------------------------------

    def review_view(self, request, code):
        """All goal texts of a programme with what was read in them; a POST decides on one proposal, or on all without doubts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        programme = get_object_or_404(Programme.objects.select_related("lead"), code=code)
        may_decide = review.may_decide(request.user, programme)
        sent, form = None, None
        if request.method == "POST":
            if not may_decide:
                raise PermissionDenied
            sent, form = self._decide(request, programme)
            if form is None:
                return HttpResponseRedirect(review_of(programme) + (f"#{sent.code}" if sent else ""))
        proposals = list(
            programme.proposals.exclude(state=ProposalState.SUPERSEDED).select_related(
                "passage__document", "resembles", "target", "decided_by"
            )
        )
        for proposal in proposals:
            proposal.read_in_words, proposal.deadline_in_words = read_in_words(proposal), deadline_in_words(proposal)
            if proposal.state == ProposalState.OPEN and may_decide:
                proposal.form = form if proposal == sent else ProposalForm(proposal)
        statements = programme.targets.values_list("statement", flat=True)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Review of proposed targets"),
            "opts": self.opts,
            "programme": programme,
            "texts": list(reviewed(proposals, [*statements, *(proposal.statement for proposal in proposals if proposal.kind)])),
            "may_decide": may_decide,
            "sent": sent,
            "open": sum(proposal.state == ProposalState.OPEN for proposal in proposals),
            "without_doubts": sum(proposal.state == ProposalState.OPEN and not proposal.doubts for proposal in proposals),
            "following": self._following(request, programme),
        }
        return TemplateResponse(request, "admin/kpis/targetproposal/review.html", context, status=422 if form else 200)

    def _decide(self, request, programme) -> tuple[TargetProposal | None, ProposalForm | None]:
        """Do what was asked for. Gives the proposal, and its form where that is refused."""
        if "_confirm_all" in request.POST:
            self._tell(request, review.confirm_each(programme.proposals.open().without_doubts(), by=request.user))
            return None, None
        proposal = get_object_or_404(programme.proposals, code=request.POST.get("proposal", ""))
        reason, form = request.POST.get("reason", "").strip(), None
        try:
            if "_discard" in request.POST:
                review.discard(proposal, by=request.user, reason=reason)
                messages.success(request, _("%(proposal)s is discarded.") % {"proposal": proposal.code})
                return proposal, None
            corrected = {}
            if "_correct" in request.POST:
                form = ProposalForm(proposal, request.POST)
                if not form.is_valid():
                    return proposal, form
                corrected = {name: form.cleaned_data[name] for name in form.fields}
            target = review.confirm(proposal, by=request.user, reason=reason, **corrected)
        except ValidationError as error:
            refusal = " ".join(error.messages)
            proposal.refresh_from_db()
            if proposal.state != ProposalState.OPEN:  # somebody else decided: the page shows what
                messages.error(request, f"{proposal.code}: {refusal}")
                return proposal, None
            form = form or ProposalForm(proposal)
            form.refusal = refusal
            return proposal, form
        page = reverse("admin:kpis_outcometarget_change", args=(target.pk,))
        messages.success(request, format_html('{} <a href="{}">{}</a>', _("The target is confirmed:"), page, target))
        return proposal, None

    def _following(self, request, programme) -> Programme | None:
        """The next programme with something open that the user decides on."""
        mine = TargetProposal.objects.open().decidable_by(request.user, timezone.localdate())
        following = mine.filter(programme__code__gt=programme.code).order_by("programme__code").select_related("programme").first()
        return following.programme if following else None

    def _tell(self, request, told: review.Confirmations) -> None:
        if number := len(told.targets):
            messages.success(request, ngettext("%(n)s target is confirmed.", "%(n)s targets are confirmed.", number) % {"n": number})
        for proposal, why in told.skipped:
            messages.warning(request, _("Not confirmed: %(proposal)s. %(why)s") % {"proposal": proposal, "why": why})

    # --- A document ---------------------------------------------------------------------------------------------------------------------

    def import_view(self, request):
        """Import a PR document, or tell what importing it would change."""
        if not decides_for_all(request.user):
            raise PermissionDenied
        form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
        outcome, is_check = None, "_check" in request.POST
        if form.is_valid():
            content = form.cleaned_data["file"].read()
            try:
                with transaction.atomic():
                    outcome = load(content, decode(content), by=request.user, issuer=form.cleaned_data["issuer"])
                    transaction.set_rollback(is_check)
            except (NotReadable, NotAPrDocument, CannotLoad) as error:
                form.add_error("file", str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import a PR document"),
            "opts": self.opts,
            "form": form,
            "outcome": outcome,
            "is_check": is_check,
            "told": [one for one in outcome.programmes if one.says_something] if outcome else [],
        }
        return TemplateResponse(request, "admin/kpis/targetproposal/import.html", context, status=422 if form.errors else 200)

    # --- A pasted text ------------------------------------------------------------------------------------------------------------------

    def read_view(self, request):
        """Read a pasted goal text of a programme that was entered by hand."""
        if not self.has_confirm_permission(request):
            raise PermissionDenied
        form = ReadForm(request.POST if request.method == "POST" else None, initial={"programme": request.GET.get("programme", "")})
        if form.is_valid():
            programme = form.cleaned_data["programme"]
            proposed = review.propose_pasted(programme, form.cleaned_data["text"], by=request.user)
            messages.success(request, _("%(n)s targets are proposed from the text.") % {"n": len(proposed.new)})
            return HttpResponseRedirect(review_of(programme))
        context = {**self.admin_site.each_context(request), "title": _("Read a goal text"), "opts": self.opts, "form": form}
        return TemplateResponse(request, "admin/kpis/targetproposal/read.html", context, status=422 if form.errors else 200)

    # --- Many at once -------------------------------------------------------------------------------------------------------------------

    @admin.action(description=gettext_lazy("Confirm the selected proposals without doubts"), permissions=["confirm"])
    def confirm_selected(self, request, queryset):
        mine = list(queryset.decidable_by(request.user, timezone.localdate()).select_related("programme"))
        left = queryset.count() - len(mine)  # counted before any leaves the list as it is confirmed
        self._tell(request, review.confirm_each(mine, by=request.user))
        if left:
            messages.warning(
                request,
                ngettext(
                    "%(n)s proposal is of a programme that you do not report on.",
                    "%(n)s proposals are of programmes that you do not report on.",
                    left,
                )
                % {"n": left},
            )

    # --- Columns --------------------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("target statement"))
    def reviewed_statement(self, proposal):
        return format_html('<a href="{}#{}">{}</a>', review_of(proposal.programme), proposal.code, proposal.statement[:120])

    @admin.display(description=gettext_lazy("read"))
    def read(self, proposal):
        return read_in_words(proposal) or admin.site.empty_value_display

    @admin.display(description=gettext_lazy("doubts"))
    def told_doubts(self, proposal):
        return "・".join(proposal.doubts_told) or admin.site.empty_value_display


class MatchForm(forms.Form):
    required_css_class = "required"

    decision = forms.ChoiceField(
        label=gettext_lazy("What is it?"),
        choices=[
            (MatchDecision.SAME, gettext_lazy("The same programme: it takes the new title.")),
            (MatchDecision.SUCCESSOR, gettext_lazy("A new programme; the known one is recorded as its predecessor.")),
            (MatchDecision.UNRELATED, gettext_lazy("Not related.")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=gettext_lazy("reason"), widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}))


@admin.register(ProgrammeMatch)
class ProgrammeMatchAdmin(OnlyShown, RecordAdmin):
    """Programmes that a document prints under another title: what they are is said here, and then they are loaded."""

    list_display = ("printed_title", "candidate", "kind", "ground", "document", "decision")
    list_select_related = ("candidate", "document")
    list_filter = ("decision", "kind", "document")
    ordering = ("document", "number", "candidate")
    fields = (
        "document", "number", "printed_title", "candidate", "kind", "ground", "decision", "programme", "decided_by", "decided_at",
        "decision_note",
    )  # fmt: skip

    def get_urls(self):
        view = self.admin_site.admin_view(self.decide_view)
        return [path("<int:pk>/decide/", view, name="kpis_programmematch_decide"), *super().get_urls()]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        may_decide = obj is not None and obj.decision == MatchDecision.OPEN and decides_for_all(request.user)
        context["match_form"] = MatchForm() if may_decide else None
        return super().render_change_form(request, context, add, change, form_url, obj)

    def decide_view(self, request, pk):
        """Say what the printed programme is; where that is plain it is loaded."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not decides_for_all(request.user):
            raise PermissionDenied
        proposed = get_object_or_404(ProgrammeMatch, pk=pk)
        form = MatchForm(request.POST)
        page = reverse("admin:kpis_programmematch_change", args=(pk,))
        if not form.is_valid():
            messages.error(request, _("Choose what it is, and give the reason."))
            return HttpResponseRedirect(page)
        try:
            said = review.match(proposed, form.cleaned_data["decision"], by=request.user, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(page)
        if said.programme is None:
            messages.success(request, _("It is recorded. Other candidates are still open."))
        else:
            link = format_html('<a href="{}">{}</a>', review_of(said.programme), said.programme)
            messages.success(request, format_html("{} {}", _("The programme is loaded:"), link))
        for kept in said.conflicts:
            messages.warning(request, _("Not changed: %(what)s %(field)s stays %(old)s; the document says %(new)s") % kept.in_short)
        return HttpResponseRedirect(page)
