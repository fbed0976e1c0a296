"""Walls and limits as callers choose them."""

from __future__ import annotations

from pathlib import Path

import pytest

from prelabel.errors import ConfigError, MaskError
from prelabel.masks.limits import MaskLimits
from prelabel.masks.sources.access import DEFAULTS, Access, Limits, MaskOptions, MaskSettings, plain_host


def test_a_persons_machine() -> None:
    """Local files, the own network, the own buckets."""
    access = Access()
    access.check_local("a.png")
    access.check_bucket("s3://masks", "s3://masks/a.png")
    assert access.reach_of("intranet") == "private"


def test_a_service() -> None:
    """None of these, but what is named."""
    access = Access.of("service", ["Masks.Example.com.", "s3://Ours/", "[::1]"], outside_root=False)
    with pytest.raises(MaskError, match=r"mask '/etc/passwd' is a file's path, and a service reads no local files"):
        access.check_local("/etc/passwd")
    with pytest.raises(MaskError, match=r"which a service does not lend: .* or allow s3://theirs") as caught:
        access.check_bucket("s3://theirs", "s3://theirs/a.png")
    access.check_bucket("s3://ours", "s3://ours/a.png")

    assert caught.value.excerpt == "s3://theirs/a.png"
    assert [access.reach_of(host) for host in ("masks.example.com", "MASKS.example.com.", "::1")] == ["any"] * 3
    assert [access.reach_of(host) for host in ("example.com", "evil-masks.example.com", "::2")] == ["public"] * 3


@pytest.mark.parametrize(
    ("trust", "named", "outside", "part"),
    [
        ("everybody", (), False, 'trust is \'everybody\': write "machine" or "service"'),
        ("service", (), True, "a service reads no local files"),
        ("machine", ["http://host"], False, "allow_mask_hosts has 'http://host': name a host without a port"),
        ("machine", ["host:8080"], False, "without a port"),
        ("machine", ["*.example.com"], False, "name a host"),
        ("machine", ["host/path"], False, "name a host"),
        ("machine", [""], False, "name a host"),
        ("machine", ["s3://bucket/key"], False, "s3://masks"),
        ("machine", "host name", False, "allow_mask_hosts has 'host name'"),
    ],
)
def test_what_cannot_be(trust: str, named: list[str] | str, outside: bool, part: str) -> None:
    """Said before anything is fetched, with what to write instead."""
    with pytest.raises(ConfigError) as caught:
        Access.of(trust, named, outside_root=outside)
    assert part in str(caught.value)


def test_one_name_alone_is_taken() -> None:
    """A text in the place of a list is one host, not its letters."""
    assert Access.of("machine", "host", outside_root=False).named == {"host"}


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Host.Example.", "host.example"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("10.0.0.1", "10.0.0.1"),
        (" h ", "h"),
    ],
)
def test_plain_host(written: str, plain: str) -> None:
    """One spelling for a host."""
    assert plain_host(written) == plain


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"fetch_concurrency": 0}, "fetch_concurrency"),
        ({"fetch_timeout_s": 0}, "fetch_timeout_s"),
        ({"fetch_timeout_s": float("inf")}, "fetch_timeout_s"),
        ({"fetch_timeout_s": float("nan")}, "fetch_timeout_s"),
        ({"max_mask_bytes": 0}, "max_mask_bytes"),
        ({"max_redirects": -1}, "max_redirects"),
        ({"max_shared_bytes": -1}, "max_shared_bytes"),
        ({"max_mask_bytes": "1 GB"}, "max_mask_bytes"),
    ],
)
def test_limits_out_of_range(chosen: dict[str, object], field: str) -> None:
    """They are named as the caller named them."""
    with pytest.raises(ConfigError, match=rf"{field} is .*: give a (whole )?number, ") as caught:
        MaskSettings.of(Path(), MaskOptions(**chosen))  # type: ignore[arg-type]
    assert caught.value.field == field


def test_settings() -> None:
    """The CSV's folder unless another is named; each option reaches its place."""
    plain = MaskSettings.of(Path("/csvs"), MaskOptions())
    chosen = MaskSettings.of(
        Path("/csvs"),
        MaskOptions(
            mask_root="/masks",
            fetch_concurrency=3,
            fetch_timeout_s=4.5,
            max_mask_bytes=5,
            max_mask_pixels=8,
            max_redirects=6,
            max_shared_bytes=7,
            allow_outside_root=True,
            allow_mask_hosts=["h"],
        ),
    )

    assert (plain.root, plain.limits, plain.access) == (Path("/csvs"), DEFAULTS, Access())
    assert (chosen.root, chosen.limits) == (Path("/masks"), Limits(3, 4.5, MaskLimits(5, 8), 6, 7))
    assert chosen.access == Access("machine", outside_root=True, named=frozenset({"h"}))
