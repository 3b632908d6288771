// SPDX-License-Identifier: ISC

#include "tool/discover.h"

#include "base/text.h"
#include "base/word.h"
#include "config/keys.h"
#include "tool/cameras.h"
#include "tool/cameratext.h"
#include "tool/inquiry.h"
#include "tool/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

const char discover_help[] =
	"Usage: occupancyctl discover [--diff] [--account NAME] [OPTION]...\n"
	"\n"
	"Asks Rhombus, with the key of the configuration, which cameras have occupancy counting, and prints them as a\n"
	"list of devices for conf.d.\n"
	"\n"
	"      --diff              print what differs from the configuration instead: 0 nothing, 1 something\n"
	"      --account NAME      ask with this account alone\n";

enum { OPTION_DIFF = TOOL_OWN, OPTION_ACCOUNT };

struct discover {
	bool diff;
	const char *account_name;
	const struct account *account; /* NULL: all */
	struct cameras cameras;
};

/* Endpoints.  The first is no part of what Rhombus publishes, and not every key may use it. */
#define ENABLED   "/api/camera/getOccupancyEnabledCameras"
#define STATES    "/api/camera/getMinimalCameraStateList"
#define LOCATIONS "/api/location/getLocations"

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct discover *discover = user;
	(void)tool;
	(void)err;
	if (option == OPTION_DIFF) {
		discover->diff = true;
	} else {
		discover->account_name = value;
	}
	return 0;
}

/* The log is none of its business. */
static int check_arguments(const struct tool *tool) {
	if (tool->path_count > 0) {
		tool_error("discover reads no log: there is no place for %s: see occupancyctl discover --help", tool->paths[0]);
		return EX_USAGE;
	}
	return 0;
}

/* Unlike for other commands nothing goes without it. */
static int read_config(struct tool *tool) {
	struct config_problems problems;
	if (access(tool->config_file, R_OK) < 0 && (errno == EACCES || errno == EPERM)) {
		tool_error("%s: %s", tool->config_file, strerror(errno));
		return EX_NOPERM;
	}
	config_problems_init(&problems);
	int r = config_load(tool->config_file, &tool->config, &problems);
	if (r < 0) {
		tool_error("the configuration cannot be used:\n%s", buf_text(&problems.text));
	}
	config_problems_done(&problems);
	return r < 0 ? EX_CONFIG : 0;
}

