"""The CRDs on the real API server: what is refused and how it says so, columns, explain, immutability, status."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.kit import broken_manifests
from tests.kit.broken_manifests import ACCOUNT, ORGANIZATION, POLICY, REMOVED, altered
from tools.controlplane import ControlPlane

from crossvault.manifest import schema

pytestmark = pytest.mark.kube

ROOT = Path(__file__).parents[2]
POLICY_COLUMNS = [
    *("NAME", "READY", "REASON", "COPIED", "FAILED", "INELIGIBLE", "LAG", "LAST COPY", "SUSPENDED", "AGE"),
    *("MODE", "OBJECTIVE", "SOURCE", "DESTINATIONS", "UNMET", "DRIFT", "MESSAGE"),
]
ACCOUNT_COLUMNS = [
    *("NAME", "ACCOUNT", "READY", "REASON", "TOGGLE", "VERIFIED", "AGE"),
    *("ORGANIZATION", "ROLE", "MESSAGE"),
]
ORGANIZATION_COLUMNS = [
    *("NAME", "READY", "REASON", "TOGGLE", "DESIRED", "MEMBERS", "AGE"),
    *("FORMER", "MESSAGE"),
]
CONDITION = {"lastTransitionTime": "2026-11-23T05:00:00Z", "observedGeneration": 1}
STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "lastChanged": "2026-11-23T05:02:10Z",
    "organization": "o-a1b2c3d4e5",
    "conditions": [
        {**CONDITION, "type": "Ready", "status": "False", "reason": "ObjectiveMissed", "message": "32 have no copy."},
        {**CONDITION, "type": "Synced", "status": "True", "reason": "InSync", "message": "As declared."},
    ],
    "summary": {
        "copied": "880/912",
        "failed": 3,
        "ineligible": 4,
        "oldestGap": "2026-11-22T03:10:00Z",
        "lastCompleted": "2026-11-23T02:00:00Z",
        "unmetPrerequisites": 1,
        "drifted": 2,
        "destinations": "first (+1)",
        "objective": "24h",
        "message": "first: 32 recovery points without a copy",
    },
    "destinations": [
        {
            "name": "first",
            "vaultArn": "arn:aws:backup:eu-central-1:222222222222:backup-vault:orders-copies",
            "inScope": 916,
            "copied": 880,
            "inProgress": 6,
            "waiting": 23,
            "missing": 0,
            "failed": 3,
            "ineligible": 4,
            "reasons": [{"state": "ineligible", "reason": "Expired", "count": 4}],
            "oldestGap": "2026-11-22T03:10:00Z",
            "newestSource": "2026-11-23T01:30:00Z",
            "lastObserved": "2026-11-23T03:00:00Z",
            "newestCopied": "2026-11-23T01:00:00Z",
            "lastCompleted": "2026-11-23T02:00:00Z",
            "bytesCopied": 9_007_199_254_740_993,
        }
    ],
    "prerequisites": [
        {
            "name": "VaultPolicy",
            "destination": "first",
            "status": "Unmet",
            "reason": "VaultPolicyMissing",
            "message": "The vault lets nobody copy in.",
            "remedy": "Set vaultPolicy: Manage.",
        }
    ],
    "drift": {
        "total": 21,
        "items": [
            {"destination": "first", "aspect": "vault_policy", "path": "a", "desired": "b", "observed": ""},
            {
                "destination": "first",
                "aspect": "vault_key",
                "path": "encryptionKey",
                "desired": "alias/a",
                "observed": "alias/b",
                "remedy": "Name another vault.",
            },
        ],
    },
    "failures": [
        {
            "reason": "KeyAccessDenied",
            "count": 3,
            "needsAction": True,
            "whoActs": "AWS administrator",
            "retryAt": "2026-11-23T04:00:00Z",
            "lostAt": "2026-11-23T02:00:00Z",
            "remedy": "Share the key.",
            "example": "arn:aws:ec2:eu-west-1::snapshot/snap-1",
            "class": "stuck",
            "destination": "first",
            "message": "Share the key.",
        }
    ],
}
ACCOUNT_STATUS = {
    "observedGeneration": 1,
    "accountId": "111111111111",
    "organizationId": "o-a1b2c3d4e5",
    "managementAccountId": "999999999999",
    "crossAccountBackup": "Enabled",
    "verifiedAt": "2026-11-23T05:00:00Z",
    "conditions": [{**CONDITION, "type": "Ready", "status": "True", "reason": "Verified", "message": "It is."}],
}


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> ControlPlane:
    """An API server that serves our kinds."""
    control_plane.kubectl("apply", "-f", ROOT / "crds")
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", ROOT / "crds")
    return control_plane


@pytest.fixture(scope="module")
def refusals(cluster: ControlPlane) -> list[str]:
    """What kubectl says about each row of the table; one call for all, as each takes as long as a hundred requests."""
    folder = cluster.folder / "broken"
    folder.mkdir(exist_ok=True)
    for index, broken in enumerate(broken_manifests.TABLE):
        body = altered(broken.body, {"metadata.name": f"broken-{index:03}"})
        (folder / f"broken-{index:03}.json").write_text(json.dumps(body))
    result = cluster.kubectl("create", "--dry-run=server", "-f", folder, check=False)
    found = dict.fromkeys(range(len(broken_manifests.TABLE)), "")
    current = -1
    for line in result.stderr.splitlines():
        name = re.search(r"broken-([0-9]{3})", line)
        current = int(name[1]) if name else current
        found[current] += line + "\n"
    assert (result.returncode, result.stdout) == (1, "")
    return [found[index] for index in range(len(found))]


def put(cluster: ControlPlane, body: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Create the object under this name and return what the server made of it."""
    manifest = altered(body, {"metadata.name": name})
    created: dict[str, Any] = json.loads(
        cluster.kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(manifest)).stdout
    )
    return created


