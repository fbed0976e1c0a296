"""Assets in and out of batches: what chooses a batch, whose word counts, and the cheapest way to ask."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from prelabel.errors import ConfigError, UploadRefused
from prelabel.hub.asset_batches import ChosenBatches, match_ids_in_batches
from prelabel.hub.client import HubAsset, HubClient
from prelabel.localhub.testing import ScriptedHub, success

KEY = ScriptedHub.api_key
DOCUMENT = {
    "batches": [
        {"_id": "b1", "name": "Monday"},
        {"_id": "b2", "name": "Tuesday", "color": ""},
        {"_id": "b3", "name": "Tuesday"},
        {"_id": "b4", "name": "b1"},
        {"_id": "b5"},
        {"name": "of no id"},
        "odd",
    ]
}


def asset(*batches: str) -> HubAsset:
    """An asset in these batches."""
    return HubAsset("a", "a.png", batches=batches)


def assets(*listed: tuple[str, str, list[Any] | None], **sizes: tuple[int, int]) -> Any:
    """One page of assets: id, external ID, and batches where the record tells them; sizes (width, height) by id."""
    page: list[dict[str, Any]] = [
        {"_id": ident, "externalId": external_id} | ({} if batches is None else {"batches": batches})
        for ident, external_id, batches in listed
    ]
    for record in page:
        if record["_id"] in sizes:
            width, height = sizes[record["_id"]]
            record["metadata"] = {"width": width, "height": height}
    return success({"assets": page, "total": len(page)})


def tasks(*pairs: tuple[str, str]) -> Any:
    """One page of tasks: asset id and external ID."""
    page = [{"_id": f"t{index}", "asset": asset, "externalId": each} for index, (asset, each) in enumerate(pairs)]
    return success({"tasks": page, "total": len(page)})


def asked(hub: ScriptedHub) -> list[tuple[str, Any]]:
    """What was asked: the last word of the path and the filter, if any."""
    return [
        (seen.raw_path.partition("?")[0].rpartition("/")[2], orjson.loads(seen.query.get("filters", "null")))
        for seen in hub.requests
    ]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (["Monday"], ("b1",)),
        (["b2"], ("b2",)),
        (["Tuesday"], ("b2", "b3")),
        (["b1"], ("b1",)),  # an id goes before another batch's name
        (["b5", "Monday", "b1"], ("b5", "b1")),
    ],
)
def test_ids_and_names(wanted: list[str], ids: tuple[str, ...]) -> None:
    """Either names a batch, a name all that have it."""
    assert ChosenBatches.of(wanted, DOCUMENT).ids == ids


def test_a_name_in_another_unicode_form() -> None:
    """Is the same name."""
    document = {"batches": [{"_id": "b1", "name": "K\u00fche"}]}

    assert ChosenBatches.of(["Ku\u0308he"], document).ids == ("b1",)


@pytest.mark.parametrize(
    ("wanted", "document", "said"),
    [
        (
            ["Monday", "monday"],
            DOCUMENT,
            r'no batch "monday": did you mean "Monday"\? \(it differs in .*\); it has "Mond',
        ),
        (["x" * 9], DOCUMENT, 'no batch "xxxxxxxxx": it has "Monday", "Tuesday", "b1", "b5"'),
        (["a"], {"batches": []}, 'no batch "a": it has none'),
        ([""], {}, 'no batch "": it has none'),
        (["a"], {"batches": {"a": 1}}, 'no batch "a": it has none'),
    ],
)
def test_batches_that_the_project_lacks(wanted: list[str], document: dict[str, Any], said: str) -> None:
    """Are refused with those it has, the nearest first."""
    with pytest.raises(ConfigError, match=said) as caught:
        ChosenBatches.of(wanted, document)
    assert (caught.value.field, caught.value.value) == ("batches", wanted[-1])


@pytest.mark.parametrize(
    ("wanted", "batches", "is_in"),
    [
        (["Monday"], ("b1",), True),
        (["Monday"], ("b2", "Monday"), True),
        (["Monday"], ("b2",), False),
        (["Monday"], (), False),
        (["Tuesday"], ("Tuesday",), True),
        (["b2"], ("b2",), True),
        (["b2"], ("Tuesday",), False),  # b3 is called so, too
        (["b4"], ("b1",), False),  # the id of another batch
        (["b4", "Monday"], ("b4",), True),
    ],
)
def test_what_a_record_tells(wanted: list[str], batches: tuple[str, ...], is_in: bool) -> None:
    """By id, or by a name that tells it from all others."""
    assert ChosenBatches.of(wanted, DOCUMENT).hear(asset(*batches)) is is_in


def test_records_that_tell_nothing() -> None:
    """One that does is enough: the others are in no batch then."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    chosen.check()
    assert chosen.hear(HubAsset("a", "a.png")) is False
    with pytest.raises(UploadRefused, match="does not tell which assets are in a batch"):
        chosen.check()
    chosen.hear(asset())
    chosen.check()


