"""What ``crossvault doctor`` does: look at AWS for the files of a folder, or read what the operator saw; then tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..aspects.effects import AwsAccounts
from ..aws import AwsSettings
from ..engine.declared import Desired
from ..engine.observed import Observed
from ..engine.plan import Plan
from ..kinds import ACCOUNT, ORGANIZATION, POLICY
from ..kinds.kind import ObjectKey, Occasion
from ..kinds.policy import summary
from ..kinds.policy.reconcile import judge_policy
from ..kinds.rejected import Rejected
from ..local import Folder, ManifestError
from ..local.files import shown
from ..status.outcome import Cadence
from . import FAILED, accounts, diagnoses, findings, organizations, render, strays, switches, uncut

if TYPE_CHECKING:
    from ..kube.settings import OperatorSettings

THREADS = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be told, and how."""

    check: str | None
    output: str
    verbose: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a cluster to look; an empty namespace is all of them, an empty name every policy there."""

    kubeconfig: Path | None
    context: str | None
    namespace: str
    name: str


def of_files(path: Path, wanted: Wanted, cluster: str) -> int:
    """Look at AWS for the accounts, policies and organizations of a folder, tell, and return the exit code."""
    _require_known(wanted.check)
    try:
        folder = Folder.read(path)
        folder.require(shown(path))
    except ManifestError as error:
        return _in_vain(str(error), [fault.row() for fault in error.faults], wanted)
    seen, left = _looked(folder, cluster)
    return _tell(seen, wanted, left)


def of_cluster(where: Place, wanted: Wanted) -> int:
    """Read the statuses of policies, tell, and return the exit code."""
    _require_known(wanted.check)
    from ..kube import reading  # noqa: PLC0415 - nothing of Kubernetes is needed for files
    from ..kube.settings import OperatorSettings  # noqa: PLC0415

    settings = OperatorSettings(kubeconfig=where.kubeconfig, context=where.context)
    try:
        bodies = asyncio.run(reading.objects_of(POLICY.name, settings, where.namespace, where.name))
    except reading.ApiError as error:
        return _in_vain(str(error), [{"message": str(error)}], wanted)
    if not bodies:
        which = f" {where.name}" if where.name else ""
        inside = f" in namespace {where.namespace}" if where.namespace else ""
        words = f"There is no CrossAccountBackupPolicy{which}{inside}."
        return _in_vain(words, [{"message": words}], wanted)
    beside = [] if where.namespace else _beside(settings)
    return _tell((*beside, *map(diagnoses.read, bodies)), wanted)


def _beside(settings: OperatorSettings) -> list[diagnoses.Seen]:
    """Read what the operator saw of all accounts and organizations."""
    entered = map(accounts.read, _all(ACCOUNT.name, settings))
    return [*filter(None, entered), *map(organizations.read, _all(ORGANIZATION.name, settings))]


def _all(kind: str, settings: OperatorSettings) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of a kind that is not namespaced; who may list policies only is told without them."""
    from ..kube import reading  # noqa: PLC0415 - nothing of Kubernetes is needed for files

    try:
        return asyncio.run(reading.objects_of(kind, settings, ""))
    except reading.ApiError as error:
        click.echo(f"What {kind}s say is not told: {error}", err=True)
        return ()


def _in_vain(words: str, faults: Iterable[Mapping[str, Any]], wanted: Wanted) -> int:
    """Say why nothing could be looked at: a machine gets its document, whatever is wrong."""
    if wanted.output == "table":
        raise click.ClickException(words)
    answer = {**diagnoses.document([], datetime.now(UTC)), "plansLeft": [], "faults": list(faults)}
    render.emit(answer, wanted.output, str)
    return FAILED


def _require_known(check: str | None) -> None:
    known = diagnoses.names()
    if check is not None and check not in known:
        raise click.BadParameter(f"{check!r} is none of {', '.join(known)}.", param_hint="--check")


