"""The category schema and its tie to a config: tolerant reading, strict binding."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import ConfigError, RowError
from prelabel.inputs.answers import row_answers
from prelabel.inputs.config_file import load_config
from prelabel.inputs.ontology import bind, parse_ontology, with_columns_of
from prelabel.model import Binding, Classification, ColumnLink, MaskClass, Ontology, Option, Tool

COLOR = "8c481a58f4c68e5db0a5016"
TYPE = "12a20f8061c044bcff26688"
QUESTION = "1976d3fc0fa1429e23f7171"
CAR = "f104b6b9cdb84966812b002"
PERSON = "c6faa323be0cbb84634f566"
OTHER = "b34867a913e35379d100997"

SEED_SCHEMA: dict[str, Any] = json.loads("""
{"tools": [
  {"title": "Car", "tool": "segmentation", "required": false, "schemaId": "f104b6b9cdb84966812b002",
   "classifications": [], "multiple": false, "color": "#f44336", "shortcutKey": "4"},
  {"title": "Person", "tool": "segmentation", "required": false, "schemaId": "c6faa323be0cbb84634f566",
   "classifications": [], "multiple": false, "color": "#03a9f4", "shortcutKey": "5"},
  {"title": "Other", "tool": "segmentation", "required": false, "schemaId": "b34867a913e35379d100997",
   "classifications": [], "multiple": false, "color": "#9c27b0", "shortcutKey": "6"}],
 "classifications": [
  {"title": "Color", "tool": "text", "required": false, "schemaId": "8c481a58f4c68e5db0a5016", "frameSpecific": false,
   "richText": false, "regex": "", "classifications": [], "multiple": false, "options": [], "shortcutKey": "1"},
  {"title": "Type", "tool": "radio", "required": false, "schemaId": "12a20f8061c044bcff26688", "frameSpecific": false,
   "classifications": [], "multiple": false, "options": [
     {"value": "A", "schemaId": "0ab9ff484461bb8d5952369"}, {"value": "B", "schemaId": "23b5e8770c797a9ad036777"},
     {"value": "C", "schemaId": "64989cbf9f9ddd38b882118"}], "shortcutKey": "2"},
  {"title": "Question", "tool": "checkbox", "required": false, "schemaId": "1976d3fc0fa1429e23f7171",
   "frameSpecific": false, "classifications": [], "multiple": false, "options": [
     {"value": "Option1", "schemaId": "1c00ef1ec8bca05c3550770"},
     {"value": "Option2", "schemaId": "b90770265328965f1f7c070"}], "shortcutKey": "3"}],
 "relations": []}
""")
SEED_CONFIG: dict[str, Any] = {
    "external_id_column": "External ID",
    "classification_columns": ["Color", "Category", "Image Type"],
    "classification_schema_ids": [COLOR, TYPE, QUESTION],
    "mask_column": "Mask",
}
HEADER = ("External ID", "Color", "Category", "Image Type", "Mask")


def bound(
    schema: dict[str, Any] | None = None,
    header: tuple[str, ...] | None = HEADER,
    delimiter: str = "",
    **keys: Any,
) -> Binding:
    """Bind the seed page's config, with some keys changed, to a schema."""
    return bind(load_config(SEED_CONFIG | keys), parse_ontology(schema or SEED_SCHEMA), header, delimiter)


def refusal(schema: dict[str, Any] | None = None, header: tuple[str, ...] | None = HEADER, **keys: Any) -> ConfigError:
    """Bind as :func:`bound` and return the error."""
    with pytest.raises(ConfigError) as caught:
        bound(schema, header, **keys)
    return caught.value


def tool(title: str, schema_id: str, kind: str = "segmentation", **keys: Any) -> dict[str, Any]:
    """Write a tool as a project does."""
    return {"title": title, "tool": kind, "schemaId": schema_id, **keys}


def with_tools(*tools: dict[str, Any]) -> dict[str, Any]:
    """Write the seed page's schema with other tools."""
    return {**SEED_SCHEMA, "tools": list(tools)}


