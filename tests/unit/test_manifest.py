"""Parsing is total and complete, resolves accounts, and agrees with the CRDs about defaults."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kit.broken_manifests import ACCOUNT, POLICY, REMOVED, TABLE, Broken, altered

from crossvault.aspects.copies.declared import COPIES, Backfill, BackfillMode, Copying
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.vault.declared import CREATION
from crossvault.aspects.vault_policy import OWNERSHIP
from crossvault.engine.declared import Account, DeletionPolicy, Desired, Limits, Mode, Ownership, PolicyKey, Scope
from crossvault.kinds.account.grants import AllowedNamespaces
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.manifest import schema
from crossvault.words.reasons import Reason

EVERYBODY = AllowedNamespaces(all=True)
PRODUCTION = AccountDeclaration(Account("production", "111111111111"), EVERYBODY)
DR = AccountDeclaration(Account("dr", "222222222222"), EVERYBODY)
ACCOUNTS = {"production": PRODUCTION, "dr": DR}


_KEY = "spec.destinations[0].vault.encryptionKey"


def _names_a_place(broken: Broken) -> bool:
    """Tell whether a row is about a Region, a role or a key that is there, but wrong."""
    last = broken.path.split(".")[-1].split("[")[0]
    missing = any(value is REMOVED for value in broken.changes.values()) and last != "encryptionKey"
    named = last in {"region", "regions", "roleArn", "encryptionKey", "copyRole"}
    return named and not missing and broken.said != "uplicate"


def parsed(changes: Mapping[str, Any] | None = None, **accounts: AccountDeclaration) -> Desired:
    """Parse the good policy with changes."""
    result = parse_policy(altered(POLICY, changes or {}), {**ACCOUNTS, **accounts}, {})
    assert isinstance(result, Desired), result
    return result


def rejected(changes: Mapping[str, Any], labels: Mapping[str, str] | None = None, **accounts: Any) -> Rejected:
    """Parse the good policy with changes that break it; an account given as None is missing."""
    known = {name: account for name, account in {**ACCOUNTS, **accounts}.items() if account is not None}
    result = parse_policy(altered(POLICY, changes), known, labels or {})
    assert isinstance(result, Rejected)
    return result


def limited(base: AccountDeclaration, **changes: Any) -> AccountDeclaration:
    """Change the account of a declaration."""
    return dataclasses.replace(base, account=dataclasses.replace(base.account, **changes))


class TestAccount:
    """A BackupAccount becomes an account and the list of those who may name it."""

    def test_every_member_arrives(self) -> None:
        """Nothing of a complete account is lost."""
        body = altered(
            ACCOUNT,
            {
                "metadata.name": "production",
                "spec.sessionTags": {"team": "orders", "cost": "7"},
                "spec.regions": ["eu-west-1"],
                "spec.allowedNamespaces": {"names": ["orders"], "selector": {"matchLabels": {"team": "orders"}}},
                "spec.limits": {"readsPerSecond": 2.5, "startsPerSecond": 1, "maxConcurrentCopies": 7},
            },
        )

        assert parse_account(body) == AccountDeclaration(
            Account(
                name="production",
                account_id="111111111111",
                role_arn="arn:aws:iam::111111111111:role/crossvault-source",
                external_id="demo-external-id",
                session_tags=(("cost", "7"), ("team", "orders")),
                regions=("eu-west-1",),
                limits=Limits(2.5, 1.0, 7),
            ),
            AllowedNamespaces(names=("orders",), match_labels=(("team", "orders"),)),
        )

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            pytest.param({"spec.accountId": "1"}, "spec.accountId", id="an account id has twelve digits"),
            pytest.param({"spec.accountId": 111111111111}, "spec.accountId", id="an account id is no number"),
            pytest.param({"spec.accountId": "11111111111\u0661"}, "spec.accountId", id="digits are ASCII digits"),
            pytest.param({"spec.roleArn": "crossvault"}, "spec.roleArn", id="a role has an ARN"),
            pytest.param(
                {"spec.roleArn": "arn:aws:iam::222222222222:role/x"}, "spec.roleArn", id="a role is the account's own"
            ),
            pytest.param({"spec.sessionTags": {"a": 1}}, "spec.sessionTags.a", id="a session tag is a string"),
            pytest.param({"spec.regions": "eu-west-1"}, "spec.regions", id="regions are a list"),
            pytest.param({"spec.regions": [7]}, "spec.regions[0]", id="a Region is a string"),
            pytest.param({"spec.regions": ["eu-west-1", "evil.example"]}, "spec.regions[1]", id="and no host"),
            pytest.param(
                {"spec.allowedNamespaces": {"selector": {}}},
                "spec.allowedNamespaces.selector.matchLabels",
                id="an empty selector does not mean everybody",
            ),
            pytest.param({"spec.allowedNamespaces": {"all": 1}}, "spec.allowedNamespaces.all", id="all is a boolean"),
            pytest.param({"spec.limits": {"readsPerSecond": 0}}, "spec.limits.readsPerSecond", id="a rate is above 0"),
            pytest.param({"spec.limits": {"readsPerSecond": True}}, "spec.limits.readsPerSecond", id="true is no rate"),
            pytest.param({"spec.limits": 5}, "spec.limits", id="limits are an object"),
            pytest.param({"metadata": REMOVED}, "metadata", id="metadata is needed"),
            pytest.param({"spec": REMOVED}, "spec", id="spec is needed"),
        ],
    )
    def test_fault_names_its_field(self, changes: Mapping[str, Any], path: str) -> None:
        """One fault, at the field."""
        result = parse_account(altered(ACCOUNT, changes))

        assert isinstance(result, Rejected)
        assert result.reason is Reason.INVALID_SPEC
        assert [fault.path for fault in result.faults] == [path]

    @pytest.mark.parametrize(
        ("allowed", "namespace", "labels", "admitted"),
        [
            pytest.param(AllowedNamespaces(), "orders", {}, False, id="nobody by default"),
            pytest.param(EVERYBODY, "anything", {}, True, id="all admits every namespace"),
            pytest.param(AllowedNamespaces(names=("orders",)), "orders", {}, True, id="a listed name is admitted"),
            pytest.param(AllowedNamespaces(names=("orders",)), "order", {}, False, id="a similar name is not"),
            pytest.param(AllowedNamespaces(match_labels=(("a", "1"),)), "x", {"a": "1"}, True, id="labels admit"),
            pytest.param(AllowedNamespaces(match_labels=(("a", "1"),)), "x", {"a": "2"}, False, id="by their value"),
            pytest.param(AllowedNamespaces(match_labels=(("a", "1"), ("b", "2"))), "x", {"a": "1"}, False, id="all"),
            pytest.param(AllowedNamespaces(match_labels=()), "x", {"a": "1"}, False, id="no labels admit nobody"),
            pytest.param(AllowedNamespaces(names=("y",), match_labels=(("a", "1"),)), "x", {"a": "1"}, True, id="or"),
        ],
    )
    def test_namespace_is_admitted(
        self, allowed: AllowedNamespaces, namespace: str, labels: Mapping[str, str], *, admitted: bool
    ) -> None:
        """Names, selector and all each let in; nothing else does (invariant 4)."""
        assert allowed.admits(namespace, labels) is admitted


class TestPolicy:
    """A policy becomes Desired with everything resolved."""

    def test_every_member_arrives(self) -> None:
        """Nothing of a complete policy is lost."""
        desired = parsed(
            {
                "metadata.generation": 7,
                "metadata.creationTimestamp": "2026-11-01T10:00:00Z",
                "metadata.deletionTimestamp": "2026-11-02T10:00:00Z",
                "spec.mode": "Observe",
                "spec.suspend": True,
                "spec.destinations[0].vaultPolicy": "Check",
                "spec.destinations[0].lifecycle": {"moveToColdStorageAfterDays": 30, "deleteAfterDays": 365},
                "spec.recoveryPoints": {
                    "resourceTypes": ["EBS"],
                    "resources": ["arn:a"],
                    "excludeResources": ["arn:b"],
                    "minRemainingDays": 0,
                },
                "spec.backfill": {"mode": "Since", "since": "2026-10-01T00:00:00+02:00"},
                "spec.objectives": {"maxCopyLag": "1d12h"},
                "spec.copying": {"maxConcurrent": 3, "retry": {"maxAttempts": 2, "backoff": "90s"}},
                "spec.deletionPolicy": "RemoveOwned",
            }
        )

        assert desired.key == PolicyKey("default", "broken")
        assert (desired.generation, desired.deleting) == (7, True)
        assert desired.created == datetime(2026, 11, 1, 10, tzinfo=UTC)
        assert (desired.mode, desired.suspend) == (Mode.OBSERVE, True)
        assert desired.source.arn == "arn:aws:backup:eu-west-1:111111111111:backup-vault:orders"
        assert desired.destinations[0][OWNERSHIP] is Ownership.CHECK
        assert desired.destinations[0][LIFECYCLE] == Lifecycle(30, 365)
        assert desired.destinations[0][CREATION].encryption_key == "alias/orders-copies"
        assert [each[CREATION].create for each in desired.destinations] == [True, False]
        assert desired.scope == Scope(("EBS",), ("arn:a",), ("arn:b",), 0)
        assert desired[COPIES].backfill == Backfill(BackfillMode.SINCE, datetime(2026, 9, 30, 22, tzinfo=UTC))
        assert desired[COPIES].max_copy_lag == timedelta(hours=36)
        assert desired[COPIES].copying == Copying(3, 2, timedelta(seconds=90))
        assert desired.deletion_policy is DeletionPolicy.REMOVE_OWNED

    @pytest.mark.parametrize("kind", ["absent", "null"])
    def test_defaults_are_those_of_the_crd(self, kind: str) -> None:
        """A body that never saw the API server means the same as one with the CRD's defaults."""
        body = altered(POLICY, {} if kind == "absent" else {"spec.mode": None, "spec.copying": None})
        filled = schema.check(body)

        assert filled.body != body
        assert parse_policy(body, ACCOUNTS, {}) == parse_policy(filled.body, ACCOUNTS, {})

    def test_account_defaults_are_those_of_the_crd(self) -> None:
        """The same for accounts."""
        assert parse_account(ACCOUNT) == parse_account(schema.check(ACCOUNT).body)

    @pytest.mark.parametrize(
        ("role", "region", "arn"),
        [
            pytest.param(
                REMOVED,
                "eu-west-1",
                "arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole",
                id="AWS's own role lies under service-role",
            ),
            pytest.param("mine", "eu-west-1", "arn:aws:iam::111111111111:role/mine", id="a name has no path"),
            pytest.param("a/mine", "eu-west-1", "arn:aws:iam::111111111111:role/a/mine", id="a path is kept"),
            pytest.param("mine", "cn-north-1", "arn:aws-cn:iam::111111111111:role/mine", id="China is a partition"),
            pytest.param(
                "mine", "us-gov-west-1", "arn:aws-us-gov:iam::111111111111:role/mine", id="GovCloud is a partition"
            ),
            pytest.param(
                "arn:aws:iam::111111111111:role/p/mine",
                "eu-west-1",
                "arn:aws:iam::111111111111:role/p/mine",
                id="an ARN is kept as it is",
            ),
        ],
    )
    def test_copy_role_becomes_an_arn(self, role: object, region: str, arn: str) -> None:
        """A bare name belongs to the source account, in the partition of the source Region."""
        changes = {"spec.source.copyRole": "x", "spec.source.region": region}

        assert parsed({**changes, "spec.source.copyRole": role} if role is not REMOVED else {})[COPY_ROLE] == arn


