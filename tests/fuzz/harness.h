/* What the fuzzers share. They run the whole of vmstat again and again in one process, on
 * captured trees, so each run begins with the variables as they were: they lie in two
 * sections of their own. _exit ends only the run. The kernel is one of ours:
 *
 *   time      passes by waiting alone; each wait is over at once and begins the next sample
 *   files     those of the trees are opened where they are; what they hold is the first or
 *             the second instant's, or damage, by the sample. Of other paths only `rec` and
 *             `rec.1`, in a directory of the process, exist: recordings
 *   terminal  of the width in `world`, 0: none
 *
 * FUZZ_TREES: a directory of trees, made by tests/fuzz/trees: what only the second instant
 * has exists at the first as well, but empty. FUZZ_SCRATCH: where to make that directory. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 4096, INSTANTS = 2, DAMAGES = 2 };

struct content { const char *p; size_t n; };

static struct fixture {
	char *path; /* below the trees */
	ino_t inode;
	struct content at[INSTANTS]; /* NULL: not there */
} fixtures[FILES];
static const struct fixture *by_inode[FILES]; /* by inode % FILES, or where there is room next */
static unsigned n_fixtures;

/* What an input chooses. */
static struct {
	struct timespec now;
	unsigned sample, waits; /* passed */
	uint8_t instants;       /* bit i: which one sample i sees */
	uint8_t columns;        /* of the terminal */
	uint8_t last_wait;      /* a signal comes at it; 0: at none */
	bool is_proc;           /* the tree passes for a mounted /proc */
	struct { const struct fixture *file; unsigned from; struct content content; } damage[DAMAGES];
	const char *tree;
	char out[1 << 20], err[1 << 16]; /* what was written */
	size_t n_out, n_err;
	int status;
} world;

static const struct fixture *opened[1024]; /* by descriptor */
static char *trees;
static jmp_buf end_of_run;

/* Ends the fuzzer, and shows what was written, unless it is true. */
#define must(true_) do if (!(true_)) failed(#true_); while (0)

_Noreturn static void failed(const char *what)
{
	fprintf(stderr, "status %d, not true: %s\n%.*s---\n%.*s---\n", world.status, what,
		(int)world.n_out, world.out, (int)world.n_err, world.err);
	abort();
}

static struct content content_of(const struct fixture *f)
{
	for (unsigned i = 0; i < DAMAGES; i++)
		if (world.damage[i].file == f && world.sample >= world.damage[i].from)
			return world.damage[i].content;
	return f->at[world.instants >> (world.sample < 7 ? world.sample : 7) & 1];
}

/* The tree's name is the current directory's `t`. */
static int fuzz_open(const char *path, int flags)
{
	struct stat st;
	int fd = -1;

	errno = ENOENT;
	if (!strncmp(path, "rec", 3) || !strcmp(path, "/") || (!strncmp(path, "t/", 2) && !strstr(path, "/..")))
		fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return -1;
	must(fd < 1024 && !fstat(fd, &st));
	opened[fd] = NULL;
	for (unsigned i = st.st_ino % FILES; *path == 't' && by_inode[i] && !opened[fd]; i = (i + 1) % FILES)
		opened[fd] = by_inode[i]->inode == st.st_ino ? by_inode[i] : NULL;
	if (opened[fd] && !content_of(opened[fd]).p) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	return fd;
}

static int fuzz_openat(const char *path, int flags)
{
	int fd = -1;

	errno = EACCES;
	if (!strcmp(path, "rec"))
		fd = open(path, flags, 0644);
	if (fd >= 0)
		opened[fd] = NULL;
	return fd;
}

static ssize_t fuzz_pread(int fd, void *to, size_t n, off_t at)
{
	struct content c;

	if (fd < 0 || !opened[fd])
		return pread(fd, to, n, at);
	c = content_of(opened[fd]);
	errno = ENODEV; /* of a file whose cgroup was removed */
	if (!c.p)
		return -1;
	n = (size_t)at >= c.n ? 0 : n < c.n - (size_t)at ? n : c.n - (size_t)at;
	memcpy(to, c.p + at, n);
	return (ssize_t)n;
}

/* A large write is a partial one, as to a pipe. */
static ssize_t fuzz_write(int fd, const char *p, size_t n)
{
	if (fd > 2)
		return write(fd, p, n);
	n = n < 4096 ? n : 4096;
	if (fd == 1 && n < sizeof world.out - world.n_out) {
		memcpy(world.out + world.n_out, p, n);
		world.n_out += n;
	} else if (fd == 2 && n < sizeof world.err - world.n_err) {
		memcpy(world.err + world.n_err, p, n);
		world.n_err += n;
	}
	return (ssize_t)n;
}

