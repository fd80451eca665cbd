/*
 * restore_shape: what kind of dump it is, and which server it came from.
 */
#include "base/banned.h"
#include "verify/pgdump.h"
#include "verify/restore_private.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/path.h"

#define TAR_BLOCK 512

bool
restore_open(struct restore *x, struct err *err)
{
	struct flow_spec spec = {.source = x->source, .name = x->name, .meter = x->spec->meter};

	flow_free(x->flow);
	x->flow = NULL;
	if (!flow_open(&spec, &x->flow, err))
		return false;
	x->scan = flow_scan(x->flow);
	return true;
}

static int
major_of(const char *version)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	int64_t major;

	if (!util_parse_i64(arena_strndup(&a, version, strspn(version, "0123456789")), &major) ||
		major < 0 || major > 1000)
		return 0;
	return (int)major;
}

/* The header and table of contents, at the scan's place. */
static bool
read_archive(struct restore *x, struct err *err)
{
	struct pgdump d;

	if (!pgdump_read(x->scan, x->a, &d, err))
		return false;
	x->server = d.server != NULL ? d.server : "";
	x->dump_major = major_of(x->server);
	return true;
}

/* What its first lines say of a plain dump. */
static bool
read_plain(struct restore *x, const unsigned char *p, size_t len, struct err *err)
{
	struct sqlscan_events none = {.role = NULL};
	struct sqlscan s;

	sqlscan_init(&s, x->a, &none);
	if (!sqlscan_feed(&s, p, len, err)) {
		sqlscan_done(&s);
		return false;
	}
	x->server = arena_strdup(x->a, s.server);
	x->dump_major = major_of(s.server);
	x->encoding = arena_strdup(x->a, s.encoding);
	x->databases = s.databases;
	sqlscan_done(&s);
	return true;
}

/* POSIX ustar: twelve octal digits at 124, or base 256 where the first bit is set. */
static uint64_t
tar_size(const unsigned char *header)
{
	uint64_t size = 0;

	if ((header[124] & 0x80) != 0)
		return bytes_big(header + 128, 8);
	for (int i = 124; i < 136 && header[i] != '\0'; i++)
		if (header[i] >= '0' && header[i] <= '7')
			size = size << 3 | (uint64_t)(header[i] - '0');
	return size;
}

/*
 * Every member is there and so is the end: where a tar was cut, pg_restore (15.18) reads on at
 * the end of the file for ever.
 */
static bool
tar_is_whole(struct restore *x, struct err *err)
{
	unsigned char header[TAR_BLOCK];

	if (!restore_open(x, err))
		return false;
	for (;;) {
		uint64_t size;

		if (!scan_read(x->scan, header, sizeof(header), err))
			return err_prefix(err, "The tar was cut");
		if (header[0] == '\0')
			return true;
		size = tar_size(header);
		if (size > UINT64_MAX - TAR_BLOCK ||
			!scan_read(
				x->scan, NULL, (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK, err))
			return err_prefix(err, "The tar was cut in \"%.100s\"", (char *)header);
	}
}

static bool
is_text(const unsigned char *p, size_t len)
{
	return memchr(p, '\0', len) == NULL && memmem(p, len, "SQL", 3) != NULL;
}

static bool
recognize_file(struct restore *x, struct err *err)
{
	const unsigned char *p;
	ssize_t n = scan_view(x->scan, &p, err);

	if (n < 0)
		return false;
	if (pgdump_is(p, (size_t)n, PGDUMP_CUSTOM)) {
		x->shape = SHAPE_CUSTOM;
		return read_archive(x, err);
	}
	if ((size_t)n > TAR_BLOCK && memcmp(p + 257, "ustar", 5) == 0 &&
		util_streq((const char *)p, "toc.dat")) {
		x->shape = SHAPE_TAR;
		scan_take(x->scan, TAR_BLOCK);
		return read_archive(x, err) && tar_is_whole(x, err);
	}
	if (n > 0 && is_text(p, MIN((size_t)n, (size_t)(4 * KIB)))) {
		x->shape = SHAPE_PLAIN;
		return read_plain(x, p, (size_t)n, err);
	}
	err_set(err, ERR_UNSUPPORTED, "This is not a dump of PostgreSQL.");
	return err_hint(err, "Formats: pg_dump's custom, directory, tar and plain; pg_dumpall's.");
}

/* A directory is opened at its table of contents. */
static bool
open_source(struct restore *x, bool *ret_directory, struct err *err)
{
	const char *path = x->spec->path;

	if (x->spec->source != NULL) {
		x->source = x->spec->source;
		x->name = x->spec->name;
		*ret_directory = x->name[0] == '\0' || util_ends(x->name, "/");
		if (*ret_directory)
			x->name = arena_fmt(x->a, "%stoc.dat", x->name);
		return true;
	}
	if (util_starts(path, "file://"))
		path += 7;
	*ret_directory = file_is_dir(path);
	if (*ret_directory)
		path = path_join(x->a, path, "toc.dat");
	return source_open_uri(x->a, path, &x->source, &x->name, err);
}

bool
restore_recognize(struct restore *x, struct err *err)
{
	bool directory;

	x->server = x->encoding = "";
	if (!open_source(x, &directory, err) || !restore_open(x, err))
		return false;
	if (!directory)
		return recognize_file(x, err);
	x->shape = SHAPE_DIRECTORY;
	return read_archive(x, err);
}
