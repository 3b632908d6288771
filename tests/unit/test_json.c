// SPDX-License-Identifier: ISC

/* base/json.h: values read, looked at, and written. */

#include "fixture.h"

#include "base/json.h"

#include <dlfcn.h>
#include <errno.h>
#include <json-c/json.h>
#include <sys/mman.h>

static struct json_object *read_text(const char *text) {
	struct json_object *value = NULL;
	struct error err = {{0}};
	expect_int(0, json_read(text, strlen(text), &value, &err), "%s: %s", text, err.text);
	return value;
}

/* What the library has mapped; or it cannot. */
static struct {
	bool fails;
	size_t bytes;
	int count;
} mapped;

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
	if (mapped.fails) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	static void *(*real)(void *, size_t, int, int, int, off_t);
	if (!real) {
		real = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
	}
	mapped.bytes += size;
	mapped.count++;
	return real(at, size, protection, flags, fd, offset);
}

int munmap(void *at, size_t size) {
	static int (*real)(void *, size_t);
	if (!real) {
		real = (int (*)(void *, size_t))dlsym(RTLD_NEXT, "munmap");
	}
	mapped.bytes -= size;
	return real(at, size);
}

/* What json-c makes texts of: as it does, or it has no memory. */
static bool texts_fail;

const char *json_object_to_json_string_ext(struct json_object *value, int flags) {
	size_t len;
	return texts_fail ? NULL : json_object_to_json_string_length(value, flags, &len);
}

/* That value as the only element of an array. */
static struct json_object *read_list(const char *text) {
	char list[200];
	(void)snprintf(list, sizeof(list), "[%s]", text);
	return read_text(list);
}

static void expect_written(const char *expected, struct json_object *value) {
	struct buf out;
	buf_init(&out, 1 << 20);
	json_put_value(&out, value);
	expect_int(0, buf_error(&out), "%s", expected);
	expect_text(expected, buf_text(&out), "value");
	buf_done(&out);
}

