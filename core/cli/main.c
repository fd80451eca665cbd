/*
 * lifeboat: runbook console for backup and disaster recovery. See cli/table.c for what it does.
 */
#include "base/banned.h"
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>

/* A descriptor 0-2 that our caller closed would be taken by the next file that we open. */
static void
ensure_standard_fds(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			abort();
}

int
main(int argc, char **argv)
{
	ensure_standard_fds();
	setlocale(LC_CTYPE, "");
	return cli_main(argc, argv);
}
