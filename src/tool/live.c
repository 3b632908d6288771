// SPDX-License-Identifier: ISC

#include "tool/live.h"

#include "base/array.h"
#include "base/json.h"
#include "base/utc.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The document's version that is understood here: members may be added to it. */
enum { VERSION = 1 };

/* A daemon that turns answers at once. */
enum { ANSWER_TIME_S = 10 };

/* A reload ends a document early: then there is another one. */
enum { TRIES = 4 };

enum { LONGEST = 1 << 20 };

/* Devices are read many at a time: to prepare for a text takes longer than to read one. */
enum { BATCH = 128 << 10 };

static const char *const words[LIVE_STATES] = {
	[LIVE_FAILING] = "failing", [LIVE_WAITING] = "waiting",   [LIVE_LATE] = "late",
	[LIVE_STARTING] = "starting", [LIVE_FRESH] = "fresh",
};

const char *live_word(enum live_state state) {
	return words[state];
}

/* The socket */

bool live_instance(const char *config_file, char ret[static LIVE_INSTANCE]) {
	static const char below[] = "/occupancyd/";
	const char *slash = strrchr(config_file, '/');
	for (const char *name = config_file; slash && (name = strstr(name, below)); name++) {
		const char *begin = name + strlen(below);
		if (begin < slash && !memchr(begin, '/', (size_t)(slash - begin))) {
			return snprintf(ret, LIVE_INSTANCE, "%.*s", (int)(slash - begin), begin) < LIVE_INSTANCE;
		}
	}
	return false;
}

const char *live_path(struct tool *tool, char ret[static 128]) {
	const char *directory = tool->config ? tool->config->runtime_directory : NULL;
	char instance[LIVE_INSTANCE];
	if (directory) {
		(void)snprintf(ret, 128, "%s/status", directory);
	} else if (live_instance(tool->config_file, instance)) {
		(void)snprintf(ret, 128, "/run/occupancyd/%s/status", instance);
	} else {
		(void)snprintf(ret, 128, "/run/occupancyd/status");
	}
	return ret;
}

static const char *user_name(char out[static 64], uid_t uid) {
	const struct passwd *user = getpwuid(uid);
	if (user) {
		(void)snprintf(out, 64, "%s", user->pw_name);
	} else {
		(void)snprintf(out, 64, "%u", (unsigned)uid);
	}
	return out;
}

/* Who listens is whom the directory belongs to, or root, or this user. */
static bool is_believed(int fd, const char *path, struct error *err) {
	struct ucred peer;
	socklen_t size = sizeof(peer);
	char directory[128], who[64], whose[64];
	struct stat st;
	(void)snprintf(directory, sizeof(directory), "%s", path);
	char *slash = strrchr(directory, '/');
	if (slash) {
		*slash = '\0';
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || stat(directory, &st) < 0 || peer.uid == 0 ||
	    peer.uid == geteuid() || peer.uid == st.st_uid) {
		return true;
	}
	error_say(err, "%s: a process of user %s listens there, but the directory belongs to user %s", path,
	          user_name(who, peer.uid), user_name(whose, st.st_uid));
	return false;
}

static enum live_result not_connected(const char *path, int error, struct error *err) {
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		error_say(err, "%s: there is no such socket", path);
		return LIVE_DOWN;
	case ECONNREFUSED:
		error_say(err, "%s: nobody listens there any more", path);
		return LIVE_DOWN;
	case EACCES:
	case EPERM:
		error_say(err, "%s: permission denied: it is for root and members of the group occupancyd", path);
		return LIVE_DENIED;
	case ENOTSOCK:
	case EPROTOTYPE:
		error_say(err, "%s: is not the daemon's socket", path);
		return LIVE_FOREIGN;
	default:
		error_say(err, "%s: %s", path, strerror(error));
		return error == EAGAIN ? LIVE_SILENT : LIVE_BROKEN;
	}
}

