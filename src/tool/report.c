// SPDX-License-Identifier: ISC

#include "tool/report.h"

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "tool/output.h"
#include "tool/page.h"
#include "tool/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reporting {
	struct summary summary;
	const char *path; /* NULL: on the terminal */
};

/* A table on the terminal */

enum { NAME_WIDTH = 32 };

/* How many characters it has, or of the first limit of them how many bytes. */
static size_t characters(const char *text, size_t limit, size_t *ret_bytes) {
	size_t count = 0, at = 0, len = strlen(text);
	uint32_t point;
	while (at < len && count < limit) {
		at += text_decode(text + at, len - at, &point);
		count++;
	}
	*ret_bytes = at;
	return count;
}

static size_t width_of(const char *name) {
	size_t bytes;
	return characters(name, NAME_WIDTH, &bytes);
}

static void put_name(struct buf *out, const char *name, size_t width) {
	size_t bytes, shown = characters(name, NAME_WIDTH, &bytes);
	if (name[bytes]) {
		(void)characters(name, NAME_WIDTH - 1, &bytes);
		buf_append(out, name, bytes);
		buf_puts(out, "\u2026");
	} else {
		buf_puts(out, name);
	}
	for (; shown < width; shown++) {
		buf_putc(out, ' ');
	}
}

/* "52", "26.3", "60 %"; "-" if it is not known. */
static void put_figure(struct buf *out, int width, int decimals, double figure, const char *unit) {
	char text[64] = "-";
	if (!isnan(figure)) {
		(void)snprintf(text, sizeof(text), "%.*f%s", decimals, figure, unit);
	}
	buf_printf(out, " %*s", width, text);
}

/* The mean of each day of the week, beside the fullest one. */
static void put_week(struct buf *out, const struct figures *figures) {
	static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
	double most = 0;

	for (int day = 0; day < 7; day++) {
		most = fmax(most, figures_weekday(figures, day));
	}
	buf_putc(out, ' ');
	for (int day = 0; day < 7; day++) {
		double mean = figures_weekday(figures, day);
		if (isnan(mean)) {
			buf_putc(out, ' ');
		} else {
			buf_puts(out, mean > 0 ? bars[(int)fmin(7, mean / most * 8)] : "\u00b7");
		}
	}
}

/* What is used most comes first. */
static int compare(const void *a, const void *b) {
	const struct summary_room *left = *(const struct summary_room *const *)a, *right = *(const struct summary_room *const *)b;
	double x = use_frequency(&left->figures.working), y = use_frequency(&right->figures.working);
	x = isnan(x) ? -1 : x;
	y = isnan(y) ? -1 : y;
	return x != y ? (x < y) - (x > y) : (left > right) - (left < right);
}

static void put_row(struct buf *out, const struct summary_room *room, size_t room_width, size_t site_width) {
	const struct figures *figures = &room->figures;
	put_name(out, room->subject->name, room_width);
	if (site_width > 0) {
		buf_putc(out, ' ');
		put_name(out, room->subject->site, site_width);
	}
	put_figure(out, 5, 0, room->capacity > 0 ? (double)room->capacity : NAN, "");
	put_figure(out, 4, 0, figures->peak >= 0 ? (double)figures->peak : NAN, "");
	put_figure(out, 9, 1, use_when_used(&figures->working), "");
	put_figure(out, 9, 0, 100 * use_frequency(&figures->working), " %");
	put_figure(out, 11, 0, 100 * use_utilisation(&figures->working, room->capacity), " %");
	put_week(out, figures);
	put_figure(out, 8, 2, 100 * figures_completeness(figures), " %");
	buf_putc(out, '\n');
}

static void put_sites(struct buf *out, const struct summary *summary) {
	for (size_t i = 0; i < summary->site_count; i++) {
		const struct crowd *crowd = &summary->sites[i];
		struct zone_period period;
		char text[UTC_STRING_SIZE];
		if (crowd->peak < 0) {
			continue;
		}
		zone_period_at(crowd->rooms->room->zone, crowd->peak_at, &period);
		(void)utc_format(text, crowd->peak_at + period.offset_s * USEC_PER_SEC);
		buf_puts(out, crowd->rooms->site[0] ? crowd->rooms->site : "All rooms");
		buf_printf(out, ": at most %" PRId64 " %s at once, on %.10s at %.5s%s.\n", crowd->peak,
		           crowd->peak == 1 ? "person" : "people", text, text + 11,
		           crowd->is_partial ? "; not all rooms have a count then" : "");
	}
}

