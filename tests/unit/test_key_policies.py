"""Our statements in the policies of the source's keys: what is put in where, and that nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import ROLE, SOURCE_ID, TARGET_ID, desired, destination, observed, point, sight
from tests.kit.judging import diff, foresee

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copy_role import ROLE as ROLE_SEEN
from crossvault.aspects.source_keys import PutKeyPolicy
from crossvault.aspects.source_keys.declared import KEY_OWNERSHIP
from crossvault.aspects.source_keys.seen import SERVICE_ROLE, Behind, Grant, Picture, SourceKeys
from crossvault.aspects.source_keys.statement import is_ours, statements_for
from crossvault.aspects.vault import CREATION, Creation
from crossvault.aspects.vault.declared import VaultKind
from crossvault.aspects.vault.seen import AIR_GAPPED, VAULT, Key, Vault
from crossvault.engine.declared import Desired, Mode, Ownership
from crossvault.engine.looks import Look, Seen
from crossvault.engine.plan import Plan, restrict
from crossvault.engine.rows import Prerequisite
from crossvault.iam import documents

Json = dict[str, Any]

KEY = f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/11111111-0000-4000-8000-000000000001"
SERVICE = f"arn:aws:iam::{TARGET_ID}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
HOME = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:root"}, "Action": "kms:*", "Resource": "*"}


ONE = replace(point(1), encryption_key_arn=KEY)


def managing(**changes: Any) -> Desired:
    """Return a policy that keeps the keys of its source shared."""
    return replace(desired(**changes), parts=desired(**changes).parts.having(KEY_OWNERSHIP, Ownership.MANAGE))


def document(*statements: Json) -> str:
    """Return a key's policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def keys(policy: str, *more: tuple[str, str], grants: dict[str, Look[tuple[Grant, ...]]] | None = None) -> SourceKeys:
    """Return the keys behind recovery points: one, and others by ARN and policy."""
    every = {KEY: policy, **dict(more)}
    pictures = {
        arn: Picture(Seen(Key(arn, "CUSTOMER", "Enabled")), Seen(text), grants or {}) for arn, text in every.items()
    }
    return SourceKeys(tuple(Behind(arn, "RDS", 1, ("arn:aws:rds:…:db:orders",)) for arn in every), pictures)


def planned(policy: str, wanted: Desired | None = None, **sights: Any) -> Plan:
    """Return the plan for one recovery point whose key has a policy."""
    seen = sight(source_keys=Seen(keys(policy)), **sights)
    return diff(wanted or managing(), observed((ONE,), seen))


def puts(plan: Plan) -> list[PutKeyPolicy]:
    """Return what is written into keys."""
    return [each for each in plan.actions if isinstance(each, PutKeyPolicy)]


def row(plan: Plan) -> Prerequisite:
    """Return the row about the keys."""
    return next(each for each in plan.prerequisites if each.name == "SourceKeys")


def sids(*roles: str) -> list[str]:
    """Return the Sids of our statements for some roles."""
    return [each["Sid"] for role in roles for each in statements_for([role])]


def test_a_key_that_lets_nobody_in_gets_two_statements_for_each_role() -> None:
    """What stood there keeps its bytes, and the row says that nobody has to do anything."""
    there = document(HOME)
    (put,) = puts(planned(document(HOME)))

    assert put.document.startswith(there[:-2])
    assert [each.get("Sid") for each in documents.statements(put.document)][1:] == sids(SERVICE)
    assert row(planned(there)).ours
    assert row(planned(there)).remedy == "Nothing: the operator adds the statements."


