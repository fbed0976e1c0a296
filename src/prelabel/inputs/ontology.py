"""Stage 3, first half, the ontology: a project's category schema read, and the config tied to it.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

The reader is tolerant: unknown keys are ignored and optional ones may be missing. The binding is not: what could be
meant in two ways is an error, before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from prelabel.errors import ConfigError
from prelabel.inputs.color_mapping import as_json
from prelabel.model import (
    CLASSIFICATION_KINDS,
    TOOL_KINDS,
    Binding,
    Classification,
    ColumnLink,
    MaskClass,
    Ontology,
    Option,
    Rgb,
    Tool,
)
from prelabel.spelling import canonical_twin, clauses, did_you_mean, first_few, listed, quoted, short, those_with_room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prelabel.inputs.config import ImportConfig

_SHOWN = 5
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?")


def parse_ontology(category_schema: Mapping[str, Any]) -> Ontology:
    """Read a category schema.

    Args:
        category_schema: the ``categorySchema`` of a project, or a project or an API answer that holds one.

    Raises:
        ConfigError: it is no category schema; the place in it and the remedy are in the message.
    """
    schema: Any = category_schema
    for wrapping in ("data", "project", "categorySchema"):
        if isinstance(schema, Mapping) and isinstance(schema.get(wrapping), Mapping):
            schema = schema[wrapping]
    if not isinstance(schema, Mapping) or not {"tools", "classifications"} & schema.keys():
        raise ConfigError(
            'this is no category schema: it has neither "tools" nor "classifications"; save the categorySchema that '
            "the project's settings show, or the project as the API returns it",
            field="categorySchema",
        )
    return Ontology(
        tools=tuple(_tool(entry, place) for place, entry in _entries(schema, "tools", "")),
        classifications=tuple(
            _classification(entry, place) for place, entry in _entries(schema, "classifications", "")
        ),
    )


def bind(config: ImportConfig, ontology: Ontology, header: Sequence[str] | None = None, delimiter: str = "") -> Binding:
    """Tie a config to a project: columns to classifications by position, mask values to tools.

    A classification that cannot be imported (nested, frame-specific, ...) is no error here: the rows that have a
    value for it fail one by one, see :class:`prelabel.inputs.answers.AnswerReader`. An ignored column that the CSV
    lacks is left out.

    Args:
        config: the checked config.
        ontology: the project's tools and classifications.
        header: the CSV's column names; None skips what needs them.
        delimiter: what was taken to stand between them, for what is said where they are not right.

    Raises:
        ConfigError: a schema ID or class the project does not have, or has twice; a colour of two tools; a column
            the CSV does not have.
    """
    _check_ignored(config, ontology)
    links = [
        ColumnLink(column, _find_classification(schema_id, ontology), ignored=schema_id in config.ignored_schema_ids)
        for column, schema_id in zip(config.classification_columns, config.classification_schema_ids, strict=True)
    ]
    if header is not None:
        _check_header(config, links, header, delimiter)
        links = [link for link in links if link.column in header]
    if not config.mask_column:
        return Binding(columns=tuple(links))
    mapping = config.mask_color_mapping
    if mapping == "project_colors":
        return Binding(tuple(links), "rgb", _project_classes(config, ontology))
    is_grey = all(len(color) == 1 for color in mapping.values())
    classes = _mapped_classes(mapping, config, ontology)
    if is_grey:
        return Binding(tuple(links), "value", classes)
    return Binding(tuple(links), "rgb", classes, _left_out(classes, ontology))


def with_columns_of(header: Sequence[str], config: ImportConfig) -> ImportConfig:
    """The config with its columns spelled as the CSV spells them, where the two are canonically equal.

    A column that the CSV lacks stays as it is, for :func:`bind` to refuse.
    """

    def own(column: str) -> str:
        return canonical_twin(column, header) or column

    columns = {
        "external_id_column": own(config.external_id_column),
        "classification_columns": tuple(map(own, config.classification_columns)),
        "mask_column": own(config.mask_column),
    }
    return config.replaced(**columns)


def _entries(parent: Mapping[str, Any], key: str, place: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of a list with their places. A missing or null list is empty."""
    entries = parent.get(key)
    where = f"{place}.{key}" if place else key
    if entries is None:
        return
    if not isinstance(entries, list | tuple):
        raise _misshapen(where, entries, "a list")
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise _misshapen(f"{where}[{index}]", entry, "an object")
        yield f"{where}[{index}]", entry


