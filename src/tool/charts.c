// SPDX-License-Identifier: ISC

#include "tool/charts.h"

#include "base/utc.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Bars of one kind in one path. */
static void put_bars(struct output *output, const struct daily *daily, const char *class, bool is_weekend, int64_t most) {
	html_put(output, "<path class=\"%s\" d=\"", class);
	for (size_t i = 0; i < daily->len; i++) {
		if (daily->peak[i] > 0 && (utc_weekday(daily->first + (int64_t)i) >= 5) == is_weekend) {
			double height = (double)daily->peak[i] / (double)most * 100;
			html_put(output, "M%zu 100v-%.0fh.8V100", i, height < 1 ? 1 : height);
		}
	}
	output_puts(output, "\"/>");
}

void chart_days(struct output *output, const struct daily *daily, const char *class, int64_t most, int64_t capacity) {
	most = most > 0 ? most : 1;
	html_put(output, "<svg class=\"%s\" viewBox=\"0 0 %zu 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Peak of each of %zu days; "
	         "the highest is %" PRId64 "\">", class, daily->len, daily->len, most);
	put_bars(output, daily, "day", false, most);
	put_bars(output, daily, "end", true, most);
	output_puts(output, "<path class=\"part\" d=\"");
	for (size_t i = 0; i < daily->len; i++) {
		if (daily->is_partial[i]) {
			html_put(output, "M%zu 97h1v3h-1", i);
		}
	}
	output_puts(output, "\"/>");
	if (capacity > 0 && capacity <= most) {
		html_put(output, "<path class=\"cap\" d=\"M0 %.1fh%zu\"/>", 100 - (double)capacity / (double)most * 100, daily->len);
	}
	output_puts(output, "</svg>");
}

/* From nobody, 0, to the most, 6. */
static int shade(double mean, double most) {
	return mean > 0 && most > 0 ? (int)fmin(6, ceil(mean / most * 6)) : 0;
}

static double mean_at(const struct figures *figures, int day, int hour) {
	usec_t known = figures->week_known[day][hour];
	return known > 0 ? figures->week[day][hour] / ((double)known / (double)USEC_PER_SEC) : NAN;
}

/* Of all rooms that have a count then. */
static void add_up(const struct summary *summary, const struct crowd *crowd, double ret[7][24], double *ret_most) {
	const struct summary_room *rooms = &summary->rooms[crowd->rooms - summary->subjects.list];
	*ret_most = 0;
	for (int day = 0; day < 7; day++) {
		for (int hour = 0; hour < 24; hour++) {
			ret[day][hour] = NAN;
			for (size_t i = 0; i < crowd->count; i++) {
				double mean = mean_at(&rooms[i].figures, day, hour);
				ret[day][hour] = isnan(mean) ? ret[day][hour] : isnan(ret[day][hour]) ? mean : ret[day][hour] + mean;
			}
			*ret_most = fmax(*ret_most, ret[day][hour]);
		}
	}
}

/* The mean of a site's peaks on that day of the week. */
static double mean_peak(const struct daily *daily, int day) {
	double sum = 0;
	int count = 0;
	for (size_t i = 0; i < daily->len; i++) {
		if (utc_weekday(daily->first + (int64_t)i) == day && daily->peak[i] >= 0) {
			sum += (double)daily->peak[i];
			count++;
		}
	}
	return count > 0 ? sum / count : NAN;
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
	double means[7][24], most;

	add_up(summary, crowd, means, &most);
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
		html_figure(output, mean_peak(&crowd->daily, day), 0, "");
		output_puts(output, "</td></tr>");
	}
	output_puts(output, "</tbody></table></div>");
}

void chart_week(struct output *output, const struct figures *figures) {
	double most = 0;
	for (int cell = 0; cell < 7 * 24; cell++) {
		most = fmax(most, mean_at(figures, cell / 24, cell % 24));
	}
	output_puts(output, "<svg class=\"week\" viewBox=\"0 0 24 7\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Its week, by hours\">");
	for (int level = 0; level <= 6; level++) {
		html_put(output, "<path class=\"s%d\" d=\"", level);
		for (int cell = 0; cell < 7 * 24; cell++) {
			double mean = mean_at(figures, cell / 24, cell % 24);
			if (!isnan(mean) && shade(mean, most) == level) {
				html_put(output, "M%d %dh1v1h-1", cell % 24, cell / 24);
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
