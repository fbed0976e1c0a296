"""Names, paths and tokens of the hub's files."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.localhub.envelope import Refusal
from prelabel.localhub.store.files import Shelf, bucket_and_key, listing_answer, safe_name


def _shelf(folder: Path, buckets: dict[str, Path] | None = None) -> Shelf:
    return Shelf(folder.resolve(), buckets or {}, b"secret")


@given(name=st.text(max_size=300))
@example(name="../../etc/passwd")
@example(name="..")
@example(name="")
@example(name="a" * 300)
@example(name="\ud800.png")
def test_safe_names_are_one_plain_component(name: str) -> None:
    """No separator, no leading dot, not empty, not long; safe names stay as they are."""
    safe = safe_name(name)
    assert safe.isascii()
    assert 0 < len(safe) <= 120
    assert not safe.startswith(".")
    assert Path("x", safe).parent == Path("x")
    assert safe_name(safe) == safe


@given(a=st.text(max_size=140), b=st.text(max_size=140))
@example(a="a b.png", b="a_b.png")
def test_two_names_never_become_one(a: str, b: str) -> None:
    """Different names lead to different files."""
    assert (safe_name(a) == safe_name(b)) == (a == b)


def test_endings_survive() -> None:
    """A file keeps its kind."""
    assert safe_name("foto ä (1).nii.gz").endswith("foto____1_.nii.gz")
    assert safe_name("a" * 200 + ".png").endswith(".png")


@pytest.mark.parametrize(
    "parts", [("..", "assets", "a"), ("p", "..", "a"), ("p", "assets", "../a"), ("p", "assets", "")]
)
def test_uploads_stay_in_their_folder(tmp_path: Path, parts: tuple[str, str, str]) -> None:
    """A part that is no plain name leads nowhere."""
    with pytest.raises(Refusal, match="no such file") as caught:
        _shelf(tmp_path).upload_path(*parts)
    assert caught.value.status == 404


def test_exports_stay_in_their_folder(tmp_path: Path) -> None:
    """A name that is none leads nowhere."""
    with pytest.raises(Refusal, match="no such file"):
        _shelf(tmp_path).export_path("../hub.sqlite3")


def test_bucket_keys_stay_in_the_bucket(tmp_path: Path) -> None:
    """Neither dots nor a symbolic link lead out."""
    shelf = _shelf(tmp_path / "store")
    root = shelf.bucket("b")
    root.mkdir(parents=True)
    (tmp_path / "outside.png").write_bytes(b"x")
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    (root / "in.png").write_bytes(b"x")
    assert shelf.bucket_path("b", "/in.png").read_bytes() == b"x"
    for key in ("../../../outside.png", "link.png", "a\0b"):
        with pytest.raises(Refusal, match="no such file"):
            shelf.bucket_path("b", key)
    assert shelf.listing("b", "") == [{"key": "in.png", "name": "in.png", "size": 1}]


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "-a", "a\0"])
def test_bucket_names_are_plain(tmp_path: Path, name: str) -> None:
    """A bucket's name cannot lead out of the store."""
    with pytest.raises(Refusal, match="Invalid bucket"):
        _shelf(tmp_path).bucket(name)


def test_buckets_may_lie_elsewhere(tmp_path: Path) -> None:
    """A bucket can stand for any folder; listings go down from a folder in it."""
    (tmp_path / "masks" / "deep").mkdir(parents=True)
    (tmp_path / "masks" / "deep" / "a.png").write_bytes(b"abc")
    (tmp_path / "masks" / "b.png").write_bytes(b"")
    shelf = _shelf(tmp_path / "store", {"my bucket": tmp_path / "masks"})
    assert [file["key"] for file in shelf.listing("my bucket", "")] == ["b.png", "deep/a.png"]
    assert shelf.listing("my bucket", "deep/") == [{"key": "deep/a.png", "name": "a.png", "size": 3}]
    assert shelf.listing("my bucket", "none") == []


