#include "base/banned.h"
#include "tui/term/term.h"
#include "base/clock.h"
#include "base/file.h"
#include "tui/term/caps.h"
#include "tui/term/input.h"
#include "tui/term/output.h"
#include "tui/term/restore.h"

#include <errno.h>
#include <langinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <wchar.h>

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <curses.h>

#define CLOSE_MS  200        /* how long a terminal that does not read may hold up the end */
#define DRAWN_MAX (16 * MIB) /* bytes of a frame */

/*
 * Curses draws into a file in memory and never touches the terminal: its writes would wait for
 * one that does not read, and its modes are better in one hand with restore.c.
 */
struct terminal {
	SCREEN *screen;
	FILE *drawn;
	struct output output;
	struct caps caps;
	struct input input;
	struct termios modes; /* ours, while we draw */
	struct canvas *shown; /* what curses was told last */
	cchar_t *row;         /* scratch, one row */
	enum theme_depth depth;
	attr_t attrs[ROLE_COUNT];
	bool ascii, cursor;
	int columns, rows;
};

static bool
not_a_terminal(const char *what, struct err *err)
{
	err_set(err, ERR_UNSUPPORTED, "Standard %s is not a terminal.", what);
	return err_hint(err, "The console needs one. `lifeboat help` lists what runs without, "
			     "`lifeboat --plain` asks line by line.");
}

static enum theme_depth
find_depth(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color != NULL && no_color[0] != '\0') || !has_colors() || start_color() == ERR ||
		COLORS < 8 || COLOR_PAIRS <= ROLE_COUNT)
		return THEME_MONO;
	/* Beyond 256 a number means red, green and blue; only the first eight keep their sense. */
	return COLORS == 256 ? THEME_256 : THEME_16;
}

/* Curses' pair 0 is the terminal's own colours, whatever they are. */
static short
pair_of(enum role role)
{
	return (short)((int)role + 1);
}

/* A colour that this terminal has; `bold` makes up for the bright ones where there are 8. */
static short
colour_of(int16_t colour, attr_t *bold, bool has_default, short fallback)
{
	if (colour == LOOK_DEFAULT && !has_default)
		return fallback;
	if (colour >= 8 && COLORS != 256 && COLORS != 16) {
		*bold |= A_BOLD;
		colour &= 7;
	}
	return colour;
}

static attr_t
attributes_of(const struct look *look)
{
	static const struct {
		uint8_t bit;
		attr_t attr;
	} map[] = {{LOOK_BOLD, A_BOLD}, {LOOK_DIM, A_DIM}, {LOOK_UNDERLINE, A_UNDERLINE},
		{LOOK_REVERSE, A_REVERSE}, {LOOK_ITALIC, A_ITALIC}};
	attr_t attr = A_NORMAL;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (look->attributes & map[i].bit)
			attr |= map[i].attr;
	return attr;
}

/* Codes that are in no canvas: every row differs. */
static void
forget_shown(struct terminal *t)
{
	memset(t->shown->cells, 0xff,
		(size_t)t->shown->w * (size_t)t->shown->h * sizeof(*t->shown->cells));
	clearok(curscr, TRUE);
}

void
term_set_theme(struct terminal *t, const struct theme *theme)
{
	bool has_default = t->depth != THEME_MONO && use_default_colors() == OK;

	for (enum role role = 0; role < ROLE_COUNT; role++) {
		const struct look *look = &theme->looks[role][t->depth];
		attr_t attr = attributes_of(look), unused = 0;

		if (t->depth != THEME_MONO) {
			short fg = colour_of(look->fg, &attr, has_default, COLOR_WHITE);
			short bg = colour_of(look->bg, &unused, has_default, COLOR_BLACK);

			init_pair(pair_of(role), fg, bg);
		}
		t->attrs[role] = attr;
	}
	forget_shown(t);
}

static void
ask_size(struct terminal *t)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0) {
		size.ws_col = (unsigned short)(t->caps.cols > 0 ? t->caps.cols : 80);
		size.ws_row = (unsigned short)(t->caps.rows > 0 ? t->caps.rows : 24);
	}
	t->columns = MIN(size.ws_col, CANVAS_MAX);
	t->rows = MIN(size.ws_row, CANVAS_MAX);
}

/* Curses, the shadow and the scratch row get the size that ask_size found. */
static void
apply_size(struct terminal *t)
{
	if (t->rows != LINES || t->columns != COLS)
		resizeterm(t->rows, t->columns);
	canvas_free(t->shown);
	t->shown = canvas_new(t->columns, t->rows, t->ascii);
	t->row = util_realloc(t->row, (size_t)t->columns + 1, sizeof(*t->row));
	clear();
	clearok(curscr, TRUE);
}

