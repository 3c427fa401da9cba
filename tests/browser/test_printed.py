"""The overdue report on paper: printed to PDF, opened and read."""

import unicodedata
from io import BytesIO, StringIO

import pytest
from django.core.management import call_command
from pypdf import PdfReader

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

A4_LANDSCAPE = (842, 595)  # 297 mm and 210 mm in points of 1/72 inch
HEAD = "状況成果目標目標期限実績値主担当組織"
ONLY_ON_SCREEN = ("ログイン", "検索", "概況", "各種報告", "ほかの報告", "条件を消す", "ダウンロード", "列の定義", "言語", "先月末")


def read(text: str) -> str:
    """Text without the white space of its layout. Fonts name one sign for all that look alike: ⽬ for 目, ‧ for ・."""
    alike = str.maketrans("⺠⻑‧", "民長・")
    return "".join(unicodedata.normalize("NFKC", text).translate(alike).split())


def test_overdue_report_is_a_document_to_hand_over(visit):
    call_command("demo", stdout=StringIO())
    page = visit("/reports/overdue/?on=2026-11-23")
    indicators = page.locator("table.targets a.indicator").all_inner_texts()
    missed, unreported = page.locator(".tiles strong").all_inner_texts()
    assert len(indicators) == int(missed) + int(unreported) > 30  # all of them stand on one page

    printed = PdfReader(BytesIO(page.pdf(prefer_css_page_size=True)))

    assert {tuple(round(side) for side in sheet.mediabox[2:]) for sheet in printed.pages} == {A4_LANDSCAPE}
    sheets = [read(sheet.extract_text()) for sheet in printed.pages]
    assert [f"{number}/{len(sheets)}" in sheet for number, sheet in enumerate(sheets, 1)] == [True] * len(sheets)
    with_rows = [sheet for sheet in sheets if "未報告" in sheet.partition("局・庁別の集計")[0]]
    assert [HEAD in sheet for sheet in with_rows] == [True] * len(with_rows)
    whole = "".join(sheets)
    assert [indicator for indicator in indicators if read(indicator) not in whole] == []
    for told in (
        "期限超過の成果目標",
        "令和8年11月23日(2026-11-23)現在の状況。",
        f"{len(indicators)}件の目標",
        f"全局・庁{missed}{unreported}{len(indicators)}",
        "/reports/overdue/?on=2026-11-23",
    ):
        assert told in whole
    assert [words for words in ONLY_ON_SCREEN if words in whole] == []
