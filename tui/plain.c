#include "base/banned.h"
#include "tui/plain.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"
#include "catalog/verdict.h"
#include "tui/view/verdicts.h"

#include <errno.h>
#include <unistd.h>

#define WORDS_MAX  24
#define LINE_BYTES 4096

extern char **environ;

struct plain {
	struct cli *cli;
	const struct app_options *options;
	struct shelf shelf;
};

/* The board */

static void
say_set(struct plain *p, size_t number, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str out = STR_INIT(16 * KIB);

	str_fmt(&out, "%zu. %s: %s/%s.", number, verdict_word(row->v.verdict), row->facts->asset,
		row->facts->set);
	for (size_t i = 0; i < row->v.reasons.n; i++)
		str_fmt(&out, " %s", row->v.reasons.v[i]);
	if (row->has_newest) {
		str_add(&out, " Newest good backup: ");
		verdict_time_long(&out, row->newest.finished_at);
		str_add(&out, ", ");
		text_size(&out, row->newest.size);
		str_addc(&out, '.');
	}
	if (row->v.proven == NULL) {
		str_add(&out, " Nothing proves that its backups are good.");
	} else {
		str_add(&out, " Proven: ");
		verdict_proof(&out, row->v.proven, now);
		str_addc(&out, '.');
	}
	for (size_t i = 0; i < row->v.ncopies; i++)
		str_fmt(&out, " Copy in %s: %s.", row->v.copies[i].location,
			verdict_word(row->v.copies[i].verdict));
	cli_print(p->cli, "%s\n", text_safe(p->cli->arena, str_text(&out)));
}

static void
say_summary(struct plain *p, int64_t now)
{
	CLEANUP(str_done) struct str out = STR_INIT(4 * KIB);
	const struct board *b = &p->shelf.board;
	int64_t age = shelf_age(&p->shelf, now);

	str_fmt(&out, "Lifeboat, site %s. ", b->site != NULL ? b->site : "unknown");
	for (int v = VERDICTS - 1; v >= 0; v--)
		if (b->counts[v] > 0)
			str_fmt(&out, "%s %zu. ", verdict_word((enum verdict)v), b->counts[v]);
	if (age >= 0) {
		str_add(&out, "As of ");
		text_duration(&out, age);
		str_add(&out, " ago.");
	} else {
		str_add(&out, "Nobody has looked at the backups yet: refresh does.");
	}
	cli_print(p->cli, "%s\n", text_safe(p->cli->arena, str_text(&out)));
}

static int
say_board(struct plain *p)
{
	int64_t now = clock_now();
	const struct board *b = &p->shelf.board;

	shelf_open(&p->shelf, now);
	if (p->shelf.catalog == NULL) {
		const char *why = p->options->site_problem != NULL ? p->options->site_problem
								   : p->shelf.why.msg;
		CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);

		text_visible(&out, why, strlen(why), TEXT_LINES);
		cli_print(p->cli, "%s\n", str_text(&out));
		return verdict_status(VERDICT_UNKNOWN);
	}
	say_summary(p, now);
	for (size_t i = 0; i < b->n; i++)
		say_set(p, i + 1, &b->rows[i], now);
	return verdict_status(b->verdict);
}

/* What can be asked for: commands of ours, each with what it takes. No shell, ever. */

static const struct {
	const char *word, *about;
	const char *const argv[4];
} words[] = {
	{"refresh", "looks at all backup locations", {"collect"}},
	{"backups", "ASSET/SET: its backups", {"backups"}},
	{"show", "BACKUP: one of them", {"show"}},
	{"window", "ASSET: to which moments can we recover", {"window"}},
	{"runbooks", "what can be done", {"runbooks"}},
	{"plan", "RUNBOOK: exactly what it would run", {"plan"}},
	{"run", "RUNBOOK: does it, question by question", {"run", "--plain"}},
	{"runs", "what was done, what goes on", {"runs"}},
	{"attach", "RUN: goes on with it", {"attach", "--plain"}},
	{"report", "RUN: what was done in it", {"report"}},
	{"audit", "the end of the audit log", {"audit", "tail"}},
};

