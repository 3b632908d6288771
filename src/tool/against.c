// SPDX-License-Identifier: ISC

#include "tool/against.h"

#include "base/array.h"
#include "sink/lines.h"
#include "tool/defects.h"
#include "tool/inflate.h"
#include "tool/members.h"
#include "tool/tool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the two logs, as it is read: nothing of it is kept but the line where it has arrived. */
struct side {
	const struct log_files *files;
	struct lines *lines;
	struct inflater *inflater;
	struct progress progress;
	size_t next_file;
	bool open;     /* the file before that one is */
	bool unread;
	bool quiet;    /* it has been said what cannot be read */
	const struct log_codec *codec;
	struct position at;
	struct line line;
	struct log_entry entry;

	/* Of which account, and which of its chains, from 1 on. */
	struct chains chains;
	const char *account;
	size_t chain;
	bool ended;
};

static int side_init(struct side *side, const struct log_files *files) {
	*side = (struct side){.files = files, .lines = lines_new(), .inflater = inflater_new()};
	if (!side->lines || !side->inflater) {
		return -ENOMEM;
	}
	lines_set_unpacker(side->lines, &inflater_way, side->inflater);
	progress_init(&side->progress, "comparing the logs");
	return 0;
}

static void side_done(struct side *side) {
	progress_end(&side->progress);
	lines_free(side->lines);
	inflater_free(side->inflater);
	chains_done(&side->chains);
}

/* What cannot be read is said, and the rest read. */
static void give_up_file(struct side *side, int r) {
	const char *path = side->files->list[side->next_file - 1].path;
	progress_end(&side->progress);
	if (!side->quiet && r == -EBADMSG) {
		tool_error("%s:%" PRIu64 ": damaged from here on", path, side->at.line + 1);
	} else if (!side->quiet) {
		tool_error("%s: %s", path, strerror(-r));
	}
	side->unread = true;
	side->open = false;
}

static void open_next(struct side *side) {
	const struct log_file *file = &side->files->list[side->next_file];

	progress_show(&side->progress, side->next_file, side->files->len, "files");
	side->at = (struct position){(uint32_t)side->next_file++, 0};
	side->codec = log_codec_of_name(file->name);
	side->open = true;
	int r = lines_open(side->lines, file->path);
	if (r < 0) {
		give_up_file(side, r);
	}
}

/* The next line with an entry, of whichever account.  Returns 1, 0 at the end of the log, or -ENOMEM. */
static int next_of_entries(struct side *side) {
	for (;;) {
		if (!side->open && side->next_file == side->files->len) {
			return 0;
		}
		if (!side->open) {
			open_next(side);
			continue;
		}
		int r = lines_next(side->lines, &side->line);
		if (r == -ENOMEM) {
			return r;
		}
		if (r < 0) {
			give_up_file(side, r);
		}
		side->open = r > 0;
		side->at.line++;
		if (r > 0 && side->line.text && side->line.whole &&
		    side->codec->parse(side->line.text, side->line.len, &side->entry) == 0 && side->entry.entry > 0) {
			return 1;
		}
	}
}

/* The next line of the chain; side->ended if there is none.  Returns 0 or -ENOMEM. */
static int step(struct side *side) {
	struct chain *chain;
	uint64_t before;
	int r;

	while ((r = next_of_entries(side)) > 0) {
		int taken = chains_take(&side->chains, &side->entry, &chain, &before);
		if (taken < 0) {
			return taken;
		}
		if (chain->count == side->chain && strcmp(chain->account, side->account) == 0) {
			return 0;
		}
	}
	side->ended = true;
	return r;
}

/* All chains of the log.  Returns 0 or -ENOMEM. */
static int find_chains(const struct log_files *files, struct chains *ret, bool *unread) {
	struct chain *chain;
	uint64_t before;
	struct side side;
	int r = side_init(&side, files);

	while (r >= 0 && (r = next_of_entries(&side)) > 0) {
		r = chains_take(ret, &side.entry, &chain, &before);
	}
	*unread |= side.unread;
	side_done(&side);
	return r;
}

/* Comparing */

/* Both in the form that both can have. */
static bool is_same_line(const struct side *here, const struct side *there) {
	const struct side *json = here->codec == log_journal_codec ? here : there, *other = json == here ? there : here;
	struct buf carried;

	if (here->codec == there->codec) {
		return here->line.len == there->line.len && memcmp(here->line.text, there->line.text, here->line.len) == 0;
	}
	buf_init(&carried, BUF_ANY);
	other->codec->carry(json->line.text, json->line.len, json->entry.entry, &carried);
	bool is_same = buf_error(&carried) == 0 && carried.len == other->line.len &&
	               memcmp(carried.data, other->line.text, carried.len) == 0;
	buf_done(&carried);
	return is_same;
}

