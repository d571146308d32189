"""What is said of files as of a cluster: no word of it needs one."""

from __future__ import annotations

import pytest
from tests.kit.doctoring import OF_CLUSTERS

from crossvault.words.explanations import EXPLANATIONS
from crossvault.words.reasons import Reason

OF_OBJECTS = frozenset(
    {Reason.EXTERNAL_ID_UNREADABLE, Reason.EXTERNAL_ID_IN_CLUSTER, Reason.ROLE_SHARED, Reason.DELETION_WAITING}
)
"""Reasons that only an object in a cluster, or a manifest that refers to a Secret of one, can have."""


@pytest.mark.parametrize("reason", sorted(set(Reason) - OF_OBJECTS))
def test_no_explanation_needs_a_cluster(reason: Reason) -> None:
    """Commands on files print meaning and remedy of whatever they find."""
    explained = EXPLANATIONS[reason]

    assert OF_CLUSTERS.search(explained.meaning) is None
    assert OF_CLUSTERS.search(explained.remedy) is None
