// SPDX-License-Identifier: ISC

/*
 * Preloaded before libfaketime, which otherwise makes a semaphore and a piece of shared memory in
 * /dev/shm that are named after the process: one that is killed leaves them there, and a later
 * process with the same number can meet them.  They serve what several processes share, which
 * the tests do not use, and libfaketime does without them where there are no semaphores.
 */

#include <errno.h>
#include <semaphore.h>

sem_t *sem_open(const char *name, int flags, ...) {
	(void)name;
	(void)flags;
	errno = ENOSYS;
	return SEM_FAILED;
}
