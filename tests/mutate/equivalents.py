# SPDX-License-Identifier: ISC
"""Mutants that behave as the daemon does, so that no test can notice them.

Each is (source, function, text of the line, text of the mutated line, why).  The texts are what a run
prints, so that an edit elsewhere changes nothing; a run tells which are no mutants any more.
"""

DESCRIPTORS = "struct program program = {.config = config, .signals = -1, .lock = -1, .log_lock = -1};"
CHILD = "if (child + 1 < queue->len && queue->heap[child + 1]->key < queue->heap[child]->key) {"
BACKLOG = "return closed > cursor ? (closed - cursor + length - 1) / length : 0;"
ELECTED = "int elected = 0, most = 0;"
AHEAD = "skew->ahead = skew->confirmed ? (skew->offset > 0 ? skew->offset : 0) : furthest_ahead(skew);"
BELIEVED = "int believed = until > said->fresh ? until : said->fresh;"
ACCOUNTS = "for (size_t i = 0; i < config->account_count; i++) {"
POLLS = "for (size_t i = 0; i < poller->roll.config->device_count; i++) {"
COUNTED = "clock->probes += clock->probes < PROBES_COUNTED;"
WELL = "if (magnitude(offset) <= (known ? 0 : CLOCK_SLACK)) {"
FORWARD = 'log_notice("the clock was set %s by %s", step > 0 ? "forward" : "back",'
STEP = "units_format_duration(text, step > 0 ? step : -step, 0));"
OFF = "return offset > 0 ? CLOCK_AHEAD : CLOCK_BEHIND;"
QUESTION = "(clock->skew.len > 0 || clock->suspect || clock->mend || clock->disputed);"
IDLE = "bool idle = !others_ask(&access->lane) && access->lane.waiting.len > 0;"
SETTLED = "clock->unsettled = clock->suspect = false;"
CHANGED = "if (confirmed != clock_is_confirmed(access) || witnessed != skew_is_witnessed(&clock->skew) ||"
BY_MORE = "magnitude(skew_ahead(&clock->skew) - before) > SKEW_CHANGE) {"
ERROR = "storage->uses[use].error = r < 0 ? r : 0;"
LETTERS = "return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');"
KINDS = "struct kinds kinds = {.list = calloc(config->device_count + 1, sizeof(*kinds.list))};"
NO_FILE = "lines->fd = -1;"
OPENED = "lines->fd = file_open(path, FILE_READ, 0);"
BLOCKS = "enum { BLOCK = 256 * 1024 }; /* bytes that are read at a time: they fit in a processor's cache */"
ENDED = "return got < 0 ? (int)got : -ENODATA;"
ODDS = "for (size_t i = 0; i < count && odds < UNLIKELY; i++) {"
LONGER = ("for (int longer = INTERVAL_MONTHLY; own != INTERVAL_NONE && a->points->len > 1 && longer > (int)own; "
          "longer--) {")
EDGES = "usec_t *edges = reallocarray(fit->edges, buckets + 1, sizeof(*edges));"
STEPPED = "p.stepped = p.stepped && from > 0 && to > 0 && from % ZONE_STEP == 0;"
ROOM = "size_t room = devices > 0 ? RUNS_ALL / devices : RUNS_MOST;"
BOUNDS = "return room < RUNS_LEAST ? RUNS_LEAST : room < RUNS_MOST ? room : RUNS_MOST;"
GROWN = "size_t size = recheck->size ? 2 * (size_t)recheck->size : FIRST_SIZE;"
BEFORE = "bool before = at > 0 && recheck->runs[at - 1].end > start;"
NONE_THERE = "if (!before && (at == recheck->len || recheck->runs[at].start >= end)) {"
WORKS = ".works = (uint16_t)(works > 0 ? works : 1),"
FEWER = "trust->points = smaller(trust->points, doubt->points > 0 ? doubt->points - 1u : 0);"
BESIDE = "usec_t before = grid_floor(grid, first_edge(a) - 1), after = grid_next(grid, last_edge(a));"
PARSED = "if (reply->result == HTTP_REPLIED && reply->status == 200) {"
TEMPORARY = "if (len <= sizeof(tmp) || name[0] != '.' ||"
SAME = "return ((eight(a) ^ eight(b)) | (eight(a + 8) ^ eight(b + 8)) | (eight(a + LAST) ^ eight(b + LAST))) == 0;"
NEARER = "return magnitude(skew_offset(skew)) < magnitude(skew_offset(than));"
WAITS = "if (poll->timed && (found == lane->waiting.len || poll->asked < lane->waiting.heap[found]->asked)) {"
REORDER = "for (size_t at = queue->len / 2; at-- > 0;) {"
KEEP_AGE = "return rotate->settings.keep_age > 0 && rotate->now != USEC_UNKNOWN &&"
DUE = "return after > 0 ? run->recorded + after : USEC_INFINITY;"
PROBES = "size_t live_at = 0, backlog_at = 0;"
RELEASED = "for (size_t i = 0; roll->polls && i < roll->config->device_count; i++) {"
RESUMED = 'return r < 0 ? error_errno(err, -r, "%s: cannot be listed", rotate->directory) : 0;'
SPECIAL = """static const bool special[256] = {[0x00 ... 0x1f] = true, ['"'] = true, [0x7f ... 0xff] = true};"""
PLACED = "if (r == 0 && run->place[0] && is_foreign(run, run->place) && strcmp(run->place, moved) != 0) {"
LANES = "buf_init(&poller->report.lanes, 2048);"
SENTENCE = "buf_init(&text, 4000);"
NOT_FULL = "three are named at most, with names and reasons of limited length: hundreds of bytes stay free"
PROBED = "struct error err = {{0}};"
PINGS = "if (++%s->records %% PING_EVERY == 0) {"
NAMES = "if (array_reserve(&names->list, &names->size, names->len + 1, sizeof(*names->list)) < 0) {"
ORDERS = ("int r = jobs ? array_reserve(&backfill->orders, &backfill->size, backfill->len + 1, sizeof(*backfill->orders)) : "
          "-ENOMEM;")
