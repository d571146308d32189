"""What ``crossvault import`` does: looks at accounts, and prints or writes the manifests of what they do already."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
import yaml

from .. import __version__
from ..aspects.effects import AwsAccounts
from ..aspects.stock import Stock
from ..aspects.vault.seen import Vault
from ..aws import AwsSettings
from ..engine.declared import Account
from ..engine.looks import Look, Unseen
from ..kinds.account.parse import AccountDeclaration, parse_account
from ..kinds.policy import imported
from ..kinds.policy.imported import API_VERSION as MANIFESTS
from ..kinds.policy.imported import Asked, Imported, Remark, Weight
from ..kinds.rejected import Rejected
from ..local import Folder, ManifestError
from ..local.writing import WritingError, write
from ..manifest import schema
from ..words.texts import plain, plural, shown
from . import FAILED, FOUND, NOTHING, render
from .render import API_VERSION

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed.

    Attributes:
        path: Where BackupAccounts are declared; None for nowhere.
        accounts: Name, id and role of the others.
        external_ids: Their External IDs by name.
        sources: The accounts whose plans are looked for; empty for all.
        regions: Where to look; empty for where the BackupAccounts say.
        namespace: Of the policies.
    """

    path: Path | None
    accounts: tuple[tuple[str, ...], ...]
    external_ids: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    regions: tuple[str, ...]
    namespace: str


@dataclass(frozen=True, slots=True)
class Goal:
    """Where manifests are written; None for stdout."""

    folder: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Blind:
    """Where could not be looked, and why."""

    account: str
    region: str
    message: str


def show(given: Given, output: str, goal: Goal, cluster: str) -> int:
    """Print or write the manifests, and return the exit code."""
    try:
        asked = asked_for(given, datetime.now(UTC))
        places = places_of(given, asked)
    except ManifestError as error:
        if output == "manifests":
            raise click.ClickException(str(error)) from error
        faults = [fault.row() for fault in error.faults]
        render.emit({**document(Imported((), (), ())), "faults": faults}, output, str)
        return FAILED
    aws = AwsAccounts(AwsSettings(version=__version__, cluster=cluster, by_hand=True))
    try:
        found, blind = look(asked, places, aws)
    finally:
        aws.close()
    if blind:
        # Who has not seen every plan does not know what else fills a vault: half a picture makes no manifests.
        found = Imported((), (), ())
    found = replace(found, remarks=(*found.remarks, *passed_over(given, asked)))
    try:
        files = write(goal.folder, files_of(found), overwrite=goal.overwrite) if goal.folder and not blind else ()
    except WritingError as error:
        raise click.ClickException(str(error)) from error
    _print(document(found, blind, files), output, goal)
    if blind:
        return FAILED
    return FOUND if any(each.weight is not Weight.NOTE for each in found.remarks) else NOTHING


# --- What is asked for ---------------------------------------------------------------------------------------------


def asked_for(given: Given, now: datetime) -> Asked:
    """Return what manifests are wanted of.

    Raises:
        ManifestError: The folder cannot be used.
    """
    folder = Folder.read(given.path) if given.path is not None else Folder()
    ids = dict(given.external_ids)
    accounts: dict[str, AccountDeclaration] = {}
    for name, body in folder.accounts.items():
        accounts[name] = _declared(body)
    for name, account_id, role in given.accounts:
        if name in accounts:
            _refuse("--account", f"there are two accounts named {name}")
        accounts[name] = _declared(_body(name, account_id, role, ids.pop(name, "")))
    if ids:
        _refuse("--external-id", f"no --account is named {', '.join(sorted(ids))}")
    if not accounts:
        raise click.UsageError("There is no BackupAccount. Name accounts: --account NAME=ACCOUNT_ID:ROLE_ARN.")
    made = frozenset(each[0] for each in given.accounts)
    return Asked(accounts, made, given.namespace, now, tuple(folder.policies.values()))


def _refuse(option: str, message: str) -> NoReturn:
    raise click.BadParameter(f"{message}.", param_hint=option)


def _body(name: str, account_id: str, role: str, external_id: str) -> Json:
    spec = {"accountId": account_id, "roleArn": role, "externalId": external_id}
    told = {key: value for key, value in spec.items() if value}
    return {"apiVersion": MANIFESTS, "kind": "BackupAccount", "metadata": {"name": name}, "spec": told}


def _declared(body: Mapping[str, Any]) -> AccountDeclaration:
    checked = schema.check(body)
    parsed = parse_account(checked.body)
    faults = parsed.faults if isinstance(parsed, Rejected) else checked.faults
    if faults:
        raise click.UsageError("\n".join(f"{body['metadata']['name']}: {each}" for each in faults))
    if isinstance(parsed, Rejected):
        raise TypeError(parsed)  # it has faults
    return parsed


