/*
 * Base backups of pg_basebackup: a data directory, or tars (base.tar, <oid>.tar for tablespaces,
 * pg_wal.tar, each perhaps compressed) that are streamed without being extracted, whatever the
 * server's version. pg_verifybackup reads tars since 18 only.
 */
#include "base/banned.h"
#include "verify/basebackup.h"
#include "verify/tape.h"

#define TARS_MAX 10000

struct tar_file {
	const char *name;   /* in the source */
	const char *prefix; /* where its members lie in the data directory */
	bool wal;
};

struct layout {
	struct basebackup *backup;
	size_t prefix; /* length of the directory's name */
	VEC(struct tar_file) tars;
	bool plain;
	bool many;
};

/* "base.tar.gz": what stands before ".tar", NULL when it is no tar of a base backup. */
static const char *
tar_stem(struct arena *a, const char *name)
{
	static const char *const endings[] = {
		".tar", ".tar.gz", ".tar.zst", ".tar.lz4", ".tar.bz2", ".tar.xz"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		size_t n = strlen(name), m = strlen(endings[i]);

		if (n > m && util_ends(name, endings[i])) {
			const char *stem = arena_strndup(a, name, n - m);

			if (strcmp(stem, "base") == 0 || strcmp(stem, "pg_wal") == 0 ||
				stem[strspn(stem, "0123456789")] == '\0')
				return stem;
		}
	}
	return NULL;
}

static bool
look(const struct object *o, void *arg, struct err *err)
{
	struct layout *l = arg;
	struct arena *a = l->backup->proof->arena;
	const char *name = o->name + l->prefix, *stem;

	if (strcmp(name, "PG_VERSION") == 0)
		l->plain = true;
	if (o->directory || (stem = tar_stem(a, name)) == NULL)
		return true;
	if (l->tars.n >= TARS_MAX)
		return err_set(err, ERR_LIMIT, "There are too many tars in it.");
	if (l->backup->proof->meter != NULL)
		l->backup->proof->meter->total += o->size;
	*vec_push(a, &l->tars) = (struct tar_file){
		.name = arena_strdup(a, o->name),
		.wal = strcmp(stem, "pg_wal") == 0,
		.prefix = strcmp(stem, "base") == 0     ? ""
			  : strcmp(stem, "pg_wal") == 0 ? "pg_wal/"
							: arena_fmt(a, "pg_tblspc/%s/", stem),
	};
	return true;
}

/* The base first, the WAL last: what it must cover is known by then. */
static int
by_kind(const void *a, const void *b)
{
	const struct tar_file *x = a, *y = b;

	if (x->wal != y->wal)
		return x->wal ? 1 : -1;
	return strcmp(x->prefix, y->prefix);
}

/* What level restored wants to know. */
static void
remember(const struct basebackup *b)
{
	struct proving *p = b->proof;

	snprintf(p->found.version, sizeof(p->found.version), "%s", b->version);
	p->found.incremental = b->manifest.incremental;
	if (!basebackup_superuser(b, p->found.superuser))
		p->found.superuser[0] = '\0';
}

static bool
finish(struct basebackup *b, struct err *err)
{
	remember(b);
	/* Written without a second look, a tar with its manifest at the end has nothing to say. */
	if (b->extract == NULL || !b->manifest_came_last)
		basebackup_finish(b);
	if (b->extract == NULL)
		return basebackup_wal(b, err);
	if (b->segments == 0 && basebackup_has_archive(b) && !basebackup_fetch(b, err))
		return false;
	return basebackup_links(b, err);
}

/* Links are what tablespaces are in base.tar; anything else but files is foreign. */
static bool
odd_member(struct basebackup *b, const char *path, const struct tape_entry *e)
{
	if (e->kind == TAPE_DIRECTORY || e->kind == TAPE_FILE)
		return false;
	if (e->kind != TAPE_SYMLINK || !util_starts(path, "pg_tblspc/"))
		report_faults_add(&b->extra, "%s is neither a file nor a directory", path);
	return true;
}

