"""Rows to assets: which external IDs the CSV has, which of them the project has, and what an unmatched one resembles.

Runs before the rows stream: a first pass over the ID column, and the fewest requests that tell the project's IDs.
Memory: some four hundred bytes per row, for the IDs (measured on 60,000 to 120,000 rows).
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from contextlib import aclosing, suppress
from itertools import chain
from typing import TYPE_CHECKING, Literal, Self

from msgspec import field

from prelabel.errors import UploadError
from prelabel.hub.id_groups import PAGE_SIZE, split_ids
from prelabel.records import Tally
from prelabel.spelling import Spellings, counted, listed, short, without_extension, without_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from prelabel.hub.asset_batches import ChosenBatches
    from prelabel.hub.client import HubAsset, HubClient
    from prelabel.model import MatchIdsBy, Shape

SPARED = 20
"""Requests that sizes, or hints at near misses, are worth in any case: twelve seconds on the Hub's standard plan."""

_KEYS: dict[MatchIdsBy, Callable[[str], str]] = {
    "stem": without_extension,
    "name": without_folder,
    "case": str.lower,  # casefold takes "ß" and "ss" for the same
}
"""What of an ID must be the same where it need not be the whole."""

SizesWanted = Literal["no", "if cheap", "yes"]


class Matches(Tally):
    """Which of the CSV's external IDs the project has; only what is not one asset with one task is kept.

    Attributes:
        asked: the CSV's external IDs, as far as they were looked for.
        unfound: those of them that no asset bears.
        shared: external ID -> number of assets, where several bear it.
        extra_tasks: external ID -> tasks beyond one per asset, where there are such.
        other_ids: external IDs of the project that the CSV lacks; empty when only the CSV's own were asked for.
        own_ids: external ID of the CSV -> its asset's own, where they differ and the config lets them.
        ambiguous: external ID of the CSV -> why it cannot be told which asset it means.
        shapes: external ID of the CSV -> the different (height, width) in pixels of its assets, where the Hub told it.
        n_found: external IDs of the CSV that assets bear.
        late: looks for near misses where nothing was matched beforehand.
        chosen: the batches that the import keeps to, None for all assets.
        outside: external ID -> number of its assets that are in none of these, where there are such.
    """

    asked: Collection[str] = ()
    unfound: set[str] = field(default_factory=set)
    shared: Counter[str] = field(default_factory=Counter)
    extra_tasks: Counter[str] = field(default_factory=Counter)
    other_ids: set[str] = field(default_factory=set)
    own_ids: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    n_found: int = 0
    late: LateListing | None = None
    chosen: ChosenBatches | None = None
    outside: Counter[str] = field(default_factory=Counter)
    _same_shapes: dict[tuple[Shape, ...], tuple[Shape, ...]] = field(default_factory=dict)
    _written: dict[str, str] = field(default_factory=dict)
    _known: Spellings | None = None
    _n_alike: dict[MatchIdsBy, Counter[str]] = field(default_factory=dict)

    @classmethod
    def sought(cls, external_ids: Collection[str], chosen: ChosenBatches | None = None) -> Self:
        """Of the CSV's IDs none is found yet."""
        return cls(external_ids, set(external_ids), chosen=chosen)

    def as_written(self, own_id: str) -> str:
        """An asset's external ID as the CSV has it."""
        return self._written.get(own_id, own_id)

    def n_assets(self, external_id: str) -> int:
        """Assets that bear an ID of the CSV."""
        return 0 if external_id in self.unfound else self.shared.get(external_id, 1)

    def n_tasks(self, external_id: str) -> int:
        """Tasks of these assets."""
        return self.n_assets(external_id) + self.extra_tasks.get(external_id, 0)

    def is_outside(self, external_id: str) -> bool:
        """Whether all assets that an ID of the CSV means are in none of the chosen batches."""
        own_id = self.own_ids.get(external_id, external_id)
        return 0 < self.n_assets(own_id) <= self.outside.get(own_id, 0)

    def reason_outside(self, external_id: str) -> str:
        """Why an ID of the CSV may not be imported though assets bear it; empty where the chosen batches hold them."""
        own_id = self.own_ids.get(external_id, external_id)
        n_outside = self.outside.get(own_id, 0)
        return self.chosen.why_not(self.n_assets(own_id), n_outside) if self.chosen and n_outside else ""

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
        if self.chosen is not None and not self.chosen.hear(asset):
            self.outside[asset.external_id] += 1
        self.keep_size(asset)

    def keep_size(self, asset: HubAsset) -> None:
        """Keep the size of an asset that bears an ID of the CSV."""
        known = self.shapes.get(asset.external_id, ())
        if asset.shape is not None and asset.shape not in known:
            # Most assets have one size: one tuple for all of them.
            self.shapes[asset.external_id] = self._same_shapes.setdefault((*known, asset.shape), (*known, asset.shape))

    def adopt(self, external_id: str, assets: Sequence[HubAsset]) -> None:
        """Let an ID of the CSV mean assets that bear another one, as if the CSV had that."""
        own_id = assets[0].external_id
        self.own_ids[external_id], self._written[own_id] = own_id, external_id
        self.unfound.remove(external_id)
        self.other_ids.remove(own_id)
        self.unfound.add(own_id)
        for asset in assets:
            self.see_asset(asset)

    def notes(self, sizes: SizesWanted) -> tuple[str, ...]:
        """What there is to say of IDs that are not written as their assets' are, and of sizes that are not known."""
        notes = []
        if self.own_ids:
            example, own_id = next(iter(self.own_ids.items()))
            such = "one external ID that differs from its asset's:"
            if len(self.own_ids) > 1:
                such = f"{len(self.own_ids):,} external IDs that differ from their assets', such as"
            notes.append(f'"match_ids_by" matched {such} {short(example)!r} and {short(own_id)!r}')
        n_wanted = self.n_found - len(self.outside)
        n_unsized = n_wanted - sum(each not in self.outside for each in self.shapes)
        is_silent = sizes == "if cheap" and not self.shapes  # a Hub that tells none: nothing new, run after run
        if sizes != "no" and n_unsized > 0 and not is_silent:
            notes.append(
                f"masks were not compared with the sizes of {n_unsized:,} of {counted(n_wanted, 'asset')}: the Hub "
                "does not tell them, or listing the project would have cost too many requests"
            )
        return tuple(notes)

    def reason_against(self, external_id: str) -> str:
        """Why this ID matches nothing, with the asset it resembles where one is known."""
        if external_id in self.ambiguous:
            return self.ambiguous[external_id]
        if self._known is None:
            found = (each for each in self.asked if each not in self.unfound)
            self._known = Spellings(chain(found, sorted(self.other_ids)), are_files=True)
        near = self._known.nearest(external_id)
        if near is None:
            return unmatched(external_id)
        return (
            f"no asset of the project has the external ID {short(external_id)!r}, but one has {short(near.word)!r}, "
            f"which differs in {near.difference}: mend the CSV or the asset{self._switch(external_id, near.word)}"
        )

    async def late_reason_against(self, external_id: str) -> str:
        """As :meth:`reason_against`, for an ID that was not matched beforehand and turns out to match nothing."""
        listing = None if self.late is None else await self.late.matches()
        return await asyncio.to_thread((listing or self).reason_against, external_id)

    def _switch(self, external_id: str, own_id: str) -> str:
        """Name the config key that would match two IDs, where it would."""
        for by, key in _KEYS.items():
            form = key(external_id)
            if own_id not in self.other_ids or form != key(own_id):
                continue
            if by not in self._n_alike:
                self._n_alike[by] = Counter(map(key, chain(self.asked, self.other_ids)))
            if self._n_alike[by][form] == 2:  # these two, and no third that could be meant, or mean it
                return f', or write "match_ids_by": "{by}"'
        return ""


