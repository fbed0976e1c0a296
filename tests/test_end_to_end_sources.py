"""Masks from everywhere, as a user has them: `prelabel import` against `prelabel hub`, read back, and nothing leaks."""

from __future__ import annotations

import base64
import csv
import json
import os
import re
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp import web
from imerit_ango.models.storage import Storage, StorageProvider
from imerit_ango.sdk import SDK
from PIL import Image
from pycocotools import mask as coco
from yarl import URL

from masks.buckets import KEYS, fill_bucket, s3_server
from prelabel.localhub import LocalHub
from vendor_sdk import KEY, answers_of, project_with, raster_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

SCHEMA: dict[str, Any] = {
    "tools": [
        {"title": title, "tool": "segmentation", "schemaId": f"tool-{n}", "color": "#000000", "classifications": []}
        for n, title in enumerate(("Car", "Person", "Other"), 1)
    ],
    "classifications": [],
    "relations": [],
}
CONFIG: dict[str, Any] = {
    "external_id_column": "ID",
    "mask_column": "Mask",
    "mask_color_mapping": {"Car": [1], "Person": [2], "Other": [3]},
    "requests_per_minute": 100_000,
}
PASSWORD = "a-password-in-a-url"


def mask_of(seed: int, n_classes: int = 4) -> NDArray[np.uint8]:
    """A mask like no other."""
    labels = np.random.default_rng(seed).integers(0, n_classes, (9, 11))
    return np.kron(labels, np.ones((5, 4), np.int64)).astype(np.uint8)


def png(mask: NDArray[np.uint8]) -> bytes:
    """A mask as a file."""
    stream = BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    return stream.getvalue()


def rle(mask: NDArray[np.uint8]) -> str:
    """A mask of one class as COCO's own tools write it."""
    encoded = coco.encode(np.asfortranarray(mask))
    return json.dumps({"size": encoded["size"], "counts": encoded["counts"].decode()})


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """A plain web server of a folder, on a thread."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hub_command(store: Path) -> Iterator[str]:
    """``prelabel hub`` in a process of its own; its URL."""
    command = [sys.executable, "-m", "prelabel", "hub", "--port", "0", "--store", str(store)]
    environment = os.environ | {"ANGO_API_KEY": KEY}
    with subprocess.Popen(command, env=environment, encoding="utf-8", stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        try:
            said = ""
            while "url" not in said:
                said = running.stderr.readline()
                assert said, "the hub ended before it listened"
            yield said.split()[1]
        finally:
            running.terminate()
            running.communicate(timeout=15)


@contextmanager
def sdk_of(url: str) -> Iterator[SDK]:
    """The vendor's client."""
    client = SDK(KEY, host=url)
    try:
        yield client
    finally:
        client.session.close()
        urllib.request.urlcleanup()


def write_table(folder: Path, cells: dict[str, str], **config: Any) -> None:
    """A CSV of masks, and its config."""
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["ID", "Mask"], *cells.items()])
    (folder / "config.json").write_text(json.dumps(CONFIG | config), encoding="utf-8")


def run_import(
    folder: Path, project: str, url: str, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """``prelabel import`` of the folder's CSV; what it said and its report."""
    command = [
        sys.executable,
        "-m",
        "prelabel",
        "import",
        "labels.csv",
        "--config",
        "config.json",
        "--project",
        project,
    ]
    command += ["--host", url, "--report", "report.json", "--rejects", "rejects.csv", "--no-state", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"ANGO_API_KEY": KEY} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return done, report


def assert_landed(sdk: SDK, project: str, masks: dict[str, NDArray[np.uint8]]) -> None:
    """Every mask is stored pixel for pixel."""
    stored = answers_of(sdk, project)
    for name, mask in masks.items():
        np.testing.assert_array_equal(raster_of(stored[name]["tools"], mask.shape), mask, err_msg=name)


def test_masks_from_everywhere(tmp_path: Path) -> None:
    """One CSV whose cells are paths, URLs, keys and URLs of storages, buckets, data: URLs and run lengths."""
    names = ("path", "file-url", "web", "web-user", "key-0", "key-1", "key-2", "key-3", "alone", "s3", "data", "rle")
    masks = {name: mask_of(seed, 2 if name == "rle" else 4) for seed, name in enumerate(names)}
    store, work = tmp_path / "store", tmp_path / "work"
    keys = {"key-0": "m/0 ü&.png", "key-1": "m/1.png", "key-2": "m/2.png", "key-3": "m/3.png", "alone": "x/y.png"}
    for name, key in keys.items():
        path = store / "buckets" / "masks" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(masks[name]))
    for name, place in {
        "path": "masks/a.png",
        "file-url": "b c.png",
        "web": "served/w.png",
        "web-user": "served/u.png",
    }.items():
        (work / place).parent.mkdir(parents=True, exist_ok=True)
        (work / place).write_bytes(png(masks[name]))
    with hub_command(store) as url, sdk_of(url) as sdk, web_server(work / "served") as server, s3_server() as s3:
        fill_bucket(s3, "own", {"deep/s 3.png": png(masks["s3"])})
        storage = Storage("s", StorageProvider.AWS, "pub", "hush", region="eu-central-1")
        storage_id = sdk.create_storage(storage)["data"]["storage"]["_id"]
        project = project_with(sdk, SCHEMA, list(names))
        cells = {
            "path": "masks/a.png",
            "file-url": (work / "b c.png").as_uri(),
            "web": f"{server}/w.png?v=1",
            "web-user": f"{server.replace('http://', f'http://user:{PASSWORD}@')}/u.png",
            **{name: f"s3://masks/{key}?storageId={storage_id}" for name, key in keys.items()},
            "s3": "s3://own/deep/s 3.png",
            "data": f"data:image/png;base64,{base64.b64encode(png(masks['data'])).decode()}",
            "rle": rle(masks["rle"]),
        }
        write_table(work, cells)
        done, report = run_import(work, project, url, AWS_ENDPOINT_URL=s3, **KEYS)
        assert done.returncode == 0, done.stderr
        assert_landed(sdk, project, masks)

    assert report["rows"]["n_imported"] == len(names)
    assert report["timings"]["fetch_s"] > 0
    # The project, the assets, the storage, one listing for four masks, one URL for the other, and the import.
    assert report["n_requests"] == 6


