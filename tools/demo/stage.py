"""What the demo says, and how it waits: on conditions, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

T = TypeVar("T")


class DemoError(Exception):
    """The demo did not get where it should; the message says where it stood."""


def title(number: int, text: str) -> None:
    """Announce a step."""
    click.echo()
    click.secho(f"{number}. {text}", bold=True)


def say(text: str) -> None:
    """Print lines, indented below their step."""
    for line in text.rstrip().splitlines():
        click.echo(f"   {line}")


def command(words: Sequence[str]) -> None:
    """Show the command whose output follows."""
    click.secho(f"   $ {' '.join(words)}", dim=True)


def wait(what: str, probe: Callable[[], T | None], *, timeout: float, interval: float = 0.25) -> T:
    """Ask until there is an answer.

    Raises:
        DemoError: There was none in ``timeout`` seconds.
    """
    end = time.monotonic() + timeout
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() > end:
            raise DemoError(f"{what}: not within {timeout:.0f} s")
        time.sleep(interval)
