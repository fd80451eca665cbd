/*
 * review: the plan of a run before it starts: exactly what every step runs, where and as whom.
 * The plan is made by a job (`lifeboat __prepare`) that keeps it: what is read here is what starts.
 */
#include "base/banned.h"
#include "base/json.h"
#include "conf/json_read.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/fill.h"
#include "tui/view/plan_sheet.h"
#include "tui/view/screens.h"
#include "tui/view/sheet_screen.h"
#include "tui/view/start.h"

#define SECRETS_MAX 8

struct review {
	struct sheet_screen base;
	struct arena arena;
	const char *run; /* that is resumed; NULL: a new one is planned */
	struct job *job;
	cJSON *said;       /* its first line: plan and ask */
	size_t taken;      /* bytes of its output that were taken */
	struct err err;    /* why there is no plan, or no start */
	char *findings;    /* what lint says, warnings only */
	struct str orders; /* with secrets; wiped */
	bool starting;
};

static const cJSON *
plan_of(const struct review *r)
{
	return json_get(r->said, "plan");
}

static void
write_sheet(struct sheet *t, void *arg)
{
	const struct review *r = arg;
	int64_t seconds;

	if (r->err.code != ERR_NONE) {
		sheet_text(t, ROLE_ERROR, 0, r->err.msg);
		if (r->err.hint != NULL)
			sheet_text(t, ROLE_TEXT, 0, r->err.hint);
		if (r->findings != NULL) {
			sheet_blank(t);
			sheet_text(t, ROLE_LATE, 0, r->findings);
		}
		sheet_blank(t);
		sheet_text(t, ROLE_DIM, 0, "Nothing was started. q goes back.");
		return;
	}
	if (r->starting) {
		sheet_text(t, ROLE_TITLE, 0, "Starting...");
		return;
	}
	if (r->said != NULL) {
		plan_sheet_write(t, plan_of(r), r->findings);
		return;
	}
	seconds = r->job != NULL ? (clock_mono_ms() - job_started_ms(r->job)) / 1000 : 0;
	sheet_fmt(
		t, ROLE_TEXT, 0, "Working out exactly what would run... %llds", (long long)seconds);
	sheet_text(t, ROLE_DIM, 0,
		"The backup location is looked at once more, so that what is chosen is there.");
}

/* What the job says */

static void
take_error(struct review *r, const cJSON *error)
{
	const char *message = json_get_text(error, "message"), *hint = json_get_text(error, "hint");

	err_set(&r->err, ERR_REFUSED, "%s", message != NULL ? message : "It could not be planned.");
	if (hint != NULL)
		err_hint(&r->err, "%s", hint);
}

static void
take_started(struct review *r, const char *run)
{
	struct app *app = r->base.view.app;

	app_close(app, &r->base.view);
	run_show(app, run);
}

static void ask_start(struct review *r);

static void
take_line(struct review *r, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	cJSON *j = json_parse(line, len, &err);

	r->base.sheet.stale = true;
	if (j == NULL)
		return;
	if (json_get(j, "error") != NULL)
		take_error(r, json_get(j, "error"));
	else if (json_get_text(j, "started") != NULL)
		take_started(r, json_get_text(j, "started"));
	else if (r->said == NULL) {
		r->said = j;
		j = NULL;
		if (r->run != NULL)
			ask_start(r);
	}
	cJSON_Delete(j);
}

static void
on_said(struct job *job, void *arg)
{
	struct review *r = arg;
	struct str *out = job_output(job);
	const char *end;

	while (r->taken < out->len &&
		(end = memchr(out->buf + r->taken, '\n', out->len - r->taken)) != NULL) {
		size_t from = r->taken, len = (size_t)(end - out->buf) - from;

		r->taken += len + 1;
		take_line(r, out->buf + from, len);
	}
	app_dirty(r->base.view.app);
}

static void
on_ended(struct job *job, struct proc_exit end, void *arg)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	struct review *r = arg;

	on_said(job, r);
	r->job = NULL;
	if (job_errors(job)->len > 0 && r->findings == NULL)
		r->findings = util_strdup(str_text(job_errors(job)));
	if (r->err.code != ERR_NONE || (end.exited && end.status == 0))
		return;
	proc_exit_text(&text, end);
	err_set(&r->err, ERR_UNKNOWN, "What makes the plan ended with %s.", str_text(&text));
}

/* Starting */

static void
send_orders(struct review *r)
{
	struct json j;

	if (r->orders.len == 0) {
		j = json_new(&r->orders);
		json_object(&j, NULL);
		json_object_end(&j);
	}
	str_addc(&r->orders, '\n');
	r->starting = true;
	r->base.sheet.stale = true;
	if (r->job == NULL || !job_send(r->job, r->orders.buf, r->orders.len)) {
		err_set(&r->err, ERR_UNKNOWN, "What made the plan is no longer there.");
		err_hint(&r->err, "Go back and make it again.");
	}
	str_wipe(&r->orders);
}

static void
on_confirmed(struct confirm *c, bool accepted)
{
	struct review *r = c->arg;

	if (accepted)
		send_orders(r);
	else
		str_wipe(&r->orders);
	if (!accepted && r->run != NULL)
		app_close(r->base.view.app, &r->base.view);
}

