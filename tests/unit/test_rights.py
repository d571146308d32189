"""What rooms need to be allowed: no request without a right, and no right without a request."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from tests.kit import stage as scene
from tests.kit.stage import AWAY, BACKUP, HOME, PAYER, PRODUCTION, Json

import crossvault
from crossvault.aspects import ROOMS
from crossvault.aspects.resource_types import matrix
from crossvault.aws import harmless
from crossvault.cli import iam
from crossvault.engine.rights import Right
from crossvault.kinds.entries import ASSUME, QUEUE, Operator, own_trust
from crossvault.kinds.kind import ObjectKey
from crossvault.local import Folder

HOUSE = Path(crossvault.__file__).parent
RIGHTS = [pytest.param(room.name, right, id=f"{room.name}: {right.sid}") for room in ROOMS for right in room.rights]
PERMISSION_ONLY = {"iam:PassRole", "backup-storage:MountCapsule"}
MODELS = {"tag": "resourcegroupstaggingapi"}
"""Services that IAM calls otherwise than their clients."""
NEEDS_NONE = {"sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"}
OPERATOR = Operator("arn:aws:iam::555555555555:role/crossvault")


# --- Requests ------------------------------------------------------------------------------------------------------


def asked_in(path: Path) -> Iterator[str]:
    """Yield the actions that a module names when it asks AWS."""
    tree = ast.parse(path.read_text("utf-8"))
    known = dict(_constants(tree))
    for each in ast.walk(tree):
        name = each.func.attr if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) else ""
        if not isinstance(each, ast.Call) or name not in {"asking", "_asking"}:
            continue
        for word in each.args:
            found = word.value if isinstance(word, ast.Constant) else known.get(getattr(word, "id", ""))
            if isinstance(found, str) and re.fullmatch(r"[a-z-]+:[A-Z]\w+", found):
                yield found


def _constants(tree: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield the names that a module gives to texts, in whatever function."""
    for each in ast.walk(tree):
        if not isinstance(each, ast.Assign):
            continue
        for target in each.targets:
            targets = target.elts if isinstance(target, ast.Tuple) else [target]
            values = each.value.elts if isinstance(each.value, ast.Tuple) else [each.value]
            for one, value in zip(targets, values, strict=False):
                if isinstance(one, ast.Name) and isinstance(value, ast.Constant):
                    yield one.id, value.value


def asked_by(room: str) -> set[str]:
    """Return the actions that the requests of a room name."""
    folder = HOUSE / "aspects" / room
    return {action for path in folder.rglob("*.py") for action in asked_in(path)}


SHARED = {action for path in (HOUSE / "aws").glob("*.py") for action in asked_in(path)}
ALL_ASKED = SHARED.union(*(asked_by(room.name) for room in ROOMS))
GIVEN = {action for room in ROOMS for right in room.rights for action in right.actions}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_request_of_a_room_has_a_right_in_it(room: Any) -> None:
    """What is asked without one would work on nobody's documents."""
    given = {action for right in room.rights for action in right.actions}

    assert asked_by(room.name) <= given


def test_every_call_that_is_no_rooms_has_its_right() -> None:
    """Entering an account, the queue of events, and the one question about a Region."""
    assert SHARED - NEEDS_NONE - {"sts:AssumeRole"} - GIVEN == set(QUEUE)
    assert ASSUME == "sts:AssumeRole"


@pytest.mark.parametrize(("room", "right"), RIGHTS)
def test_no_right_is_without_its_request(room: str, right: Right[Any]) -> None:
    """Each action is asked for by name, or AWS wants it beside one that is."""
    assert room
    if right.besides:
        assert right.besides in ALL_ASKED
        assert not set(right.actions) & asked_by(room)
    else:
        assert set(right.actions) <= ALL_ASKED


@pytest.mark.parametrize(("room", "right"), RIGHTS)
def test_a_right_is_one_that_aws_knows(room: str, right: Right[Any]) -> None:
    """Its name is that of an operation, or stands in the list of permissions without one; its Sid is one."""
    loader = botocore.session.Session()
    for action in set(right.actions) - PERMISSION_ONLY:
        service, _, operation = action.partition(":")
        model = loader.get_service_model(MODELS.get(service, service))
        assert operation in model.operation_names, room
    assert re.fullmatch(r"[A-Za-z0-9]+", right.sid)
    assert right.why


