"""The bytes of a document as text in one spelling."""

import contextlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpis.importers.pr_document.normalise import NotReadable, decode, plain

# Decoding


def test_utf_8_is_read_with_and_without_a_byte_order_mark():
    assert decode("事業目的\n".encode()) == decode("事業目的\n".encode("utf-8-sig")) == "事業目的\n"


def test_every_line_end_becomes_a_line_feed():
    assert decode("一\r\n二\r三\n四".encode()) == "一\n二\n三\n四"


def test_a_form_feed_ends_no_line():
    assert decode("一\f二".encode()) == "一\f二"


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_jp", "iso2022_jp", "utf-16"])
def test_another_encoding_is_refused(encoding):
    with pytest.raises(NotReadable):
        decode("令和6年度予算案額".encode(encoding))


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", "\ufeff".encode(), "\u3000\n".encode(), b"%PDF-1.7\0", b"\xff\xfe"])
def test_a_blank_or_binary_file_is_refused(data):
    with pytest.raises(NotReadable):
        decode(data)


@pytest.mark.usefixtures("english")
def test_the_message_says_which_byte_is_not_utf_8():
    with pytest.raises(NotReadable, match="byte 4"):
        decode("年".encode() + b"\x93")


@given(st.binary())
def test_no_file_raises_anything_but_not_readable(data):
    with contextlib.suppress(NotReadable):
        assert "\r" not in decode(data)


# One spelling


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("令和６年度　１．２億円（１０％）", "令和6年度 1.2億円(10%)"),
        ("ＪＥＴＲＯ：６０～７０件", "JETRO:60~70件"),
        ("⾦額", "金額"),  # a radical of the PDF's font
        ("鉍物資源、一步、学术、融资", "鉱物資源、一歩、学術、融資"),
    ],
)
def test_figures_letters_and_signs_are_half_width_and_misread_glyphs_mended(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize("text", ["①②⑳", "Ⅳ", "㈱", "10²", "−5", "データ", "〜", "一\n二\f"])
def test_labels_and_signs_of_their_own_stay(text):
    assert plain(text) == text


@given(st.text())
def test_the_plain_text_keeps_length_and_lines(text):
    assert len(plain(text)) == len(text)
    assert plain(text).split("\n") == [plain(line) for line in text.split("\n")]


@given(st.text())
def test_the_plain_text_is_plain_itself(text):
    assert plain(plain(text)) == plain(text)


@given(st.characters(categories=["No", "Nl"]))
def test_no_label_becomes_a_digit(label):
    assert not any(unicodedata.category(sign) == "Nd" for sign in plain(label))
