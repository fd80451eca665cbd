/*
 * Redis append-only files: one file (RESP, perhaps behind an RDB), or the directory of a
 * multi-part one with its manifest, a base and increments. The commands carry no checksum, so
 * an AOF is whole or cut off, but never proven to be what was written without a digest.
 */
#include "base/banned.h"
#include "verify/aof.h"
#include "verify/format.h"
#include "verify/rdb.h"
#include "base/clock.h"

/* Increments of a server that has just rewritten its AOF are empty: then the base's CRC covers
 * all there is. */
struct totals {
	uint64_t commands, keys;
	int64_t timestamp;
	bool unsealed;
};

static bool
read_commands(struct scan *s, struct totals *t, struct err *err)
{
	struct aof a;

	if (!aof_read(s, &a, err)) {
		if (err->code == ERR_DAMAGED)
			err_hint(err,
				"It is whole up to byte %llu: redis-check-aof --fix cuts it "
				"there.",
				(unsigned long long)a.whole);
		return false;
	}
	t->commands += a.commands;
	t->timestamp = MAX(t->timestamp, a.timestamp);
	t->unsealed |= a.commands > 0;
	return true;
}

/* An RDB of a version that is not known here, right by its CRC (see format_rdb.c). */
static bool
newer_rdb(struct rdb *r, struct err *err)
{
	struct err why = ERR_INIT;
	bool right;

	err_move(&why, err);
	if (why.code != ERR_UNSUPPORTED || !rdb_only_sum(r, &right, err) || !right) {
		err_done(err);
		return err_move(err, &why);
	}
	err_done(&why);
	return true;
}

/* An RDB, and the commands that may follow it. */
static bool
read_part(struct scan *s, struct totals *t, struct err *err)
{
	const unsigned char *p;
	ssize_t n = scan_view(s, &p, err);
	struct rdb r;

	if (n < 0)
		return false;
	if (n == 0 || !rdb_is(p, (size_t)n))
		return read_commands(s, t, err);
	rdb_init(&r, s);
	if (!rdb_read(&r, err))
		return newer_rdb(&r, err);
	t->keys += r.keys;
	t->unsealed |= r.stored_crc == 0;
	if (r.stored_crc != 0 && r.stored_crc != r.crc)
		return err_set(err, ERR_DAMAGED, "The CRC of its RDB is wrong.");
	return read_commands(&r.scan, t, err);
}

static void
report_totals(struct proving *p, const struct totals *t)
{
	char text[CLOCK_TEXT];

	report_add(p->report, PROOF_PASS, "commands", "%llu keys in its base, %llu commands%s%s",
		(unsigned long long)t->keys, (unsigned long long)t->commands,
		t->timestamp > 0 ? ", the last annotated one at " : "",
		t->timestamp > 0 ? clock_format(t->timestamp, text) : "");
	p->sealed = !t->unsealed;
	p->unsealed_because = "the commands of an AOF carry no checksum";
}

static bool
aof_detect(const unsigned char *p, size_t len)
{
	return aof_is(p, len);
}

static bool
aof_verify(struct proving *p, struct err *err)
{
	struct totals t = {.commands = 0};

	if (!read_part(p->scan, &t, err))
		return report_err(p->report, "commands", err);
	report_totals(p, &t);
	return true;
}

const struct format format_aof = {
	.name = "redis_aof",
	.detect = aof_detect,
	.verify = aof_verify,
};

static bool
check_part(struct proving *p, const char *dir, const struct aof_part *part, struct totals *t,
	struct report_faults *faults, struct err *err)
{
	struct flow *f = NULL;
	bool good =
		proving_open(p, arena_fmt(p->arena, "%s%s", dir, part->name), SUM_NONE, &f, err) &&
		read_part(flow_scan(f), t, err);

