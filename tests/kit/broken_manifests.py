"""Manifests that have to be refused, with the field that has to be named: one table for the API server and for files.

``tests/kube/test_crds.py`` sends each through kubectl, ``tests/unit/test_schema.py`` through ``manifest.schema``.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REMOVED = object()
"""Stands for "take this member out"."""

ACCOUNT: Mapping[str, Any] = {
    "apiVersion": "crossvault.io/v1alpha1",
    "kind": "BackupAccount",
    "metadata": {"name": "broken"},
    "spec": {
        "accountId": "111111111111",
        "roleArn": "arn:aws:iam::111111111111:role/crossvault-source",
        "externalId": "demo-external-id",
        "allowedNamespaces": {"names": ["orders"]},
    },
}

POLICY: Mapping[str, Any] = {
    "apiVersion": "crossvault.io/v1alpha1",
    "kind": "CrossAccountBackupPolicy",
    "metadata": {"name": "broken", "namespace": "default"},
    "spec": {
        "source": {"accountRef": {"name": "production"}, "region": "eu-west-1", "vault": {"name": "orders"}},
        "destinations": [
            {
                "name": "first",
                "accountRef": {"name": "dr"},
                "region": "eu-central-1",
                "vault": {"name": "orders-copies", "create": True, "encryptionKey": "alias/orders-copies"},
            },
            {
                "name": "second",
                "accountRef": {"name": "dr"},
                "region": "eu-west-1",
                "vault": {"name": "orders-copies"},
            },
        ],
    },
}


ORGANIZATION: Mapping[str, Any] = {
    "apiVersion": "crossvault.io/v1alpha1",
    "kind": "BackupOrganization",
    "metadata": {"name": "broken"},
    "spec": {"managementAccountRef": {"name": "payer"}, "crossAccountBackup": "Enabled"},
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One change that breaks a good manifest, where that has to be reported, and a word of the rule."""

    why: str
    base: Mapping[str, Any]
    changes: Mapping[str, Any]
    path: str
    said: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The manifest."""
        return altered(self.base, self.changes)


def altered(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with members set, or taken out, by path such as ``spec.destinations[1].region``."""
    body = copy.deepcopy(dict(base))
    for path, value in changes.items():
        *parents, last = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
        place: Any = body
        for step in parents:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        if value is REMOVED:
            del place[last]
        elif isinstance(place, list) and last == len(place):
            place.append(value)
        else:
            place[last] = value
    return body


def _account(why: str, changes: Mapping[str, Any], path: str, said: str = "") -> Broken:
    return Broken(why, ACCOUNT, changes, path, said)


def _organization(why: str, changes: Mapping[str, Any], path: str, said: str = "") -> Broken:
    return Broken(why, ORGANIZATION, changes, path, said)


def _grant(why: str, changes: Mapping[str, Any], path: str, said: str = "") -> Broken:
    good = {"namespaces": {"names": ["orders"]}, "as": ["Source"], "vaults": ["orders*"]}
    return Broken(why, ACCOUNT, {"spec.grants": [altered(good, changes)]}, f"spec.grants[0]{path}", said)


def _policy(why: str, changes: Mapping[str, Any], path: str, said: str = "") -> Broken:
    return Broken(why, POLICY, changes, path, said)


_SCANS: Mapping[str, Any] = {"role": "scanner", "resourceTypes": ["ALL"]}


def _scheduled(why: str, rule: Mapping[str, Any], path: str, said: str = "", **schedule: Any) -> Broken:
    """Return a policy with a schedule whose one rule, or which itself, has something more."""
    one = {"name": "daily", "lifecycle": {"deleteAfterDays": 35}, **rule}
    selections = [{"name": "tagged", "tags": {"backup": "true"}}]
    whole = {"rules": [one], "selections": selections, **schedule}
    return _policy(why, {"spec.schedule": whole}, f"spec.schedule{path}", said)


_OTHER = {"name": "x", "accountRef": {"name": "dr"}, "region": "eu-west-1", "vault": {"name": "other"}}
_FIRST, _SECOND = "spec.destinations[0]", "spec.destinations[1]"
_LOCK = f"{_SECOND}.vault.lock"

