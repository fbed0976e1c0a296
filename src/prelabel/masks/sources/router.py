"""Mask references to bytes: stage 4, first half. Wires where masks may come from; `decoders.decode` goes on.

config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8) ->
report(9)

What is at hand (files, masks in the cell itself) is read in the caller's thread. Everything else is fetched in the
event loop, so many at a time, and each module loaded when it is first needed.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.masks.references import (
    CloudObject,
    InlineMask,
    LocalPath,
    StoredObject,
    WebUrl,
    parse_reference,
)
from prelabel.masks.sources.byte_budget import HeldBytes
from prelabel.masks.sources.hub_storage import SignedUrls
from prelabel.masks.sources.inline import read_inline
from prelabel.masks.sources.local import LocalFiles
from prelabel.masks.sources.url_expiry import may_have_expired

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Coroutine
    from pathlib import Path

    from prelabel.masks.references import Reference
    from prelabel.masks.sources.access import Access, Limits
    from prelabel.masks.sources.cloud import CloudMasks
    from prelabel.masks.sources.hub_storage import StorageHub
    from prelabel.masks.sources.request_plan import StoragePlan
    from prelabel.masks.sources.web import WebMasks
    from prelabel.model import Runs

_OLD_SIGNATURE = frozenset({400, 401, 403})


class MaskSources:
    """Where an import's masks come from. Use as an async context manager where any may be elsewhere.

    Args:
        root: the folder that paths are relative to.
        access: what may be reached.
        limits: how much, how long, how many at once.
        storage_id: the config's.
        no_masks: files that no hint names, as the CSV.

    Attributes:
        limits: as given.
        held: counts the bytes that are held.
        busy_s: seconds spent fetching, summed over fetches at the same time.
    """

    def __init__(
        self, root: Path, access: Access, limits: Limits, *, storage_id: str = "", no_masks: Collection[Path] = ()
    ) -> None:
        self.limits = limits
        self.held = HeldBytes(limits.max_held_bytes)
        self.busy_s = 0.0
        self._access = access
        self._storage_id = storage_id
        self._files = LocalFiles(
            root, max_bytes=limits.mask.max_bytes, outside_root=access.outside_root, no_masks=no_masks
        )
        self._urls: SignedUrls | None = None
        self._hub_origin = ""
        self._web: WebMasks | None = None
        self._cloud: CloudMasks | None = None
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._under_way: set[asyncio.Future[bytes]] = set()
        self._stopped = ""

    def use_hub(self, hub: StorageHub, origin: str, project: str, plan: StoragePlan) -> SignedUrls:
        """Let a Hub sign URLs for the objects of its storages.

        Args:
            hub: its client.
            origin: ``scheme://host:port`` of the Hub, which may serve objects itself.
            project: the project's id.
            plan: which folders to list.
        """
        self._urls, self._hub_origin = SignedUrls(hub, project, plan), origin
        return self._urls

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._cloud is not None:
            self._cloud.close()
        if self._web is not None:
            await self._web.close()

    def reference(self, cell: str) -> Reference:
        """Read a cell of the mask column, see :func:`prelabel.masks.references.parse_reference`."""
        return parse_reference(cell, self._storage_id)

    def is_at_hand(self, reference: Reference) -> bool:
        """Whether a mask can be read at once, in any thread."""
        return isinstance(reference, LocalPath | InlineMask)

    def read(self, reference: Reference) -> bytes | Runs:
        """Read what is at hand: a mask file's bytes, or the runs.

        Raises:
            MaskError: it cannot be, or may not be.
        """
        if isinstance(reference, InlineMask):
            return read_inline(reference, self.limits.mask)
        assert isinstance(reference, LocalPath), "all else is fetched"
        self._access.check_local(reference.path)
        return self._files.read(reference.path)

    @asynccontextmanager
    async def fetched(self, reference: Reference, turn: int) -> AsyncIterator[bytes]:
        """Fetch what is elsewhere; its bytes count as held until the block is left. Waits while many others come.

        Args:
            reference: the mask.
            turn: its place in the file, see :class:`prelabel.masks.sources.byte_budget.HeldBytes`.

        Raises:
            MaskError: it cannot be, or may not be; or :meth:`stop` was called.
        """
        with ExitStack() as stack:
            yield await self._unless_stopped(self._fetch(reference, turn, stack), str(reference))

    def stop(self, reason: str) -> None:
        """Fetch nothing any more, and end what is under way; it fails with the reason."""
        self._stopped = self._stopped or f"the import had stopped: {reason}"
        for task in self._under_way:
            task.cancel()

    async def _unless_stopped(self, work: Coroutine[Any, Any, bytes], shown: str) -> bytes:
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        if self._stopped:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._stopped and not (caller is not None and caller.cancelling()):
                raise MaskError(self._stopped, reference=shown, code=Code.NOT_SENT) from None
            raise
        finally:
            self._under_way.discard(task)

    async def _fetch(self, reference: Reference, turn: int, stack: ExitStack) -> bytes:
        match reference:
            case StoredObject():
                return await self._fetch_stored(reference, turn, stack)
            case WebUrl():
                return await self._get(reference, turn, stack, reference.url)
            case CloudObject():
                self._access.check_bucket(reference.bucket_url, str(reference))
                return await self._get(reference, turn, stack)
            case _:
                raise AssertionError("what is at hand is read")

    async def _fetch_stored(self, wanted: StoredObject, turn: int, stack: ExitStack) -> bytes:
        if self._urls is None:
            raise MaskError(
                f"mask {str(wanted)!r} is in a storage of the Hub, and no Hub was given to sign a URL for it: name the "
                "project instead of a schema, or give masks that need no storage",
                reference=str(wanted),
                code=Code.MASK_UNAVAILABLE,
            )
        url = await self._urls.url_of(wanted)
        try:
            return await self._get(wanted, turn, stack, url)
        except MaskError as error:
            if error.code is Code.MASK_MISSING and (hint := self._urls.hint(wanted)):
                raise MaskError(
                    f"{error}: {hint}", reference=str(wanted), status=error.status, code=error.code
                ) from error
            if error.status not in _OLD_SIGNATURE or not may_have_expired(url, datetime.now(UTC)):
                raise
        stack.close()
        return await self._get(wanted, turn, stack, await self._urls.url_of(wanted, instead_of=url))

    async def _get(self, reference: Reference, turn: int, stack: ExitStack, url: str = "") -> bytes:
        """Fetch from the web, or without a URL from a bucket, when it is this one's time."""
        async with self._slots:
            # Not before there is a slot: whoever holds nothing yet must not keep those waiting who come later.
            hold = stack.enter_context(self.held.hold(turn))
            started = time.perf_counter()
            try:
                if isinstance(reference, CloudObject):
                    return await self._cloud_masks().fetch(reference, hold)
                trusted = self._hub_origin if isinstance(reference, StoredObject) else ""
                return await self._web_masks().fetch(url, str(reference), hold, trusted_origin=trusted)
            finally:
                self.busy_s += time.perf_counter() - started

    def _web_masks(self) -> WebMasks:
        if self._web is None:
            from prelabel.masks.sources.web import WebMasks  # noqa: PLC0415 - aiohttp, for those who have masks on the web

            self._web = WebMasks(self._access, self.limits)
        return self._web

    def _cloud_masks(self) -> CloudMasks:
        if self._cloud is None:
            from prelabel.masks.sources.cloud import CloudMasks  # noqa: PLC0415 - loads every cloud's client

            self._cloud = CloudMasks(self.limits)
        return self._cloud
