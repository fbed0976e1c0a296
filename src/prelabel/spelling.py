"""Words as people and programs misspell them: what differs from which known word, and how messages show them.

One table, :data:`DIFFERENCES`, names what goes wrong with column names, options, class names, external IDs and file
names on their way through spreadsheets, file systems and other tools. Each entry's function takes its difference away;
two words that are the same afterwards differ in nothing else.
"""

from __future__ import annotations

import difflib
import json
import posixpath
import re
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

MAX_SHOWN_CHARS = 200
MAX_LISTED = 20
_MAX_ALIKE = 8  # known words of one form that are compared; more tell no more
_MOST_COMPARED = 20_000  # known words that are compared letter by letter; each takes some 50 microseconds
_QUOTES = "\"'`\u00b4\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"
_TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-") | dict.fromkeys("\u2018\u2019", "'")
)
_LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d+(?![0-9A-Za-z]))")
_POINT_ZERO = re.compile(r"(?<=\d)\.0+$")
_INNER_POINT_ZERO = re.compile(r"(?<=\d)\.0+(?=\.[a-z]\w*$)", re.IGNORECASE)
_PUNCTUATION = ";,|.:"
_BRACKETS = frozenset("[({<")
_IN_BRACKETS = re.compile(r"^[\[({<](.*)[\])}>]$", re.DOTALL)
_QUERY = re.compile(r"(?<=\w)(\.[a-z]\w{1,9})[?#].*$", re.IGNORECASE | re.DOTALL)
_ACCENTS = re.compile("[\u0300-\u036f]+")
# Cyrillic, Greek and Turkish letters that nobody can tell from Latin ones.
_LOOK_ALIKE = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423"
    "\u0430\u0435\u0455\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u04bb\u0501\u051b\u051d"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf\u0131",
    "ABESIJKMHOPCTXYaesijopcyxhdqwABEZHIKMNOPTYXoi",
)
# What tools put before a file's name to make it unique: a UUID, a hash or its beginning, a time stamp.
_PREFIX = re.compile(r"[0-9a-f]{6,64}(?:-[0-9a-f]{2,12}){0,4}[-_](?=.)", re.IGNORECASE)
_FORMULA = re.compile(r'^="(.*)"$')  # as spreadsheets keep what looks like a number
_EXTENSION = re.compile(r"(?<=[^/\\])\.(?=\d*[a-z])\w{1,10}(?:\.gz)?$", re.IGNORECASE)
_IMAGE_EXTENSION = re.compile(r"(?<=[^/\\])\.(?:png|jpe?g|tiff?|bmp|gif|webp|npy|npz)$", re.IGNORECASE)
_LONGEST_EXTENSION = 6  # with what stands before its point
_UNNAMED = {"\t": "tab", "\n": "line break", "\r": "line break"}
_ARE_SPACES = {"odd spaces", "spaces around it"}
_NO_VALUE = {"nan", "none", "null", "nil", "n/a", "na", "#n/a", "<na>", "nat", "undefined"}
_NO_VALUE |= {"#null!", "#ref!", "#value!", "#name?", "#div/0!", "#num!"}  # the errors of spreadsheets


def without_folder(name: str) -> str:
    r"""What follows the last ``/`` or ``\``."""
    return posixpath.basename(name.replace("\\", "/"))


def without_extension(name: str) -> str:
    """A file's name without its extension (a point, and letters and digits), a packed one's too; folders stay."""
    return _EXTENSION.sub("", name)


