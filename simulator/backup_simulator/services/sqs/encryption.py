"""SQS: queues that are encrypted with a KMS key: who sends and who receives needs rights on the key too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...fidelity import Behaviour
from ...identity import key_access
from ...records import keys
from ...wire import AwsError

if TYPE_CHECKING:
    from ...policies.condition_keys import GatheredKeys
    from ...policies.principal import Principal
    from ...records.queue import Queue
    from ...records.state import Key, State
    from ..operation import Scope

MANAGED_ALIAS = "alias/aws/sqs"
SENDING = ("kms:GenerateDataKey", "kms:Decrypt")
RECEIVING = ("kms:Decrypt",)


def require_use(scope: Scope, queue: Queue, actions: tuple[str, ...]) -> None:
    """Raise what SQS answers to a caller who may not use the queue's key, or whose key cannot be used."""
    if queue.key is None:
        return
    key = _key(scope.state, queue, scope.now)
    known = {"aws:requestedregion": (queue.region,), **scope.facts, **_keys(queue)}
    found = key_access.trouble(scope.state, key, scope.principal, actions, known)
    if found:
        raise AwsError(f"Kms{found[0]}", found[1])


def closed_to(state: State, queue: Queue, service: Principal, facts: GatheredKeys, now: float) -> str:
    """Why the queue's key does not let a service send; empty when it does, or when there is no key."""
    if queue.key is None:
        return ""
    reason = key_access.closed_to(state, _key(state, queue, now), service, SENDING, facts | _keys(queue))
    return reason and f"the queue's key {reason}"


def _key(state: State, queue: Queue, now: float) -> Key | None:
    """The key of a queue, named by id, ARN, alias or alias ARN."""
    return keys.of_setting(state, (queue.account, queue.region), queue.key or "", MANAGED_ALIAS, now)


def _keys(queue: Queue) -> GatheredKeys:
    """The condition keys of SQS's calls to KMS for somebody."""
    return {
        "kms:viaservice": (f"sqs.{queue.region}.amazonaws.com",),
        "kms:encryptioncontext:aws:sqs:arn": (queue.arn,),
        "kms:encryptioncontextkeys": ("aws:sqs:arn",),
    }


FIDELITY = (
    Behaviour(
        "A queue with a KMS key: senders need kms:GenerateDataKey and kms:Decrypt, receivers kms:Decrypt, services by "
        "the key's policy, with `kms:ViaService` and the encryption context `aws:sqs:arn`",
        "DG",
        "test_sqs_encryption.py::test_a_key_has_a_say",
    ),
    Behaviour(
        "KMS's refusals are KmsAccessDenied, KmsDisabled, … and KMS.AccessDeniedException, … in the query protocol",
        "botocore; old codes: issue",
        "test_sqs_encryption.py::test_a_key_that_cannot_be_used_stops_the_queue",
    ),
    Behaviour(
        "The key is asked at every send and receive; AWS reuses a data key for KmsDataKeyReusePeriodSeconds",
        "missing",
    ),
)
