"""Whatever the user says of how predictions are read stands in the signature of the run."""

from pathlib import Path

import pytest

from vlmeval_cli import api
from vlmeval_cli.core.config import ParsePolicy, RunConfig, StatisticsPolicy

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture
def signed(tmp_path):
    """Task and choices → the signature of a run on its samples."""

    def signed(task, **choices):
        if "schema" in choices:
            (tmp_path / "schema.json").write_text(choices["schema"])
            choices["schema"] = str(tmp_path / "schema.json")
        files = sorted((SAMPLES / task).glob("*.jsonl"))
        policy = StatisticsPolicy(resamples=0)
        config = RunConfig(task=task, parse=ParsePolicy(**choices), statistics=policy)
        return api.run_score(*files, config).signature

    return signed


@pytest.mark.parametrize(
    ("task", "choices"),
    [
        ("vqa", {"reasoning": "keep"}),
        ("classification", {"labels": "exact"}),
        ("freeform", {"schema": '{"type": "object"}'}),
        ("freeform", {"field_rules": {"total": {"compare": "number", "tolerance": 0.01}}}),
        ("grounding", {"box_format": "qwen3-vl/xyxy-1000"}),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_runs_that_are_read_otherwise_cannot_be_compared(signed, task, choices):
    assert signed(task).comparable == signed(task).comparable
    assert signed(task, **choices).comparable != signed(task).comparable


def test_a_format_of_predicted_boxes_is_recorded_since_models_have_their_own(signed):
    found, named = signed("grounding"), signed("grounding", box_format="1000")
    assert found.comparable == named.comparable
    assert found.recorded["inferred"] != named.recorded["inferred"]