/* What curses has drawn since the last time, behind what waits. */
static void
take_drawn(struct terminal *t)
{
	CLEANUP(str_done) struct str bytes = STR_INIT(DRAWN_MAX);
	struct err err = ERR_INIT;
	int fd = fileno(t->drawn);

	if (lseek(fd, 0, SEEK_SET) == 0 && file_read_fd(fd, "the drawing", DRAWN_MAX, &bytes, &err))
		output_add(&t->output, str_text(&bytes), bytes.len);
	err_done(&err);
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		BUG("a file in memory: %s", strerror(errno));
}

static void
send_bytes(struct terminal *t, const struct str *bytes)
{
	output_add(&t->output, bytes->buf, bytes->len);
}

static bool
start_curses(struct terminal *t, struct err *err)
{
	int fd = memfd_create("screen", MFD_CLOEXEC);

	t->drawn = fd >= 0 ? fdopen(fd, "w+") : NULL;
	/* The size comes from the terminal alone, never from LINES and COLUMNS. */
	unsetenv("LINES");
	unsetenv("COLUMNS");
	t->screen = t->drawn != NULL ? newterm(NULL, t->drawn, stdin) : NULL;
	if (t->screen == NULL) {
		util_close(&fd);
		err_set(err, ERR_UNSUPPORTED, "Curses can't open this terminal.");
		return err_hint(err, "Use `lifeboat --plain`.");
	}
	nonl();        /* in our modes a newline is a line feed and nothing else */
	typeahead(-1); /* or curses would look at our input to put off its output */
	idlok(stdscr, TRUE);
	curs_set(0);
	leaveok(stdscr, t->caps.hides_cursor ? TRUE : FALSE);
	t->depth = find_depth();
	return true;
}

bool
term_open(const struct theme *theme, struct terminal **ret, struct err *err)
{
	struct terminal *t;
	struct termios saved;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) < 0)
		return not_a_terminal("input", err);
	if (!isatty(STDOUT_FILENO))
		return not_a_terminal("output", err);
	t = util_alloc(sizeof(*t));
	input_init(&t->input);
	if (!caps_load(STDOUT_FILENO, &t->caps, &t->input, err)) {
		input_done(&t->input);
		free(t);
		return false;
	}
	output_init(&t->output, STDOUT_FILENO);
	t->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || wcwidth(0x2500) != 1;
	t->modes = saved;
	cfmakeraw(&t->modes);
	restore_arm(STDIN_FILENO, t->output.fd, &saved, str_text(&t->caps.restore),
		t->caps.restore.len);
	if (!start_curses(t, err)) {
		term_close(t);
		return false;
	}
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->modes);
	ask_size(t);
	apply_size(t);
	term_set_theme(t, theme);
	send_bytes(t, &t->caps.enter);
	*ret = t;
	return true;
}

/* The terminal as it was, if it takes that in time; else restore.c does what it can. */
static void
give_back(struct terminal *t)
{
	send_bytes(t, &t->caps.leave);
	endwin();
	take_drawn(t);
	if (output_flush_for(&t->output, CLOSE_MS))
		restore_modes();
}

void
term_close(struct terminal *t)
{
	if (t == NULL)
		return;
	if (t->screen != NULL) {
		give_back(t);
		delscreen(t->screen);
	}
	restore_now();
	if (t->drawn != NULL)
		fclose(t->drawn);
	output_done(&t->output);
	canvas_free(t->shown);
	free(t->row);
	caps_done(&t->caps);
	input_done(&t->input);
	free(t);
}

int
term_fd(const struct terminal *t)
{
	return STDIN_FILENO;
}

int
term_output_fd(const struct terminal *t)
{
	return t->output.fd;
}

bool
term_ascii(const struct terminal *t)
{
	return t->ascii;
}

int
term_columns(const struct terminal *t)
{
	return t->columns;
}

int
term_rows(const struct terminal *t)
{
	return t->rows;
}

bool
term_read(struct terminal *t)
{
	struct pollfd p = {STDIN_FILENO, POLLIN, 0};
	char chunk[INPUT_CHUNK];
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return true;
	/* What was typed before a hang-up is not worth acting on. */
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return false;
	n = read(STDIN_FILENO, chunk, sizeof(chunk));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	input_feed(&t->input, chunk, (size_t)n, clock_mono_ms());
	return true;
}

bool
term_next(struct terminal *t, struct event *ret)
{
	return input_next(&t->input, clock_mono_ms(), ret);
}

