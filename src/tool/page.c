// SPDX-License-Identifier: ISC

#include "tool/page.h"

#include "base/utc.h"
#include "tool/assets.h"
#include "tool/charts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Times */

enum { DATE_SIZE = 80 };

/* "Tue 13 Oct 2026 12:30", of what a clock shows. */
static const char *date_text(char out[static DATE_SIZE], usec_t local, bool has_time) {
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil civil;
	utc_split(local, &civil);
	int len = has_time ? snprintf(out, DATE_SIZE, "%s ", hours_days[utc_weekday(utc_date(local))]) : 0;
	len += snprintf(out + len, DATE_SIZE - (size_t)len, "%d %s %" PRId64, civil.day, months[civil.month - 1], civil.year);
	if (has_time) {
		(void)snprintf(out + len, DATE_SIZE - (size_t)len, " %02d:%02d", civil.hour, civil.minute);
	}
	return out;
}

static const char *date_of_room(char out[static DATE_SIZE], const struct room *room, usec_t instant) {
	struct zone_period period;
	zone_period_at(room->zone, instant, &period);
	return date_text(out, instant + period.offset_s * USEC_PER_SEC, true);
}

static const char *site_of(const struct crowd *crowd) {
	return crowd->rooms->site[0] ? crowd->rooms->site : "All rooms";
}

/* The top */

static void put_title(struct output *output, const struct summary *summary) {
	char first[DATE_SIZE], last[DATE_SIZE];
	html_put(output, "Room occupancy, %s to %s", date_text(first, summary->begin, false), date_text(last, summary->end - 1, false));
}

static void put_head(struct output *output, const struct summary *summary) {
	static const char *const sections[][2] = {{"findings", "What stands out"}, {"people", "People at once"}, {"week", "The week"},
	                                          {"rooms", "Rooms"}, {"complete", "Is it complete?"}, {"meaning", "What the numbers mean"}};
	output_puts(output, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
	html_put(output, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s'; "
	         "base-uri 'none'; form-action 'none'\"><meta name=\"referrer\" content=\"no-referrer\"><title>",
	         asset_style.hash, asset_script.hash);
	put_title(output, summary);
	output_puts(output, "</title><style>");
	output_puts(output, asset_style.text);
	output_puts(output, "</style></head>\n<body><header><h1>");
	put_title(output, summary);
	html_put(output, "</h1><div class=\"soft\">%zu room%s \u00b7 working hours ", summary->count, summary->count == 1 ? "" : "s");
	html_text(output, summary->hours_text);
	output_puts(output, ", by each room\u2019s clock</div><nav aria-label=\"Sections\">");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		html_put(output, "<a href=\"#%s\">%s</a>", sections[i][0], sections[i][1]);
	}
	output_puts(output, "</nav></header>\n<main>");
}

/* Tiles */

static void put_crowd_tile(struct output *output, const struct summary *summary) {
	const struct crowd *most = &summary->sites[0];
	char date[DATE_SIZE];
	for (size_t i = 1; i < summary->site_count; i++) {
		most = summary->sites[i].peak > most->peak ? &summary->sites[i] : most;
	}
	output_puts(output, "<div><b>");
	html_figure(output, most->peak >= 0 ? (double)most->peak : NAN, 0, "");
	output_puts(output, "</b><span class=\"soft\">people at once at most: ");
	html_text(output, site_of(most));
	html_put(output, ", %s</span></div>", most->peak >= 0 ? date_of_room(date, most->rooms->room, most->peak_at) : "no count");
}

/* The fullest day of the week, all rooms together. */
static void put_day_tile(struct output *output, const struct summary *summary) {
	double people[7], most = 0;
	int fullest = -1;
	for (int day = 0; day < 7; day++) {
		people[day] = 0;
		for (size_t i = 0; i < summary->count; i++) {
			double mean = figures_weekday(&summary->rooms[i].figures, day);
			people[day] += isnan(mean) ? 0 : mean;
		}
		fullest = people[day] > most ? day : fullest;
		most = fmax(most, people[day]);
	}
	html_put(output, "<div><b>%s</b><span class=\"soft\">is the fullest day of the week</span></div>",
	         fullest >= 0 ? hours_days[fullest] : "\u2013");
}

