"""Masks in the Hub's storages: keys and object URLs -> signed URLs, by as few requests as planned: see router.py.

What the Hub signs is opened without its API key. How requests are sent, paced and counted is the Hub client's matter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from prelabel.codes import Code
from prelabel.errors import MaskError, MaskUnavailable, UploadError, UploadUnavailable
from prelabel.masks.sources.single_flight import SingleFlight
from prelabel.masks.sources.url_expiry import is_fresh
from prelabel.spelling import Spellings, describe_near

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prelabel.masks.references import CloudScheme, StoredObject
    from prelabel.masks.sources.request_plan import Folder, StoragePlan


class Storage(Protocol):
    """What the Hub tells of a storage; empty texts for what it does not tell."""

    @property
    def cloud(self) -> CloudScheme | None:
        """The scheme of its cloud."""

    @property
    def bucket(self) -> str:
        """Its bucket."""

    @property
    def region(self) -> str:
        """Its bucket's region."""

    @property
    def account(self) -> str:
        """Azure's storage account."""


class StorageHub(Protocol):
    """The Hub as far as storages go; each call raises UploadError."""

    async def get_storage(self, storage_id: str) -> Storage | None:
        """Look a storage up; None when the Hub has none of this id."""

    async def list_signed(self, storage_id: str, bucket: str, folder: str) -> Mapping[str, str]:
        """List a folder with all below it: key -> signed URL."""

    async def sign(self, url: str, storage_id: str, project: str) -> str:
        """Sign an object's URL."""


class SignedUrls:
    """Signed URLs for objects of the Hub's storages.

    Args:
        hub: who signs.
        project: the project's id, which the Hub wants to know.
        plan: which folders are listed.

    Attributes:
        notes: what became of the plan, for the report.
    """

    def __init__(self, hub: StorageHub, project: str, plan: StoragePlan) -> None:
        self.notes: list[str] = []
        self._hub = hub
        self._project = project
        self._plan = plan
        self._storages: dict[str, Storage | UploadError | None] = {}
        self._listings: dict[Folder, Mapping[str, str]] = {}
        self._names: dict[Folder, Spellings] = {}
        self._once: SingleFlight[object, None] = SingleFlight()

    async def url_of(self, wanted: StoredObject, *, instead_of: str = "") -> str:
        """Return a URL that opens an object for a while.

        Args:
            wanted: the object.
            instead_of: one from here that did not work any more.

        Raises:
            MaskUnavailable: the Hub could not be asked now.
            MaskError: it refused, it has no such storage, or it does not tell the storage's bucket.
        """
        try:
            storage = await self._storage(wanted.storage_id)
            folder = self._plan.folder_of(wanted)
            if folder is not None:
                url = await self._listed(wanted, folder, storage, instead_of)
                if url:
                    return url
            return await self._hub.sign(_object_url(wanted, storage), wanted.storage_id, self._project)
        except UploadError as error:
            # A Hub may repeat what it was asked to sign, and that may be signed already.
            reason = f"HTTP {error.status}" if "?" in wanted.url else str(error)
            said = f"mask {str(wanted)!r}: the Hub gave no URL for it: {reason}"
            if isinstance(error, UploadUnavailable):
                raise MaskUnavailable(said, reference=str(wanted), status=error.status) from error
            raise MaskError(said, reference=str(wanted), status=error.status) from error

    def hint(self, wanted: StoredObject) -> str:
        """Say which object is meant perhaps by one that is not there, if its folder was listed; else nothing."""
        folder = self._plan.folder_of(wanted)
        if folder is None or not self._listings.get(folder):
            return ""
        if folder not in self._names:
            self._names[folder] = Spellings(self._listings[folder], are_files=True)
        near = self._names[folder].nearest(wanted.key)
        return describe_near(wanted.key, near.word) if near is not None else ""

    async def check(self, storage_id: str) -> str:
        """Say why a storage cannot be used, or return an empty string.

        Raises:
            UploadUnavailable: the Hub could not be asked.
        """
        try:
            await self._storage(storage_id)
        except MaskError as error:
            return str(error)
        return ""

    async def _storage(self, storage_id: str) -> Storage | None:
        """Look a storage up, once; None when the Hub does not let us look, which only keys mind."""

        async def look_up() -> None:
            try:
                found: Storage | UploadError | None = await self._hub.get_storage(storage_id)
            except UploadUnavailable:
                raise
            except UploadError as error:
                found = error
            self._storages[storage_id] = found

        if storage_id not in self._storages:
            await self._once.get(storage_id, look_up)
        found = self._storages[storage_id]
        if found is None:
            raise MaskError(
                f"the Hub has no storage {storage_id!r}: copy its id from the organization's storages into "
                '"storage_id"',
                code=Code.MASK_UNAVAILABLE,
            )
        return None if isinstance(found, UploadError) else found

    async def _listed(self, wanted: StoredObject, folder: Folder, storage: Storage | None, instead_of: str) -> str:
        """Return an object's URL from its folder's listing, empty when it is not in it."""
        bucket = _bucket_of(wanted, storage)

        async def list_folder() -> None:
            try:
                self._listings[folder] = await self._hub.list_signed(folder.storage_id, bucket, folder.path)
            except UploadUnavailable:
                raise
            except UploadError as error:
                self._listings[folder] = {}
                self.notes.append(
                    f"the Hub did not list the folder {folder.path!r} of the storage {folder.storage_id}: its masks "
                    f"took a request each ({error})"
                )

        def known() -> str:
            return self._listings.get(folder, {}).get(wanted.key, "")

        url = known()
        if folder not in self._listings or (url and (url == instead_of or not is_fresh(url, datetime.now(UTC)))):
            await self._once.get(folder, list_folder)
            url = known()
        return "" if url == instead_of else url


def _bucket_of(wanted: StoredObject, storage: Storage | None) -> str:
    bucket = wanted.bucket or (storage.bucket if storage is not None else "")
    if not bucket:
        raise MaskError(
            f"mask {str(wanted)!r} is a key, and the Hub does not tell the bucket of the storage {wanted.storage_id}: "
            "write s3://bucket/key (or gs://, or the object's URL) into the column",
            reference=str(wanted),
            code=Code.MASK_UNAVAILABLE,
        )
    return bucket


def _object_url(wanted: StoredObject, storage: Storage | None) -> str:
    """An object's URL as its cloud writes it, percent-encoded; as it was given, if it was."""
    if wanted.url:
        return wanted.url
    bucket, path = _bucket_of(wanted, storage), quote(wanted.key, safe="/")
    match wanted.cloud or (storage.cloud if storage is not None else None):
        case "gs":
            return f"https://storage.googleapis.com/{bucket}/{path}"
        case "abfs":
            account = wanted.account or (storage.account if storage is not None else "")
            if not account:
                raise MaskError(
                    f"mask {str(wanted)!r} is in Azure, and the Hub does not tell the account of the storage "
                    f"{wanted.storage_id}: write https://account.blob.core.windows.net/container/path into the column",
                    reference=str(wanted),
                    code=Code.MASK_UNAVAILABLE,
                )
            return f"https://{account}.blob.core.windows.net/{bucket}/{path}"
        case _:
            region = storage.region if storage is not None else ""
            host = f"s3.{region}.amazonaws.com" if region else "s3.amazonaws.com"
            return f"https://{bucket}.{host}{'.cn' if region.startswith('cn-') else ''}/{path}"
