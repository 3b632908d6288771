// SPDX-License-Identifier: ISC

/* tool/zipcheck.h: archives that hold whole documents, and those that do not. */

#include "fixture.h"
#include "temporary.h"

#include "base/buf.h"
#include "base/file.h"
#include "tool/zipcheck.h"

#include <errno.h>
#include <unistd.h>
#include <zlib.h>

/* An archive as ZIP programs write it, with as many members as were added. */
struct archive {
	struct buf members, directory;
	int count;
};

static void put_number(struct buf *out, uint64_t number, int bytes) {
	for (int i = 0; i < bytes; i++) {
		buf_putc(out, (char)(i < 8 ? number >> 8 * i : 0));
	}
}

/* len: how much of the text is packed. */
static void add(struct archive *archive, const char *name, const char *text, size_t len) {
	static unsigned char packed[400000];
	z_stream stream = {.next_in = (unsigned char *)(uintptr_t)text, .avail_in = (unsigned)len};
	expect_int(Z_OK, deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY));
	stream.next_out = packed;
	stream.avail_out = sizeof(packed);
	expect_int(Z_STREAM_END, deflate(&stream, Z_FINISH));
	size_t packed_len = sizeof(packed) - stream.avail_out, member = archive->members.len;
	(void)deflateEnd(&stream);

	buf_append(&archive->members, "PK\3\4", 4);
	put_number(&archive->members, 0, 22);
	put_number(&archive->members, strlen(name), 2);
	put_number(&archive->members, 4, 2);
	buf_puts(&archive->members, name);
	put_number(&archive->members, 0, 4);
	buf_append(&archive->members, packed, packed_len);

	buf_append(&archive->directory, "PK\1\2", 4);
	put_number(&archive->directory, 0, 16);
	put_number(&archive->directory, packed_len, 4);
	put_number(&archive->directory, len, 4);
	put_number(&archive->directory, strlen(name), 2);
	put_number(&archive->directory, 3, 2);
	put_number(&archive->directory, 5, 2);
	put_number(&archive->directory, 0, 8);
	put_number(&archive->directory, member, 4);
	buf_puts(&archive->directory, name);
	buf_puts(&archive->directory, "exxyyyyy");
	archive->count++;
}

/* Ends it, looks at as much of it as is said, and gives what is found. */
static int check(struct archive *archive, size_t less) {
	char path[TEMPORARY_MAX + 32];
	struct buf *all = &archive->members;
	size_t directory = all->len;

	buf_append(all, buf_text(&archive->directory), archive->directory.len);
	buf_append(all, "PK\5\6", 4);
	put_number(all, 0, 4);
	put_number(all, (uint64_t)archive->count, 2);
	put_number(all, (uint64_t)archive->count, 2);
	put_number(all, archive->directory.len, 4);
	put_number(all, directory, 4);
	put_number(all, 0, 2);
	expect_int(0, buf_error(all));

	(void)snprintf(path, sizeof(path), "%s/zipcheck-XXXXXX", temporary());
	int fd = mkstemp(path);
	expect_true(fd >= 0);
	(void)unlink(path);
	expect_int(0, file_write(fd, all->data, all->len - less, NULL));
	int r = zipcheck(fd, "sheets/", "</end>");
	file_close(fd);
	buf_done(&archive->members);
	buf_done(&archive->directory);
	*archive = (struct archive){.count = 0};
	buf_init(&archive->members, BUF_ANY);
	buf_init(&archive->directory, BUF_ANY);
	return r;
}

static void documents_are_whole_or_not(void **state) {
	struct archive archive = {.count = 0};
	static char large[300000];
	struct rng rng;
	(void)state;
	rng_init(&rng, 1);
	for (size_t i = 0; i < sizeof(large); i++) {
		large[i] = (char)('a' + rng_below(&rng, 26));
	}
	memcpy(large + sizeof(large) - 6, "</end>", 6);
	buf_init(&archive.members, BUF_ANY);
	buf_init(&archive.directory, BUF_ANY);

	add(&archive, "other", "anything", 8);
	expect_int(0, check(&archive, 0), "no such document");
	add(&archive, "sheets/1", "<a></end>", 9);
	add(&archive, "other", "anything", 8);
	add(&archive, "sheets/2", large, sizeof(large));
	expect_int(0, check(&archive, 0), "two whole ones");
	add(&archive, "sheets/1", "<a></end>", 9);
	add(&archive, "sheets/2", large, sizeof(large) - 1);
	expect_int(-EBADMSG, check(&archive, 0), "one that lacks its last byte");
	add(&archive, "sheets/1", "<a></end", 8);
	add(&archive, "sheets/2", large, sizeof(large));
	expect_int(-EBADMSG, check(&archive, 0), "the first one is cut");
	add(&archive, "sheets/1", "", 0);
	expect_int(-EBADMSG, check(&archive, 0), "an empty one");
	add(&archive, "sheets/1", "<a></end>", 9);
	expect_int(-EBADMSG, check(&archive, 1), "the archive is cut");
	expect_int(0, check(&archive, 0), "an empty archive");
	expect_int(-EBADMSG, check(&archive, 10), "none");
	buf_done(&archive.members);
	buf_done(&archive.directory);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_whole_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
