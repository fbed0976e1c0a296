"""How text is written as bytes: UTF-8 and what a byte order mark tells by themselves, everything else by name.

An encoding is never guessed and taken: bytes that are not UTF-8 are refused, with what the likely encodings would make
of them, for whoever knows the text to name the right one.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from prelabel.errors import ConfigError
from prelabel.spelling import did_you_mean, quoted, short

_BOMS = (  # UTF-32 first: its mark begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_CANDIDATES = (  # of names in a group the first that fits; before others of equal likelihood
    ("cp1252",),
    ("cp1250",),
    ("cp1251",),
    ("shift_jis", "cp932"),
    ("gbk", "gb18030"),
    ("big5",),
    ("euc_kr", "cp949"),
    ("mac_roman",),
    ("cp850",),
)
_LATIN = {"cp1252": 0.0, "cp1250": 0.0, "mac_roman": 0.2, "cp850": 0.2}  # the last two are rare by now
_FREQUENT = {  # first bytes of the frequent characters; in cp949 those that euc_kr lacks are rare
    "shift_jis": (0x88, 0x97),
    "cp932": (0x88, 0x97),
    "gbk": (0xB0, 0xD7),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "euc_kr": (0xB0, 0xC8),
    "cp949": (0xB0, 0xC8),
}
_MAX_READINGS = 5
_MAX_SHOWN = 40
_SAMPLE_BYTES = 1 << 16
_STATEFUL_PROBE = "+AGE-~{!!~}\x1b$B!!\x1b(B"  # what shifts state in UTF-7, HZ and ISO-2022


@dataclass(frozen=True, slots=True)
class Coding:
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
        known = ("utf-8", *_WIDE, *(name for group in _CANDIDATES for name in group), "latin-1")
        hint = did_you_mean(name, known) or f" some that are: {', '.join(known)}"
        raise ConfigError(f"no encoding is called {quoted(name, 100)}:{hint}", field="encoding", value=name) from error
    plain = codec.name.removesuffix("-sig")
    coding = _coding({"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(plain, plain))
    if not _keeps_ascii(coding):
        raise ConfigError(
            f'"{name}" cannot be read, since its bytes do not tell cells apart: save the file as UTF-8',
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


def decode_text(content: bytes, what: str) -> str:
    """Return the text of a small file, a config or a schema: UTF-8, or what its byte order mark says.

    Args:
        content: the file's bytes.
        what: what to call it in the error.

    Raises:
        ConfigError: it is written otherwise; what is likely is in the message.
    """
    coding, mark = coding_of(content)
    try:
        text = coding.decode(content[len(mark) :])
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        readings = describe_readings(content[len(mark) :], error.start)
        raise ConfigError(
            f"{what} is not {coding.name.upper()}, on line {line}: {readings}; save it as UTF-8"
        ) from error
    if "\0" in text[:4]:
        raise ConfigError(f"{what} is UTF-16 or UTF-32 without a byte order mark: save it as UTF-8")
    return text


def describe_readings(sample: bytes, start: int) -> str:
    """Say what the likely encodings make of bytes that are not what they should be, the likeliest first.

    Args:
        sample: bytes from the begin of a line.
        start: where in them the first wrong byte is.
    """
    sample = _whole_lines(sample[: start + _SAMPLE_BYTES])
    begin, end = _cell_around(sample, start)
    readings: dict[str, list[str]] = {}
    for name in likely_encodings(sample):
        text = sample[begin:end].decode(name, "replace")
        readings.setdefault(text, []).append(name)
    if not readings:
        return f"byte 0x{sample[start : start + 1].hex()} stands there, and no common encoding fits"
    likeliest = list(readings.items())[:_MAX_READINGS]
    shown = [f"{short(text, _MAX_SHOWN)!r} as {' or '.join(names)}" for text, names in likeliest]
    return f"byte 0x{sample[start : start + 1].hex()} stands in what would be {', '.join(shown)}"


def likely_encodings(sample: bytes) -> list[str]:
    """Return the common encodings that bytes may be in, the likeliest first.

    Many NUL bytes tell UTF-16 and UTF-32. Of the others those stay in which all bytes mean something, ordered by how
    much the result looks like words.
    """
    if wide := wide_encodings(sample):
        return wide
    scores: dict[str, float] = {}
    for group in _CANDIDATES:
        for name in group:
            try:
                text = sample.decode(name)
            except UnicodeDecodeError:
                continue
            if any("\ue000" <= letter <= "\uf8ff" for letter in text):
                continue  # letters of private use: the bytes mean something only to their maker
            scores[name] = _plausibility(text, name)
            break
    return sorted(scores, key=scores.__getitem__, reverse=True)


def wide_encodings(sample: bytes) -> list[str]:
    """Return which of UTF-16 and UTF-32 bytes without a mark must be in: their many NULs tell."""
    if sample.count(b"\0") * 32 < len(sample) or b"\0" not in sample:
        return []
    return [name for name in _WIDE if _is_wide(sample, name)]


def _is_wide(sample: bytes, name: str) -> bool:
    """Whether bytes with NULs among them are text in UTF-16 or UTF-32."""
    unit = 4 if name.startswith("utf-32") else 2
    try:
        text = sample[: len(sample) // unit * unit].decode(name)
    except UnicodeDecodeError:
        return False
    return "\0" not in text and any(mark in text for mark in ",;\t\n\r{")


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


def _plausibility(text: str, name: str) -> float:
    """Return how much a text looks like words, per character beyond ASCII; higher is likelier."""
    scores: list[float] = []
    for word in re.finditer(r"[^\x00-\x7f]+", text):
        letters = word.group()
        before, after = text[max(0, word.start() - 1) : word.start()], text[word.end() : word.end() + 1]
        if name in _LATIN:
            scores += [_latin_score(letters, before, after) - _LATIN[name]] * len(letters)
        elif name == "cp1251":
            is_word = not before.isalpha() and not after.isalpha() and {*map(_script, letters)} == {"CYRILLIC"}
            scores += [1.0 if is_word and _is_cased(letters) else -0.5] * len(letters)
        elif before.isalpha() and after.isalpha():
            scores += [-0.5] * len(letters)
        else:
            scores += [_asian_score(letter, name) for letter in letters]
    return sum(scores) / len(scores) if scores else 0.0


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _is_cased(letters: str) -> bool:
    """Whether no capital follows a small letter."""
    return not any(one.islower() and other.isupper() for one, other in pairwise(letters))


def _latin_score(letters: str, before: str, after: str) -> float:
    """Accented letters stand among others, a few at a time; signs stand between words."""
    if any(unicodedata.category(letter) in {"Cc", "Cn", "Co"} for letter in letters):
        return -2.0
    if not letters.isalpha():
        return -0.5 if before.isalpha() and after.isalpha() else 0.6
    if len(letters) > 4 or not _is_cased(before + letters + after):
        return -0.5
    return 1.0


def _asian_score(letter: str, name: str) -> float:
    """Common characters come first in each standard: that is what tells text from chance."""
    script = _script(letter)
    if script in {"HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC"}:
        return 1.0
    if script not in {"CJK", "HANGUL"}:
        return -0.5
    lead = letter.encode(name)[0]
    first, last = _FREQUENT[name]
    frequent = 1.0 if script == "HANGUL" else 0.8
    return frequent if first <= lead <= last else -0.5