def test_both_roles_are_let_in_where_neither_is() -> None:
    """Nothing is said of the account as a whole, so its own role has to be named, too."""
    stranger = {**HOME, "Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:user/admin"}}
    (put,) = puts(planned(document(stranger)))

    assert sorted(put.sids) == sorted(sids(ROLE, SERVICE))


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        pytest.param(document(HOME), desired(), id="only checked"),
        pytest.param(document(HOME, *statements_for([SERVICE])), managing(), id="ours stand there"),
        pytest.param(document(HOME, *statements_for([ROLE, SERVICE])), managing(), id="pasted by hand"),
        pytest.param(document(HOME, {**HOME, "Principal": "*"}), managing(), id="open to all"),
        pytest.param(document(HOME, {**HOME, "Effect": "Deny", "Principal": "*"}), managing(), id="denied to all"),
        pytest.param("nonsense", managing(), id="unreadable"),
    ],
)
def test_nothing_is_written(policy: str, wanted: Desired) -> None:
    """Where it is not declared, not needed, in vain, or not understood."""
    plan = planned(policy, wanted)

    assert puts(plan) == []
    assert not [each for each in plan.drift if each.aspect == "key_policy"]


def test_observing_tells_and_writes_nothing() -> None:
    """It is drift, as anything else that would be put right."""
    wanted = managing(mode=Mode.OBSERVE)
    plan = planned(document(HOME), wanted)

    assert restrict(plan, wanted).actions == ()
    assert [(each.aspect, each.observed) for each in plan.drift] == [("key_policy", "absent or changed")]


def test_a_role_that_does_not_exist_comes_first() -> None:
    """KMS refuses a policy that names one: the row says how to make it, and nothing is written for it."""
    lacking: Any = {SERVICE: Seen(())}
    seen = sight(source_keys=Seen(keys(document(HOME), grants=lacking))).having(SERVICE_ROLE, Seen(False))
    plan = diff(managing(), observed((ONE,), seen))

    assert puts(plan) == []
    assert not [each for each in plan.actions if isinstance(each, StartCopy)]


def test_nothing_is_written_for_a_copy_role_that_is_gone() -> None:
    """Nothing is, before it is there: what it is called follows from a declaration alone."""
    stranger = {**HOME, "Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:user/admin"}}
    seen = observed((), sight(source_keys=Seen(keys(document(stranger)))))
    plan = diff(managing(), replace(seen, source=seen.source.having(ROLE_SEEN, Seen(None))))

    assert plan.actions == ()
    assert row(plan).remedy.startswith("First CopyRole has to be met")


def test_a_statement_of_others_under_our_sid_is_not_touched() -> None:
    """It is a hazard with its remedy."""
    theirs = {**HOME, "Sid": sids(SERVICE)[0], "Action": "kms:DescribeKey"}
    plan = planned(document(HOME, theirs))
    (told,) = (each for each in plan.drift if each.aspect == "key_policy")

    assert puts(plan) == []
    assert told.remedy.startswith(f"Give statement {theirs['Sid']}")
    assert not row(plan).ours


@pytest.mark.parametrize("number", [0, 1])
def test_what_somebody_denies_under_our_sid_is_not_touched(number: int) -> None:
    """Also where it is about something that copies do not need: an Allow in its place would let the role do it."""
    deny = {**statements_for([SERVICE])[number], "Effect": "Deny", "Action": "kms:ScheduleKeyDeletion"}
    plan = planned(document(HOME, deny))
    (told,) = (each for each in plan.drift if each.aspect == "key_policy")

    assert puts(plan) == []
    assert told.remedy.startswith(f"Give statement {deny['Sid']}")


def test_what_somebody_changed_of_ours_is_put_back_in_its_place() -> None:
    """Also what is left of a role that was deleted and made anew: AWS writes its unique id instead."""
    use, grant = statements_for([SERVICE])
    less = {**use, "Action": "kms:Encrypt"}
    gone = {**grant, "Principal": {"AWS": "AROAEXAMPLEEXAMPLE123"}}
    (put,) = puts(planned(document(less, gone, HOME)))

    assert list(documents.statements(put.document)) == [use, grant, HOME]
    assert put.replaces == {documents.canonical(each) for each in (less, gone)}


GONE = "AROAEXAMPLEEXAMPLE123"
DEAD = {**statements_for([f"arn:aws:iam::{SOURCE_ID}:role/former"])[0], "Principal": {"AWS": GONE}}


