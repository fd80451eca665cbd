/*
 * follow: a run line by line, for terminals that are no console and for no terminal at all.
 */
#include "base/banned.h"
#include "cli/follow_output.h"
#include "cli/run_common.h"
#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>

#define LINE_MAX_BYTES 4000

struct follow {
	struct cli *cli;
	struct run_client *client;
	const char *dir;
	unsigned flags;
	enum step_status *shown; /* by step */
	size_t nshown;
	int64_t asked; /* the number of the question that was put last */
	size_t notes_shown;
	int64_t forecast_shown;
	const char *driver, *offer; /* that were shown, in the state's arena */
	struct follow_output output;
	int handled; /* of the signals that came */
	sigset_t unblocked;
	bool leave, input_gone;
};

static volatile sig_atomic_t interrupted;

void
cli_hold_signals(void)
{
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, NULL);
}

static void
on_signal(int sig)
{
	interrupted++;
}

static void
print_text(struct follow *f, const char *prefix, const char *text)
{
	follow_print(f->cli, prefix, text, strlen(text));
}

static void
print_step(struct follow *f, size_t i, const struct step_state *st)
{
	CLEANUP(str_done) struct str line = STR_INIT(8 * KIB);

	str_fmt(&line, "%2zu/%zu %s: %s", i + 1, run_client_state(f->client)->nsteps, st->id,
		step_status_name(st->status));
	if (step_status_final(st->status) && st->seconds >= 0)
		str_fmt(&line, " (%.1f s)", st->seconds);
	if (st->by != NULL && st->reason != NULL)
		str_fmt(&line, " (%s: %s)", st->by, st->reason);
	print_text(f, "", str_text(&line));
	if (st->status == STEP_RUNNING && st->describe != NULL)
		print_text(f, "      | ", st->describe);
	if (st->status == STEP_RUNNING && st->live != NULL)
		print_text(f, "      on ", st->live);
	if ((st->status == STEP_FAILED || st->status == STEP_UNKNOWN) && st->message != NULL) {
		print_text(f, "      ", st->message);
		if (st->hint != NULL)
			print_text(f, "      ", st->hint);
	}
}

static void
print_output(struct follow *f, const struct step_state *st)
{
	if ((f->flags & FOLLOW_OUTPUT) && st->attempt > 0)
		follow_output_print(&f->output, f->cli, st);
}

static void
print_progress(struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);

	for (size_t i = 0; f->shown != NULL && i < s->nsteps; i++) {
		const struct step_state *st = &s->steps[i];
		bool ended = st->status != STEP_RUNNING;

		if (f->nshown <= i) {
			f->shown[i] = STEP_PENDING;
			f->nshown = i + 1;
		}
		if (util_streq(st->id, f->output.step) || st->status == STEP_RUNNING) {
			if (f->shown[i] != st->status && !ended)
				print_step(f, i, st);
			print_output(f, st);
			if (f->shown[i] != st->status && ended)
				print_step(f, i, st);
		} else if (f->shown[i] != st->status && st->status != STEP_PENDING) {
			print_output(f, st);
			print_step(f, i, st);
		}
		f->shown[i] = st->status;
	}
}

static void
print_lines(struct follow *f)
{
	const char *line;
	size_t len;

	while ((line = run_client_line(f->client, &len)) != NULL)
		if (f->flags & FOLLOW_JSONL)
			cli_print(f->cli, "%.*s\n", (int)len, line);
}

/* Whom it waits for, and what those can do about it. */
static void
print_approval(struct follow *f, const struct ask *ask)
{
	char until[CLOCK_TEXT];
	const struct run_state *s = run_client_state(f->client);

	print_text(f, "  | ", ask->request);
	cli_print(f->cli, "  approvals: %zu of %lld, from ", ask->given.n, (long long)ask->needed);
	for (size_t i = 0; i < ask->from.n; i++)
		cli_print(f->cli, "%s%s", i > 0 ? ", " : "",
			text_safe(f->cli->arena, ask->from.v[i]));
	cli_print(f->cli, "%s, until %s\n", ask->from.n == 0 ? "anybody but the operator" : "",
		clock_format(ask->expires_ms / 1000, until));
	cli_print(f->cli, "  they say: lifeboat approve %s\n", s->id);
}

