"""What cannot be done is refused before anything is looked at, with the reason and the way out, once."""

from __future__ import annotations

import pytest
from tests.kit.cases import WORLDS

from crossvault.local import Folder, ManifestError


def refusal(case: str) -> ManifestError:
    """Return why the manifests of a case are refused."""
    with pytest.raises(ManifestError) as caught:
        Folder.read(WORLDS / case)
    return caught.value


def test_03a_the_vault_that_efs_makes_is_refused_with_the_way_out() -> None:
    """Its recovery points cannot be copied, which no pattern of letters tells."""
    (fault,) = refusal("03a-efs-reserved-vault").faults

    assert (fault.declared, fault.path) == ("CrossAccountBackupPolicy records", "spec.source.vault.name")
    assert "AWS reserves this one" in fault.message
    assert "its recovery points cannot be copied" in fault.message
    assert "with a plan into a vault of your own" in fault.message
    assert "[A-Za-z" not in str(fault)
    assert fault.line == 40


def test_09a_zero_days_until_cold_is_one_complaint() -> None:
    """How Terraform users write "never"; the ninety days that follow from it are nobody's concern."""
    (fault,) = refusal("09a-zero-cold").faults

    assert fault.path == "spec.destinations[0].lifecycle.moveToColdStorageAfterDays"
    assert "leave it out" in fault.message
    assert "90" not in str(fault)