/* Moves on to the first entry that both may have. */
static int align(struct side *side, uint64_t from) {
	int r = step(side);
	while (r == 0 && !side->ended && side->entry.entry < from) {
		r = step(side);
	}
	return r;
}

static void note_difference(struct compared *compared, enum difference difference, const struct side *here, const struct side *there) {
	compared->difference = difference;
	compared->entry = difference == DIFFERENCE_NOT_HERE ? there->entry.entry : here->entry.entry;
	compared->here = here->at;
	compared->there = there->at;
}

/* Whether the two lines are the same; if not, it has been noted how they differ. */
static bool compare_lines(struct compared *compared, const struct side *here, const struct side *there) {
	if (here->entry.entry != there->entry.entry) {
		bool there_lacks = here->entry.entry < there->entry.entry;
		note_difference(compared, there_lacks ? DIFFERENCE_NOT_THERE : DIFFERENCE_NOT_HERE, here, there);
		return false;
	}
	if (!is_same_line(here, there)) {
		note_difference(compared, DIFFERENCE_LINE, here, there);
		return false;
	}
	return true;
}

/* From the first entry that both may have, up to the end of one or to the first difference.  Returns 0 or -ENOMEM. */
static int walk(struct compared *compared, struct side *here, struct side *there) {
	uint64_t from = compared->first_here > compared->first_there ? compared->first_here : compared->first_there, latest = 0;
	int r = align(here, from);
	r = r < 0 ? r : align(there, from);

	while (r == 0 && !here->ended && !there->ended && compare_lines(compared, here, there)) {
		latest = here->entry.entry;
		compared->from = compared->from > 0 ? compared->from : latest;
		r = step(here);
		r = r < 0 ? r : step(there);
	}
	/* One of them may not have all of its last entry yet. */
	const struct side *longer = here->ended ? there : here;
	bool is_partial = compared->difference != DIFFERENCE_NONE ? compared->entry == latest
	                                                          : !longer->ended && longer->entry.entry == latest;
	compared->to = latest - (latest > 0 && is_partial);
	if (compared->to < compared->from) {
		compared->from = compared->to = 0;
	}
	return r;
}

static int compare_account(struct against *against, const struct log_files *files, const char *account,
                           const struct chain *chain_here, const struct chain *chain_there) {
	struct compared compared = {.account = account};
	struct side here, there;

	if (chain_here) {
		compared.first_here = chain_here->first;
		compared.last_here = chain_here->last;
	}
	if (chain_there) {
		compared.first_there = chain_there->first;
		compared.last_there = chain_there->last;
	}
	int r = array_reserve(&against->list, &against->size, against->len + 1, sizeof(*against->list));
	if (r == 0 && chain_here && chain_there) {
		r = side_init(&here, files);
		int s = side_init(&there, &against->files);
		r = r < 0 ? r : s;
		here.quiet = there.quiet = true;
		here.account = there.account = account;
		here.chain = chain_here->count;
		there.chain = chain_there->count;
		r = r < 0 ? r : walk(&compared, &here, &there);
		against->unread |= here.unread || there.unread;
		side_done(&here);
		side_done(&there);
	}
	if (r == 0) {
		against->list[against->len++] = compared;
	}
	return r;
}

static int compare_all(struct against *against, const struct log_files *here, const struct chains *chains) {
	int r = find_chains(&against->files, &against->chains, &against->unread);

	for (size_t i = 0; r == 0 && i < chains->len; i++) {
		const char *account = chains->list[i].account;
		r = compare_account(against, here, account, &chains->list[i],
		                    chains_find(&against->chains, account, strlen(account)));
	}
	for (size_t i = 0; r == 0 && i < against->chains.len; i++) {
		const char *account = against->chains.list[i].account;
		if (!chains_find(chains, account, strlen(account))) {
			r = compare_account(against, here, account, NULL, &against->chains.list[i]);
		}
	}
	return r;
}

int against_compare(struct against *against, const char *path, const struct log_files *here, const struct chains *chains) {
	against->path = path;
	int r = tool_other_files(path, &against->files);
	if (r != 0) {
		return r;
	}
	return compare_all(against, here, chains) < 0 ? EX_OSERR : 0;
}

uint64_t against_differing(const struct against *against) {
	uint64_t count = 0;
	for (size_t i = 0; i < against->len; i++) {
		count += against->list[i].difference != DIFFERENCE_NONE;
	}
	return count;
}

bool against_has_common(const struct against *against) {
	for (size_t i = 0; i < against->len; i++) {
		if (against->list[i].from > 0 || against->list[i].difference != DIFFERENCE_NONE) {
			return true;
		}
	}
	return false;
}

void against_done(struct against *against) {
	files_done(&against->files);
	chains_done(&against->chains);
	free(against->list);
	*against = (struct against){.path = NULL};
}

/* For people */

