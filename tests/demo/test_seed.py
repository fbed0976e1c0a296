"""The documentation's two examples, as the demo has them."""

from __future__ import annotations

import pytest

from prelabel.demo.seed import COLUMNS, seed_config, seed_schema
from prelabel.inputs.config_file import load_config
from prelabel.inputs.ontology import bind, parse_ontology


@pytest.mark.parametrize("has_masks", [False, True])
def test_configs_and_schemas_fit_each_other(has_masks: bool) -> None:
    """Each example's config can be tied to its schema and to the CSV's columns, and nothing in it is unsupported."""
    config = load_config(seed_config(with_masks=has_masks))
    ontology = parse_ontology(seed_schema(with_tools=has_masks))
    binding = bind(config, ontology, COLUMNS)
    assert [link.classification.kind for link in binding.columns] == ["text", "radio", "checkbox"]
    assert [found.tool.title for found in binding.mask_classes] == (["Car", "Person", "Other"] if has_masks else [])
    assert not any(tool.unsupported for tool in ontology.tools)
    assert not any(classification.unsupported for classification in ontology.classifications)


def test_a_tool_is_written_as_the_documentation_writes_it() -> None:
    """One tool and one classification, word for word from the documentation."""
    schema = seed_schema(with_tools=True)
    assert schema["tools"][0] == {
        "title": "Car",
        "tool": "segmentation",
        "required": False,
        "schemaId": "f104b6b9cdb84966812b002",
        "classifications": [],
        "multiple": False,
        "color": "#f44336",
        "shortcutKey": "4",
    }
    assert schema["classifications"][0] == {
        "title": "Color",
        "tool": "text",
        "required": False,
        "schemaId": "8c481a58f4c68e5db0a5016",
        "frameSpecific": False,
        "richText": False,
        "regex": "",
        "classifications": [],
        "multiple": False,
        "options": [],
        "shortcutKey": "1",
    }
