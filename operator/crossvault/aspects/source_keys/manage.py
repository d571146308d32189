"""Our statements in the policies of the source's keys, where they are kept (``keyPolicy: Manage``). Pure.

Two for each role that a key does not let in, by Sids that follow from the role alone: policies that need the same ones
share them. Everything else in a key's policy is somebody else's, and keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from ...engine import fixes
from ...engine.declared import Desired, Destination, Ownership, VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.plan import Change, Drift, Side
from ...engine.rows import UNMET, Prerequisite, by_the_operator, unproven
from ...iam import documents, meaning
from ...iam.documents import MalformedPolicyError
from ...iam.evaluation import Verdict
from ...words.reasons import Reason
from . import by_hand, judging, service_role
from .declared import KEY_OWNERSHIP
from .judging import NAME, Access, Verdicts
from .seen import SOURCE_KEYS
from .statement import is_dead, is_ours, statements_for

ASPECT = "key_policy"


@dataclass(frozen=True, slots=True)
class PutKeyPolicy(KeptWrite):
    """Replace the policy ``expected`` of a source's key by ``document``; they differ in our statements only.

    Attributes:
        destination: The destination whose copies need it.
        vault: Its vault.
        source: Through whose account and in which Region the key is reached.
        sids: What is put in.
        replaces: The statements of ``expected`` that are ours, as canonical JSON.
    """

    destination: str
    vault: VaultRef
    source: VaultRef
    key_arn: str
    expected: str
    document: str
    sids: tuple[str, ...]
    replaces: frozenset[str] = frozenset()

    mends: ClassVar[str] = NAME

    @property
    def which(self) -> str:
        """The key: another one's repair is not held up by this one's."""
        return self.key_arn

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one: also what it replaces."""
        return ("PutKeyPolicy", self.key_arn, self.expected, self.document)

    def after(self, sight: Sight) -> Sight:
        """Return the destination with this policy."""
        look = sight[SOURCE_KEYS]
        if isinstance(look, Unseen) or self.key_arn not in look.value.pictures:
            return sight
        picture = replace(look.value.pictures[self.key_arn], policy=Seen(self.document))
        pictures = {**look.value.pictures, self.key_arn: picture}
        return sight.having(SOURCE_KEYS, Seen(replace(look.value, pictures=pictures)))

    def told(self) -> Change:
        """Return how a plan lists it."""
        change = "change" if self.replaces else "add"
        return Change(change, "key policy", f"{self.source.account.name}/{_id(self.key_arn)}", self._statements())

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        put = "Put" if self.replaces else "Added"
        verb, reason = ("Restored", Reason.DRIFT_CORRECTED) if repaired else (put, Reason.KEY_POLICY_UPDATED)
        return reason, f"{self.destination}: {verb} {self._statements()} in the policy of key {self.key_arn}."

    def _statements(self) -> str:
        return f"statement{'' if len(self.sids) == 1 else 's'} {' and '.join(self.sids)}"


def _id(key_arn: str) -> str:
    return key_arn.rsplit("/", 1)[-1]


def sharing(
    desired: Desired, destination: Destination, sight: Sight, found: Iterable[Verdicts]
) -> tuple[tuple[PutKeyPolicy, ...], tuple[Drift, ...]]:
    """Return what has to be written so that the keys let in who copies, and what is otherwise than declared.

    | key | found |
    |---|---|
    | keyPolicy is Check, or the key lets all in, or it is not clear | nothing |
    | it denies one of them, or cannot be used | nothing: that is for a person |
    | it does not let in a role that does not exist yet | drift: KMS refuses such a policy, so the role comes first |
    | a statement for others stands under our Sid | drift with a remedy |
    | a statement of others names a principal that was deleted | drift with a remedy: KMS takes no such policy |
    | it does not let a role in | drift, and the statements for that role |
    """
    if desired[KEY_OWNERSHIP] is not Ownership.MANAGE:
        return (), ()
    actions: list[PutKeyPolicy] = []
    drift: list[Drift] = []
    for key_arn, roles in _lacking(found).items():
        # KMS refuses a policy that names a role which is not there; without the copy role nothing is written at all.
        wanted = [each for each in roles if not service_role.excuses(destination, sight, each)]
        there = _policy(sight, key_arn)
        sids = [each["Sid"] for role in roles for each in statements_for([role])]
        other = next((sid for sid in sids if _is_usurped(there, sid, roles)), None)
        path = f"{_id(key_arn)}: {' and '.join(sids)}"
        if other is not None:
            remedy = f"Give statement {other} of key {key_arn}, which is about others, another Sid, or remove it."
            drift.append(Drift(destination.name, ASPECT, path, "present", "of others", remedy))
            continue
        stale = by_hand.stale_in(there, roles)
        remedy = fixes.correcting(stale, f"the policy of key {key_arn}") if stale else ""
        drift.append(Drift(destination.name, ASPECT, path, "present", "absent or changed", remedy))
        if wanted and not stale:
            actions.append(_put(desired, destination, key_arn, there, wanted))
    return tuple(actions), tuple(drift)


