"""Heat maps: upsampling, masks and relevant mass."""

import numpy as np
import pytest
from scipy.ndimage import zoom

from vlmeval_cli.geometry.heat_maps import (
    box_mask,
    centre_crop,
    mask_at,
    normalised,
    relevant_mass,
    upsampled,
)


@pytest.mark.parametrize("shape", [(7, 7), (14, 14), (1, 5), (16, 3)])
@pytest.mark.parametrize("size", [28, 112])
def test_upsampling_is_bilinear_between_pixel_centres(shape, size):
    heat = np.random.default_rng(3).random(shape)
    scale = (size / shape[0], size / shape[1])
    # scipy's grid mode has the geometry of PyTorch's align_corners=False.
    expected = zoom(heat, scale, order=1, mode="nearest", grid_mode=True)
    np.testing.assert_allclose(upsampled(heat, size), expected, atol=1e-12)


def test_relevant_mass_of_the_specification():
    mask = np.array([[False, False], [False, True]])
    assert relevant_mass(np.array([[0, 0.2], [0.4, 1]]), mask) == pytest.approx(0.625)
    raw = np.array([[0.1, 0.3], [0.5, 1.1]])
    assert relevant_mass(raw, mask) == pytest.approx(0.55)
    assert relevant_mass(normalised(raw), mask) == pytest.approx(0.625)


def test_no_heat_has_no_relevant_mass():
    everywhere = np.ones((2, 2), dtype=bool)
    assert np.isnan(relevant_mass(np.zeros((2, 2)), everywhere))
    assert np.isnan(relevant_mass(normalised(np.full((2, 2), 3.0)), everywhere))


def test_a_box_covers_the_pixels_whose_centre_it_holds():
    # Centres of 4 pixels: .125 .375 .625 .875
    found = box_mask(np.array([[0.3, 0.0, 0.7, 0.5]]), 4)
    np.testing.assert_array_equal(np.argwhere(found), [[0, 1], [0, 2], [1, 1], [1, 2]])


def test_several_boxes_are_one_region():
    boxes = np.array([[0, 0, 0.5, 0.5], [0.25, 0.25, 1, 1]])
    assert box_mask(boxes, 4).sum() == 4 + 9 - 1


def test_masks_are_resized_without_new_values():
    mask = np.array([[True, False], [False, False]])
    np.testing.assert_array_equal(np.argwhere(mask_at(mask, 4)), [[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    # Short side to 256, the middle 224 pixels: of 512 × 256 from (144, 16) to (368, 240).
    [(512, 256, (144 / 512, 1 / 16, 368 / 512, 15 / 16)), (64, 64, (1 / 16,) * 2 + (15 / 16,) * 2)],
)
def test_the_crop_that_imagenet_models_see(width, height, expected):
    assert centre_crop(width, height) == pytest.approx(expected)
