// SPDX-License-Identifier: ISC

#include "sink/sink.h"

#include "sink/format.h"
#include "sink/logfile.h"
#include "sink/rotate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far more than the records of all replies that can come in one turn of the loop. */
static const size_t batch_max = (size_t)256 << 20;

/* After a rotation that failed; appending goes on meanwhile. */
#define ROTATION_RETRY (60 * USEC_PER_SEC)

enum {
	NAME_SIZE = 32,
	HEADER_MAX = 4096, /* bytes of a header, in any version */
	PROBE_BYTES = 64 * 1024,
};

struct sink {
	struct log_settings settings;
	const struct log_codec *codec; /* of the batch and of the current file */
	bool numbered;                 /* their lines carry the numbers of a journal's entries */
	struct logfile file;
	struct rotate rotate;
	struct buf batch;
	usec_t due;      /* of the rotation by the clock */
	bool owed;       /* a rotation was due and failed: */
	usec_t retry_at; /* sink_rotate() is wanted then */
};

/* The period that a file belongs to is that of the last line written to it. */
static void set_due(struct sink *sink) {
	static const enum interval intervals[] = {
		[ROTATE_HOUR] = INTERVAL_HOURLY,
		[ROTATE_DAY] = INTERVAL_DAILY,
	};

	sink->due = USEC_INFINITY;
	if (sink->settings.rotate_every != ROTATE_NEVER && !logfile_is_empty(&sink->file)) {
		const struct grid grid = {
			.zone = sink->settings.zone,
			.interval = intervals[sink->settings.rotate_every],
		};
		sink->due = grid_next(&grid, sink->file.written);
	}
}

static const char *current_name(char buf[static NAME_SIZE], const struct log_codec *codec) {
	(void)snprintf(buf, NAME_SIZE, "occupancy.%s", codec->extension);
	return buf;
}

static const char *header_of(const struct log_codec *codec, bool numbered) {
	return numbered ? codec->numbered_header : codec->header;
}

static int open_current(struct sink *sink, const struct log_codec *codec, bool numbered, struct logfile *ret_file,
                        struct error *err) {
	char name[NAME_SIZE];
	return logfile_open(ret_file, sink->rotate.directory, current_name(name, codec), header_of(codec, numbered), err);
}

/*
 * The name of a rotated file is that of the time; while nobody knows that, of what stands in
 * the file.  A clock that is years ahead would leave no better names for the time after it.
 */
static usec_t naming_time(const struct logfile *file, const struct log_codec *codec, usec_t now) {
	usec_t end;

	if (now != USEC_UNKNOWN) {
		return now;
	}
	return replay_last_end(file->fd, file->size, codec, &end) < 0 ? 0 : end;
}

/*
 * Takes a file out of the way: renamed if there is anything in it, else removed.
 * A crash or a failure after this leaves no current file, and the next start or
 * the next append opens it anew.
 */
static int retire(struct sink *sink, const struct logfile *file, const struct log_codec *codec,
                  usec_t now, struct error *err) {
	if (!logfile_is_empty(file)) {
		return rotate_rename(&sink->rotate, file->path, codec->extension,
		                     naming_time(file, codec, now), err);
	}

	int r = file_remove(file->path);
	if (r < 0 && r != -ENOENT) {
		return error_errno(err, -r, "%s: cannot be removed", file->path);
	}
	return 0;
}

/* The file of another format, from before the configuration was changed. */
static int retire_format(struct sink *sink, const struct log_codec *codec, usec_t now,
                         struct error *err) {
	struct file_info info;
	struct logfile file;
	char *path;

	if (asprintf(&path, "%s/occupancy.%s", sink->rotate.directory, codec->extension) < 0) {
		return error_errno(err, ENOMEM, "%s", sink->rotate.directory);
	}
	int r = file_stat(path, &info);
	free(path);
	if (r < 0) {
		return 0; /* there is none; or the directory is unwell, and the opening will tell */
	}

	r = open_current(sink, codec, sink->numbered, &file, err);
	if (r == 0) {
		r = retire(sink, &file, codec, now, err);
		logfile_close(&file);
	}
	return r;
}

