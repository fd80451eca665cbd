#include "base/banned.h"
#include "conf/node.h"

#include <stdarg.h>

const struct node *
node_get(const struct node *map, const char *key)
{
	struct node *it;

	if (map == NULL || map->type != NODE_MAP)
		return NULL;
	node_each (map, it)
		if (strcmp(it->key, key) == 0)
			return it;
	return NULL;
}

bool
node_is_null(const struct node *n)
{
	return n->type == NODE_SCALAR && !n->quoted &&
	       (n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *
node_type_name(const struct node *n)
{
	switch (n->type) {
	case NODE_MAP: return "a map";
	case NODE_LIST: return "a list";
	default: return node_is_null(n) ? "nothing" : "text";
	}
}

struct problem *
node_error(struct problems *p, const struct node *n, const char *fmt, ...)
{
	struct problem *new;
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vfmt(p->arena, fmt, ap);
	va_end(ap);
	new = problems_add(p, PROBLEM_ERROR, n->line, n->col, "%s", text);
	return new;
}
