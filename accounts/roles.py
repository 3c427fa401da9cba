"""Who may do what: the one table of roles.

A role gives permissions on models; which rows they reach is said by `visible_to` and `editable_by` on the QuerySets. Nobody may delete.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OFFICIAL = "official", _("official")
    REVIEWER = "reviewer", _("reviewer")
    AUDITOR = "auditor", _("auditor")
    ADMINISTRATOR = "administrator", _("administrator")


_BUDGET = (
    "organisation",
    "programme",
    "programmeorganisation",
    "programmesuccession",
    "budgetamount",
    "sourcedocument",
    "sourcetext",
    "sourcepassage",
)
_TARGETS = ("outcometarget", "targetlink", "yearlymilestone")
_REPORTS = ("progressreport", "evidence")
_FOLLOW_UP = ("closedmiss",)
_LOCKS = ("entrylock", "lockexception")
_SEALS = ("seal",)
_PROPOSALS = ("targetproposal", "programmematch")
_USERS = ("user", "posting")
_REMINDERS = ("sentreminder",)


def _permissions(app: str, actions: tuple[str, ...], models_: tuple[str, ...]) -> frozenset[str]:
    return frozenset(f"{app}.{action}_{model}" for action in actions for model in models_)


_READ = _permissions("budget", ("view",), _BUDGET) | _permissions("kpis", ("view",), _TARGETS + _REPORTS + _FOLLOW_UP + _LOCKS + _PROPOSALS)
_WRITE = ("view", "add", "change")

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OFFICIAL: _READ | _permissions("kpis", _WRITE, _REPORTS) | {"kpis.submit_progressreport", "kpis.change_targetproposal"},
    Role.REVIEWER: _READ | {"kpis.decide_progressreport", "kpis.close_missed_target"},
    Role.AUDITOR: _READ | _permissions("accounts", ("view",), _USERS + _REMINDERS) | _permissions("kpis", ("view",), _SEALS),
    Role.ADMINISTRATOR: _READ
    | _permissions("budget", _WRITE, _BUDGET)
    | _permissions("kpis", _WRITE, _TARGETS + _LOCKS)
    | _permissions("kpis", ("change",), _PROPOSALS)
    | _permissions("accounts", _WRITE, _USERS)
    | _permissions("accounts", ("view",), _REMINDERS)
    | _permissions("kpis", ("view",), _SEALS),
}
