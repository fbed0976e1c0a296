"""Stage 3, second half, the answers: the classification cells of a row -> the answers the Hub imports.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

A cell is read so, the first that fits:

* empty, or nothing but spaces: no answer;
* text: the cell as it stands, spaces included. It must match the classification's regex from end to end;
* radio, single-dropdown: the option with that value; else with spaces around it taken off; else the only one that is
  canonically equal; else that with that schema ID; else the one option of a list;
* checkbox, multi-dropdown: one option as above; else a list of options, as JSON, Python or NumPy write it; else options
  separated by ``;``. The answer keeps the cell's order and names each option once. An option that has a ``;`` needs a
  cell of its own or a list.

The answer always holds the option's value exactly as the schema has it.

A regex is the project owner's, written for JavaScript. It is tried as far as Python's ``re`` can take it: one that
Python cannot read is not enforced, nor is any on a cell of more than ``MAX_REGEX_CHARS`` characters, so that a regex
of quadratic cost cannot hold up an import. (One of exponential cost still can.)
"""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from prelabel.codes import Code
from prelabel.errors import RowError
from prelabel.model import MULTI_CHOICE_KINDS
from prelabel.spelling import composed, did_you_mean, first_few, listed, means_nothing, quoted, short

if TYPE_CHECKING:
    from prelabel.model import Classification, ColumnLink

MAX_REGEX_CHARS = 2_000

_LEAVE_EMPTY = "leave the cell empty where there is no answer"
_SEPARATORS = (";", ",", "|", "/", "\n", "\t", "&", "+")
_QUOTED_TEXT = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_QUOTED_TEXTS = re.compile(
    rf"[\[({{]\s*(?:(?:{_QUOTED_TEXT.pattern})(?:(?:\s*,\s*|\s+)(?:{_QUOTED_TEXT.pattern}))*\s*,?\s*)?[\])}}]"
)

Answer = str | list[str]
_Read = Callable[[str], Answer | None]


class AnswerReader:
    """Reads the classification cells of any number of rows; look-ups are made once.

    Args:
        links: the linked columns, as :func:`prelabel.inputs.ontology.bind` gives them.
    """

    def __init__(self, links: Sequence[ColumnLink]) -> None:
        self._readers = tuple((link.classification.schema_id, _reader(link)) for link in links)

    def read(self, cells: Sequence[str]) -> list[dict[str, Any]]:
        """Read one row.

        Args:
            cells: the row's cells, one per link and in their order, those of ignored links too.

        Returns:
            ``{"schemaId": ..., "answer": ...}`` for each cell that holds an answer, in the links' order. A radio's,
            single-dropdown's or text's answer is a string, a checkbox's or multi-dropdown's a list of strings.

        Raises:
            RowError: cells cannot be answers; each with its column and the options there are, and the first one's
                column and value in the error's fields.
        """
        answers: list[dict[str, Any]] = []
        errors: list[RowError] = []
        for (schema_id, read), cell in zip(self._readers, cells, strict=True):
            try:
                answer = read(cell) if cell else None
            except RowError as error:
                errors.append(error)
                continue
            if answer is not None:
                answers.append({"schemaId": schema_id, "answer": answer})
        if errors:
            raise _together(errors)
        return answers


def row_answers(links: Sequence[ColumnLink], cells: Sequence[str]) -> list[dict[str, Any]]:
    """Read the cells of a single row; for many rows keep an :class:`AnswerReader`. Raises RowError as it does."""
    return AnswerReader(links).read(cells)


def _together(errors: Sequence[RowError]) -> RowError:
    """All faults of a row in one error."""
    if len(errors) == 1:
        return errors[0]
    message = first_few(list(map(str, errors)), separator="; ")
    return RowError(message, column=errors[0].column, excerpt=errors[0].excerpt, code=errors[0].code)


def _reader(link: ColumnLink) -> _Read:
    if link.ignored:
        return lambda _cell: None
    if link.classification.unsupported:
        return _refusing(link)
    if link.classification.kind == "text":
        return _text_reader(link)
    options = _Options(link)
    return options.read_many if link.classification.kind in MULTI_CHOICE_KINDS else options.read_one


def _refusing(link: ColumnLink) -> _Read:
    def read(cell: str) -> Answer | None:
        if not cell.strip():
            return None
        what = link.classification
        remedy = f'empty the cell, or put {what.schema_id} into "ignored_schema_ids"'
        problem = f"{_named(what)} cannot be imported: {what.unsupported}; {remedy}"
        raise _error(link, cell, problem, Code.UNSUPPORTED_CLASSIFICATION)

    return read


def _text_reader(link: ColumnLink) -> _Read:
    pattern = _compiled(link.classification.regex)

    def read(cell: str) -> Answer | None:
        if not cell.strip():
            return None
        if pattern is not None and len(cell) <= MAX_REGEX_CHARS and pattern.fullmatch(cell) is None:
            regex = short(link.classification.regex)
            remedy = _LEAVE_EMPTY if means_nothing(cell) else "mend it"
            problem = f"it does not match the regex of {_named(link.classification)}, {regex}; {remedy}"
            raise _error(link, cell, problem, Code.TEXT_MISMATCH)
        return cell

    return read


