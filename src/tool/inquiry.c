// SPDX-License-Identifier: ISC

#include "tool/inquiry.h"

#include "base/clock.h"
#include "config/credential.h"
#include "request/request.h"
#include "tool/tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 3, URL_PATH_SIZE = 1024 };

/* Longer than this nobody wants to sit and wait. */
#define WAIT_MOST (60 * USEC_PER_SEC)

/* In the order of account_files(). */
static void set_files(struct account *account, char *const files[static ACCOUNT_FILES]) {
	const char **places[ACCOUNT_FILES] = {&account->key_file, &account->client_cert, &account->client_key,
	                                      &account->ca_file, &account->crl_file};
	for (size_t i = 0; i < ACCOUNT_FILES; i++) {
		*places[i] = files[i];
	}
}

static int find_files(struct inquiry *inquiry, const char *main_file, struct error *err) {
	const struct account *account = &inquiry->account;
	const char *names[ACCOUNT_FILES] = {account->key_file, account->client_cert, account->client_key,
	                                    account->ca_file, account->crl_file};
	char path[PATH_MAX];
	for (size_t i = 0; i < ACCOUNT_FILES; i++) {
		int r = names[i] ? credential_find("", main_file, names[i], path, err) : 0;
		if (r < 0) {
			return r;
		}
		if (names[i] && !(inquiry->files[i] = strdup(path))) {
			return error_set(err, ENOMEM, "out of memory");
		}
	}
	set_files(&inquiry->account, inquiry->files);
	return 0;
}

int inquiry_open(struct inquiry *inquiry, const struct account *account, const char *main_file, usec_t timeout,
                 struct error *err) {
	*inquiry = (struct inquiry){.account = *account, .timeout = timeout};
	int r = find_files(inquiry, main_file, err);
	if (r == 0) {
		r = secret_read(inquiry->account.key_file, &inquiry->key, err);
	}
	if (r == 0) {
		r = http_new(&inquiry->http, err);
	}
	if (r < 0) {
		inquiry_close(inquiry);
	}
	return r;
}

/* Behind the same prefix as the path that is configured, if that is reached through a gateway. */
static void path_behind_prefix(const char *configured, const char *path, char ret_path[static URL_PATH_SIZE]) {
	const char *api = strstr(configured, "/api/");
	(void)snprintf(ret_path, URL_PATH_SIZE, "%.*s%s", api ? (int)(api - configured) : 0, configured, path);
}

/* Waits for the time to pass. */
static int wait(struct inquiry *inquiry, usec_t time, struct error *err) {
	usec_t until = clock_boottime() + time;
	int r = 0;
	for (usec_t left = time; r == 0 && left > 0; left = until - clock_boottime()) {
		r = http_wait(inquiry->http, -1, left, err);
	}
	return r;
}

/* One request.  Returns 0 and an object, -EREMOTEIO and a verdict, or another -errno. */
static int ask_once(struct inquiry *inquiry, const char *path, const char *list, struct json_object **ret_root,
                    struct verdict *verdict, long *ret_status) {
	char url_path[URL_PATH_SIZE];
	struct http_endpoint *endpoint = NULL;
	struct http_reply reply = {0};
	struct error err = {{0}};

	path_behind_prefix(inquiry->account.path, path, url_path);
	struct account account = inquiry->account;
	account.path = url_path;
	int r = request_endpoint(&account, &inquiry->key, &endpoint, &err);
	if (r == 0) {
		r = http_post(inquiry->http, endpoint, "{}", inquiry->timeout, NULL, &err);
		bool over = r < 0;
		while (!over) {
			r = http_wait(inquiry->http, -1, USEC_PER_SEC, &err);
			over = r < 0 || http_next(inquiry->http, &reply);
		}
	}
	/* What is on its way, or has come, is not touched by this. */
	http_endpoint_free(inquiry->http, endpoint);
	if (r < 0) {
		*verdict = (struct verdict){.outcome = OUTCOME_TRANSIENT};
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "%.*s", (int)sizeof(verdict->reason) - 1, err.text);
		return r;
	}
	bool whole = reply.result == HTTP_REPLIED && reply.status == 200;
	int parsed = whole ? parse_list(reply.body, reply.body_len, list, ret_root, &err) : 0;
	outcome_judge(&reply, parsed, &err, clock_realtime(), verdict);
	secret_mask(&inquiry->key, verdict->reason, strlen(verdict->reason));
	*ret_status = reply.status;
	return verdict->outcome == OUTCOME_OK ? 0 : -EREMOTEIO;
}

/* How long to wait before it is tried again; -1: it is not. */
static usec_t wait_after(const struct verdict *verdict, long status, int tries) {
	bool trouble = status != 0 && (verdict->outcome == OUTCOME_SERVER_ERROR || verdict->outcome == OUTCOME_TRANSIENT);
	bool throttled = verdict->outcome == OUTCOME_THROTTLED && verdict->wait <= WAIT_MOST;
	if (tries >= TRIES || (!trouble && !throttled)) {
		return -1;
	}
	return throttled ? verdict->wait : tries * USEC_PER_SEC;
}

int inquiry_ask(struct inquiry *inquiry, const char *path, const char *list, struct json_object **ret_root,
                struct verdict *ret_verdict, long *ret_status) {
	for (int tries = 1;; tries++) {
		*ret_status = 0;
		int r = ask_once(inquiry, path, list, ret_root, ret_verdict, ret_status);
		usec_t time = r == -EREMOTEIO ? wait_after(ret_verdict, *ret_status, tries) : -1;
		if (time < 0) {
			return r;
		}
		tool_error("%s: %s: trying again in %lld s", inquiry->account.name, ret_verdict->reason,
		           (long long)((time + USEC_PER_SEC - 1) / USEC_PER_SEC));
		r = wait(inquiry, time, NULL);
		if (r < 0) {
			return r;
		}
	}
}

void inquiry_close(struct inquiry *inquiry) {
	http_free(inquiry->http);
	secret_done(&inquiry->key);
	for (size_t i = 0; i < ACCOUNT_FILES; i++) {
		free(inquiry->files[i]);
	}
	*inquiry = (struct inquiry){0};
}
