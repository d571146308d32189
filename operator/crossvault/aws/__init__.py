"""How AWS is reached: sessions with verified identities, budgets, shared reads, and what answers have to hold.

Nothing here knows what for; that is in the rooms.
"""

from .calls import CallCounts, CallRecorder
from .own import AwsSettings

__all__ = ["AwsSettings", "CallCounts", "CallRecorder"]
