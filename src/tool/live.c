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

/* That is looked for in a configuration. */
enum { LONGEST_WORD = 32 };

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

/* Reads a piece of a file at a time; words are not longer than half of one. */
static bool has_word(FILE *file, const char *const list[]) {
	char text[64 << 10];
	size_t kept = 0, len;
	while ((len = fread(text + kept, 1, sizeof(text) - kept, file)) > 0) {
		len += kept;
		for (size_t i = 0; list[i]; i++) {
			if (memmem(text, len, list[i], strlen(list[i]))) {
				return true;
			}
		}
		kept = len < LONGEST_WORD ? len : LONGEST_WORD;
		memmove(text, text + len - kept, kept);
	}
	return ferror(file) != 0;
}

/* Whether the configuration may say where it is.  A setting that is nowhere in the file is not set. */
static bool may_say(const char *config_file) {
	static const char *const says[] = {"runtime_directory", "@include", NULL};
	if (getenv("RUNTIME_DIRECTORY")) {
		return true;
	}
	FILE *file = fopen(config_file, "re");
	bool may = !file || has_word(file, says);
	if (file) {
		(void)fclose(file);
	}
	return may;
}

int live_path(struct tool *tool, char ret[static 128]) {
	if (!tool->config && may_say(tool->config_file) && tool_config(tool) < 0 && tool->config_given) {
		return EX_CONFIG;
	}
	const char *directory = tool->config ? tool->config->runtime_directory : NULL;
	char instance[LIVE_INSTANCE];
	if (directory) {
		(void)snprintf(ret, 128, "%s/status", directory);
	} else if (live_instance(tool->config_file, instance)) {
		(void)snprintf(ret, 128, "/run/occupancyd/%s/status", instance);
	} else {
		(void)snprintf(ret, 128, "/run/occupancyd/status");
	}
	return 0;
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

/* Of the live's store; NULL: there is none, or no memory. */
static const char *copy_of(struct live *live, struct json_object *of, const char *name) {
	size_t len;
	const char *text = json_string(json_member(of, name), &len);
	return text ? store_put(&live->store, text, len) : NULL;
}

static int64_t number_of(struct json_object *of, const char *name, int64_t otherwise) {
	int64_t number = otherwise;
	(void)json_int(json_member(of, name), &number);
	return live_number(number);
}

static usec_t time_of(struct json_object *of, const char *name) {
	size_t len;
	usec_t time;
	const char *text = json_string(json_member(of, name), &len);
	return text && utc_parse(text, false, &time) == 0 ? time : INT64_MIN;
}

static bool is_true(struct json_object *value) {
	return json_kind(value) == JSON_BOOL && json_double(value) != 0;
}

/* The cluster */

static struct live_place place_of(struct live *live, struct json_object *from) {
	return (struct live_place){
		.state = copy_of(live, from, "state"),
		.owner = copy_of(live, from, "owner"),
		.reason = copy_of(live, from, "reason"),
		.entry = number_of(from, "entry", 0),
		.head = number_of(from, "head", 0),
		.behind = number_of(from, "behind", 0),
		.unowned_since = time_of(from, "unowned_since"),
		.behind_since = time_of(from, "behind_since"),
	};
}

/* One without a name is none. */
static int take_nodes(struct live *live, struct json_object *list) {
	struct live_cluster *cluster = &live->cluster;
	for (size_t i = 0; i < json_count(list); i++) {
		struct json_object *from = json_element(list, i);
		int r = array_reserve(&cluster->nodes, &cluster->node_size, cluster->node_count + 1, sizeof(*cluster->nodes));
		if (r < 0) {
			return r;
		}
		struct live_node *node = &cluster->nodes[cluster->node_count];
		*node = (struct live_node){
			.name = copy_of(live, from, "name"),
			.version = copy_of(live, from, "version"),
			.well = is_true(json_member(from, "well")),
		};
		cluster->node_count += node->name != NULL;
	}
	return 0;
}

static int take_cluster(struct live *live, struct json_object *from) {
	struct live_cluster *cluster = &live->cluster;
	*cluster = (struct live_cluster){
		.node = copy_of(live, from, "node"),
		.name = copy_of(live, from, "name"),
		.lease = copy_of(live, from, "lease"),
		.reason = copy_of(live, from, "reason"),
		.differing = copy_of(live, from, "differing"),
		.reached = is_true(json_member(from, "reached")),
		.twin = is_true(json_member(from, "twin")),
		.since = time_of(from, "since"),
	};
	return take_nodes(live, json_member(from, "nodes"));
}

static int add_account(struct live *live, const char *text, struct json_object *from) {
	int r = array_reserve(&live->accounts, &live->account_size, live->account_count + 1, sizeof(*live->accounts));
	if (r < 0) {
		return r;
	}
	struct json_object *clock = json_member(from, "clock");
	struct live_account *account = &live->accounts[live->account_count++];
	*account = (struct live_account){
		.name = copy_of(live, from, "name"),
		.state = copy_of(live, from, "state"),
		.reason = copy_of(live, from, "reason"),
		.rate = copy_of(live, from, "rate"),
		.clock = copy_of(live, clock, "reason"),
		.since = time_of(from, "since"),
		.in_flight = number_of(from, "in_flight", 0),
		.ahead_ms = number_of(clock, "ahead_ms", 0),
		.confirmed = is_true(json_member(clock, "confirmed")),
		.place = place_of(live, json_member(from, "cluster")),
		.text = store_put(&live->store, text, strlen(text)),
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
	live->release = copy_of(live, from, "release");
	live->configuration = copy_of(live, from, "configuration");
	live->storage = copy_of(live, storage, "reason");
	live->storage_fails = json_count(json_member(storage, "failing")) > 0;
	live->started = time_of(from, "started");
	live->now = time_of(from, "now");
	live->pid = number_of(from, "pid", 0);
	live->head = store_put(&live->store, text, strlen(text));
	if (live->started == INT64_MIN || live->now == INT64_MIN) {
		return -EBADMSG;
	}
	return live->head ? take_cluster(live, json_member(from, "cluster")) : -ENOMEM;
}

static void take_orders(struct live *live, struct json_object *totals) {
	live->orders = (struct live_orders){
		.waiting = number_of(totals, "backfill_waiting", 0),
		.running = number_of(totals, "backfill_running", 0),
		.buckets = number_of(totals, "backfill_buckets", 0),
		.done = number_of(totals, "backfill_done", 0),
		.refused = number_of(totals, "backfill_refused", 0),
		.reason = copy_of(live, totals, "backfill_reason"),
	};
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
	take_orders(live, totals);
	live->totals = store_put(&live->store, text, strlen(text));
	return live->totals ? 0 : -ENOMEM;
}

/* The document: its head, accounts, devices and totals, each on a line of its own. */

struct reading {
	struct live *live;
	enum { HEAD, ACCOUNTS, DEVICES, END } part;
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

static int add_device(struct live *live, const char *line, size_t len) {
	int r = array_reserve(&live->devices, &live->device_size, live->device_count + 1, sizeof(*live->devices));
	if (r < 0) {
		return r;
	}
	struct live_device *device = &live->devices[live->device_count];
	r = deviceline_read(line, len, &live->store, live->device_count > 0 ? device - 1 : NULL, device);
	live->device_count += r == 0;
	return r;
}

static bool is_line(const char *line, size_t len, const char *text) {
	return len == strlen(text) && memcmp(line, text, len) == 0;
}

static int take_line(struct reading *reading, const char *line, size_t len) {
	struct live *live = reading->live;
	if (reading->part == HEAD) {
		reading->part = ACCOUNTS;
		return len > 0 && line[len - 1] == '[' ? take(live, "", line, len, "]}", take_head) : -EBADMSG;
	}
	/* Where there is no device, the list ends at once. */
	if (reading->part == ACCOUNTS && (is_line(line, len, "\"devices\":[") || is_line(line, len, "\"devices\":[],"))) {
		reading->part = DEVICES;
		return 0;
	}
	if (reading->part == DEVICES && line[0] == '"') {
		reading->part = END;
		return take(live, "{", line, len, "", take_totals);
	}
	if (reading->part == END) {
		return -EBADMSG;
	}
	len -= len > 0 && line[len - 1] == ',';
	len -= len > 0 && line[len - 1] == ']';
	if (len == 0) {
		return 0; /* there is none */
	}
	return reading->part == ACCOUNTS ? take(live, "", line, len, "", add_account) : add_device(live, line, len);
}

/* What has come and not been taken. */
struct input {
	int fd;
	char *data; /* of LONGEST bytes */
	size_t begin, end;
};

/* Returns the length of the next line, with its end, which is at *ret_line; 0: there is no other; or -errno. */
static ssize_t next_line(struct input *input, char **ret_line) {
	for (;;) {
		char *begin = input->data + input->begin;
		char *newline = memchr(begin, '\n', input->end - input->begin);
		if (newline) {
			*ret_line = begin;
			input->begin = (size_t)(newline + 1 - input->data);
			return newline + 1 - begin;
		}
		if (input->begin == 0 && input->end == LONGEST) {
			return -EBADMSG;
		}
		memmove(input->data, begin, input->end - input->begin);
		input->end -= input->begin;
		input->begin = 0;
		ssize_t len = read(input->fd, input->data + input->end, LONGEST - input->end);
		if (len == 0) {
			return 0;
		}
		if (len < 0 && errno != EINTR) {
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		}
		input->end += len > 0 ? (size_t)len : 0;
	}
}

int live_parse(int fd, struct live *live) {
	struct reading reading = {.live = live};
	struct input input = {.fd = fd, .data = malloc(LONGEST)};
	ssize_t len = 0;
	char *line = input.data;
	int r = input.data ? 0 : -ENOMEM;
	while (r == 0 && (len = next_line(&input, &line)) > 0) {
		r = take_line(&reading, line, (size_t)len - 1);
	}
	r = r == 0 && len < 0 ? (int)len : r;
	bool whole = reading.part == END && input.begin == input.end;
	free(input.data);
	return r == 0 && !whole ? 1 : r;
}

static enum live_result read_once(const char *path, struct live *live, int *ret, struct error *err) {
	int fd = -1;
	enum live_result result = connect_to(path, &fd, err);
	*ret = 0;
	if (result == LIVE_GOT) {
		*ret = live_parse(fd, live);
		(void)close(fd);
	}
	return result;
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

void live_done(struct live *live) {
	free(live->devices);
	free(live->accounts);
	free(live->cluster.nodes);
	store_done(&live->store);
	*live = (struct live){0};
}
