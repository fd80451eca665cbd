#include "base/banned.h"
#include "runbook/signature.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/readonly.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TIMEOUT_MS (30 * 1000)

struct checker {
	struct arena a;
	const struct runbook *r;
	const char *sig, *signers;
	struct str text;
};

void
signature_text(const struct runbook *r, struct str *out)
{
	str_fmt(out, "lifeboat-runbook-1\nid %s\nversion %lld\nsha256 %s\n", r->id,
		(long long)(r->version != FIELD_ABSENT ? r->version : 0), r->sha256);
}

static bool
ssh_keygen(struct arena *a, char *const *argv, const char *input, struct proc_result *ret,
	struct err *err)
{
	struct proc_spec spec = {.argv = argv, .nfds = 3};
	struct proc_env env;

	proc_env_init(&env, a);
	if (getenv("SSH_AUTH_SOCK") != NULL)
		proc_env_set(&env, a, "SSH_AUTH_SOCK", getenv("SSH_AUTH_SOCK"));
	spec.envp = proc_env_list(&env, a);
	return path_tool(a, "ssh-keygen", &spec.path, err) &&
	       proc_run(&spec, input, TIMEOUT_MS, ret, err);
}

static bool
succeeded(const struct proc_result *r)
{
	return r->exit.exited && r->exit.status == 0;
}

/* Who may sign decides what runs. */
static bool
signers_trusted(const struct checker *c, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(c->signers, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(
			err, ERR_CONFIG, errno, "Cannot open the allowed signers %s", c->signers);
	return file_trusted(fd, c->signers, err);
}

static bool
refused(const struct checker *c, const char *why, struct err *err)
{
	err_set(err, ERR_REFUSED, "The runbook %s %s", c->r->file, why);
	return err_hint(err, "Read it. Somebody of %s signs it with `lifeboat sign %s --key KEY`.",
		c->signers, c->r->file);
}

/* The first name in the file of signers whose key made the signature; NULL when there is none. */
static const char *
principal(struct checker *c, struct err *err)
{
	char *argv[] = {(char[]){"ssh-keygen"}, (char[]){"-Y"}, (char[]){"find-principals"},
		(char[]){"-s"}, arena_strdup(&c->a, c->sig), (char[]){"-f"},
		arena_strdup(&c->a, c->signers), NULL};
	struct proc_result r = PROC_RESULT_INIT(4 * KIB);
	const char *name = NULL;

	if (ssh_keygen(&c->a, argv, NULL, &r, err)) {
		size_t n = strcspn(str_text(&r.out), "\n,");

		if (succeeded(&r) && n > 0)
			name = arena_strndup(&c->a, r.out.buf, n);
		else
			refused(c, "is signed by nobody who may.", err);
	}
	proc_result_done(&r);
	return name;
}

static bool
verify(struct checker *c, const char *name, struct err *err)
{
	char *argv[] = {(char[]){"ssh-keygen"}, (char[]){"-Y"}, (char[]){"verify"}, (char[]){"-n"},
		(char[]){SIGNATURE_NAMESPACE}, (char[]){"-f"}, arena_strdup(&c->a, c->signers),
		(char[]){"-I"}, arena_strdup(&c->a, name), (char[]){"-s"},
		arena_strdup(&c->a, c->sig), NULL};
	struct proc_result r = PROC_RESULT_INIT(4 * KIB);
	bool good = ssh_keygen(&c->a, argv, str_text(&c->text), &r, err);

	if (good && !succeeded(&r))
		good = refused(c,
			"is not what was signed: its signature is of other content, another id or "
			"another version.",
			err);
	proc_result_done(&r);
	return good;
}

/* A file that is renamed, with its signature, is another runbook to whoever asks for it by name. */
static bool
named_as_signed(const struct checker *c, struct err *err)
{
	const char *base = path_base(c->r->file), *dot = strrchr(base, '.');
	size_t n = dot != NULL ? (size_t)(dot - base) : strlen(base);

	if (strlen(c->r->id) == n && memcmp(c->r->id, base, n) == 0)
		return true;
	err_set(err, ERR_REFUSED, "The runbook %s has the id \"%s\": it is another one.",
		c->r->file, c->r->id);
	return err_hint(err, "A signed runbook's file has the name of its id.");
}

/* Not older than what was seen of this id, and remembered from now on. */
static bool
not_rolled_back(struct checker *c, const char *state, struct err *err)
{
	const char *dir = path_join(&c->a, state, "keys/runbooks");
	const char *path = path_join(&c->a, dir, c->r->id);
	int64_t version = c->r->version != FIELD_ABSENT ? c->r->version : 0, seen = -1;
	CLEANUP(str_done) struct str was = STR_INIT(KIB), is = STR_INIT(KIB);
	const char *digest = "";
	char *space;

	str_fmt(&is, "%lld %s\n", (long long)version, c->r->sha256);
	if (file_exists(path)) {
		if (!file_read(path, KIB, &was, err))
			return false;
		space = strchr(str_text(&was), ' ');
		if (space == NULL)
			return err_set(err, ERR_DAMAGED, "%s is damaged.", path);
		*space = '\0';
		digest = space + 1;
		if (!util_parse_i64(was.buf, &seen))
			return err_set(err, ERR_DAMAGED, "%s is damaged.", path);
	}
	if (version < seen) {
		err_set(err, ERR_REFUSED,
			"The runbook %s is version %lld, and version %lld has been here already.",
			c->r->file, (long long)version, (long long)seen);
		return err_hint(err, "Take the newer one. If the old one is wanted: sign it again "
				     "with a higher version.");
	}
	if (version == seen && strncmp(digest, c->r->sha256, 64) != 0) {
		err_set(err, ERR_REFUSED,
			"Version %lld of the runbook %s was something else when it was here last.",
			(long long)version, c->r->file);
		return err_hint(err, "Whoever changes a signed runbook raises its version.");
	}
	return version == seen || readonly_is_set() ||
	       (file_mkdirs(dir, 0750, err) && file_replace(path, is.buf, is.len, 0640, err));
}

bool
signature_check(const struct runbook *r, const char *signed_by, const char *state, struct err *err)
{
	struct checker c = {.r = r, .signers = signed_by, .text = STR_INIT(KIB)};
	const char *name;
	bool good;

	c.sig = arena_fmt(&c.a, "%s.sig", r->file);
	signature_text(r, &c.text);
	good = signers_trusted(&c, err);
	if (good && !file_exists(c.sig))
		good = refused(&c, "is not signed, and this site runs only signed ones.", err);
	good = good && (name = principal(&c, err)) != NULL && verify(&c, name, err) &&
	       named_as_signed(&c, err) && not_rolled_back(&c, state, err);
	arena_done(&c.a);
	str_done(&c.text);
	return good;
}

bool
signature_make(const struct runbook *r, const char *key, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	char *argv[] = {(char[]){"ssh-keygen"}, (char[]){"-Y"}, (char[]){"sign"}, (char[]){"-f"},
		arena_strdup(&a, key), (char[]){"-n"}, (char[]){SIGNATURE_NAMESPACE}, NULL};
	struct proc_result p = PROC_RESULT_INIT(64 * KIB);
	bool good;

	signature_text(r, &text);
	good = ssh_keygen(&a, argv, str_text(&text), &p, err);
	if (good && !succeeded(&p))
		good = err_set(err, ERR_REFUSED, "ssh-keygen does not sign with %s: %s", key,
			text_safe(&a, str_text(&p.errors)));
	good = good && file_replace(arena_fmt(&a, "%s.sig", r->file), str_text(&p.out), p.out.len,
			       0644, err);
	proc_result_done(&p);
	return good;
}
