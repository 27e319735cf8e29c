"""Metrics are found by name, and their outputs get names that differ."""

import subprocess
import sys

import pytest

from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.registry import build, choose, metrics, options


def names(*texts):
    chosen = choose(parse_metric_spec(text) for text in texts)
    return [name for one in chosen for name, _ in one.outputs()]


def test_a_family_gives_all_its_outputs():
    assert names("bleu") == ["bleu_1", "bleu_2", "bleu_3", "bleu_4"]


def test_an_output_gives_itself_alone():
    assert names("bleu_4", "rouge_l_f1") == ["bleu_4", "rouge_l_f1"]


def test_the_second_of_a_name_is_called_by_its_options():
    assert names("bleu_4", "bleu_4:variant=nltk:smoothing=method1") == [
        "bleu_4",
        "bleu_4[smoothing=method1,variant=nltk]",
    ]


def test_another_formula_has_another_name_also_alone():
    assert names("bleu_4:variant=nltk") == ["bleu_4[variant=nltk]"]
    assert names("cider:variant=plain", "cider") == ["cider[variant=plain]", "cider"]


def test_an_output_that_the_options_leave_out_is_refused():
    with pytest.raises(UsageError, match='no output "bleu_4", only bleu_1, bleu_2'):
        names("bleu_4:max_order=2")


def test_a_label_names_an_output():
    assert names("bleu_4", "bleu_4:variant=nltk:as=NLTK") == ["bleu_4", "bleu_4[NLTK]"]


def test_the_same_thing_twice_is_refused():
    with pytest.raises(UsageError, match="asked for twice"):
        names("cider", "cider")


@pytest.mark.parametrize(
    ("text", "help_given"),
    [
        ("blue", 'Did you mean "bleu"?'),
        (
            "BLEU",
            'Did you mean "bleu"? Names like it: bleu_1, bleu_2, bleu_3, bleu_4, bleurt, sacrebleu',
        ),
        ("bleu_9", 'Did you mean "bleu_'),
        ("recall", "box_recall"),
        ("..", "No name is like it."),
        ("?", "No name is like it."),
    ],
)
def test_unknown_metrics_are_refused_with_those_like_them(text, help_given):
    with pytest.raises(UsageError, match="unknown metric") as raised:
        choose([parse_metric_spec(text)])
    assert help_given in str(raised.value)
    assert raised.value.hint == "See: vlmeval metrics"


@pytest.mark.parametrize("text", ["answers", "bleu.metrics"])
def test_modules_are_no_metrics(text):
    with pytest.raises(UsageError, match="unknown metric"):
        choose([parse_metric_spec(text)])


def test_options_become_the_type_that_is_declared():
    metric = build(parse_metric_spec("meteor:alpha=0.5:wordnet=no"))
    assert metric.options()["alpha"] == 0.5
    assert metric.options()["wordnet"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bleu:variant=cocoa", "expected one of coco, nltk"),
        ("meteor:alpha=much", "expected a number"),
        ("meteor:wordnet=perhaps", "expected true or false"),
        ("bleu:colour=red", 'no option "colour"'),
    ],
)
def test_wrong_options_say_what_was_expected(text, said):
    with pytest.raises(UsageError, match=said):
        build(parse_metric_spec(text))


def test_half_an_order_is_refused():
    with pytest.raises(UsageError, match="expected a whole number"):
        build(MetricSpec("bleu", {"max_order": 1.5}))


def test_options_are_described_with_their_values():
    described = {option.name: option for option in options(metrics()["bleu"])}
    assert described["variant"].choices == ("coco", "nltk")
    assert described["variant"].default == "coco"


def test_one_metric_is_found_without_importing_the_others():
    code = (
        "import sys; from vlmeval_cli.registry import build; "
        "from vlmeval_cli.core.config import MetricSpec; build(MetricSpec('rouge_l')); "
        "print('vlmeval_cli.metrics.meteor' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_plugin_of_a_taken_name_is_refused(tmp_path):
    (tmp_path / "twin.py").write_text(
        "from vlmeval_cli.metrics.meteor import Meteor\n"
        "class Twin(Meteor):\n    pass\n"
        "METRICS = (Twin,)\n"
    )
    info = tmp_path / "twin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vlmeval.metrics]\ntwin = twin\n")
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    code = f"{path}; import vlmeval_cli.registry as registry; registry.metrics()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "two metrics are called" in done.stderr
    assert "twin" in done.stderr


@pytest.mark.parametrize(
    "name", ["rouge_lsum_f1", "rouge_4_f1", "pass_at_7", "acc_at_75", "bleu_4", "rouge_1_f1"]
)
def test_an_output_is_asked_for_by_its_name_whatever_option_gives_it(name):
    (one,) = choose([MetricSpec(name)])
    assert [shown for shown, _ in one.outputs()] == [name]


@pytest.mark.parametrize("name", ["rouge_0_f1", "pass_at_0", "acc_at_101", "acc_at_x"])
def test_an_output_that_no_option_gives_is_unknown(name):
    with pytest.raises(UsageError, match="unknown metric"):
        choose([MetricSpec(name)])
