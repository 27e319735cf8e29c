"""``python -m vlmeval_cli`` is ``vlmeval``."""

from __future__ import annotations

import sys

from vlmeval_cli.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
