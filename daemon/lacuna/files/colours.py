"""Colours that a file describes in numbers, as a profile, which every other format can hold.

Little CMS makes the profile, through imagecodecs.
"""

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Points = tuple[float, float]

_D65: Points = (0.3127, 0.3290)
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
# By the numbers of ITU-T H.273, which cICP names: white point and primaries.
_PRIMARIES: dict[int, tuple[Points, tuple[Points, ...]]] = {
    1: (_D65, _SRGB),
    5: (_D65, ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06))),
    6: (_D65, ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))),
    9: (_D65, ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))),
    11: ((0.314, 0.351), ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
    12: (_D65, ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))),
}
_CURVE_POINTS = 4_096
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
# Paper in HDR (BT.2408). A profile has no brighter white, so lights are shown as white as paper.
_WHITE_NITS = 203
_NEAR = 0.002  # of chromaticities and exponents that mean sRGB


def profile_of_gamma(gamma: float, chromaticities: bytes) -> bytes:
    """Make a profile of the gAMA and cHRM of a PNG; empty if they say nothing beyond sRGB.

    Args:
        gamma: The exponent by which the file was encoded, as in 1/2.2.
        chromaticities: Contents of cHRM, or empty.
    """
    white, primaries = _D65, _SRGB
    if len(chromaticities) == 32:
        x = [number / 100_000 for number in struct.unpack(">8I", chromaticities)]
        white, primaries = (x[0], x[1]), ((x[2], x[3]), (x[4], x[5]), (x[6], x[7]))
    flat = [white, *primaries]
    is_srgb = all(
        abs(one - other) < _NEAR
        for point, known in zip(flat, [_D65, *_SRGB], strict=True)
        for one, other in zip(point, known, strict=True)
    )
    if gamma <= 0 or min(min(point) for point in flat) < 0 or min(p[1] for p in flat) <= 0:
        return b""
    if is_srgb and abs(gamma - 1 / 2.2) < _NEAR:
        return b""
    return _profile(white, primaries, gamma=1 / gamma)


def profile_of_code(code: bytes) -> bytes:
    """Make a profile of the cICP of a PNG; empty for sRGB, and for what has no profile."""
    if len(code) < 4 or code[2] != 0 or code[0] not in _PRIMARIES:
        return b""
    primaries, transfer = code[0], code[1]
    if (primaries, transfer) == (1, 13):
        return b""
    white, points = _PRIMARIES[primaries]
    if transfer in _GAMMAS:
        return _profile(white, points, gamma=_GAMMAS[transfer])
    curve = _curve(transfer)
    return b"" if curve is None else _profile(white, points, curve=curve)


def _curve(transfer: int) -> NDArray[np.float64] | None:
    """Return the light of 4,096 even steps of a signal, 0 to 1; None for an unknown transfer."""
    signal = np.linspace(0, 1, _CURVE_POINTS)
    if transfer in (1, 6, 14, 15):  # BT.709 and BT.2020
        return np.where(signal < 0.081, signal / 4.5, ((signal + 0.099) / 1.099) ** (1 / 0.45))
    if transfer == 13:  # sRGB
        return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    nits = None
    if transfer == 16:  # PQ, SMPTE ST 2084
        root = signal ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        nits = light ** (1 / 0.1593017578125) * 10_000
    elif transfer == 18:  # HLG, BT.2100, on a screen of 1,000 nits
        high = (np.exp((signal - 0.55991073) / 0.17883277) + 0.28466892) / 12
        nits = np.where(signal <= 0.5, signal**2 / 3, high) ** 1.2 * 1_000
    return None if nits is None else np.minimum(nits / _WHITE_NITS, 1)


def _profile(
    white: Points,
    primaries: tuple[Points, ...],
    gamma: float | None = None,
    curve: NDArray[np.float64] | None = None,
) -> bytes:
    return bytes(
        imagecodecs.cms_profile(
            "rgb",
            whitepoint=(*white, 1.0),
            primaries=[number for point in primaries for number in (*point, 1.0)],
            gamma=gamma,
            transferfunction=None if curve is None else curve.astype(np.float32),
        )
    )
