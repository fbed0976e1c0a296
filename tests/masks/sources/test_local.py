"""References to bytes: what is found, and what must not be read."""

from __future__ import annotations

import os
import socket
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prelabel.errors import MaskError
from prelabel.masks.sources.local import LocalFiles

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with masks, with a secret beside it."""
    folder = tmp_path / "csv"
    (folder / "masks").mkdir(parents=True)
    (folder / "masks" / "a.png").write_bytes(b"mask a")
    (tmp_path / "secret.png").write_bytes(b"secret")
    return folder


@pytest.mark.parametrize("reference", ["masks/a.png", "./masks/a.png", "masks/../masks//a.png", "masks\\a.png"])
def test_paths_below_the_root_are_read(root: Path, reference: str) -> None:
    """Relative paths, also through .. as long as they stay inside, and with the separators of Windows."""
    assert LocalFiles(root).read(reference) == b"mask a"


def test_an_absolute_path_below_the_root_is_read(root: Path) -> None:
    """Some tools write absolute paths."""
    assert LocalFiles(root).read(str(root / "masks" / "a.png")) == b"mask a"


@posix_only
def test_a_name_with_a_backslash_wins_over_the_separator(root: Path) -> None:
    """Where a file is really named so, that file is meant."""
    (root / "masks\\a.png").write_bytes(b"odd name")
    assert LocalFiles(root).read("masks\\a.png") == b"odd name"


def test_a_relative_root_stays_where_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is fixed when the import starts."""
    monkeypatch.chdir(root.parent)
    files = LocalFiles(Path("csv"))
    monkeypatch.chdir(root)
    assert files.read("masks/a.png") == b"mask a"


def test_threads_share_one_reader(root: Path) -> None:
    """Worker threads call it at once, for files that exist and files that do not."""
    files = LocalFiles(root)

    def outcome(i: int) -> str:
        try:
            return files.read("masks/a.png" if i % 2 else "masks/a.tif").decode()
        except MaskError as error:
            return str(error).rpartition(": ")[2]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(outcome, range(200)))
    assert outcomes == ["did you mean 'masks/a.png'? (it differs in its extension)", "mask a"] * 100


@pytest.mark.parametrize("reference", ["../secret.png", "masks/../../secret.png", "..\\secret.png", "/etc/passwd"])
def test_paths_out_of_the_root_are_refused(root: Path, reference: str) -> None:
    """Whether the file exists or not is not told either."""
    with pytest.raises(MaskError, match="lies outside of") as caught:
        LocalFiles(root).read(reference)
    assert caught.value.excerpt == reference
    with pytest.raises(MaskError, match="lies outside of"):
        LocalFiles(root).read(reference + "-absent")


