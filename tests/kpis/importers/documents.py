"""Small PR documents in the layout of a ministry's: a head, then programmes with budget line, organisations and sections."""

from dataclasses import dataclass

from budget.fiscal import era_year_name
from kpis.importers.pr_document.load import load
from kpis.importers.pr_document.normalise import decode
from kpis.importers.pr_document.outcome import Outcome

GOAL = "令和8年度までに、設備を改めた企業の数を60社以上とする。"


@dataclass(frozen=True)
class Printed:
    """A programme as a document prints it. A part that is "" is not printed, with its heading."""

    title: str = "港湾設備改修事業"
    draft: str = "1.2億円"
    previous: str = "1.1億円"
    note: str = ""
    organisations: str = "経済産業政策局産業資金課"  # a line for each
    purpose: str = "港を使いやすくする。"
    overview: str = "設備を改める。"
    scheme: str = "国から団体へ補助する。"
    goal: str = GOAL

    def text(self, year: str) -> str:
        budget = f"{year}予算案額 {self.draft}（{self.previous}）{self.note}"
        head = "\n\n".join(filter(None, [self.title, budget, self.organisations]))
        sections = {
            "事業目的": self.purpose,
            "事業概要": self.overview,
            "事業スキーム（対象者、対象行為、補助率等）": self.scheme,
            "成果目標": self.goal,
        }
        told = "".join(f"{heading}\n\n{words}\n\n" for heading, words in sections.items() if words)
        return f"{head}\n\n事業の内容\n\n{told}"


def document(*programmes: Printed, fiscal_year: int = 2024, ministry: str = "経済産業省") -> str:
    """The text of an edition, which the ministry issued in the December before."""
    year = era_year_name(fiscal_year)
    issued = f"{era_year_name(fiscal_year - 1, '年')}12月"
    head = "\n\n".join(filter(None, [f"{year}予算案の事業概要 (PR資料：一般会計)", issued, ministry]))
    return f"\n\n{head}\n\n" + "".join(programme.text(year) for programme in programmes)


def imported(text: str, *, by, **options) -> Outcome:
    """What importing the document did."""
    content = text.encode()
    return load(content, decode(content), by=by, **options)


def lines_of(text: str, first: int, last: int) -> str:
    """Lines of a text, counted from 1, both ends included."""
    return "\n".join(text.split("\n")[first - 1 : last])
