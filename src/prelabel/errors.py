"""Everything prelabel raises, by what the caller can do about it.

Standard library only, and picklable: an error may cross a process or a cluster and keeps its fields.
Messages are lower case and say what, where and what to do.
"""

from __future__ import annotations

from typing import Any

from prelabel.codes import Code


def _rebuild(cls: type[PrelabelError], message: str, fields: dict[str, Any]) -> PrelabelError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(fields)
    return error


class PrelabelError(Exception):
    """The root. ``retryable`` says whether the same call may succeed later."""

    retryable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), str(self), self.__dict__)


class ConfigError(PrelabelError, ValueError):
    """The config, the ontology or the CSV's header cannot be used; nothing was sent.

    Args:
        message: what is wrong and how to mend it.
        field: the config key concerned, dotted for parts of a value.
        value: the value that was given.
        allowed: what would have been right, if it can be listed.
    """

    def __init__(self, message: str, *, field: str = "", value: Any = None, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed


class RecordBusy(ConfigError):
    """Another import works with the record that this one needs: nothing is wrong, it is just not the time."""

    retryable = True


class RowError(PrelabelError, ValueError):
    """One CSV row cannot be imported; the others go on.

    Args:
        message: what is wrong with which value, and the remedy.
        column: the CSV column concerned, empty when it is the whole row.
        excerpt: the offending value, shortened.
        code: the stable word for what is wrong; the class's own unless given.
    """

    usual_code = Code.ROW_FAILED

    def __init__(self, message: str, *, column: str = "", excerpt: str = "", code: Code | None = None) -> None:
        super().__init__(message)
        self.column = column
        self.excerpt = excerpt[:200]
        self.code = code or self.usual_code


class MaskError(RowError):
    """A mask cannot be fetched, decoded or traced.

    Args:
        message: what is wrong and the remedy.
        reference: the mask as the row names it, without the query of a URL, which may be a signature.
        shape: (height, width) in pixels where known.
        status: HTTP status of the server that refused it, None when there was none.
        code: as for RowError.

    Attributes:
        mask_index: its number among many, from 0, where :func:`prelabel.masks_to_polygons` was given it; else None.
    """

    usual_code = Code.MASK_UNREADABLE
    mask_index: int | None = None

    def __init__(
        self,
        message: str,
        *,
        column: str = "",
        reference: str = "",
        shape: tuple[int, ...] | None = None,
        status: int | None = None,
        code: Code | None = None,
    ) -> None:
        super().__init__(message, column=column, excerpt=reference, code=code)
        self.shape = shape
        self.status = status


class MaskUnavailable(MaskError):
    """A mask's server could not be reached or could not answer now.

    Args:
        message: what happened.
        reference: as for MaskError.
        status: HTTP status, None when no answer came.
        retry_after_s: seconds the server asked us to wait, None when it did not say.
    """

    retryable = True
    usual_code = Code.MASK_UNAVAILABLE

    def __init__(
        self, message: str, *, reference: str = "", status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, reference=reference, status=status)
        self.retry_after_s = retry_after_s


class UploadError(PrelabelError):
    """A request to the Hub did not do its work.

    Args:
        message: what the Hub or the network said.
        status: HTTP status, None when no answer came.
        attempts: how often it was tried.
        code: the stable word for what became of the rows; the class's own unless given.
    """

    usual_code = Code.HUB_REFUSED

    def __init__(self, message: str, *, status: int | None = None, attempts: int = 1, code: Code | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.attempts = attempts
        self.code = code or self.usual_code


class UploadRefused(UploadError):
    """The Hub refused for good (a 4xx other than 429 and 413): sending it again unchanged is pointless."""


class BatchTooLarge(UploadError):
    """The Hub refused a body for its size (413): halve the batch and send again."""

    usual_code = Code.TOO_LARGE_FOR_HUB


class UploadUnavailable(UploadError):
    """The Hub could not be reached or could not answer now.

    Args:
        message: what happened.
        status: HTTP status, None when no answer came.
        attempts: how often it was tried.
        retry_after_s: seconds the Hub asked us to wait, None when it did not say.
        surely_not_done: True when the request certainly had no effect (connection refused, 429).
    """

    retryable = True
    usual_code = Code.HUB_UNAVAILABLE

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        attempts: int = 1,
        retry_after_s: float | None = None,
        surely_not_done: bool = False,
        code: Code | None = None,
    ) -> None:
        super().__init__(message, status=status, attempts=attempts, code=code)
        self.retry_after_s = retry_after_s
        self.surely_not_done = surely_not_done


class OutputError(PrelabelError):
    """A result could not be written: the report, the rejects, converted items, or the record of an import.

    Results are written independently of each other, so the others are there; labels may be in, and the message says so.

    Args:
        message: which file, why, and what to do.
        path: the file.
        report: the whole :class:`prelabel.outcomes.report.Report` where the work came to its end, else None.
    """

    def __init__(self, message: str, *, path: str = "", report: Any = None) -> None:
        super().__init__(message)
        self.path = path
        self.report = report


class ImportFailed(PrelabelError):
    """Rows failed and the caller asked for an exception (``on_error="raise"``).

    Args:
        message: how many rows failed, and the first reason.
        report: the whole :class:`prelabel.outcomes.report.Report`.
    """

    def __init__(self, message: str, *, report: Any = None) -> None:
        super().__init__(message)
        self.report = report