TWELVE = 'must be the twelve digits of an AWS account, such as "111111111111"'
REGION = "must be an AWS Region, such as eu-west-1"

TABLE = (
    _organization(
        "organization without an account",
        {"spec.managementAccountRef": REMOVED},
        "spec.managementAccountRef",
        "equired",
    ),
    _organization(
        "management account in capitals",
        {"spec.managementAccountRef.name": "Payer"},
        "spec.managementAccountRef.name",
        "must be the name of a BackupAccount",
    ),
    _organization("switch as a boolean", {"spec.crossAccountBackup": True}, "spec.crossAccountBackup"),
    _organization("switch in another word", {"spec.crossAccountBackup": "On"}, "spec.crossAccountBackup", "Unmanaged"),
    _account("account id without quotes", {"spec.accountId": 111111111111}, "spec.accountId", "string"),
    _account("account id of eleven digits", {"spec.accountId": "11111111111"}, "spec.accountId", TWELVE),
    _account("account id missing", {"spec.accountId": REMOVED}, "spec.accountId", "equired"),
    _account(
        "role of another account",
        {"spec.roleArn": "arn:aws:iam::222222222222:role/crossvault-source"},
        "spec.roleArn",
        "must be a role of account 111111111111",
    ),
    _account(
        "role that is no ARN",
        {"spec.roleArn": "crossvault-source-role-name"},
        "spec.roleArn",
        "must be the ARN of a role, such as arn:",
    ),
    _account(
        "Region of another partition than the role's",
        {"spec.regions": ["eu-west-1", "cn-north-1"]},
        "spec.regions",
        "must be Regions of aws, the AWS partition of roleArn",
    ),
    _account("Region that is a host", {"spec.regions": ["eu-west-1.attacker.com/"]}, "spec.regions[0]", REGION),
    _account("External ID without a role", {"spec.roleArn": REMOVED}, "spec.externalId", "only with roleArn"),
    _account(
        "source identity without a role",
        {"spec.roleArn": REMOVED, "spec.externalId": REMOVED, "spec.sourceIdentity": True},
        "spec.sourceIdentity",
        "only with roleArn",
    ),
    _account("External ID with a space", {"spec.externalId": "two words"}, "spec.externalId", "must be 2 to 1224"),
    _account("External ID of one character", {"spec.externalId": "x"}, "spec.externalId", "must be 2 to 1224"),
    _account("External ID that is empty", {"spec.externalId": ""}, "spec.externalId", "must be 2 to 1224"),
    _account("session tag with a bad key", {"spec.sessionTags": {"a;b": "c"}}, "spec.sessionTags", "keys have"),
    _account("session tag that is a number", {"spec.sessionTags": {"team": 1}}, "spec.sessionTags.team", "string"),
    _account("Region twice", {"spec.regions": ["eu-west-1", "eu-west-1"]}, "spec.regions[1]", "uplicate"),
    _account("Region misspelt", {"spec.regions": ["eu-west"]}, "spec.regions[0]", REGION),
    _account(
        "namespace in capitals",
        {"spec.allowedNamespaces.names": ["Orders"]},
        "spec.allowedNamespaces.names[0]",
        "must be the name of a namespace, such as orders",
    ),
    _account("session tag with a quote", {"spec.sessionTags": {"a": "'"}}, "spec.sessionTags.a", "must be made of"),
    _account("role that is no ARN of another account", {"spec.roleArn": "role-of-222222222222"}, "spec.roleArn", "ARN"),
    _account(
        "selector without labels",
        {"spec.allowedNamespaces": {"selector": {"matchLabels": {}}}},
        "spec.allowedNamespaces.selector.matchLabels",
    ),
    _grant("grant of nothing", {"vaults": []}, ".vaults"),
    _grant("grant without vaults", {"vaults": REMOVED}, ".vaults", "equired"),
    _grant("grant without a direction", {"as": REMOVED}, ".as", "equired"),
    _grant("grant as something else", {"as": ["Owner"]}, ".as[0]", "Destination"),
    _grant("grant for nobody in particular", {"namespaces": REMOVED}, ".namespaces", "equired"),
    _grant(
        "vault that is a regular expression",
        {"vaults": ["orders.+"]},
        ".vaults[0]",
        "must be the name of a vault, with * for any characters",
    ),
    _grant(
        "copy roles by a pattern",
        {"copyRoles": ["copy-*"]},
        ".copyRoles[0]",
        "must be the name of a role",
    ),
    _grant("copy role of a destination", {"as": ["Destination"], "copyRoles": ["x"]}, ".copyRoles", "only with Source"),
    _grant(
        "key by its ARN",
        {"as": ["Destination"], "keys": ["arn:aws:kms:eu-west-1:1:alias/x"]},
        ".keys[0]",
        "must begin with alias/, or be the id of a key, with * for any characters",
    ),
    _grant(
        "alias without its beginning",
        {"as": ["Destination"], "keys": ["shop-*"]},
        ".keys[0]",
        "must begin with alias/, or be the id of a key, with * for any characters",
    ),
    _grant("grantee of a source", {"grantees": ["Account"]}, ".grantees", "only with Destination"),
    _grant("unknown grantee", {"as": ["Destination"], "grantees": ["Everybody"]}, ".grantees[0]", "CopyRole"),
    _grant("lock of a source", {"vaultLocks": True}, ".vaultLocks", "only with Destination"),
    _grant("limit of no policies", {"limits": {"policies": 0}}, ".limits.policies"),
    _account("rate of zero", {"spec.limits": {"readsPerSecond": 0}}, "spec.limits.readsPerSecond"),
    _account("rate too low", {"spec.limits": {"startsPerSecond": 0.05}}, "spec.limits.startsPerSecond", "at least 0.1"),
    _account("field nobody knows", {"spec.externalID": "demo"}, "spec.externalID", "unknown field"),
    _policy("field nobody knows", {f"{_SECOND}.vault.kmsKey": "x"}, f"{_SECOND}.vault.kmsKey", "unknown field"),
    _policy("field of a later release", {"spec.replicas": {}}, "spec.replicas", "unknown field"),
    _policy("mode misspelt", {"spec.mode": "enforce"}, "spec.mode", "Observe"),
    _policy("source missing", {"spec.source": REMOVED}, "spec.source", "equired"),
    _policy("Region missing", {"spec.source.region": REMOVED}, "spec.source.region", "equired"),
    _policy("no destination", {"spec.destinations": []}, "spec.destinations"),
    _policy(
        "eleven rules of a schedule",
        {
            "spec.schedule": {
                "rules": [{"name": f"x{n}", "lifecycle": {"deleteAfterDays": 7}} for n in range(11)],
                "selections": [{"name": "tagged", "tags": {"backup": "true"}}],
            }
        },
        "spec.schedule.rules",
    ),
    _scheduled("scan mode without settings", {"scanMode": "Full"}, ".scanSettings", "required by scanMode"),
    _scheduled("scan settings without a mode", {}, ".scanSettings", "only with scanMode", scanSettings=_SCANS),
    _scheduled(
        "scan of one type and of all",
        {"scanMode": "Full"},
        ".scanSettings.resourceTypes",
        "ALL goes with no other type",
        scanSettings={**_SCANS, "resourceTypes": ["ALL", "EBS"]},
    ),
    _scheduled(
        "scan without a role",
        {"scanMode": "Full"},
        ".scanSettings.role",
        "equired",
        scanSettings={"resourceTypes": ["ALL"]},
    ),
    _scheduled("scan mode of AWS", {"scanMode": "FULL_SCAN"}, ".rules[0].scanMode", "Incremental", scanSettings=_SCANS),
    _scheduled("index of a database", {"indexResourceTypes": ["RDS"]}, ".rules[0].indexResourceTypes[0]", "EBS"),
    _scheduled("index of nothing", {"indexResourceTypes": []}, ".rules[0].indexResourceTypes"),
    _scheduled(
        "ARN of an air-gapped vault", {"airGappedVault": "arn:x"}, ".rules[0].airGappedVault", "must be made of"
    ),
    _policy(
        "six destinations",
        {f"spec.destinations[{n}]": {**_OTHER, "name": f"x{n}"} for n in range(2, 6)},
        "spec.destinations",
    ),
    _policy("destination name twice", {f"{_SECOND}.name": "first"}, _SECOND, "uplicate"),
    _policy(
        "same vault twice",
        {f"{_SECOND}.region": "eu-central-1"},
        "spec.destinations",
        "two destinations name the same vault",
    ),
    _policy(
        "destination in the source account",
        {f"{_SECOND}.accountRef.name": "production"},
        "spec.destinations",
        "must be in another account than the source (production)",
    ),
    _policy("other partition", {f"{_SECOND}.region": "cn-north-1"}, "spec.destinations", "partition"),
    _policy(
        "created vault without a key",
        {f"{_FIRST}.vault.encryptionKey": REMOVED},
        f"{_FIRST}.vault.encryptionKey",
        "required with create",
    ),
    _policy(
        "key for a vault that exists",
        {f"{_FIRST}.vault.create": False},
        f"{_FIRST}.vault.encryptionKey",
        "only with create",
    ),
    _policy(
        "AWS managed key",
        {f"{_FIRST}.vault.encryptionKey": "alias/aws/backup"},
        f"{_FIRST}.vault.encryptionKey",
        "customer managed",
    ),
    _policy(
        "key in another Region",
        {f"{_FIRST}.vault.encryptionKey": "arn:aws:kms:eu-west-1:222222222222:key/0a-1b"},
        f"{_FIRST}.vault.encryptionKey",
        "eu-central-1",
    ),
    _policy(
        "replica of a key in another Region",
        {f"{_FIRST}.vault.encryptionKey": f"arn:aws:kms:us-east-1:222222222222:key/mrk-{'0' * 32}"},
        f"{_FIRST}.vault.encryptionKey",
        "must be a key in the Region of the vault, eu-central-1",
    ),
    _policy(
        "key in another partition",
        {f"{_FIRST}.vault.encryptionKey": "arn:aws-cn:kms:eu-central-1:222222222222:key/0a-1b"},
        f"{_FIRST}.vault.encryptionKey",
        "must be a key in the Region of the vault, eu-central-1",
    ),
    _policy(
        "AWS managed key by its ARN",
        {f"{_FIRST}.vault.encryptionKey": "arn:aws:kms:eu-central-1:222222222222:alias/aws/backup"},
        f"{_FIRST}.vault.encryptionKey",
        "customer managed",
    ),
    _policy("Region that is a host", {f"{_SECOND}.region": "evil.example"}, f"{_SECOND}.region", REGION),
    _policy(
        "Region with another host behind it",
        {"spec.source.region": "eu-west-1.attacker.com/"},
        "spec.source.region",
        REGION,
    ),
    _policy(
        "copy role with a colon",
        {"spec.source.copyRole": "arn:aws:iam::111111111111:user/x"},
        "spec.source.copyRole",
        "the name of a role",
    ),
    _policy(
        "vault named Default",
        {f"{_SECOND}.vault.name": "Default"},
        f"{_SECOND}.vault.name",
        "Default cannot receive",
    ),
    _policy("vault name with a dot", {f"{_SECOND}.vault.name": "a.b"}, f"{_SECOND}.vault.name", "must be 2 to 50"),
    _policy("vault name of one letter", {f"{_SECOND}.vault.name": "a"}, f"{_SECOND}.vault.name", "must be 2 to 50"),
    _policy("vault name that is empty", {"spec.source.vault.name": ""}, "spec.source.vault.name", "must be 2 to 50"),
    _policy(
        "vault that EFS makes",
        {"spec.source.vault.name": "aws/efs/automatic-backup-vault"},
        "spec.source.vault.name",
        "for the backups that a service makes by itself, and its recovery points cannot be copied",
    ),
    _policy(
        "reserved vault as destination",
        {f"{_SECOND}.vault.name": "aws/efs/automatic-backup-vault"},
        f"{_SECOND}.vault.name",
        "nothing can be copied into it",
    ),
    _policy("source Region misspelt", {"spec.source.region": "Ireland"}, "spec.source.region", REGION),
    _policy("Region misspelt", {f"{_SECOND}.region": "cn_north_1"}, f"{_SECOND}.region", REGION),
    _policy(
        "account named in capitals",
        {"spec.source.accountRef.name": "Production"},
        "spec.source.accountRef.name",
        "must be the name of a BackupAccount",
    ),
    _policy(
        "account without a name", {f"{_FIRST}.accountRef.name": ""}, f"{_FIRST}.accountRef.name", "must be the name"
    ),
    _policy("destination in capitals", {f"{_FIRST}.name": "First"}, f"{_FIRST}.name", "must be made of lower-case"),
    _policy(
        "copy role with a space", {"spec.source.copyRole": "my role"}, "spec.source.copyRole", "the name of a role"
    ),
    _policy(
        "key that is no key",
        {f"{_FIRST}.vault.encryptionKey": "orders-copies"},
        f"{_FIRST}.vault.encryptionKey",
        "must be an alias such as alias/orders-copies",
    ),
    _policy(
        "ARN that is no key's",
        {f"{_FIRST}.vault.encryptionKey": "arn:aws:iam::222222222222:role/x"},
        f"{_FIRST}.vault.encryptionKey",
        "must be an alias such as alias/orders-copies",
    ),
    _policy(
        "never cold, as Terraform says it",
        {f"{_SECOND}.lifecycle": {"moveToColdStorageAfterDays": 0, "deleteAfterDays": 84}},
        f"{_SECOND}.lifecycle.moveToColdStorageAfterDays",
        "leave it out for copies that stay warm",
    ),
    _policy(
        "inherited, as the AWS API says it",
        {f"{_SECOND}.lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": -1}},
        f"{_SECOND}.lifecycle.deleteAfterDays",
        "leave it out for copies that expire with what they are copies of",
    ),
    _policy(
        "deleted before cold storage ends",
        {f"{_SECOND}.lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 100}},
        f"{_SECOND}.lifecycle.deleteAfterDays",
        "must be at least 120 (moveToColdStorageAfterDays 30 + 90), is 100",
    ),
    _policy(
        "existing copies brought to nothing that is declared",
        {f"{_SECOND}.existingCopies": "UpdateLifecycle"},
        f"{_SECOND}.existingCopies",
        "needs lifecycle.deleteAfterDays: declare how long copies live",
    ),
    _policy(
        "existing copies brought to a lifecycle without an end",
        {f"{_SECOND}.existingCopies": "UpdateLifecycle", f"{_SECOND}.lifecycle": {"moveToColdStorageAfterDays": 30}},
        f"{_SECOND}.existingCopies",
        "needs lifecycle.deleteAfterDays: declare how long copies live",
    ),
    _policy(
        "existing copies kept and shortened",
        {f"{_SECOND}.lifecycle": {"deleteAfterDays": 30}, f"{_SECOND}.shortenExistingToDays": 30},
        f"{_SECOND}.shortenExistingToDays",
        "only with existingCopies: UpdateLifecycle",
    ),
    _policy(
        "existing copies shortened to what was declared before",
        {
            f"{_SECOND}.existingCopies": "UpdateLifecycle",
            f"{_SECOND}.lifecycle": {"deleteAfterDays": 30},
            f"{_SECOND}.shortenExistingToDays": 90,
        },
        f"{_SECOND}.shortenExistingToDays",
        "must be lifecycle.deleteAfterDays, 30, is 90",
    ),
    _policy(
        "existing copies shortened to no day at all",
        {
            f"{_SECOND}.existingCopies": "UpdateLifecycle",
            f"{_SECOND}.lifecycle": {"deleteAfterDays": 30},
            f"{_SECOND}.shortenExistingToDays": 0,
        },
        f"{_SECOND}.shortenExistingToDays",
        "leave it out and no copy is shortened",
    ),
    _policy(
        "existing copies that are done something else with",
        {f"{_SECOND}.existingCopies": "Delete"},
        f"{_SECOND}.existingCopies",
        "Keep",
    ),
    _policy("lock without a least retention", {f"{_SECOND}.vault.lock": {}}, f"{_LOCK}.minRetentionDays", "equired"),
    _policy("lock of no days", {_LOCK: {"minRetentionDays": 0}}, f"{_LOCK}.minRetentionDays"),
    _policy("lock of a century", {_LOCK: {"minRetentionDays": 36_501}}, f"{_LOCK}.minRetentionDays"),
    _policy(
        "lock with crossed bounds",
        {_LOCK: {"minRetentionDays": 8, "maxRetentionDays": 7}},
        f"{_LOCK}.minRetentionDays",
        "must not be more than maxRetentionDays",
    ),
    _policy(
        "lock shortened to something else",
        {_LOCK: {"minRetentionDays": 8, "shortenToDays": 7}},
        f"{_LOCK}.shortenToDays",
        "must be minRetentionDays",
    ),
    _policy(
        "lock that makes itself one for ever",
        {_LOCK: {"minRetentionDays": 8, "changeableForDays": 7}},
        f"{_LOCK}.changeableForDays",
        "unknown field",
    ),
    _policy(
        "lock of an air-gapped vault",
        {_LOCK: {"minRetentionDays": 8}, f"{_SECOND}.vault.kind": "LogicallyAirGapped"},
        _LOCK,
        "locked for ever from the beginning",
    ),
    _policy(
        "lock that refuses its own lifecycle",
        {_LOCK: {"minRetentionDays": 8}, f"{_SECOND}.lifecycle": {"deleteAfterDays": 7}},
        f"{_SECOND}.lifecycle.deleteAfterDays",
        "must be within the lock declared for the vault",
    ),
    _policy(
        "lifecycle longer than its lock",
        {
            _LOCK: {"minRetentionDays": 8, "maxRetentionDays": 9},
            f"{_SECOND}.lifecycle": {"deleteAfterDays": 10},
        },
        f"{_SECOND}.lifecycle.deleteAfterDays",
        "must be within the lock declared for the vault",
    ),
    _policy(
        "archive without a day",
        {f"{_SECOND}.lifecycle": {"optInToArchive": True, "deleteAfterDays": 365}},
        f"{_SECOND}.lifecycle.optInToArchive",
        "only with moveToColdStorageAfterDays",
    ),
    _policy("lifecycle that says nothing", {f"{_SECOND}.lifecycle": {}}, f"{_SECOND}.lifecycle"),
    _policy(
        "type AWS cannot copy",
        {"spec.recoveryPoints": {"resourceTypes": ["EBS", "CloudFormation"]}},
        "spec.recoveryPoints.resourceTypes[1]",
        "Storage Gateway",
    ),
    _policy(
        "resource with a wildcard",
        {"spec.recoveryPoints": {"resources": ["arn:aws:ec2:*:*:volume/*"]}},
        "spec.recoveryPoints.resources[0]",
        "must be the ARN of one resource, without wildcards",
    ),
    _policy(
        "resource that is a name",
        {"spec.recoveryPoints": {"excludeResources": ["vol-1"]}},
        "spec.recoveryPoints.excludeResources[0]",
        "must be the ARN of one resource, without wildcards",
    ),
    _policy("Since without since", {"spec.backfill": {"mode": "Since"}}, "spec.backfill.since", "required with mode"),
    _policy(
        "since without Since",
        {"spec.backfill": {"since": "2026-11-01T00:00:00Z"}},
        "spec.backfill.since",
        "only with mode Since",
    ),
    _policy(
        "since without a time zone",
        {"spec.backfill": {"mode": "Since", "since": "2026-11-01T00:00:00"}},
        "spec.backfill.since",
    ),
    _policy(
        "duration without a unit", {"spec.objectives": {"maxCopyLag": "24"}}, "spec.objectives.maxCopyLag", "24h, 90m"
    ),
    _policy(
        "duration in words", {"spec.objectives": {"maxCopyLag": "a day"}}, "spec.objectives.maxCopyLag", "24h, 90m"
    ),
    _policy("pause in days", {"spec.copying.retry": {"backoff": "1d"}}, "spec.copying.retry.backoff", "15m or 1h30m"),
    _policy(
        "duration of zero", {"spec.objectives": {"maxCopyLag": "0h"}}, "spec.objectives.maxCopyLag", "longer than zero"
    ),
    _policy("no copies at all", {"spec.copying": {"maxConcurrent": 0}}, "spec.copying.maxConcurrent"),
    _policy(
        "back-off of two days",
        {"spec.copying": {"retry": {"backoff": "48h"}}},
        "spec.copying.retry.backoff",
        "from 1s to 24h",
    ),
    _policy("suspend that is a word", {"spec.suspend": "yes"}, "spec.suspend", "boolean"),
)
