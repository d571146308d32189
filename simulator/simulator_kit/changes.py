"""Changes of a world that make copies fail, or look as if they did, and the words AWS has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scenes

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = "arn:aws:iam::{}:root"
ACCESS = "Access Denied trying to call AWS Backup service"
SERVICE_KEY = (
    "Copy job failed because the destination Backup vault is encrypted with the default Backup service managed key. "
    "The contents of this vault cannot be copied. "
    "Only the contents of a Backup vault encrypted by an AWS KMS key may be copied."
)


def with_policy(document: scenes.Json | None) -> Callable[[scenes.Json], None]:
    """A world whose destination vault has this policy."""

    def change(scene: scenes.Json) -> None:
        scenes.target_vault(scene)["policy"] = document

    return change


def with_copier(**changes: Any) -> Callable[[scenes.Json], None]:
    """A world with another copy role."""

    def change(scene: scenes.Json) -> None:
        scenes.account(scene, scenes.SOURCE)["roles"][0].update(changes)

    return change


def outside(scene: scenes.Json) -> None:
    """The target account has left the organization."""
    scene["organization"]["members"].remove(scenes.TARGET)


def no_organization(scene: scenes.Json) -> None:
    """There is no organization."""
    del scene["organization"]


def toggle_off(scene: scenes.Json) -> None:
    """Cross-account backup is off, and has been for long."""
    scene["organization"]["cross_account_backup"] = False


def no_vault(scene: scenes.Json) -> None:
    """The destination vault is missing."""
    scenes.account(scene, scenes.TARGET)["vaults"] = []


def service_key(scene: scenes.Json) -> None:
    """The destination vault is on aws/backup."""
    scenes.target_vault(scene)["key"] = None


def point(**part: Any) -> Callable[[scenes.Json], None]:
    """A world with this recovery point only."""

    def change(scene: scenes.Json) -> None:
        vault = scenes.source_vault(scene)
        vault["recovery_points"] = [{"resource_type": "EBS", "resource": "r-1", "key": "alias/data"} | part]

    return change


def lock(**bounds: Any) -> Callable[[scenes.Json], None]:
    """A world with a locked destination vault."""

    def change(scene: scenes.Json) -> None:
        scenes.target_vault(scene)["lock"] = bounds

    return change


def key_state(account: str, number: int, state: str) -> Callable[[scenes.Json], None]:
    """A world with a key in another state."""

    def change(scene: scenes.Json) -> None:
        scenes.account(scene, account)["keys"][number]["state"] = state

    return change


def both(*changes: Callable[[scenes.Json], None]) -> Callable[[scenes.Json], None]:
    """Several changes."""

    def change(scene: scenes.Json) -> None:
        for one in changes:
            one(scene)

    return change


def unsupported(kind: str) -> str:
    """The text about a type that cannot be copied so."""
    return (
        f"Copy job from eu-west-1 to eu-central-1 cannot be initiated for {kind} resources. "
        "Feature is not supported for provided resource type."
    )


ORGANIZATION = "Copy job failed. Both source and destination account must be a member of the same organization."
TOGGLE = "Copy job failed. Cross-account copy feature is not enabled for the current organization."
KEY = "KMS key is either disabled or pending deletion or access to KMS key is denied"
LOCKED = (
    "Copy job failed. The retention specified in the job is not within the range specified for the target Backup Vault."
)
FOR_COPIER = {"Service": "backup.amazonaws.com"}
ROLE = f"IAM Role {scenes.COPIER} cannot be assumed by AWS Backup"
