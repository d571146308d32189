"""What a problem says of its cause, and of what to do about it: the words for each reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..engine.declared import Account
from ..words.reasons import Reason
from ..words.sanitise import sanitise

# How a pod gets its own credentials; a denial here is about the operator and not about any account.
OWN_CREDENTIALS = "sts:AssumeRoleWithWebIdentity"
ASSUME_ROLE = "sts:AssumeRole"
GET_CALLER_IDENTITY = "sts:GetCallerIdentity"
OUTSIDE = frozenset({OWN_CREDENTIALS, ASSUME_ROLE})
"""What is asked with the operator's own credentials, before an account is entered."""

_DENIAL = re.compile(r"not authorized|insufficient privileges", re.IGNORECASE)
ACTION = re.compile(r"to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")
EXPLICITLY = re.compile(r"with an explicit deny in an? ([a-z -]{0,60}(?:policy|boundary))")
_CAUSE = re.compile(r"because no ([a-z -]{0,60}(?:policy|boundary)) allows")

_CREATE_VAULT_ACTIONS = (
    "backup:CreateBackupVault, backup:TagResource, backup-storage:MountCapsule, and on the key kms:CreateGrant, "
    "kms:GenerateDataKey, kms:Decrypt, kms:RetireGrant, kms:DescribeKey"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked of AWS, for the words of a problem.

    Attributes:
        what: Completes "Cannot …", as in ``read vault orders-copies``.
        action: The IAM action, as in ``backup:DescribeBackupVault``.
        region: Empty for what belongs to no Region.
        by_hand: See :class:`.own.AwsSettings`.
    """

    what: str
    account: Account
    action: str
    region: str = ""
    by_hand: bool = False

    @property
    def where(self) -> str:
        """The account as people know it, with id and Region."""
        place = f", {self.region}" if self.region else ""
        return f"account {self.account.name} ({self.account.account_id}{place})"


def service_of(ask: Ask) -> str:
    """Return the service that was asked, by its name in IAM."""
    return ask.action.partition(":")[0]


def _credentials_refused(ask: Ask, _: str) -> str:
    enabled = f", and that the account has enabled {ask.region} if that is a Region to opt into" if ask.region else ""
    return f"AWS does not accept the credentials. Check {_whose(ask)}{enabled}."


def _whose(ask: Ask) -> str:
    return "your credentials and your clock" if ask.by_hand else "the operator's credentials and its clock"


def _no_credentials(ask: Ask, _: str) -> str:
    if ask.by_hand:
        return "there are no AWS credentials. Log in as for the AWS CLI."
    return (
        "the operator has no AWS credentials. Give its ServiceAccount an IAM role that trusts it"
        " (IRSA or EKS Pod Identity)."
    )


def _role(ask: Ask) -> str:
    arn = ask.account.role_arn
    return f"role {arn.rsplit('/', 1)[-1]}" if arn else "the operator's own identity"


def _sentence(text: str) -> str:
    text = sanitise(text)
    return text if not text or text.endswith((".", "…")) else f"{text}."


def _quote(_: Ask, text: str) -> str:
    return f'AWS answers "{sanitise(text)}".' if text else "AWS gives no explanation."


def named_action(text: str, asked: str) -> str:
    """Return the action that a text of AWS is about, as it names it itself; the one that was asked for else."""
    found = ACTION.search(text)
    action = found.group(1) if found else asked
    return asked if action.lower() == asked.lower() else action  # SQS writes its own in small letters


def kind_of_policy(text: str) -> str:
    """Return which kind of policy AWS says refused something, or did not allow it; empty where it does not say."""
    found = EXPLICITLY.search(text) or _CAUSE.search(text)
    return found.group(1) if found else ""


def _access_denied(ask: Ask, text: str) -> str:
    if text and not _DENIAL.search(text):
        return f'AWS refuses it with "{sanitise(text)}".'
    action = named_action(text, ask.action)
    deny = EXPLICITLY.search(text)
    if deny:
        kind = deny.group(1)
        by = f"an {kind}" if kind.startswith("identity") else f"a {kind}"
        return f"{action} is explicitly denied to {_role(ask)} by {by}. Change that policy."
    if action == "backup:CreateBackupVault":
        return f"{_role(ask)} lacks one of {_CREATE_VAULT_ACTIONS}. Allow them in the role's policies."
    cause = _CAUSE.search(text)
    by = f" (no {cause.group(1)} allows it)" if cause else ""
    where = "the role's policies"
    if cause and "resource-based" in cause.group(1):
        where += ", and in the policy of the resource: with a key of KMS it is the key's policy that decides"
    return f"{_role(ask)} lacks {action}{by}. Allow the action in {where}."


def _assume_role_denied(ask: Ask, _: str) -> str:
    account = ask.account
    name = (account.role_arn or "").rsplit("/", 1)[-1]
    external = (
        "its sts:ExternalId is not our externalId"
        if account.external_id
        else "it demands an External ID and none is declared"
    )
    needed = [
        ASSUME_ROLE,
        *(["sts:TagSession"] if account.session_tags else []),
        *(["sts:SetSourceIdentity"] if account.source_identity else []),
    ]
    # Conditions hold 300 characters: what may be long comes last.
    return (
        f"AWS denies it: the role does not exist, its trust policy does not give the operator {', '.join(needed)},"
        f" {external}, or the operator lacks them itself."
        f' See "aws iam get-role --role-name {name}".'
    )


def _external_id_refused(ask: Ask, text: str) -> str:
    name = (ask.account.role_arn or "").rsplit("/", 1)[-1]
    field = "externalIdSecretRef" if ask.account.external_id_ref is not None else "externalId"
    return (
        f'AWS refuses the External ID: "{sanitise(text)}". Compare spec.{field} of BackupAccount '
        f'{ask.account.name} with sts:ExternalId in the trust policy ("aws iam get-role --role-name {name}").'
    )


def _constant(words: str) -> Callable[[Ask, str], str]:
    return lambda _ask, _text: words


_WORDS: dict[Reason, Callable[[Ask, str], str]] = {
    Reason.ACCESS_DENIED: _access_denied,
    Reason.ASSUME_ROLE_DENIED: _assume_role_denied,
    Reason.EXTERNAL_ID_REFUSED: _external_id_refused,
    Reason.ROLE_NOT_FOUND: lambda ask, _: (
        f"the role {ask.account.role_arn} does not exist. Create it or correct roleArn."
    ),
    Reason.PRINCIPAL_UNKNOWN: _constant(
        "KMS refuses a policy that names a role which does not exist: a new one takes some seconds to be known, and one"
        " that was deleted has to go from the policy first. It is tried again by itself."
    ),
    Reason.THROTTLED: _constant("AWS is throttling this account. It is tried again by itself."),
    Reason.SERVICE_UNAVAILABLE: _constant("the AWS service fails at the moment. It is tried again by itself."),
    Reason.TIMED_OUT: lambda ask, _: (
        f"the AWS endpoint of {service_of(ask)} did not answer in time. It is tried again by itself."
    ),
    Reason.UNREACHABLE: lambda ask, _: (
        f"the AWS endpoint of {service_of(ask)} cannot be reached. Check network, DNS and proxy; it is tried again by"
        " itself."
    ),
    Reason.UNEXPECTED_ANSWER: _constant("the answer was incomplete or not AWS's. It is tried again by itself."),
    Reason.NO_CREDENTIALS: _no_credentials,
    Reason.CREDENTIALS_EXPIRED: lambda ask, _: (
        f"the credentials have expired. New ones are fetched by themselves; if it lasts, check {_whose(ask)}."
    ),
    Reason.CREDENTIALS_REFUSED: _credentials_refused,
    Reason.QUOTA_EXCEEDED: lambda _, text: (
        f"a quota of the account is used up. {_sentence(text)} Raise it in Service Quotas."
    ),
    Reason.NOT_FOUND: lambda _, text: f"AWS does not find it. {_sentence(text)}".rstrip(),
    Reason.INTERNAL_ERROR: lambda _, text: (
        f'unforeseen error "{sanitise(text)}". Please report this as a bug of Crossvault.'
    ),
}


def words(reason: Reason, ask: Ask, text: str) -> str:
    """Return why something failed and what to do, from what AWS says itself: the end of a sentence, or sentences."""
    return _WORDS.get(reason, _quote)(ask, text)
