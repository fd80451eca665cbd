/*
 * lint_view: what a step executes, read the way a shell would read it, as far as lint needs to.
 */
#include "base/banned.h"
#include "runbook/lint.h"
#include "base/path.h"
#include "base/text.h"

#define VIEW_MAX  MIB
#define DEPTH_MAX 32

/* Where in the script we are: SCRIPT and PAREN are code, the others hold text. */
enum place { SCRIPT, PAREN, DOUBLE, SINGLE };

struct lexer {
	struct str *out;
	const char *p;
	bool blank;
	enum place stack[DEPTH_MAX];
	int depth;
	char heredoc[64]; /* its end mark; "" when none is awaited */
};

static bool
is_code(const struct lexer *l)
{
	return l->stack[l->depth] <= PAREN;
}

static void
copy(struct lexer *l, size_t n)
{
	if (!l->blank || is_code(l))
		str_addn(l->out, l->p, n);
	l->p += n;
}

static void
push(struct lexer *l, enum place place)
{
	if (l->depth + 1 < DEPTH_MAX)
		l->stack[++l->depth] = place;
}

static void
pop(struct lexer *l)
{
	if (l->depth > 0)
		l->depth--;
}

static bool
starts_word(const struct lexer *l)
{
	return l->out->len == 0 || strchr(" \t\n;&|(", l->out->buf[l->out->len - 1]) != NULL;
}

/* <<WORD, <<-WORD, <<'WORD': remembers the word. */
static void
read_heredoc(struct lexer *l)
{
	const char *word = l->p + 2 + (l->p[2] == '-');
	size_t n;

	/* In $((a << b)) it is a shift. */
	if (l->depth > 1 && l->stack[l->depth] == PAREN && l->stack[l->depth - 1] == PAREN)
		return;
	word += strspn(word, " \t");
	word += *word == '\'' || *word == '"' || *word == '\\';
	n = strcspn(word, " \t\n'\";&|<>()");
	if (n > 0 && n < sizeof(l->heredoc))
		snprintf(l->heredoc, sizeof(l->heredoc), "%.*s", (int)n, word);
}

/* At the end of a line: what follows is text up to the line that is the mark. */
static void
skip_heredoc(struct lexer *l)
{
	while (l->heredoc[0] != '\0' && *l->p != '\0') {
		size_t n = strcspn(l->p, "\n"), tabs = strspn(l->p, "\t");
		bool end = n - MIN(n, tabs) == strlen(l->heredoc) &&
			   memcmp(l->p + tabs, l->heredoc, strlen(l->heredoc)) == 0;

		if (!l->blank)
			str_addn(l->out, l->p, n + (l->p[n] == '\n'));
		l->p += n + (l->p[n] == '\n');
		if (end)
			l->heredoc[0] = '\0';
	}
}

static void
step_code(struct lexer *l)
{
	switch (*l->p) {
	case '\\':
		if (l->p[1] == '\n')
			l->p += 2; /* the line goes on */
		else if (l->blank)
			str_addc(l->out, '_'), l->p += l->p[1] != '\0' ? 2 : 1;
		else
			copy(l, l->p[1] != '\0' ? 2 : 1);
		return;
	case '\'':
		copy(l, 1);
		push(l, SINGLE);
		return;
	case '"':
		copy(l, 1);
		push(l, DOUBLE);
		return;
	case '(':
		copy(l, 1);
		push(l, PAREN);
		return;
	case ')':
		copy(l, 1);
		if (l->stack[l->depth] == PAREN)
			pop(l);
		return;
	case '#':
		if (starts_word(l))
			l->p += strcspn(l->p, "\n");
		else
			copy(l, 1);
		return;
	case '<':
		if (l->p[1] == '<' && l->p[2] != '<')
			read_heredoc(l);
		copy(l, l->p[1] == '<' ? 2 : 1);
		return;
	case '\n':
		copy(l, 1);
		skip_heredoc(l);
		return;
	default: copy(l, 1);
	}
}

