/*
 * state_fold: what one record of the journal makes of the state: the same for the runner that
 * wrote it and for whoever reads it later. A record of an event that is not known here changes
 * nothing but where the journal stands.
 */
#include "base/banned.h"
#include "run/state.h"
#include "base/clock.h"

static const char *
text_of(struct run_state *s, const cJSON *o, const char *key)
{
	return arena_strdup(s->arena, json_get_text(o, key));
}

static const char *
text_or(struct run_state *s, const cJSON *o, const char *key, const char *otherwise)
{
	const char *text = json_get_text(o, key);

	return text != NULL ? arena_strdup(s->arena, text) : otherwise;
}

static void
texts_of(struct run_state *s, const cJSON *o, const char *key, struct texts *ret)
{
	const cJSON *list = json_get(o, key), *it;

	*ret = (struct texts){0};
	if (!cJSON_IsArray(list))
		return;
	ret->v = arena_array(s->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*ret->v));
	cJSON_ArrayForEach(it, list) if (cJSON_IsString(it)) ret->v[ret->n++] =
		arena_strdup(s->arena, it->valuestring);
}

static void
operator_of(struct run_state *s, const cJSON *d)
{
	s->operator= text_or(s, d, "operator", "?");
	s->operator_uid = json_get_int(d, "uid", -1);
	s->operator_login_uid = json_get_int(d, "login_uid", -1);
}

static void
on_run_started(struct run_state *s, const cJSON *d, int64_t ms)
{
	const cJSON *steps = json_get(d, "steps"), *it;
	int n = cJSON_IsArray(steps) ? cJSON_GetArraySize(steps) : 0;

	/* A run starts once; what says so again is no record of ours. */
	if (s->phase != RUN_NEW || s->steps != NULL)
		return;
	s->phase = RUN_GOING;
	s->started_ms = ms;
	s->runbook = text_or(s, d, "runbook", "?");
	s->title = text_or(s, d, "title", "");
	s->file = text_of(s, d, "file");
	s->sha256 = text_of(s, d, "sha256");
	s->site = text_of(s, d, "site");
	s->mode = util_streq(json_get_text(d, "mode"), "drill") ? PLAN_DRILL : PLAN_LIVE;
	s->attended = json_get_bool(d, "attended", true);
	s->rto_s = json_get_int(d, "rto_s", -1);
	s->rpo_s = json_get_int(d, "rpo_s", -1);
	s->newest_data = text_of(s, d, "newest_data");
	operator_of(s, d);
	s->started_by = s->operator;
	s->parent_run = text_of(s, json_get(d, "parent"), "run");
	s->parent_step = text_of(s, json_get(d, "parent"), "step");
	if (json_get_time(d, "incident") != CLOCK_NONE)
		s->incident_ms = json_get_time(d, "incident") * 1000;
	s->pid = json_get_int(d, "pid", 0);
	s->steps = arena_array(s->arena, (size_t)n + 1, sizeof(*s->steps));
	for (it = n > 0 ? steps->child : NULL; it != NULL; it = it->next) {
		struct step_state *st = &s->steps[s->nsteps++];

		*st = (struct step_state){.id = text_or(s, it, "id", "?"),
			.title = text_or(s, it, "title", ""),
			.kind = text_or(s, it, "kind", "?"),
			.effect = text_or(s, it, "effect", "read"),
			.group = text_of(s, it, "parallel"),
			.implied = json_get_bool(it, "implied", false),
			.budget_s = json_get_int(it, "budget_s", -1),
			.timeout_s = json_get_int(it, "timeout_s", -1),
			.started_ms = -1,
			.ended_ms = -1,
			.seconds = -1};
	}
	cJSON_ArrayForEach(it, json_get(d, "targets")) * vec_push(s->arena, &s->targets) =
		(struct plan_target){.var = text_or(s, it, "var", "?"),
			.name = text_or(s, it, "name", "?"),
			.conninfo = text_of(s, it, "conninfo"),
			.environment = text_or(s, it, "environment", "production")};
	cJSON_ArrayForEach(it, json_get(d, "parameters")) * vec_push(s->arena, &s->parameters) =
		(struct parameter_value){text_or(s, it, "name", "?"), text_of(s, it, "text"),
			json_get_bool(it, "given", false)};
}

