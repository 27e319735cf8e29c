"""Every benchmark against its peer, one after the other: ``python -m benchmarks``."""

import runpy
import sys
from pathlib import Path

NAMES = ("startup", "captioning", "rouge_score", "meteor", "vqa")

for name in NAMES:
    print(f"== {name}", flush=True)
    sys.argv = [name]
    runpy.run_path(str(Path(__file__).with_name(f"{name}.py")), run_name="__main__")
