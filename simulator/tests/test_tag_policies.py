"""Tag policies: how levels of the organization add up, and which tags are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from backup_simulator.policies import tag_policies
from backup_simulator.policies.tag_policies import Document
from backup_simulator.wire import SimulatorError
from simulator_kit import scenes
from simulator_kit.copies import Scene

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

SNAPSHOT = "ec2:snapshot"


def policy(**rule: Any) -> Document:
    """A policy about the key `Team`; each part is its operators, or the values to assign."""
    parts = {name: part if isinstance(part, dict) else {"@@assign": part} for name, part in rule.items()}
    return tag_policies.checked({"tags": {"team": {"tag_key": {"@@assign": "Team"}} | parts}})


LOCKED = {"@@assign": ["shop"], "@@operators_allowed_for_child_policies": ["@@none"]}
LEVELS = [
    pytest.param([[policy(tag_value=["shop"])]], ("shop",), id="one level"),
    pytest.param([[policy(tag_value=["shop"])], [policy(tag_value=["web"])]], ("web",), id="assigned anew below"),
    pytest.param(
        [[policy(tag_value=["shop"])], [policy(tag_value={"@@append": ["web"]})]], ("shop", "web"), id="appended"
    ),
    pytest.param([[policy(tag_value=["a", "b"])], [policy(tag_value={"@@remove": ["a"]})]], ("b",), id="removed"),
    pytest.param([[policy(tag_value=LOCKED)], [policy(tag_value=["web"])]], ("shop",), id="nothing left open"),
    pytest.param(
        [
            [policy(tag_value=LOCKED | {"@@operators_allowed_for_child_policies": ["@@append"]})],
            [policy(tag_value={"@@assign": ["web"], "@@append": ["hr"]})],
        ],
        ("shop", "hr"),
        id="only appending left open",
    ),
    pytest.param([[], [policy(tag_value=["web"])], []], ("web",), id="levels without policies"),
    pytest.param([[policy(tag_value=["a"]), policy(tag_value={"@@append": ["b"]})]], ("a", "b"), id="two on one level"),
]


@pytest.mark.parametrize(("levels", "values"), LEVELS)
def test_levels_add_up(levels: list[list[Document]], values: tuple[str, ...]) -> None:
    """From the root down: operators change what the levels above left open."""
    assert tag_policies.effective(levels)["team"].tag_value.values == values


ENFORCED = policy(tag_value=["shop", "web*"], enforced_for=[SNAPSHOT])
TAGS = [
    pytest.param(ENFORCED, {"Team": "shop"}, [], id="a value that is listed"),
    pytest.param(ENFORCED, {"Team": "web-2"}, [], id="a value that fits a pattern"),
    pytest.param(ENFORCED, {"Team": "hr"}, ["Team"], id="another value"),
    pytest.param(ENFORCED, {"team": "shop"}, ["team"], id="other letters"),
    pytest.param(ENFORCED, {"Owner": "hr"}, [], id="another key"),
    pytest.param(ENFORCED, {}, [], id="no tag at all"),
    pytest.param(policy(tag_value=["shop"]), {"Team": "hr"}, [], id="not enforced"),
    pytest.param(policy(tag_value=["shop"], enforced_for=["ec2:*"]), {"Team": "hr"}, ["Team"], id="a whole service"),
    pytest.param(policy(tag_value=["shop"], enforced_for=["rds:snapshot"]), {"Team": "hr"}, [], id="another type"),
    pytest.param(policy(enforced_for=[SNAPSHOT]), {"Team": "anything"}, [], id="any value"),
]


@pytest.mark.parametrize(("document", "tags", "refused"), TAGS)
def test_tags_that_break_a_rule_are_refused(document: Document, tags: dict[str, str], refused: list[str]) -> None:
    """Where the rule is enforced for the type; a tag that is absent breaks nothing."""
    assert list(tag_policies.refused(tag_policies.effective([[document]]), SNAPSHOT, tags)) == refused


BROKEN = [
    pytest.param({}, id="empty"),
    pytest.param({"tags": []}, id="a list of tags"),
    pytest.param({"tags": {"a": {"tag_colour": {}}}}, id="an unknown part"),
    pytest.param({"tags": {"a": {"tag_value": {"@@set": []}}}}, id="an unknown operator"),
    pytest.param({"tags": {"a": {"tag_value": {"@@assign": [1]}}}}, id="a number for a value"),
    pytest.param({"tags": {"a": {"tag_key": {"@@assign": ["A"]}}}}, id="several spellings"),
    pytest.param(
        {"tags": {"a": {"tag_value": {"@@operators_allowed_for_child_policies": 5}}}}, id="a number of operators"
    ),
    pytest.param(
        {"tags": {"a": {"tag_value": {"@@operators_allowed_for_child_policies": [{}]}}}}, id="an object as an operator"
    ),
]


@pytest.mark.parametrize("document", BROKEN)
def test_what_is_no_tag_policy_is_refused(document: Document) -> None:
    """When it is put."""
    with pytest.raises(tag_policies.MalformedPolicyError):
        tag_policies.checked(document)


def test_what_a_whole_rule_leaves_open_is_not_implemented() -> None:
    """And says so, instead of being taken without effect."""
    rule = {"tag_key": {"@@assign": "A"}, "@@operators_allowed_for_child_policies": ["@@none"]}

    with pytest.raises(SimulatorError, match="of the whole rule"):
        tag_policies.checked({"tags": {"a": rule}})


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        ("arn:aws:ec2:eu-west-1::snapshot/snap-1", "ec2:snapshot"),
        ("arn:aws:ec2:eu-west-1::image/ami-1", "ec2:image"),
        ("arn:aws:rds:eu-west-1:111111111111:snapshot:awsbackup:job-1", "rds:snapshot"),
        ("arn:aws:rds:eu-west-1:111111111111:cluster-snapshot:awsbackup:job-1", "rds:cluster-snapshot"),
        ("arn:aws:backup:eu-west-1:111111111111:recovery-point:1", "backup:recovery-point"),
    ],
)
def test_a_recovery_point_has_the_type_of_its_service(arn: str, kind: str) -> None:
    """Tag policies name snapshots and images, not backups of volumes."""
    assert tag_policies.kind_of(arn) == kind


def attached(server: SimulatorServer, document: Document, target: str) -> None:
    """Switch tag policies on and attach one."""
    organizations = scenes.client(server, "organizations", scenes.PAYER)
    root = organizations.list_roots()["Roots"][0]["Id"]
    organizations.enable_policy_type(RootId=root, PolicyType="TAG_POLICY")
    made = organizations.create_policy(Content=json.dumps(document), Name="tags", Description="", Type="TAG_POLICY")
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_an_account_reads_its_effective_policy(server: SimulatorServer) -> None:
    """Its own; a stranger to the organization has none, nor has an account that no policy concerns."""
    attached(server, ENFORCED, scenes.TARGET)
    effective = scenes.client(server, "organizations", scenes.TARGET).describe_effective_policy(PolicyType="TAG_POLICY")
    with scenes.refused() as refusal:
        scenes.client(server, "organizations", scenes.SOURCE).describe_effective_policy(PolicyType="TAG_POLICY")

    assert json.loads(effective["EffectivePolicy"]["PolicyContent"]) == {
        "tags": {"team": {"tag_key": "Team", "tag_value": ["shop", "web*"], "enforced_for": [SNAPSHOT]}}
    }
    assert refusal.code == "EffectivePolicyNotFoundException"


@pytest.mark.parametrize(
    ("target", "tags", "state"),
    [
        pytest.param(scenes.TARGET, {"Team": "hr"}, "FAILED", id="of the destination account"),
        pytest.param(scenes.TARGET, {"Team": "shop"}, "COMPLETED", id="kept"),
        pytest.param(scenes.SOURCE, {"Team": "hr"}, "COMPLETED", id="of the source account only"),
    ],
)
def test_a_copy_whose_tags_break_a_policy_fails(
    server: SimulatorServer, target: str, tags: dict[str, str], state: str
) -> None:
    """The tags travel with the copy, and are judged where it arrives."""
    attached(server, ENFORCED, target)
    scene = Scene(server)
    job_id = scene.start(scene.add(resource_type="EBS", resource="vol-9", key="alias/data", tags=tags))
    server.control.advance("5m")
    job = scene.job(job_id)

    assert job["State"] == state
    assert ("'Team'" in job.get("StatusMessage", "")) == (state == "FAILED")


def test_a_backup_whose_tags_break_a_policy_fails(server: SimulatorServer) -> None:
    """By the policies of its own account."""
    scene = scenes.world()
    volume = {"region": scenes.HOME, "resource_type": "EBS", "resource": "vol-a", "tags": {"Team": "hr"}}
    scenes.account(scene, scenes.SOURCE)["resources"] = [volume]
    server.control.load(scene)
    attached(server, ENFORCED, scenes.SOURCE)
    client = scenes.client(server, "backup", scenes.SOURCE)
    arn = f"arn:aws:ec2:{scenes.HOME}:{scenes.SOURCE}:volume/vol-a"
    job = client.start_backup_job(BackupVaultName="backups", ResourceArn=arn, IamRoleArn=scenes.COPIER)
    server.control.advance("5m")

    assert client.describe_backup_job(BackupJobId=job["BackupJobId"])["State"] == "FAILED"
