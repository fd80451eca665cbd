#include "base/banned.h"
#include "verify/lib_archive.h"
#include "base/dl.h"

const struct lib_archive *
lib_archive(struct err *err)
{
	static const char *const names[] = {LIB_ARCHIVE(DL_NAME)};
	static struct lib_archive lib;
	static struct dl dl = DL("libarchive.so.13", "libarchive13", names, &lib);

	return dl_need(&dl, err) ? &lib : NULL;
}