def _text(entry: Mapping[str, Any], key: str, place: str, *, needed: bool = False) -> str:
    value = entry.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value):
        raise _misshapen(f"{place}.{key}", value, "text that is not empty" if needed else "text")
    return value


def _misshapen(place: str, value: Any, expected: str) -> ConfigError:
    return ConfigError(
        f"the category schema's {place} is {as_json(value)}: it must be {expected}; save the schema "
        "again from the project",
        field=place,
        value=value,
    )


def _tool(entry: Mapping[str, Any], place: str) -> Tool:
    kind = _text(entry, "tool", place)
    return Tool(
        title=_text(entry, "title", place),
        schema_id=_text(entry, "schemaId", place, needed=True),
        kind=kind,
        color=_color(entry, place),
        unsupported=_unsupported(entry, place, kind, TOOL_KINDS),
    )


def _classification(entry: Mapping[str, Any], place: str) -> Classification:
    kind = _text(entry, "tool", place)
    unsupported = _unsupported(entry, place, kind, CLASSIFICATION_KINDS)
    if not unsupported and entry.get("multiple"):
        unsupported = (
            "prelabel imports one answer per classification, and this one may be answered several times (multiple)"
        )
    return Classification(
        title=_text(entry, "title", place),
        schema_id=_text(entry, "schemaId", place, needed=True),
        kind=kind,
        options=tuple(
            Option(value, schema_id=_text(option, "schemaId", inner))
            for inner, option in _entries(entry, "options", place)
            if (value := _text(option, "value", inner))
        ),
        regex=_text(entry, "regex", place),
        unsupported=unsupported,
    )


def _unsupported(entry: Mapping[str, Any], place: str, kind: str, kinds: tuple[str, ...]) -> str:
    """Say why a tool or classification cannot be imported, or return an empty string."""
    if kind not in kinds:
        return f"prelabel imports {', '.join(kinds)}, and this is {short(kind, 80) or 'of no kind'}"
    if entry.get("frameSpecific"):
        return "prelabel imports labels of whole assets, and this one is frame-specific"
    if any(True for _ in _entries(entry, "classifications", place)):
        return "prelabel imports no nested classifications, and this one has some"
    return ""


def _color(entry: Mapping[str, Any], place: str) -> Rgb | None:
    """Decode ``#rrggbb``. None when the tool has no colour."""
    text = _text(entry, "color", place).strip()
    if not text:
        return None
    match = _HEX_COLOR.fullmatch(text)
    if match is None:
        raise _misshapen(f"{place}.color", text, 'a colour such as "#f44336"')
    red, green, blue = bytes.fromhex(match[1])
    return red, green, blue


def _check_ignored(config: ImportConfig, ontology: Ontology) -> None:
    known = {tool.schema_id: tool.title for tool in ontology.tools}
    known |= {entry.schema_id: entry.title for entry in ontology.classifications}
    for schema_id in config.ignored_schema_ids:
        if schema_id not in known:
            raise ConfigError(
                f'"ignored_schema_ids" has {quoted(schema_id)}, which the project does not have: '
                + clauses(did_you_mean(schema_id, known).strip() or "take it out", f"the project has {_titled(known)}"),
                field="ignored_schema_ids",
                value=schema_id,
                allowed=tuple(known),
            )


