"""What a user may choose for one fill: every option is declared here, and only here.

The command line, the checks of the wire, Krita's docker, GIMP's dialog and the test of openapi.yaml
take name, type, range, default and sentence from `OPTIONS`.
"""

import re
from dataclasses import dataclass, field, fields
from typing import Any, Dict, NamedTuple, Optional, Tuple

from .errors import BadRequest
from .parsing import fields_of, short

WEIGHTS_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"  # no slash, so never a path
DEVICE = r"auto|cpu|mps|(cuda|xpu)(:([0-9]{1,2}|all))?"
DEVICE_NOTATION = "auto, cpu, cuda, cuda:N, cuda:all, xpu, xpu:N, xpu:all or mps"
RESULTS = ("layer", "composite", "auto")
TRANSPARENCIES = ("auto", "content", "empty")
DIRECTIONS = ("any", "horizontal", "vertical")
STRATEGIES = ("auto", "native", "pyramid", "tiles")

MAX_GROW = 512  # pixels
AUTO_GROW = -1  # of `grow`: as far as what is selected bleeds over its selection,
MOST_AUTO_GROW = 14  # but no farther; pixels
MAX_VARIATION = 9_999
MIN_TILE, MAX_TILE = 64, 8_192  # pixels
MIN_MEMORY_LIMIT, MAX_MEMORY_LIMIT = 256, 1 << 24  # mebibytes


class Option(NamedTuple):
    """The facts about one option.

    Attributes:
        name: As in `Options` and on the wire.
        default: Its value if none is chosen; its type is the type of the option.
        sentence: What it does, for people.
        label: Its name in an editor; empty for an option that editors do not show by themselves.
        tip: The sentence in words of people who paint, for editors; the same if it suits both.
        rare: Whether an editor folds it away.
        unit: Of a number: `px` or `MiB`.
        low: Least number.
        high: Largest number.
        automatic: The number outside that range which leaves the choice to the daemon, if one does.
        choices: All possible texts, if they can be listed.
        choice_labels: Their names in an editor, in the same order.
        pattern: Regular expression of all possible texts but the empty default.
        notation: What such texts look like, for people.
    """

    name: str
    default: Any
    sentence: str
    label: str = ""
    tip: str = ""
    rare: bool = False
    unit: str = ""
    low: int = 0
    high: int = 0
    automatic: Optional[int] = None
    choices: Tuple[str, ...] = ()
    choice_labels: Tuple[str, ...] = ()
    pattern: str = ""
    notation: str = ""

    def admits(self, value: Any) -> bool:
        """Tell whether a value has the type and lies in the range of the option."""
        if type(value) is not type(self.default):  # True is not a number of pixels
            return False
        if isinstance(value, bool):
            return True
        if isinstance(value, int):
            return self.low <= value <= self.high or value == self.automatic
        if self.choices:
            return value in self.choices
        return value == self.default or re.fullmatch(self.pattern, value) is not None

    @property
    def possible(self) -> str:
        """Say what is possible, for the end of a sentence.

        >>> OPTIONS["tile"].possible
        '64 to 8,192 px, or 0 to let the daemon choose'
        """
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, int):
            limits = f"{self.low:,} to {self.high:,} {self.unit}".rstrip()
            if self.automatic is None:
                return limits
            return f"{limits}, or {self.automatic} to let the daemon choose"
        return f"one of {', '.join(self.choices)}" if self.choices else self.notation


def _option(default: Any, sentence: str, **facts: Any) -> Any:
    facts = {"sentence": sentence, "tip": sentence, **facts}
    return field(default=default, metadata={"facts": facts})