static int check_directory(const char *directory, struct error *err) {
	int r = file_sync_directory(directory);

	if (r == -ENOENT) {
		return error_set(err, ENOENT,
		                 "%s: no such directory: create it for the user that the daemon runs as, "
		                 "or set LogsDirectory= in its unit",
		                 directory);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: not usable as the log directory", directory);
	}
	return 0;
}

static int open_all(struct sink *sink, const struct log_settings *settings, usec_t now,
                    struct error *err) {
	int r = check_directory(settings->directory, err);
	if (r < 0) {
		return r;
	}
	r = rotate_init(&sink->rotate, settings, now);
	if (r < 0) {
		return error_errno(err, -r, "%s", settings->directory);
	}
	return open_current(sink, sink->codec, sink->numbered, &sink->file, err);
}

int sink_open(const struct log_settings *settings, usec_t now, struct sink **ret_sink, struct error *err) {
	struct sink *sink = malloc(sizeof(*sink));
	if (!sink) {
		return error_errno(err, ENOMEM, "%s", settings->directory);
	}

	*sink = (struct sink){
		.settings = *settings,
		.codec = log_codec_of(settings->format),
		.numbered = settings->entries,
	};
	logfile_init(&sink->file);
	buf_init(&sink->batch, batch_max);

	int r = open_all(sink, settings, now, err);
	if (r < 0) {
		sink_close(sink);
		return r;
	}
	/* The file's time is by a clock that may have been late. */
	usec_t end;
	if (replay_last_end(sink->file.fd, sink->file.size, sink->codec, &end) == 0 && end > sink->file.written) {
		sink->file.written = end;
	}
	set_due(sink);
	*ret_sink = sink;
	return 0;
}

static int rotate_now(struct sink *sink, usec_t now, struct error *err);

/* Whether the current file begins with a header of other columns: an older version's, or with or without numbers. */
static bool has_other_header(const struct sink *sink) {
	char block[HEADER_MAX];
	struct log_entry entry;

	int64_t got = logfile_is_empty(&sink->file) || sink->file.heading > 0
	                      ? 0
	                      : file_read(sink->file.fd, block, sizeof(block), 0);
	const char *newline = got > 0 ? memchr(block, '\n', (size_t)got) : NULL;
	return newline && !memchr(block, '\0', (size_t)(newline - block)) &&
	       sink->codec->parse(block, (size_t)(newline - block) + 1, &entry) == -ENODATA;
}

/*
 * A rotation that was interrupted needs no more than this: the renamed file is found
 * by its name, and the new one was made when the log was opened.
 */
int sink_recover(struct sink *sink, const struct sink_position *from, usec_t now,
                 struct replay *replay, struct error *err) {
	char name[NAME_SIZE];
	int64_t zeros;
	int r = rotate_resume(&sink->rotate, from ? from->newest : 0, err);

	for (const struct log_codec *other = log_codecs; other->extension && r == 0; other++) {
		if (other != sink->codec) {
			r = retire_format(sink, other, now, err);
		}
	}
	if (r == 0 && has_other_header(sink)) {
		r = rotate_now(sink, now, err);
	}
	if (r == 0) {
		r = replay_run(sink->rotate.directory, current_name(name, sink->codec), from, replay,
		               &zeros, err);
	}
	if (r == 0 && zeros >= 0) {
		r = logfile_cut(&sink->file, zeros, err);
	}
	set_due(sink);
	return r;
}

int sink_reread(const struct sink *sink, struct replay *replay, struct error *err) {
	char name[NAME_SIZE];
	int64_t zeros;
	return replay_run(sink->rotate.directory, current_name(name, sink->codec), NULL, replay, &zeros, err);
}

