#include "base/banned.h"
#include "run/start.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/readonly.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/group.h"
#include "run/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>

#define READY_TIMEOUT_MS 30000

extern char **environ;

static bool
is_pgpass(const char *source)
{
	return util_starts(source, "file ") && util_streq(path_base(source + 5), ".pgpass");
}

/* From the first source that has it. A ~/.pgpass is left to libpq. */
static bool
find_secret(const struct plan_secret *s, const struct start_options *o, struct secret **ret,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	*ret = NULL;
	for (size_t i = 0; *ret == NULL && i < s->from.n; i++) {
		if (util_streq(s->from.v[i], "prompt")) {
			if (o->prompt != NULL && !o->prompt(s->name, ret, o->arg, err))
				return false;
		} else if (!secret_fetch(s->from.v[i], ret, err)) {
			return false;
		} else if (is_pgpass(s->from.v[i]) &&
			   file_exists(path_expand(&a, s->from.v[i] + 5))) {
			return true;
		}
	}
	if (*ret != NULL && memchr(secret_bytes(*ret), '\0', secret_len(*ret)) != NULL) {
		secret_free(*ret);
		*ret = NULL;
		return err_set(err, ERR_USAGE,
			"The secret \"%s\" holds a NUL byte; no environment can.", s->name);
	}
	if (*ret != NULL || s->optional)
		return true;
	err_set(err, ERR_USAGE, "The secret \"%s\" was found in none of its sources.", s->name);
	return err_hint(err, "Set it as the runbook says (%s), or run attended.", s->from.v[0]);
}

bool
run_secret_asked(const struct plan_secret *s, bool *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	*ret = false;
	for (size_t i = 0; i < s->from.n; i++) {
		struct secret *found = NULL;

		if (util_streq(s->from.v[i], "prompt")) {
			*ret = true;
			return true;
		}
		if (!secret_fetch(s->from.v[i], &found, err))
			return false;
		if (found == NULL && !(is_pgpass(s->from.v[i]) &&
					     file_exists(path_expand(&a, s->from.v[i] + 5))))
			continue;
		secret_free(found);
		return true;
	}
	return true;
}

/* In hexadecimal: a secret is bytes, which JSON has no place for. */
static void
write_secret(struct json *j, const char *name, const struct secret *secret)
{
	char hex[2 * SECRET_MAX + 1];

	if (secret_len(secret) > SECRET_MAX)
		return;
	json_string(j, name,
		digest_hex((const unsigned char *)secret_bytes(secret), secret_len(secret), hex));
	explicit_bzero(hex, sizeof(hex));
}

static bool
write_orders(const struct plan *p, const struct start_options *o, bool resume, struct str *out,
	struct err *err)
{
	struct json j = json_new(out);
	const struct plan_secret *s;
	bool good = true;

	json_object(&j, NULL);
	json_bool(&j, "resume", resume);
	json_bool(&j, "attended", o->attended);
	json_object(&j, "answers");
	for (size_t i = 0; good && i < o->nanswers; i++) {
		CLEANUP(util_free) char *step = util_strdup(o->answers[i]);
		char *equals = strchr(step, '=');

		if (equals == NULL) {
			good = err_set(
				err, ERR_USAGE, "--confirm takes STEP=TEXT, not \"%s\".", step);
			break;
		}
		*equals = '\0';
		if (plan_step(p, step) == NULL)
			good = err_set(err, ERR_USAGE, "--confirm: there is no step \"%s\".", step);
		else
			json_string(&j, step, equals + 1);
	}
	json_object_end(&j);
	json_object(&j, "secrets");
	vec_each (&p->secrets, s) {
		struct secret *secret = NULL;

		good = good && find_secret(s, o, &secret, err);
		if (secret != NULL)
			write_secret(&j, s->name, secret);
		secret_free(secret);
	}
	json_object_end(&j);
	json_object_end(&j);
	return good && (!out->full || err_set(err, ERR_LIMIT, "The answers are too long."));
}

static const char *
answer_for(const struct start_options *o, const char *step)
{
	size_t n = strlen(step);

	for (size_t i = 0; i < o->nanswers; i++)
		if (strncmp(o->answers[i], step, n) == 0 && o->answers[i][n] == '=')
			return o->answers[i] + n + 1;
	return NULL;
}

static bool
is_option(const cJSON *options, const char *text)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, options) if (util_streq(it->valuestring, text)) return true;
	return false;
}

