"""The options of a fill on the command line, made from the one place that declares them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lacuna.commands.amounts import memory_limit_option
from lacuna_wire.errors import BadRequest
from lacuna_wire.options import OPTIONS, Option

Function = TypeVar("Function", bound=Callable[..., Any])
AUTO = "auto"  # on the command line, for `Option.automatic`
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
    text = " ".join(filter(None, (sentence(option), more_help)))
    if isinstance(option.default, bool):
        flags = f"{flag}/--no-{flag[2:]}"
        return click.option(flags, default=option.default, show_default=True, help=text)
    if name == "weights":  # also a path, which the wire does not admit
        return click.option(flag, default=option.default, help=f"{text}{HERE_TOO}")

    def check(_context: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if not option.admits(value):
            raise BadRequest(f"{flag} is {value!r}, but must be {possible(option)}.")
        return value

    return click.option(
        flag,
        type=type(option.default) if option.automatic is None else AutomaticNumber(option),
        default=option.default,
        show_default=AUTO if option.default == option.automatic else True,
        callback=check,
        metavar=metavar(option),
        help=text,
    )


class AutomaticNumber(click.ParamType[int]):
    """A number, or `auto` for the one of its option that leaves the choice to the daemon."""

    name = "number"

    def __init__(self, option: Option) -> None:
        self._option = option

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse `12` or `auto`."""
        if value == AUTO:
            assert self._option.automatic is not None, self._option.name
            return self._option.automatic
        try:
            return int(str(value))
        except ValueError:
            self.fail(f"{value} is not {possible(self._option)}.")


def sentence(option: Option) -> str:
    """Say what an option does; the number that leaves the choice to the daemon is `auto` here."""
    return option.sentence.replace(f"; {option.automatic} ", f"; {AUTO} ")


def possible(option: Option) -> str:
    """Say what is possible on the command line, for the end of a sentence."""
    return option.possible.replace(f"or {option.automatic} to let", f"or {AUTO} to let")


def metavar(option: Option) -> str:
    """Say in the help what a value looks like: `0..512|auto`, `auto|native|pyramid|tiles`."""
    if isinstance(option.default, int):
        automatic = "" if option.automatic is None else f"|{AUTO}"
        return f"{option.low}..{option.high}{automatic}"
    return "|".join(option.choices) or "TEXT"
