/*
 * node: one tree for site files, runbooks and kubeconfigs, every node with its position.
 *
 * Scalars keep their text; the schema gives them a type. JSON is YAML, so JSON files load too.
 */
#ifndef CONF_NODE_H
#define CONF_NODE_H

#include "conf/problems.h"

enum node_type { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	int line, col;   /* from 1 */
	const char *key; /* as the child of a map, else NULL */
	int key_line, key_col;
	const char *text; /* scalars; NUL-terminated, never holds a NUL */
	bool quoted;      /* in quotes or a block, so never null, true or a number */
	struct node *parent, *first, *last, *next;
	size_t count; /* children */
};

#define node_each(list, it) for (it = (list)->first; it != NULL; it = it->next)

/* Bounds on what is read (F56). */
#define YAML_SIZE_MAX  (4 * MIB)
#define YAML_DEPTH_MAX 24
#define YAML_NODES_MAX 200000

/*
 * Parses one document with libyaml into a tree inside p->arena. Refused, with line and column:
 * anchors, aliases, tags, merge keys, duplicate keys, keys that are not plain text, several
 * documents, NUL bytes, more nodes or depth than the bounds. NULL when anything was wrong.
 */
struct node *node_parse(const char *text, size_t len, struct problems *p);
/* From JSON that we wrote ourselves; positions mean nothing there, strings count as quoted. */
struct node *node_from_json(const char *text, size_t len, struct problems *p);
/* The same as node_parse from a file; an unreadable file is a problem too. */
struct node *node_load(const char *path, struct problems *p);

const struct node *node_get(const struct node *map, const char *key); /* NULL if absent */
/* An unquoted "", "~" or "null" */
bool node_is_null(const struct node *n);
/* "a map", "a list", "text": for messages */
const char *node_type_name(const struct node *n);
/* Puts an error at the node's position. */
struct problem *node_error(struct problems *p, const struct node *n, const char *fmt, ...)
	PRINTF(3, 4);

#endif