def test_seed_schema_is_read_whole() -> None:
    """Titles, IDs, kinds, RGB colours and options of the plugin page's schema, in its order."""
    ontology = parse_ontology(SEED_SCHEMA)
    assert ontology.tools == (
        Tool("Car", CAR, "segmentation", (244, 67, 54)),
        Tool("Person", PERSON, "segmentation", (3, 169, 244)),
        Tool("Other", OTHER, "segmentation", (156, 39, 176)),
    )
    color, kind, question = ontology.classifications
    assert color == Classification("Color", COLOR, "text")
    assert kind.options[1] == Option("B", "23b5e8770c797a9ad036777")
    assert question.kind == "checkbox"
    assert [option.value for option in question.options] == ["Option1", "Option2"]


def test_wrapped_schema_is_found() -> None:
    """A project and an API answer hold the schema; both are read like the schema itself."""
    ontology = parse_ontology(SEED_SCHEMA)
    project = {"_id": "1", "name": "P", "categorySchema": SEED_SCHEMA, "tools": "not these"}
    assert parse_ontology(project) == ontology
    assert parse_ontology({"status": "success", "data": {"project": project}}) == ontology


def test_unknown_keys_and_missing_optional_ones() -> None:
    """Only IDs must be there; null is as good as nothing, and options without a value are no options."""
    schema = {
        "tools": [{"schemaId": "t", "tool": "polygon", "color": None, "brandNew": {"a": 1}, "classifications": None}],
        "classifications": [{"schemaId": "c", "tool": "radio", "options": [{"value": ""}, {"value": "A"}]}],
    }
    assert parse_ontology(schema) == Ontology(
        (Tool("", "t", "polygon", None),), (Classification("", "c", "radio", (Option("A", ""),)),)
    )
    assert parse_ontology({"tools": None, "classifications": None}) == Ontology()


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"tool": "brush"}, "imports segmentation, polygon, and this is brush"),
        ({"tool": "bounding-box"}, "this is bounding-box"),
        ({"tool": None}, "this is of no kind"),
        ({"frameSpecific": True}, "this one is frame-specific"),
        ({"classifications": [{"title": "Inner"}]}, "imports no nested classifications"),
    ],
)
def test_unsupported_tools_say_why(keys: dict[str, Any], part: str) -> None:
    """A tool that cannot be imported is read, with the reason."""
    (read,) = parse_ontology({"tools": [{**tool("T", "1"), **keys}]}).tools
    assert part in read.unsupported


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"tool": "tree-dropdown"}, "multi-dropdown, text, and this is tree-dropdown"),
        ({"tool": "instance"}, "this is instance"),
        ({"multiple": True}, "answered several times (multiple)"),
        ({"frameSpecific": True}, "this one is frame-specific"),
        ({"classifications": [{"title": "Inner"}]}, "imports no nested classifications"),
    ],
)
def test_unsupported_classifications_say_why(keys: dict[str, Any], part: str) -> None:
    """A classification that cannot be imported is read and bound; its rows fail later, one by one."""
    schema = {"classifications": [{"schemaId": "c", "title": "C", "tool": "radio", **keys}]}
    (read,) = parse_ontology(schema).classifications
    assert part in read.unsupported
    binding = bound(schema, None, classification_columns=["C"], classification_schema_ids=["c"], mask_column="")
    assert binding.columns[0].classification.unsupported == read.unsupported


def test_multiple_is_no_matter_for_tools() -> None:
    """Only classifications can be answered several times; a tool always draws many objects."""
    (read,) = parse_ontology({"tools": [tool("T", "1", multiple=True)]}).tools
    assert read.unsupported == ""


