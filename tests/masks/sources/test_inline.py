"""Masks that cells hold."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.masks.limits import MaskLimits
from prelabel.masks.references import InlineMask
from prelabel.masks.sources.inline import read_inline
from prelabel.model import Runs

MANY = 1 << 20


def read(text: str, kind: str = "data", max_bytes: int = MANY) -> bytes | Runs:
    """Read a cell."""
    return read_inline(InlineMask(kind, text), MaskLimits(max_bytes))  # type: ignore[arg-type] # a literal in each test


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xfb\xff")
def test_base64_comes_back(content: bytes) -> None:
    """With and without padding, with line breaks, with percent-encoded signs, in any case."""
    packed = base64.b64encode(content).decode()
    assert read(f"data:image/png;base64,{packed}") == content
    assert read(f"DATA:;BASE64,{packed.rstrip('=')}") == content
    assert read(f"data:image/png;charset=x;base64, {packed[:7]}\r\n {packed[7:]}") == content
    assert read(f"data:;base64,{packed.replace('+', '%2B').replace('/', '%2f').replace('=', '%3D')}") == content


def test_percent_encoding() -> None:
    """The other way of RFC 2397."""
    assert read("data:,P5%201%201%20255%20%05") == b"P5 1 1 255 \x05"
    assert read("data:text/plain,a,b") == b"a,b"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("data:image/png;base64", "has no comma"),
        ("data:;base64,A", "is not base64"),
        ("data:;base64,AA=A", "is not base64"),
        ("data:;base64,A*AA", "is not base64"),
        ("data:;base64,äöüß", "is not base64"),
        ("data:;base64,AAAAAAAA", "holds 6 bytes and at most 5 are allowed"),
        ("data:,123456", "holds 6 bytes and at most 5 are allowed"),
    ],
)
def test_bad_data_urls(text: str, part: str) -> None:
    """Cut off, mistyped, too large."""
    with pytest.raises(MaskError, match=part):
        read(text, max_bytes=5)


def test_coco_rle() -> None:
    """Lists and compressed counts become runs."""
    as_list = read(json.dumps({"size": [2, 2], "counts": [1, 2, 1]}), "rle")
    assert isinstance(as_list, Runs)
    assert (as_list.width, as_list.height) == (2, 2)
    np.testing.assert_array_equal(as_list.values, [0, 1, 1, 0])
    compressed = read('{"size": [2, 2], "counts": "121"}', "rle")
    assert isinstance(compressed, Runs)
    np.testing.assert_array_equal(compressed.values, as_list.values)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"counts": [1]}', 'a JSON object with "counts", and COCO run lengths have "size" and "counts"'),
        ('{"type": "Polygon", "coordinates": []}', 'a JSON object with "type", "coordinates", and'),
        ("{}", "a JSON object with no keys"),
    ],
)
def test_objects_that_are_no_run_lengths(text: str, part: str) -> None:
    """It is the cell that is wrong, not a file."""
    with pytest.raises(MaskError, match=part) as caught:
        read(text, "rle")
    assert caught.value.code == Code.MASK_REFERENCE


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{'size': [1, 1]}", "looks like COCO run lengths and is no JSON"),
        ('{"size": [2, 2], "counts": [1]}', "counts add up to 1 pixel, "),
        ('{"size": 4, "counts": [1]}', "1 or more: got 4"),
        ('{"size": [100000, 100000], "counts": [1]}', "at most 500000000 are allowed"),
    ],
)
def test_bad_coco_rle(text: str, part: str) -> None:
    """The reason is told."""
    with pytest.raises(MaskError, match=part):
        read(text, "rle")
