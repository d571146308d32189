"""One control plane with the chart installed for all stories of a worker; an AWS and an operator for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.kit.chart_cluster import Cluster, install, lively, serving
from tools import binaries
from tools.controlplane import ControlPlane


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A real API server with the chart installed and the audit log on."""
    missing = [name for name in ("kube-apiserver", "etcd", "kubectl", "helm") if binaries.find(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing; run `python -m tools.binaries --all` first, it shows its progress")
    with ControlPlane.start(audit=True) as started:
        install(started)
        yield started


@pytest.fixture
def cluster(plane: ControlPlane) -> Iterator[Cluster]:
    """A cluster whose operator the test starts, and an AWS with four recovery points."""
    yield from serving(plane, lively())
