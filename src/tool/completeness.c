// SPDX-License-Identifier: ISC

#include "tool/completeness.h"

#include "base/utc.h"
#include "tool/charts.h"
#include "tool/datetext.h"
#include "tool/gaps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gaps */

static void put_text(struct output *output, const char *text) {
	char *plain = subjects_plain(text);
	if (!plain) {
		output->error = output->error < 0 ? output->error : -ENOMEM;
		return;
	}
	html_text(output, plain);
	free(plain);
}

static void put_length(struct output *output, usec_t length) {
	double hours = (double)length / (double)USEC_PER_HOUR;
	if (hours < 1) {
		html_put(output, "%.0f min", hours * 60);
	} else {
		html_put(output, hours < 48 ? "%.3g h" : "%.1f days", hours < 48 ? hours : hours / 24);
	}
}

/* How many of the rooms are of the site of the first one of them, and how many that site has. */
static size_t of_site(const struct gaps *gaps, const struct gap_group *group, const struct summary *summary, size_t *ret_all) {
	const char *site = summary->rooms[gaps->list[group->at].room].subject->site;
	size_t count = 0;
	for (size_t i = 0; i < group->count; i++) {
		count += strcmp(summary->rooms[gaps->list[group->at + i].room].subject->site, site) == 0;
	}
	*ret_all = 0;
	for (size_t i = 0; i < summary->count; i++) {
		*ret_all += strcmp(summary->rooms[i].subject->site, site) == 0;
	}
	return count;
}

/* "Lobby", "all 5 rooms of Depot", "14 rooms of Berlin", "31 rooms". */
static void put_rooms(struct output *output, const struct gaps *gaps, const struct gap_group *group, const struct summary *summary) {
	enum { NAMED = 3 };
	size_t all, same = of_site(gaps, group, summary, &all);
	if (group->count <= NAMED) {
		for (size_t i = 0; i < group->count; i++) {
			output_puts(output, i > 0 ? ", " : "");
			html_text(output, summary->rooms[gaps->list[group->at + i].room].subject->name);
		}
		return;
	}
	html_put(output, "%s%zu rooms", group->count == all || group->count == summary->count ? "all " : "", group->count);
	const char *site = summary->rooms[gaps->list[group->at].room].subject->site;
	if (same == group->count && *site) {
		output_puts(output, " of ");
		html_text(output, site);
	}
}

static void put_group(struct output *output, const struct gaps *gaps, const struct gap_group *group, const struct summary *summary) {
	const struct gap_piece *piece = &gaps->list[group->at];
	const struct room *room = summary->rooms[piece->room].subject->room;
	char from[DATETEXT_SIZE], to[DATETEXT_SIZE];
	html_put(output, "<tr><td>%s</td><td>%s</td><td class=\"n\">", datetext_time(from, room, piece->start), datetext_time(to, room, piece->end));
	put_length(output, piece->end - piece->start);
	output_puts(output, "</td><td>");
	put_text(output, piece->reason ? piece->reason : "nothing stands in the log: see occupancyctl verify");
	output_puts(output, "</td><td>");
	put_rooms(output, gaps, group, summary);
	output_puts(output, "</td></tr>");
}

static void put_gaps(struct output *output, const struct gaps *gaps, const struct summary *summary) {
	enum { SHOWN = 20 };
	output_puts(output, "<h3>Gaps, the longest first</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Gaps\">"
	            "<table class=\"plain gaps\"><thead><tr><th scope=\"col\">From</th><th scope=\"col\">To, by the rooms\u2019 clock</th>"
	            "<th scope=\"col\" class=\"n\">Length</th><th scope=\"col\">Why</th><th scope=\"col\">Rooms</th></tr></thead><tbody>");
	for (size_t i = 0; i < gaps->group_count && i < SHOWN; i++) {
		put_group(output, gaps, &gaps->groups[i], summary);
	}
	output_puts(output, "</tbody></table></div>");
	if (gaps->group_count > SHOWN) {
		html_put(output, "<p class=\"soft\">%zu more are shorter: <code>occupancyctl verify --gaps</code> lists all.</p>", gaps->group_count - SHOWN);
	}
}