def _tell(seen: Iterable[diagnoses.Seen], wanted: Wanted, left: Iterable[Mapping[str, Any]] = ()) -> int:
    answer = diagnoses.document(seen, datetime.now(UTC), check=wanted.check)
    answer["plansLeft"] = list(left)

    def text(told: Mapping[str, Any]) -> str:
        whole = findings.text(told, verbose=wanted.verbose, width=render.width())
        return "\n".join((whole, *strays.lines(told["plansLeft"])))

    render.emit(answer, wanted.output, text)
    return diagnoses.exit_code(answer)


# --- Files ---------------------------------------------------------------------------------------------------------


def _looked(folder: Folder, cluster: str) -> tuple[list[diagnoses.Seen], list[dict[str, Any]]]:
    """Look once for every account, organization and policy of a folder; return the plans that they left, too."""
    looked: list[tuple[Desired, Observed]] = []
    aws = AwsAccounts(AwsSettings(version=__version__, cluster=cluster, by_hand=True))
    now, desk = datetime.now(UTC), folder.desk()

    def organization(item: tuple[str, Mapping[str, Any]]) -> diagnoses.Seen:
        name, body = item
        key = ObjectKey(ORGANIZATION.name, "", name)
        planned = desk[ORGANIZATION].request(key, body, Occasion(now)).plan(aws, now)
        if isinstance(planned, Rejected):
            return diagnoses.Seen(f"organization {name}", body, problem=_problem(folder, key, planned), beside=True)
        told = switches.entry(*planned)
        rows = {"prerequisites": told["unmet"]}
        return diagnoses.Seen(f"organization {name}", body, rows, switches.unseen(told), beside=True)

    def policy(item: tuple[Any, Mapping[str, Any]]) -> diagnoses.Seen:
        key, body = item
        judged = judge_policy(desk[POLICY].request(POLICY.key(key), body, Occasion(now)), aws)
        if isinstance(judged, Rejected):
            return diagnoses.Seen(str(key), body, problem=_problem(folder, POLICY.key(key), judged))
        looked.append(judged[:2])
        return _policy(str(key), body, *judged)

    def account(item: tuple[str, Mapping[str, Any]]) -> diagnoses.Seen | None:
        name, body = item
        request = desk[ACCOUNT].request(ObjectKey(ACCOUNT.name, "", name), body, Occasion(now))
        return accounts.looked(request, aws, now)

    pool = ThreadPoolExecutor(THREADS)
    try:
        organizations = list(pool.map(organization, sorted(folder.organizations.items())))
        policies = list(pool.map(policy, sorted(folder.policies.items(), key=lambda item: str(item[0]))))
        # Last, because an account tells what was refused to all others.
        entered = [each for each in pool.map(account, sorted(folder.accounts.items())) if each is not None]
        shared = [accounts.shared(names, folder.accounts[names[0]]) for names in desk[ACCOUNT].shared()]
        left = strays.found(looked) if len(looked) == len(folder.policies) else []
        return entered + shared + organizations + policies, left
    finally:
        # Not "with": after Ctrl-C nobody waits for an AWS that hangs.
        pool.shutdown(wait=False, cancel_futures=True)
        aws.close()


def _policy(name: str, body: Mapping[str, Any], desired: Desired, observed: Observed, found: Plan) -> diagnoses.Seen:
    """Return what is left for people of a policy that acts, and all of one that does not."""
    told = summary.summarise(desired, observed, found, (), previous={}, now=observed.at, cadence=Cadence())
    status, problem = uncut.status(told), observed.problem
    dark = problem is not None and diagnoses.is_dark(status)
    why = {"reason": str(problem.reason), "message": problem.message} if problem is not None and dark else None
    return diagnoses.Seen(name, body, status, why)


def _problem(folder: Folder, key: ObjectKey, rejected: Rejected) -> Mapping[str, str]:
    return {"reason": str(rejected.reason), "message": " ".join(map(str, folder.faults(key, rejected)))}
