#include "base/banned.h"
#include "verify/lib_archive.h"

#include <dlfcn.h>
#include <pthread.h>

static struct lib_archive lib;
static bool usable;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
load(void)
{
	void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return;
	usable = true;
#define X(name)                                     \
	*(void **)&lib.name = dlsym(handle, #name); \
	usable = usable && lib.name != NULL;
	LIB_ARCHIVE(X)
#undef X
}

const struct lib_archive *
lib_archive(struct err *err)
{
	pthread_once(&once, load);
	if (usable)
		return &lib;
	err_set(err, ERR_TOOL_MISSING, "The library libarchive is not installed.");
	err_hint(err, "apt-get install libarchive13");
	return NULL;
}