@pytest.mark.parametrize(
    ("schema", "field", "part"),
    [
        ({}, "categorySchema", 'neither "tools" nor "classifications"'),
        ([], "categorySchema", "this is no category schema"),
        ({"categorySchema": None}, "categorySchema", "this is no category schema"),
        ({"tools": {}}, "tools", "tools is {}: it must be a list"),
        ({"tools": ["Car"]}, "tools[0]", 'tools[0] is "Car": it must be an object'),
        ({"tools": [{"tool": "polygon"}]}, "tools[0].schemaId", "must be text that is not empty"),
        ({"tools": [tool("T", "")]}, "tools[0].schemaId", "must be text that is not empty"),
        ({"tools": [{**tool("T", "1"), "title": 5}]}, "tools[0].title", "is 5: it must be text"),
        (
            {"tools": [tool("T", "1", color="red")]},
            "tools[0].color",
            'is "red": it must be a colour such as "#f44336"',
        ),
        ({"tools": [tool("T", "1", color="#12345")]}, "tools[0].color", "it must be a colour"),
        ({"classifications": [tool("C", "1", "radio", options=["A"])]}, "classifications[0].options[0]", "an object"),
        (
            {"classifications": [tool("C", "1", "radio", options=[{"value": 1}])]},
            "classifications[0].options[0].value",
            "is 1: it must be text",
        ),
    ],
)
def test_misshapen_schema_names_the_place(schema: Any, field: str, part: str) -> None:
    """What is no category schema is told with the place in it."""
    with pytest.raises(ConfigError) as caught:
        parse_ontology(schema)
    assert caught.value.field == field
    assert part in str(caught.value)


@given(
    rgb=st.tuples(*[st.integers(0, 255)] * 3),
    spelling=st.sampled_from(["#%02x%02x%02x", "%02X%02X%02X", "#%02x%02X%02xff"]),
)
def test_hex_colors_are_rgb(rgb: tuple[int, int, int], spelling: str) -> None:
    """Colours decode in the order red, green, blue, in either case; alpha is left off."""
    (read,) = parse_ontology({"tools": [tool("T", "1", color=spelling % rgb)]}).tools
    assert read.color == rgb
    binding = bound(with_tools(tool("T", "1", color=spelling % rgb)))
    assert binding.mask_classes[0].value == rgb[0] * 65536 + rgb[1] * 256 + rgb[2]


def test_columns_are_linked_by_position() -> None:
    """The seed page's columns are not called like its classifications: place in the list decides."""
    binding = bound()
    assert [(link.column, link.classification.title) for link in binding.columns] == [
        ("Color", "Color"),
        ("Category", "Type"),
        ("Image Type", "Question"),
    ]
    assert not any(link.ignored for link in binding.columns)


def test_project_colors() -> None:
    """Every tool's colour is a class, as packed RGB; without a mask column there are none."""
    binding = bound()
    assert binding.mask_kind == "rgb"
    assert [(entry.tool.title, entry.value) for entry in binding.mask_classes] == [
        ("Car", 0xF44336), ("Person", 0x03A9F4), ("Other", 0x9C27B0),
    ]  # fmt: skip
    assert bound(mask_column="") == Binding(columns=binding.columns)
    assert bound(with_tools(), mask_column="").mask_kind is None


def test_custom_mappings() -> None:
    """Titles of tools with colours, or with grey values, which may be as large as 32 bits."""
    colors = bound(mask_color_mapping={"Person": [3, 169, 244], "Car": [0, 0, 1]})
    assert colors.mask_kind == "rgb"
    assert [(entry.tool.schema_id, entry.value) for entry in colors.mask_classes] == [(PERSON, 0x03A9F4), (CAR, 1)]
    grey = bound(mask_color_mapping={"Car": [0], "Person": [2**32 - 2]})
    assert grey.mask_kind == "value"
    assert [(entry.tool.title, entry.value) for entry in grey.mask_classes] == [("Car", 0), ("Person", 2**32 - 2)]


