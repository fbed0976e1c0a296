"""Write the tables of docs/config.md from the config's own model: keys, defaults, what may be written, meanings.

    python scripts/config_table.py

What stands between the page's marks is replaced; a test compares the page with what would be written.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prelabel.inputs.config import ImportConfig
from prelabel.inputs.config_schema import config_json_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path(__file__).resolve().parents[1] / "docs" / "config.md"
N_PLUGIN_KEYS = 11
"""The model's first keys are the plugin's, the others ours."""
MARKED = re.compile(r"(<!-- table: (plugin|own) -->\n).*?(<!-- end -->)", re.DOTALL)
WORDS = re.compile(r"`\"?(\w+)\"?`")
LINKS = {
    "mask_column": "[What its cells may hold](masks.md#where-masks-may-be).",
    "storage_id": "[Where masks may be](masks.md#where-masks-may-be).",
    "polygon_simplification_tolerance": "[Simplification](geometry.md#simplification).",
    "coordinates": "[Which one when](geometry.md#which-one-when).",
    "connectivity": "[Regions](geometry.md#regions-connectivity-and-corners).",
    "simplification": "[Neighbours](geometry.md#neighbours).",
    "polygon_holes": "[Holes](geometry.md#holes).",
    "color_tolerance": "[Near colours](masks.md#near-colours).",
    "resize": "[Size](masks.md#size).",
}


def main() -> None:
    """Rewrite the page."""
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), encoding="utf-8", newline="\n")


def with_tables(page: str) -> str:
    """The page with its tables as they should be."""
    keys = list(ImportConfig.__struct_fields__)
    tables = {"plugin": table(keys[:N_PLUGIN_KEYS]), "own": table(keys[N_PLUGIN_KEYS:])}
    return MARKED.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def table(keys: list[str]) -> str:
    """One row a key, in the model's order."""
    schema = config_json_schema()
    rows = ["| key | default | may be | meaning |", "| --- | --- | --- | --- |"]
    for key in keys:
        entry = schema["properties"][key]
        default = "(needed)" if key in schema["required"] else f"`{json.dumps(entry['default'])}`"
        meaning = " ".join(filter(None, [marked(entry, schema["properties"]), LINKS.get(key)]))
        rows.append(f"| `{key}` | {default} | {allowed(entry)} | {meaning} |")
    return "\n".join([*rows, ""])


def marked(entry: Mapping[str, Any], keys: Iterable[str]) -> str:
    """A key's description with other keys' names, and its own words where they are explained, as code."""
    words = [*map(re.escape, keys), *(f"{word}(?=:)" for word in WORDS.findall(allowed(entry)))]
    return re.sub(rf"(?<![\w`])({'|'.join(words)})(?!\w)", r"`\1`", entry["description"])


def allowed(entry: Mapping[str, Any]) -> str:
    """What may be written for a key, in words, from its part of the JSON Schema."""
    if "anyOf" in entry:
        return ", or ".join(allowed(choice) for choice in entry["anyOf"])
    if "enum" in entry:
        return ", ".join(f"`{json.dumps(word)}`" for word in entry["enum"])
    if "const" in entry:
        return f"`{json.dumps(entry['const'])}`"
    kind = {
        "string": "text" if entry.get("minLength", 0) == 0 else "text, not empty",
        "boolean": "`true`, `false`",
        "integer": "a whole number",
        "number": "a number",
        "array": "a list of texts" if entry.get("items", {}).get("type") == "string" else "a list of values",
        "object": "an object",
        "null": "`null`",
    }[entry["type"]]
    return f"{kind}, {entry['minimum']} or more" if "minimum" in entry else kind


if __name__ == "__main__":
    main()
