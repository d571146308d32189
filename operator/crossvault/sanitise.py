"""Makes a text of AWS fit for a status: what differs from one answer to the next is taken out.

A status message that changes although no fact did would wake every watcher and write the object again, each pass.
"""

from __future__ import annotations

import re

LIMIT = 300
_ELLIPSIS = "…"

_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
_ZONE = r"(?:\s?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_INSTANTS = (
    rf"\b\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK}{_ZONE})?",
    r"\b\d{8}T\d{6}Z\b",
    rf"\b(?:{_WEEKDAY})?\d{{1,2}}\s+{_MONTH}\s+\d{{4}}(?:\s+{_CLOCK})?{_ZONE}",
    rf"\b(?:{_WEEKDAY})?{_MONTH}\s+\d{{1,2}},?(?:\s+{_CLOCK}{_ZONE})?,?\s+\d{{4}}(?:,?\s+{_CLOCK}(?:\s?[AP]M)?{_ZONE})?",
)
# A request id stands in brackets behind the text, or in a "Service: …; Status Code: …; Request ID: …" list.
_REQUEST_ID = r"(?:extended\s+|x-amzn-|x-amz-)?request[ _-]?(?:id|token)\b"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s*\bEncoded authorization (?:failure )?message:?\s*\S+", re.IGNORECASE), ""),
    (re.compile(r"\s*\((?:Service|RequestI[dD]|Request ID)[:=][^()]*\)", re.IGNORECASE), ""),
    (re.compile(rf"\s*[(\[]\s*{_REQUEST_ID}\s*[:=]?\s*[^)\]\s]+\s*[)\]]", re.IGNORECASE), ""),
    (
        re.compile(rf"[,;]?\s*\b(?:with\s+)?{_REQUEST_ID}\s*[:=]?\s*[\"']?[A-Za-z0-9+/=_-]{{8,}}[\"']?", re.IGNORECASE),
        "",
    ),
    (re.compile(r"(:assumed-role/[\w+=,.@/-]+?)/[\w+=,.@-]+"), r"\1"),
    (re.compile("|".join(f"(?:{instant})" for instant in _INSTANTS)), _ELLIPSIS),
    # Key ids and recovery points carry their UUID behind "/", ":" or "job-"; one standing alone is an id of the call.
    (re.compile(rf"(?<![\w/:-]){_UUID}(?![\w/-])"), _ELLIPSIS),
    # Nothing a person reads is that long without a separator: signatures, tokens, encoded blobs.
    (re.compile(r"(?<![\w/:.-])[A-Za-z0-9+/_=]{80,}"), _ELLIPSIS),
    # What a terminal obeys or nobody sees: controls, marks of direction and of no width, separators of lines.
    (re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"), " "),
    (re.compile(r"\s{2,}"), " "),
    (re.compile(r"\s+([.,;:])"), r"\1"),
)


def sanitise(text: str, limit: int = LIMIT) -> str:
    """Return ``text`` without request ids, instants, encoded blobs and session names, at most ``limit`` long."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _ELLIPSIS


MESSAGE_LIMIT = 300
"""How long a message in a condition, an event or a row may be."""


def clip(message: str) -> str:
    """Shorten a message to what a condition may hold: to whole sentences, or to whole words of a long first one."""
    if len(message) <= MESSAGE_LIMIT:
        return message
    kept = message[: MESSAGE_LIMIT - 2]
    end = max(kept.rfind(". "), kept.rfind("; "))
    if end > 0:
        return f"{kept[: end + 1]} …"
    word = kept.rfind(" ")
    return f"{kept[:word] if word > 0 else kept} …"
