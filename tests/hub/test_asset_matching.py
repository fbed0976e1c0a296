"""Rows to assets: the survey, the cheaper way to ask, the gate, and hints for near misses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from prelabel.errors import UploadRefused
from prelabel.hub.asset_batches import ChosenBatches
from prelabel.hub.asset_matching import LateListing, Matches, match_ids, match_ids_by, unmatched
from prelabel.hub.client import HubAsset, HubClient
from prelabel.importer.opened_csv import sizes_wanted
from prelabel.inputs.config_file import load_config
from prelabel.inputs.survey import Survey
from prelabel.localhub.testing import ScriptedHub, failure, success

if TYPE_CHECKING:
    from aiohttp import web

    from prelabel.hub.asset_matching import SizesWanted
    from prelabel.model import MatchIdsBy


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
        ("a/IMG.jpg", "b/img.png", "upper and lower case, its folder and its extension"),
        ("my+file.jpg", "my file.jpg", "a plus sign"),
        ("7", "007", "leading zeros"),
        ("7.0", "007", 'a ".0" at its end and leading zeros'),
        ("A b.jpg", "A\xa0b.jpg", "a no-break space at character 2"),
        ("frame.jpg", "61148fa2-frame.jpg", "its prefix"),
        ('"img.png"', "img.png", "quotes around it"),
    ],
)
def test_near_misses(ours: str, theirs: str, difference: str) -> None:
    """The hint names the asset and the difference."""
    reason = Matches(other_ids={theirs, "unrelated.png"}).reason_against(ours)

    assert f"but one has {theirs!r}, which differs in {difference}" in reason


def test_near_misses_of_ids_that_the_csv_has_too() -> None:
    """The right spelling on another row does not hide it."""
    matches = Matches.sought({"a.jpg", "a.jpg ", "b"})
    matches.see("a.jpg", 1)

    assert "but one has 'a.jpg', which differs in spaces around it" in matches.reason_against("a.jpg ")
    assert matches.reason_against("b") == unmatched("b")


def test_the_key_that_would_match_is_named() -> None:
    """Where it would: not where the CSV or the project has a second ID of that form, nor for other differences."""
    matches = Matches.sought({"a.jpg", "b.jpg", "C.png", "d /x.png", "e.jpg", "e.tif"})
    matches.other_ids = {"a.png", "b.png", "b.tif", "c.png", "d", "e.png"}

    assert matches.reason_against("a.jpg").endswith('mend the CSV or the asset, or write "match_ids_by": "stem"')
    assert matches.reason_against("C.png").endswith(', or write "match_ids_by": "case"')
    assert all(matches.reason_against(each).endswith("the asset") for each in ("b.jpg", "e.jpg"))


def test_reasons_are_cut() -> None:
    """An ID of a hundred thousand characters makes no flood."""
    long = "x" * 100_000
    for reason in (unmatched(long), Matches(other_ids={long + " "}).reason_against(long)):
        assert len(reason) < 700


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
    assert "not compared with the sizes of 1 of 3 assets: the Hub" in matches.notes("if cheap")[0]


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


@pytest.mark.parametrize(
    ("by", "ours", "theirs"),
    [
        ("stem", "a.png", "a.jpg"),
        ("stem", "x/a", "x/a.nii.gz"),
        ("name", "images/a.jpg", "a.jpg"),
        ("name", "a.jpg", "C:\\data\\a.jpg"),
        ("case", "A.JPG", "a.jpg"),
    ],
)
async def test_matching_by_a_part(by: MatchIdsBy, ours: str, theirs: str) -> None:
    """The asset's own ID is known for the CSV's, with its number of assets and its sizes; the report says so."""
    page = success(
        {
            "assets": [
                {"_id": "1", "externalId": theirs, "metadata": {"width": 4, "height": 3}},
                {"_id": "2", "externalId": theirs},
                {"_id": "3", "externalId": "b"},
                {"_id": "4", "externalId": ""},
            ],
            "total": 4,
        }
    )
    async with ScriptedHub(page) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_by(client, "p1", {ours: 1, "b": 2, "z": 3}, by)

    assert (matches.own_ids, matches.unfound, matches.ambiguous) == ({ours: theirs}, {"z"}, {})
    assert (matches.n_assets(theirs), matches.n_found, matches.other_ids) == (2, 2, set())
    assert (matches.shapes, matches.as_written(theirs), matches.as_written("b")) == ({theirs: ((3, 4),)}, ours, "b")
    assert f"matched one external ID that differs from its asset's: {ours!r} and {theirs!r}" in matches.notes("no")[0]


async def test_matching_by_a_part_is_never_a_guess() -> None:
    """The very ID comes first; several candidates, or several IDs for one, fail and are named."""
    page = assets("a.jpg", "a.png", "b.jpg", "c.jpg", "d.jpg")
    external_ids = dict.fromkeys(("a.jpg", "a.tif", "b.tif", "b.png", "c.jpg", "c.png", "e.png"), 1)
    async with ScriptedHub(page) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_by(client, "p1", external_ids, "stem")

    assert matches.own_ids == {}
    assert matches.unfound == {"a.tif", "b.tif", "b.png", "c.png", "e.png"}
    assert "cannot be matched by stem" in matches.reason_against("a.tif")
    assert 'it could mean the assets "a.jpg", "a.png"; write' in matches.reason_against("a.tif")
    for each in ("b.tif", "b.png"):
        assert 'the CSV\'s "b.tif", "b.png" could all mean the asset "b.jpg"' in matches.reason_against(each)
    assert 'the CSV\'s "c.jpg", "c.png" could all mean the asset "c.jpg"' in matches.reason_against("c.png")
    assert matches.reason_against("e.png") == unmatched("e.png")


MONDAY = {"batches": [{"_id": "b1", "name": "Monday"}, {"_id": "b2", "name": "Tuesday"}]}


def assets_in(**batches: list[str] | None) -> web.Response:
    """One page with assets of these stems and batches; of those with a number at their end the ID is without it."""
    page = [
        {"_id": name, "externalId": name.rstrip("0123456789") + ".jpg", "batches": batches[name]} for name in batches
    ]
    return success({"assets": page, "total": len(page)})


async def test_matching_by_a_part_in_batches() -> None:
    """An ID means the same asset whatever is chosen: what is in another batch may be meant, too."""
    page = assets_in(a=["b1"], b=["b2"], c1=["b1"], c2=["b2"], e=["b2"], E=["b1"])
    ids = dict.fromkeys(("A.jpg", "B.jpg", "C.jpg", "e.jpg", "z", "E.JPG"), 1)
    chosen = ChosenBatches.of(["Monday"], MONDAY)
    async with ScriptedHub(page) as hub, HubClient(hub.url, KEY) as client:
        matches = await match_ids_by(client, "p1", ids, "case", chosen)

    assert matches.own_ids == {"A.jpg": "a.jpg", "B.jpg": "b.jpg", "C.jpg": "c.jpg"}
    assert (matches.unfound, list(matches.ambiguous)) == ({"z", "E.JPG"}, ["E.JPG"])
    assert [each for each in ids if matches.is_outside(each)] == ["B.jpg", "e.jpg"]
    assert [each for each in ids if matches.reason_outside(each)] == ["B.jpg", "C.jpg", "e.jpg"]


async def test_matching_by_a_part_in_batches_that_are_not_told() -> None:
    """Is refused: any asset might be one that was not chosen."""
    chosen = ChosenBatches.of(["Monday"], MONDAY)
    async with ScriptedHub(assets_in(a=None)) as hub, HubClient(hub.url, KEY) as client:
        with pytest.raises(UploadRefused, match="does not tell which assets are in a batch"):
            await match_ids_by(client, "p1", {"A.jpg": 1}, "case", chosen)


async def test_sizes_of_assets_outside_are_not_missed() -> None:
    """Only the masks of rows that are imported are compared with any."""
    matches = Matches.sought(dict.fromkeys("abc", 1), ChosenBatches.of(["Monday"], MONDAY))
    matches.see_asset(HubAsset("a1", "a", batches=("b2",)))
    matches.see_asset(HubAsset("a2", "b", shape=(3, 4), batches=("b2",)))
    assert matches.notes("yes") == ()
    matches.see_asset(HubAsset("a3", "c", batches=("b1",)))
    assert "the sizes of 1 of 1 asset:" in matches.notes("yes")[0]


async def test_late_hints_list_once() -> None:
    """Whoever asks first has the project listed, the others wait; the number of assets is asked for where needed."""
    async with ScriptedHub(assets("a"), assets("a.png", "b")) as hub, HubClient(hub.url, KEY) as client:
        matches = Matches(late=LateListing(client, "p1", {"a.jpg": 1, "b": 2, "z": 3}, None))
        reasons = await asyncio.gather(*map(matches.late_reason_against, ("a.jpg", "z")))

    assert "but one has 'a.png', which differs in its extension" in reasons[0]
    assert '"match_ids_by": "stem"' in reasons[0]
    assert reasons[1] == unmatched("z")
    assert [seen.query["limit"] for seen in hub.requests] == ["1", "100"]


async def test_late_hints_do_without() -> None:
    """A project of many pages is not listed, and no answer is no hint."""
    async with ScriptedHub(failure("no", status=403)) as hub, HubClient(hub.url, KEY) as client:
        matches = Matches(late=LateListing(client, "p1", {"a": 1}, 2_001))
        assert await matches.late_reason_against("a") == unmatched("a")
    assert not hub.requests
    async with ScriptedHub(failure("no", status=403)) as hub, HubClient(hub.url, KEY) as client:
        matches = Matches(late=LateListing(client, "p1", {"a": 1}, 5))
        assert await matches.late_reason_against("a") == unmatched("a")
        assert await matches.late_reason_against("b") == unmatched("b")
    assert len(hub.requests) == 1


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