void sink_close(struct sink *sink) {
	if (sink) {
		buf_done(&sink->batch);
		logfile_close(&sink->file);
		rotate_done(&sink->rotate);
		free(sink);
	}
}

/* The batch */

void sink_add(struct sink *sink, const struct record *record) {
	sink->codec->format(record, &sink->batch);
	if (sink->numbered) {
		sink->codec->number(&sink->batch, 0);
	}
}

void sink_carry(struct sink *sink, const char *line, size_t len, uint64_t entry) {
	sink->codec->carry(line, len, entry, &sink->batch);
}

void sink_drop(struct sink *sink) {
	buf_clear(&sink->batch);
}

size_t sink_pending(const struct sink *sink) {
	return sink->batch.len;
}

/* Rotation */

/* The file is whole and synced before and after; on failure it may have no current name. */
static int rotate_now(struct sink *sink, usec_t now, struct error *err) {
	int r = retire(sink, &sink->file, sink->codec, now, err);

	if (r == 0) {
		r = logfile_follow(&sink->file, err);
	}
	if (r == 0) {
		sink->owed = false;
		set_due(sink);
	}
	return r;
}

static bool is_full(const struct sink *sink) {
	int64_t limit = sink->settings.rotate_size;
	return limit > 0 && sink->file.size > limit - (int64_t)sink->batch.len;
}

/*
 * Before a batch.  If it cannot be done the batch goes to the old file, rather
 * than nowhere, and the loop is asked for sink_rotate(), which will tell.
 */
static void rotate_before(struct sink *sink, usec_t now) {
	bool due = now != USEC_UNKNOWN && now >= sink->due;
	if (logfile_is_empty(&sink->file) || (!due && !is_full(sink))) {
		return;
	}
	if (sink->owed) {
		/* Not on every batch.  If the clock stepped back, not as late as it says. */
		if (now != USEC_UNKNOWN && sink->retry_at > now + ROTATION_RETRY) {
			sink->retry_at = now + ROTATION_RETRY;
		}
		return;
	}
	if (rotate_now(sink, now, NULL) < 0) {
		sink->owed = true;
		sink->retry_at = now;
	}
}

/* The old file is retired first: a batch is never written in one format to a file of another. */
static int switch_format(struct sink *sink, const struct log_settings *settings, usec_t now,
                         struct error *err) {
	const struct log_codec *codec = log_codec_of(settings->format);
	struct logfile fresh;
	int r = logfile_follow(&sink->file, err);

	if (r == 0) {
		r = retire(sink, &sink->file, sink->codec, now, err);
	}
	if (r == 0) {
		r = open_current(sink, codec, settings->entries, &fresh, err);
	}
	if (r < 0) {
		return r;
	}

	fresh.generation = sink->file.generation + 1;
	logfile_close(&sink->file);
	sink->file = fresh;
	sink->codec = codec;
	sink->numbered = settings->entries;
	return 0;
}

static bool format_changes(const struct sink *sink, const struct log_settings *settings) {
	const struct log_codec *codec = log_codec_of(settings->format);
	return sink->codec != codec || strcmp(header_of(codec, sink->numbered), header_of(codec, settings->entries)) != 0;
}

static int append_batch(struct sink *sink, usec_t now, struct error *err) {
	int r = buf_error(&sink->batch);
	if (r == -EBADMSG) {
		return error_set(err, EBADMSG, "%s: a line of a journal's entry is not a record", sink->file.path);
	}
	if (r < 0) {
		return error_errno(err, -r, "%s: no memory for a batch", sink->file.path);
	}

	r = logfile_follow(&sink->file, err);
	if (r < 0) {
		return r;
	}
	rotate_before(sink, now);
	if (sink->batch.len > 0) {
		r = logfile_append(&sink->file, sink->batch.data, sink->batch.len, now, err);
	}
	set_due(sink);
	return r;
}

