#include "base/banned.h"
#include "tui/theme.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <dirent.h>

static const struct {
	const char *name, *looks[THEME_DEPTHS], *doc;
} roles[ROLE_COUNT] = {
#define ROLE(name, key, c256, c16, mono, doc) {key, {c256, c16, mono}, doc},
	ROLES(ROLE)
#undef ROLE
};

static const char *const depths[THEME_DEPTHS] = {"256", "16", "mono"};

static const char *const colours[] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan",
	"white", "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue",
	"bright-magenta", "bright-cyan", "bright-white"};

static const struct {
	const char *name;
	uint8_t bit;
} attributes[] = {{"bold", LOOK_BOLD}, {"dim", LOOK_DIM}, {"underline", LOOK_UNDERLINE},
	{"reverse", LOOK_REVERSE}, {"italic", LOOK_ITALIC}, {"none", 0}};

/* Where the parser stands: words of one line. */
struct words {
	const char *line, *next, *end;
	const char *word;
	size_t len;
	int number; /* of the line */
	struct problems *p;
};

static bool
next_word(struct words *w)
{
	while (w->next < w->end && (*w->next == ' ' || *w->next == '\t' || *w->next == '\r'))
		w->next++;
	w->word = w->next;
	while (w->next < w->end && *w->next != ' ' && *w->next != '\t' && *w->next != '\r')
		w->next++;
	w->len = (size_t)(w->next - w->word);
	return w->len > 0;
}

static bool
is_word(const struct words *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->word, text, w->len) == 0;
}

static struct problem *
fault(struct words *w, const char *what)
{
	return problems_add(w->p, PROBLEM_ERROR, w->number, (int)(w->word - w->line) + 1,
		"%s: \"%.*s\".", what, (int)MIN(w->len, 60), w->word);
}

/* A colour's name or number; false when the word is none. */
static bool
read_colour(const struct words *w, enum theme_depth depth, int16_t *ret)
{
	int value = 0;

	if (depth == THEME_MONO)
		return false;
	if (is_word(w, "default")) {
		*ret = LOOK_DEFAULT;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(colours); i++) {
		if (is_word(w, colours[i])) {
			*ret = (int16_t)i;
			return true;
		}
	}
	if (w->len > 3)
		return false;
	for (size_t i = 0; i < w->len; i++) {
		if (w->word[i] < '0' || w->word[i] > '9')
			return false;
		value = value * 10 + w->word[i] - '0';
	}
	if (value > (depth == THEME_256 ? 255 : 15))
		return false;
	*ret = (int16_t)value;
	return true;
}

static bool
read_attribute(const struct words *w, struct look *look)
{
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (is_word(w, attributes[i].name)) {
			look->attributes |= attributes[i].bit;
			return true;
		}
	}
	return false;
}

static const char *const ways_out[THEME_DEPTHS] = {
	"Colours are default, black red green yellow blue magenta cyan white, each with bright- in "
	"front, or 0 to 255; behind them: on COLOUR, bold dim underline reverse italic none.",
	"Colours are default, black red green yellow blue magenta cyan white, each with bright- in "
	"front, or 0 to 15; behind them: on COLOUR, bold dim underline reverse italic none.",
	"Without colours there are bold dim underline reverse italic and none.",
};

/* [COLOUR] [on COLOUR] [ATTRIBUTE]... */
static bool
read_look(struct words *w, enum theme_depth depth, struct look *ret)
{
	struct look look = {LOOK_DEFAULT, LOOK_DEFAULT, 0};
	bool any = false, good = true, may_fg = true;

	for (; next_word(w); any = true) {
		if (is_word(w, "on") && depth != THEME_MONO) {
			if (!next_word(w) || !read_colour(w, depth, &look.bg)) {
				fault(w, "This is not a colour")->hint = ways_out[depth];
				good = false;
			}
			may_fg = false;
		} else if ((may_fg && read_colour(w, depth, &look.fg)) ||
			   read_attribute(w, &look)) {
			may_fg = false;
		} else {
			fault(w, "This is neither a colour nor an attribute here")->hint =
				ways_out[depth];
			good = false;
		}
	}
	if (!any) {
		fault(w, "There is nothing behind the =")->hint = ways_out[depth];
		good = false;
	}
	if (good)
		*ret = look;
	return good;
}

static void
unknown_role(struct words *w, size_t len)
{
	char name[65] = "";
	const char *near = NULL;
	size_t best = 4;

	memcpy(name, w->word, MIN(len, sizeof(name) - 1));
	for (size_t i = 0; i < ROLE_COUNT; i++) {
		size_t d = text_distance(name, roles[i].name, 4);

		if (d < best) {
			best = d;
			near = roles[i].name;
		}
	}
	fault(w, "There is no such role")->hint =
		near != NULL ? arena_fmt(w->p->arena, "Did you mean %s?", near)
			     : "themes/README.md lists the roles.";
}

/* "role.depth" of the current word; false after a fault. */
static bool
read_key(struct words *w, size_t *ret_role, enum theme_depth *ret_depth)
{
	const char *dot = memchr(w->word, '.', w->len);
	size_t len = dot != NULL ? (size_t)(dot - w->word) : w->len;

	for (*ret_role = 0; *ret_role < ROLE_COUNT; ++*ret_role)
		if (strlen(roles[*ret_role].name) == len &&
			memcmp(roles[*ret_role].name, w->word, len) == 0)
			break;
	if (*ret_role == ROLE_COUNT) {
		unknown_role(w, len);
		return false;
	}
	for (*ret_depth = 0; dot != NULL && *ret_depth < THEME_DEPTHS; ++*ret_depth)
		if (strlen(depths[*ret_depth]) == w->len - len - 1 &&
			memcmp(depths[*ret_depth], dot + 1, w->len - len - 1) == 0)
			return true;
	fault(w, "The key must be a role and .256, .16 or .mono")->hint =
		"Write for example: breach.256 = 203 bold";
	return false;
}

