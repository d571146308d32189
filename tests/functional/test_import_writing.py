"""The files of an import: whole or not there, and never in the place of somebody's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crossvault.local.writing import WritingError, write

TEXTS = {"a.yaml": "a: 1\n", "b.yaml": "b: 2\n"}


def names(folder: Path) -> list[str]:
    """Return what a folder has, hidden files too."""
    return sorted(each.name for each in folder.iterdir())


def test_files_are_written_into_a_new_folder(tmp_path: Path) -> None:
    """Nothing else is left there."""
    folder = tmp_path / "new" / "policies"

    assert write(folder, TEXTS, overwrite=False) == (folder / "a.yaml", folder / "b.yaml")
    assert names(folder) == ["a.yaml", "b.yaml"]
    assert (folder / "b.yaml").read_text("utf-8") == "b: 2\n"


def test_one_file_that_is_there_keeps_all_from_being_written(tmp_path: Path) -> None:
    """And it stays as it was; with ``overwrite`` it is replaced."""
    (tmp_path / "b.yaml").write_text("mine", "utf-8")
    with pytest.raises(WritingError, match="there already"):
        write(tmp_path, TEXTS, overwrite=False)
    before = names(tmp_path), (tmp_path / "b.yaml").read_text("utf-8")
    write(tmp_path, TEXTS, overwrite=True)

    assert before == (["b.yaml"], "mine")
    assert (tmp_path / "b.yaml").read_text("utf-8") == "b: 2\n"


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, OSError])
def test_who_is_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: type[BaseException]
) -> None:
    """Ctrl-C, or a full disk, after the first file has its name."""
    link = os.link

    def once(source: Path, target: Path) -> None:
        if target.name == "b.yaml":
            raise interrupted
        link(source, target)

    monkeypatch.setattr(os, "link", once)
    with pytest.raises((KeyboardInterrupt, WritingError)):
        write(tmp_path, TEXTS, overwrite=False)

    assert names(tmp_path) == []


def test_what_somebody_puts_there_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last look and the name are one step."""
    link = os.link

    def late(source: Path, target: Path) -> None:
        if target.name == "b.yaml":
            target.write_text("theirs", "utf-8")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(WritingError, match="File exists"):
        write(tmp_path, TEXTS, overwrite=False)

    assert names(tmp_path) == ["b.yaml"]
    assert (tmp_path / "b.yaml").read_text("utf-8") == "theirs"


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """By its name."""
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(WritingError, match="cannot be written"):
        write(tmp_path / "file" / "x", TEXTS, overwrite=False)

    assert names(tmp_path) == ["file"]
