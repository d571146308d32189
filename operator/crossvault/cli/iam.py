"""What ``crossvault iam`` does: the trust and permission documents that the manifests of a folder need, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ..aspects.copy_role.permissions import MANAGED
from ..engine.declared import Account, Desired
from ..kinds import ACCOUNT, ORGANIZATION, POLICY
from ..kinds.entries import Operator, copy_role_trust, document, own_statements, own_trust, placeholder, trust
from ..kinds.identities import Declared, Identity, KeyNeed, identities
from ..kinds.kind import ObjectKey, Occasion
from ..kinds.organization.parse import parse_organization, resolved
from ..kinds.rejected import Rejected
from ..local import Folder, ManifestError, ManifestFault
from ..local.files import shown
from ..local.writing import WritingError, write
from . import FAILED, NOTHING, cloudformation, policies, render, terraform
from .render import API_VERSION

_FOR_MACHINES = ("json", "yaml")
PLACEHOLDER = "OPERATOR_ARN"
"""What stands in documents for the ARN of the operator's own identity while nobody has named it."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where to write templates, and whether over what is there."""

    folder: Path
    overwrite: bool = False


def show(path: Path, output: str, operator: Operator, only: str | None, goal: Goal | None = None) -> int:
    """Print the documents for a folder, or write their templates into another one, and return the exit code."""
    try:
        folder = Folder.read(path)
    except ManifestError as error:
        if output not in _FOR_MACHINES:
            raise click.ClickException(str(error)) from error
        render.emit({**_empty(operator), "faults": [fault.row() for fault in error.faults]}, output, str)
        return FAILED
    declared, faults = declared_in(folder)
    if not declared.accounts:
        faults = faults or [ManifestFault(shown(path), "there is no BackupAccount")]
    if faults:
        return _faulty(faults, output, operator)
    answer = make(declared, operator)
    if only is not None:
        answer = narrowed(answer, only)
    if goal is not None:
        _write(answer, goal)
    else:
        _print(answer, output)
    _tell(answer, output, several=goal is None)
    return NOTHING


def _write(answer: Json, goal: Goal) -> None:
    """Write a file for each account, and print what deploys it."""
    stacks = cloudformation.stacks(answer)
    try:
        texts = {each.file: cloudformation.text(each) for each in stacks}
        paths = write(goal.folder, texts, overwrite=goal.overwrite)
    except WritingError as error:
        raise click.ClickException(str(error)) from error
    for each, written in zip(stacks, paths, strict=True):
        click.echo("\n".join(cloudformation.deploying(each, written)))


def _print(answer: Json, output: str) -> None:
    match output:
        case "cloudformation":
            click.echo(cloudformation.templates(answer), nl=False)
        case "terraform":
            click.echo(terraform.module(answer), nl=False)
        case _:
            render.emit(answer, output, str)


def _tell(answer: Json, output: str, *, several: bool) -> None:
    """Say on stderr what there is to be known beside."""
    for note in answer["notes"] if output != "json" else ():
        click.echo(f"Note: {note}", err=True)
    if several and output == "cloudformation" and len(cloudformation.stacks(answer)) > 1:
        words = "These are several templates, and CloudFormation takes one: --to DIR writes a file for each account"
        click.echo(f"Note: {words}, and --account NAME prints one.", err=True)


def _faulty(faults: Iterable[ManifestFault], output: str, operator: Operator) -> int:
    if output not in _FOR_MACHINES:
        raise click.ClickException("\n".join(map(str, faults)))
    render.emit({**_empty(operator), "faults": [each.row() for each in faults]}, output, str)
    return FAILED


def declared_in(folder: Folder) -> tuple[Declared, list[ManifestFault]]:
    """Return all that a folder declares, and what of it cannot be worked with."""
    desk, faults = folder.desk(), list[ManifestFault]()
    accounts = desk[ACCOUNT].accounts()
    parsed_policies: list[Desired] = []
    for key, body in sorted(folder.policies.items(), key=lambda item: str(item[0])):
        parsed = desk[POLICY].request(POLICY.key(key), body, Occasion(datetime.now(UTC))).parsed()
        if isinstance(parsed, Rejected):
            faults += folder.faults(POLICY.key(key), parsed)
        else:
            parsed_policies.append(parsed)
    managers: list[Account] = []
    for name, body in sorted(folder.organizations.items()):
        declared = parse_organization(body)
        found = declared if isinstance(declared, Rejected) else resolved(declared, accounts)
        if isinstance(found, Rejected):
            faults += folder.faults(ObjectKey(ORGANIZATION.name, "", name), found)
        else:
            managers.append(found.account)
    every = [each.account for _, each in sorted(accounts.items())]
    return Declared(every, parsed_policies, managers, desk[ORGANIZATION].keepers()), faults


