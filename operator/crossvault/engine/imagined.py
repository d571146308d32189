"""An AWS that accepts everything, imagined from one look: in it a pass shows what it would do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .declared import Account, Desired
from .looks import NO_PATIENCE, Patience
from .observed import Observed, Sight
from .parts import NONE, Parts
from .plan import Action, Result


class ImaginedAws:
    """Shows what was seen, changed by what a pass has done to it since."""

    def __init__(self, seen: Observed) -> None:
        self._seen = seen

    def observe(  # the port of a pass
        self,
        desired: Desired,  # noqa: ARG002
        *,
        not_before: datetime,  # noqa: ARG002
        patience: Patience = NO_PATIENCE,  # noqa: ARG002
    ) -> Observed:
        """Return the picture as it would be now."""
        return self._seen

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:  # noqa: ARG002
        """Return what was seen of an account."""
        sights = (self._seen.source, *self._seen.destinations)
        return next(each for each in sights if each.account == account)

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """Return what was seen of an account."""
        del departures
        return self.look_at_account(account, not_before=not_before)

    def apply(self, action: Action, *, namespace: str = "") -> Result:  # noqa: ARG002 - the port of a pass
        """Change the picture as AWS would change."""
        sights = tuple(
            action.after(each) if each.name == action.destination else each for each in self._seen.destinations
        )
        source = self._seen.source if action.destination else action.after(self._seen.source)
        self._seen = replace(self._seen, source=source, destinations=sights)
        return Result(action)
