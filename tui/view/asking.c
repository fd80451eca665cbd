#include "base/banned.h"
#include "tui/view/asking.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/fill.h"
#include "tui/view/pick.h"
#include "tui/view/run_head.h"

void
asking_init(struct asking *a, struct app *app, struct company *company)
{
	*a = (struct asking){.app = app, .company = company};
}

static void
drop(struct asking *a)
{
	app_close(a->app, a->stands);
	a->stands = NULL;
}

void
asking_done(struct asking *a)
{
	drop(a);
	arena_done(&a->arena);
}

void
asking_follow(struct asking *a, struct run_client *client)
{
	drop(a);
	a->client = client;
	a->number = a->sent = 0;
}

bool
asking_waits(const struct asking *a)
{
	const struct run_state *s = a->client != NULL ? run_client_state(a->client) : NULL;
	struct question_party self;

	if (s == NULL || s->ask.number == 0 || s->ask.number == a->sent)
		return false;
	self = company_self(a->company);
	return self.drives || question_consents(s, &self);
}

static void
send_answer(struct asking *a, const struct question_choice *c, const char *text)
{
	struct err err = ERR_INIT;

	if (!asking_waits(a) || run_client_state(a->client)->ask.number != a->number) {
		app_say(a->app, ROLE_LATE, "The question is no longer open.");
		return;
	}
	if (!run_client_answer(a->client, a->number, c->choice, text, &err)) {
		app_fail(a->app, &err);
		return;
	}
	a->sent = a->number;
}

/* What the person chose, while a form or dialog about it stands. */
struct chosen {
	struct asking *asking;
	const struct question_choice *choice;
	const char *reason; /* of a consent, once it was written */
};

/* To the request whose digest was shown, so never to another one. */
static void
send_consent(struct asking *a, const char *reason, bool deny)
{
	struct run_consent c = {.digest = a->question.ask->digest, .reason = reason, .deny = deny};
	struct err err = ERR_INIT;

	if (!asking_waits(a) || run_client_state(a->client)->ask.number != a->number) {
		app_say(a->app, ROLE_LATE, "The request is no longer open.");
		return;
	}
	if (!run_client_consent(a->client, &c, &err)) {
		app_fail(a->app, &err);
		return;
	}
	a->sent = a->number;
}

static void put_menu(struct asking *a);

static void
on_confirmed(struct confirm *c, bool accepted)
{
	struct chosen *chosen = c->arg;
	struct asking *a = chosen->asking;
	const struct question_choice *choice = chosen->choice;

	a->stands = NULL;
	if (accepted && choice->wants == QUESTION_CONSENT)
		send_consent(a, chosen->reason, false);
	else if (accepted)
		send_answer(a, choice,
			choice->wants == QUESTION_NAME ? entry_text(&c->dialog.field)
						       : choice->text);
	else
		put_menu(a);
}

static const char *
target_text(struct arena *arena, const struct run_state *s)
{
	const struct plan_target *t;
	const char *text = NULL;

	vec_each (&s->targets, t)
		text = arena_fmt(arena, "%s%s%s", text != NULL ? text : "",
			text != NULL ? ", " : "", t->name);
	return text;
}

/* Where it happens, as text: over everything that is asked. NULL when nobody says. */
static const char *
environment_of(const struct asking *a, struct arena *arena, unsigned *style)
{
	const struct run_state *s = run_client_state(a->client);
	const char *environment = a->question.ask->environment;

	*style = ROLE_DRILL | STYLE_REVERSE;
	if (s->mode == PLAN_DRILL)
		return "DRILL";
	*style = ROLE_PRODUCTION | STYLE_REVERSE;
	/* Of the step's own target; where it names none, of any that the run may touch. */
	if (a->question.production || (environment == NULL && run_head_production(s)))
		return "PRODUCTION";
	*style = ROLE_ACCENT;
	return arena_strdup(arena, environment);
}

/* What runs, where, as whom: read back from the live connection where there is one. */
static void
add_facts(struct asking *a, struct confirm *c)
{
	const struct run_state *s = run_client_state(a->client);
	const struct ask *ask = a->question.ask;

	confirm_fact(c, "step", ask->step, 0);
	confirm_fact(c, "runs", ask->show, 0);
	confirm_fact(c, "target", target_text(&c->arena, s), 0);
	confirm_fact(c, "answers as", ask->live, ROLE_TITLE);
	confirm_fact(c, "runs as", s->started_by, 0);
	confirm_fact(c, "answered by", a->app->who, 0);
}

