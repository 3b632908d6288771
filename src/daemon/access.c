// SPDX-License-Identifier: ISC

#include "daemon/access.h"

#include "base/log.h"
#include "request/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY (2 * USEC_PER_SEC)

static void stamp_files(const struct account *account, struct secret_stamp stamps[static ACCOUNT_FILES]) {
	const char *files[ACCOUNT_FILES];
	account_files(account, files);
	for (size_t i = 0; i < ACCOUNT_FILES; i++) {
		stamps[i] = files[i] ? secret_stamp(files[i]) : (struct secret_stamp){0};
	}
}

/* Which file to look at when a credential is missing, empty or no key. */
static void add_source(const struct account *account, struct error *err) {
	char path[PATH_MAX];
	size_t len = strlen(err->text);
	if (secret_source(account->main_file, account->key_file, path)) {
		(void)snprintf(err->text + len, sizeof(err->text) - len, " (as installed: %s)", path);
	}
}

static int load(struct access *access, struct error *err) {
	const struct account *account = access->account;

	/* Stamped before it is read: a change in between is seen at the next look. */
	stamp_files(account, access->stamps);
	int r = secret_read(account->key_file, &access->key, err);
	if (r == -ENOENT || r == -EINVAL) {
		add_source(account, err);
	}
	if (r == 0) {
		r = request_endpoint(account, &access->key, &access->endpoint, err);
	}
	if (r < 0) {
		secret_done(&access->key);
	}
	return r;
}

int access_init(struct access *access, const struct account *account, struct error *err) {
	*access = (struct access){
		.account = account,
		.generation = 1,
		.clock = {.probe_at = USEC_INFINITY},
	};
	lane_init(&access->lane, account);

	int r = load(access, err);
	if (r < 0) {
		error_prefix(err, "account %s", account->name);
		access_done(access, NULL);
	}
	return r;
}

int access_init_patient(struct access *access, const struct account *account, usec_t now,
                        struct error *err) {
	*access = (struct access){
		.account = account,
		.generation = 1,
		.clock = {.probe_at = USEC_INFINITY},
	};
	lane_init(&access->lane, account);

	int r = load(access, err);
	if (r == -ENOMEM || r == -ENXIO) {
		error_prefix(err, "account %s", account->name);
		access_done(access, NULL);
		return r;
	}
	if (r < 0) {
		lane_shut(&access->lane, now);
		access->trouble = true;
		(void)snprintf(access->reason, sizeof(access->reason), "no usable key: %.450s", err->text);
		return 1;
	}
	return 0;
}

void access_done(struct access *access, struct http *http) {
	if (access) {
		lane_done(&access->lane);
		http_endpoint_free(http, access->endpoint);
		access->endpoint = NULL;
		secret_done(&access->key);
		secret_done(&access->old_key);
	}
}

int access_reread(struct access *access, struct http *http, struct error *err) {
	struct secret_stamp stamps[ACCOUNT_FILES];
	struct secret key = {0};
	struct http_endpoint *endpoint;

	stamp_files(access->account, stamps);
	int r = secret_read(access->account->key_file, &key, err);
	if (r < 0) {
		memcpy(access->stamps, stamps, sizeof(stamps));
		return r;
	}
	if (memcmp(stamps, access->stamps, sizeof(stamps)) == 0 && secret_equal(&key, &access->key)) {
		secret_done(&key);
		return 0;
	}

	r = request_endpoint(access->account, &key, &endpoint, err);
	if (r == -ENOMEM) {
		secret_done(&key);
		return r; /* the files are not to blame: look at them again */
	}
	memcpy(access->stamps, stamps, sizeof(stamps));
	if (r < 0) {
		secret_done(&key);
		return r;
	}
	http_endpoint_free(http, access->endpoint);
	secret_done(&access->old_key);
	access->outdated = access->lane.in_flight;
	if (access->outdated > 0) {
		access->old_key = access->key;
	} else {
		secret_done(&access->key);
	}
	access->endpoint = endpoint;
	access->key = key;
	access->generation++;
	access->accepted = false;
	access->shut_out = false;
	return 1;
}

void access_refresh(struct access *access, struct http *http, usec_t now) {
	struct error err = {{0}};
	int r = access_reread(access, http, &err);
	if (r > 0) {
		log_notice("%s: key or certificate files have changed: trying what is new",
		           access->account->name);
		lane_probe_now(&access->lane, now);
	} else if (r < 0) {
		log_err("%s: %s", access->account->name, err.text);
	}
}

static bool needs_other_files(const struct access *access) {
	return access->trouble || access->shut_out;
}

bool access_changed(struct access *access, usec_t now) {
	if (!needs_other_files(access) || now < access->look_at) {
		return false;
	}
	access->look_at = now + LOOK_EVERY;

	struct secret_stamp stamps[ACCOUNT_FILES];
	stamp_files(access->account, stamps);
	return memcmp(stamps, access->stamps, sizeof(stamps)) != 0;
}

usec_t access_next(const struct access *access) {
	return needs_other_files(access) ? access->look_at : USEC_INFINITY;
}

void access_landed(struct access *access, bool outdated) {
	if (outdated && access->outdated > 0 && --access->outdated == 0) {
		secret_done(&access->old_key);
	}
}

void access_mask(const struct access *access, char *text, size_t len) {
	secret_mask(&access->key, text, len);
	secret_mask(&access->old_key, text, len);
}

void access_take_over(struct access *access, const struct access *from, usec_t now) {
	struct lane *lane = &access->lane;
	if (strcmp(access->account->base_url, from->account->base_url) != 0) {
		return; /* that does not hold for another server */
	}
	rate_take_over(&lane->rate, &from->lane.rate, now);
	access->clock = from->clock;
	memcpy(access->beliefs, from->beliefs, sizeof(access->beliefs));
	access->drops_told = from->drops_told;
	if (!access->endpoint) {
		return; /* it waits for a key, whatever it did before */
	}
	lane->since = from->lane.since;
	lane->not_before = from->lane.not_before;
	memcpy(access->reason, from->reason, sizeof(access->reason));

	/* A reload may have brought the right key: a refused account may try at once. */
	lane->state = from->lane.state;
	lane->until = from->lane.state == LANE_REFUSED ? 0 : from->lane.until;
}
