/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The two clocks: wall time for expiry, monotonic time for deadlines.  Tests
 * replace the wall clock from outside (tests/shim/clock.c), so that no test
 * code is in the product.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

/* Seconds since the epoch. */
int64_t clock_utc(void);

/* Milliseconds of a clock that never jumps. */
int64_t clock_ms(void);

/*
 * Whether a token is too old to hand out at NOW: it ends within the skew
 * min(120 s, a fifth of its life), or it comes from the future by more than
 * that: then the clock was set back, and nobody knows when it ends.  All in
 * epoch seconds; EXPIRY 0 means never, ISSUED 0 unknown (then the skew is
 * 120 s).
 */
bool clock_is_stale(int64_t expiry_utc, int64_t issued_utc, int64_t now_utc);

/* The second from which on it is, unless the clock is set back; INT64_MAX:
 * never. */
int64_t clock_stale_at(int64_t expiry_utc, int64_t issued_utc);

/* Append LEFT seconds for people, in the unit that has two digits or more:
 * "in 89 d".  Returns 0 or -EMSGSIZE. */
int clock_add_left(struct buf *b, int64_t left);

#endif