def _find_classification(schema_id: str, ontology: Ontology) -> Classification:
    matching = [entry for entry in ontology.classifications if entry.schema_id == schema_id]
    if len(matching) == 1:
        return matching[0]
    if matching:
        problem = f"which {len(matching)} classifications of the project share: give each its own in the project"
    else:
        known = {entry.schema_id: entry.title for entry in ontology.classifications}
        hint = did_you_mean(schema_id, known).strip()
        problem = f"which is no classification of the project: {clauses(hint, f'it has {_titled(known)}')}"
    raise ConfigError(
        f'"classification_schema_ids" has {quoted(schema_id)}, {problem}',
        field="classification_schema_ids",
        value=schema_id,
        allowed=tuple(entry.schema_id for entry in ontology.classifications),
    )


def _check_header(config: ImportConfig, links: Sequence[ColumnLink], header: Sequence[str], delimiter: str) -> None:
    wanted = [("external_id_column", config.external_id_column)]
    wanted += [("classification_columns", link.column) for link in links if not link.ignored]
    wanted += [("mask_column", config.mask_column)] if config.mask_column else []
    missing = [(key, column) for key, column in wanted if column not in header]
    if missing:
        shown = [f'"{key}" names {quoted(column)}{_hint(column, header)}' for key, column in missing[:_SHOWN]]
        problem = f"the CSV has no such column: {first_few(shown, len(missing), '; ')}"
        if cause := _run_together({column for _, column in missing}, header, delimiter):
            problem = f"the CSV has no column {quoted(missing[0][1])}: {cause}"
        raise ConfigError(
            clauses(problem, f"the CSV's columns are {listed(header)}"),
            field=missing[0][0],
            value=missing[0][1],
            allowed=tuple(header),
        )


def _run_together(missing: AbstractSet[str], header: Sequence[str], delimiter: str) -> str:
    """Say why the missing names stand within other ones, with the remedy; empty where they do not."""
    for mark in ",;\t|:\uff1b\uff0c\uff5c":
        parts = {part.strip(" \"'") for name in header if mark in name for part in name.split(mark)}
        if len(missing & parts) * 2 <= len(missing):
            continue
        if mark == delimiter:
            return "quotes stand around its whole header: take them off, there and around rows"
        if not mark.isascii():
            return f"{quoted(mark)} stands between its names, which cannot separate cells: write a comma instead"
        return f"{quoted(mark)} seems to separate its cells: name it with --delimiter"
    return ""


def _project_classes(config: ImportConfig, ontology: Ontology) -> tuple[MaskClass, ...]:
    """Give each tool its own colour. An ignored tool yields to another of the same colour."""
    by_color: dict[int, MaskClass] = {}
    for tool in ontology.tools:
        ignored = tool.schema_id in config.ignored_schema_ids
        if tool.color is None or (tool.unsupported and not ignored):
            continue
        mask_class = MaskClass(tool, _packed(tool.color), ignored)
        other = by_color.get(mask_class.value)
        if other is None or (other.ignored and not ignored):
            by_color[mask_class.value] = mask_class
        elif not ignored:
            both = f"{quoted(other.tool.title)} and {quoted(tool.title)}"
            raise ConfigError(
                f"{both} both have the colour #{mask_class.value:06x}: change one in "
                'the project, or write which is which in "mask_color_mapping", or put one into "ignored_schema_ids"',
                field="mask_color_mapping",
                value=config.mask_color_mapping,
            )
    if not by_color:
        unusable = [f"{quoted(tool.title, 80)}: {tool.unsupported or 'it has no colour'}" for tool in ontology.tools]
        listed = f" ({first_few(unusable[:_SHOWN], len(unusable), '; ')})" if unusable else ""
        raise ConfigError(
            f"the project has no segmentation or polygon tool with a colour that can be imported{listed}, so "
            '"project_colors" finds no class: add one, or name the classes in "mask_color_mapping", or empty '
            '"mask_column"',
            field="mask_color_mapping",
            value=config.mask_color_mapping,
        )
    return tuple(by_color.values())


def _mapped_classes(
    mapping: Mapping[str, Sequence[int]], config: ImportConfig, ontology: Ontology
) -> tuple[MaskClass, ...]:
    _check_names(mapping, ontology)
    classes = []
    for name, color in mapping.items():
        tool = _find_tool(name, config, ontology)
        ignored = tool.schema_id in config.ignored_schema_ids
        classes.append(MaskClass(tool, _packed(color) if len(color) == 3 else color[0], ignored))
    return tuple(classes)