def unmatched(external_id: str) -> str:
    """Why an ID that resembles nothing known cannot be imported."""
    return (
        f"no asset of the project has the external ID {short(external_id)!r}: upload the asset first, or compare the "
        "ID's extension, case and folder with the Hub's"
    )


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
    most_pages = {"no": n_asking, "if cheap": 2 * n_asking + SPARED, "yes": len(external_ids)}[sizes]
    if n_assets is not None and math.ceil(n_assets / PAGE_SIZE) <= most_pages:
        return await list_all(hub, project, external_ids)
    if sizes == "yes":
        return await ask_one_by_one(hub, project, external_ids)
    matches = Matches.sought(external_ids)
    tasks = await hub.tasks_by_external_ids(project, list(external_ids))
    for (_, external_id), n_tasks in Counter((task.asset_id, task.external_id) for task in tasks).items():
        matches.see(external_id, n_tasks)
    return matches


async def list_all(
    hub: HubClient, project: str, external_ids: Collection[str], chosen: ChosenBatches | None = None
) -> Matches:
    """List the project's assets; one request per 100 of them."""
    matches = Matches.sought(external_ids, chosen)
    async for asset in hub.iter_assets(project):
        _sort_in(matches, asset)
    return matches


async def ask_one_by_one(
    hub: HubClient, project: str, external_ids: Collection[str], chosen: ChosenBatches | None = None
) -> Matches:
    """Ask for the assets of each ID; list them all where the Hub passes over the filter."""
    matches = Matches.sought(external_ids, chosen)
    for external_id in external_ids:
        async with aclosing(hub.iter_assets(project, external_id)) as assets:
            async for asset in assets:
                if asset.external_id != external_id:
                    return await list_all(hub, project, external_ids, chosen)
                matches.see_asset(asset)
    return matches