static void
print_ask(struct follow *f, const struct ask *ask)
{
	const struct run_state *s = run_client_state(f->client);

	cli_print(f->cli, "\n");
	print_text(f, "? ", ask->text);
	if (ask->request != NULL)
		print_approval(f, ask);
	else if (ask->show != NULL)
		print_text(f, "  | ", ask->show);
	if (ask->live != NULL)
		print_text(f, "  target: ", ask->live);
	if (util_streq(ask->environment, "production"))
		cli_print(f->cli, "  PRODUCTION\n");
	if (s->mode == PLAN_DRILL)
		cli_print(f->cli, "  DRILL\n");
	if (ask->irreversible != NULL)
		print_text(f, "  IRREVERSIBLE: ", ask->irreversible);
	for (size_t i = 0; i < ask->options.n; i++)
		print_text(f, "  - ", ask->options.v[i]);
	cli_print(f->cli, "  answers:");
	if (ask->request != NULL && !run_client_operator(f->client))
		cli_print(f->cli, " approve deny");
	for (size_t i = 0; i < ask->choices.n; i++)
		cli_print(f->cli, " %s", ask->choices.v[i]);
	cli_print(f->cli, "%s\n",
		ask->type != NULL ? "" : "  (and a text behind it, where one is wanted)");
	if (util_streq(ask->kind, "failed") || util_streq(ask->kind, "unknown"))
		cli_print(f->cli, "  or: handover USER\n");
	if (ask->type != NULL)
		print_text(f, "  to confirm, type: confirm ", text_name(f->cli->arena, ask->type));
	cli_flush(f->cli);
	/* What was typed before the question was there answers something else. */
	tcflush(STDIN_FILENO, TCIFLUSH);
	cli_print(f->cli, "> ");
}

/* The question that stands on the screen, and no other one. */
static bool
is_asked(const struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);

	return s->ask.number != 0 && s->ask.number == f->asked;
}

/* What can be said at any time; false when the word is none of these. */
static bool
take_word(struct follow *f, const char *word, const char *text, struct err *err)
{
	const struct run_state *s = run_client_state(f->client);

	if (strcmp(word, "note") == 0)
		return run_client_order(f->client, "note", text, err);
	if (strcmp(word, "handover") == 0)
		return run_client_handover(f->client, text, err);
	if (strcmp(word, "withdraw") == 0 || (strcmp(word, "take") == 0 && s->wheel_offer != NULL))
		return run_client_order(f->client, word, NULL, err);
	return false;
}

static bool
take_answer(struct follow *f, const char *word, const char *text, struct err *err)
{
	const struct ask *ask = &run_client_state(f->client)->ask;
	struct run_consent consent = {
		.digest = ask->digest, .reason = text, .deny = word[0] == 'd'};

	if (ask->request != NULL && (strcmp(word, "approve") == 0 || strcmp(word, "deny") == 0))
		return run_client_consent(f->client, &consent, err);
	return run_client_answer(f->client, ask->number, word, text, err);
}

static void
take_line(struct follow *f, char *line)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	bool asked = is_asked(f), prompt = false;
	char *text;

	line[strcspn(line, "\r\n")] = '\0';
	text = line + strcspn(line, " ");
	if (*text != '\0')
		*text++ = '\0';
	text += strspn(text, " ");
	/* Nothing is on Enter. */
	if (line[0] == '\0' || take_word(f, line, text, &err))
		prompt = true;
	else if (err.code == ERR_NONE && asked && take_answer(f, line, text, &err))
		prompt = false;
	if (err.code != ERR_NONE)
		print_text(f, "! ", err.msg);
	if (asked && prompt)
		cli_print(f->cli, "> ");
	cli_flush(f->cli);
}

/* It comes when the runner gets to it. The question stands, unless somebody else was faster. */
static void
print_refusal(struct follow *f)
{
	const struct err *refusal = run_client_refusal(f->client);

	if (refusal == NULL)
		return;
	print_text(f, "! ", refusal->msg);
	if (refusal->hint != NULL)
		print_text(f, "! ", refusal->hint);
	run_client_forget_refusal(f->client);
	if ((f->flags & FOLLOW_ASK) && is_asked(f))
		cli_print(f->cli, "> ");
}

static void
print_wheel(struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);

	if (f->driver == NULL)
		f->driver = s->operator;
	if (s->wheel_offer != NULL && s->wheel_offer != f->offer)
		print_text(f, "wheel: ",
			arena_fmt(f->cli->arena, "offered to %s by %s; who is meant types take",
				s->wheel_offer, s->operator));
	f->offer = s->wheel_offer;
	if (s->operator!= f->driver)
		print_text(f, "wheel: ", arena_fmt(f->cli->arena, "%s drives", s->operator));
	f->driver = s->operator;
}

/* What people and the runner had to say beside the steps. */
static void
print_notes(struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);

	for (; f->notes_shown < s->notes.n; f->notes_shown++) {
		print_text(f, "note: ", s->notes.v[f->notes_shown].text);
		print_text(f, "      by ", s->notes.v[f->notes_shown].who);
	}
	if (s->forecast_ms != f->forecast_shown && s->forecast_text != NULL) {
		f->forecast_shown = s->forecast_ms;
		print_text(f, s->forecast_late ? "LATE: " : "forecast: ", s->forecast_text);
	}
	print_wheel(f);
}

