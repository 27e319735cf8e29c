"""The name of a run tells its noise."""

import pytest

from vlmeval_cli.comparing.conditions import condition_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("typos", ("", "typos", None)),
        ("typos-3", ("", "typos", 3)),
        ("typos_3", ("", "typos", 3)),
        ("long_context-5", ("", "long_context", 5)),
        ("jpeg_compression_1", ("", "jpeg_compression", 1)),
        ("fog severity 2", ("", "fog", 2)),
        ("fog-s4", ("", "fog", 4)),
        ("gaussian_noise/3", ("", "gaussian_noise", 3)),
        ("gaussian_noise/severity_3", ("", "gaussian_noise", 3)),
        ("lora/gaussian_noise/3", ("lora", "gaussian_noise", 3)),
        ("exp/lora/typos-3", ("exp/lora", "typos", 3)),
        ("lora:typos-3", ("lora", "typos", 3)),
        ("lora/clean", ("lora", "clean", None)),
        ("clean", ("", "clean", None)),
        ("Original", ("", "clean", None)),
        ("typos-0", ("", "clean", None)),
        ("gpt4", ("", "gpt4", None)),  # a name, no severity
        ("typos-2024", ("", "typos-2024", None)),
        ("3", ("", "3", None)),
        ("", ("", "", None)),
    ],
)
def test_names_are_read(name, expected):
    assert condition_of(name) == expected
