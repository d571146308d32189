"""What IAM is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from ..model import Role
from .errors import code_of

if TYPE_CHECKING:
    from .sessions import Access


def role(access: Access, region: str, name: str) -> Role | None:
    """Get a role of the account by its name, which is unique whatever its path; None when there is none.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
    """
    with access.asking(f"read role {name}", "iam:GetRole"):
        try:
            found = access.iam(region).get_role(RoleName=name)["Role"]
        except ClientError as error:
            if code_of(error) in {"NoSuchEntity", "NoSuchEntityException"}:
                return None
            raise
    trust: Any = found.get("AssumeRolePolicyDocument") or {}
    # botocore decodes the document where it can; what it leaves as text is decoded here.
    return Role(found["Arn"], json.loads(unquote(trust)) if isinstance(trust, str) else trust)