BEGINS = "bool *begins = calloc(backfill->len + 1, sizeof(*begins));"
BUCKETS = ": array_reserve(&ordered->list, &size, ordered->len + 1, sizeof(*ordered->list));"
LINES = "int r = array_reserve(lines, &size, *count + 1, sizeof(**lines));"
PENDING = "return array_reserve(&poller->batch.list, &poller->batch.size, poller->batch.len + 1,"
FILES = "int r = array_reserve(&archive->files, &archive->size, archive->len + 1, sizeof(*archive->files));"
RUNS = "int r = array_reserve(&memory->runs, &memory->runs_size, memory->runs_len + 1, sizeof(*memory->runs));"
MEMORY = "int r = array_reserve(&memory->remembered, &memory->size, memory->len + 1, sizeof(*memory->remembered));"
ONE_MORE = "there is room for one more than is needed"
NAMED = "if (path_of(path, poller, order->name) == 0) {"
FRESH = "int r = array_reserve(&fresh.list, &fresh.size, 2 * left + ROOM, sizeof(*fresh.list));"
UUID = "memcpy(ret->uuid, uuid, len + 1);"
EXTENDS = "if (++restoring->records % EXTEND_EVERY == 0) {"
UNREADABLE = "return r < 0 ? unreadable(r, path, err) : 0;"
SYNCED = 'return r < 0 ? error_errno(err, -r, "%s: cannot be synced", path) : 0;'
GONE = "if (r < 0 && r != -ENOENT) {"
NO_FAILURE = "no failure is none, whatever is said of it"
ASKED_TWICE = "timers->drain = 0; /* asked twice: at once */"
EIGHTS = "while (in->end - at > 8) {"
WELL_AGAIN = "storage_note(&poller->storage, STORAGE_LOG, 0, sink_path(poller->sink), NULL, poller->now);"
PROBED_FROM = ".start = grid_floor(&settings->bucket, end - 1),"
SOCKET = 'if (snprintf(path, sizeof(path), "%s/status", directory) >= PATH_MAX ||'
BLOCKED = "if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {"
DOWNWARDS = "counted down from zero, each so many records it is a multiple, too"

