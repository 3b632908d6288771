// SPDX-License-Identifier: ISC

/* The values of Retry-After and Date, and what a reply that has them means. */

#include "fuzz.h"

#include "response/outcome.h"

#include <string.h>

#define WALL (1795421851 * USEC_PER_SEC)

void fuzz_one(const uint8_t *data, size_t len) {
	static const long statuses[] = {200, 201, 302, 400, 401, 403, 404, 408, 429, 500, 503, 504, 0, 999, -1};
	if (len == 0) {
		return;
	}
	/* Both values, with a NUL between; behind the first byte, which chooses the status. */
	char *text = malloc(len);
	must(text, "no memory");
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	const char *date = text + strlen(text);
	date += date < text + len - 1;

	usec_t wait = outcome_retry_after(text, WALL, WALL);
	must(wait >= USEC_PER_SEC && wait <= USEC_PER_HOUR, "%lld", (long long)wait);
	usec_t when = 0;
	if (outcome_http_date(text, &when) == 0) {
		must(when >= 0 && when % USEC_PER_SEC == 0 && when < 8100 * 366 * USEC_PER_DAY, "%s", text);
	}

	char body[] = "{\"errorMsg\":\"no\"}";
	struct http_reply reply = {
		.result = HTTP_REPLIED, .status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))],
		.body = body, .body_len = sizeof(body) - 1, .retry_after = text, .date = date,
	};
	struct error err = {"none"};
	struct verdict verdict;
	outcome_judge(&reply, 0, &err, WALL, &verdict);
	if (verdict.outcome == OUTCOME_THROTTLED) {
		must(verdict.wait >= USEC_PER_SEC && verdict.wait <= USEC_PER_HOUR, "%lld", (long long)verdict.wait);
	}
	if (verdict.outcome != OUTCOME_OK) {
		fuzz_must_be_line(verdict.reason, strlen(verdict.reason), "");
	}
	free(text);
}