NAMED_BY_NOBODY = {
    *("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants", "backup:DescribeRecoveryPoint"),
    *("backup:GetBackupPlan", "backup:ListBackupSelections", "backup:GetBackupSelection", "backup:ListTags"),
    *("organizations:ListParents", "organizations:ListPoliciesForTarget", "organizations:DescribePolicy"),
}
"""What is about keys, plans, recovery points and accounts of which no right says which: nothing can be tried of it."""


def test_every_right_to_read_has_a_harmless_read_or_is_about_what_nobody_names() -> None:
    """One page, nothing that changes anything, and nothing that is no right."""
    reading = {each for each in GIVEN if re.match(r"[a-z-]+:(List|Describe|Get|Lookup)", each)}

    assert set(harmless.READS) == reading - NAMED_BY_NOBODY
    assert reading >= NAMED_BY_NOBODY


@pytest.mark.parametrize("action", sorted(harmless.READS))
def test_a_harmless_read_is_a_request_that_aws_knows(action: str) -> None:
    """As the service's model has it, with what it must have and no other member; a page of one where it can."""
    read = harmless.READS[action]
    arn = f"arn:aws:backup:{HOME}:{PRODUCTION}:backup-vault:orders"
    sent = read.asked(arn) or read.asked(f"arn:aws:iam::{PRODUCTION}:role/copy")
    assert sent is not None
    service, _, operation = action.partition(":")
    shape = botocore.session.Session().get_service_model(MODELS.get(service, service)).operation_model(operation)
    members = shape.input_shape.members if shape.input_shape is not None else {}

    assert botocore.xform_name(operation) == read.operation
    assert set(sent) <= set(members)
    assert set(shape.input_shape.required_members if shape.input_shape is not None else ()) <= set(sent)
    pages = {"MaxResults", "ResourcesPerPage"} & set(members)
    assert pages <= set(sent)


@pytest.mark.parametrize("resource", ["*", "arn:aws:backup:eu-west-1:111111111111:backup-vault:*", "arn:aws:kms:x"])
def test_what_names_no_vault_is_asked_of_none(resource: str) -> None:
    """A pattern is no name."""
    assert not harmless.exists("backup:DescribeBackupVault", resource)
    assert harmless.exists("backup:ListBackupVaults", resource)
    assert not harmless.exists("backup:StartCopyJob", resource)


def test_nothing_is_allowed_that_deletes_what_holds_backups() -> None:
    """Invariant 1, whatever is declared: plans and selections hold none, nor do statements."""
    plans = {"backup:DeleteBackupPlan", "backup:DeleteBackupSelection"}
    assert {each for each in GIVEN if "Delete" in each} == {"backup:DeleteBackupVaultAccessPolicy", *plans}


# --- What is declared ----------------------------------------------------------------------------------------------


