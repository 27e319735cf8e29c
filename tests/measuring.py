"""How the tests of metrics measure items."""

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.engine.prepare import Preparer


def measured(metric, items):
    """Statistics of (prediction, answers) pairs."""
    ids = [str(place) for place in range(len(items))]
    batch = Batch(ids, [text for text, _ in items], [answers for _, answers in items])
    return metric.measure(Preparer(metric.needs()).prepare(batch), None)