static enum live_result connect_to(const char *path, int *ret_fd, struct error *err) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval time = {.tv_sec = ANSWER_TIME_S};
	struct stat st;
	if (strlen(path) >= sizeof(address.sun_path)) {
		return not_connected(path, ENAMETOOLONG, err);
	}
	memcpy(address.sun_path, path, strlen(path));
	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode)) {
		return not_connected(path, ENOTSOCK, err);
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return not_connected(path, errno, err);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		(void)close(fd);
		return not_connected(path, error, err);
	}
	if (!is_believed(fd, path, err)) {
		(void)close(fd);
		return LIVE_FOREIGN;
	}
	*ret_fd = fd;
	return LIVE_GOT;
}

/* Values */

static char *copy_of(struct json_object *of, const char *name) {
	size_t len;
	const char *text = json_string(json_member(of, name), &len);
	return text ? strdup(text) : NULL;
}

static int64_t number_of(struct json_object *of, const char *name, int64_t otherwise) {
	int64_t number = otherwise;
	(void)json_int(json_member(of, name), &number);
	return number;
}

static usec_t time_of(struct json_object *of, const char *name) {
	size_t len;
	usec_t time;
	const char *text = json_string(json_member(of, name), &len);
	return text && utc_parse(text, false, &time) == 0 ? time : INT64_MIN;
}

static enum live_state state_of(struct json_object *of) {
	size_t len;
	const char *text = json_string(json_member(of, "state"), &len);
	int state = 0;
	/* A word that is not known here is of something that wants to be seen. */
	while (text && state < LIVE_STATES && strcmp(text, words[state]) != 0) {
		state++;
	}
	return text && state < LIVE_STATES ? (enum live_state)state : LIVE_FAILING;
}

static bool is_true(struct json_object *value) {
	return json_kind(value) == JSON_BOOL && json_double(value) != 0;
}

static int add_device(struct live *live, const char *text, struct json_object *from) {
	int r = array_reserve(&live->devices, &live->device_size, live->device_count + 1, sizeof(*live->devices));
	if (r < 0) {
		return r;
	}
	struct live_device *device = &live->devices[live->device_count++];
	*device = (struct live_device){
		.uuid = copy_of(from, "uuid"),
		.name = copy_of(from, "name"),
		.site = copy_of(from, "site"),
		.account = copy_of(from, "account"),
		.interval = copy_of(from, "interval"),
		.zone = copy_of(from, "zone"),
		.reason = copy_of(from, "reason"),
		.state = state_of(from),
		.last_end = time_of(from, "last_end"),
		.count = number_of(from, "last_count", -1),
		.age = number_of(from, "age_s", 0) * USEC_PER_SEC,
		.waiting = number_of(from, "waiting", 0),
		.rechecks = number_of(from, "rechecks", 0),
		.since = time_of(from, "since"),
		.text = strdup(text),
	};
	return device->name && device->uuid && device->text ? 0 : -EBADMSG;
}

static int add_account(struct live *live, const char *text, struct json_object *from) {
	int r = array_reserve(&live->accounts, &live->account_size, live->account_count + 1, sizeof(*live->accounts));
	if (r < 0) {
		return r;
	}
	struct json_object *clock = json_member(from, "clock");
	struct live_account *account = &live->accounts[live->account_count++];
	*account = (struct live_account){
		.name = copy_of(from, "name"),
		.state = copy_of(from, "state"),
		.reason = copy_of(from, "reason"),
		.rate = copy_of(from, "rate"),
		.clock = copy_of(clock, "reason"),
		.since = time_of(from, "since"),
		.in_flight = number_of(from, "in_flight", 0),
		.ahead_ms = number_of(clock, "ahead_ms", 0),
		.confirmed = is_true(json_member(clock, "confirmed")),
		.text = strdup(text),
	};
	return account->name && account->state && account->text ? 0 : -EBADMSG;
}

