"""External IDs in Secrets, on a real API server with the rights of the chart: read, changed, of one namespace only."""

from __future__ import annotations

import json

import pytest
from tests.kit import stage as scene
from tests.kit.chart_cluster import NAMESPACE, OPERATOR, Cluster

pytestmark = pytest.mark.kube

REF = {"name": "crossvault-production", "key": "externalId"}


def put(cluster: Cluster, value: str, namespace: str = NAMESPACE, **changes: str) -> None:
    """Put a value into the Secret, as an administrator would."""
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": REF["name"], "namespace": namespace},
            "stringData": {REF["key"]: value, **changes},
        }
    )


def declare(cluster: Cluster, **ref: str) -> None:
    """Declare the source's account with a reference instead of a value."""
    body = scene.accounts()["production"]
    spec = {name: value for name, value in body["spec"].items() if name != "externalId"}
    allowed = {"allowedNamespaces": {"names": [cluster.namespace]}, "externalIdSecretRef": {**REF, **ref}}
    cluster.apply({**body, "metadata": {"name": "production"}, "spec": {**spec, **allowed}})


def test_an_external_id_is_read_from_a_secret_and_may_change(cluster: Cluster) -> None:
    """Without it nothing is entered; a wrong one is refused; once it is right, the same process goes on."""
    cluster.kubectl("delete", "secret", REF["name"], "-n", NAMESPACE, "--ignore-not-found")
    put(cluster, scene.EXTERNAL_ID, cluster.namespace)  # of the tenant: not looked at
    operator = cluster.start()
    cluster.accounts("dr")
    declare(cluster)
    cluster.apply(cluster.policy())
    cluster.wait("False", "ExternalIdUnreadable", "production", kind="bacct")
    assert "no such Secret" in json.dumps(cluster.get("production", "bacct")["status"])
    assert REF["name"] not in json.dumps(cluster.get().get("status"))

    put(cluster, "another-external-id")
    cluster.wait("False", "AssumeRoleDenied", "production", kind="bacct")
    put(cluster, scene.EXTERNAL_ID)
    cluster.wait("True", "Verified", "production", kind="bacct")
    cluster.wait_until_all_is_copied()

    assert operator.process.running
    told = cluster.log() + json.dumps(cluster.get()) + json.dumps(cluster.get("production", "bacct"))
    assert scene.EXTERNAL_ID not in told
    assert "another-external-id" not in told


def test_the_operator_gets_secrets_of_its_own_namespace_and_lists_none(cluster: Cluster) -> None:
    """That is all that the chart gives it."""

    def may(verb: str, namespace: str) -> bool:
        words = ("auth", "can-i", verb, "secrets", "--as", OPERATOR, "-n", namespace)
        return cluster.kubectl(*words, check=False).split()[0] == "yes"

    assert may("get", NAMESPACE)
    assert not any(may(verb, NAMESPACE) for verb in ("list", "watch", "update", "delete"))
    assert not any(may(verb, cluster.namespace) for verb in ("get", "list"))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"externalIdSecretRef": REF, "externalId": "demo-external-id"}, "only without externalId"),
        ({"externalIdSecretRef": {"name": "x"}}, "key"),
    ],
)
def test_kubectl_refuses_two_external_ids_and_half_a_reference(
    cluster: Cluster, spec: dict[str, object], told: str
) -> None:
    """With the field and the reason."""
    body = scene.accounts()["production"]
    rest = {name: value for name, value in body["spec"].items() if name != "externalId"}

    assert told in cluster.refuse({**body, "metadata": {"name": "refused"}, "spec": {**rest, **spec}})
