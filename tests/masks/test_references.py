"""Cells of the mask column: what they refer to, and what of them people see."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.localhub.store.files import bucket_and_key
from prelabel.masks.references import (
    CloudObject,
    InlineMask,
    LocalPath,
    Reference,
    StoredObject,
    WebUrl,
    is_elsewhere,
    names_own_storage,
    parse_reference,
    without_secrets,
)

S3 = "https://b.s3.eu-central-1.amazonaws.com/m/a%20b.png"


@pytest.mark.parametrize(
    ("cell", "reference"),
    [
        ("masks/a.png", LocalPath("masks/a.png")),
        (" a.png", LocalPath(" a.png")),  # a file may be called so
        ("C:\\masks\\a.png", LocalPath("C:\\masks\\a.png")),
        ("C://a.png", LocalPath("C://a.png")),
        ("a.png?x=1", LocalPath("a.png?x=1")),
        ("file:///data/a%20b.png", LocalPath("/data/a b.png")),
        ("FILE://localhost/a.png", LocalPath("/a.png")),
        ("file:/a.png", LocalPath("/a.png")),
        (" https://h/a.png?sig=1 ", WebUrl("https://h/a.png?sig=1")),
        ("HTTP://h/a.png", WebUrl("HTTP://h/a.png")),
        ("s3://b/m/a b%20.png?x#y", CloudObject("s3", "b", "m/a b%20.png?x#y")),
        ("s3a://b/k", CloudObject("s3", "b", "k")),
        ("gs://b/k/", CloudObject("gs", "b", "k/")),
        ("abfss://c@acct.dfs.core.windows.net/m/a.png", CloudObject("abfs", "c", "m/a.png", "acct")),
        ("abfs://c/m/a.png", CloudObject("abfs", "c", "m/a.png")),
        ("data:image/png;base64,AAAA", InlineMask("data", "data:image/png;base64,AAAA")),
        (' {"size": [1, 1], "counts": "1"} ', InlineMask("rle", '{"size": [1, 1], "counts": "1"}')),
    ],
)
def test_without_a_storage(cell: str, reference: Reference) -> None:
    """Paths, URLs, buckets, and masks in the cell itself."""
    assert parse_reference(cell) == reference


@pytest.mark.parametrize(
    ("cell", "reference"),
    [
        ("m/a.png", StoredObject("st", "m/a.png")),
        ("/m/a b.png", StoredObject("st", "m/a b.png")),
        (S3, StoredObject("st", "m/a b.png", "b", url=S3)),
        ("https://s3.eu-west-1.amazonaws.com/b/m/a.png", StoredObject("st", "m/a.png", "b", url="...")),
        ("https://my.b.s3.amazonaws.com/a.png", StoredObject("st", "a.png", "my.b", url="...")),
        ("https://b.s3.cn-north-1.amazonaws.com.cn/a.png", StoredObject("st", "a.png", "b", url="...")),
        ("https://storage.googleapis.com/b/m/a.png", StoredObject("st", "m/a.png", "b", url="...")),
        ("https://b.storage.googleapis.com/m/a.png", StoredObject("st", "m/a.png", "b", url="...")),
        ("https://acct.blob.core.windows.net/c/m/a.png", StoredObject("st", "m/a.png", "c", url="...")),
        ("https://minio.example.com/b/a.png", StoredObject("st", url="...")),
        ("https://s3.amazonaws.com.evil.example/b/a.png", StoredObject("st", url="...")),
        (f"{S3}?versionId=3", StoredObject("st", url="...")),
        ("s3://b/m/a.png", StoredObject("st", "m/a.png", "b", "s3")),
        ("gs://b/m/a.png", StoredObject("st", "m/a.png", "b", "gs")),
        ("abfs://c@acct.dfs.core.windows.net/a.png", StoredObject("st", "a.png", "c", "abfs", "acct")),
        ("file:///a.png", LocalPath("/a.png")),
        ("data:,x", InlineMask("data", "data:,x")),
        ("{}", InlineMask("rle", "{}")),
    ],
)
def test_with_a_storage(cell: str, reference: Reference) -> None:
    """The table of docs/masks.md: URLs, cloud schemes and keys are the Hub's to sign; what needs no storage stays."""
    if isinstance(reference, StoredObject) and reference.url:
        reference = StoredObject("st", reference.key, reference.bucket, url=cell)
    assert parse_reference(cell, "st") == reference


@pytest.mark.parametrize("name", ["storageId", "integrationId"])
@pytest.mark.parametrize("storage_id", ["", "other"])
def test_a_cell_may_name_its_own_storage(name: str, storage_id: str) -> None:
    """The suffix goes before the config's, on paths, URLs with and without a query, and cloud schemes; it is cut."""
    assert parse_reference(f"m/a.png?{name}=st1", storage_id) == StoredObject("st1", "m/a.png")
    assert parse_reference(f"s3://b/a.png?{name}=st1", storage_id) == StoredObject("st1", "a.png", "b", "s3")
    assert parse_reference(f"{S3}?{name}=st1", storage_id) == StoredObject("st1", "m/a b.png", "b", url=S3)
    assert parse_reference(f"https://h/a?v=2&{name}=st1", storage_id) == StoredObject("st1", url="https://h/a?v=2")
    assert names_own_storage(f"m/a.png?{name}=st1 ")
    assert not names_own_storage(f"m/a.png?{name}=")


