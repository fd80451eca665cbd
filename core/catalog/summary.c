#include "base/banned.h"
#include "catalog/summary.h"
#include "base/digest.h"
#include "base/file.h"

const char *const verdict_names[] = {"ok", "late", "unknown", "breach", NULL};

#define MAGIC    "lifeboat-catalog"
#define VERSION  1
#define SETS_MAX 100000

static int64_t
get_number(const cJSON *j, const char *key)
{
	return json_get_int(j, key, FIELD_ABSENT);
}

static const char *
get_text(struct arena *a, const cJSON *j, const char *key)
{
	return arena_strdup(a, json_get_text(j, key));
}

static const char *
get_text_or_empty(struct arena *a, const cJSON *j, const char *key)
{
	const char *text = json_get_text(j, key);

	return text != NULL ? arena_strdup(a, text) : "";
}

static int
get_choice(const cJSON *j, const char *key, const char *const *names, int otherwise)
{
	const char *text = json_get_text(j, key);

	for (int i = 0; text != NULL && names[i] != NULL; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return otherwise;
}

static void
put_number(struct json *j, const char *key, int64_t value)
{
	if (value != FIELD_ABSENT)
		json_int(j, key, value);
}

static void
put_text(struct json *j, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_string(j, key, value);
}

static void
backup_json(struct json *j, const struct backup *b)
{
	json_object(j, NULL);
	json_string(j, "name", b->name);
	json_string(j, "path", b->path);
	put_text(j, "etag", b->etag);
	put_text(j, "note", b->note);
	put_text(j, "detail", b->detail);
	json_time(j, "finished_at", b->finished_at);
	json_time(j, "mtime", b->mtime);
	json_int(j, "size_bytes", b->size);
	json_string(j, "time_from", time_from_names[b->time_from]);
	json_string(j, "state", backup_state_names[b->state]);
	if (b->directory)
		json_bool(j, "directory", true);
	json_object_end(j);
}

static void
backup_read(struct arena *a, const cJSON *j, struct backup *ret)
{
	*ret = (struct backup){.name = get_text_or_empty(a, j, "name"),
		.path = get_text_or_empty(a, j, "path"),
		.etag = get_text_or_empty(a, j, "etag"),
		.note = get_text_or_empty(a, j, "note"),
		.detail = get_text_or_empty(a, j, "detail"),
		.finished_at = json_get_time(j, "finished_at"),
		.mtime = json_get_time(j, "mtime"),
		.size = json_get_int(j, "size_bytes", 0),
		.directory = json_get_bool(j, "directory", false)};
	ret->time_from = (enum time_from)get_choice(j, "time_from", time_from_names, TIME_MTIME);
	/* A state that is not understood counts as the worst. */
	ret->state = (enum backup_state)get_choice(j, "state", backup_state_names, BACKUP_FAILED);
}

void
observation_json(struct json *j, const char *key, const struct observation *o)
{
	json_object(j, key);
	json_time(j, "at", o->at);
	json_double(j, "seconds", o->seconds);
	json_string(j, "base", o->base);
	put_text(j, "list", o->list);
	json_int(j, "count", o->count);
	json_int(j, "bytes", o->bytes);
	json_int(j, "writing", o->writing);
	json_array(j, "head");
	for (size_t i = 0; i < o->nhead; i++)
		backup_json(j, &o->head[i]);
	json_array_end(j);
	json_array(j, "notices");
	for (size_t i = 0; i < o->nnotices; i++) {
		json_object(j, NULL);
		json_string(j, "verdict", verdict_names[o->notices[i].verdict]);
		json_string(j, "text", o->notices[i].text);
		json_object_end(j);
	}
	json_array_end(j);
	if (o->promises != NULL) {
		json_raw(j, "promises", o->promises);
		json_time(j, "promises_at", o->promises_at);
	}
	if (o->archiver != NULL) {
		json_raw(j, "archiver", o->archiver);
		json_time(j, "complete_at", o->complete_at);
	}
	json_object_end(j);
}

static const char *
get_object(struct arena *a, const cJSON *j, const char *key)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	const cJSON *object = json_get(j, key);

	if (!cJSON_IsObject(object))
		return NULL;
	json_print(&text, object);
	return text.full ? NULL : arena_strdup(a, str_text(&text));
}

