// SPDX-License-Identifier: ISC

/* daemon/standing.h, and what report.h and overview.h say of a node of a cluster: its place there, and what is wrong. */

#include "rig.h"

#include "base/json.h"
#include "daemon/member.h"
#include "daemon/overview.h"
#include "daemon/poller-private.h"

#define SECOND USEC_PER_SEC
#define MINUTE USEC_PER_MIN
#define LEASE  (30 * SECOND)

enum { MOST = 8 };

/* A member that no turn is made with: what it knows, a test says. */
static struct cluster_settings settings;
static struct member member;
static struct chain chains[MOST], *list[MOST];
static char names[MOST][16], own_name[] = "a", cluster_name[] = "hq";
static struct seen nodes[3];

static void add_chain(struct access *access, enum tenure_state tenure, uint64_t epoch, uint64_t position, uint64_t head) {
	struct chain *chain = &chains[member.len];
	(void)snprintf(names[member.len], sizeof(names[0]), "%s", member.len == 0 ? "acme" : member.len == 1 ? "eu" : "more");
	*chain = (struct chain){
		.account = names[member.len],
		.access = access,
		.tenure = {.state = tenure, .epoch = epoch, .position = position, .head = head},
		.unowned_since = USEC_INFINITY,
		.behind_since = USEC_INFINITY,
	};
	list[member.len++] = chain;
	access->chain = chain;
}

/* An account, with a lobby whose last minute is recorded, that this node owns or follows. */
static void join(enum tenure_state tenure, uint64_t epoch) {
	rig_configure(RIG_ACCOUNT, "window = \"1m\"; lookback = \"0s\";", RIG_LOBBY, "");
	rig_start(false);
	(void)rig_until_asked();
	rig_ok(7);
	(void)rig_turn();
	settings = (struct cluster_settings){.name = "hq", .node = "a"};
	member = (struct member){.settings = &settings, .node = own_name, .cluster = cluster_name, .chains = list, .length = LEASE, .lease = 5,
	                         .devices = 0x12, .renewed = rig.now, .sighted = true, .unreached = USEC_INFINITY,
	                         .sight = {.nodes = nodes}};
	standing_init(&member.standing);
	rig_poller->member = &member;
	add_chain(&rig_poller->roll.accesses[0], tenure, epoch, 8812, 8812);
	(void)snprintf(chains[0].owner, sizeof(chains[0].owner), "%s", epoch > 0 ? "a" : "b");
	rig_poller->now = rig.now;
	rig_poller->changed = false;
}

static void see_node(const char *name, int64_t lease, const char *value) {
	struct error err;
	struct seen *seen = &nodes[member.sight.len++];
	*seen = (struct seen){.name = strdup(name), .lease = lease, .value = strdup(value), .time = USEC_INFINITY};
	expect_int(0, json_read(value, strlen(value), &seen->json, &err), "%s", value);
}

static void forget_nodes(void) {
	for (size_t i = 0; i < member.sight.len; i++) {
		free(nodes[i].name);
		free(nodes[i].value);
		json_free(nodes[i].json);
	}
	member.sight.len = 0;
}

static void leave(void) {
	forget_nodes();
	standing_done(&member.standing);
	rig_poller->member = NULL;
	rig_poller->roll.accesses[0].chain = NULL;
	rig_end();
}

/* A while later, the store is looked at. */
static void pass(usec_t time) {
	rig_pass(time);
	rig_poller->now = rig.now;
	standing_look(rig_poller);
}

static const char *status_line(void) {
	static char text[4096];
	struct status status = rig_status_now();
	struct buf out;
	buf_init(&out, sizeof(text) - 1);
	status_text(&status, &out);
	(void)snprintf(text, sizeof(text), "%s", buf_text(&out));
	buf_done(&out);
	return text;
}

