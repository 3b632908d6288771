// SPDX-License-Identifier: ISC

#include "orgs.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { RETRY_AFTER_MAX_S = 86400 };

void orgs_done(struct orgs *orgs) {
	for (size_t i = 0; i < orgs->count; i++) {
		free(orgs->all[i]->name);
		free(orgs->all[i]);
	}
	free(orgs->all);
	orgs->all = NULL;
	orgs->count = 0;
}

struct org *orgs_find(struct orgs *orgs, const char *name) {
	for (size_t i = 0; i < orgs->count; i++) {
		if (strcmp(orgs->all[i]->name, name) == 0) {
			return orgs->all[i];
		}
	}

	struct org *org = memory_resize(NULL, 1, sizeof(*org));

	*org = (struct org){.name = string_copy(name), .tokens = orgs->burst};
	orgs->all = memory_resize(orgs->all, orgs->count + 1, sizeof(struct org *));
	orgs->all[orgs->count++] = org;
	return org;
}

int64_t org_take(const struct orgs *orgs, struct org *org, int64_t now_us) {
	if (orgs->rate <= 0) {
		return 0;
	}
	if (org->refilled_us > 0) {
		org->tokens += (double)(now_us - org->refilled_us) * orgs->rate / 1e6;
	}
	if (org->tokens > orgs->burst) {
		org->tokens = orgs->burst;
	}
	org->refilled_us = now_us;
	if (org->tokens >= 1) {
		org->tokens -= 1;
		return 0;
	}

	double wait_s = (1 - org->tokens) / orgs->rate;

	return wait_s < (double)RETRY_AFTER_MAX_S ? (int64_t)wait_s + 1 : RETRY_AFTER_MAX_S;
}
