/*
 * completion: the completions of bash, zsh and fish, made from the command table. What can't be
 * known beforehand (runbooks, runs, backups) they ask of `lifeboat __complete KIND`.
 */
#include "base/banned.h"
#include "cli/cli.h"

/* The kinds that __complete knows; anything else in a hint is a list of words. */
static bool
is_dynamic(const char *hint)
{
	static const char *const kinds[] = {
		"command", "runbook", "run", "backup", "asset", "target"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i], hint) == 0)
			return true;
	return false;
}

static bool
is_file(const char *hint)
{
	return strcmp(hint, "file") == 0;
}

/* Text for single quotes. zsh's specs and fish's strings want some characters escaped besides. */
static void
add_escaped(struct str *out, const char *text, const char *specials)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			str_add(out, "'\\''");
		else if (strchr(specials, *text) != NULL)
			str_fmt(out, "\\%c", *text);
		else
			str_addc(out, *text);
	}
}

typedef void (*option_fn)(struct str *out, const struct cli_command *c, const struct cli_option *o);

static void
each_option(struct str *out, const struct cli_command *c, option_fn fn)
{
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++)
		fn(out, c, o);
	for (const struct cli_option *o = cli_common_options; o->name != NULL; o++)
		fn(out, c, o);
}

/* --- bash --- */

static void
bash_hint(struct str *out, const char *hint)
{
	if (hint == NULL)
		str_add(out, ":");
	else if (is_file(hint))
		str_add(out, "_lifeboat_files");
	else
		str_fmt(out, "%s '%s'", is_dynamic(hint) ? "_lifeboat_ask" : "_lifeboat_words",
			hint);
}

static void
bash_value(struct str *out, const struct cli_command *c, const struct cli_option *o)
{
	if (o->arg == NULL)
		return;
	str_fmt(out, "\t%s,--%s", c->name, o->name);
	if (o->letter != 0)
		str_fmt(out, " | %s,-%c", c->name, o->letter);
	str_add(out, ") ");
	bash_hint(out, o->complete);
	str_add(out, "; return ;;\n");
}

static void
bash_name(struct str *out, const struct cli_command *c, const struct cli_option *o)
{
	str_fmt(out, " --%s", o->name);
}

static void
bash(struct str *out)
{
	str_add(out,
		"# bash completion for lifeboat, made by: lifeboat completion bash\n"
		"_lifeboat_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
		"_lifeboat_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "
		"\"$cur\"); }\n"
		"_lifeboat_ask() {\n"
		"\tlocal word\n"
		"\twhile IFS= read -r word; do\n"
		"\t\tCOMPREPLY+=(\"$(printf %q \"$word\")\")\n"
		"\tdone < <(\"${COMP_WORDS[0]}\" __complete \"$1\" \"$cur\" 2>/dev/null)\n"
		"}\n"
		"_lifeboat() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		"\tlocal cmd=${COMP_WORDS[1]}\n"
		"\tCOMPREPLY=()\n"
		"\t[[ $COMP_CWORD -gt 1 ]] || { _lifeboat_ask command; return; }\n"
		"\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then "
		"prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
		"\tcase $cmd,$prev in\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		if (!cli_commands[i]->hidden)
			each_option(out, cli_commands[i], bash_value);
	str_add(out, "\tesac\n\tcase $cmd in\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		const struct cli_command *c = cli_commands[i];

		if (c->hidden)
			continue;
		str_fmt(out, "\t%s)\n\t\tif [[ $cur == -* ]]; then _lifeboat_words '", c->name);
		each_option(out, c, bash_name);
		str_add(out, "'; else ");
		bash_hint(out, c->complete);
		str_add(out, "; fi ;;\n");
	}
	str_add(out, "\tesac\n}\ncomplete -o default -F _lifeboat lifeboat\n");
}

/* --- zsh --- */

static void
zsh_hint(struct str *out, const char *hint)
{
	if (hint == NULL)
		str_addc(out, ' ');
	else if (is_file(hint))
		str_add(out, "_files");
	else if (is_dynamic(hint))
		str_fmt(out, " _lifeboat_ask %s", hint); /* the blank: no arguments of its own */
	else
		str_fmt(out, "(%s)", hint);
}

static void
zsh_option(struct str *out, const struct cli_command *c, const struct cli_option *o)
{
	const char *forms[] = {"--", "-"};

	for (size_t i = 0; i < (o->letter != 0 ? 2 : 1); i++) {
		str_fmt(out, " \\\n\t\t\t'*%s", forms[i]);
		if (i == 0)
			str_fmt(out, "%s%s", o->name, o->arg != NULL ? "=" : "");
		else
			str_fmt(out, "%c%s", o->letter, o->arg != NULL ? "+" : "");
		str_addc(out, '[');
		add_escaped(out, o->doc, "[]:\\");
		str_addc(out, ']');
		if (o->arg != NULL) {
			str_addc(out, ':');
			add_escaped(out, o->arg, "[]:\\");
			str_addc(out, ':');
			zsh_hint(out, o->complete);
		}
		str_addc(out, '\'');
	}
}

static void
zsh(struct str *out)
{
	str_add(out, "#compdef lifeboat\n"
		     "# made by: lifeboat completion zsh\n"
		     "_lifeboat_ask() {\n"
		     "\tlocal -a words_found\n"
		     "\twords_found=(${(f)\"$(_call_program lifeboat lifeboat __complete $1 "
		     "${(q)PREFIX} 2>/dev/null)\"})\n"
		     "\tcompadd -a words_found\n"
		     "}\n"
		     "_lifeboat() {\n"
		     "\tlocal -a commands\n"
		     "\tcommands=(");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		if (cli_commands[i]->hidden)
			continue;
		str_fmt(out, "\n\t\t'%s:", cli_commands[i]->name);
		add_escaped(out, cli_commands[i]->summary, "");
		str_addc(out, '\'');
	}
	str_add(out, ")\n"
		     "\tif (( CURRENT == 2 )); then _describe command commands; return; fi\n"
		     "\tshift words; (( CURRENT-- ))\n"
		     "\tcase $words[1] in\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		const struct cli_command *c = cli_commands[i];

		if (c->hidden)
			continue;
		str_fmt(out, "\t%s)\n\t\t_arguments", c->name);
		each_option(out, c, zsh_option);
		if (c->max_args > 0) {
			str_add(out, " \\\n\t\t\t'*:");
			add_escaped(out, c->args, "[]:\\");
			str_addc(out, ':');
			zsh_hint(out, c->complete);
			str_addc(out, '\'');
		}
		str_add(out, " ;;\n");
	}
	str_add(out, "\tesac\n}\n"
		     "if [[ $funcstack[1] == _lifeboat ]]; then _lifeboat \"$@\"; "
		     "else compdef _lifeboat lifeboat; fi\n");
}

