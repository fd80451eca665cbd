/*
 * approval: checks an SSH signature over an approval request, with ssh-keygen(1).
 */
#include "base/banned.h"
#include "step/child.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>

#define SIGNATURE_MAX (16 * KIB)
#define CHECK_MS      10000

static const char *
part(const struct node *n, const char *key)
{
	const struct node *v = node_get(n, key);

	return v != NULL && v->type == NODE_SCALAR ? v->text : NULL;
}

/* Who may sign decides what runs: that file must be as safe as a runbook. */
static bool
trusted(const char *path, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, ERR_CONFIG, errno, "Cannot open the allowed signers %s", path);
	return file_trusted(fd, path, err);
}

static bool
verify(struct step_child *c, const struct node *spec, const char *file, struct err *err)
{
	char *argv[] = {(char[]){"ssh-keygen"}, (char[]){"-Y"}, (char[]){"verify"}, (char[]){"-n"},
		(char[]){STEP_SIGN_NAMESPACE}, (char[]){"-f"},
		arena_strdup(c->arena, part(spec, "allowed_signers")), (char[]){"-I"},
		arena_strdup(c->arena, part(spec, "identity")), (char[]){"-s"},
		arena_strdup(c->arena, file), NULL};
	struct proc_spec ps = {.argv = argv, .nfds = 3};
	struct proc_result r = PROC_RESULT_INIT(4 * KIB);
	struct proc_env env;
	bool good;

	proc_env_init(&env, c->arena);
	ps.envp = proc_env_list(&env, c->arena);
	good = path_tool(c->arena, "ssh-keygen", &ps.path, err) &&
	       proc_run(&ps, part(spec, "request"), CHECK_MS, &r, err);
	if (good && (!r.exit.exited || r.exit.status != 0))
		good = err_set(err, ERR_REFUSED, "The signature of %s is not good: %s",
			part(spec, "identity"), text_safe(c->arena, str_text(&r.errors)));
	proc_result_done(&r);
	return good;
}

bool
step_check_signature(struct step_child *c, const struct node *spec, struct err *err)
{
	const char *signature = part(spec, "signature");
	char file[] = "/tmp/lifeboat-signature-XXXXXX";
	CLEANUP(util_close) int fd = -1;
	bool good;

	if (signature == NULL || part(spec, "request") == NULL || part(spec, "identity") == NULL ||
		part(spec, "allowed_signers") == NULL || strlen(signature) > SIGNATURE_MAX)
		return err_set(err, ERR_USAGE, "The signature is incomplete or too long.");
	if (!trusted(part(spec, "allowed_signers"), err))
		return false;
	fd = mkostemp(file, O_CLOEXEC);
	if (fd < 0 || !file_write_all(fd, signature, strlen(signature)))
		return err_sys(err, ERR_IO, errno, "Cannot keep the signature for the check");
	good = verify(c, spec, file, err);
	unlink(file);
	return good;
}
