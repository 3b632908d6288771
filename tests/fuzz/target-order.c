// SPDX-License-Identifier: ISC

/*
 * A file of the spool: whatever stands there, it is an order or a sentence says why not, and an order says
 * what order_put() would.
 */

#include "fuzz.h"

#include "state/order.h"

#include <errno.h>
#include <string.h>

static void check_lines(const struct order_line *lines, size_t len) {
	must(len > 0 && len <= ORDER_LINES, "%zu devices", len);
	for (size_t i = 0; i < len; i++) {
		must(lines[i].uuid[0] && strlen(lines[i].uuid) < sizeof(lines[i].uuid), "an order for no device");
		must(lines[i].interval < INTERVAL_COUNT, "an order for no interval");
		must(lines[i].from < lines[i].to, "an order that ends before it begins");
	}
}

/* As it would be written, it is the same order. */
static void check_again(const struct order_line *lines, size_t len) {
	struct order_line *again;
	struct error err = {{0}};
	struct buf out;
	size_t again_len;
	buf_init(&out, BUF_ANY);
	order_put_header(&out);
	for (size_t i = 0; i < len; i++) {
		order_put(&out, &lines[i]);
	}
	must(buf_error(&out) == 0, "no memory");
	must(order_parse(buf_text(&out), out.len, &again, &again_len, &err) == 0, "%s: %s", err.text, buf_text(&out));
	must(again_len == len, "%zu of %zu devices", again_len, len);
	for (size_t i = 0; i < len; i++) {
		must(strcmp(again[i].uuid, lines[i].uuid) == 0 && again[i].interval == lines[i].interval &&
		     again[i].from == lines[i].from && again[i].to == lines[i].to, "line %zu is another", i);
	}
	free(again);
	buf_done(&out);
}

void fuzz_one(const uint8_t *data, size_t len) {
	struct order_line *lines = NULL;
	struct error err = {{0}};
	size_t count = 0;
	/* Not a byte more than there is may be read. */
	char *bytes = malloc(len + (len == 0));
	must(bytes, "no memory");
	memcpy(bytes, data, len);
	int r = order_parse(bytes, len, &lines, &count, &err);
	must(r == 0 || r == -EBADMSG, "%d", r);
	if (r == 0) {
		check_lines(lines, count);
		check_again(lines, count);
	} else {
		must(count > 0, "no line is named");
		fuzz_must_be_line(err.text, strlen(err.text), "");
	}
	free(bytes);
	free(lines);
}
