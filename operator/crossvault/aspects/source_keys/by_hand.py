"""How a person lets those who copy use a key: the statements that it lacks, added to its policy as it then is."""

from __future__ import annotations

from collections.abc import Iterable

from ...engine import fixes
from ...engine.declared import Account, VaultRef, region_of
from ...engine.fixes import Fix
from ...engine.looks import Look, Seen, Unseen
from ...iam import evaluation
from .seen import Picture
from .statement import is_dead, is_ours, printed, statements_for

_SERVICE_ROLE = "AWSServiceRoleForBackup"


def sharing(account: Account, key_arn: str, picture: Picture, arns: Iterable[str]) -> Fix:
    """Return the command that lets some roles use a key, or the statements where a shell cannot add to its policy."""
    if isinstance(picture.policy, Unseen) or stale_in(picture.policy.value, arns):
        return fixes.NONE
    named = {"region": region_of(key_arn), "key_id": key_arn, "policy_name": "default"}
    read = fixes.aws("kms", "get-key-policy", **named, query="Policy", output="text")
    write = fixes.aws("kms", "put-key-policy", **named)
    lacking = statements_for(arns)
    added = fixes.adding(lacking, picture.policy.value, read=read, write=write, option="--policy")
    if added is None:
        return fixes.statements_by_hand(account, f"the policy of key {key_arn}", lacking)
    return fixes.within(account, added)


def added(arns: Iterable[str], where: str, fix: Fix) -> str:
    """Return the remedy of statements that the policy of a key lacks: whole only where no command has them."""
    roles = tuple(arns)
    if not fix:
        return f"Add to the statements of the policy of {where}: {printed(roles)}"
    sids = " and ".join(each["Sid"] for each in statements_for(roles))
    return f"Add statements {sids} to the policy of {where}, as crossvault doctor prints them."


def correcting(key_arn: str, picture: Picture, arns: Iterable[str]) -> str:
    """Return what has to be corrected in the policy of a key before anything can be added; empty for nothing."""
    stale = () if isinstance(picture.policy, Unseen) else stale_in(picture.policy.value, arns)
    return f"{fixes.correcting(stale, f'the policy of key {key_arn}')} " if stale else ""


def stale_in(document: str, arns: Iterable[str]) -> tuple[str, ...]:
    """Name the statements of others of which a principal was deleted; those of ours go with the next write."""
    roles = tuple(arns)
    return evaluation.of_deleted(document, lambda each: is_dead(each) or any(is_ours(each, role) for role in roles))


def service_role(vault: VaultRef, arns: Iterable[str], there: Look[bool]) -> Fix:
    """Return what makes the service-linked role of an account where it lacks: KMS takes no policy that names nobody.

    Where nobody could look whether it is ``there``, the command does.
    """
    if there == Seen(value=True) or not any(each.endswith(f"/{_SERVICE_ROLE}") for each in arns):
        return fixes.NONE
    read = fixes.aws("iam", "get-role", region=vault.region, role_name=_SERVICE_ROLE)
    made = fixes.aws("iam", "create-service-linked-role", region=vault.region, aws_service_name="backup.amazonaws.com")
    return fixes.within(vault.account, fixes.unless("NoSuchEntity", read, made))
