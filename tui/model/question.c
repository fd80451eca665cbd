#include "base/banned.h"
#include "tui/model/question.h"

static const struct question_choice known[] = {
	{"go", NULL, "Go ahead", "Go ahead", "The step runs.", QUESTION_NOTHING, true},
	{"confirm", NULL, "Confirm", "Confirm", "The step runs.", QUESTION_NAME, true},
	{"done", NULL, "It is done", "It is done",
		"The step counts as done; what you write goes into the record.", QUESTION_TEXT,
		false},
	{"failed", NULL, "It failed", "It failed",
		"The step counts as failed; you will be asked what to do about it.", QUESTION_TEXT,
		false},
	{"retry", NULL, "Try the step again", "Try again",
		"The step runs once more. If it changes something it asks again before that.",
		QUESTION_NOTHING, false},
	{"by-hand", NULL, "I did it by hand, mark it done", "Mark it done",
		"The step counts as done by hand; what you did goes into the record.",
		QUESTION_DONE, false},
	{"undo", NULL, "Take back what was done, step by step", "Take steps back",
		"What was done is proposed to be taken back, the last step first. Nothing is taken "
		"back before you say so.",
		QUESTION_NOTHING, false},
	{"continue", NULL, "Go on with the copy from the start of the run", "Go on",
		"The run follows the copy of the runbook that was pinned when it started.",
		QUESTION_NOTHING, false},
	{"skip", NULL, "Skip this step, with a reason", "Skip it",
		"The step does not run; the reason goes into the record.", QUESTION_REASON, false},
	{"stop", NULL, "Stop the run", "Stop the run",
		"No further step runs; what the run left behind is cleaned up. It can be resumed.",
		QUESTION_NOTHING, false},
};

/* The same words mean something else where a step is proposed to be taken back. */
static const struct question_choice undoing[] = {
	{"undo", NULL, "Take it back", "Take it back", "What is shown runs.", QUESTION_NOTHING,
		true},
	{"by-hand", NULL, "I took it back by hand", "It is taken back",
		"The step counts as taken back; how goes into the record.", QUESTION_DONE, false},
	{"leave", NULL, "Leave it as it is, go on to the step before", "Leave it",
		"It stays done. The step before it is proposed next.", QUESTION_NOTHING, false},
	{"enough", NULL, "Take nothing more back", "Enough",
		"The run goes on from the first step that stands to be done.", QUESTION_NOTHING,
		false},
};

static const struct question_choice consent[] = {
	{"approve", NULL, "Approve it", "Approve it", "", QUESTION_CONSENT, false},
	{"deny", NULL, "Deny it, with a reason", "Deny it",
		"The step fails; the operator decides what then.", QUESTION_DENIAL, false},
};

static const struct question_choice wheel = {"hand-over", NULL,
	"Let somebody else drive: hand over the wheel", "Hand over", "", QUESTION_WHEEL, false};

static struct question_choice
choice_of(struct arena *a, const char *kind, const char *name)
{
	char *label;

	for (size_t i = 0; util_streq(kind, "undo") && i < ARRAY_LEN(undoing); i++)
		if (strcmp(undoing[i].choice, name) == 0)
			return undoing[i];
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].choice, name) == 0)
			return known[i];
	/* A newer runner knows more answers than we do. */
	label = arena_strdup(a, name);
	for (char *p = label; *p != '\0'; p++)
		if (*p == '-' || *p == '_')
			*p = ' ';
	if (label[0] >= 'a' && label[0] <= 'z')
		label[0] = (char)(label[0] - 'a' + 'A');
	return (struct question_choice){.choice = name,
		.label = label,
		.action = label,
		.about = "What you write goes into the record.",
		.wants = QUESTION_TEXT};
}

static void
add_options(struct arena *a, struct question *q, const char *choice)
{
	const struct texts *options = &q->ask->options;

	for (size_t i = 0; i < options->n; i++)
		*vec_push(a, &q->choices) = (struct question_choice){.choice = choice,
			.text = options->v[i],
			.label = arena_fmt(a, "Choose: %s", options->v[i]),
			.action = "Choose it",
			.about = "It becomes the value of the step.",
			.wants = QUESTION_NOTHING};
}

static bool
is_listed(const struct texts *names, const struct question_party *who)
{
	for (size_t i = 0; i < names->n; i++)
		if (util_streq(names->v[i], who->user) || util_streq(names->v[i], who->who))
			return true;
	return names->n == 0;
}

/* The runner judges; this only spares people what it would refuse. */
bool
question_consents(const struct run_state *s, const struct question_party *who)
{
	if (s->ask.number == 0 || !util_streq(s->ask.kind, "approve") ||
		who->uid == s->operator_uid || !is_listed(&s->ask.from, who))
		return false;
	for (size_t i = 0; i < s->ask.given.n; i++)
		if (util_streq(s->ask.given.v[i].by, who->who))
			return false;
	return true;
}

static void
add_choices(struct arena *a, struct question *q, const struct question_party *who)
{
	for (size_t i = 0; q->consent && i < ARRAY_LEN(consent); i++)
		*vec_push(a, &q->choices) = consent[i];
	for (size_t i = 0; who->drives && i < q->ask->choices.n; i++) {
		const char *name = q->ask->choices.v[i];

		if (util_streq(name, "choose") && q->ask->options.n > 0)
			add_options(a, q, name);
		else
			*vec_push(a, &q->choices) = choice_of(a, q->ask->kind, name);
	}
	if (who->drives && q->failed)
		*vec_push(a, &q->choices) = wheel;
}

bool
question_make(struct arena *a, const struct run_state *s, const struct question_party *who,
	struct question *ret)
{
	struct question q = {.ask = &s->ask, .consent = question_consents(s, who)};

	if (s->ask.number == 0 || !(who->drives || q.consent))
		return false;
	q.step = run_state_step(s, s->ask.step);
	q.title = s->ask.text;
	q.failed = util_streq(s->ask.kind, "failed") || util_streq(s->ask.kind, "unknown") ||
		   util_streq(s->ask.kind, "runbook-changed");
	if (q.failed && q.step != NULL)
		q.title = q.step->title;
	q.production = util_streq(s->ask.environment, "production");
	q.destroys = s->ask.irreversible != NULL || util_streq(s->ask.kind, "undo") ||
		     (q.step != NULL && util_streq(q.step->effect, "destroy"));
	add_choices(a, &q, who);
	for (size_t i = 0; i < q.choices.n; i++)
		if (q.choices.v[i].wants == QUESTION_NAME && s->ask.type == NULL)
			q.choices.v[i].wants = QUESTION_NOTHING;
	*ret = q;
	return true;
}

const struct question_choice *
question_primary(const struct question *q)
{
	const struct question_choice *c;

	vec_each (&q->choices, c)
		if (c->primary)
			return c;
	return NULL;
}