def patch_status(cluster: ControlPlane, kind: str, name: str, status: Mapping[str, Any]) -> None:
    """Write a status as the operator does, and have unknown fields refused instead of dropped."""
    path = {
        "cabp": f"/apis/crossvault.io/v1alpha1/namespaces/default/crossaccountbackuppolicies/{name}/status",
        "borg": f"/apis/crossvault.io/v1alpha1/backuporganizations/{name}/status",
        "bacct": f"/apis/crossvault.io/v1alpha1/backupaccounts/{name}/status",
    }[kind]
    cluster.kubectl("get", kind, name)
    body = json.dumps({"apiVersion": "crossvault.io/v1alpha1", "status": status})
    cluster.kubectl(
        "patch", kind, name, "--subresource=status", "--type=merge", "--patch", body, "--field-manager=crossvault"
    )
    stored = cluster.api.json("GET", path)["status"]
    assert stored == status


class TestDeclaring:
    """The CRDs themselves."""

    @pytest.mark.parametrize("name", ["backupaccounts", "backuporganizations", "crossaccountbackuppolicies"])
    def test_server_finds_nothing_wrong_with_the_schema(self, cluster: ControlPlane, name: str) -> None:
        """Names are accepted and the schema is structural."""
        crd = json.loads(cluster.kubectl("get", "crd", f"{name}.crossvault.io", "-o", "json").stdout)
        conditions = {each["type"]: each["status"] for each in crd["status"]["conditions"]}

        assert conditions == {"NamesAccepted": "True", "Established": "True"}

    def test_crds_and_quickstart_apply_twice_without_a_change(self, cluster: ControlPlane) -> None:
        """Defaults do not make a second apply look like a change (they would inside lists)."""
        for _ in range(2):
            first = cluster.kubectl("apply", "-f", ROOT / "examples" / "quickstart").stdout
        again = cluster.kubectl("apply", "-f", ROOT / "crds").stdout
        cluster.kubectl("delete", "--wait=false", "-f", ROOT / "examples" / "quickstart")

        assert {line.split()[-1] for line in (first + again).splitlines()} == {"unchanged"}

    def test_descriptions_reach_explain(self, cluster: ControlPlane) -> None:
        """``kubectl explain`` tells what a field is for, with its values."""
        cluster.kubectl("get", "cabp", "-A")
        text = cluster.kubectl("explain", "cabp.spec.backfill.mode").stdout

        assert "ENUM" in text
        assert "newest of every resource" in " ".join(text.split())


