// SPDX-License-Identifier: ISC

#include "tool/page.h"

#include "base/utc.h"
#include "tool/assets.h"
#include "tool/charts.h"
#include "tool/completeness.h"
#include "tool/datetext.h"
#include "tool/packed.h"
#include "tool/show.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *site_of(const struct crowd *crowd) {
	return crowd->rooms->site[0] ? crowd->rooms->site : "All rooms";
}

/* The top */

static void put_title(struct output *output, const struct summary *summary) {
	char first[SHOW_DATE_SIZE], last[SHOW_DATE_SIZE];
	html_put(output, "Room occupancy, %s to %s", show_date(first, summary->begin), show_date(last, summary->end - 1));
}

/* The names of the sites, if they are few. */
static void put_places(struct output *output, const struct summary *summary) {
	enum { NAMED = 5 };
	for (size_t i = 0; i < summary->site_count && i < NAMED; i++) {
		html_text(output, summary->sites[i].rooms->site);
		output_puts(output, !*summary->sites[i].rooms->site ? "" : i + 1 < summary->site_count ? ", " : " \u00b7 ");
	}
	if (summary->site_count > NAMED) {
		html_put(output, "and %zu more sites \u00b7 ", summary->site_count - NAMED);
	}
}

static void put_head(struct output *output, const struct summary *summary) {
	static const char *const sections[][2] = {{"findings", "What stands out"}, {"people", "People at once"}, {"week", "The week"},
	                                          {"rooms", "Rooms"}, {"closer", "A closer look"}, {"complete", "Is it complete?"}, {"meaning", "What the numbers mean"}};
	output_puts(output, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">");
	html_put(output, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '%s'; script-src '%s' '%s'; "
	         "img-src data:; base-uri 'none'; form-action 'none'\"><meta name=\"referrer\" content=\"no-referrer\"><title>",
	         asset_style.hash, asset_dygraphs.hash, asset_script.hash);
	put_title(output, summary);
	output_puts(output, "</title><style>");
	output_puts(output, asset_style.text);
	output_puts(output, "</style></head>\n<body><header><h1>");
	put_title(output, summary);
	output_puts(output, "</h1><div class=\"soft\">");
	put_places(output, summary);
	html_put(output, "%zu room%s \u00b7 working hours ", summary->count, summary->count == 1 ? "" : "s");
	html_text(output, summary->hours_text);
	output_puts(output, ", by each room\u2019s clock</div><nav aria-label=\"Sections\">");
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		html_put(output, "<a href=\"#%s\"%s>%s</a>", sections[i][0], strcmp(sections[i][0], "closer") == 0 ? " hidden" : "", sections[i][1]);
	}
	output_puts(output, "</nav></header>\n<main>");
}

/* Tiles */

static void put_crowd_tile(struct output *output, const struct summary *summary) {
	const struct crowd *most = &summary->sites[0];
	char date[DATETEXT_SIZE];
	for (size_t i = 1; i < summary->site_count; i++) {
		most = summary->sites[i].peak > most->peak ? &summary->sites[i] : most;
	}
	output_puts(output, "<div><b>");
	html_figure(output, most->peak >= 0 ? (double)most->peak : NAN, 0, "");
	output_puts(output, "</b><span class=\"soft\">people at once at most: ");
	html_text(output, site_of(most));
	html_put(output, ", %s</span></div>", most->peak >= 0 ? datetext_time(date, most->rooms->room, most->peak_at) : "no count");
}

/* The fullest day of the week, all rooms together, and the emptiest of those on which people work. */
static void put_day_tile(struct output *output, const struct summary *summary) {
	double people[7] = {0};
	int most = 0, least = -1;
	for (int day = 0; day < 7; day++) {
		for (size_t i = 0; i < summary->count; i++) {
			double mean = figures_weekday(&summary->rooms[i].figures, day);
			people[day] += isnan(mean) ? 0 : mean;
		}
		most = people[day] > people[most] ? day : most;
		if (summary->hours.from[day] < summary->hours.to[day] && people[day] > 0 && (least < 0 || people[day] < people[least])) {
			least = day;
		}
	}
	html_put(output, "<div><b>%s</b><span class=\"soft\">is the fullest day of the week", people[most] > 0 ? hours_days[most] : "\u2013");
	if (least >= 0 && least != most) {
		html_put(output, "; %s has %.0f %% fewer people", hours_days[least], 100 * (1 - people[least] / people[most]));
	}
	output_puts(output, "</span></div>");
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

static void put_finding(struct output *output, const struct summary_room *room, size_t place, enum finding finding) {
	const struct use *all = &room->figures.all, *working = &room->figures.working;
	double used = (double)working->used, full = (double)(working->full[FULL_ALL] + working->full[FULL_OVER]);

	html_put(output, "<b data-room=\"%zu\">", place);
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
		output_puts(output, "has 0 in all ");
		html_number(output, room->figures.counted);
		output_puts(output, " counts: is an occupancy region defined for it?");
	}
}

