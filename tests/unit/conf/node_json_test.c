#include "unit/testing.h"

#include "conf/node.h"

static struct arena arena;
static struct problems problems;

static const struct node *
read_text(const char *text)
{
	arena_done(&arena);
	problems_init(&problems, &arena, "f");
	return node_from_json(text, strlen(text), &problems);
}

static void
test_tree(void **state)
{
	const struct node *n = read_text(
		"{\"a\": \"x\", \"list\": [\"\", 12, true, null, {\"deep\": -3}], \"\": \"y\"}");

	assert_non_null(n);
	assert_int_equal(n->type, NODE_MAP);
	assert_int_equal(n->count, 3);
	assert_string_equal(node_get(n, "a")->text, "x");
	assert_true(node_get(n, "a")->quoted);
	assert_string_equal(node_get(n, "")->text, "y");
	n = node_get(n, "list");
	assert_int_equal(n->type, NODE_LIST);
	assert_int_equal(n->count, 5);
	assert_string_equal(n->first->text, "");
	assert_true(n->first->quoted);
	assert_string_equal(n->first->next->text, "12");
	assert_false(n->first->next->quoted);
	assert_string_equal(n->first->next->next->text, "true");
	assert_true(node_is_null(n->first->next->next->next));
	assert_string_equal(node_get(n->last, "deep")->text, "-3");
	assert_ptr_equal(n->last->parent, n);
	arena_done(&arena);
}

/* What base/json writes for characters that hide or that no terminal may see. */
static void
test_every_escape(void **state)
{
	const struct node *n =
		read_text("{\"a\": \"\\u001b\\u007f\\u0085\\u202e\\ufeff\\udb40\\udc41\\n\\\"\"}");

	assert_non_null(n);
	assert_string_equal(node_get(n, "a")->text,
		"\x1b\x7f\xc2\x85\xe2\x80\xae\xef\xbb\xbf\xf3\xa0\x81\x81\n\"");
	arena_done(&arena);
}

static void
test_refused(void **state)
{
	struct str s = STR_INIT(8 * MIB);

	assert_null(read_text("{\"a\": "));
	assert_int_equal(problems.errors, 1);
	assert_holds(problems.list.v[0].message, "not JSON");
	assert_null(read_text("{} x"));
	for (int i = 0; i < 100; i++)
		str_addc(&s, '[');
	for (int i = 0; i < 100; i++)
		str_addc(&s, ']');
	assert_null(read_text(str_text(&s)));
	assert_holds(problems.list.v[0].message, "too deeply");
	str_cut(&s, 0);
	str_addc(&s, '[');
	for (int i = 0; i < YAML_NODES_MAX; i++)
		str_add(&s, "1,");
	str_add(&s, "1]");
	assert_null(read_text(str_text(&s)));
	assert_holds(problems.list.v[0].message, "too many values");
	str_done(&s);
	arena_done(&arena);
}

TESTS(T(test_tree), T(test_every_escape), T(test_refused))