def composed(text: str) -> str:
    """The text in Unicode's composed form; canonically equal texts are the same in it."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _with_plain_spaces(text: str) -> str:
    """Every kind of space as a plain one; what cannot be seen at all is left out."""
    if text.isprintable():
        return text
    plain = (" " if char.isspace() else "" if unicodedata.category(char) == "Cf" else char for char in text)
    return "".join(plain)


def _without_typography(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHIC))


def _without_last_punctuation(text: str) -> str:
    """The text without separators and points at its end, and spaces around them."""
    bare = text.rstrip()
    return bare.rstrip(_PUNCTUATION + " ") if bare.endswith(tuple(_PUNCTUATION)) else text


def _unquoted(text: str) -> str:
    """The text without percent-encoding, also where it was encoded twice."""
    return unquote(unquote(text)) if "%" in text else text


def _without_accents(text: str) -> str:
    """The text with plain letters, as file systems and exports that know no others write it."""
    return text if text.isascii() else composed(_ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def _without_extensions(name: str) -> str:
    """A file's name without its extension, and without that of the image whose mask it is: frame.jpg.png."""
    name = without_extension(name)
    return without_extension(name) if _IMAGE_EXTENSION.search(name[-_LONGEST_EXTENSION:]) else name


Difference = tuple[str, "Callable[[str], str]"]

_OF_WORDS: tuple[Difference, ...] = (
    ("percent-encoding", _unquoted),
    ("its Unicode form", composed),
    ("odd spaces", _with_plain_spaces),
    ("typographic characters", _without_typography),
    ("letters of another alphabet", lambda text: text if text.isascii() else text.translate(_LOOK_ALIKE)),
    ("a plus sign", lambda text: text.lstrip("+").replace("+", " ")),
    ("punctuation at its end", _without_last_punctuation),
    ("spaces around it", str.strip),
    ("brackets around it", lambda text: _IN_BRACKETS.sub(r"\1", text) if text[:1] in _BRACKETS else text),
    ("a formula around it", lambda text: _FORMULA.sub(r"\1", text) if text[:1] == "=" else text),
    ("quotes around it", lambda text: text.strip(_QUOTES).strip()),
    ("doubled spaces", lambda text: re.sub(" {2,}", " ", text) if "  " in text else text),
    ("upper and lower case", str.casefold),
    ("accents", _without_accents),
    ('a ".0" at its end', lambda text: _POINT_ZERO.sub("", text) if text[-1:] == "0" else text),
    ("leading zeros", lambda text: _LEADING_ZEROS.sub("", text) if "0" in text else text),
)
_OF_FILES: tuple[Difference, ...] = (
    ("its query", lambda text: _QUERY.sub(r"\1", text) if "?" in text or "#" in text else text),
    ("its folder", without_folder),
    ("its prefix", lambda text: _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text),
    ('a ".0" before its extension', lambda text: _INNER_POINT_ZERO.sub("", text) if ".0" in text else text),
    ("its extension", _without_extensions),
    ("spaces, hyphens or underscores", lambda text: re.sub("[ _-]+", "_", text)),
)
DIFFERENCES: tuple[Difference, ...] = _OF_WORDS + _OF_FILES
"""What words may differ in, the finest first; the last ones are those of file names. Each is taken away in turn."""

_MAY_BE_NAMES = {"percent-encoding", "odd spaces", "letters of another alphabet", "punctuation at its end"} | {
    "brackets around it",
    "quotes around it",
    "its query",
    'a ".0" before its extension',
}
_OF_NAMES = tuple(difference for difference in DIFFERENCES if difference[0] in _MAY_BE_NAMES)
"""Differences that leave a name when they are taken away, not only something to compare by."""


class NearMiss(NamedTuple):
    """A known word that another one resembles, and what they differ in."""

    word: str
    difference: str


