"""Options that several commands share."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..manifest.fields import parse_duration

if TYPE_CHECKING:
    from ..aws.queue import QueuePlace

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[timedelta]):
    """A length of time as in manifests: ``90s``, ``5m``, ``1h30m``, ``2d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:  # noqa: ANN401
        """Return the length of time, or fail with what is expected."""
        if isinstance(value, timedelta):
            return value
        length = parse_duration(value)
        if length is None or length <= timedelta(0):
            self.fail(f"{value!r} is no length of time such as 90s, 5m, 1h30m or 2d", param, ctx)
        return length


DURATION = Duration()


def filename(told: str, *, required: bool = False) -> Callable[[F], F]:
    """Add ``-f``: a folder or file with manifests, and what they are for."""
    path = click.Path(path_type=Path)
    return click.option("-f", "--filename", "path", required=required, type=path, metavar="DIR", help=told)


manifests = filename("Folder or file with BackupAccounts and CrossAccountBackupPolicies.", required=True)
"""Add ``-f`` to a command that is nothing without it."""


def printed(*forms: str, told: str = "How to print.") -> Callable[[F], F]:
    """Add ``-o``: how to print, in the first of these forms unless told."""
    kinds = click.Choice(forms)
    return click.option("-o", "--output", type=kinds, default=forms[0], show_default=True, help=told)


output = printed("table", "json", "yaml")
"""Add ``-o`` to a command that prints a document."""


CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,23}")
"""What a cluster may be called: room is left in the name of a session (``aws/names.py``) for account and namespace."""


class ClusterName(click.ParamType[str]):
    """A name that has room in the name of a session."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """Return the name, or fail with what is expected."""
        if not CLUSTER.fullmatch(value):
            self.fail(f"{value!r} is not 1 to 24 letters, digits and characters of _ . -", param, ctx)
        return str(value)


def cluster_name(default: str | None, told: str) -> Callable[[F], F]:
    """Add what the operator is called in CloudTrail."""
    return click.option(
        "--cluster-name",
        "cluster",
        type=ClusterName(),
        default=default,
        show_default=told,
        envvar="CROSSVAULT_CLUSTER_NAME",
        help="What tells this one from others in CloudTrail: sessions are named crossvault@NAME@ACCOUNT.",
    )


def check_aws() -> None:
    """End with an error where credentials would travel in the clear, or to no Region."""
    from ..aws import endpoints

    fault = endpoints.fault(None)
    if fault:
        raise click.ClickException(fault)


def event_queue(url: str | None) -> QueuePlace | None:
    """Return where events are queued, or end with an error that says what is wrong with the URL."""
    if not url:
        return None
    from ..aws import queue

    own = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    fault = queue.fault(url, own)
    if fault:
        raise click.BadParameter(fault, param_hint="--event-queue-url")
    return queue.place_of(url)


def cadence(function: F) -> F:
    """Add the intervals of looking."""
    function = click.option(
        "--follow-interval",
        "follow",
        type=DURATION,
        default="30s",
        show_default=True,
        envvar="CROSSVAULT_FOLLOW_INTERVAL",
        help="How often to look while copies run or something is amiss.",
    )(function)
    function = click.option(
        "--audit-interval",
        "audit",
        type=DURATION,
        default="6h",
        show_default=True,
        envvar="CROSSVAULT_AUDIT_INTERVAL",
        help="How often to list vaults in whole, which finds what no look at changes can see.",
    )(function)
    return click.option(
        "--interval",
        type=DURATION,
        default="5m",
        show_default=True,
        envvar="CROSSVAULT_INTERVAL",
        help="How often to look in steady state.",
    )(function)


def logs(default_format: str) -> Callable[[F], F]:
    """Add log level and format."""

    def add(function: F) -> F:
        function = click.option(
            "--log-format",
            type=click.Choice(["json", "text"]),
            default=default_format,
            show_default=True,
            envvar="CROSSVAULT_LOG_FORMAT",
            help="Format of the log on stderr.",
        )(function)
        return click.option(
            "--log-level",
            type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
            default="info",
            show_default=True,
            envvar="CROSSVAULT_LOG_LEVEL",
            help="Least severity that is logged.",
        )(function)

    return add


def configure_logs(log_format: str, level: str) -> None:
    """Log to stderr as the options say."""
    from ..work import logs

    logs.configure(log_format, level=logging.getLevelName(level.upper()))
