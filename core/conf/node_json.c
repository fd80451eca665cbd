/*
 * node_json: JSON to the tree of node.h. libyaml reads most JSON, but not all that JSON can name:
 * it refuses the pairs of \u escapes that characters beyond U+FFFF are written as.
 */
#include "base/banned.h"
#include "conf/node.h"
#include "conf/json_read.h"

struct reader {
	struct problems *problems;
	size_t nodes;
};

static struct node *
fault(struct reader *r, const char *what)
{
	problems_add(r->problems, PROBLEM_ERROR, 0, 0, "%s", what);
	return NULL;
}

static const char *
scalar_text(struct reader *r, const cJSON *j)
{
	CLEANUP(str_done) struct str text = STR_INIT(64);

	if (cJSON_IsString(j))
		return arena_strdup(r->problems->arena, j->valuestring);
	json_print(&text, j);
	return arena_strdup(r->problems->arena, str_text(&text));
}

static struct node *
convert(struct reader *r, const cJSON *j, struct node *parent, int depth)
{
	struct node *n = arena_alloc(r->problems->arena, sizeof(*n));
	const cJSON *it;

	if (depth > YAML_DEPTH_MAX || ++r->nodes > YAML_NODES_MAX)
		return fault(r, "The JSON is nested too deeply or has too many values.");
	n->parent = parent;
	n->line = n->col = 1;
	n->key = arena_strdup(r->problems->arena, j->string);
	if (!cJSON_IsObject(j) && !cJSON_IsArray(j)) {
		n->text = scalar_text(r, j);
		n->quoted = cJSON_IsString(j);
		return n;
	}
	n->type = cJSON_IsObject(j) ? NODE_MAP : NODE_LIST;
	cJSON_ArrayForEach(it, j)
	{
		struct node *child = convert(r, it, n, depth + 1);

		if (child == NULL)
			return NULL;
		if (n->last != NULL)
			n->last->next = child;
		else
			n->first = child;
		n->last = child;
		n->count++;
	}
	return n;
}

struct node *
node_from_json(const char *text, size_t len, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(text, len, &err);
	struct reader r = {.problems = p};

	if (j == NULL)
		return fault(&r, err.msg);
	return convert(&r, j, NULL, 0);
}
