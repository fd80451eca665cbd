#include "base/banned.h"
#include "wal/names.h"
#include "base/bytes.h"

#define BUCKETS   16384
#define NAME_SIZE 64 /* NameData */

/* Columns of pg_class */
#define AT_OID         0
#define AT_NAME        4
#define AT_SCHEMA      68
#define AT_FILE        88
#define AT_PAGES       96
#define AT_ROWS        100
#define AT_TOAST       108
#define AT_PERSISTENCE 114
#define AT_KIND        115

#define MAP_MAGIC 0x592717
#define MAP_MAX   64 /* entries */

/* A schema or database; or a mapped pg_class. */
struct small {
	uint32_t database, oid;
	const char *name; /* or NULL: `oid` is the file of pg_class */
};

struct names {
	struct arena *arena;
	size_t count;
	struct names_relation *at[BUCKETS], *oid[BUCKETS], *file[BUCKETS];
	VEC(struct small) schemas;
	VEC(struct small) databases;
	VEC(struct small) mapped;
};

struct names *
names_new(struct arena *a)
{
	struct names *n = arena_alloc(a, sizeof(*n));

	n->arena = a;
	return n;
}

static size_t
bucket(uint64_t x, uint64_t y)
{
	uint64_t h = (x * 0x9e3779b97f4a7c15u) ^ (y + 0x7f4a7c15u) * 0xbf58476d1ce4e5b9u;

	return (h ^ h >> 32) % BUCKETS;
}

/* Mapped files are few: one for each database whose pg_class was ever rewritten. */
uint32_t
names_class_file(const struct names *n, uint32_t database)
{
	const struct small *s;

	vec_each (&n->mapped, s)
		if (s->database == database)
			return s->oid;
	return NAMES_CLASS;
}

bool
names_is_class(const struct names *n, struct rel_file rel)
{
	return rel.database != 0 && rel.file == names_class_file(n, rel.database);
}

bool
names_is_catalog(const struct names *n, struct rel_file rel)
{
	return rel.file == NAMES_SCHEMAS || (rel.database == 0 && rel.file == NAMES_BASES) ||
	       names_is_class(n, rel);
}

/* The first small thing with this key, or a new one. */
static struct small *
small_at(struct arena *a, struct small **v, size_t *n, size_t *cap, uint32_t database, uint32_t oid,
	bool any_oid)
{
	for (size_t i = 0; i < *n; i++)
		if ((*v)[i].database == database && (any_oid || (*v)[i].oid == oid))
			return &(*v)[i];
	*v = arena_grow(a, *v, *n, cap, sizeof(**v));
	(*v)[*n] = (struct small){database, oid, NULL};
	return &(*v)[(*n)++];
}

#define SMALL_AT(n, vec, database, oid, any) \
	small_at((n)->arena, &(vec)->v, &(vec)->n, &(vec)->cap, database, oid, any)

void
names_map(struct names *n, uint32_t database, const unsigned char *map, size_t len)
{
	uint32_t entries;

	if (len < 8 || bytes_u32(map) != MAP_MAGIC)
		return;
	entries = bytes_u32(map + 4);
	if (entries > MAP_MAX || len < 8 + (size_t)8 * entries || n->mapped.n > NAMES_MAX)
		return;
	for (uint32_t i = 0; i < entries; i++)
		if (bytes_u32(map + 8 + (size_t)8 * i) == NAMES_CLASS)
			SMALL_AT(n, &n->mapped, database, 0, true)->oid =
				bytes_u32(map + 12 + (size_t)8 * i);
}

void
names_add_schema(struct names *n, uint32_t database, uint32_t oid, const char *name)
{
	if (n->schemas.n < NAMES_MAX)
		SMALL_AT(n, &n->schemas, database, oid, false)->name = arena_strdup(n->arena, name);
}

void
names_add_database(struct names *n, uint32_t oid, const char *name)
{
	if (n->databases.n < NAMES_MAX)
		SMALL_AT(n, &n->databases, 0, oid, false)->name = arena_strdup(n->arena, name);
}

static void
insert(struct names *n, struct names_relation *r)
{
	size_t at = bucket(r->database, (uint64_t)r->block << 16 | r->slot);
	size_t oid = bucket(r->database, r->oid), file = bucket(r->database, r->file);

	n->count++;
	if (r->slot != 0) {
		r->next_at = n->at[at];
		n->at[at] = r;
	}
	r->next_oid = n->oid[oid];
	n->oid[oid] = r;
	if (r->file != 0) {
		r->next_file = n->file[file];
		n->file[file] = r;
	}
}

void
names_add(struct names *n, const struct names_relation *given)
{
	struct names_relation *r;

	if (n->count >= NAMES_MAX)
		return;
	r = arena_alloc(n->arena, sizeof(*r));
	*r = *given;
	r->slot = 0;
	r->name = arena_strdup(n->arena, given->name);
	insert(n, r);
}

static const char *
name_of(struct arena *a, const unsigned char *p)
{
	return arena_strndup(a, (const char *)p, strnlen((const char *)p, NAME_SIZE));
}