struct reading {
	struct theme *theme;
	int line_of[ROLE_COUNT][THEME_DEPTHS]; /* where it was said; 0: not */
};

static void
read_line(struct reading *r, struct words *w)
{
	enum theme_depth depth;
	struct look look;
	struct words key;
	size_t role;

	if (!next_word(w) || w->word[0] == '#')
		return;
	key = *w;
	if (!read_key(w, &role, &depth))
		return;
	if (!next_word(w) || !is_word(w, "=")) {
		fault(w, "There must be = between blanks behind the key")->hint =
			"Write for example: breach.256 = 203 bold";
		return;
	}
	if (r->line_of[role][depth] != 0) {
		fault(&key, "This key stands here a second time")->hint =
			arena_fmt(w->p->arena, "Take one of the two away; the first is in line %d.",
				r->line_of[role][depth]);
		return;
	}
	r->line_of[role][depth] = w->number;
	look = r->theme->looks[role][depth];
	if (!read_look(w, depth, &look))
		return;
	if (role == ROLE_PRODUCTION && !(look.attributes & LOOK_REVERSE)) {
		fault(&key, "PRODUCTION must stay in reverse video")->hint =
			"Add the attribute reverse.";
		return;
	}
	r->theme->looks[role][depth] = look;
}

void
theme_default(struct theme *ret)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct problems p;

	problems_init(&p, &a, "default");
	for (size_t role = 0; role < ROLE_COUNT; role++) {
		for (enum theme_depth d = 0; d < THEME_DEPTHS; d++) {
			const char *text = roles[role].looks[d];
			struct words w = {
				.line = text, .next = text, .end = text + strlen(text), .p = &p};

			if (!read_look(&w, d, &ret->looks[role][d]))
				BUG("the default look of %s is not right", roles[role].name);
		}
	}
}

bool
theme_parse(const char *bytes, size_t len, struct theme *ret, struct problems *p)
{
	struct reading r = {.theme = ret};
	const char *end = bytes + len;
	int number = 1;

	theme_default(ret);
	for (const char *line = bytes; line < end; number++) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		struct words w = {.line = line, .next = line, .number = number, .p = p};

		w.end = stop != NULL ? stop : end;
		read_line(&r, &w);
		line = stop != NULL ? stop + 1 : end;
	}
	/* Who gives the 16 colours alone means them for 256 as well. */
	for (size_t role = 0; role < ROLE_COUNT; role++)
		if (r.line_of[role][THEME_16] != 0 && r.line_of[role][THEME_256] == 0)
			ret->looks[role][THEME_256] = ret->looks[role][THEME_16];
	return p->errors == 0;
}

static const char *const dirs[] = {"~/.config/lifeboat/themes", NULL};

static const char *
theme_dir(struct arena *a, size_t i)
{
	return dirs[i] != NULL ? path_expand(a, dirs[i]) : path_join(a, path_share(a), "themes");
}

static const char *
find(struct arena *a, const char *name)
{
	const char *path = NULL;

	if (strchr(name, '/') != NULL)
		return name;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		path = path_join(a, theme_dir(a, i), arena_fmt(a, "%s.theme", name));
		if (file_exists(path))
			return path;
	}
	return NULL;
}

bool
theme_load(struct arena *a, const char *name, struct theme *ret, struct err *err)
{
	CLEANUP(str_done) struct str bytes = STR_INIT(THEME_SIZE_MAX);
	const char *path = find(a, name);
	struct problems p;

	if (path == NULL && strcmp(name, "default") == 0) {
		theme_default(ret);
		return true;
	}
	if (path == NULL) {
		err_set(err, ERR_NOT_FOUND, "There is no theme \"%s\".", name);
		return err_hint(err,
			"Themes are the files NAME.theme in %s and %s; `default` is always there.",
			dirs[0], theme_dir(a, 1));
	}
	if (!file_read(path, THEME_SIZE_MAX, &bytes, err))
		return false;
	problems_init(&p, a, path);
	if (theme_parse(str_text(&bytes), bytes.len, ret, &p))
		return true;
	return problems_err(&p, err);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define THEMES_MAX 200

const char **
theme_names(struct arena *a)
{
	VEC(const char *) names = {0};
	size_t kept = 1;

	*vec_push(a, &names) = "default";
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		DIR *dir = opendir(theme_dir(a, i));
		struct dirent *entry;

		while (dir != NULL && names.n < THEMES_MAX && (entry = readdir(dir)) != NULL)
			if (util_ends(entry->d_name, ".theme") && entry->d_name[0] != '.')
				*vec_push(a, &names) =
					arena_strndup(a, entry->d_name, strlen(entry->d_name) - 6);
		if (dir != NULL)
			closedir(dir);
	}
	qsort(names.v, names.n, sizeof(*names.v), by_name);
	for (size_t i = 1; i < names.n; i++)
		if (strcmp(names.v[i], names.v[kept - 1]) != 0)
			names.v[kept++] = names.v[i];
	names.n = kept;
	*vec_push(a, &names) = NULL;
	return names.v;
}

const char *
theme_role_name(enum role role)
{
	return roles[role].name;
}

const char *
theme_role_doc(enum role role)
{
	return roles[role].doc;
}