static int take_head(struct live *live, const char *text, struct json_object *from) {
	struct json_object *storage = json_member(from, "storage");
	size_t len;
	const char *program = json_string(json_member(from, "program"), &len);
	if (!program || strcmp(program, "occupancyd") != 0 || number_of(from, "version", 0) != VERSION) {
		return -EBADMSG;
	}
	live->release = copy_of(from, "release");
	live->configuration = copy_of(from, "configuration");
	live->storage = copy_of(storage, "reason");
	live->storage_fails = json_count(json_member(storage, "failing")) > 0;
	live->started = time_of(from, "started");
	live->now = time_of(from, "now");
	live->pid = number_of(from, "pid", 0);
	live->head = strdup(text);
	return live->head ? 0 : -ENOMEM;
}

static int take_totals(struct live *live, const char *text, struct json_object *from) {
	struct json_object *totals = json_member(from, "totals");
	if (number_of(totals, "devices", -1) != (int64_t)live->device_count) {
		return -EBADMSG;
	}
	live->requests = number_of(totals, "requests", 0);
	live->records = number_of(totals, "records", 0);
	live->points_dropped = number_of(totals, "points_dropped", 0);
	live->last_record = time_of(totals, "last_record");
	live->totals = strdup(text);
	return live->totals ? 0 : -ENOMEM;
}

/* The document: its head, accounts, devices and totals, each on a line of its own. */

struct reading {
	struct live *live;
	enum { HEAD, ACCOUNTS, DEVICES, END } part;
	struct buf batch;   /* lines of devices, with commas at their ends */
	size_t batched;     /* so many */
};

/* Makes JSON of a line's own, by what is before and behind it, and takes it. */
static int take(struct live *live, const char *before, const char *line, size_t len, const char *behind,
                int (*use)(struct live *live, const char *text, struct json_object *from)) {
	struct json_object *value = NULL;
	struct error err;
	struct buf text;
	buf_init(&text, LONGEST + 16);
	buf_puts(&text, before);
	buf_append(&text, line, len);
	buf_puts(&text, behind);
	int r = buf_error(&text);
	r = r == 0 ? json_read(buf_text(&text), text.len, &value, &err) : r;
	r = r == 0 ? use(live, buf_text(&text), value) : r;
	json_free(value);
	buf_done(&text);
	return r;
}

/* Each of the lines has to be one device. */
static int take_batch(struct reading *reading) {
	struct json_object *value = NULL;
	struct error err;
	size_t count = reading->batched;
	char *line = reading->batch.data;
	int r = buf_error(&reading->batch);
	if (count == 0 || r < 0) {
		return r;
	}
	const char *batch_end = reading->batch.data + reading->batch.len;
	/* The last comma is the list's end. */
	reading->batch.data[reading->batch.len - 2] = ']';
	r = json_read(line, reading->batch.len, &value, &err);
	r = r == 0 && json_count(value) != count ? -EBADMSG : r;
	line++;
	for (size_t i = 0; r == 0 && i < count; i++) {
		char *end = memchr(line, '\n', (size_t)(batch_end - line));
		end[-1] = '\0'; /* its comma */
		r = add_device(reading->live, line, json_element(value, i));
		line = end + 1;
	}
	json_free(value);
	buf_clear(&reading->batch);
	reading->batched = 0;
	return r;
}

static int batch(struct reading *reading, const char *line, size_t len) {
	if (reading->batched == 0) {
		buf_putc(&reading->batch, '[');
	}
	buf_append(&reading->batch, line, len);
	buf_puts(&reading->batch, ",\n");
	reading->batched++;
	return reading->batch.len < BATCH ? 0 : take_batch(reading);
}

