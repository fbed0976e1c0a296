"""Options as records, and as the keywords of the functions that take them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

from prelabel.cli.options import DECLARED
from prelabel.importer.convert import convert
from prelabel.importer.import_labels import import_labels, import_labels_async
from prelabel.importer.options import ConvertOptions, ImportOptions

if TYPE_CHECKING:
    from prelabel.importer.options import RunOptions

FUNCTIONS: list[tuple[Any, type[RunOptions]]] = [
    (import_labels, ImportOptions),
    (import_labels_async, ImportOptions),
    (convert, ConvertOptions),
]
BY_CODE_ONLY = {"api_key", "on_progress", "on_warning", "n_threads", "on_error", "trust", "stop", "out"}
BY_CODE_ONLY |= {"restart_if_changed", "run_name"}


@pytest.mark.parametrize(("function", "record"), FUNCTIONS)
def test_fields_are_keywords(function: Any, record: type[RunOptions]) -> None:
    """Same names and defaults, what has none is required, and ``help()`` describes each."""
    parameters = inspect.signature(function).parameters
    keywords = {name: each for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}
    described = inspect.getdoc(function) or ""

    assert list(parameters)[:2] == ["csv", "config"]
    assert keywords.keys() == set(record.__struct_fields__)
    for name, field in inspect.signature(record).parameters.items():
        assert keywords[name].default == field.default
        assert f"{name}: " in described


def test_a_misspelt_keyword() -> None:
    """It is no option, and says so before anything is opened."""
    with pytest.raises(TypeError, match="'dryrun'"):
        import_labels("rows.csv", {"external_id_column": "id"}, project="p", dryrun=True)  # type: ignore[call-arg]


def test_the_key_is_not_shown() -> None:
    """Not in a traceback that prints its locals, nor in a log."""
    assert "hush" not in repr(ImportOptions(project="p", api_key="hush"))


@pytest.mark.parametrize("record", [ImportOptions, ConvertOptions])
def test_the_command_line_has_every_option(record: type[RunOptions]) -> None:
    """But for those that only code can give, and those a command makes itself of others."""
    assert set(record.__struct_fields__) - DECLARED.keys() <= BY_CODE_ONLY
