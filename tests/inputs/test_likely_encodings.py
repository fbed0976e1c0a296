"""Which encodings bytes may be in: texts of many languages, each in its own."""

from __future__ import annotations

import pytest

from prelabel.inputs.likely_encodings import likely_encodings, wide_encodings


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.jpg,Größe\n", "cp1252"),
        ("naïve “quote” … x\n", "cp1252"),
        ("x,żółć Łódź\n", "cp1250"),
        ("x,příliš žluťoučký kůň\n", "cp1250"),
        ("x,привет мир\n", "cp1251"),
        ("a,ПРИВЕТ Мир\n", "cp1251"),
        ("x,日本語のテキスト\n", "shift_jis"),
        ("x,①日本語のテキスト\n", "cp932"),
        ("x,汉字文本,测试\n", "gbk"),
        ("x,한국어\n", "euc_kr"),
        ("x,café olé\n", "mac_roman"),
        ("größe\n", "cp850"),
        ("x,20 °C\n", "cp1252"),
        ("x,20°C\n", "cp1252"),
        ("x,5 €\n", "cp1252"),
        ("x,GRÜN\n", "cp1252"),
        ("x,Privé, à la carte\n", "cp1252"),
        ("x,привет мир\n", "koi8_r"),
        ("x,ПРИВЕТ МИР\n", "cp1251"),
        ("x,привет мир\n", "cp866"),
        ("x,Καλημέρα\n", "cp1253"),
        ("x,שלום עולם\n", "cp1255"),
        ("x,مرحبا بالعالم\n", "cp1256"),
        ("x,สวัสดี\n", "cp874"),
        ("x,日本語のテキスト\n", "euc_jp"),
        ("x,汽车\n", "gbk"),
        ("x,汽車 紅色\n", "big5"),
        ("x,자동차\n", "euc_kr"),
        ("猫.jpg,1\n", "shift_jis"),
        ("x,Straße\n", "utf-8"),
        ("x,y\nz,1\n", "utf-16-le"),
        ("名前,値\nあ,い\n", "utf-16-be"),
        ("名,値\n", "utf-32-le"),
    ],
)
def test_the_likeliest_comes_first(text: str, name: str) -> None:
    """Words of many languages are taken for words in their own encoding."""
    assert likely_encodings(text.encode(name))[0] == name


def test_some_nul_bytes_are_no_utf_16() -> None:
    """One damaged cell does not make a file another encoding."""
    assert wide_encodings(b"a,b\n" * 20 + b"x,\0\n") == []
    assert wide_encodings(b"") == []
    rows = b"prelabel_error,id,note\n" + b"x,b.jpg,n\0u\0l\0l\0\0\0\n" * 3
    for shift in range(4):
        assert wide_encodings(b"x" * shift + rows) == []