static void
on_intent(struct run_state *s, struct step_state *st, const cJSON *d, int64_t ms)
{
	st->status = STEP_RUNNING;
	st->attempt = json_get_int(d, "attempt", st->attempt + 1);
	st->started_ms = ms;
	st->ended_ms = -1;
	st->seconds = -1;
	st->output_bytes = 0;
	st->title = text_or(s, d, "title", st->title);
	st->describe = text_of(s, d, "describe");
	st->live = text_of(s, d, "live");
	st->message = st->hint = st->code = NULL;
}

/* The run goes back: what lies between is to be done once more. */
static void
go_back(struct run_state *s, const struct step_state *from, const char *to)
{
	struct step_state *st = run_state_step(s, to);

	for (; st != NULL && st <= from; st++)
		st->status = STEP_PENDING;
}

static void
on_result(struct run_state *s, struct step_state *st, const cJSON *d, int64_t ms)
{
	const char *outcome = json_get_text(d, "outcome");
	const cJSON *seconds = json_get(d, "seconds");

	st->status = util_streq(outcome, "ok")        ? STEP_OK
		     : util_streq(outcome, "unknown") ? STEP_UNKNOWN
						      : STEP_FAILED;
	st->ended_ms = ms;
	st->seconds = cJSON_IsNumber(seconds) ? seconds->valuedouble : -1;
	st->message = text_of(s, d, "message");
	st->hint = text_of(s, d, "hint");
	st->code = text_of(s, d, "code");
	st->value = text_of(s, d, "value");
	st->output_bytes = json_get_int(d, "output_bytes", 0);
	st->output_sha256 = text_of(s, d, "output_sha256");
	texts_of(s, d, "set_names", &st->set_names);
	texts_of(s, d, "set_values", &st->set_values);
	if (st->status == STEP_OK && json_get_text(d, "again") != NULL)
		go_back(s, st, json_get_text(d, "again"));
}

static void
on_ask(struct run_state *s, const char *step, const cJSON *d, int64_t ms)
{
	struct step_state *st = run_state_step(s, step);

	s->ask = (struct ask){.number = json_get_int(d, "ask", 0),
		.step = arena_strdup(s->arena, step),
		.kind = text_or(s, d, "kind", "?"),
		.text = text_or(s, d, "text", ""),
		.show = text_of(s, d, "show"),
		.type = text_of(s, d, "type"),
		.live = text_of(s, d, "live"),
		.environment = text_of(s, d, "environment"),
		.irreversible = text_of(s, d, "irreversible"),
		.request = text_of(s, d, "request"),
		.digest = text_of(s, d, "digest"),
		.needed = json_get_int(d, "needed", 0),
		.stay = json_get_bool(d, "stay", false),
		.expires_ms = json_get_time(d, "expires") != CLOCK_NONE
				      ? json_get_time(d, "expires") * 1000
				      : -1,
		.since_ms = ms};
	texts_of(s, d, "from", &s->ask.from);
	texts_of(s, d, "choices", &s->ask.choices);
	texts_of(s, d, "options", &s->ask.options);
	if (st != NULL && st->status == STEP_PENDING)
		st->status = STEP_WAITING;
}

static void
on_answer(struct run_state *s)
{
	struct step_state *st = run_state_step(s, s->ask.step);

	if (st != NULL && st->status == STEP_WAITING)
		st->status = STEP_PENDING;
	s->ask = (struct ask){0};
}

static void
settle(struct run_state *s, struct step_state *st, enum step_status status, const cJSON *d,
	const char *actor, int64_t ms)
{
	st->status = status;
	st->ended_ms = ms;
	st->by = arena_strdup(s->arena, actor);
	st->reason = text_of(s, d, "reason");
	if (json_get_text(d, "value") != NULL)
		st->value = text_of(s, d, "value");
}

static void
on_unknown(struct run_state *s, struct step_state *st, const cJSON *d)
{
	st->status = STEP_UNKNOWN;
	st->message = text_of(s, d, "message");
	st->hint = st->code = NULL;
}

