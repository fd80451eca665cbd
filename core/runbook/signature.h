/*
 * signature: runbooks that somebody answers for (F55).
 *
 * RUNBOOK.yaml.sig beside the runbook is an SSH signature (ssh-keygen(1), -Y sign) in the
 * namespace lifeboat-runbook, not over the file but over these lines, each ended by \n:
 *
 *   lifeboat-runbook-1
 *   id restore-dump
 *   version 3
 *   sha256 <64 digits, of the file's bytes>
 *
 * So the signature of another file, or of this one under another name, is none; and of an id that
 * has run here, no older version and no other content of the same version runs any more. What
 * has been seen is kept in $STATE/keys/runbooks/ID.
 */
#ifndef RUNBOOK_SIGNATURE_H
#define RUNBOOK_SIGNATURE_H

#include "runbook/runbook.h"

#define SIGNATURE_NAMESPACE "lifeboat-runbook"

/* The text that is signed. */
void signature_text(const struct runbook *r, struct str *out);
/*
 * ERR_REFUSED when the signature is missing, bad, of another file, by nobody in `signed_by`, or
 * of an older version; ERR_UNSAFE when others may write the file of signers.
 */
MUST_CHECK bool signature_check(
	const struct runbook *r, const char *signed_by, const char *state, struct err *err);
/* Writes RUNBOOK.yaml.sig with a private key (or the public half of one in an agent). */
MUST_CHECK bool signature_make(const struct runbook *r, const char *key, struct err *err);

#endif
