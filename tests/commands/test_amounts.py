"""Amounts of memory, as people write them."""

import click
import pytest

from lacuna.commands.amounts import Memory


@pytest.mark.parametrize(
    ("text", "mebibytes"), [("800M", 800), ("5G", 5120), ("1.5G", 1536), ("0", 0)]
)
def test_amount_is_read_in_mebibytes(text, mebibytes):
    assert Memory().convert(text, None, None) == mebibytes


@pytest.mark.parametrize("text", ["5", "5g", "5 GB", "-1G", "0.1G", "255M", "", "nanG"])
def test_amount_that_says_nothing_is_refused_with_an_example(text):
    with pytest.raises(click.BadParameter, match="800M or 5G"):
        Memory().convert(text, None, None)
