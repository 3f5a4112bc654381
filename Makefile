# Builds ./vmstat, one static binary. `make` installs nothing; `make deps`
# installs the toolchain, and `make test` as root the packages of the tests.

# musl-gcc where there is one, else cc, which on Alpine is musl's own. Looked
# up at each use, so that `make deps run` finds what deps has just installed.
ifneq ($(filter default undefined,$(origin CC)),)
CC = $(shell command -v musl-gcc || echo cc)
endif
# -Oz where the compiler knows it: GCC 12, clang.
CFLAGS ?= $(shell echo | $(CC) -Oz -xc -c -o /dev/null - 2>/dev/null && \
	echo -Oz || echo -Os)
PREFIX = /usr/local
BIN = vmstat
STRIP = -s

# What makes the program smaller, as far as the compiler knows it.
SMALL = -mgeneral-regs-only -malign-data=abi -fno-expensive-optimizations \
	-fno-tree-forwprop -fno-forward-propagate -fno-tree-tail-merge \
	-fno-move-loop-invariants -fno-jump-tables -fno-gcse \
	--param=uninlined-function-insns=0
SMALLER = $(foreach flag,$(SMALL),$(shell echo | $(CC) -Werror $(flag) -xc -c \
	-o /dev/null - 2>/dev/null && echo $(flag)))

ALL_CFLAGS = $(SMALLER) $(CPPFLAGS) $(CFLAGS) -std=c11 -Wall -Wextra -Wpedantic -Wshadow \
	-Wconversion -Wundef -Wno-unused-command-line-argument -fno-pie \
	-fno-stack-protector -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -fno-unwind-tables
ALL_LDFLAGS = -static -no-pie $(STRIP) -Wl,--gc-sections,--build-id=none \
	-Wl,--sort-section=alignment,-z,norelro,-z,noseparate-code \
	-Wl,-z,common-page-size=64 $(LDFLAGS)

all: $(BIN)

$(BIN): vmstat.c config.h Makefile
	$(CC) $(ALL_CFLAGS) -o $@ vmstat.c $(ALL_LDFLAGS)

run: $(BIN)
	./$(BIN) 1 5

deps:
	@sh tests/deps

# Every layer of tests; the others run one of them alone.
test: $(BIN)
	@CC='$(CC)' tests/run

check size matrix fuzz: $(BIN)
	@CC='$(CC)' tests/$@

bench: $(BIN)
	@CC='$(CC)' tests/bench/run

e2e: $(BIN)
	@tests/e2e/run

golden: $(BIN)
	@tests/golden

image: $(BIN)
	@docker/image

# A program of the tests, built as vmstat is.
tests/out/%: tests/%.c vmstat.c config.h Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

install: $(BIN)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/vmstat
	install -m 644 vmstat.8 $(DESTDIR)$(PREFIX)/share/man/man8/vmstat.8

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/vmstat
	rm -f $(DESTDIR)$(PREFIX)/share/man/man8/vmstat.8

clean:
	rm -rf vmstat vmstat.oci.tar tests/out

.NOTPARALLEL:
.PHONY: all run deps test check size matrix bench fuzz e2e golden image \
	install uninstall clean
