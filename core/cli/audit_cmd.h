/*
 * audit_cmd: the parts of `lifeboat audit`.
 */
#ifndef CLI_AUDIT_CMD_H
#define CLI_AUDIT_CMD_H

#include "cli/trust.h"

/* --file, else the host's log. NULL with *err. */
const char *audit_cmd_path(struct cli *cli, struct err *err);

int audit_cmd_verify(struct cli *cli); /* audit_verify.c */
int audit_cmd_seal(struct cli *cli);   /* audit_keep.c */
int audit_cmd_rotate(struct cli *cli);
int audit_cmd_keys(struct cli *cli);
int audit_cmd_export(struct cli *cli); /* audit_export.c */

/* What verify measures a log by, from the command line, the state and the site. */
struct audit_measure {
	struct audit_trust trust;
	struct trust_places places; /* of the site; empty with --file or --offline */
};
MUST_CHECK bool audit_cmd_measure(
	struct cli *cli, const char *path, struct audit_measure *ret, struct err *err);
void audit_measure_done(struct audit_measure *m);

/* For who has shown what is in a log (F30): 0 when its chain is whole; else that is said on
 * standard error, and the exit status is for it. */
int audit_cmd_read(struct cli *cli, const char *path);

#endif
