/*
 * cmd_company: what people say to a run from beside it: `lifeboat approve`, `handover`, `note`,
 * `inject`. Each attaches, says it, waits until the journal has it, and leaves.
 */
#include "base/banned.h"
#include "cli/run_common.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/readonly.h"
#include "base/text.h"
#include "conf/json_read.h"

#include <termios.h>

#define HEARD_MS      60000
#define SIGNATURE_MAX (16 * KIB)

/* Attached, with everything read so far and nothing of it left in the stream of lines. */
static bool
join(struct cli *cli, bool drive, struct run_client **ret, struct err *err)
{
	const char *id, *dir;
	size_t len;

	if (!readonly_check(err) || !cli_run_dir(cli, &id, &dir, err) ||
		!run_client_open(dir, drive, ret, err))
		return false;
	while (run_client_line(*ret, &len) != NULL)
		continue;
	if (run_client_alive(*ret))
		return true;
	run_client_free(*ret);
	*ret = NULL;
	err_set(err, ERR_NOT_FOUND, "The run %s has no runner: it is not running.", id);
	return err_hint(err, "lifeboat resume %s takes it up again.", id);
}

/* What the journal says when an order was taken, and when it was not. */
struct outcome {
	const char *taken, *refused;  /* events; refused may be NULL */
	const char *actor, *identity; /* whose; of a signature, or NULL */
	bool heard, good;
};

static void
read_line(struct outcome *o, const char *line, size_t len, struct err *err)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *record = json_parse(line, len, &ignored);
	const cJSON *data = json_get(record, "data");
	const char *event = json_get_text(record, "event"), *message;

	if (!util_streq(json_get_text(record, "actor"), o->actor) ||
		(o->identity != NULL && !util_streq(json_get_text(data, "identity"), o->identity)))
		return;
	if (util_streq(event, o->taken)) {
		o->heard = o->good = true;
	} else if (o->refused != NULL && util_streq(event, o->refused)) {
		message = json_get_text(data, "message");
		err_set(err, ERR_REFUSED, "%s", message != NULL ? message : "It was refused.");
		o->heard = true;
	}
}

/* Waits for the journal to have it, or for the runner's refusal. */
static bool
hear(struct run_client *c, struct outcome *o, struct err *err)
{
	int64_t deadline = clock_mono_ms() + HEARD_MS;
	const char *line;
	size_t len;

	while (!o->heard) {
		run_client_wait(c, 500);
		while (!o->heard && (line = run_client_line(c, &len)) != NULL)
			read_line(o, line, len, err);
		if (o->heard)
			break;
		if (run_client_refusal(c) != NULL) {
			err_set(err, run_client_refusal(c)->code, "%s", run_client_refusal(c)->msg);
			return run_client_refusal(c)->hint == NULL
				       ? false
				       : err_hint(err, "%s", run_client_refusal(c)->hint);
		}
		if (!run_client_alive(c) || clock_mono_ms() > deadline)
			return err_set(
				err, ERR_UNKNOWN, "The runner did not say what became of it.");
	}
	return o->good;
}

/* How the runner calls us. */
static const char *
own_name(struct cli *cli)
{
	struct ident self;

	ident_self(cli->arena, &self);
	return arena_fmt(cli->arena, "%s@%s", self.user, self.host);
}

static bool
find_request(const struct run_client *c, struct err *err)
{
	const struct run_state *s = run_client_state(c);

	if (s->ask.number != 0 && util_streq(s->ask.kind, "approve"))
		return true;
	err_set(err, ERR_NOT_FOUND, "The run %s waits for no approval.", s->id);
	return err_hint(err, "lifeboat attach %s shows what it does.", s->id);
}

static void
print_who(struct cli *cli, const struct ask *ask)
{
	cli_print(cli, "\napprovals: %zu of %lld", ask->given.n, (long long)ask->needed);
	for (size_t i = 0; i < ask->given.n; i++)
		cli_print(cli, "%s%s", i == 0 ? ", by " : ", ",
			text_safe(cli->arena, ask->given.v[i].by));
	cli_print(cli, "\nmay approve: ");
	for (size_t i = 0; i < ask->from.n; i++)
		cli_print(cli, "%s%s", i > 0 ? ", " : "", text_safe(cli->arena, ask->from.v[i]));
	cli_print(cli, "%s\ndigest: %s\n", ask->from.n == 0 ? "anybody but the operator" : "",
		ask->digest);
}

