"""Manifests from files are refused for what the API server would refuse them for, at the same place."""

import copy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit import broken_manifests
from tests.kit.broken_manifests import ACCOUNT, POLICY, Broken, altered

from crossvault.manifest import documents, rules, schema

ROOT = Path(__file__).parents[2]


class TestRefusing:
    """What is wrong is found, and nothing else."""

    @pytest.mark.parametrize("broken", [pytest.param(each, id=each.why) for each in broken_manifests.TABLE])
    def test_broken_manifest_is_refused_at_the_field(self, broken: Broken) -> None:
        """The path and the rule are those of the API server."""
        faults = schema.check(broken.body).faults

        assert [fault.path for fault in faults] == [broken.path], "one complaint, and none that follows from it"
        assert broken.said in "\n".join(map(str, faults))
        assert "^" not in faults[0].message, "the reason, not a pattern"

    @pytest.mark.parametrize("body", [ACCOUNT, POLICY], ids=["account", "policy"])
    def test_good_manifest_has_no_faults(self, body: dict[str, object]) -> None:
        """The manifests that the table breaks are good themselves."""
        assert schema.check(body).faults == ()

    @pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.parent.name)
    def test_examples_have_no_faults(self, path: Path) -> None:
        """Whoever starts from them starts from something good."""
        bodies = [each.value for each in documents.read(path.read_text("utf-8"))]

        assert [schema.check(body).faults for body in bodies if body["kind"] != "Namespace"] == [
            () for body in bodies if body["kind"] != "Namespace"
        ]

    def test_everything_is_found_at_once(self) -> None:
        """Faults of structure and of different rules come together, as far as the API server does that."""
        body = altered(POLICY, {"spec.destinations[1].vault.name": "Default", "spec.objectives": {"maxCopyLag": "0d"}})

        assert {fault.path for fault in schema.check(body).faults} == {
            "spec.destinations[1].vault.name",
            "spec.objectives.maxCopyLag",
        }

    @pytest.mark.parametrize(
        ("changes", "paths"),
        [
            pytest.param(
                {
                    "spec.destinations[1].lifecycle": {"moveToColdStorageAfterDays": 0, "deleteAfterDays": 84},
                    "spec.destinations[0].lifecycle": {"moveToColdStorageAfterDays": 1, "deleteAfterDays": 84},
                },
                [
                    "spec.destinations[0].lifecycle.deleteAfterDays",
                    "spec.destinations[1].lifecycle.moveToColdStorageAfterDays",
                ],
                id="one destination's fault does not hide another's",
            ),
            pytest.param(
                {"spec.source.region": "cn_north_1", "spec.destinations[1].region": "cn-north-1"},
                ["spec.source.region"],
                id="a Region that is none is in no partition",
            ),
            pytest.param(
                {"spec.source.region": "nowhere", "spec.destinations[1].accountRef.name": "production"},
                ["spec.source.region", "spec.destinations"],
                id="what has nothing to do with it is told all the same",
            ),
            pytest.param(
                {"spec.destinations[0].vault": {"name": "Default", "create": False, "encryptionKey": "x"}},
                ["spec.destinations[0].vault.name", "spec.destinations[0].vault.encryptionKey"],
                id="a key that is none need not be one to create with",
            ),
        ],
    )
    def test_what_follows_from_a_complaint_is_none(self, changes: dict[str, object], paths: list[str]) -> None:
        """A comparison with a field that is wrong by itself says nothing that mending the field would not end."""
        assert sorted(fault.path for fault in schema.check(altered(POLICY, changes)).faults) == sorted(paths)

    @pytest.mark.parametrize(
        ("rule", "fields"),
        [
            pytest.param("self >= 1", (), id="one value alone"),
            pytest.param("self.matches('^self.x$')", (), id="a method is no member"),
            pytest.param("!has(self.a) || self.b.c.startsWith('x')", (("a",), ("b", "c")), id="two members"),
            pytest.param("self.all(a, self.exists_one(b, a.x == b.y))", (("*", "x"), ("*", "y")), id="loops"),
            pytest.param("self.list.all(d, d.x.name != self.y)", (("list", "*", "x", "name"), ("y",)), id="a list"),
        ],
    )
    def test_rule_is_known_by_the_fields_it_compares(self, rule: str, fields: tuple[tuple[str, ...], ...]) -> None:
        """Read from the rule itself, so that no list of them has to be kept."""
        assert rules.compared(rule) == fields

    def test_rules_wait_for_a_sound_structure(self) -> None:
        """As in the API server, a missing member hides the rules instead of breaking them."""
        body = altered(POLICY, {"spec.source.region": broken_manifests.REMOVED, "spec.mode": "None of these"})

        assert {fault.path for fault in schema.check(body).faults} == {"spec.source.region", "spec.mode"}

    @pytest.mark.parametrize(
        ("metadata", "path"),
        [
            pytest.param({}, "metadata.name", id="a name is needed"),
            pytest.param({"name": "Orders"}, "metadata.name", id="a name is lower case"),
            pytest.param({"name": 1}, "metadata.name", id="a name is a string"),
            pytest.param("orders", "metadata", id="metadata is an object"),
            pytest.param(None, "metadata", id="metadata is needed"),
        ],
    )
    def test_metadata_is_checked(self, metadata: object, path: str) -> None:
        """An object without a proper name is refused as by the API server."""
        assert path in {fault.path for fault in schema.check({**POLICY, "metadata": metadata}).faults}

    @pytest.mark.parametrize(
        ("path", "meant"),
        [
            pytest.param("spec.existingCopies", "; spec.destinations[].existingCopies?", id="a field of another place"),
            pytest.param("spec.sorce", "; source?", id="a slip of the finger"),
            pytest.param("spec.destinations[0].vaultpolicy", "; vaultPolicy?", id="another case"),
            pytest.param("spec.destinations[1].vault.encriptionKey", "; encryptionKey?", id="within a list"),
            pytest.param("spec.name", "", id="a name that several places have"),
            pytest.param("spec.whatever", "", id="a field that nothing here is like"),
        ],
    )
    def test_unknown_field_is_told_which_one_may_be_meant(self, path: str, meant: str) -> None:
        """A sibling that is spelt alike, or the one other place where such a field stands."""
        faults = schema.check(altered(POLICY, {path: {}})).faults

        assert [fault.message for fault in faults if fault.path == path] == [f"unknown field{meant}"]

    @pytest.mark.parametrize("kind", ["CrossAccountCopy", None, 3])
    def test_unknown_kind_is_refused_with_those_known(self, kind: object) -> None:
        """A kind of a later release, or a misspelt one, is named together with the right ones."""
        (fault,) = schema.check({**POLICY, "kind": kind}).faults

        assert fault.path == "kind"
        assert "crossvault.io/v1alpha1 CrossAccountBackupPolicy" in fault.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
