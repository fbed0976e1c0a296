"""A web server of masks with latency, in a process of its own: ``python mask_server.py FOLDER LATENCY_S``.

It prints its port and runs until its stdin ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web


async def serve(folder: Path, latency_s: float) -> None:
    """Serve the folder's files from memory, each after a wait."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}  # noqa: ASYNC240 - before anything is served

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(latency_s)
        return web.Response(body=contents[request.match_info["name"]], content_type="image/png")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
