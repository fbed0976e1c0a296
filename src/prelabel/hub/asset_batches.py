"""Which assets are in the batches that an import keeps to; the Hub's records have the last word, not its filters."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from prelabel.errors import ConfigError, UploadRefused
from prelabel.hub.asset_matching import SPARED, Matches, ask_one_by_one, list_all
from prelabel.hub.id_groups import PAGE_SIZE, split_ids
from prelabel.spelling import canonical_twin, clauses, counted, did_you_mean, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from prelabel.hub.client import HubAsset, HubClient


class ChosenBatches:
    """Batches of a project, and what its assets tell of being in one of them.

    Args:
        ids: the batches' ids.
        names: how messages name them.
        words: what an asset's record may call them.

    Attributes:
        ids: as given.
    """

    def __init__(self, ids: tuple[str, ...], names: tuple[str, ...], words: frozenset[str]) -> None:
        self.ids = ids
        self._words = words
        self._has_told = self._has_kept_silent = False
        self._shown = f"in the batch {listed(names)}" if len(names) == 1 else f"in any of the batches {listed(names)}"

    @classmethod
    def of(cls, wanted: Iterable[str], document: Mapping[str, Any]) -> Self:
        """The batches that some ids and names mean.

        Args:
            wanted: at least one; what is an id is not taken for a name.
            document: the project's.

        Raises:
            ConfigError: the project has no such batch.
        """
        known = _batches_in(document)
        ids_of: dict[str, list[str]] = defaultdict(list)
        for ident, name in known.items():
            ids_of[name].append(ident)
        found: dict[str, str] = {}
        for word in wanted:
            twin = canonical_twin(word, ids_of)
            if word not in known and twin is None:
                raise _no_such(word, known)
            found |= {ident: known[ident] for ident in ([word] if word in known else ids_of[twin or word])}
        # A name that another batch has too, or that is another's id, tells nothing of an asset.
        own = {name for name in found.values() if name not in known and found.keys() >= set(ids_of[name])}
        return cls(tuple(found), tuple(dict.fromkeys(found.values())), frozenset(found) | own)

    def hear(self, asset: HubAsset) -> bool:
        """Note whether an asset's record tells its batches; returns whether it is in one of these."""
        if asset.batches is None:
            self._has_kept_silent = True
            return False
        self._has_told = True
        return not self._words.isdisjoint(asset.batches)

    def check(self) -> None:
        """Refuse to go on where no record that was heard told anything: every asset would seem to be elsewhere.

        Raises:
            UploadRefused: none did.
        """
        if self._has_kept_silent and not self._has_told:
            raise UploadRefused(
                "the Hub does not tell which assets are in a batch: its records of assets have no list 'batches', so "
                "nothing was sent; without --batch every asset that the CSV names is imported to",
                status=200,
            )

    def why_not(self, n_assets: int, n_outside: int) -> str:
        """Why nothing is sent to assets of one external ID, as some or all of them are in none of the batches."""
        if n_outside >= n_assets:
            its = "its asset is" if n_assets == 1 else f"its {n_assets:,} assets are"
            return f"{its} not {self._shown}, and no others are imported to"
        are = "is" if n_outside == 1 else "are"
        return (
            f"{counted(n_assets, 'asset')} have this external ID, and {n_outside:,} of them {are} not {self._shown}: "
            "the Hub imports to all assets of an external ID, so nothing was sent; give the assets different external "
            "IDs, or choose batches that hold all of them"
        )


async def match_ids_in_batches(
    hub: HubClient, project: str, external_ids: Collection[str], n_assets: int | None, chosen: ChosenBatches
) -> Matches:
    """Find the CSV's external IDs in the project, and which of their assets are in the chosen batches.

    By listing all assets, by asking for those of each ID, or by listing those of the batches and asking which others
    bear the IDs. Sizes are learned on the way.

    Args:
        hub: the client.
        project: the project's id.
        external_ids: as for :func:`match_ids`.
        n_assets: as for :func:`match_ids`.
        chosen: the batches.

    Raises:
        UploadRefused: the Hub does not tell which assets are in a batch.
    """
    if not external_ids:
        return Matches.sought(external_ids, chosen)
    n_asking = sum(1 for _ in split_ids(external_ids))
    if n_assets is None:
        n_assets = await hub.count_assets(project)
    if n_assets is not None and math.ceil(n_assets / PAGE_SIZE) <= 2 * n_asking + SPARED:
        matches = await list_all(hub, project, external_ids, chosen)
    elif len(external_ids) <= SPARED:
        matches = await ask_one_by_one(hub, project, external_ids, chosen)
    else:
        matches = await _asked_by_batch(hub, project, external_ids, chosen)
    chosen.check()
    return matches


async def _asked_by_batch(
    hub: HubClient, project: str, external_ids: Collection[str], chosen: ChosenBatches
) -> Matches:
    """List the batches' assets, then ask which assets bear the IDs: those that were not listed are outside."""
    matches = Matches.sought(external_ids, chosen)
    inside: set[str] = set()
    for batch_id in chosen.ids:
        async with aclosing(hub.iter_assets(project, batch_id=batch_id)) as assets:
            async for asset in assets:
                if not chosen.hear(asset):
                    chosen.check()  # before a large project is listed for nothing
                    return await list_all(hub, project, external_ids, chosen)
                inside.add(asset.asset_id)
                if asset.external_id in external_ids:
                    matches.keep_size(asset)
                elif asset.external_id:
                    matches.other_ids.add(asset.external_id)
    tasks = await hub.tasks_by_external_ids(project, list(external_ids))
    for (asset_id, external_id), n_tasks in Counter((task.asset_id, task.external_id) for task in tasks).items():
        matches.see(external_id, n_tasks)
        if asset_id not in inside:
            matches.outside[external_id] += 1
    return matches


def _batches_in(document: Mapping[str, Any]) -> dict[str, str]:
    """Id -> name of a project's batches; entries of any other shape are passed over."""
    told = document.get("batches")
    entries = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    return {each["_id"]: str(each.get("name") or each["_id"]) for each in entries if isinstance(each.get("_id"), str)}


def _no_such(word: str, known: Mapping[str, str]) -> ConfigError:
    names = list(dict.fromkeys(known.values()))
    hint = did_you_mean(word, [*names, *known]).strip()
    return ConfigError(
        f"--batch: the project has no batch {quoted(word)}: {clauses(hint, f'it has {listed(names)}')}",
        field="batches",
        value=word,
        allowed=tuple(names),
    )
