"""A changed edition of a document comes over the fixtures: every difference is told, and people decide what only they can.

The document's text is not shipped: SEIKA_SOURCE_DOCUMENT names the file.
"""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.roles import Role
from budget.models import BudgetAmount, Organisation, Programme
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal
from tests.factories import PostingFactory, UserFactory
from tests.kpis.importers.documents import Printed

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "meti2024").glob("*.json"))

pytestmark = pytest.mark.django_db

NEW = Printed("地域未来共創実証事業", "3.3億円", "新規", organisations="", goal="令和10年度までに、実証に加わる企業の30%以上が製品を出す。")
NUMBERS = {
    "令和6年度予算案額 16億円（15億円）": "令和6年度予算案額 17億円（15億円）",
    "262億円（266億円）": "262億円（267億円）",
    "令和6年度予算案額 5.9億円（新規）": "令和6年度予算案額 6.9億円（新規）",
    "行政手続等400件": "行政手続等450件",
    "女性起業家の割合を20%以上": "女性起業家の割合を25%以上",
}
TITLES = {
    "\n経済産業統計の整備\n": "\n経済産業統計の整備・提供\n",
    "\n日韓産業技術協力共同事業体拠出金\n": "\n日韓産業技術協力事業費拠出金\n",
}
GONE = "meti-2024-017"


@pytest.fixture
def edition(tmp_path) -> Path:
    """The document with five other numbers, two other titles, one programme less and one more."""
    path = os.environ.get("SEIKA_SOURCE_DOCUMENT")
    if not path:
        pytest.skip("SEIKA_SOURCE_DOCUMENT is not set")
    text = Path(path).read_text(encoding="utf-8")
    begins = text.index("\n北東アジア経済交流等事業\n")
    text = text[:begins] + text[text.index("\n日韓産業技術協力共同事業体拠出金\n") :]
    for old, new in (NUMBERS | TITLES).items():
        places = text.count(old)
        assert places == 1, (old, places)
        text = text.replace(old, new)
    (tmp_path / "edition.txt").write_text(f"{text}\n\n{NEW.text('令和6年度')}", encoding="utf-8")
    return tmp_path / "edition.txt"


def yen(code: str, year: int, stage: str) -> int | None:
    return BudgetAmount.objects.get(programme__code=code, fiscal_year=year, stage=stage).amount_yen


def test_an_altered_edition_is_imported_told_and_decided(client, edition, tmp_path):
    call_command("loaddata", *map(str, FIXTURES), verbosity=0)
    administrator = UserFactory(username="administrator")
    PostingFactory(user=administrator, organisation=Organisation.objects.get(parent=None), role=Role.ADMINISTRATOR)
    targets = list(OutcomeTarget.objects.order_by("pk").values())
    call_command("import_pr_document", str(edition), by="administrator", report=tmp_path / "report.json", verbosity=0)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    # Every difference is told, and nothing else.
    told = {one["code"] or one["title"]: one for one in report["programmes"]}
    differs = {name for name, one in told.items() if one["became"] != "known" or one["conflicts"] or any(c["old"] for c in one["changes"])}
    assert differs == {
        "meti-2024-001", "経済産業統計の整備・提供", "meti-2024-005", "meti-2024-010", "日韓産業技術協力事業費拠出金", "meti-2024-019",
        told_new(report)["code"],
    }  # fmt: skip
    assert told_new(report)["title"] == NEW.title
    assert [one["code"] for one in report["gone"]] == [GONE]

    def pairs(name, kind):
        return [(each["old"], each["new"]) for each in told[name][kind]]

    (first,), (second,) = pairs("meti-2024-001", "conflicts"), pairs("meti-2024-005", "conflicts")
    assert ("400件" in first[0], "450件" in first[1]) == (True, True)
    assert ("20%" in second[0], "25%" in second[1]) == (True, True)
    assert ("26600000000", "26700000000") in pairs("meti-2024-010", "changes")
    assert ("590000000", "690000000") in pairs("meti-2024-019", "changes")
    assert ("16億円", "17億円") in pairs("経済産業統計の整備・提供", "conflicts")
    held_back = {name: [each["code"] for each in one["candidates"]] for name, one in told.items() if one["became"] == "held_back"}
    assert held_back == {"経済産業統計の整備・提供": ["meti-2024-002"], "日韓産業技術協力事業費拠出金": ["meti-2024-018"]}

    # What is told is so, and no target changed.
    assert (yen("meti-2024-010", 2023, "initial"), yen("meti-2024-019", 2024, "draft")) == (26_700_000_000, 690_000_000)
    assert yen("meti-2024-002", 2024, "draft") == 1_600_000_000
    assert list(OutcomeTarget.objects.order_by("pk").values()) == targets
    assert Programme.objects.count() == 114
    assert BudgetAmount.objects.filter(programme__code=GONE).count() == 2

    # A person says what the two renamed programmes are: one is the same, the other goes on from the one before.
    client.force_login(administrator)
    same, successor = ProgrammeMatch.objects.order_by("number")
    for match, decision in ((same, "same"), (successor, "successor")):
        page = reverse("admin:kpis_programmematch_change", args=(match.pk,))
        assert match.ground in client.get(page).content.decode()
        client.post(reverse("admin:kpis_programmematch_decide", args=(match.pk,)), {"decision": decision, "reason": "予算書で確かめた。"})
    renamed = Programme.objects.get(code="meti-2024-002")
    assert (renamed.title, yen(renamed.code, 2024, "draft")) == ("経済産業統計の整備・提供", 1_700_000_000)
    new = Programme.objects.get(title="日韓産業技術協力事業費拠出金")
    assert [each.predecessor.code for each in new.origins.all()] == ["meti-2024-018"]
    assert OutcomeTarget.objects.filter(programme=renamed).exists()
    assert list(OutcomeTarget.objects.order_by("pk").values()) == targets

    # … and confirms what the new programme aims at.
    proposal = TargetProposal.objects.get(programme__title=NEW.title)
    page = reverse("admin:kpis_targetproposal_review", args=(proposal.programme.code,))
    assert NEW.goal.split("30%")[0].split("、")[1] in client.get(page).content.decode()
    assert client.post(page, {"proposal": proposal.code, "_confirm": "1"}).status_code == 302
    target = OutcomeTarget.objects.get(programme=proposal.programme)
    assert (target.value, target.unit, target.due_fy) == (Decimal(30), "%", 2028)
    lines = edition.read_text(encoding="utf-8").split("\n")
    assert lines[target.passage.line_from - 1] == NEW.goal
    assert client.get(reverse("kpis:target", args=(target.code,))).status_code == 200

    # The same file again finds nothing to do.
    call_command("import_pr_document", str(edition), by="administrator", report=tmp_path / "again.json", verbosity=0)
    again = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert again["changes_nothing"]


def told_new(report) -> dict:
    (new,) = [one for one in report["programmes"] if one["became"] == "added"]
    return new
