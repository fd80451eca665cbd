/*
 * sandbox_s3: an S3 server as a sandbox: OpenStack Swift, by the program beside this file.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/file.h"
#include "base/path.h"

#include <signal.h>

/* Debian's python3-swift: the module that keeps objects in memory. */
#define MODULE "/usr/lib/python3/dist-packages/swift/obj/mem_server.py"

extern const char sandbox_s3_program[], sandbox_s3_program_end[];
__asm__(".pushsection .rodata\n"
	".globl sandbox_s3_program, sandbox_s3_program_end\n"
	"sandbox_s3_program:\n"
	".incbin \"core/verify/sandbox_s3.py\"\n"
	"sandbox_s3_program_end:\n"
	".byte 0\n"
	".popsection\n");

static const char *
program_path(struct arena *a, const struct sandbox *s)
{
	return path_join(a, s->directory, "s3_server.py");
}

static bool
find(struct arena *a, int major, struct sandbox *s, struct err *err)
{
	const char *path;

	if (!path_tool(a, sandbox_s3.program, &path, err))
		return false;
	if (access(MODULE, R_OK) == 0)
		return true;
	err_set(err, ERR_TOOL_MISSING, "Swift, which serves as an S3 server, is not installed.");
	return err_hint(err, "apt-get install python3-swift");
}

static bool
init(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s, struct err *err)
{
	/* cppcheck-suppress comparePointers; the assembler put both ends of one object there */
	size_t size = (size_t)(sandbox_s3_program_end - sandbox_s3_program);

	return file_replace(program_path(a, s), sandbox_s3_program, size, 0644, err);
}

static void
command(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
	struct proc_spec *ret)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	char **argv = arena_array(a, 4, sizeof(*argv));

	argv[0] = arena_strdup(a, sandbox_s3.program);
	argv[1] = arena_strdup(a, "-I"); /* nobody's modules but the system's */
	argv[2] = arena_strdup(a, program_path(a, s));
	if (!path_tool(a, sandbox_s3.program, &ret->path, &why))
		ret->path = sandbox_s3.program; /* gone since `find`: the start will say so */
	ret->argv = argv;
}

static bool
ready(struct arena *a, const struct sandbox *s)
{
	return file_exists(path_join(a, s->data, "port"));
}

/* Empty until it is ready: it takes a port that is free. */
static const char *
conninfo(struct arena *a, const struct sandbox *s)
{
	CLEANUP(str_done) struct str port = STR_INIT(64);
	CLEANUP(err_done) struct err why = ERR_INIT;

	if (!file_read(path_join(a, s->data, "port"), 16, &port, &why))
		return "";
	str_cut(&port, strcspn(str_text(&port), "\n"));
	return arena_fmt(a, "http://127.0.0.1:%s", port.buf);
}

static const char *const users[] = {"swift", "nobody", NULL};

const struct sandbox_ops sandbox_s3 = {
	.program = "python3",
	.exe = "python3",
	.title = "S3 server",
	.users = users,
	.socket = "",
	.stop_signal = SIGKILL, /* it has nothing but memory */
	.find = find,
	.init = init,
	.command = command,
	.ready = ready,
	.conninfo = conninfo,
};
