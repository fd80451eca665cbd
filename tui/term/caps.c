#include "base/banned.h"
#include "tui/term/caps.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

#define CAPS_MAX  200 /* bytes of each sequence; restore.h takes no more */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

static const struct {
	const char *cap;
	uint32_t key;
} key_caps[] = {{"kcuu1", K_UP}, {"kcud1", K_DOWN}, {"kcub1", K_LEFT}, {"kcuf1", K_RIGHT},
	{"khome", K_HOME}, {"kend", K_END}, {"kpp", K_PGUP}, {"knp", K_PGDN}, {"kich1", K_INSERT},
	{"kdch1", K_DELETE}, {"kcbt", K_BACKTAB}, {"kent", K_ENTER}, {"kf1", K_F(1)},
	{"kf2", K_F(2)}, {"kf3", K_F(3)}, {"kf4", K_F(4)}, {"kf5", K_F(5)}, {"kf6", K_F(6)},
	{"kf7", K_F(7)}, {"kf8", K_F(8)}, {"kf9", K_F(9)}, {"kf10", K_F(10)}, {"kf11", K_F(11)},
	{"kf12", K_F(12)}};

static const char *
cap(const char *name)
{
	const char *value = tigetstr(name);

	return value == (const char *)-1 ? NULL : value;
}

/* The capability without its padding ($<5/>), which today's terminals do not need. */
static void
add_cap(struct str *out, const char *name)
{
	const char *value = cap(name);

	while (value != NULL && *value != '\0') {
		const char *end = value[0] == '$' && value[1] == '<' ? strchr(value, '>') : NULL;

		if (end != NULL)
			value = end + 1;
		else
			str_addc(out, *value++);
	}
}

static bool
unsupported(struct err *err, const char *name)
{
	if (name == NULL || name[0] == '\0')
		err_set(err, ERR_UNSUPPORTED,
			"What kind of terminal this is can't be told: TERM is not set.");
	else
		err_set(err, ERR_UNSUPPORTED,
			"Screens can't be drawn on this terminal: its type \"%.60s\" is unknown "
			"or has no cursor addressing.",
			name);
	return err_hint(err, "Use `lifeboat --plain`, or set TERM to what the terminal is, for "
			     "example TERM=xterm.");
}

/* Terminals that follow ECMA-48 ignore private modes that they do not know. */
static bool
takes_private_modes(void)
{
	const char *cup = cap("cup");

	return cap("BE") != NULL || (cup != NULL && util_starts(cup, "\033["));
}

bool
caps_load(int fd, struct caps *ret, struct input *keys, struct err *err)
{
	const char *name = getenv("TERM");
	struct caps c = {.enter = STR_INIT(CAPS_MAX),
		.leave = STR_INIT(CAPS_MAX),
		.full = STR_INIT(CAPS_MAX),
		.restore = STR_INIT(CAPS_MAX)};
	int status = 0;

	if (name == NULL || name[0] == '\0' || setupterm(NULL, fd, &status) == ERR || status != 1 ||
		cap("cup") == NULL || cap("clear") == NULL)
		return unsupported(err, name);
	for (size_t i = 0; i < ARRAY_LEN(key_caps); i++)
		input_bind(keys, cap(key_caps[i].cap), key_caps[i].key);
	c.rows = tigetnum("lines");
	c.cols = tigetnum("cols");
	c.hides_cursor = cap("civis") != NULL;
	add_cap(&c.full, "smcup");
	add_cap(&c.enter, "smkx");
	if (takes_private_modes()) {
		str_add(&c.enter, PASTE_ON);
		str_add(&c.leave, PASTE_OFF);
	}
	add_cap(&c.leave, "rmkx");
	add_cap(&c.restore, "sgr0");
	add_cap(&c.restore, "op");
	str_addn(&c.restore, str_text(&c.leave), c.leave.len);
	add_cap(&c.restore, "cnorm");
	add_cap(&c.restore, "rmcup");
	str_add(&c.restore, "\r\n");
	/* curses loads its own copy. */
	del_curterm(cur_term);
	*ret = c;
	return true;
}

void
caps_done(struct caps *c)
{
	str_done(&c->enter);
	str_done(&c->leave);
	str_done(&c->full);
	str_done(&c->restore);
}
