/*
 * banned: functions that are easy to misuse become compile errors (the habit is git's).
 * Included first by every .c file, after the system headers have had their say below.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BANNED(name, use) banned_##name##_use_##use

#undef strcpy
#define strcpy(d, s) BANNED(strcpy, str)
#undef strcat
#define strcat(d, s) BANNED(strcat, str)
#undef strncpy
#define strncpy(d, s, n) BANNED(strncpy, str)
#undef strncat
#define strncat(d, s, n) BANNED(strncat, str)
#undef sprintf
#define sprintf(...) BANNED(sprintf, str_fmt)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, str_fmt)
#undef gets
#define gets(s) BANNED(gets, file_read)
#undef strtok
#define strtok(s, d) BANNED(strtok, strchr)
#undef localtime
#define localtime(t) BANNED(localtime, clock)
#undef gmtime
#define gmtime(t) BANNED(gmtime, clock)
#undef ctime
#define ctime(t) BANNED(ctime, clock)
#undef asctime
#define asctime(t) BANNED(asctime, clock)
#undef system
#define system(s) BANNED(system, proc_spawn)
#undef popen
#define popen(c, m) BANNED(popen, proc_spawn)
#undef tmpnam
#define tmpnam(s) BANNED(tmpnam, mkdtemp)
#undef mktemp
#define mktemp(s) BANNED(mktemp, mkdtemp)
#undef alloca
#define alloca(n) BANNED(alloca, arena)
#undef atoi
#define atoi(s) BANNED(atoi, util_parse_i64)
#undef atol
#define atol(s) BANNED(atol, util_parse_i64)

#endif