PARTS = (
    *("metadata", "metadata.name", "spec", "spec.source", "spec.source.vault", "spec.source.region", "spec.mode"),
    *("spec.destinations", "spec.destinations[0]", "spec.destinations[0].vault", "spec.destinations[0].lifecycle"),
    *("spec.backfill", "spec.objectives.maxCopyLag", "spec.copying.retry", "spec.recoveryPoints.minRemainingDays"),
)


class TestTotality:
    """Nothing that JSON can say makes the check raise."""

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(PARTS), JSON)
    def test_any_part_may_be_anything(self, part: str, value: object) -> None:
        """A good manifest with one arbitrary part is answered."""
        assert isinstance(schema.check(altered(POLICY, {part: value})).faults, tuple)

    @pytest.mark.parametrize("number", [2**63, 10**40, -(10**40), 1e308])
    def test_numbers_beyond_64_bits_are_refused(self, number: float) -> None:
        """The bounds of the schema come before CEL, which knows 64 bits."""
        faults = schema.check(altered(POLICY, {"spec.recoveryPoints": {"minRemainingDays": number}})).faults

        assert {fault.path for fault in faults} == {"spec.recoveryPoints.minRemainingDays"}


class TestDefaults:
    """What is left out is filled in as the API server does."""

    def test_defaults_are_applied_through_absent_objects(self) -> None:
        """The defaults of nested members arrive although nothing around them was written."""
        spec = schema.check(POLICY).body["spec"]

        assert spec["copying"] == {
            "maxConcurrent": 20,
            "whenUncertain": "Hold",
            "planGracePeriod": "1h",
            "retry": {"maxAttempts": 5, "backoff": "15m"},
        }
        assert spec["backfill"] == {"mode": "Latest"}
        assert spec["source"]["copyRole"] == "AWSBackupDefaultServiceRole"

    def test_null_counts_as_absent(self) -> None:
        """The API server drops nulls before it applies defaults."""
        spec = schema.check(altered(POLICY, {"spec.mode": None, "spec.objectives": None})).body["spec"]

        assert spec["mode"] == "Enforce"
        assert "objectives" not in spec

    def test_what_was_given_stays_untouched(self) -> None:
        """The caller's object is not changed."""
        given = copy.deepcopy(dict(POLICY))
        schema.check(given)

        assert given == POLICY

    def test_namespace_is_default_when_none_is_named(self) -> None:
        """As with kubectl and no context; an account has none."""
        policy = schema.check(altered(POLICY, {"metadata.namespace": broken_manifests.REMOVED}))

        assert policy.body["metadata"]["namespace"] == "default"
        assert "namespace" not in schema.check(ACCOUNT).body["metadata"]


class TestReading:
    """YAML is read as kubectl reads it."""

    def test_time_without_quotes_stays_a_string(self) -> None:
        """PyYAML would make it a datetime, which no schema knows."""
        (document,) = documents.read("since: 2026-11-01T00:00:00Z")

        assert document.value == {"since": "2026-11-01T00:00:00Z"}

    def test_empty_documents_are_left_out(self) -> None:
        """Separators at the end and comments between them are no manifests."""
        found = [(each.number, each.value) for each in documents.read("---\na: 1\n---\n# nothing\n---\nb: 2\n---\n")]

        assert found == [(1, {"a": 1}), (3, {"b": 2})]

    def test_only_our_group_is_ours(self) -> None:
        """A Namespace beside the policies is left to whoever wants it."""
        assert schema.is_ours(POLICY)
        assert not schema.is_ours({"apiVersion": "v1", "kind": "Namespace"})

    @pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.stem)
    def test_every_example_passes(self, path: Path) -> None:
        """What we tell people to apply is accepted."""
        ours = [each.value for each in documents.read(path.read_text()) if schema.is_ours(each.value)]

        assert ours
        assert [schema.check(body).faults for body in ours] == [()] * len(ours)


class TestPackage:
    """The CRDs travel with the code."""

    def test_every_crd_is_known(self) -> None:
        """Each file in crds/ is a kind."""
        declared = {yaml.safe_load(path.read_text())["spec"]["names"]["kind"] for path in (ROOT / "crds").iterdir()}

        assert set(schema.kinds()) == declared

    def test_wheel_contains_the_crds_as_files(self, tmp_path: Path) -> None:
        """The link in the source tree is followed when the wheel is built."""
        command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        (wheel,) = tmp_path.glob("*.whl")

        with zipfile.ZipFile(wheel) as archive:
            for path in (ROOT / "crds").iterdir():
                assert archive.read(f"crossvault/crds/{path.name}") == path.read_bytes()
