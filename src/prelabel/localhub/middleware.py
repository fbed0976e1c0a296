"""What every request passes: counted, failures put into the envelope, the key checked, the rate kept."""

from __future__ import annotations

import hmac
import logging
import math
import time
from collections import deque
from typing import TYPE_CHECKING

from aiohttp import web

from prelabel.localhub.context import HUB
from prelabel.localhub.envelope import Refusal, body_too_large, failure, wrong_key
from prelabel.localhub.words import API_PREFIX, FAULTS_PATH, PLUGIN_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Middleware

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger(__name__)


@web.middleware
async def count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count by method and route pattern, whatever becomes of the request."""
    resource = request.match_info.route.resource
    pattern = resource.canonical if resource is not None else "unknown"
    request.app[HUB].request_counts[f"{request.method} {pattern}"] += 1
    return await handler(request)


@web.middleware
async def envelop_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals, aiohttp's own errors and our own faults as JSON; a traceback never leaves the process."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return _answer_to(refusal)
    except web.HTTPRequestEntityTooLarge:
        return _answer_to(body_too_large(request.app[HUB].settings.max_body_bytes))
    except web.HTTPException as error:
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
        return failure(error.reason, status=error.status, headers=allow)
    except Exception:
        logger.exception("the local hub failed on %s %s", request.method, request.path)
        return failure("Internal server error", status=500)


def _answer_to(refusal: Refusal) -> web.Response:
    return failure(str(refusal), status=refusal.status, headers=refusal.headers)


@web.middleware
async def check_key(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse API calls without the key, and likewise those that switch faults or run plugins."""
    if request.path.startswith((API_PREFIX, f"{PLUGIN_PATH}/")) or request.path in {FAULTS_PATH, PLUGIN_PATH}:
        given = request.headers.get("apikey", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, request.app[HUB].settings.api_key.encode()):
            raise wrong_key()
    return await handler(request)


def rate_limit(limit: int, window_s: float) -> Middleware:
    """A middleware that lets ``limit`` API calls through in any ``window_s`` seconds."""
    passed: deque[float] = deque()

    @web.middleware
    async def keep_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API_PREFIX):
            return await handler(request)
        now = time.monotonic()
        while passed and passed[0] <= now - window_s:
            passed.popleft()
        if len(passed) >= limit:
            wait_s = str(max(1, math.ceil(passed[0] + window_s - now)))
            headers = {"Retry-After": wait_s, "X-RateLimit-Limit": str(limit)}
            headers |= {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": wait_s}
            raise Refusal(f"Too many requests: the limit is {limit}", status=429, headers=headers)
        passed.append(now)
        return await handler(request)

    return keep_rate