def test_keys_of_a_storage(tmp_path: Path) -> None:
    """``storage_id`` in the config: bare keys, one listing for forty masks, each fetched once for its two rows."""
    masks = {f"{number:02d}": mask_of(number % 40) for number in range(80)}
    folder = tmp_path / "store" / "buckets" / "masks" / "scenes"
    folder.mkdir(parents=True)
    for number in range(40):
        (folder / f"{number}.png").write_bytes(png(mask_of(number)))
    with LocalHub(tmp_path / "store", api_key=KEY) as hub, sdk_of(hub.url) as sdk:
        storage = {"name": "s", "provider": "AWS", "bucket": "masks", "privateKey": "hush"}
        storage_id = sdk.make_request("POST", "/v2/storages/", storage)["data"]["storage"]["_id"]
        project = project_with(sdk, SCHEMA, list(masks))
        cells = {name: f"scenes/{int(name) % 40}.png" for name in masks}
        write_table(tmp_path, cells, storage_id=storage_id, upload_batch_size=20)
        dry, plan = run_import(tmp_path, project, hub.url, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        note = "masks in the Hub's storages take 2 requests: 1 to look up storages, 1 to list folders, 0 to sign masks"
        assert note in plan["notes"][0]
        assert hub.request_counts["POST /v2/import/labels"] == 0
        before = hub.request_counts.copy()
        done, report = run_import(tmp_path, project, hub.url)
        assert done.returncode == 0, done.stderr
        assert_landed(sdk, project, masks)
        asked = hub.request_counts - before

    assert asked["GET /v2/storages/{storage}/files"] == asked["GET /v2/storages"] == 1
    assert asked["GET /v2/getSignedUrl"] == 0
    assert sum(count for route, count in asked.items() if route.startswith("GET /buckets/")) == 40
    assert report["masks"]["n_masks"] == 80
    assert report["n_requests"] == 1 + 1 + 2 + 4


def test_an_unknown_storage_ends_with_2(tmp_path: Path) -> None:
    """Before anything is sent, and it says where to look."""
    with LocalHub(tmp_path / "store", api_key=KEY) as hub, sdk_of(hub.url) as sdk:
        project = project_with(sdk, SCHEMA, ["a"])
        write_table(tmp_path, {"a": "m/a.png"}, storage_id="nope")
        (tmp_path / "report.json").write_text("{}")
        done, _ = run_import(tmp_path, project, hub.url)
        assert hub.request_counts["POST /v2/import/labels"] == 0
    assert done.returncode == 2
    assert "storage_id: the Hub has no storage 'nope'" in done.stderr


def signing_for(s3: str, bucket: str) -> Any:
    """A middleware that makes a hub sign for a real S3 server, as the real Hub does for Amazon's."""
    client = fill_bucket(s3, bucket, {f"m/{n} ü+&.png": png(mask_of(n)) for n in range(8)})

    def signed(key: str) -> str:
        return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=900))

    @web.middleware
    async def sign(request: web.Request, handler: Any) -> Any:
        if request.path == "/v2/getSignedUrl":
            key = URL(request.query["name"]).path.lstrip("/")
            return web.json_response({"status": "success", "data": {"signedUrl": signed(key)}}, status=201)
        if re.fullmatch(r"/v2/storages/\w+/files", request.path):
            prefix = request.query["path"]
            found = client.list_objects_v2(Bucket=request.query["bucketName"], Prefix=prefix)["Contents"]
            files = [{"key": entry["Key"], "signedUrl": signed(entry["Key"])} for entry in found]
            return web.json_response({"status": "success", "data": {"files": files}})
        return await handler(request)

    return sign


