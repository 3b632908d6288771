// SPDX-License-Identifier: ISC

#include "effects.h"

#include <string.h>

static unsigned status_or(const struct rule *rule, unsigned usual) {
	return rule->status > 0 ? (unsigned)rule->status : usual;
}

static void replace_by_redirect(const struct rule *rule, struct answer *answer) {
	answer_set_status(answer, status_or(rule, 307));
	answer_header(answer, "Location", rule->redirect);
}

/* The same bytes each time: a test that fails must fail again. */
static void replace_by_garbage(const struct rule *rule, struct answer *answer) {
	uint64_t dice = 88172645463325252;

	answer_set(answer, status_or(rule, 200), "application/json", "");
	for (int64_t i = 0; i < rule->garbage; i++) {
		dice ^= dice << 13;
		dice ^= dice >> 7;
		dice ^= dice << 17;

		char byte = (char)(dice >> 32);

		text_add_bytes(&answer->body, &byte, 1);
	}
}

static void replace_by_nested(const struct rule *rule, struct answer *answer) {
	answer_set(answer, status_or(rule, 200), "application/json",
	           "{\"error\":false,\"timeSeriesDataPoints\":");
	text_fill(&answer->body, '[', (size_t)rule->nested);
	text_fill(&answer->body, ']', (size_t)rule->nested);
	text_add(&answer->body, "}");
}

static bool keeps_real_reply(const struct rule *rule) {
	return rule->status == 0 || (rule->status >= 200 && rule->status < 300);
}

bool effects_replace(const struct rule *rule, struct answer *answer) {
	if (rule->hang) {
		answer->course = COURSE_HANG;
	} else if (rule->reset != RESET_NO) {
		answer->course = rule->reset == RESET_ABORT ? COURSE_RESET : COURSE_CLOSE;
	} else if (rule->redirect) {
		replace_by_redirect(rule, answer);
	} else if (rule->body) {
		answer_set(answer, status_or(rule, 200), "application/json", rule->body);
	} else if (rule->html) {
		answer_set(answer, status_or(rule, 200), "text/html", rule->html);
	} else if (rule->garbage > 0) {
		replace_by_garbage(rule, answer);
	} else if (rule->nested > 0) {
		replace_by_nested(rule, answer);
	} else if (!keeps_real_reply(rule)) {
		answer_set_status(answer, (unsigned)rule->status);
	} else {
		return false;
	}
	return true;
}

void effects_restate(const struct rule *rule, struct answer *answer) {
	answer->status = status_or(rule, answer->status);
}

static void add_headers(const struct rule *rule, struct answer *answer) {
	if (!rule->headers) {
		return;
	}
	json_object_object_foreach(rule->headers, name, value) {
		answer_header(answer, name, json_object_get_string(value));
	}
}

/*
 * Spaces in front are valid before JSON and HTML, and cannot be skipped by a reader that stops
 * at the end of the document.
 */
static void pad(struct answer *answer, const struct rule *rule) {
	struct text padded = {0};

	if (rule->byte_order_mark) {
		text_add(&padded, "\xef\xbb\xbf");
	}
	text_fill(&padded, ' ', (size_t)rule->oversize_bytes);
	text_add_bytes(&padded, answer->body.bytes, answer->body.length);
	text_done(&answer->body);
	answer->body = padded;
}

void effects_finish(const struct rule *rule, struct answer *answer) {
	add_headers(rule, answer);
	if (rule->content_type) {
		answer->content_type = rule->content_type;
	}
	if (rule->retry_after) {
		answer_header(answer, "Retry-After", rule->retry_after);
	}
	if (rule->oversize_bytes > 0 || rule->byte_order_mark) {
		pad(answer, rule);
	}
	answer->delay_ms = rule->delay_ms;
	answer->trickle_ms = rule->trickle_ms;
	answer->cut = rule->cut;
}
