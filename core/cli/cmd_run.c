/*
 * cmd_run: `lifeboat run`, `attach`, `resume`, `stop`, `runs`.
 */
#include "base/banned.h"
#include "cli/console.h"
#include "cli/run_common.h"
#include "cli/trust.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/readonly.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/score.h"

#define TERMINAL_HINT                                                                            \
	"Without a terminal a run needs --unattended; gates for people then fail closed unless " \
	"they "                                                                                  \
	"are answered beforehand with --confirm STEP=TEXT."

static bool
has_terminal(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static unsigned
follow_flags(const struct cli *cli, const char *format, bool attended)
{
	/* A stream of records has no place for questions; they are answered from elsewhere. */
	if (util_streq(format, "jsonl"))
		return FOLLOW_JSONL | (attended ? 0 : FOLLOW_STOP);
	return (attended ? FOLLOW_ASK : FOLLOW_STOP) |
	       (cli_flag(cli, "verbose") || attended ? FOLLOW_OUTPUT : 0);
}

/* In the console where one can be drawn, else line by line. */
static int
show_run(struct cli *cli, const char *dir, const char *format, bool attended, unsigned flags)
{
	struct console_start start = {.run_dir = dir, .read_only = readonly_is_set()};
	int status;

	if (attended && util_streq(format, "text") && !cli_flag(cli, "plain") &&
		console_open(cli, &start, &status))
		return status;
	return cli_follow(cli, dir, flags);
}

static int
run_run(struct cli *cli)
{
	bool attended = !cli_flag(cli, "unattended");
	struct start_options o = {.attended = attended};
	const char *format, *state, *id;
	struct err err = ERR_INIT;
	struct plan *p;

	if (!cli_format(cli, "text jsonl", &format, &err) || !readonly_check(&err))
		return cli_fail(cli, &err);
	if (attended && !has_terminal()) {
		err_set(&err, ERR_USAGE, "There is no terminal to ask anybody.");
		err_hint(&err, TERMINAL_HINT);
		return cli_fail(cli, &err);
	}
	o.nanswers = cli_values(cli, "confirm", &o.answers);
	o.prompt = attended ? cli_prompt_secret : NULL;
	if (!cli_plan(cli, attended, &p, &err) || !cli_state(cli, true, &state, &err))
		return cli_fail(cli, &err);
	if (cli_value(cli, "sha256") != NULL &&
		strcmp(cli_value(cli, "sha256"), p->runbook->sha256) != 0) {
		err_set(&err, ERR_REFUSED, "The runbook %s has the SHA-256 %s, not the wanted one.",
			p->runbook->file, p->runbook->sha256);
		err_hint(&err, "Somebody changed it; look at what it does now.");
		return cli_fail(cli, &err);
	}
	if (!trust_gate(cli, state, &err))
		return cli_fail(cli, &err);
	cli_hold_signals();
	if (!run_start(cli->arena, p, state, &o, &id, &err))
		return cli_fail(cli, &err);
	return show_run(cli, path_join(cli->arena, path_join(cli->arena, state, "runs"), id),
		format, attended, follow_flags(cli, format, attended));
}

static const struct cli_option run_options[] = {
	{"set", 0, "NAME=VALUE", "a parameter; may be repeated", NULL},
	{"drill", 0, NULL, "as a drill: production can't be chosen", NULL},
	{"incident", 0, "TIME", "when it began: the recovery clock counts from there", NULL},
	{"unattended", 0, NULL, "without a person: gates fail closed unless answered beforehand",
		NULL},
	{"confirm", 0, "STEP=TEXT", "answers a step's gate beforehand; may be repeated", NULL},
	{"sha256", 0, "DIGEST", "only if the runbook is this one", NULL},
	{"keep-sandbox", 0, NULL,
		"of a runbook that proves a backup: the same as --set "
		"keep_sandbox=yes",
		NULL},
	{"plain", 0, NULL, "line by line instead of the console", NULL},
	{"verbose", 'v', NULL, "print what the steps print", NULL},
	{"format", 0, "text|jsonl", "jsonl streams the journal", "text jsonl"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_run = {
	.name = "run",
	.args = "RUNBOOK",
	.min_args = 1,
	.max_args = 1,
	.summary = "run a runbook",
	.details = "The run is a process of its own: it outlives this command and its terminal.\n"
		   "`lifeboat attach` shows it again. Exit status: 0 done, 1 a step or check "
		   "failed or the\n"
		   "RTO was missed, 2 it could not be found out, 3 refused, 4 stopped by the "
		   "operator.",
	.options = run_options,
	.complete = "runbook",
	.run = run_run,
};

static int
run_attach(struct cli *cli)
{
	const char *format, *id, *dir;
	struct err err = ERR_INIT;
	unsigned flags = FOLLOW_OUTPUT;

	if (!cli_format(cli, "text jsonl", &format, &err) || !cli_run_dir(cli, &id, &dir, &err))
		return cli_fail(cli, &err);
	if (cli_flag(cli, "observe"))
		readonly_set();
	else if (has_terminal())
		flags |= FOLLOW_ASK;
	if (util_streq(format, "jsonl"))
		flags = FOLLOW_JSONL;
	return show_run(cli, dir, format, has_terminal(), flags);
}

static const struct cli_option attach_options[] = {
	{"observe", 0, NULL, "only watch", NULL},
	{"plain", 0, NULL, "line by line instead of the console", NULL},
	{"format", 0, "text|jsonl", "jsonl streams the journal", "text jsonl"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_attach = {
	.name = "attach",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "show a run again and drive it on",
	.details = "RUN is an id, its beginning or its last four letters; without one, the newest.",
	.options = attach_options,
	.complete = "run",
	.run = run_attach,
};

static int
run_resume_cmd(struct cli *cli)
{
	bool attended = !cli_flag(cli, "unattended");
	struct start_options o = {.attended = attended};
	const char *format, *id, *dir, *state;
	struct err err = ERR_INIT;

	if (!cli_format(cli, "text jsonl", &format, &err))
		return cli_fail(cli, &err);
	if (attended && !has_terminal()) {
		err_set(&err, ERR_USAGE, "There is no terminal to ask anybody.");
		err_hint(&err, TERMINAL_HINT);
		return cli_fail(cli, &err);
	}
	o.nanswers = cli_values(cli, "confirm", &o.answers);
	o.prompt = attended ? cli_prompt_secret : NULL;
	if (!cli_run_dir(cli, &id, &dir, &err) || !cli_state(cli, true, &state, &err) ||
		!trust_gate(cli, state, &err))
		return cli_fail(cli, &err);
	cli_hold_signals();
	if (!run_resume(cli->arena, state, id, &o, &err))
		return cli_fail(cli, &err);
	return show_run(cli, dir, format, attended, follow_flags(cli, format, attended));
}

static const struct cli_option resume_options[] = {
	{"unattended", 0, NULL, "without a person", NULL},
	{"confirm", 0, "STEP=TEXT", "answers a step's gate beforehand; may be repeated", NULL},
	{"plain", 0, NULL, "line by line instead of the console", NULL},
	{"verbose", 'v', NULL, "print what the steps print", NULL},
	{"format", 0, "text|jsonl", "jsonl streams the journal", "text jsonl"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_resume = {
	.name = "resume",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "take up a run whose runner died, or that ended without being done",
	.details =
		"What had finished stays finished. A step that was running is UNKNOWN: you decide "
		"whether it\nis retried, was done, or is skipped.",
	.options = resume_options,
	.complete = "run",
	.run = run_resume_cmd,
};

/* Nobody runs it any more: the stop is only a matter of the record. */
static bool
stop_dead(const char *dir, struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "The run %s has no runner: it is not running.", path_base(dir));
	return err_hint(err, "lifeboat resume %s takes it up again.", path_base(dir));
}

static int
run_stop(struct cli *cli)
{
	struct run_client *c = NULL;
	struct err err = ERR_INIT;
	const char *id, *dir;
	int64_t deadline;
	bool good;

	if (!readonly_check(&err) || !cli_run_dir(cli, &id, &dir, &err) ||
		!run_client_open(dir, true, &c, &err))
		return cli_fail(cli, &err);
	good = run_client_alive(c) || stop_dead(dir, &err);
	good = good && run_client_order(c, "stop", NULL, &err);
	deadline = clock_mono_ms() + 60000;
	while (good && run_client_state(c)->phase != RUN_FINISHED && run_client_alive(c) &&
		clock_mono_ms() < deadline) {
		run_client_wait(c, 500);
		if (run_client_refusal(c) != NULL)
			good = err_set(&err, run_client_refusal(c)->code, "%s",
				run_client_refusal(c)->msg);
	}
	if (good)
		cli_print(cli, "run %s: %s\n", id,
			run_client_state(c)->phase == RUN_FINISHED ? run_client_state(c)->outcome
								   : "stopping");
	run_client_free(c);
	return good ? 0 : cli_fail(cli, &err);
}

const struct cli_command cli_cmd_stop = {
	.name = "stop",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "end a run: the step at hand is ended, clean-up runs",
	.complete = "run",
	.run = run_stop,
};

static const char *
run_status(const struct run_state *s, pid_t runner)
{
	if (s->phase == RUN_FINISHED)
		return s->outcome;
	if (runner == 0)
		return "interrupted";
	if (s->ask.number != 0)
		return "waiting";
	return s->paused ? "paused" : "running";
}

/* For what a run stands, and for whom. */
static void
waits_json(const struct ask *ask, struct json *j)
{
	json_object(j, "waits_for");
	json_string(j, "kind", ask->kind);
	json_string(j, "step", ask->step);
	json_time(j, "since", ask->since_ms / 1000);
	if (ask->request != NULL) {
		json_int(j, "needed", ask->needed);
		json_int(j, "given", (int64_t)ask->given.n);
		json_array(j, "from");
		for (size_t i = 0; i < ask->from.n; i++)
			json_string(j, NULL, ask->from.v[i]);
		json_array_end(j);
		json_time(j, "expires_at", ask->expires_ms / 1000);
	}
	json_object_end(j);
}

static void
waits_text(const struct ask *ask, struct str *out)
{
	str_add(out, "  waits at ");
	text_visible(out, ask->step, strlen(ask->step), 0);
	if (ask->request == NULL)
		return;
	str_fmt(out, " for consent (%zu of %lld", ask->given.n, (long long)ask->needed);
	for (size_t i = 0; i < ask->from.n; i++) {
		str_add(out, i == 0 ? ", from " : ", ");
		text_visible(out, ask->from.v[i], strlen(ask->from.v[i]), 0);
	}
	str_addc(out, ')');
}

static void
runs_row(struct cli *cli, struct json *j, const char *id, const char *dir)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(str_done) struct str line = STR_INIT(8 * KIB);
	struct run_state s;
	int64_t newest, loss;
	const char *status;
	pid_t runner;

	/* The runner first: one that ends in between has written its last record by then. */
	runner = run_dir_runner(dir);
	run_state_init(&s, &a);
	if (!run_state_load(&s, run_dir_journal(&a, dir), &err) || s.phase == RUN_NEW)
		return;
	status = run_status(&s, runner);
	if (j != NULL) {
		json_object(j, NULL);
		json_string(j, "run", id);
		json_string(j, "runbook", s.runbook);
		json_string(j, "title", s.title);
		json_string(j, "mode", plan_mode_names[s.mode]);
		json_string(j, "status", status);
		json_string(j, "operator", s.operator);
		json_time(j, "started_at", s.started_ms / 1000);
		json_time(j, "ended_at", s.ended_ms >= 0 ? s.ended_ms / 1000 : CLOCK_NONE);
		json_count(j, "exit", s.exit);
		json_int(j, "seconds", run_elapsed_s(&s, clock_now_ms()));
		json_count(j, "rto_s", s.rto_s);
		json_count(
			j, "recovery_s", s.recovered_ms >= 0 ? run_elapsed_s(&s, s.last_ms) : -1);
		json_count(j, "rpo_s", s.rpo_s);
		json_count(j, "loss_s", run_data_loss(&s, &newest, &loss) ? loss : -1);
		json_count(j, "forecast_s",
			s.phase != RUN_FINISHED ? run_rest_s(&s, clock_now_ms()) : -1);
		json_bool(j, "late", s.phase != RUN_FINISHED && s.forecast_late);
		if (util_streq(status, "waiting"))
			waits_json(&s.ask, j);
		json_object_end(j);
		return;
	}
	str_fmt(&line, "%s  %-11s %s", id, status, s.mode == PLAN_DRILL ? "DRILL " : "");
	text_visible(&line, s.runbook, strlen(s.runbook), 0);
	str_fmt(&line, "  ");
	text_duration(&line, run_elapsed_s(&s, clock_now_ms()));
	str_add(&line, "  ");
	text_visible(&line, s.operator, strlen(s.operator), 0);
	if (s.phase != RUN_FINISHED && s.forecast_late)
		str_add(&line, "  LATE");
	if (util_streq(status, "waiting") && s.ask.step != NULL)
		waits_text(&s.ask, &line);
	cli_print(cli, "%s\n", str_text(&line));
}

static int
run_runs(struct cli *cli)
{
	struct json j = json_new_pretty(&cli->out);
	const char *format, *state;
	struct err err = ERR_INIT;
	struct texts all;
	bool json;

	if (!cli_format(cli, "text json", &format, &err) || !cli_state(cli, false, &state, &err))
		return cli_fail(cli, &err);
	json = util_streq(format, "json");
	run_dir_list(cli->arena, state, &all);
	if (json)
		json_array(&j, NULL);
	for (size_t i = 0; i < all.n; i++)
		runs_row(cli, json ? &j : NULL, all.v[i],
			path_join(cli->arena, path_join(cli->arena, state, "runs"), all.v[i]));
	if (json) {
		json_array_end(&j);
		cli_print(cli, "\n");
	}
	return 0;
}

static const struct cli_option runs_options[] = {
	{"format", 0, "text|json", "how to print", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_runs = {
	.name = "runs",
	.args = "",
	.summary = "list the runs, newest first",
	.options = runs_options,
	.run = run_runs,
};
