"""Metrics in the Prometheus exposition format, computed when they are asked for.

``catalogue`` declares every metric once; ``objects`` turns reports into series, ``process`` tells how the process
itself is doing, ``aws`` counts requests to AWS.
"""

from .aws import AwsMetrics
from .exposition import Exposition

__all__ = ["AwsMetrics", "Exposition"]
