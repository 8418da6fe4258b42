"""Whether a file is there, for one short request; must not read it, nor insist."""

from __future__ import annotations

from planner.errors import UnreachableIndexError
from planner.indexes.client import Client

__all__ = ["SECONDS", "exists"]

SECONDS = 5.0
"""What such a question may take: it is asked for a hint, and nothing waits for the answer."""

_TOO_LARGE = "response-too-large"


def exists(client: Client, url: str) -> bool | None:
    """Whether a server has the file: True, False (404, 410), or None where it could not be asked.

    One byte is asked for: code hosts redirect to addresses that are signed for GET, and refuse HEAD there
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ShareObjectPreSignedURL.html). A server that
    sends all of it in spite of that is cut off at its header, and has the file. No credentials are sent.
    """
    try:
        response = client.get(url, limit=1, headers={"Range": "bytes=0-0"}, seconds=SECONDS, hint=True)
    except UnreachableIndexError as error:
        return True if error.id == _TOO_LARGE else None
    if response.status in (200, 206):
        return True
    return False if response.status in (404, 410) else None
