"""Imports amid random faults and kill -9, resumed until they are done, then compared with what must be there.

``python tests/chaos.py 2000`` runs so many, from ``--seed``; a run repeats by its seed but for the timing of kills.
The hub and every import are processes of their own, forked from this one, which has loaded everything and runs no
threads: an import is under way some milliseconds after its fork, so kills fall all over it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from PIL import Image

import prelabel.polygons.polygons  # noqa: F401 - compiles the kernels before any fork
from localhub.project import CAR, KEY, SCHEMA
from prelabel.errors import PrelabelError
from prelabel.hub.client import HubClient
from prelabel.importer.import_labels import import_labels
from prelabel.importer.rollback import roll_back
from prelabel.localhub import LocalHub
from prelabel.localhub.settings import HubSettings
from prelabel.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

FORK = multiprocessing.get_context("fork")
MAX_KILLS = 12
MAX_ATTEMPTS = 60
NOTE = "cls-note"
REGIONS = {((1, 1), (4, 1), (4, 3), (1, 3)), ((5, 4), (8, 4), (8, 6), (5, 6))}
OLD_REGION = tuple(sorted((x, y) for x, y in CAR["segmentation"]["zones"][0]["region"]))


def serve(folder: Path, pipe: Connection) -> None:
    """Run a hub until told to end."""
    with LocalHub(folder, settings=HubSettings(api_key=KEY, allow_faults=True)) as hub:
        pipe.send(hub.url)
        pipe.recv()


def tell(line: str) -> None:
    """Say something, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Remote:
    """The hub as an outsider sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call's data."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, {"apikey": KEY}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def project(self, external_ids: list[str], labelled: list[str]) -> str:
        """A project with these assets, some of them with an old object and an old note."""
        project = str(self.call("POST", "/v2/project", {"name": "chaos", "categorySchema": SCHEMA})["project"]["_id"])
        assets = [{"data": f"https://example.com/{each}", "externalId": each} for each in external_ids]
        self.call("POST", f"/v2/project/{project}/cloud", {"assets": assets})
        old = {"objects": [CAR], "classifications": [{"schemaId": NOTE, "answer": "old"}]}
        items = [{"externalId": each, **old} for each in labelled]
        self.call("POST", "/v2/import/labels", {"project": project, "jsonContent": items})
        return project

    def answers(self, project: str) -> dict[str, tuple[dict[str, Any], list[Any]]]:
        """External ID -> answers by schema, and the sorted corners of every object."""
        found: dict[str, tuple[dict[str, Any], list[Any]]] = {}
        for page in range(1, 1000):
            query = f"includeAnswer=true&limit=100&page={page}&sort=createdAt"
            tasks = self.call("GET", f"/v2/project/{project}/tasks?{query}")["tasks"]
            if not tasks:
                return found
            for task in tasks:
                answer = task["answer"]
                given = {each["schemaId"]: each["answer"] for each in answer["classifications"]}
                zones = [zone for tool in answer["tools"] for zone in tool["segmentation"]["zones"]]
                found[task["externalId"]] = (given, sorted(tuple(sorted(map(tuple, z["region"]))) for z in zones))
        raise AssertionError("pages without end")


def plan(rng: random.Random) -> dict[str, Any]:
    """Some of the faults that leave the Hub's word true, at rates that let an import through in the end."""
    anywhere, share = "* /v2/*", rng.uniform(0.01, 0.12)
    kinds: list[dict[str, Any]] = [
        {"kind": "too_many_requests", "retry_after_s": rng.choice([None, 0, 0.05])},
        {"kind": "server_error", "burst": rng.randint(1, 3)},
        {"kind": "server_error", "work_done": True, "name": "done anyway"},
        {"kind": "reset_before_body"},
        {"kind": "reset_after_body"},
        {"kind": "answer_lost"},
        {"kind": "truncated_answer", "sent_share": rng.random()},
        {"kind": "html_answer", "status": rng.choice([200, 502]), "work_done": rng.random() < 0.5},
        {"kind": "latency", "delay_s": 0.0, "max_delay_s": 0.1, "work_done": True},
        {"kind": "slow_drip", "chunk_bytes": 200, "delay_s": 0.001},
        {"kind": "body_too_large", "max_bytes": rng.randint(3_000, 20_000), "probability": 1.0},
        {"kind": "unauthorized", "after": rng.randint(5, 60), "times": 1, "probability": 1.0},
    ]
    chosen = rng.sample(kinds, rng.randint(2, len(kinds)))
    return {
        "seed": rng.randrange(2**31),
        "faults": [{"route": anywhere, "probability": share, **one} for one in chosen],
    }


