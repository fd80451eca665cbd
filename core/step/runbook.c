/*
 * runbook: another runbook as one step, in a run of its own.
 *
 * It was bound, checked and shown when the plan was made; what was shown is pinned and comes with
 * the step (`pinned`, JSON: file, sha256, sets, answers, shown), and a file that is another by now
 * is refused. The run has an id, a journal and records of its own; {{STEP.run}} is its id.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "base/path.h"
#include "base/proc.h"
#include "conf/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

extern char **environ; /* of the step: what the runner gave it, env included */

struct runbook_step {
	struct item item;
	const char *runbook, *pinned;
	const struct node *set, *answers;
};

static const struct field fields[] = {
	{"runbook", FIELD_TEXT, offsetof(struct runbook_step, runbook),
		"id of a runbook, or a path that begins with / or ./ (from this file on)",
		.required = true},
	{"set", FIELD_NODE, offsetof(struct runbook_step, set), "its parameters: NAME: value"},
	{"answers", FIELD_NODE, offsetof(struct runbook_step, answers),
		"its gates, answered by the confirmation of this step: STEP: text"},
	{"pinned", FIELD_TEXT, offsetof(struct runbook_step, pinned), "what was shown",
		.internal = true},
};
static const struct schema schema = {.name = "a runbook step",
	.size = sizeof(struct runbook_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check_texts(const struct node *n, const char *key, struct problems *p)
{
	const struct node *it;

	if (n == NULL)
		return;
	if (n->type != NODE_MAP) {
		node_error(p, n, "\"%s\" must be a map of names to texts.", key);
		return;
	}
	node_each (n, it)
		if (it->type != NODE_SCALAR)
			node_error(p, it, "\"%s\" must be a text.", it->key);
}

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct runbook_step *s = params;

	check_texts(s->set, "set", p);
	check_texts(s->answers, "answers", p);
	if (s->runbook != NULL && strstr(s->runbook, "{{") != NULL)
		node_error(p, node_get(at, "runbook"),
			"Which runbook it is must be known when the plan is made.");
	if (s->answers != NULL && node_get(at, "confirm") == NULL)
		node_error(p, s->answers, "\"answers\" needs a \"confirm\" of this step.")->hint =
			"What answers the gates in it is that somebody confirms this one.";
}

static void
describe(struct str *out, const void *params)
{
	const struct runbook_step *s = params;
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free)
	cJSON *j = s->pinned != NULL ? json_parse(s->pinned, strlen(s->pinned), &err) : NULL;
	const char *shown = json_get_text(j, "shown");
	const struct node *it;

	str_fmt(out, "Run the runbook %s, unattended, as a run of its own", s->runbook);
	if (shown != NULL) {
		str_fmt(out, ":\n%s", shown);
		return;
	}
	if (s->set != NULL)
		node_each (s->set, it)
			str_fmt(out, "\n%s: %s", it->key, it->text);
}

struct nested {
	struct step_child *c;
	cJSON *pinned;
	pid_t pid;
	int out;
	bool known; /* its id was told */
	const char *id, *outcome, *message, *hint;
};

static volatile sig_atomic_t asked_to_end;

static void
on_term(int sig)
{
	asked_to_end = 1;
}

static void
add_all(struct arena *a, char **argv, size_t *n, const char *option, const cJSON *list)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		argv[(*n)++] = arena_strdup(a, option);
		argv[(*n)++] = arena_strdup(a, it->valuestring);
	}
}

static char **
arguments(struct step_child *c, const cJSON *pinned)
{
	const cJSON *sets = json_get(pinned, "sets"), *answers = json_get(pinned, "answers");
	size_t n = 0,
	       max = 16 + 2 * (size_t)(cJSON_GetArraySize(sets) + cJSON_GetArraySize(answers));
	char **argv = arena_array(c->arena, max, sizeof(*argv));
	const char *const fixed[] = {"lifeboat", "run", json_get_text(pinned, "file"),
		"--unattended", "--format", "jsonl", "--sha256", json_get_text(pinned, "sha256")};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		argv[n++] = arena_strdup(c->arena, fixed[i]);
	if (c->drill)
		argv[n++] = arena_strdup(c->arena, "--drill");
	if (c->site_file != NULL) {
		argv[n++] = arena_strdup(c->arena, "--site");
		argv[n++] = arena_strdup(c->arena, c->site_file);
	}
	add_all(c->arena, argv, &n, "--set", sets);
	add_all(c->arena, argv, &n, "--confirm", answers);
	return argv;
}

static bool
spawn(struct nested *n, struct err *err)
{
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = arguments(n->c, n->pinned),
		.envp = environ,
		.death_signal = SIGTERM,
		.nfds = 3};
	int out[2];
	bool good;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	spec.fds[0] = -1;
	spec.fds[1] = out[1];
	spec.fds[2] = STDERR_FILENO;
	good = proc_spawn(&spec, &n->pid, err);
	close(out[1]);
	if (good)
		n->out = out[0];
	else
		close(out[0]);
	return good;
}

