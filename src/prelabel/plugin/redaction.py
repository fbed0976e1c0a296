"""What must not be told: keys and secrets, and the signatures of URLs. One place that takes them out of every text."""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAST_CHARS = 4  # what is shorter is no key, and stands in every other word
_KEPT = 1_000
# A signature is in a URL's query; a password before its host.
_QUERY = re.compile(r"(\b[A-Za-z][A-Za-z0-9+.-]+://[^\s?#'\"<>\\]+)\?[^\s'\"<>\\]+")
_PASSWORD = re.compile(r"(://)[^\s/?#@'\"]+@")


class Redactor:
    """Takes secrets out of texts. Its methods may be called from any thread.

    Example:
        >>> redact = Redactor(["s3cr3t"])
        >>> redact("got s3cr3t from https://masks.example.com/a.png?X-Amz-Signature=1f")
        'got *** from https://masks.example.com/a.png?...'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._secrets: deque[str] = deque(maxlen=_KEPT)
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Take this out too from now on; those of the last thousand sessions are remembered."""
        if len(secret) >= _LEAST_CHARS:
            with self._lock:
                if secret not in self._secrets:
                    self._secrets.append(secret)

    def __call__(self, text: str) -> str:
        """The text without what is secret in it."""
        with self._lock:
            known = tuple(self._secrets)
        for secret in known:
            text = text.replace(secret, "***")
        if "://" in text:
            text = _PASSWORD.sub(r"\1", _QUERY.sub(r"\1?...", text))
        return text

    def guard_logs(self) -> None:
        """Take secrets out of all that this process logs from now on, whichever library does, tracebacks included."""
        make_record = logging.getLogRecordFactory()

        def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
            record = make_record(*args, **kwargs)
            try:
                text = record.getMessage()
            except (TypeError, ValueError):  # the message and its arguments do not fit
                text = f"{record.msg} {record.args}"
            if self(text) != text:
                record.msg, record.args = self(text), ()
            if record.exc_info and record.exc_info[0] is not None:
                record.exc_text = self("".join(traceback.format_exception(*record.exc_info)).rstrip())
                record.exc_info = None
            return record

        logging.setLogRecordFactory(make)
        logger = logging.getLogger("prelabel.plugin")

        def tell(args: threading.ExceptHookArgs) -> None:
            if args.exc_value is not None:
                logger.error("a thread failed", exc_info=args.exc_value)

        def tell_main(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
            logger.critical("the plugin failed", exc_info=error)

        threading.excepthook, sys.excepthook = tell, tell_main
