#include "base/banned.h"
#include "tui/view/run_orders.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/fill.h"
#include "tui/view/report.h"
#include "tui/view/start.h"

void
run_orders_init(struct run_orders *o, struct app *app)
{
	*o = (struct run_orders){.app = app};
	o->company = (struct company){.app = app, .ordered = &o->given};
	asking_init(&o->asking, app, &o->company);
}

void
run_orders_done(struct run_orders *o)
{
	asking_done(&o->asking);
}

void
run_orders_follow(struct run_orders *o, struct run_client *client, const char *id)
{
	o->company.client = o->client = client;
	asking_follow(&o->asking, client);
	o->id = id;
	o->put = 0;
	o->given = false;
}

static const struct run_state *
state_of(const struct run_orders *o)
{
	return o->client != NULL ? run_client_state(o->client) : NULL;
}

static bool
is_running(const struct run_orders *o)
{
	const struct run_state *s = state_of(o);

	return s != NULL && s->phase != RUN_FINISHED && run_client_alive(o->client);
}

static bool
may_resume(const struct run_orders *o)
{
	const struct run_state *s = state_of(o);

	return s != NULL && !run_client_alive(o->client) &&
	       (s->phase != RUN_FINISHED || !util_streq(s->outcome, "done"));
}

static size_t
running_steps(const struct run_orders *o)
{
	return state_of(o) != NULL ? run_state_running(state_of(o), NULL) : 0;
}

static void
order(struct run_orders *o, const char *op, const char *text)
{
	struct err err = ERR_INIT;

	if (o->client == NULL || !run_client_order(o->client, op, text, &err)) {
		if (err.code != ERR_NONE)
			app_fail(o->app, &err);
		return;
	}
	o->given = true;
}

/* What is asked first */

static void
on_stop(struct confirm *c, bool accepted)
{
	if (accepted)
		order(c->arg, "stop", NULL);
}

static void
on_interrupt(struct confirm *c, bool accepted)
{
	if (accepted)
		order(c->arg, "interrupt", NULL);
}

/* What is ended: one step with what it runs, or the names of all that run at once. */
static void
add_running(struct run_orders *o, struct confirm *c)
{
	const struct run_state *s = state_of(o);
	size_t n = running_steps(o);
	bool first = true;

	for (size_t i = 0; s != NULL && i < s->nsteps; i++) {
		const struct step_state *st = &s->steps[i];

		if (st->status != STEP_RUNNING)
			continue;
		if (n == 1) {
			confirm_fact(c, "step", st->id, 0);
			confirm_fact(c, "runs", st->describe, 0);
			confirm_fact(c, "on", st->live, 0);
		} else {
			confirm_fact(c, first ? "steps" : "",
				arena_fmt(&c->arena, "%s: %s", st->id, st->title), 0);
		}
		first = false;
	}
}

/* How the steps are ended, as a sentence. */
static const char *
ending_text(struct run_orders *o, struct arena *a)
{
	size_t n = running_steps(o);

	if (n == 1)
		return "The step is ended: it gets TERM, and KILL after ten seconds.";
	return arena_fmt(a,
		"All %zu steps that run are ended: they get TERM, and KILL after ten seconds.", n);
}

static void
ask_stop(struct run_orders *o)
{
	struct confirm *c = confirm_new(o->app, on_stop, o);

	c->spec.title = "Stop the run";
	c->spec.action = "Stop the run";
	c->spec.destroys = true;
	confirm_fact(c, "run", o->id, 0);
	add_running(o, c);
	c->spec.text = running_steps(o) > 0
			       ? arena_fmt(&c->arena,
					 "%s Then the run cleans up and ends. It can be resumed.",
					 ending_text(o, &c->arena))
			       : "No further step runs; the run cleans up and ends. It can be "
				 "resumed.";
	confirm_open(c);
}

static void
ask_interrupt(struct run_orders *o)
{
	size_t n = running_steps(o);
	struct confirm *c;

	if (n == 0 || !is_running(o)) {
		app_say(o->app, ROLE_DIM, "No step runs just now.");
		return;
	}
	c = confirm_new(o->app, on_interrupt, o);
	c->spec.title = n == 1 ? "Interrupt the step" : "Interrupt the steps";
	c->spec.action = n == 1 ? "Interrupt it" : "Interrupt them";
	c->spec.destroys = true;
	add_running(o, c);
	c->spec.text =
		arena_fmt(&c->arena, "%s Then you are asked whether to try again, skip %s or stop.",
			ending_text(o, &c->arena), n == 1 ? "it" : "them");
	confirm_open(c);
}