def test_unknown_schema_id_lists_what_there_is() -> None:
    """A wrong schema ID is told with the IDs and titles of the project."""
    error = refusal(classification_schema_ids=[COLOR, TYPE[:-1] + "9", QUESTION])
    assert error.field == "classification_schema_ids"
    assert error.value == TYPE[:-1] + "9"
    assert error.allowed == (COLOR, TYPE, QUESTION)
    assert f'did you mean "{TYPE}"? it has {COLOR} ("Color"), {TYPE} ("Type"), {QUESTION} ("Question")' in str(error)
    assert "no classification of the project" in str(refusal(classification_schema_ids=[COLOR, CAR, QUESTION]))


def test_shared_schema_id_is_ambiguous() -> None:
    """Two classifications with one ID: which is meant is not for us to guess."""
    schema = {**SEED_SCHEMA, "classifications": [*SEED_SCHEMA["classifications"], SEED_SCHEMA["classifications"][1]]}
    assert f'"{TYPE}", which 2 classifications of the project share' in str(refusal(schema))


def test_unknown_class_name() -> None:
    """A class that is no tool is told with the nearest and the list."""
    error = refusal(mask_color_mapping={"car": [1], "Person": [2]})
    assert error.field == "mask_color_mapping.car"
    assert error.allowed == ("Car", "Person", "Other")
    assert 'names "car", which is no tool of the project: did you mean "Car"?' in str(error)
    assert '"Car", "Person", "Other"' in str(error)


def test_unknown_class_names() -> None:
    """All of them, the first few by name, each with its nearest."""
    error = refusal(mask_color_mapping={"car": [1], "Person": [2], "Giraffe": [3]})
    assert error.field == "mask_color_mapping.car"
    assert str(error).startswith('"mask_color_mapping" names what is no tool of the project: "car": did you mean "Car"')
    assert '; "Giraffe"; its segmentation and polygon tools are "Car", "Person", "Other"' in str(error)
    error = refusal(mask_color_mapping={f"zebra {n}": [n] for n in range(9)})
    assert '"zebra 4" and 4 more; its segm' in str(error)
    assert len(str(refusal(mask_color_mapping={f"{n}" * 9_000: [n] for n in range(9)}))) < 1500


def test_tools_that_a_mapping_leaves_out() -> None:
    """Those with a colour that is no class's, and that can be imported; numbers say nothing of colours."""
    red, blue, green = ("#ff0000", "#0000ff", "#00ff00")
    tools = [tool("A", "1", color=red), tool("B", "2", color=blue), tool("C", "3", color=green), tool("D", "4")]
    schema = with_tools(*tools, tool("E", "5", "brush", color="#000001"))
    left_out = bound(schema, mask_color_mapping={"A": [0, 255, 0]}).left_out
    assert [(entry.tool.title, entry.value) for entry in left_out] == [("B", 255)]
    assert bound(schema, mask_color_mapping={"A": [1]}).left_out == ()


def test_class_of_unsupported_tool() -> None:
    """A class may not mean a tool that cannot be imported, unless that is ignored."""
    schema = with_tools(tool("Car", "1", "brush"))
    error = refusal(schema, mask_color_mapping={"Car": [1]})
    assert "cannot be imported: prelabel imports segmentation, polygon, and this is brush" in str(error)
    ignored = bound(schema, mask_color_mapping={"Car": [1]}, ignored_schema_ids=["1"])
    assert [entry.ignored for entry in ignored.mask_classes] == [True]


def test_tools_with_one_title() -> None:
    """Of several tools with one title the one that can be imported is meant; two such are ambiguous, and IDs help."""
    box, car, other = tool("Car", "box", "bounding-box"), tool("Car", "seg"), tool("Car", "poly", "polygon")
    assert bound(with_tools(box, car), mask_color_mapping={"Car": [1]}).mask_classes[0].tool.schema_id == "seg"
    error = refusal(with_tools(car, other), mask_color_mapping={"Car": [1]})
    assert "which 2 tools are called: write the schema ID of the one you mean, of seg, poly" in str(error)
    by_id = bound(with_tools(car, other), mask_color_mapping={"poly": [1], "seg": [2]})
    assert [entry.tool.schema_id for entry in by_id.mask_classes] == ["poly", "seg"]
    rest = bound(with_tools(car, other), mask_color_mapping={"Car": [1]}, ignored_schema_ids=["seg"])
    assert [(entry.tool.schema_id, entry.ignored) for entry in rest.mask_classes] == [("poly", False)]