class TestFaults:
    """Everything wrong is found, each at its field."""

    @pytest.mark.parametrize(
        ("changes", "path", "said"),
        [
            pytest.param({"spec.mode": "enforce"}, "spec.mode", "one of Enforce, Observe", id="a mode is known"),
            pytest.param({"spec.suspend": "yes"}, "spec.suspend", "true or false, is a string", id="suspend is a flag"),
            pytest.param({"spec.source": 5}, "spec.source", "an object, is a number", id="a source is an object"),
            pytest.param({"spec.source.vault": {}}, "spec.source.vault.name", "required", id="a vault has a name"),
            pytest.param({"spec.source.region": ""}, "spec.source.region", "empty", id="a Region is not empty"),
            pytest.param({"spec.destinations": []}, "spec.destinations", "at least one", id="one destination at least"),
            pytest.param({"spec.destinations": {}}, "spec.destinations", "a list, is an object", id="a list of them"),
            pytest.param({"spec.destinations[1]": 3}, "spec.destinations[1]", "object", id="of objects"),
            pytest.param(
                {"spec.destinations[1].name": "first"}, "spec.destinations[1].name", "first", id="names are unique"
            ),
            pytest.param(
                {"spec.destinations[0].vault.encryptionKey": REMOVED},
                "spec.destinations[0].vault.encryptionKey",
                "required",
                id="a vault to create has a key",
            ),
            pytest.param(
                {"spec.destinations[0].lifecycle": {"deleteAfterDays": 0}},
                "spec.destinations[0].lifecycle.deleteAfterDays",
                "at least 1, is 0",
                id="days are counted from 1",
            ),
            pytest.param({"spec.backfill": {"mode": "Since"}}, "spec.backfill.since", "required", id="Since what"),
            pytest.param(
                {"spec.backfill": {"mode": "Since", "since": "2026-11-01T00:00:00"}},
                "spec.backfill.since",
                "time zone",
                id="a time has a zone",
            ),
            pytest.param(
                {"spec.objectives": {"maxCopyLag": "0h"}}, "spec.objectives.maxCopyLag", "is 0h", id="zero is no lag"
            ),
            pytest.param(
                {"spec.copying": {"retry": {"backoff": "2d"}}},
                "spec.copying.retry.backoff",
                "at most 24h",
                id="a back-off ends",
            ),
            pytest.param(
                {"spec.copying": {"maxConcurrent": 1.5}}, "spec.copying.maxConcurrent", "1.5", id="copies are whole"
            ),
            pytest.param(
                {"spec.source.copyRole": "arn:aws:iam::222222222222:role/x"},
                "spec.source.copyRole",
                "source account 111111111111",
                id="AWS Backup assumes a role of the source account",
            ),
            pytest.param({"spec.source.copyRole": "arn:x"}, "spec.source.copyRole", "or its ARN", id="or none"),
            pytest.param(
                {"spec.destinations[0].vault.encryptionKey": "arn:aws:kms:eu-central-1:999999999999:key/0a-1b"},
                "spec.destinations[0].vault.encryptionKey",
                "must be a key of the vault's own account 222222222222, is of 999999999999: the vault is made in "
                "222222222222 and would depend on a stranger's key. Name a key of that account, such as "
                "alias/orders-copies",
                id="a vault is made with a key of its own account",
            ),
            pytest.param(
                {"spec.destinations[0].vault.encryptionKey": "arn:aws:kms:eu-central-1:111111111111:key/0a-1b"},
                "spec.destinations[0].vault.encryptionKey",
                "is of 111111111111",
                id="not of the source's",
            ),
            pytest.param(
                {"spec.destinations[0].vault.encryptionKey": "arn:aws:kms:eu-central-1:999999999999:alias/x"},
                "spec.destinations[0].vault.encryptionKey",
                "is of 999999999999",
                id="nor with the alias of a stranger",
            ),
        ],
    )
    def test_fault_names_its_field(self, changes: Mapping[str, Any], path: str, said: str) -> None:
        """One fault, at the field, with the rule."""
        result = rejected(changes)

        assert result.reason is Reason.INVALID_SPEC
        assert [fault.path for fault in result.faults] == [path]
        assert said in result.faults[0].message

    @pytest.mark.parametrize(
        "key",
        [
            *("alias/orders-copies", "arn:aws:kms:eu-central-1:222222222222:alias/x", f"mrk-{'0' * 32}"),
            *("arn:aws:kms:eu-central-1:222222222222:key/0a-1b", "0a1b2c3d-1111-4222-8333-444455556666"),
            f"arn:aws:kms:eu-central-1:222222222222:key/mrk-{'0' * 32}",
        ],
    )
    def test_key_of_the_vaults_account_and_region_is_taken(self, key: str) -> None:
        """In every form that names it, a multi-Region key included."""
        changes = {"spec.destinations[0].vault.encryptionKey": key}

        assert schema.check(altered(POLICY, changes)).faults == ()
        assert parsed(changes).destinations[0][CREATION].encryption_key == key

    def test_a_key_is_not_compared_with_an_account_that_is_not_known(self) -> None:
        """Nobody learns the id of an account that they may not name."""
        key = "arn:aws:kms:eu-central-1:999999999999:key/0a-1b"
        result = rejected({_KEY: key, "spec.destinations[0].accountRef.name": "nobody"})

        assert [fault.path for fault in result.faults] == ["spec.destinations[0].accountRef.name"]

    @pytest.mark.parametrize("broken", [pytest.param(each, id=each.why) for each in TABLE if _names_a_place(each)])
    def test_what_names_a_place_in_aws_is_refused_in_the_same_words_as_by_the_crd(self, broken: Broken) -> None:
        """Accounts, Regions, roles and keys: also where no CRD, or an older one, stands before the parser."""
        is_account = broken.base is ACCOUNT
        result = parse_account(broken.body) if is_account else parse_policy(broken.body, ACCOUNTS, {})

        assert isinstance(result, Rejected)
        assert result.faults == schema.check(broken.body).faults

    def test_everything_is_found_at_once(self) -> None:
        """Faults of every part come together, with the accounts that could not be resolved."""
        result = rejected({"spec.mode": "x", "spec.suspend": 3, "spec.source.accountRef.name": "nobody"})

        assert result.reason is Reason.INVALID_SPEC
        assert [fault.path for fault in result.faults] == [
            "spec.mode",
            "spec.suspend",
            "spec.source.accountRef.name",
        ]

    def test_region_outside_the_account_is_refused(self) -> None:
        """An account says where it may be used; those who may name it are told."""
        result = rejected({}, dr=limited(DR, regions=("eu-central-1",)))

        assert [str(fault) for fault in result.faults] == [
            "spec.destinations[1].region: eu-west-1 is not among the regions of BackupAccount dr (eu-central-1)"
        ]

    @pytest.mark.parametrize("place", ["spec.source.region", "spec.destinations[1].region"])
    @pytest.mark.parametrize(
        "region",
        [
            *("evil.example", "eu-west-1.attacker.com/", "attacker.com#", "x@attacker.com", "eu-west-1\n", "EU-WEST-1"),
            *("eu-west-1/", "eu-west-1:8080", "eu-west", "Ireland", "eu-west-\u0661", "cn-north-1.evil", "aws-global"),
        ],
    )
    def test_region_that_is_none_is_one_fault(self, place: str, region: str) -> None:
        """It would become part of a host's name: no policy with it leaves the parser, with a CRD or without one."""
        (fault,) = rejected({place: region}).faults

        assert fault.path == place
        assert fault.message.startswith("must be an AWS Region, such as eu-west-1; is ")

    def test_region_of_another_partition_is_refused(self) -> None:
        """A role of one partition opens no Region of another."""
        china = limited(PRODUCTION, role_arn="arn:aws-cn:iam::111111111111:role/x")

        assert [fault.path for fault in rejected({}, production=china).faults] == ["spec.source.region"]

    def test_two_names_for_one_account_are_no_two_accounts(self) -> None:
        """What only the account ids tell is found here: the same vault twice, and the source's own account."""
        twin = AccountDeclaration(Account("twin", "222222222222"), EVERYBODY)
        own = AccountDeclaration(Account("own", "111111111111"), EVERYBODY)
        same_vault = {"spec.destinations[1].accountRef.name": "twin", "spec.destinations[1].region": "eu-central-1"}

        assert [str(fault) for fault in rejected(same_vault, twin=twin).faults] == [
            "spec.destinations[1].vault.name: is the same vault as that of destination first"
        ]
        assert [str(f) for f in rejected({"spec.destinations[0].accountRef.name": "own"}, own=own).faults] == [
            "spec.destinations[0].accountRef.name: must be in another account than the source, is in 111111111111 too"
        ]


