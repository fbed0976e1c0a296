"""The options of a classification, by every spelling a cell may use, and what is wrong with other cells. Stage 3."""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from prelabel.inputs.answer_lists import split_otherwise, written_list
from prelabel.model import MULTI_CHOICE_KINDS
from prelabel.spelling import Hints, clauses, composed, first_few, listed, means_nothing, quoted, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prelabel.model import Classification

LEAVE_EMPTY = "leave the cell empty where there is no answer"
_HINTS_SHOWN = 3


class Options:
    """The options of one choice classification.

    Args:
        classification: of a kind that has options.
    """

    def __init__(self, classification: Classification) -> None:
        self._named = named(classification)
        self._is_many = classification.kind in MULTI_CHOICE_KINDS
        self._values = {option.value: option.value for option in classification.options}
        # Two options that differ in outer spaces, or in their Unicode form, only are told apart exactly or not at all.
        self._trimmed = _unambiguous(self._values, str.strip)
        self._composed = _unambiguous(self._values, lambda value: composed(value.strip()))
        self._ids = {option.schema_id: option.value for option in classification.options if option.schema_id}
        # One wrong word often stands in many rows.
        self._hint = lru_cache(1_000)(Hints(self._values).of)

    def find(self, text: str) -> str | None:
        """Return the value of the option that a text names, or None."""
        if text in self._values:
            return text
        trimmed = text.strip()
        for known in (self._values, self._trimmed):
            if trimmed in known:
                return known[trimmed]
        return self._composed.get(composed(trimmed)) or self._ids.get(trimmed)

    def read(self, cell: str) -> list[str] | None:
        """Return the options that a cell holds, each once and in its order; None where it holds something else."""
        whole = self.find(cell)
        if whole is not None:
            return [whole]
        if not cell.strip():
            return []
        options = [None if part is None else self.find(part) for part in self._parts(cell)]
        if None in options or (len(options) > 1 and not self._is_many):
            return None
        return list(dict.fromkeys(option for option in options if option is not None))

    def _parts(self, cell: str) -> list[str | None]:
        """The parts of a cell that must be options, None for what is no text."""
        written = written_list(cell)
        if written is not None:
            return [part if isinstance(part, str) else None for part in written]
        return [part for part in cell.split(";") if part.strip()] if self._is_many else [cell]

    def explain(self, cell: str) -> str:
        """Say what is wrong with a cell that cannot be read, and what to write."""
        for part in (written := written_list(cell) or []):
            if part is None or not str(part).strip():
                return LEAVE_EMPTY if len(written) == 1 else "an entry of the list is empty: take it out"
            if not isinstance(part, str):
                return (
                    f"{short(json.dumps(part, ensure_ascii=False))} in the list is no text: put every option in quotes"
                )
        return next(filter(None, map(self._right_form, split_otherwise(cell, self.find))), "") or self._unknown(cell)

    def _right_form(self, way: tuple[str, Sequence[str]]) -> str:
        """Say how to write the options that another form holds, empty where there is nothing wrong with it."""
        separator, options = way
        if len(options) > 1 and not self._is_many:
            return f"{self._named} takes one answer only, and these are {len(options)}, {listed(options)}: keep one"
        as_list = short(json.dumps(options, ensure_ascii=False))
        right = as_list if any(";" in option for option in options) else quoted(";".join(options))
        if separator == "brackets":
            return f"options in brackets have quotes, and a cell needs no brackets: write {right}"
        if separator == ";" and right == as_list:
            return f'an option that has ";" in it needs a list around it: write {right}'
        if separator == ";":
            return f"quotes are letters here: write {right}"
        if separator == "list":
            return ""
        return f'several options of {self._named} are separated by ";", not by {separator!r}: write {right}'

    def _unknown(self, cell: str) -> str:
        """Say which parts of a cell are no options, which ones are near, and which there are."""
        parts = list(dict.fromkeys(part for part in self._parts(cell) if part is not None and self.find(part) is None))
        shown = [quoted(part.strip(), 80) for part in parts]
        verb = "is no option" if len(parts) == 1 else "are no options"
        subject = "no option" if parts == [cell] else f"{first_few(shown[:_HINTS_SHOWN], len(parts))} {verb}"
        near = [self._near(part, is_whole=parts == [cell]) for part in parts[:_HINTS_SHOWN]]
        if len(parts) > 1:
            near = [f"for {part}: {hint}" for part, hint in zip(shown, near, strict=False) if hint]
        rule = ""
        if self._is_many:
            rule = 'several are separated by ";"'
        elif ";" in cell or written_list(cell) is not None:
            rule = "it takes one answer only"
        return f"{subject} of {self._named}: {clauses(*near, rule, f'options are {listed(self._values)}')}"

    def _near(self, part: str, *, is_whole: bool) -> str:
        """What to do with a part that is no option, empty where nothing is near."""
        if means_nothing(part):
            return LEAVE_EMPTY if is_whole else "take it out"
        return self._hint(part.strip()).strip()


def named(classification: Classification) -> str:
    """A classification as messages call it."""
    return f"{quoted(classification.title, 80)} ({short(classification.kind, 80)})"


def _unambiguous(values: Iterable[str], form: Callable[[str], str]) -> dict[str, str]:
    """The values by a form of theirs, but for those that share it."""
    n_alike = Counter(map(form, values))
    return {form(value): value for value in values if n_alike[form(value)] == 1}
