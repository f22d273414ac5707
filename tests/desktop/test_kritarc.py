"""kritarc belongs to Krita and its user: one line of it is ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna.desktop.kritarc import enable, forget, is_enabled
from lacuna_wire import LacunaError

PLUGIN, GROUP = "lacuna_krita", "lacuna"
LINE = b"enable_lacuna_krita=true"
SETTINGS = b"[General]\nlanguage=\xe9\xff\n\n[python]\nenable_other=true\n\n[python][deeper]\na=b\n"
lines = st.sampled_from(
    [b"[python]", b"[General]", b"[lacuna2]", b"enable_other=true", b"a=[python]", b"", b"# \xff",
     b"enable_lacuna_krita_too=false", b" key = value "]
)  # fmt: skip


@given(st.lists(lines), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_no_other_line_is_touched_and_the_plugin_is_enabled(before, end, ended):
    content = end.join(before) + (end if ended else b"")
    after = enable(content, PLUGIN)

    assert is_enabled(after, PLUGIN)
    assert enable(after, PLUGIN) == after
    kept = [line for line in after.splitlines() if line != LINE]
    added = kept[len(content.splitlines()) :]
    assert kept[: len(kept) - len(added)] == content.splitlines()
    assert added in ([], [b"[python]"], [b"", b"[python]"])


@given(st.lists(st.sampled_from([b"[python]\na=b", b"[General]\nc=d", b"[x][y]\ne=f"])))
def test_enabled_and_forgotten_is_as_before(groups):
    content = b"\n\n".join(groups) + (b"\n" if groups else b"")

    assert forget(enable(content, PLUGIN), PLUGIN, GROUP) == content


def test_file_that_is_not_there_yet_becomes_two_lines():
    assert enable(b"", PLUGIN) == b"[python]\nenable_lacuna_krita=true\n"


def test_disabled_plugin_is_enabled_in_its_own_line():
    content = SETTINGS.replace(b"enable_other", b"enable_lacuna_krita=false\nenable_other")

    assert not is_enabled(content, PLUGIN)
    assert enable(content, PLUGIN) == content.replace(b"krita=false", b"krita=true")


def test_line_in_another_group_does_not_count():
    content = b"[other]\n" + LINE + b"\n[python][deeper]\n" + LINE + b"\n"

    assert not is_enabled(content, PLUGIN)


def test_what_was_chosen_in_the_docker_is_forgotten_with_the_plugin():
    content = SETTINGS + b"\n[lacuna]\ngrow=3\nweights=big\n\n[later]\nx=y\n"
    enabled = enable(content, PLUGIN)

    assert forget(enabled, PLUGIN, GROUP) == SETTINGS + b"\n[later]\nx=y\n"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"[General]\n\0\0\0", "zero bytes"),
        (b"[python][$i]\nenable_other=true\n", "An administrator has locked"),
        (b"[python]\nenable_lacuna_krita[$i]=false\n", "An administrator has locked"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused(content, why):
    with pytest.raises(LacunaError, match=re.escape(why)):
        enable(content, PLUGIN)
