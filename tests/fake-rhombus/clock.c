// SPDX-License-Identifier: ISC

#include "clock.h"

#include <time.h>

static int64_t clock_us(clockid_t id) {
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t wall_ms(void) {
	return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t mono_us(void) {
	return clock_us(CLOCK_MONOTONIC);
}
