"""The command line offers the options of a fill as they are declared, and no others."""

import click
import pytest

from lacuna.commands.fill_options import possible, sentence
from lacuna.commands.inpaint import inpaint
from lacuna.commands.service import serve
from lacuna_wire import Options
from lacuna_wire.errors import BadRequest
from lacuna_wire.options import AUTO_GROW, OPTIONS

OWN = {
    "paths", "output", "mask_suffix", "masks", "recursive", "skip_existing", "report", "invert",
    "mask_threshold", "copy_from", "avoid", "overwrite", "local", "only_estimate", "progress",
    "page",
}  # fmt: skip


def parameter(command, name):
    return next(each for each in command.params if each.name == name)


def chosen(*arguments):
    """What the command line makes of arguments, without doing anything."""
    context = inpaint.make_context("inpaint", ["a.png", "b.png", "-o", "c.png", *arguments])
    return Options(**{name: value for name, value in context.params.items() if name in OPTIONS})


def test_all_options_but_the_kind_of_result_are_offered():
    assert {each.name for each in inpaint.params} - OWN == set(OPTIONS) - {"result"}


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - {"result"}))
def test_default_and_sentence_are_the_declared_ones(name):
    offered = parameter(inpaint, name)

    assert offered.default == OPTIONS[name].default
    assert offered.help.startswith(
        OPTIONS[name].sentence if name == "memory_limit" else sentence(OPTIONS[name])
    )
    assert "-1" not in offered.help  # nobody has to know the number of `auto`


def test_nothing_chosen_is_the_default_of_the_wire():
    assert chosen() == Options()


def test_choices_of_every_type_reach_the_options():
    assert chosen(
        "--device", "cuda:1", "--tile", "128", "--overlap", "-1", "--grow", "512",
        "--no-colour-correction", "--strategy", "tiles", "--memory-limit", "5G",
        "--weights", "mine",
    ) == Options(
        weights="mine", device="cuda:1", tile=128, overlap=-1, grow=512, colour_correction=False,
        strategy="tiles", memory_limit=5120,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [("tile", 63), ("tile", 8193), ("overlap", -2), ("grow", -2), ("feather", 513)],
)
def test_number_out_of_range_is_refused_with_the_range(name, value):
    with pytest.raises(BadRequest) as caught:
        chosen(f"--{name}", str(value))

    assert f"--{name} is {value}" in str(caught.value)
    assert possible(OPTIONS[name]) in str(caught.value)


def test_what_the_daemon_may_choose_is_called_auto():
    options = chosen("--grow", "auto", "--tile", "auto", "--overlap", "auto")
    assert options == Options(grow=AUTO_GROW, tile=0, overlap=-1)
    assert possible(OPTIONS["grow"]) == "0 to 512 px, or auto to let the daemon choose"
    with pytest.raises(click.BadParameter, match="0 to 512 px, or auto"):
        chosen("--grow", "automatic")


@pytest.mark.parametrize("command", [inpaint, serve])
def test_device_that_no_job_can_name_is_refused(command):
    with pytest.raises(BadRequest, match=r"--device is '../gpu', but must be auto, cpu"):
        parameter(command, "device").process_value(click.Context(command), "../gpu")


def test_strategy_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(BadRequest, match="one of auto, native, pyramid, tiles"):
        chosen("--strategy", "best")
