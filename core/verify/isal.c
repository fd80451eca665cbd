#include "base/banned.h"
#include "verify/isal.h"

#if HAVE_ISAL
#include <dlfcn.h>
#include <pthread.h>

static struct isal isal;
static bool usable;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(void)
{
	void *lib;

	if (getenv("LIFEBOAT_NO_ISAL") != NULL)
		return;
	lib = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
	if (lib == NULL)
		return;
	*(void **)&isal.inflate_init = dlsym(lib, "isal_inflate_init");
	*(void **)&isal.inflate_reset = dlsym(lib, "isal_inflate_reset");
	*(void **)&isal.inflate = dlsym(lib, "isal_inflate");
	*(void **)&isal.crc64_jones_refl = dlsym(lib, "crc64_jones_refl");
	usable = isal.inflate_init != NULL && isal.inflate_reset != NULL && isal.inflate != NULL &&
		 isal.crc64_jones_refl != NULL;
}

const struct isal *
isal_open(void)
{
	pthread_once(&once, load);
	return usable ? &isal : NULL;
}
#endif