/* An unknown step asked its check: it was done, it was not, or a person must say. */
static void
on_checked(
	struct run_state *s, struct step_state *st, const cJSON *d, const char *actor, int64_t ms)
{
	const char *outcome = json_get_text(d, "outcome");

	if (st->status != STEP_UNKNOWN)
		return;
	if (util_streq(outcome, "done"))
		settle(s, st, STEP_OK, d, actor, ms);
	else if (util_streq(outcome, "not done"))
		st->status = STEP_PENDING;
	else
		st->message = text_of(s, d, "message");
}

static void
on_step(struct run_state *s, struct step_state *st, const char *event, const cJSON *d,
	const char *actor, int64_t ms)
{
	if (strcmp(event, "step.intent") == 0)
		on_intent(s, st, d, ms);
	else if (strcmp(event, "step.result") == 0)
		on_result(s, st, d, ms);
	else if (strcmp(event, "step.skipped") == 0)
		settle(s, st, STEP_SKIPPED, d, actor, ms);
	else if (strcmp(event, "step.by_hand") == 0)
		settle(s, st, STEP_BY_HAND, d, actor, ms);
	else if (strcmp(event, "step.answered") == 0)
		settle(s, st, STEP_OK, d, actor, ms);
	else if (strcmp(event, "step.simulated") == 0)
		settle(s, st, STEP_SIMULATED, d, actor, ms);
	else if (strcmp(event, "step.ignored") == 0)
		st->status = STEP_IGNORED;
	else if (strcmp(event, "step.unknown") == 0)
		on_unknown(s, st, d);
	else if (strcmp(event, "step.check_result") == 0)
		on_checked(s, st, d, actor, ms);
	else if (strcmp(event, "step.retry") == 0)
		st->status = STEP_RETRYING;
	else if (strcmp(event, "step.undone") == 0)
		settle(s, st, STEP_UNDONE, d, actor, ms);
	if (strncmp(event, "step.un", 7) == 0 || strcmp(event, "step.intent") == 0)
		st->undoing = strcmp(event, "step.undo_intent") == 0;
}

static void
client_event(struct run_state *s, const char *event, const cJSON *d)
{
	const char *who = json_get_text(d, "client");

	if (who == NULL)
		return;
	if (strcmp(event, "client.attached") == 0) {
		*vec_push(s->arena, &s->clients) = arena_strdup(s->arena, who);
		return;
	}
	for (size_t i = 0; i < s->clients.n; i++) {
		if (strcmp(s->clients.v[i], who) == 0) {
			s->clients.v[i] = s->clients.v[--s->clients.n];
			return;
		}
	}
}

static void
on_finished(struct run_state *s, const cJSON *d, int64_t ms)
{
	s->phase = RUN_FINISHED;
	s->ended_ms = ms;
	s->outcome = text_or(s, d, "outcome", "unknown");
	s->exit = json_get_int(d, "exit", 2);
	s->message = text_of(s, d, "message");
	s->hint = text_of(s, d, "hint");
	s->ask = (struct ask){0};
	s->clients.n = 0;
}

/* A new runner took the run over: what was open in the old one is not any more. */
static void
on_resumed(struct run_state *s, const cJSON *d)
{
	s->phase = RUN_GOING;
	s->outcome = NULL;
	s->ended_ms = -1;
	s->pid = json_get_int(d, "pid", 0);
	s->stopping = s->paused = false;
	s->clients.n = 0;
	s->wheel_offer = NULL;
	/* Whoever takes it up drives it. */
	if (json_get_text(d, "operator") != NULL)
		operator_of(s, d);
	if (s->ask.number != 0)
		on_answer(s);
}

static void
on_approval(struct run_state *s, const cJSON *d, const char *actor)
{
	const char *identity = json_get_text(d, "identity");

	if (s->ask.number == 0 || json_get_int(d, "ask", 0) != s->ask.number)
		return;
	*vec_push(s->arena, &s->ask.given) = (struct approval){
		arena_strdup(s->arena, identity != NULL ? identity : actor),
		text_of(s, d, "reason"), identity != NULL, json_get_int(d, "login_uid", -1)};
}

