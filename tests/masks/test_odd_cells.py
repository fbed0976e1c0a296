"""Cells that hold a mask in a form that is not read: what they are is named, and paths are left alone."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.masks.odd_cells import is_base64, odd_cell, odd_form

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(60)).decode()


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        (PNG, "a PNG as base64, without the prefix of a data: URL: write data:image/png;base64, before it"),
        (PNG[:50] + "\n" + PNG[50:], "a PNG as base64"),
        (base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(60)).decode(), "a JPEG as base64"),
        (base64.b64encode(b"II*\0" + bytes(60)).decode(), "a TIFF as base64"),
        (base64.b64encode(b"\x93NUMPY" + bytes(60)).decode(), "a NumPy array as base64"),
        (f"b'{PNG}'", "bytes as Python prints them"),
        ("{'size': [2, 2], 'counts': [4]}", "COCO run lengths as Python prints a dict: write JSON, by json.dumps"),
        ("{'counts': b'04', 'size': [2, 2]}", "COCO run lengths as Python prints a dict"),
        ('{"counts": b"04", "size": [2, 2]}', "COCO run lengths as Python prints a dict"),
        ('{"size": [2, 2], "counts": [1, 2', "the beginning of COCO run lengths: copy them whole"),
        ('[{"size": [2, 2], "counts": [4]}, {"size": [2, 2], "counts": [4]}]', "a list of run lengths"),
        ("[{'size': [2, 2], 'counts': [4]}]", "a list of run lengths, and a cell holds one mask"),
        ("[]", "an empty list: leave the cell empty"),
        ("[[0, 1], [1, 0]]", "a list of numbers, not a mask"),
        ("[[1.5, 2.0, 3e2, -4]]", "a list of numbers, not a mask"),
        ("[[0 1]\n [1 0]]", "a list of numbers, not a mask"),
        ("1 3 10 5", "numbers, like the run lengths of Kaggle"),
        ("1,3,10,5", "numbers, like the run lengths of Kaggle"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "a polygon (WKT), not a mask"),
        ("nan", "what programs write for no value: leave the cell empty"),
        (f'"{PNG}"', "a PNG as base64"),
        ("QUJD" * 300, "what looks like base64, without the prefix of a data: URL"),
        (f"base64,{PNG}", "base64 without the beginning of a data: URL"),
        (f"image/png;base64,{PNG}", "base64 without the beginning of a data: URL"),
        (f'"data:image/png;base64,{PNG}"', "a data: URL in quotes"),
        ("OrderedDict([('size', [2, 2])])", "COCO run lengths as Python prints a dict"),
        ('"{\\"size\\": [2, 2], \\"counts\\": [4]}"', "COCO run lengths in quotes: write the JSON alone"),
        ("-1", "what Kaggle's tables write for no mask: leave the cell empty"),
        ("(1, 3, 10, 5)", "a list of numbers, not a mask"),
        ("0 0.5 0.5 0.2 0.2", "a list of numbers, not a mask"),
        ("array([[0, 1], [1, 0]])", "a list of numbers, not a mask"),
        ("array([[0, 1], [1, 0]], dtype=uint8)", "an object as Python prints it"),
        ("<PIL.Image.Image image mode=L size=3x3 at 0x7F2A>", "an object as Python prints it"),
        ("<img src='a.png'>", "markup, not a mask"),
        ("#REF!", "a spreadsheet's formula or its error"),
        ('=HYPERLINK("a.png")', "a spreadsheet's formula or its error"),
        ("None", "what programs write for no value"),
    ],
)
def test_forms_are_named(cell: str, part: str) -> None:
    """With what to write instead."""
    assert odd_cell(cell).startswith(part)


@pytest.mark.parametrize(
    "cell",
    [
        "masks/a.png",
        "a b 1 2.png",
        "1.png",
        "12345",
        "-1.png",
        "1.5",
        "1.5 2.png",
        "A" * 255,
        "/".join(["QUJD" * 40] * 5),
        '"a.png"',
        "array(1).png",
        "<a>.png",
        "<a.png>",
        "#1.png",
        "=a.png",
        "2024-01-05",
        "[1].png",
        "[1, 2].png",
        "b'.png",
        "iVBORw0KGgo.png",
        "iVBORw0KGgo",
        "9j/a.png",
        "polygon.png",
        "none/a.png",
        "nan.png",
        "https://h/a.png?x={'a'}",
        '{"size": [2, 2], "counts": [4]}',
        '{"size": [2, 2], "counts": "04"}',
        '{\n "size": [2, 2],\n "counts": [4]\n}',
        "{}",
        "{a}.png",
    ],
)
def test_references_and_masks_are_none(cell: str) -> None:
    """Whatever may be a path, a URL or a mask as it is read."""
    assert odd_cell(cell) == ""


@pytest.mark.timeout(30)
@pytest.mark.parametrize("part", ["1 ", "[", "A", '{"a": ', "1,", " ", "b'", "\n1"])
def test_long_cells_take_no_time(part: str) -> None:
    """No pattern goes over a cell again and again, and what is said does not depend on how long it is."""
    for before, after in (("", ""), ("[", ""), ("1", "x"), ("{'", "")):
        long, short = (f"{before}{part * n}{after}" for n in (100_000, 2_000))
        assert odd_cell(long) == odd_cell(short)


@given(st.from_regex(r"[A-Za-z0-9_./\\ :;,'\"{}()\[\]<>=#+-]{1,30}(\.(png|a|tiff|e10|npy))?", fullmatch=True))
def test_the_short_cut_is_no_other_way(cell: str) -> None:
    """What passes for a path at one look would have been none of the forms."""
    assert odd_cell(cell.strip()) == odd_form(cell.strip())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("iVBORw0KGgo" + "A" * 40, True), ("A" * 2000, True), ("A" * 100, False), ("masks/a.png", False), ("", False)],
)
def test_base64_is_told(text: str, *, expected: bool) -> None:
    """By what it begins with, or by its length."""
    assert is_base64(text) == expected
