// SPDX-License-Identifier: ISC

/*
 * clock: the server's idea of the time, which may be another date than the machine's.
 */

#ifndef FAKE_RHOMBUS_CLOCK_H
#define FAKE_RHOMBUS_CLOCK_H

#include <stdint.h>

/** The machine's wall clock in epoch milliseconds. */
int64_t wall_ms(void);

/**
 * Microseconds of CLOCK_MONOTONIC: for durations, and comparable with other programs' on the
 * same machine.
 */
int64_t mono_us(void);

#endif
