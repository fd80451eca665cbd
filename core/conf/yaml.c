/*
 * yaml: libyaml's events to one tree (node.h). Events rather than libyaml's own documents,
 * because those resolve aliases first, which is what a YAML bomb is made of.
 */
#include "base/banned.h"
#include "conf/node.h"
#include "base/file.h"

#include <yaml.h>

#define MAP_KEYS_MAX 2000

struct loader {
	yaml_parser_t parser;
	struct problems *problems;
	struct node *root, *open; /* open: the map or list being filled */
	const char *key;          /* a key waits for its value */
	int key_line, key_col;
	size_t nodes, depth;
	bool give_up;
};

static struct problem *
fault(struct loader *l, yaml_mark_t at, const char *what)
{
	return problems_add(
		l->problems, PROBLEM_ERROR, (int)at.line + 1, (int)at.column + 1, "%s", what);
}

static void
stop(struct loader *l, yaml_mark_t at, const char *what)
{
	fault(l, at, what);
	l->give_up = true;
}

static void
check_duplicate(struct loader *l, yaml_mark_t at, const char *key)
{
	const struct node *it;

	/* Quadratic in the keys of one map; MAP_KEYS_MAX bounds it. */
	node_each (l->open, it) {
		if (strcmp(it->key, key) == 0) {
			struct problem *p =
				problems_add(l->problems, PROBLEM_ERROR, (int)at.line + 1,
					(int)at.column + 1, "The key \"%s\" is given twice.", key);

			p->hint = arena_fmt(
				l->problems->arena, "It stands first in line %d.", it->key_line);
			return;
		}
	}
}

static void
take_key(struct loader *l, const yaml_event_t *e)
{
	const char *text = (const char *)e->data.scalar.value;

	if (strlen(text) != e->data.scalar.length) {
		stop(l, e->start_mark, "The file holds NUL bytes; it is not text.");
		return;
	}
	if (strcmp(text, "<<") == 0 && e->data.scalar.plain_implicit)
		fault(l, e->start_mark, "Merge keys (<<) are not allowed here.")->hint =
			"Write the values out: what runs must be readable where it stands.";
	if (l->open->count >= MAP_KEYS_MAX) {
		stop(l, e->start_mark, "The map has more than 2000 keys.");
		return;
	}
	check_duplicate(l, e->start_mark, text);
	l->key = arena_strdup(l->problems->arena, text);
	l->key_line = (int)e->start_mark.line + 1;
	l->key_col = (int)e->start_mark.column + 1;
}

static struct node *
attach(struct loader *l, enum node_type type, yaml_mark_t at)
{
	struct node *n;

	if (++l->nodes > YAML_NODES_MAX) {
		stop(l, at, "The file has more than 200000 values; nothing beyond is read.");
		return NULL;
	}
	n = arena_alloc(l->problems->arena, sizeof(*n));
	n->type = type;
	n->line = (int)at.line + 1;
	n->col = (int)at.column + 1;
	n->parent = l->open;
	if (l->open == NULL) {
		l->root = n;
		return n;
	}
	n->key = l->key;
	n->key_line = l->key_line;
	n->key_col = l->key_col;
	l->key = NULL;
	if (l->open->last != NULL)
		l->open->last->next = n;
	else
		l->open->first = n;
	l->open->last = n;
	l->open->count++;
	return n;
}

static void
refuse_extras(
	struct loader *l, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL)
		fault(l, e->start_mark, "Anchors (&name) are not allowed here.")->hint =
			"Write the value out: what runs must be readable where it stands.";
	if (tag != NULL)
		fault(l, e->start_mark, "Tags (!name) are not allowed here.")->hint =
			"Leave the tag out; the schema gives every value its type.";
}