/* On a terminal for reading; else the exact bytes, to be signed. */
static int
show_request(struct cli *cli, const struct ask *ask, bool json)
{
	struct json j = json_new_pretty(&cli->out);

	if (!json) {
		cli_print(cli, "%s", ask->request);
		if (isatty(STDOUT_FILENO))
			print_who(cli, ask);
		return 0;
	}
	json_object(&j, NULL);
	json_string(&j, "step", ask->step);
	json_string(&j, "request", ask->request);
	json_string(&j, "digest", ask->digest);
	json_time(&j, "expires_at", ask->expires_ms / 1000);
	json_int(&j, "needed", ask->needed);
	json_array(&j, "given");
	for (size_t i = 0; i < ask->given.n; i++) {
		json_object(&j, NULL);
		json_string(&j, "by", ask->given.v[i].by);
		json_string(&j, "reason", ask->given.v[i].reason);
		json_bool(&j, "signed", ask->given.v[i].is_signed);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "from");
	for (size_t i = 0; i < ask->from.n; i++)
		json_string(&j, NULL, ask->from.v[i]);
	json_array_end(&j);
	json_object_end(&j);
	cli_print(cli, "\n");
	return 0;
}

/* Nothing is on Enter: the word itself must be typed, behind the whole request. */
static bool
ask_person(struct cli *cli, const struct ask *ask, bool deny, struct err *err)
{
	const char *word = deny ? "deny" : "approve";
	char line[64];
	ssize_t n;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		err_set(err, ERR_USAGE, "Without a terminal, say to which request: --digest.");
		return err_hint(err, "`lifeboat approve --show --format json` prints it.");
	}
	show_request(cli, ask, false);
	cli_print(cli, "\nTo %s this, type %s\n", word, word);
	cli_flush(cli);
	/* What was typed before the question was there answers something else. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	cli_print(cli, "> ");
	cli_flush(cli);
	n = read(STDIN_FILENO, line, sizeof(line) - 1);
	line[MAX(n, 0)] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return util_streq(line, word) || err_set(err, ERR_REFUSED, "Nothing was said to the run.");
}

static bool
read_signature(struct cli *cli, const char *path, const char **ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(SIGNATURE_MAX);

	if (!file_read(path, SIGNATURE_MAX, &text, err))
		return false;
	*ret = arena_strdup(cli->arena, str_text(&text));
	return true;
}

static bool
say_consent(struct cli *cli, struct run_client *c, struct err *err)
{
	const struct ask *ask = &run_client_state(c)->ask;
	const char *file = cli_value(cli, "signature"), *digest = cli_value(cli, "digest");
	struct run_consent consent = {.digest = digest,
		.reason = cli_value(cli, "reason"),
		.identity = cli_value(cli, "as"),
		.deny = cli_flag(cli, "deny")};
	struct outcome o = {.taken = consent.deny ? "approval.denied" : "approval.given",
		.refused = "approval.refused",
		.actor = own_name(cli)};

	if ((file != NULL) != (consent.identity != NULL) || (file != NULL && consent.deny))
		return err_set(err, ERR_USAGE,
			"--signature and --as go together, and only with a consent.");
	if (ask->stay && !consent.deny) {
		err_set(err, ERR_REFUSED,
			"Who approves this step stays at the run until it is over.");
		return err_hint(
			err, "lifeboat attach %s, and approve it there.", run_client_state(c)->id);
	}
	if (file != NULL && !read_signature(cli, file, &consent.signature, err))
		return false;
	/* What is signed, or named by its digest, was read before. */
	if (file == NULL && digest == NULL && !ask_person(cli, ask, consent.deny, err))
		return false;
	if (consent.digest == NULL)
		consent.digest = arena_strdup(cli->arena, ask->digest);
	o.identity = consent.identity;
	return run_client_consent(c, &consent, err) && hear(c, &o, err);
}

static int
run_approve(struct cli *cli)
{
	struct run_client *c = NULL;
	struct err err = ERR_INIT;
	const char *format;
	bool good, show = cli_flag(cli, "show");
	int status = 0;

	good = cli_format(cli, "text json", &format, &err) && join(cli, false, &c, &err) &&
	       find_request(c, &err);
	if (good && show)
		status = show_request(cli, &run_client_state(c)->ask, util_streq(format, "json"));
	else if (good && (good = say_consent(cli, c, &err)))
		cli_print(cli, "%s\n", cli_flag(cli, "deny") ? "denied" : "approved");
	run_client_free(c);
	return good ? status : cli_fail(cli, &err);
}