def folder(*others: Json, accounts: Mapping[str, Json] | None = None, **spec: Any) -> Folder:
    """Return the manifests of a policy, the accounts it names, and others."""
    named = accounts or {name: each for name, each in scene.accounts().items() if name in {"production", "dr"}}
    bodies = [*named.values(), scene.policy(**spec), *others]
    return Folder(
        {
            ObjectKey(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each
            for each in bodies
        }
    )


def documents(found: Folder, operator: Operator = OPERATOR) -> Json:
    """Return what is printed."""
    declared, faults = iam.declared_in(found)
    assert faults == []
    return iam.make(declared, operator)


def statements(answer: Json, account: str) -> dict[str, Json]:
    """Return the statements of an account by Sid."""
    entry = next(each for each in answer["accounts"] if account in {each["account"], *each.get("alsoFor", ())})
    return {each["Sid"]: each for each in entry["permissions"]["Statement"]}


WRITES = {
    *("CreateVault", "TagVault", "MountCapsule", "UseKey", "GrantKey", "WriteVaultPolicy", "RemoveVaultPolicy"),
    *("ChangeLifecycles", "ReadCopies", "Copy", "PassCopyRole", "LockVault"),
}
CREATED = {"CreateVault", "TagVault", "MountCapsule", "UseKey", "GrantKey"}


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        pytest.param({}, {*CREATED, "WriteVaultPolicy", "Copy", "PassCopyRole"}, id="a vault is created"),
        pytest.param(
            {"destinations": [scene.destination(vault={"name": "there"})]},
            {"WriteVaultPolicy", "Copy", "PassCopyRole"},
            id="the vault is there",
        ),
        pytest.param(
            {"destinations": [scene.destination(vault={"name": "there"}, vaultPolicy="Check")]},
            {"Copy", "PassCopyRole"},
            id="its policy is only checked",
        ),
        pytest.param(
            {"deletionPolicy": "RemoveOwned"},
            {*CREATED, "WriteVaultPolicy", "RemoveVaultPolicy", "Copy", "PassCopyRole"},
            id="what is owned is removed",
        ),
        pytest.param(
            {"deletionPolicy": "RemoveOwned", "destinations": [scene.destination(vaultPolicy="Check")]},
            {*CREATED, "Copy", "PassCopyRole"},
            id="nothing is owned that could be removed",
        ),
        pytest.param(
            {"destinations": [scene.destination(lifecycle={"deleteAfterDays": 365}, existingCopies="UpdateLifecycle")]},
            {*CREATED, "WriteVaultPolicy", "Copy", "PassCopyRole", "ReadCopies", "ChangeLifecycles"},
            id="copies that are there are changed",
        ),
        pytest.param(
            {"destinations": [scene.destination(vault={"name": "there", "lock": {"minRetentionDays": 7}})]},
            {"WriteVaultPolicy", "Copy", "PassCopyRole", "LockVault"},
            id="the vault is locked",
        ),
        pytest.param(
            {
                "destinations": [scene.destination(vault={"name": "there", "lock": {"minRetentionDays": 7}})],
                "suspend": True,
            },
            set(),
            id="the vault would be locked",
        ),
        pytest.param({"mode": "Observe", "deletionPolicy": "RemoveOwned"}, set(), id="it only observes"),
        pytest.param({"suspend": True}, set(), id="it is suspended"),
    ],
)
def test_what_is_written_follows_from_what_is_declared(spec: Json, written: set[str]) -> None:
    """No write that the policy does not ask for, and none of one that does not act."""
    answer = documents(folder(**spec))
    found = {*statements(answer, "production"), *statements(answer, "dr")}

    assert found & WRITES == written


def test_a_vault_is_locked_in_governance_mode_only() -> None:
    """AWS itself refuses a lock for ever, and a shorter least retention than is declared, by this role."""
    locked = scene.destination(vault={"name": "there", "lock": {"minRetentionDays": 7}})
    lock = statements(documents(folder(destinations=[locked])), "dr")["LockVault"]

    assert lock["Resource"] == f"arn:aws:backup:{AWAY}:{BACKUP}:backup-vault:there"
    assert lock["Condition"] == {
        "Null": {"backup:ChangeableForDays": "true"},
        "NumericGreaterThanEquals": {"backup:MinRetentionDays": "7"},
    }


@pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        pytest.param("alias/orders-copies", "*", ["alias/orders-copies"], id="an alias"),
        pytest.param(f"arn:aws:kms:{AWAY}:{BACKUP}:alias/a", "*", ["alias/a"], id="the ARN of an alias"),
        pytest.param(f"arn:aws:kms:{AWAY}:{BACKUP}:key/k-1", "k-1", None, id="the ARN of a key"),
        pytest.param("22222222-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000001", None, id="an id"),
    ],
)
def test_the_key_of_a_vault_is_let_in_and_no_other(key: str, resource: str, condition: list[str] | None) -> None:
    """By its ARN where that is known, else by its alias."""
    vault = {"name": "orders-copies", "create": True, "encryptionKey": key}
    found = statements(documents(folder(destinations=[scene.destination(vault=vault)])), "dr")

    for sid in ("UseKey", "GrantKey"):
        asked = found[sid].get("Condition", {}).get("ForAnyValue:StringEquals", {})
        assert found[sid]["Resource"] == f"arn:aws:kms:{AWAY}:{BACKUP}:key/{resource}"
        assert asked.get("kms:ResourceAliases") == condition


