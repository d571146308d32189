"""Writing the policy of a key."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from botocore.exceptions import ClientError

from ....aws import regions
from ....aws.entered import Entered
from ....aws.errors import code_of
from ....aws.policies import Edit, Place, PolicyWrites
from ....words.problems import CrossvaultError, ErrorClass, Problem
from ....words.reasons import Reason
from ..guard import shuts_out
from ..manage import PutKeyPolicy
from ..statement import GRANTS, USE
from .reading import key_policy

_WRITE = "kms:PutKeyPolicy"
SERVICE, SERVICE_ROLE_NAME = "backup.amazonaws.com", "AWSServiceRoleForBackup"


def write(writes: PolicyWrites, access: Entered, action: PutKeyPolicy) -> PutKeyPolicy | None:
    """Put what is planned in the place of what is expected; return what was written, None if it stood there.

    Raises:
        CrossvaultError: Somebody changed the policy before or meanwhile, or KMS refuses.
    """
    done = writes.write(_place(access, action), Edit(action.expected, action.document, action.replaces))
    return replace(action, expected=done.before or "", document=done.after or "") if done is not None else None


def _place(access: Entered, action: PutKeyPolicy) -> Place:
    account, region = action.source.account, action.source.region
    return Place(
        action.key_arn,
        f"The policy of key {action.key_arn} of account {account.name}",
        partial(key_policy, access, region, action.key_arn),
        partial(_send, access, action),
        (USE, GRANTS),
    )


def _send(access: Entered, action: PutKeyPolicy, document: str | None) -> None:
    """Write the whole policy; the safety check of KMS against locking oneself out is never bypassed.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """
    if document is None or shuts_out(access.account, action.key_arn, action.expected, document):
        words = (
            f"The policy of key {action.key_arn} was not written: whoever wrote it could not write it again."
            " Please report this as a bug of Crossvault."
        )
        raise CrossvaultError(Problem(Reason.INTERNAL_ERROR, words, ErrorClass.BUG))
    region = action.source.region
    with access.asking(f"write the policy of key {action.key_arn}", _WRITE, region):
        access.kms(region).put_key_policy(KeyId=action.key_arn, PolicyName="default", Policy=document)


def create_service_role(access: Entered, region: str) -> bool:
    """Create AWS Backup's service-linked role; tell whether it was not there before.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html: a second one is InvalidInput.
    """
    home = regions.known_like(region)
    with access.asking(f"create role {SERVICE_ROLE_NAME}", "iam:CreateServiceLinkedRole", home):
        try:
            access.iam(home).create_service_linked_role(AWSServiceName=SERVICE)
        except ClientError as error:
            if code_of(error) == "InvalidInput" and "has been taken" in str(error):
                return False
            raise
    return True