static void put_table(struct buf *out, const struct summary *summary, const struct summary_room **rooms) {
	size_t room_width = strlen("ROOM"), site_width = 0;
	for (size_t i = 0; i < summary->count; i++) {
		size_t room = width_of(rooms[i]->subject->name), site = width_of(rooms[i]->subject->site);
		room_width = room > room_width ? room : room_width;
		site_width = summary->site_count > 1 && site > site_width ? site : site_width;
	}
	site_width = site_width > 0 && site_width < 4 ? 4 : site_width;
	buf_printf(out, "%-*s", (int)room_width, "ROOM");
	if (site_width > 0) {
		buf_printf(out, " %-*s", (int)site_width, "SITE");
	}
	buf_puts(out, " SEATS PEAK WHEN USED TIME USED UTILISATION MON-SUN COMPLETE\n");
	for (size_t i = 0; i < summary->count; i++) {
		put_row(out, rooms[i], room_width, site_width);
	}
	buf_putc(out, '\n');
	put_sites(out, summary);
	buf_printf(out, "When used (mean of counts above 0), time used and utilisation (mean / seats): %s, by each room's clock.\n"
	           "%.2f %% of the counts are here; time without one is left out.\n",
	           summary->hours_text, 100 * (double)summary->counted / (double)summary->expected);
}

/* JSON */

static void put_number(struct buf *out, const char *name, double figure) {
	buf_printf(out, ",\"%s\":", name);
	if (isnan(figure)) {
		buf_puts(out, "null");
	} else {
		buf_printf(out, "%.17g", figure);
	}
}

static void put_int(struct buf *out, const char *name, int64_t number) {
	buf_printf(out, ",\"%s\":%" PRId64, name, number);
}

static void put_peak(struct buf *out, int64_t peak, usec_t at) {
	char text[UTC_STRING_SIZE];
	if (peak >= 0) {
		put_int(out, "peak", peak);
		buf_printf(out, ",\"peak_at\":\"%s\"", utc_format(text, at));
	} else {
		buf_puts(out, ",\"peak\":null,\"peak_at\":null");
	}
}

static void put_room(struct buf *out, const struct summary_room *room) {
	const struct figures *figures = &room->figures;

	buf_puts(out, "{\"room\":");
	json_put_string(out, room->subject->name);
	buf_puts(out, ",\"site\":");
	json_put_string(out, room->subject->site);
	buf_printf(out, ",\"device\":\"%s\",\"interval\":\"%s\"", room->subject->room->uuid,
	           interval_name(room->subject->room->interval));
	put_number(out, "capacity", room->capacity > 0 ? (double)room->capacity : NAN);
	put_peak(out, figures->peak, figures->peak_at);
	put_number(out, "average", use_mean(&figures->all));
	put_number(out, "when_used", use_when_used(&figures->working));
	put_number(out, "time_used", use_frequency(&figures->working));
	put_number(out, "utilisation", use_utilisation(&figures->working, room->capacity));
	put_number(out, "completeness", figures_completeness(figures));
	put_int(out, "counted", (int64_t)figures->counted);
	put_int(out, "expected", (int64_t)figures->expected);
	put_int(out, "no_data", (int64_t)figures->no_data);
	put_int(out, "gap", (int64_t)figures->in_gaps);
	put_int(out, "missing", (int64_t)figures->missing);
	buf_puts(out, ",\"weekdays\":");
	for (int day = 0; day < 7; day++) {
		double mean = figures_weekday(figures, day);
		buf_putc(out, day == 0 ? '[' : ',');
		if (isnan(mean)) {
			buf_puts(out, "null");
		} else {
			buf_printf(out, "%.17g", mean);
		}
	}
	buf_puts(out, "]}");
}

