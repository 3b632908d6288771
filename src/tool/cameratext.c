// SPDX-License-Identifier: ISC

#include "tool/cameratext.h"

#include "base/text.h"
#include "config/keys.h"
#include "config/value.h"

#include <string.h>

/* A list for conf.d */

static void put_value(struct buf *out, enum key_id id, const struct device_draft *draft) {
	buf_printf(out, " %s = ", key_table[id].name);
	value_write(id, draft, out);
	buf_putc(out, ';');
}

/* In a comment: whatever it holds does not end it. */
static void put_shown(struct buf *out, const char *text) {
	char shown[512];
	buf_puts(out, text_escape(shown, sizeof(shown), text, strlen(text)));
}

static void print_device(const struct camera *camera, bool named, struct buf *out) {
	const struct device_draft draft = {.uuid = camera->uuid, .name = camera->name, .site = camera->site,
	                                   .account = camera->account->name};
	buf_putc(out, '{');
	put_value(out, KEY_UUID, &draft);
	put_value(out, KEY_DEVICE_NAME, &draft);
	if (camera->site) {
		put_value(out, KEY_SITE, &draft);
	}
	if (camera->timezone && !camera->no_zone) {
		buf_printf(out, " %s = \"%s\";", key_table[KEY_TIMEZONE].name, camera->timezone);
	}
	if (named) {
		put_value(out, KEY_ACCOUNT, &draft);
	}
	buf_puts(out, " }");
}

/* What the reader of the file should know of the device behind it. */
static void print_remarks(const struct camera *camera, struct buf *out) {
	if (camera->pending) {
		buf_puts(out, "  // Rhombus calls this one pending\n");
	}
	if (camera->no_zone) {
		buf_puts(out, "  // timezone = \"");
		put_shown(out, camera->timezone);
		buf_puts(out, "\" cannot be used: ");
		put_shown(out, camera->no_zone);
		buf_putc(out, '\n');
	} else if (!camera->timezone) {
		buf_puts(out, "  // Rhombus gives no time zone: without timezone it is that of the defaults\n");
	}
}

/* What is there already would be there twice. */
static void print_configured(const struct camera *camera, bool named, struct buf *out) {
	const struct device *device = camera->device;
	struct camera as_configured = *camera;
	as_configured.name = device->name;
	buf_puts(out, "  // ");
	print_device(&as_configured, named, out);
	buf_puts(out, ": configured at ");
	put_shown(out, device->place.file);
	buf_printf(out, ":%d\n", device->place.line);
}

void cameras_print(const struct cameras *cameras, bool named, struct buf *out) {
	size_t fresh = 0, printed = 0;
	for (size_t i = 0; i < cameras->len; i++) {
		fresh += !cameras->list[i].device;
	}
	buf_printf(out, "// By occupancyctl discover: %zu camera%s%s, %zu of them configured already.\n", cameras->len,
	           cameras->len == 1 ? "" : "s", cameras->all ? "" : " with occupancy counting", cameras->len - fresh);
	if (cameras->all) {
		buf_puts(out, "// Which of them count people Rhombus did not say: remove those without an occupancy region.\n");
	}
	buf_puts(out, "devices = (\n");
	for (size_t i = 0; i < cameras->len; i++) {
		const struct camera *camera = &cameras->list[i];
		if (camera->device) {
			print_configured(camera, named, out);
			continue;
		}
		print_remarks(camera, out);
		buf_puts(out, "  ");
		print_device(camera, named, out);
		buf_puts(out, ++printed < fresh ? ",\n" : "\n");
	}
	buf_puts(out, ");\n");
}

/* Differences */

static void print_place(const struct device *device, struct buf *out) {
	buf_puts(out, "  ");
	put_shown(out, device->place.file);
	buf_printf(out, ":%d\n", device->place.line);
}

static void print_unlike(const char *what, const struct differing *differing, struct buf *out) {
	buf_printf(out, "%s is \"", what);
	put_shown(out, differing->discovered);
	buf_puts(out, "\", configured is \"");
	put_shown(out, differing->configured);
	buf_putc(out, '"');
}

