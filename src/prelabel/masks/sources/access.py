"""What mask references may reach, and how much may be fetched: the walls and the limits of stage 4, see router.py.

The reasons are in docs/decisions/0009-walls.md.
"""

from __future__ import annotations

import math
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

from msgspec import field

from prelabel.codes import Code
from prelabel.errors import ConfigError, MaskError
from prelabel.masks.limits import MaskLimits
from prelabel.model import Trust
from prelabel.records import Options, Record
from prelabel.spelling import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prelabel.masks.sources.ip_policy import Reach


class Access(Record, frozen=True):
    """What references may reach.

    Attributes:
        trust: on whose behalf masks are fetched. ``"machine"``: a person's, on their own machine, who may read files
            below the mask root, hosts of their network and buckets with their own credentials. ``"service"``: a
            stranger's; no local file, no host that the internet does not have, no bucket.
        outside_root: files outside the mask root may be read too.
        named: hosts and buckets (``s3://name``) that may be reached whatever the above says, in lower case.
    """

    trust: Trust = "machine"
    outside_root: bool = False
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, trust: str, named: Iterable[str], *, outside_root: bool) -> Self:
        """Check what a caller gave.

        Raises:
            ConfigError: an unknown trust, a host that is none, or local files for a service.
        """
        if trust not in get_args(Trust):
            allowed = get_args(Trust)
            raise ConfigError(
                f'trust is {trust!r}: write "machine" or "service"', field="trust", value=trust, allowed=allowed
            )
        if outside_root and trust == "service":
            raise ConfigError(
                'allow_outside_root and trust "service" contradict each other: a service reads no local files',
                field="allow_outside_root",
                value=outside_root,
            )
        listed = (named,) if isinstance(named, str) else tuple(named)
        return cls("service" if trust == "service" else "machine", outside_root, frozenset(map(_named, listed)))

    def reach_of(self, host: str) -> Reach:
        """How far a fetch from this host, written as the URL has it, may reach."""
        if plain_host(host) in self.named:
            return "any"
        return "public" if self.trust == "service" else "private"

    def check_local(self, shown: str) -> None:
        """Refuse local files where none may be read.

        Raises:
            MaskError: says so.
        """
        if self.trust == "service":
            raise MaskError(
                f"mask {shown!r} is a file's path, and a service reads no local files: give the masks as URLs, or "
                'set "storage_id" to the storage that holds them',
                reference=shown,
                code=Code.MASK_FORBIDDEN,
            )

    def check_bucket(self, bucket_url: str, shown: str) -> None:
        """Refuse buckets where this machine's credentials are not the importer's.

        Args:
            bucket_url: ``s3://name`` or the like.
            shown: the reference, for people.

        Raises:
            MaskError: says so.
        """
        if self.trust == "service" and bucket_url.lower() not in self.named:
            raise MaskError(
                f"mask {shown!r} would be read with this machine's own credentials, which a service does not lend: "
                f'set "storage_id" to the Hub\'s storage of this bucket, or allow {bucket_url}',
                reference=shown,
                code=Code.MASK_FORBIDDEN,
            )


class Limits(Record, frozen=True):
    """How much of a mask is fetched, and how many at once; see :class:`MaskOptions`.

    Attributes:
        concurrency: fetches at once.
        timeout_s: seconds for one mask, tries and waits included.
        mask: how large one mask may be.
        max_redirects: redirects followed for one mask.
        max_shared_bytes: bytes that the polygons of masks which several rows name may take while they are kept.
        max_held_bytes: bytes fetched and not traced yet, or encoded and not taken yet; beyond it only the first row
            goes on, so that it is exceeded by one mask at most.
        connect_s: seconds until a connection stands.
        stall_s: seconds without a single byte.
    """

    concurrency: int = 16
    timeout_s: float = 120.0
    mask: MaskLimits = field(default_factory=MaskLimits)
    max_redirects: int = 5
    max_shared_bytes: int = 256 << 20
    max_held_bytes: int = 256 << 20
    connect_s: float = 15.0
    stall_s: float = 30.0

    def __post_init__(self) -> None:
        for name, option, least in (
            ("concurrency", "fetch_concurrency", 1),
            ("timeout_s", "fetch_timeout_s", 0.001),
            ("max_redirects", "max_redirects", 0),
            ("max_shared_bytes", "max_shared_bytes", 0),
        ):
            value: Any = getattr(self, name)
            if not (isinstance(value, int | float) and least <= value < math.inf):
                raise ConfigError(f"{option} is {value!r}: give a number, {least:g} or more", field=option, value=value)


