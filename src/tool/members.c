// SPDX-License-Identifier: ISC

#include "tool/members.h"

#include "base/json.h"
#include "base/utc.h"

#include <inttypes.h>

void member_int(struct buf *out, const char *name, int64_t number) {
	buf_printf(out, ",\"%s\":%" PRId64, name, number);
}

void member_text(struct buf *out, const char *name, const char *text) {
	buf_printf(out, ",\"%s\":", name);
	json_put_string(out, text);
}

void member_time(struct buf *out, const char *name, usec_t instant) {
	char text[UTC_STRING_SIZE];
	buf_printf(out, ",\"%s\":\"%s\"", name, utc_format(text, instant));
}