def _left_out(classes: Sequence[MaskClass], ontology: Ontology) -> tuple[MaskClass, ...]:
    """The tools that are no class and could be one, each with its own colour, where that is no class's."""
    mapped = {entry.tool.schema_id for entry in classes}
    taken = {entry.value for entry in classes}
    others = [tool for tool in ontology.tools if not tool.unsupported and tool.schema_id not in mapped]
    own = (MaskClass(tool, _packed(tool.color)) for tool in others if tool.color)
    return tuple(entry for entry in own if entry.value not in taken)


def _check_names(names: Iterable[str], ontology: Ontology) -> None:
    """Refuse classes that are no tools of the project, all of them at once."""
    unknown = [name for name in names if not _tools_named(name, ontology)]
    if not unknown:
        return
    titles = _usable_titles(ontology)
    tools = f"its segmentation and polygon tools are {listed(titles)}"
    if len(unknown) == 1:
        hint = did_you_mean(unknown[0], titles).strip()
        problem = f"{quoted(unknown[0])}, which is no tool of the project: {clauses(hint, tools)}"
    else:
        shown = [f"{quoted(name, 80)}{_hint(name, titles)}" for name in unknown[:_SHOWN]]
        problem = f"what is no tool of the project: {clauses(first_few(shown, len(unknown), '; '), tools)}"
    raise ConfigError(
        f'"mask_color_mapping" names {problem}',
        field=f"mask_color_mapping.{unknown[0]}",
        value=unknown[0],
        allowed=titles,
    )


def _tools_named(name: str, ontology: Ontology) -> list[Tool]:
    """The tools a class name means: by title, else by schema ID, else by a title that is canonically equal."""
    twin = canonical_twin(name, {tool.title for tool in ontology.tools})
    return (
        [tool for tool in ontology.tools if tool.title == name]
        or [tool for tool in ontology.tools if tool.schema_id == name]
        or [tool for tool in ontology.tools if tool.title == twin]
    )


def _usable_titles(ontology: Ontology) -> tuple[str, ...]:
    return tuple(tool.title for tool in ontology.tools if not tool.unsupported)


def _find_tool(name: str, config: ImportConfig, ontology: Ontology) -> Tool:
    """Find the one tool that a class name means; the project has some of that name.

    Of several those that cannot be imported are passed over, then those that are ignored.
    """
    named = _tools_named(name, ontology)
    usable = [tool for tool in named if not tool.unsupported or tool.schema_id in config.ignored_schema_ids]
    wanted = [tool for tool in usable if tool.schema_id not in config.ignored_schema_ids] or usable[:1]
    if len(wanted) == 1:
        return wanted[0]
    if wanted:
        ids = first_few([short(tool.schema_id, 80) for tool in wanted[:_SHOWN]], len(wanted))
        problem = f"which {len(wanted)} tools are called: write the schema ID of the one you mean, of {ids}"
    else:
        ignoring = f'put {short(named[0].schema_id, 80)} into "ignored_schema_ids"'
        problem = f"which cannot be imported: {named[0].unsupported}; take it out, or {ignoring}"
    raise ConfigError(
        f'"mask_color_mapping" names {quoted(name)}, {problem}',
        field=f"mask_color_mapping.{name}",
        value=name,
        allowed=_usable_titles(ontology),
    )


def _packed(color: Sequence[int]) -> int:
    red, green, blue = color
    return red << 16 | green << 8 | blue


def _titled(titles: Mapping[str, str]) -> str:
    """Schema IDs with their titles, the first few of many."""
    shown = (f"{short(schema_id, 80)} ({quoted(title, 80)})" for schema_id, title in titles.items())
    return those_with_room(shown, len(titles)) or "none"


def _hint(word: str, known: Sequence[str]) -> str:
    hint = did_you_mean(word, known)
    return hint and ":" + hint