/* Who was to stay has left: his word goes with him. */
static void
on_withdrawn(struct run_state *s, const char *actor)
{
	for (size_t i = s->ask.given.n; i-- > 0;)
		if (strcmp(s->ask.given.v[i].by, actor) == 0)
			s->ask.given.v[i] = s->ask.given.v[--s->ask.given.n];
}

static void
on_wheel(struct run_state *s, const char *event, const cJSON *d)
{
	if (strcmp(event, "wheel.offered") == 0) {
		s->wheel_offer = text_or(s, d, "to", "*");
		return;
	}
	s->wheel_offer = NULL;
	if (strcmp(event, "wheel.taken") == 0)
		operator_of(s, d);
}

/* A drill's clock can stand still, so that people can talk about what they see. */
static void
on_clock(struct run_state *s, const cJSON *d, int64_t ms)
{
	bool running = json_get_bool(d, "running", true);

	if (!running && s->halted_since_ms < 0) {
		s->halted_since_ms = ms;
	} else if (running && s->halted_since_ms >= 0) {
		s->halted_ms += MAX(ms - s->halted_since_ms, 0);
		s->halted_since_ms = -1;
	}
}

static void
on_forecast(struct run_state *s, const cJSON *d, int64_t ms)
{
	s->forecast_s = json_get_int(d, "remaining_s", -1);
	s->forecast_elapsed_s = json_get_int(d, "elapsed_s", 0);
	s->forecast_ms = ms;
	s->forecast_late = json_get_bool(d, "late", false);
	s->forecast_text = text_of(s, d, "text");
}

static void
on_run(struct run_state *s, const char *event, const char *step, const cJSON *d, const char *actor,
	int64_t ms)
{
	if (strcmp(event, "run.started") == 0)
		on_run_started(s, d, ms);
	else if (strcmp(event, "run.resumed") == 0)
		on_resumed(s, d);
	else if (strcmp(event, "run.finished") == 0)
		on_finished(s, d, ms);
	else if (strcmp(event, "run.cleaning") == 0)
		s->phase = RUN_CLEANING;
	else if (strcmp(event, "run.recovered") == 0)
		s->recovered_ms = ms;
	else if (strcmp(event, "run.stopping") == 0)
		s->stopping = true;
	else if (strcmp(event, "run.paused") == 0)
		s->paused = true;
	else if (strcmp(event, "run.continued") == 0)
		s->paused = false;
	else if (strcmp(event, "ask.opened") == 0)
		on_ask(s, step, d, ms);
	else if (strcmp(event, "ask.answered") == 0 || strcmp(event, "ask.closed") == 0)
		on_answer(s);
	else if (strcmp(event, "approval.given") == 0)
		on_approval(s, d, actor);
	else if (strcmp(event, "approval.withdrawn") == 0)
		on_withdrawn(s, actor);
	else if (strncmp(event, "wheel.", 6) == 0)
		on_wheel(s, event, d);
	else if (strcmp(event, "drill.clock") == 0)
		on_clock(s, d, ms);
	else if (strcmp(event, "run.forecast") == 0)
		on_forecast(s, d, ms);
	else if (strcmp(event, "run.note") == 0)
		*vec_push(s->arena, &s->notes) = (struct run_note){
			ms, arena_strdup(s->arena, actor), text_or(s, d, "text", "")};
	else if (strncmp(event, "client.", 7) == 0)
		client_event(s, event, d);
}

bool
run_state_apply(struct run_state *s, const cJSON *record)
{
	const char *event = json_get_text(record, "event"), *at = json_get_text(record, "at");
	const char *step = json_get_text(record, "step"), *actor = json_get_text(record, "actor");
	int64_t seq = json_get_int(record, "seq", 0), us = 0;
	const cJSON *data = json_get(record, "data");
	struct step_state *st;

	if (event == NULL || actor == NULL || seq != (int64_t)s->seq + 1 || at == NULL ||
		!clock_parse_us(at, &us))
		return false;
	s->seq = (uint64_t)seq;
	s->last_ms = us / 1000;
	if (s->id == NULL)
		s->id = text_of(s, record, "run");
	st = run_state_step(s, step);
	if (strncmp(event, "step.", 5) == 0 && st != NULL)
		on_step(s, st, event, data, actor, s->last_ms);
	else
		on_run(s, event, step, data, actor, s->last_ms);
	return true;
}
