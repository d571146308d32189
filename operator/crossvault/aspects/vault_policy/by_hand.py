"""How a person adds the statement that lacks in a vault's policy: what the operator does where it may."""

from __future__ import annotations

from ...engine import fixes
from ...engine.declared import Desired, Destination
from ...engine.fixes import Fix
from ...iam.context import Caller
from .grantee import wanted_for


def fix(desired: Desired, destination: Destination, caller: Caller, document: str | None) -> Fix:
    """Return the command that adds our statement to the policy as it then is.

    It is the statement alone where a shell cannot add to the policy, or something stands under our Sid; nothing while
    the organization that the statement names is not known.
    """
    wanted, vault = wanted_for(desired, destination, caller), destination.vault
    if wanted is None:
        return fixes.NONE
    named = {"region": vault.region, "backup_vault_name": vault.name}
    read = fixes.aws("backup", "get-backup-vault-access-policy", **named)
    write = fixes.aws("backup", "put-backup-vault-access-policy", **named)
    if document is None:
        whole = fixes.aws("backup", "put-backup-vault-access-policy", **named, policy=fixes.policy_of([wanted]))
        return fixes.within(vault.account, fixes.unless("ResourceNotFoundException", read, whole))
    added = fixes.adding(
        [wanted], document, read=f"{read} --query Policy --output text", write=write, option="--policy"
    )
    if added is None:
        return fixes.statements_by_hand(vault.account, f"the policy of vault {vault.name}", [wanted])
    return fixes.within(vault.account, added)
