"""Python's cyclic garbage collector, told what kind of process this is.

A pass over a large vault makes hundreds of thousands of objects that live until the next one and form no cycles. By
default the collector walks all of them again and again, and holds the interpreter for up to seconds meanwhile.
"""

from __future__ import annotations

import gc

THRESHOLDS = (10_000, 10, 20)
"""So many more objects than before set the youngest generation off, and so many of its collections the next ones.

botocore leaves circles behind: with 200,000 objects an operator of 500 policies holds 60 MiB more.
"""


def settle() -> None:
    """Leave out what is there for good (modules, service models), and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
