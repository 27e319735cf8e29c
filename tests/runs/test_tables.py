"""Tables beside the scores, where several variants of a metric have the same one."""

from vlmeval_cli.core.metric import Table
from vlmeval_cli.runs.scoring import _told_apart

ROWS = [
    {"task_id": f"Test/{name}", "completion": "", "passed": passed}
    for name in "ab"
    for passed in (True, False)
]


def test_a_table_that_two_variants_share_is_given_once(score):
    result = score(ROWS, task="code", metrics="pass_at_k:k=1,pass_at_k:k=2")
    assert [table.title for table in result.tables.values()] == ["How the programs ended"]


def test_different_tables_of_variants_have_the_variant_in_their_titles():
    one, other = (Table("Fields", ("field", "f1"), [("total", score)]) for score in (0.5, 1.0))
    assert dict(_told_apart("fields", {"field_f1": one})) == {"fields": one}
    found = dict(_told_apart("fields", {"field_f1": one, "field_f1[compare=anls]": other}))
    assert {name: table.title for name, table in found.items()} == {
        "fields": "Fields (field_f1)",
        "fields field_f1[compare=anls]": "Fields (field_f1[compare=anls])",
    }
    assert [table.rows for table in found.values()] == [one.rows, other.rows]
