/* probe: runs a command, its output to /dev/null, and prints what it cost.
 * usage: probe [-t] COMMAND [ARGUMENT...]
 *   without -t: CPU time in microseconds, user and system
 *   with -t:    system calls, execve and exit_group included, and VmHWM in KiB
 * With -t the command is traced, which makes its CPU time meaningless. VmHWM
 * is read as the process ends: wait4's ru_maxrss would count the parent's. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static long read_hwm(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (!(f = fopen(path, "r")))
		fail(path);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

/* Counts a call at its entry only: every second system call stop, and the
 * stops begin after execve, which is therefore counted beforehand. */
static void trace(pid_t pid)
{
	const long flags = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT;
	long calls = 1, hwm = -1;
	int status, entry = 1, signal = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		fail("no execve");
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, flags) < 0)
		fail("ptrace");
	while (ptrace(PTRACE_SYSCALL, pid, 0, (long)signal) == 0 &&
	       waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		signal = 0;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			calls += entry;
			entry = !entry;
		} else if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8)) {
			hwm = read_hwm(pid);
		} else {
			signal = WSTOPSIG(status);
		}
	}
	printf("%ld %ld\n", calls, hwm);
}

int main(int argc, char **argv)
{
	int traced = argc > 1 && !strcmp(argv[1], "-t"), status, null;
	char **command = argv + 1 + traced;
	struct rusage u;
	pid_t pid;

	if (!*command)
		return 1;
	if ((pid = fork()) < 0)
		fail("fork");
	if (!pid) {
		if ((null = open("/dev/null", O_RDWR)) < 0)
			fail("/dev/null");
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (traced && ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			fail("ptrace");
		execvp(*command, command);
		fail(*command);
	}
	if (traced) {
		trace(pid);
		return 0;
	}
	if (wait4(pid, &status, 0, &u) != pid || status)
		fail(*command);
	printf("%ld\n", (long)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (long)(u.ru_utime.tv_usec + u.ru_stime.tv_usec));
	return 0;
}
