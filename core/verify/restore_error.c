#include "base/banned.h"
#include "verify/restore_error.h"
#include "base/str.h"
#include "base/text.h"

#define QUOTED_MAX 600

/* What a sandbox may lack through no fault of the dump. */
static const struct {
	const char *words;
	enum err_code code;
	const char *hint;
} lacks[] = {
	{"extension \"", ERR_TOOL_MISSING, "Install the extension's package on this machine."},
	{"could not open extension control file", ERR_TOOL_MISSING,
		"Install the extension's package on this machine."},
	{"could not access file \"$libdir", ERR_TOOL_MISSING,
		"Install the package that brings this library."},
	{"could not load library", ERR_TOOL_MISSING,
		"Install the package that brings this library."},
	{"shared_preload_libraries", ERR_TOOL_MISSING,
		"This extension has to be loaded when the server starts, which a sandbox does not "
		"do."},
	{"must be loaded via", ERR_TOOL_MISSING,
		"This extension has to be loaded when the server starts, which a sandbox does not "
		"do."},
	{"unsupported version (", ERR_TOOL_MISSING,
		"The dump was made by a newer pg_dump: install that version's client."},
	{"unrecognized configuration parameter", ERR_TOOL_MISSING,
		"The dump comes from a newer server, or an extension sets this parameter."},
	{"role \"", ERR_CONFIG, NULL},
	{"collation \"", ERR_CONFIG, "The operating system's locale is missing here."},
	{"invalid locale name", ERR_CONFIG, "The operating system's locale is missing here."},
	{"invalid LC_COLLATE", ERR_CONFIG, "The operating system's locale is missing here."},
	{"tablespace \"", ERR_CONFIG, NULL},
	{"No space left on device", ERR_IO, "Make room below $TMPDIR or /tmp."},
	{"could not extend file", ERR_IO, "Make room below $TMPDIR or /tmp."},
	{"out of shared memory", ERR_LIMIT, NULL},
	{"canceling statement due to", ERR_STOPPED, NULL},
	{"server closed the connection unexpectedly", ERR_UNREACHABLE, "The sandbox went away."},
	{"terminating connection", ERR_UNREACHABLE, "The sandbox went away."},
	{"connection to server", ERR_UNREACHABLE, "The sandbox went away."},
	{"Permission denied", ERR_PERMISSION, NULL},
};

/* The first error: behind the server's "ERROR:  ", else behind the tool's "error: ". */
static const char *
first_error(const char *said, size_t *ret_len)
{
	static const char *const marks[] = {"ERROR:  ", "FATAL:  ", "error: ", ""};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const char *at = strstr(said, marks[i]);

		if (at == NULL)
			continue;
		at += strlen(marks[i]);
		*ret_len = strcspn(at, "\r\n");
		return at;
	}
	return said;
}

static bool
holds(const char *line, size_t len, const char *words)
{
	return memmem(line, len, words, strlen(words)) != NULL;
}

bool
restore_error(const char *said, const struct restore_context *c, struct err *err)
{
	CLEANUP(str_done) struct str quoted = STR_INIT(QUOTED_MAX);
	size_t len = 0;
	const char *line = first_error(said, &len);

	text_visible(&quoted, line, MIN(len, (size_t)QUOTED_MAX), 0);
	if (quoted.len == 0)
		str_add(&quoted, "no reason was given");
	/* The server's; pg_restore itself says so of a length that was garbled. */
	if (holds(line, len, "out of memory") && strstr(said, "ERROR:  ") != NULL)
		return err_set(err, ERR_LIMIT, "It could not be loaded here: %s.", quoted.buf);
	for (size_t i = 0; i < ARRAY_LEN(lacks); i++) {
		if (!holds(line, len, lacks[i].words))
			continue;
		err_set(err, lacks[i].code, "It could not be loaded here: %s.", quoted.buf);
		return lacks[i].hint != NULL && err_hint(err, "%s", lacks[i].hint);
	}
	if (c->data_only && holds(line, len, "does not exist")) {
		err_set(err, ERR_CONFIG,
			"The dump holds data only, and not the tables that they belong into: it "
			"can't be restored by itself (%s).",
			quoted.buf);
		return err_hint(err, "Prove the dump with the definitions and the data in one.");
	}
	if (c->dump_major > c->server_major) {
		err_set(err, ERR_TOOL_MISSING,
			"The dump is from PostgreSQL %d and could not be loaded into PostgreSQL "
			"%d: "
			"%s.",
			c->dump_major, c->server_major, quoted.buf);
		return err_hint(err, "apt-get install postgresql-%d", c->dump_major);
	}
	return err_set(err, ERR_CHECK_FAILED, "Loading failed: %s.", quoted.buf);
}