static void put_seats_tile(struct output *output, const struct summary *summary) {
	double people = 0, seats = 0;
	for (size_t i = 0; i < summary->count; i++) {
		const struct summary_room *room = &summary->rooms[i];
		double mean = use_mean(&room->figures.working);
		if (room->capacity > 0 && !isnan(mean)) {
			people += mean;
			seats += (double)room->capacity;
		}
	}
	output_puts(output, "<div><b>");
	html_figure(output, seats > 0 ? 100 * people / seats : NAN, 0, " %");
	output_puts(output, "</b><span class=\"soft\">utilisation: seats taken in working hours, of rooms with a capacity</span></div>");
}

static void put_tiles(struct output *output, const struct summary *summary) {
	output_puts(output, "<div class=\"tiles\">");
	put_crowd_tile(output, summary);
	put_day_tile(output, summary);
	put_seats_tile(output, summary);
	output_puts(output, "<div><b>");
	html_figure(output, 100 * (double)summary->counted / (double)summary->expected, 2, " %");
	output_puts(output, "</b><span class=\"soft\">of all counts are here: see <a href=\"#complete\">Is it complete?</a></span></div></div>\n");
}

/* What stands out */

static void put_finding(struct output *output, const struct summary_room *room, enum finding finding) {
	const struct use *all = &room->figures.all, *working = &room->figures.working;
	double used = (double)working->used, full = (double)(working->full[FULL_ALL] + working->full[FULL_OVER]);

	output_puts(output, "<b>");
	html_text(output, room->subject->name);
	output_puts(output, "</b> ");
	switch (finding) {
	case FINDING_SMALL:
		html_put(output, "is for %" PRId64 " and had more for %.0f %% of the time it was used", room->capacity,
		         100 * (double)working->full[FULL_OVER] / used);
		break;
	case FINDING_LARGE:
		html_put(output, "is for %" PRId64 "; %.0f %% of its use is by %" PRId64 " or fewer", room->capacity,
		         floor(100 * (used - full) / used), room->capacity * 3 / 4);
		break;
	case FINDING_EMPTY:
		html_put(output, "has somebody in it for %.1f %% of the working hours", 100 * use_frequency(working));
		break;
	case FINDING_OTHER:
		html_put(output, "has %.0f %% of its use outside working hours", 100 * (double)(all->used - working->used) / (double)all->used);
		break;
	default:
		html_put(output, "has 0 in all %" PRIu64 " counts: is an occupancy region defined for it?", room->figures.counted);
	}
}

/* The rooms that a rule is met by, the first of them by name.  Returns whether there is one. */
static bool put_rule(struct output *output, const struct summary *summary, enum finding finding, const char *word) {
	enum { SHOWN = 8 };
	size_t count = 0;
	for (size_t i = 0; i < summary->count; i++) {
		if (summary_finding(&summary->rooms[i]) == finding && count++ < SHOWN) {
			output_puts(output, count == 1 ? "<dt>" : "; ");
			if (count == 1) {
				html_put(output, "%s</dt><dd>", word);
			}
			put_finding(output, &summary->rooms[i], finding);
		}
	}
	if (count > SHOWN) {
		html_put(output, "; and %zu more", count - SHOWN);
	}
	output_puts(output, count > 0 ? ".</dd>" : "");
	return count > 0;
}

