"""What the Hub asks of a session: the runtime's ``data``, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from prelabel.errors import ConfigError
from prelabel.hub.api_key import ApiKey
from prelabel.inputs.config_file import load_config, parse_document
from prelabel.plugin.csv_source import CsvSource, csv_source_of
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from prelabel.inputs.config import ImportConfig

RESTART_KEY = "restart"
"""The one key of a session's config that is no import's: a new word in it imports everything anew, once."""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """One session, as it was asked for.

    Attributes:
        session: its id, perhaps empty.
        project: the project it runs on.
        api_key: of the user who runs it: all that it does is done with this key.
        config: the checked config.
        restart: the word under ``"restart"`` in the config, empty where there is none.
        batches: ids or names of the project's batches that it is limited to; empty for no limit.
        csv: where its CSV is.
    """

    session: str
    project: str
    api_key: ApiKey = field(repr=False)
    config: ImportConfig
    restart: str
    batches: tuple[str, ...]
    csv: CsvSource

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read what the runtime hands over.

        Raises:
            ConfigError: something is missing or cannot be used.
        """
        project, key = data.get("projectId"), data.get("apiKey")
        if not isinstance(project, str) or not project.strip():
            raise ConfigError(
                "the session names no project (projectId): run the plugin from a project", field="project"
            )
        if not isinstance(key, str) or not key.strip():
            raise ConfigError(
                "the session has no API key (apiKey): the Hub sends the key of whoever runs it; look whether that user "
                "has one",
                field="api_key",
            )
        document = _document_of(data.get("configJSON"))
        restart = _restart_word(document.pop(RESTART_KEY, ""))
        return cls(
            str(data.get("session") or ""),
            project.strip(),
            ApiKey(key.strip(), "that of the user who runs the session"),
            load_config(document),
            restart,
            _batches_of(data.get("batches")),
            csv_source_of(data),
        )


def _document_of(config: Any) -> dict[str, Any]:
    """The config's object, of its text or as it is; none at all is an empty one."""
    if isinstance(config, Mapping):
        return dict(config)
    if config is None or (isinstance(config, str) and not config.strip()):
        return {}
    if not isinstance(config, str):
        raise ConfigError("config must be JSON text, as it stands in the plugin's Config JSON field", field="config")
    return parse_document(config)


def _restart_word(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ConfigError(
            f'"{RESTART_KEY}" must be a word: each new one, as "2" or a date, imports everything anew once',
            field=RESTART_KEY,
            value=value,
        )
    return str(value)


def _batches_of(value: Any) -> tuple[str, ...]:
    """Ids or names of batches, which may come as texts or as the project's own records of them."""
    if value is None:
        return ()
    entries = value if isinstance(value, list | tuple) else [value]
    named = []
    for entry in entries:
        name = entry.get("_id") or entry.get("name") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"batches has {quoted(str(entry))}, which names no batch", field="batches", value=entry)
        named.append(name)
    return tuple(dict.fromkeys(named))
