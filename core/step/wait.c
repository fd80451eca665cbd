/*
 * wait: for a time, until a command succeeds, or until a recovery has come to its target.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "step/replay.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>

#define PROBE_MS 60000

extern char **environ; /* of the step: what the runner gave it, env included */

struct wait {
	struct item item;
	int64_t for_s, every_s;
	struct texts until;
	struct target_ref *replay;
	const char *log, *from, *to;
};

static const struct field fields[] = {
	{"for", FIELD_DURATION, offsetof(struct wait, for_s), "how long", .min = 1},
	{"until", FIELD_TEXTS, offsetof(struct wait, until),
		"program and arguments that exit with 0 once the wait is over"},
	{"replay", FIELD_TARGET, offsetof(struct wait, replay),
		"a server in recovery: until it is paused at its target"},
	{"log", FIELD_TEMPLATE, offsetof(struct wait, log),
		"path of that server's log, to explain a failure"},
	{"from", FIELD_TEMPLATE, offsetof(struct wait, from), "LSN where the replay begins"},
	{"to", FIELD_TEMPLATE, offsetof(struct wait, to), "LSN where it ends, for the progress"},
	{"every", FIELD_DURATION, offsetof(struct wait, every_s),
		"pause between tries (5s; 1s with replay)", .min = 1, .max = 3600},
};
static const struct schema schema = {.name = "a wait step",
	.size = sizeof(struct wait),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	int kinds = (node_get(at, "for") != NULL) + (node_get(at, "until") != NULL) +
		    (node_get(at, "replay") != NULL);

	if (kinds != 1)
		node_error(p, at, "A wait step needs exactly one of for, until and replay.");
	else if (node_get(at, "until") != NULL && ((const struct wait *)params)->until.n == 0)
		node_error(p, node_get(at, "until"), "\"until\" is empty: there is no program.");
	else if (node_get(at, "for") != NULL && node_get(at, "every") != NULL)
		node_error(p, node_get(at, "every"), "\"every\" goes with until and replay.");
	else if (node_get(at, "replay") == NULL &&
		 (node_get(at, "log") != NULL || node_get(at, "from") != NULL ||
			 node_get(at, "to") != NULL))
		node_error(p, at, "\"log\", \"from\" and \"to\" go with replay.");
}

static int64_t
every(const struct wait *w)
{
	return w->every_s != FIELD_ABSENT ? w->every_s : w->replay != NULL ? 1 : 5;
}

static void
describe(struct str *out, const void *params)
{
	const struct wait *w = params;

	str_add(out, "Wait ");
	if (w->for_s != FIELD_ABSENT) {
		text_duration(out, w->for_s);
		return;
	}
	if (w->replay != NULL) {
		str_add(out, "until the recovery is paused at its target");
		if (w->replay->conninfo != NULL)
			str_fmt(out, "\non %s", w->replay->conninfo);
		return;
	}
	str_add(out, "until this succeeds, tried every ");
	text_duration(out, every(w));
	str_add(out, ":\n");
	step_quote_argv(out, &w->until);
}

static void
pause_for(int64_t seconds)
{
	struct timespec left = {.tv_sec = seconds};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void
wait_for(struct step_child *c, int64_t seconds)
{
	int64_t end = clock_mono_ms() + seconds * 1000;

	for (int64_t left = seconds; left > 0; left = (end - clock_mono_ms() + 999) / 1000) {
		step_progress(c, seconds - left, seconds, "waiting");
		pause_for(MIN(left, 5));
	}
}

static bool
given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool
run_replay(struct step_child *c, const struct wait *w, struct err *err)
{
	struct replay r = {.conninfo = w->replay->conninfo,
		.log = given(w->log) ? w->log : NULL,
		.from = given(w->from) ? w->from : NULL,
		.to = given(w->to) ? w->to : NULL,
		.every_s = every(w)};

	return replay_wait(c, &r, err);
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct wait *w = params;
	struct proc_spec spec = {.group = false, .nfds = 3, .envp = environ};
	char **argv;

	if (w->for_s != FIELD_ABSENT) {
		wait_for(c, w->for_s);
		return true;
	}
	if (w->replay != NULL)
		return run_replay(c, w, err);
	if (!path_tool(c->arena, w->until.v[0], &spec.path, err))
		return false;
	argv = arena_array(c->arena, w->until.n + 1, sizeof(*argv));
	for (size_t i = 0; i < w->until.n; i++)
		argv[i] = arena_strdup(c->arena, w->until.v[i]);
	spec.argv = argv;
	/* The runner's time limit for the step is what ends this when it never succeeds. */
	for (;;) {
		struct proc_result r = PROC_RESULT_INIT(4 * KIB);
		CLEANUP(err_done) struct err failed = ERR_INIT;
		CLEANUP(str_done) struct str why = STR_INIT(200);
		bool met = proc_run(&spec, NULL, PROBE_MS, &r, &failed) && r.exit.exited &&
			   r.exit.status == 0;

		if (met) {
			str_add(&c->value, str_text(&r.out));
		} else {
			proc_exit_text(&why, r.exit);
			step_say(
				c, "Not yet: %s", failed.msg != NULL ? failed.msg : str_text(&why));
		}
		proc_result_done(&r);
		if (met)
			return true;
		pause_for(every(w));
	}
}

const struct step_kind step_kind_wait = {
	.name = "wait",
	.summary = "wait for a time, a condition or the end of a replay",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.retriable = true,
	.check = check,
	.describe = describe,
	.run = run,
};
