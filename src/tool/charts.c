// SPDX-License-Identifier: ISC

#include "tool/charts.h"

#include "base/utc.h"
#include "tool/show.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Days */

/* Bars of one kind in one path of lines: each begins where the last one has ended. */
static void put_bars(struct output *output, const struct daily *daily, const char *class, bool is_weekend, int64_t most) {
	size_t at = 0;
	int height = 0;
	html_put(output, "<path class=\"%s\" d=\"M.5 100", class);
	for (size_t i = 0; i < daily->len; i++) {
		if (daily->peak[i] > 0 && (utc_weekday(daily->first + (int64_t)i) >= 5) == is_weekend) {
			html_put(output, "m%zu %d", i - at, height);
			height = (int)fmax(1, round((double)daily->peak[i] / (double)most * 100));
			html_put(output, "v-%d", height);
			at = i;
		}
	}
	output_puts(output, "\"/>");
}

/* Runs of days of which counts are missing; from: where the mark begins. */
static void put_partial(struct output *output, const struct daily *daily, int from, int height) {
	output_puts(output, "<path class=\"part\" d=\"");
	for (size_t i = 0, end; i < daily->len; i = end) {
		end = i + 1;
		if (daily->is_partial[i]) {
			for (; end < daily->len && daily->is_partial[end]; end++) {
				/* as well */
			}
			html_put(output, "M%zu %dh%zuv%dh-%zu", i, from, end - i, height, end - i);
		}
	}
	output_puts(output, "\"/>");
}

