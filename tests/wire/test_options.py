"""Every option is declared once, and whatever a request may say of it follows from there."""

from dataclasses import fields, replace

import pytest

from lacuna_wire import Options
from lacuna_wire.errors import BadRequest
from lacuna_wire.options import OPTIONS

NUMBERS = [name for name, option in OPTIONS.items() if type(option.default) is int]


def test_every_field_is_declared_and_its_default_is_possible():
    assert list(OPTIONS) == [field.name for field in fields(Options)]
    for option in OPTIONS.values():
        assert option.admits(option.default), option.name
        assert option.sentence.endswith("."), option.name


def test_only_what_differs_from_the_default_is_sent():
    assert Options().as_dict() == {}
    assert Options(grow=3, strategy="tiles").as_dict() == {"grow": 3, "strategy": "tiles"}


def test_what_is_left_out_takes_its_default():
    assert Options.from_dict({}) == Options()
    assert Options.from_dict({"tile": 256}) == replace(Options(), tile=256)


def test_option_of_a_newer_client_is_refused_by_name_with_a_remedy():
    with pytest.raises(BadRequest, match=r"unknown key 'alpha'.*update the daemon"):
        Options.from_dict({"alpha": True})


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("value", [None, [], {}, 1.0, "5G", b"", 10**30, ""], ids=repr)
def test_value_that_is_not_possible_is_refused_with_name_value_and_what_is_possible(name, value):
    option = OPTIONS[name]
    if option.admits(value):
        assert getattr(Options.from_dict({name: value}), name) == value
        return
    with pytest.raises(BadRequest) as caught:
        Options.from_dict({name: value})

    assert str(caught.value).startswith(f"options.{name} is ")
    assert str(caught.value).endswith(f", but must be {option.possible}.")


@pytest.mark.parametrize("name", NUMBERS)
def test_range_ends_where_it_is_declared(name):
    option = OPTIONS[name]
    inside = {option.low, option.high} | ({option.automatic} - {None})

    assert all(option.admits(value) for value in inside)
    for value in {option.low - 1, option.high + 1} - inside:
        assert not option.admits(value)


def test_whole_number_is_not_a_yes_and_a_yes_not_a_whole_number():
    assert not OPTIONS["colour_correction"].admits(1)
    assert not OPTIONS["grow"].admits(True)
