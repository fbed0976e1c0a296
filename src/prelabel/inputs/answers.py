"""Stage 3, second half, the answers: the classification cells of a row -> the answers the Hub imports.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

A cell is read so, the first that fits:

* empty, or nothing but spaces: no answer;
* text: the cell as it stands, spaces included. It must match the classification's regex from end to end;
* radio, single-dropdown: the option with that value; else with spaces around it taken off; else with that schema ID;
* checkbox, multi-dropdown: one option as above; else a JSON list of options; else options separated by ``;``.
  The answer keeps the cell's order and names each option once. An option that has a ``;`` needs a cell of its own or a
  JSON list.

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
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from prelabel.errors import RowError
from prelabel.model import MULTI_CHOICE_KINDS
from prelabel.spelling import did_you_mean

if TYPE_CHECKING:
    from prelabel.model import Classification, ColumnLink

MAX_REGEX_CHARS = 2_000
MAX_LISTED_OPTIONS = 20

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
            RowError: the first cell that cannot be an answer, with its column and the options there are.
        """
        answers: list[dict[str, Any]] = []
        for (schema_id, read), cell in zip(self._readers, cells, strict=True):
            answer = read(cell) if cell else None
            if answer is not None:
                answers.append({"schemaId": schema_id, "answer": answer})
        return answers


def row_answers(links: Sequence[ColumnLink], cells: Sequence[str]) -> list[dict[str, Any]]:
    """Read the cells of a single row; for many rows keep an :class:`AnswerReader`. Raises RowError as it does."""
    return AnswerReader(links).read(cells)


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
        raise _error(link, cell, f"{_named(what)} cannot be imported: {what.unsupported}; {remedy}")

    return read


def _text_reader(link: ColumnLink) -> _Read:
    pattern = _compiled(link.classification.regex)

    def read(cell: str) -> Answer | None:
        if not cell.strip():
            return None
        if pattern is not None and len(cell) <= MAX_REGEX_CHARS and pattern.fullmatch(cell) is None:
            regex = link.classification.regex
            raise _error(link, cell, f"it does not match the regex of {_named(link.classification)}, {regex}; mend it")
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
        self._values = {option.value: option.value for option in options}
        n_trimmed = Counter(value.strip() for value in self._values)
        # Two options that differ in outer spaces only are told apart exactly or not at all.
        self._trimmed = {value.strip(): value for value in self._values if n_trimmed[value.strip()] == 1}
        self._ids = {option.schema_id: option.value for option in options if option.schema_id}

    def find(self, text: str) -> str | None:
        """Return the value of the option that a text names, or None."""
        for known, spelling in ((self._values, text), (self._values, text.strip()), (self._trimmed, text.strip())):
            if spelling in known:
                return known[spelling]
        return self._ids.get(text.strip())

    def read_one(self, cell: str) -> Answer | None:
        """Read a cell that holds one option."""
        value = self.find(cell)
        if value is None and cell.strip():
            raise self._unknown(cell, cell)
        return value

    def read_many(self, cell: str) -> Answer | None:
        """Read a cell that may hold several options."""
        whole = self.find(cell)
        if whole is not None:
            return [whole]
        values: dict[str, None] = {}
        for part in self._parts(cell):
            value = self.find(part)
            if value is None:
                raise self._unknown(cell, part)
            values[value] = None
        return list(values) or None

    def _parts(self, cell: str) -> list[str]:
        if cell.lstrip().startswith("["):
            try:
                listed = json.loads(cell)
            except (ValueError, RecursionError):
                listed = None  # no JSON, so the bracket belongs to an option
            if listed is not None:
                return self._checked(cell, listed)
        return [part for part in cell.split(";") if part.strip()]

    def _checked(self, cell: str, listed: list[Any]) -> list[str]:
        for part in listed:
            if not isinstance(part, str):
                written = json.dumps(part, ensure_ascii=False)
                raise _error(self._link, cell, f"{written} in the list is no text: put every option in quotes")
        return listed

    def _unknown(self, cell: str, part: str) -> RowError:
        values = tuple(self._values)
        shown = "" if part == cell else f"{_shown(part)} is "
        hint = did_you_mean(part.strip(), values)
        listed = ", ".join(values[:MAX_LISTED_OPTIONS]) or "none"
        if len(values) > MAX_LISTED_OPTIONS:
            listed += f" and {len(values) - MAX_LISTED_OPTIONS} more"
        return _error(
            self._link, cell, f"{shown}no option of {_named(self._link.classification)}:{hint} options are {listed}"
        )


def _named(classification: Classification) -> str:
    return f'"{classification.title}" ({classification.kind})'


def _error(link: ColumnLink, cell: str, problem: str) -> RowError:
    return RowError(f'column "{link.column}" is {_shown(cell)}: {problem}', column=link.column, excerpt=cell)


def _shown(text: str) -> str:
    return f'"{text}"' if len(text) <= 80 else f'"{text[:77]}..."'
