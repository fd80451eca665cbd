#include "base/banned.h"
#include "verify/isal.h"

#if HAVE_ISAL
#include "base/dl.h"

const struct isal *
isal_open(void)
{
	static const char *const names[] = {
		"isal_inflate_init", "isal_inflate_reset", "isal_inflate", "crc64_jones_refl"};
	static struct isal isal;
	static struct dl dl = DL("libisal.so.2", "libisal2", names, &isal);

	return getenv("LIFEBOAT_NO_ISAL") == NULL && dl_have(&dl) ? &isal : NULL;
}
#endif