class LateListing:
    """Lists a project's assets for the sake of hints, once, when the first is wanted and if few requests do.

    Args:
        hub: the client.
        project: the project's id.
        external_ids: the CSV's IDs.
        n_assets: as for :func:`match_ids`.
    """

    def __init__(self, hub: HubClient, project: str, external_ids: Collection[str], n_assets: int | None) -> None:
        self._hub = hub
        self._project = project
        self._external_ids = external_ids
        self._n_assets = n_assets
        self._lock = asyncio.Lock()
        self._matches: Matches | None = None

    async def matches(self) -> Matches:
        """What the listing tells; nothing where it would cost too much, or the Hub does not answer."""
        async with self._lock:
            if self._matches is None:
                self._matches = Matches()
                with suppress(UploadError):
                    n_assets = self._n_assets
                    if n_assets is None:
                        n_assets = await self._hub.count_assets(self._project)
                    if n_assets is not None and math.ceil(n_assets / PAGE_SIZE) <= SPARED:
                        self._matches = await list_all(self._hub, self._project, self._external_ids)
        return self._matches


async def match_ids_by(
    hub: HubClient,
    project: str,
    external_ids: Collection[str],
    by: MatchIdsBy,
    chosen: ChosenBatches | None = None,
) -> Matches:
    """Find the CSV's external IDs among all assets: those that are the same, then those that are the same in a part.

    An ID and an asset belong together where no other ID of the CSV and no other asset's ID is the same in that part.

    Args:
        hub: the client.
        project: the project's id.
        external_ids: all the CSV's IDs, also of rows that are imported: what they mean is nobody else's.
        by: the part, as the config names it; not ``"exact"``.
        chosen: the batches that the import keeps to; an ID means the same asset whatever they are.

    Raises:
        UploadRefused: the Hub does not tell which assets are in a batch.
    """
    key = _KEYS[by]
    written: dict[str, list[str]] = defaultdict(list)
    for external_id in external_ids:
        written[key(external_id)].append(external_id)
    matches = Matches.sought(external_ids, chosen)
    alike: dict[str, dict[str, list[HubAsset]]] = defaultdict(lambda: defaultdict(list))
    async for asset in hub.iter_assets(project):
        _sort_in(matches, asset)
        if asset.external_id and (form := key(asset.external_id)) in written:
            alike[form][asset.external_id].append(asset)
    for form, ids in written.items():
        for external_id in matches.unfound.intersection(ids):
            assets = alike.get(form, {})
            if len(assets) == len(ids) == 1:
                matches.adopt(external_id, *assets.values())
            elif assets:
                matches.ambiguous[external_id] = _doubt(by, external_id, assets, ids)
    if chosen is not None:
        chosen.check()
    return matches


def _doubt(by: MatchIdsBy, external_id: str, assets: Collection[str], ids: Collection[str]) -> str:
    """Say of an ID that could mean several assets, or of an asset that several IDs could mean, which they are."""
    if len(assets) > 1:
        several = f"it could mean the assets {listed(assets)}"
    else:
        several = f"the CSV's {listed(ids)} could all mean the asset {listed(assets)}"
    return (
        f'the external ID {short(external_id)!r} cannot be matched by {by} ("match_ids_by"): {several}; write the '
        "asset's own external ID"
    )


def _sort_in(matches: Matches, asset: HubAsset) -> None:
    if asset.external_id in matches.asked:
        matches.see_asset(asset)
        return
    if matches.chosen is not None:
        matches.chosen.hear(asset)
    if asset.external_id:
        matches.other_ids.add(asset.external_id)