# --- The document --------------------------------------------------------------------------------------------------


def make(declared: Declared, operator: Operator) -> Json:
    """Return the whole answer."""
    found = identities(declared, operator.arn)
    without_role = [each for each in found if each.role_arn is None]
    own = [*own_statements(declared.accounts, operator), *_numbered(without_role)]
    parts = operator.arn.split(":")
    return {
        **_empty(operator),
        "operator": {
            "role": operator.arn,
            "accountId": parts[4] if len(parts) > 5 else None,
            "trust": own_trust(operator),
            "permissions": document(own),
        },
        "accounts": [_entry(each, operator) for each in found],
        "notes": list(_notes(found, operator)),
    }


def _empty(operator: Operator) -> Json:
    """Return the answer with no documents in it: of whom nothing is declared, nothing is known to be needed."""
    return {
        "apiVersion": API_VERSION,
        "kind": "IamDocuments",
        "operatorArn": operator.arn,
        "operator": None,
        "accounts": [],
        "notes": [],
    }


def _numbered(found: Iterable[Identity]) -> list[Json]:
    """Return the statements of accounts that the operator works in without a role, by names that are told apart."""
    made: list[Json] = []
    for number, identity in enumerate(found, 1):
        suffix = "Own" if number == 1 else f"Own{number}"
        made += [{**each, "Sid": each["Sid"] + suffix} for each in identity.statements]
    return made


def _entry(identity: Identity, operator: Operator) -> Json:
    first, *others = identity.accounts
    own, parameters = identity.role_arn is None, list(_parameters(identity))
    return {
        "account": first.name,
        **({"alsoFor": [each.name for each in others]} if others else {}),
        "accountId": identity.account_id,
        "role": identity.role_arn,
        "trust": None if own else trust(identity.accounts, operator),
        **({"parameters": parameters} if parameters else {}),
        "permissions": document(identity.statements),
        "copyRoles": [_copy_role(each) for each in identity.copy_roles],
        "keyStatements": [_key(each) for each in identity.keys],
    }


def _parameters(identity: Identity) -> Iterable[Json]:
    """Yield what stands in a trust policy for External IDs in Secrets, each once."""
    refs = {each.external_id_ref for each in identity.accounts if each.external_id_ref is not None}
    for ref in sorted(refs, key=lambda each: (each.name, each.key)):
        yield {"placeholder": placeholder(ref), "externalIdSecretRef": {"name": ref.name, "key": ref.key}}


def _copy_role(arn: str) -> Json:
    partition = arn.split(":")[1]
    return {"role": arn, "trust": copy_role_trust(), "managedPolicies": [f"arn:{partition}:iam::aws:policy/{MANAGED}"]}


def _key(need: KeyNeed) -> Json:
    what = {"key": need.key} if need.key else {}
    return {**what, "vault": need.vault_arn, "statements": list(need.statements)}


def _notes(found: Iterable[Identity], operator: Operator) -> Iterable[str]:
    if operator.arn == PLACEHOLDER:
        yield f"{PLACEHOLDER} stands for the ARN of the operator's own identity: name it with --operator-arn ARN."
    for each in found:
        yield from (
            f"{one['placeholder']} stands for what Secret {one['externalIdSecretRef']['name']} has as"
            f" {one['externalIdSecretRef']['key']}; in templates it is a parameter."
            for one in _parameters(each)
        )
        own = each.role_arn is None
        if own:
            name = each.accounts[0].name
            yield f"Account {name} has no roleArn: what it needs is allowed to the operator's own identity."
        permissions = document(each.statements)
        parts = policies.split(permissions)
        if not own and len(parts) > 1:
            yield (
                f"The permissions of {each.role_arn} have {policies.length(permissions):,} characters, and a role's own"
                f" policies {policies.INLINE:,} at most: -o cloudformation and -o terraform make {len(parts)} managed"
                " policies of them."
            )
        if len(parts) > policies.ATTACHED:
            yield f"IAM attaches {policies.ATTACHED} managed policies to a role: have that raised for {each.role_arn}."


def narrowed(answer: Json, name: str) -> Json:
    """Return the answer with one account only.

    Raises:
        ClickException: No BackupAccount has that name.
    """
    found = [each for each in answer["accounts"] if name in policies.names_of(each)]
    if not found:
        there = ", ".join(sorted(one for each in answer["accounts"] for one in policies.names_of(each)))
        raise click.BadParameter(f"there is no BackupAccount {name}; there are: {there}.", param_hint="--account")
    return {**answer, "operator": None, "accounts": found}
