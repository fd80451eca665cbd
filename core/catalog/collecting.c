/*
 * collecting: what all collectors share: from objects to rows, the newest set apart and looked
 * into, the rest straight into the listing.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "catalog/settle.h"
#include "catalog/watched.h"
#include "base/path.h"
#include "base/text.h"

#include <stdarg.h>

#define NOTICES_MAX 20
#define PROGRESS_MS 500

struct collecting_private {
	struct listing_writer *writer;
	/* The newest so far: a heap with the oldest of them on top. Strings are their own. */
	struct backup newest[COLLECT_INSPECT];
	size_t n;
	/* Rows of the last listing that were looked into, by path. */
	uint32_t *known; /* row + 1 in open addressing; 0: free */
	size_t mask;
	int64_t told; /* progress, monotonic ms */
};

static void
own(struct backup *to, const struct backup *b)
{
	*to = *b;
	to->name = util_strdup(b->name);
	to->path = util_strdup(b->path);
	to->etag = util_strdup(b->etag);
	to->note = util_strdup(b->note);
	to->detail = util_strdup(b->detail);
}

static void
disown(struct backup *b)
{
	const char *texts[] = {b->name, b->path, b->etag, b->note, b->detail};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free((void *)(uintptr_t)texts[i]);
}

static void
tell_progress(void *arg)
{
	struct collecting *c = arg;
	int64_t now = clock_mono_ms();

	if (c->progress < 0 || now - c->private->told < PROGRESS_MS)
		return;
	c->private->told = now;
	/* Whoever waits for us sees that we are alive; if nobody does, that is no fault. */
	if (write(c->progress, "\n", 1) < 0)
		c->progress = -1;
}

void
collecting_notice(struct collecting *c, enum verdict v, const char *fmt, ...)
{
	struct notice *n;
	va_list ap;

	if (c->seen->nnotices == NOTICES_MAX)
		return;
	va_start(ap, fmt);
	n = &c->seen->notices[c->seen->nnotices++];
	n->verdict = v;
	n->text = arena_vfmt(c->arena, fmt, ap);
	va_end(ap);
}

/* Indexes the rows whose inside the last look has read. */
static void
remember(struct collecting *c)
{
	struct collecting_private *p = c->private;
	uint64_t n = listing_count(c->before), wanted = 0;
	struct backup b;

	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t i = 0; i < n; i++) {
			CLEANUP(err_done) struct err err = ERR_INIT;
			size_t at;

			if (!listing_get(c->before, i, &b, &err) || b.detail[0] == '\0')
				continue;
			wanted += pass == 0;
			if (pass == 0)
				continue;
			for (at = text_hash(b.path, strlen(b.path)) & p->mask; p->known[at] != 0;)
				at = (at + 1) & p->mask;
			p->known[at] = (uint32_t)i + 1;
		}
		if (pass == 0) {
			for (p->mask = 15; p->mask < wanted * 2; p->mask = p->mask * 2 + 1)
				;
			p->known = arena_array(c->arena, p->mask + 1, sizeof(*p->known));
		}
	}
}

/* Takes over what the last look found inside, when the object is the same. */
static bool
recall(struct collecting *c, struct backup *b)
{
	struct collecting_private *p = c->private;
	struct backup was;

	if (p->known == NULL)
		return false;
	for (size_t at = text_hash(b->path, strlen(b->path)) & p->mask; p->known[at] != 0;
		at = (at + 1) & p->mask) {
		CLEANUP(err_done) struct err err = ERR_INIT;

		if (!listing_get(c->before, p->known[at] - 1, &was, &err))
			return false;
		if (!backup_same(b, &was) || was.state == BACKUP_WRITING)
			continue;
		b->finished_at = was.finished_at;
		b->time_from = was.time_from;
		b->state = was.state;
		b->note = was.note;
		b->detail = was.detail;
		return true;
	}
	return false;
}

static bool
older(const struct backup *a, const struct backup *b)
{
	return a->finished_at < b->finished_at ||
	       (a->finished_at == b->finished_at && a->mtime < b->mtime);
}

