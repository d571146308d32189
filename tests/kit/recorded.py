"""What AWS is known to say, with where it was read: from ``tests/recorded``, never from the simulator's own words."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "recorded"


@dataclass(frozen=True, slots=True)
class CopyFailure:
    """A text that a copy job ends with.

    Attributes:
        category: The MessageCategory that it is documented for; empty where the source does not tell.
        form: ``whole`` for a text as it is, ``part`` for what AWS documents as standing somewhere in a text.
        ending: The state of the job: a copy may be COMPLETED and still have something to say.
    """

    name: str
    category: str
    form: str
    ending: str
    text: str
    source: str


@functools.cache
def copy_failures() -> Mapping[str, CopyFailure]:
    """Return every text by its name."""
    with (FOLDER / "copy-failures.tsv").open(encoding="utf-8", newline="") as file:
        rows = [CopyFailure(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return {row.name: row for row in rows}


def said(name: str) -> str:
    """Return the text of a failed copy."""
    return copy_failures()[name].text
