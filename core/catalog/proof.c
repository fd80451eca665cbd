#include "base/banned.h"
#include "catalog/proof.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define RECORD_LIMIT (256 * KIB)
#define LOCK_MS      10000

const char *const restore_mode_names[] = {"live", "drill", "sandbox", NULL};

struct proof
proof_of(const char *id, const struct backup *b)
{
	return (struct proof){.backup = id,
		.etag = b->etag,
		.size = b->size,
		.mtime = b->mtime,
		.finished_at = b->finished_at,
		.seconds = -1,
		.checks = "[]",
		.sha256 = "",
		.by = ""};
}

void
proof_json(struct json *j, const char *key, const struct proof *p)
{
	json_object(j, key);
	json_string(j, "kind", "proof");
	json_string(j, "backup", p->backup);
	json_string(j, "etag", p->etag);
	json_int(j, "size_bytes", p->size);
	json_time(j, "mtime", p->mtime);
	json_time(j, "finished_at", p->finished_at);
	json_string(j, "level", level_names[p->level]);
	json_string(j, "result", proof_result_names[p->result]);
	json_time(j, "at", p->at);
	if (p->seconds >= 0)
		json_double(j, "seconds", p->seconds);
	if (p->sha256 != NULL && p->sha256[0] != '\0')
		json_string(j, "sha256", p->sha256);
	json_string(j, "by", p->by);
	json_raw(j, "checks", p->checks);
	json_object_end(j);
}

void
restore_json(struct json *j, const char *key, const struct restore *r)
{
	json_object(j, key);
	json_string(j, "kind", "restore");
	json_string(j, "backup", r->backup);
	json_string(j, "mode", restore_mode_names[r->mode]);
	json_double(j, "seconds", r->seconds);
	json_time(j, "at", r->at);
	json_string(j, "by", r->by);
	json_object_end(j);
}

/* ASSET+SET: no id holds a plus. */
static const char *
file_of(struct arena *a, const char *state, const char *backup)
{
	const char *slash = strchr(backup, '/'),
		   *end = slash != NULL ? strchr(slash + 1, '/') : NULL;
	const char *asset, *set;

	if (end != NULL) {
		asset = arena_strndup(a, backup, (size_t)(slash - backup));
		set = arena_strndup(a, slash + 1, (size_t)(end - slash - 1));
		if (schema_is_id(asset) && schema_is_id(set))
			return arena_fmt(a, "%s/proofs/%s+%s.jsonl", state, asset, set);
	}
	return path_join(a, state, "proofs/other.jsonl");
}

