"""The Hub's endpoints that an import needs, paced and retried; docs/hub-contract.md says how sure each is."""

from __future__ import annotations

import os
import random
import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Self

import orjson
from msgspec.structs import replace

from prelabel.errors import ConfigError, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.api_key import ApiKey
from prelabel.hub.id_groups import PAGE_SIZE, split_ids
from prelabel.hub.project_hint import project_hint
from prelabel.hub.rate_limit import Pace
from prelabel.hub.storages import HubStorage, signed_urls_in, storage_of
from prelabel.hub.transport import DEFAULT_HOST, Transport
from prelabel.model import HubTask
from prelabel.records import Record
from prelabel.retry import RetryBudget, Retrying, RetryPolicy
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

    from prelabel.model import Batch, Shape

_UNKNOWN = frozenset({400, 404})
"""What the Hub answers for a project it does not know: by its documents, and by its older ones."""
_SENTENCE = re.compile(r"(\d+)\s*/\s*(\d+)")


class HubAsset(Record, frozen=True):
    """One asset of a project.

    Attributes:
        asset_id: the Hub's own id.
        external_id: the id that rows name.
        n_tasks: at least 1: not every answer lists the tasks.
        shape: the picture's (height, width) in pixels, None where the Hub does not tell it.
        batches: what the record calls its batches, ids or names; None where it does not tell them.
    """

    asset_id: str
    external_id: str
    n_tasks: int = 1
    shape: Shape | None = None
    batches: tuple[str, ...] | None = None


class ImportAck(Record, frozen=True):
    """What ``POST /import/labels`` said: tasks written, tasks considered (None: the sentence was another), tries."""

    n_labeled: int | None
    n_matched: int | None
    n_attempts: int = 1


