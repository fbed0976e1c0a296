"""What an import has sent and the Hub has acknowledged, on disk: to go on after any crash, and to undo.

One SQLite file per import, written before and after each request; a batch's rows are one record ("1-100"), so a
million rows are some thousand records. Commits are durable (WAL, synchronous=FULL), so what is recorded as sent was
recorded before it was, and what is recorded as acknowledged was. The database is held locked while it is open; the
operating system lets go of it when the process dies, however it dies.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson
from msgspec.structs import asdict

from prelabel.errors import ConfigError, OutputError, PrelabelError, RecordBusy
from prelabel.outcomes.fingerprint import keys_that_differ
from prelabel.outcomes.record_place import no_place
from prelabel.outcomes.row_keys import RowKeys
from prelabel.outcomes.row_ranges import RowRanges
from prelabel.records import Record
from prelabel.spelling import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from prelabel.outcomes.fingerprint import Fingerprint

FILE_NAME = "journal.sqlite"
REJECTS_FACT = "rejects "
"""What the facts about rejects files begin with, before the path; they outlive a new beginning."""

_FORMAT = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
  number INTEGER PRIMARY KEY, rows TEXT NOT NULL, state TEXT NOT NULL, said TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS replaced (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL UNIQUE, external_id TEXT NOT NULL, content BLOB NOT NULL,
  put_back INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS replaced_by_id ON replaced (external_id);
CREATE TABLE IF NOT EXISTS row_keys (csv TEXT NOT NULL, keys BLOB NOT NULL);
"""

_COPIED = {
    "facts": "name, value",
    "batches": "number, rows, state, said",
    "replaced": "number, task, external_id, x'', put_back",
    "row_keys": "csv, keys",
}
"""What a trial needs of each table."""

BatchState = Literal["sent", "acknowledged", "failed", "split"]

_NAMES = {"config": "the config", "project": "the project", "host": "the host"}


class ReplacedTask(Record, frozen=True):
    """A task as it was before an import touched it.

    Attributes:
        task_id: the task.
        external_id: its asset's external ID.
        answer: its stored answer.
        brush_urls: its brush masks by key.
    """

    task_id: str
    external_id: str
    answer: Mapping[str, Any]
    brush_urls: Mapping[str, str]


