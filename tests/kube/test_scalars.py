"""What kubectl takes scalars of YAML for, which files have to be read as."""

import json

import pytest
from tests.kit.scalars import OF_KUBECTL
from tools.controlplane import ControlPlane

pytestmark = pytest.mark.kube


def test_kubectl_takes_scalars_for_what_files_are_read_as(control_plane: ControlPlane) -> None:
    """The table that the reading of files is tested with says what kubectl does: all of it in one manifest."""
    written = "".join(f"  s{number}: {scalar}\n" for number, (scalar, _) in enumerate(OF_KUBECTL))
    manifest = f"apiVersion: crossvault.io/v1alpha1\nkind: Anything\nmetadata: {{name: x}}\nspec:\n{written}"

    answer = control_plane.kubectl("annotate", "--local", "-f", "-", "a=b", "-o", "json", stdin=manifest)
    found = json.loads(answer.stdout)["spec"]

    assert [found[f"s{number}"] for number in range(len(OF_KUBECTL))] == [meant for _, meant in OF_KUBECTL]