void
observation_read(struct arena *a, const cJSON *json, struct observation *ret)
{
	const cJSON *head = json_get(json, "head"), *notices = json_get(json, "notices"), *it;
	const cJSON *seconds = json_get(json, "seconds");

	*ret = (struct observation){.at = json_get_time(json, "at"),
		.seconds = cJSON_IsNumber(seconds) ? seconds->valuedouble : 0,
		.base = get_text_or_empty(a, json, "base"),
		.list = get_text(a, json, "list"),
		.count = json_get_int(json, "count", 0),
		.bytes = json_get_int(json, "bytes", 0),
		.writing = json_get_int(json, "writing", 0),
		.promises = get_object(a, json, "promises"),
		.promises_at = json_get_time(json, "promises_at"),
		.archiver = get_object(a, json, "archiver"),
		.complete_at = json_get_time(json, "complete_at")};
	ret->head = arena_array(a, SUMMARY_HEAD, sizeof(*ret->head));
	cJSON_ArrayForEach(it, head) if (ret->nhead < SUMMARY_HEAD)
		backup_read(a, it, &ret->head[ret->nhead++]);
	ret->notices = arena_array(
		a, (size_t)MAX(cJSON_GetArraySize(notices), 0) + 1, sizeof(*ret->notices));
	cJSON_ArrayForEach(it, notices)
	{
		struct notice *n = &ret->notices[ret->nnotices++];

		n->verdict =
			(enum verdict)get_choice(it, "verdict", verdict_names, VERDICT_UNKNOWN);
		n->text = get_text_or_empty(a, it, "text");
	}
	/* A listing is a plain name beside the summary, never a path to somewhere else. */
	if (ret->list != NULL && (strchr(ret->list, '/') != NULL || ret->list[0] == '.'))
		ret->list = NULL;
}

static void
place_json(struct json *j, const char *key, const struct place *p)
{
	json_object(j, key);
	json_string(j, "location", p->location);
	json_string(j, "source", p->source);
	json_time(j, "tried_at", p->tried_at);
	put_text(j, "error", p->error);
	put_text(j, "hint", p->hint);
	observation_json(j, "seen", &p->seen);
	json_object_end(j);
}

static void
place_read(struct arena *a, const cJSON *j, struct place *ret)
{
	*ret = (struct place){.location = get_text_or_empty(a, j, "location"),
		.source = get_text_or_empty(a, j, "source"),
		.tried_at = json_get_time(j, "tried_at"),
		.error = get_text(a, j, "error"),
		.hint = get_text(a, j, "hint")};
	observation_read(a, json_get(j, "seen"), &ret->seen);
}

static void
copy_json(struct json *j, const struct copy_facts *c)
{
	json_object(j, NULL);
	put_number(j, "within_s", c->within_s);
	place_json(j, "place", &c->place);
	if (c->match.done) {
		json_object(j, "match");
		json_int(j, "looked", c->match.looked);
		json_int(j, "present", c->match.present);
		json_int(j, "missing", c->match.missing);
		json_int(j, "different", c->match.different);
		json_int(j, "holes", c->match.holes);
		json_time(j, "newest_at", c->match.newest_at);
		json_time(j, "waiting_since", c->match.waiting_since);
		json_object_end(j);
	}
	json_object_end(j);
}

static void
copy_read(struct arena *a, const cJSON *j, struct copy_facts *ret)
{
	const cJSON *match = json_get(j, "match");

	ret->within_s = get_number(j, "within_s");
	place_read(a, json_get(j, "place"), &ret->place);
	ret->match = (struct copy_match){.done = cJSON_IsObject(match),
		.looked = json_get_int(match, "looked", 0),
		.present = json_get_int(match, "present", 0),
		.missing = json_get_int(match, "missing", 0),
		.different = json_get_int(match, "different", 0),
		.holes = json_get_int(match, "holes", 0),
		.newest_at = json_get_time(match, "newest_at"),
		.waiting_since = json_get_time(match, "waiting_since")};
}

static void
set_json(struct json *j, const struct set_facts *f)
{
	json_object(j, NULL);
	json_string(j, "asset", f->asset);
	json_string(j, "set", f->set);
	put_text(j, "asset_title", f->asset_title);
	put_text(j, "title", f->title);
	json_int(j, "tier", f->tier);
	json_string(j, "type", set_type_names[f->type]);
	put_number(j, "rpo_s", f->rpo_s);
	put_number(j, "rto_s", f->rto_s);
	put_number(j, "minimum_size", f->minimum_size);
	put_text(j, "schedule", f->schedule);
	put_text(j, "time_zone", f->time_zone);
	if (f->prove_level >= 0)
		json_string(j, "prove_level", level_names[f->prove_level]);
	put_number(j, "prove_every_s", f->prove_every_s);
	place_json(j, "place", &f->place);
	json_array(j, "copies");
	for (size_t i = 0; i < f->ncopies; i++)
		copy_json(j, &f->copies[i]);
	json_array_end(j);
	json_array(j, "proofs");
	for (size_t i = 0; i < f->proofs.list.n; i++)
		proof_json(j, NULL, &f->proofs.list.v[i]);
	if (proofs_last_restore(&f->proofs) != NULL)
		restore_json(j, NULL, proofs_last_restore(&f->proofs));
	json_array_end(j);
	json_object_end(j);
}

