#include "base/banned.h"
#include "run/forecast.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/engine.h"

#include <sys/stat.h>

#define READ_MS     300
#define RUNS_MAX    200
#define SAMPLES_MAX 20
#define JOURNAL_MAX (4 * MIB)
#define PLAN_MAX    (2 * MIB)
#define LOOK_MS     1000
#define CHANGE_MS   60000 /* a forecast that moved by less is the same one */

struct sample {
	int64_t ms[SAMPLES_MAX];
	size_t n;
};

struct forecast {
	struct arena arena;
	struct sample *steps; /* as many as the run has */
	size_t nsteps;
	bool told, late;
	int64_t total_ms; /* elapsed and rest together, when it was told last */
};

static int64_t
backup_size(struct arena *a, const char *dir)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *plan = json_load(path_join(a, dir, "plan.json"), PLAN_MAX, &err);
	const cJSON *first = cJSON_GetArrayItem(json_get(plan, "backups"), 0);

	return first != NULL ? json_get_int(first, "size", -1) : -1;
}

/* Within a factor of two; what takes no backup is like what takes none. */
static bool
similar(int64_t a, int64_t b)
{
	if (a <= 0 || b <= 0)
		return a <= 0 && b <= 0;
	return a / 2 <= b && b / 2 <= a;
}

static void
learn(struct forecast *f, const struct run_state *s, const struct run_state *old)
{
	for (size_t i = 0; i < f->nsteps; i++) {
		const struct step_state *st = run_state_step(old, s->steps[i].id);
		struct sample *sample = &f->steps[i];

		if (st != NULL && st->status == STEP_OK && st->seconds >= 0 &&
			sample->n < SAMPLES_MAX)
			sample->ms[sample->n++] = (int64_t)(st->seconds * 1000);
	}
}

static void
read_run(struct forecast *f, const char *dir, const struct run_state *s, int64_t size)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *journal = run_dir_journal(&a, dir);
	struct run_state old;
	struct stat st;

	run_state_init(&old, &a);
	if (stat(journal, &st) < 0 || st.st_size > (off_t)JOURNAL_MAX ||
		!run_state_load(&old, journal, &err) || old.phase == RUN_NEW ||
		!util_streq(old.runbook, s->runbook) || !similar(size, backup_size(&a, dir)))
		return;
	learn(f, s, &old);
}

static int
by_size(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

struct forecast *
forecast_new(const char *state, const struct run_state *s, int64_t size)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct forecast *f = util_alloc(sizeof(*f));
	int64_t deadline = clock_mono_ms() + READ_MS;
	struct texts all;

	f->nsteps = s->nsteps;
	f->steps = arena_array(&f->arena, s->nsteps + 1, sizeof(*f->steps));
	run_dir_list(&a, state, &all);
	for (size_t i = 0; i < MIN(all.n, RUNS_MAX) && clock_mono_ms() < deadline; i++)
		if (!util_streq(all.v[i], s->id))
			read_run(f, path_join(&a, path_join(&a, state, "runs"), all.v[i]), s, size);
	for (size_t i = 0; i < f->nsteps; i++)
		qsort(f->steps[i].ms, f->steps[i].n, sizeof(f->steps[i].ms[0]), by_size);
	return f;
}

void
forecast_free(struct forecast *f)
{
	if (f == NULL)
		return;
	arena_done(&f->arena);
	free(f);
}

/* What the step takes; -1 when nothing is known. */
static int64_t
expected_ms(const struct forecast *f, const struct run_state *s, size_t i)
{
	const struct sample *sample = &f->steps[i];

	if (sample->n > 0)
		return sample->ms[sample->n / 2];
	return s->steps[i].budget_s >= 0 ? s->steps[i].budget_s * 1000 : -1;
}

void
forecast_look(const struct forecast *f, const struct run_state *s, size_t last, int64_t now_ms,
	struct forecast_rest *ret)
{
	int64_t longest = 0; /* of the steps that run at once */

