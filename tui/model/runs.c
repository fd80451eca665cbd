#include "base/banned.h"
#include "tui/model/runs.h"
#include "base/path.h"

#include <sys/stat.h>

void
runs_init(struct runs *h, const char *state)
{
	*h = (struct runs){.state = state};
}

void
runs_done(struct runs *h)
{
	free(h->runs);
	*h = (struct runs){.state = NULL};
}

const char *
runs_status_text(enum runs_status s)
{
	static const char *const words[] = {
		[RUNS_UNREAD] = "",
		[RUNS_WAITING] = "WAITING",
		[RUNS_PAUSED] = "paused",
		[RUNS_RUNNING] = "running",
		[RUNS_INTERRUPTED] = "INTERRUPTED",
		[RUNS_DONE] = "done",
		[RUNS_FAILED] = "FAILED",
		[RUNS_STOPPED] = "stopped",
		[RUNS_REFUSED] = "refused",
		[RUNS_UNKNOWN] = "UNKNOWN",
		[RUNS_DAMAGED] = "unreadable",
	};

	return words[s];
}

bool
runs_is_open(const struct run_row *r)
{
	return r->status >= RUNS_WAITING && r->status <= RUNS_INTERRUPTED;
}

const struct run_row *
runs_find(const struct runs *h, const char *id)
{
	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->runs[i].id, id) == 0)
			return &h->runs[i];
	return NULL;
}

const struct run_row *
runs_nested(const struct runs *h, const char *id, const char *step)
{
	/* The newest: the step may have been tried again. */
	for (size_t i = 0; i < h->n; i++)
		if (util_streq(h->runs[i].parent, id) && strcmp(h->runs[i].parent_step, step) == 0)
			return &h->runs[i];
	return NULL;
}

int64_t
runs_seconds(const struct run_row *r, int64_t now_ms)
{
	return r->seconds + (r->last_ms >= 0 ? MAX(now_ms - r->last_ms, 0) / 1000 : 0);
}

/* Part of a run that may still change. */
static bool
is_inside(const struct runs *h, const struct run_row *r)
{
	const struct run_row *parent = r->parent[0] != '\0' ? runs_find(h, r->parent) : NULL;

	return parent != NULL && runs_is_open(parent);
}

const struct run_row *
runs_current(const struct runs *h)
{
	const struct run_row *best = NULL;

	for (size_t i = 0; i < h->n; i++)
		if (runs_is_open(&h->runs[i]) && !is_inside(h, &h->runs[i]) &&
			(best == NULL || h->runs[i].status < best->status))
			best = &h->runs[i];
	return best;
}

static int64_t
nanoseconds(struct timespec t)
{
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The runs as the directory has them now, with what was known of those that are still there. */
static void
list(struct runs *h, struct arena *a)
{
	struct texts ids;
	struct run_row *runs;
	size_t n;

	run_dir_list(a, h->state, &ids);
	n = MIN(ids.n, RUNS_MAX);
	runs = util_alloc((n + 1) * sizeof(*runs));
	for (size_t i = 0; i < n; i++) {
		const struct run_row *known = runs_find(h, ids.v[i]);

		if (known != NULL)
			runs[i] = *known;
		else
			snprintf(runs[i].id, sizeof(runs[i].id), "%s", ids.v[i]);
		runs[i].stale = runs[i].stale || known == NULL;
	}
	free(h->runs);
	h->runs = runs;
	h->n = n;
}

static const char *
directory(struct arena *a, const struct runs *h, const struct run_row *r)
{
	return path_join(a, path_join(a, h->state, "runs"), r->id);
}

static bool
goes_on(enum runs_status s)
{
	return s == RUNS_WAITING || s == RUNS_PAUSED || s == RUNS_RUNNING;
}

static void
count(struct runs *h)
{
	h->going = h->waiting = h->drills = 0;
	for (size_t i = 0; i < h->n; i++) {
		enum runs_status s = h->runs[i].status;

		if (is_inside(h, &h->runs[i]))
			continue;
		h->waiting += s == RUNS_WAITING;
		h->going += goes_on(s);
		h->drills += goes_on(s) && h->runs[i].drill;
	}
}

/* Whether a run that may change has: its journal grew, or its runner is no longer there. */
static bool
has_changed(const struct runs *h, const struct run_row *r)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *dir = directory(&a, h, r);
	struct stat st;

	if (stat(run_dir_journal(&a, dir), &st) < 0)
		return false;
	return st.st_size != r->size || nanoseconds(st.st_mtim) != r->mtime_ns ||
	       (r->status != RUNS_INTERRUPTED && run_dir_runner(dir) == 0);
}

