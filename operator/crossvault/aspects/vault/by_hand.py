"""How a person makes a vault, or brings a key back: with what is declared, or with a key of the vault's own."""

from __future__ import annotations

from ...engine import fixes
from ...engine.declared import Destination, VaultRef, region_of
from ...engine.fixes import Fix
from .declared import CREATION
from .seen import Bounds, Key


def vault(destination: Destination, key_arn: str) -> Fix:
    """Return what makes a vault as it is declared; where nothing is, with a new key: it cannot be given one later."""
    ref, creation = destination.vault, destination[CREATION]
    named = {
        "region": ref.region,
        "backup_vault_name": ref.name,
        **({"encryption_key_arn": key_arn} if key_arn else {}),
    }
    if creation.air_gapped:
        if creation.bounds is None:
            return fixes.NONE
        least, most = map(str, creation.bounds)
        operation = "create-logically-air-gapped-backup-vault"
        bound = fixes.aws("backup", operation, **named, min_retention_days=least, max_retention_days=most)
        return fixes.within(ref.account, bound)
    made = fixes.aws("backup", "create-backup-vault", **named)
    if key_arn:
        return fixes.within(ref.account, made)
    create = fixes.aws("kms", "create-key", region=ref.region, query="KeyMetadata.Arn", output="text")
    return fixes.within(ref.account, f'key=$({create}) && {made} --encryption-key-arn "$key"')


def key(ref: VaultRef, wanted: str) -> Fix:
    """Return what makes the key that is declared by its alias; a key's id is chosen by AWS."""
    _, slash, name = wanted.partition("alias/")
    if not slash:
        return fixes.NONE
    create = fixes.aws("kms", "create-key", region=ref.region, query="KeyMetadata.KeyId", output="text")
    alias = fixes.aws("kms", "create-alias", region=ref.region, alias_name=f"alias/{name}")
    return fixes.within(ref.account, f'key=$({create}) && {alias} --target-key-id "$key"')


def lock(ref: VaultRef, bounds: Bounds) -> Fix:
    """Return what locks a vault in governance mode: without the option that would make the lock one for ever."""
    least, most = bounds
    longest = {} if most is None else {"max_retention_days": str(most)}
    put = fixes.aws(
        "backup",
        "put-backup-vault-lock-configuration",
        region=ref.region,
        backup_vault_name=ref.name,
        min_retention_days=str(least),
        **longest,
    )
    return fixes.within(ref.account, put)


_MENDED = {
    "Disabled": "enable it",
    "PendingDeletion": "cancel its deletion, and enable it",
    "PendingReplicaDeletion": "cancel its deletion, and enable it",
    "PendingImport": "import its key material",
    "Unavailable": "reconnect its key store",
}
"""What ends the states in which a key does nothing. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""


def mended(state: str) -> str:
    """Say what makes a key usable again that is in some state: the end of a sentence."""
    return _MENDED.get(state, "wait until AWS has made it usable")


def enabling(key: Key) -> tuple[str, ...]:
    """Return the commands that make a key usable again; none where only AWS, or nobody, can."""
    region = region_of(key.arn)
    enable = fixes.aws("kms", "enable-key", region=region, key_id=key.arn)
    cancel = fixes.aws("kms", "cancel-key-deletion", region=region, key_id=key.arn)
    if key.manager != "CUSTOMER":
        return ()
    return {"Disabled": (enable,), "PendingDeletion": (cancel, enable)}.get(key.state, ())