def test_two_tools_with_one_color() -> None:
    """Two classes of one colour cannot be told apart, unless one of them is ignored or cannot be imported anyway."""
    one, two = tool("One", "1", color="#0000ff"), tool("Two", "2", color="#0000FF")
    error = refusal(with_tools(one, two))
    assert '"One" and "Two" both have the colour #0000ff' in str(error)
    for ignored in ("1", "2"):
        (entry,) = bound(with_tools(one, two), ignored_schema_ids=[ignored]).mask_classes
        assert (entry.tool.schema_id, entry.ignored) == ({"1": "2", "2": "1"}[ignored], False)
    (entry,) = bound(with_tools(one, two), ignored_schema_ids=["1", "2"]).mask_classes
    assert entry.ignored
    (entry,) = bound(with_tools({**one, "tool": "brush"}, two)).mask_classes
    assert entry.tool.schema_id == "2"
    assert bound(with_tools(one, two), mask_color_mapping={"One": [1], "Two": [2]}).mask_kind == "value"


def test_project_without_a_colored_tool() -> None:
    """Masks without one class are a mistake, told before they are decoded."""
    for tools in ((), (tool("A", "1"),), (tool("A", "1", "brush", color="#ffffff"),)):
        assert 'so "project_colors" finds no class' in str(refusal(with_tools(*tools)))
    classes = bound(with_tools(tool("A", "1"), tool("B", "2", color="#000000"))).mask_classes
    assert [(entry.tool.title, entry.value) for entry in classes] == [("B", 0)]


def test_project_colors_without_a_tool_that_can_be_imported() -> None:
    """The tools that are there are named, each with why it does not count; many of them only in part."""
    base = SEED_SCHEMA["tools"][0]
    nested = {**base, "title": "Truck", "classifications": [SEED_SCHEMA["classifications"][0]]}
    tools = [{**base, "frameSpecific": True}, nested, {**base, "title": "Box", "tool": "bounding-box"}]
    message = str(refusal({**SEED_SCHEMA, "tools": [*tools, {**base, "title": "Bare", "color": None}]}))
    for part in (
        '"Car": prelabel imports labels of whole assets, and this one is frame-specific; ',
        '"Truck": prelabel imports no nested classifications, and this one has some; ',
        '"Box": prelabel imports segmentation, polygon, and this is bounding-box; ',
        '"Bare": it has no colour)',
    ):
        assert part in message
    many = str(refusal({**SEED_SCHEMA, "tools": [{**base, "frameSpecific": True, "title": f"t{n}"} for n in range(9)]}))
    assert '"t4": ' in many
    assert " and 4 more)" in many
    assert '"t5"' not in many


def test_ignored_ids() -> None:
    """Ignored classifications and tools stay bound, marked; an ID nobody has is a mistake."""
    binding = bound(ignored_schema_ids=[TYPE, PERSON])
    assert [link.ignored for link in binding.columns] == [False, True, False]
    assert [entry.ignored for entry in binding.mask_classes] == [False, True, False]
    error = refusal(ignored_schema_ids=[PERSON[:-1]])
    assert error.field == "ignored_schema_ids"
    assert f'did you mean "{PERSON}"?' in str(error)


def test_missing_columns_are_listed_together() -> None:
    """Every column that the CSV lacks is named, with the nearest there is."""
    error = refusal(header=("external id", "Color", "Category", "Image Type"))
    assert error.field == "external_id_column"
    assert error.value == "External ID"
    hint = 'did you mean "external id"? (it differs in upper and lower case)'
    assert f'"external_id_column" names "External ID": {hint}; "mask_column" names "Mask"; ' in str(error)
    assert str(error).endswith('the CSV\'s columns are "external id", "Color", "Category", "Image Type"')
    assert 'names "Category"' in str(refusal(header=("External ID", "Color", "Image Type", "Mask")))


