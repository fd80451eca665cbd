#!/usr/bin/env python3
"""bench_audit: BUDGETS B13: `audit verify` of 1,000,000 records of 300 bytes.

usage: tests/bench/bench_audit.py [RECORDS]

Beside the floor (OpenSSL's SHA-256 over each record's bytes, one after the other, and nothing else)
and sha256sum of the file. Needs the release build and a C compiler.
"""
import hashlib
import os
import subprocess
import sys
import tempfile

import budget
import lifeboat

FLOOR = r"""
#include <openssl/sha.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDONLY);
	struct stat st;
	unsigned char sum[32], all = 0;
	char *p, *end, *next;
	if (fd < 0 || fstat(fd, &st) < 0) return 1;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	for (end = p + st.st_size; p < end; p = next + 1) {
		SHA256_CTX c;
		next = memchr(p, '\n', (size_t)(end - p));
		SHA256_Init(&c);
		SHA256_Update(&c, p, (size_t)(next - p) - 75);
		SHA256_Final(sum, &c);
		all ^= sum[0];
	}
	printf("%u\n", all);
	return 0;
}
"""


def make_log(path, count):
    prev = "0" * 64
    with open(path, "w", encoding="ascii") as f:
        for seq in range(1, count + 1):
            event, data = "test.event", '{"x":"0123456789012345678"}'
            if seq == 1:
                event = "chain.opened"
                data = '{"kind":"audit","format":1,"file_id":"%s"}' % ("a" * 32)
            line = ('{"seq":%d,"at":"2026-11-21T09:00:00.000Z","mono_ns":%d,"run":null,"event":"%s",'
                    '"actor":"ops@host","data":%s,"prev":"%s"' % (
                        seq, 10 ** 13 + seq, event, data, prev))
            prev = hashlib.sha256(line.encode()).hexdigest()
            f.write(line + ',"hash":"' + prev + '"}\n')


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    if not budget.wanted("B13"):
        return
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as place:
        log, source = os.path.join(place, "log"), os.path.join(place, "floor.c")
        make_log(log, count)
        with open(source, "w", encoding="ascii") as f:
            f.write(FLOOR)
        subprocess.run(["cc", "-O2", "-Wno-deprecated-declarations", "-o", source[:-2], source,
                        "-lcrypto"], check=True)
        floor = budget.measure([source[:-2], log])
        other = budget.measure(["sha256sum", log])
        ours = budget.measure([lifeboat.binary(), "audit", "verify", "--file", log])
        what = f"audit verify of {count} records of {os.path.getsize(log) // count} B, CPU"
        budget.row("B13", what, ours.cpu, "s", ratio_limit=2, peer=("SHA-256 of each", floor.cpu))
        budget.row("B13", "the same", ours.cpu, "s", peer=("sha256sum", other.cpu))
        budget.row("B13", "its resident memory", ours.rss, "MiB")


if __name__ == "__main__":
    main()
