"""Options of commands that records declare."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from prelabel.cli.options import takes
from prelabel.importer.options import ConvertOptions, ImportOptions


def options_of(record: Any, *arguments: str) -> dict[str, Any]:
    """What a command of this record is given for these arguments."""
    given: list[dict[str, Any]] = []

    @click.command()
    @click.argument("name")
    @takes(record)
    @click.option("--mark", is_flag=True)
    def command(name: str, *, options: dict[str, Any], mark: bool) -> None:
        given.append({"name": name, "mark": mark, **options})

    result = CliRunner().invoke(command, ["x", *arguments])
    assert result.exit_code == 0, result.output
    return given[0]


@pytest.mark.parametrize(("text", "character"), [("tab", "\t"), ("\\t", "\t"), (";", ";")])
def test_delimiters_that_are_hard_to_type(text: str, character: str) -> None:
    """A tab may be written in words."""
    assert options_of(ConvertOptions, "--delimiter", text)["delimiter"] == character


def test_a_record_s_fields_are_options() -> None:
    """With the record's defaults; what was not given and has none is left out; the command's own stay its own."""
    plain = options_of(ImportOptions, "--project", "p")
    chosen = options_of(
        ImportOptions,
        "--project",
        "p",
        "--mark",
        "--no-undo",
        "--allow-mask-host",
        "a",
        "--allow-mask-host",
        "b",
        "--batch",
        "Monday",
        "--batch",
        "b2",
    )

    assert (plain["name"], plain["mark"], plain["undo"], plain["max_in_flight"]) == ("x", False, True, 4)
    assert not {"state", "report", "host", "min_iou"} & plain.keys()
    assert (chosen["mark"], chosen["undo"], chosen["allow_mask_hosts"]) == (True, False, ("a", "b"))
    assert ("batches" in plain, chosen["batches"]) == (False, ("Monday", "b2"))
    assert ImportOptions(**{name: plain[name] for name in plain.keys() - {"name", "mark"}}).project == "p"


def test_what_a_record_lacks_is_no_option() -> None:
    """A convert sends nothing, so it knows no dry run; an import needs its project."""

    @click.command()
    @takes(ConvertOptions)
    def command(*, options: dict[str, Any]) -> None:
        assert options

    assert CliRunner().invoke(command, ["--dry-run"]).exit_code == 2
