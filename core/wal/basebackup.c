#include "base/banned.h"
#include "wal/basebackup.h"
#include "base/bytes.h"
#include "base/path.h"
#include "base/str.h"
#include "wal/label.h"
#include "wal/manifest.h"
#include "wal/segment.h"
#include "wal/tar.h"

#define DEPTH_MAX 3
#define LOOK      (8 * MIB) /* how far into a tar the label is searched */

/* What a directory holds that tells what it is. */
struct directory {
	struct arena *arena;
	const char *path;
	VEC(const char *) directories;
	VEC(const char *) tars; /* that are no part of a pg_basebackup -Ft directory */
	const char *base_tar;
	bool version, label, manifest, unfinished;
};

struct finder {
	struct source *source;
	const char *prefix;
	struct basebackups *found;
};

/* "x.tar" with the suffix of a compressor, or ".tgz" */
static bool
is_tar(const char *name)
{
	static const char *const ends[] = {
		".tar", ".tar.gz", ".tgz", ".tar.lz4", ".tar.zst", ".tar.bz2"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (util_ends(name, ends[i]))
			return true;
	return false;
}

/* pg_wal.tar and the tablespaces' 16385.tar of a directory with a base.tar */
static bool
is_side_tar(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return util_starts(name, "pg_wal.tar") || (digits > 0 && name[digits] == '.');
}

static bool
take_entry(const struct object *o, void *arg, struct err *err)
{
	struct directory *d = arg;
	const char *path, *name;

	if (d->directories.n + d->tars.n > BASEBACKUPS_MAX)
		return err_set(err, ERR_LIMIT, "%s holds more than %d directories.", d->path,
			BASEBACKUPS_MAX);
	path = arena_strdup(d->arena, o->name);
	name = path_base(path);
	if (o->directory)
		*vec_push(d->arena, &d->directories) = path;
	else if (strcmp(name, "PG_VERSION") == 0)
		d->version = true;
	else if (strcmp(name, "backup_label") == 0)
		d->label = true;
	else if (strcmp(name, "backup_manifest") == 0)
		d->manifest = true;
	else if (strcmp(name, "backup_manifest.tmp") == 0)
		d->unfinished = true;
	else if (is_tar(name) && (util_starts(name, "base.tar") || strcmp(name, "base.tgz") == 0))
		d->base_tar = path;
	else if (is_tar(name) && !is_side_tar(name))
		*vec_push(d->arena, &d->tars) = path;
	return true;
}

/* A range of an object; *ret is its whole size. */
static bool
read_range(struct source *s, const char *name, int64_t offset, int64_t length, struct str *out,
	int64_t *ret, struct err *err)
{
	char chunk[4 * KIB];
	struct stream *st;
	ssize_t n;

	if (!source_read(s, name, offset, length, &st, err))
		return false;
	*ret = stream_size(st);
	while ((n = stream_read(st, chunk, sizeof(chunk), err)) > 0)
		str_addn(out, chunk, (size_t)n);
	stream_free(st);
	return n == 0;
}

static bool
read_manifest(struct finder *f, struct basebackup *b, struct err *err)
{
	CLEANUP(str_done) struct str head = STR_INIT(MANIFEST_HEAD), tail = STR_INIT(MANIFEST_TAIL);
	struct arena *a = f->found->arena;
	const char *name = arena_fmt(a, "%sbackup_manifest", b->path);
	struct manifest_wal wal;
	int64_t size;

	if (!read_range(f->source, name, 0, MANIFEST_HEAD, &head, &size, err))
		return false;
	if (size < 0) {
		struct object o;

		if (!source_stat(f->source, a, name, &o, err))
			return false;
		size = o.size;
	}
	if (!read_range(f->source, name, MAX(size - (int64_t)MANIFEST_TAIL, 0), MANIFEST_TAIL,
		    &tail, &size, err) ||
		!manifest_wal(str_text(&head), head.len, str_text(&tail), tail.len, &wal, err))
		return false;
	b->tli = wal.tli;
	b->start = wal.start;
	b->stop = wal.stop;
	b->system_identifier = wal.system_identifier;
	return true;
}

/* pg_control of a plain backup begins with the identifier; manifests have it since version 17. */
static bool
read_identifier(struct finder *f, struct basebackup *b, struct err *err)
{
	CLEANUP(str_done) struct str head = STR_INIT(8);
	const char *name = arena_fmt(f->found->arena, "%sglobal/pg_control", b->path);
	int64_t size;

	if (!read_range(f->source, name, 0, 8, &head, &size, err))
		return false;
	if (head.len == 8)
		b->system_identifier = bytes_u64((const unsigned char *)head.buf);
	return true;
}

static bool
label_text(struct finder *f, const struct basebackup *b, struct str *out, struct err *err)
{
	struct arena *a = f->found->arena;
	const char *name = b->tar != NULL ? b->tar : arena_fmt(a, "%sbackup_label", b->path);
	struct stream *st;
	struct packed *p;
	int64_t size;
	bool good;

	if (b->tar == NULL)
		return read_range(f->source, name, 0, LABEL_SIZE_MAX, out, &size, err);
	if (!source_read(f->source, name, 0, -1, &st, err) ||
		!packed_open(st, source_uri(f->source, a, name), &p, err))
		return false;
	good = tar_member(p, "backup_label", LOOK, out, err);
	packed_free(p);
	return good;
}

/* The label fills in what the manifest does not say; where both do, they agree or one is foreign.
 */
static bool
read_label(struct finder *f, struct basebackup *b, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(LABEL_SIZE_MAX);
	struct label l;

	if (!label_text(f, b, &text, err) ||
		!label_parse(f->found->arena, str_text(&text), text.len, &l, err))
		return false;
	if (b->start == 0) {
		struct segment_file file;

		segment_parse(l.segment, &file);
		b->start = l.start;
		b->tli = l.tli != 0 ? l.tli : file.tli;
	} else if (b->start != l.start) {
		b->why = "Its backup_label and its backup_manifest are of different backups.";
	}
	b->label = l.name;
	b->standby = l.standby;
	b->checkpoint = l.checkpoint;
	b->start_text = l.start_time;
	if (l.incremental)
		b->why = "It is incremental: pg_combinebackup must put it together first.";
	label_times(&l, CLOCK_NONE, &b->started_at, &b->finished_at);
	return true;
}

/* Problems that are the backup's own make it useless or a note; those of the source are errors. */
static bool
own_fault(const struct err *err)
{
	return err->code == ERR_DAMAGED || err->code == ERR_NOT_FOUND || err->code == ERR_LIMIT ||
	       err->code == ERR_UNSUPPORTED || err->code == ERR_TOOL_MISSING;
}

/* Its name within the set: the path below the prefix, or the prefix's own last part. */
static const char *
name_of(struct finder *f, const char *path)
{
	struct arena *a = f->found->arena;
	const char *name = path + strlen(f->prefix);
	size_t n;

	if (*name == '\0')
		name = path_base(arena_strndup(a, f->prefix, MAX(strlen(f->prefix), 1) - 1));
	if (*name == '\0')
		name = path_base(source_uri(f->source, a, ""));
	n = strlen(name);
	while (n > 1 && name[n - 1] == '/')
		n--;
	return arena_strndup(a, name, n);
}

static bool
add_backup(struct finder *f, const struct directory *d, const char *tar, struct err *err)
{
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct arena *a = f->found->arena;
	const char *path = tar != NULL && tar != d->base_tar ? tar : d->path;
	struct basebackup b = {.name = name_of(f, path),
		.source = f->source,
		.path = path,
		.tar = tar,
		.form = tar != NULL ? BASEBACKUP_TAR : BASEBACKUP_PLAIN,
		.started_at = CLOCK_NONE,
		.finished_at = CLOCK_NONE};

	if ((path == d->path && d->manifest && !read_manifest(f, &b, &here)) ||
		(b.form == BASEBACKUP_PLAIN && b.system_identifier == 0 &&
			!read_identifier(f, &b, &here)) ||
		!read_label(f, &b, &here)) {
		if (!own_fault(&here))
			return err_move(err, &here);
		/* A tar that holds no label is just some tar. */
		if (b.start == 0 && path == tar)
			return true;
		if (b.start == 0) {
			*vec_push(a, &f->found->notes) = arena_fmt(a, "%s: %s", b.name, here.msg);
			return true;
		}
		/* With a manifest the label is dispensable here, though not for a restore. */
		b.why = arena_strdup(a, here.msg);
	}
	if (b.why == NULL && d->unfinished && path == d->path)
		b.why = "It is still being written, or was given up.";
	if (f->found->list.n == BASEBACKUPS_MAX)
		return err_set(
			err, ERR_LIMIT, "There are more than %d base backups.", BASEBACKUPS_MAX);
	*vec_push(a, &f->found->list) = b;
	return true;
}

static bool
examine(struct finder *f, const char *path, int depth, struct err *err)
{
	struct directory d = {.arena = f->found->arena, .path = path};

	if (!source_names(f->source, path, false, take_entry, &d, err))
		return false;
	if (d.base_tar != NULL || d.manifest || (d.version && d.label))
		return add_backup(f, &d, d.base_tar, err);
	if (d.version)
		return true; /* a data directory in use, no backup */
	for (size_t i = 0; i < d.tars.n; i++)
		if (!add_backup(f, &d, d.tars.v[i], err))
			return false;
	for (size_t i = 0; depth < DEPTH_MAX && i < d.directories.n; i++) {
		CLEANUP(err_done) struct err here = ERR_INIT;

		/* What is hidden is being written: it gets its name when it is whole. */
		if (d.directories.v[i][strlen(path)] == '.')
			continue;
		/* Directories that we may not enter (lost+found) are not ours to complain of. */
		if (!examine(f, d.directories.v[i], depth + 1, &here) && here.code != ERR_AUTH &&
			here.code != ERR_NOT_FOUND)
			return err_move(err, &here);
	}
	return true;
}

bool
basebackup_list(struct source *s, const char *prefix, struct basebackups *ret, struct err *err)
{
	struct finder f = {.source = s, .prefix = prefix, .found = ret};

	return examine(&f, prefix, 0, err);
}
