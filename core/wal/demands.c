#include "base/banned.h"
#include "wal/demands.h"
#include "base/bytes.h"

#define OP_MASK             0xf0
#define OP_TBLSPC_CREATE    0x00
#define OP_PARAMETER_CHANGE 0x60
#define SPACES_MAX          1000
#define SIZE_MAX_SANE       1000000

struct search {
	struct arena *arena;
	struct demands *ret;
	uint64_t from, to;
};

static void
take_space(struct search *s, const struct record *r, const struct record_parts *p)
{
	const char *path = (const char *)p->data + 4;
	struct demands_space *space;

	if (p->len < 6 || path[0] == '\0' || s->ret->spaces.n >= SPACES_MAX)
		return;
	space = vec_push(s->arena, &s->ret->spaces);
	space->oid = bytes_u32(p->data);
	space->lsn = r->lsn;
	space->location = arena_strndup(s->arena, path, strnlen(path, p->len - 4));
}

static bool
take_record(const struct record *r, void *arg)
{
	struct search *s = arg;
	struct record_parts p;

	if (r->lsn < s->from)
		return true;
	if (r->lsn >= s->to)
		return false;
	if (r->rmgr == RMGR_TBLSPC && (r->info & OP_MASK) == OP_TBLSPC_CREATE &&
		record_parse(r, &p))
		take_space(s, r, &p);
	if (r->rmgr == RMGR_XLOG && (r->info & OP_MASK) == OP_PARAMETER_CHANGE &&
		r->version >= 12 && record_parse(r, &p) && p.len >= 4 * DEMANDS_SIZES)
		for (size_t i = 0; i < DEMANDS_SIZES; i++) {
			uint32_t size = bytes_u32(p.data + 4 * i);

			if (size < SIZE_MAX_SANE)
				s->ret->sizes[i] = MAX(s->ret->sizes[i], size);
		}
	return true;
}

bool
demands_read(struct arena *a, struct walset *set, const struct window *w, uint64_t from,
	uint64_t to, struct demands *ret, struct err *err)
{
	struct search s = {.arena = a, .ret = ret, .from = from, .to = to};
	struct scan scan = walset_scan(set, w->way, w->last);
	uint32_t bytes = set->archive->header.bytes;
	enum reader_state state;
	struct reader r;
	bool good;

	*ret = (struct demands){.sizes = {0}};
	reader_init(&r, &set->archive->header, 1ULL << RMGR_TBLSPC | 1ULL << RMGR_XLOG, take_record,
		&s);
	good = scan_run(&scan, &r, from / bytes, MIN(w->last, to / bytes), &state, err);
	reader_done(&r);
	walset_count(set, &scan);
	return good;
}