@pytest.mark.parametrize(
    ("column", "difference"),
    [
        ("External\xa0ID", "a no-break space at character 9"),
        ("\ufeffExternal ID", "a zero width no-break space at character 1"),
        ("External ID ", "spaces around it"),
        ('"External ID"', "quotes around it"),
        ("External+ID", "a plus sign"),
    ],
)
def test_near_misses_of_columns_are_named(column: str, difference: str) -> None:
    """What cannot be seen in a header is told, with its place."""
    message = str(refusal(header=(column, *HEADER[1:])))
    assert f"? (it differs in {difference}); the CSV's columns are" in message


@pytest.mark.parametrize(
    ("title", "name", "difference"),
    [
        ("Traffic light", "Traffic\xa0light", "a no-break space at character 8"),
        ("Traffic light", "traffic light", "upper and lower case"),
        ("Class 7", "Class 07", "leading zeros"),
    ],
)
def test_near_misses_of_classes_are_named(title: str, name: str, difference: str) -> None:
    """As those of columns are."""
    message = str(refusal(with_tools(tool(title, "1")), mask_color_mapping={name: [1]}))
    assert f'did you mean "{title}"? (it differs in {difference})' in message


def test_canonically_equal_names_match() -> None:
    """Columns are then spelled as the CSV has them, classes are the project's; what could be two is none."""
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    config = load_config({"external_id_column": decomposed, "mask_column": "Mask"})
    assert with_columns_of((composed, "Mask"), config) == config.replaced(external_id_column=composed)
    assert with_columns_of((composed, decomposed), config) == config
    keys = {"external_id_column": "ID", "classification_columns": [composed], "classification_schema_ids": ["1"]}
    assert with_columns_of(("ID", decomposed), load_config(keys)).classification_columns == (decomposed,)
    (entry,) = bound(with_tools(tool(composed, "1")), mask_color_mapping={decomposed: [1]}).mask_classes
    assert entry.tool.title == composed
    other = tool("E\u0301t\u00e9", "2")
    error = refusal(with_tools(tool("\u00c9t\u00e9", "1"), other), mask_color_mapping={"E\u0301te\u0301": [1]})
    assert "(it differs in its Unicode form)" in str(error)


def test_floods_are_dammed() -> None:
    """Five thousand columns, classifications or tools, and names of any length, make a readable message."""
    many = tuple(f"column {number}" for number in range(5_000))
    message = str(refusal(header=many))
    assert message.endswith('"column 15" and 4984 more')
    assert len(message) < 1_500
    schema = {**SEED_SCHEMA, "classifications": [tool("t" * 500, name, "radio") for name in many]}
    for error in (
        refusal(schema),
        refusal(header=("x" * 100_000,)),
        refusal(with_tools(*(tool(name * 50, name) for name in many)), mask_color_mapping={"y" * 9_000: [1]}),
        refusal(ignored_schema_ids=["z" * 100_000]),
    ):
        assert len(str(error)) < 5_000


def test_ignored_column_may_be_missing() -> None:
    """What is not imported need not be there; the other columns keep their order."""
    binding = bound(header=("Mask", "Image Type", "Color", "External ID"), ignored_schema_ids=[TYPE])
    assert [link.column for link in binding.columns] == ["Color", "Image Type"]
    present = bound(ignored_schema_ids=[TYPE])
    assert present.columns[1] == ColumnLink("Category", parse_ontology(SEED_SCHEMA).classifications[1], ignored=True)


