"""The choices of a run survive being written to a report."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.core.config import (
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    ParsePolicy,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.config_record import recorded, restored

NAMES = st.text(min_size=1, max_size=8)
SCALARS = st.one_of(st.text(max_size=5), st.integers(), st.booleans(), st.just((1, 2)))


@given(
    st.builds(
        RunConfig,
        task=st.none() | NAMES,
        metrics=st.lists(
            st.builds(MetricSpec, NAMES, st.dictionaries(NAMES, SCALARS), st.none() | NAMES)
        ).map(tuple),
        fields=st.builds(FieldChoice, st.none() | NAMES, st.none() | NAMES, st.none() | NAMES),
        join=st.builds(JoinPolicy, st.sampled_from(["error", "worst", "skip"]), st.booleans()),
        parse=st.builds(
            ParsePolicy,
            st.sampled_from(["strip", "keep"]),
            field_rules=st.dictionaries(NAMES, st.dictionaries(NAMES, st.text())),
        ),
        statistics=st.builds(StatisticsPolicy, st.integers(0, 5000), seed=st.integers(0, 99)),
        by=st.lists(NAMES).map(tuple),
        where=st.dictionaries(NAMES, NAMES),
        limit=st.none() | st.integers(1, 10),
    )
)
def test_choices_come_back_from_json(config):
    assert restored(json.loads(json.dumps(recorded(config)))) == config


def test_nothing_is_recorded_of_defaults():
    assert recorded(RunConfig()) == {}