/* A record left torn by a crash must not swallow the next one. */
static bool
ends_line(int fd, off_t size)
{
	char last = '\n';

	return size == 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

static bool
append(const char *path, struct str *line, struct err *err)
{
	CLEANUP(util_close) int fd = -1;
	struct stat st;

	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	if (!file_share(fd, path, err))
		return false;
	if (!filelock_take(fd, LOCK_MS))
		return err_sys(err, ERR_LOCK_HELD, errno, "Cannot lock %s", path);
	if (fstat(fd, &st) < 0 || (!ends_line(fd, st.st_size) && !file_write_all(fd, "\n", 1)))
		return err_sys(err, ERR_IO, errno, "Cannot write %s", path);
	if (!file_write_all(fd, line->buf, line->len) || fdatasync(fd) < 0) {
		err_sys(err, ERR_IO, errno, "Cannot write %s", path);
		if (ftruncate(fd, st.st_size) < 0)
			return false;
		return false;
	}
	return true;
}

static bool
add(const char *state, const char *backup, struct str *line, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *path = file_of(&a, state, backup);

	str_addc(line, '\n');
	if (line->full)
		return err_set(err, ERR_LIMIT, "The proof of %s is longer than 256 KiB.", backup);
	return file_mkdirs(path_dir(&a, path), 0750, err) && append(path, line, err);
}

bool
proof_add(const char *state, const struct proof *p, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(RECORD_LIMIT);
	struct json j = json_new(&line);

	proof_json(&j, NULL, p);
	return add(state, p->backup, &line, err);
}

bool
restore_add(const char *state, const struct restore *r, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(RECORD_LIMIT);
	struct json j = json_new(&line);

	restore_json(&j, NULL, r);
	return add(state, r->backup, &line, err);
}

static bool
choice(const cJSON *record, const char *key, const char *const *names, int *ret)
{
	const char *text = json_get_text(record, key);

	for (int i = 0; text != NULL && names[i] != NULL; i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static const char *
text_of(struct arena *a, const cJSON *record, const char *key)
{
	const char *text = json_get_text(record, key);

	return text != NULL ? arena_strdup(a, text) : "";
}

static double
seconds_of(const cJSON *record)
{
	const cJSON *v = json_get(record, "seconds");

	return cJSON_IsNumber(v) && v->valuedouble >= 0 ? v->valuedouble : -1;
}

static const char *
checks_of(struct arena *a, const cJSON *record)
{
	CLEANUP(str_done) struct str text = STR_INIT(RECORD_LIMIT);
	const cJSON *checks = json_get(record, "checks");

	if (!cJSON_IsArray(checks))
		return "[]";
	json_print(&text, checks);
	return text.full ? "[]" : arena_strdup(a, str_text(&text));
}

bool
proofs_read(struct proofs *p, const cJSON *record)
{
	const char *kind = json_get_text(record, "kind"), *backup = json_get_text(record, "backup");
	int64_t at = json_get_time(record, "at");
	int level, result, mode;

	if (kind == NULL || backup == NULL || at == CLOCK_NONE || !util_starts(backup, p->prefix))
		return false;
	if (strcmp(kind, "proof") == 0 && choice(record, "level", level_names, &level) &&
		choice(record, "result", proof_result_names, &result)) {
		*vec_push(p->arena, &p->list) =
			(struct proof){.backup = arena_strdup(p->arena, backup),
				.etag = text_of(p->arena, record, "etag"),
				.size = json_get_int(record, "size_bytes", -1),
				.mtime = json_get_time(record, "mtime"),
				.finished_at = json_get_time(record, "finished_at"),
				.level = (enum level)level,
				.result = (enum proof_result)result,
				.at = at,
				.seconds = seconds_of(record),
				.checks = checks_of(p->arena, record),
				.sha256 = text_of(p->arena, record, "sha256"),
				.by = text_of(p->arena, record, "by")};
		return true;
	}
	if (strcmp(kind, "restore") == 0 && choice(record, "mode", restore_mode_names, &mode)) {
		*vec_push(p->arena, &p->restores) =
			(struct restore){.backup = arena_strdup(p->arena, backup),
				.mode = (enum restore_mode)mode,
				.seconds = seconds_of(record),
				.at = at,
				.by = text_of(p->arena, record, "by")};
		return true;
	}
	return false;
}

static void
read_lines(struct proofs *p, const char *text, size_t len)
{
	const char *end = text + len, *newline;

	for (; text < end; text = newline + 1) {
		CLEANUP(err_done) struct err err = ERR_INIT;
		cJSON *record;

		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			return;
		if (newline - text > RECORD_LIMIT)
			continue;
		record = json_parse(text, (size_t)(newline - text), &err);
		if (record != NULL)
			proofs_read(p, record);
		cJSON_Delete(record);
	}
}

void
proofs_init(struct proofs *p, struct arena *a, const char *asset, const char *set)
{
	*p = (struct proofs){.arena = a, .prefix = arena_fmt(a, "%s/%s/", asset, set)};
}

bool
proofs_load(struct proofs *p, const char *state, struct err *err)
{
	const char *path = file_of(p->arena, state, p->prefix);
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP(util_free) void *text = NULL;
	struct stat st;
	off_t from;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(
			err, errno == EACCES ? ERR_AUTH : ERR_IO, errno, "Cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	from = st.st_size > PROOFS_READ_MAX ? st.st_size - PROOFS_READ_MAX : 0;
	text = util_alloc((size_t)(st.st_size - from) + 1);
	n = file_pread(fd, text, (size_t)(st.st_size - from), from);
	if (n < 0)
		return err_sys(err, ERR_IO, errno, "Cannot read %s", path);
	read_lines(p, text, (size_t)n);
	return true;
}

static int
by_time(const void *va, const void *vb)
{
	const struct proof *a = va, *b = vb;

	int order = strcmp(a->backup, b->backup);

	if (a->at != b->at)
		return a->at < b->at ? 1 : -1;
	if (order != 0)
		return order;
	/* Within one second, a failure is believed rather than a success. */
	return a->result != b->result ? (int)b->result - (int)a->result
				      : (int)b->level - (int)a->level;
}

static int
by_name(const void *va, const void *vb)
{
	const struct proof *const *a = va, *const *b = vb;
	int order = strcmp((*a)->backup, (*b)->backup);

	/* They lie in the list newest first. */
	return order != 0 ? order : *a < *b ? -1 : *a > *b;
}

static int
restores_by_time(const void *va, const void *vb)
{
	const struct restore *a = va, *b = vb;

	return a->at < b->at ? 1 : -(a->at > b->at);
}

static bool
equal(const struct proof *a, const struct proof *b)
{
	return a->at == b->at && a->level == b->level && a->result == b->result &&
	       strcmp(a->backup, b->backup) == 0;
}

void
proofs_sort(struct proofs *p)
{
	size_t n = 0;

	if (p->list.n > 0)
		qsort(p->list.v, p->list.n, sizeof(*p->list.v), by_time);
	if (p->restores.n > 0)
		qsort(p->restores.v, p->restores.n, sizeof(*p->restores.v), restores_by_time);
	for (size_t i = 0; i < p->list.n; i++)
		if (n == 0 || !equal(&p->list.v[i], &p->list.v[n - 1]))
			p->list.v[n++] = p->list.v[i];
	p->list.n = n;
	p->by_name = arena_array(p->arena, n, sizeof(*p->by_name));
	for (size_t i = 0; i < n; i++)
		p->by_name[i] = &p->list.v[i];
	if (n > 0)
		qsort(p->by_name, n, sizeof(*p->by_name), by_name);
}

static int
compare_name(const struct proofs *p, size_t i, const char *name)
{
	return strcmp(p->by_name[i]->backup + strlen(p->prefix), name);
}

/* The first entry of by_name for this name. */
static size_t
first_of(const struct proofs *p, const char *name)
{
	size_t low = 0, high = p->list.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_name(p, middle, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
holds(const struct proof *p, const struct backup *b)
{
	return p->size == b->size && p->mtime == b->mtime && strcmp(p->etag, b->etag) == 0;
}

const struct proof *
proofs_find(const struct proofs *p, const struct backup *b)
{
	const struct proof *newest = NULL, *pass = NULL;
	int passed = -1;

	for (size_t i = first_of(p, b->name); i < p->list.n && compare_name(p, i, b->name) == 0;
		i++) {
		const struct proof *one = p->by_name[i];

		if (!holds(one, b))
			continue;
		if (newest == NULL)
			newest = one;
		if (one->result == PROOF_FAIL && (int)one->level > passed)
			return one;
		if (one->result == PROOF_PASS && (int)one->level > passed)
			pass = one;
		if (one->result == PROOF_PASS)
			passed = MAX(passed, (int)one->level);
	}
	return pass != NULL ? pass : newest;
}

const struct proof *
proofs_find_pass(const struct proofs *p, const struct backup *b, enum level level)
{
	for (size_t i = first_of(p, b->name); i < p->list.n && compare_name(p, i, b->name) == 0;
		i++) {
		const struct proof *one = p->by_name[i];

		if (one->result == PROOF_PASS && one->level >= level && holds(one, b))
			return one;
	}
	return NULL;
}

const char *
proofs_find_sha256(const struct proofs *p, const struct backup *b, int64_t *ret_at)
{
	for (size_t i = first_of(p, b->name); i < p->list.n && compare_name(p, i, b->name) == 0;
		i++) {
		const struct proof *one = p->by_name[i];

		if (one->result != PROOF_PASS || one->sha256[0] == '\0' || !holds(one, b))
			continue;
		*ret_at = one->at;
		return one->sha256;
	}
	return NULL;
}

const struct restore *
proofs_last_restore(const struct proofs *p)
{
	return p->restores.n > 0 ? &p->restores.v[0] : NULL;
}
