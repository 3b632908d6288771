// SPDX-License-Identifier: ISC

#include "journal.h"

#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int journal_open(struct journal *journal, const char *path, struct why *why) {
	journal->file = NULL;
	journal->seq = 0;
	if (!path) {
		return 0;
	}
	journal->file = fopen(path, "we");
	if (!journal->file) {
		return why_set(why, "%s: %s", path, strerror(errno));
	}
	return 0;
}

void journal_close(struct journal *journal) {
	if (journal->file) {
		fclose(journal->file);
	}
	journal->file = NULL;
	for (size_t i = 0; i < JOURNAL_KEPT; i++) {
		free(journal->kept[i]);
		journal->kept[i] = NULL;
	}
}

struct json_object *answer_outcome(const struct answer *answer) {
	static const char *const courses[] = {
		[COURSE_HANG] = "hang",
		[COURSE_RESET] = "reset",
		[COURSE_CLOSE] = "reset",
	};

	if (answer->course != COURSE_SEND) {
		return json_object_new_string(courses[answer->course]);
	}
	if (answer->cut >= 0) {
		return json_object_new_string("cut");
	}
	return json_object_new_int((int32_t)answer->status);
}

static void add_int(struct json_object *line, const char *name, int64_t number) {
	json_object_object_add(line, name, json_object_new_int64(number));
}

static void add_request(struct json_object *line, const struct request *request) {
	json_add_client_text(line, "method", request->method);
	json_add_client_text(line, "path", request->path);
	json_add_client_text(line, "http", request->http);
	json_add_client_text(line, "scheme", request->credential.scheme);
	json_add_client_text(line, "asked_org", request->credential.org);
	json_add_client_text(line, "user_agent", request->user_agent);
	json_add_client_text(line, "accept_encoding", request->accept_encoding);
	json_add_client_text(line, "content_type", request->content_type);
	json_add_client_text(line, "accept", request->accept);
	add_int(line, "request_bytes", (int64_t)request->body.length);
	add_int(line, "connection", request->connection);
}

static void add_query(struct json_object *line, const struct query *query) {
	bool range = query && query->has_range;

	json_add_client_text(line, "device", query ? query->device : NULL);
	json_object_object_add(line, "start_ms",
	                       range ? json_object_new_int64(query->start_ms) : NULL);
	json_object_object_add(line, "end_ms", range ? json_object_new_int64(query->end_ms) : NULL);
	json_add_client_text(line, "interval", query ? query->word : NULL);
}

static void add_answer(struct json_object *line, const struct answer *answer) {
	json_object_object_add(line, "status", answer_outcome(answer));
	add_int(line, "answer_bytes",
	        answer->course == COURSE_SEND ? (int64_t)answer->body.length : 0);
	add_int(line, "points", (int64_t)answer->points);
	json_object_object_add(line, "gzip", json_object_new_boolean(answer->gzipped));
	add_int(line, "delay_ms", answer->delay_ms);
}

static struct json_object *line_make(const struct entry *entry, int64_t seq) {
	struct json_object *line = json_object_new_object();

	add_int(line, "seq", seq);
	add_int(line, "mono_us", entry->mono_us);
	add_int(line, "time_ms", entry->time_ms);
	json_object_object_add(line, "key", json_object_new_string(entry->key));
	json_object_object_add(line, "org", entry->org ? json_object_new_string(entry->org) : NULL);
	add_int(line, "in_flight", entry->in_flight);
	add_query(line, entry->query);
	add_answer(line, entry->answer);
	json_object_object_add(line, "rule",
	                       entry->rule >= 0 ? json_object_new_int(entry->rule) : NULL);
	add_request(line, entry->request);
	return line;
}

/* A journal that cannot be written is no proof of anything, so the program ends. */
static void file_write(struct journal *journal, const struct text *line) {
	if (!journal->file) {
		return;
	}
	if (fwrite(line->bytes, 1, line->length, journal->file) != line->length ||
	    fflush(journal->file) != 0) {
		fprintf(stderr, "fake-rhombus: journal: %s\n", strerror(errno));
		abort();
	}
}

void journal_write(struct journal *journal, const struct entry *entry, const struct keys *keys) {
	struct json_object *object = line_make(entry, ++journal->seq);
	struct text line = {0};
	char **place = &journal->kept[journal->seq % JOURNAL_KEPT];

	text_add(&line, json_print(object));
	text_add(&line, "\n");
	json_object_put(object);
	keys_redact(keys, &line);
	file_write(journal, &line);
	free(*place);
	*place = line.bytes;
}

void journal_show(const struct journal *journal, int64_t since, struct text *out) {
	int64_t oldest = journal->seq - JOURNAL_KEPT;

	if (since < 0) {
		since = 0;
	}
	for (int64_t seq = since > oldest ? since + 1 : oldest + 1; seq <= journal->seq; seq++) {
		text_add(out, journal->kept[seq % JOURNAL_KEPT]);
	}
}
