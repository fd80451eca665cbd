#include "base/banned.h"
#include "verify/manifest.h"
#include "base/digest.h"
#include "base/text.h"
#include "verify/tokens.h"
#include "verify/walwalk.h"

#define LINE_MAX_BYTES ((size_t)(128 * KIB))
#define FILES_MAX      50000000
#define RANGES_MAX     1000

/*
 * The manifest's own checksum covers all lines but the last, which holds it. So the last line
 * that has been seen is held back until another one follows.
 */
struct tee {
	struct scan *from;
	struct digest *digest;
	struct str held;
	bool ends_with_newline;
};

struct reading {
	struct arena *arena;
	struct manifest *manifest;
	struct tokens tokens;
	bool have_checksum;
	unsigned char checksum[DIGEST_SIZE];
};

static bool
tee_add(struct tee *t, const unsigned char *p, size_t n, struct err *err)
{
	const unsigned char *last = memrchr(p, '\n', n), *before = NULL;

	t->ends_with_newline = p[n - 1] == '\n';
	/* A newline at the very end belongs to the last line; the one before it begins that. */
	if (last == p + n - 1)
		before = memrchr(p, '\n', n - 1);
	else
		before = last;
	if (t->held.len > 0 && t->held.buf[t->held.len - 1] == '\n') {
		/* The line that was held is complete, and now another one follows. */
		digest_add(t->digest, t->held.buf, t->held.len);
		str_cut(&t->held, 0);
	}
	if (before != NULL) {
		digest_add(t->digest, t->held.buf, t->held.len);
		str_cut(&t->held, 0);
		digest_add(t->digest, p, (size_t)(before - p) + 1);
		n -= (size_t)(before - p) + 1;
		p = before + 1;
	}
	str_addn(&t->held, p, n);
	return !t->held.full ||
	       err_set(err, ERR_DAMAGED, "The backup_manifest has a line that is too long.");
}

static ssize_t
tee_pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct tee *t = arg;
	ssize_t n = scan_pull(t->from, ret, err);

	return n > 0 && !tee_add(t, *ret, (size_t)n, err) ? -1 : n;
}

static bool
nonsense(const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The backup_manifest makes no sense (%s).", what);
}

static bool
number(struct reading *r, enum token token, uint64_t max, uint64_t *ret, struct err *err)
{
	return (token == TOKEN_NUMBER && util_parse_u64(str_text(&r->tokens.text), ret) &&
		       *ret <= max) ||
	       nonsense("a number is wrong", err);
}

static bool
lsn(struct reading *r, enum token token, uint64_t *ret, struct err *err)
{
	return (token == TOKEN_STRING && wal_lsn_parse(str_text(&r->tokens.text), ret)) ||
	       nonsense("an LSN is wrong", err);
}

/* Hexadecimal text to bytes in the arena. */
static bool
unhex(struct reading *r, unsigned char **ret, size_t *ret_len, struct err *err)
{
	const struct str *s = &r->tokens.text;

	*ret_len = s->len / 2;
	*ret = arena_alloc(r->arena, *ret_len + 1);
	return (s->len % 2 == 0 && !s->full &&
		       digest_unhex(str_text(&r->tokens.text), *ret_len, *ret)) ||
	       nonsense("digits are wrong", err);
}

static bool
read_file_field(struct reading *r, const char *key, struct manifest_file *f, size_t *sum_len,
	struct err *err)
{
	enum sum_kind kind;
	unsigned char *bytes;
	enum token token;
	uint64_t size;

	if (!tokens_next(&r->tokens, &token, err))
		return false;
	if (strcmp(key, "Size") == 0) {
		if (!number(r, token, INT64_MAX, &size, err))
			return false;
		f->size = (int64_t)size;
		return true;
	}
	if (token != TOKEN_STRING)
		return nonsense("a text is missing", err);
	if (strcmp(key, "Path") == 0) {
		f->path = arena_strdup(r->arena, str_text(&r->tokens.text));
	} else if (strcmp(key, "Encoded-Path") == 0) {
		if (!unhex(r, &bytes, sum_len, err))
			return false;
		f->path = (const char *)bytes;
		*sum_len = 0;
	} else if (strcmp(key, "Checksum-Algorithm") == 0) {
		if (!sum_by_name(str_text(&r->tokens.text), r->tokens.text.len, &kind))
			return err_set(err, ERR_UNSUPPORTED,
				"The backup_manifest uses a checksum that is not known here: %s.",
				r->tokens.text.buf);
		f->kind = (unsigned char)kind;
	} else if (strcmp(key, "Checksum") == 0) {
		if (!unhex(r, &bytes, sum_len, err))
			return false;
		f->sum = bytes;
	}
	return true; /* Last-Modified, and what later versions may add */
}

