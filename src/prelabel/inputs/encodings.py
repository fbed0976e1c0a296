"""How text is written as bytes: UTF-8 and what a byte order mark tells by themselves, everything else by name.

An encoding is never guessed and taken: bytes that are not UTF-8 are refused, with what the likely encodings would make
of them, for whoever knows the text to name the right one.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from prelabel.errors import ConfigError
from prelabel.inputs.likely_encodings import CANDIDATES, WIDE, likely_encodings
from prelabel.records import Record
from prelabel.spelling import did_you_mean, listed, quoted, short

_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAVE = "name the right one with --encoding, or save it as UTF-8"
_MAX_NAMES = 2  # of encodings that read the same
_MAX_SHOWN = 40
_SAMPLE_BYTES = 1 << 16
_STATEFUL_PROBE = "+AGE-~{!!~}\x1b$B!!\x1b(B"  # what shifts state in UTF-7, HZ and ISO-2022


class Coding(Record, frozen=True):
    """An encoding in which cells can be told apart byte by byte.

    Attributes:
        name: Python's name of it.
        unit: bytes of its smallest unit: 2 for UTF-16, 4 for UTF-32, else 1. ASCII characters are one unit.
    """

    name: str = "utf-8"
    unit: int = 1

    def decode(self, raw: bytes) -> str:
        """Return the text. Raises UnicodeDecodeError."""
        return raw.decode(self.name)

    def to_utf8(self, raw: bytes) -> bytes:
        """Return the same text in UTF-8. Raises UnicodeDecodeError."""
        return raw if self.name == "utf-8" else raw.decode(self.name).encode()

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text; characters that the encoding lacks are written as escapes."""
        return text.encode(self.name, "backslashreplace")


UTF8 = Coding()


def coding_of(first: bytes, name: str | None = None) -> tuple[Coding, bytes]:
    """Find out how bytes are written.

    Args:
        first: the first bytes of a file, four at least if it has them.
        name: the encoding that was named; a byte order mark, which no other text begins with, counts more.

    Returns:
        (coding, mark): the encoding, and the byte order mark that the bytes begin with.

    Raises:
        ConfigError: nothing is called so, or cells cannot be told apart in it.
    """
    named = None if name is None else _named(name)
    for mark, marked in _BOMS:
        if first.startswith(mark):
            return _coding(marked), mark
    return named or UTF8, b""


@cache
def _named(name: str) -> Coding:
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError) as error:
        known = (*WIDE, *(name for group in CANDIDATES for name in group), "latin-1")
        remedy = did_you_mean(name, known) or f" write one such as {listed(known)}"
        raise ConfigError(
            f"no encoding is called {quoted(name, 100)}:{remedy}", field="encoding", value=name
        ) from error
    plain = codec.name.removesuffix("-sig")
    coding = _coding({"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(plain, plain))
    if not _keeps_ascii(coding):
        raise ConfigError(
            f"{quoted(name, 100)} cannot be read, since its bytes do not tell cells apart: save the file as UTF-8",
            field="encoding",
            value=name,
        )
    return coding


def _coding(name: str) -> Coding:
    return Coding(name, 4 if name.startswith("utf-32") else 2 if name.startswith("utf-16") else 1)


def _keeps_ascii(coding: Coding) -> bool:
    """Whether what is ASCII is written as in ASCII, wherever it stands, and read back so."""
    if coding.unit > 1:
        return True
    probe = "\t\r\n" + "".join(map(chr, range(32, 127))).replace("\\", "") + _STATEFUL_PROBE
    try:
        # Some have two codes for a character (mac_arabic), some cannot skip what they cannot read (idna).
        if coding.decode(probe.encode()) != probe or probe.encode(coding.name) != probe.encode():
            return False
        b"\xff".decode(coding.name, "replace")
        if len(coding.decode(b"\\u0041")) < 6:  # raw_unicode_escape reads more into it
            return False
    except (UnicodeError, LookupError):  # LookupError: a codec, but not of text
        return False
    return not any(swallows(coding, mark) for mark in "\t\r\n\",;'")


def swallows(coding: Coding, mark: str) -> bool:
    """Whether an ASCII character can be the second byte of another one."""
    if coding.unit > 1 or coding.name == "utf-8":
        return False
    for lead in range(128, 256):
        try:
            text = coding.decode(bytes([lead]) + mark.encode())
        except UnicodeDecodeError:
            continue
        if not text.endswith(mark):
            return True
    return False


def decode_text(content: bytes, what: str, name: str | None = None) -> str:
    """Return the text of a small file, a config or a schema: UTF-8, what its byte order mark says, or what was named.

    Args:
        content: the file's bytes.
        what: what to call it in the error.
        name: the encoding that was named, for the CSV: it is tried where the file is not UTF-8.

    Raises:
        ConfigError: it is written otherwise; what is likely is in the message.
    """
    coding, mark = coding_of(content)
    content = content[len(mark) :]
    if not mark and name is not None and not _is_utf8(content):
        coding, _ = coding_of(content, name)
    try:
        text = coding.decode(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        readings = describe_readings(content, error.start)
        raise ConfigError(f"{what} is not {coding.name.upper()}, on line {line}: {readings}; {_SAVE}") from error
    if "\0" in text[:4]:
        raise ConfigError(f"{what} is UTF-16 or UTF-32 without a byte order mark: {_SAVE}")
    return text


def _is_utf8(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def describe_readings(sample: bytes, start: int, most: int = 5) -> str:
    """Say what the likely encodings make of bytes that are not what they should be, the likeliest first.

    Args:
        sample: bytes from the begin of a line.
        start: where in them the first wrong byte is.
        most: readings to tell of.
    """
    sample = _whole_lines(sample[: start + _SAMPLE_BYTES])
    begin, end = _cell_around(sample, start)
    readings: dict[str, list[str]] = {}
    for name in likely_encodings(sample):
        text = sample[begin:end].decode(name, "replace")
        readings.setdefault(text, []).append(name)
    if not readings:
        return f"byte 0x{sample[start : start + 1].hex()} stands there, and no common encoding fits"
    likeliest = list(readings.items())[:most]
    shown = [f"{short(text, _MAX_SHOWN)!r} as {' or '.join(names[:_MAX_NAMES])}" for text, names in likeliest]
    return f"byte 0x{sample[start : start + 1].hex()} stands in what would be {', '.join(shown)}"


def _whole_lines(sample: bytes) -> bytes:
    """Leave out the last line where it may be cut within a character."""
    if len(sample) < _SAMPLE_BYTES or b"\n" not in sample:
        return sample
    return sample[: sample.rindex(b"\n") + 1]


def _cell_around(sample: bytes, start: int) -> tuple[int, int]:
    """Return where the cell around a byte begins and ends, as far as that shows in bytes of an unknown encoding."""
    begin = max((match.end() for match in re.finditer(rb'[,;\t"\r\n]', sample[:start])), default=0)
    after = re.compile(rb'[,;\t"\r\n]').search(sample, start)
    end = after.start() if after else len(sample)
    return (begin if start - begin <= 4 * _MAX_SHOWN else start), min(end, start + 4 * _MAX_SHOWN)
