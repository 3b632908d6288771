// SPDX-License-Identifier: ISC

#include "response/outcome.h"

#include "base/text.h"
#include "base/utc.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER_LEAST   (1 * USEC_PER_SEC)
#define RETRY_AFTER_MOST    (1 * USEC_PER_HOUR)
#define RETRY_AFTER_DEFAULT (60 * USEC_PER_SEC)
#define AGE_MOST            (366 * USEC_PER_DAY)

/* The first row that holds the status counts. */
static const struct {
	long first, last;
	enum outcome outcome;
} statuses[] = {
	{429, 429, OUTCOME_THROTTLED},
	{401, 401, OUTCOME_REFUSED},
	{403, 403, OUTCOME_REFUSED},
	{408, 408, OUTCOME_TRANSIENT}, /* "request timeout": not this request's fault */
	{400, 499, OUTCOME_REJECTED},
	{500, 500, OUTCOME_SERVER_ERROR},
	{501, 599, OUTCOME_TRANSIENT},
	/* 1xx, 2xx but 200, and redirects, which are never followed: not the API we know. */
	{LONG_MIN, LONG_MAX, OUTCOME_REJECTED},
};

static enum outcome outcome_of_status(long status) {
	size_t i = 0;
	while (status < statuses[i].first || status > statuses[i].last) {
		i++;
	}
	return statuses[i].outcome;
}

/* A proxy lost patience with what was asked. */
static bool is_timeout(long status) {
	return status == 408 || status == 504;
}

static bool is_blank(const char *text) {
	return text[strspn(text, " \t\r\n")] == '\0';
}

static bool is_letter(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Letters for @, digits for #, all else as it is. */
static bool has_form(const char *text, const char *form) {
	for (; *form; form++, text++) {
		bool fits = *form == '@' ? is_letter(*text) : *form == '#' ? *text >= '0' && *text <= '9' : *text == *form;
		if (!fits) {
			return false;
		}
	}
	return is_blank(text);
}

static int number(const char *digits, int count) {
	int n = 0;
	for (int i = 0; i < count; i++) {
		n = n * 10 + (digits[i] - '0');
	}
	return n;
}

/* IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT".  Without sscanf: every reply has one. */
int outcome_http_date(const char *text, usec_t *ret) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	text += strspn(text, " \t");
	if (!has_form(text, "@@@, ## @@@ #### ##:##:## GMT")) {
		return -EINVAL;
	}
	const char name[] = {text[8], text[9], text[10], '\0'};
	const char *month = strstr(months, name);
	struct civil civil = {
		.year = number(text + 12, 4),
		.day = number(text + 5, 2),
		.hour = number(text + 17, 2),
		.minute = number(text + 20, 2),
		.second = number(text + 23, 2),
	};
	if (!month || (month - months) % 3 != 0 || civil.year < 1970 || civil.day < 1 || civil.day > 31 ||
	    civil.hour > 23 || civil.minute > 59 || civil.second > 60) {
		return -EINVAL;
	}
	civil.month = (int)(month - months) / 3 + 1;
	*ret = utc_join(&civil);
	return 0;
}

static usec_t clamp_wait(usec_t wait) {
	if (wait < RETRY_AFTER_LEAST) {
		return RETRY_AFTER_LEAST;
	}
	return wait < RETRY_AFTER_MOST ? wait : RETRY_AFTER_MOST;
}

/* Whether a wait is one that a server would ask for: else the clock it was measured by is wrong. */
static bool is_likely(usec_t wait) {
	return wait > 0 && wait <= RETRY_AFTER_MOST;
}

/* The longer of two waits, but a likely one rather than one that is not. */
static usec_t choose_wait(usec_t a, usec_t b) {
	if (is_likely(a) != is_likely(b)) {
		return is_likely(a) ? a : b;
	}
	return a > b ? a : b;
}

usec_t outcome_retry_after(const char *value, usec_t now, usec_t said) {
	if (!value) {
		return RETRY_AFTER_DEFAULT;
	}
	while (isspace((unsigned char)*value)) {
		value++;
	}

	usec_t date;
	size_t digits = strspn(value, "0123456789");
	if (digits > 0 && is_blank(value + digits)) {
		/* strtoll stops at the largest number, which the clamp cuts. */
		long long seconds = strtoll(value, NULL, 10);
		return seconds > RETRY_AFTER_MOST / USEC_PER_SEC ? RETRY_AFTER_MOST
		                                                 : clamp_wait(seconds * USEC_PER_SEC);
	}
	if (outcome_http_date(value, &date) == 0) {
		return clamp_wait(choose_wait(date - now, date - said));
	}
	return RETRY_AFTER_DEFAULT;
}