/* ".." as a component */
static bool
leads_out(const char *path)
{
	for (const char *p = path; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

static bool
read_file(struct reading *r, struct err *err)
{
	struct manifest_file f = {.size = -1, .kind = SUM_NONE};
	const char *base;
	enum token token;
	size_t sum_len = 0;
	char key[32];

	for (;;) {
		if (!tokens_next(&r->tokens, &token, err))
			return false;
		if (token == TOKEN_OBJECT_END)
			break;
		snprintf(key, sizeof(key), "%s", str_text(&r->tokens.text));
		if (!read_file_field(r, key, &f, &sum_len, err))
			return false;
	}
	if (f.path == NULL || f.path[0] == '\0' || f.path[0] == '/' || f.size < 0 ||
		sum_len != sum_size(f.kind))
		return nonsense("a file's entry is incomplete", err);
	if (leads_out(f.path))
		return nonsense("a file lies elsewhere", err);
	if (r->manifest->files.n >= FILES_MAX)
		return err_set(err, ERR_LIMIT, "The backup_manifest names too many files.");
	base = strrchr(f.path, '/');
	r->manifest->incremental |= util_starts(base != NULL ? base + 1 : f.path, "INCREMENTAL.");
	r->manifest->has_unsummed |= f.kind == SUM_NONE;
	r->manifest->bytes += f.size;
	*vec_push(r->arena, &r->manifest->files) = f;
	return true;
}

static bool
read_range(struct reading *r, struct err *err)
{
	struct manifest_range range = {.timeline = 0};
	enum token token, value;
	uint64_t timeline = 0;
	bool good = true;

	while (good) {
		char key[32];

		if (!tokens_next(&r->tokens, &token, err))
			return false;
		if (token == TOKEN_OBJECT_END)
			break;
		snprintf(key, sizeof(key), "%s", str_text(&r->tokens.text));
		if (!tokens_next(&r->tokens, &value, err))
			return false;
		if (strcmp(key, "Timeline") == 0)
			good = number(r, value, UINT32_MAX, &timeline, err);
		else if (strcmp(key, "Start-LSN") == 0)
			good = lsn(r, value, &range.start, err);
		else if (strcmp(key, "End-LSN") == 0)
			good = lsn(r, value, &range.end, err);
		else
			good = tokens_skip(&r->tokens, value, err);
	}
	if (!good)
		return false;
	range.timeline = (uint32_t)timeline;
	if (timeline == 0 || range.start >= range.end || r->manifest->ranges.n >= RANGES_MAX)
		return nonsense("a range of WAL is wrong", err);
	*vec_push(r->arena, &r->manifest->ranges) = range;
	return true;
}

static bool
read_array(struct reading *r, bool (*element)(struct reading *r, struct err *err), struct err *err)
{
	enum token token;

	if (!tokens_next(&r->tokens, &token, err))
		return false;
	if (token != TOKEN_ARRAY)
		return nonsense("a list is missing", err);
	for (;;) {
		if (!tokens_next(&r->tokens, &token, err))
			return false;
		if (token == TOKEN_ARRAY_END)
			return true;
		if (token != TOKEN_OBJECT)
			return nonsense("a list holds something else", err);
		if (!element(r, err))
			return false;
	}
}

static bool
read_checksum(struct reading *r, struct err *err)
{
	enum token token;

	if (!tokens_next(&r->tokens, &token, err))
		return false;
	r->have_checksum = token == TOKEN_STRING && r->tokens.text.len == 2 * DIGEST_SIZE &&
			   digest_unhex(r->tokens.text.buf, DIGEST_SIZE, r->checksum);
	return r->have_checksum || nonsense("its checksum is none", err);
}

static bool
read_version(struct reading *r, struct err *err)
{
	enum token token;
	uint64_t version;

	if (!tokens_next(&r->tokens, &token, err) || !number(r, token, INT32_MAX, &version, err))
		return false;
	r->manifest->version = (int)version;
	return (version >= 1 && version <= 2) ||
	       err_set(err, ERR_UNSUPPORTED,
		       "This is version %d of backup_manifest; 1 and 2 are known here.",
		       (int)version);
}

static bool
read_field(struct reading *r, struct err *err)
{
	const char *key = str_text(&r->tokens.text);
	enum token token;

	if (strcmp(key, "PostgreSQL-Backup-Manifest-Version") == 0)
		return read_version(r, err);
	if (strcmp(key, "Files") == 0)
		return read_array(r, read_file, err);
	if (strcmp(key, "WAL-Ranges") == 0)
		return read_array(r, read_range, err);
	if (strcmp(key, "Manifest-Checksum") == 0)
		return read_checksum(r, err);
	if (strcmp(key, "System-Identifier") == 0)
		return tokens_next(&r->tokens, &token, err) &&
		       number(r, token, UINT64_MAX, &r->manifest->system_identifier, err);
	return tokens_next(&r->tokens, &token, err) && tokens_skip(&r->tokens, token, err);
}

static bool
read_document(struct reading *r, struct err *err)
{
	enum token token;

	if (!tokens_next(&r->tokens, &token, err))
		return false;
	if (token != TOKEN_OBJECT)
		return nonsense("it is no object", err);
	for (;;) {
		if (!tokens_next(&r->tokens, &token, err))
			return false;
		if (token == TOKEN_OBJECT_END)
			break;
		if (!read_field(r, err))
			return false;
	}
	return tokens_next(&r->tokens, &token, err);
}

/* The slot of a path, or the free one where it would be. */
static size_t
slot_of(const struct manifest *m, const char *path)
{
	uint64_t h = text_hash(path, strlen(path));
	size_t i = (h ^ h >> 32) & (m->slots - 1);

	while (m->index[i] != 0 && strcmp(m->files.v[m->index[i] - 1].path, path) != 0)
		i = (i + 1) & (m->slots - 1);
	return i;
}

static bool
build_index(struct manifest *m, struct arena *a, struct err *err)
{
	m->slots = 16;
	while (m->slots < 2 * m->files.n)
		m->slots *= 2;
	m->index = arena_array(a, m->slots, sizeof(*m->index));
	for (size_t i = 0; i < m->files.n; i++) {
		size_t slot = slot_of(m, m->files.v[i].path);

		if (m->index[slot] != 0)
			return nonsense("a file is there twice", err);
		m->index[slot] = (uint32_t)i + 1;
	}
	return true;
}

struct manifest_file *
manifest_find(const struct manifest *m, const char *path)
{
	uint32_t at = m->index[slot_of(m, path)];

	return at != 0 ? &m->files.v[at - 1] : NULL;
}

static bool
check_sum(struct reading *r, struct tee *tee, struct err *err)
{
	unsigned char sum[DIGEST_SIZE];

	digest_end(tee->digest, sum);
	if (r->manifest->version == 0 || !r->have_checksum || !tee->ends_with_newline)
		return nonsense("it is incomplete", err);
	return memcmp(sum, r->checksum, DIGEST_SIZE) == 0 ||
	       err_set(err, ERR_DAMAGED, "The backup_manifest's own checksum is wrong.");
}

bool
manifest_read(struct scan *s, struct arena *a, struct manifest *ret, struct err *err)
{
	struct tee tee = {.from = s, .digest = digest_new(), .held = STR_INIT(LINE_MAX_BYTES)};
	struct scan through = scan_new(tee_pull, &tee);
	struct reading r = {.arena = a, .manifest = ret};
	bool good;

	*ret = (struct manifest){.version = 0};
	tokens_init(&r.tokens, &through);
	good = read_document(&r, err) && check_sum(&r, &tee, err) && build_index(ret, a, err);
	tokens_done(&r.tokens);
	str_done(&tee.held);
	digest_free(tee.digest);
	return good;
}
