"""A figure says which processor it was taken on: without its units it compares with nothing."""

import platform

from benchmarks.record import processor


def test_first_processor_is_named_with_its_vector_and_matrix_units():
    first = "processor\t: 0\nmodel name\t: Abacus 3: wood\nflags\t\t: fpu avx2 aes amx_bf16\n"
    other = "\nprocessor\t: 1\nmodel name\t: Slide rule\nflags\t\t: fpu avx512f\n"

    assert processor(first + other) == "Abacus 3: wood (avx2, amx_bf16)"


def test_system_that_says_nothing_gets_the_name_of_its_architecture():
    assert processor("").startswith(platform.machine())
