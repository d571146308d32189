"""Which SNS topic a vault tells about which events; `notices` tells them."""

from __future__ import annotations

import re

from ....fidelity import Behaviour
from ....wire import AwsError, Params
from ...operation import Operation, Scope
from .. import lookup

TOPIC = re.compile(r"arn:aws:sns:[a-z0-9-]+:(\d{12}):[A-Za-z0-9_-]{1,256}(\.fifo)?")
# The error's type is an exception's name, the code in its body is not: SDKs show one or the other (issues).
NONE_CODE = "ERROR_2106"
NONE = "Failed reading notifications from database for Backup vault"


def put(scope: Scope, params: Params) -> Params:
    """Store topic and events of a vault."""
    vault = lookup.vault(scope, params)
    topic = TOPIC.fullmatch(params["SNSTopicArn"])
    if topic is None or topic[1] != vault.account or topic[2]:
        raise AwsError("InvalidParameterValueException", f"Invalid SNSTopicArn: {params['SNSTopicArn']}")
    if not params["BackupVaultEvents"]:
        raise AwsError("InvalidParameterValueException", "BackupVaultEvents cannot be empty")
    vault.notifications = {
        "SNSTopicArn": params["SNSTopicArn"],
        "BackupVaultEvents": list(dict.fromkeys(params["BackupVaultEvents"])),
    }
    return {}


def get(scope: Scope, params: Params) -> Params:
    """Give the configuration back."""
    vault = lookup.vault(scope, params)
    if vault.notifications is None:
        raise AwsError("ResourceNotFoundException", NONE, Code=NONE_CODE)
    return {"BackupVaultName": vault.name, "BackupVaultArn": vault.arn, **vault.notifications}


def delete(scope: Scope, params: Params) -> Params:
    """Forget the configuration; without one nothing happens."""
    lookup.vault(scope, params).notifications = None
    return {}


OPERATIONS = {
    "PutBackupVaultNotifications": Operation(put, lookup.on_vault),
    "GetBackupVaultNotifications": Operation(get, lookup.on_vault),
    "DeleteBackupVaultNotifications": Operation(delete, lookup.on_vault),
}

FIDELITY = (
    Behaviour(
        "Notifications of a vault are stored for a standard topic of the same account; absent ones are "
        "ResourceNotFoundException with ERROR_2106 in the body",
        "DG, issue; refusals of topics assumed",
        "test_vaults_more.py::test_notifications_are_kept_and_given_back",
    ),
)
