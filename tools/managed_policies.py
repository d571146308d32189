"""The policies that AWS manages around AWS Backup, as the simulator keeps them: AWS's documents, word for word.

They come from the pinned moto, which takes them over from AWS. A statement stands on a line of its own,
and the actions of a long one on a line per service, so that a new version reads well as a difference.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from backup_simulator.moto_adapter import mount

PREFIXES = ("AWSBackup", "AWSServiceRolePolicyForBackup")
_GENERAL = """
    AdministratorAccess PowerUserAccess ReadOnlyAccess ViewOnlyAccess SecurityAudit
    IAMFullAccess IAMReadOnlyAccess AWSOrganizationsFullAccess AWSOrganizationsReadOnlyAccess
    AWSKeyManagementServicePowerUser
    AmazonSQSFullAccess AmazonSQSReadOnlyAccess AmazonSNSFullAccess AmazonSNSReadOnlyAccess
    AmazonEventBridgeFullAccess AmazonEventBridgeReadOnlyAccess CloudWatchFullAccess CloudWatchReadOnlyAccess
    AmazonEC2FullAccess AmazonEC2ReadOnlyAccess AmazonRDSFullAccess AmazonRDSReadOnlyAccess
    AmazonS3FullAccess AmazonS3ReadOnlyAccess AmazonDynamoDBFullAccess AmazonDynamoDBReadOnlyAccess
    AmazonElasticFileSystemFullAccess AmazonElasticFileSystemReadOnlyAccess AmazonFSxFullAccess AmazonFSxReadOnlyAccess
    ResourceGroupsandTagEditorFullAccess ResourceGroupsandTagEditorReadOnlyAccess
"""
GENERAL = tuple(_GENERAL.split())
KEPT = ("Path", "DefaultVersionId", "CreateDate", "UpdateDate")
WIDTH = 400


def page() -> str:
    """Return the text of `aws_managed.json`: a head and a document by path and name."""
    published = mount.managed_policies()
    if not published:
        raise RuntimeError("moto is not installed, so nobody knows what AWS published")
    names = sorted(name for name in published if name.startswith(PREFIXES) or name in GENERAL)
    return "{\n" + ",\n".join(_policy(name, published[name]) for name in names) + "\n}\n"


def _policy(name: str, found: Mapping[str, Any]) -> str:
    document = found["Document"]
    head = json.dumps({part: found[part] for part in KEPT})[1:-1]
    version = json.dumps({part: value for part, value in document.items() if part != "Statement"})[1:-1]
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    lines = ",\n".join("  " + _statement(statement) for statement in statements)
    return f'{json.dumps(name)}: {{{head},\n "Document": {{{version}, "Statement": [\n{lines}\n ]}}}}'


def _statement(statement: Mapping[str, Any]) -> str:
    short = json.dumps(statement)
    if len(short) <= WIDTH:
        return short
    return "{" + ",\n   ".join(f"{json.dumps(name)}: {_element(value)}" for name, value in statement.items()) + "}"


def _element(value: object) -> str:
    if not isinstance(value, list) or len(json.dumps(value)) <= WIDTH:
        return json.dumps(value)
    return "[\n    " + ",\n    ".join(_by_service(value)) + "]"


def _by_service(values: Iterable[object]) -> Iterable[str]:
    """A line for every run of values with the same beginning."""
    for _, run in itertools.groupby(values, lambda value: str(value).partition(":")[0]):
        yield ", ".join(json.dumps(value) for value in run)
