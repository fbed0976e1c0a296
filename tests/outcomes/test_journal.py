"""The journal: what is recorded stays, through kills too; nobody else works with it; it belongs to one import."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from prelabel.errors import ConfigError, OutputError, RecordBusy
from prelabel.outcomes.fingerprint import Fingerprint, digest_of
from prelabel.outcomes.journal import FILE_NAME, Journal, ReplacedTask
from prelabel.outcomes.row_keys import RowKeys
from prelabel.outcomes.row_ranges import RowRanges

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARK = Fingerprint("csv-1", "{}", "p1", "https://hub/v2")
CAR = {"tools": [{"objectId": "car", "polygon": [[1, 2], [3, 4], [5, 6]]}], "classifications": []}


def test_states_of_batches(tmp_path: Path) -> None:
    """Only acknowledged rows are done; another run finds them."""
    with Journal(tmp_path / "state") as journal:
        journal.start(MARK)
        first, second, third = (journal.sending(range(at, at + 10)) for at in (1, 11, 21))
        journal.settled(first, "acknowledged")
        journal.settled(second, "failed", "HTTP 400")
        assert third > second
    with Journal(tmp_path / "state") as journal:
        journal.start(MARK)
        assert str(journal.acknowledged()) == "1-10"
        assert journal.batches() == [
            ("1-10", "acknowledged", ""),
            ("11-20", "failed", "HTTP 400"),
            ("21-30", "sent", ""),
        ]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Fingerprint("csv-1", '{"a":1}', "p1", "https://hub/v2"), r"the config \(a\) is not what"),
        (Fingerprint("csv-2", "{}", "p2", "https://else/v2"), "the project and the host are not what"),
    ],
)
def test_another_import_is_refused(tmp_path: Path, other: Fingerprint, said: str) -> None:
    """Unless told to start anew, or nothing was sent yet; the message says which and how."""
    with Journal(tmp_path) as journal:
        journal.start(Fingerprint("csv-0", "{}", "p1", "x"))
        journal.start(MARK)
        journal.settled(journal.sending([1]), "acknowledged")
        journal.keep([ReplacedTask("t1", "a", CAR, {})])
    with Journal(tmp_path) as journal:
        with pytest.raises(ConfigError, match=f"{said}.*--restart to import everything anew") as caught:
            journal.start(other)
        assert caught.value.field == "state"
        journal.start(MARK)
        assert len(journal.acknowledged()) == 1
        if other.project == MARK.project:
            journal.start(other, restart=True)
            assert (len(journal.acknowledged()), journal.n_kept()) == (0, (1, 0))
            journal.start(MARK)  # nothing was sent since, and what was replaced before is kept all the same
            assert journal.n_kept() == (1, 0)
        else:
            with pytest.raises(ConfigError, match="what 'prelabel rollback' needs for project 'p1'"):
                journal.start(other, restart=True)
        journal.put_back(["a"])
        journal.start(other, restart=True)
        assert journal.n_kept() == (0, 0)


def test_a_new_beginning_that_is_killed_keeps_the_undo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction: whatever comes after it may be lost, what an undo needs is not."""
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        journal.keep([ReplacedTask("t1", "a", CAR, {})])
        journal.settled(journal.sending([1]), "acknowledged")
    with monkeypatch.context() as patched, Journal(tmp_path) as journal:
        patched.setattr(Journal, "write_facts", lambda *_: pytest.fail("a second transaction"))
        journal.start(MARK, restart=True)
    for _ in range(2):
        with Journal(tmp_path) as journal:
            journal.start(MARK)
            assert (journal.n_kept(), len(journal.acknowledged())) == ((1, 0), 0)


