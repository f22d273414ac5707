"""Every sample type of the protocol has one NumPy type and one value that stands for 1."""

import numpy as np

from lacuna.samples import DTYPES, FULL_SCALE, WORDS
from lacuna_wire.layout import SAMPLE_BYTES


def test_every_word_has_a_little_endian_type_of_its_kind_and_length():
    assert {word: dtype.itemsize for word, dtype in DTYPES.items()} == SAMPLE_BYTES
    for word, dtype in DTYPES.items():
        assert dtype.kind == word[0]
        assert dtype == dtype.newbyteorder("<")
        assert WORDS[dtype] == word


def test_full_scale_is_the_largest_integer_and_one_for_floats():
    for word, dtype in DTYPES.items():
        one = np.array(FULL_SCALE[word])
        assert one.astype(dtype) == one
        assert (
            dtype.kind == "f"
            or np.array(FULL_SCALE[word] + 1).astype(np.int64) == 256**dtype.itemsize
        )
    assert {FULL_SCALE[word] for word in DTYPES if word[0] == "f"} == {1.0}
