#include "base/banned.h"
#include "tui/view/company.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/fill.h"

#define ASLEEP_S 600

struct question_party
company_self(const struct company *c)
{
	return (struct question_party){
		.drives = c->client != NULL && run_client_operator(c->client),
		.uid = (int64_t)c->app->self.uid,
		.user = c->app->self.user,
		.who = c->app->who};
}

bool
company_offered(const struct company *c)
{
	const struct run_state *s = c->client != NULL ? run_client_state(c->client) : NULL;
	struct question_party self = company_self(c);

	return s != NULL && s->wheel_offer != NULL && self.uid != s->operator_uid &&
	       (strcmp(s->wheel_offer, "*") == 0 || strcmp(s->wheel_offer, self.user) == 0);
}

/* The order is given; how the runner takes it shows later. */
static void
given(struct company *c, bool sent, struct err *err)
{
	if (sent)
		*c->ordered = true;
	else
		app_fail(c->app, err);
}

static void
order(struct company *c, const char *op)
{
	struct err err = ERR_INIT;

	if (c->client != NULL)
		given(c, run_client_order(c->client, op, NULL, &err), &err);
}

/* The wheel */

static void
on_take(struct confirm *d, bool accepted)
{
	if (accepted)
		order(d->arg, "take");
}

static void
on_withdraw(struct confirm *d, bool accepted)
{
	if (accepted)
		order(d->arg, "withdraw");
}

static void
on_offer(struct fill *f, bool accepted)
{
	struct company *c = f->arg;
	struct err err = ERR_INIT;

	if (accepted && c->client != NULL)
		given(c, run_client_handover(c->client, form_text(&f->form, 0), &err), &err);
}

static bool
check_name(struct fill *f)
{
	if (form_text(&f->form, 0)[0] != '\0')
		return true;
	f->form.values[0].error = "Say to whom: a user's name, or * for whoever takes it.";
	return false;
}

static void
ask_offer(struct company *c)
{
	struct fill *f = fill_new(c->app, "Hand over the wheel", "Offer it", on_offer, c);

	f->check = check_name;
	f->text = "Whoever takes it drives the run and answers its questions; you look on. You "
		  "drive until it is taken.";
	*fill_item(f) = (struct form_item){.kind = FORM_TEXT,
		.label = "to",
		.max = 64,
		.help = "A user's name, or * for anybody who is attached."};
	fill_open(f);
}

static void
ask_take(struct company *c)
{
	const struct run_state *s = run_client_state(c->client);
	struct confirm *d = confirm_new(c->app, on_take, c);

	d->spec.title = "Take the wheel";
	d->spec.action = "Take it";
	d->spec.text = "You drive the run from then on: its questions are yours. What it runs goes "
		       "on to run with the rights of whoever started it.";
	confirm_fact(d, "run", s->id, 0);
	confirm_fact(d, "runbook", s->title, 0);
	confirm_fact(d, "offered by", s->operator, 0);
	confirm_fact(d, "taken by", c->app->who, 0);
	confirm_open(d);
}

static void
ask_withdraw(struct company *c)
{
	const struct run_state *s = run_client_state(c->client);
	struct confirm *d = confirm_new(c->app, on_withdraw, c);

	d->spec.title = "Keep the wheel";
	d->spec.action = "Keep it";
	d->spec.text = "The offer is withdrawn; you go on driving.";
	confirm_fact(d, "offered to",
		strcmp(s->wheel_offer, "*") == 0 ? "anybody who is attached" : s->wheel_offer, 0);
	confirm_open(d);
}

void
company_wheel(struct company *c)
{
	const struct run_state *s = run_client_state(c->client);

	if (company_offered(c))
		ask_take(c);
	else if (!run_client_operator(c->client))
		app_say(c->app, ROLE_DIM, "%s drives and has not offered you the wheel.",
			s->operator);
	else if (s->wheel_offer != NULL)
		ask_withdraw(c);
	else
		ask_offer(c);
}

/* A drill */

static bool
is_drill(struct company *c)
{
	if (run_client_state(c->client)->mode == PLAN_DRILL)
		return true;
	app_say(c->app, ROLE_DIM, "Only in a drill: this run is live.");
	return false;
}

void
company_clock(struct company *c)
{
	struct err err = ERR_INIT;
	bool stands = run_client_state(c->client)->halted_since_ms >= 0;

	if (is_drill(c))
		given(c, run_client_clock(c->client, stands, &err), &err);
}

static const char *const troubles[] = {
	"a step fails", "a backup is gone", "the approver is asleep", NULL};

static void
on_inject(struct fill *f, bool accepted)
{
	struct company *c = f->arg;
	size_t choice = f->form.values[0].choice;
	const char *step = f->items.v[1].choices[f->form.values[1].choice];
	struct err err = ERR_INIT;
	bool sent;

	if (!accepted || c->client == NULL)
		return;
	if (choice == 0)
		sent = run_client_inject(c->client, "fail-step", step, 0, &err);
	else if (choice == 1)
		sent = run_client_inject(c->client, "source-gone", NULL, 0, &err);
	else
		sent = run_client_inject(c->client, "approver-asleep", NULL, ASLEEP_S, &err);
	given(c, sent, &err);
}

/* The ids of those that can still fail; ends with NULL. */
static const char *const *
open_steps(struct arena *a, const struct run_state *s)
{
	const char **ids = arena_array(a, s->nsteps + 2, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; i < s->nsteps; i++)
		if (!step_status_final(s->steps[i].status))
			ids[n++] = arena_strdup(a, s->steps[i].id);
	if (n == 0)
		ids[n++] = "-";
	return ids;
}

void
company_inject(struct company *c)
{
	struct fill *f;

	if (!is_drill(c))
		return;
	f = fill_new(c->app, "Bring trouble into the drill", "Let it happen", on_inject, c);
	f->text = "It is recorded who did it. Whoever drives sees only what comes of it.";
	*fill_item(f) =
		(struct form_item){.kind = FORM_CHOICE, .label = "what", .choices = troubles};
	*fill_item(f) = (struct form_item){.kind = FORM_CHOICE,
		.label = "step",
		.choices = open_steps(&f->arena, run_client_state(c->client)),
		.help = "Which one fails, when it comes to it."};
	fill_open(f);
}