static void put_json(struct buf *out, const struct summary *summary) {
	buf_puts(out, "{\"version\":1,\"working_hours\":");
	json_put_string(out, summary->hours_text);
	put_int(out, "counted", (int64_t)summary->counted);
	put_int(out, "expected", (int64_t)summary->expected);
	buf_puts(out, ",\"rooms\":[");
	for (size_t i = 0; i < summary->count; i++) {
		buf_puts(out, i == 0 ? "" : ",");
		put_room(out, &summary->rooms[i]);
	}
	buf_puts(out, "],\"sites\":[");
	for (size_t i = 0; i < summary->site_count; i++) {
		const struct crowd *crowd = &summary->sites[i];
		buf_puts(out, i == 0 ? "{\"site\":" : ",{\"site\":");
		json_put_string(out, crowd->rooms->site);
		put_int(out, "rooms", (int64_t)crowd->count);
		put_peak(out, crowd->peak, crowd->peak_at);
		buf_printf(out, ",\"partial\":%s}", crowd->is_partial ? "true" : "false");
	}
	buf_puts(out, "]}\n");
}

/* Writing */

static int put_sorted(struct buf *out, const struct summary *summary) {
	const struct summary_room **rooms = calloc(summary->count + 1, sizeof(*rooms));
	if (!rooms) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < summary->count; i++) {
		rooms[i] = &summary->rooms[i];
	}
	qsort(rooms, summary->count, sizeof(*rooms), compare);
	put_table(out, summary, rooms);
	free(rooms);
	return 0;
}

static int write_out(const struct reporting *reporting, const struct tool *tool) {
	struct error err = {{0}};
	struct output output;
	struct buf out;
	int r = output_open(&output, reporting->path, &err);
	if (r < 0) {
		return subjects_fail(r, &err);
	}
	buf_init(&out, BUF_ANY);
	if (tool->json) {
		put_json(&out, &reporting->summary);
	} else if (reporting->path) {
		page_write(&output, &reporting->summary, tool->now);
	} else {
		r = put_sorted(&out, &reporting->summary);
	}
	r = r < 0 ? r : buf_error(&out);
	output_put(&output, buf_text(&out), out.len);
	buf_done(&out);
	int closed = output_close(&output, r == 0, &err);
	r = r < 0 ? r : closed;
	return r < 0 ? subjects_fail(r, &err) : 0;
}

/* The command */

const char report_help[] =
	"Usage: occupancyctl report [OPTION]... [PATH]...\n"
	"\n"
	"Shows how the rooms are used, in a table.  PATH is a directory or a file of the log; without one,\n"
	"the log of the configuration.\n"
	"\n"
	"  -o, --output FILE       write a page of HTML, whole or not at all, instead of a table on the terminal\n"
	"      --weekly            of last week: --during \"last week\"\n"
	"      --monthly           of last month\n"
	"      --working-hours \"DAYS TIMES\"  as in \"Mon-Thu 7:30-17, Fri 8-13\"; \"" HOURS_USUAL "\" without it\n";

enum { OPTION_WEEKLY = TOOL_OWN, OPTION_MONTHLY, OPTION_HOURS };

static int take_option(struct tool *tool, int option, const char *value, void *user, struct error *err) {
	struct reporting *reporting = user;

	switch (option) {
	case OPTION_WEEKLY:
		return period_parse("last week", &tool->selection.period, err);
	case OPTION_MONTHLY:
		return period_parse("last month", &tool->selection.period, err);
	case 'o':
		reporting->path = value;
		return 0;
	default:
		reporting->summary.hours_text = value;
		return hours_parse(value, &reporting->summary.hours, err);
	}
}

int report_run(struct tool *tool, int argc, char *argv[]) {
	static const struct option own[] = {
		{"weekly", no_argument, NULL, OPTION_WEEKLY},
		{"monthly", no_argument, NULL, OPTION_MONTHLY},
		{"working-hours", required_argument, NULL, OPTION_HOURS},
		{"output", required_argument, NULL, 'o'},
		{0},
	};
	struct reporting reporting = {.summary = {.hours_text = HOURS_USUAL}};
	struct error err;

	int r = hours_parse(HOURS_USUAL, &reporting.summary.hours, &err) < 0 ? EX_SOFTWARE : 0;
	if (r == 0) {
		r = tool_options(tool, argc, argv, own, take_option, &reporting);
	}
	if (r == 0) {
		reporting.summary.subjects.wants_reasons = reporting.path && !tool->json;
		r = summary_make(&reporting.summary, tool);
	}
	if (r == 0) {
		r = subjects_check_path(&reporting.summary.subjects, reporting.path);
	}
	if (r == 0) {
		r = write_out(&reporting, tool);
	}
	summary_done(&reporting.summary);
	return r;
}
