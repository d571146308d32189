"""What the look at Region settings needs to be allowed."""

from __future__ import annotations

from ...engine.rights import AsSource, Right

RIGHTS = (
    Right(
        "ReadRegionSettings",
        "see which resource types the Region's settings leave out",
        AsSource,
        ("backup:DescribeRegionSettings",),
        without="What the settings take away is not told; where DynamoDB is declared, row *ResourceTypes* is unknown.",
    ),
)