static void put_findings(struct output *output, const struct summary *summary) {
	static const char *const words[FINDINGS] = {
		[FINDING_SMALL] = "Too small",
		[FINDING_LARGE] = "Larger than needed",
		[FINDING_EMPTY] = "Mostly empty",
		[FINDING_OTHER] = "Used at other times",
		[FINDING_NEVER] = "Never anyone",
	};
	bool has_any = false;

	output_puts(output, "<section id=\"findings\"><h2>What stands out</h2><p class=\"soft\">By fixed rules, which stand under "
	            "<a href=\"#meaning\">What the numbers mean</a>.</p><dl>");
	for (enum finding finding = FINDING_NONE + 1; finding < FINDINGS; finding++) {
		has_any |= put_rule(output, summary, finding, words[finding]);
	}
	output_puts(output, has_any ? "</dl></section>\n" : "<dt>Nothing</dt><dd>No room meets one of the rules.</dd></dl></section>\n");
}

/* Sites */

static void put_people(struct output *output, const struct summary *summary) {
	char date[DATE_SIZE], last[DATE_SIZE];

	output_puts(output, "<section id=\"people\"><h2>People at once</h2><p class=\"soft\">The highest sum of all rooms of a site at the same "
	            "time, each day. Pale bars are weekends; a mark below a day says that counts are missing, so that there may have been more.</p>");
	for (size_t i = 0; i < summary->site_count; i++) {
		const struct crowd *crowd = &summary->sites[i];
		const struct daily *daily = &crowd->daily;
		output_puts(output, "<h3>");
		html_text(output, site_of(crowd));
		html_put(output, "<span>%zu room%s", crowd->count, crowd->count == 1 ? "" : "s");
		if (crowd->peak >= 0) {
			html_put(output, " \u00b7 at most %" PRId64 " on %s", crowd->peak, date_of_room(date, crowd->rooms->room, crowd->peak_at));
		}
		output_puts(output, "</span></h3>");
		if (daily->len > 0) {
			usec_t first = daily->first * USEC_PER_DAY;
			chart_days(output, daily, "bars", crowd->peak, 0);
			html_put(output, "<div class=\"dates\"><span>%s</span><span>%s</span></div>", date_text(date, first, false),
			         date_text(last, first + (usec_t)(daily->len - 1) * USEC_PER_DAY, false));
		}
	}
	output_puts(output, "</section>\n");
}

static void put_week(struct output *output, const struct summary *summary) {
	output_puts(output, "<section id=\"week\"><h2>The week</h2><p class=\"soft\">People in each hour, on average, by the rooms\u2019 clocks. Last "
	            "column: the mean of the days\u2019 peaks. The colours go from nobody to the fullest hour of the site.</p>");
	for (size_t i = 0; i < summary->site_count; i++) {
		output_puts(output, "<h3>");
		html_text(output, site_of(&summary->sites[i]));
		output_puts(output, "</h3>");
		chart_heat(output, summary, &summary->sites[i]);
	}
	output_puts(output, "</section>\n");
}

/* Rooms */

static void put_cell(struct output *output, const char *name, double figure, int decimals, const char *unit, const char *class) {
	html_put(output, "<td class=\"n%s\" data-name=\"%s\" data-value=\"%.6g\">", class, name, isnan(figure) ? -1 : figure);
	html_figure(output, figure, decimals, unit);
	output_puts(output, "</td>");
}

static void put_room(struct output *output, const struct summary_room *room) {
	const struct figures *figures = &room->figures;
	const struct use *working = &figures->working;
	double over = working->known > 0 ? (double)working->full[FULL_OVER] / (double)working->known : 0;
	int64_t most = figures->peak > room->capacity ? figures->peak : room->capacity;

	output_puts(output, "<tr><td><b>");
	html_text(output, room->subject->name);
	output_puts(output, "</b><small>");
	html_text(output, room->subject->site);
	output_puts(output, "</small></td>");
	put_cell(output, "seats", room->capacity > 0 ? (double)room->capacity : NAN, 0, "", "");
	put_cell(output, "peak", figures->peak >= 0 ? (double)figures->peak : NAN, 0, "",
	         room->capacity > 0 && figures->peak > room->capacity ? " over" : "");
	put_cell(output, "when used", use_when_used(working), 1, "", "");
	put_cell(output, "time used", 100 * use_frequency(working), 0, " %", "");
	put_cell(output, "utilisation", 100 * use_utilisation(working, room->capacity), 0, " %", "");
	html_put(output, "<td class=\"wide\" data-value=\"%.6g\">", over);
	if (room->capacity > 0 && working->known > 0) {
		chart_full(output, working);
	}
	output_puts(output, "</td><td class=\"half\">");
	chart_week(output, figures);
	output_puts(output, "</td><td class=\"half\">");
	if (figures->daily.len > 0) {
		chart_days(output, &figures->daily, "spark", most, room->capacity);
	}
	output_puts(output, "</td>");
	put_cell(output, "complete", 100 * figures_completeness(figures), 2, " %", "");
	output_puts(output, "</tr>\n");
}

