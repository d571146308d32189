"""Printing: every text is rendered from the document that ``-o json`` prints, so JSON never lacks what text shows."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import click
import yaml

from ..words.texts import plain_json, shown

API_VERSION = "cli.crossvault.io/v1"

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def emit(document: Mapping[str, Any], output: str, text: Callable[[Mapping[str, Any]], str]) -> None:
    """Print a document to stdout in the wanted form.

    Names and policies of others are in it: what a terminal would obey is written as its code in every form, which in
    JSON and YAML means the same.
    """
    if output == "json":
        click.echo("\n".join(map(plain_json, json.dumps(document, indent=2, ensure_ascii=False).split("\n"))))
    elif output == "yaml":
        plainly = json.loads(json.dumps(document))  # enumerations are texts to JSON, and unknown to YAML
        written = yaml.safe_dump(plainly, sort_keys=False, allow_unicode=True)
        if not written.replace("\n", "").isprintable():
            written = yaml.safe_dump(plainly, sort_keys=False)
        click.echo(written, nl=False)
    else:
        click.echo(text(shown(document)), color=False if colourless() else None)


def colourless() -> bool:
    """Tell whether colour is unwanted even on a terminal (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def width() -> int | None:
    """Return how wide the terminal is; None where there is none, and lines are as long as what they say."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def wrapped(text: str, width: int | None, first: str = "", others: str = "") -> list[str]:
    """Return a text in lines that fit, behind what the first line and the others begin with; no word is broken."""
    if width is None:
        return [f"{first}{text}"]
    room = max(width - max(len(click.unstyle(first)), len(others)), 20)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"{others if number else first}{line}" for number, line in enumerate(lines)]


def size(count: int) -> str:
    """Write a number of bytes in IEC units: ``812 GiB``, ``1.1 TiB``."""
    value, power = float(count), 0
    while value >= 1000 and power < len(_UNITS) - 1:
        value, power = value / 1024, power + 1
    return f"{value:.0f} {_UNITS[power]}" if value >= 10 or power == 0 else f"{value:.1f} {_UNITS[power]}"