EQUIVALENTS = [
    ("src/daemon/mend.c", "read_entry", PINGS % "mending", (PINGS % "mending").replace("++", "--"), DOWNWARDS),
    ("src/daemon/backfill.c", "read_entry", PINGS % "reading", (PINGS % "reading").replace("++", "--"), DOWNWARDS),
    ("src/daemon/recovery.c", "restore_record", EXTENDS, EXTENDS.replace("++", "--"), DOWNWARDS),
    ("src/daemon/orphans.c", "reserve", FRESH, FRESH.replace("2 *", "1 *"), "it grows more often"),
    ("src/daemon/orphans.c", "reserve", FRESH, FRESH.replace("2 *", "3 *"), "it grows less often"),
    ("src/daemon/orphans.c", "", "enum { ROOM = 16 };", "enum { ROOM = 15 };", "it grows more often"),
    ("src/daemon/orphans.c", "", "enum { ROOM = 16 };", "enum { ROOM = 17 };", "it grows less often"),
    ("src/state/order.c", "parse_line", UUID, UUID.replace("+ 1", "+ 2"),
     "what stands behind the uuid's end is not looked at, and the interval beside it is set afterwards"),
    ("src/sink/replay.c", "read_file", UNREADABLE, UNREADABLE.replace("< 0", "<= 0"), NO_FAILURE),
    ("src/sink/replay.c", "read_file", UNREADABLE, UNREADABLE.replace("< 0", "< 1"), NO_FAILURE),
    ("src/sink/replay.c", "sync_moved", SYNCED, SYNCED.replace("< 0", "<= 0"), NO_FAILURE),
    ("src/sink/replay.c", "sync_moved", SYNCED, SYNCED.replace("< 0", "< 1"), NO_FAILURE),
    ("src/sink/sink.c", "retire", GONE, GONE.replace("< 0", "<= 0"), NO_FAILURE),
    ("src/sink/sink.c", "retire", GONE, GONE.replace("< 0", "< 1"), NO_FAILURE),
    ("src/daemon/loop.c", "begin_stop", ASKED_TWICE, ASKED_TWICE.replace("= 0", "= 1"), "a microsecond after the boot has passed"),
    ("src/daemon/poller.c", "poller_turn", "if (poller->backfill.len > 0) {", "this if: always",
     "without orders there is nothing to begin"),
    ("src/daemon/poller.c", "poller_start", "poller->unsaved = true;", "poller->unsaved = false;",
     "the log's file is another one than was saved last, which is none"),
    ("src/sink/ndjson.c", "take_plain_string", EIGHTS, EIGHTS.replace("8", "7"), "the last eight bytes are looked at at once, or one by one"),
    ("src/sink/ndjson.c", "take_plain_string", EIGHTS, EIGHTS.replace("8", "9"), "the last eight bytes are looked at at once, or one by one"),
    ("src/sink/ndjson.c", "take_plain_string", EIGHTS, EIGHTS.replace(" > ", " >= "), "the last eight bytes are looked at at once, or one by one"),
    ("src/sink/csv.c", "needs_guard", "uint32_t point = 0;", "uint32_t point = 1;", "it is set before it is looked at"),
    ("src/daemon/outage.c", "outage_over", WELL_AGAIN, WELL_AGAIN.replace("LOG, 0", "LOG, 1"), "what is not negative is no error"),
    ("src/daemon/ask.c", "probe_span", PROBED_FROM, PROBED_FROM.replace("- 1", "- 2"),
     "edges are whole seconds: a microsecond before one is in the same bucket as two"),
    ("src/daemon/command.c", "open_socket", SOCKET, SOCKET.replace(">=", ">"), "a directory from the environment is far shorter"),
    ("src/daemon/signals.c", "signals_open", BLOCKED, "this if: never", "to block signals cannot fail"),
    ("src/daemon/backfill.c", "make_ready", NAMED, "this if: always", "it has been read from that path"),
    ("src/daemon/backfill.c", "gather", NAMES, NAMES.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/daemon/backfill.c", "keep", ORDERS, ORDERS.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/daemon/backfill.c", "begin_orders", BEGINS, BEGINS.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/daemon/commit.c", "pending_reserve", PENDING, PENDING.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/daemon/commit.c", "batch_done", "*batch = (struct batch){0};", "*batch = (struct batch){1};",
     "it is not used again"),
    ("src/daemon/loop.c", "loop_run", "size_t incomplete = 0;", "size_t incomplete = 1;", "is_over() sets it"),
    ("src/schedule/ordered.c", "ordered_init", BUCKETS, BUCKETS.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/sink/archive.c", "push", FILES, FILES.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/state/pollline.c", "memory_push_run", RUNS, RUNS.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/state/pollline.c", "memory_push", MEMORY, MEMORY.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/state/order.c", "parse_text", LINES, LINES.replace("+ 1", "+ 2"), ONE_MORE),
    ("src/daemon/outage.c", "outage_pauses", PROBED, PROBED.replace("0", "1"), "who fails sets it"),
    ("src/daemon/clockwork.c", "is_better", NEARER, NEARER.replace("<", "<="),
     "of two that are equally far from our clock either will do"),
    ("src/daemon/probe.c", "take_waiting", WAITS, WAITS.replace("poll->asked <", "poll->asked <="),
     "of two that were asked at the same time either will do"),
    ("src/daemon/probe.c", "", "PROBES_COUNTED = 16,", "PROBES_COUNTED = 15,",
     "after the ninth probe the wait is the longest"),
    ("src/daemon/probe.c", "", "PROBES_COUNTED = 16,", "PROBES_COUNTED = 17,",
     "after the ninth probe the wait is the longest"),
    ("src/daemon/probe.c", "probe_turn", COUNTED, COUNTED.replace("<", "<="),
     "after the ninth probe the wait is the longest"),
    ("src/daemon/clockwork.c", "state_of", WELL, WELL.replace("? 0", "? 1"), "it is none, or more than two seconds"),
    ("src/daemon/settle.c", "prove_all", POLLS, POLLS.replace("<", "<="),
     "the table ends in an empty place, which is of no lane"),
    ("src/daemon/settle.c", "begin_all", POLLS, POLLS.replace("<", "<="),
     "the table ends in an empty place, which is of no lane"),
    ("src/daemon/settle.c", "has_suspects", POLLS, POLLS.replace("<", "<="),
     "the table ends in an empty place, which is of no lane"),
    ("src/daemon/clockwork.c", "clock_follow", FORWARD, FORWARD.replace(">", ">="), "a step is a second at least"),
    ("src/daemon/clockwork.c", "clock_follow", STEP, STEP.replace("> 0", "> 1"), "a step is a second at least"),
    ("src/daemon/clockwork.c", "clock_follow", STEP, STEP.replace("> 0", ">= 0"), "a step is a second at least"),
    ("src/daemon/clockwork.c", "clock_follow", FORWARD, FORWARD.replace("> 0", "> 1"), "a step is a second at least"),
    ("src/daemon/clockwork.c", "state_of", OFF, OFF.replace(">", ">="), "it is more than two seconds"),
    ("src/daemon/clockwork.c", "state_of", OFF, OFF.replace("> 0", "> 1"), "it is more than two seconds"),
    ("src/daemon/clockwork.c", "clock_is_in_question", QUESTION, QUESTION.replace("mend || ", "mend && "),
     "where one of them is set, a Date has been seen, or the log is suspect"),
    ("src/daemon/probe.c", "probe_next", IDLE, IDLE.replace("> 0", ">= 0"),
     "without a device to ask it only wakes"),
    ("src/daemon/settle.c", "settle_account", SETTLED, SETTLED.replace("false", "true"),
     "later the time is in question only after Dates, which are enough for that"),
    ("src/daemon/clockwork.c", "clock_watch", CHANGED, "this if: always",
     "planned anew where nothing has changed, polls wait for what they have waited for"),
    ("src/daemon/clockwork.c", "clock_watch", BY_MORE, BY_MORE.replace("- before", "+ before"),
     "none of the two is negative, so a change is seen, and planned anew where nothing has changed polls wait as before"),
    ("src/daemon/clockwork.c", "clock_watch", BY_MORE, BY_MORE.replace(">", ">=").replace("->=", "->"),
     "planned anew where little has changed, polls wait for what they have waited for"),
    ("src/daemon/command.c", "warn_of_open_sources", ACCOUNTS, ACCOUNTS.replace("<", "<="),
     "the list ends in an empty place, which has no files"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".signals = -1", ".signals = -2"),
     "any negative number stands for no descriptor"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".lock = -1", ".lock = -2"),
     "any negative number stands for no descriptor"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".log_lock = -1", ".log_lock = -2"),
     "any negative number stands for no descriptor"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".signals = -1", ".signals = -0"),
     "standard input would be closed at the end, as it is anyway"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".lock = -1", ".lock = -0"),
     "standard input would be closed at the end, as it is anyway"),
    ("src/daemon/command.c", "run", DESCRIPTORS, DESCRIPTORS.replace(".log_lock = -1", ".log_lock = -0"),
     "standard input would be closed at the end, as it is anyway"),
    ("src/daemon/orphans.c", "reserve", "if (orphans->len < orphans->size) {", "this if: never",
     "the list is copied more often, and holds the same"),
    ("src/request/unpack.c", "", "PIECE = 16 << 10,", "PIECE = 15 << 10,", "it is unpacked in other steps, to the same"),
    ("src/request/unpack.c", "", "PIECE = 16 << 10,", "PIECE = 17 << 10,", "it is unpacked in other steps, to the same"),
    ("src/request/unpack.c", "", "PIECE = 16 << 10,", "PIECE = 16 << 9,", "it is unpacked in other steps, to the same"),
    ("src/request/unpack.c", "", "PIECE = 16 << 10,", "PIECE = 16 << 11,", "it is unpacked in other steps, to the same"),
    ("src/request/unpack.c", "unpack_new", "struct unpack *unpack = calloc(1, sizeof(*unpack));",
     "struct unpack *unpack = calloc(2, sizeof(*unpack));", "the second one is not used"),
    ("src/response/fit.c", "", "enum { UNLIKELY = 1000 };", "enum { UNLIKELY = 1001 };",
     "no power of a ratio of intervals lies there"),
    ("src/response/fit.c", "", "enum { UNLIKELY = 1000 };", "enum { UNLIKELY = 999 };",
     "no power of a ratio of intervals lies there"),
    ("src/response/fit.c", "note_outside", BESIDE, BESIDE.replace("- 1", "- 2"),
     "edges are whole seconds: a microsecond before one is in the same bucket as two"),
    ("src/response/fit.c", "is_chance", ODDS, ODDS.replace("odds <", "odds <="),
     "no power of a ratio of intervals lies there"),
    ("src/response/fit.c", "fit_reserve", "if (buckets <= fit->room) {", "this if: never",
     "it is made as large as it must be each time"),
    ("src/response/fit.c", "fit_reserve", "if (buckets <= fit->room) {", "if (buckets < fit->room) {",
     "it is made as large as it is"),
    ("src/response/fit.c", "fit_reserve", EDGES, EDGES.replace("+ 1", "+ 2"), "the last one is not used"),
    ("src/response/fit.c", "find_places", STEPPED, STEPPED.replace("from > 0", "from > 1"),
     "what is a whole step is none, or a quarter of an hour at least"),
    ("src/response/fit.c", "find_places", STEPPED, STEPPED.replace("to > 0", "to > 1"),
     "what is whole steps from the start is whole seconds from the end"),
    ("src/response/fit.c", "find_longer", LONGER, LONGER.replace("len > 1", "len >= 1"), "one point has one stamp, of which two are wanted"),
    ("src/response/fit.c", "find_longer", LONGER, LONGER.replace("len > 1", "len > 0"), "one point has one stamp, of which two are wanted"),
    ("src/response/fit.c", "is_complete", "if (++edges > coarse->count) {", "this if: never",
     "it only ends the count early"),
    ("src/response/parse.c", "", "TEXT_MAX = 64 << 20,", "TEXT_MAX = 63 << 20,",
     "a body of 8 MiB makes 48 MiB at most: in text one byte may become six"),
    ("src/response/parse.c", "", "TEXT_MAX = 64 << 20,", "TEXT_MAX = 65 << 20,",
     "a body of 8 MiB makes 48 MiB at most: in text one byte may become six"),
    ("src/response/parse.c", "", "TEXT_MAX = 64 << 20,", "TEXT_MAX = 64 << 21,",
     "a body of 8 MiB makes 48 MiB at most: in text one byte may become six"),
    ("src/schedule/backoff.c", "backoff_ceiling", "while (failures > 1 && wait < cap) {",
     "while (failures > 1 && wait <= cap) {", "what is equal to the cap becomes the cap"),
    ("src/schedule/belief.c", "doubt_from", WORKS, WORKS.replace("> 0", ">= 0"), "all that call it give one at least"),
    ("src/schedule/belief.c", "doubt_from", WORKS, WORKS.replace("> 0", "> 1"), "one is one either way"),
    ("src/schedule/belief.c", "refute", FEWER, FEWER.replace("> 0", "> 1"), "one less than one is none either way"),
    ("src/schedule/belief.c", "belief_judge", "*ret_doubt = (struct doubt){0};", "*ret_doubt = (struct doubt){1};",
     "the time is left to the caller, who sets it"),
    ("src/schedule/belief.c", "belief_judge", BELIEVED, BELIEVED.replace(" > ", " >= "), "the larger of two that are equal"),
    ("src/schedule/lane.c", "take_probe", PROBES, PROBES.replace("live_at = 0", "live_at = 1"),
     "both are set where a poll is found, and used only then"),
    ("src/schedule/lane.c", "take_probe", PROBES, PROBES.replace("backlog_at = 0", "backlog_at = 1"),
     "both are set where a poll is found, and used only then"),
    ("src/schedule/poll.c", "bucket_seconds", "return length < 0 ? 0 : (uint32_t)(length / USEC_PER_SEC);",
     "return length < 1 ? 0 : (uint32_t)(length / USEC_PER_SEC);", "no length is no second either way"),
    ("src/schedule/poll.c", "bucket_seconds", "return length < 0 ? 0 : (uint32_t)(length / USEC_PER_SEC);",
     "return length <= 0 ? 0 : (uint32_t)(length / USEC_PER_SEC);", "no length is no second either way"),
    ("src/schedule/poll.c", "poll_init", "recheck_init(&poll->recheck, recheck_room(1));",
     "recheck_init(&poll->recheck, recheck_room(0));", "one device has the most, as none has"),
    ("src/sink/rotate.c", "group_end", "size_t end = first + 1;", "size_t end = first + 0;", "the first is of its own time"),
    ("src/schedule/poll.c", "poll_init", "recheck_init(&poll->recheck, recheck_room(1));",
     "recheck_init(&poll->recheck, recheck_room(2));", "one of two devices may have as many as a single one"),
    ("src/schedule/queue.c", "queue_reorder", REORDER, REORDER.replace("/ 2", "/ 1"), "below a leaf there is nothing to sift"),
    ("src/schedule/cost.c", "", "ENOUGH_REQUESTS = 256,", "ENOUGH_REQUESTS = 255,", "windows that take so many requests are alike"),
    ("src/schedule/cost.c", "", "ENOUGH_REQUESTS = 256,", "ENOUGH_REQUESTS = 257,", "windows that take so many requests are alike"),
    ("src/sink/rotate.c", "sweep", "if (r < 0) {", "if (r <= 0) {", "no failure is none, whatever is said of it"),
    ("src/sink/rotate.c", "sweep", "if (r < 0) {", "if (r < 1) {", "no failure is none, whatever is said of it"),
    ("src/sink/rotate.c", "rotate_resume", RESUMED, RESUMED.replace("< 0", "<= 0"), "no failure is none, whatever is said of it"),
    ("src/sink/rotate.c", "rotate_resume", RESUMED, RESUMED.replace("< 0", "< 1"), "no failure is none, whatever is said of it"),
    ("src/state/lock.c", "", "enum { PID_SIZE = 16 };", "enum { PID_SIZE = 15 };", "no process has a number of so many digits"),
    ("src/state/lock.c", "", "enum { PID_SIZE = 16 };", "enum { PID_SIZE = 17 };", "no process has a number of so many digits"),
    ("src/sink/csv.c", "csv_put_text", SPECIAL, SPECIAL.replace("0x1f", "32"), "a blank is looked at, and written as it is"),
    ("src/sink/rotate.c", "is_too_old", KEEP_AGE, KEEP_AGE.replace("keep_age > 0", "keep_age > 1"), "no setting is a microsecond"),
    ("src/schedule/queue.c", "sift_up", "while (at > 0 && poll->key < queue->heap[(at - 1) / 2]->key) {",
     "while (at > 0 && poll->key <= queue->heap[(at - 1) / 2]->key) {",
     "of polls with one key either may stand above the other"),
    ("src/schedule/queue.c", "sift_down", CHILD, CHILD.replace("->key < queue", "->key <= queue"),
     "of polls with one key either may stand above the other"),
    ("src/schedule/queue.c", "sift_down", "if (poll->key <= queue->heap[child]->key) {",
     "if (poll->key < queue->heap[child]->key) {", "of polls with one key either may stand above the other"),
    ("src/schedule/queue.c", "queue_remove", "if (at < queue->len) {", "if (at <= queue->len) {",
     "the last one, which has left, is put into its own place behind the end, below a parent that is no larger"),
    ("src/schedule/queue.c", "queue_remove", "if (at < queue->len) {", "this if: always",
     "the last one, which has left, is put into its own place behind the end, below a parent that is no larger"),
    ("src/schedule/rate.c", "rate_ready_at",
     "return rate->full_at < INT64_MIN + reach ? INT64_MIN : rate->full_at - reach;",
     "return rate->full_at <= INT64_MIN + reach ? INT64_MIN : rate->full_at - reach;",
     "the difference is then INT64_MIN as well"),
    ("src/schedule/rate.c", "rate_drain", "if (rate->full_at < empty) {", "if (rate->full_at <= empty) {",
     "it becomes what it is"),
    ("src/schedule/rate.c", "rate_take_over",
     "rate->full_at = left < rate->burst ? now + (rate->burst - left) * rate->gap : INT64_MIN;",
     "rate->full_at = left <= rate->burst ? now + (rate->burst - left) * rate->gap : INT64_MIN;",
     "full since now is full since ever, for all that comes later"),
    ("src/schedule/recheck.c", "", "FIRST_SIZE = 4,", "FIRST_SIZE = 3,", "the list is copied more often, and holds the same"),
    ("src/schedule/recheck.c", "", "FIRST_SIZE = 4,", "FIRST_SIZE = 5,", "the list is copied at other times, and holds the same"),
    ("src/schedule/recheck.c", "grow", GROWN, GROWN.replace("2 *", "3 *"),
     "the list is copied less often, and holds the same"),
    ("src/schedule/recheck.c", "recheck_room", ROOM, ROOM.replace("> 0", "> 1"), "one device has the most either way"),
    ("src/schedule/recheck.c", "recheck_room", BOUNDS, BOUNDS.replace("< RUNS_LEAST", "<= RUNS_LEAST"),
     "it becomes what it is"),
    ("src/schedule/recheck.c", "recheck_room", BOUNDS, BOUNDS.replace("< RUNS_MOST", "<= RUNS_MOST"),
     "it becomes what it is"),
    ("src/schedule/recheck.c", "recheck_forget", BEFORE, BEFORE.replace("> start", ">= start"),
     "then nothing is cut and nothing removed"),
    ("src/schedule/recheck.c", "recheck_forget", NONE_THERE, "this if: never",
     "then nothing is cut and nothing removed"),
    ("src/schedule/recheck.c", "recheck_add", "if (at > 0) {", "this if: always",
     "behind the last place there is nothing to join"),
    ("src/schedule/recheck.c", "due_at", DUE, DUE.replace("> 0", "> 1"), "no distance is a microsecond"),
    ("src/schedule/recheck.c", "recheck_find", "uint16_t at = place_of(recheck, start + 1);",
     "uint16_t at = place_of(recheck, start + 2);",
     "edges are whole seconds: two microseconds after one begins no other run"),
    ("src/schedule/skew.c", "elect", ELECTED, ELECTED.replace("elected = 0", "elected = 1"),
     "each reply has its own vote at least, so the first one is elected for a start"),
    ("src/schedule/skew.c", "elect", ELECTED, ELECTED.replace("most = 0", "most = 1"),
     "each reply has its own vote at least, so the first one is elected for a start"),
    ("src/schedule/skew.c", "conclude", AHEAD, AHEAD.replace("offset > 0", "offset > 1"),
     "it is none, or more than two seconds"),
    ("src/schedule/span.c", "span_lookback_buckets", "return (int)(buckets < most ? buckets : most);",
     "return (int)(buckets <= most ? buckets : most);", "the smaller of two that are equal"),
    ("src/schedule/span.c", "span_first_cursor",
     "usec_t last = grid_floor(&settings->bucket, span_closed(settings, now) - 1);",
     "usec_t last = grid_floor(&settings->bucket, span_closed(settings, now) - 2);",
     "edges are whole seconds: a microsecond before one is in the same bucket as two"),
    ("src/schedule/span.c", "span_next", "span.start = grid_floor(grid, span.start - 1);",
     "span.start = grid_floor(grid, span.start - 2);",
     "edges are whole seconds: a microsecond before one is in the same bucket as two"),
    ("src/schedule/span.c", "span_backlog", BACKLOG, BACKLOG.replace("length - 1", "length - 2"),
     "edges are whole seconds: what is left over is no microsecond"),
    ("src/schedule/span.c", "span_backlog", BACKLOG, BACKLOG.replace("closed > cursor", "closed >= cursor"),
     "no time is no bucket either way"),
    ("src/sink/gzip.c", "", "SYNC_EVERY = 512 * 1024,", "SYNC_EVERY = 511 * 1024,", "it is synced in other pieces"),
    ("src/sink/gzip.c", "", "SYNC_EVERY = 512 * 1024,", "SYNC_EVERY = 513 * 1024,", "it is synced in other pieces"),
    ("src/sink/gzip.c", "", "SYNC_EVERY = 512 * 1024,", "SYNC_EVERY = 512 * 1023,", "it is synced in other pieces"),
    ("src/sink/gzip.c", "", "SYNC_EVERY = 512 * 1024,", "SYNC_EVERY = 512 * 1025,", "it is synced in other pieces"),
    ("src/sink/lines.c", "", BLOCKS, BLOCKS.replace("256 * 1024", "255 * 1024"), "it is read in other pieces, to the same"),
    ("src/sink/lines.c", "", BLOCKS, BLOCKS.replace("256 * 1024", "257 * 1024"), "it is read in other pieces, to the same"),
    ("src/sink/lines.c", "", BLOCKS, BLOCKS.replace("256 * 1024", "256 * 1023"), "it is read in other pieces, to the same"),
    ("src/sink/lines.c", "", BLOCKS, BLOCKS.replace("256 * 1024", "256 * 1025"), "it is read in other pieces, to the same"),
    ("src/sink/lines.c", "close_file", NO_FILE, NO_FILE.replace("-1", "-2"), "any negative number stands for no descriptor"),
    ("src/sink/lines.c", "lines_new", NO_FILE, NO_FILE.replace("-1", "-2"), "any negative number stands for no descriptor"),
    ("src/sink/lines.c", "lines_open", OPENED, OPENED.replace("0)", "1)"), "a file that is read is not made, so its mode does not matter"),
    ("src/sink/lines.c", "skip", "if (!lines->gunzip) {", "this if: never", "it reads what it could jump over"),
    ("src/sink/lines.c", "skip", ENDED, ENDED.replace("< 0", "<= 0"), "where the file has ended, the bytes before the position are missing, too"),
    ("src/sink/lines.c", "skip", ENDED, ENDED.replace("< 0", "< 1"), "where the file has ended, the bytes before the position are missing, too"),
    ("src/sink/replay.c", "read_on", "if (r == 0 && moved[0]) {", "if (r == 0 && moved[1]) {",
     "no name of a file of the log is a single letter"),
    ("src/sink/replay.c", "read_on", PLACED, PLACED.replace("place[0]", "place[1]"), "no name of a file of the log is a single letter"),
    ("src/sink/replay.c", "take_line", "return false;", "return true;", "what is read of an older log is forgotten"),
    ("src/sink/replay.c", "take_line", "if (r == 0 && run->judged && is_older(run, &entry)) {", "this if: never",
     "what is read of an older log is forgotten"),
    ("src/daemon/options.c", "options_parse", "enum { OPTION_ACTION = 256 };", "enum { OPTION_ACTION = 257 };",
     "any number stands for it that is no letter's"),
    ("src/daemon/options.c", "options_parse", "enum { OPTION_ACTION = 256 };", "enum { OPTION_ACTION = 255 };",
     "any number stands for it that is no letter's"),
    ("src/daemon/poller.c", "poller_new", LANES, LANES.replace("2048", "2047"), NOT_FULL),
    ("src/daemon/poller.c", "poller_new", LANES, LANES.replace("2048", "2049"), NOT_FULL),
    ("src/daemon/loop.c", "tell_status", SENTENCE, SENTENCE.replace("4000", "3999"), NOT_FULL),
    ("src/daemon/loop.c", "tell_status", SENTENCE, SENTENCE.replace("4000", "4001"), NOT_FULL),
    ("src/daemon/storage.c", "storage_note", ERROR, ERROR.replace(": 0", ": 1"), "what is not negative is no error"),
    ("src/daemon/roll.c", "roll_release", RELEASED, RELEASED.replace("i < roll", "i <= roll"),
     "the table ends in an empty place, which holds nothing"),
    ("src/daemon/zonewatch.c", "compare", "struct error why = {{0}};", "struct error why = {{1}};", "it is written before it is read"),
    ("src/response/outcome.c", "is_letter", LETTERS, LETTERS.replace("<= 'z'", "< 'z'"), "no day or month has one"),
    ("src/schedule/cost.c", "tell_blindness", "} else if (devices > 1) {", "} else if (devices >= 1) {", "a single one is told before"),
    ("src/schedule/cost.c", "tell_blindness", "} else if (devices > 1) {", "} else if (devices > 0) {", "a single one is told before"),
    ("src/schedule/cost.c", "gather", KINDS, KINDS.replace("+ 1", "+ 2"), "the last one is not used"),
    ("src/schedule/cost.c", "gather", KINDS, KINDS.replace("+ 1", "+ 0"), "the C library allocates nothing, too"),
    ("src/daemon/reply.c", "reply_take", PARSED, "this if: always", "what is read of another answer is not looked at"),
    ("src/daemon/reply.c", "reply_take", PARSED, PARSED.replace("&&", "||"), "what is read of another answer is not looked at"),
    ("src/daemon/backfill.c", "begin_orders", "struct error err = {{0}};", "struct error err = {{1}};", "it is written before it is read"),
    ("src/sink/archive.c", "visit_temporary", TEMPORARY, TEMPORARY.replace("<=", "<"), "nothing stands between the ends of such a name"),
    ("src/sink/echo.c", "is_same_time", SAME, SAME.replace("(eight(a + 8) ^", "(eight(a + 8) |"), "a time is read once more"),
]
