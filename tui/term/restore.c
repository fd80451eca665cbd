#include "base/banned.h"
#include "tui/term/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <termios.h>

/* What ends a program: the crashes, and what is sent to make it go. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGXCPU,
	SIGTERM, SIGINT, SIGQUIT, SIGHUP};

static struct {
	volatile sig_atomic_t armed;
	int in, out;
	struct termios modes;
	char bytes[RESTORE_MAX];
	size_t len;
	int stderr_fd; /* the real one while ours is kept aside; -1 */
	int aside_fd;
	struct sigaction old[ARRAY_LEN(fatal)];
	stack_t old_stack;
} state = {.stderr_fd = -1, .aside_fd = -1};

static char signal_stack[64 * 1024];

/* Like file_write_all, but gives up when the terminal takes nothing for 200 ms. */
static void
write_patiently(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		struct pollfd p = {fd, POLLOUT, 0};
		ssize_t n;

		if (poll(&p, 1, 200) <= 0)
			return;
		n = write(fd, bytes, MIN(len, 1024));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

#define ASIDE_MAX 65536 /* the last bytes kept aside are shown */

/* Anything but printable ASCII becomes ?: a handler can't do better (base/text.h allocates). */
static void
show_aside(void)
{
	char chunk[1024];
	off_t end;
	ssize_t n;

	if (state.aside_fd < 0)
		return;
	end = lseek(state.aside_fd, 0, SEEK_END);
	for (off_t at = MAX(end - ASIDE_MAX, 0); at < end; at += n) {
		n = pread(state.aside_fd, chunk, sizeof(chunk), at);
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			if ((chunk[i] < 0x20 || chunk[i] > 0x7e) && chunk[i] != '\n')
				chunk[i] = '?';
		write_patiently(state.stderr_fd, chunk, (size_t)n);
	}
	if (ftruncate(state.aside_fd, 0) < 0 || lseek(state.aside_fd, 0, SEEK_SET) < 0)
		return;
}

static void
give_back(bool with_bytes)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, was;

	if (!state.armed)
		return;
	state.armed = 0;
	/* In the background, setting the modes would stop us instead. */
	sigaction(SIGTTOU, &ignore, &was);
	tcsetattr(state.in, TCSANOW, &state.modes);
	if (with_bytes)
		write_patiently(state.out, state.bytes, state.len);
	if (state.stderr_fd >= 0) {
		dup2(state.stderr_fd, STDERR_FILENO);
		show_aside();
	}
	sigaction(SIGTTOU, &was, NULL);
}

static void
on_fatal(int sig)
{
	int saved = errno;

	give_back(true);
	/* The disposition is the default again (SA_RESETHAND): die of the same cause. */
	errno = saved;
	raise(sig);
}

static void
take_aside(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	state.aside_fd = memfd_create("standard error", MFD_CLOEXEC);
	state.stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (state.aside_fd < 0 || state.stderr_fd < 0) {
		util_close(&state.aside_fd);
		util_close(&state.stderr_fd);
		return;
	}
	dup2(state.aside_fd, STDERR_FILENO);
}

void
restore_arm(int in, int out, const struct termios *modes, const char *bytes, size_t len)
{
	struct sigaction action = {
		.sa_handler = on_fatal, .sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER};
	stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof(signal_stack)};

	if (state.armed)
		BUG("two terminals at once");
	state.in = in;
	state.out = out;
	state.modes = *modes;
	state.len = len <= sizeof(state.bytes) ? len : 0;
	memcpy(state.bytes, bytes, state.len);
	take_aside();
	sigaltstack(&stack, &state.old_stack);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++) {
		sigaction(fatal[i], NULL, &state.old[i]);
		/* nohup's ignored SIGHUP stays ignored. */
		if (state.old[i].sa_handler != SIG_IGN)
			sigaction(fatal[i], &action, NULL);
	}
	state.armed = 1;
}

void
restore_modes(void)
{
	give_back(false);
}

void
restore_rearm(void)
{
	if (state.aside_fd >= 0)
		dup2(state.aside_fd, STDERR_FILENO);
	state.armed = 1;
}

void
restore_now(void)
{
	give_back(true);
	for (size_t i = 0; i < ARRAY_LEN(fatal); i++)
		sigaction(fatal[i], &state.old[i], NULL);
	if (!(state.old_stack.ss_flags & SS_DISABLE))
		sigaltstack(&state.old_stack, NULL);
	util_close(&state.aside_fd);
	util_close(&state.stderr_fd);
}