static void
confirm_start(struct review *r)
{
	struct confirm *c = confirm_new(r->base.view.app, on_confirmed, r);
	const cJSON *plan = plan_of(r), *it;

	c->spec.title = r->run != NULL ? "Resume the run" : "Start the run";
	c->spec.action = r->run != NULL ? "Resume" : "Start";
	if (r->run != NULL) {
		confirm_fact(c, "run", r->run, 0);
		c->spec.text = "What has finished stays finished. A step that was running when it "
			       "was interrupted is UNKNOWN: you will be asked what became of it.";
	} else {
		confirm_fact(c, "runbook", json_get_text(plan, "runbook"), ROLE_TITLE);
		cJSON_ArrayForEach(it, json_get(plan, "targets"))
			confirm_fact(c, "target", plan_sheet_target(&c->arena, it), 0);
		confirm_fact(c, "as", json_get_text(plan, "operator"), 0);
		c->spec.text = "Each step that changes something asks again before it runs.";
		if (plan_sheet_production(plan)) {
			c->spec.environment = "PRODUCTION";
			c->spec.environment_style = ROLE_PRODUCTION | STYLE_REVERSE;
		}
		if (plan_sheet_drill(plan)) {
			c->spec.environment = "DRILL";
			c->spec.environment_style = ROLE_DRILL | STYLE_REVERSE;
		}
	}
	confirm_open(c);
}

static void
on_secrets(struct fill *f, bool accepted)
{
	struct review *r = f->arg;
	struct json j;

	if (!accepted) {
		if (r->run != NULL)
			app_close(r->base.view.app, &r->base.view);
		return;
	}
	/* All of it at once: growing would leave copies of a secret behind. */
	str_wipe(&r->orders);
	r->orders = (struct str)STR_INIT(64 * KIB);
	str_pad(&r->orders, 64 * KIB);
	str_cut(&r->orders, 0);
	j = json_new(&r->orders);
	json_object(&j, NULL);
	json_object(&j, "secrets");
	for (size_t i = 0; i < f->items.n; i++)
		json_string(&j, f->items.v[i].label, form_text(&f->form, i));
	json_object_end(&j);
	json_object_end(&j);
	confirm_start(r);
}

static void
ask_start(struct review *r)
{
	const cJSON *it;
	struct fill *f;

	if (!cJSON_IsArray(json_get(r->said, "ask")) ||
		cJSON_GetArraySize(json_get(r->said, "ask")) == 0) {
		confirm_start(r);
		return;
	}
	f = fill_new(r->base.view.app, "Secrets", "Go on", on_secrets, r);
	f->text = "Found nowhere else. They stay in the memory of the run and are wiped with it; "
		  "one that is not needed may stay empty.";
	cJSON_ArrayForEach(
		it, json_get(r->said, "ask")) if (cJSON_IsString(it) && f->items.n < SECRETS_MAX)
	{
		*fill_item(f) = (struct form_item){.kind = FORM_SECRET,
			.label = arena_strdup(&f->arena, it->valuestring),
			.max = 4095};
	}
	fill_open(f);
}

static bool
act(struct view *v, enum action action)
{
	struct review *r = (struct review *)v;

	if (action != ACTION_START)
		return false;
	if (r->said != NULL && r->err.code == ERR_NONE && !r->starting)
		ask_start(r);
	return true;
}

static bool
offers(const struct view *v, enum action action)
{
	const struct review *r = (const struct review *)v;

	if (action == ACTION_START)
		return r->said != NULL && r->err.code == ERR_NONE && !r->starting;
	return sheet_screen_offers(v, action);
}

static void
changed(struct view *v, unsigned what)
{
	struct review *r = (struct review *)v;

	/* The seconds that the plan takes */
	if (r->said == NULL && r->err.code == ERR_NONE)
		r->base.sheet.stale = true;
}

static void
close_view(struct view *v)
{
	struct review *r = (struct review *)v;

	job_cancel(r->job);
	cJSON_Delete(r->said);
	free(r->findings);
	str_wipe(&r->orders);
	err_done(&r->err);
	arena_done(&r->arena);
	sheet_screen_close(v);
}

static const struct view_ops ops = {.draw = sheet_screen_draw,
	.event = sheet_screen_event,
	.act = act,
	.contexts = sheet_screen_contexts,
	.offers = offers,
	.title = sheet_screen_title,
	.work = sheet_screen_work,
	.changed = changed,
	.close = close_view};

static struct review *
review_new(struct app *app, const char **args)
{
	static const struct job_ops job_ops = {.said = on_said, .ended = on_ended};
	struct review *r = util_alloc(sizeof(*r));

	sheet_screen_init(&r->base, app, &ops, write_sheet);
	r->base.contexts = CONTEXT_PLAN;
	r->base.title = "plan";
	r->orders = (struct str)STR_INIT(KIB);
	r->job = app_job(app, args, true, &job_ops, r);
	if (r->job == NULL)
		err_set(&r->err, ERR_UNKNOWN, "What makes the plan could not be started.");
	return r;
}

struct view *
review_view(struct app *app, const char *name, const char *const *sets, size_t nsets, bool drill)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char **args = arena_array(&a, nsets + 6, sizeof(*args));
	struct review *r;
	size_t n = 0;

	args[n++] = "__prepare";
	args[n++] = name;
	for (size_t i = 0; i < nsets; i++)
		args[n++] = arena_fmt(&a, "--set=%s", sets[i]);
	if (drill)
		args[n++] = "--drill";
	if (app->options.read_only)
		args[n++] = "--read-only";
	r = review_new(app, args);
	return &r->base.view;
}

void
start_resume(struct app *app, const char *run)
{
	struct review *r = review_new(app, (const char *[]){"__prepare", run, "--resume", NULL});

	r->base.title = "resume";
	r->run = arena_strdup(&r->arena, run);
	app_push(app, &r->base.view);
}
