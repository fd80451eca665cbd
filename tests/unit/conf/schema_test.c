#include "unit/testing.h"

#include "conf/json_read.h"
#include "conf/schema.h"

struct inner {
	struct item item;
	const char *name;
	int64_t count;
};

struct outer {
	struct item item;
	const char *text, *id, *template;
	int64_t number, duration, size, time;
	int flag, choice;
	struct texts texts;
	struct inner *object;
	struct items map, list;
	const struct node *node;
};

static const struct field inner_fields[] = {
	{"name", FIELD_TEXT, .offset = offsetof(struct inner, name), "its name", .required = true},
	{"count", FIELD_INT, .offset = offsetof(struct inner, count), "how many", .min = 1,
		.max = 9},
};

static void
inner_check(void *object, const struct node *at, struct problems *p)
{
	const struct inner *i = object;

	if (util_streq(i->name, "forbidden"))
		node_error(p, at, "This name is forbidden.");
}

static const struct schema inner_schema = {
	"an inner", sizeof(struct inner), inner_fields, ARRAY_LEN(inner_fields), inner_check};

static const char *const colours[] = {"red", "green", NULL};

static const struct field outer_fields[] = {
	{"text", FIELD_TEXT, .offset = offsetof(struct outer, text), "a text"},
	{"id", FIELD_ID, .offset = offsetof(struct outer, id), "a name"},
	{"template", FIELD_TEMPLATE, .offset = offsetof(struct outer, template), "a template"},
	{"number", FIELD_INT, .offset = offsetof(struct outer, number), "a number", .min = -5,
		.max = 5},
	{"duration", FIELD_DURATION, .offset = offsetof(struct outer, duration), "a duration",
		.max = 3600},
	{"size", FIELD_SIZE, .offset = offsetof(struct outer, size), "a size"},
	{"time", FIELD_TIME, .offset = offsetof(struct outer, time), "a time"},
	{"flag", FIELD_BOOL, .offset = offsetof(struct outer, flag), "a flag"},
	{"choice", FIELD_CHOICE, .offset = offsetof(struct outer, choice), "a choice",
		.choices = colours},
	{"texts", FIELD_TEXTS, .offset = offsetof(struct outer, texts), "texts"},
	{"object", FIELD_OBJECT, .offset = offsetof(struct outer, object), "an object",
		.sub = &inner_schema},
	{"map", FIELD_MAP, .offset = offsetof(struct outer, map), "a map", .sub = &inner_schema},
	{"list", FIELD_LIST, .offset = offsetof(struct outer, list), "a list",
		.sub = &inner_schema},
	{"node", FIELD_NODE, .offset = offsetof(struct outer, node), "anything"},
};

static const struct schema outer_schema = {
	"an outer", sizeof(struct outer), outer_fields, ARRAY_LEN(outer_fields), NULL};

static struct arena arena = ARENA_INIT;
static struct problems problems;

static struct outer *
read_outer(const char *text)
{
	struct node *root;

	arena_done(&arena);
	problems_init(&problems, &arena, "t.yaml");
	root = node_parse(text, strlen(text), &problems);
	assert_non_null(root);
	return schema_read_new(root, &outer_schema, &problems);
}

static const char *
said(void)
{
	struct str out = STR_INIT(MIB);
	const char *text;

	problems_text(&problems, &out);
	text = arena_strdup(&arena, str_text(&out));
	str_done(&out);
	return text;
}

