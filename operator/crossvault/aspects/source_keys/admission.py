"""Whether a key lets somebody use it for a copy: yes, no or unknown. Pure.

A key's policy is the root of all access to it; where it names an account as a whole, the policies of that account
decide on, which is not judged here: those of the service-linked role are AWS's, those of the copy role its own affair.
A grant lets its grantee in where no Allow does; a Deny wins over both.
https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

from ...engine.declared import Desired, Destination, partition_of, region_of
from ...engine.looks import Look, Unseen
from ...engine.observed import Sight
from ...iam import documents, evaluation
from ...iam.context import FROM_HERE, Caller, Fact, Request
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Ground, Judgement, Verdict
from ..organization import controls
from ..organization.controls import RESOURCE_CONTROLS, Level
from ..vault_policy import caller_of
from .seen import Grant, Picture

Need: TypeAlias = tuple[str, ...]
"""Actions of which one has to be allowed."""

LOOK, GRANT = "kms:DescribeKey", "kms:CreateGrant"
TO_SHARE: tuple[Need, ...] = ((LOOK,), (GRANT,))
TO_READ: tuple[Need, ...] = (*TO_SHARE, ("kms:ReEncryptFrom", "kms:Decrypt"))
"""The least without which a copy fails, of who shares or writes, and of who reads; a policy that people write has more.
https://docs.aws.amazon.com/aws-backup/latest/devguide/encryption.html"""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom a key has to let in; ``where`` names the account to a person.

    ``controls`` are the resource control policies over the key's account, which bind no service-linked role.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    """

    caller: Caller
    needs: tuple[Need, ...]
    where: str
    controls: tuple[Level, ...] = ()

    @property
    def arn(self) -> str:
        """The ARN of the role."""
        return self.caller.role_arn


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a key lets a party in; ``need`` is what it lacks, or what is not clear."""

    party: Party
    verdict: Verdict
    need: Need = ()
    grounds: tuple[Ground, ...] = ()


def service_role(destination: Destination) -> str:
    """Return the ARN of AWS Backup's service-linked role in the destination's account, whose path is always this."""
    account_id, partition = destination.vault.account.account_id, partition_of(destination.vault.region)
    return f"arn:{partition}:iam::{account_id}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"


def parties(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> tuple[Party, ...]:
    """Return whom a key of the source has to let in: the copy role, and who copies at the destination."""
    role = caller_of(desired, source, sight)
    own = Caller(role.role_arn, role.account_id, role.organization, role.organization, role.path, role.path)
    account = destination.vault.account
    other = Caller(
        service_role(destination),
        account.account_id,
        role.vault_organization,
        role.organization,
        role.vault_path,
        role.path,
    )
    look = source[RESOURCE_CONTROLS]
    over = () if isinstance(look, Unseen) else look.value
    return Party(own, TO_SHARE, source.account.name, over), Party(other, TO_READ, account.name)


def writer(desired: Desired, destination: Destination, source: Sight, sight: Sight) -> Party:
    """Return whom the key of the destination vault has to let in: who copies."""
    role = caller_of(desired, source, sight)
    organization, path = role.vault_organization, role.vault_path
    account = destination.vault.account
    arn = service_role(destination)
    return Party(Caller(arn, account.account_id, organization, organization, path, path), TO_SHARE, account.name)


def admit(
    picture: Picture, document: str, party: Party, key_arn: str, service: str, regions: Iterable[str]
) -> Admission:
    """Decide whether a key lets a party do all that it needs.

    Args:
        picture: What is seen of the key; its grants count where the policy alone does not let the party in.
        document: The key's policy.
        party: Who asks.
        key_arn: The key.
        service: Through which service it is asked.
        regions: In which Regions that may be: AWS does not say for a copy from one Region to another.

    Raises:
        MalformedPolicyError: The text is not a policy document.
    """
    return _admitted(document, picture.grants.get(party.arn), party, key_arn, (service, tuple(dict.fromkeys(regions))))


@lru_cache(maxsize=4096)
def _admitted(
    document: str,
    looked: Look[tuple[Grant, ...]] | None,
    party: Party,
    key_arn: str,
    through: tuple[str, tuple[str, ...]],
) -> Admission:
    """Decide it once: every pass asks the same of the same policies."""
    found = [_needed(document, looked, party, key_arn, need, through) for need in party.needs]
    # A Deny first: to add a statement would be in vain.
    worst = max(found, key=lambda each: _ORDER.index(each.verdict))
    return worst if worst.verdict is not Verdict.ALLOWED else Admission(party, Verdict.ALLOWED)


def lets_in(document: str, party: Party, key_arn: str, service: str, regions: Iterable[str]) -> bool:
    """Tell whether the policy alone lets a party in for certain: then nobody asks for grants."""
    try:
        return admit(Picture(), document, party, key_arn, service, regions).verdict is Verdict.ALLOWED
    except MalformedPolicyError:
        return False


_ORDER = (Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.NOT_ALLOWED, Verdict.DENIED)


def _needed(
    document: str,
    looked: Look[tuple[Grant, ...]] | None,
    party: Party,
    key_arn: str,
    need: Need,
    through: tuple[str, tuple[str, ...]],
) -> Admission:
    """Return the best that one of some actions comes to."""
    service, regions = through
    found = [
        _whatever_the_region(
            [_decide(document, looked, party, key_arn, action, (service, region)) for region in regions]
        )
        for action in need
    ]
    best = min(found, key=lambda each: _ORDER.index(each.verdict))
    return Admission(party, best.verdict, need, best.grounds or best.doubts)


def _whatever_the_region(found: list[Judgement]) -> Judgement:
    """Return what is decided alike in every Region, else that it is not known."""
    first = found[0]
    if all(each.verdict is first.verdict for each in found):
        return first
    why = Ground("kms:ViaService", "in which Region the service asks is not known")
    return Judgement(Verdict.UNKNOWN, next((each.grounds for each in found if each.grounds), (why,)), None)


def _decide(
    document: str,
    looked: Look[tuple[Grant, ...]] | None,
    party: Party,
    key_arn: str,
    action: str,
    through: tuple[str, str],
) -> Judgement:
    whole = with_grants(document, looked, party.arn, action)
    request = Request(party.caller, key_arn, _facts(party, action, *through))
    found = evaluation.evaluate(whole, request, action)
    if found.verdict is Verdict.NOT_ALLOWED and isinstance(looked, Unseen):
        grounds = (Ground("a grant", looked.problem.message.removesuffix(".")),)
        found = Judgement(Verdict.UNKNOWN, grounds, None)
    return _under(found, party, request, action)


def _under(found: Judgement, party: Party, request: Request, action: str) -> Judgement:
    """Return what is decided under the resource control policies: they deny, and allow nothing."""
    if not party.controls or found.verdict is Verdict.DENIED:
        return found
    place: dict[str, Fact] = {"aws:requestedregion": region_of(request.vault_arn), "aws:securetransport": "true"}
    asked = [replace(request, known={**request.known, **place})]
    certain = controls.barred(party.controls, asked, action)
    if certain:
        return Judgement(Verdict.DENIED, certain, found.allowed)
    doubtful = controls.doubted(party.controls, asked, action)
    return Judgement(Verdict.UNKNOWN, doubtful, None) if doubtful and found.verdict is Verdict.ALLOWED else found


def with_grants(document: str, looked: Look[tuple[Grant, ...]] | None, grantee: str, action: str) -> str:
    """Return the policy with what grants allow a grantee written as statements: they add up in the same way."""
    for each in () if looked is None or isinstance(looked, Unseen) else looked.value:
        if action.removeprefix("kms:") in each.operations:
            document = documents.put(document, _as_statement(each, grantee, action), lambda _: False)
    return document


def _as_statement(grant: Grant, grantee: str, action: str) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"AWS": grantee}, "Action": action, "Resource": "*"}
    # https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html: they do not bind DescribeKey. What
    # the context of a request is nobody knows from here.
    bound = grant.constrained and action != LOOK
    return {**allow, "Condition": {"Null": {"kms:EncryptionContext": "false"}}} if bound else allow


def _facts(party: Party, action: str, service: str, region: str) -> Mapping[str, Fact]:
    """Return the condition keys of KMS that are known of a request.

    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    context: Fact = FROM_HERE if action != LOOK else ""
    if service == "ec2" and action != LOOK:
        context = "aws:ebs:id"
    return {
        "kms:calleraccount": party.caller.account_id,
        "kms:viaservice": f"{service}.{region}.amazonaws.com" if partition_of(region) != "aws-cn" else FROM_HERE,
        # Only requests about grants have it; of others a policy that asks for it is tried.
        "kms:grantisforawsresource": "true" if action == GRANT else FROM_HERE,
        "kms:encryptioncontextkeys": context,
    }
