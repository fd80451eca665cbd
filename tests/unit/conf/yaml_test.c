#include "unit/testing.h"

#include "base/clock.h"
#include "conf/node.h"

static struct arena arena = ARENA_INIT;
static struct problems problems;

static struct node *
parse(const char *text, size_t len)
{
	arena_done(&arena);
	problems_init(&problems, &arena, "t.yaml");
	return node_parse(text, len, &problems);
}

/* The one problem that it must have, as text. */
static const char *
refused(const char *text, size_t len)
{
	struct str out = STR_INIT(MIB);
	const char *said;

	assert_null(parse(text, len));
	assert_true(problems.errors > 0);
	problems_text(&problems, &out);
	said = arena_strdup(&arena, str_text(&out));
	str_done(&out);
	return said;
}

#define assert_refused(text, want) assert_holds(refused(text, sizeof(text) - 1), want)

static const char *
scalar(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);

	assert_non_null(n);
	assert_int_equal(n->type, NODE_SCALAR);
	return n->text;
}

static void
test_tree(void **state)
{
	static const char text[] = "# comment\n"
				   "name: value\n"
				   "quoted: \"two\\twords\"\n"
				   "list: [a, 'b', {c: d}]\n"
				   "map:\n"
				   "  inner: |\n"
				   "    line 1\n"
				   "    line 2\n"
				   "  empty:\n"
				   "  tilde: ~\n";
	struct node *root = parse(text, sizeof(text) - 1);
	const struct node *list, *map, *n;

	assert_non_null(root);
	assert_int_equal(root->type, NODE_MAP);
	assert_int_equal(root->count, 4);
	assert_string_equal(scalar(root, "name"), "value");
	n = node_get(root, "quoted");
	assert_string_equal(n->text, "two\twords");
	assert_true(n->quoted);
	assert_int_equal(n->line, 3);
	assert_int_equal(n->col, 9);
	assert_int_equal(n->key_line, 3);
	assert_int_equal(n->key_col, 1);
	list = node_get(root, "list");
	assert_int_equal(list->type, NODE_LIST);
	assert_int_equal(list->count, 3);
	assert_string_equal(list->first->text, "a");
	assert_null(list->first->key);
	assert_string_equal(scalar(list->last, "c"), "d");
	assert_ptr_equal(list->last->parent, list);
	map = node_get(root, "map");
	assert_string_equal(scalar(map, "inner"), "line 1\nline 2\n");
	assert_true(node_is_null(node_get(map, "empty")));
	assert_true(node_is_null(node_get(map, "tilde")));
	assert_false(node_is_null(node_get(map, "inner")));
	assert_false(node_is_null(map));
	assert_null(node_get(map, "none"));
	assert_null(node_get(NULL, "none"));
	assert_null(node_get(list, "none"));
	assert_string_equal(node_type_name(map), "a map");
	assert_string_equal(node_type_name(list), "a list");
	assert_string_equal(node_type_name(n), "text");
	assert_string_equal(node_type_name(node_get(map, "empty")), "nothing");
	node_error(&problems, n, "wrong %d", 1);
	assert_int_equal(problems.list.v[0].line, 3);
	assert_int_equal(problems.list.v[0].col, 9);
}

static void
test_json_is_yaml(void **state)
{
	static const char text[] = "{\"a\": [1, true, null], \"b\\n\": \"\\u00fc\"}";
	struct node *root = parse(text, sizeof(text) - 1);

	assert_non_null(root);
	assert_int_equal(node_get(root, "a")->count, 3);
	assert_string_equal(scalar(root, "b\n"), "\xc3\xbc");
}

static void
test_quoted_null(void **state)
{
	struct node *root = parse("a: 'null'\nb: null\nc: ''\n", 24);

	assert_false(node_is_null(node_get(root, "a")));
	assert_true(node_is_null(node_get(root, "b")));
	assert_false(node_is_null(node_get(root, "c")));
}

/* F56 */
static void
test_f56_refused_forms(void **state)
{
	assert_refused("a: &x 1\n", "t.yaml:1:4: error: Anchors");
	assert_refused("a: &x [1]\n", "Anchors");
	assert_refused("a: &x {b: 1}\n", "Anchors");
	assert_refused("&k a: 1\n", "Anchors");
	assert_refused("a: 1\nb: *a\n", "t.yaml:2:4: error: Aliases");
	assert_refused("a: !!str 1\n", "Tags");
	assert_refused("a: !x [1]\n", "Tags");
	assert_refused("a: !x {}\n", "Tags");
	assert_refused("a: {<<: {b: 1}}\n", "t.yaml:1:5: error: Merge keys");
	assert_refused("a: 1\nb: 2\na: 3\n", "t.yaml:3:1: error: The key \"a\" is given twice");
	assert_refused("a: 1\nb: 2\na: 3\n", "first in line 1");
	assert_refused("a: 1\n---\nb: 2\n", "Only one document");
	assert_refused("{[a]: 1}\n", "A key must be plain text");
	assert_refused("? {a: 1}\n: 2\n", "A key must be plain text");
	assert_refused("", "The file is empty");
	assert_refused("# only a comment\n", "The file is empty");
	assert_refused("a: [1\n", "YAML syntax: ");
	assert_refused("a: \"\\z\"\n", "found unknown escape character");
	assert_refused("\ta: 1\n", "YAML syntax: ");
	assert_refused("a: b: c\n", "t.yaml:1:5: error: YAML syntax");
}