/* The rooms that a rule is met by, the first of them by name.  Returns whether there is one. */
static bool put_rule(struct output *output, const struct summary *summary, enum finding finding, const char *word) {
	enum { SHOWN = 8 };
	size_t count = 0;
	for (size_t i = 0; i < summary->count; i++) {
		if (summary_finding(&summary->rooms[i]) == finding && count++ < SHOWN) {
			if (count == 1) {
				html_put(output, "<dt data-finding=\"%d\">%s</dt><dd>", finding, word);
			} else {
				output_puts(output, "; ");
			}
			put_finding(output, &summary->rooms[i], i, finding);
		}
	}
	if (count > SHOWN) {
		html_put(output, "; and %zu more", count - SHOWN);
	}
	output_puts(output, count == 0 ? "" : finding == FINDING_NEVER && count <= SHOWN ? "</dd>" : ".</dd>");
	return count > 0;
}

/* "At Denver HQ Tue is the fullest day, with 264 people at its peak on average, ..." */
static void put_site_week(struct output *output, const struct summary *summary, const struct crowd *crowd) {
	double means[7][24], peaks[7];
	int most = -1, least = -1, hour = -1;

	summary_week(summary, crowd, means);
	for (int day = 0; day < 7; day++) {
		peaks[day] = daily_mean(&crowd->daily, day);
		bool works = summary->hours.from[day] < summary->hours.to[day] && !isnan(peaks[day]);
		most = !isnan(peaks[day]) && peaks[day] > 0 && (most < 0 || peaks[day] > peaks[most]) ? day : most;
		least = works && (least < 0 || peaks[day] < peaks[least]) ? day : least;
	}
	for (int cell = 0; cell < 7 * 24; cell++) {
		double mean = means[cell / 24][cell % 24];
		hour = !isnan(mean) && mean > 0 && (hour < 0 || mean > means[hour / 24][hour % 24]) ? cell : hour;
	}
	if (most < 0 || hour < 0) {
		return;
	}
	output_puts(output, "<dt>The week");
	if (summary->site_count > 1) {
		output_puts(output, " at ");
		html_text(output, crowd->rooms->site);
	}
	html_put(output, "</dt><dd><b>%s</b> is the fullest day: at its peak %.0f people on average.", hours_days[most], peaks[most]);
	if (least >= 0 && least != most) {
		html_put(output, " %s has %.0f, %.0f %% fewer.", hours_days[least], peaks[least], 100 * (1 - peaks[least] / peaks[most]));
	}
	html_put(output, " The fullest hour is %s %d:00, with %.*f people on average.</dd>", hours_days[hour / 24], hour % 24,
	         means[hour / 24][hour % 24] < 9.95 ? 1 : 0, means[hour / 24][hour % 24]);
}

static void put_findings(struct output *output, const struct summary *summary) {
	static const char *const words[FINDINGS] = {
		[FINDING_SMALL] = "Too small",
		[FINDING_LARGE] = "Larger than needed",
		[FINDING_EMPTY] = "Mostly empty",
		[FINDING_OTHER] = "Used at other times",
		[FINDING_NEVER] = "Never anyone",
	};
	enum { SITES = 5 };
	bool has_any = false;

	output_puts(output, "<section id=\"findings\"><h2>What stands out</h2><p class=\"soft\">By fixed rules, which stand under "
	            "<a href=\"#meaning\">What the numbers mean</a>.</p><dl>");
	for (size_t i = 0; i < summary->site_count && i < SITES; i++) {
		put_site_week(output, summary, &summary->sites[i]);
	}
	for (enum finding finding = FINDING_NONE + 1; finding < FINDINGS; finding++) {
		has_any |= put_rule(output, summary, finding, words[finding]);
	}
	output_puts(output, has_any ? "</dl></section>\n" : "<dt>Rooms</dt><dd>No room meets one of the rules.</dd></dl></section>\n");
}

/* Sites */

