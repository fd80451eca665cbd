#include "base/banned.h"
#include "base/ident.h"
#include "base/text.h"

#include <pwd.h>

const char *
ident_user_name(struct arena *a, uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	if (pw == NULL)
		return arena_fmt(a, "uid-%u", (unsigned)uid);
	return text_safe(a, pw->pw_name);
}

void
ident_self(struct arena *a, struct ident *ret)
{
	const char *ssh = getenv("SSH_CONNECTION"), *sudo = getenv("SUDO_USER");
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		snprintf(host, sizeof(host), "localhost");
	*ret = (struct ident){.uid = getuid(), .user = ident_user_name(a, getuid())};
	ret->host = text_safe(a, host);
	if (sudo != NULL && sudo[0] != '\0')
		ret->sudo_user = text_safe(a, sudo);
	if (ssh != NULL && ssh[0] != '\0')
		ret->ssh_from = text_safe(a, arena_strndup(a, ssh, strcspn(ssh, " ")));
}

const char *
ident_text(struct arena *a, const struct ident *id)
{
	const char *extra = "";

	if (id->sudo_user != NULL && id->ssh_from != NULL)
		extra = arena_fmt(a, " (sudo from %s, ssh from %s)", id->sudo_user, id->ssh_from);
	else if (id->sudo_user != NULL)
		extra = arena_fmt(a, " (sudo from %s)", id->sudo_user);
	else if (id->ssh_from != NULL)
		extra = arena_fmt(a, " (ssh from %s)", id->ssh_from);
	return arena_fmt(a, "%s@%s%s", id->user, id->host, extra);
}