class TestRefusing:
    """A bad spec is refused with a message that names the field and the rule."""

    @pytest.mark.parametrize("index", range(len(broken_manifests.TABLE)), ids=lambda n: broken_manifests.TABLE[n].why)
    def test_broken_manifest_is_refused_at_the_field(self, refusals: list[str], index: int) -> None:
        """Real kubectl says where and why, and ``schema`` names the same place."""
        # What a rule says of a member of a map stands at "tags[key]", what the schema says of it at "tags.key".
        broken, said = broken_manifests.TABLE[index], re.sub(r"\[([a-z]+)\]: ", r".\1: ", refusals[index])

        assert f"{broken.path}:" in said or f'unknown field "{broken.path}"' in said
        assert broken.said in said
        assert "failed rule" not in said
        complaints = set(re.findall(r"\bspec(?:\.\w+|\[\d+\])*: |unknown field", said))
        assert len(complaints) == 1, "no complaint follows from another"

    @pytest.mark.parametrize("body", [ACCOUNT, POLICY], ids=["account", "policy"])
    def test_files_get_the_same_defaults(self, cluster: ControlPlane, body: Mapping[str, Any]) -> None:
        """What the server stores is what ``crossvault run -f`` works with."""
        created = put(cluster, body, name="defaults")

        assert created["spec"] == schema.check(body).body["spec"]

    def test_everything_wrong_is_said_at_once(self, cluster: ControlPlane) -> None:
        """Two broken rules give two lines."""
        body = altered(POLICY, {"spec.destinations[1].vault.name": "Default", "spec.objectives": {"maxCopyLag": "0d"}})
        said = cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(body), check=False).stderr

        for fault in schema.check(body).faults:
            assert f"{fault.path}: " in said

    def test_account_id_is_immutable(self, cluster: ControlPlane) -> None:
        """Another account is another object; the role may change."""
        put(cluster, ACCOUNT, name="immutable")
        other = {"accountId": "222222222222", "roleArn": "arn:aws:iam::222222222222:role/x"}
        refused = cluster.kubectl(
            "patch", "bacct", "immutable", "--type=merge", "-p", json.dumps({"spec": other}), check=False
        )
        role = {"roleArn": "arn:aws:iam::111111111111:role/other"}
        cluster.kubectl("patch", "bacct", "immutable", "--type=merge", "-p", json.dumps({"spec": role}))

        assert refused.returncode == 1
        assert "spec.accountId: Invalid value" in refused.stderr
        assert "accountId is immutable" in refused.stderr