def test_another_csv_is_the_same_one_mended(tmp_path: Path) -> None:
    """What is known by number waits for the new CSV's rows; then it is known by theirs, and a finish is none."""
    rows = [RowKeys.parse(bytes([number]) * 32) for number in (1, 2)]
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        assert journal.knows_rows is False
        journal.take_rows(rows[0], RowRanges())
        journal.settled(journal.sending([1, 2]), "acknowledged")
        journal.write_facts({"finished": "{}"})
    for _ in range(2):  # killed before the rows are known: nothing is lost
        with Journal(tmp_path) as journal:
            journal.start(replace(MARK, csv="csv-2"))
            assert (journal.knows_rows, "finished" in journal.facts) == (False, False)
            assert (bytes(journal.row_keys()), str(journal.acknowledged())) == (bytes(rows[0]), "1-2")
    with Journal(tmp_path) as journal:
        journal.start(replace(MARK, csv="csv-2"))
        journal.take_rows(rows[1], RowRanges())
        journal.keep([ReplacedTask("t1", "a", CAR, {})])
    with Journal(tmp_path) as journal:
        journal.start(replace(MARK, csv="csv-2"))
        assert (journal.knows_rows, bytes(journal.row_keys()), str(journal.acknowledged())) == (
            True,
            bytes(rows[1]),
            "",
        )
        assert journal.n_kept() == (1, 0)  # something was sent once, so this may be needed


def test_reopened_rows(tmp_path: Path) -> None:
    """They are done only once they are acknowledged anew."""
    with Journal(tmp_path) as journal:
        journal.settled(journal.sending(range(1, 11)), "acknowledged")
        journal.settled(journal.sending(range(11, 13)), "acknowledged")
        journal.reopen([3, 4, 11, 20])
        assert str(journal.acknowledged()) == "1-2,5-10,12"
        journal.settled(journal.sending([3, 11]), "acknowledged")
        assert str(journal.acknowledged()) == "1-3,5-12"
        journal.reopen([3])
        assert str(journal.acknowledged()) == "1-2,5-12"


