"""The key of the Hub's API, and what may be said of it."""

from __future__ import annotations

from typing import Self


class ApiKey(str):
    """An API key that knows where it came from, which messages may say; the key itself they may not.

    Attributes:
        source: such as ``"ANGO_API_KEY in the environment"``.
    """

    __slots__ = ("source",)

    source: str

    def __new__(cls, key: str, source: str) -> Self:
        """Make one."""
        self = super().__new__(cls, key)
        self.source = source
        return self

    def __reduce__(self) -> tuple[type[ApiKey], tuple[str, str]]:
        return ApiKey, (str(self), self.source)
