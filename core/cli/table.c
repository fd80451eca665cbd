/*
 * table: every subcommand, in the order of the overview. A new one is a file and a row.
 */
#include "base/banned.h"
#include "cli/cli.h"

extern const struct cli_command cli_cmd_console;
extern const struct cli_command cli_cmd_collect;
extern const struct cli_command cli_cmd_reader;
extern const struct cli_command cli_cmd_board;
extern const struct cli_command cli_cmd_backups;
extern const struct cli_command cli_cmd_show;
extern const struct cli_command cli_cmd_prune;
extern const struct cli_command cli_cmd_metrics;
extern const struct cli_command cli_cmd_runbooks;
extern const struct cli_command cli_cmd_lint;
extern const struct cli_command cli_cmd_sign;
extern const struct cli_command cli_cmd_plan;
extern const struct cli_command cli_cmd_run;
extern const struct cli_command cli_cmd_runs;
extern const struct cli_command cli_cmd_attach;
extern const struct cli_command cli_cmd_resume;
extern const struct cli_command cli_cmd_stop;
extern const struct cli_command cli_cmd_approve;
extern const struct cli_command cli_cmd_handover;
extern const struct cli_command cli_cmd_note;
extern const struct cli_command cli_cmd_inject;
extern const struct cli_command cli_cmd_report;
extern const struct cli_command cli_cmd_replay;
extern const struct cli_command cli_cmd_audit;
extern const struct cli_command cli_cmd_schema;
extern const struct cli_command cli_cmd_verify;
extern const struct cli_command cli_cmd_window;
extern const struct cli_command cli_cmd_completion;
extern const struct cli_command cli_cmd_moment;
extern const struct cli_command cli_cmd_demo;
extern const struct cli_command cli_cmd_help;
extern const struct cli_command cli_cmd_version;
extern const struct cli_command cli_cmd_complete;
extern const struct cli_command cli_cmd_man;
extern const struct cli_command cli_cmd_step;
extern const struct cli_command cli_cmd_runner;
extern const struct cli_command cli_cmd_anchor;
extern const struct cli_command cli_cmd_prepare;
extern const struct cli_command cli_cmd_widgets;

const struct cli_command *const cli_commands[] = {
	&cli_cmd_console,
	&cli_cmd_collect,
	&cli_cmd_reader,
	&cli_cmd_board,
	&cli_cmd_backups,
	&cli_cmd_show,
	&cli_cmd_prune,
	&cli_cmd_metrics,
	&cli_cmd_runbooks,
	&cli_cmd_lint,
	&cli_cmd_sign,
	&cli_cmd_plan,
	&cli_cmd_run,
	&cli_cmd_runs,
	&cli_cmd_attach,
	&cli_cmd_resume,
	&cli_cmd_stop,
	&cli_cmd_approve,
	&cli_cmd_handover,
	&cli_cmd_note,
	&cli_cmd_inject,
	&cli_cmd_report,
	&cli_cmd_replay,
	&cli_cmd_audit,
	&cli_cmd_schema,
	&cli_cmd_verify,
	&cli_cmd_window,
	&cli_cmd_completion,
	&cli_cmd_moment,
	&cli_cmd_demo,
	&cli_cmd_help,
	&cli_cmd_version,
	&cli_cmd_complete,
	&cli_cmd_man,
	&cli_cmd_step,
	&cli_cmd_runner,
	&cli_cmd_anchor,
	&cli_cmd_prepare,
	&cli_cmd_widgets,
	NULL,
};
