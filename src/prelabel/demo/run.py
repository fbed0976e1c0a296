"""Draw, import, read back: two projects on a local hub, everything over HTTP as with the real Hub."""

from __future__ import annotations

import asyncio
import json
import shlex
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prelabel.demo.landed import compare
from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX, draw_samples, write_files
from prelabel.errors import ConfigError
from prelabel.hub.client import HubClient
from prelabel.hub.transport import Transport
from prelabel.importer.import_labels import import_labels
from prelabel.importer.watcher import Watcher
from prelabel.localhub import INNER_NAME, LocalHub, inner_store
from prelabel.outcomes.output_file import NO_ROOM, cannot_write
from prelabel.outcomes.progress import Progress
from prelabel.spelling import counted, escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prelabel.demo.landed import DemoProject
    from prelabel.demo.scenes import Sample

    OnProgress = Callable[[Progress, str], None]

EXAMPLES = ("classification", "segmentation")
_MAX_ROWS = 10_000
_UPLOAD_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How the demo ended.

    Attributes:
        projects: one for each example, in the order of :data:`EXAMPLES`.
        folder: where the images, masks, CSVs, configs and the hub's store are (or were, in a temporary folder).
        url: where the hub listens while it runs.
        page_url: its web page, opened with the key.
    """

    projects: tuple[DemoProject, ...]
    folder: Path
    url: str
    page_url: str

    @property
    def succeeded(self) -> bool:
        """Every row landed, and everything read back equals what was drawn."""
        return all(
            project.report.n_imported == project.report.n_rows and not project.differences for project in self.projects
        )


def run_demo(
    rows: int = 36,
    store: Path | None = None,
    *,
    port: int = 0,
    on_step: Callable[[str], None] = lambda _: None,
    on_progress: OnProgress = lambda progress, stage: None,
    while_running: Callable[[DemoResult], None] = lambda _: None,
) -> DemoResult:
    """Make two projects on a local hub, import labels into them and read them back.

    Args:
        rows: images, and rows of each CSV; 1 to 10,000.
        store: folder to keep everything in, new or empty; None makes a temporary one that is gone afterwards.
        port: the local hub's, 0 for a free one.
        on_step: told what comes next, in words.
        on_progress: given snapshots as in :func:`prelabel.import_labels`, of each stage, with its name.
        while_running: called with the result before the hub stops.

    Raises:
        ConfigError: ``rows`` is out of range, the port or the folder cannot be used, or the folder is not empty.
        OutputError: there is no room in the folder.
        UploadError: the local hub did not answer.
    """
    if not 1 <= rows <= _MAX_ROWS:
        raise ConfigError(f"rows is {rows}: the demo makes 1 to {_MAX_ROWS:,}", field="rows", value=rows)
    with _folder(store) as folder, LocalHub(folder / INNER_NAME, port=port) as hub:
        on_step(f"drawing {counted(rows, 'image')}, each with a mask")
        samples = draw_samples(rows)
        _write(folder, samples, _counting(on_progress, "drawing", rows, "image"))
        projects = []
        for example in EXAMPLES:
            on_step(f"importing the {example} example")
            projects.append(_run_example(example, folder, samples, hub, on_progress))
        result = DemoResult(tuple(projects), folder, hub.url, hub.page_url)
        while_running(result)
    return result


@contextmanager
def _folder(store: Path | None) -> Iterator[Path]:
    if store is not None:
        _check_empty(store)
        yield store.absolute()
        return
    try:
        temporary = tempfile.TemporaryDirectory(prefix="prelabel-demo-")
    except OSError as error:
        message = f"cannot make a temporary folder ({error.strerror or error}): name a folder with --store"
        raise ConfigError(message, field="store") from error
    with temporary as name:
        yield Path(name)


def _check_empty(store: Path) -> None:
    """Refuse a folder in which the demo would write over what somebody keeps."""
    try:
        is_empty = not store.exists() or next(store.iterdir(), None) is None
    except OSError as error:
        message = f"cannot use {escaped(str(store))}: {error.strerror or error}; give another folder"
        raise ConfigError(message, field="store", value=str(store)) from error
    if not is_empty:
        message = (
            f"the folder {escaped(str(store))} is not empty: give a new one, so that nothing in it is written over"
        )
        if (inner := inner_store(store)) is not None:
            message += f"; to look at what is there: prelabel hub --store {shlex.quote(str(inner))}"
        raise ConfigError(message, field="store", value=str(store))


def _counting(on_progress: OnProgress, stage: str, n_all: int, unit: str) -> Callable[[], None]:
    """What a stage calls as one more of so many is done."""
    n_done, started = 0, time.perf_counter()

    def counts() -> Progress:
        return Progress(n_all, n_done, 0, 0, 0, 0, time.perf_counter() - started, unit=unit)

    watcher = Watcher(lambda progress: on_progress(progress, stage), counts)

    def one_more() -> None:
        nonlocal n_done
        n_done += 1
        watcher.tell()

    watcher.tell()
    return one_more


def _write(folder: Path, samples: Sequence[Sample], on_image: Callable[[], None]) -> None:
    try:
        write_files(folder, samples, on_image)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise cannot_write(escaped(str(folder)), error) from error
        message = (
            f"cannot write the demo's files into {escaped(str(folder))}: {error.strerror or error}; give another folder"
        )
        raise ConfigError(message, field="store", value=str(folder)) from error


def _run_example(
    example: str,
    folder: Path,
    samples: Sequence[Sample],
    hub: LocalHub,
    on_progress: OnProgress,
) -> DemoProject:
    schema = json.loads((folder / f"{example}-schema.json").read_bytes())
    name = f"prelabel demo: {example}"
    on_upload = _counting(on_progress, f"{example}, uploading", len(samples), "image")
    project = asyncio.run(_create_project(name, schema, folder / "images", samples, hub, on_upload))
    report = import_labels(
        folder / f"{example}.csv",
        folder / f"{example}-config.json",
        project=project,
        host=hub.url,
        api_key=hub.api_key,
        on_progress=lambda progress: on_progress(progress, example),
    )
    on_row = _counting(on_progress, f"{example}, reading back", len(samples), "row")
    answers = asyncio.run(_read_back(project, samples, hub))
    return compare(report, name, schema, samples, answers, on_row)


async def _create_project(
    name: str,
    schema: Mapping[str, Any],
    images: Path,
    samples: Sequence[Sample],
    hub: LocalHub,
    on_upload: Callable[[], None] = lambda: None,
) -> str:
    async with Transport(hub.url, hub.api_key) as transport:
        answer = await transport.request("POST", "project", body=_json({"name": name, "description": "prelabel demo"}))
        project = str(answer["project"]["_id"])
        await transport.request("POST", "project", project, body=_json({"categorySchema": schema}))
        assets = []
        for sample in samples:
            assets.append(await _upload(transport, project, images / sample.external_id))
            on_upload()
        await transport.request("POST", "project", project, "cloud", body=_json({"assets": assets}))
    return project


async def _upload(transport: Transport, project: str, image: Path) -> dict[str, Any]:
    query = {"name": image.name, "project": project, "type": "assets"}
    url = str((await transport.request("GET", "getUploadUrl", query=query))["uploadUrl"])
    await asyncio.to_thread(_put, url, image)
    size = {"width": WIDTH_PX, "height": HEIGHT_PX}
    return {"data": url.partition("?")[0], "externalId": image.name, "metadata": size}


def _put(url: str, path: Path) -> None:
    request = urllib.request.Request(url, path.read_bytes(), method="PUT")  # noqa: S310 - the local hub's own URL
    with urllib.request.urlopen(request, timeout=_UPLOAD_TIMEOUT_S):  # noqa: S310
        pass


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


async def _read_back(project: str, samples: Sequence[Sample], hub: LocalHub) -> dict[str, Mapping[str, Any]]:
    async with HubClient(hub.url, hub.api_key) as client:
        ids = [sample.external_id for sample in samples]
        tasks = await client.tasks_by_external_ids(project, ids, include_answer=True)
    return {task.external_id: task.answer for task in tasks}