static bool
set_read(struct arena *a, const cJSON *j, struct set_facts *ret)
{
	const cJSON *copies = json_get(j, "copies"), *it;

	*ret = (struct set_facts){.asset = get_text_or_empty(a, j, "asset"),
		.set = get_text_or_empty(a, j, "set"),
		.asset_title = get_text(a, j, "asset_title"),
		.title = get_text(a, j, "title"),
		.tier = (int)json_get_int(j, "tier", -1),
		.type = get_choice(j, "type", set_type_names, -1),
		.rpo_s = get_number(j, "rpo_s"),
		.rto_s = get_number(j, "rto_s"),
		.minimum_size = get_number(j, "minimum_size"),
		.schedule = get_text(a, j, "schedule"),
		.time_zone = get_text(a, j, "time_zone"),
		.prove_level = get_choice(j, "prove_level", level_names, -1),
		.prove_every_s = get_number(j, "prove_every_s")};
	if (!schema_is_id(ret->asset) || !schema_is_id(ret->set) || ret->type < 0)
		return false;
	place_read(a, json_get(j, "place"), &ret->place);
	ret->copies = arena_array(
		a, (size_t)MAX(cJSON_GetArraySize(copies), 0) + 1, sizeof(*ret->copies));
	cJSON_ArrayForEach(it, copies) copy_read(a, it, &ret->copies[ret->ncopies++]);
	proofs_init(&ret->proofs, a, ret->asset, ret->set);
	cJSON_ArrayForEach(it, json_get(j, "proofs")) proofs_read(&ret->proofs, it);
	proofs_sort(&ret->proofs);
	return true;
}

void
summary_format(struct str *out, const struct summary *s)
{
	CLEANUP(str_done) struct str body = STR_INIT(SUMMARY_MAX);
	struct json j = json_new(&body);
	unsigned char digest[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	json_object(&j, NULL);
	json_string(&j, "site", s->site);
	put_text(&j, "title", s->title);
	json_string(&j, "host", s->host);
	json_time(&j, "written_at", s->written_at);
	json_int(&j, "refresh_s", s->refresh_s);
	json_int(&j, "stale_s", s->stale_s);
	json_array(&j, "sets");
	for (size_t i = 0; i < s->nsets; i++)
		set_json(&j, &s->sets[i]);
	json_array_end(&j);
	json_object_end(&j);
	str_addc(&body, '\n');
	digest_of(body.buf, body.len, digest);
	str_fmt(out, MAGIC " %d %zu %s\n", VERSION, body.len,
		digest_hex(digest, sizeof(digest), hex));
	str_addn(out, body.buf, body.len);
}

static bool
damaged(const char *name, const char *what, struct err *err)
{
	err_set(err, ERR_DAMAGED, "%s is not a catalog of this version of Lifeboat: %s.", name,
		what);
	return err_hint(err, "It is only a cache: `lifeboat collect` makes a new one.");
}

/* Checks the first line; *body is what stands behind it. */
static bool
check_frame(const char *name, const char *text, size_t len, const char **body, size_t *body_len,
	struct err *err)
{
	unsigned char digest[DIGEST_SIZE];
	const char *newline = memchr(text, '\n', MIN(len, 200));
	char line[201], given[65], hex[DIGEST_HEX];
	unsigned long long bytes;
	int version;

	if (newline == NULL)
		return damaged(name, "it is another kind of file", err);
	memcpy(line, text, (size_t)(newline - text));
	line[newline - text] = '\0';
	if (sscanf(line, MAGIC " %9d %18llu %64s", &version, &bytes, given) != 3)
		return damaged(name, "it is another kind of file", err);
	if (version != VERSION)
		return damaged(name, "another version wrote it", err);
	*body = newline + 1;
	*body_len = len - (size_t)(newline + 1 - text);
	if (bytes != *body_len)
		return damaged(name, "it is incomplete", err);
	digest_of(*body, *body_len, digest);
	if (strcmp(digest_hex(digest, sizeof(digest), hex), given) != 0)
		return damaged(name, "its checksum is wrong", err);
	return true;
}

bool
summary_parse(struct arena *a, const char *name, const char *text, size_t len, struct summary *ret,
	struct err *err)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *json = NULL;
	const cJSON *sets, *it;
	const char *body = NULL;
	size_t body_len = 0;

	if (!check_frame(name, text, len, &body, &body_len, err))
		return false;
	json = json_parse(body, body_len, &ignored);
	sets = json_get(json, "sets");
	if (json_get_text(json, "site") == NULL || !cJSON_IsArray(sets) ||
		cJSON_GetArraySize(sets) > SETS_MAX)
		return damaged(name, "its contents are not understood", err);
	*ret = (struct summary){.site = get_text(a, json, "site"),
		.title = get_text(a, json, "title"),
		.host = get_text_or_empty(a, json, "host"),
		.written_at = json_get_time(json, "written_at"),
		.refresh_s = json_get_int(json, "refresh_s", 0),
		.stale_s = json_get_int(json, "stale_s", 0)};
	ret->sets = arena_array(a, (size_t)cJSON_GetArraySize(sets) + 1, sizeof(*ret->sets));
	cJSON_ArrayForEach(it, sets) if (!set_read(a, it, &ret->sets[ret->nsets++])) return damaged(
		name, "a set in it is not understood", err);
	return true;
}

bool
summary_read(struct arena *a, const char *path, struct summary *ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(SUMMARY_MAX + 1);

	return file_read(path, SUMMARY_MAX, &text, err) &&
	       summary_parse(a, path, str_text(&text), text.len, ret, err);
}