@dataclass(frozen=True)
class Options:
    """What a user may choose for one fill; `OPTIONS` tells what each option means."""

    weights: str = _option(
        "",
        "Name of installed weights, or patches for none; the best there are if left empty.",
        label="Model",
        tip="Which of the installed models fills; the best of them if you do not choose.",
        rare=True,
        pattern=WEIGHTS_NAME,
        notation="a name of lower-case letters, digits, dots, dashes and underscores",
    )
    device: str = _option(
        "auto",
        "Where the network runs: auto, cpu, cuda (NVIDIA, AMD), xpu (Intel) or mps (Apple); cuda:N "
        "for one of several, cuda:all for all of them side by side.",
        pattern=DEVICE,
        notation=DEVICE_NOTATION,
    )
    tile: int = _option(
        0,
        "Side of a tile; 0 chooses by memory and weights.",
        unit="px", low=MIN_TILE, high=MAX_TILE, automatic=0,
    )  # fmt: skip
    overlap: int = _option(
        -1,
        "Pixels that neighbouring tiles share, less than the tile; -1 chooses.",
        unit="px", low=0, high=MAX_TILE // 2, automatic=-1,
    )  # fmt: skip
    grow: int = _option(
        0,
        "Enlarge the selection first, to catch soft edges and halos; -1 finds them, and enlarges "
        "it where something selected bleeds over it, by so much.",
        label="Grow", unit="px", high=MAX_GROW, automatic=AUTO_GROW,
        tip="How far beyond the selection is filled, to catch soft edges and halos. Automatic: as "
        "far as what you selected shows there, at most 14 px, and not at all where it does not. "
        "0: the selection and nothing else.",
    )  # fmt: skip
    feather: int = _option(
        0,
        "Fade the edge of the fill towards its inside.",
        label="Feather", unit="px", high=MAX_GROW,
    )  # fmt: skip
    result: str = _option(
        "layer",
        "layer: the fill alone, with the soft selection as its alpha; composite: the picture with "
        "the fill laid over it; auto: a layer where that looks the same as the composite, and the "
        "composite where it would not because the fill is transparent in places.",
        choices=RESULTS,
    )
    colour_correction: bool = _option(
        True,
        "Match the colours of the fill to the pixels around it.",
        label="Colour correction",
        rare=True,
    )
    transparency: str = _option(
        "auto",
        "What transparent pixels are: a part of the picture, which the fill continues (content), "
        "or nothing, which the fill covers (empty); auto takes them for empty where next to "
        "nothing else is selected.",
        label="Transparency", rare=True, choices=TRANSPARENCIES,
        tip="What transparent pixels are: a part of the picture, which the fill continues, or "
        "empty, so that the fill covers them. Automatic takes them for empty where hardly "
        "anything else is selected.",
        choice_labels=("Automatic", "Part of the picture", "Empty, to be filled"),
    )  # fmt: skip
    copy_direction: str = _option(
        "any",
        "Where patches are copied from: anywhere near the selection, left and right of it "
        "(horizontal), or above and below it (vertical).",
        choices=DIRECTIONS,
    )
    variation: int = _option(
        0,
        "Another try: each number gives another fill, and the same number the same again.",
        high=MAX_VARIATION,
    )
    strategy: str = _option(
        "auto",
        "Coarse levels where a hole needs them (auto) or always (pyramid); without levels, each "
        "region in one piece (native) or a plain grid (tiles).",
        choices=STRATEGIES,
    )
    memory_limit: int = _option(
        0,
        "Memory that tiles may take on the device; 0 takes what is free there.",
        unit="MiB", low=MIN_MEMORY_LIMIT, high=MAX_MEMORY_LIMIT, automatic=0,
    )  # fmt: skip

    @property
    def least_grow(self) -> int:
        """Pixels by which the selection is enlarged in any case."""
        return max(0, self.grow)

    @property
    def most_grow(self) -> int:
        """Pixels by which the selection is enlarged at most."""
        return MOST_AUTO_GROW if self.grow == AUTO_GROW else self.grow

    def as_dict(self) -> Dict[str, Any]:
        """Return the options that differ from their defaults: an older partner knows the others."""
        chosen = ((name, getattr(self, name)) for name in OPTIONS)
        return {name: value for name, value in chosen if value != OPTIONS[name].default}

    @classmethod
    def from_dict(cls, data: Any) -> "Options":
        """Parse; options that are left out take their defaults.

        Raises:
            BadRequest: If one is unknown, of another type or out of range, or if two of them
                exclude each other. The sentence names it, its value and what is possible.
        """
        chosen = fields_of(data, "options", optional=OPTIONS)
        for name, value in chosen.items():
            if not OPTIONS[name].admits(value):
                raise BadRequest(
                    f"options.{name} is {short(value)}, but must be {OPTIONS[name].possible}."
                )
        options = cls(**chosen)
        if 0 < options.tile <= options.overlap:
            raise BadRequest(
                f"An overlap of {options.overlap} px leaves a tile of {options.tile} px no room."
            )
        return options


OPTIONS: Dict[str, Option] = {
    each.name: Option(name=each.name, default=each.default, **each.metadata["facts"])
    for each in fields(Options)
}
