#include "base/banned.h"
#include "base/ident.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>

const char *
ident_user_name(struct arena *a, uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	if (pw == NULL)
		return arena_fmt(a, "uid-%u", (unsigned)uid);
	return text_safe(a, pw->pw_name);
}

static uid_t
read_uid(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno != 0 || end == text || (*end != '\0' && *end != '\n') || n >= IDENT_NOBODY)
		return IDENT_NOBODY;
	return (uid_t)n;
}

uid_t
ident_login_uid(pid_t pid)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	util_close(&fd);
	return read_uid(text);
}

void
ident_self(struct arena *a, struct ident *ret)
{
	const char *ssh = getenv("SSH_CONNECTION"), *sudo = getenv("SUDO_USER");
	const char *sudo_uid = getenv("SUDO_UID");
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
		snprintf(host, sizeof(host), "localhost");
	*ret = (struct ident){.uid = getuid(), .user = ident_user_name(a, getuid())};
	ret->host = text_safe(a, host);
	ret->login_uid = ident_login_uid(getpid());
	if (ret->login_uid == IDENT_NOBODY && sudo_uid != NULL)
		ret->login_uid = read_uid(sudo_uid);
	if (sudo != NULL && sudo[0] != '\0')
		ret->sudo_user = text_safe(a, sudo);
	if (ssh != NULL && ssh[0] != '\0')
		ret->ssh_from = text_safe(a, arena_strndup(a, ssh, strcspn(ssh, " ")));
}

const char *
ident_origin(struct arena *a, const struct ident *id)
{
	if (id->sudo_user != NULL && id->ssh_from != NULL)
		return arena_fmt(a, "sudo from %s, ssh from %s", id->sudo_user, id->ssh_from);
	if (id->sudo_user != NULL)
		return arena_fmt(a, "sudo from %s", id->sudo_user);
	return id->ssh_from != NULL ? arena_fmt(a, "ssh from %s", id->ssh_from) : NULL;
}

const char *
ident_text(struct arena *a, const struct ident *id)
{
	const char *origin = ident_origin(a, id);

	return arena_fmt(a, "%s@%s%s%s%s", id->user, id->host, origin != NULL ? " (" : "",
		origin != NULL ? origin : "", origin != NULL ? ")" : "");
}
