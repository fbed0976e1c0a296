"""Stage 3, second half, the answers: the classification cells of a row -> the answers the Hub imports.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

A cell is read so, the first that fits:

* empty, or nothing but spaces: no answer;
* text: the cell as it stands, spaces included. It must match the classification's regex from end to end;
* radio, single-dropdown: the option with that value; else with spaces around it taken off; else the only one that is
  canonically equal; else that with that schema ID; else the one option of a list;
* checkbox, multi-dropdown: one option as above; else a list of options, as JSON, Python, NumPy or pandas write it; else
  options separated by ``;``. The answer keeps the cell's order and names each option once. An option that has a ``;``
  needs a cell of its own or a list.

The answer always holds the option's value exactly as the schema has it.

A regex is the project owner's, written for JavaScript. It is tried as far as Python's ``re`` can take it: one that
Python cannot read is not enforced, nor is any on a cell of more than ``MAX_REGEX_CHARS`` characters, so that a regex
of quadratic cost cannot hold up an import. (One of exponential cost still can.)
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from prelabel.codes import Code
from prelabel.errors import RowError
from prelabel.inputs.options import LEAVE_EMPTY, Options, named
from prelabel.model import MULTI_CHOICE_KINDS
from prelabel.spelling import first_few, means_nothing, quoted, short

if TYPE_CHECKING:
    from prelabel.model import Classification, ColumnLink

MAX_REGEX_CHARS = 2_000

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
            raise together(errors)
        return answers


def row_answers(links: Sequence[ColumnLink], cells: Sequence[str]) -> list[dict[str, Any]]:
    """Read the cells of a single row; for many rows keep an :class:`AnswerReader`. Raises RowError as it does."""
    return AnswerReader(links).read(cells)


def tester(classification: Classification) -> Callable[[str], bool]:
    """Return what tells whether a cell that is not blank holds an answer; cheaper than reading it in vain."""
    if classification.unsupported:
        return lambda _cell: False
    if classification.kind == "text":
        return _matcher(classification.regex)
    options = Options(classification)
    return lambda cell: bool(options.read(cell))


def together(errors: Sequence[RowError]) -> RowError:
    """All faults of a row in one error; the first one's column, value and code stand in its fields."""
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
    return _choice_reader(link)


def _choice_reader(link: ColumnLink) -> _Read:
    options, is_many = Options(link.classification), link.classification.kind in MULTI_CHOICE_KINDS

    def read(cell: str) -> Answer | None:
        values = options.read(cell)
        if values is None:
            raise _error(link, cell, options.explain(cell), Code.UNKNOWN_OPTION)
        return None if not values else values if is_many else values[0]

    return read


def _refusing(link: ColumnLink) -> _Read:
    def read(cell: str) -> Answer | None:
        if not cell.strip():
            return None
        what = link.classification
        remedy = f'empty the cell, or put {short(what.schema_id, 80)} into "ignored_schema_ids"'
        problem = f"{named(what)} cannot be imported: {what.unsupported}; {remedy}"
        raise _error(link, cell, problem, Code.UNSUPPORTED_CLASSIFICATION)

    return read


def _text_reader(link: ColumnLink) -> _Read:
    matches = _matcher(link.classification.regex)

    def read(cell: str) -> Answer | None:
        if not cell.strip():
            return None
        if not matches(cell):
            regex = short(link.classification.regex)
            remedy = LEAVE_EMPTY if means_nothing(cell) else "mend it"
            problem = f"it does not match the regex of {named(link.classification)}, {regex}; {remedy}"
            raise _error(link, cell, problem, Code.TEXT_MISMATCH)
        return cell

    return read


def _matcher(regex: str) -> Callable[[str], bool]:
    pattern = _compiled(regex)
    if pattern is None:
        return lambda _cell: True
    return lambda cell: len(cell) > MAX_REGEX_CHARS or pattern.fullmatch(cell) is not None


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


def _error(link: ColumnLink, cell: str, problem: str, code: Code) -> RowError:
    message = f"column {quoted(link.column)} is {quoted(cell)}: {problem}"
    return RowError(message, column=link.column, excerpt=cell, code=code)
