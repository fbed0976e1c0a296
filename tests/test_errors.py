"""The exception tree: families, fields, and that errors survive a trip through pickle and copy."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from prelabel.codes import Code
from prelabel.errors import (
    BatchTooLarge,
    ConfigError,
    ImportFailed,
    MaskError,
    MaskUnavailable,
    OutputError,
    PrelabelError,
    RowError,
    UploadError,
    UploadRefused,
    UploadUnavailable,
)

ERRORS: tuple[tuple[PrelabelError, dict[str, Any]], ...] = (
    (PrelabelError("it broke"), {}),
    (ConfigError("no such key"), {"field": "", "value": None, "allowed": ()}),
    (
        ConfigError("no such key", field="coulours", value={"a": [1]}, allowed=("colors", "tools")),
        {"field": "coulours", "value": {"a": [1]}, "allowed": ("colors", "tools")},
    ),
    (RowError("no such option"), {"column": "", "excerpt": "", "code": Code.ROW_FAILED}),
    (
        RowError("no such option", column="Color", excerpt="pnik"),
        {"column": "Color", "excerpt": "pnik", "code": Code.ROW_FAILED},
    ),
    (MaskError("no file"), {"column": "", "excerpt": "", "code": Code.MASK_UNREADABLE, "shape": None, "status": None}),
    (
        MaskError("no file", column="Mask", reference="a/b.png", shape=(3, 4), status=404, code=Code.MASK_MISSING),
        {"column": "Mask", "excerpt": "a/b.png", "code": Code.MASK_MISSING, "shape": (3, 4), "status": 404},
    ),
    (
        MaskUnavailable("later", reference="https://host/a.png", status=503, retry_after_s=2.0),
        {
            "column": "",
            "excerpt": "https://host/a.png",
            "code": Code.MASK_UNAVAILABLE,
            "shape": None,
            "status": 503,
            "retry_after_s": 2.0,
        },
    ),
    (UploadError("refused"), {"status": None, "attempts": 1, "code": Code.HUB_REFUSED}),
    (UploadRefused("refused", status=403, attempts=2), {"status": 403, "attempts": 2, "code": Code.HUB_REFUSED}),
    (BatchTooLarge("too large", status=413), {"status": 413, "attempts": 1, "code": Code.TOO_LARGE_FOR_HUB}),
    (
        UploadUnavailable("later", status=429, attempts=3, retry_after_s=1.5, surely_not_done=True),
        {
            "status": 429,
            "attempts": 3,
            "code": Code.HUB_UNAVAILABLE,
            "retry_after_s": 1.5,
            "surely_not_done": True,
        },
    ),
    (
        UploadUnavailable("later", code=Code.NOT_SENT),
        {
            "status": None,
            "attempts": 1,
            "code": Code.NOT_SENT,
            "retry_after_s": None,
            "surely_not_done": False,
        },
    ),
    (OutputError("cannot write r.json"), {"path": "", "report": None}),
    (OutputError("cannot write r.json", path="r.json", report={"n": 2}), {"path": "r.json", "report": {"n": 2}}),
    (ImportFailed("2 rows failed", report={"failed": 2}), {"report": {"failed": 2}}),
)


@pytest.mark.parametrize(("error", "fields"), ERRORS, ids=lambda value: type(value).__name__)
def test_message_and_fields(error: PrelabelError, fields: dict[str, Any]) -> None:
    """The text is the message alone; all else is in fields of its own."""
    assert error.args == (str(error),)
    assert vars(error) == fields
    assert isinstance(error, PrelabelError)


@pytest.mark.parametrize(("error", "fields"), ERRORS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_cross_processes(error: PrelabelError, fields: dict[str, Any], protocol: int) -> None:
    """Class, message and fields come out of pickle as they went in."""
    again = pickle.loads(pickle.dumps(error, protocol))

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == fields


@pytest.mark.parametrize(("error", "fields"), ERRORS, ids=lambda value: type(value).__name__)
def test_errors_can_be_copied(error: PrelabelError, fields: dict[str, Any]) -> None:
    """A copy's fields can be changed without changing the error's."""
    again = copy.copy(error)
    again.column = "Mask"  # type: ignore[attr-defined]

    assert str(again) == str(error)
    assert vars(error) == fields


def test_what_callers_catch() -> None:
    """Bad input is a ValueError as well, a mask's trouble is its row's, and only what may pass is retryable."""
    retryable = {type(error).__name__ for error, _ in ERRORS if error.retryable}

    assert issubclass(ConfigError, ValueError)
    assert issubclass(RowError, ValueError)
    assert issubclass(MaskError, RowError)
    assert not issubclass(UploadError, ValueError)
    assert {cls for cls in (UploadRefused, BatchTooLarge, UploadUnavailable) if issubclass(cls, UploadError)} == {
        UploadRefused,
        BatchTooLarge,
        UploadUnavailable,
    }
    assert retryable == {"UploadUnavailable", "MaskUnavailable"}


def test_excerpts_are_short() -> None:
    """A cell of any size leaves 200 characters in its error."""
    assert RowError("too long", excerpt="x" * 1000).excerpt == "x" * 200
    assert MaskError("too long", reference="y" * 1000).excerpt == "y" * 200