static const char *place(char out[static DEFECTS_SHOWN], const struct log_files *files, struct position at) {
	return defects_plain(out, files->list[at.file].path);
}

static void tell_difference(const struct against *against, const struct compared *compared, const struct log_files *files) {
	char here[DEFECTS_SHOWN], there[DEFECTS_SHOWN];

	place(here, files, compared->here);
	place(there, &against->files, compared->there);
	if (compared->difference == DIFFERENCE_LINE) {
		printf("entry %" PRIu64 " differs: %s:%" PRIu64 " and %s:%" PRIu64, compared->entry, here, compared->here.line, there,
		       compared->there.line);
	} else if (compared->difference == DIFFERENCE_NOT_THERE) {
		printf("a line of entry %" PRIu64 " is in this log alone: %s:%" PRIu64 "; the other one goes on at %s:%" PRIu64,
		       compared->entry, here, compared->here.line, there, compared->there.line);
	} else {
		printf("a line of entry %" PRIu64 " is in the other log alone: %s:%" PRIu64 "; this one goes on at %s:%" PRIu64,
		       compared->entry, there, compared->there.line, here, compared->here.line);
	}
}

static void tell_span(const struct compared *compared) {
	if (compared->from == 0 && compared->difference != DIFFERENCE_NONE) {
		return;
	}
	if (compared->last_here == 0 || compared->last_there == 0) {
		printf("no entry in %s log", compared->last_here == 0 ? "this" : "the other");
	} else if (compared->from == 0) {
		printf("no entry is in both logs: %" PRIu64 " to %" PRIu64 " in this one, %" PRIu64 " to %" PRIu64 " in the other",
		       compared->first_here, compared->last_here, compared->first_there, compared->last_there);
	} else if (compared->from == compared->to) {
		printf("entry %" PRIu64 " is in both logs, and the same", compared->from);
	} else {
		printf("entries %" PRIu64 " to %" PRIu64 " are in both logs, and the same", compared->from, compared->to);
	}
}

static void tell_lag(const struct compared *compared) {
	bool here_is_behind = compared->last_here < compared->last_there;
	uint64_t lag = here_is_behind ? compared->last_there - compared->last_here : compared->last_here - compared->last_there;

	if (lag > 0 && compared->last_here > 0 && compared->last_there > 0) {
		printf("; %s is %" PRIu64 " entr%s behind", here_is_behind ? "this log" : "the other", lag, lag == 1 ? "y" : "ies");
	}
}

void against_tell(const struct against *against, const struct log_files *here) {
	char account[DEFECTS_SHOWN];

	for (size_t i = 0; i < against->len; i++) {
		const struct compared *compared = &against->list[i];
		printf("%s: ", defects_plain(account, compared->account));
		tell_span(compared);
		if (compared->difference != DIFFERENCE_NONE) {
			(void)fputs(compared->from > 0 ? "; " : "", stdout);
			tell_difference(against, compared, here);
		}
		tell_lag(compared);
		putchar('\n');
	}
}

/* For programs */

static void put_place(const char *name, const struct log_files *files, struct position at, struct buf *out) {
	buf_printf(out, ",\"%s\":{\"line\":%" PRIu64, name, at.line);
	member_text(out, "file", files->list[at.file].path);
	buf_putc(out, '}');
}

static void put_number(struct buf *out, const char *name, uint64_t number) {
	if (number > 0) {
		buf_printf(out, ",\"%s\":%" PRIu64, name, number);
	}
}

static void put_compared(const struct against *against, const struct compared *compared, const struct log_files *here, struct buf *out) {
	static const char *const words[] = {
		[DIFFERENCE_LINE] = "line", [DIFFERENCE_NOT_HERE] = "not here", [DIFFERENCE_NOT_THERE] = "not there",
	};
	bool differs = compared->difference != DIFFERENCE_NONE;

	buf_printf(out, "{\"same\":%s", differs ? "false" : "true");
	member_text(out, "account", compared->account);
	put_number(out, "from_entry", compared->from);
	put_number(out, "to_entry", compared->to);
	put_number(out, "last_here", compared->last_here);
	put_number(out, "last_there", compared->last_there);
	if (differs) {
		member_text(out, "difference", words[compared->difference]);
		put_number(out, "entry", compared->entry);
		put_place("here", here, compared->here, out);
		put_place("there", &against->files, compared->there, out);
	}
	buf_putc(out, '}');
}

void against_put(const struct against *against, const struct log_files *here, struct buf *out) {
	buf_puts(out, ",\"against\":{\"accounts\":[");
	for (size_t i = 0; i < against->len; i++) {
		buf_puts(out, i > 0 ? "," : "");
		put_compared(against, &against->list[i], here, out);
	}
	buf_putc(out, ']');
	member_text(out, "log", against->path);
	buf_putc(out, '}');
}
