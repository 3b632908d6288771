// SPDX-License-Identifier: ISC

/*
 * Stands in for systemd in the demo: listens on the socket that NOTIFY_SOCKET
 * names and prints what sd_notify(3) sends there, STATUS lines as such.
 *
 * Usage: watch-status SOCKET.  Creates SOCKET; ends when its parent does.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void show(char *message) {
	static const char status[] = "STATUS=";
	char *rest = message;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (strncmp(line, status, sizeof(status) - 1) == 0) {
			printf("STATUS  %s\n", line + sizeof(status) - 1);
		} else if (strcmp(line, "READY=1") == 0 || strcmp(line, "STOPPING=1") == 0) {
			printf("NOTIFY  %s\n", line);
		}
	}
	(void)fflush(stdout);
}

int main(int argc, char *argv[]) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: watch-status SOCKET\n");
		return 64;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Ctrl-C is for the daemon; its last words are still to be shown. */
	(void)signal(SIGINT, SIG_IGN);
	(void)strcpy(address.sun_path, argv[1]);

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(argv[1]);
		return 74;
	}
	char message[8192];
	for (ssize_t len; (len = recv(fd, message, sizeof(message) - 1, 0)) >= 0;) {
		message[len] = '\0';
		show(message);
	}
	return 0;
}
