"""Where a report comes from: version, time and command line."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import UTC, datetime

from vlmeval_cli import __version__
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.reports.json_report import Provenance


def provenance() -> Provenance:
    """Of the command that is running."""
    command = shlex.join(["vlmeval", *sys.argv[1:]])
    return Provenance(version=__version__, created=_now(), command=command)


def _now() -> datetime:
    """The time, or the one that ``SOURCE_DATE_EPOCH`` pins so that equal runs give equal bytes."""
    pinned = os.environ.get("SOURCE_DATE_EPOCH")
    if not pinned:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(pinned), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH: got {quoted(pinned)}, expected seconds since 1970"
        ) from error
