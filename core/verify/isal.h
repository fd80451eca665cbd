/*
 * isal: Intel's ISA-L (Debian: libisal2), opened when first needed and done without where it is
 * missing. It inflates two to three times as fast as zlib, and inflating is what proving a
 * compressed backup mostly is (BUDGETS B07, B09).
 */
#ifndef VERIFY_ISAL_H
#define VERIFY_ISAL_H

#include "base/util.h"

#if defined(__has_include)
#if __has_include(<isa-l/igzip_lib.h>)
#define HAVE_ISAL 1
#include <isa-l/crc64.h>
#include <isa-l/igzip_lib.h>
#endif
#endif
#ifndef HAVE_ISAL
#define HAVE_ISAL 0
#endif

#if HAVE_ISAL
struct isal {
	__typeof__(isal_inflate_init) *inflate_init;
	__typeof__(isal_inflate_reset) *inflate_reset;
	__typeof__(isal_inflate) *inflate;
	__typeof__(crc64_jones_refl) *crc64_jones_refl;
};

/* NULL when it is not installed, or $LIFEBOAT_NO_ISAL is set (for tests of the fallback). */
const struct isal *isal_open(void);
#endif

#endif
