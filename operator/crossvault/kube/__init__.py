"""The cluster edge: kopf watches, everything else is ours.

Handlers store and enqueue (:mod:`handlers`, :mod:`store`), passes look and write (:mod:`passes`), and
:mod:`operator` composes them into one process. No kopf timers, daemons, or create/update/delete handlers.
"""
