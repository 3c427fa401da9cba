"""Who spends what: organisations, programmes, their budgets, and the documents that say so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from budget.known import TrackedHistory


class ByCode(models.Manager):
    """A model whose code is its natural key."""

    def get_by_natural_key(self, code):
        return self.get(code=code)


class OrganisationKind(models.TextChoices):
    MINISTRY = "ministry", _("ministry")
    BUREAU = "bureau", _("bureau")
    DEPARTMENT = "department", _("department")
    DIVISION = "division", _("division")
    OFFICE = "office", _("office")


class Organisation(models.Model):
    """A node of the government's tree: 府省庁, 局・庁, 部, 課, 室, to any depth."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20, choices=OrganisationKind)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent organisation")
    )

    objects = ByCode()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(
                name="budget_organisation_is_not_its_own_parent",
                condition=Q(parent=None) | ~Q(parent=F("id")),
                violation_error_message=_("An organisation cannot be its own parent."),
            ),
        )

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.code,)

    def subtree_ids(self) -> set[int]:
        """The ids of the organisation and of all below it, as the tree stands now. One query."""
        return subtree_ids(Organisation.objects.values_list("id", "parent_id"), [self.pk])

    def clean(self):
        if self.pk and self.parent_id in self.subtree_ids():
            raise ValidationError({"parent": _("An organisation cannot lie under itself.")})


def subtree_ids(pairs: Iterable[tuple[int, int | None]], roots: Iterable[int]) -> set[int]:
    """The ids of `roots` and of all that lies below them.

    `pairs` are (id, parent id) of the whole tree, live or as it was at some moment: the function asks no database.
    """
    children = defaultdict(list)
    for node, parent in pairs:
        children[parent].append(node)
    found, open_nodes = set(), list(roots)
    while open_nodes:
        node = open_nodes.pop()
        if node not in found:
            found.add(node)
            open_nodes += children[node]
    return found


def bureau_ids(rows: Iterable[tuple[int, int | None, str]]) -> dict[int, int]:
    """For each organisation the one that totals are drawn up for: its bureau, else the topmost one above it.

    `rows` are (id, parent id, kind) of the whole tree.
    """
    parents = {node: (parent, kind) for node, parent, kind in rows}

    def bureau_of(node):
        seen = set()
        while parents[node][1] != OrganisationKind.BUREAU and parents[node][0] in parents and node not in seen:
            seen.add(node)
            node = parents[node][0]
        return node

    return {node: bureau_of(node) for node in parents}


class Tree:
    """All organisations, read once, when the first of them is asked for: what lies below each and above it, and who counts for a bureau.

    At a moment of the past a programme may name one that was not recorded yet. The tree gives one that says so in its place, without key
    and code, so that nothing of it is lost from a total.
    """

    def __init__(self, read: Iterable[Organisation] | None = None):
        """Out of what was read of all organisations already, where that is given."""
        self._read = read

    @cached_property
    def _nodes(self) -> dict[int, Organisation]:
        read = Organisation.objects.order_by() if self._read is None else self._read
        nodes = {node.pk: node for node in sorted(read, key=lambda node: node.code)}
        for node in nodes.values():
            if node.parent_id in nodes:
                node.parent = nodes[node.parent_id]
        return nodes

    def __iter__(self) -> Iterator[Organisation]:
        """In the order of their codes."""
        return iter(self._nodes.values())

    def __getitem__(self, key: int | None) -> Organisation:
        return self._nodes.get(key) or Organisation(name=gettext("organisation not recorded yet"))

    @cached_property
    def _by_code(self) -> dict[str, Organisation]:
        return {node.code: node for node in self}

    def of_code(self, code: str) -> Organisation | None:
        return self._by_code.get(code)

    @cached_property
    def _directly_below(self) -> dict[int | None, list[Organisation]]:
        found = defaultdict(list)
        for node in self:
            found[node.parent_id if node.parent_id in self._nodes else None].append(node)
        return found

    def directly_below(self, organisation: Organisation | None) -> list[Organisation]:
        """The organisations of which this one is the parent, in the order of their codes; the topmost ones for None."""
        return self._directly_below.get(organisation and organisation.pk, [])

    def below(self, organisation: Organisation) -> set[int]:
        """The keys of the organisation and of all below it."""
        return self.below_all([organisation.pk])

    def below_all(self, keys: Iterable[int]) -> set[int]:
        """The keys of the organisations of these keys and of all below them."""
        return subtree_ids(((node.pk, node.parent_id) for node in self), keys)

    def path_to(self, organisation: Organisation) -> list[Organisation]:
        """The organisation below those above it, the topmost first; a circle, whatever is stored, ends."""
        path = [organisation]
        while path[0].parent_id in self._nodes and self[path[0].parent_id] not in path:
            path.insert(0, self[path[0].parent_id])
        return path

    @cached_property
    def _bureaus(self) -> dict[int, int]:
        return bureau_ids((node.pk, node.parent_id, node.kind) for node in self)

    def bureau_of(self, key: int | None) -> Organisation:
        """The organisation for which the one of this key is counted in totals: see `bureau_ids`."""
        return self[self._bureaus.get(key)]

    def counted_for(self, bureau: Organisation) -> set[int]:
        """The keys of the organisations that count for this one: not all below it, where bureaus lie below."""
        return {node for node, found in self._bureaus.items() if found == bureau.pk}