static void a_value_says_what_it_is_and_how_much_it_holds(void **state) {
	(void)state;
	static const struct {
		const char *text;
		enum json_kind kind;
		size_t count;
		double number;
	} rows[] = {
		{"null", JSON_NULL, 0, 0},
		{"true", JSON_BOOL, 0, 1},
		{"false", JSON_BOOL, 0, 0},
		{"0", JSON_INT, 0, 0},
		{"-7", JSON_INT, 0, -7},
		{"18446744073709551615", JSON_INT, 0, 18446744073709551615.0},
		{"7.0", JSON_DOUBLE, 0, 7},
		{"1e2", JSON_DOUBLE, 0, 100},
		{"\"\"", JSON_STRING, 0, 0},
		{"[]", JSON_ARRAY, 0, 0},
		{" [null,[1,2]] ", JSON_ARRAY, 2, 0},
		{"{}", JSON_OBJECT, 0, 0},
		{"{\"a\":null,\"b\":{\"c\":1},\"a\":2}", JSON_OBJECT, 2, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct json_object *list = read_list(rows[row].text), *value = json_element(list, 0);
		expect_int(rows[row].kind, json_kind(value), "%s: kind", rows[row].text);
		expect_int(rows[row].count, json_count(value), "%s: count", rows[row].text);
		if (rows[row].kind < JSON_OBJECT) {
			expect_int(1, json_double(value) == rows[row].number, "%s: number", rows[row].text);
		}
		json_free(list);
	}
}

static void members_and_elements_are_found(void **state) {
	(void)state;
	struct json_object *root = read_text("{\"list\":[1,null,\"x\"],\"none\":null,\"\":{\"a\":2}}");
	struct json_object *list = json_member(root, "list");
	int64_t number = 0;
	size_t len = 9;

	expect_int(3, json_count(list), "elements");
	expect_int(true, json_int(json_element(list, 0), &number), "an integer");
	expect_int(1, number, "the first");
	expect_int(true, json_element(list, 1) == NULL, "null");
	expect_text("x", json_string(json_element(list, 2), &len), "the last");
	expect_int(1, len, "its length");
	expect_int(true, json_element(list, 3) == NULL, "behind the last");

	expect_int(true, json_has(root, "none") && !json_member(root, "none"), "a member that is null");
	expect_int(false, json_has(root, "None") || json_member(root, "None"), "none of that name");
	expect_int(true, json_has(json_member(root, ""), "a"), "a member without a name");
	expect_int(false, json_has(list, "list") || json_member(list, "list"), "of an array");
	expect_int(false, json_has(NULL, "list") || json_member(NULL, "list"), "of null");
	expect_int(true, !json_element(root, 0) && !json_element(NULL, 0), "an element of what is no array");
	json_free(root);
	json_free(NULL);
}

static void members_come_in_their_order(void **state) {
	(void)state;
	static const char *const names[] = {"b", "a", "", "c"};
	struct json_object *root = read_text("{\"b\":1,\"a\":null,\"\":[],\"c\":2,\"b\":3}");
	size_t count = 0;
	for (struct json_member member = {0}; json_next(root, &member); count++) {
		expect_between(0, COUNT_OF(names) - 1, count, "member");
		expect_text(names[count], member.name, "member %zu", count);
		expect_int(true, member.value == json_member(root, names[count]), "member %zu: value", count);
	}
	expect_int(COUNT_OF(names), count, "members");
	json_free(root);

	root = read_text("{}");
	struct json_member none = {0};
	expect_int(false, json_next(root, &none), "of an empty object");
	json_free(root);
	root = read_text("[1]");
	expect_int(false, json_next(root, &none) || json_next(NULL, &none), "of what is no object");
	json_free(root);
}

static void several_members_are_found_at_once(void **state) {
	(void)state;
	static const char *const names[] = {"b", "bb", "none", "a", ""};
	struct json_object *root = read_text("{\"a\":1,\"bb\":2,\"b\":null,\"c\":3,\"\":[4]}");
	struct json_object *found[COUNT_OF(names) + 1];
	found[COUNT_OF(names)] = root;
	json_members(root, names, COUNT_OF(names), found);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		expect_true(found[i] == json_member(root, names[i]), "\"%s\"", names[i]);
	}
	expect_int(JSON_INT, json_kind(found[1]), "bb");
	expect_true(found[COUNT_OF(names)] == root, "behind the last");
	json_members(found[4], names, 1, found);
	expect_true(found[0] == NULL, "of an array");
	json_members(NULL, names, 1, found);
	expect_true(found[0] == NULL, "of null");
	json_free(root);
}

static void integers_are_those_that_were_written(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool good;
		int64_t expected;
	} rows[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"-1", true, -1},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"18446744073709551615", false, 0},
		{"18446744073709551616", false, 0},
		{"-9223372036854775807", true, -INT64_MAX},
		{"-9223372036854775808", false, 0},
		{"-99999999999999999999", false, 0},
		{"3.0", false, 0},
		{"\"3\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
		{"[3]", false, 0},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct json_object *list = read_list(rows[row].text);
		int64_t number = 42;
		expect_int(rows[row].good, json_int(json_element(list, 0), &number), "%s", rows[row].text);
		expect_int(rows[row].good ? rows[row].expected : 42, number, "%s: number", rows[row].text);
		json_free(list);
	}
}

static void strings_may_hold_nuls(void **state) {
	(void)state;
	struct json_object *value = read_text("\"a\\u0000b\"");
	size_t len = 0;
	const char *text = json_string(value, &len);
	expect_int(3, len, "length");
	expect_bytes(text, "a\0b", 4);
	json_free(value);

	len = 42;
	expect_int(true, json_string(NULL, &len) == NULL, "null is none");
	value = read_text("[\"a\"]");
	expect_int(true, json_string(value, &len) == NULL, "an array is none");
	expect_int(42, len, "the length is left alone");
	json_free(value);
}

