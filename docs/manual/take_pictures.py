"""Takes the pictures of the manual anew: serve a new database with `make demo`, then `python docs/manual/take_pictures.py`.

It enters and decides results like the people of the manual: the database is of no other use afterwards. Needs Chromium and a Japanese font.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
SITE = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
CERTIFIED_LEATHER = "meti-2024-064-04"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def log_in(browser: Browser, role: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ja-JP").new_page()
    page.goto(f"{SITE}/admin/login/")
    page.fill("#id_username", f"demo-{role}")
    page.fill("#id_password", f"seika-demo-{role}")
    page.click("[type=submit]")
    return page


def take(page: Page, name: str, *, height: int = 1100) -> None:
    """The top of the page, as high as the picture is to be."""
    page.set_viewport_size({"width": 1280, "height": height})
    page.screenshot(path=HERE / f"{name}.png")


def pictures_of_an_official(browser: Browser) -> None:
    page = log_in(browser, "official")
    take(page, "official-work")
    page.goto(f"{SITE}/targets/{CERTIFIED_LEATHER}/")
    page.click(".doors a")
    page.fill("#id_value", "1,249")
    page.fill("#id_reason", "認定の審査が年度をまたいだため。")
    page.fill("#id_evidence-0-citation", "日本皮革技術協会 認定一覧")
    page.click("[name=_preview]")
    take(page, "official-entry", height=1900)
    page.click("[name=_save]")
    colleague = page.context.new_page()
    colleague.goto(page.url)
    page.fill("#id_narrative", "3月末の認定数による。")
    page.click("[name=_save]")
    colleague.fill("#id_value", "1250")
    colleague.fill("#id_reason", "")
    colleague.click("[name=_save]")
    take(colleague, "official-conflict", height=1200)
    colleague.click("[name=_submit]")


PRINTED = """令和7年度予算案の事業概要 (PR資料：一般会計)

令和6年12月

工業用水道事業費

令和7年度予算案額 21億円（20億円）

事業の内容

事業目的

工業用水の供給を支える。

事業概要

施設の強靱化を支援する。

事業スキーム（対象者、対象行為、補助率等）

補助

成果目標

基幹管路の耐震化適合率を令和7年度までに65%以上を目指し、受水企業の操業に影響する供給支障件数を、令和24年度までに0件まで減らすことを目標とする。

デジタル技術を用いた広域化に向け、令和10年度までに累計10件以上の事業モデルの創出を目指す。利用企業の理解も深める。
"""


def pictures_of_an_administrator(browser: Browser) -> None:
    page = log_in(browser, "administrator")
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "pr.txt")
        document.write_text(PRINTED, encoding="utf-8")
        page.goto(f"{SITE}/admin/kpis/targetproposal/import/")
        for button in ("_check", "_import"):
            page.set_input_files("#id_file", document)
            page.fill("#id_issuer", "経済産業省")
            page.click(f"[name={button}]")
            if button == "_check":
                take(page, "administrator-import", height=1100)
    page.goto(f"{SITE}/admin/kpis/targetproposal/review/meti-2024-009/")
    take(page, "administrator-review", height=1300)


def pictures_of_a_reviewer(browser: Browser) -> None:
    page = log_in(browser, "reviewer")
    take(page, "reviewer-work")
    page.click("#decide >> xpath=ancestor::section >> a.indicator >> nth=0")
    take(page, "reviewer-decision", height=1700)
    page.goto(f"{SITE}/reports/overdue/?status=missed")
    page.click("table.targets a.indicator >> nth=0")
    page.click(".doors a[href*=close-miss]")
    page.fill("[name=reason]", "【例】後継事業の目標に引き継いだため。")
    page.click(".submit-row button")
    page.goto(f"{SITE}/reports/closed-misses/")
    take(page, "reviewer-closed", height=800)


def pictures_of_an_auditor(browser: Browser) -> None:
    page = log_in(browser, "auditor")
    page.goto(f"{SITE}/targets/{CERTIFIED_LEATHER}/")
    take(page, "auditor-target")
    page.goto(f"{SITE}/admin/kpis/progressreport/?q={CERTIFIED_LEATHER}")
    page.click("#result_list tbody a >> nth=0")
    page.click(".historylink")
    take(page, "auditor-history")


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        pictures_of_an_official(browser)
        pictures_of_a_reviewer(browser)
        pictures_of_an_auditor(browser)
        pictures_of_an_administrator(browser)
        browser.close()


if __name__ == "__main__":
    main()
