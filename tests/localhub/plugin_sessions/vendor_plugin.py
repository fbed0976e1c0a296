"""A plugin on the vendor's own runtime, to be run as a script: what its callback does is in the config's ``"do"``.

Its id, secret and host are in the environment, as are the runtime's ``CONNECTOR`` and ``PORT``.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # of what the runtime imports
asyncio.set_event_loop(asyncio.new_event_loop())  # the runtime asks for the thread's loop

from imerit_ango.plugins import BatchModelPlugin, run  # noqa: E402

PATIENCE_S = 60


def callback(data: dict[str, Any]) -> str | None:
    """What the config says; by default the session's data comes back."""
    config = json.loads(data.get("configJSON") or "{}")
    what, logger = config.get("do", "echo"), data["logger"]
    sent = {name: value for name, value in data.items() if name != "logger"}
    logger.info("%s of %d", what, len(sent))
    if what == "raise":
        raise ValueError("the callback's own words")
    if what == "stray":
        plugin.emit("response", {"response": "to nobody", "session": "nobody's"})
    if what == "wait":
        end = time.monotonic() + PATIENCE_S
        while not Path(config["file"]).exists() and time.monotonic() < end:
            time.sleep(0.05)
    if what == "count":
        for number in range(config["n"]):
            logger.warning("line %d", number)
    answers = {"none": None, "large": "x" * 1_500_000, "size": str(len(data.get("inputFile", "")))}
    return answers.get(what, json.dumps(sent))


if __name__ == "__main__":
    plugin = BatchModelPlugin(os.environ["PLUGIN_ID"], os.environ["PLUGIN_SECRET"], callback)
    run(plugin, host=os.environ["PLUGIN_HOST"])