static int choose_account(struct discover *discover, const struct config *config) {
	const char *nearest = NULL, *wanted = discover->account_name;
	unsigned best = WORD_FAR;
	char shown[128];

	for (size_t i = 0; wanted && i < config->account_count; i++) {
		const struct account *account = &config->accounts[i];
		if (strcmp(account->name, wanted) == 0) {
			discover->account = account;
			return 0;
		}
		nearest = word_is_nearer(wanted, account->name, &best) ? account->name : nearest;
	}
	if (wanted) {
		tool_error("there is no account \"%s\"%s%s%s", text_escape(shown, sizeof(shown), wanted, strlen(wanted)),
		           nearest ? ": did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
		return EX_USAGE;
	}
	return 0;
}

/* What Rhombus did not answer.  401 and 403: the key. */
static int not_answered(const struct account *account, const char *path, const struct verdict *verdict) {
	bool refused = verdict->outcome == OUTCOME_REFUSED;
	tool_error("%s: %s %s: %s", account->name, path, refused ? "is refused to this key" : "was not answered", verdict->reason);
	return refused ? EX_NOPERM : EX_UNAVAILABLE;
}

/* What the answer holds is not what it should be. */
static int not_understood(const struct account *account, const char *path, int r, const struct error *err) {
	tool_error("%s: %s: %s", account->name, path, r == -ENOMEM ? "out of memory" : err->text);
	return r == -ENOMEM ? EX_IOERR : EX_UNAVAILABLE;
}

static bool is_not_for_this_key(long status) {
	return status == 403 || status == 404;
}

/* Without them it goes on, and says so. */
static int ask_places(struct discover *discover, struct inquiry *inquiry) {
	struct json_object *root = NULL;
	struct verdict verdict;
	struct error err = {{0}};
	long status;

	int r = inquiry_ask(inquiry, LOCATIONS, "locations", &root, &verdict, &status);
	if (r < 0 && is_not_for_this_key(status)) {
		tool_error("%s: locations and their time zones cannot be read with this key (%s)", inquiry->account.name,
		           verdict.reason);
		return 0;
	}
	if (r < 0) {
		return not_answered(&inquiry->account, LOCATIONS, &verdict);
	}
	r = cameras_take_places(&discover->cameras, json_member(root, "locations"), &err);
	json_free(root);
	return r < 0 ? not_understood(&inquiry->account, LOCATIONS, r, &err) : 0;
}

/* All cameras, whether they count or not. */
static int ask_states(struct discover *discover, struct inquiry *inquiry, const struct account *account) {
	struct json_object *root = NULL;
	struct verdict verdict;
	struct error err = {{0}};
	long status;

	if (inquiry_ask(inquiry, STATES, "cameraStates", &root, &verdict, &status) < 0) {
		return not_answered(account, STATES, &verdict);
	}
	tool_error("%s: which cameras count people cannot be read with this key: these are all cameras", account->name);
	int r = cameras_take_states(&discover->cameras, json_member(root, "cameraStates"), account, &err);
	json_free(root);
	return r < 0 ? not_understood(account, STATES, r, &err) : 0;
}

/* Locations were asked for first. */
static int ask_cameras(struct discover *discover, struct inquiry *inquiry, const struct account *account) {
	struct json_object *root = NULL;
	struct verdict verdict;
	struct error err = {{0}};
	long status;

	int r = inquiry_ask(inquiry, ENABLED, "cameras", &root, &verdict, &status);
	if (r < 0 && is_not_for_this_key(status)) {
		return ask_states(discover, inquiry, account);
	}
	if (r < 0) {
		return not_answered(account, ENABLED, &verdict);
	}
	r = cameras_take_enabled(&discover->cameras, json_member(root, "cameras"), account, &err);
	json_free(root);
	return r < 0 ? not_understood(account, ENABLED, r, &err) : 0;
}

static int ask_account(struct discover *discover, const struct tool *tool, const struct account *account) {
	struct inquiry inquiry;
	struct error err = {{0}};
	usec_t timeout = tool->config->defaults->settings.timeout;

	int r = inquiry_open(&inquiry, account, tool->config_file, timeout, &err);
	if (r < 0) {
		tool_error("%s: %s%s", account->name, err.text, geteuid() == 0 ? "" : ": try it as root");
		return r == -ENOMEM ? EX_IOERR : EX_NOPERM;
	}
	r = ask_places(discover, &inquiry);
	if (r == 0) {
		r = ask_cameras(discover, &inquiry, account);
	}
	inquiry_close(&inquiry);
	return r;
}

static int ask_all(struct discover *discover, const struct tool *tool) {
	const struct config *config = tool->config;
	int r = 0;
	for (size_t i = 0; r == 0 && i < config->account_count; i++) {
		if (!discover->account || discover->account == &config->accounts[i]) {
			r = ask_account(discover, tool, &config->accounts[i]);
		}
	}
	return r;
}

/* What somebody should know who only sees the list. */
static void remark(const struct discover *discover) {
	const struct cameras *cameras = &discover->cameras;
	size_t zoneless = 0;
	for (size_t i = 0; i < cameras->len; i++) {
		zoneless += !cameras->list[i].device && (!cameras->list[i].timezone || cameras->list[i].no_zone);
	}
	if (cameras->len == 0 && !discover->cameras.all) {
		tool_error("no camera has occupancy counting: define occupancy regions in the Rhombus Console");
	}
	if (zoneless > 0 && !discover->diff) {
		tool_error("%zu camera%s in the list %s no time zone that can be used here: see the comments there", zoneless,
		           zoneless == 1 ? "" : "s", zoneless == 1 ? "has" : "have");
	}
	if (cameras->odd > 0) {
		tool_error("%zu camera%s left out: without a UUID that a device can have", cameras->odd,
		           cameras->odd == 1 ? " is" : "s are");
	}
}

static int print(const struct discover *discover, const struct tool *tool) {
	const struct cameras *cameras = &discover->cameras;
	struct error err = {{0}};
	struct output output;
	struct buf out;

	buf_init(&out, BUF_ANY);
	if (tool->json) {
		cameras_print_json(cameras, discover->diff, &out);
	} else if (discover->diff) {
		cameras_print_diff(cameras, &out);
	} else {
		cameras_print(cameras, tool->config->account_count > 1, &out);
	}
	int r = buf_error(&out) < 0 ? error_set(&err, ENOMEM, "out of memory") : output_open(&output, NULL, &err);
	if (r == 0) {
		output_put(&output, out.data, out.len);
		r = output_close(&output, true, &err);
	}
	buf_done(&out);
	if (r < 0) {
		tool_error("%s", err.text);
		return EX_IOERR;
	}
	return discover->diff && cameras->differing_len > 0 ? TOOL_NO : 0;
}

static int run(struct discover *discover, struct tool *tool) {
	int r = cameras_init(&discover->cameras);
	if (r == 0) {
		r = ask_all(discover, tool);
		if (r != 0) {
			return r;
		}
		r = cameras_compare(&discover->cameras, &(struct comparison){tool->config, discover->account, tool->now});
	}
	if (r < 0) {
		tool_error("out of memory");
		return EX_IOERR;
	}
	remark(discover);
	return print(discover, tool);
}

int discover_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"diff", no_argument, NULL, OPTION_DIFF},
		{"account", required_argument, NULL, OPTION_ACCOUNT},
		{0},
	};
	struct discover discover = {.diff = false};

	/* Keys are in this process's memory: no core file, no ptrace by equals. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	int r = tool_options(tool, argc, argv, own, take_option, &discover);
	if (r == 0) {
		r = check_arguments(tool);
	}
	if (r == 0) {
		r = read_config(tool);
	}
	if (r == 0) {
		r = choose_account(&discover, tool->config);
	}
	if (r == 0) {
		r = run(&discover, tool);
	}
	cameras_done(&discover.cameras);
	return r;
}