static void
on_comment(struct fill *f, bool accepted)
{
	if (accepted)
		order(f->arg, "note", form_text(&f->form, 0));
}

static bool
check_comment(struct fill *f)
{
	if (form_text(&f->form, 0)[0] != '\0')
		return true;
	f->form.values[0].error = "There is nothing to write down.";
	return false;
}

static void
ask_comment(struct run_orders *o)
{
	struct fill *f = fill_new(o->app, "A note for the record", "Write it", on_comment, o);

	f->check = check_comment;
	*fill_item(f) = (struct form_item){.kind = FORM_TEXT,
		.label = "note",
		.max = 3000,
		.help = "Everybody at the run sees it, and it stays in its report."};
	fill_open(f);
}

/* What a run that is not going on has to say to an order. */
static bool
needs_run(struct run_orders *o)
{
	if (is_running(o))
		return true;
	app_say(o->app, ROLE_DIM, "%s",
		o->client == NULL ? "There is no run." : "The run is not going on.");
	return false;
}

bool
run_orders_act(struct run_orders *o, enum action action)
{
	switch (action) {
	case ACTION_ANSWER:
		if (needs_run(o) && !asking_put(&o->asking))
			app_say(o->app, ROLE_DIM, "The run asks nothing just now.");
		return true;
	case ACTION_PAUSE:
		if (needs_run(o))
			order(o, state_of(o)->paused ? "continue" : "pause", NULL);
		return true;
	case ACTION_STOP:
		if (needs_run(o))
			ask_stop(o);
		return true;
	case ACTION_INTERRUPT:
	case ACTION_INTERRUPT_STEP: ask_interrupt(o); return true;
	case ACTION_RESUME:
		if (may_resume(o))
			start_resume(o->app, o->id);
		else
			app_say(o->app, ROLE_DIM, "There is nothing to resume.");
		return true;
	case ACTION_COMMENT:
		if (needs_run(o))
			ask_comment(o);
		return true;
	case ACTION_HAND_OVER:
		if (needs_run(o))
			company_wheel(&o->company);
		return true;
	case ACTION_INJECT:
		if (needs_run(o))
			company_inject(&o->company);
		return true;
	case ACTION_CLOCK:
		if (needs_run(o))
			company_clock(&o->company);
		return true;
	case ACTION_REPORT: report_open(o->app, o->id); return true;
	default: return false;
	}
}

bool
run_orders_offers(const struct run_orders *o, enum action action)
{
	switch (action) {
	case ACTION_ANSWER: return is_running(o) && asking_waits(&o->asking);
	case ACTION_PAUSE:
	case ACTION_STOP:
	case ACTION_COMMENT:
	case ACTION_HAND_OVER: return is_running(o);
	case ACTION_INJECT:
	case ACTION_CLOCK: return is_running(o) && state_of(o)->mode == PLAN_DRILL;
	case ACTION_INTERRUPT_STEP: return is_running(o) && running_steps(o) > 0;
	case ACTION_RESUME: return may_resume(o);
	default: return true;
	}
}

/* What the runner says, and asks */

static void
show_refusal(struct run_orders *o)
{
	const struct err *refusal = run_client_refusal(o->client);
	struct err err = ERR_INIT;

	if (!o->given || refusal == NULL)
		return;
	o->given = false;
	err_set(&err, refusal->code, "%s", refusal->msg);
	if (refusal->hint != NULL)
		err_hint(&err, "%s", refusal->hint);
	app_fail(o->app, &err);
}

void
run_orders_changed(struct run_orders *o)
{
	asking_changed(&o->asking);
	show_refusal(o);
}

void
run_orders_put(struct run_orders *o)
{
	const struct run_state *s = state_of(o);
	struct question_party self;

	if (s == NULL || s->ask.number == 0 || s->ask.number == o->put || o->app->over != NULL ||
		o->app->stage == NULL)
		return;
	self = company_self(&o->company);
	/* It is whoever drives who is asked, or for consent the others; root may, but uncalled. */
	if (util_streq(s->ask.kind, "approve")
			? !question_consents(s, &self)
			: s->operator_uid >= 0 && self.uid != s->operator_uid)
		return;
	if (asking_put(&o->asking))
		o->put = s->ask.number;
}
