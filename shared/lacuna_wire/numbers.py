"""How numbers are written in what an editor shows, so that nobody reads one for another.

1,234 is a thousand and more in English and little more than one in German. So thousands are set
apart by a narrow space, which no language takes for a decimal sign, and the decimal sign is a
matter of the catalogue.
"""

from typing import Callable

# What stands before and behind the decimal sign: its place takes the sign of the language.
DECIMAL = "{}.{}"


def whole(number: float) -> str:
    """Write a number without decimals.

    >>> whole(1_234_567.2).split("\u202f")
    ['1', '234', '567']
    """
    return f"{number:,.0f}".replace(",", "\u202f")


def decimal(number: float, digits: int, translate: Callable[[str], str] = str) -> str:
    """Write a number that is not negative with so many digits behind the decimal sign.

    >>> decimal(1.25, 2), decimal(4.04, 1, lambda text: text.replace(".", ","))
    ('1.25', '4,0')
    """
    before, _, after = f"{number:.{digits}f}".partition(".")
    return translate(DECIMAL).format(whole(float(before)), after) if after else whole(number)


def said(number: float, translate: Callable[[str], str] = str) -> str:
    """Write a number as it is: a whole one without decimals, any other with one.

    >>> said(30.0), said(2.53), said(7)
    ('30', '2.5', '7')
    """
    return whole(number) if number == int(number) else decimal(number, 1, translate)


def size(count: float) -> str:
    """Write a number of bytes.

    >>> size(812), size(50_400), size(812_345_678)
    ('812 B', '50 kB', '812 MB')
    """
    for unit, bytes_ in (("MB", 1e6), ("kB", 1e3)):
        if count >= bytes_:
            return f"{whole(count / bytes_)} {unit}"
    return f"{whole(count)} B"
