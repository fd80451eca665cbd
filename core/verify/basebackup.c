#include "base/banned.h"
#include "verify/basebackup.h"
#include "base/bytes.h"
#include "base/file.h"

#include <errno.h>

void
basebackup_init(struct basebackup *b, struct proving *p, const char *dir)
{
	*b = (struct basebackup){.proof = p, .dir = dir, .bad_pages = STR_INIT(1024)};
	report_faults_init(&b->missing, p->report, "missing");
	report_faults_init(&b->extra, p->report, "extra");
	report_faults_init(&b->wrong, p->report, "files");
	report_faults_init(&b->wal, p->report, "wal");
	if (p->options->pages)
		b->pages = util_alloc(sizeof(*b->pages));
}

void
basebackup_done(struct basebackup *b)
{
	sum_free(b->sum);
	free(b->pages);
	free(b->roles);
	str_done(&b->missing.text);
	str_done(&b->extra.text);
	str_done(&b->wrong.text);
	str_done(&b->wal.text);
	str_done(&b->bad_pages);
	basebackup_wal_done(b);
}

bool
basebackup_manifest(struct basebackup *b, struct err *err)
{
	struct proving *p = b->proof;
	struct flow *f;
	bool good;

	if (!proving_open(p, arena_fmt(p->arena, "%sbackup_manifest", b->dir), SUM_NONE, &f, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		err_done(err);
		return true;
	}
	good = manifest_read(flow_scan(f), p->arena, &b->manifest, err);
	flow_free(f);
	if (!good)
		return report_err(p->report, "manifest", err);
	b->have_manifest = true;
	report_add(p->report, PROOF_PASS, "manifest",
		"version %d, its own checksum is right; %zu files, %lld bytes%s",
		b->manifest.version, b->manifest.files.n, (long long)b->manifest.bytes,
		b->manifest.incremental ? "; incremental: restoring it takes pg_combinebackup and "
					  "the backups before"
					: "");
	return true;
}

bool
basebackup_exempt(const char *path)
{
	static const char *const names[] = {
		"backup_manifest", "postgresql.auto.conf", "recovery.signal", "standby.signal"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return strcmp(path, "pg_wal") == 0 || util_starts(path, "pg_wal/");
}

/* Files that tell about the whole are kept as they go by. */
static void
keep(struct basebackup *b, const char *path, const unsigned char *p, size_t n)
{
	if (strcmp(path, "global/pg_control") == 0) {
		n = MIN(n, sizeof(b->control) - b->control_len);
		memcpy(b->control + b->control_len, p, n);
		b->control_len += n;
	} else if (strcmp(path, "global/1260") == 0) {
		if (b->roles == NULL)
			b->roles = util_alloc(ROLES_SIZE);
		n = MIN(n, ROLES_SIZE - b->roles_len);
		memcpy(b->roles + b->roles_len, p, n);
		b->roles_len += n;
	} else if (strcmp(path, "PG_VERSION") == 0) {
		snprintf(b->version, sizeof(b->version), "%.*s",
			(int)MIN(n, strcspn((const char *)p, "\r\n")), (const char *)p);
	}
}

/*
 * pg_authid's row with object id 10, which initdb makes: a page's line pointers (from byte 24 up
 * to pd_lower) are 15 bits offset, 2 bits flags (1: in use) and 15 bits length; a row's header
 * tells at byte 22 where its columns begin: oid, and the name in 64 bytes.
 */
bool
basebackup_superuser(const struct basebackup *b, char ret[64])
{
	for (size_t at = 0; at + PAGESUM_PAGE <= b->roles_len; at += PAGESUM_PAGE) {
		const unsigned char *page = b->roles + at;
		uint32_t lower = MIN(bytes_u16(page + 12), (uint32_t)PAGESUM_PAGE);

		for (uint32_t i = 24; i + 4 <= lower; i += 4) {
			uint32_t item = bytes_u32(page + i);
			uint32_t offset = item & 0x7fff, length = item >> 17;
			uint32_t head = offset + 23 <= PAGESUM_PAGE ? page[offset + 22] : 0;

			if ((item >> 15 & 3) != 1 || offset + length > PAGESUM_PAGE ||
				head + 68 > length || bytes_u16(page + offset + head) != 10 ||
				bytes_u16(page + offset + head + 2) != 0)
				continue;
			memcpy(ret, page + offset + head + 4, 63);
			ret[63] = '\0';
			return ret[0] != '\0';
		}
	}
	return false;
}

static struct sum *
sum_for(struct basebackup *b, enum sum_kind kind)
{
	if (b->sum == NULL || b->sum_kind != kind) {
		sum_free(b->sum);
		b->sum = sum_new(kind);
		b->sum_kind = kind;
	}
	return b->sum;
}

static void
note_pages(struct basebackup *b, const char *path, uint64_t before)
{
	if (b->pages->bad == before || b->bad_pages.len > 500)
		return;
	str_fmt(&b->bad_pages, "%s%llu in %s (the first is block %u)",
		b->bad_pages.len > 0 ? "; " : "", (unsigned long long)(b->pages->bad - before),
		path, b->pages->first_bad);
	b->pages->first_bad = 0;
}

/* Every byte of the file, through everything that looks at it; *ret_len is how many. */
static bool
digest_file(struct basebackup *b, const char *path, struct sum *sum, struct scan *s,
	int64_t *ret_len, struct err *err)
{
	CLEANUP(util_close) int fd = -1;
	const unsigned char *p;
	uint32_t block;
	bool pages = b->pages != NULL && pagesum_wanted(path, &block);
	uint64_t bad = pages ? b->pages->bad : 0;
	ssize_t n;

	*ret_len = 0;
	if (b->extract != NULL && !basebackup_create(b, path, &fd, err))
		return false;
	if (pages)
		pagesum_begin(b->pages, block,
			b->manifest.ranges.n > 0 ? b->manifest.ranges.v[0].start : UINT64_MAX);
	while ((n = scan_view(s, &p, err)) > 0) {
		if (sum != NULL)
			sum_add(sum, p, (size_t)n);
		if (pages)
			pagesum_add(b->pages, p, (size_t)n);
		keep(b, path, p, (size_t)n);
		if (fd >= 0 && !file_write_all(fd, p, (size_t)n))
			return err_sys(err, ERR_IO, errno, "Cannot write %s", path);
		*ret_len += n;
		scan_take(s, (size_t)n);
	}
	if (n == 0 && pages)
		note_pages(b, path, bad);
	return n == 0;
}

bool
basebackup_file(struct basebackup *b, const char *path, struct scan *s, struct err *err)
{
	struct manifest_file *f = b->have_manifest ? manifest_find(&b->manifest, path) : NULL;
	struct sum *sum = f != NULL ? sum_for(b, f->kind) : NULL;
	unsigned char got[SUM_MAX];
	bool again = f != NULL && f->seen;
	int64_t len;

	if (f != NULL)
		f->seen = true;
	if (!digest_file(b, path, sum, s, &len, err))
		return false;
	b->files++;
	if (basebackup_exempt(path) || !b->have_manifest) {
		if (sum != NULL)
			sum_end(sum, got);
		return true;
	}
	if (f == NULL) {
		report_faults_add(&b->extra, "%s is not in the manifest", path);
		return true;
	}
	sum_end(sum, got);
	if (again)
		report_faults_add(&b->extra, "%s is there twice", path);
	else if (len != f->size)
		report_faults_add(&b->wrong, "%s has %lld bytes, not %lld", path, (long long)len,
			(long long)f->size);
	else if (f->kind != SUM_NONE && memcmp(got, f->sum, sum_size(f->kind)) != 0)
		report_faults_add(&b->wrong, "%s: its %s is wrong", path, sum_name(f->kind));
	return true;
}

static void
check_control(struct basebackup *b, struct pgcontrol *control)
{
	struct report *r = b->proof->report;
	struct err err = ERR_INIT;

	if (b->control_len == 0) {
		report_add(r, PROOF_FAIL, "pg_control", "global/pg_control is missing.");
	} else if (!pgcontrol_read(b->control, b->control_len, control, &err)) {
		report_err(r, "pg_control", &err);
	} else if (b->manifest.system_identifier != 0 &&
		   b->manifest.system_identifier != control->system_identifier) {
		report_add(r, PROOF_FAIL, "pg_control",
			"Its system identifier is %llu, the manifest's %llu: they are not of one "
			"cluster.",
			(unsigned long long)control->system_identifier,
			(unsigned long long)b->manifest.system_identifier);
	} else {
		report_add(r, PROOF_PASS, "pg_control", "PostgreSQL %s, system identifier %llu",
			b->version[0] != '\0' ? b->version : "?",
			(unsigned long long)control->system_identifier);
	}
}

static void
check_pages(struct basebackup *b, const struct pgcontrol *control)
{
	struct report *r = b->proof->report;

	if (b->pages == NULL)
		return;
	if (!control->page_checksums)
		report_add(r, PROOF_UNKNOWN, "pages", "The cluster has no data page checksums.");
	else if (b->pages->bad == 0)
		report_add(r, PROOF_PASS, "pages", "%llu pages, their checksums are right",
			(unsigned long long)b->pages->pages);
	else
		report_add(r, PROOF_FAIL, "pages",
			"%llu of %llu pages were already damaged in the database when it was "
			"backed "
			"up: %s.",
			(unsigned long long)b->pages->bad, (unsigned long long)b->pages->pages,
			str_text(&b->bad_pages));
}

/* PostgreSQL 13 and later write a manifest unless they are told not to. */
static void
without_manifest(struct basebackup *b)
{
	uint64_t version = 0;

	if (util_parse_u64(b->version, &version) && version >= 13)
		report_add(b->proof->report, PROOF_UNKNOWN, "manifest",
			"There is no backup_manifest, though PostgreSQL %s writes one: nothing "
			"says "
			"which files must be there.",
			b->version);
	else if (b->files == 0)
		report_add(b->proof->report, PROOF_FAIL, "files", "There are no files in it.");
	b->proof->sealed = !b->unsealed;
	b->proof->unsealed_because = "there is neither a manifest nor a compression's checksum";
}

void
basebackup_finish(struct basebackup *b)
{
	struct pgcontrol control = {.system_identifier = 0};
	bool whole;

	for (size_t i = 0; i < b->manifest.files.n; i++) {
		const struct manifest_file *f = &b->manifest.files.v[i];

		if (!f->seen && !basebackup_exempt(f->path))
			report_faults_add(&b->missing, "%s is missing", f->path);
	}
	whole = report_faults_end(&b->missing);
	whole = report_faults_end(&b->extra) && whole;
	whole = report_faults_end(&b->wrong) && whole;
	if (whole && b->have_manifest)
		report_add(b->proof->report, PROOF_PASS, "files",
			"all %zu are there, with the right size%s", b->manifest.files.n,
			b->manifest.has_unsummed ? "" : " and checksum");
	check_control(b, &control);
	check_pages(b, &control);
	if (b->have_manifest) {
		b->proof->sealed = !b->manifest.has_unsummed || !b->unsealed;
		b->proof->unsealed_because = "its manifest was made without checksums";
	} else {
		without_manifest(b);
	}
}
