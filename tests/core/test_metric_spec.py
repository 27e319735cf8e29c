"""How metrics are written on the command line."""

import pytest

from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("cider", MetricSpec("cider")),
        (" cider ", MetricSpec("cider")),
        (
            "bleu:variant=nltk:smoothing=method1:as=NAME",
            MetricSpec("bleu", {"variant": "nltk", "smoothing": "method1"}, "NAME"),
        ),
        ("pass_at_k:k=1+10", MetricSpec("pass_at_k", {"k": "1+10"})),
        ('clip:model="org/a:b,c"', MetricSpec("clip", {"model": "org/a:b,c"})),
        ('clip:model="a=b":layer=3', MetricSpec("clip", {"model": "a=b", "layer": "3"})),
        ("x:pattern=a=b", MetricSpec("x", {"pattern": "a=b"})),
        ("x:empty=", MetricSpec("x", {"empty": ""})),
        ('x:empty=""', MetricSpec("x", {"empty": ""})),
        ("x: a = b ", MetricSpec("x", {"a": "b"})),
    ],
)
def test_options_are_text_after_the_name(text, spec):
    assert parse_metric_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'metric "" does not begin with a name'),
        (":a=b", 'metric ":a=b" does not begin with a name'),
        ("a=b", 'metric "a=b" does not begin with a name'),
        ("bleu:", 'metric "bleu:": got "", expected option=value'),
        ("bleu:nltk", 'metric "bleu:nltk": got "nltk", expected option=value'),
        ("bleu:=nltk", 'metric "bleu:=nltk": got "=nltk", expected option=value'),
        ("bleu:a=1:a=2", 'metric "bleu:a=1:a=2" gives "a" twice'),
        ("bleu:as=", 'metric "bleu:as=": "as" has no name'),
        ('x:a="b', 'metric "x:a="b": a double quote is not closed'),
        ('x:a=b"c"', 'metric "x:a=b"c"": the value of "a" is quoted only in part'),
    ],
)
def test_a_malformed_metric_is_a_usage_error(text, message):
    with pytest.raises(UsageError) as caught:
        parse_metric_spec(text)
    assert caught.value.message == message
    assert caught.value.hint


def test_lists_are_cut_at_commas_outside_quotes():
    assert split_metric_list('a, b:x=1,c:y="1,2:3" ,d') == ["a", "b:x=1", 'c:y="1,2:3"', "d"]


@pytest.mark.parametrize("text", ["", "a,,b", "a,", ","])
def test_empty_names_in_a_list_are_usage_errors(text):
    with pytest.raises(UsageError, match="an empty name"):
        split_metric_list(text)
