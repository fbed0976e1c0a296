"""Files by their paths: named in what is said of them; and what is no path of this machine."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from masks.corpus import npy
from prelabel.errors import MaskError
from prelabel.masks.load import runs_of

URL = "https://user:pw@host/a.png?Signature=abc"


class InBytes:
    """A path as os.scandir(b".") gives it."""

    def __init__(self, path: Path) -> None:
        self.path = os.fsencode(path)

    def __fspath__(self) -> Any:
        return self.path


def test_any_kind_of_path(tmp_path: Path) -> None:
    """Text, path objects, and those whose path is bytes."""
    path = tmp_path / "a.npy"
    path.write_bytes(npy(np.eye(3, 5, dtype=np.uint8)))

    for each in (path, str(path), InBytes(path)):
        assert (runs_of(each, None).height, runs_of(each, None).width) == (3, 5)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("absent/a.png", 'the mask "absent/a.png": No such file or directory: check the path'),
        (Path("absent/a.png"), 'the mask "absent/a.png": No such file'),
        ("", 'the mask "": Is a directory'),
        ("a\0b", '"a\\u0000b": embedded null byte: check the path'),
        ("a\x1b[2J\nb", '"a\\u001b[2J\\nb": No such file'),
        ("x" * 1000, '"' + "x" * 197 + '...": File name too long: check the path'),
        ("file:///a.png", '"file:///a.png": file: URLs are not read by this call: give the path alone'),
        (URL, '"https://host/a.png?...": this call reads files of this machine, not URLs: fetch it and give its bytes'),
        ("s3://bucket/a.png", '"s3://bucket/a.png": this call reads files of this machine, not URLs'),
        (Path(URL), '"https://host/a.png?...": this call reads files of this machine, not URLs'),
        (Path("gs://bucket/a.png"), '"gs://bucket/a.png": this call reads files of this machine, not URLs'),
        ("data:image/png;base64,iVBORw0KGgo", "data: URLs are not read by this call: give the bytes that are in it"),
        ("data:image/png;base64," + "A" * 9999, "data: URLs are not read by this call"),
        ('{"size": [2, 2], "counts": [4]}', "give them as a dict, by json.loads"),
        ("~/absent.png", '"~" is not expanded: give os.path.expanduser of it'),
        (base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9).decode(), "give its bytes, by base64.b64decode"),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "backslashreplace").decode(),
)
def test_what_cannot_be_read(path: Any, part: str) -> None:
    """It is named, cut, without what is secret or moves a cursor, and the remedy is there."""
    with pytest.raises(MaskError) as caught:
        runs_of(path, None)

    assert part in str(caught.value)
    assert str(caught.value).startswith("cannot read the mask ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
    assert "Signature" not in str(caught.value) + caught.value.excerpt
    assert "pw" not in str(caught.value) + caught.value.excerpt


@pytest.mark.parametrize(
    ("content", "part"),
    [(b"", "the file is empty"), (b"text", "it is no PNG"), (npy(np.zeros(3, np.uint8)), "no mask")],
)
def test_files_that_are_no_masks(tmp_path: Path, content: bytes, part: str) -> None:
    """Their names come before what is wrong with them; and only once."""
    path = tmp_path / "a.png"
    path.write_bytes(content)

    with pytest.raises(MaskError) as caught:
        runs_of(path, None)

    assert str(caught.value).startswith(f'"{path}": ')
    assert part in str(caught.value)
    assert str(caught.value).count("a.png") == 1
    assert caught.value.excerpt == str(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("name", ["~mask", "{mask}", "s3:", "A" * 200])
def test_files_may_be_called_so(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is not there is suspected."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(npy(np.eye(3, dtype=np.uint8)))

    assert runs_of(name, None).height == 3
