"""Entry point of ``crossvault``, ``kubectl crossvault`` and ``python -m crossvault``."""

from __future__ import annotations

import os
import sys

import click

from .cli import FAILED, INTERRUPTED
from .cli import main as group


def main() -> None:
    """Run the command line and leave with its exit code.

    click leaves with 2 on wrong usage; here 2 means that something was found, so wrong usage is 1.
    """
    try:
        code = group.main(prog_name="crossvault", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(FAILED)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.stdout.flush()
        # Threads that wait for AWS cannot be ended, and a plain exit would wait for them.
        os._exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
