"""Which requests to the Hub a CSV's masks will take: decided before any is sent. Part of stage 4, see hub_storage.py.

Pure. A first pass over the mask column (:class:`MaskSurvey`) counts; :func:`plan_requests` decides. A folder that many
masks share is listed with a signed URL for each file, in one request; other masks take a request each.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from msgspec import field

from prelabel.errors import MaskError
from prelabel.masks.references import StoredObject, is_elsewhere, names_own_storage, parse_reference
from prelabel.records import Record, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LISTED_FROM = 4
"""Masks that make it worth to list their folder."""

_MAX_LISTED_BELOW = 16


class Folder(NamedTuple):
    """A folder of a bucket, as the Hub lists it with all below. ``bucket`` is empty for the storage's own."""

    storage_id: str
    bucket: str
    path: str


class StoragePlan(Record, frozen=True):
    """The requests that a CSV's stored masks take.

    Attributes:
        n_storages: storages to look up.
        listed: folders to list.
        n_signed: masks to sign a URL for, one by one.
    """

    n_storages: int = 0
    listed: frozenset[Folder] = frozenset()
    n_signed: int = 0

    @property
    def n_requests(self) -> int:
        """Requests in all, unless listings turn out to lack masks, or URLs run out."""
        return self.n_storages + len(self.listed) + self.n_signed

    def folder_of(self, wanted: StoredObject) -> Folder | None:
        """The listed folder that a mask should be in, None when it is signed by itself."""
        if not (self.listed and wanted.key):
            return None
        folders = (Folder(wanted.storage_id, wanted.bucket, path) for path in _upwards(wanted.folder))
        return next((folder for folder in folders if folder in self.listed), None)

    def __str__(self) -> str:
        return (
            f"{self.n_requests} requests: {self.n_storages} to look up storages, {len(self.listed)} to list folders, "
            f"{self.n_signed} to sign masks one by one"
        )


class MaskSurvey(Tally):
    """What a first pass over the mask column finds. Memory: some seventy bytes for each different cell.

    Attributes:
        storage_id: the config's.
        has_elsewhere: whether any mask is beyond this machine.
        folders: folder -> different masks directly in it that the Hub signs URLs for.
        n_alone: different such masks whose place in a bucket is unknown.
        n_rows: rows seen, those without a mask included.
        n_without: of these, those without a mask.
    """

    storage_id: str = ""
    has_elsewhere: bool = False
    folders: Counter[Folder] = field(default_factory=Counter)
    n_alone: Counter[str] = field(default_factory=Counter)
    n_rows: int = 0
    n_without: int = 0
    # Hashes and not texts: two texts with one hash count as a mask that is named twice, which is no harm.
    _seen: set[int] = field(default_factory=set)
    _repeated: set[int] = field(default_factory=set)

    def see(self, cells: Iterable[str]) -> None:
        """Count some cells."""
        for cell in cells:
            self.n_rows += 1
            self.n_without += not cell or cell.isspace()
            found = hash(cell)
            if found in self._seen:
                self._repeated.add(found)
            elif cell and not cell.isspace():
                self._seen.add(found)
                self._count(cell)

    def _count(self, cell: str) -> None:
        if self.storage_id or names_own_storage(cell):
            self.has_elsewhere = True
            try:
                reference = parse_reference(cell, self.storage_id)
            except MaskError:
                return  # its row will say so
            if isinstance(reference, StoredObject):
                if reference.key:
                    self.folders[Folder(reference.storage_id, reference.bucket, reference.folder)] += 1
                else:
                    self.n_alone[reference.storage_id] += 1
        elif not self.has_elsewhere:
            self.has_elsewhere = is_elsewhere(cell)

    def is_repeated(self, cell: str) -> bool:
        """Whether several rows have this cell."""
        return hash(cell) in self._repeated

    @property
    def rows_per_mask(self) -> float:
        """Rows for each different mask."""
        return self.n_rows / max(1, len(self._seen))

    def plan(self) -> StoragePlan:
        """The requests that these masks take."""
        return plan_requests(self.folders, self.n_alone)


def plan_requests(folders: Mapping[Folder, int], n_alone: Mapping[str, int]) -> StoragePlan:
    """Choose the folders to list.

    The deepest folders that hold enough masks, with what is below them and not listed by itself; but rather one
    folder than very many below it, unless that is the whole bucket. So a folder per scene costs one request for all,
    and other parts of a bucket are not listed.

    Args:
        folders: folder -> masks directly in it.
        n_alone: storage id -> masks that have to be signed one by one.
    """
    buckets: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for folder, n_masks in folders.items():
        buckets[folder.storage_id, folder.bucket][folder.path] += n_masks
    listed: set[Folder] = set()
    n_signed = sum(n_alone.values())
    for (storage_id, bucket), counts in buckets.items():
        paths, n_left = _chosen(counts)
        listed.update(Folder(storage_id, bucket, path) for path in paths)
        n_signed += n_left
    storages = {storage_id for storage_id, _ in buckets} | set(n_alone)
    return StoragePlan(len(storages), frozenset(listed), n_signed)


def _chosen(counts: Mapping[str, int]) -> tuple[set[str], int]:
    """Return the paths of one bucket to list, and how many masks are in none of them."""
    pending: Counter[str] = Counter(counts)
    below: dict[str, set[str]] = defaultdict(set)
    every = {path for counted in counts for path in _upwards(counted)}
    # The deepest come first, so that all below a folder is decided before it.
    for path in sorted(every, key=lambda path: (-_depth(path), path)):
        listed = below.pop(path, set())
        has_too_many = bool(path) and len(listed) > _MAX_LISTED_BELOW
        if has_too_many or pending[path] >= LISTED_FROM:
            listed = {path} if has_too_many else listed | {path}
            pending[path] = 0
        if not path:
            return listed, pending[path]
        parent = path.rpartition("/")[0]
        pending[parent] += pending[path]
        below[parent] |= listed
    return set(), 0


def _depth(path: str) -> int:
    return path.count("/") + 1 if path else 0


def _upwards(path: str) -> Iterator[str]:
    """Yield a folder and those above it, the bucket's root last."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""
