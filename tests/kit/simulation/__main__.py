"""``python -m tests.kit.simulation``: replay a seed with what happened in it, or run many."""

from __future__ import annotations

import sys
import time

import click

from .run import run


@click.command()
@click.option("--seed", type=int, default=0, show_default=True, help="The seed, or the first of many.")
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="How many seeds.")
@click.option("--steps", is_flag=True, help="Print every step and call.")
def main(seed: int, seeds: int, *, steps: bool) -> None:
    """Run seeds; exit with 2 when something is violated."""
    began, violated, passes, calls = time.process_time(), 0, 0, 0
    for number in range(seed, seed + seeds):
        verdict = run(number)
        passes, calls = passes + verdict.passes, calls + verdict.calls
        for line in verdict.trace if steps else verdict.told:
            click.echo(line)
        violated += bool(verdict.violations)
    click.echo(f"{seeds} seeds, {passes} passes, {calls} calls, {violated} violated")
    click.echo(f"{time.process_time() - began:.1f} s of CPU", err=True)
    sys.exit(2 if violated else 0)


if __name__ == "__main__":
    main()