/* A row of pg_class where it lies; the one that was there before stays known by its number. */
static const struct names_relation *
learn(struct names *n, uint32_t database, uint32_t block, unsigned slot, const unsigned char *raw)
{
	const struct names_relation *known = names_at(n, database, block, slot);
	struct names_relation *r;
	float rows;

	if (known != NULL && memcmp(known->raw, raw, NAMES_ROW) == 0)
		return known;
	if (n->count >= NAMES_MAX || bytes_u32(raw + AT_OID) == 0 || raw[AT_NAME] == '\0')
		return NULL;
	r = arena_alloc(n->arena, sizeof(*r));
	memcpy(r->raw, raw, NAMES_ROW);
	memcpy(&rows, raw + AT_ROWS, sizeof(rows));
	r->database = database;
	r->block = block;
	r->slot = slot;
	r->oid = bytes_u32(raw + AT_OID);
	r->schema = bytes_u32(raw + AT_SCHEMA);
	r->file = bytes_u32(raw + AT_FILE);
	r->toast = bytes_u32(raw + AT_TOAST);
	r->kind = (char)raw[AT_KIND];
	r->persistence = (char)raw[AT_PERSISTENCE];
	r->rows = rows >= 0 && rows < 1e18F ? (double)rows : -1;
	/* Partitioned tables have no pages of their own: -1. */
	r->bytes = MAX((int64_t)(int32_t)bytes_u32(raw + AT_PAGES), 0) * RECORD_PAGE;
	r->name = name_of(n->arena, raw + AT_NAME);
	insert(n, r);
	return r;
}

/* A row of pg_namespace or pg_database begins with its number and its name. */
static void
learn_small(struct names *n, struct rel_file rel, const struct heap_row *row)
{
	const char *name;

	if (row->len < 4 + NAME_SIZE || row->data[4] == '\0')
		return;
	name = name_of(n->arena, row->data + 4);
	if (rel.database == 0)
		names_add_database(n, bytes_u32(row->data), name);
	else
		names_add_schema(n, rel.database, bytes_u32(row->data), name);
}

void
names_page(
	struct names *n, struct rel_file rel, uint32_t block, const unsigned char page[RECORD_PAGE])
{
	unsigned slots = heap_slots(page);
	struct heap_row row;

	for (unsigned slot = 1; slot <= slots; slot++) {
		if (!heap_row_at(page, slot, &row))
			continue;
		if (!names_is_class(n, rel))
			learn_small(n, rel, &row);
		else if (row.len >= NAMES_ROW)
			learn(n, rel.database, block, slot, row.data);
	}
}

/* The new row put together: what the record left out is as it was before. */
static const struct names_relation *
learn_change(struct names *n, const struct heap_change *c, const struct names_relation *old)
{
	unsigned char raw[NAMES_ROW];
	size_t prefix = MIN(c->prefix, NAMES_ROW);

	if (prefix + c->len < NAMES_ROW && old == NULL)
		return NULL;
	if (prefix > 0 && old == NULL)
		return NULL;
	if (old != NULL)
		memcpy(raw, old->raw, NAMES_ROW);
	memcpy(raw + prefix, c->data, MIN(c->len, NAMES_ROW - prefix));
	return learn(n, c->rel.database, c->block, c->slot, raw);
}

void
names_change(struct names *n, const struct record *r, const struct heap_change *c,
	const struct names_relation **ret_old, const struct names_relation **ret_new)
{
	unsigned char page[RECORD_PAGE];
	bool update = c->op == HEAP_UPDATE || c->op == HEAP_HOT_UPDATE;
	uint32_t old_block = update ? c->old_block : c->block;
	unsigned old_slot = update ? c->old_slot : c->slot;

	*ret_old = *ret_new = NULL;
	/* Where the old row is known from before the image, it is what the image shows of it. */
	if (names_is_class(n, c->rel) && c->op != HEAP_INSERT)
		*ret_old = names_at(n, c->rel.database, old_block, old_slot);
	if (c->image != NULL && record_image(r, c->image, page))
		names_page(n, c->rel, c->block, page);
	if (!names_is_class(n, c->rel)) {
		struct heap_row row = {c->data, c->len};

		if (c->data != NULL && c->prefix == 0)
			learn_small(n, c->rel, &row);
		return;
	}
	if (*ret_old == NULL && c->op != HEAP_INSERT)
		*ret_old = names_at(n, c->rel.database, old_block, old_slot);
	if (c->op == HEAP_DELETE)
		return;
	*ret_new = c->data != NULL ? learn_change(n, c, *ret_old)
				   : names_at(n, c->rel.database, c->block, c->slot);
}

const struct names_relation *
names_at(const struct names *n, uint32_t database, uint32_t block, unsigned slot)
{
	struct names_relation *r = n->at[bucket(database, (uint64_t)block << 16 | slot)];

	while (r != NULL && (r->database != database || r->block != block || r->slot != slot))
		r = r->next_at;
	return r;
}

const struct names_relation *
names_by_oid(const struct names *n, uint32_t database, uint32_t oid)
{
	struct names_relation *r = n->oid[bucket(database, oid)];

	while (r != NULL && (r->database != database || r->oid != oid))
		r = r->next_oid;
	return r;
}

const struct names_relation *
names_by_file(const struct names *n, uint32_t database, uint32_t file)
{
	struct names_relation *r = n->file[bucket(database, file)];

	while (r != NULL && (r->database != database || r->file != file))
		r = r->next_file;
	return r;
}

const char *
names_schema(const struct names *n, uint32_t database, uint32_t oid)
{
	const struct small *s;

	vec_each (&n->schemas, s)
		if (s->database == database && s->oid == oid)
			return s->name;
	/* Fixed numbers (pg_namespace.dat) */
	return oid == 2200 ? "public" : oid == 11 ? "pg_catalog" : oid == 99 ? "pg_toast" : NULL;
}

const char *
names_database(const struct names *n, uint32_t oid)
{
	const struct small *s;

	vec_each (&n->databases, s)
		if (s->oid == oid)
			return s->name;
	return NULL;
}
