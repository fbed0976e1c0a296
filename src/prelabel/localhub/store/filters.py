"""Mongo-like filters as SQL: ``{"externalId": {"$in": [...]}}`` becomes a condition and its parameters.

Field names come from a table of ours and every value travels as a parameter, so nothing a caller sends becomes SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prelabel.localhub.envelope import Refusal, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_OPPOSITES = {"$ne": "$eq", "$nin": "$in"}
_OPERATORS = ("$eq", "$ne", "$in", "$nin", "$regex", "$exists", *_COMPARISONS)

Aliases = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """What a field's name stands for.

    Attributes:
        sql: the column, or another SQL expression.
        is_list: whether it holds a JSON list, which matches when any entry does.
        aliases: other words for a value (a stage's name for its id).
    """

    sql: str
    is_list: bool = False
    aliases: Mapping[str, list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL and the parameters of its question marks."""

    sql: str
    params: tuple[Any, ...] = ()


def aliases_of(entries: Iterable[Mapping[str, Any]], id_key: str) -> Aliases:
    """Names of stages or batches -> their ids; an id stands for itself, even where another one is named like it."""
    entries = list(entries)
    found: Aliases = {}
    for entry in entries:
        found.setdefault(str(entry.get("name", "")), []).append(str(entry[id_key]))
    return found | {str(entry[id_key]): [str(entry[id_key])] for entry in entries}


def all_of(conditions: Iterable[Condition]) -> Condition:
    """The conditions, all of which must hold."""
    conditions = list(conditions)
    return Condition(
        " AND ".join(f"({condition.sql})" for condition in conditions) or "1",
        tuple(param for condition in conditions for param in condition.params),
    )


def condition_of(wanted: Mapping[str, Any], fields: Mapping[str, Field]) -> Condition:
    """A whole filter: every field of ``wanted`` must match.

    Args:
        wanted: field name -> a value, a list of values, or an object of operators.
        fields: the fields that may be asked for.

    Raises:
        Refusal: an unknown field or operator, or an operand of the wrong type.
    """
    parts: list[Condition] = []
    for name, test in wanted.items():
        if name not in fields:
            raise Refusal(f"unknown filter field {name[:80]!r}: use one of {', '.join(sorted(fields))}")
        parts.extend(_field_condition(name, fields[name], operator, value) for operator, value in _tests(test))
    return all_of(parts)


def _tests(test: Any) -> list[tuple[str, Any]]:
    if isinstance(test, dict):
        return list(test.items())
    return [("$in" if isinstance(test, list) else "$eq", test)]


def _field_condition(name: str, field: Field, operator: str, value: Any) -> Condition:
    if operator not in _OPERATORS:
        raise Refusal(f"unknown filter operator {operator[:40]!r} on {name}: use one of {', '.join(_OPERATORS)}")
    if operator == "$exists":
        return Condition(_presence(field) if value else f"NOT ({_presence(field)})")
    if operator in _OPPOSITES:
        inner = _field_condition(name, field, _OPPOSITES[operator], value)
        return Condition(f"NOT COALESCE(({inner.sql}), 0)", inner.params)
    if not field.is_list:
        return _value_condition(name, field.sql, field, operator, value)
    inner = _value_condition(name, "entry.value", field, operator, value)
    return Condition(f"EXISTS (SELECT 1 FROM json_each({field.sql}) AS entry WHERE {inner.sql})", inner.params)  # noqa: S608 - built of our own names


def _presence(field: Field) -> str:
    return f"json_array_length({field.sql}) > 0" if field.is_list else f"{field.sql} IS NOT NULL"


def _value_condition(name: str, sql: str, field: Field, operator: str, value: Any) -> Condition:
    if operator == "$regex":
        return Condition(f"regexp(?, {sql})", (_pattern(name, value),))
    if operator in _COMPARISONS:
        return Condition(f"{sql} {_COMPARISONS[operator]} ?", (_scalar(name, value),))
    values = value if operator == "$in" else [value]
    if not isinstance(values, list):
        raise Refusal(f"the filter {operator} on {name} needs a list")
    return _membership(sql, [_scalar(name, each) for each in values], field.aliases or {})


def _membership(sql: str, values: list[Any], aliases: Mapping[str, list[str]]) -> Condition:
    meant = [each for value in values for each in (aliases.get(value, [value]) if isinstance(value, str) else [value])]
    # One parameter for the whole list: SQLite caps the number of parameters, and json_each still uses the index.
    param = json_text([each for each in meant if each is not None])
    listed = Condition(f"{sql} IN (SELECT value FROM json_each(?))", (param,))  # noqa: S608 - a column of ours
    return Condition(f"{listed.sql} OR {sql} IS NULL", listed.params) if None in meant else listed


def _scalar(name: str, value: Any) -> Any:
    is_storable = value is None or isinstance(value, str | float | bool)
    if not is_storable and not (isinstance(value, int) and -(2**63) <= value < 2**63):
        raise Refusal(f"the filter on {name} must compare with a text, a number, true, false or null")
    return value


def _pattern(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Refusal(f"the filter $regex on {name} must be a text")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise Refusal(f"the filter $regex on {name} is not a regular expression: {error}") from error
    return value