@pytest.mark.parametrize("path", ["/files/p/assets/a.png", "/buckets/b/a b%41+ü&?.png"])
def test_tokens_open_one_path_to_one_method(tmp_path: Path, path: str) -> None:
    """Another method, path, expiry or secret does not pass."""
    shelf = _shelf(tmp_path)
    url = urlsplit(shelf.signed("PUT", path, 60))
    assert unquote(url.path) == path
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    shelf.check_token("PUT", path, query)
    later = {**query, "expires": str(float(query["expires"]) + 1)}
    for method, where, opened in (
        ("GET", path, query),
        ("PUT", path + "x", query),
        ("PUT", path, later),
        ("PUT", path, {}),
    ):
        with pytest.raises(Refusal, match="token is missing, wrong or has expired"):
            shelf.check_token(method, where, opened)
    with pytest.raises(Refusal, match="token"):
        Shelf(tmp_path, {}, b"other").check_token("PUT", path, query)


def test_tokens_run_out(tmp_path: Path) -> None:
    """A URL whose time is over is closed."""
    shelf = _shelf(tmp_path)
    query = {name: values[0] for name, values in parse_qs(urlsplit(shelf.signed("GET", "/a", -5)).query).items()}
    with pytest.raises(Refusal, match="expired"):
        shelf.check_token("GET", "/a", query)


def test_old_exports_are_removed(tmp_path: Path) -> None:
    """An export whose URL has run out goes when the next one is made."""
    shelf = _shelf(tmp_path)
    old, young = shelf.new_export("p"), shelf.new_export("p")
    old.parent.mkdir()
    for path in (old, young):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    shelf.new_export("p")
    assert (old.exists(), young.exists()) == (False, True)


def test_the_secret_is_not_in_the_repr(tmp_path: Path) -> None:
    """What tokens are made with is not shown."""
    assert "secret'" not in repr(_shelf(tmp_path))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://b.s3.eu-central-1.amazonaws.com/m/a%20b.png", ("b", "m/a b.png")),
        ("https://my.dotted.b.s3.amazonaws.com/a.png?X=1", ("my.dotted.b", "a.png")),
        ("https://s3.eu-west-1.amazonaws.com/b/m/a.png", ("b", "m/a.png")),
        ("https://storage.googleapis.com/b/a.png", ("b", "a.png")),
        ("https://account.blob.core.windows.net/b/m/a.png", ("b", "m/a.png")),
        ("s3://b/m/a.png", ("b", "m/a.png")),
        ("gs://b/a.png", ("b", "a.png")),
        ("https://storage.googleapis.com/b", None),
        ("https://example.com/b/a.png", None),
        ("https://s3.amazonaws.com.evil.example/b/a.png", None),
        ("m/a.png", None),
        ("file:///etc/passwd", None),
    ],
)
def test_object_urls(url: str, expected: tuple[str, str] | None) -> None:
    """Every cloud's way of naming an object is read; other URLs name none."""
    assert bucket_and_key(url) == expected


def test_the_forms_of_a_listing() -> None:
    """Keys, names below the folder, URLs alone, a bare list; with and without signed URLs."""
    files = [{"key": "m/x/a.png", "name": "a.png", "size": 1, "signedUrl": "https://h/a?token=t"}]
    bare = [{"key": "m/x/a.png", "name": "a.png", "size": 1}]

    assert listing_answer(files, "m", "keys") == {"files": files}
    assert listing_answer(files, "/m/", "names") == {
        "files": [{"name": "x/a.png", "size": 1, "signedUrl": "https://h/a?token=t"}]
    }
    assert listing_answer(bare, "", "names") == {"files": [{"name": "m/x/a.png", "size": 1}]}
    assert listing_answer(files, "m", "urls") == {"files": ["https://h/a?token=t"]}
    assert listing_answer(bare, "m", "urls") == {"files": ["m/x/a.png"]}
    assert listing_answer(files, "m", "list") == [{"path": "m/x/a.png", "url": "https://h/a?token=t"}]
