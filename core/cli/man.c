/*
 * man: lifeboat.1 for man(7), made from the command table, so that it can't fall behind it.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/text.h"

/* Of the manual's contents; `mandoc -T lint` wants one. */
#define MAN_DATE "2026-11-21"

static void
heading(struct str *out, const char *macro, const char *text)
{
	str_fmt(out, ".%s \"", macro);
	text_roff(out, text);
	str_add(out, "\"\n");
}

#define LINE_MAX_BYTES 78

/* One paragraph, its source lines broken where mandoc likes them broken. */
static void
add_filled(struct str *out, const char *text)
{
	CLEANUP(str_done) struct str roff = STR_INIT(256 * KIB);
	const char *p;
	size_t column = 0;

	text_roff(&roff, text);
	p = str_text(&roff);
	while (*(p += strspn(p, " \n")) != '\0') {
		size_t n = strcspn(p, " \n");

		if (column > 0 && column + 1 + n > LINE_MAX_BYTES) {
			str_addc(out, '\n');
			column = 0;
			if (*p == '.' || *p == '\'')
				str_add(out, "\\&");
		}
		str_fmt(out, "%s%.*s", column > 0 ? " " : "", (int)n, p);
		column += n + (column > 0);
		p += n;
	}
	str_addc(out, '\n');
}

static void
add_option(struct str *out, const struct cli_option *o)
{
	str_add(out, ".TP\n\\fB");
	if (o->letter != 0)
		str_fmt(out, "\\-%c\\fR, \\fB", o->letter);
	str_add(out, "\\-\\-");
	text_roff(out, o->name);
	str_add(out, "\\fR");
	if (o->arg != NULL) {
		str_add(out, " \\fI");
		text_roff(out, o->arg);
		str_add(out, "\\fR");
	}
	str_addc(out, '\n');
	add_filled(out, o->doc);
}

/* Paragraphs apart by empty lines; indented lines stay as they are. */
static void
add_paragraphs(struct str *out, const char *text)
{
	while (*text != '\0') {
		CLEANUP(str_done) struct str part = STR_INIT(64 * KIB);
		bool literal = *text == ' ';

		while (*text != '\0' && *text != '\n' && (*text == ' ') == literal) {
			size_t n = strcspn(text, "\n");

			str_addn(&part, text + strspn(text, " "), n - strspn(text, " "));
			str_addc(&part, '\n');
			text += n + (text[n] == '\n');
		}
		if (literal) {
			str_add(out, ".RS 4\n.nf\n");
			text_roff(out, str_text(&part));
			str_add(out, ".fi\n.RE\n");
		} else {
			add_filled(out, str_text(&part));
		}
		if (*text == '\n' && text[1] != ' ' && text[1] != '\0')
			str_add(out, ".PP\n");
		text += strspn(text, "\n");
	}
}

static void
add_command(struct str *out, const struct cli_command *c)
{
	CLEANUP(str_done) struct str title = STR_INIT(KIB);
	bool plain = c->options == NULL || c->options->name == NULL;

	str_fmt(&title, "lifeboat %s%s%s%s", c->name, plain ? "" : " [OPTION]...",
		c->args[0] != '\0' ? " " : "", c->args);
	heading(out, "SS", str_text(&title));
	str_fmt(out, "%c",
		c->summary[0] >= 'a' && c->summary[0] <= 'z' ? c->summary[0] - 'a' + 'A'
							     : c->summary[0]);
	text_roff(out, c->summary + 1);
	str_add(out, ".\n");
	if (c->details != NULL) {
		str_add(out, ".PP\n");
		add_paragraphs(out, c->details);
	}
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++)
		add_option(out, o);
}

static void
add_table(struct str *out, const char *section, const char *const (*rows)[2], size_t count)
{
	heading(out, "SH", section);
	for (size_t i = 0; i < count; i++) {
		str_add(out, ".TP\n\\fB");
		text_roff(out, rows[i][0]);
		str_add(out, "\\fR\n");
		add_filled(out, rows[i][1]);
	}
}

static const char *const statuses[][2] = {
	{"0", "Good."},
	{"1", "A check failed, a backup is damaged or an objective is breached."},
	{"2", "It could not be found out: usage, configuration, unreachable."},
	{"3", "Refused: a lock, an approval, read-only, no audit log."},
	{"4", "Stopped by the operator."},
};

static const char *const environment[][2] = {
	{"LIFEBOAT_SITE", "The site file."},
	{"LIFEBOAT_STATE", "Where the catalog, the runs and the audit log are kept; else "
			   "/var/lib/lifeboat where it exists and may be written, "
			   "$XDG_STATE_HOME/lifeboat or ~/.local/state/lifeboat."},
	{"LIFEBOAT_SHARE", "Where runbooks/ and themes/ are; found by themselves otherwise."},
	{"LIFEBOAT_DEBUG", "A file that gets a log for developers."},
	{"NO_COLOR", "When set and not empty: no colours."},
};

static const char *const files[][2] = {
	{"~/.config/lifeboat/site.yaml", "The site file of a user."},
	{"/etc/lifeboat/site.yaml", "The site file of the machine."},
	{"STATE/catalog/", "What was last seen of all backups."},
	{"STATE/runs/", "Every run: its plan, its journal, the output of its steps."},
	{"STATE/audit/audit.log",
		"Everything that was done, each record chained to the one before."},
};

/* What --format json and journals call an error, by exit status. */
static void
add_errors(struct str *out)
{
	static const enum err_code codes[] = {
#define ERR(name, status, text) ERR_##name,
		ERR_CODES(ERR)
#undef ERR
	};

	str_add(out, ".PP\nAn error's name in JSON and in journals, and the status that it ends "
		     "with:\n");
	for (int status = 1; status <= 4; status++) {
		CLEANUP(str_done) struct str names = STR_INIT(KIB);

		str_fmt(out, ".TP\n%d\n", status);
		for (size_t i = 0; i < ARRAY_LEN(codes); i++)
			if (err_exit_status(codes[i]) == status)
				str_fmt(&names, "%s%s", names.len > 0 ? ", " : "",
					err_name(codes[i]));
		str_addc(&names, '.');
		add_filled(out, str_text(&names));
	}
}

void
cli_man(struct str *out)
{
	str_add(out, ".\\\" Made from the command table: lifeboat __man\n");
	str_fmt(out, ".TH LIFEBOAT 1 %s \"Lifeboat %s\" \"User Commands\"\n", MAN_DATE,
		LIFEBOAT_VERSION);
	str_add(out, ".SH NAME\nlifeboat \\- runbook console for backup and disaster recovery\n"
		     ".SH SYNOPSIS\n\\fBlifeboat\\fR [\\fICOMMAND\\fR] [\\fIOPTION\\fR]...\n");
	heading(out, "SH", "DESCRIPTION");
	add_paragraphs(out,
		"Lifeboat shows whether and to which moment everything can be recovered, "
		"runs the\nrunbooks that do it, and keeps a log of what was done that can't be "
		"changed unnoticed.\nWithout a command it opens the console.\n");
	heading(out, "SH", "COMMANDS");
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		if (!cli_commands[i]->hidden)
			add_command(out, cli_commands[i]);
	heading(out, "SS", "Options of every command");
	for (const struct cli_option *o = cli_common_options; o->name != NULL; o++)
		add_option(out, o);
	add_table(out, "EXIT STATUS", statuses, ARRAY_LEN(statuses));
	add_errors(out);
	add_table(out, "ENVIRONMENT", environment, ARRAY_LEN(environment));
	add_table(out, "FILES", files, ARRAY_LEN(files));
}
