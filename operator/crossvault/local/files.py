"""Which files of a folder are manifests, and their texts: nothing that is not a plain file of sensible size is opened.

Names that begin with a dot are left out: editors keep their locks under such names, and a mounted ConfigMap its real
folders, to which the visible names are links.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from ..words.texts import plain, shortened

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
LARGEST_FILE = 8 * 2**20
MOST_FILES = 10_000

_HALVES = re.compile(r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})")

Stamp: TypeAlias = tuple[int, ...]
Stamps: TypeAlias = Mapping[Path, Stamp | str]


@dataclass(frozen=True, slots=True)
class FileFault:
    """Why a file, or the folder itself, cannot be read; ``line`` is 0 where it does not matter."""

    file: Path
    message: str
    line: int = 0


def manifests(path: Path) -> tuple[list[Path], list[FileFault]]:
    """Return the manifests below ``path`` in the order of their names, and what keeps others from being read.

    Links to folders are followed; one that leads back into itself is passed over, as all below it is seen already.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return [], [FileFault(path, "no such file or folder")]
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        return [], [FileFault(path, _why(error))]
    if not stat.S_ISDIR(mode):
        return [path], []
    faults: list[FileFault] = []
    found: list[Path] = []
    for file in _walk(path, faults):
        found.append(file)
        if len(found) > MOST_FILES:
            return [], [FileFault(path, f"holds more than {MOST_FILES:,} manifests; name a folder further down")]
    if not found and not faults:
        faults.append(FileFault(path, "no manifest (*.yaml, *.yml, *.json)"))
    return sorted(found), faults


def text_of(file: Path) -> str | FileFault:
    """Return the text of a manifest, or why there is none."""
    try:
        # Without O_NONBLOCK the opening of a FIFO would wait for somebody who writes into it.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return FileFault(file, _NO_FILE)
            content = opened.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        return FileFault(file, _why(error))
    if len(content) > LARGEST_FILE:
        return FileFault(file, f"is larger than {LARGEST_FILE // 2**20} MiB; split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return FileFault(
            file, f"is not UTF-8: {_odd_byte(content, error.start)}", content.count(b"\n", 0, error.start) + 1
        )
    return _as_yaml(text) if file.suffix == ".json" else text


def _as_yaml(text: str) -> str:
    """Write JSON as YAML understands it: without tabs, which JSON has between values only, and half characters."""
    return _HALVES.sub(lambda found: found[1] + json.loads(f'"{found[2]}"'), text.replace("\t", " "))


def stamps(path: Path) -> Stamps:
    """Return what tells that a manifest has changed, appeared or gone: for every file its identity, times and size."""
    found, faults = manifests(path)
    return {**{fault.file: fault.message for fault in faults}, **{file: _stamp(file) for file in found}}


def shown(file: Path) -> str:
    """Return the name of a file as it may be printed."""
    return plain(shortened(str(file), 400))


_NO_FILE = "is neither a file nor a folder"


def _walk(path: Path, faults: list[FileFault]) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()

    def note(error: OSError) -> None:
        faults.append(FileFault(Path(error.filename or path), _why(error)))

    for place, folders, names in os.walk(path, followlinks=True, onerror=note):
        here = Path(place)
        try:
            found = here.stat()
        except OSError as error:  # it has gone since it was found
            note(error)
            continue
        identity = (found.st_dev, found.st_ino)
        if identity in seen:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (here / name for name in names if not name.startswith(".") and Path(name).suffix in SUFFIXES)


def _stamp(file: Path) -> Stamp | str:
    try:
        found = file.stat()
    except (OSError, ValueError) as error:
        return _why(error)
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _why(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "is a link to nothing, or has just gone"
        case PermissionError():
            return "may not be read: permission denied"
        case OSError(strerror=str(text)):
            return f"cannot be read: {text[:1].lower()}{text[1:]}"
        case _:
            return f"cannot be read: {plain(str(error))}"


def _odd_byte(content: bytes, at: int) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "it begins like UTF-16; save it as UTF-8"
    return f"byte 0x{content[at]:02x} is none of it; save it as UTF-8"


__all__ = ["FileFault", "Stamps", "manifests", "shown", "stamps", "text_of"]
