"""An embedded, Ango-Hub-compatible server for demos and tests (aiohttp + SQLite).

Everything goes through the public API with the key; what is sent is stored, and a restart keeps it.
"""

from __future__ import annotations

from prelabel.localhub.faults.fault import Fault
from prelabel.localhub.faults.plan import FaultPlan, plan_of, read_plan
from prelabel.localhub.server import LocalHub, make_app, serve_forever
from prelabel.localhub.settings import HubSettings

__all__ = [
    "Fault",
    "FaultPlan",
    "HubSettings",
    "LocalHub",
    "make_app",
    "plan_of",
    "read_plan",
    "serve_forever",
]
