/*
 * group: runs that a group of OS users shares (site file, operators.group).
 *
 * Its members read the runs of each other, attach, watch and approve, and start their own
 * beside them under the same locks and in the same audit log. Nobody can remove or replace
 * what another one has written: the directories in common are sticky.
 *
 *   $STATE           0750 the group's
 *   runs locks audit 03770: set-gid, so that what is made in there is the group's; sticky
 *   catalog proofs   02770: what one observed or proved the next one replaces
 *   keys             02750: the public ones are for reading; the private one stays its maker's
 *   runs/<id>        02750: written by who started it, read by the group; socket 0660
 *   audit/audit.log  0660
 */
#ifndef RUN_GROUP_H
#define RUN_GROUP_H

#include "base/err.h"

/*
 * Before anything is written into `dir`, a new run directory. ERR_CONFIG when there is no such
 * group, when we are not in it, or when somebody else owns the state directory and did not give
 * it to the group.
 */
MUST_CHECK bool group_share(const char *state, const char *dir, const char *group, struct err *err);
/* The audit log, once it is there; who made it gives it. */
MUST_CHECK bool group_share_log(const char *path, struct err *err);

#endif
