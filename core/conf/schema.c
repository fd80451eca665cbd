#include "base/banned.h"
#include "conf/schema.h"
#include "base/clock.h"
#include "base/text.h"

#define TEXT_MAX (64 * KIB)

bool
schema_is_id(const char *text)
{
	size_t n =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= 64 && text[n] == '\0' && text[0] != '-' && text[0] != '.' &&
	       text[0] != '_';
}

static void
set_absent(const struct schema *s, void *object)
{
	memset(object, 0, s->size);
	for (size_t i = 0; i < s->count; i++) {
		const struct field *f = &s->fields[i];
		void *at = (char *)object + f->offset;

		switch (f->type) {
		case FIELD_INT:
		case FIELD_DURATION:
		case FIELD_SIZE:
		case FIELD_TIME: *(int64_t *)at = FIELD_ABSENT; break;
		case FIELD_BOOL:
		case FIELD_CHOICE: *(int *)at = -1; break;
		default: break;
		}
	}
}

static void
wrong_type(const struct node *n, const char *key, const char *wanted, struct problems *p)
{
	node_error(p, n, "\"%s\" must be %s, but is %s.", key, wanted, node_type_name(n));
}

static const char *
read_text(const struct node *n, const char *key, struct problems *p)
{
	if (n->type != NODE_SCALAR || node_is_null(n)) {
		wrong_type(n, key, "text", p);
		return NULL;
	}
	if (strlen(n->text) > TEXT_MAX) {
		node_error(p, n, "\"%s\" is longer than 64 KiB.", key);
		return NULL;
	}
	if (n->text[0] == '\0') {
		node_error(p, n, "\"%s\" is empty.", key);
		return NULL;
	}
	return n->text;
}

static const char *
read_id(const struct node *n, const char *key, struct problems *p)
{
	const char *text = read_text(n, key, p);

	if (text == NULL || schema_is_id(text))
		return text;
	node_error(p, n, "\"%s\" is not a name.", text)->hint =
		"A name has letters, digits, - _ and . only, at most 64, and starts with a letter "
		"or digit.";
	return NULL;
}

static void
read_number(const struct node *n, const struct field *f, int64_t *ret, struct problems *p)
{
	const char *text = read_text(n, f->name, p), *example = "a whole number, like 3";
	int64_t value = 0, max = f->max != 0 ? f->max : INT64_MAX;
	bool good;

	if (text == NULL)
		return;
	switch (f->type) {
	case FIELD_DURATION:
		example = "a duration, like 90s, 15m, 24h or 30d";
		good = clock_parse_duration(text, &value);
		break;
	case FIELD_SIZE:
		example = "a size, like 10MiB or 4096";
		good = clock_parse_size(text, &value);
		break;
	case FIELD_TIME:
		example = "a time with its zone, like 2026-11-20T14:32:07Z";
		good = clock_parse(text, &value);
		if (good)
			*ret = value;
		max = INT64_MAX;
		break;
	default: good = !n->quoted && util_parse_i64(text, &value); break;
	}
	if (!good)
		node_error(p, n, "\"%s\" must be %s, but is \"%s\".", f->name, example, text);
	else if (f->type != FIELD_TIME && (value < f->min || value > max))
		node_error(p, n, "\"%s\" is out of range: %s (%lld to %lld).", f->name, text,
			(long long)f->min, (long long)max);
	else
		*ret = value;
}

static void
read_bool(const struct node *n, const char *key, int *ret, struct problems *p)
{
	if (n->type == NODE_SCALAR && !n->quoted && strcmp(n->text, "true") == 0)
		*ret = 1;
	else if (n->type == NODE_SCALAR && !n->quoted && strcmp(n->text, "false") == 0)
		*ret = 0;
	else
		wrong_type(n, key, "true or false", p);
}

static void
read_choice(const struct node *n, const struct field *f, int *ret, struct problems *p)
{
	CLEANUP(str_done) struct str all = STR_INIT(KIB);
	const char *text = read_text(n, f->name, p);

	if (text == NULL)
		return;
	for (int i = 0; f->choices[i] != NULL; i++) {
		if (strcmp(f->choices[i], text) == 0) {
			*ret = i;
			return;
		}
		str_fmt(&all, "%s%s", i > 0 ? ", " : "", f->choices[i]);
	}
	node_error(p, n, "\"%s\" can't be \"%s\".", f->name, text)->hint =
		arena_fmt(p->arena, "Allowed: %s.", str_text(&all));
}

static void
read_texts(const struct node *n, const char *key, struct texts *ret, struct problems *p)
{
	const struct node *it;

	if (n->type == NODE_MAP) {
		wrong_type(n, key, "a list of texts", p);
		return;
	}
	ret->v = arena_array(p->arena, n->type == NODE_LIST ? n->count : 1, sizeof(*ret->v));
	if (n->type == NODE_SCALAR) {
		ret->v[0] = read_text(n, key, p);
		ret->n = ret->v[0] != NULL;
		return;
	}
	node_each (n, it) {
		/* An empty argument is an argument: argv may need it. */
		if (it->type == NODE_SCALAR && it->quoted && it->text[0] == '\0')
			ret->v[ret->n++] = "";
		else if ((ret->v[ret->n] = read_text(it, key, p)) != NULL)
			ret->n++;
	}
}