static const char *document(void) {
	static char text[8192];
	struct overview_source source = {.poller = rig_poller, .started = at(RIG_BEGIN)};
	struct overview overview = {0};
	struct json_object *value = NULL;
	struct error err;
	struct buf out;
	buf_init(&out, sizeof(text) - 1);
	while (overview_write(&source, &overview, &out)) {
	}
	(void)snprintf(text, sizeof(text), "%s", buf_text(&out));
	expect_int(0, json_read(text, strlen(text), &value, &err), "%s", text);
	json_free(value);
	buf_done(&out);
	return text;
}

static void an_owner_and_a_follower_say_what_they_are(void **state) {
	(void)state;
	static const struct {
		enum tenure_state state;
		uint64_t epoch, position, head;
		const char *place, *document;
	} rows[] = {
		{TENURE_OWNING, 7, 8812, 8812, "owner of acme (entry 8812)",
		 "\"cluster\":{\"state\":\"owner\",\"entry\":8812,\"head\":8812,\"behind\":0,\"owner\":\"a\"}"},
		{TENURE_READING, 7, 8800, 8812, "owner of acme (entry 8800, 12 to read)",
		 "\"cluster\":{\"state\":\"reading\",\"entry\":8800,\"head\":8812,\"behind\":12,\"owner\":\"a\"}"},
		{TENURE_DRAINING, 7, 8812, 8812, "owner of acme (entry 8812)", "\"state\":\"leaving\""},
		{TENURE_FOLLOWING, 0, 8812, 8812, "following acme, 0 behind",
		 "\"cluster\":{\"state\":\"following\",\"entry\":8812,\"head\":8812,\"behind\":0,\"owner\":\"b\"}"},
		{TENURE_FOLLOWING, 0, 8810, 8812, "following acme, 2 behind", "\"behind\":2,\"owner\":\"b\""},
		{TENURE_FOLLOWING, 0, 8812, 8810, "following acme, 0 behind", "\"head\":8810,\"behind\":0,\"owner\":\"b\""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		join(rows[i].state, rows[i].epoch);
		chains[0].tenure.position = rows[i].position;
		chains[0].tenure.head = rows[i].head;
		pass(0);
		expect_text(rows[i].place, standing_place(rig_poller), "row %zu", i);
		expect_text("", standing_troubles(rig_poller), "row %zu", i);
		expect_true(strstr(document(), rows[i].document), "row %zu: %s", i, document());
		leave();
		expect_int(0, rig_teardown(NULL), "teardown");
		expect_int(0, rig_setup(NULL), "setup");
	}
	join(TENURE_OWNING, 7);
	member.sighted = false;
	expect_text("joining the cluster", standing_place(rig_poller));
	leave();
}

static void the_document_has_the_cluster_and_its_nodes(void **state) {
	(void)state;
	join(TENURE_OWNING, 7);
	see_node("a", 5, "{\"version\":\"0.9.0\",\"time\":\"2026-11-23T08:00:00Z\",\"well\":true}");
	see_node("b", 6, "{\"version\":\"\\u001b[31m\",\"time\":null,\"well\":false}");
	expect_part("\"cluster\":{\"node\":\"a\",\"name\":\"hq\",\"reached\":true,\"lease\":\"held\",\"lease_s\":30,\"twin\":false,"
	            "\"nodes\":[{\"name\":\"a\",\"version\":\"0.9.0\",\"time\":\"2026-11-23T08:00:00Z\",\"well\":true},"
	            "{\"name\":\"b\",\"version\":\"\\\\x1b[31m\",\"well\":false}]},\"accounts\":[\n",
	            document());
	pass(20 * SECOND);
	expect_part("\"lease\":\"late\"", document());
	member.lease = 0;
	expect_part("\"lease\":\"none\"", document());
	leave();
}

static void of_many_accounts_the_numbers_are_said(void **state) {
	(void)state;
	join(TENURE_OWNING, 7);
	for (int i = 0; i < 3; i++) {
		add_chain(&rig_poller->roll.accesses[0], TENURE_FOLLOWING, 0, 10, 12);
		expect_text(i == 0   ? "owner of acme (entry 8812); following eu, 2 behind"
		            : i == 1 ? "owner of acme (entry 8812); following eu, 2 behind; following more, 2 behind"
		                     : "owner of 1 account, following 3, 6 behind",
		            standing_place(rig_poller));
	}
	chains[0].tenure.epoch = 0;
	expect_text("following 4 accounts, 6 behind", standing_place(rig_poller));
	for (int i = 0; i < 4; i++) {
		chains[i].tenure.epoch = 7;
	}
	expect_text("owner of 4 accounts", standing_place(rig_poller));
	/* One that is not in the configuration any more is not counted. */
	chains[3].access = NULL;
	expect_part("owner of more", standing_place(rig_poller));
	leave();
}

static void a_chain_that_is_halted_is_said_with_why(void **state) {
	(void)state;
	join(TENURE_HALTED, 0);
	(void)snprintf(chains[0].why, sizeof(chains[0].why), "the journal ends at entry 3");
	expect_text("acme: not followed any more: the journal ends at entry 3", standing_troubles(rig_poller));
	expect_text("", standing_place(rig_poller));
	expect_part("\"state\":\"halted\"", document());
	expect_part("\"reason\":\"the journal ends at entry 3\"", document());
	/* The first few are named. */
	for (int i = 0; i < 4; i++) {
		add_chain(&rig_poller->roll.accesses[0], TENURE_HALTED, 0, 10, 12);
	}
	expect_part("; more: not followed any more: ; and 2 more", standing_troubles(rig_poller));
	leave();
}

static void a_store_that_is_not_reached_is_said_in_front(void **state) {
	(void)state;
	join(TENURE_OWNING, 7);
	member.unreached = rig.now;
	(void)snprintf(member.trouble, sizeof(member.trouble), "https://10.0.0.1:2379: Operation timed out");
	expect_int(0, strncmp("the cluster: https://10.0.0.1:2379: Operation timed out; 1 device ok; ", status_line(), 70), "%s",
	           status_line());
	expect_part("\"reached\":false,\"since\":\"2026-11-23T08:0", document());
	expect_part("\"reason\":\"https://10.0.0.1:2379: Operation timed out\"", document());
	member.unreached = USEC_INFINITY;
	member.trouble[0] = '\0';
	expect_int(0, strncmp("1 device ok; ", status_line(), 13), "%s", status_line());
	member.told_twin = true;
	expect_int(0, strncmp("another node of the cluster is called \"a\", too; 1 device ok; ", status_line(), 60), "%s", status_line());
	leave();
}

/* A lease, and a moment to claim what it held. */
static void an_account_that_nobody_asks_for_is_said_after_a_while(void **state) {
	(void)state;
	join(TENURE_FOLLOWING, 0);
	chains[0].owner[0] = '\0';
	pass(0);
	pass(LEASE + 10 * SECOND - 1);
	expect_text("", standing_troubles(rig_poller));
	expect_part("\"owner\":null,\"unowned_since\":\"2026-11-23T08:0", document());
	rig_poller->changed = false;
	pass(1);
	expect_text("nobody asks for acme", standing_troubles(rig_poller));
	expect_part("\"reason\":\"nobody asks for it\"", document());
	expect_true(report_changed(rig_poller));
	/* Where the store is not reached, nobody knows. */
	member.unreached = rig.now;
	expect_text("", standing_troubles(rig_poller));
	member.unreached = USEC_INFINITY;
	(void)snprintf(chains[0].owner, sizeof(chains[0].owner), "b");
	pass(SECOND);
	expect_text("", standing_troubles(rig_poller));
	expect_true(report_changed(rig_poller));
	pass(SECOND);
	expect_false(report_changed(rig_poller));
	leave();
}

static void many_missing_entries_have_a_beginning(void **state) {
	(void)state;
	join(TENURE_FOLLOWING, 0);
	chains[0].tenure.head = chains[0].tenure.position + STANDING_BEHIND;
	pass(0);
	expect_null(strstr(document(), "behind_since"));
	chains[0].tenure.head++;
	pass(0);
	usec_t since = rig.now;
	pass(MINUTE);
	expect_int(since, chains[0].behind_since, "since");
	expect_part("\"behind_since\":\"2026-11-23T08:0", document());
	chains[0].tenure.position++;
	pass(0);
	expect_null(strstr(document(), "behind_since"));
	leave();
}

static void devices_that_differ_are_said_after_a_minute_and_reported_once(void **state) {
	(void)state;
	join(TENURE_OWNING, 7);
	see_node("a", 4, "{\"devices\":\"0000000000000013\"}"); /* this one, before a restart */
	see_node("b", 6, "{\"devices\":\"0000000000000012\"}");
	see_node("c", 8, "{}");
	pass(0);
	pass(2 * MINUTE);
	expect_text("", standing_troubles(rig_poller));
	expect_null(strstr(rig.journal, "differ"));

	forget_nodes();
	see_node("b", 6, "{\"devices\":\"0000000000000013\"}");
	pass(0);
	pass(MINUTE - 1);
	expect_text("", standing_troubles(rig_poller));
	pass(1);
	expect_text("the nodes' devices differ: b", standing_troubles(rig_poller));
	expect_part("\"twin\":false,\"differing\":\"b\",\"nodes\":", document());
	pass(MINUTE);
	const char *said = strstr(rig.journal, "<4>the nodes' devices differ: b: ");
	expect_true(said && !strstr(said + 1, "<4>the nodes'"), "%s", rig.journal);
	member.devices = 0x13;
	pass(0);
	expect_text("", standing_troubles(rig_poller));
	expect_part("<5>the nodes' devices are the same again\n", rig.journal);
	leave();
}

/* What its server said to it when it owned the account, is no news of a node that follows. */
static void lanes_are_their_owners_to_tell(void **state) {
	(void)state;
	join(TENURE_OWNING, 7);
	struct lane *lane = &rig_poller->roll.accesses[0].lane;
	lane->state = LANE_REFUSED;
	expect_int(0, strncmp("acme: key refused; 1 device waits", status_line(), 33), "%s", status_line());
	expect_part("\"name\":\"acme\",\"state\":\"refused\"", document());
	expect_part("\"waiting\":1", document());
	chains[0].tenure = (struct tenure){.state = TENURE_FOLLOWING, .position = 1, .head = 1};
	expect_int(0, strncmp("1 device ok", status_line(), 11), "%s", status_line());
	expect_part("\"name\":\"acme\",\"state\":\"open\"", document());
	expect_part("\"state\":\"fresh\"", document());
	lane->state = LANE_OPEN;
	leave();
}

/* A minute after another node was to have asked. */
static void a_follower_in_step_has_no_backlog(void **state) {
	(void)state;
	join(TENURE_FOLLOWING, 0);
	struct poll *poll = &rig_poller->roll.polls[0];
	lane_hold(poll->lane);
	expect_int(POLL_HELD, poll->phase, "held");
	usec_t due = span_due(poll->device->settings, poll->cursor, poll_spread(poll->device));
	pass(due + MINUTE - rig.wall);
	expect_int(0, rig_status_now().backlog, "in step");
	expect_part("\"state\":\"fresh\"", document());
	pass(1);
	expect_int(2, rig_status_now().backlog, "a minute late");
	expect_part("\"state\":\"late\"", document());
	/* This machine's clock is ahead, as the others know. */
	see_node("b", 6, "{}");
	nodes[0].time = rig.wall - MINUTE;
	nodes[0].time_at = rig.now;
	expect_int(0, rig_status_now().backlog, "by the others' time");
	rig_poller->roll.accesses[0].lane.held = false;
	leave();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_owner_and_a_follower_say_what_they_are, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(the_document_has_the_cluster_and_its_nodes, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(of_many_accounts_the_numbers_are_said, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_chain_that_is_halted_is_said_with_why, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_store_that_is_not_reached_is_said_in_front, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(an_account_that_nobody_asks_for_is_said_after_a_while, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(many_missing_entries_have_a_beginning, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(devices_that_differ_are_said_after_a_minute_and_reported_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(lanes_are_their_owners_to_tell, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_follower_in_step_has_no_backlog, rig_setup, rig_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