static int take_line(struct reading *reading, const char *line, size_t len) {
	static const char devices[] = "\"devices\":[";
	struct live *live = reading->live;
	if (reading->part == HEAD) {
		reading->part = ACCOUNTS;
		return take(live, "", line, len, "]}", take_head);
	}
	if (reading->part == ACCOUNTS && len == strlen(devices) && memcmp(line, devices, len) == 0) {
		reading->part = DEVICES;
		return 0;
	}
	if (reading->part == DEVICES && line[0] == '"') {
		reading->part = END;
		int r = take_batch(reading);
		return r < 0 ? r : take(live, "{", line, len, "", take_totals);
	}
	if (reading->part == END) {
		return -EBADMSG;
	}
	len -= len > 0 && line[len - 1] == ',';
	len -= len > 0 && line[len - 1] == ']';
	if (len == 0) {
		return 0; /* there is none */
	}
	return reading->part == ACCOUNTS ? take(live, "", line, len, "", add_account) : batch(reading, line, len);
}

/* Returns 1 if it was cut off at the end of what came. */
static int read_document(FILE *file, struct live *live) {
	struct reading reading = {.live = live};
	buf_init(&reading.batch, BATCH + LONGEST + 16);
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int r = 0;
	errno = 0;
	while (r == 0 && (len = getline(&line, &size, file)) > 0) {
		bool whole = line[len - 1] == '\n';
		if (!whole) {
			r = 1;
		} else {
			r = len > LONGEST ? -EBADMSG : take_line(&reading, line, (size_t)len - 1);
		}
		if (reading.part == END && r == -EBADMSG) {
			/* The totals end in "}}": what follows them is not ours. */
			break;
		}
	}
	if (r == 0 && ferror(file)) {
		r = errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
	free(line);
	buf_done(&reading.batch);
	return r != 0 ? r : reading.part != END ? 1 : 0;
}

static enum live_result read_once(const char *path, struct live *live, int *ret, struct error *err) {
	int fd = -1;
	enum live_result result = connect_to(path, &fd, err);
	*ret = 0;
	if (result != LIVE_GOT) {
		return result;
	}
	FILE *file = fdopen(fd, "r");
	if (!file) {
		(void)close(fd);
		return LIVE_BROKEN;
	}
	*ret = read_document(file, live);
	(void)fclose(file);
	return LIVE_GOT;
}

enum live_result live_read(const char *path, struct live *live, struct error *err) {
	int r = 1;
	for (int i = 0; r == 1 && i < TRIES; i++) {
		live_done(live);
		enum live_result result = read_once(path, live, &r, err);
		if (result != LIVE_GOT) {
			return result;
		}
	}
	switch (r) {
	case 0:
		return LIVE_GOT;
	case -EBADMSG:
		error_say(err, "%s: what it gives is not the status of an occupancyd of this version", path);
		return LIVE_FOREIGN;
	case -ETIMEDOUT:
		error_say(err, "%s: no answer within %d s", path, ANSWER_TIME_S);
		return LIVE_SILENT;
	case 1:
		error_say(err, "%s: what it gives is cut off", path);
		return LIVE_SILENT;
	default:
		error_say(err, "%s: %s", path, strerror(-r));
		return LIVE_BROKEN;
	}
}

static void device_done(struct live_device *device) {
	free(device->uuid);
	free(device->name);
	free(device->site);
	free(device->account);
	free(device->interval);
	free(device->zone);
	free(device->reason);
	free(device->text);
}

static void account_done(struct live_account *account) {
	free(account->name);
	free(account->state);
	free(account->reason);
	free(account->rate);
	free(account->clock);
	free(account->text);
}

void live_done(struct live *live) {
	for (size_t i = 0; i < live->device_count; i++) {
		device_done(&live->devices[i]);
	}
	for (size_t i = 0; i < live->account_count; i++) {
		account_done(&live->accounts[i]);
	}
	free(live->devices);
	free(live->accounts);
	free(live->release);
	free(live->configuration);
	free(live->storage);
	free(live->head);
	free(live->totals);
	*live = (struct live){0};
}