@pytest.mark.parametrize("reference", ["\\\\host\\share\\a.png", "//host/share/a.png", "\\/host/a.png", "/\\host"])
def test_shares_of_other_machines_are_not_even_looked_at(
    root: Path, reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows would log in at the machine that such a path names, with the user's password's hash."""
    files = LocalFiles(root)

    def resolve(path: Path) -> Path:
        raise AssertionError(f"{path} was looked at")

    monkeypatch.setattr(Path, "resolve", resolve)
    with pytest.raises(MaskError, match="lies outside of"):
        files.read(reference)


def test_paths_out_of_the_root_may_be_allowed(root: Path) -> None:
    """By whoever runs the import; things that are no files stay closed."""
    files = LocalFiles(root, outside_root=True)
    assert files.read("../secret.png") == files.read(str(root.parent / "secret.png")) == b"secret"
    with pytest.raises(MaskError, match="is a folder, not a file"):
        files.read("..")
    with pytest.raises(MaskError, match=r"no mask file '\.\./absent\.png'"):
        files.read("../absent.png")


@posix_only
def test_symlinks_lead_nowhere_outside(root: Path) -> None:
    """Neither a linked file nor a linked folder, nor a link to a link, opens the way out; links inside are fine."""
    (root / "file.png").symlink_to(root.parent / "secret.png")
    (root / "folder").symlink_to(root.parent)
    (root / "twice.png").symlink_to(root / "file.png")
    (root / "inside.png").symlink_to(root / "masks" / "a.png")
    files = LocalFiles(root)
    for reference in ("file.png", "folder/secret.png", "twice.png", "folder/csv/../secret.png"):
        with pytest.raises(MaskError, match="lies outside of"):
            files.read(reference)
    assert files.read("inside.png") == b"mask a"


@posix_only
def test_a_root_that_is_a_symlink_is_followed_once(root: Path) -> None:
    """The user's own folder may be a link."""
    (root.parent / "link").symlink_to(root)
    assert LocalFiles(root.parent / "link").read("masks/a.png") == b"mask a"


@posix_only
def test_a_circle_of_symlinks_ends(root: Path) -> None:
    """Two links that point at each other."""
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    with pytest.raises(MaskError, match=r"(?i)symbolic|symlink|no mask file"):
        LocalFiles(root).read("a")


@posix_only
def test_a_swap_between_look_and_open_is_no_way_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that becomes a symlink after it was checked is not followed, one that becomes a FIFO does not hang."""
    files, target = LocalFiles(root), root / "masks" / "a.png"
    real_open = os.open

    def swap_for_link(path: Path, flags: int) -> int:
        target.unlink()
        target.symlink_to(root.parent / "secret.png")
        return real_open(path, flags)

    def swap_for_fifo(path: Path, flags: int) -> int:
        target.unlink()
        os.mkfifo(target)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", swap_for_link)
    with pytest.raises(MaskError, match="cannot be read"):
        files.read("masks/a.png")
    target.unlink()
    target.write_bytes(b"mask a")
    monkeypatch.setattr(os, "open", swap_for_fifo)
    with pytest.raises(MaskError, match="is a device, pipe or socket"):
        files.read("masks/a.png")


@posix_only
def test_things_that_are_no_files_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO would hang, a device may never end; a socket and a folder cannot be read."""
    os.mkfifo(root / "fifo.png")
    monkeypatch.chdir(root)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
    for reference in ("fifo.png", "socket.png"):
        with pytest.raises(MaskError, match="is a device, pipe or socket, not a file"):
            LocalFiles(root).read(reference)
    with pytest.raises(MaskError, match="is a folder, not a file"):
        LocalFiles(root).read("masks")
    with pytest.raises(MaskError, match="is a device, pipe or socket"):
        LocalFiles(Path("/dev")).read("zero")


@pytest.mark.parametrize(
    ("reference", "part"),
    [
        ("", "the mask reference is empty"),
        ("  ", "the mask reference is empty"),
        ("a\0b.png", "NUL character"),
        ("x" * 5000, "cannot be read"),
        ("\ud800.png", "cannot be read"),
        (".", "is a folder"),
        ("masks/a.png/b.png", "no mask file"),
    ],
)
def test_references_that_are_no_paths(root: Path, reference: str, part: str) -> None:
    """Every odd cell ends in one failed row."""
    with pytest.raises(MaskError, match=part):
        LocalFiles(root).read(reference)


@pytest.mark.parametrize(
    ("present", "asked", "hint"),
    [
        ("Cat.PNG", "cat.png", "did you mean 'Cat.PNG'?"),
        ("cat.tiff", "cat.png", "did you mean 'cat.tiff'?"),
        ("cat.png", "cat", "did you mean 'cat.png'?"),
        ("cat", "cat.png", "did you mean 'cat'?"),
        ("my cat.png", "my%20cat.png", "did you mean 'my cat.png'? (it differs in percent-encoding)"),
        ("my cat.png", "my+cat.png", "(it differs in a plus sign)"),
        ("my cat.png", "my\xa0cat.png", "(it differs in a no-break space at character 3)"),
        ("cat.png", "cat.png ", "(it differs in spaces around it)"),
        ("cat.png", '"cat.png"', "(it differs in quotes around it)"),
        ("0007.png", "7.png", "(it differs in leading zeros)"),
        ("61148fa2-cat.png", "cat.png", "(it differs in its prefix)"),
        ("CAT.TIF", "cat.png", "(it differs in upper and lower case and its extension)"),
        ("A b.jpg", "A%C2%A0b.jpg", "did you mean 'A b.jpg'? (it differs in percent-encoding and odd spaces)"),
        ("cat.png", "cat.png?x=1", "did you mean 'cat.png'? (it differs in its query)"),
        ("cat.png", "cat.png?next=/a/b.png", "did you mean 'cat.png'? (it differs in its query)"),
        ("cat.png", "cat.png;", "(it differs in punctuation at its end)"),
        ("cat.png", "['cat.png']", "(it differs in brackets around it and quotes around it)"),
        ("cat.png", "c\u0430t.png", "(it differs in letters of another alphabet)"),
        ("1.png", "1.0.png", "did you mean '1.png'? (it differs in a \".0\" before its extension)"),
        ("cat.jpg.png", "cat.jpg", "did you mean 'cat.jpg.png'? (it differs in its extension)"),
        (unicodedata.normalize("NFD", "café.png"), unicodedata.normalize("NFC", "café.png"), "did you mean 'cafe"),
    ],
)
def test_a_missing_file_hints_at_its_like(tmp_path: Path, present: str, asked: str, hint: str) -> None:
    """Case, extension and the Unicode form of accents are what goes wrong."""
    (tmp_path / present).write_bytes(b"")
    if (tmp_path / asked).exists():
        pytest.skip("this file system takes the two names for one")
    with pytest.raises(MaskError) as caught:
        LocalFiles(tmp_path).read(asked)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("present", "asked", "hint"),
    [
        ("masks/a.png", "a.png", ": did you mean 'masks/a.png'? (it differs in its folder)"),
        (
            "a.png",
            "masks/a.png",
            ": did you mean 'a.png'? (it differs in its folder)",
        ),
        ("masks/A.png", "mask/a.png", "'masks/A.png'? (it differs in upper and lower case and its folder)"),
        ("masks/a.png", "C:\\data\\a.png", "did you mean 'masks/a.png'? (it differs in its folder)"),
        ("masks/a.png", "masks%2Fa.png", "did you mean 'masks/a.png'? (it differs in percent-encoding)"),
        ("masks/a.png", "['masks/a.png'];", "punctuation at its end, brackets around it and quotes around it)"),
        ("masks/deep/a.png", "a.png", "$"),
    ],
)
def test_a_file_in_another_folder_is_hinted_at(tmp_path: Path, present: str, asked: str, hint: str) -> None:
    """The root's own files, and those of the folders in it, are looked through; no others."""
    (tmp_path / present).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / present).write_bytes(b"")
    with pytest.raises(MaskError) as caught:
        LocalFiles(tmp_path).read(asked)
    assert hint in str(caught.value) + "$"
    assert ("did you mean" in str(caught.value)) is (hint != "$")


