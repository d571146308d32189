"""``crossvault operator``: the process that the chart runs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from .. import options


@click.command("operator")
@options.cadence
@options.logs("json")
@click.option(
    "--relist-interval",
    type=options.DURATION,
    default="10m",
    show_default=True,
    envvar="CROSSVAULT_RELIST_INTERVAL",
    help="How often the objects in memory are compared with those of the API server.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    envvar="CROSSVAULT_METRICS_PORT",
    help="Port of /metrics; 0 takes a free one and logs it.",
)
@click.option(
    "--probe-port",
    type=click.IntRange(0, 65535),
    default=8081,
    show_default=True,
    envvar="CROSSVAULT_PROBE_PORT",
    help="Port of /healthz and /readyz; 0 takes a free one and logs it.",
)
@click.option(
    "--authorize-scrapers/--no-authorize-scrapers",
    default=False,
    show_default=True,
    envvar="CROSSVAULT_AUTHORIZE_SCRAPERS",
    help="Serve /metrics to those only whose bearer token RBAC lets get it.",
)
@click.option(
    "--host",
    default="0.0.0.0",  # noqa: S104 - probes and scrapes come from outside the pod
    show_default=True,
    envvar="CROSSVAULT_HOST",
    help="Address to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 200),
    default=20,
    show_default=True,
    envvar="CROSSVAULT_WORKERS",
    help="How many objects are worked on at once.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Outside a cluster; without it $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config.",
)
@click.option("--context", help="Context of the kubeconfig.")
@click.option(
    "--namespace",
    envvar="POD_NAMESPACE",
    help="Where the operator runs, and Secrets with External IDs lie; by default the pod's, else crossvault-system.",
)
@click.option(
    "--event-queue-url",
    metavar="URL",
    envvar="CROSSVAULT_EVENT_QUEUE_URL",
    help="SQS queue of AWS Backup's events, which make the operator look sooner; without it nothing but time is lost.",
)
@options.cluster_name(None, "the first 8 characters of the uid of namespace kube-system")
def command(
    *,
    interval: timedelta,
    follow: timedelta,
    audit: timedelta,
    relist_interval: timedelta,
    metrics_port: int,
    probe_port: int,
    authorize_scrapers: bool,
    host: str,
    workers: int,
    kubeconfig: Path | None,
    context: str | None,
    namespace: str | None,
    event_queue_url: str | None,
    cluster: str | None,
    log_level: str,
    log_format: str,
) -> None:
    """Keep every CrossAccountBackupPolicy of a cluster as declared.

    \b
    Examples:
      crossvault operator --kubeconfig ~/.kube/config --log-format text
      crossvault operator --interval 5m --metrics-port 8080 --probe-port 8081

    Ends with 0 on SIGTERM, and with 1 when only a new process can help.
    """
    options.check_aws()
    events = options.event_queue(event_queue_url)
    options.configure_logs(log_format, log_level)
    from ...kube import operator as process
    from ...kube.secrets import own_namespace
    from ...kube.settings import OperatorSettings
    from ...status.outcome import Cadence
    from .. import operator

    settings = OperatorSettings(
        namespace=namespace or own_namespace() or "crossvault-system",
        kubeconfig=kubeconfig,
        context=context,
        host=host,
        metrics_port=metrics_port,
        probe_port=probe_port,
        authorize_scrapers=authorize_scrapers,
        cadence=Cadence(interval, follow),
        workers=workers,
        relist_interval=relist_interval,
        cluster=cluster,
    )
    process.main(operator.run(settings, audit, events))
