// SPDX-License-Identifier: ISC

#include "base/clock.h"

#include <time.h>

_Static_assert(sizeof(time_t) >= sizeof(int64_t), "times end in 2038: build with -D_TIME_BITS=64");

static usec_t read_clock(clockid_t id) {
	struct timespec now = {0};
	/* Cannot fail for these two clocks and a valid pointer. */
	(void)clock_gettime(id, &now);
	return (usec_t)now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000;
}

usec_t clock_realtime(void) {
	return read_clock(CLOCK_REALTIME);
}

usec_t clock_boottime(void) {
	return read_clock(CLOCK_BOOTTIME);
}
