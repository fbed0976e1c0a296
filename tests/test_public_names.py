"""The names that users import."""

from __future__ import annotations

import pytest

import prelabel


@pytest.mark.parametrize("name", prelabel.__all__)
def test_every_public_name_resolves_and_is_listed(name: str) -> None:
    """``from prelabel import *`` works, and completion knows the names."""
    assert getattr(prelabel, name) is not None
    assert name in dir(prelabel)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name says so like any module would."""
    with pytest.raises(AttributeError, match="module 'prelabel' has no attribute 'import_label'"):
        _ = prelabel.import_label
