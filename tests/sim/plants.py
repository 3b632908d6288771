# SPDX-License-Identifier: ISC
"""The planted faults: mistakes that the simulation must find.

Each is a name, a source file, and changes of text in it.  An old text must stand in
the file exactly once; else this table is out of date, and the self-test says so.
"""


class Plant:
    def __init__(self, name, source, *changes):
        self.name = name
        self.source = source
        self.changes = list(zip(changes[::2], changes[1::2]))


PLANTS = [
    # The order of things: append, sync, cursor, checkpoint.
    Plant("poll told before the commit", "src/daemon/commit.c",
          "	if (r == 0) {\n		commit_succeeded(poller);\n	} else {", "	if (r != 0) {",
          "	int r = sink_commit(poller->sink, poller->wall, &err);\n",
          "	commit_succeeded(poller);\n	int r = sink_commit(poller->sink, poller->wall, &err);\n"),
    Plant("no sync of the log", "src/sink/logfile.c",
          "	if (r == 0) {\n		r = file_sync(file->fd);\n	}\n", ""),
    Plant("failed sync trusted", "src/sink/logfile.c",
          "	if (r == 0) {\n		r = file_sync(file->fd);\n", "	if (r == 0) {\n		(void)!file_sync(file->fd);\n"),
    Plant("failed append not cut off", "src/sink/logfile.c",
          "	/* If this fails the next call begins with it. */\n	(void)take_back(file);\n",
          "	file->size += file->stray;\n	file->stray = 0;\n"),
    Plant("torn line kept", "src/sink/logfile.c",
          "	if (r == 0 && whole < size) {\n		r = file_truncate(fd, whole);",
          "	if (r == 0 && whole < size) {\n		whole = size;"),
    Plant("moved file not noticed", "src/sink/logfile.c",
          "	if (r == -ENOENT || (r == 0 && !is_ours(file, &info))) {\n		return open_path(file, err);",
          "	if (r == -ENOENT) {\n		return open_path(file, err);"),
    Plant("no sync of the directory with a new log", "src/sink/logfile.c",
          "		r = file_sync_directory(directory);\n", "		(void)directory;\n"),
    Plant("checkpoint not synced before its rename", "src/base/replace.c",
          "		r = file_sync_all(fd);\n", ""),

    # Rotation.
    Plant("name of a rotated file given again", "src/sink/rotate.c",
          "		if (time <= rotate->newest) {\n			time = rotate->newest + USEC_PER_SEC;\n		}\n", "",
          "		r = file_rename_new(path, path_of(to,", "		r = file_rename(path, path_of(to,"),
    Plant("compressed before it is whole", "src/sink/gzip.c",
          "	if (last) {\n		return file_sync_all(gzip->to);", "	if (last) {\n		return 0;"),
    Plant("plain file removed before the compressed one's name lasts", "src/sink/rotate.c",
          "	gzip_free(rotate->gzip);\n	rotate->gzip = NULL;\n\n	r = file_sync_directory(rotate->directory);\n	if (r < 0) {\n		return r;\n	}\n",
          "	gzip_free(rotate->gzip);\n	rotate->gzip = NULL;\n\n"),
    Plant("one rotated file too few is kept", "src/sink/rotate.c",
          "left->groups > settings->keep)", "left->groups >= settings->keep)"),
    Plant("unfinished compression left behind", "src/sink/rotate.c",
          "	int r = archive_sweep(rotate->directory);", "	int r = 0;"),
    Plant("header missing in new CSV files", "src/sink/logfile.c",
          "	size_t header_len = file->size == 0 ? strlen(file->header) : 0;", "	size_t header_len = 0;"),

    # What is asked, and when.
    Plant("Retry-After ignored", "src/response/outcome.c",
          "	return wait < RETRY_AFTER_MOST ? wait : RETRY_AFTER_MOST;", "	return RETRY_AFTER_LEAST;"),
    Plant("an odd count is taken for none", "src/response/parse.c",
          "	if (!chosen || !whole_number(chosen, &count) || count < 0) {\n		return COUNT_AMBIGUOUS;",
          "	if (!chosen || !whole_number(chosen, &count) || count < 0) {\n		return chosen ? COUNT_NONE : COUNT_AMBIGUOUS;"),
    Plant("a message without points is taken for no data", "src/response/parse.c",
          "	       (!has_points(root) && is_text(", "	       (has_points(root) && is_text("),
    Plant("a count corrected to nothing", "src/response/record.c",
          "	bool vanished = before->status != RECORD_NO_DATA &&", "	bool vanished = 0 * before->status &&"),
    Plant("a bad bucket is never passed over", "src/schedule/reach.c",
          "	if (reach->proofs > 0 || !patient) {", "	if (0 * reach->proofs && !patient) {"),
    Plant("a bucket is given up the first time that it fails", "src/schedule/reach.c",
          "	if (reach->proofs == PROOFS) {", "	if (reach->proofs <= PROOFS) {"),
    Plant("a range that is refused is not asked for in parts", "src/schedule/reach.c",
          "	if (buckets <= 1) {", "	if (buckets <= 1440) {"),
    Plant("Retry-After of a 503 ignored", "src/response/outcome.c",
          "	return reply->status == 503 && reply->retry_after ? OUTCOME_THROTTLED\n", "	return 0 && reply->retry_after ? OUTCOME_THROTTLED\n"),
    Plant("the cost leaves half of each request to the look-back", "src/schedule/cost.c",
          "settings->max_points, now, &span)", "settings->max_points / 2, now, &span)"),
    Plant("rate: one token too many", "src/schedule/rate.c",
          "	usec_t reach = rate->gap * (rate->burst - 1);\n	return", "	usec_t reach = rate->gap * rate->burst;\n	return"),
    Plant("in-flight cap ignored", "src/schedule/lane.c",
          "	if (lane->in_flight >= in_flight_limit(lane)) {", "	if (lane->in_flight > in_flight_limit(lane)) {"),
    Plant("settle ignored", "src/schedule/span.c",
          "	return grid_floor(&settings->bucket, now - settings->settle);", "	return grid_floor(&settings->bucket, now);"),
    Plant("clock ahead of the server's ignored", "src/schedule/skew.c",
          "	return skew->ahead;", "	return 0 * skew->ahead;"),
    Plant("clock step not followed", "src/daemon/clockwork.c",
          "	poller->clock_offset += step;\n", "	poller->clock_offset += step;\n	if (step != 0) {\n		return;\n	}\n"),
    Plant("request cut one bucket short", "src/schedule/span.c",
          "	while (span.end < closed && span.fresh_buckets < limit) {", "	while (span.end < closed && span.fresh_buckets <= limit) {"),

    # The calendar.
    Plant("edge at a clock change missed", "src/calendar/interval.c",
          "floor_to(instant - 1 + period.offset, length)", "floor_to(instant + period.offset, length)"),
    Plant("hours floored across a clock change", "src/calendar/interval.c",
          "		if (edge >= period.start) {\n			return edge;\n		}\n		instant = period.start - 1;",
          "		return edge;"),
    Plant("midnight shown twice is an edge twice", "src/calendar/interval.c",
          "	while (period.start > unit.start - MAX_OFFSET) {", "	while (period.start > unit.start + MAX_OFFSET) {"),

    # Records.
    Plant("revision not counted up", "src/response/record.c",
          "	record->revision = before->revision + 1;", "	record->revision = before->revision > 0 ? before->revision : 1;"),
    Plant("previous count of the wrong record", "src/response/record.c",
          "	record->previous = before->count;", "	record->previous = record->count;"),
    Plant("unchanged bucket recorded again", "src/response/record.c",
          "	bool differs = before->status != record->status || before->count != record->count;",
          "	bool differs = before->status != record->status || before->count != record->count || record->count == 3;"),
    Plant("point at the span's end counted", "src/response/record.c",
          "	if (instant < edges[0] || instant >= edges[buckets]) {\n		return buckets;",
          "	if (instant < edges[0]) {\n		return buckets;\n	}\n	if (instant >= edges[buckets]) {\n		return buckets - 1;"),
    Plant("gap one bucket too long", "src/schedule/span.c",
          "	usec_t end = grid_floor(&settings->bucket, now - settings->backfill);\n	return end > cursor ? end : cursor;",
          "	usec_t end = grid_floor(&settings->bucket, now - settings->backfill);\n	return end > cursor ? grid_next(&settings->bucket, end) : cursor;"),
    Plant("gap one bucket late", "src/schedule/span.c",
          "	return is_single(settings) ? cursor : grid_floor(&settings->bucket, cursor);",
          "	return is_single(settings) ? cursor : grid_next(&settings->bucket, cursor - 1);"),

    # Memory and recovery.
    Plant("look-back memory not restored", "src/daemon/poller.c",
          "		(void)poll_apply(poll, &entry->memory[i], entry->cursor);\n", ""),
    Plant("look-back memory restored one bucket off", "src/daemon/poller.c",
          "	for (size_t i = 0; i < entry->memory_len; i++) {\n", "	for (size_t i = 1; i < entry->memory_len; i++) {\n"),
    Plant("cursor not taken over on reload", "src/schedule/poll.c",
          "	poll->cursor = from->cursor;\n", ""),
    Plant("memory not taken over on reload", "src/schedule/poll.c",
          "	poll->memory_len = keep;\n", "	poll->memory_len = keep / 2;\n"),
    Plant("devices that come back are forgotten", "src/daemon/reload.c",
          "			orphans_adopt(&poller->orphans, poll);", "			(void)poller->orphans;"),
    Plant("mistakes of a broken configuration not told", "src/daemon/command.c",
          "	} else {\n		log_lines(LOG_LEVEL_ERR, buf_text(&problems.text));",
          "	} else {"),
    Plant("recovery ignores rotated files", "src/sink/replay.c",
          "		r = read_rotated(&run, from ? from->newest : INT64_MIN, err);", "		r = 0;"),
    Plant("recovery ignores compressed files", "src/sink/replay.c",
          "		if (archive.files[i].time > after && !is_twin(&archive, i)) {",
          "		if (archive.files[i].time > after && !archive.files[i].compressed) {"),
    Plant("recovery off by one line", "src/sink/replay.c",
          "	} else if (r == -EBADMSG) {\n		note_odd(lines, at);",
          "		if (lines->replay->records == 1 && lines->current) {\n			lines->zeros = at;\n			return false;\n		}\n	} else if (r == -EBADMSG) {\n		note_odd(lines, at);"),
    Plant("recovery misses the last line", "src/sink/replay.c",
          "		lines->replay->visit(&entry, lines->replay->user);",
          "		static struct log_entry last;\n		static size_t seen;\n		if (seen++ > 0) {\n			lines->replay->visit(&last, lines->replay->user);\n		}\n		last = entry;"),
    Plant("recovery does not remember revisions", "src/daemon/poller.c",
          "		.revision = (uint16_t)entry->revision,\n", ""),
]
