"""What IAM is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from ..engine.model import Role
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason
from .errors import Ask, code_of

if TYPE_CHECKING:
    from .sessions import Access


def role(access: Access, region: str, name: str) -> Role | None:
    """Get a role of the account by its name, which is unique whatever its path; None when there is none.

    Every role has an ARN and a trust policy, so an answer without one of them is none.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html

    Raises:
        CrossvaultError: IAM could not be asked, refused to tell, or gave half an answer.
    """
    what = f"read role {name}"
    with access.asking(what, "iam:GetRole"):
        try:
            found: Mapping[str, Any] = access.iam(region).get_role(RoleName=name).get("Role") or {}
        except KeyError:
            # What botocore makes of an answer without its result.
            found = {}
        except ClientError as error:
            if code_of(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return None
            raise
    arn, trust = found.get("Arn"), _parsed(found.get("AssumeRolePolicyDocument"))
    if not arn or trust is None:
        lacks = "AssumeRolePolicyDocument" if arn else "Arn"
        where = Ask(what, access.account, "iam:GetRole").where
        words = f"Cannot {what} in {where}: the answer lacks {lacks}. It is tried again by itself."
        raise CrossvaultError(Problem(Reason.UNEXPECTED_ANSWER, words, ErrorClass.RETRY))
    return Role(arn, trust)


def _parsed(document: object) -> Mapping[str, Any] | None:
    """Return a trust policy; botocore decodes what it can, the rest is text, percent-encoded as on the wire."""
    if isinstance(document, str):
        try:
            document = json.loads(unquote(document))
        except ValueError:
            return None
    return document if isinstance(document, Mapping) and document else None
