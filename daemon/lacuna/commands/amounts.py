"""Amounts of memory as people write them: `800M`, `5G`."""

import re

import click

from lacuna_wire.options import OPTIONS

MEBIBYTES = {"M": 1, "G": 1024}
LIMIT = OPTIONS["memory_limit"]


class Memory(click.ParamType[int]):
    """An amount of memory in mebibytes."""

    name = "amount"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse `800M`, `5G`, or `0` for no limit."""
        if isinstance(value, int) or value == str(LIMIT.automatic):
            return int(value)
        found = re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)([MG])", str(value))
        amount = round(float(found[1]) * MEBIBYTES[found[2]]) if found else 0
        if not LIMIT.low <= amount <= LIMIT.high:
            self.fail(f"{value} is not an amount of {LIMIT.low}M or more, such as 800M or 5G.")
        return amount


memory_limit_option = click.option(
    "--memory-limit",
    type=Memory(),
    default=LIMIT.default,
    metavar="800M|5G",
    help=LIMIT.sentence,
)
