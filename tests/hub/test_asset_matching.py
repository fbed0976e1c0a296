"""Rows to assets: the survey, the cheaper way to ask, the gate, and hints for near misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prelabel.hub.asset_matching import Matches, match_ids, unmatched
from prelabel.hub.client import HubClient
from prelabel.importer.opened_csv import sizes_wanted
from prelabel.inputs.config import load_config
from prelabel.inputs.survey import Survey
from prelabel.localhub.testing import ScriptedHub, success

if TYPE_CHECKING:
    from aiohttp import web

    from prelabel.hub.asset_matching import SizesWanted


KEY = ScriptedHub.api_key


@pytest.mark.parametrize(
    ("ours", "theirs", "difference"),
    [
        (" img.png", "img.png", "spaces around it"),
        ("img%201.png", "img 1.png", "percent-encoding"),
        ("u\u0308.png", "\u00fc.png", "its Unicode form"),
        ("IMG.PNG", "img.png", "upper and lower case"),
        ("C:\\data\\img.png", "img.png", "its folder"),
        ("img.png", "train/img.png", "its folder"),
        ("img", "img.png", "its extension"),
        ("img.jpg", "img.png", "its extension"),
        ("a/IMG.jpg", "b/img.png", "several ways"),
    ],
)
def test_near_misses(ours: str, theirs: str, difference: str) -> None:
    """The hint names the asset and the difference."""
    reason = Matches(other_ids={theirs, "unrelated.png"}).reason_against(ours)

    assert f"but one has {theirs!r}, which differs in {difference}" in reason


def test_no_near_miss() -> None:
    """Where nothing is alike the remedy is general."""
    assert Matches(other_ids={"other.png"}).reason_against("img.png") == unmatched("img.png")
    assert "'img.png': upload the asset first" in unmatched("img.png")


def assets(*external_ids: str, **sizes: tuple[int, int]) -> web.Response:
    """One page with these assets, and with those whose ID and (width, height) are given."""
    page: list[dict[str, Any]] = [{"externalId": each} for each in external_ids]
    page += [
        {"externalId": each[0], "metadata": {"width": width, "height": height}}
        for each, (width, height) in sizes.items()
    ]
    listed = [{"_id": f"{each['externalId']}{index}", **each} for index, each in enumerate(page)]
    return success({"assets": listed, "total": len(listed)})


def tasks(*pairs: tuple[str, str]) -> web.Response:
    """One page of tasks: asset id and external ID."""
    page = [{"_id": f"t{index}", "asset": asset, "externalId": each} for index, (asset, each) in enumerate(pairs)]
    return success({"tasks": page, "total": len(page)})


SURVEY = Survey(2, {"a": 1, "b": 2}, {})


async def test_listing_when_it_is_cheaper() -> None:
    """A small project is listed: shared IDs are counted, other IDs kept for hints."""
    async with ScriptedHub(assets("a", "a", "c", "")) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", SURVEY.last_rows, 4)

    assert [(matches.n_assets(each), matches.n_tasks(each)) for each in "ab"] == [(2, 2), (0, 0)]
    assert matches.other_ids == {"c"}
    assert [request.raw_path.partition("?")[0] for request in hub.requests] == ["/v2/project/p1/assets"]


@pytest.mark.parametrize("n_assets", [1000, None])
async def test_asking_when_it_is_cheaper(n_assets: int | None) -> None:
    """A small CSV asks for its own IDs, and does not pay for the project's size."""
    answer = tasks(("a1", "a"), ("a1", "a"), ("a2", "a"))
    async with ScriptedHub(answer) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", SURVEY.last_rows, n_assets)

    assert [(matches.n_assets(each), matches.n_tasks(each)) for each in "ab"] == [(2, 3), (0, 0)]
    assert [request.raw_path.partition("?")[0] for request in hub.requests] == ["/v2/project/p1/tasks"]


async def test_an_untold_size_is_asked_for_when_it_matters() -> None:
    """A large CSV spends one request to learn which way is cheaper."""
    survey = Survey(900, {f"{number}": number for number in range(900)}, {})
    async with ScriptedHub(assets("1"), assets("1")) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", survey.last_rows, None)

    assert [matches.n_assets("1"), len(matches.unfound)] == [1, 899]
    assert [request.query["limit"] for request in hub.requests] == ["1", "100"]


def paths(hub: Any) -> list[str]:
    """What a scripted hub was asked, each request's last word."""
    return [request.raw_path.partition("?")[0].rpartition("/")[2] for request in hub.requests]


