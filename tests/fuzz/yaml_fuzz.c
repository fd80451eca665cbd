/* yaml: any bytes give a bounded tree whose every node knows its place, or problems. */
#include "fuzz/fuzz.h"

#include "conf/node.h"

static size_t
count(const struct node *n, int depth)
{
	const struct node *it;
	size_t all = 1, children = 0;

	FUZZ_HOLDS(depth <= YAML_DEPTH_MAX && n->line >= 1 && n->col >= 1);
	FUZZ_HOLDS(n->type != NODE_SCALAR || (n->text != NULL && n->first == NULL));
	node_each (n, it) {
		FUZZ_HOLDS(it->parent == n && (it->key != NULL) == (n->type == NODE_MAP));
		FUZZ_HOLDS(it->key == NULL || node_get(n, it->key) == it);
		all += count(it, depth + 1);
		children++;
	}
	FUZZ_HOLDS(children == n->count);
	return all;
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(MIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct problems p;
	const struct node *root;

	problems_init(&p, &a, "fuzz.yaml");
	root = node_parse(data, len, &p);
	FUZZ_HOLDS((root != NULL) == (p.errors == 0));
	if (root != NULL)
		FUZZ_HOLDS(count(root, 0) <= YAML_NODES_MAX);
	problems_text(&p, &out);
	FUZZ_HOLDS(!problems_err(&p, &err));
}
