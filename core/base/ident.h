/*
 * ident: who is acting. The kernel's user id decides; sudo's and SSH's origin are recorded
 * beside it but prove nothing.
 */
#ifndef BASE_IDENT_H
#define BASE_IDENT_H

#include "base/arena.h"

#include <sys/types.h>

struct ident {
	uid_t uid;
	const char *user; /* the login name, or "uid-1234" */
	const char *host;
	const char *sudo_user; /* who called sudo; NULL when nobody */
	const char *ssh_from;  /* address of the SSH client; NULL when none */
	uid_t login_uid;       /* of the login behind it: the kernel's, else sudo's; IDENT_NOBODY */
};
#define IDENT_NOBODY ((uid_t)-1)

void ident_self(struct arena *a, struct ident *ret);
/* "ops@bastion-1", "root@bastion-1 (sudo from ops, ssh from 10.0.0.7)" */
const char *ident_text(struct arena *a, const struct ident *id);
/* "sudo from ops, ssh from 10.0.0.7"; NULL when there is nothing of the kind. */
const char *ident_origin(struct arena *a, const struct ident *id);
/* As whom the session of a process logged in (audit(7)'s loginuid), whoever it is by now. */
uid_t ident_login_uid(pid_t pid);
const char *ident_user_name(struct arena *a, uid_t uid);

#endif
