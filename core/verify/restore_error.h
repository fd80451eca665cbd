/*
 * restore_error: why loading a dump failed, and whether the dump is to blame. Pure.
 */
#ifndef VERIFY_RESTORE_ERROR_H
#define VERIFY_RESTORE_ERROR_H

#include "base/err.h"

struct restore_context {
	int dump_major;   /* of the server that was dumped; 0: not known */
	int server_major; /* of the sandbox */
	bool data_only;   /* the dump makes nothing of what its data go into */
};

/*
 * From what pg_restore or psql printed (untrusted). ERR_CHECK_FAILED when a good dump would not
 * have failed like that; otherwise a code for what is missing here: a version, an extension, a
 * role, a locale, space. The message quotes the first error in one line.
 */
bool restore_error(const char *said, const struct restore_context *c, struct err *err);

#endif
