"""The hub's files: uploads, exports and stand-ins for buckets, and the tokens of the URLs that lead to them.

Names that come from callers are made safe, and no path leaves its folder, symbolic links followed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from prelabel.localhub.envelope import Refusal, no_such_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prelabel.localhub.behavior import ListingForm

FILE_KINDS = ("assets", "brushes", "medicalBrushes", "exports", "instructions", "segmentationModels")
EXPORT_LIFETIME_S = 3600
_MAX_NAME = 120
_SAFE_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The files of one hub.

    Attributes:
        folder: the store's folder.
        buckets: bucket name -> folder, for buckets outside the store.
        secret: what URL tokens are made with.
    """

    folder: Path
    buckets: Mapping[str, Path]
    secret: bytes = field(repr=False)

    def upload_path(self, project_id: str, kind: str, name: str) -> Path:
        """Where an upload lies; the parts must have gone through :func:`safe_name`.

        Raises:
            Refusal: a part that is no plain name (404).
        """
        parts = (project_id, kind, name)
        if any(part != safe_name(part) for part in parts):
            raise no_such_file()
        return self.folder.joinpath("files", *parts)

    def export_path(self, name: str) -> Path:
        """Where an export lies.

        Raises:
            Refusal: ``name`` is no plain name (404).
        """
        if name != safe_name(name):
            raise no_such_file()
        return self.folder / "exports" / name

    def new_export(self, project_id: str) -> Path:
        """A fresh path for an export; exports whose URLs have run out are removed on the way."""
        for old in (self.folder / "exports").glob("*.zip"):
            if old.stat().st_mtime < time.time() - EXPORT_LIFETIME_S:
                old.unlink(missing_ok=True)
        return self.export_path(f"{project_id}-{secrets.token_hex(8)}.zip")

    def bucket(self, name: str) -> Path:
        """The folder that stands for a bucket; it need not exist.

        Raises:
            Refusal: no bucket can have this name.
        """
        if name in self.buckets:
            return Path(self.buckets[name]).resolve()
        if not _SAFE_BUCKET.match(name):
            raise Refusal(f"Invalid bucket: {name[:80]}.")
        return (self.folder / "buckets" / name).resolve()

    def bucket_path(self, bucket: str, key: str) -> Path:
        """Where an object of a bucket lies.

        Raises:
            Refusal: the key leads out of the bucket (404).
        """
        root = self.bucket(bucket)
        try:
            path = (root / key.lstrip("/")).resolve()
        except (ValueError, OSError) as error:
            raise no_such_file() from error
        if not path.is_relative_to(root):
            raise no_such_file()
        return path

    def listing(self, bucket: str, folder: str) -> list[dict[str, Any]]:
        """Every file under a folder of a bucket, by key.

        Raises:
            Refusal: the folder leads out of the bucket.
        """
        root = self.bucket(bucket)
        found = sorted(path for path in self.bucket_path(bucket, folder).rglob("*") if path.is_file())
        inside = [path for path in found if path.resolve().is_relative_to(root)]
        return [
            {"key": path.relative_to(root).as_posix(), "name": path.name, "size": path.stat().st_size}
            for path in inside
        ]

    def signed(self, method: str, path: str, lifetime_s: float) -> str:
        """``path`` percent-encoded, with the query string that opens it to ``method`` for a while."""
        expires = f"{time.time() + lifetime_s:.3f}"
        query = urlencode({"expires": expires, "token": self._token(method, path, expires)})
        return f"{quote(path)}?{query}"

    def check_token(self, method: str, path: str, query: Mapping[str, str]) -> None:
        """Check what :meth:`signed` made; ``path`` is decoded.

        Raises:
            Refusal: the token is missing, wrong or has run out (403).
        """
        expires, token = query.get("expires", ""), query.get("token", "")
        is_ours = hmac.compare_digest(
            token.encode("utf-8", "surrogatepass"), self._token(method, path, expires).encode()
        )
        if not is_ours or float(expires) < time.time():
            raise Refusal("the URL's token is missing, wrong or has expired", status=403)

    def _token(self, method: str, path: str, expires: str) -> str:
        message = f"{method}\n{path}\n{expires}".encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


def listing_answer(files: Sequence[Mapping[str, Any]], folder: str, form: ListingForm) -> Any:
    """A listing in one of the forms that the real Hub may have; without signed URLs, ``"urls"`` are keys."""
    match form:
        case "names":
            prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
            named = ({"name": file["key"].removeprefix(prefix), "size": file["size"]} | _url_of(file) for file in files)
            return {"files": list(named)}
        case "urls":
            return {"files": [file.get("signedUrl", file["key"]) for file in files]}
        case "list":
            return [{"path": file["key"], "url": file.get("signedUrl")} for file in files]
        case _:
            return {"files": list(files)}


def _url_of(file: Mapping[str, Any]) -> dict[str, Any]:
    return {"signedUrl": file["signedUrl"]} if "signedUrl" in file else {}


def safe_name(name: str) -> str:
    """``name`` as one harmless path component; a name that had to change gets a digest, so two never become one."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".")[-_MAX_NAME:].lstrip(".")
    if plain == name and plain:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{digest}-{plain[-(_MAX_NAME - len(digest) - 1) :]}"


def bucket_and_key(url: str) -> tuple[str, str] | None:
    """The bucket and key an object URL names: s3, gs, S3 (both styles), Google and Azure; None for anything else."""
    parts = urlsplit(url)
    host, key = parts.hostname or "", unquote(parts.path).lstrip("/")
    if parts.scheme in {"s3", "gs"}:
        return parts.netloc, key
    if parts.scheme not in {"http", "https"}:
        return None
    style = re.match(r"(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com\Z", host)
    if style:
        return style[1], key
    if re.match(r"(s3[.-][a-z0-9.-]*amazonaws\.com|storage\.googleapis\.com|.+\.blob\.core\.windows\.net)\Z", host):
        bucket, _, rest = key.partition("/")
        return (bucket, rest) if rest else None
    return None