static void begin_picture(struct output *output, const char *class, size_t width, int height) {
	html_put(output, "<svg class=\"%s\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"", class, width, height);
}

void chart_spark(struct output *output, const struct daily *daily, int64_t peak, int64_t capacity) {
	int64_t most = peak > capacity ? peak : capacity;
	most = most > 0 ? most : 1;
	begin_picture(output, "spark", daily->len, 100);
	html_put(output, "Peaks of %zu day%s, at most %" PRId64 "\">", daily->len, daily->len == 1 ? "" : "s", peak > 0 ? peak : 0);
	put_bars(output, daily, "day", false, most);
	put_bars(output, daily, "end", true, most);
	if (capacity > 0) {
		html_put(output, "<path class=\"cap\" d=\"M0 %.1fh%zu\"/>", 100 - (double)capacity / (double)most * 98, daily->len);
	}
	output_puts(output, "</svg>");
}

/* The next round number that can be halved, too. */
static double round_up(double most) {
	static const double steps[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
	double unit = 1;
	while (unit * 10 < most) {
		unit *= 10;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (unit * steps[i] >= most && fmod(unit * steps[i], 2) == 0) {
			return unit * steps[i];
		}
	}
	return unit * 10;
}

/* What stands below a day: each Monday, each first of a month, or every day if they are few. */
static void put_date(struct output *output, const struct daily *daily, size_t i) {
	usec_t local = (daily->first + (int64_t)i) * USEC_PER_DAY;
	struct civil civil;
	utc_split(local, &civil);
	bool by_month = daily->len > 92, by_week = daily->len > 14;
	if (by_month ? civil.day != 1 : by_week && utc_weekday(daily->first + (int64_t)i) != 0) {
		return;
	}
	double width = 100 / (double)daily->len, x = ((double)i + (by_month || by_week ? 0 : 0.5)) * width;
	if (x > 96) {
		return;
	}
	html_put(output, "<text x=\"%.2f%%\" y=\"12\"%s>", x, by_month || by_week ? "" : " text-anchor=\"middle\"");
	if (!by_month) {
		html_put(output, "%s%s%d ", by_week ? "" : hours_days[utc_weekday(daily->first + (int64_t)i)], by_week ? "" : " ", civil.day);
	}
	output_puts(output, show_month(civil.month));
	if (by_month && civil.month == 1) {
		html_put(output, " %" PRId64, civil.year);
	}
	output_puts(output, "</text>");
}

void chart_days(struct output *output, const struct daily *daily, int64_t peak) {
	double top = round_up(peak > 0 ? (double)peak : 1);

	html_put(output, "<div class=\"chart\"><div class=\"scale\" aria-hidden=\"true\"><span>%.0f</span><span>%.0f</span><span>0</span></div><div>", top,
	         top / 2);
	begin_picture(output, "bars", daily->len, 106);
	html_put(output, "Peaks of %zu day%s, at most %" PRId64 "\"><path class=\"grid\" d=\"M0 0h%zuM0 50h%zuM0 100h%zu\"/>", daily->len,
	         daily->len == 1 ? "" : "s", peak > 0 ? peak : 0, daily->len, daily->len, daily->len);
	put_partial(output, daily, 102, 4);
	put_bars(output, daily, "day", false, (int64_t)top);
	put_bars(output, daily, "end", true, (int64_t)top);
	output_puts(output, "</svg><svg class=\"dates\" aria-hidden=\"true\">");
	for (size_t i = 0; i < daily->len; i++) {
		put_date(output, daily, i);
	}
	output_puts(output, "</svg></div></div>");
}

void chart_holes(struct output *output, const struct daily *daily, int64_t first, int64_t last) {
	size_t days = (size_t)(last - first);
	begin_picture(output, "holes", days, 10);
	output_puts(output, "Days without all counts\">");
	html_put(output, "<path class=\"s2\" d=\"M%" PRId64 " 0h%zuv10h-%zu\"/><g transform=\"translate(%" PRId64 ")\">", daily->first - first, daily->len,
	         daily->len, daily->first - first);
	put_partial(output, daily, 0, 10);
	output_puts(output, "</g></svg>");
}

/* Weeks */

/* From nobody, 0, to the most, 6. */
static int shade(double mean, double most) {
	return mean > 0 && most > 0 ? (int)fmin(6, ceil(mean / most * 6)) : 0;
}

static void put_cell(struct output *output, double mean, double most) {
	if (isnan(mean)) {
		output_puts(output, "<td class=\"none\">\u2013</td>");
	} else {
		html_put(output, "<td class=\"s%d\">", shade(mean, most));
		if (mean >= 0.05) {
			html_put(output, "%.*f", mean < 9.95 ? 1 : 0, mean);
		}
		output_puts(output, "</td>");
	}
}

void chart_heat(struct output *output, const struct summary *summary, const struct crowd *crowd) {
	double means[7][24], most = 0;

	summary_week(summary, crowd, means);
	for (int cell = 0; cell < 7 * 24; cell++) {
		most = fmax(most, means[cell / 24][cell % 24]);
	}
	output_puts(output, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Week at ");
	html_text(output, crowd->rooms->site[0] ? crowd->rooms->site : "all rooms");
	output_puts(output, "\"><table class=\"heat\"><thead><tr><td></td>");
	for (int hour = 0; hour < 24; hour++) {
		html_put(output, "<th scope=\"col\">%d</th>", hour);
	}
	output_puts(output, "<th scope=\"col\">peak</th></tr></thead><tbody>");
	for (int day = 0; day < 7; day++) {
		html_put(output, "<tr><th scope=\"row\">%s</th>", hours_days[day]);
		for (int hour = 0; hour < 24; hour++) {
			put_cell(output, means[day][hour], most);
		}
		output_puts(output, "<td class=\"sum\">");
		html_figure(output, daily_mean(&crowd->daily, day), 0, "");
		output_puts(output, "</td></tr>");
	}
	output_puts(output, "</tbody></table></div>");
}

/* -1: no count. */
static int level_of(const struct figures *figures, int cell, double most) {
	double mean = figures_hour(figures, cell / 24, cell % 24);
	return isnan(mean) ? -1 : shade(mean, most);
}

void chart_week(struct output *output, const struct figures *figures) {
	double most = 0;
	for (int cell = 0; cell < 7 * 24; cell++) {
		most = fmax(most, figures_hour(figures, cell / 24, cell % 24));
	}
	output_puts(output, "<svg class=\"week\" viewBox=\"0 0 24 7\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Its week, by hours\">");
	for (int level = 0; level <= 6; level++) {
		html_put(output, "<path class=\"s%d\" d=\"", level);
		for (int cell = 0, end; cell < 7 * 24; cell = end) {
			for (end = cell; end < cell / 24 * 24 + 24 && level_of(figures, end, most) == level; end++) {
				/* of the same day and shade */
			}
			if (end > cell) {
				html_put(output, "M%d %dh%dv1h-%d", cell % 24, cell / 24, end - cell, end - cell);
			} else {
				end++;
			}
		}
		output_puts(output, "\"/>");
	}
	output_puts(output, "</svg>");
}

void chart_full(struct output *output, const struct use *use) {
	static const char *const classes[FULLNESSES] = {"s0", "s1", "s2", "s4", "s6", "over"};
	static const char *const words[FULLNESSES] = {"empty", "to 25 %", "to 50 %", "to 75 %", "to 100 %", "over"};
	double at = 0;

	output_puts(output, "<svg class=\"full\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
	for (int i = 0; i < FULLNESSES; i++) {
		html_put(output, "%s%s: %.0f %%", i == 0 ? "" : ", ", words[i], 100 * (double)use->full[i] / (double)use->known);
	}
	output_puts(output, "\">");
	for (int i = 0; i < FULLNESSES; i++) {
		double width = 100 * (double)use->full[i] / (double)use->known;
		html_put(output, "<path class=\"%s\" d=\"M%.2f 0h%.2fv10h-%.2f\"/>", classes[i], at, width, width);
		at += width;
	}
	output_puts(output, "</svg>");
}
