"""Rows to assets: which external IDs the CSV has, which of them the project has, and what an unmatched one resembles.

Runs before the rows stream: a first pass over the ID column, and the fewest requests that tell the project's IDs.
Memory: some four hundred bytes per row, for the IDs (measured on 60,000 to 120,000 rows).
"""

from __future__ import annotations

import math
import posixpath
import unicodedata
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from prelabel.hub.client import PAGE_SIZE, split_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from prelabel.hub.client import HubAsset, HubClient
    from prelabel.model import Shape

_SPARED = 20
"""Requests that sizes are worth in any case: twelve seconds on the Hub's standard plan."""

_DIFFERENCES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("spaces around it", str.strip),
    ("percent-encoding", unquote),
    ("its Unicode form", lambda text: unicodedata.normalize("NFC", text)),
    ("upper and lower case", str.casefold),
    ("its folder", lambda text: posixpath.basename(text.replace("\\", "/"))),
    ("its extension", lambda text: posixpath.splitext(text)[0]),
)

SizesWanted = Literal["no", "if cheap", "yes"]


@dataclass(slots=True)
class Matches:
    """Which of the CSV's external IDs the project has; only what is not one asset with one task is kept.

    Attributes:
        unfound: external IDs of the CSV that no asset bears.
        shared: external ID -> number of assets, where several bear it.
        extra_tasks: external ID -> tasks beyond one per asset, where there are such.
        other_ids: external IDs of the project that the CSV lacks; empty when only the CSV's own were asked for.
        shapes: external ID of the CSV -> the different (height, width) in pixels of its assets, where the Hub told it.
        n_found: external IDs of the CSV that assets bear.
    """

    unfound: set[str] = field(default_factory=set)
    shared: Counter[str] = field(default_factory=Counter)
    extra_tasks: Counter[str] = field(default_factory=Counter)
    other_ids: set[str] = field(default_factory=set)
    shapes: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    n_found: int = 0
    _same_shapes: dict[tuple[Shape, ...], tuple[Shape, ...]] = field(default_factory=dict)
    _by_form: dict[str, str] | None = None

    def n_assets(self, external_id: str) -> int:
        """Assets that bear an ID of the CSV."""
        return 0 if external_id in self.unfound else self.shared.get(external_id, 1)

    def n_tasks(self, external_id: str) -> int:
        """Tasks of these assets."""
        return self.n_assets(external_id) + self.extra_tasks.get(external_id, 0)

    def see(self, external_id: str, n_tasks: int) -> None:
        """Count one more asset that bears an ID of the CSV."""
        if external_id in self.unfound:
            self.unfound.remove(external_id)
            self.n_found += 1
        else:
            self.shared[external_id] = self.shared.get(external_id, 1) + 1
        if n_tasks > 1:
            self.extra_tasks[external_id] += n_tasks - 1

    def correct(self, external_id: str, n_assets: int, n_tasks: int) -> None:
        """Take over what a later reading tells of an ID that has assets."""
        if n_assets != self.n_assets(external_id):
            self.shared[external_id] = n_assets
        if n_tasks != self.n_tasks(external_id):
            self.extra_tasks[external_id] = n_tasks - n_assets

    def see_asset(self, asset: HubAsset) -> None:
        """Count an asset that bears an ID of the CSV, and keep its size."""
        self.see(asset.external_id, asset.n_tasks)
        known = self.shapes.get(asset.external_id, ())
        if asset.shape is not None and asset.shape not in known:
            # Most assets have one size: one tuple for all of them.
            self.shapes[asset.external_id] = self._same_shapes.setdefault((*known, asset.shape), (*known, asset.shape))

    def notes(self, sizes: SizesWanted) -> tuple[str, ...]:
        """What there is to say of assets whose sizes were wanted and are not known."""
        n_unsized = self.n_found - len(self.shapes)
        is_silent = sizes == "if cheap" and not self.shapes  # a Hub that tells none: nothing new, run after run
        if sizes == "no" or n_unsized == 0 or is_silent:
            return ()
        note = (
            f"the sizes of {n_unsized} of {self.n_found} assets are not known, so their masks were not compared with "
            "them: the Hub does not tell them, or listing the project would have cost too many requests"
        )
        return (note,)

    def reason_against(self, external_id: str) -> str:
        """Why this ID matches nothing, with the asset it resembles where one is known."""
        if self._by_form is None:
            self._by_form = {_without_differences(other): other for other in sorted(self.other_ids)}
        other = self._by_form.get(_without_differences(external_id))
        if other is None:
            return unmatched(external_id)
        return (
            f"no asset of the project has the external ID {external_id!r}, but one has {other!r}, which differs in "
            f"{_difference(external_id, other)}: mend the CSV or the asset"
        )


def unmatched(external_id: str) -> str:
    """Why an ID that resembles nothing known cannot be imported."""
    return (
        f"no asset of the project has the external ID {external_id!r}: upload the asset first, or compare the "
        "ID's extension, case and folder with the Hub's"
    )


def _without_differences(external_id: str) -> str:
    for _, without in _DIFFERENCES:
        external_id = without(external_id)
    return external_id


def _difference(one: str, other: str) -> str:
    for name, without in _DIFFERENCES:
        if without(one) == without(other):
            return name
    return "several ways"


async def match_ids(
    hub: HubClient, project: str, external_ids: Collection[str], n_assets: int | None, sizes: SizesWanted = "no"
) -> Matches:
    """Find the CSV's external IDs in the project, by listing all assets or by asking for the IDs, whichever is cheaper.

    Args:
        hub: the client.
        project: the project's id.
        external_ids: the CSV's IDs, as far as they are still to be imported.
        n_assets: assets of the project as its document tells, None when it does not.
        sizes: whether to learn the assets' sizes, which only assets tell. ``"if cheap"``: a listing may cost twice as
            much as asking for tasks, and some requests more. ``"yes"``: assets are listed, or asked for one by one
            where that costs less.
    """
    n_asking = sum(1 for _ in split_ids(external_ids))
    if n_assets is None and (n_asking > 2 or (external_ids and sizes != "no")):
        n_assets = await hub.count_assets(project)
    most_pages = {"no": n_asking, "if cheap": 2 * n_asking + _SPARED, "yes": len(external_ids)}[sizes]
    if n_assets is not None and math.ceil(n_assets / PAGE_SIZE) <= most_pages:
        return await _listed(hub, project, external_ids)
    if sizes == "yes":
        return await _asked_one_by_one(hub, project, external_ids)
    matches = Matches(unfound=set(external_ids))
    tasks = await hub.tasks_by_external_ids(project, list(external_ids))
    for (_, external_id), n_tasks in Counter((task.asset_id, task.external_id) for task in tasks).items():
        matches.see(external_id, n_tasks)
    return matches


async def _listed(hub: HubClient, project: str, external_ids: Collection[str]) -> Matches:
    matches = Matches(unfound=set(external_ids))
    async for asset in hub.iter_assets(project):
        if asset.external_id in external_ids:
            matches.see_asset(asset)
        elif asset.external_id:
            matches.other_ids.add(asset.external_id)
    return matches


async def _asked_one_by_one(hub: HubClient, project: str, external_ids: Collection[str]) -> Matches:
    """Ask for the assets of each ID; list them all where the Hub passes over the filter."""
    matches = Matches(unfound=set(external_ids))
    for external_id in external_ids:
        async with aclosing(hub.iter_assets(project, external_id)) as assets:
            async for asset in assets:
                if asset.external_id != external_id:
                    return await _listed(hub, project, external_ids)
                matches.see_asset(asset)
    return matches