class Spellings:
    """Known words, by what they look like. Built once; a look-up costs no more for many words than for few.

    Args:
        words: the known words; of equally near ones the first is named.
        are_files: they are file names or paths, which also resemble others in folder, prefix and extension.
    """

    def __init__(self, words: Iterable[str], *, are_files: bool = False) -> None:
        self._are_files = are_files
        self._finely: dict[str, list[str]] = {}
        self._coarsely: dict[str, list[str]] = {}
        for word in words:
            for alike in self._alike(word, add=True):
                if len(alike) < _MAX_ALIKE:
                    alike.append(word)

    def _alike(self, word: str, *, add: bool = False) -> list[list[str]]:
        """The known words of the same forms, the finest form first."""
        form = _without(word, _OF_WORDS)
        forms = [(self._finely, form)]
        if self._are_files:
            forms.append((self._coarsely, _without(form, _OF_FILES)))
        return [known.setdefault(key, []) if add else known.get(key, []) for known, key in forms]

    def nearest(self, word: str) -> NearMiss | None:
        """The known word that differs from this one in the fewest ways, None where no difference has a name."""
        for alike in self._alike(word):
            ways = [(differences(word, known), known) for known in alike if known != word]
            named = [(names, known) for names, known in ways if names]
            if named:
                names, known = min(named, key=lambda pair: len(pair[0]))
                return NearMiss(known, joined(names))
        return None


def respellings(path: str) -> list[str]:
    """Other ways in which a path may be written that names something, the likeliest first; none of them is ``path``."""
    stem, dot, extension = path.rpartition(".")
    ways = [
        path.strip().strip(_QUOTES).strip("/ "),
        unquote(path),
        path.replace("+", " "),
        path.replace(" ", "_"),
        quote(path),
        unicodedata.normalize("NFC", path),
        unicodedata.normalize("NFD", path),
        path.replace("\\", "/"),
        path.lower(),
        *(take_away(path) for _, take_away in _OF_NAMES),
        _without(path, _OF_NAMES),
        *(f"{stem}{dot}{other}" for other in (extension.lower(), extension.upper(), "png") if stem),
    ]
    return [way for way in dict.fromkeys(ways) if way and way != path]


def plain_name(path: str) -> str:
    """The name of the file that a path means, without what no name has: a query, brackets, punctuation, ..."""
    return without_folder(_without(path, _OF_NAMES).rstrip("/\\"))


def describe_near(wanted: str, found: str) -> str:
    """Ask whether a path is meant that is there, and say what the two differ in."""
    names = differences(wanted, found)
    likeness = f" (it differs in {joined(names)})" if names else ""
    return f"did you mean {short(found)!r}?{likeness}"


def differences(one: str, other: str) -> list[str]:
    """Name what two words differ in; empty where that is nothing, or something else than the table knows."""
    needed = []
    ours, theirs = one, other
    for difference in DIFFERENCES:
        _, take_away = difference
        before, (ours, theirs) = (ours, theirs), (take_away(ours), take_away(theirs))
        if before != (ours, theirs):
            needed.append(difference)
    if one == other or ours != theirs:
        return []
    for difference in reversed(needed):
        others = [each for each in needed if each is not difference]
        if _without(one, others) == _without(other, others):
            needed = others
    plural = {"a plus sign": "plus signs"} if (one + other).count("+") > 1 else {}
    names = [plural.get(name, name) for name, _ in needed]
    if "its prefix" in names and all(_PREFIX.match(without_folder(word.strip())) for word in (one, other)):
        return []  # two files of a series, not one under two names
    odd = (_odd_space(one, other) or _odd_space(other, one)) if _ARE_SPACES.intersection(names) else ""
    return [odd, *(name for name in names if name not in _ARE_SPACES)] if odd else names


def _without(word: str, those: Iterable[Difference]) -> str:
    for _, take_away in those:
        word = take_away(word)
    return word


def _odd_space(word: str, other: str) -> str:
    """Name the first odd space that the other word does not have there, and its place; empty where none is odd."""
    for place, char in enumerate(word, start=1):
        if not char.isprintable() and other[place - 1 : place] != char:
            name = _UNNAMED.get(char) or unicodedata.name(char, f"character U+{ord(char):04X}").lower()
            return f"{'an' if name[0] in 'aeio' else 'a'} {name} at character {place}"
    return ""


