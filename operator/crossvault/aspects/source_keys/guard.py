"""Whether a key's policy would take away the right to write it from whoever does: such a one is never sent. Pure.

KMS has a check of its own against that, which only asks that somebody may write it.
https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
"""

from __future__ import annotations

from ...engine.declared import Account
from ...iam import evaluation
from ...iam.context import Caller, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Verdict
from ...iam.meaning import partition_of, root_of

WRITE = "kms:PutKeyPolicy"
_WORSE = (Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.NOT_ALLOWED, Verdict.DENIED)


def shuts_out(account: Account, key_arn: str, before: str, after: str) -> bool:
    """Tell whether a policy lets the caller write it less certainly than the one that it replaces.

    | the caller may write, by the policy before | by the one after | |
    |---|---|---|
    | certainly | not certainly | never written |
    | perhaps | not, or denied | never written |
    | not, or denied | | written: nothing is taken away, and KMS refuses it in any case |
    | | what cannot be read | never written |

    Who works without a role of its own is whom the account lets write: then the account must go on to be let.
    """
    partition = partition_of(key_arn)
    role = account.role_arn or root_of(account.account_id, partition)
    request = Request(Caller(role, account.account_id), key_arn)
    try:
        was, becomes = (evaluation.evaluate(each, request, WRITE).verdict for each in (before, after))
    except MalformedPolicyError:
        return True
    return was in {Verdict.ALLOWED, Verdict.UNKNOWN} and _WORSE.index(becomes) > _WORSE.index(was)
