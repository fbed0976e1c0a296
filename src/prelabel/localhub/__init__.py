"""An embedded, Ango-Hub-compatible server for demos and tests (aiohttp + SQLite).

Everything goes through the public API with the key; what is sent is stored, and a restart keeps it.
"""

from __future__ import annotations

from prelabel.localhub.faults.fault import Fault
from prelabel.localhub.faults.plan import FaultPlan, plan_of, read_plan
from prelabel.localhub.server import LocalHub, make_app, serve_forever
from prelabel.localhub.settings import HubSettings
from prelabel.localhub.store.database import INNER_NAME, inner_store

__all__ = [
    "INNER_NAME",
    "Fault",
    "FaultPlan",
    "HubSettings",
    "LocalHub",
    "inner_store",
    "make_app",
    "plan_of",
    "read_plan",
    "serve_forever",
]