static void put_rooms(struct output *output, const struct summary *summary) {
	static const char *const heads[][3] = {
		{"", "up", "Room"},          {"n", "down", "Seats"},           {"n", "down", "Peak"}, {"n", "down", "When used"},
		{"n", "down", "Time used"},  {"n", "down", "Utilisation"},     {"", "down", "How full, how often"},
		{"", NULL, "Its week"},      {"", NULL, "Daily peaks"},        {"n", "up", "Complete"}};
	static const char *const keys[][2] = {{"s0", "empty"}, {"s1", "up to a quarter of the seats"}, {"s2", "half"}, {"s4", "three quarters"},
	                                      {"s6", "all"}, {"over", "more than the room is for"}};

	output_puts(output, "<section id=\"rooms\"><h2>Rooms</h2><p class=\"soft\">In working hours, but for the peak, the week and the daily "
	            "peaks.</p><p class=\"soft keys\">");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		html_put(output, "<span class=\"key %s\"></span>%s", keys[i][0], keys[i][1]);
	}
	output_puts(output, "</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Rooms\"><table class=\"rooms\"><thead><tr>");
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		html_put(output, "<th scope=\"col\" class=\"%s\"", heads[i][0]);
		if (heads[i][1]) {
			html_put(output, " data-sort=\"%s\"", heads[i][1]);
		}
		html_put(output, ">%s</th>", heads[i][2]);
	}
	output_puts(output, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < summary->count; i++) {
		put_room(output, &summary->rooms[i]);
	}
	output_puts(output, "</tbody></table></div></section>\n");
}

/* Completeness */

static int compare_completeness(const void *a, const void *b) {
	const struct summary_room *left = *(const struct summary_room *const *)a, *right = *(const struct summary_room *const *)b;
	double x = figures_completeness(&left->figures), y = figures_completeness(&right->figures);
	return x != y ? (x > y) - (x < y) : (left > right) - (left < right);
}

/* The worst first, and the others in a sentence. */
static void put_worst(struct output *output, const struct summary_room **worst, size_t count) {
	enum { SHOWN = 20 };
	output_puts(output, "<h3>Rooms without all counts, the worst first</h3><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
	            "aria-label=\"Rooms without all counts\"><table class=\"plain\"><thead><tr><th scope=\"col\">Room</th><th scope=\"col\" class=\"n\">"
	            "Complete</th><th scope=\"col\" class=\"n\">No data</th><th scope=\"col\" class=\"n\">In gaps</th>"
	            "<th scope=\"col\" class=\"n\">Missing</th></tr></thead><tbody>");
	for (size_t i = 0; i < count && i < SHOWN; i++) {
		const struct figures *figures = &worst[i]->figures;
		output_puts(output, "<tr><td>");
		html_text(output, worst[i]->subject->name);
		output_puts(output, "</td><td class=\"n\">");
		html_figure(output, 100 * figures_completeness(figures), 2, " %");
		html_put(output, "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td><td class=\"n\">%" PRIu64 "</td></tr>",
		         figures->no_data, figures->in_gaps, figures->missing);
	}
	output_puts(output, "</tbody></table></div>");
	if (count > SHOWN) {
		html_put(output, "<p class=\"soft\">%zu more lack fewer.</p>", count - SHOWN);
	}
}