static void
test_everything(void **state)
{
	struct outer *o = read_outer("text: some text\n"
				     "id: daily-dump.v1_2\n"
				     "template: '{{x}}'\n"
				     "number: -5\n"
				     "duration: 1h\n"
				     "size: 10MiB\n"
				     "time: 2026-11-29T14:32:07Z\n"
				     "flag: true\n"
				     "choice: green\n"
				     "texts: [a, \"\", b]\n"
				     "object: {name: x}\n"
				     "map: {one: {name: a, count: 9}, two: {name: b}}\n"
				     "list: [{name: c}]\n"
				     "node: [whatever, {is: here}]\n");

	assert_string_equal(said(), "");
	assert_string_equal(o->text, "some text");
	assert_string_equal(o->id, "daily-dump.v1_2");
	assert_string_equal(o->template, "{{x}}");
	assert_int_equal(o->number, -5);
	assert_int_equal(o->duration, 3600);
	assert_int_equal(o->size, 10 * MIB);
	assert_int_equal(o->time, 1795962727);
	assert_int_equal(o->flag, 1);
	assert_int_equal(o->choice, 1);
	assert_int_equal(o->texts.n, 3);
	assert_string_equal(o->texts.v[0], "a");
	assert_string_equal(o->texts.v[1], "");
	assert_string_equal(o->texts.v[2], "b");
	assert_string_equal(o->object->name, "x");
	assert_true(o->object->count == FIELD_ABSENT);
	assert_int_equal(o->map.n, 2);
	assert_string_equal(item_at(&o->map, struct inner, 0)->item.key, "one");
	assert_int_equal(item_at(&o->map, struct inner, 0)->count, 9);
	assert_string_equal(item_at(&o->map, struct inner, 1)->name, "b");
	assert_int_equal(item_at(&o->map, struct inner, 1)->item.at->line, 12);
	assert_int_equal(o->list.n, 1);
	assert_null(item_at(&o->list, struct inner, 0)->item.key);
	assert_int_equal(o->node->count, 2);
	assert_ptr_equal(o->item.at->type, NODE_MAP);
}

static void
test_nothing(void **state)
{
	struct outer *o = read_outer("{}");

	assert_string_equal(said(), "");
	assert_null(o->text);
	assert_null(o->id);
	assert_true(o->number == FIELD_ABSENT);
	assert_true(o->duration == FIELD_ABSENT);
	assert_true(o->size == FIELD_ABSENT);
	assert_true(o->time == FIELD_ABSENT);
	assert_int_equal(o->flag, -1);
	assert_int_equal(o->choice, -1);
	assert_int_equal(o->texts.n, 0);
	assert_null(o->object);
	assert_int_equal(o->map.n, 0);
	assert_null(o->node);
}

static void
test_one_text_is_a_list(void **state)
{
	assert_int_equal(read_outer("texts: alone")->texts.n, 1);
	assert_int_equal(read_outer("texts: []")->texts.n, 0);
	assert_int_equal(read_outer("flag: false")->flag, 0);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"text: [a]", "t.yaml:1:7: error: \"text\" must be text, but is a list."},
		{"text: {}", "but is a map."},
		{"text:", "but is nothing."},
		{"text: ''", "\"text\" is empty."},
		{"id: -x", "\"-x\" is not a name."},
		{"id: .x", "is not a name"},
		{"id: _x", "is not a name"},
		{"id: a b", "starts with a letter"},
		{"id: a/b", "is not a name"},
		{"id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"is not a name"},
		{"number: 6", "\"number\" is out of range: 6 (-5 to 5)."},
		{"number: -6", "out of range"},
		{"number: 1.5", "must be a whole number"},
		{"number: '3'", "must be a whole number"},
		{"number: 99999999999999999999", "must be a whole number"},
		{"number: []", "must be text"},
		{"duration: 5", "must be a duration, like 90s, 15m"},
		{"duration: 2h", "out of range"},
		{"size: big", "must be a size, like 10MiB"},
		{"time: 2026-11-29 14:32:07", "must be a time with its zone"},
		{"flag: yes", "\"flag\" must be true or false, but is text."},
		{"flag: 'true'", "must be true or false"},
		{"flag: []", "must be true or false, but is a list"},
		{"choice: blue", "\"choice\" can't be \"blue\".\n    Allowed: red, green."},
		{"choice: []", "must be text"},
		{"texts: {a: b}", "must be a list of texts, but is a map"},
		{"texts: [a, [b]]", "\"texts\" must be text, but is a list"},
		{"texts: [a, ]", NULL},
		{"texts: [a, ~]", "must be text, but is nothing"},
		{"texts: ''", "is empty"},
		{"object: x", "A map is wanted for an inner, but this is text."},
		{"object: {}", "\"name\" is missing in an inner.\n    its name"},
		{"object: {name: forbidden}", "This name is forbidden."},
		{"object: {name: x, count: 0}", "out of range: 0 (1 to 9)"},
		{"map: []", "\"map\" must be a map, but is a list."},
		{"map: {-x: {name: a}}", "t.yaml:1:7: error: \"-x\" is not a name."},
		/* F33: with a Cyrillic o */
		{"map: {pr\xd0\xbe"
		 "d: {name: a}}",
			"is not a name"},
		{"id: pr\xd0\xbe"
		 "d",
			"is not a name"},
		{"map: {x: 1}", "A map is wanted"},
		{"list: {}", "\"list\" must be a list, but is a map."},
		{"list: [1, {name: a}]", "A map is wanted"},
		{"txet: x", "t.yaml:1:1: error: Unknown key \"txet\" in an outer.\n"
			    "    Did you mean \"text\"?"},
		{"entirely_different: x", "Unknown key \"entirely_different\" in an outer.\n"},
		{"- x", "A map is wanted for an outer, but this is a list."},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		read_outer(cases[i].text);
		if (cases[i].want == NULL) {
			assert_int_equal(problems.errors, 0);
			continue;
		}
		if (problems.errors != 1)
			fail_msg("%s: %s", cases[i].text, said());
		assert_holds(said(), cases[i].want);
	}
}