DEFAULTS = Limits()
"""The limits unless told otherwise."""


class MaskOptions(Options, frozen=True, kw_only=True):
    """Where masks may come from, as a caller chooses it; docs/masks.md tells more.

    Attributes:
        mask_root: folder that mask paths are relative to, and must stay in; None means the CSV's own.
        fetch_concurrency: masks fetched at once.
        fetch_timeout_s: seconds in which a mask has to arrive, further tries included.
        max_mask_bytes: bytes that a mask may have, as a file (counted while it comes, whatever its server says) and
            while its pixels are decoded.
        max_mask_pixels: pixels that a mask may have.
        max_redirects: redirects that are followed for a mask.
        max_shared_bytes: memory for the polygons of masks that several rows name, so that each is traced once.
        trust: whose word the references are. ``"machine"``, the default: a person's at their own machine.
            ``"service"``: a stranger's, for whom no local file is read, no host of the local network reached, no bucket
            opened with this machine's credentials.
        allow_outside_root: read files outside of ``mask_root`` too; not for a service.
        allow_mask_hosts: hosts that may be reached wherever they are, and buckets (``s3://name``) that a service opens.
    """

    mask_root: str | Path | None = None
    fetch_concurrency: int = DEFAULTS.concurrency
    fetch_timeout_s: float = DEFAULTS.timeout_s
    max_mask_bytes: int = DEFAULTS.mask.max_bytes
    max_mask_pixels: int = DEFAULTS.mask.max_pixels
    max_redirects: int = DEFAULTS.max_redirects
    max_shared_bytes: int = DEFAULTS.max_shared_bytes
    trust: Trust = "machine"
    allow_outside_root: bool = False
    allow_mask_hosts: Sequence[str] = ()


class MaskSettings(Record, frozen=True):
    """Where masks may come from, checked.

    Attributes:
        root: folder that mask paths are relative to.
        access: what may be reached.
        limits: how much may be fetched.
    """

    root: Path
    access: Access
    limits: Limits

    @classmethod
    def of(cls, root: Path, options: MaskOptions) -> MaskSettings:
        """Check what the caller chose; ``root`` is the CSV's folder.

        Raises:
            ConfigError: an option cannot be used.
        """
        access = Access.of(options.trust, options.allow_mask_hosts, outside_root=options.allow_outside_root)
        limits = Limits(
            options.fetch_concurrency,
            options.fetch_timeout_s,
            MaskLimits(options.max_mask_bytes, options.max_mask_pixels),
            options.max_redirects,
            options.max_shared_bytes,
        )
        return cls(_resolved(root if options.mask_root is None else Path(options.mask_root)), access, limits)


def _resolved(root: Path) -> Path:
    try:
        return root.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError to some Pythons
        raise ConfigError(
            f"the masks' folder {escaped(str(root))} cannot be found ({error}): name another one with --mask-root",
            field="mask_root",
            value=str(root),
        ) from error


def plain_host(host: str) -> str:
    """Return a host's one spelling: lower case, no dot at the end, addresses as they are written shortest."""
    name = host.strip().strip("[]").rstrip(".").lower()
    return str(ip_address(name)) if _is_address(name) else name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _named(entry: str) -> str:
    bucket = entry.strip().lower().rstrip("/")
    if "://" in bucket:
        scheme, _, name = bucket.partition("://")
        if scheme in {"s3", "gs", "abfs"} and name and not set(name) & set("/?#@ "):
            return bucket
    elif (host := plain_host(entry)) and not set(host) & set("/?#@* ") and (":" not in host or _is_address(host)):
        return host
    raise ConfigError(
        f"allow_mask_hosts has {entry!r}: name a host without a port, such as masks.example.com, or a bucket, such as s3://masks",
        field="allow_mask_hosts",
        value=entry,
    )
