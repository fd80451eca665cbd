#include "base/banned.h"
#include "verify/neo4j.h"
#include "base/bytes.h"
#include "verify/members.h"
#include "verify/unpack.h"

#define DESCRIPTION_MAX ((size_t)(64 * KIB))

bool
neo4j_is(const unsigned char *p, size_t len)
{
	return len >= 4 && (p[0] == 'D' || p[0] == 'B') &&
	       (p[1] == 'Z' || p[1] == 'G' || p[1] == 'T') && p[2] == 'V' && p[3] >= '1' &&
	       p[3] <= '9';
}

bool
neo4j_is_unpacked(const unsigned char *p, size_t len)
{
	return len >= 8 && memcmp(p, "zstd\0\0\0\1", 8) == 0;
}

/* The members of its tar; *ret_store is whether some file of a store is among them. */
static bool
walk(struct members *m, struct tape *t, struct neo4j *n, bool *ret_store, struct err *err)
{
	struct tape_entry e;
	int more;

	while ((more = tape_next(t, &e, err)) > 0) {
		const char *name = members_name(&e);

		if (!members_add(m, &e, err) || !scan_drain(tape_scan(t), err))
			return false;
		n->bytes += e.kind == TAPE_FILE ? tape_scan(t)->offset : 0;
		/* Record stores are neostore*, block stores block.*. */
		*ret_store = *ret_store || strstr(name, "neostore") != NULL ||
			     strstr(name, "block.") != NULL;
	}
	n->files = m->files;
	return more == 0;
}

static bool
read_tar(struct scan *s, struct report *r, struct neo4j *ret, struct err *err)
{
	bool store = false, good;
	struct members m;
	struct tape *t;

	if (!tape_open(s, false, &t, err))
		return false;
	members_init(&m, r, true);
	good = walk(&m, t, ret, &store, err);
	tape_free(t);
	good = members_end(&m) && good;
	if (good && !store)
		return err_set(err, ERR_DAMAGED, "There is no database store in it.");
	return good;
}

bool
neo4j_read_unpacked(struct scan *s, struct report *r, struct neo4j *ret, struct err *err)
{
	const unsigned char *p;
	unsigned char head[20];
	ssize_t n;

	*ret = (struct neo4j){.backup = ret->backup};
	if (!scan_read(s, head, 4, err))
		return false;
	if (memcmp(head, "zstd", 4) != 0)
		return err_set(err, ERR_DAMAGED, "Its compressed part does not begin with zstd.");
	n = scan_view(s, &p, err);
	if (n < 0)
		return false;
	/* Backups have said all of this in their description. */
	if (ret->backup && tape_is_tar(p, (size_t)n))
		return read_tar(s, r, ret, err);
	if (!scan_read(s, head, sizeof(head), err))
		return false;
	if (bytes_big(head, 4) != 1)
		return err_set(err, ERR_UNSUPPORTED,
			"Its archive version is %llu; 1 is known here.",
			(unsigned long long)bytes_big(head, 4));
	if (!read_tar(s, r, ret, err))
		return false;
	ret->counted = true;
	if (bytes_big(head + 4, 8) == ret->files && bytes_big(head + 12, 8) == ret->bytes)
		return true;
	return err_set(err, ERR_DAMAGED,
		"It holds %llu files and %llu bytes; its header says %llu and %llu.",
		(unsigned long long)ret->files, (unsigned long long)ret->bytes,
		(unsigned long long)bytes_big(head + 4, 8),
		(unsigned long long)bytes_big(head + 12, 8));
}

/* A backup's description has no length of its own: the zstd stream's magic ends it. */
static bool
skip_description(struct scan *s, struct err *err)
{
	const unsigned char *p, *magic;
	ssize_t n = scan_view(s, &p, err);

	if (n < 0)
		return false;
	magic = memmem(p, MIN((size_t)n, DESCRIPTION_MAX), "\x28\xb5\x2f\xfd", 4);
	if (magic == NULL)
		return err_set(err, ERR_UNSUPPORTED,
			"Its description is not understood; `neo4j-admin backup inspect` reads "
			"it.");
	scan_take(s, (size_t)(magic - p));
	return true;
}

bool
neo4j_read(struct scan *s, struct report *r, struct neo4j *ret, struct err *err)
{
	unsigned char head[4];
	struct unpacked u;
	bool good;

	if (!scan_read(s, head, sizeof(head), err))
		return false;
	*ret = (struct neo4j){.backup = head[0] == 'B'};
	if (head[1] == 'T')
		return err_set(err, ERR_UNSUPPORTED,
			"Uncompressed Neo4j backups are not known here; `neo4j-admin backup "
			"inspect` reads them.");
	if (ret->backup && !skip_description(s, err))
		return false;
	if (!unpacked_init(&u, head[1] == 'Z' ? PACK_ZSTD : PACK_GZIP, s, err)) {
		unpacked_done(&u);
		return false;
	}
	good = head[1] == 'Z' ? neo4j_read_unpacked(&u.scan, r, ret, err)
			      : read_tar(&u.scan, r, ret, err);
	good = good && scan_at_end(&u.scan, err);
	ret->sealed = good && unpack_sealed(u.unpack);
	unpacked_done(&u);
	return good;
}