class SourceDocument(models.Model):
    """A published document that facts were read from. Its text is kept apart, once somebody attached it."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    title = models.CharField(pgettext_lazy("of a document", "title"), max_length=200)
    issuer = models.CharField(_("issuer"), max_length=100)
    issued = models.CharField(
        _("date of issue"),
        max_length=10,
        validators=[RegexValidator(r"^\d{4}(-\d{2}(-\d{2})?)?$", _("Write 2023, 2023-12 or 2023-12-25."))],
        help_text=_("As far as the document tells: year, year and month, or day."),
    )
    budget_year = models.PositiveSmallIntegerField(_("budget year"))
    sha256 = models.CharField(
        _("SHA-256 of the file"), max_length=64, unique=True, validators=[RegexValidator(r"^[0-9a-f]{64}$", _("64 hexadecimal digits."))]
    )

    objects = ByCode()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("source document")
        verbose_name_plural = _("source documents")
        ordering = ("code",)

    def __str__(self):
        return self.title

    def natural_key(self):
        return (self.code,)


class SourceTextManager(models.Manager):
    def get_by_natural_key(self, code):
        return self.get(document__code=code)


class SourceText(models.Model):
    """The text of a source document, in the lines that passages count."""

    document = models.OneToOneField(SourceDocument, models.PROTECT, related_name="attached_text", verbose_name=_("source document"))
    text = models.TextField(_("text"))

    objects = SourceTextManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("source text")
        verbose_name_plural = _("source texts")

    def __str__(self):
        return str(self.document)

    def natural_key(self):
        return self.document.natural_key()

    natural_key.dependencies = ["budget.sourcedocument"]

    def lines(self) -> list[str]:
        """Line 1 is at index 0."""
        return self.text.split("\n")


class LeadOrigin(models.TextChoices):
    """Where it comes from that an organisation leads a programme."""

    DOCUMENT = "document", _("printed in the source document")
    RS_SYSTEM = "rs_system", _("from the RS system's sheet")
    MINISTRY = "ministry", _("not known: the ministry stands in")
    ENTERED = "entered", _("entered by an administrator")


class ProgrammeQuerySet(models.QuerySet):
    def get_by_natural_key(self, code):
        return self.get(code=code)

    def answered_for_by(self, organisation_ids: Iterable[int]):
        """Programmes that one of these organisations leads or answers for: the right to edit goes by all of them."""
        named = ProgrammeOrganisation.objects.filter(organisation__in=organisation_ids).values("programme")
        return self.filter(Q(lead__in=organisation_ids) | Q(pk__in=named))

    def with_budget(self, fiscal_year: int):
        """Each programme's budget on a day of a fiscal year: of the latest year up to it that has an initial budget or a government draft,
        the initial budget, or, where that is missing, the draft.

        Adds `budget_yen` (None also where a dash or a word is printed in place of an amount), `budget_fy` and `budget_stage`.
        """
        told = BudgetAmount.objects.filter(
            programme=OuterRef("pk"), fiscal_year__lte=fiscal_year, stage__in=(BudgetStage.INITIAL, BudgetStage.DRAFT)
        )
        initial_first = models.Case(models.When(stage=BudgetStage.INITIAL, then=0), default=1)
        latest = told.order_by("-fiscal_year", initial_first)
        return self.annotate(
            budget_yen=Subquery(latest.values("amount_yen")[:1]),
            budget_fy=Subquery(latest.values("fiscal_year")[:1]),
            budget_stage=Subquery(latest.values("stage")[:1]),
        )


class Programme(models.Model):
    """A programme (事業): what money is spent on. Exactly one organisation leads it."""

    code = models.SlugField(_("programme code"), max_length=60, unique=True)
    rs_project_id = models.CharField(_("RS project ID"), max_length=20, blank=True, help_text=_("予算事業ID of the RS system."))
    title = models.CharField(_("title as printed"), max_length=300, blank=True, help_text=_("Blank where the document has none."))
    display_title = models.CharField(_("title"), max_length=300)
    lead = models.ForeignKey(Organisation, models.PROTECT, related_name="led_programmes", verbose_name=_("lead organisation"))
    lead_origin = models.CharField(_("origin of the lead"), max_length=20, choices=LeadOrigin)
    organisations = models.ManyToManyField(Organisation, through="ProgrammeOrganisation", related_name="programmes")
    start_fiscal_year = models.PositiveSmallIntegerField(_("first fiscal year"), null=True, blank=True)
    end_fiscal_year = models.PositiveSmallIntegerField(_("last fiscal year"), null=True, blank=True)
    open_ended = models.BooleanField(_("no end planned"), default=False)
    period_origin = models.CharField(_("origin of the period"), max_length=20, blank=True, choices=LeadOrigin)
    purpose = models.TextField(_("purpose"), blank=True)
    overview = models.TextField(_("overview"), blank=True)
    scheme = models.TextField(_("scheme"), blank=True)

    objects = ProgrammeQuerySet.as_manager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")
        ordering = ("code",)
        constraints = (
            models.CheckConstraint(
                name="budget_programme_does_not_end_before_it_starts",
                condition=Q(end_fiscal_year=None) | Q(start_fiscal_year=None) | Q(end_fiscal_year__gte=F("start_fiscal_year")),
                violation_error_message=_("A programme cannot end before it starts."),
            ),
            models.CheckConstraint(
                name="budget_programme_without_planned_end_has_no_last_year",
                condition=Q(open_ended=False) | Q(end_fiscal_year=None),
                violation_error_message=_("A programme without a planned end has no last fiscal year."),
            ),
            models.UniqueConstraint(
                name="budget_programme_rs_project_id_is_used_once",
                fields=["rs_project_id"],
                condition=~Q(rs_project_id=""),
                violation_error_message=_("Another programme has this RS project ID."),
            ),
        )

    def __str__(self):
        return self.display_title

    def natural_key(self):
        return (self.code,)

    natural_key.dependencies = ["budget.organisation"]


class ProgrammeOrganisationManager(models.Manager):
    def get_by_natural_key(self, programme, organisation, mark):
        return self.get(programme__code=programme, organisation__code=organisation, mark=mark)


class ProgrammeOrganisation(models.Model):
    """An organisation that a source names as responsible for a programme, or for one item of it."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="responsibilities", verbose_name=_("programme"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="responsibilities", verbose_name=_("organisation"))
    mark = models.CharField(_("item mark"), max_length=20, blank=True, help_text=_("The item it answers for, such as (1)."))
    printed_name = models.CharField(_("name as printed"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=1)

    objects = ProgrammeOrganisationManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("responsible organisation")
        verbose_name_plural = _("responsible organisations")
        ordering = ("programme", "position")
        constraints = (
            models.UniqueConstraint(
                name="budget_programme_names_an_organisation_once_for_an_item",
                fields=["programme", "organisation", "mark"],
                violation_error_message=_("This organisation already answers for this item."),
            ),
        )

    def __str__(self):
        return f"{self.mark} {self.organisation}".strip()

    def natural_key(self):
        return (self.programme.code, self.organisation.code, self.mark)

    natural_key.dependencies = ["budget.programme", "budget.organisation"]


class ProgrammeSuccessionManager(models.Manager):
    def get_by_natural_key(self, predecessor, successor):
        return self.get(predecessor__code=predecessor, successor__code=successor)


class ProgrammeSuccession(models.Model):
    """One programme goes on as another: renamed, merged or split."""

    predecessor = models.ForeignKey(Programme, models.PROTECT, related_name="successions", verbose_name=_("predecessor"))
    successor = models.ForeignKey(Programme, models.PROTECT, related_name="origins", verbose_name=_("successor"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = ProgrammeSuccessionManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("succession")
        verbose_name_plural = _("successions")
        constraints = (
            models.UniqueConstraint(
                name="budget_succession_is_told_once",
                fields=["predecessor", "successor"],
                violation_error_message=_("This succession is already there."),
            ),
            models.CheckConstraint(
                name="budget_programme_does_not_succeed_itself",
                condition=~Q(predecessor=F("successor")),
                violation_error_message=_("A programme cannot succeed itself."),
            ),
        )

    def __str__(self):
        return f"{self.predecessor} → {self.successor}"

    def natural_key(self):
        return (self.predecessor.code, self.successor.code)

    natural_key.dependencies = ["budget.programme"]


class PassagePart(models.TextChoices):
    """Which part of a programme's pages a passage is."""

    TITLE = "title", _("title")
    BUDGET = "budget", _("budget")
    ORGANISATION = "organisation", _("organisations")
    PURPOSE = "purpose", _("purpose")
    OVERVIEW = "overview", _("overview")
    SCHEME = "scheme", _("scheme")
    GOAL = "goal", _("outcome targets")
    STATEMENT = "statement", _("target statement")


class SourcePassage(models.Model):
    """Lines of a source document that a fact was read from, with the words themselves where they state a target."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    document = models.ForeignKey(SourceDocument, models.PROTECT, related_name="passages", verbose_name=_("source document"))
    programme = models.ForeignKey(Programme, models.PROTECT, null=True, blank=True, related_name="passages", verbose_name=_("programme"))
    part = models.CharField(_("part"), max_length=20, choices=PassagePart)
    line_from = models.PositiveIntegerField(_("first line"))
    line_to = models.PositiveIntegerField(_("last line"))
    quote = models.TextField(_("quote"), blank=True, help_text=_("Verbatim; line breaks of the document are left out."))

    objects = ByCode()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("source passage")
        verbose_name_plural = _("source passages")
        ordering = ("document", "line_from", "code")
        constraints = (
            models.CheckConstraint(
                name="budget_passage_lines_count_from_one_and_do_not_run_backwards",
                condition=Q(line_from__gte=1, line_to__gte=F("line_from")),
                violation_error_message=_("Lines count from 1, and the last is not before the first."),
            ),
            models.CheckConstraint(
                name="budget_passage_of_a_target_statement_has_its_quote",
                condition=~Q(part=PassagePart.STATEMENT) | ~Q(quote=""),
                violation_error_message=_("A target statement is quoted."),
            ),
        )

    def __str__(self):
        return f"{self.document} {self.line_from}–{self.line_to}"

    def natural_key(self):
        return (self.code,)

    natural_key.dependencies = ["budget.sourcedocument", "budget.programme"]


class BudgetStage(models.TextChoices):
    REQUEST = "request", _("request")
    DRAFT = "draft", _("government draft")
    INITIAL = "initial", _("initial budget")
    SUPPLEMENTARY = "supplementary", _("supplementary budget")
    CURRENT = "current", _("current budget")
    EXECUTED = "executed", _("executed")


class NoAmount(models.TextChoices):
    """What a source prints in the place of an amount."""

    NEW = "new", _("new programme")
    DASH = "dash", _("a dash")


class BudgetAmountManager(models.Manager):
    def get_by_natural_key(self, programme, fiscal_year, stage):
        return self.get(programme__code=programme, fiscal_year=fiscal_year, stage=stage)


class BudgetAmount(models.Model):
    """A programme's money for one fiscal year at one stage of the budget, in whole yen."""

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="budget_amounts", verbose_name=_("programme"))
    fiscal_year = models.PositiveSmallIntegerField(_("fiscal year"))
    stage = models.CharField(_("stage"), max_length=20, choices=BudgetStage)
    amount_yen = models.BigIntegerField(_("amount (yen)"), null=True, blank=True)
    no_amount = models.CharField(_("printed instead of an amount"), max_length=10, blank=True, choices=NoAmount)
    printed = models.CharField(_("amount as printed"), max_length=60, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    passage = models.ForeignKey(SourcePassage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("source passage"))

    objects = BudgetAmountManager()
    history = TrackedHistory()

    class Meta:
        verbose_name = _("budget amount")
        verbose_name_plural = _("budget amounts")
        ordering = ("programme", "-fiscal_year", "stage")
        constraints = (
            models.UniqueConstraint(
                name="budget_amount_is_told_once_for_a_year_and_stage",
                fields=["programme", "fiscal_year", "stage"],
                violation_error_message=_("This programme already has an amount of this year and stage."),
            ),
            models.CheckConstraint(
                name="budget_amount_is_yen_or_says_what_stands_in_its_place",
                condition=Q(amount_yen__isnull=False, amount_yen__gte=0, no_amount="") | (Q(amount_yen=None) & ~Q(no_amount="")),
                violation_error_message=_("Give an amount of zero or more, or say what is printed instead of one."),
            ),
        )

    def __str__(self):
        return f"{self.programme} {self.fiscal_year} {self.get_stage_display()}"

    def natural_key(self):
        return (self.programme.code, self.fiscal_year, self.stage)

    natural_key.dependencies = ["budget.programme", "budget.sourcepassage"]
