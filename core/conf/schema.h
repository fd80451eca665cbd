/*
 * schema: tables that say what a map may hold, and the reader that fills a struct from it.
 *
 * One row makes a field's check, its place in the struct and its line in the JSON Schema that
 * editors use (schema_json). All faults of a map are reported, unknown keys with a suggestion.
 *
 * How a type lies in the struct:
 *   TEXT, ID, TEMPLATE           const char *          (NULL when absent)
 *   INT, DURATION, SIZE, TIME    int64_t               (FIELD_ABSENT when absent)
 *   BOOL, CHOICE                 int                   (-1 when absent; index into choices)
 *   TEXTS                        struct texts
 *   SCRIPT, BOUND                const char *          (NULL when absent)
 *   TARGET                       struct target_ref *   (NULL when absent)
 *   OBJECT                       struct x *            (NULL when absent)
 *   MAP, LIST                    struct items          (of struct x *)
 *   NODE                         const struct node *   (as it is, for a reader of its own)
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "conf/node.h"
#include "base/json.h"

#define FIELD_ABSENT INT64_MIN

enum field_type {
	FIELD_TEXT,     /* any text, not empty */
	FIELD_ID,       /* letters, digits, - _ . ; starts with a letter or digit; at most 64 */
	FIELD_TEMPLATE, /* text that may hold {{variables}} */
	FIELD_SCRIPT,   /* shell text: variables are never spliced in, they come as environment */
	FIELD_BOUND,    /* SQL: {{variables}} become bound parameters */
	FIELD_TARGET,   /* "{{a target}}"; once resolved, all that is known of it */
	FIELD_INT,
	FIELD_DURATION,
	FIELD_SIZE,
	FIELD_TIME,
	FIELD_BOOL,
	FIELD_CHOICE,
	FIELD_TEXTS,  /* a list of texts; one text alone counts as a list of one */
	FIELD_OBJECT, /* a map with a schema of its own */
	FIELD_MAP,    /* names (ids) to objects */
	FIELD_LIST,   /* a list of objects */
	FIELD_NODE,
};

struct schema;

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	const char *doc; /* one line */
	bool required;
	const struct schema *sub;   /* OBJECT, MAP, LIST */
	const char *const *choices; /* CHOICE; ends with NULL */
	int64_t min, max;           /* INT, DURATION, SIZE; both 0: 0 to INT64_MAX */
	bool internal; /* made by us when a step is resolved; nobody may write it in a file */
};

struct schema {
	const char *name; /* "a set": for messages */
	size_t size;      /* of the struct */
	const struct field *fields;
	size_t count;
	/* Faults that one field alone does not show; may be NULL. */
	void (*check)(void *object, const struct node *at, struct problems *p);
};

/* How a step names a target, and what becomes of it when the step is resolved. */
struct target_ref {
	const char *ref; /* as written: "{{target}}"; NULL once resolved */
	const char *name, *kind, *conninfo, *environment, *database, *system_identifier;
};

struct texts {
	const char **v;
	size_t n;
};

/* Every struct of a MAP, LIST or OBJECT begins with this. */
struct item {
	const char *key; /* in a MAP; else NULL */
	const struct node *at;
};

struct items {
	void **v;
	size_t n;
};

/* Several tables may share one map: a step's common fields and those of its kind. */
struct schema_part {
	const struct schema *schema;
	void *object; /* filled with the absent values first */
};

/* What may stand in the map: files of people, or steps that we resolved ourselves. */
enum schema_source { SCHEMA_FILE, SCHEMA_RESOLVED };

/* Fills the objects; problems tell what was wrong, and wrong fields stay absent. */
void schema_read(const struct node *map, const struct schema_part *parts, size_t count,
	enum schema_source source, struct problems *p);
/* One table into a new object. */
void *schema_read_new(const struct node *map, const struct schema *schema, struct problems *p);

/* The table as JSON Schema (draft 2020-12), with the tables below it in place. */
void schema_json(
	struct json *j, const char *key, const struct schema *const *schemas, size_t count);

/* An id as FIELD_ID wants it */
bool schema_is_id(const char *text);

/* Item number i of a MAP or LIST as the type it has. */
#define item_at(items, type, i) ((type *)(items)->v[i])

#endif