def owned(row: Prerequisite, side: Side, found: Iterable[Verdicts], drift: Iterable[Drift]) -> Prerequisite:
    """Return the row as one that the operator mends, where it can mend all that is wrong, else what it cannot."""
    desired, destination, closed = side.desired, side.destination, _closed(found)
    if desired[KEY_OWNERSHIP] is not Ownership.MANAGE or row.status is not UNMET:
        return row
    if any(each.remedy for each in drift) or not any(map(_mendable, closed)):
        return row
    if service_role.is_missing(side.sight) and not service_role.creation(destination, side.sight):
        return row
    others = [each for each in closed if not _mendable(each)]
    if others:
        if not desired.acts:
            return row
        left = judging.row(desired, destination, side.sight, others)
        words = f"{left.remedy} The other keys lack only statements, which the operator adds as soon as it may."
        return replace(row, remedy=words, fix=left.fix)
    first = unproven(side.rows, destination.name)
    return replace(row, ours=True, remedy=by_the_operator(desired, "adds the statements", first))


def _closed(found: Iterable[Verdicts]) -> list[Verdicts]:
    return [each for each in found if each.access is Access.CLOSED]


def _mendable(one: Verdicts) -> bool:
    """Tell whether to add statements is all that a key needs."""
    lacks = one.reason is Reason.KEY_NOT_SHARED
    return lacks and all(each.verdict is Verdict.NOT_ALLOWED for each in one.admissions)


def _lacking(found: Iterable[Verdicts]) -> dict[str, tuple[str, ...]]:
    """Return the roles that each key lets in by nothing, where statements would do; in a lasting order."""
    roles: dict[str, set[str]] = {}
    for each in _closed(found):
        if _mendable(each):
            roles.setdefault(each.behind.key_arn, set()).update(one.party.arn for one in each.admissions)
    return {key_arn: tuple(sorted(each)) for key_arn, each in sorted(roles.items())}


def _policy(sight: Sight, key_arn: str) -> str:
    look = sight[SOURCE_KEYS]
    policy = None if isinstance(look, Unseen) else look.value.pictures[key_arn].policy
    return policy.value if isinstance(policy, Seen) else ""


def _is_usurped(document: str, sid: str, roles: Iterable[str]) -> bool:
    try:
        there = documents.statements(document)
    except MalformedPolicyError:
        return False
    return any(each.get("Sid") == sid and not any(is_ours(each, role) for role in roles) for each in there)


def _put(desired: Desired, destination: Destination, key_arn: str, there: str, roles: Iterable[str]) -> PutKeyPolicy:
    """Return the write that puts in the statements for some roles, each in the place of what stood there for it."""
    document, sids, goes = there, [], set[str]()
    dead = {documents.canonical(each) for each in documents.statements(there) if is_dead(each)}
    for role in roles:
        for wanted in statements_for([role]):
            ours = [
                each
                for each in documents.statements(document)
                if each.get("Sid") == wanted["Sid"] and is_ours(each, role)
            ]
            if any(meaning.same_meaning(wanted, each) for each in ours):
                continue
            texts = {documents.canonical(each) for each in ours}
            document = documents.put(document, wanted, _one_of(texts))
            goes |= texts
            sids.append(str(wanted["Sid"]))
    dead -= goes
    document = (documents.remove(document, _one_of(dead)) or document) if dead else document
    goes |= dead
    return PutKeyPolicy(
        destination.name,
        destination.vault,
        desired.source,
        key_arn,
        there,
        document,
        tuple(sids),
        frozenset(goes),
    )


def _one_of(texts: Container[str]) -> documents.Which:
    return lambda each: documents.canonical(each) in texts
