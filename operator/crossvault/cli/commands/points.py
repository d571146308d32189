"""``crossvault points``: how each recovery point stands towards each destination, one by one."""

from __future__ import annotations

from pathlib import Path

import click

from .. import options

STATES = ("copied", "in_progress", "waiting", "missing", "failed", "ineligible", "out_of_scope", "not_looked_at")


class _Point(click.ParamType[str]):
    """An ARN, or what stands at its end."""

    name = "ARN|ID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it, or fail."""
        if not value.strip(":/") or value != value.strip():
            self.fail(f"{value!r} is neither an ARN nor an id", param, ctx)
        return value


class _Arn(click.ParamType[str]):
    """An ARN."""

    name = "ARN"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the ARN, or fail."""
        if not value.startswith("arn:"):
            self.fail(f"{value!r} is no ARN", param, ctx)
        return value


def _policies(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a policy of the folder that is named already."""
    from ...local import Folder, ManifestError

    path = ctx.params.get("path")
    try:
        names = [str(each) for each in Folder.read(path).policies] if path is not None else []
    except ManifestError:
        return []
    return [each for each in sorted(names) if each.startswith(incomplete)]


@click.command("points")
@click.argument("policy", required=False, shell_complete=_policies)
@options.manifests
@click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    help="Only those of this state. May be repeated. Without it, all that are in scope.",
)
@click.option(
    "--recovery-point",
    "point",
    type=_Point(),
    help="Only this one, or that of which this is the copy, in full. The id at the end of the ARN is enough.",
)
@click.option("--resource", type=_Arn(), help="Only those of this resource.")
@options.printed("table", "wide", "json", "csv", told="How to print; a table has the columns that fit, wide all.")
@options.cluster_name("local", "local")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    policy: str | None,
    path: Path,
    states: tuple[str, ...],
    point: str | None,
    resource: str | None,
    output: str,
    cluster: str,
) -> None:
    """Tell of each recovery point whether it is copied, and if not, what it waits for.

    \b
    Examples:
      crossvault points -f policies/
      crossvault points -f policies/ shop/orders --state failed --state waiting
      crossvault points -f policies/ --recovery-point snap-0123456789abcdef0
      crossvault points -f policies/ -o csv > points.csv

    A line for each recovery point and destination, policy by policy, the newest first. Nothing is written.

    Exit codes: 0 none of them lacks its copy, 2 one does or a policy has none that AWS can copy, 1 could not look.
    """
    options.check_aws()
    options.configure_logs("text", "error")
    from .. import points

    wanted = points.Wanted(policy, frozenset(states), point, resource)
    ctx.exit(points.show(path, wanted, output, cluster))
