"""What ``crossvault operator`` does: put the parts of the process together and run them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from .. import __version__
from ..aspects.effects import AwsAccounts
from ..aws import AwsSettings
from ..aws.queue import Listener, QueuePlace
from ..kube import operator
from ..kube.settings import OperatorSettings
from ..metrics import Exposition
from ..work import interpreter
from ..work.board import Board

UID_SHOWN = 8
"""So many characters of a uid are enough to tell the clusters of a company apart."""


async def run(settings: OperatorSettings, audit: timedelta, events: QueuePlace | None = None) -> int:
    """Put the edges together and run them until the end of the process."""
    board, around = Board(), operator.Surroundings()
    exposition = Exposition(
        board.reports,
        vitals=around.vitals,
        queue=lambda: around.workers.figures() if around.workers is not None else None,
        clock=lambda: datetime.now(UTC),
    )
    around.metrics = exposition.render
    reaching = AwsSettings(
        version=__version__, audit=audit, settled=settings.cadence.settled, external_ids=around.secrets.read
    )
    aws = AwsAccounts(reaching, recorder=exposition.aws)
    around.forget_account, around.heed = aws.drop, aws.heed
    if events is not None:
        around.listen = Listener(aws.queue(events)).start
    if settings.cluster is not None:
        aws.name_cluster(settings.cluster)
    else:
        around.found_cluster = lambda uid: aws.name_cluster(uid[:UID_SHOWN])
    # Half a second of reading models would otherwise delay the first pass.
    threading.Thread(target=_warm, args=(aws,), name="warm-up", daemon=True).start()
    try:
        return await operator.run(settings, aws, board, around)
    finally:
        aws.close()


def _warm(aws: AwsAccounts) -> None:
    aws.warm()
    interpreter.settle()
