"""Entry point of ``crossvault``, ``kubectl crossvault`` and ``python -m crossvault``."""

from __future__ import annotations

import io
import os
import sys
import traceback

import click

from .cli import FAILED, INTERRUPTED
from .cli import main as group
from .words import texts

_LONGEST = 65536


def main() -> None:
    """Run the command line and leave with its exit code.

    click leaves with 2 on wrong usage; here 2 means that something was found, so wrong usage is 1.
    """
    try:
        code = group.main(prog_name="crossvault", standalone_mode=False)
    except click.ClickException as error:
        told = io.StringIO()
        error.show(told)
        _tell(told.getvalue())
        sys.exit(FAILED)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.stdout.flush()
        # Threads that wait for AWS cannot be ended, and a plain exit would wait for them.
        os._exit(INTERRUPTED)
    except Exception:  # noqa: BLE001 - Python would print it raw, with whatever texts of others it holds
        _tell(traceback.format_exc())
        sys.exit(FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _tell(text: str) -> None:
    """Print an error as a terminal may have it; the words of a wrong command line are those of others too."""
    click.echo(texts.lines(text.rstrip("\n"), _LONGEST), err=True)


if __name__ == "__main__":
    main()