static void
test_too_long(void **state)
{
	struct str s = STR_INIT(MIB);

	str_add(&s, "text: ");
	for (int i = 0; i < 70000; i++)
		str_addc(&s, 'x');
	assert_null(read_outer(s.buf)->text);
	assert_holds(said(), "\"text\" is longer than 64 KiB.");
	str_done(&s);
}

static void
test_all_at_once(void **state)
{
	struct outer *o = read_outer("number: x\nflag: y\nunknown: z\ntext: fine\nobject: {}\n");

	assert_int_equal(problems.errors, 4);
	assert_string_equal(o->text, "fine");
	assert_true(o->number == FIELD_ABSENT);
}

/* Two tables over one map, as a step has them. */
static void
test_parts(void **state)
{
	struct outer o;
	struct inner i;
	const struct schema_part parts[] = {{&outer_schema, &o}, {&inner_schema, &i}};
	const char *text = "text: a\nname: b\nnme: c\n";

	arena_done(&arena);
	problems_init(&problems, &arena, "t.yaml");
	schema_read(node_parse(text, strlen(text), &problems), parts, 2, SCHEMA_FILE, &problems);
	assert_string_equal(o.text, "a");
	assert_string_equal(i.name, "b");
	assert_int_equal(problems.errors, 1);
	assert_holds(said(), "Did you mean \"name\"?");
}

/* What an editor is told is what the reader does. */
static void
test_json_schema(void **state)
{
	const struct schema *const schemas[] = {&outer_schema, &inner_schema};
	struct str out = STR_INIT(MIB);
	struct json j = json_new(&out);
	struct err err = ERR_INIT;
	const cJSON *properties, *field;
	cJSON *tree;

	schema_json(&j, NULL, schemas, 2);
	tree = json_parse(out.buf, out.len, &err);
	assert_non_null(tree);
	assert_string_equal(json_get_text(tree, "title"), "an outer");
	assert_false(json_get_bool(tree, "additionalProperties", true));
	properties = json_get(tree, "properties");
	assert_int_equal(cJSON_GetArraySize(properties), 16);
	field = json_get(properties, "number");
	assert_string_equal(json_get_text(field, "type"), "integer");
	assert_int_equal(json_get_int(field, "minimum", 0), -5);
	assert_int_equal(json_get_int(field, "maximum", 0), 5);
	assert_string_equal(json_get_text(field, "description"), "a number");
	field = json_get(json_get(properties, "choice"), "enum");
	assert_int_equal(cJSON_GetArraySize(field), 2);
	field = json_get(json_get(properties, "map"), "additionalProperties");
	assert_string_equal(json_get_text(field, "title"), "an inner");
	field = json_get(json_get(properties, "list"), "items");
	assert_string_equal(json_get_text(field, "title"), "an inner");
	field = json_get(json_get(properties, "object"), "required");
	assert_int_equal(cJSON_GetArraySize(field), 1);
	assert_string_equal(json_get_text(json_get(properties, "flag"), "type"), "boolean");
	assert_int_equal(cJSON_GetArraySize(json_get(json_get(properties, "size"), "type")), 2);
	assert_int_equal(cJSON_GetArraySize(json_get(json_get(properties, "texts"), "type")), 2);
	assert_non_null(json_get(json_get(properties, "duration"), "pattern"));
	assert_non_null(json_get(json_get(properties, "id"), "pattern"));
	assert_null(json_get(json_get(properties, "node"), "type"));
	assert_string_equal(cJSON_GetArrayItem(json_get(tree, "required"), 0)->valuestring, "name");
	json_free(&tree);
	str_done(&out);
	arena_done(&arena);
}

TESTS(T(test_everything), T(test_nothing), T(test_one_text_is_a_list), T(test_faults),
	T(test_too_long), T(test_all_at_once), T(test_parts), T(test_json_schema))
