"""Words of the Hub's API that more than one module of this hub knows, written out here alone.

They are not the importer's, on purpose: a wrong word would then be wrong on one side of the wire only, and be noticed.
"""

from __future__ import annotations

API_PREFIX = "/v2/"
IMPORT_PATH = "/v2/import/labels"
FAULTS_PATH = "/faults"
PLUGIN_PATH = "/plugin"

SECTIONS = ("tools", "classifications", "relations")
"""The lists of a category schema, and of an answer as it is stored."""

ONE_OPTION_KINDS = frozenset({"radio", "single-dropdown"})
MANY_OPTIONS_KINDS = frozenset({"checkbox", "multi-dropdown"})
TEXT_KIND = "text"

COMPLETE_STAGE = "Complete"
TODO, COMPLETED = "TODO", "Completed"
"""What a task's status is in any other stage, and in one of the type :data:`COMPLETE_STAGE`."""

TASK_TYPE = "default"
"""The type of every task here: this hub has no consensus and no benchmark tasks."""