static bool
tar_member(struct basebackup *b, const struct tar_file *tar, const struct tape_entry *e,
	struct tape *t, struct err *err)
{
	const char *name = util_starts(e->name, "./") ? e->name + 2 : e->name;
	CLEANUP(str_done) struct str path = STR_INIT(8 * KIB);

	str_add(&path, tar->prefix);
	str_add(&path, name);
	if (odd_member(b, str_text(&path), e) || e->kind == TAPE_DIRECTORY)
		return true;
	if (strcmp(path.buf, "backup_manifest") == 0 && !b->have_manifest) {
		b->have_manifest = manifest_read(tape_scan(t), b->proof->arena, &b->manifest, err);
		b->manifest_came_last = b->have_manifest;
		return b->have_manifest || report_err(b->proof->report, "manifest", err);
	}
	if (util_starts(path.buf, "pg_wal/"))
		return basebackup_segment(b, path.buf + strlen("pg_wal/"), tape_scan(t), err);
	return basebackup_file(b, path.buf, tape_scan(t), err);
}

static bool
read_tape(struct basebackup *b, const struct tar_file *tar, struct scan *s, struct err *err)
{
	struct tape_entry e;
	struct tape *t;
	int more;

	if (!tape_open(s, false, &t, err))
		return false;
	while ((more = tape_next(t, &e, err)) > 0) {
		if (!tar_member(b, tar, &e, t, err)) {
			more = -1;
			break;
		}
	}
	tape_free(t);
	return more == 0;
}

/* A tar that is damaged condemns the backup, but the others are looked at all the same. */
static bool
read_tar(struct basebackup *b, const struct tar_file *tar, struct err *err)
{
	struct proving *p = b->proof;
	bool given = p->flow != NULL && strcmp(tar->name, p->name) == 0, good;
	struct flow *f = p->flow;

	if (!given && !proving_open(p, tar->name, SUM_NONE, &f, err))
		return false;
	good = read_tape(b, tar, flow_scan(f), err) && scan_at_end(flow_scan(f), err);
	b->unsealed |= good && !flow_sealed(f);
	if (!given)
		flow_free(f);
	if (good || err->code != ERR_DAMAGED)
		return good;
	err_prefix(err, "%s", tar->name + strlen(b->dir));
	report_err(p->report, "archive", err);
	return true;
}

static bool
verify_tars(struct layout *l, struct err *err)
{
	struct basebackup *b = l->backup;

	qsort(l->tars.v, l->tars.n, sizeof(*l->tars.v), by_kind);
	for (size_t i = 0; i < l->tars.n; i++)
		if (!read_tar(b, &l->tars.v[i], err))
			return false;
	return finish(b, err);
}

