"""Encodings: what is found by itself, what is named, and what is said of bytes that are neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import ConfigError
from prelabel.inputs.encodings import (
    UTF8,
    Coding,
    coding_of,
    decode_text,
    describe_readings,
    swallows,
)


@pytest.mark.parametrize(
    ("first", "name", "coding", "mark"),
    [
        (b"a,b", None, UTF8, b""),
        (b"", None, UTF8, b""),
        (b"\xef\xbb\xbfa", None, UTF8, b"\xef\xbb\xbf"),
        (b"\xff\xfea\0", None, Coding("utf-16-le", 2), b"\xff\xfe"),
        (b"\xfe\xff\0a", "cp1252", Coding("utf-16-be", 2), b"\xfe\xff"),
        (b"\xff\xfe\0\0a\0\0\0", None, Coding("utf-32-le", 4), b"\xff\xfe\0\0"),
        (b"\0\0\xfe\xff", None, Coding("utf-32-be", 4), b"\0\0\xfe\xff"),
        (b"a,b", "Latin-1", Coding("iso8859-1"), b""),
        (b"a,b", "utf-8-sig", UTF8, b""),
        (b"a\0", "UTF16", Coding("utf-16-le", 2), b""),
        (b"a\0", "utf-32", Coding("utf-32-le", 4), b""),
    ],
)
def test_coding_of(first: bytes, name: str | None, coding: Coding, mark: bytes) -> None:
    """Marks count most, then names, then UTF-8."""
    assert coding_of(first, name) == (coding, mark)


@pytest.mark.parametrize("name", ["utf-9", "", "a\0b", "x" * 1000])
def test_no_encoding(name: str) -> None:
    """What Python knows no encoding by is refused, shortened."""
    with pytest.raises(ConfigError, match="no encoding is called") as caught:
        coding_of(b"", name)
    assert len(str(caught.value)) < 500


@given(
    text=st.text(st.characters(exclude_categories=["Cs"])), name=st.sampled_from(["utf-8", "utf-16-le", "utf-32-be"])
)
def test_round_trip(text: str, name: str) -> None:
    """Bytes to text and back; to UTF-8 likewise."""
    coding, _ = coding_of(b"", name)
    raw = coding.encode(text)
    assert (coding.decode(raw), coding.to_utf8(raw).decode()) == (text, text)


def test_letters_that_an_encoding_lacks() -> None:
    """They are written as escapes, lone surrogates of file names too."""
    assert Coding("cp1252").encode("€ 日") == b"\x80 \\u65e5"
    assert UTF8.encode("a\udce9") == b"a\\udce9"


def test_swallows() -> None:
    """Second bytes of two-byte letters: never delimiters that are usual, in some encodings bars."""
    assert swallows(Coding("shift_jis"), "|")
    assert swallows(Coding("gbk"), "|")
    for name in ("shift_jis", "gbk", "big5", "euc_kr", "cp1252", "utf-8"):
        assert not any(swallows(Coding(name), mark) for mark in ',;\t"\r\n')


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_small_files(name: str) -> None:
    """UTF-8 and whatever a mark tells; the mark is no text."""
    assert decode_text('{"é": 1}'.encode(name), "the config c.json") == '{"é": 1}'


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (
            '{\n"é": 1}'.encode("cp1252"),
            r"the config c is not UTF-8, on line 2: byte 0xe9 .*'é' as cp1252.*; name the right one with --enc",
        ),
        (
            "{}".encode("utf-16-le"),
            "the config c is UTF-16 or UTF-32 without a byte order mark: name the right one with --encoding, or",
        ),
        ("{}".encode("utf-16")[:-1], "the config c is not UTF-16-LE"),
    ],
)
def test_small_files_in_other_encodings(content: bytes, part: str) -> None:
    """They are refused with what they seem to be, and the remedy."""
    with pytest.raises(ConfigError, match=part):
        decode_text(content, "the config c")


@given(sample=st.binary(min_size=1, max_size=200), start=st.integers(0, 199))
def test_any_bytes_are_described(sample: bytes, start: int) -> None:
    """Whatever the bytes: a message of bounded length, and no failure."""
    assert 0 < len(describe_readings(sample, min(start, len(sample) - 1))) < 1500
    assert len(describe_readings(sample * 1000, min(start, len(sample) - 1))) < 1500


def test_small_files_in_a_named_encoding() -> None:
    """The name, which is the CSV's, is tried where the file is not UTF-8 and has no mark."""
    text = '{"é": 1}'
    for name in ("cp1252", "utf-16-le", "utf-32-be"):
        assert decode_text(text.encode(name), "the config c", name) == text
    for written_as in ("utf-8", "utf-8-sig", "utf-16"):
        assert decode_text(text.encode(written_as), "the config c", "cp1252") == text
    with pytest.raises(ConfigError, match=r"the config c is not ASCII, on line 1: .*'é' as cp1252"):
        decode_text(text.encode("cp1252"), "the config c", "ascii")