/* What a cache says of an answer's age (RFC 9111, 5.1); more than a year is nonsense. */
static int parse_age(const char *value, usec_t *ret) {
	size_t digits = strspn(value, "0123456789");
	if (digits == 0 || digits > 9 || value[digits] != '\0') {
		return -EINVAL;
	}
	usec_t age = number(value, (int)digits) * USEC_PER_SEC;
	if (age > AGE_MOST) {
		return -EINVAL;
	}
	*ret = age;
	return 0;
}

int outcome_server_time(const struct http_reply *reply, usec_t *ret) {
	usec_t date, age = 0;
	if (!reply->date || outcome_http_date(reply->date, &date) < 0 ||
	    (reply->age && parse_age(reply->age, &age) < 0)) {
		return -ENODATA;
	}
	*ret = date + age;
	return 0;
}

/* "HTTP 403: Invalid api key" */
static void explain_status(const struct http_reply *reply, struct verdict *verdict) {
	char message[MESSAGE_SIZE];
	parse_message(reply->body, reply->body_len, message);
	(void)snprintf(verdict->reason, sizeof(verdict->reason), "HTTP %ld%s%s", reply->status,
	               message[0] ? ": " : "", message);
}

static void explain_transport(const struct http_reply *reply, struct verdict *verdict) {
	text_escape(verdict->reason, sizeof(verdict->reason), reply->error, strlen(reply->error));
}

/* A server in trouble that says when to come back is taken at its word (RFC 9110, 15.6.4). */
static enum outcome outcome_of_reply(const struct http_reply *reply) {
	return reply->status == 503 && reply->retry_after ? OUTCOME_THROTTLED
	                                                  : outcome_of_status(reply->status);
}

/* A Retry-After that is a date is one of the server's clock, of which the Date beside it alone may be wrong. */
static usec_t throttle_wait(const struct http_reply *reply, usec_t now) {
	usec_t said;
	bool dated = outcome_server_time(reply, &said) == 0;
	return outcome_retry_after(reply->retry_after, now, dated ? said : now);
}

static void judge_status(const struct http_reply *reply, int parsed, const struct error *parse_error,
                         usec_t now, struct verdict *verdict) {
	if (reply->status != 200) {
		verdict->outcome = outcome_of_reply(reply);
		verdict->slow = is_timeout(reply->status);
		explain_status(reply, verdict);
		if (verdict->outcome == OUTCOME_THROTTLED) {
			verdict->wait = throttle_wait(reply, now);
		}
	} else if (parsed < 0) {
		verdict->outcome = parsed == -ENOMEM ? OUTCOME_NO_MEMORY : OUTCOME_FAILING;
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "%.*s",
		               (int)sizeof(verdict->reason) - 1, parse_error->text);
	} else {
		verdict->outcome = OUTCOME_OK;
	}
}

/* The status is known, and whose trouble it is with it: half of an error's text is as good as all of it. */
static void judge_broken(const struct http_reply *reply, usec_t now, struct verdict *verdict) {
	if (reply->status != 200) {
		verdict->outcome = outcome_of_reply(reply);
		if (verdict->outcome == OUTCOME_THROTTLED) {
			verdict->wait = throttle_wait(reply, now);
		}
		explain_transport(reply, verdict);
	} else if (reply->result == HTTP_TOO_LARGE) {
		verdict->outcome = OUTCOME_TOO_LARGE;
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "the answer is larger than %zu MiB",
		               HTTP_BODY_MAX >> 20);
	} else if (reply->result == HTTP_NO_MEMORY) {
		verdict->outcome = OUTCOME_NO_MEMORY;
		(void)snprintf(verdict->reason, sizeof(verdict->reason), "out of memory");
	} else {
		verdict->outcome = OUTCOME_FAILING;
		explain_transport(reply, verdict);
	}
}

void outcome_judge(const struct http_reply *reply, int parsed, const struct error *parse_error,
                   usec_t now, struct verdict *ret_verdict) {
	struct verdict *verdict = ret_verdict;
	*verdict = (struct verdict){0};

	switch (reply->result) {
	case HTTP_REPLIED:
		judge_status(reply, parsed, parse_error, now, verdict);
		return;
	case HTTP_TOO_LARGE:
	case HTTP_NO_MEMORY:
	case HTTP_CUT_OFF:
		judge_broken(reply, now, verdict);
		return;
	case HTTP_SLOW:
		verdict->outcome = OUTCOME_TRANSIENT;
		verdict->slow = true;
		break;
	case HTTP_UNREACHABLE:
		verdict->outcome = OUTCOME_TRANSIENT;
		break;
	}
	explain_transport(reply, verdict);
}