class Journal:
    """The record of one import. Use as a context manager; its methods may be called from any thread.

    Args:
        folder: where the file is, or will be.
        is_trial: leave the file as it is: what would be recorded is, in a copy that goes with this object. It has no
            labels to put back, and others may take the file meanwhile.

    Attributes:
        folder: as given.
        facts: what is known of the import: fingerprint, settings, how it ended.

    Raises:
        ConfigError: another process works with it, it is no journal, or the folder cannot be written.
        OutputError: there is no room for it, also later.
    """

    def __init__(self, folder: Path, *, is_trial: bool = False) -> None:
        self.folder = folder
        self._file = escaped(str(folder / FILE_NAME))
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / FILE_NAME, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.OperationalError) as error:
            raise self._no_place(getattr(error, "strerror", None) or str(error)) from error
        try:
            self._open()
            if is_trial:
                self._leave_for_copy()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        with self._mapped():
            # The lock is the database's own, taken here and kept until the connection or the process ends.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("BEGIN EXCLUSIVE")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute("COMMIT")
            self.facts: dict[str, str] = dict(self._db.execute("SELECT name, value FROM facts"))
        if self.facts.setdefault("format", str(_FORMAT)) != str(_FORMAT):
            raise ConfigError(
                f"{self._file} was written by another version of prelabel: finish with that one, or "
                "start anew with --restart after removing the folder",
                field="state",
            )

    def _leave_for_copy(self) -> None:
        """Go on with a copy of the file, which SQLite makes on disk at need and deletes."""
        copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with self._mapped():
            copy.executescript(_SCHEMA)
            copy.execute("BEGIN")
            for table, columns in _COPIED.items():
                rows = self._db.execute(f"SELECT {columns} FROM {table}")  # noqa: S608 - constants
                places = ", ".join("?" for _ in rows.description)
                copy.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608
            copy.execute("COMMIT")
        self._db.close()
        self._db = copy

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """The database, for one caller at a time; a transaction that the block begins ends with it."""
        with self._lock, self._mapped():
            try:
                yield self._db
                if self._db.in_transaction:
                    self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.rollback()
                raise

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Name the file and the remedy where SQLite, or what is read, does not."""
        try:
            yield
        except sqlite3.ProgrammingError:
            raise  # a mistake of ours, not of the disk
        except sqlite3.Error as error:
            raise self._fault(error) from error
        except (ValueError, TypeError, KeyError, zlib.error) as error:
            if isinstance(error, PrelabelError):
                raise
            raise self._damaged(f"{type(error).__name__}: {error}") from error

    def _fault(self, error: sqlite3.Error) -> PrelabelError:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # the extended codes add bits above
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return RecordBusy(
                    f"another run is working with {escaped(str(self.folder))}: wait for its end, or give this one its "
                    "own --state",
                    field="state",
                )
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return self._no_place(str(error))
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return OutputError(
                    f"cannot write the record of the import, {self._file} ({error}): make room there, or see what ails "
                    "the disk, then the same command goes on from where it was",
                    path=self._file,
                )
        return self._damaged(str(error))

    def _no_place(self, problem: str) -> ConfigError:
        return ConfigError(no_place(self.folder, problem), field="state")

    def _damaged(self, problem: str) -> ConfigError:
        return ConfigError(f"{self._file} cannot be used ({problem}): remove the folder to start anew", field="state")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def start(self, fingerprint: Fingerprint, *, restart: bool = False, restart_if_changed: bool = False) -> None:
        """Go on with the import of this fingerprint, or begin it.

        Args:
            fingerprint: what is to be imported, and where to.
            restart: forget which rows are in; what an undo needs stays, as the project was before the first run.
            restart_if_changed: do so where the record is of another config, of the same project and host.

        Raises:
            ConfigError: the journal is another import's, or was rolled back, and it is not begun anew; or a new
                beginning would forget what an undo of another project needs.
        """
        changed = [name for name, value in asdict(fingerprint).items() if self.facts.get(name) != value]
        is_elsewhere = bool({"project", "host"}.intersection(changed))
        is_untouched = not self._value("SELECT EXISTS (SELECT 1 FROM batches)")
        if restart or is_untouched or (restart_if_changed and "config" in changed and not is_elsewhere):
            self._begin(asdict(fingerprint), is_elsewhere=is_elsewhere)
            return
        if refused := [_NAMES[name] for name in changed if name in _NAMES]:
            verb = "is" if len(refused) == 1 else "are"
            if "config" in changed and (keys := keys_that_differ(self.facts.get("config", ""), fingerprint.config)):
                refused = [name if name != "the config" else f"the config ({', '.join(keys)})" for name in refused]
            raise ConfigError(
                f"{' and '.join(refused)} {verb} not what {escaped(str(self.folder))} has the record of: go on with "
                "what it was, or give --restart to import everything anew (what 'prelabel rollback' needs is kept), or "
                "another --state",
                field="state",
            )
        if "rolled_back" in self.facts:
            raise ConfigError(
                f"the import that {escaped(str(self.folder))} has the record of was rolled back: give --restart to "
                "import again",
                field="state",
            )
        if changed:
            self._forget("finished")
            self.write_facts({"csv": fingerprint.csv})

    def _begin(self, marks: Mapping[str, str], *, is_elsewhere: bool) -> None:
        """Forget which rows are in, all at once; what was replaced is kept while it can still be put back."""
        n_kept, n_put_back = self.n_kept()
        was_sent = "restarted" in self.facts or bool(self._value("SELECT EXISTS (SELECT 1 FROM batches)"))
        if is_elsewhere and was_sent and n_kept > n_put_back:
            raise ConfigError(
                f"{escaped(str(self.folder))} has what 'prelabel rollback' needs for project "
                f"{self.facts.get('project', '')!r}, and would lose it: give another --state, or remove the folder",
                field="state",
            )
        # That something was sent once is known from this fact, since the batches go.
        facts = {"format": str(_FORMAT), **marks} | ({"restarted": "yes"} if was_sent else {})
        facts |= {name: value for name, value in self.facts.items() if name.startswith(REJECTS_FACT)}
        with self._turn() as db:
            db.execute("BEGIN IMMEDIATE")
            for table in ("facts", "batches", "row_keys"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
            # What was read but not touched since, or was put back, is older than what is there now.
            db.execute("DELETE FROM replaced WHERE put_back OR NOT ?", (was_sent and not is_elsewhere,))
            db.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
        self.facts = facts

    def _forget(self, name: str) -> None:
        with self._turn() as db:
            db.execute("DELETE FROM facts WHERE name = ?", (name,))
        self.facts.pop(name, None)

    @property
    def knows_rows(self) -> bool:
        """Whether the rows of the CSV as it is now are recorded, so that their numbers mean what they meant."""
        return bool(self._value("SELECT EXISTS (SELECT 1 FROM row_keys WHERE csv = ?)", self.facts["csv"]))

    def row_keys(self) -> RowKeys:
        """The rows of the CSV that the numbers in the record belong to; none before there are any."""
        with self._turn() as db:
            found = db.execute("SELECT keys FROM row_keys").fetchone()
        with self._mapped():
            return RowKeys.parse(found[0] if found else b"")

    def take_rows(self, keys: RowKeys, done: RowRanges) -> None:
        """Record the rows of the CSV as it is now, and which of them are in; what is known by number is from now on."""
        with self._turn() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM row_keys")
            db.execute("INSERT INTO row_keys VALUES (?, ?)", (self.facts["csv"], bytes(keys)))
            if db.execute("DELETE FROM batches").rowcount:  # a record stays, for it says that something was sent
                db.execute("INSERT INTO batches (rows, state) VALUES (?, 'acknowledged')", (str(done),))

    def write_facts(self, facts: Mapping[str, str]) -> None:
        """Keep facts about the import as a whole; what is known already is not written again."""
        if facts.items() <= self.facts.items():
            return
        with self._turn() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())
        self.facts |= facts

    def acknowledged(self) -> RowRanges:
        """The rows that the Hub has acknowledged, and that were not opened again since."""
        with self._turn() as db:
            records = db.execute(
                "SELECT number, rows, state FROM batches WHERE state IN ('acknowledged', 'reopened') ORDER BY number"
            ).fetchall()
        with self._mapped():
            reopened = {
                row: number for number, text, state in records if state == "reopened" for row in RowRanges.parse(text)
            }
            texts = []
            for number, text, state in records:
                if state == "acknowledged" and not reopened:
                    texts.append(text)
                elif state == "acknowledged":
                    texts.append(
                        str(RowRanges.of(row for row in RowRanges.parse(text) if reopened.get(row, 0) < number))
                    )
            return RowRanges.parse(*texts)

    def reopen(self, rows: Iterable[int]) -> None:
        """Record that these rows are to be sent again, acknowledged or not: before anything they depend on is."""
        with self._turn() as db:
            db.execute("INSERT INTO batches (rows, state) VALUES (?, 'reopened')", (str(RowRanges.of(rows)),))

    def sending(self, rows: Sequence[int]) -> int:
        """Record that these rows are about to be sent; returns the record's number."""
        with self._turn() as db:
            cursor = db.execute("INSERT INTO batches (rows, state) VALUES (?, 'sent')", (str(RowRanges.of(rows)),))
            return int(cursor.lastrowid or 0)

    def settled(self, number: int, state: BatchState, message: str = "", rows: Sequence[int] | None = None) -> None:
        """Record what became of a batch, or of those of its rows."""
        text = None if rows is None else str(RowRanges.of(rows))
        with self._turn() as db:
            db.execute(
                "UPDATE batches SET state = ?, said = ?, rows = COALESCE(?, rows) WHERE number = ?",
                (state, message, text, number),
            )

    def batches(self) -> list[tuple[str, str, str]]:
        """Every record: rows, state and message, in the order they were sent."""
        with self._turn() as db:
            return db.execute("SELECT rows, state, said FROM batches ORDER BY number").fetchall()

    def keep(self, tasks: Iterable[ReplacedTask]) -> None:
        """Keep tasks as they are before they are touched; what is kept of a task already stays."""
        rows = [(task.task_id, task.external_id, _packed(task)) for task in tasks]
        with self._turn() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT OR IGNORE INTO replaced (task, external_id, content) VALUES (?, ?, ?)", rows)

    def n_kept(self) -> tuple[int, int]:
        """Tasks that are kept, and how many of them have been put back."""
        with self._turn() as db:
            (counts,) = db.execute("SELECT COUNT(*), COALESCE(SUM(put_back), 0) FROM replaced")
        return int(counts[0]), int(counts[1])

    def to_put_back(self) -> Iterator[list[ReplacedTask]]:
        """The kept tasks that have not been put back, all of one external ID at a time."""
        external_id = self._value("SELECT MIN(external_id) FROM replaced WHERE NOT put_back")
        while external_id is not None:
            with self._turn() as db:
                records = db.execute(
                    "SELECT task, content FROM replaced WHERE external_id = ? ORDER BY number", (external_id,)
                ).fetchall()
            with self._mapped():
                tasks = [_unpacked(task, external_id, content) for task, content in records]
            yield tasks
            external_id = self._value(
                "SELECT MIN(external_id) FROM replaced WHERE NOT put_back AND external_id > ?", external_id
            )

    def put_back(self, external_ids: Iterable[str], *, but: Iterable[str] = ()) -> None:
        """Record that the tasks of these external IDs are as they were, but those of some ids."""
        with self._turn() as db:
            db.execute("BEGIN IMMEDIATE")
            marks = [(external_id,) for external_id in external_ids]
            db.executemany("UPDATE replaced SET put_back = 1 WHERE external_id = ?", marks)
            db.executemany("UPDATE replaced SET put_back = 0 WHERE task = ?", [(task,) for task in but])

    def _value(self, query: str, *parameters: Any) -> Any:
        with self._turn() as db:
            return db.execute(query, parameters).fetchone()[0]


def _packed(task: ReplacedTask) -> bytes:
    content = [task.answer, task.brush_urls]
    try:
        text = orjson.dumps(content)
    except TypeError:  # it reads what is nested deeper than it writes
        text = json.dumps(content, separators=(",", ":")).encode()
    return zlib.compress(text, 1)  # labels are repetitive, and this runs while the import waits


def _unpacked(task_id: str, external_id: str, content: bytes) -> ReplacedTask:
    answer, brush_urls = orjson.loads(zlib.decompress(content))
    return ReplacedTask(task_id, external_id, answer, brush_urls)