class TestLooking:
    """What people see."""

    def test_policy_columns_show_the_summary(self, cluster: ControlPlane) -> None:
        """Every column finds its place in a full status, and nothing in the status is unknown to the schema."""
        put(cluster, POLICY, name="columns")
        patch_status(cluster, "cabp", "columns", STATUS)
        header, row = cluster.kubectl("get", "cabp", "columns", "-o", "wide").stdout.splitlines()

        assert re.split(r"\s{2,}", header.strip()) == POLICY_COLUMNS
        cells = re.split(r"\s{2,}", row.strip())
        assert cells[:6] == ["columns", "False", "ObjectiveMissed", "880/912", "3", "4"]
        assert cells[10:] == ["Enforce", "24h", "production", "first (+1)", "1", "2", STATUS["summary"]["message"]]
        assert all("invalid" not in cell for cell in cells)

    def test_policy_row_fits_a_terminal(self, cluster: ControlPlane) -> None:
        """The default view with -A stays within 120 characters."""
        put(cluster, POLICY, name="payments")
        patch_status(cluster, "cabp", "payments", STATUS)
        lines = cluster.kubectl("get", "cabp", "-A", "--field-selector=metadata.name=payments").stdout.splitlines()

        assert max(map(len, map(str.rstrip, lines))) <= 120

    def test_account_columns_show_the_status(self, cluster: ControlPlane) -> None:
        """An account shows who it is, whether it can be entered, and the organization's switch."""
        put(cluster, ACCOUNT, name="columns")
        patch_status(cluster, "bacct", "columns", ACCOUNT_STATUS)
        header, row = cluster.kubectl("get", "bacct", "columns", "-o", "wide").stdout.splitlines()

        assert header.split() == ACCOUNT_COLUMNS
        assert row.split()[:5] == ["columns", "111111111111", "True", "Verified", "Enabled"]

    def test_organization_columns(self, cluster: ControlPlane) -> None:
        """The default view tells whether the switch is as declared, the wide one why, and what lies outside."""
        put(cluster, ORGANIZATION, name="columns")
        told = {"reason": "FormerMemberHoldsCopies", "message": "Account 222222222222 left."}
        status = {
            "observedGeneration": 1,
            "conditions": [{**CONDITION, "type": "Ready", "status": "False", **told}],
            "organizationId": "o-a1b2c3d4e5",
            "managementAccountId": "999999999999",
            "featureSet": "ALL",
            "crossAccountBackup": "Disabled",
            "settingsChangedAt": "2026-11-23T05:00:00Z",
            "copiesMayGoOnUntil": "2026-11-23T05:15:00Z",
            "members": 41,
            "former": 1,
            "formerMembers": [
                {
                    "accountId": "222222222222",
                    "vaultArn": "arn:aws:backup:eu-central-1:222222222222:backup-vault:orders-copies",
                    "recoveryPoints": 12,
                    "state": "Left",
                    "noticedAt": "2026-11-20T00:00:00Z",
                    "policies": ["shop/orders"],
                    "countedAt": "2026-11-20T00:00:00Z",
                }
            ],
            "delegatedAdministrators": [{"accountId": "111111111111", "since": "2026-01-01T00:00:00Z"}],
            "notSeen": [{"name": "members", "reason": "AccessDenied", "message": "Not permitted."}],
        }
        patch_status(cluster, "borg", "columns", status)
        wide = ("get", "borg", "-o", "wide", "--field-selector=metadata.name=columns")
        header, row = cluster.kubectl(*wide).stdout.splitlines()

        assert header.split() == ORGANIZATION_COLUMNS
        assert row.split()[:6] == ["columns", "False", "FormerMemberHoldsCopies", "Disabled", "Enabled", "41"]
        assert row.endswith(told["message"])

    def test_organization_is_only_looked_at_by_default(self, cluster: ControlPlane) -> None:
        """Nobody's switch is turned because somebody left out a field."""
        made = put(cluster, altered(ORGANIZATION, {"spec.crossAccountBackup": REMOVED}), name="default")

        assert made["spec"]["crossAccountBackup"] == "Unmanaged"

    def test_category_lists_both_kinds(self, cluster: ControlPlane) -> None:
        """``kubectl get crossvault -A`` shows everything of ours."""
        put(cluster, POLICY, name="category")
        put(cluster, ACCOUNT, name="category")
        names = cluster.kubectl("get", "crossvault", "-A", "-o", "name").stdout.split()

        assert {"crossaccountbackuppolicy.crossvault.io/category", "backupaccount.crossvault.io/category"} <= {*names}


def test_the_way_to_release_a_deletion_works(cluster: ControlPlane) -> None:
    """The command of the page about uninstalling, which the chart's notes repeat."""
    page = (ROOT / "docs" / "how-to" / "uninstall.md").read_text("utf-8")
    (command,) = re.findall(r"^kubectl (.* patch cabp .*)$", page, re.MULTILINE)
    notes = (ROOT / "deploy" / "helm" / "crossvault" / "templates" / "NOTES.txt").read_text("utf-8")
    assert command in notes
    put(cluster, altered(POLICY, {"metadata.finalizers": ["crossvault.io/finalizer"]}), name="stuck")
    cluster.kubectl("delete", "cabp", "stuck", "--namespace", "default", "--wait=false")
    assert cluster.kubectl("get", "cabp", "stuck", "--namespace", "default", "-o", "name").stdout

    words = shlex.split(command.replace("NAMESPACE", "default").replace("NAME", "stuck"))
    cluster.kubectl(*words)

    assert "NotFound" in cluster.kubectl("get", "cabp", "stuck", "--namespace", "default", check=False).stderr