	flow_free(f);
	if (good)
		return true;
	if (err->code == ERR_NOT_FOUND)
		report_faults_add(faults, "%s is missing", part->name);
	else if (err->code == ERR_DAMAGED)
		report_faults_add(faults, "%s: %s%s%s", part->name, err->msg,
			err->hint != NULL ? " " : "", err->hint != NULL ? err->hint : "");
	else
		return false;
	err_done(err);
	return true;
}

/* History parts were replaced by the base: Redis deletes them and reads them no more. */
static bool
check_parts(struct proving *p, const char *dir, const struct aof_manifest *m, struct err *err)
{
	struct report_faults faults;
	struct totals t = {.commands = 0};
	bool good = true;

	report_faults_init(&faults, p->report, "parts");
	for (size_t i = 0; good && i < m->parts.n; i++)
		if (m->parts.v[i].type != 'h')
			good = check_part(p, dir, &m->parts.v[i], &t, &faults, err);
	good = report_faults_end(&faults) && good;
	if (!good)
		return false;
	report_add(p->report, PROOF_PASS, "parts", "all %zu parts of the manifest are there",
		m->parts.n);
	report_totals(p, &t);
	return true;
}

static bool
read_text(struct scan *s, struct str *out, struct err *err)
{
	const unsigned char *p;
	ssize_t n;

	while ((n = scan_view(s, &p, err)) > 0) {
		str_addn(out, p, (size_t)n);
		scan_take(s, (size_t)n);
	}
	return n == 0 &&
	       (!out->full || err_set(err, ERR_LIMIT, "The manifest is larger than 1 MiB."));
}

static bool
verify_manifest(
	struct proving *p, const char *dir, const char *name, struct scan *s, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(AOF_MANIFEST_MAX);
	struct aof_manifest m;

	p->found.aof_manifest = arena_strdup(p->arena, name);
	if (!read_text(s, &text, err) ||
		!aof_manifest_read(p->arena, str_text(&text), text.len, &m, err))
		return report_err(p->report, "manifest", err);
	return check_parts(p, dir, &m, err);
}

static bool
manifest_detect(const unsigned char *p, size_t len)
{
	return aof_manifest_is(p, len);
}

static bool
manifest_verify(struct proving *p, struct err *err)
{
	const char *slash = strrchr(p->name, '/');

	return verify_manifest(p,
		slash == NULL ? ""
			      : arena_strndup(p->arena, p->name, (size_t)(slash - p->name) + 1),
		slash == NULL ? p->name : slash + 1, p->scan, err);
}

const struct format format_aof_manifest = {
	.name = "redis_aof",
	.detect = manifest_detect,
	.verify = manifest_verify,
};

static bool
is_manifest(const char *name)
{
	return util_ends(name, ".manifest") && strstr(name, "aof") != NULL;
}

/* Parts without their manifest are a damaged backup, not an unknown directory. */
static bool
directory_landmark(const char *name)
{
	return is_manifest(name) || util_ends(name, ".incr.aof") || util_ends(name, ".base.aof") ||
	       util_ends(name, ".base.rdb");
}

struct found {
	size_t prefix;
	char name[256];
};

static bool
find_manifest(const struct object *o, void *arg, struct err *err)
{
	struct found *f = arg;

	if (is_manifest(o->name + f->prefix))
		snprintf(f->name, sizeof(f->name), "%s", o->name + f->prefix);
	return true;
}

static bool
directory_verify(struct proving *p, struct err *err)
{
	struct found found = {.prefix = strlen(p->name)};
	struct flow *f;
	bool good;

	if (!proving_list(p, false, find_manifest, &found, err))
		return false;
	if (found.name[0] == '\0')
		return err_set(
			err, ERR_DAMAGED, "The manifest of the append-only file is missing.");
	if (!proving_open(p, proving_below(p, found.name), SUM_NONE, &f, err))
		return false;
	good = verify_manifest(p, p->name, found.name, flow_scan(f), err);
	flow_free(f);
	return good;
}

const struct format format_aof_directory = {
	.name = "redis_aof",
	.landmark = directory_landmark,
	.verify = directory_verify,
};
