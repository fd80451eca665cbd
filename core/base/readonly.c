#include "base/banned.h"
#include "base/readonly.h"

#define READ_ONLY "LIFEBOAT_READ_ONLY"

/* In the environment, so that it holds for the commands that a read-only console starts, too. */
void
readonly_set(void)
{
	setenv(READ_ONLY, "1", 1);
}

bool
readonly_is_set(void)
{
	const char *set = getenv(READ_ONLY);

	return set != NULL && set[0] != '\0';
}

bool
readonly_check(struct err *err)
{
	if (!readonly_is_set())
		return true;
	err_set(err, ERR_READ_ONLY, "This is a read-only lifeboat: it starts and changes nothing.");
	return err_hint(
		err, "Start it without --read-only and --kiosk, and without $LIFEBOAT_READ_ONLY.");
}