static void
say_words(struct plain *p)
{
	cli_print(p->cli, "board: this, once more. A number: that set.\n");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		cli_print(p->cli, "%s %s.\n", words[i].word, words[i].about);
	cli_print(p->cli, "help: this list. quit: leaves.\n");
}

static void
start(struct plain *p, const char *const *first, const char *const *rest)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *argv[WORDS_MAX + 8] = {"lifeboat"};
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = (char *const *)argv,
		.envp = environ,
		.fds = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO},
		.nfds = 3};
	size_t n = 1;
	pid_t pid;

	for (; *first != NULL; first++)
		argv[n++] = *first;
	if (p->options->site_file != NULL) {
		argv[n++] = "--site";
		argv[n++] = p->options->site_file;
	}
	for (; *rest != NULL && n < ARRAY_LEN(argv) - 1; rest++)
		argv[n++] = *rest;
	cli_flush(p->cli);
	if (proc_spawn(&spec, &pid, &err))
		proc_wait(pid);
	else
		cli_fail(p->cli, &err);
}

static void
say_number(struct plain *p, const char *word)
{
	const struct board *b = &p->shelf.board;
	unsigned long n = strtoul(word, NULL, 10);
	const char *id;

	if (n < 1 || n > b->n) {
		cli_print(p->cli, "There is no set %s.\n", text_safe(p->cli->arena, word));
		return;
	}
	say_set(p, n, &b->rows[n - 1], clock_now());
	id = arena_fmt(
		p->cli->arena, "%s/%s", b->rows[n - 1].facts->asset, b->rows[n - 1].facts->set);
	start(p, (const char *const[]){"backups", NULL}, (const char *const[]){id, NULL});
}

/* False: the person leaves. */
static bool
obey(struct plain *p, char *line)
{
	const char *said[WORDS_MAX + 1] = {NULL};
	char *rest = line, *word;
	size_t n = 0;

	while (n < WORDS_MAX && (word = strsep(&rest, " \t\r\n")) != NULL)
		if (word[0] != '\0')
			said[n++] = word;
	if (n == 0)
		return true;
	if (strcmp(said[0], "quit") == 0 || strcmp(said[0], "q") == 0)
		return false;
	if (strcmp(said[0], "board") == 0) {
		say_board(p);
		return true;
	}
	if (strspn(said[0], "0123456789") == strlen(said[0])) {
		say_number(p, said[0]);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(said[0], words[i].word) == 0) {
			start(p, words[i].argv, said + 1);
			return true;
		}
	}
	say_words(p);
	return true;
}

static void
converse(struct plain *p)
{
	char line[LINE_BYTES];
	ssize_t n;

	for (;;) {
		cli_print(p->cli, "\nWhat now? help lists the words, quit leaves.\n> ");
		cli_flush(p->cli);
		while ((n = read(STDIN_FILENO, line, sizeof(line) - 1)) < 0 && errno == EINTR)
			;
		if (n <= 0)
			return;
		line[n] = '\0';
		if (!obey(p, line))
			return;
	}
}

static void
say_how_to_go_on(struct cli *cli)
{
	cli_print(cli, "\n"
		       "How to go on:\n"
		       "  lifeboat board --refresh       look at all backup locations again\n"
		       "  lifeboat backups ASSET/SET     the backups of a set\n"
		       "  lifeboat runbooks              what can be done\n"
		       "  lifeboat plan RUNBOOK          exactly what it would run\n"
		       "  lifeboat run RUNBOOK --plain   do it, question by question\n"
		       "  lifeboat runs                  what was done, what runs\n"
		       "  lifeboat help                  everything else\n");
}

int
plain_run(struct cli *cli, const struct app_options *o)
{
	struct plain p = {.cli = cli, .options = o};
	int status;

	shelf_init(&p.shelf, o->state, o->site);
	status = say_board(&p);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		say_how_to_go_on(cli);
	} else {
		converse(&p);
		status = 0;
	}
	shelf_done(&p.shelf);
	return status;
}