/* Rooms */

static int compare_completeness(const void *a, const void *b) {
	const struct summary_room *left = *(const struct summary_room *const *)a, *right = *(const struct summary_room *const *)b;
	double x = figures_completeness(&left->figures), y = figures_completeness(&right->figures);
	return x != y ? (x > y) - (x < y) : (left > right) - (left < right);
}

/* The worst first, and the others in a sentence. */
static void put_worst(struct output *output, const struct summary *summary, const struct summary_room **worst, size_t count) {
	enum { SHOWN = 20 };
	output_puts(output, "<h3>Rooms without all counts, the worst first</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
	            "aria-label=\"Rooms without all counts\"><table class=\"plain\"><thead><tr><th scope=\"col\">Room</th><th scope=\"col\" class=\"n\">"
	            "Complete</th><th scope=\"col\" class=\"wide\">Days without all counts</th><th scope=\"col\" class=\"n\">No data</th><th scope=\"col\" class=\"n\">In gaps</th>"
	            "<th scope=\"col\" class=\"n\">Missing</th></tr></thead><tbody>");
	for (size_t i = 0; i < count && i < SHOWN; i++) {
		const struct figures *figures = &worst[i]->figures;
		output_puts(output, "<tr><td>");
		html_text(output, worst[i]->subject->name);
		output_puts(output, "</td><td class=\"n\">");
		html_figure(output, 100 * figures_completeness(figures), 2, " %");
		output_puts(output, "</td><td class=\"wide\">");
		if (figures->daily.len > 0) {
			chart_holes(output, &figures->daily, summary->begin / USEC_PER_DAY, summary->end / USEC_PER_DAY);
		}
		html_put(output, "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td></tr>",
		         figures->no_data, figures->in_gaps, figures->missing);
	}
	output_puts(output, "</tbody></table></div>");
	if (count > SHOWN) {
		html_put(output, "<p class=\"soft\">%zu more lack fewer.</p>", count - SHOWN);
	}
}

static void put_sentence(struct output *output, const struct summary *summary, const struct gaps *gaps) {
	output_puts(output, "<section id=\"complete\"><h2>Is it complete?</h2><p>");
	html_number(output, summary->expected);
	output_puts(output, " counts are expected, from each room\u2019s first record of this time to its last. <b>");
	html_number(output, summary->counted);
	output_puts(output, "</b> are here. For <b>");
	html_number(output, summary->no_data);
	output_puts(output, "</b> Rhombus had no data, <b>");
	html_number(output, summary->in_gaps);
	output_puts(output, "</b> are in recorded gaps, and <b>");
	html_number(output, summary->missing);
	output_puts(output, "</b> are missing without a record.</p>");
	if (gaps->group_count > 0) {
		put_gaps(output, gaps, summary);
	}
}

void completeness_write(struct output *output, const struct summary *summary) {
	const struct summary_room **worst = calloc(summary->count + 1, sizeof(*worst));
	struct gaps gaps = {0};
	size_t count = 0;

	if (!worst || gaps_find(&gaps, summary) < 0) {
		output->error = output->error < 0 ? output->error : -ENOMEM;
	} else {
		put_sentence(output, summary, &gaps);
		for (size_t i = 0; i < summary->count; i++) {
			if (summary->rooms[i].figures.counted < summary->rooms[i].figures.expected) {
				worst[count++] = &summary->rooms[i];
			}
		}
		qsort(worst, count, sizeof(*worst), compare_completeness);
		if (count > 0) {
			put_worst(output, summary, worst, count);
		}
		output_puts(output, "</section>\n");
	}
	gaps_done(&gaps);
	free(worst);
}
