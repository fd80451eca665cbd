/*
 * pg_dump -Fd: a directory with toc.dat, one file of data for each entry that has some
 * ("3353.dat", with .gz, .lz4 or .zst behind it when compressed), and lists of large objects
 * ("blobs.toc": lines of object id and file name). And pg_dump -Ft: a tar of the same, never
 * compressed, with a restore.sql for people at its end.
 */
#include "base/banned.h"
#include "verify/format_pgdump.h"
#include "base/text.h"
#include "verify/tape.h"

#define LIST_LINE_MAX 200

/* "16397 blob_16397.dat", and what to do with it. */
typedef bool (*blob_cb)(void *arg, const char *file, struct err *err);

static bool
list_line(const char *line, blob_cb cb, void *arg, struct err *err)
{
	const char *space = strchr(line, ' ');
	char oid[16];
	uint64_t value;

	if (space == NULL || (size_t)(space - line) >= sizeof(oid))
		return err_set(err, ERR_DAMAGED, "The list of large objects makes no sense.");
	memcpy(oid, line, (size_t)(space - line));
	oid[space - line] = '\0';
	if (!util_parse_u64(oid, &value) || value > UINT32_MAX || space[1] == '\0' ||
		space[1] == '.' || strchr(space + 1, '/') != NULL)
		return err_set(err, ERR_DAMAGED, "The list of large objects makes no sense.");
	return cb(arg, space + 1, err);
}

/* Takes a list to its end. */
static bool
read_list(struct scan *s, blob_cb cb, void *arg, struct err *err)
{
	char line[LIST_LINE_MAX];
	const unsigned char *p;
	size_t n = 0;
	ssize_t got;

	while ((got = scan_view(s, &p, err)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			line[n] = (char)p[i];
			if (p[i] != '\n') {
				if (++n == sizeof(line) || p[i] == '\0')
					return err_set(err, ERR_DAMAGED,
						"The list of large objects makes no sense.");
				continue;
			}
			line[n] = '\0';
			n = 0;
			if (!list_line(line, cb, arg, err))
				return false;
		}
		scan_take(s, (size_t)got);
	}
	if (got == 0 && n > 0)
		return err_set(err, ERR_DAMAGED, "The list of large objects is cut off.");
	return got == 0;
}

struct dir_dump {
	struct proving *proof;
	struct pgdump dump;
	struct pgdump_totals totals;
	struct report_faults faults;
};

static const char *
ending(enum packing p)
{
	return p == PACK_ZLIB ? ".gz" : p == PACK_LZ4 ? ".lz4" : p == PACK_ZSTD ? ".zst" : "";
}

/* Opens "3353.dat" or "3353.dat.gz"; ERR_NOT_FOUND when there is neither. */
static bool
open_file(struct dir_dump *d, const char *file, struct flow **ret, struct err *err)
{
	const char *end = ending(d->dump.packing);

	if (proving_open(d->proof,
		    proving_below(d->proof, arena_fmt(d->proof->arena, "%s%s", file, end)),
		    SUM_NONE, ret, err))
		return true;
	if (err->code != ERR_NOT_FOUND || end[0] == '\0')
		return false;
	err_done(err);
	return proving_open(d->proof, proving_below(d->proof, file), SUM_NONE, ret, err);
}

/* Which faults condemn this file alone and let the others be looked at. */
static bool
tolerate(struct dir_dump *d, const char *file, struct err *err)
{
	if (err->code == ERR_NOT_FOUND)
		report_faults_add(&d->faults, "%s is missing", file);
	else if (err->code == ERR_DAMAGED)
		report_faults_add(&d->faults, "%s: %s", file, err->msg);
	else
		return false;
	err_done(err);
	return true;
}