static void
put_confirm(struct asking *a, const struct question_choice *choice)
{
	struct confirm *c = confirm_new(a->app, on_confirmed, NULL);
	struct chosen *chosen = arena_alloc(&c->arena, sizeof(*chosen));

	*chosen = (struct chosen){a, choice};
	c->arg = chosen;
	c->spec.action = choice->action;
	c->spec.environment = environment_of(a, &c->arena, &c->spec.environment_style);
	if (choice->primary) {
		c->spec.title = a->question.title;
		add_facts(a, c);
		if (a->question.ask->irreversible != NULL)
			c->spec.warning = arena_fmt(&c->arena, "This can't be taken back: %s",
				a->question.ask->irreversible);
		c->spec.destroys = a->question.destroys;
		c->spec.typed = choice->wants == QUESTION_NAME ? a->question.ask->type : NULL;
	} else {
		c->spec.title = choice->label;
		confirm_fact(c, "step", a->question.ask->step, 0);
		c->spec.text = choice->about;
	}
	confirm_open(c);
	a->stands = &c->view;
}

/* The whole request, word for word: it can't be agreed to before all of it was on the screen. */
static void
put_request(struct asking *a, const struct question_choice *choice, const char *reason)
{
	struct confirm *c = confirm_new(a->app, on_confirmed, NULL);
	struct chosen *chosen = arena_alloc(&c->arena, sizeof(*chosen));
	const struct ask *ask = a->question.ask;

	*chosen = (struct chosen){a, choice, arena_strdup(&c->arena, reason)};
	c->arg = chosen;
	c->spec.title = arena_fmt(&c->arena, "Approve: %s", a->question.title);
	c->spec.action = choice->action;
	c->spec.destroys = true;
	c->spec.environment = environment_of(a, &c->arena, &c->spec.environment_style);
	confirm_fact(c, "approved by", a->app->who, ROLE_TITLE);
	confirm_fact(c, "reason", reason[0] != '\0' ? reason : "-", 0);
	confirm_fact(c, "SHA-256", ask->digest, 0);
	c->spec.text = arena_strdup(&c->arena, ask->request);
	confirm_open(c);
	a->stands = &c->view;
}

static bool
check_text(struct fill *f)
{
	const struct chosen *chosen = f->arg;
	const char *text = form_text(&f->form, 0);

	if (chosen->choice->wants == QUESTION_TEXT || chosen->choice->wants == QUESTION_CONSENT ||
		text[strspn(text, " ")] != '\0')
		return true;
	f->form.values[0].error = chosen->choice->wants != QUESTION_DONE
					  ? "A reason is needed: it goes into the record."
					  : "Say what was done: it goes into the record.";
	return false;
}

static void
on_written(struct fill *f, bool accepted)
{
	const struct chosen *chosen = f->arg;
	struct asking *a = chosen->asking;

	a->stands = NULL;
	if (!accepted)
		put_menu(a);
	else if (chosen->choice->wants == QUESTION_CONSENT)
		put_request(a, chosen->choice, form_text(&f->form, 0));
	else if (chosen->choice->wants == QUESTION_DENIAL)
		send_consent(a, form_text(&f->form, 0), true);
	else
		send_answer(a, chosen->choice, form_text(&f->form, 0));
}

static void
put_form(struct asking *a, const struct question_choice *choice)
{
	bool consent = choice->wants == QUESTION_CONSENT;
	struct fill *f = fill_new(
		a->app, choice->label, consent ? "Go on" : choice->action, on_written, NULL);
	struct chosen *chosen = arena_alloc(&f->arena, sizeof(*chosen));

	*chosen = (struct chosen){a, choice};
	f->arg = chosen;
	f->check = check_text;
	f->text = consent ? "The request comes next, word for word." : choice->about;
	*fill_item(f) = (struct form_item){.kind = FORM_TEXT,
		.label = choice->wants == QUESTION_TEXT || choice->wants == QUESTION_DONE
				 ? "in words"
				 : "reason",
		.max = 3000,
		.help = util_streq(choice->choice, "done") ? "What was done, or the value that was "
							     "asked for. May stay empty."
			: choice->wants == QUESTION_TEXT || consent ? "May stay empty."
								    : NULL};
	fill_open(f);
	a->stands = &f->view;
}

