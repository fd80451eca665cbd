#include "base/banned.h"
#include "cli/run_common.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/readonly.h"
#include "run/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>

bool
cli_state(struct cli *cli, bool create, const char **ret, struct err *err)
{
	return path_state(cli->arena, create, ret, err);
}

bool
cli_run_dir(struct cli *cli, const char **ret_id, const char **ret, struct err *err)
{
	const char *state;

	return cli_state(cli, false, &state, err) &&
	       run_dir_find(
		       cli->arena, state, cli->nargs > 0 ? cli->args[0] : "last", ret_id, ret, err);
}

static bool
print_findings(struct problems *p, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(256 * KIB);
	const struct problem *it;
	size_t blocking = 0;

	vec_each (&p->list, it)
		blocking += runbook_lint_blocks(it);
	problems_text(p, &text);
	if (text.len > 0 && !file_write_all(STDERR_FILENO, text.buf, text.len))
		return err_sys(err, ERR_IO, errno, "Cannot write to standard error");
	/* Among findings that were too many to keep, any may be one that matters. */
	if (blocking == 0 && p->dropped == 0)
		return true;
	return err_set(err, ERR_CONFIG, "The runbook %s is not safe to run.", p->file);
}

static bool
load_runbook(struct cli *cli, struct runbook **ret, struct err *err)
{
	struct problems p;
	const char *path;

	if (!runbook_find(cli->arena, cli->args[0], &path, err))
		return false;
	problems_init(&p, cli->arena, path);
	*ret = runbook_load(path, true, &p);
	if (*ret == NULL) {
		CLEANUP(err_done) struct err findings = ERR_INIT;

		/* Who may write the file decides what runs: that is a refusal, not a typing error.
		 */
		if (p.list.n > 0 && util_streq(p.list.v[0].rule, "unsafe-permissions")) {
			err_set(err, ERR_UNSAFE, "%s", p.list.v[0].message);
			if (p.list.v[0].hint != NULL)
				err_hint(err, "%s", p.list.v[0].hint);
			return false;
		}
		if (!print_findings(&p, &findings))
			return err_set(err, ERR_CONFIG, "The runbook %s is not usable.", path);
		return err_set(err, ERR_CONFIG, "The runbook %s is not usable.", path);
	}
	runbook_lint(*ret, &p);
	return print_findings(&p, err);
}

/* When it began to matter, for the recovery clock. */
static bool
read_incident(struct cli *cli, int64_t *ret, struct err *err)
{
	const char *text = cli_value(cli, "incident");

	*ret = CLOCK_NONE;
	if (text == NULL)
		return true;
	if (clock_parse(text, ret) && *ret <= clock_now() && *ret > clock_now() - 30 * 86400LL)
		return true;
	err_set(err, ERR_USAGE, "--incident takes a time within the last 30 days, not \"%s\".",
		text);
	return err_hint(err, "With its zone, like 2026-11-20T14:32:07Z.");
}

static void
keep_sandbox(struct arena *a, struct plan_options *o)
{
	const char **sets = arena_array(a, o->nsets + 1, sizeof(*sets));

	if (o->nsets > 0)
		memcpy(sets, o->sets, o->nsets * sizeof(*sets));
	sets[o->nsets++] = "keep_sandbox=yes";
	o->sets = sets;
}

bool
cli_plan(struct cli *cli, bool attended, struct plan **ret, struct err *err)
{
	struct plan_options o = {
		.mode = cli_flag(cli, "drill") ? PLAN_DRILL : PLAN_LIVE, .attended = attended};
	const struct site *site;
	struct runbook *r = NULL;
	struct ident self;
	const char *state;

	if (!load_runbook(cli, &r, err) || !cli_site(cli, false, &site, err) ||
		!cli_state(cli, true, &state, err) || !read_incident(cli, &o.incident, err))
		return false;
	ident_self(cli->arena, &self);
	o.operator= ident_text(cli->arena, &self);
	o.nsets = cli_values(cli, "set", &o.sets);
	if (cli_flag(cli, "keep-sandbox"))
		keep_sandbox(cli->arena, &o);
	o.cached = readonly_is_set(); /* a look at the places would write into the catalog */
	return plan_build(cli->arena, r, site, state, &o, ret, err);
}

static volatile sig_atomic_t prompt_cancelled;

static void
on_cancel(int sig)
{
	prompt_cancelled = 1;
}

/* A signal in mid-prompt must not leave the terminal without its echo (F48). */
static const int prompt_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static void
take_signals(struct sigaction old[], sigset_t *old_mask)
{
	sigset_t set;

	prompt_cancelled = 0;
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(prompt_signals); i++) {
		struct sigaction act = {
			.sa_handler = prompt_signals[i] == SIGTSTP ? SIG_IGN : on_cancel};

		sigaction(prompt_signals[i], &act, &old[i]);
		sigaddset(&set, prompt_signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, old_mask);
}

static void
give_signals_back(const struct sigaction old[], const sigset_t *old_mask)
{
	sigprocmask(SIG_SETMASK, old_mask, NULL);
	for (size_t i = 0; i < ARRAY_LEN(prompt_signals); i++)
		sigaction(prompt_signals[i], &old[i], NULL);
}

/* One line, without its newline; returns its length. */
static size_t
read_line(int fd, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size && !prompt_cancelled) {
		ssize_t n = read(fd, bytes + len, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || bytes[len] == '\n')
			break;
		len++;
	}
	return len;
}

bool
cli_prompt_secret(const char *name, struct secret **ret, void *arg, struct err *err)
{
	CLEANUP(util_close) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct sigaction handlers[ARRAY_LEN(prompt_signals)];
	struct termios old, quiet;
	char bytes[SECRET_MAX];
	sigset_t mask;
	size_t len;

	*ret = NULL;
	if (fd < 0 || tcgetattr(fd, &old) < 0)
		return true;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	take_signals(handlers, &mask);
	tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s: ", name);
	len = read_line(fd, bytes, sizeof(bytes));
	tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	give_signals_back(handlers, &mask);
	if (len > 0 && len < sizeof(bytes) && !prompt_cancelled)
		*ret = secret_new(bytes, len);
	explicit_bzero(bytes, sizeof(bytes));
	if (prompt_cancelled)
		return err_set(err, ERR_STOPPED, "The secret %s was not given.", name);
	return len < sizeof(bytes) ||
	       err_set(err, ERR_LIMIT, "The secret %s is longer than 4095 bytes.", name);
}