static void what_is_not_json_is_refused_with_a_sentence(void **state) {
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{"", "is cut off JSON (0 bytes)"},
		{"{\"a\":", "is cut off JSON (5 bytes)"},
		{"[1,]", "is not JSON: unexpected character at byte 3"},
		{"[1] 2", "is not JSON: unexpected character at byte 4"},
		{"null", "is cut off JSON (4 bytes)"},
		{"[\"cut", "is cut off JSON (5 bytes)"},
		/* The rest of the sentence is json-c's. */
		{"{\"a\" 1}", "is not JSON: "},
		{"{\"a\":1]", "is not JSON: "},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct json_object *untouched = (struct json_object *)&rows, *value = untouched;
		struct error err = {{0}};
		expect_int(-EBADMSG, json_read(rows[row].text, strlen(rows[row].text), &value, &err), "%s", rows[row].text);
		expect_int(0, strncmp(rows[row].expected, err.text, strlen(rows[row].expected)), "%s: \"%s\"", rows[row].text,
		           err.text);
		expect_int(true, value == untouched, "%s: the value is left alone", rows[row].text);
		expect_int(-EBADMSG, json_read(rows[row].text, strlen(rows[row].text), &value, NULL), "without a sentence");
	}
}

static void a_text_is_refused_for_its_depth(void **state) {
	(void)state;
	enum { DEEPEST = 31 };
	for (size_t more = 0; more < 2; more++) {
		char text[2 * (DEEPEST + 1) + 2] = "";
		struct json_object *value = NULL;
		size_t depth = DEEPEST + more;
		memset(text, '[', depth);
		text[depth] = '1';
		memset(text + depth + 1, ']', depth);
		expect_int(more ? -EBADMSG : 0, json_read(text, strlen(text), &value, NULL), "%zu deep", depth);
		json_free(value);
	}
}

/* Each is eight, and its comma one: 222,222 of them are just below two million. */
static void a_text_is_refused_for_its_weight(void **state) {
	(void)state;
	enum { MOST = 222221 };
	for (size_t more = 0; more < 2; more++) {
		struct buf text;
		buf_init(&text, 1 << 20);
		struct json_object *value = NULL;
		struct error err = {{0}};
		buf_puts(&text, "[{}");
		for (size_t i = 1; i < MOST + more; i++) {
			buf_puts(&text, ",{}");
		}
		buf_puts(&text, "]");
		expect_int(0, buf_error(&text), "memory");
		expect_int(more ? -EBADMSG : 0, json_read(text.data, text.len, &value, &err), "%zu more: %s", more, err.text);
		expect_text(more ? "holds too many values" : "", err.text, "%zu more", more);
		json_free(value);
		buf_done(&text);
	}
}

static void values_are_written_compactly_and_as_they_came(void **state) {
	(void)state;
	static const struct {
		const char *text, *expected;
	} rows[] = {
		{" null ", "null"},
		{"[ true , false ]", "[true,false]"},
		{"[ ]", "[]"},
		{"{ }", "{}"},
		{"{\"a\" : [1, {}], \"b\\n\" : {\"c\" : []}}", "{\"a\":[1,{}],\"b\\n\":{\"c\":[]}}"},
		{"[0, -0, -5, 9223372036854775807, 18446744073709551615, -9223372036854775808]",
		 "[0,0,-5,9223372036854775807,18446744073709551615,-9223372036854775808]"},
		{"[1.50, 1E5, 1e400, -0.0]", "[1.50,1E5,1e400,-0.0]"},
		{"\"a/b\\/c\"", "\"a\\/b\\/c\""},
		{"\"\\u0000\\u001f\\u007f\\u202e\\ud800\"", "\"\\u0000\\u001f\x7f\xe2\x80\xae\xef\xbf\xbd\""},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct json_object *list = read_list(rows[row].text);
		expect_written(rows[row].expected, json_element(list, 0));
		json_free(list);
	}
}

