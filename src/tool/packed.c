// SPDX-License-Identifier: ISC

#include "tool/packed.h"

#include "tool/html.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

enum { CODE_COUNT = 251, CODE_NO_DATA, CODE_GAP, CODE_MISSING };

/* No longer gap is cut into buckets. */
enum { LONGEST_CUT = 4096 };

/* What is known of a room so far. */
struct packing {
	struct buf bytes, runs, clock;
	usec_t start, length; /* of the run that goes on: where it begins, and how long a bucket of it is; 0: none */
	uint64_t count;       /* its buckets */
	struct zone_period period;
};

/* Bytes */

static void put_count(struct buf *bytes, int64_t count) {
	if (count < CODE_COUNT) {
		buf_putc(bytes, (char)count);
		return;
	}
	buf_putc(bytes, (char)CODE_COUNT);
	for (; count > 0x7f; count >>= 7) {
		buf_putc(bytes, (char)(0x80 | (count & 0x7f)));
	}
	buf_putc(bytes, (char)count);
}

static void put_code(struct buf *bytes, int64_t count) {
	switch (count) {
	case SERIES_NONE:
		buf_putc(bytes, (char)CODE_NO_DATA);
		break;
	case SERIES_GAP:
		buf_putc(bytes, (char)CODE_GAP);
		break;
	case SERIES_MISSING:
		buf_putc(bytes, (char)CODE_MISSING);
		break;
	default:
		put_count(bytes, count);
	}
}

/* Runs */

static void end_run(struct packing *packing) {
	if (packing->count > 0) {
		buf_printf(&packing->runs, "%s%" PRId64 " %" PRId64 " %" PRIu64, packing->runs.len > 0 ? ";" : "",
		           packing->start / USEC_PER_MSEC, packing->length / USEC_PER_MSEC, packing->count);
	}
	packing->count = 0;
}

/* As how many buckets that goes on; 0 if it begins another run. */
static uint64_t fits(const struct packing *packing, const struct stride *next) {
	usec_t length = next->end - next->start;
	if (packing->count == 0 || next->start != packing->start + (usec_t)packing->count * packing->length) {
		return 0;
	}
	if (length == packing->length) {
		return 1;
	}
	bool is_run = next->count == SERIES_GAP || next->count == SERIES_MISSING;
	return is_run && length % packing->length == 0 && length / packing->length <= LONGEST_CUT ? (uint64_t)(length / packing->length) : 0;
}

static void add(struct packing *packing, const struct stride *next) {
	uint64_t count = fits(packing, next);
	if (count == 0) {
		end_run(packing);
		packing->start = next->start;
		packing->length = next->end - next->start;
		count = 1;
	}
	packing->count += count;
	for (; count > 0; count--) {
		put_code(&packing->bytes, next->count);
	}
}

/* The offsets of its clock. */
static void follow(struct packing *packing, const struct room *room, const struct stride *next) {
	bool is_first = packing->clock.len == 0;
	usec_t at = is_first ? next->start : packing->period.end;
	while (is_first || at < next->end) {
		zone_period_at(room->zone, at, &packing->period);
		buf_printf(&packing->clock, "%s%" PRId64 " %" PRId32, is_first ? "" : ";", at / USEC_PER_MSEC, packing->period.offset_s);
		at = packing->period.end;
		is_first = false;
	}
}

/* Writing */

static void put_base64(struct output *output, const unsigned char *data, size_t len) {
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t at = 0; at < len; at += 3) {
		size_t left = len - at;
		unsigned three = (unsigned)data[at] << 16 | (left > 1 ? (unsigned)data[at + 1] << 8 : 0) | (left > 2 ? data[at + 2] : 0);
		char *to = output_room(output, 4);
		*to++ = letters[three >> 18];
		*to++ = letters[three >> 12 & 63];
		*to++ = left > 1 ? letters[three >> 6 & 63] : '=';
		*to++ = left > 2 ? letters[three & 63] : '=';
		output_took(output, to);
	}
}

static int put_compressed(struct output *output, const struct buf *bytes) {
	uLongf len = compressBound(bytes->len);
	unsigned char *compressed = malloc(len);
	if (!compressed || compress2(compressed, &len, (const unsigned char *)buf_text(bytes), bytes->len, Z_BEST_COMPRESSION) != Z_OK) {
		free(compressed);
		return -ENOMEM;
	}
	put_base64(output, compressed, len);
	free(compressed);
	return 0;
}

static int put_room(struct output *output, const struct packing *packing, size_t place, int64_t seats) {
	html_put(output, "<script type=\"application/x-occupancy\" id=\"counts-%zu\" data-seats=\"%" PRId64 "\" data-clock=\"", place, seats);
	output_put(output, buf_text(&packing->clock), packing->clock.len);
	output_puts(output, "\" data-runs=\"");
	output_put(output, buf_text(&packing->runs), packing->runs.len);
	output_puts(output, "\">");
	int r = put_compressed(output, &packing->bytes);
	output_puts(output, "</script>\n");
	return r;
}

static int pack(struct output *output, const struct summary *summary, size_t place) {
	const struct subject *subject = summary->rooms[place].subject;
	struct packing packing = {.length = 0};
	struct walk walk;
	struct stride next;

	buf_init(&packing.bytes, BUF_ANY);
	buf_init(&packing.runs, BUF_ANY);
	buf_init(&packing.clock, BUF_ANY);
	walk_begin(&walk, subject->series, &subject->room->coverage, subject->from, subject->to);
	while (walk_next(&walk, &next)) {
		follow(&packing, subject->room, &next);
		add(&packing, &next);
	}
	end_run(&packing);
	int r = buf_error(&packing.bytes) < 0 || buf_error(&packing.runs) < 0 || buf_error(&packing.clock) < 0 ? -ENOMEM : 0;
	if (r == 0) {
		r = put_room(output, &packing, place, summary->rooms[place].capacity);
	}
	buf_done(&packing.bytes);
	buf_done(&packing.runs);
	buf_done(&packing.clock);
	return r;
}

void packed_write(struct output *output, const struct summary *summary) {
	for (size_t place = 0; place < summary->count; place++) {
		int r = pack(output, summary, place);
		if (r < 0) {
			output->error = output->error < 0 ? output->error : r;
			return;
		}
	}
}