static void print_differing(const struct cameras *cameras, const struct differing *differing, struct buf *out) {
	put_shown(out, differing->name);
	buf_printf(out, "  %s  ", differing->uuid);
	switch (differing->what) {
	case DIFFERENCE_GONE:
		buf_printf(out, "configured, but there is no such camera%s", cameras->all ? "" : " with occupancy counting");
		break;
	case DIFFERENCE_NEW:
		buf_puts(out, "not configured\n");
		return;
	case DIFFERENCE_ZONE:
		print_unlike("time zone", differing, out);
		break;
	default:
		print_unlike("location", differing, out);
	}
	print_place(differing->device, out);
}

static void count(const struct cameras *cameras, size_t ret_counts[static DIFFERENCE_COUNT]) {
	memset(ret_counts, 0, DIFFERENCE_COUNT * sizeof(*ret_counts));
	for (size_t i = 0; i < cameras->differing_len; i++) {
		ret_counts[cameras->differing[i].what]++;
	}
}

void cameras_print_diff(const struct cameras *cameras, struct buf *out) {
	static const char *const words[] = {
		[DIFFERENCE_GONE] = "gone", [DIFFERENCE_NEW] = "not configured", [DIFFERENCE_ZONE] = "in another time zone",
		[DIFFERENCE_SITE] = "at another location",
	};
	size_t counts[DIFFERENCE_COUNT];
	const char *comma = "";

	for (size_t i = 0; i < cameras->differing_len; i++) {
		print_differing(cameras, &cameras->differing[i], out);
	}
	if (cameras->differing_len == 0) {
		buf_printf(out, "Same: %zu camera%s%s.\n", cameras->len, cameras->len == 1 ? "" : "s",
		           cameras->all ? " in all, and what is configured is among them"
		                           : " with occupancy counting, as configured");
		return;
	}
	count(cameras, counts);
	buf_puts(out, "Different: ");
	for (size_t i = 0; i < DIFFERENCE_COUNT; i++) {
		if (counts[i] > 0) {
			buf_printf(out, "%s%zu %s", comma, counts[i], words[i]);
			comma = ", ";
		}
	}
	buf_puts(out, ".\n");
}

/* JSON */

static void put_member(struct buf *out, const char *comma, const char *name, const char *value) {
	buf_printf(out, "%s\"%s\":", comma, name);
	json_put_string(out, value);
}

static void print_camera_json(const struct camera *camera, struct buf *out) {
	put_member(out, "{", "uuid", camera->uuid);
	put_member(out, ",", "name", camera->name);
	put_member(out, ",", "account", camera->account->name);
	put_member(out, ",", "site", camera->site);
	put_member(out, ",", "timezone", camera->timezone);
	buf_printf(out, ",\"timezone_known\":%s,\"pending\":%s", camera->timezone && !camera->no_zone ? "true" : "false",
	           camera->pending ? "true" : "false");
	put_member(out, ",", "configured", camera->device ? camera->device->name : NULL);
	buf_putc(out, '}');
}

static void print_differing_json(const struct differing *differing, struct buf *out) {
	static const char *const words[] = {
		[DIFFERENCE_GONE] = "gone", [DIFFERENCE_NEW] = "not configured", [DIFFERENCE_ZONE] = "timezone",
		[DIFFERENCE_SITE] = "site",
	};
	const struct device *device = differing->device;

	put_member(out, "{", "difference", words[differing->what]);
	put_member(out, ",", "uuid", differing->uuid);
	put_member(out, ",", "name", differing->name);
	if (differing->configured) {
		put_member(out, ",", "configured", differing->configured);
		put_member(out, ",", "discovered", differing->discovered);
	}
	if (device) {
		put_member(out, ",", "file", device->place.file);
		buf_printf(out, ",\"line\":%d", device->place.line);
	}
	buf_putc(out, '}');
}

void cameras_print_json(const struct cameras *cameras, bool diff, struct buf *out) {
	buf_printf(out, "{\"version\":1,\"counting_known\":%s,\"deleted\":%zu,\"cameras\":[", cameras->all ? "false" : "true",
	           cameras->deleted);
	for (size_t i = 0; i < cameras->len; i++) {
		buf_puts(out, i > 0 ? "," : "");
		print_camera_json(&cameras->list[i], out);
	}
	buf_putc(out, ']');
	if (diff) {
		buf_printf(out, ",\"same\":%s,\"differences\":[", cameras->differing_len == 0 ? "true" : "false");
		for (size_t i = 0; i < cameras->differing_len; i++) {
			buf_puts(out, i > 0 ? "," : "");
			print_differing_json(&cameras->differing[i], out);
		}
		buf_putc(out, ']');
	}
	buf_puts(out, "}\n");
}
