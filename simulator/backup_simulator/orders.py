"""What faults and outcomes that somebody ordered have in common: how often they hold, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random


class Order(Protocol):
    """Something ordered: after letting `skip` matches pass it holds for `times` (None: all), if the dice say so."""

    times: int | None
    skip: int
    probability: float
    hits: int


def spares(order: Order, dice: random.Random) -> bool:
    """Whether an order lets this match pass."""
    if order.skip > 0:
        order.skip -= 1
        return True
    return order.probability < 1.0 and dice.random() >= order.probability


def use(order: Order) -> None:
    """Count a hit."""
    order.hits += 1
    if order.times is not None:
        order.times -= 1
