"""The whole thing on this machine: images and masks drawn here, imported into a local hub, read back and compared."""

from __future__ import annotations

from prelabel.demo.landed import DemoProject
from prelabel.demo.run import DemoResult, run_demo

__all__ = ["DemoProject", "DemoResult", "run_demo"]
