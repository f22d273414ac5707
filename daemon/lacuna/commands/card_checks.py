"""What `lacuna doctor` and `setup` say of the graphics card and of the build of PyTorch."""

from collections.abc import Iterator

from lacuna.commands.check import Check


def look_at_cards() -> Iterator[Check]:
    """Name cards, drivers and the build, and the command for another build if a card is unused."""
    from lacuna.graphics import advise, installed_build
    from lacuna_wire.cards import Card, see_cards
    from lacuna_wire.torch_builds import this_computer

    def in_words(card: Card) -> str:
        kind = " (part of the processor)" if card.integrated else ""
        return f"{card.name}{kind}, driver {card.driver}" if card.driver else f"{card.name}{kind}"

    cards, build = see_cards(), installed_build()
    found = "; ".join(map(in_words, cards)) or "No graphics card is seen"
    if build is None:
        yield Check(
            "graphics", "broken", f"{found}. PyTorch is not installed.", "pip install torch"
        )
        return
    advice = advise(cards, build, this_computer())
    if advice is None:
        words = f"{found}. PyTorch {build.version} is built for {build.in_words()}."
        yield Check("graphics", "ok", words)
        return
    words = " ".join(filter(None, (f"{found}. {advice.reason}.", advice.remedy)))
    yield Check("graphics", "note", words, advice.mend)


def tell_once(device: str) -> str:
    """Return a sentence if fills run on the CPU though a card is there; empty if that was said.

    Args:
        device: As the daemon names it: `CPU, 4 threads, because ...`.
    """
    from lacuna_wire.unused_card import is_news, reason_in

    reason = reason_in(device)
    if not is_news("lacuna", reason):
        return ""
    return f"The fill ran on the CPU, because {reason}. `lacuna doctor` says what helps."
