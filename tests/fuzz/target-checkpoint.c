// SPDX-License-Identifier: ISC

/*
 * A checkpoint as it is, and the same with a checksum that agrees, behind which nothing
 * but the parser stands.  What is accepted and written again is the same, byte for byte.
 */

#include "fuzz.h"

#include "state/checkpoint.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

static void add(const struct checkpoint_entry *entry, void *user) {
	checkpoint_add(user, entry);
}

static void add_account(const struct checkpoint_account *account, void *user) {
	checkpoint_add_account(user, account);
}

static void ignore_account(const struct checkpoint_account *account, void *user) {
	++*(size_t *)user;
	must(account->name[0] && strlen(account->name) <= 64, "%s", account->name);
}

static void ignore(const struct checkpoint_entry *entry, void *user) {
	++*(size_t *)user;
	must(strlen(entry->uuid) <= 64, "%s", entry->uuid);
	for (size_t i = 1; i < entry->memory_len; i++) {
		must(entry->memory[i - 1].start < entry->memory[i].start, "not ascending");
	}
}

static void check_same(const char *data, size_t len) {
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/checkpoint", fuzz_directory());
	FILE *file = fopen(path, "rb");
	char *written = malloc(len + 1);
	must(file && written, "%s", path);
	size_t n = fread(written, 1, len + 1, file);
	must(n == len && memcmp(data, written, len) == 0, "written as another");
	(void)fclose(file);
	free(written);
}

static void check(const char *data, size_t len) {
	struct sink_position position;
	struct checkpoint_writer *writer;
	struct error err = {{0}};
	size_t visits = 0;

	const struct checkpoint_visitor ignorer = {ignore, ignore_account, &visits};
	int r = checkpoint_parse(data, len, &ignorer, &position, &err);
	must(r == 0 || r == -EBADMSG, "%d", r);
	if (r < 0) {
		must(visits == 0, "visited before it was verified");
		fuzz_must_be_line(err.text, strlen(err.text), "");
		return;
	}
	must(checkpoint_begin(&position, &writer) == 0, "no memory");
	const struct checkpoint_visitor adder = {add, add_account, writer};
	must(checkpoint_parse(data, len, &adder, &position, &err) == 0, "%s", err.text);
	must(checkpoint_finish(writer, fuzz_directory(), &err) == 0, "%s", err.text);
	check_same(data, len);
}

void fuzz_one(const uint8_t *data, size_t len) {
	char *text = malloc(len + 32);
	must(text, "no memory");
	if (len > 0) {
		memcpy(text, data, len);
	}
	check(text, len);
	int tail = snprintf(text + len, 32, "crc32 %08lx\n", crc32(0, data, (unsigned)len));
	check(text, len + (size_t)tail);
	free(text);
}
