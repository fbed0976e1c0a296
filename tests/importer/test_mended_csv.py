"""Imports that go on after their CSV was mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.desk import desk_with, rows_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_mended_csv_goes_on(tmp_path: Path) -> None:
    """Rows that are in are known by their content, wherever they stand; mended ones are sent; the undo has them all."""
    given: dict[str, Any] = {"state": tmp_path / "state"}
    async with desk_with(tmp_path, 5) as desk:
        await desk.run(rows_of(5, "night"))
        first = await desk.run([*rows_of(4), ["4.png", "fog", "", "", ""]], **given)
        assert (first.n_imported, first.n_failed) == (4, 1)
        rows = [[*row[:4], "a cell that is not imported"] for row in rows_of(4)]
        mended = [["4.png", "day", "", "", ""], rows[3], [*rows[2][:3], "other", ""], rows[0]]
        second = await desk.run(mended, **given)
        assert (second.n_imported, second.n_earlier, second.n_failed, second.n_batches) == (4, 2, 0, 1)
        note = next(note for note in second.notes if note.startswith("the CSV has changed since the last run: 2 rows"))
        assert "; 1 row went in otherwise, and is sent again (line 4); 1 row that went in cannot be found any" in note
        assert "(row 2 of the CSV as it was): what it brought stays on the Hub" in note
        assert desk.answers()["2.png"]["cls-note"] == "other"
        third = await desk.run(mended, **given)
        assert "finished by an earlier run" in third.notes[0]
        assert await desk.roll_back(tmp_path / "state") == 5
        assert {answers["cls-type"] for answers in desk.answers().values()} == {"opt-night"}


async def test_a_finished_import_whose_csv_grew(tmp_path: Path) -> None:
    """Only what is new is sent; of an ID that is added to, in order."""
    state, config = tmp_path / "state", {"overwrite": False}
    async with desk_with(tmp_path, 3) as desk:
        await desk.run(rows_of(2), config, state=state)
        more = [*rows_of(2), ["2.png", "day", "", "", ""], ["0.png", "night", "", "", ""]]
        report = await desk.run(more, config, state=state)
        assert (report.n_imported, report.n_earlier) == (4, 2)
        assert desk.answers()["0.png"] == {"cls-type": "opt-night", "cls-note": "note 0"}


@pytest.mark.parametrize("overwrite", [True, False])
async def test_rows_that_come_and_go(tmp_path: Path, overwrite: bool) -> None:
    """Whatever became of the CSV since: what is stored is what its last row of an ID says."""
    day, night = ["0.png", "day", "", "", ""], ["0.png", "night", "", "", ""]
    async with desk_with(tmp_path, 1) as desk:
        for rows in ([day], [day, night], [day], [night, day], [day, night], [night, day], [night], [day]):
            report = await desk.run(rows, {"overwrite": overwrite}, state=tmp_path / "state")
            assert report.exit_code == 0
            assert desk.answers()["0.png"]["cls-type"] == f"opt-{rows[-1][1]}", rows


async def test_many_mended_rows(tmp_path: Path) -> None:
    """The first few are named."""
    async with desk_with(tmp_path, 20) as desk:
        await desk.run(rows_of(20), state=tmp_path / "state")
        report = await desk.run(rows_of(13, "night"), state=tmp_path / "state")
    assert (
        "0 rows went in as here, and will not be sent again; 13 rows went in otherwise, and are sent" in report.notes[0]
    )
    assert (
        "again (lines 2, 3, 4, 5, 6, ...); 7 rows that went in cannot be found any more (rows 14, 15, 16, 17, 18, ...)"
        in (report.notes[0].replace(" of the CSV as it was", ""))
    )