@posix_only
def test_hints_do_not_lead_outside(root: Path) -> None:
    """A linked folder is not looked through, nor one beside the root."""
    (root / "link").symlink_to(root.parent, target_is_directory=True)
    with pytest.raises(MaskError) as caught:
        LocalFiles(root).read("secret.png")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    "asked", ["labels", "labels.png", "labels.tif", "LABELS.CSV.png", "config", "config.png", "rows"]
)
def test_what_is_no_mask_is_never_meant(tmp_path: Path, asked: str) -> None:
    """The CSV under any name, the config, results and folders; the mask of the like name beside them is found."""
    for name in ("labels.csv", "config.json", "labels.report.json", "rows.dat"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "set").mkdir()
    files = LocalFiles(tmp_path, no_masks=[tmp_path / "rows.dat"])
    with pytest.raises(MaskError) as caught:
        files.read(asked)
    assert "did you mean" not in str(caught.value)

    (tmp_path / "labels.jpg").write_bytes(b"")
    with pytest.raises(MaskError, match=r"did you mean 'labels\.jpg'"):
        LocalFiles(tmp_path).read("labels.png")


def test_messages_are_cut(root: Path) -> None:
    """A cell of a hundred thousand characters makes no flood."""
    for reference in ("x" * 100_000, "../" + "y" * 100_000, "z/" * 50_000):
        with pytest.raises(MaskError) as caught:
            LocalFiles(root).read(reference)
        assert len(str(caught.value)) < 1_000