/* What of its journal a reader of our output wants to know. */
static void
tell(struct nested *n, const cJSON *record)
{
	const char *event = json_get_text(record, "event"), *step = json_get_text(record, "step");
	const cJSON *data = json_get(record, "data");
	const char *message = json_get_text(data, "message"),
		   *outcome = json_get_text(data, "outcome");

	if (event == NULL)
		return;
	if (util_streq(event, "run.started")) {
		n->id = arena_strdup(n->c->arena, json_get_text(record, "run"));
		step_set(n->c, "run", n->id);
		step_say(n->c, "run %s began", n->id);
	} else if (util_streq(event, "step.result")) {
		step_say(n->c, "%s: %s%s%s", step, outcome, message != NULL ? ": " : "",
			message != NULL ? message : "");
	} else if (util_starts(event, "step.") && !util_streq(event, "step.intent") &&
		   !util_streq(event, "step.cleanup")) {
		const char *reason = json_get_text(data, "reason");

		step_say(n->c, "%s: %s%s%s", step, event + 5, reason != NULL ? ": " : "",
			reason != NULL ? reason : "");
	} else if (util_streq(event, "run.finished")) {
		n->outcome = arena_strdup(n->c->arena, outcome);
		n->message = arena_strdup(n->c->arena, message);
		n->hint = arena_strdup(n->c->arena, json_get_text(data, "hint"));
	}
}

static void
take_lines(struct nested *n, struct str *buf)
{
	char *end;

	while (buf->len > 0 && (end = memchr(buf->buf, '\n', buf->len)) != NULL) {
		size_t len = (size_t)(end - buf->buf);
		CLEANUP(err_done) struct err ignored = ERR_INIT;
		CLEANUP(json_free) cJSON *j = json_parse(buf->buf, len, &ignored);

		if (j != NULL)
			tell(n, j);
		str_drop(buf, len + 1);
	}
}

/* A runner that died leaves the run that it began to nobody: that is asked to stop. */
static void
follow(struct nested *n)
{
	CLEANUP(str_done) struct str buf = STR_INIT(8 * MIB);
	pid_t runner = getppid();
	char chunk[16 * KIB];
	bool passed_on = false;
	ssize_t got;

	while ((got = read(n->out, chunk, sizeof(chunk))) != 0) {
		if (asked_to_end && !passed_on && getppid() != runner) {
			kill(n->pid, SIGTERM);
			passed_on = true;
		}
		if (got < 0 && errno != EINTR)
			break;
		if (got > 0)
			str_addn(&buf, chunk, (size_t)got);
		take_lines(n, &buf);
	}
	close(n->out);
}

static bool
conclude(struct nested *n, struct proc_exit e, struct err *err)
{
	static const enum err_code codes[] = {
		ERR_NONE, ERR_CHECK_FAILED, ERR_UNKNOWN, ERR_REFUSED, ERR_STOPPED};

	if (n->id != NULL)
		str_add(&n->c->value, n->id);
	if (e.exited && e.status == 0)
		return true;
	if (util_streq(n->outcome, "unknown"))
		n->c->outcome = OUTCOME_UNKNOWN;
	err_set(err, e.exited && e.status < (int)ARRAY_LEN(codes) ? codes[e.status] : ERR_UNKNOWN,
		"The run %s%sof %s %s%s%s", n->id != NULL ? n->id : "", n->id != NULL ? " " : "",
		json_get_text(n->pinned, "file"),
		n->outcome != NULL ? n->outcome
		: n->id != NULL    ? "was lost"
				   : "did not begin",
		n->message != NULL ? ": " : ".", n->message != NULL ? n->message : "");
	if (n->id != NULL)
		err_hint(err, "`lifeboat report %s` tells what it did.", n->id);
	return false;
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct runbook_step *s = params;
	struct sigaction act = {.sa_handler = on_term};
	struct nested n = {.c = c};
	bool good;

	if (s->pinned == NULL)
		return err_set(err, ERR_CONFIG, "The runbook %s was not bound.", s->runbook);
	n.pinned = json_parse(s->pinned, strlen(s->pinned), err);
	if (n.pinned == NULL)
		return false;
	setenv("LIFEBOAT_STATE", c->state, 1);
	/* The whole group is told to end; the run is left the time to do so in order. */
	sigaction(SIGTERM, &act, NULL);
	good = spawn(&n, err);
	if (good) {
		follow(&n);
		good = conclude(&n, proc_wait(n.pid), err);
	}
	cJSON_Delete(n.pinned);
	return good;
}

const struct step_kind step_kind_runbook = {
	.name = "runbook",
	.summary = "run another runbook as one step",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.check = check,
	.describe = describe,
	.run = run,
};
