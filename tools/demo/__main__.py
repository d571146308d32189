"""``python -m tools.demo``: play the demo, in a cluster or without one."""

from __future__ import annotations

import signal
import sys

import click

from . import stage


@click.command()
@click.option("--mode", type=click.Choice(["cluster", "local"]), default="cluster", envvar="MODE", show_default=True)
@click.option("--keep", envvar="KEEP", is_flag=True, help="Leave everything running until Ctrl-C.")
def main(mode: str, keep: bool) -> None:
    """Bring every recovery point of one simulated AWS account into another account's vault."""
    from . import cluster, local  # noqa: PLC0415 - after click has answered --help

    # A closed terminal and a kill stop everything too, and so does Ctrl-C where a script's shell has it ignored.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.default_int_handler)
    try:
        (cluster if mode == "cluster" else local).run(keep=keep)
    except stage.DemoError as error:
        click.secho(f"The demo failed: {error}", fg="red", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("\nStopping everything.")
        sys.exit(0 if keep else 130)
    click.secho("\nDone. Everything is stopped.", fg="green")


if __name__ == "__main__":
    main()