static void put_complete(struct output *output, const struct summary *summary) {
	const struct summary_room **worst = calloc(summary->count + 1, sizeof(*worst));
	size_t count = 0;

	if (!worst) {
		output->error = output->error < 0 ? output->error : -ENOMEM;
		return;
	}
	html_put(output, "<section id=\"complete\"><h2>Is it complete?</h2><p>%" PRIu64 " counts are expected, from each room\u2019s first record of "
	         "this time to its last. <b>%" PRIu64 "</b> are here. For <b>%" PRIu64 "</b> Rhombus had no data, <b>%" PRIu64 "</b> are in "
	         "recorded gaps, and <b>%" PRIu64 "</b> are missing without a record. <code>occupancyctl verify --gaps</code> says "
	         "why.</p>", summary->expected, summary->counted, summary->no_data, summary->in_gaps, summary->missing);
	for (size_t i = 0; i < summary->count; i++) {
		if (summary->rooms[i].figures.counted < summary->rooms[i].figures.expected) {
			worst[count++] = &summary->rooms[i];
		}
	}
	qsort(worst, count, sizeof(*worst), compare_completeness);
	if (count > 0) {
		put_worst(output, worst, count);
	}
	free(worst);
	output_puts(output, "</section>\n");
}

/* Definitions */

static void put_meaning(struct output *output, const struct summary *summary) {
	static const char *const terms[][2] = {
		{"Count", "Rhombus\u2019s estimate of how many people were there during an interval; the latest correction. It is a level, which holds "
		          "for its interval: means are weighted by time, and counts are never added up over time."},
		{"Peak", "The highest count, at any time of day."},
		{"When used", "The mean of the counts above 0, in working hours."},
		{"Time used", "The part of the working hours with a count above 0 (\u201cfrequency\u201d). Time without a count is left out, not "
		              "taken for empty."},
		{"Utilisation", "The mean count of the working hours, of the seats: time used \u00d7 how full it is when used."},
		{"People at once", "The counts of all rooms of a site for the same time, added up: the peak of the sum, not the sum of the peaks. A "
		                   "person who changes rooms may be in it twice."},
		{"Complete", "Intervals with a count, of all from the room\u2019s first record to its last."},
		{"What stands out", "Too small: more people than seats for more than 2 % of the working hours in which it is used. Larger than needed: "
		                    "8 seats or more, and 95 % of its use in working hours is by three quarters of them or fewer. Mostly empty: used "
		                    "for less than 12 % of the working hours. Used at other times: more than half of the time used is outside "
		                    "working hours; such a room is not called empty. Never anyone: no count above 0."},
		{"Not to be had", "How many people came, how long they stayed, how many different ones there were: levels do not say."},
	};

	output_puts(output, "<section id=\"meaning\"><h2>What the numbers mean</h2><dl>");
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		output_puts(output, "<dt>");
		output_puts(output, terms[i][0]);
		output_puts(output, "</dt><dd>");
		output_puts(output, terms[i][1]);
		output_puts(output, "</dd>");
	}
	output_puts(output, "<dt>Working hours</dt><dd>");
	html_text(output, summary->hours_text);
	output_puts(output, ", by each room\u2019s clock. Holidays are not left out.</dd></dl></section>\n");
}

void page_write(struct output *output, const struct summary *summary, usec_t now) {
	char made[UTC_STRING_SIZE];

	put_head(output, summary);
	put_tiles(output, summary);
	put_findings(output, summary);
	put_people(output, summary);
	put_week(output, summary);
	put_rooms(output, summary);
	put_complete(output, summary);
	put_meaning(output, summary);
	html_put(output, "</main>\n<footer>Made by occupancyctl report from %zu file%s at %s. This page asks nothing of any network.</footer>\n",
	         summary->subjects.files.len, summary->subjects.files.len == 1 ? "" : "s", utc_format(made, now - now % USEC_PER_SEC));
	output_puts(output, "<script>");
	output_puts(output, asset_script.text);
	output_puts(output, "</script></body></html>\n");
}
