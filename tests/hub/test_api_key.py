"""The API key as a value."""

from __future__ import annotations

import pickle

from prelabel.hub.api_key import ApiKey


def test_a_key_keeps_its_source_across_processes() -> None:
    """It is text like any other, and knows where it came from."""
    again = pickle.loads(pickle.dumps(ApiKey("k", "the one in the file k.txt")))
    assert again == "k"
    assert again.source == "the one in the file k.txt"
