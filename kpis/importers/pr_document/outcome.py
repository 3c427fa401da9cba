"""What an import did: of each programme what became of it, what changed, and what was not changed."""

from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy

_BECAME = {"added": gettext_lazy("added"), "known": gettext_lazy("known"), "held_back": gettext_lazy("held back")}


@dataclass
class Difference:
    """One thing that the document says otherwise than the database did: what it is of, what was there, and what is printed."""

    what: str
    field: str
    old: str
    new: str

    @property
    def in_short(self) -> dict[str, str]:
        """Its parts on one line each, a long one cut; – for nothing."""
        shown = {name: " ".join(words.split()) for name, words in asdict(self).items()}
        return {name: f"{words[:200]}…" if len(words) > 200 else words or "–" for name, words in shown.items()}


@dataclass
class Told:
    """What became of one printed programme: `added`, `known`, or `held_back` until a person says which known programme it is."""

    number: int
    title: str
    line: int
    became: str
    code: str = ""
    changes: list[Difference] = field(default_factory=list)
    conflicts: list[Difference] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    candidates: list[dict[str, str]] = field(default_factory=list)
    proposals: int = 0
    proposals_with_doubts: int = 0

    @property
    def became_in_words(self) -> str:
        return str(_BECAME[self.became])

    @property
    def altered(self) -> list[Difference]:
        """What was there before and was changed; filling in what was blank is none."""
        return [change for change in self.changes if change.old or not change.field] if self.became == "known" else []

    @property
    def says_something(self) -> bool:
        return bool(self.became != "known" or self.altered or self.conflicts or self.doubts or self.proposals)


@dataclass
class Outcome:
    """What an import did, all of it."""

    document: str
    sha256: str
    issuer: str
    fiscal_year: int
    is_known: bool  # whether the very same file was imported before
    programmes: list[Told] = field(default_factory=list)
    gone: list[dict[str, str]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, int]:
        """How many programmes became what, and how many targets are proposed."""
        became = {name: sum(told.became == name for told in self.programmes) for name in _BECAME}
        return became | {name: sum(getattr(told, name) for told in self.programmes) for name in ("proposals", "proposals_with_doubts")}

    @property
    def filled_in(self) -> int:
        """In how many known programmes something was blank that is filled in now."""
        return sum(told.became == "known" and len(told.changes) > len(told.altered) for told in self.programmes)

    @property
    def changes_nothing(self) -> bool:
        return self.is_known and not any(told.changes or told.proposals or told.became == "added" for told in self.programmes)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"changes_nothing": self.changes_nothing}
