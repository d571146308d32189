"""``crossvault run``: the engine over the manifests of a folder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from .. import options


@click.command("run")
@options.manifests
@options.cadence
@options.logs("text")
@options.output
@options.cluster_name("local", "local")
@click.option("--once", is_flag=True, help="Do one pass over every policy, then end.")
@click.option("--until-protected", is_flag=True, help="End when every recovery point in scope has its copy.")
@click.option("--timeout", type=options.DURATION, help="End after this long, protected or not; without it, wait on.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    path: Path,
    interval: timedelta,
    follow: timedelta,
    audit: timedelta,
    log_level: str,
    log_format: str,
    output: str,
    cluster: str,
    once: bool,
    until_protected: bool,
    timeout: timedelta | None,
) -> None:
    """Keep the policies of a folder as declared, without a cluster.

    Changed files are taken over while it runs. A file that is removed removes nothing in AWS.

    \b
    Examples:
      crossvault run -f policies/ --once
      crossvault run -f policies/ --once -o json | jq .summary
      crossvault run -f policies/ --until-protected --timeout 2h

    Exit codes of --once, --until-protected and --timeout: 0 all protected, 2 something is not, 1 could not look.
    Without them the run goes on until SIGTERM (0) or Ctrl-C (130, always). Either waits for AWS's answer to what is
    being written; a second one waits for nothing, with the same code (a goal that SIGTERM cuts off so is 1).
    """
    if once and (until_protected or timeout is not None):
        raise click.ClickException(
            "--once ends after one pass, so it goes with neither --until-protected nor --timeout."
        )
    options.check_aws()
    options.configure_logs(log_format, log_level)
    from ... import __version__
    from ...aws import AwsSettings
    from ...local import LocalSettings
    from ...status.outcome import Cadence
    from .. import run

    cadence = Cadence(interval, follow)
    settings = LocalSettings(cadence=cadence, once=once, until_protected=until_protected, timeout=timeout)
    reaching = AwsSettings(version=__version__, cluster=cluster, audit=audit, settled=cadence.settled, by_hand=True)
    # What one pass leaves wrong is printed at its end; whoever collects logs, or reads a document, has it there, too.
    logged = not once or output != "table" or log_format != "text"
    ctx.exit(run.keep(path, settings, output, reaching, logged=logged))
