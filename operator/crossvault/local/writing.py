"""Writing manifests into a folder: each whole or not at all, and none over another unless that is wanted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..words.texts import plain
from .files import shown


class WritingError(Exception):
    """Some file cannot be written; the message says which, and why. No file was left that was not there before."""


def write(folder: Path, texts: Mapping[str, str], *, overwrite: bool) -> tuple[Path, ...]:
    """Write files by their names, and return their paths.

    All texts are on the disk before the first file gets its name, so that Ctrl-C leaves none in part.

    Raises:
        WritingError: A file is there already and may not be replaced, or the folder cannot be written.
    """
    there = [folder / name for name in texts if (folder / name).exists()]
    if there and not overwrite:
        names = ", ".join(map(shown, there))
        raise WritingError(f"{names}: there already. Name another folder, or say --overwrite.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A name with a dot in front is no manifest to anybody who reads the folder meanwhile.
        with tempfile.TemporaryDirectory(prefix=".crossvault-import-", dir=folder) as room:
            for name, text in texts.items():
                _write(Path(room) / name, text)
            return _named(folder, Path(room), tuple(texts), overwrite=overwrite)
    except OSError as error:
        raise WritingError(f"{shown(folder)}: cannot be written: {plain(error.strerror or str(error))}.") from error


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _named(folder: Path, room: Path, names: tuple[str, ...], *, overwrite: bool) -> tuple[Path, ...]:
    """Give the files their names; those that were new go again when one of them cannot be."""
    made: list[Path] = []
    try:
        for name in names:
            if overwrite:
                (room / name).replace(folder / name)
            else:
                os.link(room / name, folder / name)  # unlike a rename, it refuses what somebody has just put there
                made.append(folder / name)
    except BaseException:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        raise
    return tuple(folder / name for name in names)
