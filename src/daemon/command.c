// SPDX-License-Identifier: ISC

#include "daemon/command.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/clusterfiles.h"
#include "config/print.h"
#include "config/quorum.h"
#include "config/read.h"
#include "daemon/access.h"
#include "daemon/loop.h"
#include "daemon/recovery.h"
#include "daemon/signals.h"
#include "schedule/cost.h"
#include "state/lock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

/** All that is opened at the start, in order, and closed in reverse. */
struct program {
	struct config *config; /* the poller's once that exists */
	int signals;
	int lock, log_lock;
	struct http *http;
	struct sink *sink;
	struct poller *poller;
	struct socket *socket; /* NULL: there is none */
	struct overview_source overview;
	struct socket_source source;
};

static int exit_code(int r) {
	switch (-r) {
	case EBUSY:
		return EX_TEMPFAIL;
	case EACCES:
	case EPERM:
		return EX_NOPERM;
	case EINVAL:
	case ENXIO:
		return EX_CONFIG;
	default:
		return EX_IOERR;
	}
}

/* Prints to standard output; a full disk or a closed pipe is an error too. */
static int print(const struct buf *text) {
	if (buf_error(text) || fputs(buf_text(text), stdout) == EOF || fflush(stdout) == EOF) {
		log_err("standard output cannot be written: %s", strerror(errno));
		return EX_IOERR;
	}
	return EX_OK;
}

/* Mistakes go to stderr as FILE:LINE, each on its line, as compilers do. */
int command_read_config(const char *file, struct config **ret_config) {
	struct config_problems problems;
	config_problems_init(&problems);
	int r = config_load(file, ret_config, &problems);
	if (r == -ENOMEM) {
		log_err("%s: out of memory", file);
	} else {
		log_lines(LOG_LEVEL_ERR, buf_text(&problems.text));
	}
	config_problems_done(&problems);
	return r;
}

static int print_config(const struct config *config) {
	struct buf out;
	buf_init(&out, BUF_ANY);
	config_print(config, &out);
	int code = print(&out);
	buf_done(&out);
	return code;
}

static int check_keys(const struct config *config) {
	int code = EX_OK;
	for (size_t i = 0; i < config->account_count; i++) {
		const struct account *account = &config->accounts[i];
		struct access access;
		struct error err = {{0}};
		int r = access_init(&access, account, &err);
		if (r == 0) {
			access_done(&access, NULL);
		} else if (r == -ENXIO) {
			log_notice("%s:%d: not checked: %s", account->place.file, account->place.line,
			           err.text);
		} else {
			log_err("%s:%d: %s", account->place.file, account->place.line, err.text);
			code = EX_CONFIG;
		}
	}
	return code;
}

static int check_cluster_files(const struct config *config, const char *file) {
	struct cluster_credentials credentials = {0};
	struct error err = {{0}};
	int r = cluster_credentials_read(&config->cluster, &credentials, &err);
	cluster_credentials_done(&credentials);
	if (r == -ENXIO) {
		log_notice("%s: not checked: %s", file, err.text);
	} else if (r < 0) {
		log_err("%s: %s", file, err.text);
	}
	return r == 0 || r == -ENXIO ? EX_OK : EX_CONFIG;
}

/* A file that root alone may read is what makes a credential a secret. */
static void warn_of_open_source(const char *main_file, const char *name) {
	char path[PATH_MAX];
	struct stat st;
	if (name && secret_source(main_file, name, path) && stat(path, &st) == 0 &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		log_warning("%s is accessible to other users (mode %03o): run chmod go= %s", path,
		            (unsigned)(st.st_mode & 0777), path);
	}
}

static void warn_of_open_sources(const struct config *config, const char *file) {
	for (size_t i = 0; i < config->account_count; i++) {
		warn_of_open_source(file, config->accounts[i].key_file);
		warn_of_open_source(file, config->accounts[i].client_key);
	}
	warn_of_open_source(file, config->cluster.client_key);
}

static bool has_devices(const struct config *config, const char *file) {
	struct error err;
	int r = config_check_devices(config, file, &err);
	if (r < 0) {
		log_err("%s", err.text);
	}
	return r == 0;
}

static int check(const struct config *config, const char *file) {
	warn_of_open_sources(config, file);
	if (!has_devices(config, file)) {
		return EX_CONFIG;
	}
	struct buf out;
	struct buf warnings;
	buf_init(&out, BUF_ANY);
	buf_init(&warnings, BUF_ANY);
	int r = cost_tell(config, &out, &warnings);
	if (config->cluster.name) {
		quorum_tell(&config->cluster, &out, &warnings);
	}
	int code = print(&out);
	log_lines(LOG_LEVEL_WARNING, buf_text(&warnings));
	buf_done(&out);
	buf_done(&warnings);
	int keys = check_keys(config);
	int files = check_cluster_files(config, file);
	return code != EX_OK ? code : r < 0 ? EX_CONFIG : keys != EX_OK ? keys : files;
}

