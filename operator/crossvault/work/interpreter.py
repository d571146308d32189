"""Python's interpreter, told what kind of process this is: many threads, one event loop, and millions of small rows.

A pass over a large vault makes hundreds of thousands of objects that live until the next one and form no cycles. By
default the collector walks all of them again and again, and holds the interpreter for up to seconds meanwhile.

One thread at a time has the interpreter, and by default keeps it for five milliseconds while others wait: beside eight
passes that compare, the event loop is late by tens of milliseconds, and so is each answer of AWS. Short turns are not
free: who waits wakes up after each, and with a millisecond a tenth of the CPU of a thousand small passes went there.
"""

from __future__ import annotations

import gc
import sys

THRESHOLDS = (10_000, 10, 20)
"""So many more objects than before set the youngest generation off, and so many of its collections the next ones.

botocore leaves circles behind: with 200,000 objects an operator of 500 policies holds 60 MiB more.
"""
TURN = 0.002
"""Seconds for which a thread keeps the interpreter while others wait for it."""


def settle() -> None:
    """Leave out what is there for good (modules, service models), look at the rest less often, and take short turns."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(TURN)
