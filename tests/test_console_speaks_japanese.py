"""What a command refuses, it refuses in Japanese."""

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("appoint", "suzuki", "auditor", "nowhere"), "というコードの組織はありません"),
        (("attach_source", "missing.txt"), "を読めません"),
        (("report", "overdue", "--on", "soon"), "のように"),
        (("export_open_data", "anywhere", "--on", "soon"), "のように"),
    ],
)
def test_command_refuses_in_japanese(arguments, said):
    with pytest.raises(CommandError, match=said):
        call_command(*arguments)


def test_fixture_is_refused_in_japanese(tmp_path):
    (tmp_path / "bad.json").write_text("[{")
    with pytest.raises(CommandError, match="何も読み込んでいません"):
        call_command("loaddata", str(tmp_path / "bad.json"))
