#include "base/banned.h"
#include "sketch.h"
#include "tui/term/output.h"
#include "tui/term/restore.h"
#include "tui/term/term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>

/* A child on a pseudo-terminal; the slave stays open here, to look at its modes afterwards. */
struct stage_child {
	pid_t pid;
	int master, slave;
	struct termios before;
	struct str out;
};

static bool
start(struct stage_child *c)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct rlimit no_core = {0, 0};

	*c = (struct stage_child){.out = STR_INIT(1 << 20)};
	assert_int_equal(openpty(&c->master, &c->slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(c->slave, &c->before), 0);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (c->pid > 0)
		return false;
	/* The child: a session of its own on this terminal. */
	setrlimit(RLIMIT_CORE, &no_core);
	setenv("TERM", "xterm-256color", 1);
	close(c->master);
	if (login_tty(c->slave) < 0)
		_exit(100);
	return true;
}

/* Reads to the child's end; its wait status. */
static int
end(struct stage_child *c)
{
	int status = -1;
	bool ended = false;

	for (int quiet = 0; quiet < 200 && !(ended && quiet > 1);) {
		struct pollfd p = {c->master, POLLIN, 0};
		char chunk[4096];
		ssize_t n;

		if (poll(&p, 1, 50) > 0 && (n = read(c->master, chunk, sizeof(chunk))) > 0) {
			str_addn(&c->out, chunk, (size_t)n);
			quiet = 0;
		} else {
			quiet++;
		}
		ended = ended || waitpid(c->pid, &status, WNOHANG) == c->pid;
	}
	if (!ended) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, &status, 0);
		fail_msg("the child did not end");
	}
	return status;
}

static void
done(struct stage_child *c)
{
	close(c->master);
	close(c->slave);
	str_done(&c->out);
}

static bool
same_modes(const struct stage_child *c)
{
	struct termios now;

	assert_int_equal(tcgetattr(c->slave, &now), 0);
	return now.c_lflag == c->before.c_lflag && now.c_iflag == c->before.c_iflag &&
	       now.c_oflag == c->before.c_oflag;
}

static struct terminal *
open_or_exit(void)
{
	struct err err = ERR_INIT;
	struct terminal *t;
	struct theme theme;

	theme_default(&theme);
	if (!term_open(&theme, &t, &err))
		_exit(101);
	return t;
}

static const char *
last_of(struct stage_child *c, const char *text)
{
	const char *at = NULL, *next = str_text(&c->out);

	while ((next = strstr(next, text)) != NULL)
		at = next++;
	return at;
}

#define RMCUP "\033[?1049l"

/* The reason of a crash comes out behind the screen, and harmless. */
static void
test_message_of_a_crash(void **state)
{
	struct stage_child c;
	int status;

	if (start(&c)) {
		struct canvas *canvas = canvas_new(80, 24, false);
		struct terminal *t = open_or_exit();

		draw_text(canvas_area(canvas), 0, 0, ROLE_TEXT, "the screen");
		term_show(t, canvas);
		fprintf(stderr, "the reason \033[31m of it\n");
		abort();
	}
	status = end(&c);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(last_of(&c, RMCUP));
	assert_non_null(strstr(last_of(&c, RMCUP), "the reason ?[31m of it\r\n"));
	assert_ptr_equal(last_of(&c, "the reason"), strstr(str_text(&c.out), "the reason"));
	assert_true(same_modes(&c));
	done(&c);
}

static void
test_messages_of_a_normal_end(void **state)
{
	struct stage_child c;

	if (start(&c)) {
		struct terminal *t = open_or_exit();

		fprintf(stderr, "first\n");
		term_close(t);
		fprintf(stderr, "second\n");
		_exit(7);
	}
	assert_int_equal(WEXITSTATUS(end(&c)), 7);
	assert_non_null(strstr(last_of(&c, RMCUP), "first"));
	assert_true(last_of(&c, "second") > last_of(&c, "first"));
	assert_true(same_modes(&c));
	done(&c);
}

/* F48: every step is tried, though another fails. */
static void
test_every_step_is_tried(void **state)
{
	for (int broken = 0; broken < 3; broken++) {
		struct stage_child c;
		struct termios raw;
		int status;

		if (start(&c)) {
			int in = broken == 1 ? open("/dev/null", O_RDONLY) : STDIN_FILENO;
			int out = broken == 2 ? open("/dev/full", O_WRONLY) : STDOUT_FILENO;

			raw = c.before;
			restore_arm(in, out, &c.before, "[restored]", 10);
			cfmakeraw(&raw);
			tcsetattr(STDIN_FILENO, TCSANOW, &raw);
			fprintf(stderr, "[said]");
			raise(SIGSEGV);
		}
		status = end(&c);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
		assert_int_equal(same_modes(&c), broken != 1);
		assert_int_equal(strstr(str_text(&c.out), "[restored]") != NULL, broken != 2);
		assert_non_null(strstr(str_text(&c.out), "[said]"));
		done(&c);
	}
}

/* A stack that overflowed leaves none for a handler: it has one of its own. */
static int
deeper(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	return n < 0 ? room[0] : deeper(n + 1) + room[0];
}

static void
test_stack_overflow(void **state)
{
	struct stage_child c;
	struct rlimit small = {256 * 1024, 256 * 1024};
	int status;

	if (start(&c)) {
		setrlimit(RLIMIT_STACK, &small);
		open_or_exit();
		_exit(deeper(1) == 0);
	}
	status = end(&c);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_non_null(last_of(&c, RMCUP));
	assert_true(same_modes(&c));
	done(&c);
}

static void
fill_and_drain(struct output *o, int master)
{
	CLEANUP(str_done) struct str got = STR_INIT(4 << 20);
	char chunk[4096];

	for (int i = 0; i < 300; i++)
		for (int n = 0; n < 1000; n++)
			output_add(o, "0123456789", 10);
	assert_false(output_flush(o)); /* no pty holds 3 MB */
	assert_false(output_flush_for(o, 20));
	while (!output_flush(o) || got.len < 3000000) {
		ssize_t n = read(master, chunk, sizeof(chunk));

		assert_true(n > 0);
		str_addn(&got, chunk, (size_t)n);
	}
	assert_int_equal(got.len, 3000000);
	for (size_t i = 0; i < got.len; i++)
		if (got.buf[i] != (char)('0' + i % 10))
			fail_msg("byte %zu is wrong", i);
}

static void
test_output_never_waits(void **state)
{
	struct termios raw;
	struct output o;
	int master, slave;

	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	output_init(&o, slave);
	assert_true(o.own);
	assert_false(fcntl(slave, F_GETFL) & O_NONBLOCK); /* the shell's stays as it is */
	fill_and_drain(&o, master);
	output_done(&o);
	/* Not openable a second time, as under su: slower, and it does not wait either. */
	o = (struct output){.fd = slave, .pending = STR_INIT(4 << 20)};
	fill_and_drain(&o, master);
	output_add(&o, "x", 1);
	close(master);
	assert_true(output_flush(&o)); /* gone counts as sent */
	output_done(&o);
	close(slave);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_of_a_crash),
		cmocka_unit_test(test_messages_of_a_normal_end),
		cmocka_unit_test(test_every_step_is_tried),
		cmocka_unit_test(test_stack_overflow),
		cmocka_unit_test(test_output_never_waits),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}