def _compiled(regex: str) -> re.Pattern[str] | None:
    """Compile a JavaScript regex, or return None where there is none or Python has no such syntax."""
    if not regex:
        return None
    named = re.sub(r"\\k<(\w+)>", r"(?P=\1)", re.sub(r"(?<!\\)\(\?<(?=[^=!])", "(?P<", regex))
    try:
        with warnings.catch_warnings():
            # "possible nested set" is about a Python to come, and no business of whoever imports labels.
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(named, re.ASCII)  # \d and \w are ASCII in JavaScript
    except (re.error, RecursionError, OverflowError):
        return None


class _Options:
    """The options of one choice classification, by every spelling a cell may use."""

    def __init__(self, link: ColumnLink) -> None:
        options = link.classification.options
        self._link = link
        self._is_many = link.classification.kind in MULTI_CHOICE_KINDS
        self._values = {option.value: option.value for option in options}
        # Two options that differ in outer spaces, or in their Unicode form, only are told apart exactly or not at all.
        self._trimmed = _unambiguous(self._values, str.strip)
        self._composed = _unambiguous(self._values, lambda value: composed(value.strip()))
        self._ids = {option.schema_id: option.value for option in options if option.schema_id}
        # One wrong word often stands in many rows.
        self._hint = lru_cache(1_000)(lambda word: did_you_mean(word, self._values))

    def find(self, text: str) -> str | None:
        """Return the value of the option that a text names, or None."""
        if text in self._values:
            return text
        trimmed = text.strip()
        for known in (self._values, self._trimmed):
            if trimmed in known:
                return known[trimmed]
        return self._composed.get(composed(trimmed)) or self._ids.get(trimmed)

    def read_one(self, cell: str) -> Answer | None:
        """Read a cell that holds one option."""
        value = self.find(cell)
        if value is not None or not cell.strip():
            return value
        written = written_list(cell)
        if written is None or len(written) > 1 or not all(isinstance(part, str) for part in written):
            raise self._unknown(cell, cell)
        return self._found(cell, written[0]) if written else None

    def read_many(self, cell: str) -> Answer | None:
        """Read a cell that may hold several options."""
        whole = self.find(cell)
        if whole is not None:
            return [whole]
        return list(dict.fromkeys(self._found(cell, part) for part in self._parts(cell))) or None

    def _found(self, cell: str, part: str) -> str:
        value = self.find(part)
        if value is None:
            raise self._unknown(cell, part)
        return value

    def _parts(self, cell: str) -> list[str]:
        written = written_list(cell)
        if written is None:
            return [part for part in cell.split(";") if part.strip()]
        for part in written:
            if not isinstance(part, str):
                shown = short(json.dumps(part, ensure_ascii=False))
                raise _error(self._link, cell, f"{shown} in the list is no text: put every option in quotes")
        return written

    def _unknown(self, cell: str, part: str) -> RowError:
        shown = "" if part == cell else f"{quoted(part)} is "
        named = _named(self._link.classification)
        if several := self._several(cell):
            return _error(self._link, cell, several)
        hint = f" {_LEAVE_EMPTY};" if means_nothing(part) else self._hint(part.strip())
        rule = ""
        if self._is_many:
            rule = '; several are separated by ";"'
        elif ";" in cell or written_list(cell) is not None:
            rule = "; it takes one answer only"
        return _error(self._link, cell, f"{shown}no option of {named}:{hint} options are {listed(self._values)}{rule}")

    def _several(self, cell: str) -> str:
        """Say what is wrong with a cell of several options that are written in another way; empty for other cells."""
        named = _named(self._link.classification)
        for separator, parts in _ways_to_split(cell):
            values = [value for part in parts if (value := self.find(part)) is not None]
            if len(parts) < 2 or len(values) < len(parts):
                continue
            if not self._is_many:
                return f"{named} takes one answer only, and these are {len(values)}, {listed(values)}: keep one"
            if separator not in {";", "list"}:
                as_list = short(json.dumps(values, ensure_ascii=False))
                right = as_list if any(";" in value for value in values) else quoted(";".join(values))
                return f'several options of {named} are separated by ";", not by {separator!r}: write {right}'
        return ""


def written_list(cell: str) -> list[Any] | None:
    """Read a list in a cell, as JSON, Python or NumPy write it; None where there is none.

    Only texts between quotes are read of Python's lists: what else may be in them is not JSON's, nor an option.
    """
    text = cell.strip()
    if not text.startswith(("[", "(", "{")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, list):
        return document
    if not _QUOTED_TEXTS.fullmatch(text):
        return None
    return [re.sub(r"\\(['\"\\])", r"\1", part[1:-1]) for part in _QUOTED_TEXT.findall(text)]


def _ways_to_split(cell: str) -> list[tuple[str, list[str]]]:
    """The parts of a cell, by whatever people put between options."""
    written = [part for part in written_list(cell) or () if isinstance(part, str)]
    ways = [(separator, cell.split(separator)) for separator in _SEPARATORS if separator in cell]
    return [("list", written), *((separator, [part for part in parts if part.strip()]) for separator, parts in ways)]


def _unambiguous(values: Iterable[str], form: Callable[[str], str]) -> dict[str, str]:
    """The values by a form of theirs, but for those that share it."""
    n_alike = Counter(map(form, values))
    return {form(value): value for value in values if n_alike[form(value)] == 1}


def _named(classification: Classification) -> str:
    return f"{quoted(classification.title)} ({classification.kind})"


def _error(link: ColumnLink, cell: str, problem: str, code: Code = Code.UNKNOWN_OPTION) -> RowError:
    message = f"column {quoted(link.column)} is {quoted(cell)}: {problem}"
    return RowError(message, column=link.column, excerpt=cell, code=code)
