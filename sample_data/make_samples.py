"""Make the sample data of every task. All of it is invented, so it is free to ship and to change.

Run: python sample_data/make_samples.py
Each module of ``makers`` writes the folders of one task or more, by its function ``make(folder)``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def main(folder: Path = HERE) -> None:
    """Write all tasks into ``folder``."""
    for path in sorted((HERE / "makers").glob("*.py")):
        module = import_module(f"makers.{path.stem}")
        if hasattr(module, "make"):
            module.make(folder)


if __name__ == "__main__":
    main()
