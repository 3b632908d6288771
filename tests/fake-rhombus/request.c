// SPDX-License-Identifier: ISC

#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Is `word` the first word of a list element such as "gzip;q=0.5"? */
static bool element_is(const char *element, const char *word) {
	size_t length = strlen(word);

	element += strspn(element, " \t");
	return strncasecmp(element, word, length) == 0 &&
	       strchr(",; \t", element[length]) != NULL; /* the NUL at the end counts as well */
}

static bool element_is_refused(const char *element) {
	size_t length = strcspn(element, ",");
	const char *quality = strstr(element, "q=");

	return quality && quality < element + length && strtod(quality + 2, NULL) <= 0;
}

/* Does a comma-separated header value hold the word, not weighed zero? */
static bool list_has(const char *list, const char *word) {
	while (list) {
		if (element_is(list, word)) {
			return !element_is_refused(list);
		}
		list = strchr(list, ',');
		if (list) {
			list++;
		}
	}
	return false;
}

bool request_has_json(const struct request *request) {
	return request->content_type && element_is(request->content_type, "application/json");
}

bool request_accepts_json(const struct request *request) {
	return list_has(request->accept, "application/json");
}

bool request_accepts_gzip(const struct request *request) {
	return list_has(request->accept_encoding, "gzip");
}