def labelling(rng: random.Random, folder: Path, n_rows: int) -> tuple[list[list[str]], dict[str, Any]]:
    """Rows (some bad, some of one ID) written as CSV with their masks, and the config."""
    mask = np.zeros((8, 10, 3), np.uint8)
    mask[1:3, 1:4] = mask[4:6, 5:8] = (0xF4, 0x43, 0x36)
    Image.fromarray(mask).save(folder / "m.png")
    rows = []
    for number in range(n_rows):
        kind = "dusk" if rng.random() < 0.01 else rng.choice(["day", "night", ""])
        external_id = f"{rng.randrange(n_rows) if rng.random() < 0.03 else number}.png"
        rows.append([external_id, kind, f"note {number}" if rng.random() < 0.7 else "", rng.choice(["m.png", ""])])
    lines = ["ID,Kind,Remark,Mask", *(",".join(row) for row in rows)]
    (folder / "rows.csv").write_text("\n".join([*lines, ""]))
    config = {
        "external_id_column": "ID",
        "classification_columns": ["Kind", "Remark"],
        "classification_schema_ids": ["cls-type", NOTE],
        "mask_column": "Mask",
        "overwrite": rng.random() < 0.5,
        "upload_batch_size": rng.choice([7, 25, 100]),
        "requests_per_minute": 1_000_000,
    }
    return rows, config


def expected(
    rows: list[list[str]], before: dict[str, tuple[dict[str, Any], list[Any]]], *, overwrite: bool
) -> dict[str, tuple[dict[str, Any], list[Any]]]:
    """What an undisturbed import leaves."""
    after = {external_id: (dict(answers), list(shapes)) for external_id, (answers, shapes) in before.items()}
    last = {row[0]: number for number, row in enumerate(rows)}
    for number, (external_id, kind, remark, mask) in enumerate(rows):
        if kind == "dusk" or (overwrite and last[external_id] != number):
            continue
        new = {"cls-type": f"opt-{kind}"} if kind else {}
        new |= {NOTE: remark} if remark else {}
        shapes = {tuple(sorted(region)) for region in REGIONS} if mask else set()
        answers, stored = ({}, []) if overwrite else after[external_id]
        after[external_id] = (answers | new, sorted({*stored, *shapes}))
    return after


