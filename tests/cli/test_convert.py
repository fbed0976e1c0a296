"""``prelabel convert``: items on stdout or in a file, with a schema from a file or from the hub."""

from __future__ import annotations

import csv
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cli.conftest import N_ROWS, command_line, environment_with
from masks.corpus import SAMPLES
from prelabel.demo.landed import paint
from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX, draw_samples, write_files

if TYPE_CHECKING:
    from cli.conftest import Command, DemoFiles
    from prelabel.localhub import LocalHub


def test_items_go_to_stdout_and_words_to_stderr(files: DemoFiles, prelabel: Command) -> None:
    """Stdout is NDJSON, one line a row in the CSV's order, with the masks in it pixel for pixel; no hub is needed."""
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", files.csv("segmentation"), *arguments, ANGO_API_KEY="")
    assert done.returncode == 0, done.stderr
    assert f"{N_ROWS} of {N_ROWS} rows converted" in done.stderr
    items = [json.loads(line) for line in done.stdout.splitlines()]
    assert [item["externalId"] for item in items] == [sample.external_id for sample in files.samples]
    for item, sample in zip(items, files.samples, strict=True):
        np.testing.assert_array_equal(paint(item["objects"]), sample.mask)


def test_a_file_and_the_hubs_schema_give_the_same(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """``--out`` writes a file, ``--project`` asks the hub for the schema; ids are those of an import into it."""
    out, common = tmp_path / "items.ndjson", ("-c", files.config("segmentation"), "--project", project)
    asked = prelabel("convert", files.csv("segmentation"), *common, "--host", hub.url, "--out", out)
    given = prelabel("convert", files.csv("segmentation"), *common, "--schema", files.schema("segmentation"), "-q")
    assert (asked.returncode, asked.stdout) == (0, ""), asked.stderr
    assert (given.returncode, given.stderr) == (0, "")
    assert out.read_text(encoding="utf-8") == given.stdout


def test_a_row_that_cannot_be_converted_ends_with_1(files: DemoFiles, prelabel: Command) -> None:
    """The other rows are written."""
    (files.folder / "masks" / files.samples[1].external_id).write_bytes(b"no image")
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", files.csv("segmentation"), *arguments)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == N_ROWS - 1
    assert files.samples[1].external_id in done.stderr
    done = prelabel("convert", files.csv("segmentation"), *arguments, "--quiet")
    assert done.stderr == f"error: 1 of {N_ROWS} rows failed; --rejects FILE writes it, with its reason\n"


def test_damaged_masks_are_told_of_once(files: DemoFiles, prelabel: Command) -> None:
    """Libtiff writes lines of its own to stderr, and Pillow warns: beside the report neither is seen."""
    encoded = bytearray(SAMPLES["TIFF lzw"].encoded)
    encoded[12:40] = bytes(28)
    (files.folder / "masks" / files.samples[1].external_id).write_bytes(encoded)
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", files.csv("segmentation"), *arguments, "--quiet")
    assert done.returncode == 1
    assert done.stderr == "error: 1 of 4 rows failed; --rejects FILE writes it, with its reason\n"
    done = prelabel("convert", files.csv("segmentation"), *arguments)
    assert "the TIFF file cannot be decoded" in done.stderr
    assert "tempfile.tif" not in done.stderr


@pytest.mark.parametrize("option", ["--max-mask-bytes", "--max-mask-pixels"])
def test_limits_of_masks(files: DemoFiles, prelabel: Command, option: str) -> None:
    """Every mask is beyond a limit of ten; one of nothing is wrong usage."""
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", files.csv("segmentation"), *arguments, option, 10)
    assert done.returncode == 1
    assert "at most 10 are allowed" in done.stderr
    assert prelabel("convert", files.csv("segmentation"), *arguments, option, 0).returncode == 2


def test_the_csv_is_not_overwritten(files: DemoFiles, prelabel: Command) -> None:
    """Naming the CSV as the output is a slip, caught before anything is written."""
    table = files.csv("segmentation")
    before = table.read_bytes()
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", table, *arguments, "--out", table)
    assert done.returncode == 2
    assert "is the CSV itself" in done.stderr
    assert table.read_bytes() == before


def test_without_schema_and_project_it_says_what_is_missing(files: DemoFiles, prelabel: Command) -> None:
    """One of the two is needed."""
    done = prelabel("convert", files.csv("segmentation"), "-c", files.config("segmentation"))
    assert done.returncode == 2
    assert "--schema FILE, or --project ID" in done.stderr


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    """``prelabel convert ... | head`` ends without a traceback."""
    write_files(tmp_path, draw_samples(40))
    command = command_line(
        "convert",
        tmp_path / "segmentation.csv",
        "-c",
        tmp_path / "segmentation-config.json",
        "--schema",
        tmp_path / "segmentation-schema.json",
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment_with()) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        stderr = running.stderr.read().decode()
    assert running.returncode == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr


@pytest.mark.parametrize("delimiter", ["tab", "\\t"])
def test_the_delimiter_may_be_said_in_words(delimiter: str, files: DemoFiles, prelabel: Command) -> None:
    """A tab is hard to type in a shell."""
    table = files.csv("classification")
    table.write_text("External ID\tColor\tCategory\tImage Type\nx,y\tred\tA\tOption1\n", encoding="utf-8")
    arguments = ("-c", files.config("classification"), "--schema", files.schema("classification"), "-d", delimiter)
    done = prelabel("convert", table, *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["externalId"] == "x,y"


def test_an_encoding_that_is_named(files: DemoFiles, prelabel: Command) -> None:
    """The message for a CSV in another encoding says what to do, and that works."""
    table = files.csv("classification")
    table.write_text("External ID,Color,Category,Image Type\nGröße,red,A,Option1\n", encoding="cp1252")
    arguments = ("-c", files.config("classification"), "--schema", files.schema("classification"))
    refused = prelabel("convert", table, *arguments)
    assert refused.returncode == 2
    assert "'Größe' as cp1252" in " ".join(refused.stderr.split())
    assert "--encoding" in refused.stderr
    done = prelabel("convert", table, *arguments, "--encoding", "cp1252")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["externalId"] == "Größe"


def test_cells_do_not_reach_the_terminal_raw(files: DemoFiles, prelabel: Command, tmp_path: Path) -> None:
    """Escapes of answers, IDs, masks, columns and the file's own name are shown, in what is printed and in rejects."""
    bad = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"
    table = tmp_path / "e\x1b[2J.csv"
    table.write_text(
        f"External ID,Color,Category,Image Type,{bad}\n{bad},{bad},{bad},{bad},\nx,y,z,w,\n", encoding="utf-8"
    )
    arguments = ("-c", files.config("classification"), "--schema", files.schema("classification"))
    rejects = tmp_path / "rejects.csv"
    done = prelabel("convert", table, *arguments, "--rejects", rejects)
    missing = prelabel("convert", tmp_path / f"{bad}.csv", *arguments)
    assert (done.returncode, missing.returncode) == (1, 2)
    assert "\\x1b[2J" in done.stderr
    assert "\\x1b[2J" in missing.stderr
    reasons = [row["prelabel_error"] for row in csv.DictReader(rejects.read_text(encoding="utf-8").splitlines())]
    assert len(reasons) == 2
    for text in (done.stderr, missing.stderr, *reasons):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text), text


def test_the_mask_root_may_be_elsewhere(files: DemoFiles, prelabel: Command, tmp_path: Path) -> None:
    """Mask paths start from ``--mask-root`` where the CSV lies apart from them."""
    table = tmp_path / "moved.csv"
    files.csv("segmentation").rename(table)
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    done = prelabel("convert", table, *arguments, "--mask-root", files.folder)
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout.splitlines()[0])
    assert paint(first["objects"]).shape == (HEIGHT_PX, WIDTH_PX)
    assert first["objects"]