int64_t
term_wait(const struct terminal *t)
{
	return input_wait(&t->input, clock_mono_ms());
}

#define FLUSH_ROUNDS 256 /* reads; a terminal that never stops sending must not hold us */

void
term_flush_input(struct terminal *t)
{
	struct pollfd p = {STDIN_FILENO, POLLIN, 0};
	struct event event;

	/* Decoded and dropped: simply forgetting bytes would turn half a paste into keys. */
	for (int i = 0; i < FLUSH_ROUNDS; i++) {
		while (input_next(&t->input, clock_mono_ms() + INPUT_ESC_MS, &event))
			;
		if (poll(&p, 1, 0) <= 0 || !term_read(t))
			return;
	}
}

bool
term_resize(struct terminal *t)
{
	int columns = t->columns, rows = t->rows;

	ask_size(t);
	if (t->columns == columns && t->rows == rows)
		return false;
	apply_size(t);
	return true;
}

static attr_t
attributes(const struct terminal *t, unsigned style)
{
	return t->attrs[style & STYLE_ROLE] | (style & STYLE_REVERSE ? A_REVERSE : 0) |
	       (style & STYLE_BOLD ? A_BOLD : 0) | (style & STYLE_UNDERLINE ? A_UNDERLINE : 0);
}

static void
show_row(struct terminal *t, const struct canvas *c, int y, int w)
{
	int n = 0;

	for (int x = 0; x < w; x++) {
		const struct cell *cell = &canvas_cells(c, y)[x];
		wchar_t text[3] = {(wchar_t)cell->code, (wchar_t)cell->mark, 0};
		short pair = 0;

		if (t->depth != THEME_MONO)
			pair = pair_of(cell->style & STYLE_ROLE);
		/* Curses fills the second column of a wide character itself. */
		if (cell->code == 0)
			continue;
		if (setcchar(&t->row[n], text, attributes(t, cell->style), pair, NULL) == OK)
			n++;
	}
	mvadd_wchnstr(y, 0, t->row, n);
}

static bool
row_differs(const struct terminal *t, const struct canvas *c, int y, int w)
{
	return memcmp(canvas_cells(c, y), canvas_cells(t->shown, y),
		       (size_t)w * sizeof(*c->cells)) != 0;
}

static void
show_cursor(struct terminal *t, const struct canvas *c)
{
	if (c->cursor != t->cursor) {
		curs_set(c->cursor ? 1 : 0);
		leaveok(stdscr, !c->cursor && t->caps.hides_cursor ? TRUE : FALSE);
		t->cursor = c->cursor;
	}
	if (c->cursor)
		move(c->cursor_y, c->cursor_x);
	else if (!t->caps.hides_cursor)
		move(t->rows - 1, 0);
}

bool
term_show(struct terminal *t, const struct canvas *c)
{
	int w = MIN(c->w, t->columns), h = MIN(c->h, t->rows);

	/* No frame behind one that is not gone: the newest is the one that counts. */
	if (!output_flush(&t->output))
		return false;
	for (int y = 0; y < h; y++) {
		if (!row_differs(t, c, y, w))
			continue;
		show_row(t, c, y, w);
		memcpy(canvas_cells(t->shown, y), canvas_cells(c, y),
			(size_t)w * sizeof(*c->cells));
	}
	show_cursor(t, c);
	refresh();
	take_drawn(t);
	return output_flush(&t->output);
}

void
term_repaint(struct terminal *t)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &t->modes);
	send_bytes(t, &t->caps.full);
	send_bytes(t, &t->caps.enter);
	forget_shown(t);
}

#define COPY_MAX (64 * KIB)

void
term_copy(struct terminal *t, const void *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	CLEANUP(str_done) struct str out = STR_INIT(2 * COPY_MAX);
	const unsigned char *in = bytes;

	if (len > COPY_MAX)
		return;
	str_add(&out, "\033]52;c;");
	for (size_t i = 0; i < len; i += 3) {
		size_t n = MIN(len - i, 3);
		uint32_t three = (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				 (n > 2 ? in[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			str_addc(&out, k <= n ? digits[three >> (18 - 6 * k) & 63] : '=');
	}
	str_addc(&out, '\a');
	send_bytes(t, &out);
}

void
term_suspend(struct terminal *t)
{
	struct sigaction stop = {.sa_handler = SIG_DFL}, was;
	sigset_t set, mask;

	give_back(t);
	restore_modes();
	sigaction(SIGTSTP, &stop, &was);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, &mask);
	kill(0, SIGTSTP);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTSTP, &was, NULL);
	restore_rearm();
	term_resize(t);
	term_repaint(t);
}