void sink_tick(struct sink *sink, usec_t now) {
	rotate_tick(&sink->rotate, now);
	if (now != USEC_UNKNOWN && sink->file.written > now) {
		sink->file.written = now; /* the file's time, by a clock that was ahead */
		set_due(sink);
	}
}

int sink_commit(struct sink *sink, usec_t now, struct error *err) {
	int r = append_batch(sink, now, err);

	buf_clear(&sink->batch);
	sink_tick(sink, now);
	if (r == 0 && format_changes(sink, &sink->settings)) {
		/* Left from a reload that found a batch of the old format; if it fails, next time. */
		(void)switch_format(sink, &sink->settings, now, NULL);
	}
	return r;
}

int sink_rotate(struct sink *sink, usec_t now, struct error *err) {
	int r = logfile_follow(&sink->file, err);

	sink_tick(sink, now);
	if (r == 0 && !logfile_is_empty(&sink->file)) {
		r = rotate_now(sink, now, err);
	}
	sink->owed = r < 0;
	sink->retry_at = now + ROTATION_RETRY;
	set_due(sink);
	return r;
}

usec_t sink_rotation_due(const struct sink *sink) {
	return sink->owed ? sink->retry_at : sink->due;
}

int sink_work(struct sink *sink, struct error *err) {
	return rotate_work(&sink->rotate, err);
}

bool sink_removed(struct sink *sink, struct rotate_removed *ret) {
	return rotate_removed(&sink->rotate, ret);
}

bool sink_is_empty(const struct sink *sink) {
	return logfile_is_empty(&sink->file);
}

void sink_begin_work(struct sink *sink) {
	rotate_begin(&sink->rotate);
}

int sink_follow(struct sink *sink, struct error *err) {
	int r = logfile_follow(&sink->file, err);
	set_due(sink);
	return r;
}

static int probe(const char *path) {
	static char nothing[PROBE_BYTES];

	(void)file_remove(path); /* what could not be removed before */
	int fd = file_open(path, FILE_CREATE, 0640);
	if (fd < 0) {
		return fd;
	}
	int r = file_write(fd, nothing, sizeof(nothing), NULL);
	if (r == 0) {
		r = file_sync(fd);
	}
	file_close(fd);
	int removed = file_remove(path);
	return r < 0 ? r : removed;
}

int sink_probe(struct sink *sink, struct error *err) {
	char path[PATH_MAX];
	int r = logfile_follow(&sink->file, err);

	if (r == 0) {
		(void)snprintf(path, sizeof(path), "%s/" ARCHIVE_PROBE, sink->rotate.directory);
		r = probe(path);
		if (r < 0) {
			rotate_begin(&sink->rotate); /* which sweeps up what is left of it */
			return error_errno(err, -r, "%s: cannot be written", sink->file.path);
		}
	}
	return r;
}

int sink_reconfigure(struct sink *sink, const struct log_settings *settings, usec_t now, struct error *err) {
	if (sink->batch.len == 0 && format_changes(sink, settings)) {
		int r = switch_format(sink, settings, now, err);
		if (r < 0) {
			return r;
		}
	}

	sink->settings = *settings;
	rotate_configure(&sink->rotate, settings);
	sink_tick(sink, now);
	set_due(sink);
	return 0;
}

struct sink_position sink_position(const struct sink *sink) {
	struct sink_position position = {
		.newest = sink->rotate.newest,
		.inode = sink->file.inode,
		.size = sink->file.size,
	};
	if (replay_tail(sink->file.fd, position.size, &position.tail) < 0) {
		position.size = 0; /* then the whole file will be read */
	}
	return position;
}

unsigned sink_generation(const struct sink *sink) {
	return sink->file.generation;
}

void sink_checkpointed(struct sink *sink, const struct sink_position *position) {
	rotate_release(&sink->rotate, position->newest);
}

const char *sink_path(const struct sink *sink) {
	return sink->file.path;
}