async def test_a_listing_tells_sizes() -> None:
    """Of the CSV's IDs alone; several assets of one ID may have several, each kept once."""
    page = assets("c", a1=(4, 3), a2=(4, 3), a3=(8, 6), b1=(4, 3), d1=(9, 9))
    async with ScriptedHub(page) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", {"a", "b", "c", "x"}, 5, "if cheap")

    assert matches.shapes == {"a": ((3, 4), (6, 8)), "b": ((3, 4),)}
    assert (matches.n_assets("a"), matches.n_found, matches.unfound) == (3, 3, {"x"})
    assert matches.notes("no") == ()
    assert "the sizes of 1 of 3 assets are not known" in matches.notes("if cheap")[0]


def some(n: int) -> dict[str, int]:
    """So many IDs, each of which is a group of its own in a request, with row numbers."""
    return {f"{number}".rjust(3_690, "x"): number for number in range(n)}


@pytest.mark.parametrize(
    ("sizes", "n_pages", "way"),
    [
        ("no", 2, "assets"),
        ("no", 3, "tasks"),
        ("if cheap", 24, "assets"),
        ("if cheap", 25, "tasks"),
        ("yes", 2, "assets"),
        ("yes", 3, "assets, one by one"),
    ],
)
async def test_what_sizes_may_cost(sizes: SizesWanted, n_pages: int, way: str) -> None:
    """Two IDs that take two requests to ask for: nothing more, some requests more, or a request for each ID."""
    answers = [assets(), assets()] if way.startswith("assets") else [tasks(), tasks()]
    async with ScriptedHub(*answers) as hub, HubClient(hub.url, KEY) as client:
        await match_ids(client, "p1", some(2), n_pages * 100, sizes)

    if way == "assets, one by one":
        assert [orjson.loads(request.query["filters"])["externalId"] for request in hub.requests] == list(some(2))
        assert paths(hub) == ["assets", "assets"]
    elif way == "assets":
        assert (paths(hub), "filters" in hub.requests[0].query) == (["assets"], False)
    else:
        assert paths(hub) == ["tasks", "tasks"]


async def test_assets_asked_for_one_by_one() -> None:
    """Sizes, further assets of an ID and its tasks are known as from a listing."""
    async with ScriptedHub(assets(a1=(4, 3), a2=(8, 6)), assets()) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", SURVEY.last_rows, 100_000, "yes")

    assert matches.shapes == {"a": ((3, 4), (6, 8))}
    assert (matches.n_assets("a"), matches.unfound, len(hub.requests)) == (2, {"b"}, 2)
    assert matches.notes("yes") == ()


async def test_a_hub_that_passes_over_the_filter() -> None:
    """Is listed as a whole, once; nothing is taken for unmatched."""
    everything = assets(a1=(4, 3), b1=(8, 6), c1=(1, 1))
    async with ScriptedHub(assets(c1=(1, 1), a1=(4, 3)), everything) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", SURVEY.last_rows, 100_000, "yes")

    assert (matches.shapes, matches.unfound) == ({"a": ((3, 4),), "b": ((6, 8),)}, set())
    assert ["filters" in request.query for request in hub.requests] == [True, False]


async def test_an_untold_number_of_assets_is_asked_for_when_sizes_matter() -> None:
    """However small the CSV is."""
    async with ScriptedHub(assets("a"), assets("a", "b")) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids(client, "p1", SURVEY.last_rows, None, "if cheap")

    assert not matches.unfound
    assert [request.query["limit"] for request in hub.requests] == ["1", "100"]


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ({}, "no"),
        ({"resize": "nearest"}, "no"),
        ({"mask_column": "m"}, "if cheap"),
        ({"mask_column": "m", "resize": "nearest"}, "yes"),
    ],
)
def test_sizes_are_wanted_for_masks(keys: dict[str, str], wanted: str) -> None:
    """And worth more where masks are to be scaled."""
    assert sizes_wanted(load_config({"external_id_column": "id", **keys})) == wanted


def test_a_later_reading_corrects_what_was_matched() -> None:
    """Numbers of assets and tasks, up and down."""
    matches = Matches(unfound={"a", "b"})
    for external_id, n_tasks in (("a", 1), ("a", 1), ("b", 3)):
        matches.see(external_id, n_tasks)
    known = [(matches.n_assets(each), matches.n_tasks(each)) for each in "ab"]
    for external_id, n_assets, n_tasks in (("a", 1, 1), ("b", 2, 2)):
        matches.correct(external_id, n_assets, n_tasks)

    assert known == [(2, 2), (1, 3)]
    assert [(matches.n_assets(each), matches.n_tasks(each)) for each in "ab"] == [(1, 1), (2, 2)]