static void
on_scalar(struct loader *l, const yaml_event_t *e)
{
	struct node *n;

	refuse_extras(l, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (l->open != NULL && l->open->type == NODE_MAP && l->key == NULL) {
		take_key(l, e);
		return;
	}
	if (memchr(e->data.scalar.value, '\0', e->data.scalar.length) != NULL) {
		stop(l, e->start_mark, "The file holds NUL bytes; it is not text.");
		return;
	}
	n = attach(l, NODE_SCALAR, e->start_mark);
	if (n == NULL)
		return;
	n->text = arena_strndup(
		l->problems->arena, (const char *)e->data.scalar.value, e->data.scalar.length);
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static void
on_open(struct loader *l, const yaml_event_t *e, enum node_type type)
{
	struct node *n;

	if (type == NODE_MAP)
		refuse_extras(l, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	else
		refuse_extras(l, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	if (l->open != NULL && l->open->type == NODE_MAP && l->key == NULL) {
		stop(l, e->start_mark, "A key must be plain text, not a map or list.");
		return;
	}
	if (++l->depth > YAML_DEPTH_MAX) {
		stop(l, e->start_mark, "The file is nested deeper than 24 levels.");
		return;
	}
	n = attach(l, type, e->start_mark);
	if (n != NULL)
		l->open = n;
}

static void
on_event(struct loader *l, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (l->root != NULL)
			stop(l, e->start_mark, "Only one document is allowed in a file.");
		break;
	case YAML_ALIAS_EVENT:
		fault(l, e->start_mark, "Aliases (*name) are not allowed here.")->hint =
			"Write the value out: what runs must be readable where it stands.";
		l->give_up = true;
		break;
	case YAML_SCALAR_EVENT: on_scalar(l, e); break;
	case YAML_SEQUENCE_START_EVENT: on_open(l, e, NODE_LIST); break;
	case YAML_MAPPING_START_EVENT: on_open(l, e, NODE_MAP); break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		l->open = l->open->parent;
		l->depth--;
		break;
	default: break;
	}
}

static void
syntax_fault(struct loader *l)
{
	const yaml_parser_t *y = &l->parser;
	const char *what = y->problem != NULL ? y->problem : "it cannot be read as YAML";
	yaml_mark_t at = y->problem_mark;

	if (y->error == YAML_READER_ERROR) {
		problems_add(l->problems, PROBLEM_ERROR, 1, 1,
			"This is not text in UTF-8: %s at byte %zu.", what, y->problem_offset);
		return;
	}
	problems_add(l->problems, PROBLEM_ERROR, (int)at.line + 1, (int)at.column + 1,
		"YAML syntax: %s%s%s.", what, y->context != NULL ? ", " : "",
		y->context != NULL ? y->context : "");
}

struct node *
node_parse(const char *text, size_t len, struct problems *p)
{
	struct loader l = {.problems = p};
	size_t before = p->errors;
	bool end = false;

	if (len > YAML_SIZE_MAX) {
		problems_add(p, PROBLEM_ERROR, 0, 0, "The file is larger than 4 MiB.");
		return NULL;
	}
	if (!yaml_parser_initialize(&l.parser))
		BUG("out of memory (yaml)");
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)text, len);
	while (!end && !l.give_up) {
		yaml_event_t e;

		if (!yaml_parser_parse(&l.parser, &e)) {
			syntax_fault(&l);
			break;
		}
		end = e.type == YAML_STREAM_END_EVENT;
		on_event(&l, &e);
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&l.parser);
	if (p->errors == before && l.root == NULL)
		problems_add(p, PROBLEM_ERROR, 0, 0, "The file is empty.");
	return p->errors == before ? l.root : NULL;
}

struct node *
node_load(const char *path, struct problems *p)
{
	CLEANUP(str_done) struct str text = STR_INIT(YAML_SIZE_MAX);
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (!file_read(path, YAML_SIZE_MAX, &text, &err)) {
		problems_add(p, PROBLEM_ERROR, 0, 0, "%s", err.msg)->hint =
			arena_strdup(p->arena, err.hint);
		return NULL;
	}
	return node_parse(str_text(&text), text.len, p);
}