static int fuzz_ioctl(struct winsize *w)
{
	errno = ENOTTY;
	*w = (struct winsize){ .ws_col = world.columns, .ws_row = world.columns / 4 };
	return world.columns ? 0 : -1;
}

static int fuzz_statfs(const char *path, struct statfs *fs)
{
	int failed = statfs(path, fs);

	fs->f_type = world.is_proc ? 0x9fa0 : fs->f_type;
	return failed;
}

_Noreturn static void fuzz_exit(int status)
{
	longjmp(end_of_run, status + 1);
}

/* Each fuzzer has its own: what happens while vmstat waits. */
static int fuzz_wait(struct pollfd *fds, nfds_t n, const struct timespec *t);

#ifdef SERVER /* its connections */
enum { LISTENER = 900, CLIENT = 901 };
static int fuzz_accept(void);
static ssize_t fuzz_recv(int fd, void *to, size_t n);
static ssize_t fuzz_sendmsg(int fd, const struct msghdr *message);
static int fuzz_shutdown(int fd);
static int fuzz_close(int fd);
static int fuzz_getsockname(void *address);
#endif

#pragma clang section bss = "vm_bss" data = "vm_data"
#define main vmstat_main
#define _exit(status) fuzz_exit(status)
#define clock_gettime(id, t) (*(t) = world.now, 0)
#define ppoll(fds, n, t, mask) fuzz_wait(fds, n, t)
#define open(path, flags) fuzz_open(path, flags)
#define openat(at, path, flags, mode) fuzz_openat(path, flags)
#define renameat(at, from, at_too, to) \
	(strcmp(from, "rec") && strcmp(from, "rec.1") ? (errno = EACCES, -1) : renameat(at, from, at_too, to))
#define unlink(path) (-1)
#define pread(fd, to, n, at) fuzz_pread(fd, to, n, at)
#define lseek(fd, at, whence) ((fd) ? lseek(fd, at, whence) : -1)
#define write(fd, p, n) fuzz_write(fd, p, n)
#define ioctl(fd, request, w) fuzz_ioctl(w)
#define isatty(fd) (world.columns != 0)
#define statfs(path, fs) fuzz_statfs(path, fs)
#define gethostname(to, n) strcpy(to, "fuzz")
#define sigaction(number, action, old) ((void)(action), 0)
#define raise(number) 0
#define kill(pid, number) 0
#define prctl(...) 0
#define mprotect(...) 0
#define syscall(number, ...) ((number) == SYS_getdents64 ? syscall(number, __VA_ARGS__) : (errno = ENOSYS, -1l))
#ifdef SERVER
#define socket(...) LISTENER
#define bind(...) 0
#define listen(...) 0
#define connect(...) (errno = ECONNREFUSED, -1)
#define setsockopt(...) 0
#define getsockname(fd, a, n) fuzz_getsockname(a)
#define accept4(...) fuzz_accept()
#define recv(fd, to, n, flags) fuzz_recv(fd, to, n)
#define sendmsg(fd, message, flags) fuzz_sendmsg(fd, message)
#define shutdown(fd, how) fuzz_shutdown(fd)
#define close(fd) fuzz_close(fd)
#else
#define socket(...) (errno = EACCES, -1)
#endif
#include "../../vmstat.c"
#undef main
#undef open
#undef openat
#undef pread
#undef write
#undef lseek
#undef close
#pragma clang section bss = "" data = ""

__attribute__((weak)) extern char __start_vm_bss[], __stop_vm_bss[], __start_vm_data[], __stop_vm_data[];
static char *fresh_bss, *fresh_data;

/* Word by word and unchecked: between the variables lie red zones. */
__attribute__((no_sanitize("address", "undefined"), noinline))
static void copy_words(char *to, const char *from, const char *end)
{
	for (; from + 8 <= end; to += 8, from += 8) {
		*(uint64_t *)to = *(const uint64_t *)from;
		__asm__ volatile("" ::: "memory");
	}
}

static char *kept_words(const char *from, const char *end)
{
	char *p = malloc((size_t)(end - from) + 8);

	must(p);
	copy_words(p, from, end);
	return p;
}

static struct content load(const char *path)
{
	struct content c = { NULL, 0 };
	struct stat st;
	int fd = open(path, O_RDONLY);
	char *p;

	if (fd < 0)
		return c;
	must(!fstat(fd, &st) && (p = calloc(1, (size_t)st.st_size + 1)));
	c.n = (size_t)read(fd, p, (size_t)st.st_size);
	c.p = p;
	close(fd);
	return c;
}