def test_the_same_name_in_other_case_is_nearer_than_another_extension(tmp_path: Path) -> None:
    """The photograph beside the mask is not what was meant."""
    (tmp_path / "A.jpg").write_bytes(b"")
    (tmp_path / "A.png").write_bytes(b"")
    if (tmp_path / "a.png").exists():
        pytest.skip("this file system ignores case")
    with pytest.raises(MaskError, match=r"did you mean 'A\.png'\?"):
        LocalFiles(tmp_path).read("a.png")


def test_a_missing_file_without_a_like_or_a_folder(root: Path) -> None:
    """The message names what was looked for, where."""
    with pytest.raises(MaskError, match=r"no mask file 'masks/zebra\.png' in .*csv$"):
        LocalFiles(root).read("masks/zebra.png")
    with pytest.raises(MaskError, match=r"did you mean 'masks/a\.png'"):
        LocalFiles(root).read("maks/a.png")
    with pytest.raises(MaskError, match=r"there is no folder 'maks' either; paths are relative to .*csv$"):
        LocalFiles(root).read("maks/zebra.png")


def test_several_files_of_a_like_name(tmp_path: Path) -> None:
    """None of them is called the right one; one that lies outside is looked for within, and nothing outside is told."""
    for folder in ("bw", "masks"):
        (tmp_path / "csv" / folder).mkdir(parents=True)
        (tmp_path / "csv" / folder / "m.png").write_bytes(b"")
    (tmp_path / "csv" / "masks" / "n.png").write_bytes(b"")
    files = LocalFiles(tmp_path / "csv")
    with pytest.raises(MaskError, match=r"there are 2 of a like name: 'bw/m\.png', 'masks/m\.png'$"):
        files.read("m.png")
    with pytest.raises(MaskError, match=r"lies outside of .*: did you mean 'masks/n\.png'\?.*; else move it there"):
        files.read("/data/other/n.png")
    with pytest.raises(MaskError, match=r"lies outside of [^:]*: move it there"):
        files.read("/etc/passwd")


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(root: Path) -> None:
    """The system's own reason is told."""
    (root / "masks" / "a.png").chmod(0)
    with pytest.raises(MaskError, match="Permission denied"):
        LocalFiles(root).read("masks/a.png")


def test_a_file_above_the_limit_is_not_read(root: Path) -> None:
    """Sizes are checked before anything is read; a file of exactly the limit passes."""
    assert LocalFiles(root, max_bytes=6).read("masks/a.png") == b"mask a"
    with pytest.raises(MaskError, match="has 6 bytes and at most 5 are allowed"):
        LocalFiles(root, max_bytes=5).read("masks/a.png")


@posix_only
def test_a_sparse_terabyte_is_refused_at_once(root: Path) -> None:
    """The default limit holds for files that take no room on disk."""
    with (root / "big.png").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(MaskError, match="has 1099511627776 bytes"):
        LocalFiles(root).read("big.png")


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="needs Linux's /proc")
def test_a_file_that_is_longer_than_it_says() -> None:
    """Files of /proc say 0 bytes, as does a file that another program is just writing."""
    with pytest.raises(MaskError, match="changed while it was read"):
        LocalFiles(Path("/proc")).read("version")