static void put_people(struct output *output, const struct summary *summary) {
	char date[DATETEXT_SIZE];

	output_puts(output, "<section id=\"people\"><h2>People at once</h2><p class=\"soft\">The highest sum of all rooms of a site at the same "
	            "time, each day. Pale bars are weekends; a mark below a day says that counts are missing, so that there may have been more.</p>");
	for (size_t i = 0; i < summary->site_count; i++) {
		const struct crowd *crowd = &summary->sites[i];
		const struct daily *daily = &crowd->daily;
		output_puts(output, "<h3>");
		html_text(output, site_of(crowd));
		html_put(output, "<span>%zu room%s", crowd->count, crowd->count == 1 ? "" : "s");
		if (crowd->peak >= 0) {
			html_put(output, " \u00b7 at most %" PRId64 " on %s", crowd->peak, datetext_time(date, crowd->rooms->room, crowd->peak_at));
		}
		output_puts(output, "</span></h3>");
		if (daily->len > 0) {
			chart_days(output, daily, crowd->peak);
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

static void put_room(struct output *output, const struct summary_room *room, size_t place) {
	const struct figures *figures = &room->figures;
	const struct use *working = &figures->working;
	double over = working->known > 0 ? (double)working->full[FULL_OVER] / (double)working->known : 0;

	html_put(output, "<tr data-room=\"%zu\" data-finding=\"%d\"><td><b data-room=\"%zu\">", place, summary_finding(room), place);
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
		chart_spark(output, &figures->daily, figures->peak, room->capacity);
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
		html_put(output, "<span><span class=\"key %s\"></span>%s</span> ", keys[i][0], keys[i][1]);
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
		put_room(output, &summary->rooms[i], i);
	}
	output_puts(output, "</tbody></table></div></section>\n");
}

/* A closer look: for the script, which shows it */

static void put_closer(struct output *output) {
	static const char *const buttons[][3] = {{"day", "Day", "Show a day"}, {"week", "Week", "Show a week"}, {"month", "Month", "Show a month"},
	                                         {"all", "All", "Show all"}, {"left", "\u25c0", "Earlier"}, {"right", "\u25b6", "Later"},
	                                         {"out", "\u2212", "Zoom out"}, {"in", "+", "Zoom in"}};
	output_puts(output, "<section id=\"closer\" hidden><h2>A closer look</h2><div class=\"tools\"><label for=\"closer-pick\">Room or site</label>"
	            "<select id=\"closer-pick\"></select><span id=\"closer-about\" class=\"soft\"></span></div><div class=\"tools\">");
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++) {
		html_put(output, "<button type=\"button\" data-act=\"%s\" aria-label=\"%s\">%s</button>", buttons[i][0], buttons[i][2], buttons[i][1]);
	}
	output_puts(output, "<span id=\"closer-span\" class=\"soft\"></span></div><p id=\"closer-read\" role=\"status\"></p>"
	            "<div id=\"closer-box\" tabindex=\"0\" role=\"application\" aria-label=\"Counts over time\" aria-describedby=\"closer-help\"></div>"
	            "<p id=\"closer-help\" class=\"soft\">Hatched: no count. <span id=\"closer-note\">Columns: the highest count in each; "
	            "in front, in the stronger colour, the mean. </span>Drag across it to zoom in, double-click for all; on a touch screen pinch and "
	            "swipe. <span class=\"by-key\">On the keyboard: arrows, + and \u2212, Home for all, Shift and arrows for each count.</span></p>"
	            "<div class=\"halves\"><div><h3>The week in the time shown</h3><div class=\"tools\">"
	            "<button type=\"button\" data-mode=\"mean\" aria-pressed=\"true\">Mean</button>"
	            "<button type=\"button\" data-mode=\"peak\" aria-pressed=\"false\">Peak</button></div>"
	            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The week in the time shown\"><table id=\"closer-heat\" "
	            "class=\"heat small\"></table></div></div>"
	            "<div><h3>How many, when used</h3><svg id=\"closer-spread\" viewBox=\"0 0 320 156\" role=\"img\" aria-label=\"\"></svg>"
	            "<dl id=\"closer-figures\"></dl></div></div></section>\n");
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
	put_closer(output);
	completeness_write(output, summary);
	put_meaning(output, summary);
	html_put(output, "</main>\n<footer>Made by occupancyctl report from %zu file%s at %s. This page asks nothing of any network.</footer>\n",
	         summary->subjects.files.len, summary->subjects.files.len == 1 ? "" : "s", utc_format(made, now - now % USEC_PER_SEC));
	packed_write(output, summary);
	output_puts(output, "<script>");
	output_puts(output, asset_dygraphs.text);
	output_puts(output, "</script>\n<script>");
	output_puts(output, asset_script.text);
	output_puts(output, "</script></body></html>\n");
}
