# Lifeboat. `make` builds build/lifeboat, which runs from this tree without being installed.
#
#   make            release build            make check     all tests (what .ci/run runs, unpacked)
#   make debug      ASan + UBSan build       make bench     BUDGETS, beside their floors and peers (ONLY="B11 B12")
#   make lint       layout, includes, sizes, cppcheck, clang-tidy
#   make fuzz       every fuzzer, for a while; make format   apply clang-format
#   make install PREFIX=/usr/local           make uninstall
#   make defences   takes each defence against a fault out and sees its test fail
#   make demo       the flight simulator
#
# DEVELOPER=1 turns warnings into errors; install.sh sets it for its own builds.

CC      ?= gcc
PREFIX  ?= /usr/local
B       ?= build
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wshadow \
           -Wpointer-arith -Wwrite-strings -Wundef -Wno-unused-parameter -Wno-missing-field-initializers
ifeq ($(DEVELOPER),1)
WARN    += -Werror
endif

CPPFLAGS += -D_GNU_SOURCE -DLIFEBOAT_VERSION='"$(VERSION)"' -Icore -I. \
            $(shell pkg-config --cflags ncursesw yaml-0.1 libcjson libpq libcurl libarchive expat 2>/dev/null) \
            -I/usr/include/cjson
# Small (BUDGETS B18): no tables to unwind the stack by, which only C++ and profilers of release
# builds want; what nothing calls is left out; and all is compiled for size, but what backups, WAL,
# listings, logs and the output of steps run through.
ifeq ($(origin CFLAGS),undefined)
SMALL   := -Oz -fplt
HOT     := base/% audit/% $(addprefix catalog/,catalog_query collecting_objects listing listing_writer place settle) \
           $(addprefix net/,http s3 s3_list source_dir source_s3 xml) run/mask run/child \
           $(addprefix verify/,aof basebackup basebackup_extract basebackup_wal crc64 extract flow frames inflate isal lzf \
             manifest members pagesum pgdump pgdump_data rdb rdb_value ring scan sqlscan sqlwords sum tape tokens unpack walwalk) \
           $(addprefix wal/,actors continuity damage heap names packed pglz reader record scan segment tar unpack xact)
$(HOT:%=$(B)/obj/core/%.o): SMALL :=
endif
CFLAGS  ?= -O2 -g -fno-plt -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE \
           -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections
LDFLAGS ?= -pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,-z,pack-relative-relocs
LDLIBS  := -lncursesw -ltinfo -lyaml -lcjson -lexpat -lcrypto -ldl -lm

# core/net opens libcurl and libpq, and core/verify libarchive, when they are first needed: linked in, they
# would cost every start 5 ms and 8 MiB (BUDGETS B03, B06, B11).

CORE    := $(sort $(wildcard core/*/*.c))
TUI     := $(sort $(wildcard tui/*.c tui/*/*.c))
SRC     := $(CORE) $(TUI)
OBJ     := $(SRC:%.c=$(B)/obj/%.o)
LIBOBJ  := $(filter-out $(B)/obj/core/cli/main.o,$(OBJ))

SAN     := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
DEBUG_CFLAGS := -O1 -g $(SAN)

.PHONY: all debug unit live fault fuzzers replay coverage check lint format bench fuzz defences demo install uninstall clean compile_commands
all: $(B)/lifeboat

$(B)/lifeboat: $(OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJ) $(LDLIBS)

$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) $(CFLAGS) $(SMALL) $(WARN) -MMD -MP -c -o $@ $<

# debug-unit, debug-fault, ...: any target, built with the sanitizers below build/debug
debug: debug-all
debug-%:
	+$(MAKE) B=$(B)/debug CFLAGS='$(DEBUG_CFLAGS)' LDFLAGS='$(SAN)' $*

# The program that it carries.
$(B)/obj/core/verify/sandbox_s3.o: core/verify/sandbox_s3.py

# Everything but main, for the test programs to take from what they need.
LIB     := $(B)/liblifeboat.a
$(LIB): $(LIBOBJ)
	@rm -f $@
	$(AR) rcs $@ $(LIBOBJ)

# Unit tests: one program a file under tests/unit, cmocka.
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(sort $(shell find tests/unit -name '*_test.c')))
$(B)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) -Itests $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(LIB) $(LDFLAGS) -lcmocka $(LDLIBS)
unit: $(UNIT)

# Drivers for tests/live: functions of the library behind a small command line.
LIVE    := $(patsubst tests/live/%.c,$(B)/live/%,$(sort $(wildcard tests/live/*.c)))
$(B)/live/%: tests/live/%.c $(LIBOBJ)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(LIBOBJ) $(LDFLAGS) $(LDLIBS)
live: $(LIVE)

# Drivers for tests/fault, and the shim that makes their system calls fail (LD_PRELOAD).
FAULT   := $(patsubst tests/fault/%_driver.c,$(B)/fault/%_driver,$(sort $(wildcard tests/fault/*_driver.c)))
$(B)/fault/%_driver: tests/fault/%_driver.c $(LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) -Itests $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(LIB) $(LDFLAGS) $(LDLIBS)
$(B)/fault/shim.so: tests/fault/shim.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -g -fPIC -shared $(WARN) -o $@ $< -ldl
fault: $(FAULT) $(B)/fault/shim.so

# Fuzzers (tests/fuzz/fuzz.h): with libFuzzer, and as plain programs that play their seeds.
# Fuzzers want their own build of everything: tests/fuzz/fuzz calls this with CC=clang B=build/fuzz.
FUZZ    := $(patsubst tests/fuzz/%_fuzz.c,%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(B)/fuzzers/%: tests/fuzz/%_fuzz.c $(LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) -Itests $(CFLAGS) $(WARN) -MMD -MP -o $@ $< $(LIB) -fsanitize=fuzzer $(LDFLAGS) $(LDLIBS)
fuzzers: $(FUZZ:%=$(B)/fuzzers/%)
$(B)/replay/%: tests/fuzz/%_fuzz.c tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(CPPFLAGS) -Itests $(CFLAGS) $(WARN) -o $@ $< tests/fuzz/replay.c $(LIB) $(LDFLAGS) $(LDLIBS)
replay: $(FUZZ:%=$(B)/replay/%)

# What the unit tests run of the lower rooms, line by line.
coverage:
	+$(MAKE) B=$(B)/coverage CFLAGS='-std=gnu11 -O0 -g --coverage -DTEST_COVERAGE -include tests/unit/coverage.h' LDFLAGS=--coverage unit
	find $(B)/coverage -name '*.gcda' -delete
	for t in $$(find $(B)/coverage/unit -name '*_test' -type f); do $$t >/dev/null || exit 1; done
	tests/coverage $(B)/coverage core/base core/conf core/audit

check:
	tests/check

lint:
	tests/lint/lint

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

bench: all
	tests/bench/bench $(ONLY)

fuzz:
	tests/fuzz/fuzz

defences: all unit live fault
	LIFEBOAT_TEST_SECONDS=25 tests/defences/defences

demo: all
	$(B)/lifeboat demo

install: all
	packaging/install $(B) $(DESTDIR)$(PREFIX)

uninstall:
	packaging/uninstall $(DESTDIR)$(PREFIX)

clean:
	rm -rf $(B)

# The value of a variable, for scripts: make -s print-CPPFLAGS
print-%:
	@: $(info $($*))

-include $(OBJ:.o=.d) $(UNIT:=.d) $(LIVE:=.d) $(FAULT:=.d) $(FUZZ:%=$(B)/fuzzers/%.d)
