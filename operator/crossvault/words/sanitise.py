"""Makes a text of AWS fit for a status: what differs from one answer to the next is taken out.

A status message that changes although no fact did would wake every watcher and write the object again, each pass.
"""

from __future__ import annotations

import re

from .texts import ELLIPSIS, clean

LIMIT = 300

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? "
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_INSTANTS = (
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK}{_ZONE})?",
    r"\b\d{8}T\d{6}Z\b",
    rf"\b(?:{_WEEKDAY})?\d{{1,2}} {_MONTH} \d{{4}}(?: {_CLOCK})?{_ZONE}",
    rf"\b(?:{_WEEKDAY})?{_MONTH} \d{{1,2}},?(?: {_CLOCK}{_ZONE})?,? \d{{4}}(?:,? {_CLOCK}(?: ?[AP]M)?{_ZONE})?",
)
# A request id stands in brackets behind the text, or in a "Service: …; Status Code: …; Request ID: …" list.
_REQUEST_ID = r"(?:extended |x-amzn-|x-amz-)?request[ _-]?(?:id|token)\b"

# They see texts that are clean: one blank at most stands between words.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r" ?\bEncoded authorization (?:failure )?message:? ?\S+", re.IGNORECASE), ""),
    (re.compile(r" ?\((?:Service|RequestI[dD]|Request ID)[:=][^()]*\)", re.IGNORECASE), ""),
    (re.compile(rf" ?[(\[] ?{_REQUEST_ID} ?[:=]? ?[^()\[\]\s]+ ?[)\]]", re.IGNORECASE), ""),
    (re.compile(rf"[,;]? ?\b(?:with )?{_REQUEST_ID} ?[:=]? ?[\"']?[A-Za-z0-9+/=_-]{{8,}}[\"']?", re.IGNORECASE), ""),
    (re.compile(r"(:assumed-role/[\w+=,.@/-]+?)/[\w+=,.@-]+"), r"\1"),
    (re.compile("|".join(f"(?:{instant})" for instant in _INSTANTS)), ELLIPSIS),
    # Key ids and recovery points carry their UUID behind "/", ":" or "job-"; one standing alone is an id of the call.
    (re.compile(rf"(?<![\w/:-]){_UUID}(?![\w/-])"), ELLIPSIS),
    # Nothing a person reads is that long without a separator: signatures, tokens, encoded blobs.
    (re.compile(r"(?<![\w/:.-])[A-Za-z0-9+/_=]{80,}"), ELLIPSIS),
    (re.compile(r" ([.,;:])"), r"\1"),
)


def sanitise(text: str, limit: int = LIMIT) -> str:
    """Return ``text`` clean and without request ids, instants, encoded blobs and session names, ``limit`` long."""
    text = clean(text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return clean(text, limit)