static void
put_choice(struct asking *a, const struct question_choice *choice)
{
	if (choice->wants == QUESTION_WHEEL)
		company_wheel(a->company);
	else if (choice->wants == QUESTION_NOTHING || choice->wants == QUESTION_NAME)
		put_confirm(a, choice);
	else
		put_form(a, choice);
}

static void
on_chosen(struct pick *p, const struct pick_row *row)
{
	struct asking *a = p->arg;
	const struct question_choice *c;

	a->stands = NULL;
	if (row == NULL || row->value == NULL) {
		app_say(a->app, ROLE_LATE, "The run waits. a opens the question again.");
		return;
	}
	vec_each (&a->question.choices, c)
		if (c->label == row->value)
			put_choice(a, c);
}

static const char *
menu_text(struct asking *a, struct arena *arena)
{
	const struct ask *ask = a->question.ask;

	if (a->question.consent)
		return arena_fmt(arena, "%s\nSHA-256: %s", ask->request, ask->digest);
	if (a->question.failed)
		return arena_fmt(arena, "%s%s%s", ask->text,
			ask->show != NULL ? "\n\nIt ran: " : "",
			ask->show != NULL ? ask->show : "");
	return arena_strdup(arena, ask->show != NULL ? ask->show : "");
}

static const char *
menu_title(const struct asking *a, struct arena *arena)
{
	const struct ask *ask = a->question.ask;

	if (util_streq(ask->kind, "failed"))
		return arena_fmt(arena, "Step %s failed: %s", ask->step, a->question.title);
	if (util_streq(ask->kind, "unknown"))
		return arena_fmt(arena, "What became of step %s is UNKNOWN", ask->step);
	if (a->question.consent)
		return arena_fmt(arena, "Your consent is asked for: %s", ask->step);
	if (util_streq(ask->kind, "runbook-changed"))
		return "The runbook is not what it was";
	return arena_fmt(arena, "%s: %s", ask->step, a->question.title);
}

/* Every answer there is. The first row answers nothing, so Enter alone does nothing. */
static void
put_menu(struct asking *a)
{
	struct pick *p;
	const struct question_choice *c;
	struct pick_row *row;

	if (!asking_waits(a) || run_client_state(a->client)->ask.number != a->number)
		return;
	p = pick_new(a->app, "", on_chosen, a);
	p->title = menu_title(a, &p->arena);
	p->text = menu_text(a, &p->arena);
	p->text_style = a->question.failed ? ROLE_ERROR : ROLE_TEXT;
	p->mark = environment_of(a, &p->arena, &p->mark_style);
	p->deaf = true;
	pick_column(p, (struct list_column){"WHAT NOW?", 40, 70, 0, 0});
	row = pick_row(p);
	row->cells[0] = "Look around first: the run waits";
	vec_each (&a->question.choices, c) {
		row = pick_row(p);
		row->cells[0] = c->label;
		row->value = c->label;
	}
	pick_open(p);
	a->stands = &p->view;
}

bool
asking_put(struct asking *a)
{
	const struct question_choice *primary;

	struct question_party self;

	if (!asking_waits(a) || a->stands != NULL || a->app->options.read_only)
		return false;
	self = company_self(a->company);
	arena_done(&a->arena);
	if (!question_make(&a->arena, run_client_state(a->client), &self, &a->question))
		return false;
	a->number = a->question.ask->number;
	a->driver_uid = run_client_state(a->client)->operator_uid;
	primary = question_primary(&a->question);
	if (primary != NULL)
		put_choice(a, primary);
	else
		put_menu(a);
	return true;
}

void
asking_changed(struct asking *a)
{
	const struct run_state *s;
	const struct err *refusal;
	struct err err = ERR_INIT;

	if (a->client == NULL)
		return;
	s = run_client_state(a->client);
	refusal = run_client_refusal(a->client);
	/* Somebody else was faster, or the run is over. */
	if (a->stands != NULL && s->ask.number != a->number) {
		drop(a);
		app_say(a->app, ROLE_LATE, "The question was answered elsewhere.");
	} else if (a->stands != NULL && s->operator_uid != a->driver_uid) {
		drop(a);
		app_say(a->app, ROLE_LATE, "Somebody else drives now.");
	}
	if (refusal == NULL || a->sent == 0)
		return;
	err_set(&err, refusal->code, "%s", refusal->msg);
	if (refusal->hint != NULL)
		err_hint(&err, "%s", refusal->hint);
	a->sent = 0;
	app_fail(a->app, &err);
}