def attempt(work: Callable[[], int], log: Path) -> int:
    """Do the work in a fork with its words in a file; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        code = work()
    except PrelabelError as error:
        tell(f"{type(error).__name__}: {error}")
        code = 3
    except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def until_done(rng: random.Random, work: Callable[[], int], folder: Path, good: set[int]) -> tuple[int, int]:
    """Start the work, kill it now and then, start it again until it ends well; returns attempts and kills."""
    n_kills = 0
    for number in range(1, MAX_ATTEMPTS + 1):
        pid = attempt(work, folder / "log.txt")
        patience_s = rng.expovariate(8) if n_kills < MAX_KILLS and rng.random() < 0.85 else 45
        until = time.monotonic() + patience_s
        while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < until:
            time.sleep(0.002)
        if ended == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            n_kills += 1
            assert patience_s < 45, "it hung"
        elif (code := os.waitstatus_to_exitcode(ended[1])) in good:
            return number, n_kills
        else:
            assert code in {1, 3}, f"it ended with {code}"
    raise AssertionError(f"not done after {MAX_ATTEMPTS} attempts")


def run(seed: int, hub: Remote, folder: Path, n_rows: int) -> str:
    """One import amid chaos, and for some a rollback; returns a line about it.

    Raises:
        AssertionError: the hub's final state is not the expected one.
    """
    rng = random.Random(seed)
    rows, config = labelling(rng, folder, n_rows)
    ids = [f"{number}.png" for number in range(n_rows)]
    project = hub.project(ids, [each for each in ids if rng.random() < 0.3])
    before = hub.answers(project)
    given: dict[str, Any] = {"project": project, "host": hub.url, "api_key": KEY, "n_threads": 1}
    given |= {"state": folder / "state", "undo": rng.random() < 0.5}

    def work() -> int:
        report = import_labels(folder / "rows.csv", config, **given)
        tell(report.summary())
        sendable = [outcome for outcome in report.failed() if "dusk" not in outcome.reason]
        return 3 if report.stopped or sendable else 0

    hub.call("PUT", "/faults", plan(rng))
    n_attempts, n_kills = until_done(rng, work, folder, {0})
    counts = hub.call("DELETE", "/faults")["counts"]
    wanted = expected(rows, before, overwrite=config["overwrite"])
    compare(hub.answers(project), wanted)
    undone = ""
    if given["undo"]:
        hub.call("PUT", "/faults", plan(rng))
        again, kills = until_done(
            rng, lambda: roll_back(folder / "state", host=hub.url, api_key=KEY).exit_code, folder, {0}
        )
        hub.call("DELETE", "/faults")
        compare(hub.answers(project), before)
        undone = f", rolled back in {again} attempts with {kills} kills"
    mode = "overwrite" if config["overwrite"] else "append"
    return f"seed {seed}: {mode}, {n_attempts} attempts, {n_kills} kills, {sum(counts.values())} faults{undone}"


def compare(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Say which assets are not as wanted."""
    wrong = [each for each in wanted if found.get(each) != wanted[each]]
    shown = [f"{each}: {found.get(each)} instead of {wanted[each]}" for each in wrong[:3]]
    assert not wrong, f"{len(wrong)} assets differ: {shown}"
    assert found.keys() == wanted.keys()


def main() -> int:
    """Run as many as asked for; 0 when all ended as they must."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_runs", type=int, nargs="?", default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--quiet", action="store_true", help="tell failures and the end only")
    options = parser.parse_args()
    quick = RetryPolicy(max_attempts=6, first_wait_s=0.01, max_wait_s=0.1)
    with patch.dict(HubClient.__init__.__kwdefaults__ or {}, policy=quick):
        return run_all(options.n_runs, options.seed, options.rows, quiet=options.quiet)


def run_all(n_runs: int, first_seed: int, n_rows: int, *, quiet: bool) -> int:
    """Run one seed after the other against one hub; 1 when one of them ended wrong."""
    ours, theirs = FORK.Pipe()
    n_wrong, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = FORK.Process(target=serve, args=(folder / "hub", theirs))
        server.start()
        hub = Remote(ours.recv())
        for seed in range(first_seed, first_seed + n_runs):
            place = folder / str(seed)
            place.mkdir()
            try:
                line = run(seed, hub, place, n_rows)
            except AssertionError as error:
                n_wrong += 1
                log = place / "log.txt"
                tell(f"seed {seed}: {error}\n{log.read_text()[-3000:] if log.exists() else ''}")
            else:
                if not quiet:
                    tell(line)
            shutil.rmtree(place)
        ours.send("end")
        server.join()
    tell(f"{n_runs} runs of {n_rows} rows, {n_wrong} wrong, {time.monotonic() - started:.0f} s")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