def test_what_stands_there_for_deleted_roles_goes_with_the_next_write() -> None:
    """KMS takes no policy with one."""
    (put,) = puts(planned(document(HOME, DEAD)))

    assert list(documents.statements(put.document)) == [HOME, *statements_for([SERVICE])]
    assert put.replaces == {documents.canonical(DEAD)}


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        pytest.param({**DEAD, "Sid": "Theirs"}, "statement Theirs", id="alone"),
        pytest.param({**HOME, "Principal": {"AWS": [ROLE, GONE]}}, "statement 3 (no Sid)", id="beside another"),
        pytest.param(
            {**DEAD, "Principal": {"AWS": [GONE, ROLE]}}, f"statement {DEAD['Sid']}", id="like ours, not alone"
        ),
        pytest.param(
            {**HOME, "Sid": "No", "Effect": "Deny", "Action": "s3:*", "Principal": {"AWS": GONE}},
            "statement No",
            id="a Deny",
        ),
        pytest.param({**HOME, "Sid": "A", "Principal": {"AWS": "AIDAEXAMPLEEXAMPLE123"}}, "statement A", id="a user"),
    ],
)
def test_what_others_wrote_for_deleted_roles_is_theirs_to_remove(theirs: Json, name: str) -> None:
    """AWS would refuse every write, the printed command too: who has to act is told where, and nothing is written."""
    for wanted in (managing(), desired()):
        plan = planned(document(HOME, DEAD, theirs), wanted)

        assert puts(plan) == []
        assert row(plan).remedy.startswith(f"First correct, or take out, {name} in the policy of key {KEY}: ")
        assert not row(plan).ours
        assert not [line for line in row(plan).fix if "put-key-policy" in line]
    (told,) = (each for each in planned(document(HOME, DEAD, theirs)).drift if each.aspect == "key_policy")
    assert name in told.remedy


def test_a_key_of_what_never_enters_an_air_gapped_vault_is_nobodys_concern() -> None:
    """It is not shared for nothing, and holds up nobody."""
    wanted = destination().having(CREATION, Creation(kind=VaultKind.AIR_GAPPED))
    vault = Vault(wanted.vault.arn, wanted.vault.name, None, True, 7, 365, AIR_GAPPED, "AWS_OWNED_KMS_KEY")
    seen = sight(wanted, source_keys=Seen(keys(document(HOME)))).having(VAULT, Seen(vault))
    there = desired(wanted)
    managed = replace(there, parts=there.parts.having(KEY_OWNERSHIP, Ownership.MANAGE))
    plan = diff(managed, observed((ONE,), seen))

    assert puts(plan) == []
    assert row(plan).status == "Met"


def test_copies_follow_in_the_same_pass() -> None:
    """What is foreseen is the statements, then the copy; and then nothing is amiss."""
    seen = observed((ONE,), sight(source_keys=Seen(keys(document(HOME)))))
    plan = foresee(managing(), seen)

    assert [type(each).__name__ for each in plan.actions] == ["PutKeyPolicy", "StartCopy"]
    assert row(plan).status == "Met"


STATEMENTS = st.lists(
    st.builds(
        lambda sid, who, action: {
            **({"Sid": sid} if sid else {}),
            "Effect": "Allow",
            "Principal": who,
            "Action": action,
        },
        st.sampled_from(["", "a", *sids(SERVICE), *sids(ROLE)]),
        st.sampled_from(["*", {"AWS": SERVICE}, {"AWS": ROLE}, {"AWS": f"arn:aws:iam::{SOURCE_ID}:user/x"}]),
        st.sampled_from(["kms:DescribeKey", "kms:Decrypt", ["kms:Encrypt"]]),
    ),
    max_size=5,
)


@given(STATEMENTS)
def test_what_is_written_keeps_everything_of_others_and_settles_it(statements: list[Json]) -> None:
    """Every statement that is not ours stands there in its order; and nothing more would be written afterwards."""
    there = [HOME, *({**each, "Resource": "*"} for each in statements)]
    for put in puts(planned(document(*there))):
        after = documents.statements(put.document)
        ours = [each for each in there if documents.canonical(each) in put.replaces]

        assert all(any(is_ours(each, role) for role in (SERVICE, ROLE)) for each in ours)
        kept = [each for each in there if each not in ours]
        assert [each for each in after if each in kept] == kept
        assert puts(planned(put.document)) == []