def counted(n: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``; ``nouns`` where the plural has no plain s."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


class Hints:
    """What words resemble of some known ones, for many look-ups: what is made once is made once.

    Args:
        words: the known words.
    """

    def __init__(self, words: Iterable[str]) -> None:
        known = list(words)
        self._spellings = Spellings(known)
        self._by_folded = {other.casefold(): other for other in known}
        self._n_left = _MOST_COMPARED

    def of(self, word: str) -> str:
        """Return ``' did you mean "x"?'`` for the nearest word and what differs, or an empty string."""
        near = self._spellings.nearest(word)
        if near is not None:
            return f" did you mean {quoted(near.word)}? (it differs in {near.difference})"
        if len(word) > MAX_SHOWN_CHARS or self._n_left <= 0:
            return ""
        self._n_left -= len(self._by_folded)
        nearest = difflib.get_close_matches(word.casefold(), self._by_folded, n=1, cutoff=0.6)
        return f" did you mean {quoted(self._by_folded[nearest[0]])}?" if nearest else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What :meth:`Hints.of` returns, for a single look-up."""
    return Hints(known).of(word)


def escaped(text: str) -> str:
    """Return a text in which bytes that are not UTF-8, as a path may have, are written by their codes."""
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair that stands for no byte
        encoded = text.encode("utf-8", "backslashreplace")
    return encoded.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Return a text that a terminal only shows: what would move its cursor or turn its lines is written by its code."""
    return _with_codes(escaped(text), lambda c: c if c in "\n\t" else c.encode("unicode_escape").decode())


def _with_codes(text: str, code: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else code(char) for char in text)


def _json_code(char: str) -> str:
    r"""A character as JSON and Python both write it: \xa0 would be Python's alone, and no help in a config."""
    return json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"


def canonical_twin(word: str, known: Collection[str]) -> str | None:
    """The known word that this one is: itself, else the only one that is canonically equal, in another Unicode form."""
    if word in known:
        return word
    form = composed(word)
    twins = [other for other in known if composed(other) == form]
    return twins[0] if len(twins) == 1 else None


def means_nothing(text: str) -> bool:
    """Whether a cell holds what programs write for a missing value."""
    return len(text) <= MAX_SHOWN_CHARS and text.strip().casefold() in _NO_VALUE


def short(text: str, max_chars: int = MAX_SHOWN_CHARS) -> str:
    """A text as a message may show it: not too long."""
    return text if len(text) <= max_chars else text[: max_chars - 3] + "..."


def quoted(text: str, max_chars: int = MAX_SHOWN_CHARS) -> str:
    """A text in double quotes, cut, with what cannot be seen written as an escape."""
    return f'"{_with_codes(short(text, max_chars), _json_code)}"'


def listed(words: Collection[str]) -> str:
    """Words in double quotes, "none" where there are none; as many of the first as a message has room for."""
    return those_with_room((quoted(word, 80) for word in words), len(words)) or "none"


def those_with_room(texts: Iterable[str], n_all: int) -> str:
    """The first of some texts, as many as a message has room for, and how many there are beside them."""
    shown: list[str] = []
    for text in islice(texts, MAX_LISTED):
        if shown and sum(map(len, shown)) + 2 * len(shown) + len(text) > MAX_SHOWN_CHARS:
            break
        shown.append(text)
    return first_few(shown, n_all)


def first_few(texts: Sequence[str], n_all: int = 0, separator: str = ", ") -> str:
    """Texts in a row, the first few of many, and how many there are beside them.

    Args:
        texts: the texts, or as many of them as are shown.
        n_all: how many there are, 0 for as many as are given.
        separator: what stands between two.
    """
    n_more = (n_all or len(texts)) - min(len(texts), MAX_LISTED)
    return separator.join(texts[:MAX_LISTED]) + (f" and {n_more} more" if n_more else "")


def clauses(*texts: str) -> str:
    """Parts of a sentence one after the other, empty ones left out: a semicolon between them, but after a question."""
    text = ""
    for clause in filter(None, texts):
        text += clause if not text else f" {clause}" if text.endswith("?") else f"; {clause}"
    return text


def joined(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
