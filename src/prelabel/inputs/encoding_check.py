"""Whether a whole CSV is in its encoding, so that one that is not is refused once and not row by row. Stage 2."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, NamedTuple

from prelabel.errors import ConfigError
from prelabel.inputs.csv_lines import LINE_END, octets_of
from prelabel.inputs.encodings import UTF8, Coding, describe_readings
from prelabel.inputs.likely_encodings import wide_encodings
from prelabel.spelling import first_few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.inputs.csv_file import CsvFile

_SAMPLE_BYTES = 1 << 16
_SCAN_BYTES = 1 << 20
_SHOWN_LINES = 5
_ASCII = Coding("ascii")


class _Line(NamedTuple):
    """A line with letters beyond ASCII: its 1-based number, its bytes, and where the first that tells is."""

    number: int
    text: bytes
    place: int


class _Lines(NamedTuple):
    """Lines with letters beyond ASCII, sorted by whether they are UTF-8: how many, and the first ones."""

    n_good: int
    n_bad: int
    good: list[_Line]
    bad: list[_Line]

    @property
    def bad_ones(self) -> str:
        """``line 4``, ``lines 4, 7 and 3 more``."""
        numbers = first_few([str(line.number) for line in self.bad], self.n_bad)
        return f"line{'s' if self.n_bad > 1 else ''} {numbers}"


def check_encoding(file: CsvFile, coding: Coding, start: int, *, is_named: bool) -> str:
    """Go over the whole file.

    Args:
        file: the CSV.
        coding: what it is to be in.
        start: bytes of its byte order mark.
        is_named: the caller named the encoding.

    Returns:
        What to warn of: an encoding was named, and the file looks like UTF-8. Empty for nothing.

    Raises:
        ConfigError: bytes are not in the encoding.
    """
    with file.opened() as opened:
        wide = wide_encodings(opened.read(_SAMPLE_BYTES)) if coding.unit == 1 else []
    place = None if wide else next(_wrong_places(file, coding, start), None)
    if not wide and place is None:
        return _doubt(file, coding, start) if is_named else ""
    if wide:
        fault = f"{_is_not(file, coding)}: name {wide[0]} with --encoding, as which it can be read"
    else:
        fault = _few_bad_lines(file, start) if coding == UTF8 else ""
        fault = fault or _wrongly_coded(file, coding, place or 0)
    raise ConfigError(fault, field="encoding" if is_named else "csv", value=coding.name if is_named else file.shown)


def _is_not(file: CsvFile, coding: Coding) -> str:
    return f"{file.shown} is not {coding.name.upper()}"


def _wrongly_coded(file: CsvFile, coding: Coding, place: int) -> str:
    line, begin = _line_of(file, place, coding)
    with file.opened() as opened:
        opened.seek(begin)
        sample = opened.read(place - begin + _SAMPLE_BYTES)
    readings = describe_readings(sample, place - begin)
    remedy = "name the right one with --encoding, or save it as UTF-8"
    return f"{_is_not(file, coding)}, on line {line}: {readings}; {remedy}"


def _few_bad_lines(file: CsvFile, start: int) -> str:
    """Say which lines are to be mended, where most that could tell are UTF-8; empty where the whole file is not."""
    lines = _sorted_lines(file, start)
    if lines.n_good <= lines.n_bad:
        return ""
    first = lines.bad[0]
    where = f"on line {first.number} " if lines.n_bad > 1 else ""
    return (
        f"{file.shown} is UTF-8 but for {lines.bad_ones}: {where}{describe_readings(first.text, first.place)}; write "
        f"{'these lines' if lines.n_bad > 1 else 'this line'} again in UTF-8, since --encoding would spoil the others"
    )


def _doubt(file: CsvFile, coding: Coding, start: int) -> str:
    """Say that a file in a named encoding looks like UTF-8: hardly any other text is valid UTF-8 by chance."""
    if coding == UTF8 or coding.unit > 1 or next(_wrong_places(file, _ASCII, start), None) is None:
        return ""
    lines = _sorted_lines(file, start)
    if lines.n_good <= lines.n_bad:
        return ""
    first, most = lines.good[0], "most of it " if lines.n_bad else ""
    also = f", and write {lines.bad_ones} again in it" if lines.n_bad else ""
    return (
        f"{file.shown} is read as {coding.name}, as was named, and {most}looks like UTF-8: on line {first.number} "
        f"{describe_readings(first.text, first.place, most=2)}; name utf-8 if the first is right{also}"
    )


def _sorted_lines(file: CsvFile, start: int) -> _Lines:
    """Go over the lines that have letters beyond ASCII."""
    good: list[_Line] = []
    bad: list[_Line] = []
    n_good = n_bad = 0
    with file.opened() as opened:
        opened.seek(start)
        # Read as Latin-1, in which every byte is a character, so that all kinds of line ends are found.
        reader = io.TextIOWrapper(opened, "latin-1")
        for number, line in enumerate(iter(lambda: reader.readline(_SCAN_BYTES), ""), start=1):
            if line.isascii():
                continue
            text = line.encode("latin-1")
            try:
                text.decode()
            except UnicodeDecodeError as error:
                n_bad += 1
                bad += [_Line(number, text, error.start)] if n_bad <= _SHOWN_LINES else []
            else:
                n_good += 1
                place = next(place for place, byte in enumerate(text) if byte > 127)
                good += [_Line(number, text, place)] if n_good == 1 else []
    return _Lines(n_good, n_bad, good, bad)


def _wrong_places(file: CsvFile, coding: Coding, start: int) -> Iterator[int]:
    """Yield where in the file the first byte stands that is not in the encoding, if one does."""
    decoder = codecs.getincrementaldecoder(coding.name)("strict")
    is_plain = True  # no character is begun
    with file.opened() as opened:
        opened.seek(start)
        while True:
            block = opened.read(_SCAN_BYTES)
            if is_plain and coding.unit == 1 and block.isascii():
                if not block:
                    return
            else:
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    yield start - (len(error.object) - len(block)) + error.start
                    return
                if not block:
                    return
                is_plain = not decoder.getstate()[0]
            start += len(block)


def _line_of(file: CsvFile, place: int, coding: Coding) -> tuple[int, int]:
    """Return the line of a byte, and where that line begins, or near enough where it is very long."""
    line, begin, position = 1, 0, 0
    with file.opened() as opened:
        while position < place:
            octets = octets_of(opened.read(_SCAN_BYTES), coding)
            for end in LINE_END.finditer(octets):
                if position + end.end() * coding.unit > place:
                    break
                line, begin = line + 1, position + end.end() * coding.unit
            position += len(octets) * coding.unit
    return line, max(begin, place - _SAMPLE_BYTES)
