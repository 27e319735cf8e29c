"""smart_resize gives the sizes of Qwen's own function (metric-spec 12.2)."""

import numpy as np
import pytest

from vlmeval_cli.geometry.smart_resize import ResizeRule

UTILS = ResizeRule()
HF_CLASS = ResizeRule(max_pixels=1280 * 28 * 28)


@pytest.mark.parametrize(
    ("rule", "size", "resized"),
    [
        (UTILS, (480, 640), (476, 644)),
        (UTILS, (427, 640), (420, 644)),
        (UTILS, (20, 30), (56, 84)),
        (UTILS, (5000, 7000), (3024, 4228)),
        (HF_CLASS, (5000, 7000), (840, 1176)),
        (UTILS, (1080, 1920), (1092, 1932)),
        (HF_CLASS, (1080, 1920), (728, 1316)),
        # Halves go to the even multiple: 70 / 28 = 2.5 → 2, and 98 / 28 = 3.5 → 4.
        (ResizeRule(min_pixels=1), (70, 98), (56, 112)),
        # Qwen3-VL: 480 / 32 = 15, 640 / 32 = 20
        (ResizeRule(factor=32), (480, 640), (480, 640)),
    ],
)
def test_sizes_are_those_of_the_specification(rule, size, resized):
    heights, widths = rule.sizes(*(np.array([side], dtype=float) for side in size))
    assert (heights[0], widths[0]) == resized


def test_unknown_sizes_stay_unknown():
    heights, widths = UTILS.sizes(np.array([np.nan, 480.0]), np.array([np.nan, 640.0]))
    assert np.isnan([heights[0], widths[0]]).all()
    assert (heights[1], widths[1]) == (476, 644)