@pytest.mark.parametrize(
    ("types", "forms"),
    [
        pytest.param(["S3"], {"backup"}, id="managed in full"),
        pytest.param(["EBS"], {"backup", "snapshot"}, id="snapshots"),
        pytest.param(["EC2", "RDS"], {"backup", "image", "rds"}, id="two services"),
        pytest.param(["Aurora", "Neptune"], {"backup", "cluster"}, id="one form for two types"),
    ],
)
def test_copies_are_started_of_types_in_scope(types: list[str], forms: set[str]) -> None:
    """Their recovery points have few forms, and always that of an air-gapped vault."""
    arns = {
        "backup": f"arn:aws:backup:{HOME}:{PRODUCTION}:recovery-point:*",
        "snapshot": f"arn:aws:ec2:{HOME}::snapshot/*",
        "image": f"arn:aws:ec2:{HOME}::image/*",
        "rds": f"arn:aws:rds:{HOME}:{PRODUCTION}:snapshot:awsbackup:*",
        "cluster": f"arn:aws:rds:{HOME}:{PRODUCTION}:cluster-snapshot:awsbackup:*",
    }
    found = statements(documents(folder(recoveryPoints={"resourceTypes": types})), "production")
    resources = found["Copy"]["Resource"]

    assert {resources} if isinstance(resources, str) else set(resources) == {arns[each] for each in forms}


@pytest.mark.parametrize("name", sorted(matrix.KEYED_BY_RESOURCE))
def test_every_type_that_is_a_snapshot_of_its_own_service_has_a_form(name: str) -> None:
    """Else its copies would be denied, with exactly what is printed."""
    found = statements(documents(folder(recoveryPoints={"resourceTypes": [name]})), "production")

    assert len(found["Copy"]["Resource"]) == 2


def test_only_types_on_keys_of_resources_need_the_policy_of_the_vaults_key() -> None:
    """All others go on the grant that AWS Backup has."""
    some = documents(folder(recoveryPoints={"resourceTypes": ["S3", "EBS"]}))
    none = documents(folder(recoveryPoints={"resourceTypes": ["S3"]}))
    sids = [[each["Sid"] for each in one["accounts"][1]["keyStatements"][0]["statements"]] for one in (some, none)]

    assert "ReadKeyPolicies" in statements(some, "dr")
    assert "ReadKeyPolicies" not in statements(none, "dr")
    assert [sum(each.startswith("CrossvaultKeyUse") for each in one) for one in sids] == [1, 0]


@pytest.mark.parametrize(("wanted", "turns"), [("Enabled", True), ("Disabled", True), ("Unmanaged", False)])
def test_who_only_shows_the_switch_may_not_turn_it(wanted: str, turns: bool) -> None:
    """The right to turn it is the widest that is ever printed."""
    payer = scene.accounts()["payer"]
    answer = documents(folder(payer, scene.organization(wanted)))
    found = statements(answer, "payer")

    assert ("Turn" in found) is turns
    assert {"ReadMembers", "ReadDepartures"} <= set(found)
    assert "ReadMembers" not in statements(answer, "production")


def test_an_account_that_no_policy_names_is_looked_at_and_no_more() -> None:
    """Its BackupAccount has a status, too."""
    second = scene.accounts()["second"]

    assert set(statements(documents(folder(second)), "second")) == {"ReadOrganization", "ReadSwitch"}


# --- Several of one ------------------------------------------------------------------------------------------------


def test_accounts_with_one_role_are_one_entry_with_what_both_need() -> None:
    """A role has one trust policy, and what it is allowed is for all who enter by it."""
    twin = scene.backup_account("also", BACKUP, "crossvault-destination", externalId="another")
    other = scene.policy(destinations=[scene.destination(accountRef={"name": "also"}, vault={"name": "more"})])
    other["metadata"]["name"] = "other"
    (entry,) = [each for each in documents(folder(twin, other))["accounts"] if each["accountId"] == BACKUP]
    arn = f"arn:aws:backup:{AWAY}:{BACKUP}:backup-vault:"

    assert (entry["account"], entry["alsoFor"]) == ("also", ["dr"])
    assert entry["trust"]["Statement"][0]["Condition"]["StringEquals"] == {
        "sts:ExternalId": ["another", scene.EXTERNAL_ID]
    }
    listed = next(each for each in entry["permissions"]["Statement"] if each["Sid"] == "ListRecoveryPoints")
    assert listed["Resource"] == [f"{arn}more", f"{arn}orders-copies"]


def test_who_has_no_external_id_is_let_in_without() -> None:
    """Beside those who have one; the condition of one statement does not hold for the other."""
    spec = scene.backup_account("plain", BACKUP, "crossvault-destination")
    del spec["spec"]["externalId"]
    (entry,) = [each for each in documents(folder(spec))["accounts"] if each["accountId"] == BACKUP]
    first, second = entry["trust"]["Statement"]

    assert first["Condition"] == {"StringEquals": {"sts:ExternalId": scene.EXTERNAL_ID}}
    assert "Condition" not in second


