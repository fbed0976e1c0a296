"""Which common encodings bytes may be in, the likeliest first: for messages, never to be taken without asking.

What is judged is how much the text looks like words of the languages that an encoding is used for: their letters, small
ones behind capitals, and signs between words.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
CANDIDATES = (  # of names in a group the first that fits; before others of equal likelihood
    ("utf-8",),
    ("cp1252",),
    ("cp1250",),
    ("cp1254",),
    ("cp1251",),
    ("shift_jis", "cp932"),
    ("gbk", "gb18030"),
    ("big5",),
    ("euc_kr", "cp949"),
    ("euc_jp",),
    ("cp1253",),
    ("cp1255",),
    ("cp1256",),
    ("cp874",),
    ("koi8_r",),
    ("cp866",),
    ("mac_roman",),
    ("cp850",),
)
_RARE = dict.fromkeys(("mac_roman", "cp850", "koi8_r", "cp866"), 0.2)  # by now
_WESTERN = "äöüßÄÖÜéèêëàâçñóíúáôîïûùœæøåãõìòÉÈÊÀÂÁÇÑÓÍÚÔÅØÆÃÕ"
_CENTRAL = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰöüÖÜäßÄôľĺŕâîăţşđĐ"
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "cp1254": "çğıöşüÇĞİÖŞÜâîûé",
    "mac_roman": _WESTERN,
    "cp850": _WESTERN,
}
_RUSSIAN = "оеаинтсрвлкмдпу"
_SCRIPTS = {  # the script, and its most frequent letters
    "cp1251": ("CYRILLIC", _RUSSIAN),
    "koi8_r": ("CYRILLIC", _RUSSIAN),
    "cp866": ("CYRILLIC", _RUSSIAN),
    "cp1253": ("GREEK", "αοιετσνηυρπκμλάέίό"),
    "cp1255": ("HEBREW", "יולאהרמבתנשםןעקד"),
    "cp1256": ("ARABIC", "اليمنوتربعسح"),
    "cp874": ("THAI", "านรอกเงมยลวดทสต่้ัี"),
}
_FREQUENT = {  # first bytes of the frequent characters; in cp949 those that euc_kr lacks are rare
    "shift_jis": (0x88, 0x97),
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
    "gbk": (0xB0, 0xD7),
    "gb18030": (0xB0, 0xD7),
    "big5": (0xA4, 0xC6),
    "euc_kr": (0xB0, 0xC8),
    "cp949": (0xB0, 0xC8),
}
_KANA = {"HIRAGANA", "KATAKANA"}
_HANGUL = (
    "이다는에의을가고지한하사인대로도기자리있어아시나정보수그스들전부일제주성상장동원해조여라만비서구유위공안경관미우요"
    "거세용모치국차"
)


def likely_encodings(sample: bytes) -> list[str]:
    """Return the common encodings that bytes may be in, the likeliest first.

    Many NUL bytes tell UTF-16 and UTF-32. Of the others those stay in which all bytes mean something.
    """
    if wide := wide_encodings(sample):
        return wide
    scores: dict[str, float] = {}
    for group in CANDIDATES:
        for name in group:
            try:
                text = sample.decode(name)
            except UnicodeDecodeError:
                continue
            if any("\ue000" <= letter <= "\uf8ff" for letter in text):
                continue  # letters of private use: the bytes mean something only to their maker
            scores[name] = 2.0 if name == "utf-8" else _plausibility(text, name) - _RARE.get(name, 0.0)
            break
    return sorted(scores, key=scores.__getitem__, reverse=True)


def wide_encodings(sample: bytes) -> list[str]:
    """Return which of UTF-16 and UTF-32 bytes without a mark must be in: their many NULs tell."""
    if sample.count(b"\0") * 32 < len(sample) or b"\0" not in sample:
        return []
    return [name for name in WIDE if _is_wide(sample, name)]


def _is_wide(sample: bytes, name: str) -> bool:
    """Whether bytes with NULs among them are text in UTF-16 or UTF-32."""
    unit = 4 if name.startswith("utf-32") else 2
    try:
        text = sample[: len(sample) // unit * unit].decode(name)
    except UnicodeDecodeError:
        return False
    marks = ",;\t\n\r{"
    n_marks = sum(map(text.count, marks))
    # In text of single bytes with NULs in a few cells most of them stand where no unit begins.
    return "\0" not in text and n_marks > 0 and 2 * n_marks >= sum(sample.count(mark.encode()) for mark in marks)


def _plausibility(text: str, name: str) -> float:
    """Return how much a text looks like words, per character beyond ASCII; higher is likelier."""
    scores: list[float] = []
    for word in re.finditer(r"[^\x00-\x7f]+", text):
        letters = word.group()
        before, after = text[max(0, word.start() - 1) : word.start()], text[word.end() : word.end() + 1]
        if name in _LATIN:
            scores += _latin_scores(letters, before, after, _LATIN[name])
        elif name in _SCRIPTS:
            scores += _script_scores(letters, before, after, *_SCRIPTS[name])
        else:
            scores += _asian_scores(letters, before, after, name)
    return sum(scores) / len(scores) if scores else 0.0


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _is_cased(letters: str) -> bool:
    """Whether no capital follows a small letter."""
    return not any(one.islower() and other.isupper() for one, other in pairwise(letters))


def _latin_scores(letters: str, before: str, after: str, usual: str) -> list[float]:
    """Accented letters stand among others, a few at a time; signs stand between words."""
    if any(unicodedata.category(letter) in {"Cc", "Cn", "Co"} for letter in letters):
        return [-2.0] * len(letters)
    if not letters.isalpha():
        return [-0.5 if before.isalpha() and after.isalpha() else 0.6] * len(letters)
    stands_alone = not before.isalpha() and not after.isalpha()
    if len(letters) > 4 or not _is_cased(before + letters + after):
        return [-0.5] * len(letters)
    if stands_alone and (len(letters) > 2 or letters.isupper()):
        return [0.3] * len(letters)
    return [1.0 if letter in usual else 0.3 for letter in letters]


def _script_scores(letters: str, before: str, after: str, script: str, frequent: str) -> list[float]:
    """Whole words of one script, with no Latin letter beside them."""
    is_word = not before.isalpha() and not after.isalpha() and {*map(_script, letters)} == {script}
    if not is_word or not _is_cased(letters) or len(letters) == 1:
        return [-0.5] * len(letters)
    return [1.0 if letter.lower() in frequent else 0.4 for letter in letters]


def _asian_scores(letters: str, before: str, after: str, name: str) -> list[float]:
    """Common characters come first in each standard: that is what tells text from chance."""
    if before.isalpha() and after.isalpha():
        return [-0.5] * len(letters)
    takes_a_letter = name in {"gbk", "big5"} and letters.encode(name)[1:].isalpha()
    if len(letters) == 1 and (before.isalnum() or after.isalnum() or takes_a_letter):
        return [0.3]  # more likely a sign of one byte, and the letter after it
    return [_asian_score(letter, name) for letter in letters]


def _asian_score(letter: str, name: str) -> float:
    script = _script(letter)
    if script in _KANA:
        return 1.0 if name in {"shift_jis", "cp932", "euc_jp"} else 0.2
    if script in {"FULLWIDTH", "IDEOGRAPHIC"}:
        return 0.8
    if script not in {"CJK", "HANGUL"}:
        return -0.5
    first, last = _FREQUENT[name]
    if not first <= letter.encode(name)[0] <= last:
        return -0.5
    return 0.8 if script == "CJK" else 1.0 if letter in _HANGUL else 0.6