class TestTenancy:
    """An account that may not be named looks like one that does not exist (invariant 4)."""

    @pytest.mark.parametrize(
        "allowed",
        [
            pytest.param(AllowedNamespaces(), id="nobody"),
            pytest.param(AllowedNamespaces(names=("other",)), id="others by name"),
            pytest.param(AllowedNamespaces(match_labels=(("team", "other"),)), id="others by label"),
        ],
    )
    def test_forbidden_and_missing_read_the_same(self, allowed: AllowedNamespaces) -> None:
        """Reason, path and text tell nothing about an account that is not allowed, not even its Regions."""
        forbidden = AccountDeclaration(dataclasses.replace(DR.account, regions=("us-east-1",)), allowed)
        labels = {"team": "default"}
        result = rejected({}, labels, dr=forbidden)

        assert result == rejected({}, labels, dr=None)
        assert result.reason is Reason.ACCOUNT_NOT_FOUND

    def test_message_names_account_namespace_and_remedy(self) -> None:
        """The person who reads it knows whom to ask for what."""
        (fault,) = rejected({}, production=None).faults

        assert str(fault) == (
            'spec.source.accountRef.name: no BackupAccount "production" lets namespace default copy from vault orders'
            " with role AWSBackupDefaultServiceRole. Whoever keeps the BackupAccounts can create it, or allow that in"
            " its spec.grants or spec.allowedNamespaces."
        )

    def test_labels_of_the_namespace_let_it_in(self) -> None:
        """The selector is held against the namespace, not the policy."""
        dr = AccountDeclaration(DR.account, AllowedNamespaces(match_labels=(("team", "orders"),)))
        result = parse_policy(POLICY, {**ACCOUNTS, "dr": dr}, {"team": "orders", "x": "y"})

        assert isinstance(result, Desired)

    def test_no_account_is_resolved_without_a_namespace(self) -> None:
        """A body without one is rejected, and names nobody."""
        result = rejected({"metadata.namespace": REMOVED}, dr=AccountDeclaration(DR.account, AllowedNamespaces()))

        assert "metadata.namespace" in {fault.path for fault in result.faults}