static void
swap(struct backup *a, struct backup *b)
{
	struct backup t = *a;

	*a = *b;
	*b = t;
}

static void
sift_down(struct backup *heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i, child = 2 * i + 1;

		for (size_t k = child; k < n && k <= child + 1; k++)
			if (older(&heap[k], &heap[least]))
				least = k;
		if (least == i)
			return;
		swap(&heap[i], &heap[least]);
		i = least;
	}
}

static bool
emit(struct collecting *c, const struct backup *b, struct err *err)
{
	c->seen->count++;
	c->seen->bytes += b->size;
	c->seen->writing += b->state == BACKUP_WRITING;
	return listing_add(c->private->writer, b, err);
}

bool
collecting_add(struct collecting *c, const struct backup *given, struct err *err)
{
	struct collecting_private *p = c->private;
	struct backup b = *given, oldest;
	bool good = true;

	if (recall(c, &b))
		return emit(c, &b, err);
	if (p->n < COLLECT_INSPECT) {
		own(&p->newest[p->n], &b);
		for (size_t i = p->n++; i > 0 && older(&p->newest[i], &p->newest[(i - 1) / 2]);
			i = (i - 1) / 2)
			swap(&p->newest[i], &p->newest[(i - 1) / 2]);
		return true;
	}
	if (!older(&p->newest[0], &b))
		return emit(c, &b, err);
	oldest = p->newest[0];
	own(&p->newest[0], &b);
	sift_down(p->newest, p->n, 0);
	good = emit(c, &oldest, err);
	disown(&oldest);
	return good;
}

/* A file that changed or went away since it was listed, or that somebody has open to write. */
static void
check_settled(struct collecting *c, struct backup *b)
{
	const char *path = b->directory ? NULL : source_path(c->source, c->arena, b->path);

	if (path == NULL || (b->state != BACKUP_COMPLETE && b->size > 0))
		return;
	switch (settle_check(path, b->size, b->mtime)) {
	case SETTLED: break;
	case SETTLE_WRITING:
		b->state = BACKUP_WRITING;
		b->note = "It is still being written.";
		break;
	case SETTLE_GONE:
		b->state = BACKUP_FAILED;
		b->note = "It went away while it was looked at.";
		break;
	}
}

static void
look_into(struct collecting *c, struct backup *b)
{
	CLEANUP(err_done) struct err why = ERR_INIT;

	check_settled(c, b);
	if (b->state != BACKUP_COMPLETE || !c->look_inside)
		return;
	/* One that may not be read does not cost the whole set. */
	if (c->collector->inspect(c, b, &why))
		return;
	b->note = arena_fmt(c->arena, "It could not be read: %s", why.msg);
	if (why.code == ERR_NOT_FOUND)
		b->state = BACKUP_FAILED;
}

/* Looks into the newest ones and hands them on; with `good` unset it only frees them. */
static bool
finish_newest(struct collecting *c, bool good, struct err *err)
{
	struct collecting_private *p = c->private;
	struct arena *outer = c->arena;

	for (size_t i = 0; i < p->n; i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		struct backup b = p->newest[i];

		if (good) {
			c->arena = &a;
			look_into(c, &b);
			c->arena = outer;
			good = emit(c, &b, err);
		}
		disown(&p->newest[i]);
	}
	p->n = 0;
	return good;
}

bool
collecting_head(
	struct collecting *c, const char *path, void *buf, size_t len, size_t *ret, struct err *err)
{
	struct stream *st;
	ssize_t n = 1;

	*ret = 0;
	if (!source_read(c->source, path, 0, (int64_t)len, &st, err))
		return false;
	while (*ret < len && n > 0) {
		n = stream_read(st, (char *)buf + *ret, len - *ret, err);
		*ret += n > 0 ? (size_t)n : 0;
	}
	stream_free(st);
	return n >= 0;
}

