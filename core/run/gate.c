/*
 * gate: what people have to say before a step runs: that a manual step is done, what is chosen,
 * that it may go, somebody else's consent. Unattended, a gate fails closed unless it was answered
 * beforehand.
 */
#include "base/banned.h"
#include "run/engine.h"

static const char *const go_choices[] = {"go", "skip", "stop", NULL};
static const char *const confirm_choices[] = {"confirm", "skip", "stop", NULL};
static const char *const manual_choices[] = {"done", "failed", "skip", "stop", NULL};
static const char *const choose_choices[] = {"choose", "skip", "stop", NULL};

static void
answer_or_refuse(struct runner *r, const struct step *s, const struct question *q)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *given = ask_given(r, s->id), *choice = q->choices[0];
	int64_t number;

	ask_open(r, s, q);
	if (r->plan->attended || r->finished)
		return;
	number = r->state.ask.number;
	if (given == NULL) {
		err_set(&err, ERR_REFUSED, "Step \"%s\" waits for a person, and nobody is there.",
			s->id);
		err_hint(&err, "Run it attended, or answer beforehand with --confirm %s=TEXT.",
			s->id);
	} else if (ask_answer(r, number, choice, given, NULL, &err)) {
		return;
	}
	engine_refuse(r, &err);
}

/* The options of a choose step and its default, as they read now. */
static void
read_options(struct runner *r, struct texts *options, const char **otherwise)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free)
	cJSON *params = json_parse(r->resolved.params, strlen(r->resolved.params), &err);
	const cJSON *list = json_get(params, "options"), *it;

	*otherwise = arena_strdup(&r->arena, json_get_text(params, "default"));
	options->v = arena_array(
		&r->step_arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*options->v));
	cJSON_ArrayForEach(it, list)
	{
		options->v[options->n++] = arena_strdup(&r->step_arena, it->valuestring);
	}
}

void
gate_ask_person(struct runner *r, const struct step *s)
{
	struct question q = {.kind = s->kind->name,
		.text = r->resolved.title,
		.show = r->resolved.describe,
		.choices = manual_choices};
	const char *otherwise = NULL;
	struct texts options = {0};

	if (strcmp(s->kind->name, "choose") == 0) {
		read_options(r, &options, &otherwise);
		q.options = &options;
		q.choices = choose_choices;
		if (!r->plan->attended && otherwise != NULL && ask_given(r, s->id) == NULL)
			*vec_push(&r->arena, &r->answers) = (struct start_answer){s->id, otherwise};
	}
	answer_or_refuse(r, s, &q);
	ask_used(r, s->id);
}

bool
gate_wants_grant(const struct runner *r, const struct step *s)
{
	return s->confirm != NULL || (r->plan->attended && s->effect != EFFECT_READ && !s->implied);
}

/* What turned into something else while an approval was waited for is granted again, too. */
bool
gate_is_granted(struct runner *r, const struct step *s)
{
	if (r->approved[0] != '\0' && approval_wanted(r, s)) {
		r->approved[0] = '\0';
		r->granted = false;
	}
	return r->granted;
}

void
gate_ask_grant(struct runner *r, const struct step *s)
{
	struct question q = {.kind = s->confirm != NULL ? "confirm" : "go",
		.text = r->resolved.title,
		.show = r->resolved.describe,
		.type = r->resolved.confirm_type,
		.choices = s->confirm != NULL ? confirm_choices : go_choices};

	answer_or_refuse(r, s, &q);
}

/* Nobody can be waited for where nobody drives. */
void
gate_ask_approval(struct runner *r, const struct step *s)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (r->plan->attended) {
		approval_ask(r, s);
		return;
	}
	err_set(&err, ERR_REFUSED, "Step \"%s\" needs an approval, and nobody is there.", s->id);
	err_hint(&err, "Run it attended.");
	engine_refuse(r, &err);
}
