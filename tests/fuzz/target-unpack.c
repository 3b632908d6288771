// SPDX-License-Identifier: ISC

/*
 * gzip, in pieces of a size that the first byte gives: it makes no difference how they are
 * cut, and no more comes of them than there may.
 */

#include "fuzz.h"

#include "request/unpack.h"

#include <errno.h>
#include <string.h>

enum { MOST = 1 << 20 };

static int feed(struct unpack *unpack, const uint8_t *data, size_t len, size_t piece, struct buf *out) {
	int r = 0;
	unpack_clear(unpack);
	buf_clear(out);
	for (size_t at = 0; r == 0 && at < len; at += piece) {
		r = unpack_feed(unpack, data + at, len - at < piece ? len - at : piece, out);
	}
	return r;
}

void fuzz_one(const uint8_t *data, size_t len) {
	struct unpack *unpack = unpack_new();
	struct buf whole, pieces;
	must(unpack, "no memory");
	buf_init(&whole, MOST);
	buf_init(&pieces, MOST);
	if (len > 0) {
		int r = feed(unpack, data + 1, len - 1, len, &whole);
		bool complete = unpack_is_whole(unpack);
		must(r == 0 || r == -EBADMSG || r == -EFBIG, "%d", r);
		must(whole.len <= MOST, "%zu bytes", whole.len);

		int again = feed(unpack, data + 1, len - 1, 1 + (size_t)data[0], &pieces);
		/* Where it is full, what came before that is cut at another place. */
		bool full = r == -EFBIG || again == -EFBIG;
		must(full || again == r, "%d at once, %d in pieces", r, again);
		must(r < 0 || full || complete == unpack_is_whole(unpack), "whole only once");
		must(full || (whole.len == pieces.len && memcmp(buf_text(&whole), buf_text(&pieces), whole.len) == 0),
		     "%zu bytes at once, %zu in pieces", whole.len, pieces.len);
	}
	buf_done(&whole);
	buf_done(&pieces);
	unpack_free(unpack);
}
