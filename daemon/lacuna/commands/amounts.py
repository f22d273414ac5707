"""Amounts of memory as people write them: `800M`, `5G`."""

import re

import click

from lacuna_wire.options import MIN_MEMORY_LIMIT

MEBIBYTES = {"M": 1, "G": 1024}


class Memory(click.ParamType[int]):
    """An amount of memory in mebibytes."""

    name = "amount"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse `800M` or `5G`; 0 is none."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)([MG])", str(value))
        amount = round(float(found[1]) * MEBIBYTES[found[2]]) if found else 0
        if amount < MIN_MEMORY_LIMIT:
            self.fail(f"{value} is not an amount of {MIN_MEMORY_LIMIT}M or more, as in 800M or 5G.")
        return amount


memory_limit_option = click.option(
    "--memory-limit",
    type=Memory(),
    default=0,
    metavar="800M|5G",
    help="What tiles may take on the device; default: as much as is free there.",
)