@pytest.mark.parametrize(
    ("wanted", "counts", "said"),
    [
        (["b1"], (1, 1), 'its asset is not in the batch "Monday", and no others are imported to'),
        (["b1", "b2"], (2, 2), 'its 2 assets are not in any of the batches "Monday", "Tuesday", and no others'),
        (["b1"], (2, 1), '2 assets have this external ID, and 1 of them is not in the batch "Monday": the Hub imports'),
        (["b1"], (3, 2), "3 assets have this external ID, and 2 of them are not in"),
    ],
)
def test_reasons(wanted: list[str], counts: tuple[int, int], said: str) -> None:
    """Which batches, and a remedy where the row fails."""
    reason = ChosenBatches.of(wanted, DOCUMENT).why_not(*counts)

    assert reason.startswith(said)
    assert ("give the assets different external IDs" in reason) is (counts[0] != counts[1])


MIXED: tuple[tuple[str, str, list[Any]], ...] = (
    ("a1", "a", ["b1"]),
    ("a2", "b", ["b2"]),
    ("a3", "c", ["Monday", "b2"]),
    ("a4", "c", []),
    ("a5", "d", [{"_id": "b1", "name": "Monday"}]),
    ("a6", "e", ["b1"]),
)


async def test_a_small_project_is_listed() -> None:
    """Each asset's own record tells; IDs are found in part, elsewhere, or not at all."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    async with ScriptedHub(assets(*MIXED)) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", dict.fromkeys("abcdz", 1), 6, chosen)

    assert asked(hub) == [("assets", None)]
    assert (matches.unfound, matches.other_ids, dict(matches.outside)) == ({"z"}, {"e"}, {"b": 1, "c": 1})
    assert [matches.is_outside(each) for each in "abcdz"] == [False, True, False, False, False]
    assert [bool(matches.reason_outside(each)) for each in "abcdz"] == [False, True, True, False, False]


async def test_a_few_ids_are_asked_for_one_by_one() -> None:
    """In a large project, whose size is asked for where it is not known."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    total = success({"assets": [], "total": 10**6})
    pages = (assets(MIXED[0]), assets(*MIXED[2:4]))
    async with ScriptedHub(total, *pages) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", {"a": 1, "c": 1}, None, chosen)

    assert asked(hub)[1:] == [("assets", {"externalId": "a"}), ("assets", {"externalId": "c"})]
    assert (matches.unfound, matches.outside) == (set(), {"c": 1})


async def test_batches_are_listed_in_a_large_project() -> None:
    """One by one; what else bears the CSV's IDs is asked for. Sizes come with the listing, hints too."""
    chosen = ChosenBatches.of(["b1", "b2"], DOCUMENT)
    external_ids = dict.fromkeys([*"abcz", *map(str, range(40))], 1)
    pages = (
        assets(("a1", "a", ["b1"]), ("a9", "other", ["b1", "b2"]), a1=(4, 3)),
        assets(("a2", "b", ["b2"]), ("a9", "other", ["b1", "b2"])),
        tasks(("a1", "a"), ("a1", "a"), ("a2", "b"), ("a8", "b"), ("a7", "c")),
    )
    async with ScriptedHub(*pages) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", external_ids, 10**6, chosen)

    assert asked(hub) == [("assets", {"batches": ["b1"]}), ("assets", {"batches": ["b2"]}), ("tasks", None)]
    assert (dict(matches.outside), matches.other_ids, matches.shapes) == ({"b": 1, "c": 1}, {"other"}, {"a": ((3, 4),)})
    assert (matches.n_tasks("a"), matches.is_outside("b"), matches.is_outside("c")) == (2, False, True)
    assert matches.unfound == external_ids.keys() - {"a", "b", "c"}
    assert matches.notes("yes") == ()


async def test_a_hub_that_passes_over_the_filter() -> None:
    """Its word on each asset counts: nothing that was not chosen is taken for chosen."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    external_ids = dict.fromkeys([*"abc", *map(str, range(40))], 1)
    async with ScriptedHub(assets(*MIXED)) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", external_ids, 10**6, chosen)

    assert asked(hub) == [("assets", {"batches": ["b1"]}), ("assets", None)]
    assert [matches.is_outside(each) for each in "abc"] == [False, True, False]
    assert matches.outside == {"b": 1, "c": 1}


@pytest.mark.parametrize("n_assets", [2, 10**6])
@pytest.mark.parametrize("n_ids", [1, 40])
async def test_a_hub_that_does_not_tell(n_assets: int, n_ids: int) -> None:
    """Is refused with the first page, not after a whole project was listed."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    external_ids = dict.fromkeys(map(str, range(n_ids)), 1)
    async with ScriptedHub(assets(("a0", "0", None))) as hub, HubClient(hub.url, KEY) as client:
        with pytest.raises(UploadRefused, match="no list 'batches', so nothing was sent"):
            await match_ids_in_batches(client, "p1", external_ids, n_assets, chosen)
    assert len(hub.requests) == 1


async def test_a_hub_that_leaves_empty_lists_out() -> None:
    """One record that tells is enough, also of an asset that the CSV does not name: the others are in no batch."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    async with ScriptedHub(assets(("a0", "0", None), ("a1", "1", ["b2"]))) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", {"0": 1}, 2, chosen)
    assert matches.is_outside("0")


async def test_nothing_is_asked_for_nothing() -> None:
    """All rows are in."""
    chosen = ChosenBatches.of(["Monday"], DOCUMENT)
    async with ScriptedHub(assets()) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_in_batches(client, "p1", {}, None, chosen)
    assert (len(hub.requests), matches.n_found) == (0, 0)
