"""A quota on policies, as the how-to for several tenants has it, kept by the real quota controller and API server."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.kit.broken_manifests import POLICY, altered
from tools import binaries
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "how-to" / "tenants.md"
COUNTED = "count/crossaccountbackuppolicies.crossvault.io"


def quota_of_the_guide() -> dict[str, Any]:
    """Return the manifest that the guide shows."""
    blocks = [block.split("```")[0] for block in GUIDE.read_text("utf-8").split("```yaml")[1:]]
    (quota,) = (body for block in blocks for body in yaml.safe_load_all(block) if body["kind"] == "ResourceQuota")
    return dict(quota)


def wait_for_used(plane: ControlPlane, namespace: str, name: str, used: str) -> None:
    """Wait until the controller has counted."""
    end, seen = time.monotonic() + 60, ""
    while time.monotonic() < end:
        seen = plane.kubectl("get", "resourcequota", name, "-n", namespace, "-o", "json").stdout
        if json.loads(seen).get("status", {}).get("used", {}).get(COUNTED) == used:
            return
        time.sleep(0.1)
    pytest.fail(f"the quota does not count {used} policies: {seen}")


@pytest.mark.skipif(
    binaries.find("kube-controller-manager") is None, reason="kube-controller-manager is built on request (--all)"
)
def test_the_quota_of_the_guide_bounds_the_policies_of_a_namespace() -> None:
    """One more is refused by the API server, also from apply; what is deleted makes room."""
    quota = quota_of_the_guide()
    namespace, name = quota["metadata"]["namespace"], quota["metadata"]["name"]
    most = int(quota["spec"]["hard"][COUNTED])
    with ControlPlane.start() as plane:
        plane.kubectl("apply", "-f", ROOT / "crds")
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all")
        plane.run_controllers()
        plane.kubectl("create", "namespace", namespace)
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(quota))
        wait_for_used(plane, namespace, name, "0")
        bodies = [
            altered(POLICY, {"metadata.name": f"policy-{number}", "metadata.namespace": namespace})
            for number in range(most + 1)
        ]
        plane.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": bodies[:-1]}))

        refused = plane.kubectl("apply", "-f", "-", stdin=json.dumps(bodies[-1]), check=False)
        elsewhere = altered(bodies[-1], {"metadata.namespace": "default"})
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(elsewhere))
        plane.kubectl("delete", "cabp", "policy-0", "-n", namespace)
        wait_for_used(plane, namespace, name, str(most - 1))
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(bodies[-1]))

    assert refused.returncode != 0
    assert f"exceeded quota: {name}" in refused.stderr
