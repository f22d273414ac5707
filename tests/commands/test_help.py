"""The help of `lacuna inpaint`, read as a user reads it."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from lacuna.cli import cli
from lacuna.commands.inpaint import EXAMPLES, GROUPS, inpaint


@pytest.fixture
def text():
    run = CliRunner().invoke(cli, ["inpaint", "--help"], terminal_width=80)
    assert run.exit_code == 0
    return run.output


def sections(text):
    """Title -> lines below it."""
    found, title = {}, ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            title = line.rstrip(":")
        found.setdefault(title, []).append(line)
    return found


def test_it_has_no_control_characters_and_no_names_of_them(text):
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert "\\" not in text


def test_examples_stand_one_below_the_other_and_can_be_typed(text):
    shown = [line.strip() for line in sections(text)["Examples"][1:] if line.strip()]

    assert shown == list(EXAMPLES)
    for line in EXAMPLES:
        assert len(line) < 78
        program, command, *arguments = shlex.split(line)
        assert (program, command) == ("lacuna", "inpaint")
        inpaint.make_context("inpaint", arguments)  # every option is there


def test_every_option_is_in_one_group_below_its_title(text):
    options = {each.name: each.opts for each in inpaint.params if isinstance(each, click.Option)}
    grouped = [name for names in GROUPS.values() for name in names]
    found = sections(text)

    assert sorted(grouped) == sorted(options)
    assert list(found)[-len(GROUPS) - 1 :] == [*GROUPS, "Help"]
    for title, names in GROUPS.items():
        below = "\n".join(found[title])
        for name in names:
            assert options[name][-1] in below, (title, name)


def test_that_jpeg_masks_are_cut_is_said(text):
    words = " ".join(text.split())

    assert "JPEG and lossy WebP are cut, at 127" in words
    assert "Black is what is to go" in words
