/*
 * prepare: `lifeboat __prepare`: makes the plan of a run for the console, and starts it when told
 * so. What the operator saw is what starts: it is one process and one plan, and the console
 * itself neither reads backup locations nor starts anything.
 *
 * Standard output, a JSON object a line:
 *   {"plan":{...} or null,"ask":["password"]}
 *   {"started":"20261121-143207-k3f9"}
 *   {"error":{"code","message","hint"}} at any time; then it ends
 * Standard input, one line behind the first answer; without it nothing is started:
 *   {"secrets":{"password":"..."}}
 */
#include "base/banned.h"
#include "cli/run_common.h"
#include "cli/secret_wanted.h"
#include "cli/trust.h"
#include "base/file.h"
#include "base/readonly.h"
#include "conf/json_read.h"
#include "run/dir.h"
#include "run/start.h"

#include <errno.h>

#define ORDERS_MAX (64 * KIB)
#define PLAN_MAX   (16 * MIB)

struct prepare {
	struct cli *cli;
	struct plan *plan;    /* NULL when a run is resumed */
	const char *id;       /* the run that is resumed */
	const cJSON *secrets; /* of the orders */
};

static void
say_error(struct cli *cli, const struct err *err)
{
	struct json j = json_new(&cli->out);

	json_object(&j, NULL);
	json_object(&j, "error");
	json_string(&j, "code", err_name(err->code));
	json_string(&j, "message", err->msg);
	json_string(&j, "hint", err->hint);
	json_object_end(&j);
	json_object_end(&j);
	str_addc(&cli->out, '\n');
	cli_flush(cli);
}

/* The secrets that a person has to be asked for, as the runbook names them. */
static bool
write_asked(const struct plan *p, struct json *j, struct err *err)
{
	const struct plan_secret *s;

	json_array(j, "ask");
	vec_each (&p->secrets, s) {
		bool asked;

		if (!run_secret_asked(s, &asked, err))
			return false;
		if (asked && secret_wanted(p, s))
			json_string(j, NULL, s->name);
	}
	json_array_end(j);
	return true;
}

static bool
say_plan(struct prepare *p, struct plan *plan, bool whole, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(PLAN_MAX);
	struct json j = json_new(&p->cli->out), inner = json_new(&text);

	if (whole)
		plan_json(plan, &inner);
	if (text.full)
		return err_set(err, ERR_LIMIT, "The plan is larger than 16 MiB.");
	json_object(&j, NULL);
	if (whole)
		json_raw(&j, "plan", str_text(&text));
	else
		json_null(&j, "plan");
	if (!write_asked(plan, &j, err)) {
		str_cut(&p->cli->out, 0);
		return false;
	}
	json_object_end(&j);
	str_addc(&p->cli->out, '\n');
	cli_flush(p->cli);
	return true;
}

/* False without an err when there are no orders: whoever asked has gone, or changed his mind. */
static bool
read_orders(struct str *line, cJSON **ret, struct err *err)
{
	char byte;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &byte, 1)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (byte == '\n')
			break;
		str_addc(line, byte);
	}
	if (n == 0)
		return false;
	if (line->full)
		return err_set(err, ERR_LIMIT, "The orders are too long.");
	*ret = json_parse(str_text(line), line->len, err);
	return *ret != NULL;
}

/* For start_options.prompt: the console has asked already. */
static bool
given_secret(const char *name, struct secret **ret, void *arg, struct err *err)
{
	const struct prepare *p = arg;
	const char *value = json_get_text(json_get(p->secrets, "secrets"), name);

	*ret = value != NULL && value[0] != '\0' ? secret_new(value, strlen(value)) : NULL;
	return true;
}

static void
wipe(cJSON *secrets)
{
	cJSON *it;

	cJSON_ArrayForEach(it, json_get(secrets, "secrets")) if (cJSON_IsString(it))
		explicit_bzero(it->valuestring, strlen(it->valuestring));
}

static bool
start(struct prepare *p, struct err *err)
{
	CLEANUP(str_wipe) struct str line = STR_INIT(ORDERS_MAX);
	CLEANUP(json_free) cJSON *orders = NULL;
	struct start_options o = {.attended = true, .prompt = given_secret, .arg = p};
	const char *state, *id = p->id;
	struct json j = json_new(&p->cli->out);
	bool good;

	/* All of it at once: growing would leave copies of a secret behind. */
	str_pad(&line, ORDERS_MAX);
	str_cut(&line, 0);
	if (!read_orders(&line, &orders, err))
		return err->code == ERR_NONE;
	p->secrets = orders;
	good = cli_state(p->cli, true, &state, err) && trust_gate(p->cli, state, err) &&
	       (p->plan != NULL ? run_start(p->cli->arena, p->plan, state, &o, &id, err)
				: run_resume(p->cli->arena, state, id, &o, err));
	wipe(orders);
	if (!good)
		return false;
	json_object(&j, NULL);
	json_string(&j, "started", id);
	json_object_end(&j);
	str_addc(&p->cli->out, '\n');
	return true;
}

static bool
resume(struct prepare *p, struct err *err)
{
	struct plan *plan;
	const char *dir;

	return cli_run_dir(p->cli, &p->id, &dir, err) &&
	       run_pinned_plan(p->cli->arena, dir, &plan, err) && say_plan(p, plan, false, err) &&
	       start(p, err);
}

static int
run_prepare(struct cli *cli)
{
	struct prepare p = {.cli = cli};
	struct err err = ERR_INIT;
	bool good;
	int status;

	if (cli_flag(cli, "read-only"))
		readonly_set();
	if (cli_flag(cli, "resume"))
		good = resume(&p, &err);
	else
		good = cli_plan(cli, true, &p.plan, &err) && say_plan(&p, p.plan, true, &err) &&
		       start(&p, &err);
	if (good)
		return 0;
	say_error(cli, &err);
	status = err_exit_status(err.code);
	err_done(&err);
	return status;
}

static const struct cli_option options[] = {
	{"set", 0, "NAME=VALUE", "a parameter; may be repeated", NULL},
	{"drill", 0, NULL, "as a drill", NULL},
	{"resume", 0, NULL, "the argument is a run to resume", NULL},
	{"read-only", 0, NULL, "plan, and start nothing", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_prepare = {
	.name = "__prepare",
	.args = "RUNBOOK|RUN",
	.min_args = 1,
	.max_args = 1,
	.summary = "makes plans for the console, and starts their runs",
	.options = options,
	.run = run_prepare,
	.hidden = true,
};
