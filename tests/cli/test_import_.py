"""``prelabel import``: the real command against a real hub, read back with Ango's own SDK."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from imerit_ango.sdk import SDK

from cli.conftest import KEY, N_ROWS, command_line, environment_with, make_project
from prelabel.demo.landed import paint
from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX
from prelabel.demo.seed import CLASSIFICATION_IDS, QUESTION_OPTIONS, TYPE_OPTIONS, seed_config
from prelabel.localhub import HubSettings, LocalHub

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command, DemoFiles
    from prelabel.demo.scenes import Sample

IMPORT_ROUTE = "POST /v2/import/labels"


def _answers(hub: LocalHub, project: str) -> dict[str, Any]:
    """Every task's answer by external ID, as the SDK reads it."""
    client = SDK(KEY, host=hub.url)
    try:
        tasks = client.get_tasks(project, limit=100, include_answer=True)["data"]["tasks"]
    finally:
        client.session.close()
    return {task["externalId"]: task["answer"] for task in tasks}


def _stored(sample: Sample) -> list[dict[str, Any]]:
    """The classification answers a sample should have become: a text, an option's id, a list of options' ids."""
    color, category, image_type = sample.answers
    values = (color, TYPE_OPTIONS.get(category), [QUESTION_OPTIONS[one] for one in image_type.split(";") if one])
    return [
        {"schemaId": ident, "answer": value} for ident, value in zip(CLASSIFICATION_IDS, values, strict=True) if value
    ]


