"""Heavy packages load only when something that was asked for needs them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "nltk", "pandas", "rouge_score", "pycocoevalcap", "sacrebleu", "scipy.stats", "torch",
    "transformers", "PIL", "ray", "click",
}  # fmt: skip


def modules_after(*arguments):
    """Names of the modules that are loaded when a command has run."""
    code = (
        "import sys\n"
        f"sys.argv = ['vlmeval', *{list(arguments)!r}]\n"
        "from vlmeval_cli.cli.main import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "finally:\n    print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["score", "--help"]], ids=" ".join
)
def test_help_loads_no_numpy(arguments):
    assert "numpy" not in modules_after(*arguments)


@pytest.mark.parametrize("task", ["captioning", "vqa"])
def test_default_scoring_loads_nothing_heavy(task):
    folder = ROOT / "sample_data" / task
    loaded = modules_after("score", str(folder / "preds.jsonl"), str(folder / "refs.jsonl"))
    assert not loaded & HEAVY
    assert "numpy" in loaded


def test_the_list_of_metrics_loads_nothing_heavy():
    assert not modules_after("metrics") & HEAVY
