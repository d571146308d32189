"""What IAM says of the copy role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from ...aws import regions
from ...aws.entered import Entered
from ...aws.errors import Ask, code_of
from ...aws.hands import Hands, Looked, Looking, Reach, Scene
from ...aws.places import DENIED, Pending, Place
from ...engine.looks import Look, Unseen
from ...engine.parts import Parts
from ...words.problems import CrossvaultError, ErrorClass, Problem
from ...words.reasons import Reason
from . import COPY_ROLE, ROLE, Role, trusts

GOOD = timedelta(hours=1)
"""How long it is believed of a role that it lets AWS Backup in."""


def look(scene: Scene) -> Looking:
    """See the role that the policy declares."""
    if scene.desired.deleting:
        return Looked()
    pending = _role(scene.source, scene.desired[COPY_ROLE])
    yield
    return Looked(Parts().having(ROLE, pending()))


def _role(place: Place, role_arn: str) -> Pending[Role | None]:
    """Begin to look at a role; one that does what it is for is looked at rarely."""
    access, name, home = place.access, role_arn.rsplit("/", 1)[-1], regions.known_like(place.region)
    account_id = place.account.account_id

    def lasts(seen: Look[Role | None]) -> timedelta:
        if isinstance(seen, Unseen):
            return DENIED
        return GOOD if seen.value is not None and trusts(seen.value, account_id) else timedelta()

    key = ("role", access.fingerprint, name)
    return place.slowly(key, lambda: role(access, home, name), lasts, regional=False)


def role(access: Entered, region: str, name: str) -> Role | None:
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


def hands(_reach: Reach) -> Hands:
    """Return what this room does in AWS."""
    return Hands(look)