static void
test_quoted_merge_key_is_a_key(void **state)
{
	struct node *root = parse("{\"<<\": 1}\n", 10);

	assert_string_equal(scalar(root, "<<"), "1");
}

static void
test_f56_binary(void **state)
{
	assert_refused("a: \xff\xfe\n", "not text in UTF-8");
	assert_refused("a: \0b\n", "error: ");
	assert_refused("a: \"x\\0y\"\n", "NUL bytes");
	assert_refused("\"x\\0y\": 1\n", "NUL bytes");
	assert_refused("\x7f"
		       "ELF\x02\x01\x01\0\0\0",
		"error: ");
	assert_refused("\xff\xfe"
		       "a\0:\0 \0001\0",
		"not text in UTF-8");
}

/* All faults of one file at once. */
static void
test_all_reported(void **state)
{
	static const char text[] = "a: &x 1\na: !t 2\nb: 3\nb: 4\n";

	assert_null(parse(text, sizeof(text) - 1));
	assert_int_equal(problems.errors, 4);
}

static void
repeat(struct str *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		str_add(out, text);
}

static void
test_f56_depth(void **state)
{
	struct str s = STR_INIT(8 * MIB);

	repeat(&s, "[", YAML_DEPTH_MAX);
	repeat(&s, "]", YAML_DEPTH_MAX);
	assert_non_null(parse(s.buf, s.len));
	str_cut(&s, 0);
	repeat(&s, "[", YAML_DEPTH_MAX + 1);
	assert_holds(refused(s.buf, s.len), "nested deeper than 24");
	str_cut(&s, 0);
	repeat(&s, "[", 1000000);
	assert_holds(refused(s.buf, s.len), "error: ");
	str_cut(&s, 0);
	repeat(&s, "{a: ", YAML_DEPTH_MAX + 1);
	assert_holds(refused(s.buf, s.len), "nested deeper than 24");
	str_done(&s);
}

/* A million values: refused in bounded time and memory. */
static void
test_f56_counts(void **state)
{
	struct str s = STR_INIT(8 * MIB);
	int64_t before = clock_mono_ms();

	str_add(&s, "a: [");
	repeat(&s, "1,", 1000000);
	str_add(&s, "1]\n");
	assert_holds(refused(s.buf, s.len), "more than 200000 values");
	str_cut(&s, 0);
	str_add(&s, "a:\n");
	for (int i = 0; i < 2001; i++)
		str_fmt(&s, "  k%d: 1\n", i);
	assert_holds(refused(s.buf, s.len), "more than 2000 keys");
	str_cut(&s, 0);
	repeat(&s, "- {a: 1, b: 2}\n", 100000);
	assert_holds(refused(s.buf, s.len), "more than 200000 values");
	str_cut(&s, 0);
	repeat(&s, "# 0123456789 0123456789 0123456789\n", 150000);
	assert_holds(refused(s.buf, s.len), "larger than 4 MiB");
	/* The billion laughs stop at the first alias. */
	assert_refused("a: &a [l,o,l]\nb: &b [*a,*a]\nc: [*b,*b]\n", "Aliases");
	assert_true(clock_mono_ms() - before < 60000);
	str_done(&s);
}

static void
test_load(void **state)
{
	struct node *root;

	arena_done(&arena);
	problems_init(&problems, &arena, "f");
	root = node_load(test_text_file("f", "a: 1\n"), &problems);
	assert_string_equal(scalar(root, "a"), "1");
	assert_null(node_load(test_path("none"), &problems));
	assert_holds(problems.list.v[0].message, "Cannot open");
	assert_int_equal(truncate(test_path("f"), 5000000), 0);
	assert_null(node_load(test_path("f"), &problems));
	assert_holds(problems.list.v[1].message, "larger than the 4194304 bytes");
	assert_non_null(problems.list.v[1].hint);
	arena_done(&arena);
}

TESTS(T(test_tree), T(test_json_is_yaml), T(test_quoted_null), T(test_f56_refused_forms),
	T(test_quoted_merge_key_is_a_key), T(test_f56_binary), T(test_all_reported),
	T(test_f56_depth), T(test_f56_counts), T(test_load))