def test_masks_outside_of_the_root(files: DemoFiles, prelabel: Command, tmp_path: Path) -> None:
    """They are refused, each row with the remedy, unless they are allowed."""
    table, elsewhere = files.csv("segmentation"), tmp_path / "elsewhere"
    (files.folder / "masks").rename(elsewhere)
    table.write_text(table.read_text(encoding="utf-8").replace(",masks/", f",{elsewhere}/"), encoding="utf-8")
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    refused = prelabel("convert", table, *arguments)
    allowed = prelabel("convert", table, *arguments, "--allow-outside-root")
    assert (refused.returncode, allowed.returncode) == (1, 0), allowed.stderr
    assert "or --allow-outside-root" in refused.stderr
    assert len(allowed.stdout.splitlines()) == N_ROWS


def test_options_about_masks(files: DemoFiles, prelabel: Command) -> None:
    """Limits reach the masks; a host that is none is a mistake in the command, not in the rows."""
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"))
    small = prelabel("convert", files.csv("segmentation"), *arguments, "--max-mask-bytes", 10)
    wrong = prelabel("convert", files.csv("segmentation"), *arguments, "--allow-mask-host", "http://host/")
    assert (small.returncode, wrong.returncode) == (1, 2)
    assert "at most 10 are allowed" in small.stderr
    assert "allow_mask_hosts has 'http://host/': name a host" in wrong.stderr


