"""What stdout shows, plain and dressed, and that nothing in it is obeyed by a terminal or cut."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.metric import Output
from vlmeval_cli.reports.blocks import Facts, Grid, Heading, Paragraph, visible
from vlmeval_cli.reports.figures import View, figure
from vlmeval_cli.reports.markdown import escaped, render_markdown
from vlmeval_cli.reports.plain import render_plain
from vlmeval_cli.reports.summary import advice, summarise
from vlmeval_cli.reports.table import render_terminal

PLAIN = """\
task:         captioning: the references are called captions
predictions:  preds.jsonl (4 rows)
references:   refs.jsonl (3 rows)
fields:       id: image_id; prediction: caption
joined:       2 matched, 1 missing ("c"), 2 extra ("x1", "x2")
ids:          strip the extension: 2 more, would match more (--fix-ids)
outcomes:     1 missing (33.3%), 2 scored (66.7%)

Scores (intervals: 1,000 resamples, seed 12345)
metric            score      95% interval  scored  skipped                          better
cider (primary)  1.2346  1.1000 to 1.3000       2  1 missing                        higher
bleu_4           0.2982  0.2500 to 0.3500       3  0                                higher
perplexity            -                 -       0  unknown: no token probabilities  lower

By split
split  items   cider
x          1  2.0000
y          2  0.5000

Against the originals
package        seconds  difference
pycocoevalcap  12.5000     1.0e-16
nltk                 3           -

What the scores say together
  CIDEr is low: captions are generic; look at the worst items