/* A file of the data directory, by its path. */
static bool
read_plain(struct basebackup *b, const char *path, bool wal, struct err *err)
{
	struct proving *p = b->proof;
	struct flow_spec spec = {.source = p->source,
		.name = arena_fmt(p->arena, "%s%s", b->dir, path),
		.stored = true,
		.meter = p->meter};
	struct flow *f;
	bool good;

	if (!flow_open(&spec, &f, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		err_done(err); /* it is missing, and will be said to be */
		return true;
	}
	good = wal ? basebackup_segment(b, path + strlen("pg_wal/"), flow_scan(f), err)
		   : basebackup_file(b, path, flow_scan(f), err);
	flow_free(f);
	return good;
}

struct listed {
	struct basebackup *backup;
	VEC(const char *) wal, spaces;
};

/* Everything that lies in the directory; tablespaces and WAL are looked at on their own. */
static bool
look_plain(const struct object *o, void *arg, struct err *err)
{
	struct listed *l = arg;
	struct basebackup *b = l->backup;
	const char *path = o->name + strlen(b->dir);

	if (b->proof->meter != NULL)
		b->proof->meter->total += o->size;
	if (o->directory || util_starts(path, "pg_tblspc/") || basebackup_exempt(path))
		return true;
	if (b->have_manifest && manifest_find(&b->manifest, path) == NULL)
		report_faults_add(&b->extra, "%s is not in the manifest", path);
	return b->have_manifest || read_plain(b, path, false, err);
}

static bool
look_space_file(const struct object *o, void *arg, struct err *err)
{
	struct listed *l = arg;
	struct basebackup *b = l->backup;
	const char *path = o->name + strlen(b->dir);

	if (b->proof->meter != NULL)
		b->proof->meter->total += o->size;
	if (o->directory)
		return true;
	if (b->have_manifest && manifest_find(&b->manifest, path) == NULL)
		report_faults_add(&b->extra, "%s is not in the manifest", path);
	return b->have_manifest || read_plain(b, path, false, err);
}

static bool
look_name(const struct object *o, void *arg, struct err *err)
{
	struct listed *l = arg;
	struct arena *a = l->backup->proof->arena;
	const char *path = o->name + strlen(l->backup->dir);

	if (o->directory && util_starts(path, "pg_tblspc/"))
		*vec_push(a, &l->spaces) = arena_strdup(a, path);
	else if (!o->directory && util_starts(path, "pg_wal/"))
		*vec_push(a, &l->wal) = arena_strdup(a, path);
	return true;
}

/* Lists a directory that need not be there. */
static bool
list_below(struct listed *l, const char *path, bool recursive, source_cb cb, struct err *err)
{
	struct proving *p = l->backup->proof;

	if (source_list(p->source, arena_fmt(p->arena, "%s%s", l->backup->dir, path), recursive, cb,
		    l, err))
		return true;
	if (err->code != ERR_NOT_FOUND)
		return false;
	err_done(err);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tablespaces are links in a plain backup; listings don't follow links, so each is listed. */
static bool
look_everywhere(struct listed *l, struct err *err)
{
	if (!list_below(l, "", true, look_plain, err) ||
		!list_below(l, "pg_tblspc/", false, look_name, err) ||
		!list_below(l, "pg_wal/", false, look_name, err))
		return false;
	for (size_t i = 0; i < l->spaces.n; i++)
		if (!list_below(l, l->spaces.v[i], true, look_space_file, err))
			return false;
	if (l->wal.n > 0)
		qsort(l->wal.v, l->wal.n, sizeof(*l->wal.v), by_name);
	return true;
}

static bool
verify_plain(struct layout *layout, struct err *err)
{
	struct basebackup *b = layout->backup;
	struct listed l = {.backup = b};

	b->unsealed = true;
	if (!look_everywhere(&l, err))
		return false;
	for (size_t i = 0; i < b->manifest.files.n; i++)
		if (!read_plain(b, b->manifest.files.v[i].path, false, err))
			return false;
	for (size_t i = 0; i < l.wal.n; i++)
		if (!read_plain(b, l.wal.v[i], true, err))
			return false;
	return finish(b, err);
}

static bool
verify_layout(struct layout *l, struct err *err)
{
	struct proving *p = l->backup->proof;

	if (!basebackup_manifest(l->backup, err))
		return false;
	if (p->meter != NULL)
		p->meter->total = 0;
	if (!source_list(p->source, l->backup->dir, false, look, l, err))
		return false;
	if (l->tars.n > 0)
		return verify_tars(l, err);
	if (l->plain || l->backup->have_manifest)
		return verify_plain(l, err);
	return err_set(err, ERR_DAMAGED, "There is neither a base.tar nor a PG_VERSION in it.");
}

static bool
directory_work(struct proving *p, const char *extract, struct err *err)
{
	struct basebackup b;
	struct layout l = {.backup = &b};
	bool good;

	basebackup_init(&b, p, p->name);
	b.extract = extract;
	l.prefix = strlen(b.dir);
	good = verify_layout(&l, err);
	basebackup_done(&b);
	return good;
}

static bool
directory_verify(struct proving *p, struct err *err)
{
	return directory_work(p, NULL, err);
}

static const char *const directory_probes[] = {"backup_manifest", "base.tar", "base.tar.gz",
	"base.tar.zst", "base.tar.lz4", "base.tar.bz2", "base.tar.xz", "PG_VERSION", NULL};

const struct format format_basebackup = {
	.name = "pg_basebackup",
	.probes = directory_probes,
	.verify = directory_verify,
};

static bool
tar_detect(const unsigned char *p, size_t len)
{
	static const char *const first[] = {"backup_label", "tablespace_map", "PG_VERSION"};
	char name[256];
	const char *base = name;

	if (tape_first_name(p, len, name) == 0)
		return false;
	if (util_starts(name, "./"))
		base += 2;
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (strcmp(base, first[i]) == 0)
			return true;
	return false;
}

/*
 * pg_basebackup -Ft -D - writes the manifest into the tar, as its last member: what it says is
 * known when everything has gone by, so that everything goes by once more.
 */
static bool
read_tar_alone(struct basebackup *b, const struct tar_file *tar, struct err *err)
{
	struct flow *f;
	bool good;

	if (!read_tar(b, tar, err))
		return false;
	if (!b->manifest_came_last || b->extract != NULL)
		return true;
	b->files = b->segments = 0;
	b->control_len = 0;
	if (!proving_open(b->proof, tar->name, SUM_NONE, &f, err))
		return false;
	good = read_tape(b, tar, flow_scan(f), err);
	flow_free(f);
	return good;
}

/* One tar: with its manifest beside it, all of the backup is verified; else what is in it. */
static bool
tar_work(struct proving *p, const char *extract, struct err *err)
{
	const char *slash = strrchr(p->name, '/');
	size_t dir = slash != NULL ? (size_t)(slash - p->name) + 1 : 0;
	struct tar_file tar = {.name = p->name, .prefix = ""};
	struct basebackup b;
	struct layout l = {.backup = &b, .prefix = dir};
	struct object o;
	bool good;

	basebackup_init(&b, p, arena_strndup(p->arena, p->name, dir));
	b.extract = extract;
	if (tar_stem(p->arena, p->name + dir) != NULL &&
		source_stat(p->source, p->arena, arena_fmt(p->arena, "%sbackup_manifest", b.dir),
			&o, err)) {
		good = verify_layout(&l, err);
	} else {
		err_done(err);
		good = read_tar_alone(&b, &tar, err) && finish(&b, err);
	}
	basebackup_done(&b);
	return good;
}

static bool
tar_verify(struct proving *p, struct err *err)
{
	return tar_work(p, NULL, err);
}

bool
basebackup_unpack(struct proving *p, const char *to, struct err *err)
{
	bool directory = p->name[0] == '\0' || util_ends(p->name, "/");

	return basebackup_directories(to, err) &&
	       (directory ? directory_work(p, to, err) : tar_work(p, to, err));
}

bool
basebackup_extract(struct proving *p, const char *to, struct err *err)
{
	struct report unseen; /* everything was said the first time */
	struct proving again = *p;

	report_init(&unseen, p->arena, p->report->target, p->report->level);
	again.report = &unseen;
	if (!basebackup_unpack(&again, to, err))
		return err->code == ERR_NONE ? err_set(err, ERR_DAMAGED,
						       "The backup changed since it was looked at.")
					     : false;
	return report_result(&unseen) != PROOF_FAIL ||
	       err_set(err, ERR_DAMAGED, "The backup changed since it was looked at.");
}

const struct format format_basebackup_tar = {
	.name = "pg_basebackup",
	.detect = tar_detect,
	.verify = tar_verify,
};
