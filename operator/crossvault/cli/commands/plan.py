"""``crossvault plan``: a pass up to the plan, for every policy of a folder."""

from __future__ import annotations

from pathlib import Path

import click

from .. import options


@click.command("plan")
@options.manifests
@click.option("-v", "--verbose", is_flag=True, help="Say of all that starts why it has no copy for certain.")
@options.output
@options.cluster_name("local", "local")
@click.pass_context
def command(ctx: click.Context, *, path: Path, verbose: bool, output: str, cluster: str) -> None:
    """Show what would be done for the policies of a folder, and do nothing.

    \b
    Examples:
      crossvault plan -f policies/
      crossvault plan -f policies/ -o json | jq .summary

    Exit codes: 0 no changes, 2 something to do or unmet, 1 could not look.
    """
    options.check_aws()
    options.configure_logs("text", "error")
    from .. import plan

    ctx.exit(plan.show(path, output, cluster, verbose=verbose))