@pytest.mark.parametrize("n_masks", [8, 2], ids=["listed", "signed"])
def test_a_real_bucket_behind_the_hub(n_masks: int, tmp_path: Path) -> None:
    """URLs signed by Amazon's own client open objects of an S3 server, spelled as they came."""
    masks = {f"{number}": mask_of(number) for number in range(n_masks)}
    with ExitStack() as stack:
        s3 = stack.enter_context(s3_server())
        hub = stack.enter_context(LocalHub(tmp_path / "s", api_key=KEY, middlewares=[signing_for(s3, "masks")]))
        sdk = stack.enter_context(sdk_of(hub.url))
        storage = {"name": "s", "provider": "AWS", "bucket": "masks", "region": "eu-central-1"}
        storage_id = sdk.make_request("POST", "/v2/storages/", storage)["data"]["storage"]["_id"]
        project = project_with(sdk, SCHEMA, list(masks))
        write_table(tmp_path, {name: f"m/{name} ü+&.png" for name in masks}, storage_id=storage_id)
        done, report = run_import(tmp_path, project, hub.url)
        assert done.returncode == 0, done.stderr
        assert_landed(sdk, project, masks)
    assert report["n_requests"] == 1 + 1 + 1 + (1 if n_masks == 8 else 2) + 1


def test_nothing_secret_is_left(tmp_path: Path) -> None:
    """A run that fails in many ways: neither the key nor a password nor any query of a signed URL is anywhere."""
    bucket = tmp_path / "store" / "buckets" / "masks" / "m"
    bucket.mkdir(parents=True)
    for number in range(6):
        (bucket / f"{number}.png").write_bytes(b"no mask" if number % 2 else b"")
    work = tmp_path / "work"
    work.mkdir()
    tokens: set[str] = set()
    n_refused = [0]

    @web.middleware
    async def collect(request: web.Request, handler: Any) -> Any:
        if "token" in request.query:
            assert "apikey" not in request.headers
            tokens.update((request.query["token"], request.query["expires"]))
            n_refused[0] += 1
            if n_refused[0] % 3 == 0:
                return web.Response(status=403 if n_refused[0] % 2 else 503, text=str(request.url))
        return await handler(request)

    with LocalHub(tmp_path / "store", api_key=KEY, middlewares=[collect]) as hub, sdk_of(hub.url) as sdk:
        storage = {"name": "s", "provider": "AWS", "bucket": "masks", "privateKey": "hush"}
        storage_id = sdk.make_request("POST", "/v2/storages/", storage)["data"]["storage"]["_id"]
        closed = "http://127.0.0.1:9"
        cells = {
            **{f"listed-{n}": f"m/{n}.png?storageId={storage_id}" for n in range(6)},
            "absent": f"x/none.png?storageId={storage_id}",
            "closed": f"{closed}/a.png",
            "s3": "s3://nothing/here.png",
        }
        secret_cells = {
            "password": f"http://user:{PASSWORD}@127.0.0.1:9/a.png",
            "signed": "http://127.0.0.1:9/a.png?X-Amz-Signature=a-signature-of-the-csv",
            "unsigned": f"https://example.com/a.png?X-Amz-Signature=a-signature-of-the-csv&storageId={storage_id}",
        }
        project = project_with(sdk, SCHEMA, [*cells, *secret_cells])
        write_table(work, {**cells, **secret_cells})
        done, report = run_import(work, project, hub.url, "--fetch-timeout", "5", AWS_ENDPOINT_URL=closed, **KEYS)
    assert done.returncode == 1, done.stderr
    assert report["rows"]["n_failed"] == len(cells) + len(secret_cells)
    assert len(tokens) > 6

    table, rejects = (work / "labels.csv").read_bytes(), (work / "rejects.csv").read_text(encoding="utf-8")
    with (work / "rejects.csv").open(encoding="utf-8", newline="") as file:
        reasons = [row["prelabel_error"] for row in csv.DictReader(file)]
    assert len(reasons) == len(cells) + len(secret_cells)
    left = [done.stdout, done.stderr, *reasons]
    left += [
        path.read_text(encoding="utf-8") for path in work.rglob("*") if path.name not in {"labels.csv", "rejects.csv"}
    ]
    for secret in (KEY, "hush", PASSWORD, "a-signature-of-the-csv", "X-Amz-Signature", *tokens):
        assert not [text[:300] for text in left if secret in text], secret
    # The rejects file holds the user's own cells, to be mended and run again, and nothing beyond.
    for secret in (KEY, "hush", *tokens):
        assert secret not in rejects
        assert secret.encode() not in table