static bool
decode_file(struct dir_dump *d, struct flow *f, struct err *err)
{
	enum packing wanted = d->dump.packing == PACK_ZLIB ? PACK_GZIP : d->dump.packing;
	struct scan *s = flow_scan(f);

	if (flow_packing(f) != wanted && wanted != PACK_NONE)
		return err_set(err, ERR_DAMAGED, "it is not compressed with %s as the others are",
			packing_name(wanted));
	if (!scan_drain(s, err))
		return false;
	d->totals.bytes += s->offset;
	d->totals.unsealed |= !flow_sealed(f);
	return true;
}

static bool
check_file(struct dir_dump *d, const char *file, struct err *err)
{
	struct flow *f = NULL;
	bool good = open_file(d, file, &f, err) && decode_file(d, f, err);

	flow_free(f);
	return good || tolerate(d, file, err);
}

static bool
check_blob(void *arg, const char *file, struct err *err)
{
	struct dir_dump *d = arg;

	d->totals.objects++;
	return check_file(d, file, err);
}

static bool
check_list(struct dir_dump *d, const char *file, struct err *err)
{
	struct flow *f = NULL;
	bool good = open_file(d, file, &f, err) && read_list(flow_scan(f), check_blob, d, err);

	flow_free(f);
	return good || tolerate(d, file, err);
}

static bool
check_entries(struct dir_dump *d, struct err *err)
{
	for (size_t i = 0; i < d->dump.data.n; i++) {
		struct pgdump_data *data = &d->dump.data.v[i];

		if (!(data->blobs ? check_list(d, data->file, err)
				  : check_file(d, data->file, err)))
			return false;
		data->seen = true;
		d->totals.blocks++;
	}
	return true;
}

static bool
directory_verify(struct proving *p, struct err *err)
{
	struct dir_dump d = {.proof = p};
	struct flow *toc;
	bool good;

	if (!proving_list(p, false, NULL, NULL, err))
		return false;
	if (!proving_open(p, proving_below(p, "toc.dat"), SUM_NONE, &toc, err))
		return err->code != ERR_NOT_FOUND
			       ? false
			       : err_set(err, ERR_DAMAGED, "toc.dat is missing in it.");
	good = pgdump_read(flow_scan(toc), p->arena, &d.dump, err) &&
	       scan_at_end(flow_scan(toc), err);
	flow_free(toc);
	if (!good)
		return report_err(p->report, "toc", err);
	/* pg_dump marks the toc.dat of directories as one of a tar. */
	if (d.dump.format != PGDUMP_DIRECTORY && d.dump.format != PGDUMP_TAR)
		return err_set(
			err, ERR_DAMAGED, "Its toc.dat belongs to another format of pg_dump.");
	pgdump_report_toc(p, &d.dump);
	report_faults_init(&d.faults, p->report, "data");
	good = check_entries(&d, err);
	if (!report_faults_end(&d.faults) || !good)
		return false;
	return pgdump_report_data(p, &d.dump, &d.totals);
}

static const char *const directory_probes[] = {"toc.dat", NULL};

/* Data without their toc.dat are a damaged dump, not an unknown directory. */
static bool
directory_landmark(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits > 0 && util_starts(name + digits, ".dat");
}

const struct format format_pgdump_directory = {
	.name = "pg_dump_directory",
	.probes = directory_probes,
	.landmark = directory_landmark,
	.verify = directory_verify,
};

/* Large objects of a tar go by before the list that names them, or after it: what is kept of
 * both is their number and the sum of their names' hashes, which don't depend on the order. */
struct tar_dump {
	struct proving *proof;
	struct pgdump dump;
	struct pgdump_totals totals;
	uint64_t listed, listed_hash, blobs_hash;
	bool sql;
};

static bool
tar_blob_listed(void *arg, const char *file, struct err *err)
{
	struct tar_dump *d = arg;

	d->listed++;
	d->listed_hash += text_hash(file, strlen(file));
	return true;
}

/*
 * Which entry's data a member holds: "3353.dat" by the entry's number; the lists of large
 * objects have names of their own here, "blobs.toc", since 17 "blobs_3356.toc".
 */
