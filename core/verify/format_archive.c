/*
 * Archives of files: tar, zip and cpio, compressed or not. Configuration snapshots, Neo4j
 * bundles, whatever else somebody packed. Complete, decoded to the end, and harmless to unpack.
 *
 * Links that lead out of the archive are usual in snapshots of /etc and no fault by themselves;
 * a member that would be written through one is.
 */
#include "base/banned.h"
#include "verify/format.h"
#include "verify/members.h"
#include "verify/neo4j.h"

#define BOMB_BYTES (1024 * GIB)
#define BOMB_RATIO 2000

static bool
archive_detect(const unsigned char *p, size_t len)
{
	if (len >= 4 && memcmp(p, "PK\3\4", 4) == 0)
		return true;
	if (len >= 6 && (memcmp(p, "070701", 6) == 0 || memcmp(p, "070702", 6) == 0 ||
				memcmp(p, "070707", 6) == 0))
		return true;
	return tape_is_tar(p, len);
}

struct archive_walk {
	struct members members;
	uint64_t out; /* bytes that came out of the members */
	uint64_t dumps, stores;
};

static bool
member_data(struct proving *p, struct archive_walk *w, const struct tape_entry *e, struct tape *t,
	struct err *err)
{
	struct scan *s = tape_scan(t);
	const unsigned char *bytes;
	struct neo4j inner;
	ssize_t n;

	if (e->kind != TAPE_FILE)
		return true;
	n = scan_view(s, &bytes, err);
	if (n > 0 && neo4j_is(bytes, (size_t)n)) {
		if (!neo4j_read(s, p->report, &inner, err))
			return err->code == ERR_NONE ? false : err_prefix(err, "%s", e->name);
		w->dumps++;
	} else if (strstr(e->name, "neostore") != NULL) {
		w->stores++;
	}
	if (n < 0 || !scan_drain(s, err))
		return false;
	w->out += s->offset;
	if (w->out > (uint64_t)BOMB_BYTES && w->out / BOMB_RATIO > (uint64_t)flow_stored(p->flow))
		return err_set(err, ERR_LIMIT,
			"The archive unpacks to more than %d times its size.", BOMB_RATIO);
	return true;
}

static bool
walk(struct proving *p, struct archive_walk *w, struct tape *t, struct err *err)
{
	struct tape_entry e;
	int more;

	while ((more = tape_next(t, &e, err)) > 0)
		if (!members_add(&w->members, &e, err) || !member_data(p, w, &e, t, err))
			return false;
	return more == 0;
}

static bool
archive_verify(struct proving *p, struct err *err)
{
	struct archive_walk w = {.out = 0};
	struct tape *t;
	bool good;

	if (!tape_open(p->scan, true, &t, err))
		return false;
	members_init(&w.members, p->report, false);
	good = walk(p, &w, t, err);
	p->sealed = good && tape_sealed(t);
	tape_free(t);
	p->unsealed_because = "an uncompressed archive carries no checksum";
	good = members_end(&w.members) && good;
	if (good && w.members.files == 0)
		return err_set(err, ERR_DAMAGED, "There are no files in it.");
	if (good && (w.dumps > 0 || w.stores > 0)) {
		p->report->format = "neo4j_bundle";
		report_add(p->report, PROOF_PASS, "neo4j", "%llu dumps decoded, %llu store files",
			(unsigned long long)w.dumps, (unsigned long long)w.stores);
	}
	return good;
}

const struct format format_archive = {
	.name = "archive",
	.detect = archive_detect,
	.verify = archive_verify,
};