def test_replaced_tasks(tmp_path: Path) -> None:
    """The first state that is kept of a task counts; tasks of one ID come together, until they are put back."""
    brush = {"brushDataUrl": "https://b/1"}
    with Journal(tmp_path) as journal:
        journal.keep([ReplacedTask("t1", "b", CAR, brush), ReplacedTask("t2", "a", {}, {})])
        journal.keep([ReplacedTask("t1", "b", {}, {}), ReplacedTask("t3", "a", CAR, {})])
        assert list(journal.to_put_back()) == [
            [ReplacedTask("t2", "a", {}, {}), ReplacedTask("t3", "a", CAR, {})],
            [ReplacedTask("t1", "b", CAR, brush)],
        ]
        journal.put_back(["a"])
        assert [group[0].external_id for group in journal.to_put_back()] == ["b"]
        assert journal.n_kept() == (3, 2)
        journal.put_back(["b"])
        assert list(journal.to_put_back()) == []


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    """In this process and in another one; closing lets the next one in."""
    program = (
        f"from pathlib import Path; from prelabel.outcomes.journal import Journal; Journal(Path({str(tmp_path)!r}))"
    )
    with Journal(tmp_path):
        with pytest.raises(RecordBusy, match="another run is working with"):
            Journal(tmp_path)
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False)
        assert "another run is working with" in other.stderr
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0
    Journal(tmp_path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a signal")
def test_kill_9(tmp_path: Path) -> None:
    """A process killed amid its writing leaves every record it had made, and no lock."""
    program = (
        "import sys; from pathlib import Path; from prelabel.outcomes.journal import *\n"
        "from prelabel.outcomes.fingerprint import Fingerprint\n"
        f"journal = Journal(Path({str(tmp_path)!r})); journal.start(Fingerprint('csv-1', '{{}}', 'p1', 'https://hub/v2'))\n"
        "for row in range(1, 10**9):\n"
        "    number = journal.sending([row]); journal.settled(number, 'acknowledged')\n"
        "    print(row, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, encoding="utf-8") as writer:
        assert writer.stdout is not None
        told = [int(next(writer.stdout)) for _ in range(30)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        told = max([told, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        done = journal.acknowledged()
        assert all(row in done for row in range(1, told + 1))
        assert told + 2 not in done


def test_what_is_no_journal(tmp_path: Path) -> None:
    """Other files and other versions are said to be so."""
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / FILE_NAME).write_text("no database at all, but long enough to be looked at" * 20)
    with pytest.raises(ConfigError, match="cannot be used"):
        Journal(tmp_path / "text")
    with Journal(tmp_path / "new") as journal:
        journal.write_facts({"format": "99"})
    with pytest.raises(ConfigError, match="another version of prelabel"):
        Journal(tmp_path / "new")


def test_power_loss_settings(tmp_path: Path) -> None:
    """Every commit is on the disk before it counts."""
    with Journal(tmp_path) as journal:
        settings = [journal._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]
    with pytest.raises(sqlite3.ProgrammingError):
        journal.sending([1])


def test_rolled_back(tmp_path: Path) -> None:
    """What was rolled back is not gone on with."""
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        journal.sending([1])
        journal.write_facts({"rolled_back": "yes"})
        with pytest.raises(ConfigError, match="was rolled back: give --restart to import again"):
            journal.start(MARK)
        journal.start(MARK, restart=True)
        assert "rolled_back" not in journal.facts


def test_a_changed_config_may_begin_anew(tmp_path: Path) -> None:
    """If told so, once, and the undo stays; what is not changed goes on."""
    other = replace(MARK, config='{"a":1}')
    with Journal(tmp_path) as journal:
        journal.start(MARK, restart_if_changed=True)
        journal.keep([ReplacedTask("t1", "a", CAR, {})])
        journal.settled(journal.sending([1, 2]), "acknowledged")
        journal.write_facts({"finished": "{}"})
    with Journal(tmp_path) as journal:
        journal.start(replace(MARK, csv="csv-2"), restart_if_changed=True)  # the same CSV, mended
        assert str(journal.acknowledged()) == "1-2"
    with Journal(tmp_path) as journal:
        journal.start(replace(other, csv="csv-2"), restart_if_changed=True)
        assert (str(journal.acknowledged()), journal.n_kept(), "finished" in journal.facts) == ("", (1, 0), False)
        journal.settled(journal.sending([1]), "acknowledged")
    with Journal(tmp_path) as journal:
        journal.start(other, restart_if_changed=True)
        assert (str(journal.acknowledged()), journal.n_kept()) == ("1", (1, 0))
        with pytest.raises(ConfigError, match=r"the config \(a\) is not what"):
            journal.start(MARK)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Fingerprint("csv-1", "{}", "p2", "https://hub/v2"), "the project is not what"),
        (Fingerprint("csv-1", '{"a":1}', "p1", "https://else/v2"), r"the config \(a\) and the host are not what"),
    ],
)
def test_what_begins_anew_nowhere_else(tmp_path: Path, other: Fingerprint, said: str) -> None:
    """Another project or host is another import, whatever else is changed; nothing is forgotten."""
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        journal.settled(journal.sending([1]), "acknowledged")
        with pytest.raises(ConfigError, match=said):
            journal.start(other, restart_if_changed=True)
        assert (str(journal.acknowledged()), journal.facts["project"]) == ("1", "p1")


def test_what_was_rolled_back_is_not_begun_anew_by_itself(tmp_path: Path) -> None:
    """Unchanged it stays refused; a changed config is a new import."""
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        journal.sending([1])
        journal.write_facts({"rolled_back": "yes"})
        with pytest.raises(ConfigError, match="was rolled back: give --restart to import again"):
            journal.start(MARK, restart_if_changed=True)
        journal.start(replace(MARK, config='{"a":1}'), restart_if_changed=True)
        assert "rolled_back" not in journal.facts


def test_digest(tmp_path: Path) -> None:
    """Equal bytes, equal digests; a file that cannot be read is said to be so."""
    for name, content in (("a", b"x" * 10**6), ("b", b"x" * 10**6), ("c", b"x" * 10**6 + b"y")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (digest_of(tmp_path / name) for name in "abc")

    assert a == b != c
    with pytest.raises(ConfigError, match="cannot read the CSV"):
        digest_of(tmp_path / "absent")


def limit(journal: Journal, n_pages: int = 7) -> None:
    """Let a journal's file grow no further than this, as on a full disk."""
    journal._db.execute(f"PRAGMA max_page_count={n_pages}")


def test_a_full_disk(tmp_path: Path) -> None:
    """The file and the remedy are named, whatever was to be written; what was there stays and can be gone on with."""
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        number = journal.sending([1, 2])
        journal.settled(number, "acknowledged")
        limit(journal)
        calls: list[Callable[[], object]] = [
            lambda: journal.write_facts({"finished": "x" * 100_000}),
            lambda: journal.keep([ReplacedTask("t", "a", {"x": os.urandom(100_000).hex()}, {})]),
            lambda: journal.settled(journal.sending([4]), "failed", "x" * 100_000),
            lambda: journal.reopen(range(1, 100_000, 2)),
        ]
        for call in calls:
            with pytest.raises(OutputError, match=r"journal.sqlite \(database or disk is full\): make room") as caught:
                call()
            assert caught.value.path == str(tmp_path / FILE_NAME)
        assert "finished" not in journal.facts
        assert journal.n_kept() == (0, 0)
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        assert str(journal.acknowledged()) == "1-2"


def test_a_record_that_may_not_be_written(tmp_path: Path) -> None:
    """As on a disk that is mounted read-only: another folder helps, removing this one does not."""
    with Journal(tmp_path) as journal:
        journal._db.execute("PRAGMA query_only=1")
        with pytest.raises(ConfigError, match=r"readonly database.*name another folder as --state"):
            journal.sending([1])


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ("UPDATE batches SET rows = '1-x'", Journal.acknowledged),
        ("UPDATE replaced SET content = x'00'", lambda journal: list(journal.to_put_back())),
        ("DROP TABLE replaced", Journal.n_kept),
    ],
)
def test_a_damaged_record(tmp_path: Path, change: str, call: Callable[[Journal], object]) -> None:
    """Contents that are not ours are told of as such, never as a fault of the program."""
    with Journal(tmp_path) as journal:
        journal.settled(journal.sending([1]), "acknowledged")
        journal.keep([ReplacedTask("t", "a", {}, {})])
        journal._db.execute(change)
        with pytest.raises(ConfigError, match=r"journal.sqlite cannot be used .*remove the folder to start anew"):
            call(journal)


