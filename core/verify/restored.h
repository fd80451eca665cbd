/*
 * restored: proof level "restored": the backup is restored into a throw-away server (sandbox.h)
 * and looked into. Dumps by restore.c, base backups and Redis here; what no sandbox can be made
 * for (Neo4j, Velero, archives, WAL alone) is unknown, with the reason.
 *
 * What the sandbox lacks (version, extension, memory, disk) is unknown too: only what the backup
 * itself is to blame for fails.
 */
#ifndef VERIFY_RESTORED_H
#define VERIFY_RESTORED_H

#include "verify/format.h"

/* Adds its checks to the report; false only when stopped, with ERR_STOPPED. */
MUST_CHECK bool restored_prove(struct proving *p, struct err *err);

/* Of p->report->format; one file each. */
MUST_CHECK bool restored_base(struct proving *p, const char *state, struct err *err);
MUST_CHECK bool restored_redis(struct proving *p, const char *state, struct err *err);

#endif
