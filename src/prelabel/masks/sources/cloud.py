"""Masks from buckets, with the user's own credentials, by pyarrow.fs: part of stage 4, see router.py.

Credentials, regions and endpoints come from the environment, as each cloud's own tools read it, never from a cell.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import fs

from prelabel.codes import Code
from prelabel.errors import MaskError, MaskUnavailable
from prelabel.masks.sources.byte_budget import take_in_time
from prelabel.spelling import describe_near, respellings

if TYPE_CHECKING:
    from prelabel.masks.references import CloudObject
    from prelabel.masks.sources.access import Limits
    from prelabel.masks.sources.byte_budget import Hold

_SAID_CHARS = 300
_MAX_HINTS = 16  # each costs some requests


class CloudMasks:
    """Fetches objects of buckets. Close it in the end.

    Args:
        limits: how much, how long, how many at once.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.concurrency, thread_name_prefix="prelabel-cloud")
        self._n_hints_left = _MAX_HINTS
        self._systems: dict[tuple[str, str, str], Any] = {}

    def close(self) -> None:
        """Let go of the threads; what has not begun is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, wanted: CloudObject, hold: Hold) -> bytes:
        """Fetch one mask.

        Args:
            wanted: the object.
            hold: counts the bytes.

        Raises:
            MaskUnavailable: the cloud could not be reached or did not answer; its library has tried several times.
            MaskError: no such object, no permission, or too large.
        """
        loop, most, shown = asyncio.get_running_loop(), self._limits.mask.max_bytes, str(wanted)
        try:
            async with asyncio.timeout(self._limits.timeout_s) as time:
                file, n_bytes = await loop.run_in_executor(self._threads, self._open, wanted)
                if n_bytes > most:
                    raise MaskError(
                        f"mask {shown!r} has {n_bytes} bytes and at most {most} are allowed: compress it, or raise "
                        "--max-mask-bytes",
                        reference=shown,
                        code=Code.MASK_TOO_LARGE,
                    )
                await take_in_time(hold, n_bytes, time)
                return await loop.run_in_executor(self._threads, _read, file)
        except TimeoutError as error:
            raise MaskError(
                f"mask {shown!r} did not arrive within {self._limits.timeout_s:g} s: allow more time with "
                "--fetch-timeout",
                reference=shown,
                code=Code.MASK_UNAVAILABLE,
            ) from error
        except FileNotFoundError as error:
            hint = await loop.run_in_executor(self._threads, self._hint, wanted)
            raise MaskError(f"there is no object {shown!r}: {hint}", reference=shown, code=Code.MASK_MISSING) from error
        except (OSError, ValueError, pa.ArrowException) as error:
            if isinstance(error, MaskError):
                raise
            raise _failure(error, shown) from error

    def _open(self, wanted: CloudObject) -> tuple[Any, int]:
        system = self._system_of(wanted)
        file = system.open_input_file(f"{wanted.bucket}/{wanted.key}")
        return file, file.size()

    def _hint(self, wanted: CloudObject) -> str:
        """Ask for a few other spellings of a key that is not there; a bucket may be too large to be listed."""
        keys = respellings(wanted.key) if self._n_hints_left > 0 else []
        self._n_hints_left -= 1
        with suppress(OSError, ValueError, pa.ArrowException):
            for found in self._system_of(wanted).get_file_info([f"{wanted.bucket}/{key}" for key in keys]):
                if found.is_file:
                    return describe_near(wanted.key, found.path.removeprefix(f"{wanted.bucket}/"))
        return "check bucket and key"

    def _system_of(self, wanted: CloudObject) -> Any:
        place = (wanted.scheme, wanted.bucket if wanted.scheme == "s3" else "", wanted.account)
        if place not in self._systems:  # two threads may both make one; the second stays
            makers = {"s3": self._s3, "gs": self._gs, "abfs": self._abfs}
            self._systems[place] = makers[wanted.scheme](wanted)
        return self._systems[place]

    def _s3(self, wanted: CloudObject) -> Any:
        times = {"connect_timeout": self._limits.connect_s, "request_timeout": self._limits.stall_s}
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            return fs.S3FileSystem(endpoint_override=endpoint, region=region, **times)
        with suppress(OSError):  # not the public AWS, or a bucket we may not ask about: then the environment's
            region = fs.resolve_s3_region(wanted.bucket)
        return fs.S3FileSystem(region=region, **times)

    def _gs(self, wanted: CloudObject) -> Any:
        patience = timedelta(seconds=self._limits.stall_s)
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")  # as Google's own libraries read it
        if emulator:
            scheme, _, host = emulator.rpartition("://")
            return _offered("GcsFileSystem", wanted)(
                anonymous=True, scheme=scheme or "http", endpoint_override=host, retry_time_limit=patience
            )
        return _offered("GcsFileSystem", wanted)(retry_time_limit=patience)

    def _abfs(self, wanted: CloudObject) -> Any:
        account = wanted.account or os.environ.get("AZURE_STORAGE_ACCOUNT", "")
        if not account:
            raise MaskError(
                f"mask {str(wanted)!r} names no storage account: write abfs://container@account.dfs.core.windows.net/"
                "path, or set AZURE_STORAGE_ACCOUNT",
                reference=str(wanted),
            )
        key = os.environ.get("AZURE_STORAGE_KEY")
        token = None if key else os.environ.get("AZURE_STORAGE_SAS_TOKEN")
        return _offered("AzureFileSystem", wanted)(account, account_key=key, sas_token=token)


def _offered(name: str, wanted: CloudObject) -> Any:
    """A file system of pyarrow's, which some builds lack."""
    try:
        return getattr(fs, name)
    except ImportError as error:
        raise MaskError(
            f"mask {str(wanted)!r}: the pyarrow installed here cannot read {wanted.scheme}://: install another build, "
            "or give https URLs",
            reference=str(wanted),
        ) from error


def _read(file: Any) -> bytes:
    with file:
        content: bytes = file.read()
    return content


def _failure(error: Exception, shown: str) -> MaskError:
    said = " ".join(str(error).split())[:_SAID_CHARS]
    if isinstance(error, PermissionError) or "ACCESS_DENIED" in said or "PERMISSION_DENIED" in said:
        return MaskError(
            f"mask {shown!r} may not be read with your credentials: {said}", reference=shown, code=Code.MASK_FORBIDDEN
        )
    if isinstance(error, OSError) and "Not a regular file" not in said:
        return MaskUnavailable(f"mask {shown!r} could not be fetched: {said}", reference=shown)
    return MaskError(f"mask {shown!r} cannot be fetched: {said}", reference=shown)
