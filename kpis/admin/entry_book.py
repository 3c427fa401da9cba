"""Many results at once: an official downloads a workbook of what is due, fills it in offline, sends it, sees a preview, and confirms.

Each filled row goes through the form of a single result (`entry.ReportForm`) and meets the same limits. A row of somebody else's target,
one whose result was changed or decided since the download, and one whose shown cells were altered are refused with the reason. The file
is saved as a whole or not at all; a row that is left as it was downloaded says nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from budget.fiscal import day_name, fiscal_year_of, parse_year
from budget.history import Change, Version, changes, explain
from kpis import locks, work, workflow
from kpis.admin.entry import ASKED_ONCE, ReportForm
from kpis.admin.targets import last_day_in_words
from kpis.choices import Kind, ReportState
from kpis.explain import figure, goal
from kpis.exports.entry_book import COLUMNS
from kpis.exports.xlsx import fitting
from kpis.importers.entry_book import Problem, Row
from kpis.importers.workbook import cleaned
from kpis.marks import in_words
from kpis.measures import format_value, normal_unit
from kpis.models import Evidence, OutcomeTarget, ProgressReport, YearlyMilestone

LANGUAGE = "ja"  # of the workbook, whoever downloads it: its cells are compared when it comes back
ENTRIES = tuple(column.name for column in COLUMNS if column.is_entry)
# What a row shows of its target, and what may not be altered.
SHOWN = ("programme", "indicator", "statement", "goal", "deadline", "unit")
TITLES = {column.name: column.title for column in COLUMNS}
FIGURES = {Kind.QUANTITATIVE: "value", Kind.QUALITATIVE: "grade"}
Key = tuple[int, int]  # a target and a fiscal year
MOST_ENTRIES = 300  # of one upload: they are saved in one transaction, for which everybody else waits on SQLite


# --- The workbook that goes out -------------------------------------------------------------------------------------------------------


@dataclass
class Due:
    """The targets whose result an official is to enter, unreported ones first, with what My work tells of them; and the numbers of those
    left out: their year is locked, or their report was taken down and has to be reopened first.
    """

    targets: list[OutcomeTarget] = field(default_factory=list)
    locked: int = 0
    taken_down: int = 0


def due(user, on: date) -> Due:
    todo, closed, found = work.OfficialsWork(user, on), locks.in_force(on), Due()
    for target in (target for kind in ("unreported", "due") for target in todo.targets(kind).select_related("passage__document")):
        if closed.against(target.programme_id, target.entry_fy):
            found.locked += 1
        elif target.report_state == ReportState.TAKEN_DOWN:
            found.taken_down += 1
        else:
            found.targets.append(target)
    return found


def rows(targets: Sequence[OutcomeTarget]) -> Iterator[dict[str, str | None]]:
    """The rows of the workbook, in its language; targets as `due` gives them. Five queries."""
    reports = _reports([(target.pk, target.entry_fy) for target in targets])
    versions = _versions(targets, reports)
    with translation.override(LANGUAGE):
        for target in targets:
            key = target.pk, target.entry_fy
            yield {
                "target_code": target.code,
                "fiscal_year": str(target.entry_fy),
                **_shown(target),
                "previous_year": "" if target.previous_fy is None else str(target.previous_fy),
                "previous_result": figure(target.previous_value, target.previous_grade, target.unit) + in_words(target, "previous_"),
                "state": ReportState(reports[key].state).label if key in reports else "",
                **_entered(target, reports.get(key)),
                "version": versions(target.pk, target.entry_fy),
            }


def _shown(target: OutcomeTarget) -> dict[str, str]:
    return {
        "programme": target.programme.display_title,
        "indicator": target.indicator,
        "statement": target.statement,
        "goal": goal(target) + in_words(target),
        "deadline": "　".join(filter(None, (target.deadline_text, last_day_in_words(target)))),
        "unit": target.unit,
    }


def _entered(target: OutcomeTarget, report: ProgressReport | None) -> dict[str, str | None]:
    """What the entry cells hold before anybody fills them in: the draft, where there is one. None where a cell is not asked for."""
    texts: dict[str, str | None] = dict.fromkeys(ENTRIES, "")
    if report is not None:
        texts |= {
            "value": format_value(report.value),
            "grade": "" if report.grade is None else str(report.grade),
            "measured_on": report.measured_on.isoformat() if report.measured_on else "",
            "preliminary": "yes" if report.preliminary else "",
            "narrative": report.narrative,
            "reason": report.reason,
        }
    asked = {FIGURES[target.kind], *target.left_open}
    return texts | dict.fromkeys(({"value", "grade"} | ASKED_ONCE) - asked)


def _reports(keys: Iterable[Key], reports: QuerySet[ProgressReport] | None = None) -> dict[Key, ProgressReport]:
    keys = set(keys)
    found = ProgressReport.objects.all() if reports is None else reports
    found = found.filter(target__in={target for target, _year in keys}, fiscal_year__in={year for _target, year in keys})
    return {key: report for report in found if (key := (report.target_id, report.fiscal_year)) in keys}


def _versions(targets: Iterable[OutcomeTarget], reports: dict[Key, ProgressReport]) -> Any:
    """Gives the version of a target and a year as the form of its result would show it. Four queries for any number."""
    pks = {target.pk for target in targets}

    def newest(rows, key: str) -> dict[int, int]:
        return dict(rows.order_by().values_list(key).annotate(Max("history_id")))

    told = newest(ProgressReport.history.filter(target_id__in=pks), "id")
    evidence = newest(Evidence.history.filter(report_id__in=[report.pk for report in reports.values()]), "report_id")
    terms = newest(OutcomeTarget.history.filter(id__in=pks), "id")
    milestones = newest(YearlyMilestone.history.filter(target_id__in=pks), "target_id")

    def version(target: int, year: int) -> str:
        report = reports[target, year].pk if (target, year) in reports else 0
        kinds = {
            "progressreport": told.get(report, 0),
            "evidence": evidence.get(report, 0),
            "outcometarget": terms.get(target, 0),
            "yearlymilestone": milestones.get(target, 0),
        }
        return f"{year} {Version(kinds)}"

    return version


# --- The workbook that comes back -----------------------------------------------------------------------------------------------------


@dataclass
class Entry:
    """A filled row of the workbook: the result that it enters, or what is wrong with it."""

    row: Row
    target: OutcomeTarget | None = None
    report: ProgressReport | None = None
    form: Any = None
    evidence: Any = None
    problems: list[Problem] = field(default_factory=list)
    conflict: list[Any] = field(default_factory=list)
    not_ready: str = ""  # why it could be saved as a draft and not be submitted

    def refuse(self, sentence: str, column: str = "target_code") -> None:
        """Say what is wrong with a cell, once: a cell that cannot be read has no second fault."""
        cell = self.row.cells[column]
        if cell.address not in {problem.address for problem in self.row.problems}:
            self.problems.append(Problem(cell.address, str(TITLES[column]), cell.text, sentence))

    @property
    def result(self) -> str:
        report = self.form.instance
        return figure(report.value, report.grade, self.target.unit)

    @property
    def changes(self) -> list[tuple[Any, str, str]]:
        """What the row changes besides, in words: the field, what stands there, what is entered."""
        told = [
            (form.fields[name].label, _in_words(form.initial.get(name)), _in_words(form.cleaned_data.get(name)))
            for form in (self.form, self.evidence)
            if form
            for name in form.changed_data
            if name not in ("value", "grade", "version")
        ]
        return [(label, old, new) for label, old, new in told if old != new]


def _in_words(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else ""
        case date():
            return day_name(value)
    return cleaned(str(value))


def check(sent: Sequence[Row], user, on: date, formfield_callback, lock: bool = False) -> list[Entry]:
    """What each filled row enters or what is wrong with it; rows left as they were downloaded are left out. With `lock` targets and
    reports are locked until the transaction ends.
    """
    reach = OutcomeTarget.objects.reportable_by(user, on).filter(code__in={row.cells["target_code"].text for row in sent})
    reach, reports = reach.select_related("programme__lead", "passage__document"), ProgressReport.objects.order_by("pk")
    closed = locks.in_force(on)
    if lock:
        reports = reports.select_for_update(of=("self",))
    targets = {target.code: target for target in reach}
    keys = {row.number: _key(row, targets) for row in sent}
    found = _reports(filter(None, keys.values()), reports)
    if lock:  # reports before their targets, as the form of a single result locks them
        targets = {target.code: target for target in reach.order_by("pk").select_for_update(of=("self",))}
    versions = _versions(targets.values(), found)
    made = Forms.made(formfield_callback)
    entries, seen = [], {}
    for row in sent:
        target, key = copy(targets.get(row.cells["target_code"].text)), keys[row.number]
        report = found.get(key)
        version = versions(*key) if key else ""
        if _says_nothing(row, target, report):
            continue
        entry = Entry(row, target, report, problems=list(row.problems))
        entries.append(entry)
        if target is None:
            entry.refuse(_("This target is not one that you report on, or there is none of this code."))
        elif key is None:
            entry.refuse(_("This is no fiscal year."), "fiscal_year")
        elif key[1] > fiscal_year_of(on):
            entry.refuse(_("This fiscal year has not begun."), "fiscal_year")
        elif key in seen:
            entry.refuse(_("Row %(row)s enters the result of the same year.") % {"row": seen[key]})
        elif row.cells["version"].text != version:
            _refuse_stale(entry, key)
        elif altered := _altered(row, target):
            for column, now in altered:
                entry.refuse(_("This cell was altered, or what it shows has changed since: it is now “%(now)s”.") % {"now": now}, column)
        elif report is not None and not workflow.may_be_entered(report):
            entry.refuse(_("This result is %(state)s: it is not entered any more.") % {"state": report.get_state_display()})
        elif year_lock := closed.against(target.programme_id, key[1]):
            entry.refuse(year_lock.in_words, "fiscal_year")
        else:
            _fill(entry, key[1], made, on)
        seen.setdefault(key, row.number)
    return entries


def _key(row: Row, targets: dict[str, OutcomeTarget]) -> Key | None:
    target = targets.get(row.cells["target_code"].text)
    try:
        return (target.pk, parse_year(row.cells["fiscal_year"].text)) if target else None
    except ValueError:
        return None


def _says_nothing(row: Row, target: OutcomeTarget | None, report: ProgressReport | None) -> bool:
    """Whether the row enters nothing: its entry cells are blank, hold the draft that was downloaded, or what stands there by now."""
    texts = {name: row.cells[name].text for name in ENTRIES}
    if not any(texts.values()):
        return True
    if target is None:
        return False
    downloaded = Version.read(row.cells["version"].text).shown(report) if report else None
    if texts == _as_read(_entered(target, downloaded)):
        return True
    if report is None or any(texts[name] not in ("", str(getattr(target, name))) for name in ASKED_ONCE):
        return False
    known = {cleaned(evidence.citation): evidence.url for evidence in report.evidence.all()} | {"": ""}
    stands = _as_read(_entered(target, report)) | {name: texts[name] for name in ASKED_ONCE} | {"citation": texts["citation"]}
    return texts["citation"] in known and texts == stands | {"url": texts["url"] and known[texts["citation"]]}


def _as_read(texts: dict[str, str | None]) -> dict[str, str]:
    return {name: cleaned(text or "") for name, text in texts.items()}


def _refuse_stale(entry: Entry, key: Key) -> None:
    """Tell what was altered in the file, or who changed what since it was downloaded."""
    target, year = key
    year_sent, _blank, sent = entry.row.cells["version"].text.partition(" ")
    seen = Version.read(sent)
    if not OutcomeTarget.history.filter(id=target, history_id=seen.newest.get("outcometarget", 0)).exists():
        entry.refuse(_("The code was altered, or the hidden column of versions: fill in the workbook as downloaded."))
    elif year_sent != str(year):
        entry.refuse(_("The fiscal year was altered: the workbook asked for another."), "fiscal_year")
    else:
        histories = [
            ProgressReport.history.filter(target_id=target, fiscal_year=year),
            OutcomeTarget.history.filter(id=target),
            YearlyMilestone.history.filter(target_id=target),
        ]
        if entry.report:
            histories.append(Evidence.history.filter(report_id=entry.report.pk))
        told = [
            change
            for history in histories
            for change in changes(history.select_related("history_user").order_by("history_date", "history_id"))
            if seen.is_older_than(change.row)
        ]
        entry.conflict = [(_kind(change), "", change) for change in sorted(told, key=lambda change: change.at, reverse=True)]
        entry.refuse(_("This was changed since the workbook was downloaded. Download it again for this row."))


def _kind(change: Change) -> Any:
    return type(change.row).instance_type._meta.verbose_name


def _altered(row: Row, target: OutcomeTarget) -> list[tuple[str, str]]:
    """The shown cells that differ from what the workbook would show now."""
    with translation.override(LANGUAGE):
        now = _shown(target)
    return [(name, now[name]) for name in SHOWN if row.cells[name].text.split() != cleaned(fitting(now[name])).split()]


# --- The form of a row ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Forms:
    """The forms of a single result: with a value and with a grade, and of its evidence."""

    by_figure: dict[str, type[ReportForm]]
    evidence: type[forms.ModelForm]

    @classmethod
    def made(cls, formfield_callback) -> "Forms":
        result = partial(forms.modelform_factory, ProgressReport, form=ReportForm, formfield_callback=formfield_callback)
        return cls(
            {name: result(fields=(name, "measured_on", "preliminary", "narrative", "reason")) for name in FIGURES.values()},
            forms.modelform_factory(Evidence, fields=("citation", "url"), formfield_callback=formfield_callback),
        )


def _fill(entry: Entry, year: int, made: Forms, on: date) -> None:
    """Let the form of a single result judge what the row enters."""
    target, cells = entry.target, entry.row.cells
    report = entry.report or ProgressReport(target=target, fiscal_year=year)
    report.target = target
    stands = _entered(target, entry.report)
    not_asked = {name for name, text in stands.items() if text is None}
    for name in ENTRIES:
        if name in not_asked and cells[name].text:
            entry.refuse(_("Nothing is asked for here. Leave this cell blank."), name)
    data = {name: "" if name in not_asked else _kept(cells[name].text, stands[name]) for name in ENTRIES}
    data["preliminary"] = "on" if data["preliminary"] == "yes" else ""
    data["value"] = _without_percent_sign(data["value"], target.unit)
    version = cells["version"].text
    form_class = made.by_figure[FIGURES[target.kind]]
    bound = type(form_class.__name__, (form_class,), {"target": target, "today": on, "version_now": version})
    entry.form = bound({**data, "version": version}, instance=report)
    for name, sentences in entry.form.errors.items():
        for sentence in sentences:
            entry.refuse(sentence, name if name in cells else "target_code")
    if data["citation"] or data["url"]:
        known = _evidence(report, data["citation"])
        entry.evidence = made.evidence({**data, "url": data["url"] or known.url}, instance=known)
        for name, sentences in entry.evidence.errors.items():
            for sentence in sentences:
                entry.refuse(sentence, name if name in cells else "citation")
    if not entry.problems:
        entry.not_ready = _why_not_ready(report)


def _kept(text: str, stands: str | None) -> str:
    """What stands there, sign by sign, where the cell gives it back: a cell holds no carriage returns."""
    return stands if stands and cleaned(stands) == text else text


def _without_percent_sign(text: str, unit: str) -> str:
    """35 % of a target in % is 35; of any other it is left to the form, which refuses it."""
    return text.rstrip("%％ 　") if normal_unit(unit) == "%" else text


def _evidence(report: ProgressReport, citation: str) -> Evidence:
    """The evidence that the report cites by that name already, else a new one."""
    known = report.evidence.filter(citation=citation).first() if report.pk else None
    return known or Evidence(report=report)


def _why_not_ready(report: ProgressReport) -> str:
    if not report.has_figure:
        return _("A report is submitted with a result: enter it first.")
    try:
        report.refuse_without_reason()
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


class CannotSave(Exception):
    """Nothing was saved: the entries tell why."""

    def __init__(self, entries: list[Entry]):
        self.entries = entries


def save(sent: Sequence[Row], user, on: date, formfield_callback, *, reason: str, submit: bool) -> list[Entry]:
    """Save all rows, as drafts or submitted, or none. Raises CannotSave where one of them is refused."""
    with transaction.atomic():
        entries = check(sent, user, on, formfield_callback, lock=True)
        for entry in entries:
            if submit and entry.not_ready:
                entry.refuse(entry.not_ready)
        if any(entry.problems for entry in entries):
            raise CannotSave(entries)
        for entry in entries:
            try:
                _save(entry, user, reason=reason, submit=submit)
            except ValidationError as error:
                entry.refuse(" ".join(error.messages))
                raise CannotSave(entries) from error
    return entries


def _save(entry: Entry, user, *, reason: str, submit: bool) -> None:
    report = entry.form.enter(by=user, reason=reason)
    if entry.evidence and entry.evidence.has_changed():
        evidence = entry.evidence.save(commit=False)
        evidence.report = report
        explain(evidence, reason=reason, by=user)
        evidence.save()
    if submit:
        workflow.submit(report, by=user)