/* Of each file of TREE/proc and TREE/sys both instants, as tests/fixtures/README has them. */
static int add_fixture(const char *path, const struct stat *st, int type, struct FTW *w)
{
	struct fixture *f = &fixtures[n_fixtures];
	const char *below = path + strlen(trees) + 1, *rest = strchr(below, '/');
	char second[4096], *removed;
	unsigned i = st->st_ino % FILES;

	(void)w;
	if (type != FTW_F || !rest || (strncmp(rest, "/proc/", 6) && strncmp(rest, "/sys/", 5)))
		return 0;
	must(n_fixtures < FILES / 2);
	*f = (struct fixture){ strdup(below), st->st_ino, { load(path) } };
	snprintf(second, sizeof second, "%s/%.*s/2%s", trees, (int)(rest - below), below, rest);
	f->at[1] = load(second);
	if (!f->at[1].p)
		f->at[1] = f->at[0];
	snprintf(second, sizeof second, "%s/%.*s/2/removed", trees, (int)(rest - below), below);
	removed = (char *)load(second).p;
	for (char *line = removed ? strtok(removed, "\n") : NULL; line; line = strtok(NULL, "\n"))
		if (!strncmp(rest + 1, line, strlen(line)))
			f->at[1] = (struct content){ NULL, 0 };
	while (by_inode[i])
		i = (i + 1) % FILES;
	by_inode[i] = f;
	n_fixtures++;
	return 0;
}

/* The i-th file of a tree, counted round from 1; 0: none. */
static const struct fixture *fixture_of(const char *tree, unsigned i)
{
	const struct fixture *of[FILES];
	size_t n = strlen(tree);
	unsigned found = 0;

	for (const struct fixture *f = fixtures; f < fixtures + n_fixtures; f++)
		if (!strncmp(f->path, tree, n) && f->path[n] == '/')
			of[found++] = f;
	return i && found ? of[(i - 1) % found] : NULL;
}

static void fill(const char *path, struct content c)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0 && write(fd, c.p, c.n) == (ssize_t)c.n);
	close(fd);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const unset[] = {
		"LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "KUBERNETES_SERVICE_HOST", "container", "LISTEN_PID"
	};
	char scratch[256];

	snprintf(scratch, sizeof scratch, "%s/XXXXXX", getenv("FUZZ_SCRATCH"));
	trees = realpath(getenv("FUZZ_TREES"), NULL);
	must(trees && !nftw(trees, add_fixture, 16, FTW_PHYS) && n_fixtures);
	must(mkdtemp(scratch) && !chdir(scratch) && !symlink(trees, "t"));
	for (unsigned i = 0; i < LENGTH(unset); i++)
		unsetenv(unset[i]);
	setenv("TERM", "xterm", 1);
	fresh_bss = kept_words(__start_vm_bss, __stop_vm_bss);
	fresh_data = kept_words(__start_vm_data, __stop_vm_data);
	return 0;
}

/* Runs vmstat, at 2026-01-02 03:04:05, for world.status. */
static void run_once(const char *tree, const char *const *args, char **more)
{
	char proc[64], sys[64], *argv[32] = { "vmstat", proc, sys };
	int argc = 3, first_fd;

	copy_words(__start_vm_bss, fresh_bss, fresh_bss + (__stop_vm_bss - __start_vm_bss));
	copy_words(__start_vm_data, fresh_data, fresh_data + (__stop_vm_data - __start_vm_data));
	snprintf(proc, sizeof proc, "--proc=t/%s/proc", tree);
	snprintf(sys, sizeof sys, "--sys=t/%s/sys", tree);
	for (; *args; args++)
		argv[argc++] = (char *)*args;
	for (; more && *more && argc < 31; more++)
		argv[argc++] = *more;
	world.now = (struct timespec){ 1767323045, 0 };
	world.tree = tree;
	world.n_out = world.n_err = 0;
	world.sample = world.waits = 0;
	first_fd = dup(0);
	world.status = setjmp(end_of_run);
	world.status = world.status ? world.status - 1 : vmstat_main(argc, argv);
	close_range((unsigned)first_fd, ~0u, 0);
	world.out[world.n_out] = world.err[world.n_err] = '\0';
}

/* Text that is fit to print: UTF-8, and of control characters only those that are allowed. */
static void check_text(const char *p, size_t n, const char *controls)
{
	uint32_t c;

	for (size_t length; n; p += length, n -= length) {
		length = utf8_char(p, &c);
		must(length && length <= n && *p && (((unsigned char)*p >= ' ' && *p != 0x7f) || strchr(controls, *p)));
	}
}
