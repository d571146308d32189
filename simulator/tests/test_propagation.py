"""Eventual consistency on order: what is new is not known everywhere at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes
from simulator_kit.scenes import HOME, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from backup_simulator.server import SimulatorServer

NEW = f"arn:aws:iam::{SOURCE}:role/new"
ADMIN = {"AWS": f"arn:aws:iam::{SOURCE}:user/admin"}


class Young:
    """The account SOURCE, in which a role was made a moment ago; other services hear of it after two minutes."""

    def __init__(self, server: SimulatorServer) -> None:
        scene = scenes.world() | {"durations": {"principals": "2m", "selections": "2m"}}
        server.control.load(scene)
        self.server = server
        self.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=json.dumps(self.trust()))
        rule = {"RuleName": "daily", "TargetBackupVaultName": "backups"}
        plan = self.client("backup").create_backup_plan(BackupPlan={"BackupPlanName": "plan", "Rules": [rule]})
        self.plan_id = str(plan["BackupPlanId"])

    def client(self, service: str) -> Any:
        """A client of the account's administrator."""
        return self.server.client(service, SOURCE, "admin", region=HOME)

    @staticmethod
    def trust() -> scenes.Json:
        """Who may assume the role: AWS Backup and the administrator."""
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": ADMIN}
        return scenes.policy(statement, statement | {"Principal": {"Service": "backup.amazonaws.com"}})

    def let_in(self) -> None:
        """Name the role in the policy of a vault."""
        document = scenes.may_copy({"AWS": NEW})
        self.client("backup").put_backup_vault_access_policy(BackupVaultName="backups", Policy=json.dumps(document))

    def share_key(self) -> None:
        """Name the role in the policy of a key."""
        owner = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": ADMIN}
        document = scenes.policy(owner, owner | {"Principal": {"AWS": NEW}})
        arn = self.client("kms").describe_key(KeyId="alias/vault")["KeyMetadata"]["Arn"]
        self.client("kms").put_key_policy(KeyId=arn, Policy=json.dumps(document))

    def trust_it(self) -> None:
        """Name the role in the trust policy of another role."""
        document = scenes.policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": NEW}})
        self.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(document))

    def assume(self) -> None:
        """Open a session of the role."""
        self.client("sts").assume_role(RoleArn=NEW, RoleSessionName="young")

    def select(self) -> None:
        """Have a plan use the role."""
        self.selection()

    def selection(self, role: str = NEW) -> str:
        """Make a selection of the plan and return its id."""
        selection = {"SelectionName": "all", "IamRoleArn": role, "Resources": ["*"]}
        made = self.client("backup").create_backup_selection(BackupPlanId=self.plan_id, BackupSelection=selection)
        return str(made["SelectionId"])


@pytest.fixture
def young(server: SimulatorServer) -> Young:
    """A world with a new role."""
    return Young(server)


@pytest.mark.parametrize(
    ("use", "code", "text"),
    [
        pytest.param(Young.let_in, "InvalidParameterValueException", "Provided principal is not valid", id="vault"),
        pytest.param(Young.share_key, "MalformedPolicyDocumentException", "invalid principals", id="key policy"),
        pytest.param(Young.trust_it, "MalformedPolicyDocument", "Invalid principal in policy", id="trust policy"),
        pytest.param(Young.assume, "AccessDenied", "not authorized to perform: sts:AssumeRole", id="session"),
        pytest.param(Young.select, "InvalidParameterValueException", "cannot be assumed by AWS Backup", id="selection"),
    ],
)
def test_a_new_role_cannot_be_used_before_the_services_know_it(
    young: Young, use: Callable[[Young], None], code: str, text: str
) -> None:
    """Two minutes later the same call succeeds; IAM itself knows the role at once."""
    assert young.client("iam").get_role(RoleName="new")["Role"]["Arn"] == NEW
    with scenes.refused() as refusal:
        use(young)
    assert refusal.code == code
    assert text in refusal.message

    young.server.control.advance("2m")
    use(young)


def test_what_the_world_file_declares_is_known_from_the_start(young: Young) -> None:
    """The delay is for what is made later."""
    arn = young.client("sts").get_caller_identity()["Arn"]
    backup = young.client("backup")
    document = scenes.may_copy({"AWS": [arn, scenes.COPIER]})

    backup.put_backup_vault_access_policy(BackupVaultName="backups", Policy=json.dumps(document))

    stored = backup.get_backup_vault_access_policy(BackupVaultName="backups")["Policy"]
    assert json.loads(stored)["Statement"][0]["Principal"] == {"AWS": [arn, scenes.COPIER]}


def test_a_selection_comes_and_goes_late(young: Young) -> None:
    """It is neither found nor listed at first, and holds the plan for a while after it was deleted."""
    backup, control, plan = young.client("backup"), young.server.control, young.plan_id
    selection = young.selection(scenes.COPIER)

    with scenes.refused() as missing:
        backup.get_backup_selection(BackupPlanId=plan, SelectionId=selection)
    assert missing.code == "InvalidParameterValueException"
    assert backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"] == []

    control.advance("2m")
    assert backup.get_backup_selection(BackupPlanId=plan, SelectionId=selection)["SelectionId"] == selection
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=selection)
    with scenes.refused() as refusal:
        backup.delete_backup_plan(BackupPlanId=plan)
    assert refusal.code == "InvalidRequestException"
    assert "Related backup plan selections must be deleted" in refusal.message

    control.advance("2m")
    assert backup.delete_backup_plan(BackupPlanId=plan)["BackupPlanId"] == plan