bool
runs_poll(struct runs *h)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	bool work = false;
	struct stat st;

	if (stat(path_join(&a, h->state, "runs"), &st) == 0 &&
		nanoseconds(st.st_mtim) != h->listed_ns) {
		h->listed_ns = nanoseconds(st.st_mtim);
		list(h, &a);
	}
	for (size_t i = 0; i < h->n; i++) {
		struct run_row *r = &h->runs[i];

		/* One without a journal may be about to begin. */
		if ((runs_is_open(r) || r->status == RUNS_UNREAD) && has_changed(h, r))
			r->stale = true;
		work = work || r->stale;
	}
	return work;
}

static enum runs_status
status_of(const struct run_state *s, bool alive)
{
	static const struct {
		const char *outcome;
		enum runs_status status;
	} outcomes[] = {{"done", RUNS_DONE}, {"failed", RUNS_FAILED}, {"stopped", RUNS_STOPPED},
		{"refused", RUNS_REFUSED}};

	if (s->phase == RUN_FINISHED) {
		for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
			if (util_streq(s->outcome, outcomes[i].outcome))
				return outcomes[i].status;
		return RUNS_UNKNOWN;
	}
	if (!alive)
		return RUNS_INTERRUPTED;
	if (s->ask.number != 0)
		return RUNS_WAITING;
	return s->paused ? RUNS_PAUSED : RUNS_RUNNING;
}

static void
keep(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from != NULL ? from : "");
}

static void
take(struct run_row *r, const struct run_state *s, bool alive)
{
	const struct plan_target *t;
	bool stands = s->phase == RUN_FINISHED || !alive || s->recovered_ms >= 0 ||
		      s->halted_since_ms >= 0;

	r->status = status_of(s, alive);
	r->drill = s->mode == PLAN_DRILL;
	r->started_ms = s->started_ms;
	r->ended_ms = s->ended_ms;
	r->seconds = run_elapsed_s(s, s->last_ms);
	r->last_ms = stands ? -1 : s->last_ms;
	r->recovered = s->recovered_ms >= 0;
	r->rto_s = s->rto_s;
	r->exit = s->exit;
	r->production = false;
	r->target[0] = '\0';
	keep(r->runbook, sizeof(r->runbook), s->runbook);
	keep(r->title, sizeof(r->title), s->title);
	keep(r->operator_name, sizeof(r->operator_name), s->operator);
	keep(r->step, sizeof(r->step), s->ask.step);
	for (size_t i = s->nsteps; s->ask.number == 0 && i > 0; i--)
		if (s->steps[i - 1].status == STEP_RUNNING)
			keep(r->step, sizeof(r->step), s->steps[i - 1].id);
	keep(r->parent, sizeof(r->parent), s->parent_run);
	keep(r->parent_step, sizeof(r->parent_step), s->parent_step);
	vec_each (&s->targets, t) {
		if (r->target[0] == '\0')
			keep(r->target, sizeof(r->target), t->name);
		r->production = r->production || util_streq(t->environment, "production");
	}
}

static void
read_run(struct runs *h, struct run_row *r)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *dir = directory(&a, h, r), *journal = run_dir_journal(&a, dir);
	struct run_state s;
	struct stat st;
	bool alive;

	/* The runner first: one that ends in between has written its last record by then. */
	alive = run_dir_runner(dir) != 0;
	run_state_init(&s, &a);
	if (stat(journal, &st) < 0)
		return;
	r->size = st.st_size;
	r->mtime_ns = nanoseconds(st.st_mtim);
	r->status = RUNS_DAMAGED;
	if (run_state_load(&s, journal, &err) && (s.phase != RUN_NEW || alive))
		take(r, &s, alive);
}

bool
runs_work(struct runs *h)
{
	size_t i = 0;

	while (i < h->n && !h->runs[i].stale)
		i++;
	if (i == h->n)
		return false;
	h->runs[i].stale = false;
	read_run(h, &h->runs[i]);
	count(h);
	return true;
}
