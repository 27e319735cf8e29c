"""Every benchmark against its peer, one after the other: ``python -m benchmarks``."""

import runpy
import sys
from pathlib import Path

NAMES = (
    "startup", "captioning", "rouge_score", "meteor", "meteor_1_5", "vqa", "docqa", "schema_checks",
    "documents", "grounding", "classification", "choice", "text_metrics", "road", "paired",
    "spice_native",
)  # fmt: skip

FOLDER = Path(__file__).parent

sys.path.insert(0, str(FOLDER))  # they share their data
for name in NAMES:
    print(f"== {name}", flush=True)
    sys.argv = [name]
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