@pytest.mark.parametrize("example", ["classification", "segmentation"])
def test_the_documentations_examples_land(
    example: str, files: DemoFiles, hub: LocalHub, prelabel: Command, tmp_path: Path
) -> None:
    """Both example configs, unchanged, with their schemas: every value and every pixel read back with the SDK."""
    project, report = make_project(files, hub, with_tools=example == "segmentation"), tmp_path / "report.json"
    config = files.config(example)
    done = prelabel(
        "import", files.csv(example), "-c", config, "--project", project, "--report", report, ANGO_HOST=hub.url
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert f"{N_ROWS} of {N_ROWS} rows imported, 0 skipped, 0 failed" in done.stderr
    assert json.loads(report.read_text())["rows"]["n_imported"] == N_ROWS
    answers = _answers(hub, project)
    for sample in files.samples:
        answer = answers[sample.external_id]
        given = [{key: found[key] for key in ("schemaId", "answer")} for found in answer["classifications"]]
        assert given == _stored(sample)
        drawn = np.zeros((HEIGHT_PX, WIDTH_PX)) if example == "classification" else sample.mask
        np.testing.assert_array_equal(paint(answer["tools"]), drawn)


def test_a_dry_run_sends_no_label(files: DemoFiles, hub: LocalHub, project: str, prelabel: Command) -> None:
    """Everything is done but the import."""
    done = prelabel(
        "import",
        files.csv("segmentation"),
        "-c",
        files.config("segmentation"),
        "--project",
        project,
        "-n",
        "--host",
        hub.url,
    )
    assert done.returncode == 0, done.stderr
    assert f"{N_ROWS} of {N_ROWS} rows ready to import" in done.stderr
    assert hub.request_counts[IMPORT_ROUTE] == 0


def test_only_a_batch(files: DemoFiles, hub: LocalHub, project: str, prelabel: Command) -> None:
    """By name or id, several together; the rows of other assets are skipped, and a batch that is none is refused."""
    inside = [sample.external_id for sample in files.samples[:2]]
    client = SDK(KEY, host=hub.url)
    try:
        client.create_batches(project, ["Monday", "Tuesday"])
        ids = {batch["name"]: batch["_id"] for batch in client.get_batches(project)}
        for external_id, name in zip(inside, ids, strict=True):
            listed = client.get_assets(project, filters={"externalId": external_id})["data"]["assets"]
            client.assign_batches(project, [asset["_id"] for asset in listed], [ids[name]])
    finally:
        client.session.close()
    given = ("-c", files.config("segmentation"), "--project", project, "--host", hub.url)
    wrong = prelabel("import", files.csv("segmentation"), *given, "--batch", "monday")
    assert (wrong.returncode, hub.request_counts[IMPORT_ROUTE]) == (2, 0)
    assert 'the project has no batch "monday": did you mean "Monday"?' in wrong.stderr
    done = prelabel("import", files.csv("segmentation"), *given, "--batch", "Monday", "--batch", ids["Tuesday"])

    assert done.returncode == 0, done.stderr
    assert f"2 of {N_ROWS} rows imported, 2 skipped, 0 failed" in done.stderr
    assert (
        'is not in any of the batches "Monday", "Tuesday", and no others are imported to [other-batch]' in done.stderr
    )
    answers = _answers(hub, project)
    assert {ident for ident, found in answers.items() if found["tools"] or found["classifications"]} == set(inside)
    other = prelabel("import", files.csv("segmentation"), *given, "--batch", "Monday")
    assert other.returncode == 2
    assert "the config (batches) is not what" in other.stderr


def test_failed_rows_end_with_1_and_are_kept(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """Rows that cannot be imported are named, written to the rejects, and the others land."""
    table, rejects = files.csv("segmentation"), tmp_path / "rejects.csv"
    with table.open("a", encoding="utf-8") as file:
        file.write("nobody.png,red,A,,\n")
    done = prelabel(
        "import",
        table,
        "-c",
        files.config("segmentation"),
        "--project",
        project,
        "--host",
        hub.url,
        "--rejects",
        rejects,
    )
    assert done.returncode == 1
    assert f"{N_ROWS} of {N_ROWS + 1} rows imported, 0 skipped, 1 failed" in done.stderr
    assert "'nobody.png'" in done.stderr
    with rejects.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["External ID"] == "nobody.png"
    assert row["prelabel_error"]
    assert "mend it in the CSV and run the same command, or mend this file and import it by itself" in done.stderr


def _config_without_column(files: DemoFiles) -> None:
    config = {**seed_config(with_masks=True), "mask_column": "Masks"}
    files.config("segmentation").write_text(json.dumps(config))


def _config_with_unknown_key(files: DemoFiles) -> None:
    config = {**seed_config(with_masks=True), "overwrit": False}
    files.config("segmentation").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_config_without_column, "Masks"),
        (_config_with_unknown_key, 'unknown key "overwrit": did you mean "overwrite"?'),
        (lambda files: files.config("segmentation").unlink(), "cannot read the config"),
        (lambda files: files.csv("segmentation").unlink(), "segmentation.csv"),
        (lambda files: files.csv("segmentation").write_text(""), "segmentation.csv"),
    ],
)
def test_what_cannot_be_imported_ends_with_2_and_sends_nothing(
    spoil: Any, said: str, files: DemoFiles, hub: LocalHub, project: str, prelabel: Command
) -> None:
    """A wrong config or CSV is said in one message, and no label is sent."""
    spoil(files)
    done = prelabel(
        "import", files.csv("segmentation"), "-c", files.config("segmentation"), "--project", project, "--host", hub.url
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert hub.request_counts[IMPORT_ROUTE] == 0


def test_results_without_a_place_end_with_2_before_any_request(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """A report that could not be written is not found out after an hour's import."""
    before, lost = sum(hub.request_counts.values()), tmp_path / "nowhere" / "report.json"
    arguments = ("-c", files.config("segmentation"), "--project", project, "--host", hub.url, "--report", lost)
    done = prelabel("import", files.csv("segmentation"), *arguments)
    assert done.returncode == 2
    assert "--report: there is no folder" in done.stderr
    assert sum(hub.request_counts.values()) == before


def test_a_refusal_ends_with_3_and_never_shows_the_key(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """A wrong key: exit code 3, what to do, and the key in no output, not even with a traceback."""
    key_file = tmp_path / "key"
    key_file.write_text("this-is-the-wrong-key\n")
    arguments = (
        "-c",
        files.config("segmentation"),
        "--project",
        project,
        "--host",
        hub.url,
        "--api-key-file",
        key_file,
    )
    done = prelabel("--debug", "import", files.csv("segmentation"), *arguments)
    assert done.returncode == 3
    assert f"check the API key (the one in the file {key_file})" in done.stderr
    assert "Traceback" in done.stderr
    assert "this-is-the-wrong-key" not in done.stderr + done.stdout


def test_the_key_file_is_used(files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path) -> None:
    """The file's key wins over the environment's."""
    key_file = tmp_path / "key"
    key_file.write_text(f"{KEY}\n")
    arguments = (
        "-c",
        files.config("segmentation"),
        "--project",
        project,
        "--host",
        hub.url,
        "--api-key-file",
        key_file,
    )
    done = prelabel("import", files.csv("segmentation"), *arguments, "--quiet", ANGO_API_KEY="wrong")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_key_ends_with_2(files: DemoFiles, hub: LocalHub, project: str, prelabel: Command) -> None:
    """Without a key the message says where it is looked for."""
    arguments = ("-c", files.config("segmentation"), "--project", project, "--host", hub.url)
    done = prelabel("import", files.csv("segmentation"), *arguments, ANGO_API_KEY="")
    assert done.returncode == 2
    assert "ANGO_API_KEY" in done.stderr


def test_an_unreachable_hub_ends_with_3(files: DemoFiles, tmp_path: Path, prelabel: Command) -> None:
    """A Hub that asks for more patience than we have."""
    settings = HubSettings(requests_per_minute=1, rate_window_s=100_000)
    with LocalHub(tmp_path / "busy", api_key=KEY, settings=settings) as busy:
        arguments = ("-c", files.config("segmentation"), "--project", "abc", "--host", busy.url)
        first = prelabel("import", files.csv("segmentation"), *arguments)
        second = prelabel("import", files.csv("segmentation"), *arguments)
    assert (first.returncode, second.returncode) == (3, 3)
    assert "Invalid project: abc" in first.stderr
    assert "the key sees" not in first.stderr, "a Hub that has no time for hints is not asked again"
    assert "rate limit" in second.stderr


class _Imports:
    """A middleware that lets imports wait, and the command that waits for them."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s

    def middleware(self) -> Any:
        """What the hub is started with."""

        @web.middleware
        async def wait(request: web.Request, handler: Any) -> web.StreamResponse:
            if request.path == "/v2/import/labels":
                await asyncio.sleep(self.wait_s)
            response: web.StreamResponse = await handler(request)
            return response

        return wait


def _started(hub: LocalHub, command: list[str], TERM: str = "dumb", **streams: Any) -> subprocess.Popen[str]:  # noqa: N803
    """The command, at the point where it has sent an import."""
    streams = streams or {"stderr": subprocess.PIPE}
    running = subprocess.Popen(command, encoding="utf-8", env=environment_with(TERM=TERM), **streams)
    patience = time.monotonic() + 40
    while not hub.request_counts[IMPORT_ROUTE]:
        assert running.poll() is None, "it ended before it imported"
        assert time.monotonic() < patience, "it never came to import"
        time.sleep(0.02)
    return running


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_lets_arrive_what_is_on_its_way(
    number: signal.Signals, files: DemoFiles, tmp_path: Path, prelabel: Command
) -> None:
    """One signal: the batch under way is imported, the others are not sent; exit code 130; run again, all is in."""
    report = tmp_path / "report.json"
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**seed_config(with_masks=True), "upload_batch_size": 1}))
    with LocalHub(tmp_path / "slow", api_key=KEY, middlewares=[_Imports(1.5).middleware()]) as slow:
        project = make_project(files, slow)
        arguments = ("-c", config, "--project", project, "--host", slow.url, "--report", report, "--max-in-flight", 1)
        with _started(slow, command_line("import", files.csv("segmentation"), *arguments)) as running:
            running.send_signal(number)
            _, stderr = running.communicate(timeout=15)
        assert running.returncode == 130, stderr
        assert "once more stops at once" in stderr
        assert "stopped early: interrupted" in stderr
        assert "the same command goes on from here" in stderr
        assert "Traceback" not in stderr
        counts = json.loads(report.read_text(encoding="utf-8"))["rows"]
        assert (counts["n_imported"], counts["n_failed"], counts["n_not_sent"]) == (1, 0, N_ROWS - 1)
        assert slow.request_counts[IMPORT_ROUTE] == 1

        again = prelabel("import", files.csv("segmentation"), *arguments)
        assert again.returncode == 0, again.stderr
        assert f"{N_ROWS} of {N_ROWS} rows imported (1 of them by an earlier run)" in again.stderr
        assert slow.request_counts[IMPORT_ROUTE] == N_ROWS
        n_before = sum(slow.request_counts.values())
        finished = prelabel("import", files.csv("segmentation"), *arguments)
        assert finished.returncode == 0
        assert "was finished by an earlier run: nothing was sent" in finished.stderr
        assert sum(slow.request_counts.values()) == n_before


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interruption_stops_at_once(number: signal.Signals, files: DemoFiles, tmp_path: Path) -> None:
    """No traceback, how far it came, the report, exit code 130."""
    report = tmp_path / "report.json"
    with LocalHub(tmp_path / "slow", api_key=KEY, middlewares=[_Imports(600).middleware()]) as slow:
        project = make_project(files, slow)
        arguments = ("-c", files.config("segmentation"), "--project", project, "--host", slow.url, "--report", report)
        with _started(slow, command_line("import", files.csv("segmentation"), *arguments)) as running:
            running.send_signal(number)
            time.sleep(0.3)
            assert running.poll() is None
            running.send_signal(number)
            _, stderr = running.communicate(timeout=15)
    assert running.returncode == 130
    assert f"0 of {N_ROWS} rows when it was stopped" in stderr
    assert "interrupted: stopped before the end" in stderr
    assert "Traceback" not in stderr
    assert json.loads(report.read_text(encoding="utf-8"))["stopped"] == "interrupted"


@pytest.mark.skipif(sys.platform == "win32", reason="terminals as POSIX has them")
def test_a_terminal_that_is_closed_under_the_bar(files: DemoFiles, tmp_path: Path) -> None:
    """As the first Ctrl-C, though nothing can be shown any more: the report is there, the exit code is 130."""
    import pty  # noqa: PLC0415 - not on Windows

    report = tmp_path / "report.json"
    with LocalHub(tmp_path / "slow", api_key=KEY, middlewares=[_Imports(1.0).middleware()]) as slow:
        project = make_project(files, slow)
        arguments = ("-c", files.config("segmentation"), "--project", project, "--host", slow.url, "--report", report)
        ours, theirs = pty.openpty()
        terminal: dict[str, Any] = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "TERM": "xterm"}
        with _started(slow, command_line("import", files.csv("segmentation"), *arguments), **terminal) as running:
            os.close(theirs)
            os.close(ours)
            for _ in range(2):  # from the system, and from the shell
                running.send_signal(signal.SIGHUP)
            assert running.wait(timeout=15) == 130
    assert json.loads(report.read_text(encoding="utf-8"))["rows"]["n_imported"] == N_ROWS


def test_stopping_at_the_first_failure(
    files: DemoFiles, hub: LocalHub, project: str, prelabel: Command, tmp_path: Path
) -> None:
    """--on-error stop sends nothing once a row has failed."""
    table = files.csv("segmentation")
    header, *lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([header, "nobody.png,red,Nonsense,,", *lines, ""]), encoding="utf-8")
    arguments = ("-c", files.config("segmentation"), "--project", project, "--host", hub.url)
    done = prelabel("import", table, *arguments, "--on-error", "stop")
    assert done.returncode == 1
    assert "stopped early: more than 0 rows failed" in done.stderr


def test_contradicting_options(files: DemoFiles, prelabel: Command) -> None:
    """A record that is wanted and not wanted."""
    done = prelabel(
        "import",
        files.csv("segmentation"),
        "-c",
        files.config("segmentation"),
        "--project",
        "p",
        "--no-state",
        "--restart",
    )
    assert done.returncode == 2
    assert "--no-state and --restart contradict each other" in done.stderr
