"""What a plugin is sent when a session starts, under the Hub's names for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prelabel.localhub.envelope import Refusal, optional_text, text_list
from prelabel.localhub.store.projects import OWNER

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILES: dict[str, tuple[str, tuple[type, ...]]] = {
    "inputFile": ("a text", (str,)),
    "fileList": ("a list", (list,)),
    "fileExplorerOptions": ("a list or an object", (list, dict)),
}


def event_of(body: Mapping[str, Any], project: Mapping[str, Any], api_key: str) -> dict[str, Any]:
    """The ``data`` of a session, but for its id.

    Args:
        body: what the caller asked for: ``configJSON`` and ``inputFile`` (base64) as texts, ``batches`` as a list of
            texts, ``fileList`` and ``fileExplorerOptions`` as they come. Files that were not given are not sent.
        project: the project it runs on.
        api_key: the key the plugin is to use.

    Raises:
        Refusal: something in the body is of the wrong kind.
    """
    files = {}
    for name, (wanted, kinds) in _FILES.items():
        value = body.get(name)
        if value is not None and not isinstance(value, kinds):
            raise Refusal(f"{name} must be {wanted}")
        if value is not None:
            files[name] = value
    return {
        "projectId": project["_id"],
        "configJSON": optional_text(body, "configJSON", "the session"),
        "apiKey": api_key,
        "orgId": project["organization"],
        "runBy": OWNER,
        "batches": text_list(body.get("batches"), "batches"),
        "categorySchema": None,
        **files,
    }