static const struct cli_option approve_options[] = {
	{"show", 0, NULL, "print the request, to be read or signed, and leave", NULL},
	{"deny", 0, NULL, "refuse it: the step fails", NULL},
	{"reason", 0, "TEXT", "recorded beside it", NULL},
	{"digest", 0, "SHA256", "of the request that was read; without it you are asked", NULL},
	{"signature", 0, "FILE", "of ssh-keygen -Y sign -n lifeboat-approval", "file"},
	{"as", 0, "ID", "whose signature: a name in the allowed signers", NULL},
	{"format", 0, "text|json", "how --show prints", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_approve = {
	.name = "approve",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "consent to the step that a run waits with, or refuse it",
	.details = "The request says what will run, where and why. Consent is for exactly that "
		   "text: what\nhas changed by then is asked for again, and the request "
		   "expires. Never the operator, never\nthe same login twice. Somebody who is "
		   "not on this host signs the request instead:\n"
		   "lifeboat approve RUN --show >request, ssh-keygen -Y sign -n "
		   "lifeboat-approval -f KEY request,\n"
		   "lifeboat approve RUN --signature request.sig --as ID.",
	.options = approve_options,
	.complete = "run",
	.run = run_approve,
};

static bool
hand_over(struct cli *cli, struct run_client *c, struct err *err)
{
	const char *to = cli_value(cli, "to");
	bool accept = cli_flag(cli, "accept"), withdraw = cli_flag(cli, "withdraw");
	struct outcome o = {.actor = own_name(cli),
		.taken = accept     ? "wheel.taken"
			 : withdraw ? "wheel.withdrawn"
				    : "wheel.offered"};

	if ((to != NULL) + accept + withdraw != 1)
		return err_set(err, ERR_USAGE, "Say --to USER, --accept or --withdraw.");
	if (!(to != NULL ? run_client_handover(c, to, err)
			 : run_client_order(c, accept ? "take" : "withdraw", NULL, err)))
		return false;
	return hear(c, &o, err);
}

static int
run_handover(struct cli *cli)
{
	const char *to = cli_value(cli, "to"), *id;
	struct run_client *c = NULL;
	struct err err = ERR_INIT;
	bool good = join(cli, true, &c, &err) && hand_over(cli, c, &err);

	if (good) {
		id = run_client_state(c)->id;
		if (to != NULL)
			cli_print(cli,
				"The wheel is offered to %s, who takes it with: lifeboat handover "
				"%s --accept\n",
				text_safe(cli->arena, to), id);
		else if (cli_flag(cli, "accept"))
			cli_print(cli, "You drive. lifeboat attach %s\n", id);
	}
	run_client_free(c);
	return good ? 0 : cli_fail(cli, &err);
}

static const struct cli_option handover_options[] = {
	{"to", 0, "USER", "offer the wheel; \"*\" for whoever takes it", NULL},
	{"accept", 0, NULL, "take the wheel that is offered to you", NULL},
	{"withdraw", 0, NULL, "take the offer back", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_handover = {
	.name = "handover",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "hand the wheel of a run to somebody else, or take it",
	.details = "What runs goes on as the user who started the run; who says so is in every "
		   "record.",
	.options = handover_options,
	.complete = "run",
	.run = run_handover,
};

static int
run_note(struct cli *cli)
{
	struct outcome o = {.taken = "run.note", .actor = own_name(cli)};
	struct run_client *c = NULL;
	struct err err = ERR_INIT;
	bool good = join(cli, false, &c, &err) && run_client_order(c, "note", cli->args[1], &err) &&
		    hear(c, &o, &err);

	run_client_free(c);
	return good ? 0 : cli_fail(cli, &err);
}

const struct cli_command cli_cmd_note = {
	.name = "note",
	.args = "RUN TEXT",
	.min_args = 2,
	.max_args = 2,
	.summary = "write a note into a run's journal; everybody who watches reads it",
	.complete = "run",
	.run = run_note,
};

static bool
say_injection(struct cli *cli, struct run_client *c, struct err *err)
{
	const char *what = cli->args[1], *arg = cli->nargs > 2 ? cli->args[2] : NULL;
	bool clock = util_starts(what, "clock-"), asleep = strcmp(what, "approver-asleep") == 0;
	struct outcome o = {
		.taken = clock ? "drill.clock" : "drill.injected", .actor = own_name(cli)};
	int64_t seconds = 0;

	if (clock && strcmp(what, "clock-stop") != 0 && strcmp(what, "clock-go") != 0)
		return err_set(err, ERR_USAGE, "The clock has clock-stop and clock-go.");
	if (asleep && arg != NULL && (!clock_parse_duration(arg, &seconds) || seconds < 1))
		return err_set(err, ERR_USAGE, "\"%s\" is no duration, like 10m.", arg);
	if (!(clock ? run_client_clock(c, strcmp(what, "clock-go") == 0, err)
		    : run_client_inject(c, what, asleep ? NULL : arg, seconds, err)))
		return false;
	return hear(c, &o, err);
}

static int
run_inject(struct cli *cli)
{
	struct run_client *c = NULL;
	struct err err = ERR_INIT;
	bool good = join(cli, false, &c, &err) && say_injection(cli, c, &err);

	run_client_free(c);
	return good ? 0 : cli_fail(cli, &err);
}

const struct cli_command cli_cmd_inject = {
	.name = "inject",
	.args = "RUN WHAT [STEP|DURATION]",
	.min_args = 2,
	.max_args = 3,
	.summary = "make something go wrong in a drill",
	.details = "WHAT is fail-step STEP (its next try fails), source-gone (the next step that "
		   "takes a backup\nfinds none), approver-asleep DURATION, clock-stop or clock-go "
		   "(the recovery clock stands\nstill while people talk). Never in a live run.",
	.complete = "run",
	.run = run_inject,
};