bool
collecting_text(
	struct collecting *c, const char *path, size_t max, struct str *out, struct err *err)
{
	char chunk[16 * KIB];
	struct stream *st;
	ssize_t n;

	if (!source_read(c->source, path, 0, -1, &st, err))
		return false;
	while ((n = stream_read(st, chunk, sizeof(chunk), err)) > 0 && out->len <= max)
		str_addn(out, chunk, (size_t)n);
	stream_free(st);
	if (n >= 0 && out->len > max)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes.", path, max);
	return n >= 0;
}

/* The head of the finished listing is what the summary shows. */
static bool
read_back(struct collecting *c, const char *list, struct err *err)
{
	struct listing *l;
	struct backup b;

	if (!listing_open(list, &l, err))
		return false;
	c->seen->head = arena_array(c->arena, SUMMARY_HEAD, sizeof(*c->seen->head));
	for (uint64_t i = 0; i < listing_count(l) && c->seen->nhead < SUMMARY_HEAD; i++) {
		if (!listing_get(l, i, &b, err)) {
			listing_free(l);
			return false;
		}
		backup_copy(c->arena, &c->seen->head[c->seen->nhead++], &b);
	}
	listing_free(l);
	return true;
}

static bool
run(struct collecting *c, const struct collect_job *job, struct err *err)
{
	struct collecting_private p = {.told = clock_mono_ms()};
	bool good;

	if (!listing_writer_new(job->list, &p.writer, err))
		return false;
	c->private = &p;
	if (c->before != NULL && c->look_inside)
		remember(c);
	good = c->collector->collect(c, err);
	good = finish_newest(c, good, err);
	good = good && listing_finish(p.writer, err);
	listing_writer_free(p.writer);
	c->private = NULL;
	return good && read_back(c, job->list, err);
}

/* What the location promises, where it promises anything. */
static void
ask_promises(struct collecting *c)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct json j = json_new(&out);
	const struct observation *seen = c->seen;

	json_object(&j, NULL);
	source_facts(c->source,
		seen->nhead > 0 && !seen->head[0].directory ? seen->head[0].path : NULL, &j);
	json_object_end(&j);
	if (out.full || strcmp(str_text(&out), "{}") == 0)
		return;
	c->seen->promises = arena_strdup(c->arena, str_text(&out));
	c->seen->promises_at = clock_now();
}

bool
collecting_run(
	const struct collect_job *job, struct arena *a, struct observation *ret, struct err *err)
{
	struct collecting c = {.arena = a,
		.collector = collector_of((enum set_type)job->set->type),
		.site = job->site,
		.set = job->set,
		.location = site_location(job->site, job->location),
		.path = job->path,
		.now = clock_now(),
		.progress = job->progress,
		.seen = ret};
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	int64_t started = clock_mono_ms();
	bool good;

	if (c.collector == NULL)
		return err_set(err, ERR_UNSUPPORTED,
			"Sets of the type %s can't be collected by this version.",
			set_type_names[job->set->type]);
	c.is_copy = job->is_copy;
	c.look_inside = c.collector->inspect != NULL && !job->is_copy;
	*ret = (struct observation){
		.list = path_base(job->list), .promises_at = CLOCK_NONE, .complete_at = CLOCK_NONE};
	ret->notices = arena_array(a, NOTICES_MAX, sizeof(*ret->notices));
	if (!pattern_parse(a, job->path, &c.pattern, err) ||
		!zone_load(job->set->time_zone, &c.zone, err) ||
		!source_open(c.location, &c.source, err))
		return false;
	c.source = watched_new(c.source, tell_progress, &c);
	/* Without the last listing everything is looked into anew. */
	if (job->before != NULL && !listing_open(job->before, &c.before, &ignored))
		c.before = NULL;
	good = run(&c, job, err);
	if (good && job->promises)
		ask_promises(&c);
	ret->base = source_uri(c.source, a, "");
	ret->at = clock_now();
	ret->seconds = (double)(clock_mono_ms() - started) / 1000;
	listing_free(c.before);
	source_free(c.source);
	return good;
}