@given(st.data())
def test_each_mask_value_has_one_class(data: st.DataObject) -> None:
    """Whatever tools a project has: binding fails, or every value has one class and no live tool is lost."""
    colors = st.sampled_from([None, "#000000", "#ff0000", "#00ff00"])
    kinds = st.sampled_from(["segmentation", "polygon", "brush"])
    drawn = data.draw(st.lists(st.tuples(kinds, colors), max_size=5))
    tools = [tool(f"T{i}", str(i), kind, color=color) for i, (kind, color) in enumerate(drawn)]
    ignored = data.draw(st.lists(st.sampled_from([str(i) for i in range(len(tools))]), unique=True)) if tools else []
    live = [
        entry for entry in tools if entry["tool"] != "brush" and entry["color"] and entry["schemaId"] not in ignored
    ]
    try:
        classes: tuple[MaskClass, ...] = bound(with_tools(*tools), ignored_schema_ids=ignored).mask_classes
    except ConfigError:
        ends_empty = not live and not any(entry["color"] and entry["schemaId"] in ignored for entry in tools)
        assert ends_empty or len({entry["color"] for entry in live}) < len(live)
        return
    assert len({entry.value for entry in classes}) == len(classes)
    assert {entry.tool.schema_id for entry in classes if not entry.ignored} == {entry["schemaId"] for entry in live}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_another_delimiter_is_named(mark: str) -> None:
    """Where the names stand within the header's cells, the delimiter is the fault, not the names."""
    shown = {"\t": '"\\t"'}.get(mark, f'"{mark}"')
    for names in (HEADER, [f' "{name}"' for name in HEADER]):
        message = str(refusal(header=(mark.join(names), "x")))
        expected = (
            f'the CSV has no column "External ID": {shown} seems to separate its cells: name it with --delimiter; '
        )
        assert message.startswith(expected)
    quoted = str(refusal(header=(",".join(HEADER),), delimiter=","))
    assert '"External ID": quotes stand around its whole header: take them off' in quoted
    wide = str(refusal(header=("\uff1b".join(HEADER),), delimiter=","))
    assert "stands between its names, which cannot separate cells: write a comma instead; " in wide
    spaced = str(refusal(header=tuple(f" {name}" for name in HEADER)))
    assert spaced.startswith('the CSV has no such column: "external_id_column" names "External ID": did you mean ')


def test_clauses_are_set_off() -> None:
    """A hint in brackets is followed by a semicolon, and each cause is one sentence."""
    message = str(refusal(mask_color_mapping={"car": [1]}))
    assert '"Car"? (it differs in upper and lower case); its segmentation and polygon tools are "Car", ' in message
    message = str(refusal(ignored_schema_ids=[CAR.upper()]))
    assert "(it differs in upper and lower case); the project has " in message
    assert "which the project does not have: take it out; the project has" in str(refusal(ignored_schema_ids=["!"]))
    message = str(refusal(classification_schema_ids=[COLOR.upper(), TYPE, QUESTION]))
    assert "(it differs in upper and lower case); it has " in message


def test_floods_of_the_schema_are_dammed() -> None:
    """Titles, kinds and IDs of any length are cut, whichever of them a message is about."""
    long = "x" * 100_000
    of_kind = {**SEED_SCHEMA, "tools": [tool(long, f"{long}{n}", long, color="#f44336") for n in range(9)]}
    alike = {**SEED_SCHEMA, "tools": [tool(long, f"{long}{n}", color="#f44336") for n in range(9)]}
    for schema in (of_kind, alike):
        assert len(str(refusal(schema))) < 1500
        assert len(str(refusal(schema, mask_color_mapping={long: [1]}))) < 1500
        assert len(str(refusal(schema, mask_color_mapping={"y": [1]}))) < 1500
        assert len(str(refusal(schema, ignored_schema_ids=["y"]))) < 1500
    odd = {**SEED_SCHEMA, "classifications": [{"title": long, "tool": long, "schemaId": COLOR}]}
    links = bound(odd, classification_columns=["Color"], classification_schema_ids=[COLOR], mask_column="").columns
    with pytest.raises(RowError) as caught:
        row_answers(links, ["y"])
    assert len(str(caught.value)) < 500
