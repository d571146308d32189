"""What ``crossvault run`` does: the engine over the manifests of a folder."""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ..aspects.effects import AwsAccounts
from ..aws import AwsSettings
from ..engine.declared import PolicyKey
from ..kinds.kind import ObjectKey
from ..kinds.rejected import Rejected
from ..local import LocalRunner, LocalSettings, ManifestError
from ..local.runner import is_ready, protected
from ..status.outcome import Outcome
from ..work import interpreter, logs
from ..work.board import Board
from ..work.vitals import Vitals
from . import FAILED, FOUND, INTERRUPTED, NOTHING, never, organizations, render, statuses, uncut

_logger = logging.getLogger("crossvault.run")


def keep(path: Path, settings: LocalSettings, output: str, reaching: AwsSettings, *, logged: bool = True) -> int:
    """Keep the policies of a folder as declared until the goal of the settings, and return the exit code.

    How things stand is ``logged``, beside what is done, unless one who reads both has it printed at the end.
    """
    try:
        return asyncio.run(run(path, settings, output, reaching, logged=logged))
    except ManifestError as error:
        if output == "table":
            raise click.ClickException(str(error)) from error
        render.emit(statuses.unusable(error.faults, datetime.now(UTC)), output, statuses.text)
        return FAILED


async def run(path: Path, settings: LocalSettings, output: str, reaching: AwsSettings, *, logged: bool) -> int:
    """Run until the goal of the settings or a signal, then print the policies and what is wrong with them."""
    interpreter.settle()
    board, vitals = Board(), Vitals()
    aws = AwsAccounts(reaching)
    tell = functools.partial(_tell, at_end=not logged)
    runner = LocalRunner(path, aws, settings=settings, board=board, vitals=vitals, on_outcome=tell, on_wait=_waits)
    signals: list[signal.Signals] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, runner, settings, signals, number)
    try:
        await runner.run()
        bodies = {key: _whole(body, runner.outcomes.get(key)) for key, body in runner.statuses().items()}
        bodies |= {} if signals else await asyncio.to_thread(_by_type, runner, bodies)
    finally:
        aws.close()
    looked = {key: _looked(outcome) for key, outcome in runner.outcomes.items()}
    switches = [body for body, _ in runner.organizations().values()]
    faults = {key: list(map(str, each)) for key, each in runner.rejected().items()}
    render.emit(statuses.document(bodies, looked, datetime.now(UTC), switches, faults), output, statuses.text)
    if signals:
        click.echo("Stopped. Copies that AWS has accepted go on there.", err=True)
    return exit_code(runner, settings, signals)


def _waits() -> None:
    words = "Waiting for AWS's answer to what it was asked to do. Ctrl-C or SIGTERM once more ends this at once."
    click.echo(words, err=True)


def _stop(runner: LocalRunner, settings: LocalSettings, signals: list[signal.Signals], number: signal.Signals) -> None:
    """End after the writes that are under way; who asks a second time does not want to wait for them."""
    signals.append(number)
    if len(signals) > 1:
        click.echo("Stopped at once. What AWS was just asked for may have been done.", err=True)
        os._exit(INTERRUPTED if signal.SIGINT in signals else FAILED if _has_goal(settings) else NOTHING)
    runner.stop()


def _has_goal(settings: LocalSettings) -> bool:
    return settings.once or settings.until_protected or settings.timeout is not None


def exit_code(runner: LocalRunner, settings: LocalSettings, signals: Sequence[signal.Signals] = ()) -> int:
    """Return 0 when all is protected, 1 when something was not looked at, 2 otherwise.

    A run without a goal has reached what it was for when it is asked to end; Ctrl-C is 130 whatever was reached.
    """
    if signals:
        if signals[0] is signal.SIGINT:
            return INTERRUPTED
        if not _has_goal(settings):
            return NOTHING
    outcomes = [runner.outcomes.get(key) for key in runner.statuses()]
    switches = [outcome for _, outcome in runner.organizations().values()]
    if not outcomes and not switches:
        return FAILED  # the files declare nothing any more
    good = all(outcome is not None and protected(outcome) for outcome in outcomes)
    if good and all(outcome is not None and is_ready(outcome) for outcome in switches):
        return NOTHING
    looked = all(outcome is not None and _looked(outcome) for outcome in outcomes)
    return FOUND if looked and all(map(_is_entered, switches)) else FAILED


def _looked(outcome: Outcome) -> bool:
    """Tell whether the last pass saw all it had to: a manifest that cannot be used leaves nothing to look at."""
    seen = outcome.report.destinations if outcome.report is not None else ()
    return bool(seen) and all(each.looked for each in seen) and not is_ready(outcome, "Unknown")


def _is_entered(outcome: Outcome | None) -> bool:
    """Tell whether an organization was seen: its account, switch and members."""
    conditions = outcome.report.conditions if outcome is not None and outcome.report is not None else ()
    ready = next(((status, reason) for kind, status, reason in conditions if kind == "Ready"), ("Unknown", ""))
    return ready[0] != "Unknown" and ready[1] not in organizations.NOT_ENTERED


def _whole(body: Mapping[str, Any], outcome: Outcome | None) -> Mapping[str, Any]:
    """Return an object whose status is not cut to what a cluster has room for."""
    return body if outcome is None or outcome.status is None else {**body, "status": uncut.status(outcome)}


def _by_type(runner: LocalRunner, bodies: Mapping[PolicyKey, Mapping[str, Any]]) -> dict[PolicyKey, Mapping[str, Any]]:
    """Return the objects whose status counts what is never copied, with its resource types."""
    told: dict[PolicyKey, Mapping[str, Any]] = {}
    for key, body in bodies.items():
        status = body.get("status") or {}
        found = runner.judged(key) if never.has_some(status) else None
        if found is not None and not isinstance(found, Rejected):
            told[key] = {**body, "status": never.told(status, *found[1:])}
    return told


def _tell(key: ObjectKey, outcome: Outcome, *, at_end: bool) -> None:
    """Log what a pass did and found, but for how things stand where that is printed ``at_end``."""
    stands = {each["message"] for each in (outcome.status or {}).get("conditions", ())} if at_end else set[str]()
    with logs.about(namespace=key.namespace, name=key.name):
        for event in outcome.events:
            if event.message in stands:
                continue
            level = logging.WARNING if event.type == "Warning" else logging.INFO
            _logger.log(level, "%s", event.message, extra={"reason": str(event.reason)})
        told = [event.message.rstrip(".") for event in outcome.events]
        for line in () if at_end else outcome.warnings:
            if not any(message in line for message in told):
                _logger.warning("%s", line)
