"""What ``crossvault plan`` does: a pass up to the plan, for every policy and organization of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from .. import __version__
from ..aspects.effects import AwsAccounts
from ..aws import AwsSettings, CallCounts
from ..engine.declared import Desired, PolicyKey
from ..engine.observed import Observed
from ..kinds import ACCOUNT, ORGANIZATION, POLICY
from ..kinds.kind import ObjectKey, Occasion
from ..kinds.policy.reconcile import plan_policy
from ..kinds.rejected import Rejected
from ..local import Folder, ManifestError
from ..local.files import shown
from . import FAILED, FOUND, NOTHING, plans, render, strays, switches, verdicts, ways

READING = ("Describe", "Get", "List", "Lookup", "Simulate", "AssumeRole")
THREADS = 8


def show(path: Path, output: str, cluster: str, *, verbose: bool = False) -> int:
    """Print what would be done for the policies of a folder, and return the exit code."""
    try:
        folder = Folder.read(path)
        folder.require(shown(path))
    except ManifestError as error:
        if output == "table":
            raise click.ClickException(str(error)) from error
        render.emit(unusable(error), output, plans.text)
        return FAILED
    answer = make(folder, cluster)
    render.emit(answer, output, lambda each: plans.text(each, verbose=verbose))
    return exit_code(answer)


def unusable(error: ManifestError) -> dict[str, Any]:
    """Return the answer for manifests that cannot be planned: a machine gets its document, whatever is wrong."""
    return {**plans.document([], reads=0, writes=0), "faults": [fault.row() for fault in error.faults]}


def make(folder: Folder, cluster: str = "local") -> dict[str, Any]:
    """Plan every policy and every organization of a folder."""
    calls = CallCounts()
    aws = AwsAccounts(AwsSettings(version=__version__, cluster=cluster, by_hand=True), recorder=calls)
    now = datetime.now(UTC)
    desk = folder.desk()

    looked: list[tuple[Desired, Observed]] = []

    def one(item: tuple[PolicyKey, Mapping[str, Any]]) -> dict[str, Any]:
        key, body = item
        request = desk[POLICY].request(POLICY.key(key), body, Occasion(now))
        planned = plan_policy(request, aws)
        if isinstance(planned, Rejected):
            return plans.rejected(key, folder.placed(POLICY.key(key), planned))
        looked.append(planned[:2])
        return plans.entry(*planned, around=request.around())

    def switch(item: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
        name, body = item
        key = ObjectKey(ORGANIZATION.name, "", name)
        planned = desk[ORGANIZATION].request(key, body, Occasion(now)).plan(aws, now)
        if isinstance(planned, Rejected):
            return switches.rejected(name, folder.placed(key, planned))
        return switches.entry(*planned)

    pool = ThreadPoolExecutor(THREADS)
    try:
        organizations = list(pool.map(switch, sorted(folder.organizations.items())))
        entries = list(pool.map(one, sorted(folder.policies.items(), key=lambda item: str(item[0]))))
    finally:
        # Not "with": after Ctrl-C nobody waits for an AWS that hangs.
        pool.shutdown(wait=False, cancel_futures=True)
        aws.close()
    made = calls.requests()
    reads = sum(count for (_, _, operation, _), count in made.items() if operation.startswith(READING))
    # Of a policy that cannot be read it is not known which plan it means.
    left = strays.found(looked) if len(looked) == len(entries) else []
    writes = sum(made.values()) - reads
    shared = ways.shared(desk[ACCOUNT])
    return plans.document(
        entries, reads=reads, writes=writes, organizations=organizations, left=left, roles_shared=shared
    )


def exit_code(answer: Mapping[str, Any]) -> int:
    """Return 1 when something was not looked at, 2 when something was found, 0 otherwise."""
    summary = answer["summary"]
    if summary["notLookedAt"]:
        return FAILED
    return FOUND if any(summary[each] for each in verdicts.FOUND_IN) else NOTHING