def test_the_local_table_of_the_hub_is_not_ours() -> None:
    """What is compared here was written apart from the local hub's own reading of the same forms."""
    for cell in (
        S3,
        "https://storage.googleapis.com/b/m/a%20b.png",
        "https://acct.blob.core.windows.net/b/m/a%20b.png",
    ):
        read = parse_reference(cell, "st")
        assert isinstance(read, StoredObject)
        assert (read.bucket, read.key) == bucket_and_key(cell) == ("b", "m/a b.png")


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("ftp://h/a.png", "mask 'ftp://h/a.png' is a URL of a kind that cannot be fetched"),
        ("s3://", "write s3://bucket/key"),
        ("s3://b", "write s3://bucket/key"),
        ("s3://b/", "write s3://bucket/key"),
        ("gs:///k", "write gs://bucket/key"),
        ("s3://b?endpoint_override=evil.example/k", "write s3://bucket/key"),
        ("s3://user:secret@b/k", "write s3://bucket/key"),
        ("abfs://c@evil.example/a.png", "names no storage account"),
        ("abfs://c@acct.dfs.core.windows.net.evil.example/a", "names no storage account"),
        ("file://host/a.png", "names the machine 'host'"),
        ("file://[/a.png", "is no URL (Invalid IPv6 URL): write file:///folder/mask.png"),
        ("ftp://user:secret@h/a?secret", "'ftp://h/a?...'"),
    ],
)
def test_what_cannot_be_fetched(cell: str, part: str) -> None:
    """Plainly, with what to write instead, and without secrets."""
    with pytest.raises(MaskError) as caught:
        parse_reference(cell)
    assert part in str(caught.value)
    assert "secret" not in f"{caught.value} {caught.value.excerpt}"


def test_masks_in_other_forms_are_refused() -> None:
    """With what they are; the message is cut, however long the cell."""
    with pytest.raises(MaskError, match="cannot be read, the cell holds a PNG as base64") as caught:
        parse_reference("iVBORw0KGgo" + "A" * 100_000)
    assert caught.value.code == Code.MASK_REFERENCE
    assert len(str(caught.value)) < 500
    assert len(str(LocalPath("x" * 100_000))) == 200


@pytest.mark.parametrize("cell", ["https://", "http://[::1", "https://user:secret@/a?secret"])
def test_broken_urls_with_a_storage(cell: str) -> None:
    """A URL that cannot be taken apart is no object's."""
    with pytest.raises(MaskError, match="is no URL: write https://host/path") as caught:
        parse_reference(cell, "st")
    assert "secret" not in str(caught.value)


SIGNED = "https://user:pass@b.s3.amazonaws.com/a.png?X-Amz-Signature=abc"


def test_secrets_are_not_shown() -> None:
    """Neither user nor password nor query, in text and in repr; long references are shortened."""
    web, stored, inline = (
        parse_reference(SIGNED),
        parse_reference(SIGNED, "st"),
        parse_reference("data:image/png;base64," + "A" * 999),
    )
    assert str(web) == str(stored) == "https://b.s3.amazonaws.com/a.png?..."
    assert str(inline) == "a data: URL of 1021 characters"
    assert not any(secret in f"{web!r}{stored!r}" for secret in ("pass", "abc", "user"))
    assert "AAAA" not in repr(inline)
    assert len(str(parse_reference("https://h/" + "a" * 999))) == 200


@given(st.text(alphabet="ab@:/?#%&=.[]", max_size=40))
@example("user@name:p@ss@h/a?b")
def test_no_secret_survives(text: str) -> None:
    """Whatever stands between scheme and host, and after the path, is cut."""
    shown = without_secrets(f"https://{text}")
    authority = shown.removeprefix("https://").partition("/")[0]
    assert "@" not in authority
    assert "?" not in shown.removesuffix("?...")
    assert "#" not in shown


@given(st.text(max_size=80), st.sampled_from(["", "st"]))
@example("{", "")
@example("data:", "st")
@example("s3://b/\ud800", "st")
@example("http://\udcff/", "st")
def test_any_cell_is_read_or_refused(cell: str, storage_id: str) -> None:
    """No text makes it fail in another way; equal texts are equal references, fit to be keys."""
    try:
        reference = parse_reference(cell, storage_id)
    except MaskError:
        return
    again = parse_reference(cell, storage_id)
    assert reference == again
    assert hash(reference) == hash(again)
    assert len(str(reference)) <= max(200, len(cell))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("a.png", False),
        ("C:\\a", False),
        ("file:///a", False),
        ("data:,", False),
        (" s3://b/k", True),
        ("http://h", True),
    ],
)
def test_is_elsewhere(cell: str, expected: bool) -> None:
    """Told by the scheme alone."""
    assert is_elsewhere(cell) is expected
