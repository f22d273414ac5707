"""The options of a fill on the command line, made from the one place that declares them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lacuna.commands.amounts import memory_limit_option
from lacuna_wire.errors import BadRequest
from lacuna_wire.options import OPTIONS, Option

Function = TypeVar("Function", bound=Callable[..., Any])
HERE_TOO = " A .safetensors file will do, too; then --local."


def fill_options(*left_out: str) -> Callable[[Function], Function]:
    """Return a decorator that gives a command all options of a fill but those `left_out`."""

    def decorate(command: Function) -> Function:
        for name in reversed(OPTIONS):  # click shows the last decorator first
            if name not in left_out:
                command = fill_option(name)(command)
        return command

    return decorate


def fill_option(name: str, more_help: str = "") -> Callable[[Function], Function]:
    """Return a decorator that gives a command one option of a fill.

    A value that is not possible is a `BadRequest`, which names what is.

    Args:
        name: A key of `OPTIONS`.
        more_help: A sentence for the end of its help.
    """
    if name == "memory_limit":
        return memory_limit_option
    option, flag = OPTIONS[name], f"--{name.replace('_', '-')}"
    text = " ".join(filter(None, (option.sentence, more_help)))
    if isinstance(option.default, bool):
        flags = f"{flag}/--no-{flag[2:]}"
        return click.option(flags, default=option.default, show_default=True, help=text)
    if name == "weights":  # also a path, which the wire does not admit
        return click.option(flag, default=option.default, help=f"{text}{HERE_TOO}")

    def check(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if not option.admits(value):
            raise BadRequest(f"{flag} is {value!r}, but must be {option.possible}.")
        return value

    return click.option(
        flag,
        type=type(option.default),
        default=option.default,
        show_default=True,
        callback=check,
        metavar=metavar(option),
        help=text,
    )


def metavar(option: Option) -> str:
    """Say in the help what a value looks like: `0..512`, `auto|native|pyramid|tiles`."""
    if isinstance(option.default, int):
        return f"{option.low}..{option.high}"
    return "|".join(option.choices) or "TEXT"