static struct pgdump_data *
tar_entry(struct tar_dump *d, const char *name)
{
	const char *digits = util_starts(name, "blobs_") ? name + 6 : name;
	char *end;
	long long id = strtoll(digits, &end, 10);
	struct pgdump_data *data = end > digits ? pgdump_find(&d->dump, id) : NULL;

	if (strcmp(name, "blobs.toc") == 0) {
		for (size_t i = 0; i < d->dump.data.n; i++)
			if (d->dump.data.v[i].blobs)
				return &d->dump.data.v[i];
	}
	if (data != NULL && data->blobs)
		return digits > name && strcmp(end, ".toc") == 0 ? data : NULL;
	return data != NULL && strcmp(data->file, name) == 0 ? data : NULL;
}

static bool
tar_data(struct tar_dump *d, struct pgdump_data *data, struct tape *t, struct err *err)
{
	if (data->seen)
		return err_set(err, ERR_DAMAGED, "The data of entry %lld are there twice.",
			(long long)data->id);
	data->seen = true;
	d->totals.blocks++;
	return !data->blobs || read_list(tape_scan(t), tar_blob_listed, d, err);
}

static bool
tar_member(struct tar_dump *d, const struct tape_entry *e, struct tape *t, struct err *err)
{
	struct pgdump_data *data = tar_entry(d, e->name);
	bool sql = strcmp(e->name, "restore.sql") == 0, blob = util_starts(e->name, "blob_");

	if (data != NULL && !tar_data(d, data, t, err))
		return false;
	d->sql |= sql;
	if (blob) {
		d->totals.objects++;
		d->blobs_hash += text_hash(e->name, strlen(e->name));
	}
	if (data == NULL && !sql && !blob)
		return err_set(err, ERR_DAMAGED,
			"The member \"%s\" is none that the table of contents knows.", e->name);
	if (!scan_drain(tape_scan(t), err))
		return false;
	d->totals.bytes += tape_scan(t)->offset;
	return true;
}

static bool
tar_members(struct tar_dump *d, struct tape *t, struct err *err)
{
	struct tape_entry e;
	int more = tape_next(t, &e, err);

	if (more <= 0 || strcmp(e.name, "toc.dat") != 0)
		return more < 0 ? false : err_set(err, ERR_DAMAGED, "There is no toc.dat.");
	if (!pgdump_read(tape_scan(t), d->proof->arena, &d->dump, err) ||
		!scan_at_end(tape_scan(t), err))
		return report_err(d->proof->report, "toc", err);
	d->dump.packing = PACK_NONE; /* its data are never compressed, whatever the header says */
	pgdump_report_toc(d->proof, &d->dump);
	while ((more = tape_next(t, &e, err)) > 0)
		if (!tar_member(d, &e, t, err))
			return false;
	if (more < 0)
		return false;
	if (d->listed != d->totals.objects || d->listed_hash != d->blobs_hash)
		return err_set(err, ERR_DAMAGED,
			"It holds %llu large objects, and its list names %llu or others.",
			(unsigned long long)d->totals.objects, (unsigned long long)d->listed);
	return true;
}

static bool
tar_detect(const unsigned char *p, size_t len)
{
	char name[256];

	return tape_first_name(p, len, name) > 0 && strcmp(name, "toc.dat") == 0;
}

static bool
tar_verify(struct proving *p, struct err *err)
{
	struct tar_dump d = {.proof = p};
	struct tape *t;
	bool good;

	if (!tape_open(p->scan, false, &t, err))
		return false;
	good = tar_members(&d, t, err);
	tape_free(t);
	if (!good)
		return false;
	if (!d.sql)
		return err_set(err, ERR_DAMAGED, "Its last member, restore.sql, is missing.");
	return pgdump_report_data(p, &d.dump, &d.totals);
}

const struct format format_pgdump_tar = {
	.name = "pg_dump_tar",
	.detect = tar_detect,
	.verify = tar_verify,
};
