/*
 * fuzz: a fuzzer is one file, tests/fuzz/NAME_fuzz.c, that defines fuzz_one; a dictionary
 * tests/fuzz/NAME.dict and seeds in tests/fuzz/corpus/NAME/ are taken when they are there.
 *
 * It is built twice: with clang's libFuzzer (make fuzzers, tests/fuzz/fuzz), and with gcc as a
 * plain program that plays the seeds (make replay). What a fuzzer found goes into its corpus.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/banned.h"
#include "base/util.h"

/* Must come back for any bytes; what must hold is said with FUZZ_HOLDS. */
void fuzz_one(const char *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Exactly as long as the input, so that a sanitizer sees a step too far. */
	char *copy = malloc(len + (len == 0));

	if (copy == NULL)
		return 0;
	memcpy(copy, data, len);
	fuzz_one(copy, len);
	free(copy);
	return 0;
}

#define FUZZ_HOLDS(what)                                 \
	do {                                             \
		if (!(what))                             \
			BUG("does not hold: %s", #what); \
	} while (0)

#endif
