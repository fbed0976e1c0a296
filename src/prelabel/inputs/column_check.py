"""What is wrong with whole columns, told once before anything is sent.

Values none of which fits the column's classification (shifted schema IDs, mostly), a name that is another one's, and
words for a missing value that would be sent as text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import field

from prelabel.inputs.answer_lists import written_list
from prelabel.inputs.answers import tester
from prelabel.records import Tally
from prelabel.spelling import clauses, composed, did_you_mean, means_nothing, quoted, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prelabel.model import Classification, ColumnLink, RowBatch

_MOST_VALUES = 1_000  # that all fail: more tell no more
_FEWEST_CELLS = 3  # one wrong cell of a small CSV, which its own row tells of, is no wrong column


def odd_columns(
    batches: Iterable[RowBatch], links: Sequence[ColumnLink], others: Sequence[Classification]
) -> list[str]:
    """Return a warning for each column that is wrong as a whole. Reads no more rows than that takes.

    Args:
        batches: the rows, from the first on, with the links' columns.
        links: the columns, tied to classifications.
        others: all classifications of the project, to tell which one the values would fit.
    """
    columns = [_Column(link, tester(link.classification)) for link in links if not link.ignored]
    for rows in batches:
        unknown = [column for column in columns if not column.is_known()]
        if not unknown:
            break
        for column in unknown:
            column.look_at(rows.columns[column.link.column], rows.lines)
    return [warning for column in columns if (warning := column.warning(others) or column.exchanged(others))]


class _Column(Tally):
    """What was seen of a column.

    Attributes:
        link: what it is tied to.
        fits: tells whether a cell is an answer.
        some_fit: one is, so that nothing is wrong with the column as a whole.
        wrong: the values that are none -> the line of the first cell.
        n_wrong: cells that have one of them.
        words: those for a missing value -> the line of the first cell.
        n_words: cells that have one of them.
    """

    link: ColumnLink
    fits: Callable[[str], bool]
    some_fit: bool = False
    wrong: dict[str, int] = field(default_factory=dict)
    n_wrong: int = 0
    words: dict[str, int] = field(default_factory=dict)
    n_words: int = 0

    @property
    def takes_any_text(self) -> bool:
        """Whether every cell is an answer."""
        return self.link.classification.kind == "text" and not self.link.classification.regex

    def is_known(self) -> bool:
        """Whether more cells would tell no more."""
        return not self.takes_any_text and (self.some_fit or len(self.wrong) >= _MOST_VALUES)

    def look_at(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Take in some cells and the lines they stand on."""
        for cell, line in zip(cells, lines, strict=True):
            if cell in self.wrong:
                self.n_wrong += 1
            elif cell and not cell.isspace() and written_list(cell) != []:
                self._sort(cell, line)

    def _sort(self, cell: str, line: int) -> None:
        fits = self.fits(cell)
        if (self.takes_any_text or not fits) and means_nothing(cell):
            self.words.setdefault(cell, line)
            self.n_words += 1
        elif fits:
            self.some_fit = True
        elif not self.some_fit and len(self.wrong) < _MOST_VALUES:
            self.wrong[cell] = line
            self.n_wrong += 1

    def warning(self, others: Sequence[Classification]) -> str:
        """What to tell of the column, empty for nothing."""
        if self.wrong and not self.some_fit:
            fitting = next((each for each in others if each.options and all(map(tester(each), self.wrong))), None)
            return self._misfit(fitting) if fitting is not None or self.n_wrong >= _FEWEST_CELLS else ""
        if self.takes_any_text and self.words:
            return self._words_as_text()
        if self.n_words >= _FEWEST_CELLS and not self.some_fit:
            word, line = next(iter(self.words.items()))
            return (
                f"column {quoted(self.link.column)} holds nothing but words for no value, such as {quoted(word)} on "
                f"line {line}: leave cells empty where there is no answer"
            )
        return ""

    def exchanged(self, others: Sequence[Classification]) -> str:
        """Say that the column is called as another classification is: values that fit both tell nothing."""
        what, name = self.link.classification, _folded(self.link.column)
        namesakes = [other for other in others if _folded(other.title) == name]
        if not namesakes or any(other.schema_id == what.schema_id for other in namesakes):
            return ""
        return (
            f"column {quoted(self.link.column)} is tied to {_title(what)}, and the project has {_title(namesakes[0])}, "
            "too: are the schema IDs exchanged?"
        )

    def _misfit(self, fitting: Classification | None) -> str:
        what, n_values = self.link.classification, len(self.wrong)
        value, line = next(iter(self.wrong.items()))
        column, title = quoted(self.link.column), _title(what)
        if n_values == 1:
            message = f"the only value of column {column}, {quoted(value, 80)} on line {line}, does not fit {title}"
        else:
            first = "first " if n_values >= _MOST_VALUES else ""
            message = f"none of the {first}{n_values:,} different values of column {column} fits {title}"
        if what.unsupported:
            return f"{message}, which cannot be imported: {what.unsupported}"
        if fitting is None:
            hint = did_you_mean(value, [option.value for option in what.options]).strip()
            first = f"the first, {quoted(value, 80)}, is on line {line}" if n_values > 1 else ""
            return f"{message}{(first or hint) and ': '}{clauses(first, hint)}"
        they_are = "it is an answer" if n_values == 1 else "they are all answers"
        return f"{message}: {they_are} of {_title(fitting)}; are the schema IDs shifted?"

    def _words_as_text(self) -> str:
        word, line = next(iter(self.words.items()))
        column = quoted(self.link.column)
        if self.n_words == 1:
            return f"column {column} is {quoted(word)} on line {line}, sent as text: empty the cell if it has no answer"
        return (
            f"column {column} holds words such as {quoted(word)} in {self.n_words:,} cells, the first on line {line}, "
            "sent as text: empty those that have no answer"
        )


def _folded(name: str) -> str:
    return composed(name.strip()).casefold()


def _title(classification: Classification) -> str:
    return f"{quoted(classification.title, 80)} ({short(classification.schema_id, 80)})"