static int open_all(struct program *program, bool once, struct error *err) {
	const struct config *config = program->config;
	int r = program->signals = signals_open(err);
	if (r >= 0) {
		r = program->lock = lock_take(config->state_directory, err);
	}
	if (r >= 0) {
		r = lock_take_log(config->log.directory, &program->log_lock, err);
	}
	if (r >= 0) {
		r = http_new(&program->http, err);
	}
	if (r >= 0) {
		r = sink_open(&config->log, USEC_UNKNOWN, &program->sink, err);
	}
	if (r >= 0) {
		r = poller_new(program->config, program->http, program->sink, once, &program->poller,
		               err);
		/* A key file that is not there is a mistake of the configuration. */
		r = r == -ENOENT ? -ENXIO : r;
	}
	if (r >= 0) {
		program->config = NULL;
		r = recovery_restore(program->poller, err);
	}
	return r;
}

/* The locks are held: no other daemon of this state listens.  What is recorded does not depend on it. */
static void open_socket(struct program *program) {
	const char *directory = poller_config(program->poller)->runtime_directory;
	char path[PATH_MAX];
	struct error err = {{0}};
	if (!directory) {
		return;
	}
	program->overview = (struct overview_source){.poller = program->poller, .started = clock_realtime()};
	program->source = (struct socket_source){
		.state_size = sizeof(struct overview), .write = overview_write, .user = &program->overview};
	if (snprintf(path, sizeof(path), "%s/status", directory) >= PATH_MAX ||
	    socket_open(path, program->signals, &program->source, &program->socket, &err) < 0) {
		log_warning("%s: there will be no status socket until a restart", err.text);
	}
}

static void close_all(struct program *program) {
	socket_close(program->socket);
	poller_free(program->poller);
	sink_close(program->sink);
	http_free(program->http);
	lock_release(program->log_lock);
	lock_release(program->lock);
	signals_close(program->signals);
	config_free(program->config);
}

/* In the steady state an account may not need more than its rate allows. */
void command_warn_of_cost(const struct config *config) {
	struct buf cost;
	struct buf warnings;
	buf_init(&cost, 1 << 16);
	buf_init(&warnings, 1 << 16);
	if (cost_tell(config, &cost, &warnings) == -ERANGE) {
		log_lines(LOG_LEVEL_WARNING, buf_text(&cost));
	}
	log_lines(LOG_LEVEL_WARNING, buf_text(&warnings));
	buf_done(&cost);
	buf_done(&warnings);
}

static int run(struct config *config, const char *file, bool once) {
	struct program program = {.config = config, .signals = -1, .lock = -1, .log_lock = -1};
	struct error err = {{0}};

	/* Without a device it waits for one, which is no use with once. */
	if (!has_devices(config, file) && once) {
		config_free(config);
		return EX_CONFIG;
	}
	warn_of_open_sources(config, file);
	int r = open_all(&program, once, &err);
	if (r < 0) {
		if (!err.text[0]) {
			(void)error_errno(&err, -r, "cannot start");
		}
		log_err("%s", err.text);
		close_all(&program);
		return exit_code(r);
	}
	if (!once) {
		open_socket(&program);
	}
	config = (struct config *)poller_config(program.poller);
	command_warn_of_cost(config);
	log_info("occupancyd " OCCUPANCYD_VERSION ": %zu device%s of %zu account%s, log in %s",
	         config->device_count, config->device_count == 1 ? "" : "s", config->account_count,
	         config->account_count == 1 ? "" : "s", sink_path(program.sink));

	int code = loop_run(&(struct loop){
		.poller = program.poller,
		.http = program.http,
		.sink = program.sink,
		.signals = program.signals,
		.socket = program.socket,
		.overview = &program.overview,
		.config_file = file,
		.once = once,
	});
	close_all(&program);
	return code;
}

int command_run(const struct options *options) {
	struct config *config;
	int r = command_read_config(options->config, &config);
	if (r < 0) {
		return exit_code(r);
	}

	int code;
	switch (options->action) {
	case ACTION_CHECK:
		code = check(config, options->config);
		break;
	case ACTION_PRINT_CONFIG:
		code = print_config(config);
		break;
	default:
		return run(config, options->config, options->action == ACTION_ONCE);
	}
	config_free(config);
	return code;
}