	*ret = (struct forecast_rest){.elapsed_ms = run_elapsed_ms(s, now_ms)};
	for (size_t i = 0; i < MIN(last, MIN(f->nsteps, s->nsteps)); i++) {
		const struct step_state *st = &s->steps[i];
		int64_t ms = expected_ms(f, s, i);

		if (!run_state_at_once(s, i)) {
			ret->rest_ms += longest;
			longest = 0;
		}
		if (step_status_final(st->status))
			continue;
		if (ms < 0)
			ret->unknown++;
		else if (st->status == STEP_RUNNING)
			longest = MAX(longest, ms - MAX(now_ms - st->started_ms, 0));
		else
			longest = MAX(longest, ms);
	}
	ret->rest_ms += longest;
	ret->late = s->rto_s >= 0 && ret->elapsed_ms + ret->rest_ms > s->rto_s * 1000;
}

void
forecast_text(const struct forecast_rest *r, int64_t rto_s, struct str *out)
{
	text_duration(out, r->elapsed_ms / 1000);
	str_add(out, " of ");
	text_duration(out, rto_s);
	str_fmt(out, " are gone, the rest takes %s ", r->unknown > 0 ? "at least" : "about");
	text_duration(out, (r->rest_ms + 999) / 1000);
	if (r->late)
		str_add(out, ": the RTO will be missed");
}

/* The clock runs until the last step of done_when has passed. */
static size_t
last_step(const struct runner *r)
{
	const struct texts *steps = &r->plan->runbook->done_when;
	size_t last = steps->n == 0 ? r->state.nsteps : 0;

	for (size_t i = 0; i < r->state.nsteps; i++)
		for (size_t k = 0; k < steps->n; k++)
			if (util_streq(r->state.steps[i].id, steps->v[k]))
				last = i + 1;
	return last;
}

static void
tell(struct runner *r, const struct forecast_rest *rest)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	struct json *j = ledger_data(r->ledger);

	forecast_text(rest, r->state.rto_s, &text);
	json_string(j, "text", str_text(&text));
	json_int(j, "elapsed_s", rest->elapsed_ms / 1000);
	json_int(j, "remaining_s", (rest->rest_ms + 999) / 1000);
	json_int(j, "rto_s", r->state.rto_s);
	json_int(j, "unknown_steps", (int64_t)rest->unknown);
	json_bool(j, "late", rest->late);
	runner_note(r, NULL, "run.forecast", NULL);
}

static void
on_look(struct loop *l, void *arg)
{
	struct runner *r = arg;
	struct forecast *f = r->forecast;
	struct forecast_rest rest;
	int64_t total;

	if (r->outcome != NULL || r->state.recovered_ms >= 0 || r->state.phase != RUN_GOING) {
		loop_remove(r->forecast_timer);
		r->forecast_timer = NULL;
		return;
	}
	forecast_look(f, &r->state, last_step(r), clock_now_ms(), &rest);
	if (!f->told && !rest.late && rest.unknown > 0 && rest.rest_ms == 0)
		return;
	total = rest.elapsed_ms + rest.rest_ms;
	/* A clock that stands still, or time that waiting takes, is no news by itself. */
	if (f->told && rest.late == f->late &&
		llabs((long long)(total - f->total_ms)) < MAX(CHANGE_MS, f->total_ms / 10))
		return;
	f->told = true;
	f->late = rest.late;
	f->total_ms = total;
	tell(r, &rest);
}

void
forecast_begin(struct runner *r)
{
	if (r->state.rto_s < 0 || r->forecast != NULL)
		return;
	r->forecast = forecast_new(
		r->state_dir, &r->state, r->plan->backups.n > 0 ? r->plan->backups.v[0].size : -1);
	r->forecast_timer = loop_timer(r->loop, LOOK_MS, true, on_look, r);
	on_look(r->loop, r);
}

void
forecast_end(struct runner *r)
{
	forecast_free(r->forecast);
	r->forecast = NULL;
}
