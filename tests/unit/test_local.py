"""The engine without a cluster: files in, passes, statuses in memory."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.kit import builders
from tests.kit.fake_aws import FakeAws
from tests.kit.folders import FAST, KEY, aws_of_today, manifests, write
from tests.kit.waiting import until_in_loop

from crossvault.cli.run import exit_code
from crossvault.kinds import ACCOUNT
from crossvault.local import Folder, LocalRunner, LocalSettings, ManifestError
from crossvault.local.runner import protected
from crossvault.work.board import Board
from crossvault.work.vitals import Vitals


def runner(path: Path, aws: FakeAws, **settings: Any) -> LocalRunner:
    """Return a runner that looks often."""
    return LocalRunner(
        path,
        aws,
        settings=LocalSettings(cadence=FAST, reload=timedelta(milliseconds=50), **settings),
        board=Board(),
        vitals=Vitals(),
    )


def test_a_folder_is_read_with_defaults(tmp_path: Path) -> None:
    """What the API server would default is defaulted."""
    folder = Folder.read(write(tmp_path, *manifests()))

    assert folder.policies[KEY]["spec"]["mode"] == "Enforce"
    assert {key.name for key in folder.objects if key.kind == ACCOUNT.name} == {"orders-prod", "dr"}


def test_documents_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    """A folder may hold more than ours; namespaces give their labels."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "a"}}}
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}

    folder = Folder.read(write(tmp_path, namespace, other, *manifests()))

    assert folder.labels == {"shop": {"team": "a"}}
    assert list(folder.policies) == [KEY]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: [", "all.yaml", id="broken YAML names the file"),
        pytest.param("- 1", "must be an object, is a list", id="a document has to be an object"),
        pytest.param(
            "apiVersion: crossvault.io/v1alpha1\nkind: BackupAccount\nmetadata: {name: a}\nspec: {accountId: 12}",
            "spec.accountId",
            id="a fault names its field",
        ),
    ],
)
def test_a_broken_file_is_refused_with_its_cause(tmp_path: Path, text: str, expected: str) -> None:
    """Nothing runs with half of the manifests."""
    (tmp_path / "all.yaml").write_text(text, "utf-8")

    with pytest.raises(ManifestError, match=expected):
        Folder.read(tmp_path)


def test_a_folder_without_manifests_is_an_error(tmp_path: Path) -> None:
    """An empty folder is more likely a wrong path than a wish."""
    with pytest.raises(ManifestError, match="no manifest"):
        Folder.read(tmp_path)


def test_the_same_policy_twice_is_an_error(tmp_path: Path) -> None:
    """Two declarations of one object contradict each other."""
    write(tmp_path, *manifests())
    write(tmp_path, manifests()[-1], name="again.yaml")

    with pytest.raises(ManifestError, match="declared twice"):
        Folder.read(tmp_path)


async def test_once_does_one_pass_and_ends(tmp_path: Path) -> None:
    """A pass creates the vault, lets the role in and starts the copies; then the run is over."""
    aws = aws_of_today(builders.point(1), builders.point(2, resource=builders.DISK))
    once = runner(write(tmp_path, *manifests()), aws, once=True)

    await asyncio.wait_for(once.run(), 30)

    assert not protected(once.outcomes[KEY])
    assert once.statuses()[KEY]["status"]["destinations"][0]["inProgress"] == 2


@pytest.mark.parametrize(
    ("name", "account_id", "told"),
    [("shadow", builders.TARGET_ID, 1), ("other", "333333333333", 0)],
    ids=["the same role", "another account"],
)
async def test_accounts_with_one_role_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, account_id: str, told: int
) -> None:
    """Once, with their names: there is no status of an account without a cluster."""
    twin = builders.account_body(name, account_id)
    twin["metadata"] = {"name": name}
    once = runner(write(tmp_path, twin, *manifests()), aws_of_today(builders.point(1)), once=True)

    await asyncio.wait_for(once.run(), 30)

    assert caplog.text.count("BackupAccounts dr, shadow enter one account with the same role") == told


async def test_until_protected_ends_when_all_is_copied(tmp_path: Path) -> None:
    """The run follows the copies to their end."""
    aws = aws_of_today(builders.point(1))
    goal = runner(write(tmp_path, *manifests()), aws, until_protected=True)
    running = asyncio.create_task(goal.run())
    await until_in_loop(lambda: KEY in goal.outcomes)
    aws.finish_jobs()

    await asyncio.wait_for(running, 30)

    assert protected(goal.outcomes[KEY])


