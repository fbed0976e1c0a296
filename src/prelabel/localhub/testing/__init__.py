"""Stand-ins for the Hub, for tests of what is built on prelabel.

:class:`HubDouble` is a whole hub with a project in it, which stores what it is sent and plays faults on demand.
:class:`ScriptedHub` gives the answers it was told to give, and keeps the requests.
"""

from __future__ import annotations

from prelabel.localhub.envelope import failure, success
from prelabel.localhub.testing.hub_double import HubDouble, Labels, Target
from prelabel.localhub.testing.scripted_hub import ScriptedHub, SentRequest

__all__ = ["HubDouble", "Labels", "ScriptedHub", "SentRequest", "Target", "failure", "success"]
