// SPDX-License-Identifier: ISC

/*
 * Entries of a journal.  If the first byte is odd they get a checksum that agrees: then what is behind it is reached.
 * What is accepted is packed again, and says the same.
 */

#include "fuzz.h"

/* The module itself, for its checksum. */
#include "../../src/journal/entry.c"

#define ACCOUNT  "acme"
#define POSITION 8812

static void check_again(const struct buf *text, enum entry_kind kind) {
	enum entry_kind again;
	struct buf packed, copy;
	struct error err = {{0}};
	buf_init(&packed, BUF_ANY);
	buf_init(&copy, BUF_ANY);
	int r = entry_pack(ACCOUNT, POSITION, kind, buf_text(text), text->len, &packed);
	must(r == 0 || r == -EMSGSIZE, "%d", r);
	if (r == 0) {
		must(entry_unpack(ACCOUNT, POSITION, packed.data, packed.len, &again, &copy, &err) == 0, "%s", err.text);
		must(again == kind && copy.len == text->len && memcmp(buf_text(&copy), buf_text(text), copy.len) == 0, "another text");
	}
	buf_done(&packed);
	buf_done(&copy);
}

void fuzz_one(const uint8_t *data, size_t len) {
	enum entry_kind kind = ENTRY_LINES;
	struct buf text;
	struct error err = {{0}};
	if (len == 0) {
		return;
	}
	/* Of its own size, so that reading behind it is noticed. */
	unsigned char *bytes = malloc(len);
	must(bytes, "no memory");
	memcpy(bytes, data + 1, --len);
	if (data[0] % 2 && len >= HEAD) {
		put_number(bytes + AT_CHECKSUM, checksum(ACCOUNT, POSITION, bytes, len), 8);
	}
	buf_init(&text, BUF_ANY);
	int r = entry_unpack(ACCOUNT, POSITION, bytes, len, &kind, &text, &err);
	must(r == 0 || r == -EBADMSG || r == -EPROTO, "%d", r);
	must((err.text[0] == '\0') == (r == 0), "a sentence and %d", r);
	if (r == 0) {
		must(text.len <= ENTRY_TEXT_MAX, "%zu bytes", text.len);
		check_again(&text, kind);
	} else {
		must(text.len == 0 && buf_error(&text) == 0, "%zu bytes of what is refused", text.len);
		fuzz_must_be_line(err.text, strlen(err.text), "");
	}
	buf_done(&text);
	free(bytes);
}
