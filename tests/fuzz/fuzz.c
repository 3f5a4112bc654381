/* Fuzzes the whole of vmstat with libFuzzer and clang's sanitizers: the first
 * byte of an input chooses a row of `runs`, the second a file of the fixture
 * that the row reads, and the rest is what that file holds; where the row has
 * a delay, from the second sample on. tests/fuzz/run builds and starts it.
 *
 * vmstat is written for one run in a process. So its variables lie in two
 * sections of their own, which are put back as they were before each run;
 * _exit ends the run only, time passes by waiting alone, and what it writes
 * goes nowhere. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct { const char *tree, *args[8]; } runs[] = {
	{ "host", { "--json", "-x" } },
	{ "host", { "-x", "-w", "-t", "0.01", "2" } },
	{ "host", { "-s" } },
	{ "host", { "-d" } },
	{ "host", { "-d", "-x", "--csv", "0.01", "3" } },
	{ "host", { "-D" } },
	{ "host", { "-p", "sda1", "--json" } },
	{ "host", { "-m", "--csv" } },
	{ "v2", { "--scope=cgroup", "--json", "-x" } },
	{ "v2", { "--scope=cgroup", "-H", "0.01", "3" } },
	{ "v2", { "--scope=cgroup", "-s" } },
	{ "v2", { "--scope=cgroup", "-D" } },
	{ "v1", { "--scope=cgroup", "--json", "-x" } },
	{ "v1", { "--scope=cgroup", "-a", "-y", "0.01", "2" } },
	{ "v1", { "--scope=cgroup", "-d" } },
};
enum { RUNS = sizeof runs / sizeof *runs, FILES = 1024 };

static struct fixture { char *path; char *bytes; size_t n; } fixtures[FILES];
static unsigned n_fixtures;
static const char *trees;
static jmp_buf end_of_run;
static struct timespec now;
static const struct fixture *changing; /* at the next wait, to this: */
static const uint8_t *change;
static size_t change_n;

static void fill(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	close(fd);
}

/* What is not to happen: time is `now`, a wait is over at once, what is
 * written goes nowhere, signals are those of libFuzzer. */
static int fuzz_clock(clockid_t id, struct timespec *t)
{
	(void)id;
	*t = now;
	return 0;
}

static int fuzz_wait(struct pollfd *fds, nfds_t n, const struct timespec *t)
{
	(void)fds;
	(void)n;
	if (changing)
		fill(changing->path, change, change_n);
	changing = NULL;
	now.tv_sec += t->tv_sec + 1;
	return 0;
}

static ssize_t fuzz_write(int fd, const void *p, size_t n)
{
	static volatile unsigned sum;

	(void)fd;
	for (size_t i = 0; i < n; i++)
		sum += ((const unsigned char *)p)[i];
	return (ssize_t)n;
}

_Noreturn static void fuzz_exit(int status)
{
	longjmp(end_of_run, status + 1);
}

#pragma clang section bss = "vm_bss" data = "vm_data"
#define main vmstat_main
#define _exit(status) fuzz_exit(status)
#define clock_gettime(id, t) fuzz_clock(id, t)
#define ppoll(fds, n, t, mask) fuzz_wait(fds, n, t)
#define write(fd, p, n) fuzz_write(fd, p, n)
#define sigaction(number, action, old) ((void)(action), 0)
#include "../../vmstat.c"
#undef main
#undef _exit
#undef clock_gettime
#undef ppoll
#undef write
#undef sigaction
#pragma clang section bss = "" data = ""

extern char __start_vm_bss[], __stop_vm_bss[];
static char *fresh_bss;
__attribute__((weak)) extern char __start_vm_data[], __stop_vm_data[];
static char *fresh_data;

/* Byte by byte and unchecked: between the variables lie red zones. */
__attribute__((no_sanitize("address", "undefined"), noinline))
static void copy(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i + 8 <= n; i += 8) {
		*(uint64_t *)(to + i) = *(const uint64_t *)(from + i);
		__asm__ volatile("" ::: "memory");
	}
}