def test_a_role_that_is_source_and_destination_has_every_sid_once() -> None:
    """IAM refuses a document in which one occurs twice."""
    back = scene.policy(
        source={"accountRef": {"name": "dr"}, "region": AWAY, "vault": {"name": "orders-copies"}},
        destinations=[scene.destination("back", accountRef={"name": "production"}, region=HOME, vault={"name": "old"})],
    )
    back["metadata"]["name"] = "back"
    for entry in documents(folder(back))["accounts"]:
        sids = [each["Sid"] for each in entry["permissions"]["Statement"]]
        assert len(set(sids)) == len(sids) > 15


def test_an_account_without_a_role_is_of_the_operators_own_identity() -> None:
    """What it needs stands there, and it is entered by nobody."""
    own = scene.backup_account("production", PRODUCTION, "crossvault-source")
    del own["spec"]["roleArn"], own["spec"]["externalId"]
    answer = documents(folder(accounts={"production": own, "dr": scene.accounts()["dr"]}))
    entry = answer["accounts"][0]
    found = {each["Sid"]: each for each in answer["operator"]["permissions"]["Statement"]}

    assert (entry["role"], entry["trust"]) == (None, None)
    assert found["Enter"]["Resource"] == f"arn:aws:iam::{BACKUP}:role/crossvault-destination"
    assert found["CopyOwn"]["Action"] == "backup:StartCopyJob"
    assert any("has no roleArn" in each for each in answer["notes"])


# --- The operator --------------------------------------------------------------------------------------------------


def test_sessions_with_tags_and_identities_need_more() -> None:
    """On both sides, and for the accounts alone that declare them."""
    marked = {**scene.accounts()["dr"]}
    marked["spec"] = {**marked["spec"], "sessionTags": {"team": "a"}, "sourceIdentity": True}
    answer = documents(folder(accounts={"production": scene.accounts()["production"], "dr": marked}))
    trusted = {each["account"]: each["trust"]["Statement"][0]["Action"] for each in answer["accounts"]}
    own = {each["Sid"]: each["Resource"] for each in answer["operator"]["permissions"]["Statement"]}
    role = f"arn:aws:iam::{BACKUP}:role/crossvault-destination"

    assert trusted == {
        "production": "sts:AssumeRole",
        "dr": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    assert (own["TagSessions"], own["IdentifySessions"]) == (role, role)


def test_a_pod_identity_takes_its_tags_along() -> None:
    """AWS passes them on into every role, which has to let them in."""
    answer = documents(folder(), Operator(OPERATOR.arn, pod_identity=True, service_account="tools/vault"))

    assert {str(each["trust"]["Statement"][0]["Action"]) for each in answer["accounts"]} == {
        "['sts:AssumeRole', 'sts:TagSession']"
    }
    (own,) = answer["operator"]["trust"]["Statement"]
    assert own["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert own["Condition"]["StringEquals"] == {
        "aws:RequestTag/kubernetes-namespace": "tools",
        "aws:RequestTag/kubernetes-service-account": "vault",
    }


def test_a_role_for_a_service_account_is_for_that_one() -> None:
    """The host of the provider is part of the condition keys."""
    provider = "arn:aws:iam::555555555555:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    found = own_trust(Operator(OPERATOR.arn, oidc_provider=provider))
    assert found is not None
    (own,) = found["Statement"]

    assert own["Principal"] == {"Federated": provider}
    assert own["Condition"]["StringEquals"] == {
        "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:crossvault-system:crossvault",
        "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud": "sts.amazonaws.com",
    }


def test_a_queue_of_events_is_read_by_the_operator_itself() -> None:
    """And by nobody else; without one nothing is allowed on queues."""
    arn = "arn:aws:sqs:eu-west-1:555555555555:crossvault-events"
    with_queue = documents(folder(), Operator(OPERATOR.arn, queue_arn=arn))["operator"]["permissions"]["Statement"]
    without = documents(folder())["operator"]["permissions"]["Statement"]

    assert with_queue[-1] == {"Sid": "ReadEvents", "Effect": "Allow", "Action": list(QUEUE), "Resource": arn}
    assert [each["Sid"] for each in without] == ["Enter"]
    assert PAYER not in str(without)
