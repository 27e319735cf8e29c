"""``vlmeval metrics``: the tasks, one task, one metric."""

import json
import re

import pytest

from vlmeval_cli.registry import metrics
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks.guidance import BANDS, GUIDES, NO_THRESHOLD, choices


def flat(text):
    """The text on one line, so that it does not matter where it was folded."""
    return " ".join(text.split())


def test_the_overview_names_every_task_and_every_metric(inside):
    code, out, _ = inside("metrics")
    assert code == 0
    first_words = {line.split()[0] for line in out.splitlines() if line}
    assert set(NAMES) <= first_words
    assert set(metrics()) <= first_words


@pytest.mark.parametrize("task", NAMES)
def test_a_task_tells_what_is_scored_and_what_misleads(inside, task):
    code, out, _ = inside("metrics", "--task", task)
    assert code == 0
    assert "two outputs or more" in out
    for choice in choices(task):
        row = f"{re.escape(choice.when)} +{re.escape(choice.primary)}"
        assert re.search(f"^{row}", out, re.MULTILINE)
    for trap in GUIDES[task].traps:
        assert trap in out


@pytest.mark.parametrize("task", NAMES)
@pytest.mark.parametrize("width", [80, 120])
def test_a_task_fits_the_terminal_and_cuts_no_name(monkeypatch, task, width):
    from vlmeval_cli.cli.metric_pages import overview, task_page
    from vlmeval_cli.reports.table import render_terminal

    page = task_page(task)
    shown = render_terminal([*overview(), *page], width, None)
    assert max(map(len, shown.splitlines())) <= width
    names = [output for name in metrics() for output in _outputs(name, task)]
    assert all(re.search(rf"(?<!\w){name}(?!\w)", shown) for name in names)


def _outputs(name, task):
    metric = metrics()[name]()
    return [output.name for output in metric.outputs()] if task in metric.info.tasks else []


def test_bands_stand_beside_their_source_and_a_warning(inside):
    for name in {band.output for band in BANDS}:
        _, out, _ = inside("metrics", name)
        assert NO_THRESHOLD in out
        for band in BANDS:
            if band.output == name:
                assert band.reading in out
                assert band.source in out


def test_a_metric_tells_meaning_scale_use_and_what_it_notices(inside):
    _, out, _ = inside("metrics", "meteor")
    assert "0 to 1" in out
    assert "higher" in out
    assert re.search(r"notices: .*synonyms.*; not .*spelling", out)
    assert "pip install" not in out


def test_a_metric_of_no_texts_says_nothing_of_words(inside):
    assert "notices" not in inside("metrics", "box_f1")[1]


def test_an_output_and_options_lead_to_their_metric(inside):
    assert inside("metrics", "bleu_4")[1] == inside("metrics", "bleu")[1]
    assert "pass_at_10" in inside("metrics", "pass_at_k:k=1+10")[1]


def test_an_unknown_metric_gets_those_like_it(inside):
    code, _, err = inside("metrics", "ciderr")
    assert code == 2
    assert err == 'error: unknown metric "ciderr". Did you mean "cider"?\nSee: vlmeval metrics\n'


def test_an_unknown_task_gets_those_there_are(inside):
    code, _, err = inside("metrics", "--task", "captionin")
    assert code == 2
    assert 'Did you mean "captioning"? Known: captioning, choice' in err


def test_a_task_as_json_has_defaults_traps_and_bands(inside):
    report = json.loads(inside("metrics", "--task", "vqa", "--json", "-")[1])
    assert report["schema_version"] == 1
    assert report["task"]["name"] == "vqa"
    assert report["task"]["defaults"][0] == {
        "when": "ten answers per question",
        "primary": "vqa_accuracy",
        "metrics": ["vqa_accuracy", "exact_match", "token_f1", "anls"],
        "with_models_on_disk": [],
    }
    by_name = {metric["name"]: metric for metric in report["metrics"]}
    assert all("vqa" in metric["tasks"] for metric in by_name.values())
    assert by_name["anls"]["notices"] == ["endings", "order", "partial", "spelling"]
    readings = [band["low"] for band in by_name["bleu"]["outputs"][3]["bands"]]
    assert readings == [0.25, 0.5]


def test_all_metrics_as_json_are_written_to_a_file(inside, tmp_path):
    target = tmp_path / "metrics.json"
    code, out, _ = inside("metrics", "--json", target)
    assert (code, out) == (0, "")
    assert [one["name"] for one in json.loads(target.read_text())["metrics"]] == list(metrics())


def test_a_metric_and_a_task_together_are_refused(inside):
    code, _, err = inside("metrics", "anls", "--task", "text")
    assert code == 2
    assert 'got the metric "anls" and --task, expected one of them' in err


def test_the_values_of_an_option_are_explained(inside):
    _, out, _ = inside("metrics", "vqa_accuracy")
    told = flat(out)
    for variant in ("official2021", "official2015", "lmms", "m4c", "vizwiz", "vlmevalkit"):
        assert f"- {variant}: " in told
    assert "normalize: what simple compares" in told


def test_options_that_are_attributes_are_explained_too(inside):
    told = flat(inside("metrics", "bert_score")[1])
    assert "- idf: weigh tokens by" in told
    assert "- rescale: (score - b)" in told
    assert "layer 17" in told  # the one that is compared unless another is named
    assert "idf false" in told  # as it is written


def test_a_task_tells_what_is_scored_where_a_model_is_on_disk(inside):
    told = flat(inside("metrics", "--task", "captioning")[1])
    assert "Scored too where its model is on disk" in told
    assert "- clip_score: captions whose images are found" in told