/* What a person's step would not take for an answer is not taken beforehand either. */
static bool
check_answer(struct arena *a, const struct plan *p, const struct step *s, const char *answer,
	struct err *err)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *params = NULL;
	struct resolved r;

	if (!s->kind->person)
		return true;
	if (node_get(s->at, "ask") != NULL && answer[strspn(answer, " \t\r\n")] == '\0')
		return err_set(err, ERR_REFUSED,
			"Step \"%s\" wants something written down. Nothing was started.", s->id);
	if (!util_streq(s->kind->name, "choose") ||
		!step_resolve(s, &p->scope, EXPAND_LATE, a, &r, &ignored) || r.late)
		return true;
	params = json_parse(r.params, strlen(r.params), &ignored);
	if (is_option(json_get(params, "options"), answer))
		return true;
	err_set(err, ERR_REFUSED,
		"\"%s\" is none of the options of step \"%s\". Nothing was started.", answer,
		s->id);
	return err_hint(err, "%s", r.describe);
}

/* A run that would stop at a gate half-way is better not begun. */
static bool
check_gates(struct arena *a, const struct plan *p, const struct start_options *o, struct err *err)
{
	for (size_t i = 0; !o->attended && i < p->steps.n; i++) {
		const struct step *s = item_at(&p->steps, struct step, i);
		const char *why = plan_needs_person(p, s), *answer = answer_for(o, s->id);
		CLEANUP(err_done) struct err ignored = ERR_INIT;
		struct resolved r;

		/* Consent is given to what stands before somebody's eyes, never beforehand. */
		if (s->approve != NULL && plan_is_met(p, s)) {
			err_set(err, ERR_REFUSED,
				"Step \"%s\" needs an approval, and nobody is there. Nothing was "
				"started.",
				s->id);
			return err_hint(err, "Run it attended.");
		}
		if (answer != NULL && !check_answer(a, p, s, answer, err))
			return false;
		if (why == NULL)
			continue;
		if (answer == NULL) {
			err_set(err, ERR_REFUSED,
				"Step \"%s\" %s, and nobody is there. Nothing was started.", s->id,
				why);
			return err_hint(err,
				"Run it attended, or answer beforehand: --confirm %s=TEXT", s->id);
		}
		if (s->confirm_type == NULL ||
			!step_resolve(s, &p->scope, EXPAND_LATE, a, &r, &ignored) ||
			r.confirm_late || util_streq(r.confirm_type, answer))
			continue;
		err_set(err, ERR_REFUSED,
			"\"%s\" is not what step \"%s\" wants typed. Nothing was started.", answer,
			s->id);
		return err_hint(err, "--confirm %s=%s", s->id, text_name(a, r.confirm_type));
	}
	return true;
}

static bool
read_ready(int fd, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(64 * KIB);
	CLEANUP(json_free) cJSON *j = NULL;
	struct pollfd p = {fd, POLLIN, 0};
	struct err parse = ERR_INIT;
	char chunk[4 * KIB];
	ssize_t n;

	while ((line.len == 0 || memchr(line.buf, '\n', line.len) == NULL)) {
		int rc = poll(&p, 1, READY_TIMEOUT_MS);

		if (rc < 0 && errno == EINTR)
			continue;
		n = rc > 0 ? read(fd, chunk, sizeof(chunk)) : -1;
		if (n <= 0)
			return err_set(err, ERR_UNKNOWN,
				"The runner %s before it said that it was "
				"ready.",
				rc == 0 ? "was silent" : "died");
		str_addn(&line, chunk, (size_t)n);
	}
	j = json_parse(str_text(&line), line.len, &parse);
	err_done(&parse);
	if (json_get_bool(j, "ok", false))
		return true;
	err_set(err,
		err_by_name(
			json_get_text(j, "code") != NULL ? json_get_text(j, "code") : "unknown"),
		"%s",
		json_get_text(j, "message") != NULL ? json_get_text(j, "message")
						    : "The runner did not start.");
	if (json_get_text(j, "hint") != NULL)
		err_hint(err, "%s", json_get_text(j, "hint"));
	return false;
}

static bool
pipe_pair(int ends[2], struct err *err)
{
	return pipe2(ends, O_CLOEXEC) == 0 || err_sys(err, ERR_IO, errno, "Cannot make a pipe");
}

static bool
is_secret_source(const struct plan *p, const char *entry)
{
	const struct plan_secret *s;
	size_t n = strcspn(entry, "=");

	vec_each (&p->secrets, s)
		for (size_t i = 0; i < s->from.n; i++)
			if (util_starts(s->from.v[i], "env ") &&
				strncmp(s->from.v[i] + 4, entry, n) == 0 &&
				s->from.v[i][4 + n] == '\0')
				return true;
	return false;
}

/* Ours, but for the secrets, which it gets as orders, and for the mark of a step that we run in. */
static char *const *
runner_environment(struct arena *a, const struct plan *p)
{
	VEC(char *) env = {0};

	for (char **e = environ; *e != NULL; e++)
		if (!is_secret_source(p, *e) && !util_starts(*e, "LIFEBOAT_RUN_ID=") &&
			!util_starts(*e, "LIFEBOAT_STEP_ID="))
			*vec_push(a, &env) = *e;
	*vec_push(a, &env) = NULL;
	return env.v;
}