static char *saved(const char *from, size_t n)
{
	char *p = malloc(n + 8);

	if (!p)
		abort();
	copy(p, from, n);
	return p;
}

static int keep(const char *path, const struct stat *st, int type, struct FTW *w)
{
	struct fixture *f = &fixtures[n_fixtures];
	int fd;

	(void)w;
	if (type != FTW_F || n_fixtures == FILES)
		return 0;
	f->path = strdup(path);
	f->n = (size_t)st->st_size;
	f->bytes = malloc(f->n + 1);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, f->bytes, f->n) != (ssize_t)f->n)
		abort();
	close(fd);
	n_fixtures++;
	return 0;
}

/* The i-th file of a tree, counted round. */
static const struct fixture *fixture_of(const char *tree, unsigned i)
{
	const struct fixture *of[FILES];
	size_t head = strlen(trees) + 1, n = strlen(tree);
	unsigned found = 0;

	for (unsigned j = 0; j < n_fixtures; j++)
		if (!strncmp(fixtures[j].path + head, tree, n) && fixtures[j].path[head + n] == '/')
			of[found++] = &fixtures[j];
	return of[i % found];
}

/* FUZZ_TREES: a copy of tests/fixtures that may be written to. With
 * FUZZ_SEEDS, a directory, every file of each row becomes an input there. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *seeds = getenv("FUZZ_SEEDS");
	char path[4096];

	(void)argc;
	(void)argv;
	trees = getenv("FUZZ_TREES");
	if (!trees || nftw(trees, keep, 16, FTW_PHYS))
		abort();
	fresh_bss = saved(__start_vm_bss, (size_t)(__stop_vm_bss - __start_vm_bss));
	if (__start_vm_data)
		fresh_data = saved(__start_vm_data, (size_t)(__stop_vm_data - __start_vm_data));
	for (unsigned r = 0; seeds && r < RUNS; r++)
		for (unsigned i = 0; i < 256 && (!i || fixture_of(runs[r].tree, i) != fixture_of(runs[r].tree, 0)); i++) {
			const struct fixture *f = fixture_of(runs[r].tree, i);
			unsigned char head[2] = { (unsigned char)r, (unsigned char)i };
			FILE *seed;

			snprintf(path, sizeof path, "%s/%u-%u", seeds, r, i);
			if (!(seed = fopen(path, "w")))
				abort();
			fwrite(head, 1, 2, seed);
			fwrite(f->bytes, 1, f->n, seed);
			fclose(seed);
		}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char proc[4096], sys[4096], *argv[12] = { "vmstat", proc, sys };
	const struct fixture *f;
	unsigned r, argc = 3;
	int first_fd;

	if (n < 2)
		return 0;
	r = p[0] % RUNS;
	f = fixture_of(runs[r].tree, p[1]);
	snprintf(proc, sizeof proc, "--proc=%s/%s/proc", trees, runs[r].tree);
	snprintf(sys, sizeof sys, "--sys=%s/%s/sys", trees, runs[r].tree);
	for (unsigned i = 0; runs[r].args[i]; i++)
		argv[argc++] = (char *)runs[r].args[i];
	copy(__start_vm_bss, fresh_bss, (size_t)(__stop_vm_bss - __start_vm_bss));
	if (fresh_data)
		copy(__start_vm_data, fresh_data, (size_t)(__stop_vm_data - __start_vm_data));
	now = (struct timespec){ 1000, 0 };
	changing = argc > 4 && atoi(argv[argc - 1]) > 1 ? f : NULL;
	change = p + 2;
	change_n = n - 2;
	if (!changing)
		fill(f->path, change, change_n);
	first_fd = dup(0);
	if (!setjmp(end_of_run))
		vmstat_main((int)argc, argv);
	syscall(SYS_close_range, first_fd, ~0u, 0);
	fill(f->path, f->bytes, f->n);
	return 0;
}
