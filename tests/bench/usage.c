// SPDX-License-Identifier: ISC

/*
 * Runs a program and writes what it used into a file: microseconds of CPU, peak KiB.
 * A small process of its own, because the peak of a program begins with that of the
 * process that started it.
 *
 *	usage FILE PROGRAM [ARGUMENT...]
 */

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
	struct rusage usage;
	int status;
	if (argc < 3) {
		return 64;
	}
	pid_t pid = fork();
	if (pid == 0) {
		execv(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		return 71;
	}
	FILE *file = fopen(argv[1], "w");
	if (!file) {
		return 73;
	}
	fprintf(file, "%lld %ld\n",
	        (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec,
	        usage.ru_maxrss);
	(void)fclose(file);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