def places_of(given: Given, asked: Asked) -> tuple[tuple[Account, str], ...]:
    """Return where to look for plans: each AWS account once, whatever the number of its names."""
    found: dict[tuple[str, str], tuple[Account, str]] = {}
    nowhere: list[str] = []
    unknown = sorted({*given.sources} - {*asked.accounts})
    if unknown:
        _refuse("--source", f"there is no account {', '.join(unknown)}; there are {', '.join(sorted(asked.accounts))}")
    for name, each in sorted(asked.accounts.items()):
        if given.sources and name not in given.sources:
            continue
        account = each.account
        allowed = account.regions
        regions = [one for one in given.regions if not allowed or one in allowed] if given.regions else allowed
        nowhere += [] if regions or given.regions else [name]
        for region in regions:
            found.setdefault((account.account_id, region), (account, region))
    if nowhere:
        raise click.UsageError(f"Say where to look, with --region REGION: {', '.join(nowhere)} lists no Regions.")
    if not found:
        raise click.UsageError(f"No BackupAccount may be used in {', '.join(given.regions)}, by its regions.")
    return tuple(found.values())


def passed_over(given: Given, asked: Asked) -> tuple[Remark, ...]:
    """Tell where nobody looks because a BackupAccount lists other Regions."""
    return tuple(
        Remark(Weight.NOTE, name, region, "the account", "It is not looked at here: its regions are others.")
        for name, each in sorted(asked.accounts.items())
        if not given.sources or name in given.sources
        for region in given.regions
        if each.account.regions and region not in each.account.regions
    )


# --- Looking -------------------------------------------------------------------------------------------------------


def look(asked: Asked, places: Iterable[tuple[Account, str]], aws: AwsAccounts) -> tuple[Imported, tuple[Blind, ...]]:
    """Look at all places, then at the vaults that is copied into from there."""
    stocks: list[Stock] = []
    blind: list[Blind] = []
    for account, region in places:
        _progress(f"Looking at account {account.name} in {region}")
        seen: Look[Stock] = aws.take_stock(account, region)
        if isinstance(seen, Unseen):
            blind.append(Blind(account.name, region, seen.problem.message))
        else:
            stocks.append(seen.value)
    vaults: dict[tuple[str, str], Mapping[str, Vault]] = {}
    for account, region in imported.targets(asked, stocks):
        there = aws.vaults(account, region)
        if isinstance(there, Unseen):
            blind.append(Blind(account.name, region, there.problem.message))
        else:
            vaults[account.name, region] = there.value
    return imported.imported(asked, stocks, vaults), tuple(blind)


def _progress(text: str) -> None:
    """Say what is going on to a person: many plans at five requests a second take minutes."""
    if sys.stderr.isatty():
        click.echo(f"{text} …", err=True)


# --- Telling -------------------------------------------------------------------------------------------------------


def document(found: Imported, blind: Iterable[Blind] = (), files: Iterable[Path] = ()) -> Json:
    """Return the whole answer, its summary first."""
    counts = Counter(each.weight for each in found.remarks)
    problems = [asdict(each) for each in blind]
    return {
        "apiVersion": API_VERSION,
        "kind": "Import",
        "summary": {
            "accounts": len(found.accounts),
            "policies": len(found.policies),
            "notImported": counts[Weight.LEFT],
            "toDecide": counts[Weight.DECIDE],
            "notes": counts[Weight.NOTE],
            "notLookedAt": len(problems),
        },
        "manifests": [*found.accounts, *found.policies],
        "remarks": [{**asdict(each), "weight": str(each.weight)} for each in found.remarks],
        "problems": problems,
        "files": [str(each) for each in files],
    }


def _print(answer: Json, output: str, goal: Goal) -> None:
    if output != "manifests":
        render.emit(answer, output, str)
        return
    if goal.folder is None:
        click.echo(manifests(answer["manifests"]), nl=False)
    for line in lines(shown(answer)):
        click.echo(line, err=goal.folder is None)


def manifests(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Write bodies as the documents of one YAML file."""
    return "---\n".join(_yaml(each) for each in bodies)


def _yaml(body: Mapping[str, Any]) -> str:
    plainly = json.loads(json.dumps(body))  # what stands in two places would be written as an anchor
    written: str = yaml.safe_dump(plainly, sort_keys=False, allow_unicode=True, width=110)
    return written


def files_of(found: Imported) -> dict[str, str]:
    """Return the texts of the files by name: the accounts in one, each policy in its own."""
    files = {"accounts.yaml": manifests(found.accounts)} if found.accounts else {}
    return files | {f"policy-{each['metadata']['name']}.yaml": _yaml(each) for each in found.policies}


_HEADS = {
    Weight.LEFT: "Not imported:",
    Weight.DECIDE: "To decide:",
    Weight.NOTE: "Notes:",
}


def lines(answer: Mapping[str, Any]) -> list[str]:
    """Tell a person what was found and what was not."""
    if answer["problems"]:
        told = [f"  {each['account']} {each['region']}: {each['message']}" for each in answer["problems"]]
        hint = "An account that is only copied into is not looked at for plans where --source names the others."
        return ["Could not look, so there are no manifests:", *map(plain, told), hint]
    summary = answer["summary"]
    made = f"{plural(summary['policies'], 'policy', 'policies')}, {plural(summary['accounts'], 'account')}"
    found = [f"Wrote {each}" for each in answer["files"]]
    found.append(f"Imported {made}; {summary['notImported']} not imported, {summary['toDecide']} to decide.")
    for weight, head in _HEADS.items():
        rows = [each for each in answer["remarks"] if each["weight"] == weight]
        found += [head] if rows else []
        found += [f"  {one['account']} {one['region']} {one['about']}: {one['message']}" for one in rows]
    return [plain(each) for each in found]
