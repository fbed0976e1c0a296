"""What a session says in the end."""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Any

import pytest

from importer.desk import CONFIG, rows_of
from localhub.project import SCHEMA
from plugin.sessions import Lines, csv_of, data_for, desk_for
from prelabel.errors import ConfigError, OutputError, RecordBusy, UploadUnavailable
from prelabel.localhub.testing import HubDouble
from prelabel.plugin.answer import answer_to, in_plugin_words

if TYPE_CHECKING:
    from pathlib import Path


def answer_for(folder: Path, rows: list[list[str]], **config: Any) -> str:
    """The answer of a session over some rows, in a project of three assets."""
    with HubDouble(SCHEMA, [f"{number}.png" for number in range(3)]) as hub:
        data = data_for(hub, csv_of(folder, rows), configJSON=CONFIG | config)
        return desk_for(hub, folder / "state").take(data, Lines()).text


def test_all_rows_are_one_sentence_and_the_counts(tmp_path: Path) -> None:
    """And where the report is."""
    sentence, counts, place = answer_for(tmp_path, rows_of(3)).splitlines()
    assert sentence == "3 of 3 rows imported"
    assert counts == "3 imported, 0 skipped, 0 failed, 0 not sent"
    assert place.startswith("full report: http://127.0.0.1")
    assert "?" not in place


def test_the_three_most_harmful_causes_have_their_lines(tmp_path: Path) -> None:
    """Of four causes three, and that there is one more."""
    rows = [
        *rows_of(3),
        ["nope.png", "day", "", "", ""],
        ["", "day", "", "", ""],
        ["gone.png", "day", "", "", ""],
        ["1.png", "dusk", "", "", ""],
        ["2.png", "day", "fog;snow", "", ""],
        ["2.png", "day"],
    ]
    lines = answer_for(tmp_path, rows, overwrite=False).splitlines()
    begin = lines.index("most harmful:")
    causes = lines[begin + 1 : begin + 5]
    assert causes[0].startswith("  line 10 is no row: 2 cells where the header has 5")
    assert causes[1].startswith('  line 6, column "ID": the external ID is empty')
    assert causes[2].startswith("  2 rows (lines 5, 7), the first 'nope.png': no asset")
    assert causes[3] == "  ... and 2 more causes: see the report"
    assert lines[-1].startswith("rows that are not in, each with its reason: http://127.0.0.1")


def test_a_second_session_says_that_nothing_was_left(tmp_path: Path) -> None:
    """And how everything is imported anew."""
    with HubDouble(SCHEMA, ["0.png"]) as hub:
        desk, data = desk_for(hub, tmp_path / "state"), data_for(hub, csv_of(tmp_path, 1))
        desk.take(data, Lines())
        again = desk.take(data, Lines())
    assert again.text.splitlines()[0] == (
        '1 of 1 row imported, all of them by earlier sessions; to import them again, put "restart": "a new word" into '
        "the config"
    )
    assert again.exit_code == 0


@pytest.mark.parametrize(
    ("error", "beginning", "exit_code"),
    [
        (ConfigError("no such column"), "nothing was imported: no such column", 2),
        (UploadUnavailable("the Hub is away"), "the import could not go on: the Hub is away; run it again", 3),
        (OutputError("disk full"), "the plugin's volume cannot be written: disk full", 4),
        (RecordBusy("another session is at it", field="session"), "another session is at it", 1),
        (RecordBusy("another run is working with /state/x"), "another session, in another container, is", 1),
        (KeyError("x"), "a fault in prelabel ended the session (KeyError: 'x')", 70),
        (MemoryError(), "a fault in prelabel ended the session (MemoryError)", 70),
        (CancelledError(), "the session was cut off", 130),
    ],
)
def test_whatever_ends_a_session_it_has_an_answer(error: BaseException, beginning: str, exit_code: int) -> None:
    """Never an empty one: a session without an answer does not end."""
    answer = answer_to(error)
    assert answer.text.startswith(beginning)
    assert answer.exit_code == exit_code
    assert len(answer_to(ConfigError("x" * 10**6)).text.encode()) < 32_000


def test_no_option_is_named_that_nobody_can_type() -> None:
    """What the record's messages say to the command line."""
    assert "--" not in in_plugin_words("the import was rolled back: give --restart to import again")