static void
read_items(const struct node *n, const struct field *f, struct items *ret, struct problems *p)
{
	bool map = f->type == FIELD_MAP;
	const struct node *it;

	if (n->type != (map ? NODE_MAP : NODE_LIST)) {
		wrong_type(n, f->name, map ? "a map" : "a list", p);
		return;
	}
	ret->v = arena_array(p->arena, n->count, sizeof(*ret->v));
	node_each (n, it) {
		struct item *item;

		if (map && !schema_is_id(it->key))
			problems_add(p, PROBLEM_ERROR, it->key_line, it->key_col,
				"\"%s\" is not a name.", it->key)
				->hint = "A name has letters, digits, - _ and . only, at most 64.";
		item = schema_read_new(it, f->sub, p);
		if (item == NULL)
			continue;
		item->key = it->key;
		ret->v[ret->n++] = item;
	}
}

static struct target_ref *
read_target(const struct node *n, const char *key, struct problems *p)
{
	struct target_ref *t = arena_alloc(p->arena, sizeof(*t));
	const struct {
		const char *key, **to;
	} fields[] = {{"name", &t->name}, {"kind", &t->kind}, {"conninfo", &t->conninfo},
		{"environment", &t->environment}, {"database", &t->database},
		{"system_identifier", &t->system_identifier}};

	if (n->type != NODE_MAP) {
		t->ref = read_text(n, key, p);
		return t;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct node *v = node_get(n, fields[i].key);

		*fields[i].to = v != NULL && v->type == NODE_SCALAR ? v->text : NULL;
	}
	return t;
}

static void
read_field(const struct node *n, const struct field *f, void *object, struct problems *p)
{
	void *at = (char *)object + f->offset;

	switch (f->type) {
	case FIELD_TARGET: *(struct target_ref **)at = read_target(n, f->name, p); break;
	case FIELD_TEXT:
	case FIELD_SCRIPT:
	case FIELD_BOUND:
	case FIELD_TEMPLATE: *(const char **)at = read_text(n, f->name, p); break;
	case FIELD_ID: *(const char **)at = read_id(n, f->name, p); break;
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_SIZE:
	case FIELD_TIME: read_number(n, f, at, p); break;
	case FIELD_BOOL: read_bool(n, f->name, at, p); break;
	case FIELD_CHOICE: read_choice(n, f, at, p); break;
	case FIELD_TEXTS: read_texts(n, f->name, at, p); break;
	case FIELD_OBJECT: *(void **)at = schema_read_new(n, f->sub, p); break;
	case FIELD_MAP:
	case FIELD_LIST: read_items(n, f, at, p); break;
	case FIELD_NODE: *(const struct node **)at = n; break;
	}
}

static const struct field *
find_field(const char *name, const struct schema_part *parts, size_t count,
	const struct schema_part **in)
{
	for (size_t i = 0; i < count; i++) {
		const struct schema *s = parts[i].schema;

		for (size_t k = 0; k < s->count; k++) {
			if (strcmp(s->fields[k].name, name) == 0) {
				*in = &parts[i];
				return &s->fields[k];
			}
		}
	}
	return NULL;
}

static void
unknown_key(const struct node *n, const struct schema_part *parts, size_t count, struct problems *p)
{
	const char *near = NULL;
	size_t best = 4;
	struct problem *new = problems_add(p, PROBLEM_ERROR, n->key_line, n->key_col,
		"Unknown key \"%s\" in %s.", n->key, parts[0].schema->name);

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < parts[i].schema->count; k++) {
			const char *name = parts[i].schema->fields[k].name;
			size_t d = text_distance(n->key, name, 4);

			if (d < best && d < strlen(name)) {
				best = d;
				near = name;
			}
		}
	}
	if (near != NULL)
		new->hint = arena_fmt(p->arena, "Did you mean \"%s\"?", near);
}

void
schema_read(const struct node *map, const struct schema_part *parts, size_t count,
	enum schema_source source, struct problems *p)
{
	const struct node *it;

	for (size_t i = 0; i < count; i++) {
		set_absent(parts[i].schema, parts[i].object);
		((struct item *)parts[i].object)->at = map;
	}
	if (map->type != NODE_MAP) {
		node_error(p, map, "A map is wanted for %s, but this is %s.", parts[0].schema->name,
			node_type_name(map));
		return;
	}
	node_each (map, it) {
		const struct schema_part *in = NULL;
		const struct field *f = find_field(it->key, parts, count, &in);

		if (f == NULL || (f->internal && source == SCHEMA_FILE))
			unknown_key(it, parts, count, p);
		else if (f->type == FIELD_TARGET && it->type == NODE_MAP && source == SCHEMA_FILE)
			wrong_type(it, f->name, "the name of a target", p);
		else
			read_field(it, f, in->object, p);
	}
	for (size_t i = 0; i < count; i++) {
		const struct schema *s = parts[i].schema;

		for (size_t k = 0; k < s->count; k++)
			if (s->fields[k].required && node_get(map, s->fields[k].name) == NULL)
				node_error(p, map, "\"%s\" is missing in %s.", s->fields[k].name,
					s->name)
					->hint = s->fields[k].doc;
		if (s->check != NULL)
			s->check(parts[i].object, map, p);
	}
}

void *
schema_read_new(const struct node *map, const struct schema *schema, struct problems *p)
{
	struct schema_part part = {schema, arena_alloc(p->arena, schema->size)};

	schema_read(map, &part, 1, SCHEMA_FILE, p);
	return map->type == NODE_MAP ? part.object : NULL;
}
