"""A read PR document into the database: one transaction, every row with its reason, and every difference told.

What a person entered or confirmed is never overwritten: where the document says otherwise, that is told as a conflict. What a
command or a fixture wrote follows the document, the newest one: an edition that is older than one that is loaded changes nothing that
is there. Nothing is removed: what is printed no more is told.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from hashlib import sha256
from typing import Any

from django.db import Error, models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from budget.history import explain, gave_its_value
from budget.models import (
    BudgetAmount,
    BudgetStage,
    LeadOrigin,
    Organisation,
    OrganisationKind,
    PassagePart,
    Programme,
    ProgrammeOrganisation,
    SourceDocument,
    SourcePassage,
    SourceText,
)
from kpis.choices import MatchDecision
from kpis.importers.ministries import MINISTRIES
from kpis.importers.pr_document.match import Known, Matched, Printed, match
from kpis.importers.pr_document.normalise import plain
from kpis.importers.pr_document.organisation_tree import OrganisationTree
from kpis.importers.pr_document.outcome import Difference, Outcome, Told
from kpis.importers.pr_document.segment import Amount, Edition, PrintedOrganisation, PrintedProgramme, Section, segment
from kpis.importers.propose import propose
from kpis.models import ProgrammeMatch

REASON = "import_pr_document"
# Reasons that begin so were given by no person: the next edition may change what they wrote.
BY_COMMANDS = (REASON, "loaddata:")
# Columns that say one thing together: where a person gave one of them its value, all of them stay.
TOGETHER = (
    frozenset({"lead", "lead_origin"}),
    frozenset({"start_fiscal_year", "end_fiscal_year", "open_ended", "period_origin"}),
    frozenset({"amount_yen", "no_amount", "printed", "passage"}),
)
UNTOLD = ("passage",)  # where an amount is printed says nothing else than the amount
_CODES = {PassagePart.ORGANISATION: "organisations"}  # where a passage's code ends otherwise than on its part


class CannotLoad(Exception):
    """The document cannot be loaded. The message says why, for a person."""


def load(
    content: bytes,
    text: str,
    *,
    by,
    issuer: str = "",
    fiscal_year: int | None = None,
    progress: Callable[[list], Iterable] = iter,
) -> Outcome:
    """Load a document. `content` are the bytes of the file, `text` is what `normalise.decode` made of them.

    `issuer` is the ministry where the text leaves it open. Raises NotAPrDocument and CannotLoad, and then nothing is written.
    """
    edition = segment(text)
    if fiscal_year not in (None, edition.fiscal_year):
        raise CannotLoad(
            _("The document is of fiscal year %(printed)s, not %(asked)s.") % {"printed": edition.fiscal_year, "asked": fiscal_year}
        )
    if not edition.programmes:
        raise CannotLoad(" ".join(edition.doubts) or _("No programme could be read."))
    try:
        with transaction.atomic():
            return _Loading(edition, text, sha256(content).hexdigest(), by, issuer).run(progress)
    except Error as error:
        raise CannotLoad(_("The database refused it: %s") % error) from error


def load_one(document: SourceDocument, number: int, programme: Programme | None, *, by, reason: str) -> tuple[Programme, Told]:
    """Load one printed programme of a document that is attached, onto a known programme or as a new one, and tell what became of it.

    `reason` is the person's who said what it is; what is written is the document's all the same. One that would be new and is known by now,
    from another edition, is loaded onto that. CannotLoad where the document has no such programme, or where it is known as another one.
    """
    text = document.attached_text.text
    edition = segment(text)
    printed = next((one for one in edition.programmes if one.number == number), None)
    if printed is None:
        raise CannotLoad(_("The document has no programme number %(number)s.") % {"number": number})
    with transaction.atomic():
        loading = _Loading(edition, text, document.sha256, by, document.issuer, reason=f"{REASON}: {reason}")
        by_now = loading.known_as(number)
        if programme and by_now and programme != by_now:
            raise CannotLoad(_("It is known as another programme by now: %(code)s %(title)s.") % {"code": by_now.code, "title": by_now})
        programme = programme or by_now
        told = Told(number, printed.title, printed.budget_line, "known" if programme else "added", doubts=list(printed.doubts))
        loaded = loading.load_programme(printed, programme, told)
    told.code = loaded.code
    return loaded, told


class _Loading:
    """One run over one document."""

    def __init__(self, edition: Edition, text: str, digest: str, by, issuer: str, reason: str = REASON):
        self.edition, self.by, self.reason = edition, by, reason
        self.lines = text.split("\n")
        self.doubts: list[str] = list(edition.doubts)
        self.organisations = OrganisationTree(self._ministry(text, issuer), self._save)
        self.document, self.is_known = self._document(text, digest)
        self.newer = self._newer_edition()
        if self.newer:
            self.doubts.append(_("A newer edition is loaded, %(code)s: what it says stays.") % {"code": self.newer.code})

    def run(self, progress: Callable[[list], Iterable]) -> Outcome:
        outcome = Outcome(
            self.document.code, self.document.sha256, self.document.issuer, self.edition.fiscal_year, self.is_known, doubts=self.doubts
        )
        known, matched = self._matched()
        decided = {(match.number, match.candidate_id): match for match in ProgrammeMatch.objects.filter(document=self.document)}
        for printed in progress(list(self.edition.programmes)):
            told = Told(printed.number, printed.title, printed.budget_line, "known", doubts=list(printed.doubts))
            outcome.programmes.append(told)
            programme = known.get(matched.same.get(printed.number))
            if programme is None and self._is_held_back(printed, matched, decided, told, known):
                continue
            told.became = "known" if programme else "added"
            told.code = self.load_programme(printed, programme, told).code
        outcome.gone = [{"code": known[key].code, "title": known[key].display_title} for key in matched.gone]
        return outcome

    # --- What the document is of ----------------------------------------------------------------------------------------------------

    def _ministry(self, text: str, issuer: str) -> Organisation:
        if not issuer:
            issuer = self._printed_ministry()
        if not issuer:
            named = {name: text.count(name) for name in MINISTRIES if name in text}
            if not named:
                raise CannotLoad(_("The text names no ministry: say with --issuer whose document it is."))
            issuer = max(named, key=lambda name: named[name])
            self.doubts.append(
                _("The document does not print its ministry; %(name)s is named most often (%(times)s times).")
                % {"name": issuer, "times": named[issuer]}
            )
        # Locked: one edition of a ministry is loaded after the other.
        ministry = Organisation.objects.select_for_update().filter(name=issuer, parent=None).first()
        if ministry is None:
            if issuer not in MINISTRIES:
                raise CannotLoad(_("%(name)s is no ministry that is known. Enter the organisation first.") % {"name": issuer})
            ministry = Organisation(code=MINISTRIES[issuer], name=issuer, kind=OrganisationKind.MINISTRY)
            self._save(ministry)
        return ministry

    def _printed_ministry(self) -> str:
        """The ministry that the head prints in a line of its own, above the first programme; "" where it prints none."""
        first = self.edition.programmes[0]
        last = first.title_lines[0] if first.title_lines else first.budget_line
        return next((name for line in self.lines[: last - 1] if (name := plain(line).strip()) in MINISTRIES), "")

    def _document(self, text: str, digest: str) -> tuple[SourceDocument, bool]:
        """The document with its text attached, and whether it was there with its text."""
        document = SourceDocument.objects.filter(sha256=digest).first()
        if document is None:
            document = SourceDocument(
                code=self._free_document_code(),
                title=self.edition.title[:200],
                issuer=self.organisations.ministry.name,
                issued=self.edition.issued,
                budget_year=self.edition.fiscal_year,
                sha256=digest,
            )
            self._save(document)
        attached = SourceText.objects.filter(document=document).exists()
        if not attached:
            self._save(SourceText(document=document, text=text))
        return document, attached

    def _free_document_code(self) -> str:
        base = f"{self.organisations.ministry.code}-{self.edition.fiscal_year}-pr"
        taken = set(SourceDocument.objects.filter(code__startswith=base).values_list("code", flat=True))
        codes = [base, *(f"{base}-{number}" for number in range(2, 10_000))]
        return next(code for code in codes if code not in taken)

    def _newer_edition(self) -> SourceDocument | None:
        """The newest edition of the ministry, where it is of a later year than this one, or of the same year and was loaded later."""
        later = Q(budget_year__gt=self.edition.fiscal_year) | Q(budget_year=self.edition.fiscal_year, pk__gt=self.document.pk)
        editions = SourceDocument.objects.filter(later, issuer=self.document.issuer, passages__part=PassagePart.BUDGET)
        return editions.order_by("-budget_year", "-pk").first()

    # --- Which programme is which ---------------------------------------------------------------------------------------------------

    def known_as(self, number: int) -> Programme | None:
        """The known programme that a printed one is by its title or its line."""
        known, matched = self._matched()
        return known.get(matched.same.get(number))

    def _known_programmes(self) -> models.QuerySet[Programme]:
        """The ministry's, and what its documents print: a programme may have gone to another ministry since."""
        printed = SourcePassage.objects.filter(document__issuer=self.document.issuer, part=PassagePart.BUDGET).values("programme")
        return Programme.objects.filter(Q(lead__in=self.organisations.ids) | Q(pk__in=printed)).select_related("lead").order_by("code")

    def _matched(self) -> tuple[dict[int, Programme], Matched]:
        """The known programmes by their keys, and which printed one is which of them."""
        programmes = {programme.pk: programme for programme in self._known_programmes()}
        known = list(programmes.values())
        lines = dict(self._budget_lines(self.document).values_list("programme_id", "line_from"))
        before = (
            SourceDocument.objects.filter(
                issuer=self.document.issuer, budget_year__lte=self.edition.fiscal_year, passages__part=PassagePart.BUDGET
            )
            .exclude(pk=self.document.pk)
            .order_by("-budget_year", "-id")
            .first()
        )
        edition_before = before or self.document
        order = list(self._budget_lines(edition_before).order_by("line_from").values_list("programme_id", flat=True))
        places = {programme: place for place, programme in enumerate(order)}
        titles: dict[int, list[str]] = {}  # as any edition printed them: a person may call a programme otherwise
        quotes = SourcePassage.objects.filter(programme__in=known, part=PassagePart.TITLE)
        for programme, quote in quotes.values_list("programme_id", "quote"):
            titles.setdefault(programme, []).append(quote)
        named: dict[int, set[str]] = {}
        for programme, name in ProgrammeOrganisation.objects.filter(programme__in=known).values_list("programme_id", "printed_name"):
            named.setdefault(programme, set()).add(plain(name))
        amounts: dict[int, set[int]] = {}
        years = (self.edition.fiscal_year, self.edition.fiscal_year - 1)
        budgets = BudgetAmount.objects.filter(
            programme__in=known, fiscal_year__in=years, stage__in=(BudgetStage.DRAFT, BudgetStage.INITIAL), amount_yen__isnull=False
        )
        for programme, yen in budgets.values_list("programme_id", "amount_yen"):
            amounts.setdefault(programme, set()).add(yen)
        matched = match(
            [
                Printed(
                    one.number,
                    one.title,
                    one.budget_line,
                    frozenset(plain(organisation.name) for organisation in one.organisations),
                    frozenset(yen for yen in (one.draft.yen, one.previous.yen) if yen is not None),
                )
                for one in self.edition.programmes
            ],
            [
                Known(
                    programme.pk,
                    (programme.title, programme.display_title, *titles.get(programme.pk, ())) if programme.title else ("",),
                    places.get(programme.pk),
                    frozenset(named.get(programme.pk, ())),
                    frozenset(amounts.get(programme.pk, ())),
                    lines.get(programme.pk),
                )
                for programme in known
            ],
        )
        return programmes, matched

    @staticmethod
    def _budget_lines(document: SourceDocument) -> models.QuerySet[SourcePassage]:
        return SourcePassage.objects.filter(document=document, part=PassagePart.BUDGET, programme__isnull=False)

    def _is_held_back(self, printed: PrintedProgramme, matched: Matched, decided: dict, told: Told, known: dict) -> bool:
        """Whether a person has to say first which known programme a printed one is; the matches to be decided are written."""
        for candidate in matched.candidates.get(printed.number, []):
            proposed = decided.get((printed.number, candidate.key))
            if proposed is None:
                proposed = ProgrammeMatch(
                    document=self.document,
                    number=printed.number,
                    printed_title=printed.title[:300],
                    candidate=known[candidate.key],
                    kind=candidate.kind,
                    ground=candidate.ground,
                )
                self._save(proposed)
                told.changes.append(Difference(_("match"), str(candidate.kind.label), known[candidate.key].display_title, printed.title))
            told.candidates.append({"code": known[candidate.key].code, "kind": candidate.kind.value, "ground": candidate.ground})
            if proposed.decision == MatchDecision.OPEN:
                told.became = "held_back"
                told.conflicts += self._other_amounts(printed, known[candidate.key])
        return told.became == "held_back"

    def _other_amounts(self, printed: PrintedProgramme, candidate: Programme) -> Iterator[Difference]:
        """The amounts of a candidate that are printed otherwise: they wait with the programme."""
        for year, stage, amount in self._amounts(printed):
            row = BudgetAmount.objects.filter(programme=candidate, fiscal_year=year, stage=stage).first()
            if row is not None and row.amount_yen != amount.yen:
                yield Difference(str(row._meta.verbose_name), str(year), row.printed, amount.printed)

    def _amounts(self, printed: PrintedProgramme) -> tuple[tuple[int, str, Amount], ...]:
        year = self.edition.fiscal_year
        return (year, BudgetStage.DRAFT, printed.draft), (year - 1, BudgetStage.INITIAL, printed.previous)

    # --- One programme --------------------------------------------------------------------------------------------------------------

    def load_programme(self, printed: PrintedProgramme, programme: Programme | None, told: Told) -> Programme:
        """Write all that is printed of one programme, onto a known one or as a new one."""
        # What is there follows the newest edition. The row is locked, so that nobody's change is lost in between.
        follows = programme is None or self.newer is None
        responsible: dict[tuple[int, str], tuple[PrintedOrganisation, Organisation]] = {}
        for one in printed.organisations if follows else ():
            organisation = self.organisations.of(one)
            responsible.setdefault((organisation.pk, one.mark), (one, organisation))
        lead = next((organisation for _one, organisation in responsible.values()), None)
        if programme is not None:
            programme = Programme.objects.select_for_update().get(pk=programme.pk)
        else:
            programme = Programme(
                code=self._free_code(printed.number),
                lead=lead or self.organisations.ministry,
                lead_origin=LeadOrigin.DOCUMENT if lead else LeadOrigin.MINISTRY,
                display_title=printed.title[:300]
                or _("(no title: programme of the budget at line %(line)s)") % {"line": printed.budget_line},
            )
        values: dict[str, Any] = {"title": printed.title[:300]} if printed.title else {}
        values |= {"display_title": printed.title[:300]} if printed.title and programme.title in ("", programme.display_title) else {}
        if lead and programme.lead != lead:  # the same lead by whatever source needs no other
            values |= {"lead": lead, "lead_origin": LeadOrigin.DOCUMENT}
        values |= self._period(printed, programme)
        for name in ("purpose", "overview", "scheme"):
            section: Section | None = getattr(printed, name)
            values |= {name: section.text} if section else {}
        self._write(programme, values, told)
        for place, (one, organisation) in enumerate(responsible.values(), 1):
            self._responsible(programme, one, organisation, place, told)
        if follows:
            self._tell_unprinted(programme, responsible.keys(), told)
        passages = {
            part: self._passage(programme, printed, part, place, quote, told) for part, place, quote in _passages(printed, self.lines)
        }
        for year, stage, amount in self._amounts(printed):
            self._amount(programme, year, stage, amount, printed.note, passages[PassagePart.BUDGET], told)
        if printed.goal and follows:
            proposed = propose(programme, printed.goal.text, passage=passages[PassagePart.GOAL], save=self._save)
            told.proposals, told.proposals_with_doubts = len(proposed.new), sum(bool(one.doubts) for one in proposed.new)
            told.conflicts += [Difference(_("outcome target"), target.code, was, now) for target, was, now in proposed.conflicts]
        return programme

    def _free_code(self, number: int) -> str:
        base = f"{self.organisations.ministry.code}-{self.edition.fiscal_year}-"
        taken = set(Programme.objects.filter(code__startswith=base).values_list("code", flat=True))
        numbers = [number, *range(len(self.edition.programmes) + 1, 10_000)]
        return next(code for each in numbers if (code := f"{base}{each:03}") not in taken)

    def _period(self, printed: PrintedProgramme, programme: Programme) -> dict[str, Any]:
        """The parts of the period that are printed, where one differs from what is stored."""
        if printed.period is None:
            return {}
        told: dict[str, Any] = {}
        if printed.period.start is not None:
            told["start_fiscal_year"] = printed.period.start
        if printed.period.end is not None:
            told |= {"end_fiscal_year": printed.period.end, "open_ended": False}
        elif printed.period.open_ended:
            told |= {"end_fiscal_year": None, "open_ended": True}
        differs = programme._state.adding or any(getattr(programme, name) != value for name, value in told.items())
        return told | {"period_origin": LeadOrigin.DOCUMENT} if differs else {}

    def _responsible(self, programme: Programme, one: PrintedOrganisation, organisation: Organisation, place: int, told: Told) -> None:
        row = ProgrammeOrganisation.objects.filter(programme=programme, organisation=organisation, mark=one.mark).first()
        row = row or ProgrammeOrganisation(programme=programme, organisation=organisation, mark=one.mark)
        self._write(row, {"printed_name": one.name[:200], "position": place}, told)

    def _tell_unprinted(self, programme: Programme, printed: Container[tuple[int, str]], told: Told) -> None:
        """Organisations that were printed to answer for the programme and are printed no more: told, never removed."""
        for row in programme.responsibilities.exclude(printed_name="").select_related("organisation"):
            if (row.organisation_id, row.mark) not in printed:
                told.conflicts.append(Difference(str(ProgrammeOrganisation._meta.verbose_name), row.mark, str(row.organisation), ""))

    def _passage(self, programme: Programme, printed: PrintedProgramme, part: str, place: tuple[int, int], quote: str, told: Told):
        row = SourcePassage.objects.filter(document=self.document, programme=programme, part=part).order_by("id").first()
        if row is None:
            code = f"{programme.code}-{_CODES.get(part, part)}"
            if SourcePassage.objects.filter(code=code).exists():
                code = f"{self.document.code}-{printed.number:03}-{_CODES.get(part, part)}"
            row = SourcePassage(code=code, document=self.document, programme=programme, part=part, quote=quote)
        self._write(row, {"line_from": place[0], "line_to": place[1]}, told)
        return row

    def _amount(self, programme: Programme, year: int, stage: str, printed: Amount, note: str, passage: SourcePassage, told: Told) -> None:
        row = BudgetAmount.objects.select_for_update().filter(programme=programme, fiscal_year=year, stage=stage).first()
        values = {"amount_yen": printed.yen, "no_amount": printed.no_amount, "printed": printed.printed[:60], "note": note[:200]}
        if row is None:
            row = BudgetAmount(programme=programme, fiscal_year=year, stage=stage)
        if row._state.adding or any(getattr(row, name) != value for name, value in values.items()):
            self._write(row, values | {"passage": passage}, told)

    # --- Writing --------------------------------------------------------------------------------------------------------------------

    def _save(self, row: models.Model) -> None:
        explain(row, reason=self.reason, by=self.by)
        row.save()

    def _write(self, row: models.Model, values: dict[str, Any], told: Told) -> None:
        """Let the row say `values`, but for what a person or a newer edition says; tell what changed and what did not."""
        kind = str(row._meta.verbose_name)
        differing = {name: value for name, value in values.items() if getattr(row, name) != value}
        kept = set() if row._state.adding else {name for name in differing if self._stays(row, name)}
        for name, value in differing.items():
            difference = Difference(kind, str(row._meta.get_field(name).verbose_name), _words(getattr(row, name)), _words(value))
            if name not in kept:
                setattr(row, name, value)
            if not row._state.adding and name not in UNTOLD:
                (told.conflicts if name in kept else told.changes).append(difference)
        if row._state.adding:
            # Where a known programme stands in another document is no change of it.
            if told.became == "known" and not isinstance(row, SourcePassage):
                told.changes.append(Difference(kind, "", "", str(row)))
            self._save(row)
        elif differing.keys() - kept:
            self._save(row)

    def _stays(self, row: models.Model, name: str) -> bool:
        """Whether a column keeps its value, whatever the document says."""
        if self.newer and not _is_blank(getattr(row, name)):
            return True
        together = next((names for names in TOGETHER if name in names), (name,))
        return any(_is_a_persons(row, each) for each in together)