class HubClient:
    """A project's door. Use as an async context manager.

    Args:
        host: see :func:`prelabel.hub.transport.base_url`.
        api_key: never logged, never in an error.
        requests_per_minute: the plan's limit, over all calls of this client.
        policy: patience with failing requests.
        transport: another transport than the default one (its host and key count).
    """

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        api_key: str = "",
        *,
        requests_per_minute: float = 100,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        transport: Transport | None = None,
    ) -> None:
        self.transport = transport or Transport(host, api_key)
        self.pace = Pace(requests_per_minute)
        self._policy = policy
        self._budget = RetryBudget()
        self._rng = random.Random()  # noqa: S311 - jitter, not secrets
        self._has_answered = False
        self._external_ids: dict[str, str] | None = None

    def __repr__(self) -> str:
        return f"HubClient({self.transport!r})"

    async def __aenter__(self) -> Self:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.__aexit__()

    async def get_project(self, project: str) -> dict[str, Any]:
        """The project's document, ``categorySchema`` included.

        Raises:
            UploadRefused: there is no such project; the message names some that there are.
        """
        try:
            answer, _ = await self._call("GET", "project", _segment(project))
        except UploadRefused as error:
            if error.status not in _UNKNOWN:
                raise
            message = "; ".join(filter(None, (str(error), await self._hint(project))))
            raise UploadRefused(message, status=error.status, attempts=error.attempts) from error
        document = answer.get("project")
        if not isinstance(document, dict):
            raise UploadUnavailable("the Hub's answer has no 'data.project'", status=200)
        return document

    async def _hint(self, project: str) -> str:
        """What may be meant instead of an unknown project: one request, and no matter if it fails."""
        try:
            async with self.pace.turn():
                answer = await self.transport.request(
                    "GET", "listProjects", query={"page": "1", "limit": str(PAGE_SIZE)}
                )
        except UploadError:
            return ""
        return project_hint(project, answer)

    async def count_assets(self, project: str) -> int | None:
        """How many assets the project has, None when the Hub does not say."""
        answer, _ = await self._call("GET", "project", _segment(project), "assets", query={"page": "1", "limit": "1"})
        total = answer.get("total")
        return total if isinstance(total, int) else None

    async def iter_assets(
        self, project: str, external_id: str | None = None, *, batch_id: str | None = None
    ) -> AsyncGenerator[HubAsset]:
        """Every asset of the project, or those with one external ID or in one batch, once; one request per 100.

        A Hub that passes over the filter tells all of them.
        """
        wanted = {} if external_id is None else {"externalId": external_id}
        filters = wanted if batch_id is None else {**wanted, "batches": [batch_id]}
        query = {"filters": orjson.dumps(filters).decode()} if filters else None
        async for page in self._pages("assets", "project", _segment(project), "assets", query=query):
            for record in page:
                yield _asset(record)

    async def tasks_by_external_ids(
        self, project: str, ids: Sequence[str], *, include_answer: bool = False
    ) -> list[HubTask]:
        """The tasks of every asset that bears one of these external IDs; about one request per 100 IDs.

        Args:
            project: the project's id.
            ids: external IDs, without repetitions.
            include_answer: ask for the stored labels as well.
        """
        tasks = []
        for group in split_ids(ids):
            query = {
                "includeAnswer": "true" if include_answer else "false",
                "filter": orjson.dumps({"externalId": {"$in": group}}).decode(),
            }
            async for page in self._pages("tasks", "project", _segment(project), "tasks", query=query):
                tasks += [_task(record) for record in page]
        if all(task.external_id for task in tasks):
            return tasks
        known = await self._asset_external_ids(project)
        return [
            HubTask(t.task_id, t.asset_id, t.external_id or known.get(t.asset_id, ""), t.answer, t.brush_urls)
            for t in tasks
        ]

    async def import_items(self, project: str, bodies: Sequence[bytes]) -> ImportAck:
        """Import items, each already JSON: the labels of every task they name are replaced by theirs."""
        between = chain.from_iterable((b",", item) for item in bodies)
        # Items may be many megabytes: joined all at once, they are copied once.
        body = b"".join((b'{"project":%b,"jsonContent":[' % orjson.dumps(project), *islice(between, 1, None), b"]}"))
        answer, n_attempts = await self._call("POST", "import", "labels", body=body)
        sentence: re.Match[str] | None = _SENTENCE.search(str(answer.get("project", "")))
        n_labeled, n_matched = (int(sentence[1]), int(sentence[2])) if sentence else (None, None)
        return ImportAck(n_labeled, n_matched, n_attempts)

    async def annotate(self, task_id: str, body: bytes) -> int:
        """Replace the labels of one task; returns the number of tries."""
        query = {"nextStage": "false", "isPlugin": "false"}
        _, n_attempts = await self._call("POST", "annotate", task_id, query=query, body=body)
        return n_attempts

    async def get_storage(self, storage_id: str) -> HubStorage | None:
        """A storage of the organization, None when it has none of this id; one request."""
        # Asked for by its id, as Ango's own client does; a Hub that ignores that lists all, page by page.
        query = {"_id": storage_id}
        async for page in self._pages("storages", "storages", query=query, is_secret=True):
            for record in page:
                if str(record["_id"]) == storage_id:
                    return storage_of(record)
        return None

    async def list_signed(self, storage_id: str, bucket: str, folder: str) -> dict[str, str]:
        """List the files of a bucket's folder, with all below it, each with a signed URL: key -> URL; one request."""
        query = {"bucketName": bucket, "path": folder, "getSignedUrls": "true", "retryOnSlowDown": "true"}
        answer, _ = await self._call("GET", "storages", storage_id, "files", query=query, is_secret=True)
        return signed_urls_in(answer, bucket, folder)

    async def sign(self, url: str, storage_id: str, project: str) -> str:
        """Get a URL that opens an object for a while; one request."""
        # Ango's own client says name, its documentation url.
        query = {"name": url, "url": url, "project": project, "type": "assets", "storageId": storage_id}
        answer, _ = await self._call("GET", "getSignedUrl", query=query, is_secret=True)
        signed = answer.get("signedUrl")
        if not isinstance(signed, str) or not signed:
            raise UploadRefused("the Hub's answer has no 'data.signedUrl'", status=200)
        return signed

    async def upload(self, project: str, name: str, content: bytes) -> str:
        """Upload a file to the project's exports; returns its URL without the signature that wrote it.

        Raises:
            UploadError: the Hub gave no place for it, or it could not be put there.
        """
        query = {"name": name, "project": _segment(project), "type": "exports"}
        answer, _ = await self._call("GET", "getUploadUrl", query=query, is_secret=True)
        url = answer.get("uploadUrl")
        if not isinstance(url, str) or not url:
            raise UploadRefused("the Hub's answer has no 'data.uploadUrl'", status=200)
        await self.transport.put_file(url, content)
        return url.partition("?")[0]

    async def send(self, project: str, batch: Batch) -> ImportAck:
        """Import a batch's items; those with bodies of single tasks are written task by task instead."""
        flat = [item.body for item in batch.items if not item.task_bodies]
        ack = await self.import_items(project, flat) if flat else ImportAck(0, 0, 0)
        for item in batch.items:
            for task_id, body in item.task_bodies:
                n_tries = await self.annotate(task_id, body)
                ack = ImportAck(_plus_one(ack.n_labeled), _plus_one(ack.n_matched), ack.n_attempts + n_tries)
        return ack

    async def _asset_external_ids(self, project: str) -> dict[str, str]:
        """Asset id -> external ID, for Hubs whose tasks name only the asset; listed once."""
        if self._external_ids is None:
            self._external_ids = {asset.asset_id: asset.external_id async for asset in self.iter_assets(project)}
        return self._external_ids

    async def _pages(
        self, key: str, *path: str, query: Mapping[str, str] | None = None, is_secret: bool = False
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Pages of a list call without what was seen before: a new record pushes old ones onto the next page."""
        seen: set[str] = set()
        number = 1
        while True:
            place = {"page": str(number), "limit": str(PAGE_SIZE), **(query or {})}
            answer, _ = await self._call("GET", *path, query=place, is_secret=is_secret)
            fresh = {ident: found for ident, found in _records(answer, key) if ident not in seen}
            seen |= fresh.keys()
            if fresh:
                yield list(fresh.values())
            total = answer.get("total")
            # Not by the page's length: a Hub may cap the limit. A page of nothing new would repeat for ever.
            if not fresh or (isinstance(total, int) and len(seen) >= total):
                return
            number += 1

    async def _call(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_secret: bool = False,
    ) -> tuple[dict[str, Any], int]:
        """One call, as often as the policy allows; returns the answer's ``data`` and the number of tries."""

        async def attempt() -> dict[str, Any]:
            async with self.pace.turn() as started:
                try:
                    answer = await self.transport.request(method, *path, query=query, body=body, is_secret=is_secret)
                except UploadError as error:
                    self._has_answered |= error.status is not None
                    if error.status == 429:
                        self.pace.slow_down(started)
                    raise
            self._has_answered = True
            return answer

        tries = Retrying(self._current_policy, self._budget, self._rng, self._hold_all, self.pace.pause)
        try:
            answer = await tries(attempt)
        except UploadError as error:
            error.attempts = tries.n_attempts
            raise
        self._budget.earn()
        return answer, tries.n_attempts

    def _current_policy(self) -> RetryPolicy:
        """Little patience until the Hub has answered once: a mistyped host should not take minutes to notice."""
        if self.pace.closed:
            return replace(self._policy, max_attempts=1)
        if self._has_answered:
            return self._policy
        return replace(self._policy, max_attempts=min(3, self._policy.max_attempts))

    def _hold_all(self, error: BaseException, wait_s: float) -> None:
        """What the Hub asks of one caller it means for all: 429, and "come back in so many seconds"."""
        if isinstance(error, UploadUnavailable) and (error.status == 429 or error.retry_after_s is not None):
            self.pace.hold(wait_s)


def _records(answer: Mapping[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    listed = answer.get(key)
    if not isinstance(listed, list) or not all(isinstance(record, dict) and "_id" in record for record in listed):
        raise UploadUnavailable(f"the Hub's answer has no list 'data.{key}' of records with '_id'", status=200)
    return [(str(record["_id"]), record) for record in listed]


def _plus_one(count: int | None) -> int | None:
    return None if count is None else count + 1


def _segment(project: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", project):
        raise ConfigError(
            f"project: {short(project)!r} is no project id: copy it from the project's address, .../projects/<id>",
            field="project",
            value=project,
        )
    return project


def _asset(record: Mapping[str, Any]) -> HubAsset:
    listed = record.get("labelTasks")
    n_tasks = max(1, len(listed) if isinstance(listed, list) else 0)
    external_id = str(record.get("externalId") or "")
    return HubAsset(str(record["_id"]), external_id, n_tasks, _shape_in(record), _batches_in(record))


def _batches_in(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    listed = record.get("batches")
    if not isinstance(listed, list):
        return None
    words = (each.get("_id") if isinstance(each, dict) else each for each in listed)
    return tuple(word for word in words if isinstance(word, str))


def _shape_in(record: Mapping[str, Any]) -> Shape | None:
    """An asset's height and width, from its metadata; numbers that came as text or floats are numbers too."""
    metadata = record.get("metadata")
    if not isinstance(metadata, dict):
        return None
    sides = [_side(metadata.get(name)) for name in ("height", "width")]
    return (sides[0], sides[1]) if all(sides) else None


def _side(value: Any) -> int:
    """A length in pixels, 0 where there is none."""
    try:
        side = float(value)
    except (TypeError, ValueError):
        return 0
    return int(side) if 1 <= side < 2**31 and side.is_integer() and not isinstance(value, bool) else 0


def _task(record: Mapping[str, Any]) -> HubTask:
    """A task from either of the two shapes the Hub is known to send: ``asset`` is an id, or an object."""
    asset = record.get("asset")
    inner: Mapping[str, Any] = asset if isinstance(asset, dict) else {"_id": asset}
    answer = record.get("answer")
    urls = {key: str(record[key]) for key in ("brushDataUrl", "medicalBrushDataUrl") if record.get(key)}
    return HubTask(
        str(record["_id"]),
        str(inner.get("_id") or ""),
        str(record.get("externalId") or inner.get("externalId") or ""),
        answer if isinstance(answer, dict) else {},
        urls,
    )


def connect(host: str | None, api_key: str | None, *, requests_per_minute: float) -> HubClient:
    """A client for the given Hub and key, or the environment's (ANGO_HOST, ANGO_API_KEY).

    Raises:
        ConfigError: the host or the key cannot be used.
    """
    return HubClient(
        host or os.environ.get("ANGO_HOST") or DEFAULT_HOST,
        api_key or ApiKey(os.environ.get("ANGO_API_KEY", ""), "ANGO_API_KEY in the environment"),
        requests_per_minute=requests_per_minute,
    )


async def pretend(_: Batch) -> ImportAck:
    """Acknowledge an import without sending it: a dry run's sender."""
    return ImportAck(None, None, 0)