static void strings_are_escaped(void **state) {
	(void)state;
	static const struct {
		const char *text, *as_string, *as_text;
	} rows[] = {
		{NULL, "null", "null"},
		{"", "\"\"", ""},
		{"a/b", "\"a/b\"", "a/b"},
		{"\"\\", "\"\\\"\\\\\"", "\"\\"},
		{"\b\f\n\r\t\001", "\"\\b\\f\\n\\r\\t\\u0001\"", "      "},
		{"\x7f\xc2\x9b\xe2\x80\xae\xef\xbb\xbf", "\"\\u007f\\u009b\\u202e\\ufeff\"", "\\u007f\\u009b\\u202e\\ufeff"},
		{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xff\xc3(\xed\xa0\x80", "\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd"},
		{"{\"a\":\t[1]}", "\"{\\\"a\\\":\\t[1]}\"", "{\"a\": [1]}"},
	};
	for (size_t row = 0; row < COUNT_OF(rows); row++) {
		struct buf out;
		buf_init(&out, 1 << 20);
		json_put_string(&out, rows[row].text);
		expect_text(rows[row].as_string, buf_text(&out), "row %zu: a string", row);
		buf_clear(&out);
		json_put_text(&out, rows[row].text);
		expect_text(rows[row].as_text, buf_text(&out), "row %zu: a text", row);
		buf_done(&out);
	}
}

/* What was written is read back as it was. */
static void every_character_comes_back(void **state) {
	(void)state;
	struct buf out;
	buf_init(&out, 1 << 20);
	for (unsigned point = 1; point <= 0xffff; point += point == 0xd7ff ? 0x801 : 1) {
		char text[4] = {(char)point, '\0'};
		if (point >= 0x800) {
			text[0] = (char)(0xe0 | point >> 12);
			text[1] = (char)(0x80 | (point >> 6 & 0x3f));
			text[2] = (char)(0x80 | (point & 0x3f));
		} else if (point >= 0x80) {
			text[0] = (char)(0xc0 | point >> 6);
			text[1] = (char)(0x80 | (point & 0x3f));
		}
		size_t len = 0;
		buf_clear(&out);
		json_put_string(&out, text);
		struct json_object *value = read_text(buf_text(&out));
		expect_text(text, json_string(value, &len), "U+%04X, %s", point, buf_text(&out));
		json_free(value);
	}
	buf_done(&out);
}

static void lack_of_room_is_told_by_the_buffer(void **state) {
	(void)state;
	struct json_object *value = read_text("{\"a\":[1.5,\"b\"]}");
	struct buf out;
	buf_init(&out, 4);
	json_put_value(&out, value);
	expect_int(-EFBIG, buf_error(&out), "a value");
	buf_clear(&out);
	json_put_string(&out, "abc");
	expect_int(-EFBIG, buf_error(&out), "a string");
	buf_done(&out);
	json_free(value);
}

/* It is seen before, and what was taken to see it is given back. */
static void lack_of_memory_is_told(void **state) {
	(void)state;
	struct json_object *value = NULL;
	struct error err = {{0}};
	mapped.count = 0;
	mapped.bytes = 0;
	json_free(read_text("[1, 2, 3]"));
	expect_int(1, mapped.count, "trials");
	expect_int(0, mapped.bytes, "given back");
	mapped.fails = true;
	int r = json_read("[1]", 3, &value, &err);
	mapped.fails = false;
	expect_int(-ENOMEM, r);
	expect_text("out of memory", err.text);
	expect_null(value);

	/* A double has a text of its own. */
	struct buf out;
	buf_init(&out, 1 << 20);
	value = read_text("[1.5]");
	texts_fail = true;
	json_put_value(&out, value);
	texts_fail = false;
	expect_int(-ENOMEM, buf_error(&out), "a text");
	buf_clear(&out);
	json_put_value(&out, value);
	expect_int(0, buf_error(&out), "the next one");
	expect_text("[1.5]", buf_text(&out));
	json_free(value);
	buf_done(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_says_what_it_is_and_how_much_it_holds),
		cmocka_unit_test(members_and_elements_are_found),
		cmocka_unit_test(members_come_in_their_order),
		cmocka_unit_test(several_members_are_found_at_once),
		cmocka_unit_test(integers_are_those_that_were_written),
		cmocka_unit_test(strings_may_hold_nuls),
		cmocka_unit_test(what_is_not_json_is_refused_with_a_sentence),
		cmocka_unit_test(a_text_is_refused_for_its_depth),
		cmocka_unit_test(a_text_is_refused_for_its_weight),
		cmocka_unit_test(values_are_written_compactly_and_as_they_came),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(every_character_comes_back),
		cmocka_unit_test(lack_of_room_is_told_by_the_buffer),
		cmocka_unit_test(lack_of_memory_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
