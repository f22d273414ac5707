"""The sample types of the protocol as NumPy has them, derived from its one table of words."""

from typing import Any

import numpy as np

from lacuna_wire.layout import SAMPLE_BYTES

# A word is a kind of number and its bits, as in `u8`; on the wire samples are little endian.
DTYPES: dict[str, np.dtype[Any]] = {
    word: np.dtype(f"<{word[0]}{size}") for word, size in SAMPLE_BYTES.items()
}
# Sample value that stands for 1.0.
FULL_SCALE: dict[str, float] = {
    word: 1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max) for word, dtype in DTYPES.items()
}
WORDS: dict[np.dtype[Any], str] = {dtype: word for word, dtype in DTYPES.items()}
