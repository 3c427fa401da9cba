"""`manage.py attach_source`: a document's text is stored once its SHA-256 is the known one."""

from hashlib import sha256
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from budget.models import SourceText
from tests.factories import SourceDocumentFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]

TEXT = "\n令和6年度予算案額 1.2億円（1.2億円）\n以上向上"


@pytest.fixture
def attach(tmp_path):
    """Write the content into a file and attach it; gives back what the command says."""

    def run(content: bytes, known: bool = True) -> str:
        if known:
            SourceDocumentFactory._meta.model.objects.get_or_create(
                sha256=sha256(content).hexdigest(), defaults={"code": "pr", "title": "事業概要", "issued": "2023", "budget_year": 2024}
            )
        (tmp_path / "source.txt").write_bytes(content)
        call_command("attach_source", str(tmp_path / "source.txt"), stdout=(out := StringIO()))
        return out.getvalue()

    return run


def test_text_is_stored_in_the_lines_that_passages_count(attach):
    assert "pr: 3 lines attached" in attach(TEXT.encode())
    assert SourceText.objects.get().lines() == ["", "令和6年度予算案額 1.2億円（1.2億円）", "以上向上"]


def test_history_tells_that_the_text_was_attached_and_from_which_file(attach):
    attach(TEXT.encode())
    (row,) = SourceText.history.all()
    assert (row.history_type, row.history_change_reason) == ("+", "attach_source source.txt")


def test_attaching_again_changes_nothing(attach):
    attach(TEXT.encode())
    assert "nothing changes" in attach(TEXT.encode())
    assert SourceText.history.count() == 1


def test_lines_that_end_in_crlf_are_counted_like_others(attach):
    attach("一\r\n二\r\n".encode())
    assert SourceText.objects.get().lines() == ["一", "二", ""]


def test_byte_order_mark_is_no_part_of_the_text(attach):
    attach("一".encode("utf-8-sig"))
    assert SourceText.objects.get().text == "一"


def test_unknown_file_is_refused_with_its_sha256_and_the_known_documents(attach):
    known = SourceDocumentFactory(code="meti-2024-pr")
    with pytest.raises(CommandError) as refused:
        attach(b"another text", known=False)
    for said in (sha256(b"another text").hexdigest(), known.sha256, "meti-2024-pr"):
        assert said in str(refused.value)
    assert not SourceText.objects.exists()


def test_file_is_refused_where_no_document_is_known(attach):
    with pytest.raises(CommandError, match="Known documents: none"):
        attach(b"a text", known=False)


def test_text_that_is_not_utf8_is_refused(attach):
    with pytest.raises(CommandError, match="UTF-8"):
        attach("経済産業省".encode("cp932"))
    assert not SourceText.objects.exists()


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_empty_file_is_refused(attach, content):
    with pytest.raises(CommandError, match="empty"):
        attach(content)


def test_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("attach_source", str(tmp_path / "missing.txt"))


def test_directory_is_refused_in_words(tmp_path):
    with pytest.raises(CommandError, match="directory"):
        call_command("attach_source", str(tmp_path))
