// SPDX-License-Identifier: ISC

/*
 * Shows the table of settings, for check-keys.sh:
 *
 *   keys         GROUP.KEY <TAB> TYPE <TAB> DEFAULT <TAB> reload|restart, a line each
 *   keys FILE    reads a configuration; its problems on standard output
 */

#include "config/keys.h"

#include <stdio.h>

static int show_table(void) {
	for (enum key_id id = 0; id < KEY_COUNT; id++) {
		const struct key *key = &key_table[id];
		printf("%s.%s\t%s\t%s\t%s\n", group_table[key->group].name, key->name, key_type_name(key->type),
		       key->fallback ? key->fallback : "-", key->restart ? "restart" : "reload");
	}
	return 0;
}

static int show_problems(const char *file) {
	struct config *config = NULL;
	struct config_problems problems;
	config_problems_init(&problems);
	int r = config_read(file, &config, &problems);
	fputs(buf_text(&problems.text), stdout);
	struct error err;
	if (r == 0 && config_check_devices(config, file, &err) < 0) {
		r = -1;
		puts(err.text);
	}
	config_problems_done(&problems);
	config_free(config);
	return r < 0;
}

int main(int argc, char **argv) {
	int r = argc > 1 ? show_problems(argv[1]) : show_table();
	return fflush(stdout) == 0 ? r : 1;
}