static void
read_terminal(struct follow *f)
{
	char line[LINE_MAX_BYTES];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		/* The terminal is gone; the run is not. */
		f->input_gone = f->leave = true;
		return;
	}
	line[n] = '\0';
	take_line(f, line);
}

static void
take_interrupts(struct follow *f)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (f->handled == interrupted)
		return;
	f->handled = interrupted;
	/* The first asks for a stop, which ends the step at hand as well. */
	if (!(f->flags & FOLLOW_STOP) || f->handled > 2 ||
		!run_client_order(f->client, "stop", NULL, &err))
		f->leave = true;
}

static void
wait_for_more(struct follow *f)
{
	bool ask = (f->flags & FOLLOW_ASK) && !f->input_gone;
	struct pollfd p[] = {
		{run_client_fd(f->client), POLLIN, 0}, {ask ? STDIN_FILENO : -1, POLLIN, 0}};
	/* Signals come in here and nowhere else, so that none is missed. */
	const struct timespec limit = {0, f->output.behind ? 0 : 250000000};

	if (ppoll(p, 2, &limit, &f->unblocked) > 0 && p[1].revents != 0)
		read_terminal(f);
	take_interrupts(f);
	run_client_pump(f->client);
}

static void
show(struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);

	if (f->shown == NULL && s->nsteps > 0)
		f->shown = arena_array(f->cli->arena, s->nsteps, sizeof(*f->shown));
	print_lines(f);
	if (!(f->flags & FOLLOW_JSONL)) {
		print_progress(f);
		print_notes(f);
		print_refusal(f);
	}
	if ((f->flags & FOLLOW_ASK) && s->ask.number != 0 && s->ask.number != f->asked) {
		f->asked = s->ask.number;
		print_ask(f, &s->ask);
	}
	cli_flush(f->cli);
}

static int
ended(struct follow *f)
{
	const struct run_state *s = run_client_state(f->client);
	const char *message = run_client_message(f->client), *hint = run_client_hint(f->client);
	int status = run_client_exit(f->client);

	cli_flush(f->cli);
	if (f->leave && s->phase != RUN_FINISHED && run_client_alive(f->client)) {
		fprintf(stderr, "lifeboat: The run goes on. Watch it: lifeboat attach %s\n", s->id);
		return 2; /* how it ends is not known here */
	}
	if (s->id == NULL || s->nsteps == 0) {
		fprintf(stderr, "lifeboat: The journal in %s can't be read as one of a run.\n",
			f->dir);
		return 2;
	}
	if (s->phase != RUN_FINISHED && message == NULL) {
		fprintf(stderr,
			"lifeboat: The runner is gone; the run was interrupted.\n"
			"  Take it up again: lifeboat resume %s\n",
			s->id);
		return 2;
	}
	if (f->flags & FOLLOW_JSONL) {
		/* What could not be recorded is in no line of the journal. */
		if (s->phase != RUN_FINISHED)
			fprintf(stderr, "lifeboat: %s\n", text_safe(f->cli->arena, message));
		return status;
	}
	cli_print(f->cli, "run %s: %s", s->id, s->outcome != NULL ? s->outcome : "not recorded");
	cli_print(f->cli, " (%lld s)\n", (long long)run_elapsed_s(s, clock_now_ms()));
	if (message != NULL)
		print_text(f, "  ", message);
	if (hint != NULL)
		print_text(f, "  ", hint);
	return status;
}

int
cli_follow(struct cli *cli, const char *dir, unsigned flags)
{
	struct follow f = {.cli = cli,
		.dir = dir,
		.flags = flags,
		.forecast_shown = -1,
		.output = {.dir = dir, .person = flags & FOLLOW_ASK}};
	struct sigaction act = {.sa_handler = on_signal};
	struct err err = ERR_INIT;
	int status;

	if (!run_client_open(dir, true, &f.client, &err))
		return cli_fail(cli, &err);
	cli_hold_signals();
	sigprocmask(SIG_SETMASK, NULL, &f.unblocked);
	sigdelset(&f.unblocked, SIGINT);
	sigdelset(&f.unblocked, SIGTERM);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	for (;;) {
		bool alive = run_client_alive(f.client);

		run_client_pump(f.client);
		show(&f);
		/* What the runner wrote before it went is read once more. */
		if (f.leave || run_client_state(f.client)->phase == RUN_FINISHED || !alive)
			break;
		wait_for_more(&f);
	}
	status = ended(&f);
	run_client_free(f.client);
	return status;
}