static void
step_quoted(struct lexer *l)
{
	bool single = l->stack[l->depth] == SINGLE;

	if (*l->p == (single ? '\'' : '"')) {
		pop(l);
		copy(l, 1);
	} else if (!single && *l->p == '\\' && l->p[1] != '\0') {
		copy(l, 2);
	} else if (!single && l->p[0] == '$' && l->p[1] == '(') {
		push(l, PAREN);
		copy(l, 2);
	} else {
		copy(l, 1);
	}
}

void
lint_shell_text(struct str *out, const char *sh, bool blank)
{
	struct lexer l = {.out = out, .p = sh, .blank = blank};

	while (*l.p != '\0') {
		if (is_code(&l))
			step_code(&l);
		else
			step_quoted(&l);
	}
	str_addc(out, '\n');
}

static bool
is_shell(const char *program)
{
	static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh"};

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(path_base(program), shells[i]) == 0)
			return true;
	return false;
}

/* The script of `... sh -c SCRIPT`, wherever among the arguments it stands; NULL without one. */
static const struct node *
inner_script(const struct node *run)
{
	const struct node *it, *arg;

	node_each (run, it) {
		bool command = false;

		if (it->type != NODE_SCALAR || !is_shell(it->text))
			continue;
		for (arg = it->next; arg != NULL && arg->type == NODE_SCALAR; arg = arg->next) {
			if (arg->text[0] != '-')
				return command ? arg : NULL;
			command =
				command || (arg->text[1] != '-' && strchr(arg->text, 'c') != NULL);
		}
	}
	return NULL;
}

static void
add_arguments(struct lint_view *v, const struct node *list)
{
	const struct node *it, *script = list->type == NODE_LIST ? inner_script(list) : NULL;

	if (list->type == NODE_SCALAR)
		str_fmt(&v->text, "%s\n", list->text);
	node_each (list, it) {
		const char *end = it->next != NULL ? " " : "\n";

		if (it->type != NODE_SCALAR)
			continue;
		str_fmt(&v->text, "%s%s", it->text, end);
		if (it == script) {
			lint_shell_text(&v->bare, it->text, true);
			lint_shell_text(&v->script, it->text, true);
		} else if (strpbrk(it->text, " \t\n|&;<>()'\"") == NULL) {
			str_fmt(&v->bare, "%s%s", it->text, end);
		} else {
			str_fmt(&v->bare, "''%s", end);
		}
	}
}

void
lint_view_init(struct lint_view *v, const struct step *s)
{
	static const char *const lists[] = {"run", "until"};
	const struct node *n;

	*v = (struct lint_view){.text = STR_INIT(VIEW_MAX),
		.bare = STR_INIT(VIEW_MAX),
		.script = STR_INIT(VIEW_MAX)};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if ((n = node_get(s->at, lists[i])) != NULL)
			add_arguments(v, n);
	if ((n = node_get(s->at, "sh")) != NULL && n->type == NODE_SCALAR) {
		lint_shell_text(&v->text, n->text, false);
		lint_shell_text(&v->bare, n->text, true);
		lint_shell_text(&v->script, n->text, true);
	}
	if ((n = node_get(s->at, "query")) != NULL && n->type == NODE_SCALAR)
		str_fmt(&v->text, "%s\n", n->text);
	if ((n = node_get(s->at, "instruction")) != NULL && n->type == NODE_SCALAR) {
		str_fmt(&v->text, "%s\n", n->text);
		v->instruction = true;
	}
	if (s->undo != NULL && (n = node_get(s->undo->item.at, "run")) != NULL)
		add_arguments(v, n);
	if ((n = node_get(s->at, "check")) != NULL)
		add_arguments(v, n);
	str_text(&v->text);
	str_text(&v->bare);
	str_text(&v->script);
}

void
lint_view_done(struct lint_view *v)
{
	str_done(&v->text);
	str_done(&v->bare);
	str_done(&v->script);
}
