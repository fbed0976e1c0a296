"""File routes over HTTP: uploads and signed URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localhub.hubclient import Api


@pytest.mark.parametrize("name", ["a.png", "../../x y.html", "ä/ö.png"])
async def test_an_upload_is_put_and_got_without_the_key(api: Api, name: str) -> None:
    """PUT with the token, GET of the same path without; what was sent never runs as a page of ours."""
    query = {"name": name, "project": await api.project(), "type": "assets"}
    status, body, _ = await api.call("GET", "/v2/getUploadUrl", query=query)
    assert status == 201
    url = body["data"]["uploadUrl"]
    async with api.session.put(url, data=b"<script>x</script>") as answer:
        assert answer.status == 200
    status, content, headers = await api.get(url.split("?")[0])
    assert (status, content) == (200, b"<script>x</script>")
    assert "sandbox" in headers["Content-Security-Policy"]
    signed = (await api.ok("GET", "/v2/getSignedUrl", query={"name": url.split("?")[0]}))["signedUrl"]
    assert (await api.get(signed))[:2] == (200, b"<script>x</script>")


async def test_an_upload_needs_its_token(api: Api) -> None:
    """403 without it, or with one for another name; nothing is stored."""
    query = {"name": "a.png", "project": await api.project()}
    url = (await api.ok("GET", "/v2/getUploadUrl", query=query))["uploadUrl"]
    for wrong in (
        url.split("?")[0],
        url.replace("a.png", "b.png"),
        url + "0",
        url.split("?")[0] + "?token=%ff&expires=1",
    ):
        async with api.session.put(wrong, data=b"x") as answer:
            assert (answer.status, (await answer.json())["status"]) == (403, "fail")
        assert (await api.get(wrong.split("?")[0]))[0] == 404


async def test_upload_urls_are_checked(api: Api) -> None:
    """A name, a known kind and a project are needed."""
    project_id = await api.project()
    assert "name is needed" in await api.refused("GET", "/v2/getUploadUrl", query={"project": project_id})
    query = {"name": "a", "project": project_id, "type": "../x"}
    assert "type must be one of assets" in await api.refused("GET", "/v2/getUploadUrl", query=query)
    assert "Invalid project" in await api.refused("GET", "/v2/getUploadUrl", query={"name": "a", "project": ".."})


async def test_a_signed_url_of_an_absent_object_is_404(api: Api) -> None:
    """As with the clouds, signing succeeds and reading does not; dots lead nowhere."""
    for key in ("none.png", "%2e%2e/%2e%2e/hub.sqlite3"):
        name = f"https://masks.s3.amazonaws.com/{key}"
        url = (await api.ok("GET", "/v2/getSignedUrl", query={"name": name}))["signedUrl"]
        assert (await api.get(url))[0] in {403, 404}


@pytest.mark.parametrize("name", ["", "https://example.com/a.png", "a.png", "file:///etc/passwd"])
async def test_what_cannot_be_signed_is_refused(api: Api, name: str) -> None:
    """URLs of other hosts, and keys without a bucket."""
    assert "cannot sign" in await api.refused("GET", "/v2/getSignedUrl", query={"name": name})