Lowest 1 item by cider
id   cider  outcome  prediction  references
b   0.5000  scored   two\\ncats   two cats
"""

TERMINAL = """\
Scores (intervals: 1,000 resamples, seed 12345)
metric             score       95% interval   scored   skipped                           better
───────────────────────────────────────────────────────────────────────────────────────────────
cider (primary)   1.2346   1.1000 to 1.3000        2   1 missing                         higher
bleu_4            0.2982   0.2500 to 0.3500        3   0                                 higher
perplexity             -                  -        0   unknown: no token probabilities   lower
"""


def test_a_pipe_gets_whole_plain_columns(result):
    assert render_plain(summarise(result, View(worst=1))) == PLAIN


def test_percent_shows_fractions_and_cider_times_100_and_nothing_else(result):
    text = render_plain(summarise(result, View(percent=True)))
    assert "123.46  110.00 to 130.00" in text
    assert "29.82" in text
    assert figure(12.5, Output("perplexity", unit="perplexity"), View(percent=True)) == "12.5000"


def test_a_tiny_score_is_not_shown_as_zero():
    assert figure(1.2e-7, Output("bleu_4"), View()) == "1.2e-07"
    assert figure(0.0, Output("bleu_4"), View()) == "0.0000"


def test_huge_numbers_are_written_with_an_exponent():
    perplexity = Output("perplexity", unit="perplexity")
    assert figure(1.0277341e148, perplexity, View()) == "1.0277e+148"
    assert figure(123456.78, perplexity, View()) == "123456.7800"
    assert figure(float("inf"), perplexity, View()) == "inf"


def test_worst_items_follow_the_direction_and_leave_unknown_ones_out(result, rename):
    rows = summarise(result, View(worst=9))[-1].rows
    assert [row[0] for row in rows] == ["b", "a"]
    lower = Output("cider", higher_is_better=False, unit="x")
    swapped = rename(
        scores={"cider": type(result.scores["cider"])(
            lower, "cider", 1.0, 2, result.scores["cider"].signature)}
    )  # fmt: skip
    assert [row[0] for row in summarise(swapped, View(worst=9))[-1].rows] == ["a", "b"]


def test_worst_items_are_called_highest_where_less_is_better(result, rename):
    lower = Output("cider", higher_is_better=False, unit="x")
    changed = replace(result.scores["cider"], output=lower)
    assert summarise(result, View(worst=2))[-1].title == "Lowest 2 items by cider"
    found = summarise(rename(scores={"cider": changed}), View(worst=2))[-1]
    assert found.title == "Highest 2 items by cider"


def test_worst_items_show_objects_as_json(result, rename):
    items = replace(
        result.items,
        predictions=["a", {"total": None, "paid": True}, None],
        references=[["a"], [{"total": "é"}, ["x"]], ["b"]],
    )
    row = summarise(replace(result, items=items), View(worst=1))[-1].rows[0]
    assert row[3:] == ('{"total":null,"paid":true}', '{"total":"é"} | ["x"]')


def test_worst_items_tell_how_much_text_is_not_shown(result):
    row = summarise(result, View(worst=1, cell_limit=3))[-1].rows[0]
    assert row[3] == "two (+ 5 more characters)"


def test_warnings_and_notes_are_blocks_of_their_own(result):
    text = render_plain(advice(result))
    assert "CIDEr on 3 images says little" in text
    assert "the id is image_id" in text
    assert "says little" not in render_plain(summarise(result, View()))


@pytest.mark.parametrize("width", [1, 20, 60, 100, 1000])
def test_a_terminal_never_cuts_a_number_an_id_or_a_path(result, rename, width):
    long_id = "COCO_val2014_" + "0" * 40
    renamed = rename(ids=[long_id, long_id + "b", "c"])
    text = render_terminal(summarise(renamed, View(worst=2)), width, None)
    assert "…" not in text
    assert "1.1000 to 1.3000" in text
    joined = "".join(line.split(" ")[0] for line in text.splitlines())
    assert long_id in joined.replace("\n", "")


def test_a_terminal_gets_a_table(result):
    assert render_terminal(summarise(result, View())[1:2], 100, None) == TERMINAL


def test_without_colour_there_is_no_escape_sequence_and_with_it_there_is(result):
    blocks = summarise(result, View(worst=2))
    assert "\x1b" not in render_terminal(blocks, 80, None)
    assert "\x1b[1m" in render_terminal(blocks, 80, "standard")


HOSTILE = "\x1b]0;own\x07[/b][red]\r\n\t\u202eabc\u2028\x9b31m\ud800"


@pytest.mark.parametrize(
    "render",
    [
        render_plain,
        render_markdown,
        lambda blocks: render_terminal(blocks, 60, None),
    ],
)
def test_text_of_the_user_cannot_command_the_terminal(render):
    blocks = [
        Facts((("path", HOSTILE),)),
        Grid(HOSTILE, (Heading(HOSTILE), Heading("n", is_number=True)), ((HOSTILE, "1"),)),
        Paragraph("", (HOSTILE,)),
    ]
    text = render(blocks)
    text.encode("utf-8")
    assert not set(text) & set("\x1b\x07\r\t\u202e\u2028\x9b")


def test_rich_markup_in_an_answer_is_text():
    grid = Grid("t", (Heading("a"),), (("[/b] [red]x :smile:",),))
    assert "[/b] [red]x :smile:" in render_terminal([grid], 80, "standard")


def test_wide_characters_keep_columns_aligned():
    grid = Grid("t", (Heading("a"), Heading("b")), (("犬が走る", "x"), ("dog", "x")))
    assert render_plain([grid]) == "t\na         b\n犬が走る  x\ndog       x\n"


def test_markdown_cells_cannot_break_out():
    assert escaped("a|b<script>&[x](y)`") == "a\\|b\\<script\\>\\&\\[x\\](y)\\`"
    assert escaped("- x") == "\\- x"
    assert escaped("1. x") == "1\\. x"
    assert escaped("1.2346") == "1.2346"


@given(st.text())
@settings(deadline=None, max_examples=200)
def test_visible_text_is_one_printable_line_that_utf_8_can_hold(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
@settings(deadline=None, max_examples=100)
def test_markdown_rows_have_as_many_cells_as_columns(text):
    line = render_markdown([Grid("t", (Heading("a"), Heading("b")), ((text, text),))]).split("\n")[
        4
    ]
    bare = line.replace("\\\\", "").replace("\\|", "")
    assert bare.count("|") == 3


def test_a_run_without_item_scores_says_so(result, rename):
    from dataclasses import replace

    bare = replace(result, items=replace(result.items, scores={}))
    assert "no score of this run" in render_plain(summarise(bare, View(worst=3)))
    assert np.isnan(result.items.scores["cider"][2])
