"""Numbers by which the compiled loops of decoding and encoding know a scan, and what they remember.

Coefficients are int16, 64 of a block in a row, in the order of the file (zigzag). What a loop has
to remember between two calls stands in an array, so that a scan can be taken in bands of rows.
"""

# Kinds of scans.
SEQUENTIAL, DC_FIRST, DC_REFINED, AC_FIRST, AC_REFINED = range(5)

# What is remembered, in an array of STATE_LENGTH int64. ERROR is where decoding found what cannot
# be, or encoding a symbol without a code.
POSITION, BUFFER, BITS, PADDING, RUN, ERROR, UNTIL_RESTART, RESTARTS, PENDING, PREDICTED = range(10)
STATE_LENGTH = PREDICTED + 4

# Columns of `units`, one row for each block of an MCU: component, place in the MCU, blocks of an
# MCU down and across, first block of the component in `coefficients`, blocks in a row, tables.
COMPONENT, DOWN, ACROSS, TALL, WIDE, BASE, STRIDE, DC_TABLE, AC_TABLE = range(9)
UNIT_LENGTH = AC_TABLE + 1

MOST_PENDING = 1_000  # bits of corrections that wait behind a run of blocks, as in libjpeg
MOST_BLOCK_BYTES = 512  # 64 codes and numbers of 27 bits, each byte followed by a stuffed one
SLACK_BYTES = 4_096  # what may be pending from before
BAND_BLOCKS = 1 << 16  # of a scan that is taken in bands: 8 MiB of coefficients
