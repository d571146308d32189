"""The commands that mend a prerequisite: one for each row and reason, or why there is none."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.kit.builders import (
    KEY_ARN,
    ORGANIZATION_ID,
    PAYER_ID,
    ROLE,
    SOURCE_ID,
    TARGET_ID,
    absent,
    account_sight,
    desired,
    destination,
    key,
    observed,
    role,
    sight,
    vault,
)
from tests.kit.judging import case, rows

from crossvault.aspects import ROOMS, organization
from crossvault.aspects.copy_role import permissions
from crossvault.aspects.copy_role.permissions import PASS_ROLE, Trial
from crossvault.aspects.organization import KEEPERS
from crossvault.aspects.organization.switch import Keeper, Wanted
from crossvault.aspects.resource_types.seen import REGION_SETTINGS, RegionSettings
from crossvault.aspects.source_keys.seen import Behind, Picture, SourceKeys
from crossvault.aspects.source_keys.statement import statements_for
from crossvault.aspects.vault.declared import CREATION, LOCK, Creation, Lock, VaultKind
from crossvault.aspects.vault.seen import Key
from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.engine import fixes
from crossvault.engine.declared import Ownership, Scope
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Case, Side
from crossvault.engine.rows import UNMET, Prerequisite
from crossvault.iam import documents

ASPECTS = Path(__file__).parents[2] / "operator" / "crossvault" / "aspects"
CHECK = destination(vault_policy=Ownership.CHECK)
SOURCE_KEY = f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/11111111-0000-4000-8000-000000000001"
SERVICE = f"arn:aws:iam::{TARGET_ID}:role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
IN_SOURCE, AT_TARGET = f"# In account orders-prod ({SOURCE_ID}):", f"# In account dr ({TARGET_ID}):"
HERS = documents.put(None, {**statement_for(f"arn:aws:iam::{PAYER_ID}:root"), "Sid": "Hers"})
OWN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{SOURCE_ID}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)


def of(name: str, found: tuple[Prerequisite, ...]) -> Prerequisite:
    """Return the row of a name."""
    return next(each for each in found if each.name == name)


def _switch(keeper: Keeper | None = None) -> Prerequisite:
    seen = observed((), sight(), source=account_sight(cross_account_backup=Seen(value=False)))
    whole = case(desired(), seen)
    whole = Case(whole.desired, whole.observed, whole.around.having(KEEPERS, {PAYER_ID: keeper} if keeper else {}))
    (one,) = whole.sides()
    return of("OrganizationToggle", organization.judge(Side(whole, *one, ())).rows)


def _vault_key(state: str, manager: str = "CUSTOMER") -> Prerequisite:
    return of("VaultKey", rows(desired(), observed((), sight(vault_key=Seen(key(manager, state))))))


def _wanted_key(found: Key | None) -> Prerequisite:
    wanted = destination(create=True)
    return of("VaultKey", rows(desired(wanted), observed((), absent(wanted, wanted_key=Seen(found)))))


def _absent(**declared: Any) -> Prerequisite:
    wanted = destination(**declared)
    return of("DestinationVault", rows(desired(wanted), observed((), absent(wanted))))


def _air_gapped(bounds: tuple[int, int] | None) -> Prerequisite:
    creation = Creation(create=True, kind=VaultKind.AIR_GAPPED, bounds=bounds)
    wanted = destination().having(CREATION, creation)
    return of("DestinationVault", rows(desired(wanted), observed((), absent(wanted))))


def _lock(lock: Lock, **there: Any) -> Prerequisite:
    wanted = destination().having(LOCK, lock)
    seen = sight(wanted, vault=Seen(vault(wanted.vault, **there)))
    return of("VaultLock", rows(desired(wanted), observed((), seen)))


def _policy(document: str | None) -> Prerequisite:
    return of("VaultPolicy", rows(desired(CHECK), observed((), sight(CHECK, policy=document))))


def _source_key(picture: Picture) -> Prerequisite:
    seen = Seen(SourceKeys((Behind(SOURCE_KEY, "RDS"),), {SOURCE_KEY: picture}))
    return of("SourceKeys", rows(desired(), observed((), sight(source_keys=seen))))


def _usable(policy: str, state: str = "Enabled") -> Picture:
    return Picture(Seen(Key(SOURCE_KEY, "CUSTOMER", state)), Seen(policy))


def _vault_key_policy(policy: str) -> Prerequisite:
    seen = Seen(SourceKeys((Behind(SOURCE_KEY, "RDS"),), {SOURCE_KEY: _usable(OWN)}))
    return of("VaultKeyPolicy", rows(desired(), observed((), sight(source_keys=seen, vault_key_policy=policy))))


def _region_settings() -> Prerequisite:
    settings = Seen(RegionSettings({"DynamoDB": True}, {"DynamoDB": False}))
    wanted = desired(scope=Scope(resource_types=("DynamoDB",)))
    return of("ResourceTypes", rows(wanted, observed((), source=account_sight().having(REGION_SETTINGS, settings))))


def _copy_role(found: Any) -> Prerequisite:
    return of("CopyRole", rows(desired(), observed((), copy_role=Seen(found))))


def _may_copy() -> Prerequisite:
    wanted = desired()
    denied = Seen(Trial(((permissions.OUT, False), (permissions.INTO, True))))
    return permissions.may_copy(wanted, wanted.destinations[0], denied, ROLE)[0]


def _may_pass() -> Prerequisite:
    return permissions.may_pass(desired(), Seen(Trial(((PASS_ROLE, False),))), ROLE)[0]


FIXED: dict[str, tuple[str, Callable[[], Prerequisite], tuple[str, ...]]] = {
    "the switch is off": (
        "organization: CROSS_ACCOUNT_BACKUP_OFF",
        _switch,
        (
            f"# In account {PAYER_ID}, which manages {ORGANIZATION_ID}:",
            "aws backup update-global-settings --region eu-west-1 --global-settings isCrossAccountBackupEnabled=true",
        ),
    ),
    "the switch is off, and only looked at": (
        "organization: CROSS_ACCOUNT_BACKUP_OFF",
        lambda: _switch(Keeper("main", Wanted.UNMANAGED)),
        _switch().fix,
    ),
    "basic DynamoDB": (
        "resource_types: BASIC_DYNAMODB",
        _region_settings,
        (
            IN_SOURCE,
            (
                "aws backup update-region-settings --region eu-west-1 --resource-type-opt-in-preference DynamoDB=true"
                " --resource-type-management-preference DynamoDB=true"
            ),
        ),
    ),
    "a vault that is not to be made": (
        "vault: DESTINATION_VAULT_MISSING",
        _absent,
        (
            AT_TARGET,
            (
                "key=$(aws kms create-key --region eu-central-1 --query KeyMetadata.Arn --output text) &&"
                " aws backup create-backup-vault --region eu-central-1 --backup-vault-name orders-copies"
                ' --encryption-key-arn "$key"'
            ),
        ),
    ),
    "a vault to be made": (
        "vault: DESTINATION_VAULT_MISSING",
        lambda: _absent(create=True),
        (
            AT_TARGET,
            (
                "aws backup create-backup-vault --region eu-central-1 --backup-vault-name orders-copies"
                f" --encryption-key-arn {KEY_ARN}"
            ),
        ),
    ),
    "an air-gapped vault to be made": (
        "vault: DESTINATION_VAULT_MISSING",
        lambda: _air_gapped((7, 365)),
        (
            AT_TARGET,
            (
                "aws backup create-logically-air-gapped-backup-vault --region eu-central-1 --backup-vault-name"
                " orders-copies --min-retention-days 7 --max-retention-days 365"
            ),
        ),
    ),
    "a lock to be put": (
        "vault.lock: VAULT_LOCK_DIFFERS",
        lambda: _lock(Lock(7, 365)),
        (
            AT_TARGET,
            (
                "aws backup put-backup-vault-lock-configuration --region eu-central-1 --backup-vault-name"
                " orders-copies --min-retention-days 7 --max-retention-days 365"
            ),
        ),
    ),
    "a lock without an upper bound": (
        "vault.lock: VAULT_LOCK_DIFFERS",
        lambda: _lock(Lock(7)),
        (
            AT_TARGET,
            (
                "aws backup put-backup-vault-lock-configuration --region eu-central-1 --backup-vault-name"
                " orders-copies --min-retention-days 7"
            ),
        ),
    ),
    "a declared alias that is none": (
        "vault.key: KEY_NOT_FOUND",
        lambda: _wanted_key(None),
        (
            AT_TARGET,
            (
                "key=$(aws kms create-key --region eu-central-1 --query KeyMetadata.KeyId --output text) && aws kms"
                ' create-alias --region eu-central-1 --alias-name alias/orders-copies --target-key-id "$key"'
            ),
        ),
    ),
    "a declared key that is disabled": (
        "vault.key: KEY_NOT_USABLE",
        lambda: _wanted_key(key(state="Disabled")),
        (AT_TARGET, f"aws kms enable-key --region eu-central-1 --key-id {KEY_ARN}"),
    ),
    "the vault's key is to be deleted": (
        "vault.key: KEY_NOT_USABLE",
        lambda: _vault_key("PendingDeletion"),
        (
            AT_TARGET,
            f"aws kms cancel-key-deletion --region eu-central-1 --key-id {KEY_ARN}",
            f"aws kms enable-key --region eu-central-1 --key-id {KEY_ARN}",
        ),
    ),
    "no copy role": (
        "copy_role.assumed: ?",
        lambda: _copy_role(None),
        (
            IN_SOURCE,
            (
                "aws iam create-role --region us-east-1 --role-name copy-role --path / --assume-role-policy-document"
                ' \'{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                '"Principal":{"Service":"backup.amazonaws.com"},'
                '"Action":"sts:AssumeRole"}]}\''
            ),
            (
                "aws iam attach-role-policy --region us-east-1 --role-name copy-role"
                " --policy-arn arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
            ),
        ),
    ),
    "a copy role for another service": (
        "copy_role.assumed: ?",
        lambda: _copy_role(_for_ec2()),
        (
            IN_SOURCE,
            (
                "p=$(aws iam get-role --region us-east-1 --role-name copy-role --query Role.AssumeRolePolicyDocument"
                " --output json) && case $p in *CrossvaultBackup*) ;; *) aws iam update-assume-role-policy"
                " --region us-east-1 --role-name copy-role --policy-document"
                ' "${p%]*}"\',{"Sid":"CrossvaultBackup","Effect":"Allow",'
                '"Principal":{"Service":"backup.amazonaws.com"},"Action":"sts:AssumeRole"}]\'"${p##*]}" ;; esac'
            ),
        ),
    ),
    "a copy role that may nothing": ("copy_role.permissions: COPY_ROLE_LACKS", _may_copy, _copy_role(None).fix[::2]),
    "a copy role that may not be passed": (
        "copy_role.permissions: COPY_ROLE_NOT_PASSED",
        _may_pass,
        (
            IN_SOURCE,
            (
                "aws iam put-role-policy --region us-east-1 --role-name crossvault --policy-name"
                " CrossvaultPass-copy-role"
                ' --policy-document \'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:PassRole",'
                f'"Resource":"{ROLE}",'
                f'"Condition":{{"StringEquals":{{"iam:PassedToService":"backup.amazonaws.com"}}}}}}]}}\''
            ),
        ),
    ),
    "a vault without a policy": (
        "vault_policy: VAULT_POLICY_MISSING",
        lambda: _policy(None),
        (
            AT_TARGET,
            (
                "aws backup get-backup-vault-access-policy --region eu-central-1 --backup-vault-name"
                " orders-copies 2>&1 |"
                " grep -q ResourceNotFoundException && aws backup put-backup-vault-access-policy --region eu-central-1"
                f" --backup-vault-name orders-copies --policy {shlex.quote(fixes.policy_of([statement_for(ROLE)]))}"
            ),
        ),
    ),
    "a vault whose policy is for others": (
        "vault_policy: VAULT_POLICY_MISSING",
        lambda: _policy(HERS),
        (
            AT_TARGET,
            (
                "p=$(aws backup get-backup-vault-access-policy --region eu-central-1 --backup-vault-name orders-copies"
                f" --query Policy --output text) && case $p in *{statement_for(ROLE)['Sid']}*) ;; *) aws backup"
                " put-backup-vault-access-policy --region eu-central-1 --backup-vault-name orders-copies --policy"
                f' "${{p%]*}}"{shlex.quote("," + fixes.text(statement_for(ROLE)) + "]")}"${{p##*]}}" ;; esac'
            ),
        ),
    ),
    "a source key that lets nobody else in": (
        "source_keys.judging: ?",
        lambda: _source_key(_usable(OWN)),
        (
            AT_TARGET,
            (
                "aws iam get-role --region us-east-1 --role-name AWSServiceRoleForBackup 2>&1 |"
                " grep -q NoSuchEntity &&"
                " aws iam create-service-linked-role --region us-east-1 --aws-service-name backup.amazonaws.com"
            ),
            IN_SOURCE,
            (
                f"p=$(aws kms get-key-policy --region eu-west-1 --key-id {SOURCE_KEY} --policy-name"
                f" default --query Policy"
                f" --output text) && case $p in *{statements_for([SERVICE])[0]['Sid']}*) ;; *) aws kms put-key-policy"
                f" --region eu-west-1 --key-id {SOURCE_KEY} --policy-name default --policy"
                f' "${{p%]*}}"{shlex.quote("," + ",".join(map(fixes.text, statements_for([SERVICE]))) + "]")}'
                '"${p##*]}" ;; esac'
            ),
        ),
    ),
    "a source key that is disabled": (
        "source_keys.judging: ?",
        lambda: _source_key(_usable(OWN, "Disabled")),
        (IN_SOURCE, f"aws kms enable-key --region eu-west-1 --key-id {SOURCE_KEY}"),
    ),
}
"""By what is wrong: the module and reason of the row, the row, and its lines."""


def _for_ec2() -> Any:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return role(Statement=[trust])


BY_TEST = {"source_keys.vault_key: KEY_NOT_SHARED": "tests/faults/test_doctor.py"}
"""What is only proven by pasting it."""

WITHOUT = {
    "vault: VAULT_NOT_READY": "AWS is at it; what it could not make it says in the vault",
    "identity: ?": "which of role, trust policy and External ID is wrong AWS does not say; crossvault iam prints them",
    "organization: NO_ORGANIZATION": "to join an organization hands an account's bills and policies to others",
    "organization: DIFFERENT_ORGANIZATION": "to move an account changes who pays and who governs it",
    "organization.switch: NO_ORGANIZATION": "the manifest names the wrong account",
    "organization.switch: NOT_MANAGEMENT_ACCOUNT": "the manifest names the wrong account",
    "organization.switch: DECLARATIONS_DISAGREE": "two manifests contradict each other",
    "organization.switch: DRIFTED": "the operator turns the switch",
    "organization.former: FORMER_MEMBER_HOLDS_COPIES": "what becomes of backups is for people to decide",
    "regions: REGION_DISABLED": "whoever enables a Region opens it to everybody in the account",
    "vault.source: SOURCE_VAULT_MISSING": "an empty vault protects nothing: the manifest names another, or creates it",
    "vault: DEFAULT_VAULT": "the manifest has to name another vault",
    "vault.lock: VAULT_LOCK_FIXED": "nobody can change it, or whoever made it so has to think again",
    "vault.lock: VAULT_LOCK_CONFLICT": "two manifests contradict each other",
    "vault.key: AWS_MANAGED_VAULT_KEY": "a vault keeps its key for ever",
    "vault_policy: VAULT_POLICY_DENIES": "somebody denies it on purpose",
    "vault_policy.leaving: VAULT_POLICY_DENIES": "somebody denies it on purpose",
    "schedule: BACKUP_PLAN_MISSING": "the operator creates it, or the manifest names one that is not there",
    "schedule: BACKUP_PLAN_DIFFERS": "the operator puts it right",
    "schedule: BACKUP_PLAN_OF_OTHERS": "a person decides whose it is, and says so in the manifest",
    "schedule.left: BACKUP_PLAN_DIFFERS": "the operator removes it",
    "schedule.rivals: BACKUP_PLAN_OF_OTHERS": "a person decides which of the policies adopts it",
    "schedule.selected: SELECTED_NEVER_COPIED": "the manifest says what is backed up, and whose copies are wanted",
    "schedule.selected: NOTHING_SELECTED": "who wrote a tag has to say which one is right: the manifest's, or AWS's",
    "schedule.selected: DESTINATION_TAKES_NOTHING": "the manifest has to select something else, or name no such vault",
    "schedule.jobs: BACKUPS_FAILING": "what AWS says of the job has to be read first",
    "schedule.hazards: COPIES_ARE_SNAPSHOTS": "the manifest has to say how long snapshots are kept",
    "schedule.hazards: LIFECYCLE_REFUSED": "the manifest contradicts what AWS takes",
    "schedule.hazards: OVERLAPPING_RULES": "the manifest has to say which backups are wanted",
    "schedule.hazards: RETENTION_OUT_OF_BOUNDS": "a lock is not loosened: the manifest has to fit it",
    "schedule.hazards: SCHEDULE_TOO_SPARSE": "the manifest promises more than it has done",
    "schedule.hazards: SCHEDULE_TOO_TIGHT": "the manifest has to give copies more time",
    "schedule.scanning: SCHEDULE_WITHOUT_EFFECT": "the manifest declares what AWS never does",
    "schedule.targets: AIR_GAPPED_TARGET_UNUSABLE": "nobody unlocks such a vault: who creates it has to want it",
    "schedule.targets: RETENTION_OUT_OF_BOUNDS": "a lock is not loosened: the manifest has to fit it",
    "schedule.targets: SCHEDULE_WITHOUT_EFFECT": "the manifest declares what AWS never does",
    "lifecycle.cold: COLD_STORAGE_IGNORED": "the manifest declares what AWS ignores",
    "lifecycle: RETENTION_OUT_OF_BOUNDS": "a lock is not loosened: the manifest has to fit it",
}
"""Why nothing is printed, by module and reason."""


def _judged() -> Iterator[str]:
    """Yield module and reason of every row that may be unmet; ``?`` for a reason that is not a literal."""
    for path in sorted(ASPECTS.rglob("*.py")):
        module = ".".join(path.relative_to(ASPECTS).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            status = node.args[2:3] if node.func.id == "Prerequisite" else []
            place = {"unmet": 2, "Prerequisite": 3}.get(node.func.id)
            if place is None or (status and getattr(status[0], "id", "") != "UNMET"):
                continue
            reason = node.args[place]
            known = isinstance(reason, ast.Attribute) and getattr(reason.value, "id", "") == "Reason"
            yield f"{module}: {reason.attr if known and isinstance(reason, ast.Attribute) else '?'}"


def test_every_row_has_a_fix_or_a_reason_to_have_none() -> None:
    """A new row is told of here before it can be merged."""
    assert set(_judged()) == {where for where, *_ in FIXED.values()} | set(WITHOUT) | set(BY_TEST)


@pytest.mark.parametrize(("build", "lines"), [each[1:] for each in FIXED.values()], ids=FIXED.keys())
def test_what_is_printed(build: Callable[[], Prerequisite], lines: tuple[str, ...]) -> None:
    """Whole commands with the names of this world, below the account to be in."""
    row = build()

    assert row.status is UNMET
    assert row.fix == lines
    assert row.remedy


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(_switch(Keeper("main", Wanted.DISABLED)), id="a BackupOrganization would turn it back"),
        pytest.param(_vault_key("Enabled", "AWS"), id="a vault on a key of AWS"),
        pytest.param(_vault_key("Unavailable"), id="a key that only its store can bring back"),
        pytest.param(_wanted_key(key("AWS")), id="a declared key that is AWS's"),
        pytest.param(
            _policy(json.dumps({"Statement": [{**statement_for(ROLE), "Sid": "No", "Effect": "Deny"}]})), id="a Deny"
        ),
        pytest.param(_air_gapped(None), id="an air-gapped vault without bounds"),
        pytest.param(_lock(Lock(7), locked=True, min_retention_days=30), id="a lock whose shortening is not accepted"),
        pytest.param(_source_key(Picture(Seen(None))), id="a key that is gone"),
        pytest.param(
            _copy_role(role(Statement=[{"Effect": "Deny", "Principal": "*", "Action": "sts:*"}])),
            id="a trust policy with a Deny",
        ),
    ],
)
def test_where_a_person_has_to_choose_nothing_is_printed(row: Prerequisite) -> None:
    """What to think about stands in the remedy."""
    assert row.status is UNMET
    assert row.fix == ()
    assert row.remedy


@pytest.mark.parametrize(
    ("row", "place", "statements"),
    [
        pytest.param(
            _policy(json.dumps({"Statement": {**statement_for(SERVICE), "Sid": "Alone", "Action": ["a:B"]}})),
            f"# In account dr ({TARGET_ID}) the policy of vault orders-copies lacks, or has in another form:",
            (statement_for(ROLE),),
            id="a policy that is not a list of statements",
        ),
        pytest.param(
            _policy(documents.put(None, {**statement_for(ROLE), "Action": "backup:DescribeBackupVault"})),
            f"# In account dr ({TARGET_ID}) the policy of vault orders-copies lacks, or has in another form:",
            (statement_for(ROLE),),
            id="somebody has changed our statement",
        ),
        pytest.param(
            _source_key(_usable(json.dumps({"Statement": json.loads(OWN)["Statement"][0]}))),
            f"# In account orders-prod ({SOURCE_ID}) the policy of key {SOURCE_KEY} lacks, or has in another form:",
            statements_for([SERVICE]),
            id="a key's policy that is not a list of statements",
        ),
    ],
)
def test_where_no_shell_can_add_the_statement_is_printed(
    row: Prerequisite, place: str, statements: tuple[Any, ...]
) -> None:
    """As comments, so that nothing happens when they are pasted."""
    lines = row.fix[row.fix.index(place) :]

    assert all(each.startswith("# ") for each in lines)
    assert [json.loads(each.removeprefix("# ")) for each in lines[1:]] == [*statements]


@pytest.mark.parametrize("lines", [each[2] for each in FIXED.values()], ids=FIXED.keys())
def test_what_is_printed_is_known_as_such(lines: tuple[str, ...]) -> None:
    """So that a doctor passes on from a status what the operator wrote."""
    assert all(map(fixes.is_printed, lines))


ENABLE = f"aws kms enable-key --region eu-west-1 --key-id {SOURCE_KEY}"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="nothing"),
        pytest.param("rm -rf /", id="another command"),
        pytest.param(f"{ENABLE}; id", id="another command behind it"),
        pytest.param(f"{ENABLE} && id", id="another command after it"),
        pytest.param(f"{ENABLE} $(id)", id="a command inside"),
        pytest.param(f"{ENABLE} `id`", id="the same in the old form"),
        pytest.param(f"{ENABLE}\nid", id="a second line"),
        pytest.param("# In account 1:\nid", id="a second line of a comment"),
        pytest.param("# In account 1:\rid", id="a comment that a terminal would hide"),
        pytest.param(f"{ENABLE} > /etc/passwd", id="a file"),
        pytest.param("aws kms schedule-key-deletion --key-id 1", id="an operation that is never printed"),
        pytest.param("aws kms", id="no operation"),
        *(
            pytest.param(f"{_lock(Lock(7)).fix[1]} {option}", id=f"a lock for ever: {option}")
            for option in (
                "--changeable-for-days 3",
                "--changeable-for-days=3",
                "--change 3",
                "--cli-input-json file://x",
            )
        ),
        pytest.param("aws kms enable-key 'open", id="an open quote"),
        pytest.param(f'key=$(id) && {ENABLE} --target-key-id "$key"', id="another command that is asked"),
        pytest.param(f'key=$({ENABLE}) && id --target-key-id "$key"', id="another command that is told"),
        pytest.param(f"{ENABLE} 2>&1 | grep -q x && id", id="another command that follows"),
        pytest.param(_policy(HERS).fix[1].replace("]'", "]'$(id)'x'"), id="a command between the quotes"),
        pytest.param(_policy(HERS).fix[1].replace(";; esac", ";; esac; id"), id="a command behind the case"),
        pytest.param(_policy(HERS).fix[1].replace("*) ;;", "*) id ;;"), id="a command in the case"),
    ],
)
def test_what_is_never_printed_is_known_as_such(line: str) -> None:
    """Nothing that a shell understands gets through in the place of a name."""
    assert not fixes.is_printed(line)


def test_no_statement_of_others_is_printed() -> None:
    """A status is read by tenants: what others wrote into a policy is read by the command, and not by them."""
    secret = {**statement_for(f"arn:aws:iam::{PAYER_ID}:role/very-secret"), "Sid": "VerySecret"}
    row = _policy(fixes.policy_of([secret]))

    assert row.fix
    assert "secret" not in "".join(row.fix).lower()


def test_the_page_lists_the_rows_in_their_order() -> None:
    """What is printed for each, or why nothing is."""
    page = (ASPECTS.parents[2] / "docs" / "how-to" / "doctor.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)

    assert listed == [name for room in ROOMS for name in room.rows]


def test_rooms_name_their_rows_in_the_order_of_mending() -> None:
    """Each once; what is judged has a place among them."""
    named = [name for room in ROOMS for name in room.rows]
    found = {
        row.name for row in (*rows(desired(), observed()), _region_settings(), _may_copy(), _may_pass(), _switch())
    }

    assert len(set(named)) == len(named)
    assert found <= set(named)
    assert named.index("VaultKey") < named.index("DestinationVault") < named.index("VaultPolicy")


@pytest.mark.parametrize(
    ("region", "named"),
    [
        ("eu-west-1", "us-east-1"),
        ("ap-southeast-2", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_commands_for_iam_name_the_region_that_iam_is_in(region: str, named: str) -> None:
    """By the Region of a vault two rows of one account would name two for one role."""
    command = fixes.aws("iam", "get-role", region=region, role_name="copy-role")

    assert shlex.split(command) == ["aws", "iam", "get-role", "--region", named, "--role-name", "copy-role"]
    assert fixes.is_printed(command)
    assert f"--region {region}" in fixes.aws("kms", "enable-key", region=region, key_id="x")
