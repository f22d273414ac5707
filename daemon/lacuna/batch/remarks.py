"""What is worth telling of a picture beside whether it was filled: sentences, none an error."""

from lacuna.files import MaskMeaning
from lacuna.removal import Removal, Removed, would_grow

from .items import BatchItem

MOST_SELECTED = 0.5  # of a picture: a mask that selects more is more often upside down than meant
LEAST_WHITE = 240  # of 255: a mask without anything brighter leaves a part of what it covers


def before(item: BatchItem, removal: Removal, meaning: MaskMeaning) -> list[str]:
    """Return what is odd about a mask, and what the likely cause is."""
    assert item.mask is not None
    said, selection, mask = [], removal.selection, item.mask.name
    share = selection.count() / (removal.picture.width * removal.picture.height)
    if share > MOST_SELECTED:
        cause = (
            "If its white is what is to go, leave out --invert."
            if meaning.inverted
            else "If its black is what is to go, add --invert."
        )
        said.append(f"{mask} selects {share * 100:.3g} % of the picture. {cause}")
    highest = selection.highest()
    if highest < LEAST_WHITE:
        said.append(
            f"Nothing in {mask} is {'black' if meaning.inverted else 'white'}: of what is to go, "
            f"{100 - highest / 2.55:.0f} % or more will show through the fill. --mask-threshold "
            f"{highest // 2} takes what is brighter than that for white."
        )
    return said


def after(item: BatchItem, removal: Removal, removed: Removed) -> list[str]:
    """Return what was done beyond the mask, and what is left there."""
    assert item.mask is not None
    said = []
    if removed.grown_px:
        said.append(f"Edge found: +{removed.grown_px} px.")
    elif more_px := would_grow(removal):
        sentence = f"What is removed shows outside of {item.mask.name}; --grow auto would add"
        said.append(f"{sentence} {more_px} px.")
    return said
