"""The writes of vault policies: compared before and read back after, one at a time per vault.

AWS has no conditional write. So the policy is read once more right before it is written, as AWS sends it, and what is
written must hold everything of that which is not ours, byte for byte in meaning; whoever planned it is not asked. What
another process changed in the round trip between is found by reading back, and told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from ....aws.entered import Entered
from ....aws.errors import code_of
from ....engine.declared import VaultRef
from ....iam import documents, meaning
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from .. import PutVaultPolicy

_PREFIX = 16
"""So many characters are the same in the Sids of all our statements."""


def vault_policy(access: Entered, region: str, name: str) -> str | None:
    """Get the vault's access policy as AWS keeps it."""
    with access.asking(f"read the policy of vault {name}", "backup:GetBackupVaultAccessPolicy", region):
        try:
            answer = access.backup(region).get_backup_vault_access_policy(BackupVaultName=name)
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return answer["Policy"]


class VaultPolicies:
    """Writes vault policies; to be called in the vault's turn."""

    def __init__(self) -> None:
        # What stood in a policy after this process had written it: a difference to that is somebody else's.
        self._left: dict[str, str | None] = {}

    def write(self, access: Entered, action: PutVaultPolicy) -> PutVaultPolicy | None:
        """Put what is planned in the place of what is expected; return what was written, None if it stood there.

        Raises:
            CrossvaultError: Somebody changed the policy before or meanwhile, or AWS refuses.
        """
        vault = action.vault
        there = _read(access, vault)
        document = action.document
        if there != action.expected:
            # Another policy of this process may have written since the look; anybody else has the first word.
            if vault.arn not in self._left or self._left[vault.arn] != there:
                raise CrossvaultError(_changed(vault, "was changed by somebody since it was read. Nothing was written"))
            document = _anew(there, action)
        if document == there:
            return None
        if _loses(there, document, action):
            raise CrossvaultError(_would_lose(vault))
        self._left.pop(vault.arn, None)
        _send(access, vault, document)
        self._verify(access, action, there, document)
        others = _parts(there, action)[1].total()
        return replace(action, expected=there, document=document, foreign_statements=others)

    def _verify(self, access: Entered, action: PutVaultPolicy, before: str | None, document: str | None) -> None:
        """Read back what was written; where that cannot be seen, the next look tells."""
        vault = action.vault
        try:
            after = vault_policy(access, vault.region, vault.name)
            if after == before:  # older than the write, perhaps
                after = vault_policy(access, vault.region, vault.name)
        except CrossvaultError:
            return
        lost = _lost(document, after)
        if document is None and any(documents.canonical(each) in action.replaces for each in _statements(after)):
            lost = [f"without {action.sid}"]
        if lost:
            raise CrossvaultError(_changed(vault, f"was changed by somebody while it was written: {_named(lost)}"))
        self._left[vault.arn] = after


def _read(access: Entered, vault: VaultRef) -> str | None:
    """Read a policy; that there is none is asked twice, because nothing would be kept of what was overlooked."""
    first = vault_policy(access, vault.region, vault.name)
    return first if first is not None else vault_policy(access, vault.region, vault.name)


def _send(access: Entered, vault: VaultRef, document: str | None) -> None:
    backup = access.backup(vault.region)
    if document is None:
        with access.asking(
            f"remove the policy of vault {vault.name}", "backup:DeleteBackupVaultAccessPolicy", vault.region
        ):
            backup.delete_backup_vault_access_policy(BackupVaultName=vault.name)
    else:
        with access.asking(
            f"write the policy of vault {vault.name}", "backup:PutBackupVaultAccessPolicy", vault.region
        ):
            backup.put_backup_vault_access_policy(BackupVaultName=vault.name, Policy=document)


# --- Documents, read apart from those who plan ---------------------------------------------------------------------


def _anew(there: str | None, action: PutVaultPolicy) -> str | None:
    """Return what is planned for a policy that another one of this process has written meanwhile."""

    def ours(each: Mapping[str, Any]) -> bool:
        return documents.canonical(each) in action.replaces

    try:
        before = {documents.canonical(each) for each in _statements(action.expected)}
        added = [each for each in documents.statements(action.document) if documents.canonical(each) not in before]
        if action.document is None or not added:
            return documents.remove(there, ours) if there is not None and any(map(ours, _statements(there))) else there
        if any(meaning.same_meaning(added[0], each) for each in documents.statements(there)):
            return there
        return documents.put(there, added[0], ours)
    except documents.MalformedPolicyError as error:
        raise CrossvaultError(_changed(action.vault, "cannot be read any more. Nothing was written")) from error


def _loses(there: str | None, document: str | None, action: PutVaultPolicy) -> bool:
    """Tell whether anything that is not ours would be lost or changed by writing ``document``."""
    try:
        frame, others = _parts(there, action)
        new_frame, new_others = _parts(document, action)
    except (ValueError, AttributeError):
        return True
    return bool(others - new_others) or (there is not None and document is not None and frame != new_frame)


def _parts(document: str | None, action: PutVaultPolicy) -> tuple[dict[str, Any], Counter[str]]:
    """Return the members around the statements, and how often each statement stands there that is not ours.

    Whatever the plan took for ours: one whose Sid does not begin as that of the action is somebody else's.
    """
    if document is None:
        return {}, Counter()
    whole = json.loads(document)
    listed = whole.pop("Statement", [])
    listed = listed if isinstance(listed, list) else [listed]
    foreign = (each for each in listed if not (_has_our_sid(each, action.sid) and _text(each) in action.replaces))
    return whole, Counter(map(_text, foreign))


def _has_our_sid(statement: Mapping[str, Any], sid: str) -> bool:
    found = statement.get("Sid")
    return isinstance(found, str) and found.startswith(sid[:_PREFIX])


def _text(statement: Mapping[str, Any]) -> str:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"))


def _lost(document: str | None, after: str | None) -> list[str]:
    """Return the Sids, or positions, of what was written and does not stand there."""
    try:
        found = documents.statements(after)
    except documents.MalformedPolicyError:
        found = ()
    return [
        str(each.get("Sid") or f"number {position}")
        for position, each in enumerate(documents.statements(document), 1)
        if not any(meaning.same_meaning(each, other) for other in found)
    ]


def _statements(document: str | None) -> tuple[dict[str, Any], ...]:
    try:
        return documents.statements(document)
    except documents.MalformedPolicyError:
        return ()


# --- Words ---------------------------------------------------------------------------------------------------------


def _named(lost: list[str]) -> str:
    if lost[0].startswith("without "):
        return f"statement {lost[0].removeprefix('without ')} stands there again"
    statements = "statement" if len(lost) == 1 else "statements"
    return f"{statements} {', '.join(lost[:3])}{', …' if len(lost) > 3 else ''} that stood in what was written"


def _where(vault: VaultRef) -> str:
    return (
        f"The policy of vault {vault.name} in account {vault.account.name} ({vault.account.account_id}, {vault.region})"
    )


def _changed(vault: VaultRef, how: str) -> Problem:
    words = f"{_where(vault)} {how}; the next pass starts from the new one."
    return Problem(Reason.CHANGED_MEANWHILE, words, ErrorClass.RETRY)


def _would_lose(vault: VaultRef) -> Problem:
    words = (
        f"{_where(vault)} was not written: a statement of somebody else would have been lost or changed. "
        "Please report this as a bug of Crossvault."
    )
    return Problem(Reason.INTERNAL_ERROR, words, ErrorClass.BUG)