def _passages(printed: PrintedProgramme, lines: list[str]) -> Iterator[tuple[str, tuple[int, int], str]]:
    """The parts of a programme that are printed: (part, lines, quote). `lines` are those of the document."""
    if printed.title_lines:
        yield PassagePart.TITLE, printed.title_lines, printed.title
    yield PassagePart.BUDGET, (printed.budget_line, printed.budget_line), lines[printed.budget_line - 1].strip()
    if printed.organisation_lines:
        yield PassagePart.ORGANISATION, printed.organisation_lines, ""
    for part in (PassagePart.PURPOSE, PassagePart.OVERVIEW, PassagePart.SCHEME, PassagePart.GOAL):
        section: Section | None = getattr(printed, part.value)
        if section:
            yield part, (section.line_from, section.line_to), ""


def _is_a_persons(row: models.Model, name: str) -> bool:
    """Whether a person gave the column its present value: not a command, nor a fixture. Who added the row left blank what is blank."""
    told = gave_its_value(row, name)
    left_blank = told.history_type == "+" and _is_blank(getattr(row, name))
    return not left_blank and not (told.history_change_reason or "").startswith(BY_COMMANDS)


def _is_blank(value: Any) -> bool:
    return value is None or value == "" or value is False  # 0 is a value


def _words(value: Any) -> str:
    return "" if value is None else str(value)