async def test_a_run_whose_policies_are_gone_has_not_reached_its_goal(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that disappears protects nothing."""
    settings = LocalSettings(until_protected=True, timeout=timedelta(seconds=2))
    waiting = runner(
        write(tmp_path, *manifests()), aws_of_today(builders.point(1)), until_protected=True, timeout=settings.timeout
    )
    running = asyncio.create_task(waiting.run())
    await until_in_loop(lambda: KEY in waiting.outcomes)
    write(tmp_path, *manifests()[:-1])
    await until_in_loop(lambda: not waiting.outcomes)
    assert not running.done()
    await asyncio.wait_for(running, 30)

    assert "Letting policy shop/orders go" in caplog.text
    assert exit_code(waiting, settings) == 1


async def test_a_run_ends_after_its_time(tmp_path: Path) -> None:
    """Where only a person can help, waiting for protection ends with the timeout, and says what is not protected."""
    aws = aws_of_today(builders.point(1))
    waiting = runner(write(tmp_path, *manifests()), aws, until_protected=True, timeout=timedelta(milliseconds=200))

    await asyncio.wait_for(waiting.run(), 30)

    assert not protected(waiting.outcomes[KEY])


async def test_files_that_can_be_used_again_are_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After the warning that they could not."""
    caplog.set_level("INFO")
    going = runner(write(tmp_path, *manifests()), aws_of_today())
    running = asyncio.create_task(going.run())
    await until_in_loop(lambda: KEY in going.outcomes)
    (tmp_path / "all.yaml").write_text("a: [", "utf-8")
    await until_in_loop(lambda: "cannot be used" in caplog.text)
    write(tmp_path, *manifests(suspend=True))
    await until_in_loop(lambda: "can be used again" in caplog.text)
    going.stop()
    await asyncio.wait_for(running, 30)

    assert going.statuses()[KEY]["spec"]["suspend"] is True


async def test_a_changed_file_is_taken_over(tmp_path: Path) -> None:
    """Editing a manifest has the policy looked at anew, with the next generation."""
    aws = aws_of_today(builders.point(1))
    going = runner(write(tmp_path, *manifests(suspend=True)), aws)
    running = asyncio.create_task(going.run())
    await until_in_loop(lambda: KEY in going.outcomes)
    write(tmp_path, *manifests(suspend=False))
    await until_in_loop(lambda: going.statuses()[KEY]["status"]["destinations"][0].get("inProgress"))
    going.stop()
    await asyncio.wait_for(running, 30)

    assert going.statuses()[KEY]["metadata"]["generation"] == 2


def granted(*, policies: int) -> tuple[dict[str, Any], ...]:
    """Return manifests whose namespace may use the destination by a grant, in so many policies."""
    source, target, policy = manifests()
    del target["spec"]["allowedNamespaces"]
    target["spec"]["grants"] = [
        {
            "namespaces": {"names": ["shop"]},
            "as": ["Destination"],
            "vaults": ["*"],
            "keys": ["alias/*"],
            "limits": {"policies": policies},
        }
    ]
    return source, target, policy


async def test_a_policy_of_a_file_is_not_older_than_itself(tmp_path: Path) -> None:
    """Whoever gives it a date: of three that may be two, the first two by name have the places."""
    *accounts, policy = granted(policies=2)
    many = [{**policy, "metadata": {**policy["metadata"], "name": name}} for name in ("a", "b", "c")]
    for number, each in enumerate(many):
        each["spec"] = {**each["spec"], "destinations": [{**each["spec"]["destinations"][0]}]}
        each["spec"]["destinations"][0]["vault"] = {**policy["spec"]["destinations"][0]["vault"], "name": f"v{number}"}
    once = runner(write(tmp_path, *accounts, *many), aws_of_today(builders.point(1)), once=True)
    await asyncio.wait_for(once.run(), 30)

    reasons = {
        key.name: next(each["reason"] for each in body["status"]["conditions"] if each["type"] == "Ready")
        for key, body in once.statuses().items()
    }
    assert reasons["c"] == "PolicyLimitReached"
    assert "PolicyLimitReached" not in {reasons["a"], reasons["b"]}


def test_the_manifests_of_the_guide_can_be_used(tmp_path: Path) -> None:
    """Word for word, as files."""
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "tenants.md").read_text("utf-8")
    for number, block in enumerate(guide.split("```yaml")[1:]):
        (tmp_path / f"{number}.yaml").write_text(block.split("```")[0], "utf-8")

    assert {key.name for key in Folder.read(tmp_path).objects if key.kind == ACCOUNT.name} == {"production", "dr"}


@pytest.mark.parametrize("kind", ["List", "CrossAccountBackupPolicyList", "ThingList"])
def test_a_list_is_taken_apart_whatever_it_is_of_and_wherever_it_stands(tmp_path: Path, kind: str) -> None:
    """As kubectl does: nothing that a file declares is passed over without a word."""
    inner = {"apiVersion": "v1", "kind": kind, "items": [manifests()[-1]]}
    outer = {"apiVersion": "v1", "kind": "List", "items": [*manifests()[:-1], inner]}

    assert (
        Folder.read(write(tmp_path, outer)).policies.keys()
        == Folder.read(write(tmp_path, *manifests())).policies.keys()
    )
    assert KEY in Folder.read(write(tmp_path, outer)).policies
