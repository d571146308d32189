"""What there is to do next, and who does it: a work queue without any Kubernetes in it.

:mod:`agenda` decides which key is next, :mod:`workers` runs the passes, :mod:`board` remembers what they reported, and
:mod:`figures` counts. The cluster edge and the edge without a cluster compose the same parts.
"""