def test_a_trial_leaves_the_file_alone(tmp_path: Path) -> None:
    """It knows what there is, refuses what is refused, may be written to, and none of that stays."""
    state = tmp_path / "state"
    with Journal(state) as journal:
        journal.start(MARK)
        journal.keep([ReplacedTask("t1", "a", CAR, {})])
        journal.settled(journal.sending([1, 2]), "acknowledged")
    with Journal(state, is_trial=True) as trial, Journal(state) as journal:
        trial.start(replace(MARK, csv="csv-2"))
        assert (str(trial.acknowledged()), trial.n_kept()) == ("1-2", (1, 0))
        trial.take_rows(RowKeys.parse(b""), RowRanges())
        with pytest.raises(ConfigError, match="has what 'prelabel rollback' needs for project 'p1'"):
            trial.start(replace(MARK, project="p2"), restart=True)
        assert (str(journal.acknowledged()), journal.facts["csv"]) == ("1-2", "csv-1")
    with Journal(state) as journal:
        assert (str(journal.acknowledged()), journal.facts["csv"]) == ("1-2", "csv-1")
        assert list(journal.to_put_back()) == [[ReplacedTask("t1", "a", CAR, {})]]


def test_answers_nested_deeper_than_is_written_fast_are_kept(tmp_path: Path) -> None:
    """What the Hub's answer could be read with is kept, however deep it goes."""
    nested: Any = "é"
    for _ in range(400):
        nested = [nested]
    task = ReplacedTask("t1", "a", {"tools": [nested], "é": 1.5}, {"brushDataUrl": "https://x/é"})
    with Journal(tmp_path) as journal:
        journal.start(MARK)
        journal.keep([task])
        assert list(journal.to_put_back()) == [[task]]