def test_help_teaches_about_masks(prelabel: Command) -> None:
    """Every option is there, with its default."""
    said = " ".join(prelabel("import", "--help").stdout.split())
    for option in ("--fetch-concurrency N", "--fetch-timeout S", "--max-mask-bytes N", "--max-redirects N"):
        assert option in said
    for option in ("--max-shared-bytes N", "--allow-outside-root", "--allow-mask-host NAME"):
        assert option in said
    assert "[default: 16; x>=1]" in said


def _after(command: str, files: DemoFiles, tmp_path: Path) -> tuple[int, str]:
    """Run a convert in a shell, its streams as the command line says; return the exit code and what stderr got."""
    arguments = ["convert", files.csv("segmentation"), "-c", files.config("segmentation")]
    whole = shlex.join([*command_line(*arguments, "--schema", files.schema("segmentation")), "--report", "report.json"])
    done = subprocess.run(
        ["sh", "-c", command.replace("CONVERT", whole)],
        capture_output=True,
        encoding="utf-8",
        env=environment_with(),
        cwd=tmp_path,
        check=False,
        timeout=110,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("CONVERT >/dev/full", 4, "cannot write the standard output (No space left on device): make room there"),
        ("CONVERT -o /dev/full", 4, "cannot write /dev/full (No space left on device): make room there"),
        ("CONVERT -o /dev/full", 4, "as --out; 4 of 4 rows could be converted but not written\n"),
        ("CONVERT -o items --rejects /dev/full", 4, "as --rejects; 4 of 4 rows are converted all the same"),
        ("CONVERT -o items 2>/dev/full", 4, ""),
        ("CONVERT -o items -q 2>/dev/full", 0, ""),
        ("CONVERT -o items 2>&-", 0, ""),
        ("CONVERT -o items <&- >&- 2>&-", 0, ""),
    ],
)
def test_streams_that_take_nothing(command: str, code: int, said: str, files: DemoFiles, tmp_path: Path) -> None:
    """The other results are there; a summary that was wanted is one of them."""
    exit_code, stderr = _after(command, files, tmp_path)
    assert exit_code == code
    assert said in stderr
    assert "Traceback" not in stderr
    assert "Exception" not in stderr
    assert json.loads((tmp_path / "report.json").read_bytes())["rows"]["n_ready"] == 4
    if "-o items" in command:
        assert len((tmp_path / "items").read_bytes().splitlines()) == 4


def test_a_closed_stdout_is_found_before_the_work(files: DemoFiles, tmp_path: Path) -> None:
    """There is nowhere for the items to go."""
    exit_code, stderr = _after("CONVERT >&-", files, tmp_path)
    assert (exit_code, stderr) == (2, "error: --out: the standard output is closed: name a file\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", ["--help", "--version", "config-schema"])
def test_what_stdout_does_not_take(arguments: str) -> None:
    """Small commands say so as well."""
    command = shlex.join(command_line(arguments)) + " >/dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("error: cannot write the standard output (No space left on device)")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="devices as POSIX has them")
def test_a_report_on_stdout_goes_on_in_the_log(files: DemoFiles, tmp_path: Path) -> None:
    """``{ ...; prelabel ... --report /dev/stdout; } > log`` takes nothing away from the log."""
    log, items = tmp_path / "log", tmp_path / "items.ndjson"
    arguments = ("-c", files.config("segmentation"), "--schema", files.schema("segmentation"), "--out", items)
    with log.open("wb", buffering=0) as file:
        file.write(b"before\n")
        command = command_line("convert", files.csv("segmentation"), *arguments, "--report", "/dev/stdout")
        subprocess.run(command, stdout=file, stderr=subprocess.PIPE, env=environment_with(), timeout=60, check=True)
        file.write(b"after\n")
    first, *report, last = log.read_text().splitlines()
    assert (first, last, json.loads("\n".join(report))["rows"]["n_ready"]) == ("before", "after", N_ROWS)