static bool
launch(struct arena *a, const struct plan *p, const char *dir, struct str *orders, struct err *err)
{
	CLEANUP(util_free) char *dir_arg = util_strdup(dir);
	char *argv[] = {(char[]){"lifeboat"}, (char[]){"__runner"}, dir_arg, NULL};
	int start[2] = {-1, -1}, ready[2] = {-1, -1};
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = argv,
		.envp = runner_environment(a, p),
		.dir = "/",
		.nfds = 5,
		.session = true};
	bool good = pipe_pair(start, err) && pipe_pair(ready, err);
	pid_t pid;

	/* Orders beyond a pipe's buffer are written while the runner reads. */
	spec.fds[0] = spec.fds[1] = spec.fds[2] = -1;
	spec.fds[RUNNER_START_FD] = start[0];
	spec.fds[RUNNER_READY_FD] = ready[1];
	good = good && proc_spawn(&spec, &pid, err);
	util_close(&start[0]);
	util_close(&ready[1]);
	if (good) {
		bool told = file_write_all(start[1], orders->buf, orders->len);

		util_close(&start[1]);
		/* A runner that did not want them says why. */
		good = read_ready(ready[0], err) &&
		       (told || err_set(err, ERR_IO, "Cannot give the runner its orders."));
	}
	util_close(&start[1]);
	util_close(&ready[0]);
	return good;
}

/* A run that could not be begun leaves nothing behind; one that may have begun stays. */
static bool
take_back(struct arena *a, const char *dir)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	const char *journal = run_dir_journal(a, dir);
	struct run_state state;

	run_state_init(&state, a);
	if (file_exists(journal) &&
		(run_dir_runner(dir) != 0 || !run_state_load(&state, journal, &ignored) ||
			state.phase != RUN_NEW))
		return false;
	if (!file_remove_tree(dir, &ignored))
		log_debug("%s", ignored.msg);
	return false;
}

static bool
copy_file(struct arena *a, const char *from, const char *dir, const char *name, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(YAML_SIZE_MAX);

	return file_read(from, YAML_SIZE_MAX, &text, err) &&
	       file_replace(path_join(a, dir, name), str_text(&text), text.len, 0640, err);
}

bool
run_start(struct arena *a, const struct plan *p, const char *state, const struct start_options *o,
	const char **ret_id, struct err *err)
{
	CLEANUP(str_wipe) struct str orders = STR_INIT(MIB);
	CLEANUP(str_done) struct str text = STR_INIT(16 * MIB);
	struct plan pinned = *p;
	const char *dir;

	if (!readonly_check(err) || !check_gates(a, p, o, err) ||
		!write_orders(p, o, false, &orders, err) ||
		!run_dir_new(a, state, ret_id, &dir, err))
		return false;
	if (p->group != NULL && !group_share(state, dir, p->group, err))
		return take_back(a, dir);
	if (p->site_file != NULL) {
		pinned.site_file = path_join(a, dir, "site.yaml");
		if (!copy_file(a, p->site_file, dir, "site.yaml", err))
			return take_back(a, dir);
	}
	pinned.parent_run = getenv("LIFEBOAT_RUN_ID");
	pinned.parent_step = getenv("LIFEBOAT_STEP_ID");
	plan_save(&pinned, &text);
	if (!file_replace(path_join(a, dir, "runbook.yaml"), p->runbook->text, p->runbook->text_len,
		    0640, err) ||
		!file_replace(path_join(a, dir, "plan.json"), text.buf, text.len, 0640, err) ||
		!launch(a, p, dir, &orders, err))
		return take_back(a, dir);
	return true;
}

bool
run_pinned_plan(struct arena *a, const char *dir, struct plan **ret, struct err *err)
{
	CLEANUP(json_free) cJSON *j = NULL;
	struct runbook *runbook;
	struct problems problems;

	problems_init(&problems, a, path_join(a, dir, "runbook.yaml"));
	runbook = runbook_load(problems.file, false, &problems);
	if (runbook == NULL)
		return problems_err(&problems, err);
	j = json_load(path_join(a, dir, "plan.json"), 16 * MIB, err);
	return j != NULL && plan_load(a, j, runbook, ret, err);
}

bool
run_resume(struct arena *a, const char *state, const char *id, const struct start_options *o,
	struct err *err)
{
	CLEANUP(str_wipe) struct str orders = STR_INIT(MIB);
	const char *dir = path_join(a, path_join(a, state, "runs"), id);
	struct plan *p;

	if (!readonly_check(err))
		return false;
	if (run_dir_runner(dir) != 0) {
		err_set(err, ERR_LOCK_HELD, "The run %s has a runner (pid %d): nothing to resume.",
			id, (int)run_dir_runner(dir));
		return err_hint(err, "lifeboat attach %s", id);
	}
	return run_pinned_plan(a, dir, &p, err) && write_orders(p, o, true, &orders, err) &&
	       launch(a, p, dir, &orders, err);
}
