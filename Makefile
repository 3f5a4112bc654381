# Builds ./vmstat, one static binary. `make deps` installs the toolchain, `make deps
# test` also what the tests use; no other target installs a package.

# musl-gcc where there is one, else cc, which on Alpine is musl's own. Looked
# up at each use, so that `make deps run` finds what deps has just installed.
ifneq ($(filter default undefined,$(origin CC)),)
CC = $(shell command -v musl-gcc || echo cc)
endif
# -Oz where the compiler knows it: GCC 12, clang.
CFLAGS ?= $(shell echo | $(CC) -Oz -xc -c -o /dev/null - 2>/dev/null && \
	echo -Oz || echo -Os)
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
MANDIR = $(PREFIX)/share/man
BASHCOMPDIR = $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR = $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR = $(PREFIX)/share/fish/vendor_completions.d
NAME = vmstat
BIN = vmstat
STRIP = -s
OUT = tests/out

# A static PIE, whose tables of pointers become read-only after relocation. musl-gcc
# links a dynamic program for -static-pie, so the start files are named for it.
PIE = $(if $(findstring musl-gcc,$(CC)),$(MUSL_PIE),-static-pie)
MUSL_PIE = -static -nostartfiles -Wl,-pie,--no-dynamic-linker,--hash-style=gnu \
	-l:rcrt1.o -l:crti.o -l:crtn.o
# Packed relocations save 22 KiB. A trial program decides: a toolchain may lack rcrt1.o,
# the start code of a static PIE; a linker may ignore the flag, with a warning; and musl
# before 1.2.4 leaves packed relocations to relocate() in vmstat.c, so that a program
# crashes which needs them before main: for init functions, or on i386 to find main.
PACK = -Wl,-z,pack-relative-relocs
TRY = echo 'int main(void) { return 0; }' | $(CC) -fPIE -xc -o $$try - -xnone $(PIE)
LAYOUT = $(shell try=$$(mktemp); ulimit -c 0; \
	if ! $(TRY) 2>$$try.log; then \
		echo "make: $(CC) makes no static PIE; linking a plain static program:" >&2; \
		head -n 1 $$try.log >&2; echo -static -no-pie; \
	elif [ -z "$$($(TRY) $(PACK) 2>&1)" ] && { $$try; } 2>/dev/null; then \
		echo '$(PIE) $(PACK)'; \
	else \
		echo '$(PIE)'; \
	fi; rm -f $$try $$try.log)

# A user's CPPFLAGS, CFLAGS and LDFLAGS come last and win. What newer compilers
# refuse anyway is an error here, too; rows of tables leave out fields, and the
# functions in tables ignore parameters. The rest keeps the program small:
# functions and data that are not used are left out, and so are tables for
# exceptions, and padding to pages or for speed; what is small stands together.
ALL_CFLAGS = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef \
	-Wno-missing-field-initializers -Wno-unused-parameter -Wno-unused-command-line-argument \
	-Werror=incompatible-pointer-types -Werror=int-conversion \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fPIE $(ALIGN) $(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(LAYOUT) $(STRIP) -Wl,-z,relro,-z,now,-z,text \
	-Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,common-page-size=64,--sort-section=alignment $(LDFLAGS)
ALIGN = $(shell echo | $(CC) -malign-data=abi -xc -c -o /dev/null - 2>/dev/null && \
	echo -malign-data=abi)

all: $(BIN)

# The stamp holds the flags of the last build; a change rebuilds. But `make install`
# alone installs what was built: the environment of root may not have its flags.
FLAGS = $(strip $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) $(STRIP))
GIVEN = $(filter command environment,$(foreach v,CC CPPFLAGS CFLAGS LDFLAGS STRIP,$(origin $v)))
ifneq ($(strip $(MAKECMDGOALS) $(GIVEN)),install)
STAMP = $(OUT)/flags/$(BIN)
ifneq ($(FLAGS),$(shell cat '$(STAMP)' 2>/dev/null))
$(STAMP): force
endif
endif

$(STAMP):
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

$(BIN): vmstat.c config.h Makefile $(STAMP)
	$(CC) $(ALL_CFLAGS) -o $@ vmstat.c $(ALL_LDFLAGS)

run: $(BIN)
	./$(BIN) 1 5

deps:
	@sh tests/tools/deps $(filter test,$(MAKECMDGOALS))

# Every layer of tests; those that need neither root nor a network; one alone.
test: $(BIN)
	@CC='$(CC)' tests/run

check: $(BIN)
	@CC='$(CC)' tests/run unit suites

lint size matrix: $(BIN)
	@CC='$(CC)' tests/tools/$@

unit fuzz bench: $(BIN)
	@CC='$(CC)' tests/$@/run

e2e: $(BIN)
	@tests/e2e/run

golden: $(BIN)
	@tests/tools/golden

# What takes longer than `make test` may; each writes what it found to tests/results.
cross kernels coverage mutants faults powerloss soak growth: $(BIN)
	@CC='$(CC)' tests/long/$@

image images: $(BIN)
	@docker/$@

dist:
	@tests/tools/dist

# A program of the tests, built as vmstat is. Those of bench/ and e2e/ do not call relocate().
$(OUT)/bench/% $(OUT)/e2e/%: PACK =
$(OUT)/%: tests/%.c vmstat.c config.h Makefile $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(ALL_LDFLAGS)

# NAME: what it is called where procps has taken the name vmstat.
TEXTS = vmstat.8:$(MANDIR)/man8/$(NAME).8 docker/completion/vmstat.bash:$(BASHCOMPDIR)/$(NAME) \
	docker/completion/_vmstat:$(ZSHCOMPDIR)/_$(NAME) \
	docker/completion/vmstat.fish:$(FISHCOMPDIR)/$(NAME).fish

install: $(BIN)
	install -d $(DESTDIR)$(BINDIR)
	install -m 755 $(BIN) $(DESTDIR)$(BINDIR)/$(NAME)
	@NAME='$(NAME)' DESTDIR='$(DESTDIR)' tests/tools/install $(TEXTS)

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/$(NAME) $(foreach t,$(TEXTS),$(DESTDIR)$(lastword $(subst :, ,$t)))

clean:
	rm -rf vmstat vmstat.oci.tar vmstat-all.oci.tar vmstat-*.tar.gz tests/out

.NOTPARALLEL:
docs: $(BIN)
	@tests/tools/docs

.PHONY: all run deps test check lint size matrix unit bench fuzz e2e golden docs image \
	images dist install uninstall clean force cross kernels coverage mutants faults \
	powerloss soak growth