/* --- fish --- */

static void
fish_hint(struct str *out, const char *hint)
{
	if (hint == NULL)
		return;
	if (is_file(hint))
		str_add(out, " -F");
	else if (is_dynamic(hint))
		str_fmt(out, " -a '(lifeboat __complete %s (commandline -ct) 2>/dev/null)'", hint);
	else
		str_fmt(out, " -a '%s'", hint);
}

static void
fish_option(struct str *out, const struct cli_command *c, const struct cli_option *o)
{
	str_fmt(out, "complete -c lifeboat -n '__fish_seen_subcommand_from %s' -l %s", c->name,
		o->name);
	if (o->letter != 0)
		str_fmt(out, " -s %c", o->letter);
	if (o->arg != NULL)
		str_add(out, o->complete != NULL && is_file(o->complete) ? " -r" : " -x");
	str_add(out, " -d '");
	add_escaped(out, o->doc, "\\");
	str_addc(out, '\'');
	if (o->arg != NULL)
		fish_hint(out, o->complete);
	str_addc(out, '\n');
}

static void
fish(struct str *out)
{
	str_add(out, "# fish completion for lifeboat, made by: lifeboat completion fish\n"
		     "complete -c lifeboat -f\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		const struct cli_command *c = cli_commands[i];

		if (c->hidden)
			continue;
		str_fmt(out, "complete -c lifeboat -n __fish_use_subcommand -a %s -d '", c->name);
		add_escaped(out, c->summary, "\\");
		str_add(out, "'\n");
		each_option(out, c, fish_option);
		if (c->complete == NULL)
			continue;
		str_fmt(out, "complete -c lifeboat -n '__fish_seen_subcommand_from %s'", c->name);
		fish_hint(out, c->complete);
		str_addc(out, '\n');
	}
}

static const struct {
	const char *name;
	void (*print)(struct str *out);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

void
cli_completion(struct str *out, const char *shell)
{
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i].name, shell) == 0)
			shells[i].print(out);
}

static int
run_completion(struct cli *cli)
{
	struct err err = ERR_INIT;

	cli_completion(&cli->out, cli->args[0]);
	if (cli->out.len > 0)
		return 0;
	err_set(&err, ERR_USAGE, "There is no completion for the shell \"%s\".", cli->args[0]);
	err_hint(&err, "Shells: bash, zsh, fish.");
	return cli_fail(cli, &err);
}

const struct cli_command cli_cmd_completion = {
	.name = "completion",
	.args = "bash|zsh|fish",
	.min_args = 1,
	.max_args = 1,
	.summary = "print the completions of a shell",
	.details = "install.sh puts them where the shells look. By hand, for bash:\n"
		   "\n"
		   "    source <(lifeboat completion bash)",
	.complete = "bash zsh fish",
	.run = run_completion,
};
