"""The options' description and the function that takes them must not drift apart."""

from __future__ import annotations

import inspect

import pytest

from prelabel.importer.import_labels import import_labels, import_labels_async
from prelabel.importer.options import ImportOptions, MaskOptions
from prelabel.masks.sources.access import MaskSettings


def test_options_are_the_functions_keywords() -> None:
    """Same names; what has no default is required; each is described."""
    parameters = inspect.signature(import_labels_async).parameters.values()
    keywords = {each.name: each.default is each.empty for each in parameters if each.kind is each.KEYWORD_ONLY}

    assert keywords.keys() == ImportOptions.__annotations__.keys() - MaskOptions.__annotations__.keys()
    assert {name for name, is_needed in keywords.items() if is_needed} == {"project"}
    described = inspect.getdoc(ImportOptions) or ""
    assert [name for name in keywords if f"{name}: " not in described] == []


def test_mask_options_are_the_settings_keywords() -> None:
    """The same for where masks come from: names, descriptions, and no other keyword gets through."""
    parameters = inspect.signature(MaskSettings.of).parameters.values()
    keywords = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]

    assert set(keywords) == MaskOptions.__annotations__.keys()
    described = inspect.getdoc(MaskOptions) or ""
    assert [name for name in keywords if f"{name}: " not in described] == []
    with pytest.raises(TypeError, match="'dryrun'"):
        import_labels("rows.csv", {"external_id_column": "id"}, project="p", dryrun=True)  # type: ignore[call-arg]
