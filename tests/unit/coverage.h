/*
 * coverage: forced into every file of a coverage build, so that a child that ends by _exit()
 * writes its counters as well.
 */
#ifndef UNIT_COVERAGE_H
#define UNIT_COVERAGE_H

#include <unistd.h>

extern void __gcov_dump(void);
#define _exit(status) (__gcov_dump(), (_exit)(status))

#endif
