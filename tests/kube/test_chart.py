"""The chart: refuses what it does not know, renders what it is asked for, and installs on a real API server."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kit.broken_manifests import ACCOUNT, altered
from tests.kit.chart import CHART, NAMESPACE, helm, only, rendered
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

ROOT = Path(__file__).parents[2]
RIGHTS = {
    *("list crossaccountbackuppolicies.crossvault.io", "watch crossaccountbackuppolicies.crossvault.io"),
    *("patch crossaccountbackuppolicies.crossvault.io", "patch crossaccountbackuppolicies/status.crossvault.io"),
    *("list backupaccounts.crossvault.io", "watch backupaccounts.crossvault.io"),
    *("list backuporganizations.crossvault.io", "watch backuporganizations.crossvault.io"),
    "patch backuporganizations/status.crossvault.io",
    *("patch backupaccounts/status.crossvault.io", "create events.events.k8s.io", "list namespaces"),
    *("watch namespaces", "list customresourcedefinitions.apiextensions.k8s.io"),
    "watch customresourcedefinitions.apiextensions.k8s.io",
}
OPERATOR = f"system:serviceaccount:{NAMESPACE}:crossvault"


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the operator's container."""
    (found,) = only(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


class TestValues:
    """What can be set is documented, checked and has an effect."""

    def test_chart_is_clean(self) -> None:
        """Helm lint finds nothing."""
        result = helm("lint", "--strict", CHART)

        assert result.returncode == 0, result.stdout + result.stderr

    def test_every_value_is_commented(self) -> None:
        """Each key that takes a value has a ``# --`` line right above it."""
        lines = (CHART / "values.yaml").read_text().splitlines()
        inner = {"resources", "podSecurityContext", "securityContext", "nodeSelector"} | {
            f"{probe}Probe" for probe in ("liveness", "readiness", "startup")
        }
        bare, block = [], ""
        for above, line in zip(["", *lines], lines, strict=False):
            key = line.split(":")[0].strip()
            block = key if line and not line.startswith((" ", "#")) else block
            nested_in_free_form = line.startswith(" ") and block in inner
            is_parent = line.rstrip().endswith(":") and key not in inner
            comment = not line.strip() or line.strip().startswith("#")
            if not (comment or is_parent or nested_in_free_form or above.strip().startswith("# --")):
                bare.append(line)

        assert bare == []

    def test_schema_knows_exactly_the_values(self) -> None:
        """values.yaml and values.schema.json have the same keys, down to the free-form ones."""
        values = yaml.safe_load((CHART / "values.yaml").read_text())
        values_schema = json.loads((CHART / "values.schema.json").read_text())

        assert list(_differences(values, values_schema, "")) == []

    @pytest.mark.parametrize(
        ("setting", "said"),
        [
            pytest.param("replicas=2", "additional properties 'replicas' not allowed", id="a key nobody knows"),
            pytest.param("metrics.prot=1", "additional properties 'prot' not allowed", id="a nested one"),
            pytest.param("replicaCount=2", "maximum: got 2, want 1", id="two replicas without leader election"),
            pytest.param("config.logLevel=verbose", "logLevel", id="a log level nobody knows"),
            pytest.param("config.interval=5", "interval", id="an interval without a unit"),
            pytest.param("config.clusterName=prod@eu", "clusterName", id="a cluster whose name would end another"),
            pytest.param(f"config.clusterName={'x' * 25}", "clusterName", id="a cluster's name that is too long"),
            pytest.param("aws.endpointUrl=localhost", "endpointUrl", id="an endpoint without a scheme"),
            pytest.param("aws.endpointUrl=http://aws.example", "endpointUrl", id="an endpoint that anybody can read"),
            pytest.param("aws.eventQueueUrl=crossvault-events", "eventQueueUrl", id="a queue by its name"),
            pytest.param(
                "aws.eventQueueUrl=http://sqs.eu-west-1.amazonaws.com/111111111111/events",
                "eventQueueUrl",
                id="a queue that is asked in the clear",
            ),
            pytest.param("aws.endpointUrl=http://127.0.0.1@evil.example", "endpointUrl", id="and one in disguise"),
        ],
    )
    def test_wrong_value_is_refused(self, setting: str, said: str) -> None:
        """A typo stops the installation with the name of the key."""
        result = helm("template", "crossvault", CHART, "--set", setting)

        assert result.returncode != 0
        assert said in result.stderr

    def test_global_is_open(self) -> None:
        """A parent chart may put there what it likes."""
        assert rendered("global.anything.at=all")


class TestRendering:
    """The objects that come out."""

    def test_operator_is_started_as_configured(self) -> None:
        """Values become arguments and environment."""
        values = (
            "config.interval=1m",
            "config.clusterName=prod-eu",
            "config.logFormat=text",
            "aws.endpointUrl=http://127.0.0.1:4566",
            "aws.region=",
            "aws.eventQueueUrl=https://sqs.eu-west-1.amazonaws.com/111111111111/crossvault-events",
        )
        found = container(rendered(*values, "extraArgs={--x}", "extraEnv[0].name=A", "extraEnv[0].value=b"))

        assert found["args"] == [
            "operator",
            "--interval=1m",
            "--follow-interval=30s",
            "--audit-interval=6h",
            "--relist-interval=10m",
            "--log-level=info",
            "--log-format=text",
            "--metrics-port=8080",
            "--probe-port=8081",
            "--cluster-name=prod-eu",
            "--event-queue-url=https://sqs.eu-west-1.amazonaws.com/111111111111/crossvault-events",
            "--x",
        ]
        assert found["env"] == [
            {"name": "AWS_ENDPOINT_URL", "value": "http://127.0.0.1:4566"},
            {"name": "A", "value": "b"},
        ]

    def test_ports_are_the_same_everywhere(self) -> None:
        """Arguments, container ports, probes and Service agree, and the Service leads to the metrics only."""
        objects = rendered("metrics.port=9090", "probePort=9091")
        found = container(objects)

        assert {"--metrics-port=9090", "--probe-port=9091"} <= set(found["args"])
        assert {each["name"]: each["containerPort"] for each in found["ports"]} == {"metrics": 9090, "probes": 9091}
        assert {found[f"{each}Probe"]["httpGet"]["port"] for each in ("liveness", "readiness", "startup")} == {"probes"}
        assert [(each["port"], each["targetPort"]) for each in only(objects, "Service")["spec"]["ports"]] == [
            (9090, "metrics")
        ]

    def test_alerts_come_where_they_are_wanted(self) -> None:
        """As Prometheus reads them, with the labels by which it chooses rules."""
        found = only(rendered("prometheusRule.enabled=true", "prometheusRule.labels.release=x"), "PrometheusRule")
        (alert,) = found["spec"]["groups"][0]["rules"]

        assert found["metadata"]["labels"]["release"] == "x"
        assert "{{ $labels.namespace }}/{{ $labels.name }}" in alert["annotations"]["summary"]
        assert "PrometheusRule" not in {each["kind"] for each in rendered()}

    def test_scrapers_are_asked_for_their_token(self) -> None:
        """The option brings the argument, the two rights to ask, and a role for Prometheus; else none is there."""
        with_it, without = rendered("metrics.authorization.enabled=true"), rendered()
        added = only(with_it, "ClusterRole", "crossvault")["rules"]
        rules = only(without, "ClusterRole", "crossvault")["rules"]

        assert "--authorize-scrapers" in container(with_it)["args"]
        assert "--authorize-scrapers" not in container(without)["args"]
        assert [(each["resources"], each["verbs"]) for each in added if each not in rules] == [
            (["tokenreviews"], ["create"]),
            (["subjectaccessreviews"], ["create"]),
        ]
        assert only(with_it, "ClusterRole", "crossvault-metrics-reader")["rules"] == [
            {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
        ]
        assert not [each for each in without if each["metadata"]["name"] == "crossvault-metrics-reader"]

    @pytest.mark.parametrize(
        ("values", "ingress"),
        [
            pytest.param((), [], id="nobody is named, so nobody is let in"),
            pytest.param(
                ("networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",),
                [
                    {
                        "from": [{"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}],
                        "ports": [{"port": "metrics", "protocol": "TCP"}],
                    }
                ],
                id="who is named, to the metrics only",
            ),
        ],
    )
    def test_network_policy_lets_in_whom_the_values_name(self, values: tuple[str, ...], ingress: list[Any]) -> None:
        """It is about the operator's pod, and about what comes in."""
        objects = rendered("networkPolicy.enabled=true", *values)
        policy = only(objects, "NetworkPolicy")["spec"]

        assert policy["policyTypes"] == ["Ingress"]
        assert policy.get("ingress") == ingress
        labels = only(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()
        assert not [each for each in rendered() if each["kind"] == "NetworkPolicy"]

    def test_there_are_never_two_operators(self) -> None:
        """Without leader election an old pod ends before a new one begins."""
        assert only(rendered(), "Deployment")["spec"]["strategy"] == {"type": "Recreate"}

    @pytest.mark.parametrize(
        ("values", "image"),
        [
            pytest.param((), "crossvault:0.1.0", id="appVersion by default"),
            pytest.param(("image.tag=x",), "crossvault:x", id="a tag"),
            pytest.param(
                ("image.tag=x", f"image.digest=sha256:{'0' * 64}"), f"crossvault@sha256:{'0' * 64}", id="a digest wins"
            ),
        ],
    )
    def test_image_is_the_one_asked_for(self, values: tuple[str, ...], image: str) -> None:
        """Repository with tag or digest."""
        assert container(rendered(*values))["image"] == image

    def test_parts_can_be_left_out(self) -> None:
        """What is switched off is not rendered."""
        off = ("admissionPolicy.enabled", "crds.enabled", "metrics.enabled", "rbac.create", "serviceAccount.create")
        roles = ("rbac.aggregateToView", "rbac.aggregateToEdit", "rbac.aggregateToAdmin")
        objects = rendered(*(f"{each}=false" for each in off + roles))

        assert [each["kind"] for each in objects] == ["Deployment"]

    def test_labels_reach_every_object(self) -> None:
        """A platform team finds everything by its own label."""
        assert {each["metadata"]["labels"]["team"] for each in rendered("commonLabels.team=dr")} == {"dr"}

    def test_crds_are_those_of_the_repository(self) -> None:
        """The chart's copies are the files in crds/ (``make generate``), and rendering changes their metadata only."""
        sources = {path.name: path.read_bytes() for path in (ROOT / "crds").glob("*.yaml")}
        copies = {path.name: path.read_bytes() for path in (CHART / "files" / "crds").iterdir()}
        specs = [each["spec"] for each in rendered() if each["kind"] == "CustomResourceDefinition"]

        assert copies == sources
        assert specs == [yaml.safe_load(sources[name])["spec"] for name in sorted(sources)]

    @pytest.mark.parametrize(("values", "policy"), [((), "keep"), (("crds.keep=false",), None)])
    def test_crds_are_kept_by_default(self, values: tuple[str, ...], policy: str | None) -> None:
        """An uninstall would otherwise delete every policy."""
        crds = [each for each in rendered(*values) if each["kind"] == "CustomResourceDefinition"]
        found = {each["metadata"].get("annotations", {}).get("helm.sh/resource-policy") for each in crds}

        assert found == {policy}

    def test_people_get_policies_and_no_accounts(self) -> None:
        """view, edit and admin reach policies; accounts stay with cluster administrators."""
        aggregated = {
            label.rpartition("-")[2]: each["rules"]
            for each in rendered()
            if each["kind"] == "ClusterRole"
            for label in each["metadata"]["labels"]
            if label.startswith("rbac.authorization.k8s.io/aggregate-to-")
        }

        assert set(aggregated) == {"view", "edit", "admin"}
        assert {tuple(rule["resources"]) for rules in aggregated.values() for rule in rules} == {
            ("crossaccountbackuppolicies",)
        }
        assert aggregated["view"][0]["verbs"] == ["get", "list", "watch"]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane of our own: the chart wants to own the CRDs."""
    with ControlPlane.start() as started:
        yield started


@pytest.fixture(scope="module")
def installed(plane: ControlPlane) -> ControlPlane:
    """A cluster with the release."""
    result = helm("install", "crossvault", CHART, "--namespace", NAMESPACE, "--create-namespace", plane=plane)
    assert result.returncode == 0, result.stderr
    assert "Nothing is copied before you create a policy." in result.stdout
    return plane


class TestInstalling:
    """On a real API server."""

    def test_crds_are_served(self, installed: ControlPlane) -> None:
        """Right after the installation people can declare accounts and policies."""
        installed.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        installed.kubectl("apply", "-f", ROOT / "examples" / "quickstart")

        assert "production" in installed.kubectl("get", "crossvault", "-A").stdout

    def test_operator_may_do_its_work_and_nothing_else(self, installed: ControlPlane) -> None:
        """Beyond what everybody may, its rights are the table, to the last verb."""
        installed.kubectl("create", "serviceaccount", "nobody", "-n", NAMESPACE)

        assert _rights(installed, "crossvault") - _rights(installed, "nobody") == RIGHTS

    @pytest.mark.parametrize(
        "right", ["get secrets", "create pods", "patch backupaccounts", "delete cabp", "patch crds", "create events"]
    )
    def test_operator_may_not(self, installed: ControlPlane, right: str) -> None:
        """The server itself says no to what would hurt."""
        question = ("auth", "can-i", *right.split(), "--as", OPERATOR, "--all-namespaces")

        assert installed.kubectl(*question, check=False).stdout.strip() == "no"

    def test_pod_fits_the_restricted_standard(self, installed: ControlPlane) -> None:
        """The pod is admitted where the restricted Pod Security Standard is enforced."""
        installed.kubectl("create", "namespace", "restricted")
        installed.kubectl("label", "namespace", "restricted", "pod-security.kubernetes.io/enforce=restricted")
        template = only(rendered(), "Deployment")["spec"]["template"]
        template["spec"]["serviceAccountName"] = "default"
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            **template,
            "metadata": {"name": "operator", "namespace": "restricted"},
        }

        admitted = installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))

        assert admitted.stdout.strip() == "pod/operator created (server dry run)"

    def test_upgrade_and_uninstall_keep_what_people_declared(self, installed: ControlPlane) -> None:
        """A release comes and goes; CRDs and accounts stay, and another release takes them over."""
        installed.kubectl("apply", "-f", "-", stdin=json.dumps(altered(ACCOUNT, {"metadata.name": "kept"})))
        upgrade = helm("upgrade", "crossvault", CHART, "-n", NAMESPACE, "--set", "config.interval=1m", plane=installed)
        uninstall = helm("uninstall", "crossvault", "-n", NAMESPACE, plane=installed)

        assert (upgrade.returncode, uninstall.returncode) == (0, 0), upgrade.stderr + uninstall.stderr
        assert "kept" in installed.kubectl("get", "bacct").stdout
        again = helm("install", "crossvault", CHART, "-n", NAMESPACE, plane=installed)
        assert again.returncode == 0, again.stderr


def _rights(plane: ControlPlane, account: str) -> set[str]:
    """Ask the server what a ServiceAccount of the release's namespace may do in some other namespace."""
    question = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": "orders"},
    }
    asker = plane.kubeconfig_for_service_account(NAMESPACE, account)
    command = ("create", "--validate=false", "-o", "json", "-f", "-")
    answer = plane.kubectl(*command, stdin=json.dumps(question), kubeconfig=asker).stdout
    return {
        f"{verb} {resource}.{group}".rstrip(".")
        for rule in json.loads(answer)["status"]["resourceRules"]
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for group in rule["apiGroups"]
    }


def _differences(values: Any, values_schema: Mapping[str, Any], where: str) -> Iterator[str]:
    known = values_schema.get("properties")
    if known is None or not isinstance(values, dict):
        return
    yield from (f"{where}.{key}" for key in set(values) ^ set(known))
    for key in set(values) & set(known):
        yield from _differences(values[key], known[key], f"{where}.{key}")
