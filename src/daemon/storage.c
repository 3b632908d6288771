// SPDX-License-Identifier: ISC

#include "daemon/storage.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define TRIED_AGAIN "tried again until it works; polling pauses if the log fails too; nothing is lost"

static const char *const consequences[STORAGE_USES] = {
	[STORAGE_LOG] = "polling pauses until it can be written; nothing is lost",
	[STORAGE_ROTATION] = TRIED_AGAIN,
	[STORAGE_UPKEEP] = TRIED_AGAIN,
	[STORAGE_CHECKPOINT] = TRIED_AGAIN,
};

/* Of the directory itself, to which the path may be a symbolic link on another disk; 0 if that cannot be told. */
static uint64_t device_of(const char *directory) {
	char path[PATH_MAX];
	struct file_info info;
	int len = snprintf(path, sizeof(path), "%s/.", directory);
	if (len < 0 || (size_t)len >= sizeof(path) || file_stat(path, &info) < 0) {
		return 0;
	}
	return info.device;
}

void storage_init(struct storage *storage, const char *log_directory, const char *state_directory) {
	uint64_t log = device_of(log_directory);
	*storage = (struct storage){.one = log != 0 && log == device_of(state_directory)};
}

bool storage_fails(const struct storage *storage, enum storage_use use) {
	return storage->uses[use].error < 0;
}

static bool same_disk(const struct storage *storage, enum storage_use a, enum storage_use b) {
	return storage->one || (a == STORAGE_CHECKPOINT) == (b == STORAGE_CHECKPOINT);
}

/* A file system that has met an error gives the one or the other, as it comes. */
static int kind_of(int error) {
	return error == -EROFS ? -EIO : error;
}

/* Something else that fails in the same way, on the same disk; STORAGE_USES if there is none. */
static enum storage_use company_of(const struct storage *storage, enum storage_use use, int error) {
	for (int i = 0; i < STORAGE_USES; i++) {
		enum storage_use other = (enum storage_use)i;
		if (other != use && kind_of(storage->uses[other].error) == kind_of(error) &&
		    same_disk(storage, use, other)) {
			return other;
		}
	}
	return STORAGE_USES;
}

void storage_note(struct storage *storage, enum storage_use use, int r, const char *path,
                  const struct error *err, usec_t now) {
	int before = storage->uses[use].error;
	if ((r < 0) == (before < 0)) {
		return;
	}
	storage->uses[use].error = r < 0 ? r : 0;

	enum storage_use company = company_of(storage, use, r < 0 ? r : before);
	if (r < 0) {
		/* One that joins a trouble may outlast what people know it by, and tells its whole length. */
		storage->uses[use].since = company == STORAGE_USES ? now : storage->uses[company].since;
	}
	if (company != STORAGE_USES) {
		return;
	}
	if (r < 0) {
		log_err("%s: %s", err->text, consequences[use]);
	} else {
		char text[DURATION_STRING_SIZE];
		log_notice("%s: written again after %s", path,
		           units_format_duration(text, now - storage->uses[use].since, 0));
	}
}
