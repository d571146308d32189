"""Whether the policy of the source vault lets recovery points leave it: it need not allow that, but may deny it. Pure.

AWS documents such a Deny, by the vaults that copies go to (``backup:CopyTargets``), and people write it.
https://docs.aws.amazon.com/aws-backup/latest/devguide/create-cross-account-backup.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from ...engine.declared import Desired, Destination, partition_of
from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from ...engine.plan import Side
from ...engine.rows import UNKNOWN, Prerequisite, met, unknown, unmet
from ...iam import documents, evaluation
from ...iam.conditions import like
from ...iam.context import Caller, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ...iam.meaning import as_list
from ...words.reasons import Reason
from ...words.texts import held
from ..copy_role import COPY_ROLE
from ..copy_role.permissions import OUT, samples
from .caller import caller_of

ROW = "SourceVaultPolicy"
_SHOWN = 3

LEAVING: Part[Look[str | None]] = Part("source policy", UNASKED)
"""The access policy of the source vault as AWS keeps it; None when it has none, or there is no vault."""


def row(side: Side) -> tuple[Prerequisite, ...]:
    """Judge the policy of the source vault towards one destination.

    | policy | row |
    |---|---|
    | not asked for | none |
    | not seen | Unknown; copies are tried |
    | unreadable, or a Deny depends on what is not known | Unknown; copies are tried |
    | a Deny keeps all forms of recovery points in | Unmet |
    | a Deny keeps some in | Met, until it is known whether there are any: :func:`holding` |
    | anything else, or none | Met |
    """
    look, name, vault = side.source[LEAVING], side.destination.name, side.desired.source.name
    if look is UNASKED:
        return ()
    if isinstance(look, Unseen):
        return (unknown(ROW, name, look.problem),)
    found = _judged(side.desired, side.destination, side.source, side.sight)
    denied = [each for each in found.values() if each.verdict is Verdict.DENIED]
    if found and len(denied) == len(found):
        return (_shut(side.desired, side.destination, denied[0].grounds),)
    unclear = next((each for each in found.values() if each.verdict is Verdict.UNKNOWN), None)
    if unclear is not None:
        words = f"Whether vault {vault} lets recovery points out depends on {_grounds(unclear.grounds)}."
        remedy = "Nothing: copies are tried, and their result tells."
        return (Prerequisite(ROW, name, UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, words, remedy),)
    return (met(ROW, name, f"The policy of vault {vault} keeps no recovery point in."),)


def kept(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> Mapping[str, tuple[Reason, str]]:
    """Return why recovery points of some forms certainly do not leave, where others do; by form."""
    name, found = desired.source.name, _judged(desired, destination, source, sight)
    shut = {
        form: (Reason.VAULT_POLICY_DENIES, f"The policy of vault {name} keeps it in: {_grounds(each.grounds)}.")
        for form, each in found.items()
        if each.verdict is Verdict.DENIED
    }
    return shut if len(shut) < len(found) else {}


def holding(
    desired: Desired, destination: Destination, source: Sight, sight: Sight, arns: Collection[str]
) -> Prerequisite:
    """Return the row of a policy that keeps in some of what is there; ``arns`` are held because of it."""
    found = _judged(desired, destination, source, sight)
    denied = [
        each for form, each in found.items() if each.verdict is Verdict.DENIED and any(like(arn, form) for arn in arns)
    ]
    grounds = tuple(dict.fromkeys(ground for each in denied for ground in each.grounds))
    row = _shut(desired, destination, grounds)
    return replace(row, message=f"{row.message} {held(len(arns))}", blocks=False)


def _shut(desired: Desired, destination: Destination, grounds: tuple[Ground, ...]) -> Prerequisite:
    vault, role = desired.source.name, desired[COPY_ROLE].rsplit("/", 1)[-1]
    words = f"The policy of source vault {vault} denies role {role} {OUT}: {_grounds(grounds)}."
    names = " and ".join(each.statement for each in grounds)
    remedy = (
        f"Remove or narrow {names} in the policy of vault {vault}, so that copies may go to {destination.vault.arn}."
    )
    return unmet(ROW, destination.name, Reason.VAULT_POLICY_DENIES, words, remedy)


def _grounds(grounds: tuple[Ground, ...]) -> str:
    shown = ", ".join(map(str, grounds[:_SHOWN]))
    return shown or "what cannot be read"


def _judged(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> Mapping[str, Judgement]:
    look = source[LEAVING]
    if isinstance(look, Unseen) or look.value is None:
        return {}
    caller = caller_of(desired, source, sight)
    return _decided(look.value, caller, desired.source.region, destination.vault.arn)


@lru_cache(maxsize=4096)
def _decided(document: str, caller: Caller, region: str, target: str) -> Mapping[str, Judgement]:
    """Decide it once for each form: every pass asks the same of the same policies."""
    own = replace(caller, vault_organization=caller.organization, vault_path=caller.path)
    facts = {
        "aws:resourceaccount": caller.account_id,
        "backup:copytargets": target,
        "backup:copytargetorgpaths": caller.vault_path,
    }
    forms = samples(caller.account_id, region, partition_of(region))
    return {form: denial(document, Request(own, form, facts), OUT) for form in forms}


def may_deny(document: str | None) -> bool:
    """Tell whether a policy denies anybody to copy out, or cannot be read: such a one is looked at in every pass."""
    try:
        return any(each.get("Effect") != "Allow" and _speaks_of_it(each) for each in documents.statements(document))
    except MalformedPolicyError:
        return True


def _speaks_of_it(statement: Mapping[str, object]) -> bool:
    named = [each.lower() for each in as_list(statement.get("Action", []))]
    return "NotAction" in statement or any(like(OUT.lower(), each) for each in named)


def denial(document: str, request: Request, action: str) -> Judgement:
    """Decide whether a policy denies its own account's role something: that it allows it is not needed."""
    everything = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    try:
        whole = documents.put(document, everything, lambda _: False)
        return evaluation.evaluate(whole, request, action)
    except MalformedPolicyError as error:
        return Judgement(Verdict.UNKNOWN, (Ground("what cannot be read", str(error)),), None)
