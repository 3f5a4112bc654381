/* vmstat - tells the truth about a machine or a container, in one static file
 * SPDX-License-Identifier: MIT
 *
 * Files are read into a sample; two samples are compared into a report;
 * alerts judge the report; a renderer walks the catalogue and prints it.
 *
 *   files --read--> sample --compare--> report --judge--> alerts
 *                                          |
 *                                 table | JSON | CSV
 *
 * The rooms, bottom-up (search for "- NAME"):
 *
 *   SETUP       includes, config.h, static assertions
 *   CATALOGUE   sources, metrics, groups, -s lines, alert rules, options:
 *               TO ADD A METRIC that a kernel file carries, add one row to
 *               METRICS; the table, JSON, CSV, -o and --columns=help follow.
 *               Then tell of it in README.md, vmstat.8 and the list of keys
 *               in tests/output.bats, and give the kernel's key a number in
 *               tests/fixtures/host/proc
 *   STATE       the options, the samples, the report
 *   BEDROCK     output sink, warn and die, clocks, numbers, paths
 *   READERS     the streaming line scanner and the formats of the files
 *   SCOPE       which cgroup: /proc/PID/cgroup, mountinfo, namespaces
 *   CGROUP      limits over all levels, the tasks of a cgroup
 *   SAMPLE      what is read at one instant
 *   REPORT      all arithmetic: deltas, wraps, rates, percentages
 *   ALERTS      rules against a report
 *   RECORDS     JSON and CSV, field by field
 *   TABLE       columns, header, fitting the terminal
 *   VIEWS       -s -f -d -D -p -m
 *   COMMAND     options, schedule, main
 *
 * Invariants: no heap, no stdio, no floating point. A value that was not
 * read is UNSEEN, never 0. Rates and percentages are made in REPORT, those of
 * disks in VIEWS. The table, JSON and CSV know no metric by name. */

/* ----------------------------------------------------------------- SETUP */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "config.h"

#define VERSION "1.0.0"

#ifndef SYS_clock_gettime
#define SYS_clock_gettime 0 /* musl on 32-bit machines; not called there */
#endif

_Static_assert(MAX_TASKS >= 16, "MAX_TASKS is too small");
_Static_assert(MAX_LEVELS >= 2 && MAX_LEVELS <= 64, "MAX_LEVELS: 2 to 64");
_Static_assert(MAX_DISKS >= 1 && MAX_SLABS >= 1, "an empty table");
_Static_assert(PATH_BYTES >= 256, "PATH_BYTES is too small");
_Static_assert(SCAN_BYTES >= 1024, "a cpu line must fit in SCAN_BYTES");
_Static_assert(OUT_BYTES >= 8192, "a report must fit in OUT_BYTES");

/* ------------------------------------------------------------- CATALOGUE
 *
 * Seven lists make the program: PLACES (directories), SOURCES (files),
 * METRICS (what is in them), GROUPS (headings), STATS (the lines of -s),
 * RULES (alerts) and OPTIONS. A list is an X-macro, so that one row makes the enumerator and
 * the table entry and neither can be forgotten. */

/* Where a file lies: below /proc, or in the directory that a controller has
 * for the cgroup in question (its "home"). Id and the controller's name in
 * v1, "" where v2 alone has it; PRESSURE stands last, and 8 is the most. */
#define PLACES(P) \
	P(MEMORY, "memory") \
	P(CPU, "cpu") \
	P(CPUACCT, "cpuacct") \
	P(IO, "blkio") \
	P(CPUSET, "cpuset") \
	P(PRESSURE, "")

enum place {
#define P(id, v1_name) PL_##id,
	PLACES(P)
#undef P
	PL_COUNT, PL_PROC = PL_COUNT
};

/* What a file looks like inside.
 *   WORDS   lines "key value..." or "key: value...", of numbers alone up to
 *           the one that is wanted
 *   PSI     lines "some avg10=... total=N"; the key is some or full
 *   NUMBER  the first number of the file; any key but "" will do
 *   PAIRS   lines "8:0 rbytes=N wbytes=N"; a key is summed over all lines
 *   OPS     lines "8:0 Read N"; a key is summed over all lines
 *   CODE    no file: code in CGROUP fills the metrics in */
enum format { FM_WORDS, FM_PSI, FM_NUMBER, FM_PAIRS, FM_OPS, FM_CODE };

/* id, place, file, format; one of /proc, or of the cgroup.
 * Formats: Documentation/filesystems/proc.rst, accounting/psi.rst,
 * admin-guide/cgroup-v2.rst, admin-guide/cgroup-v1 (Linux 6.13). */
#define SOURCES(S) HOST_SOURCES(S) CGROUP_SOURCES(S)

#define HOST_SOURCES(S) \
	S(STAT, PROC, "stat", WORDS) \
	S(MEMINFO, PROC, "meminfo", WORDS) \
	S(VMSTAT, PROC, "vmstat", WORDS) \
	S(PSI_CPU, PROC, "pressure/cpu", PSI) \
	S(PSI_MEMORY, PROC, "pressure/memory", PSI) \
	S(PSI_IO, PROC, "pressure/io", PSI) \
	S(PSI_IRQ, PROC, "pressure/irq", PSI)

#define CGROUP_SOURCES(S) \
	S(CG_PSI_CPU, PRESSURE, "cpu.pressure", PSI) \
	S(CG_PSI_MEMORY, PRESSURE, "memory.pressure", PSI) \
	S(CG_PSI_IO, PRESSURE, "io.pressure", PSI) \
	S(CG_PSI_IRQ, PRESSURE, "irq.pressure", PSI) \
	S(MEM_STAT, MEMORY, "memory.stat", WORDS) \
	S(MEM_CURRENT, MEMORY, "memory.current", NUMBER) \
	S(SWAP_CURRENT, MEMORY, "memory.swap.current", NUMBER) \
	S(MEM_EVENTS, MEMORY, "memory.events", WORDS) \
	S(CPU_STAT, CPUACCT, "cpu.stat", WORDS) \
	S(IO_STAT, IO, "io.stat", PAIRS) \
	S(V1_USAGE, MEMORY, "memory.usage_in_bytes", NUMBER) \
	S(V1_MEMSW, MEMORY, "memory.memsw.usage_in_bytes", NUMBER) \
	S(V1_OOM, MEMORY, "memory.oom_control", WORDS) \
	S(V1_CPUACCT, CPUACCT, "cpuacct.stat", WORDS) \
	S(V1_BLKIO, IO, "blkio.throttle.io_service_bytes_recursive", OPS) \
	S(MEM_LIMITS, MEMORY, "", CODE) \
	S(CPU_LIMITS, PROC, "", CODE) \
	S(TASKS, PROC, "", CODE)

enum source {
#define S(id, place, file, format) SRC_##id,
	SOURCES(S)
#undef S
	SRC_COUNT, SRC_NONE = SRC_COUNT
};

#define BIT(id) (1u << SRC_##id)
_Static_assert(SRC_COUNT <= 32, "a set of sources is a uint32_t");

/* The unit of a number in a kernel file. KIB, BYTES and PAGES become bytes in
 * the report, to be shown as SIZE or BLOCKS; TICKS and US microseconds, as
 * SHARE wants them; MICRO is millionths of a CPU, made in CGROUP. What is
 * just counted, pages too, is ONE. */
enum raw_unit { ONE, KIB, BYTES, PAGES, TICKS, US, MICRO };

/* What a report holds of a metric.
 *   GAUGE    the value
 *   RATE     growth of a counter per second
 *   COUNT    growth of a counter
 *   TALLY    nothing: the counter itself is a line of -s
 *   SHARE    growth of a counter of time, in percent of the interval
 *   DERIVED  made by a formula in REPORT */
enum kind { GAUGE, RATE, COUNT, TALLY, SHARE, DERIVED };

/* How a value is shown: a plain number, bytes in the unit of -S, bytes in
 * KiB whatever -S says, percent, CPUs with two decimals. */
enum unit { NUMBER, SIZE, BLOCKS, PERCENT, CPUS };

/* Where a metric shows up without being asked for by -o. */
enum show {
	RAW,     /* nowhere: for a formula, or for a rule alone */
	EXTRA,   /* JSON, CSV, -x */
	CGROUP,  /* and the table in cgroup scope */
	TABLE,   /* and the table */
	CLASSIC, /* and --classic */
	ACTIVE,  /* as EXTRA; in the table with -a */
	BUFFERS  /* as CLASSIC; not in the table with -a */
};

/* id, heading, true where an odd dash goes to the right (as procps-ng's). */
#define GROUPS(G) \
	G(PROCS, "procs", 0) \
	G(MEM, "memory", 0) \
	G(SWAP, "swap", 0) \
	G(BLOCK, "io", 0) \
	G(SYSTEM, "system", 1) \
	G(CPUTIME, "cpu", 0) \
	G(FAULTS, "faults", 0) \
	G(PRESSURE, "pressure", 0) \
	G(LIMITS, "limits", 0)

enum group {
#define G(id, name, right) G_##id,
	GROUPS(G)
#undef G
	G_COUNT, G_NONE = G_COUNT
};

/* One row per metric, in the order of the table and of JSON.
 *
 *  M(id, name, group, show, keep, kind, unit, head, width, wide width,
 *    host, cgroup v2, cgroup v1, help)
 *
 * `keep`, 0 to 99, decides which column a narrow terminal drops: the lowest
 * first. `head` fits in `width`. Rows of a group stand together.
 * The last three places say where the number is found in each scope:
 * K(source, key, unit), KN(source, key, n, unit) for the n-th number of the
 * line, or NO where the kernel does not tell. With the key "" it is not in
 * the file as it is: REPORT or CGROUP makes it, and the source says what has
 * to be read for that. A row as it could be, and all the code that it takes:
 *
 *	M(DIRECT, "direct", FAULTS, EXTRA, 40, RATE, NUMBER, "dir", 5, 7, \
 *	  K(VMSTAT, "pgsteal_direct", ONE), NO, NO, \
 *	  "pages reclaimed by tasks per second") \
 *
 * M rows stand before the first R row, and each line but the list's last
 * ends in a backslash.
 *
 * R rows, behind them, are raw material for formulas and for -s:
 * R(id, kind, host, cgroup v2, cgroup v1). Ids are shared by M and R. */
#define METRICS(M, R) \
	M(R, "r", PROCS, CLASSIC, 98, GAUGE, NUMBER, "r", 2, 4, \
	  K(STAT, "procs_running", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "tasks running or waiting for a CPU") \
	M(B, "b", PROCS, CLASSIC, 97, GAUGE, NUMBER, "b", 2, 4, \
	  K(STAT, "procs_blocked", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "tasks blocked, waiting for I/O") \
	M(SWPD, "swpd", MEM, CLASSIC, 62, GAUGE, SIZE, "swpd", 6, 12, \
	  K(MEMINFO, "", KIB), K(SWAP_CURRENT, "usage", BYTES), K(V1_MEMSW, "", BYTES), \
	  "swap space used") \
	M(FREE, "free", MEM, CLASSIC, 96, GAUGE, SIZE, "free", 6, 12, \
	  K(MEMINFO, "MemFree", KIB), K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "idle memory; in a cgroup, what it can still take") \
	M(BUFF, "buff", MEM, BUFFERS, 50, GAUGE, SIZE, "buff", 6, 12, \
	  K(MEMINFO, "Buffers", KIB), NO, NO, \
	  "memory used as buffers") \
	M(CACHE, "cache", MEM, BUFFERS, 66, GAUGE, SIZE, "cache", 6, 12, \
	  K(MEMINFO, "", KIB), K(MEM_STAT, "file", BYTES), K(MEM_STAT, "total_cache", BYTES), \
	  "memory used as page cache") \
	M(INACT, "inact", MEM, ACTIVE, 64, GAUGE, SIZE, "inact", 6, 12, \
	  K(MEMINFO, "Inactive", KIB), K(MEM_STAT, "", BYTES), K(MEM_STAT, "", BYTES), \
	  "inactive memory") \
	M(ACTIVE, "active", MEM, ACTIVE, 64, GAUGE, SIZE, "active", 6, 12, \
	  K(MEMINFO, "Active", KIB), K(MEM_STAT, "", BYTES), K(MEM_STAT, "", BYTES), \
	  "active memory") \
	M(SI, "si", SWAP, CLASSIC, 76, RATE, SIZE, "si", 4, 4, \
	  K(VMSTAT, "pswpin", PAGES), K(MEM_STAT, "pswpin", PAGES), NO, \
	  "swapped in per second") \
	M(SO, "so", SWAP, CLASSIC, 75, RATE, SIZE, "so", 4, 4, \
	  K(VMSTAT, "pswpout", PAGES), K(MEM_STAT, "pswpout", PAGES), NO, \
	  "swapped out per second") \
	M(BI, "bi", BLOCK, CLASSIC, 72, RATE, BLOCKS, "bi", 5, 5, \
	  K(VMSTAT, "pgpgin", KIB), K(IO_STAT, "rbytes", BYTES), K(V1_BLKIO, "Read", BYTES), \
	  "KiB read from block devices per second") \
	M(BO, "bo", BLOCK, CLASSIC, 71, RATE, BLOCKS, "bo", 5, 5, \
	  K(VMSTAT, "pgpgout", KIB), K(IO_STAT, "wbytes", BYTES), K(V1_BLKIO, "Write", BYTES), \
	  "KiB written to block devices per second") \
	M(IN, "in", SYSTEM, CLASSIC, 60, RATE, NUMBER, "in", 4, 4, \
	  K(STAT, "intr", ONE), NO, NO, \
	  "interrupts per second") \
	M(CS, "cs", SYSTEM, CLASSIC, 78, RATE, NUMBER, "cs", 4, 4, \
	  K(STAT, "ctxt", ONE), K(TASKS, "", ONE), K(TASKS, "", ONE), \
	  "context switches per second; in a cgroup a lower bound") \
	M(US, "us", CPUTIME, CLASSIC, 95, DERIVED, PERCENT, "us", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "% of CPU time in user space") \
	M(SY, "sy", CPUTIME, CLASSIC, 94, DERIVED, PERCENT, "sy", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "% of CPU time in the kernel") \
	M(ID, "id", CPUTIME, CLASSIC, 93, DERIVED, PERCENT, "id", 2, 3, \
	  K(STAT, "", ONE), K(CPU_STAT, "", ONE), K(V1_CPUACCT, "", ONE), \
	  "% of CPU time idle; in a cgroup, of its capacity") \
	M(WA, "wa", CPUTIME, CLASSIC, 80, DERIVED, PERCENT, "wa", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "% of CPU time idle while I/O is waited for") \
	M(ST, "st", CPUTIME, CLASSIC, 55, DERIVED, PERCENT, "st", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "% of CPU time stolen by the hypervisor") \
	M(GU, "gu", CPUTIME, CLASSIC, 30, DERIVED, PERCENT, "gu", 2, 3, \
	  K(STAT, "", ONE), NO, NO, \
	  "% of CPU time running guests") \
	M(MIN, "min", FAULTS, TABLE, 77, DERIVED, NUMBER, "min", 5, 7, \
	  K(VMSTAT, "", ONE), K(MEM_STAT, "", ONE), K(MEM_STAT, "", ONE), \
	  "minor faults per second: no disk involved") \
	M(MAJ, "maj", FAULTS, TABLE, 82, RATE, NUMBER, "maj", 4, 6, \
	  K(VMSTAT, "pgmajfault", ONE), K(MEM_STAT, "pgmajfault", ONE), K(MEM_STAT, "total_pgmajfault", ONE), \
	  "major faults per second: a task waits for the disk") \
	M(OOM, "oom", FAULTS, EXTRA, 70, COUNT, NUMBER, "oom", 3, 5, \
	  K(VMSTAT, "oom_kill", ONE), K(MEM_EVENTS, "oom_kill", ONE), K(V1_OOM, "oom_kill", ONE), \
	  "tasks killed for want of memory in the interval") \
	M(CPU_SOME, "cpu_some", PRESSURE, CGROUP, 69, SHARE, PERCENT, "cpu", 3, 5, \
	  K(PSI_CPU, "some", US), K(CG_PSI_CPU, "some", US), K(CG_PSI_CPU, "some", US), \
	  "% of time some task waited for a CPU") \
	M(CPU_FULL, "cpu_full", PRESSURE, EXTRA, 20, SHARE, PERCENT, "cpuF", 4, 5, \
	  NO, K(CG_PSI_CPU, "full", US), K(CG_PSI_CPU, "full", US), \
	  "% of time every task waited for a CPU") \
	M(MEM_SOME, "mem_some", PRESSURE, CGROUP, 58, SHARE, PERCENT, "mem", 3, 5, \
	  K(PSI_MEMORY, "some", US), K(CG_PSI_MEMORY, "some", US), K(CG_PSI_MEMORY, "some", US), \
	  "% of time some task waited for memory") \
	M(MEM_FULL, "mem_full", PRESSURE, CGROUP, 74, SHARE, PERCENT, "memF", 4, 5, \
	  K(PSI_MEMORY, "full", US), K(CG_PSI_MEMORY, "full", US), K(CG_PSI_MEMORY, "full", US), \
	  "% of time every task waited for memory") \
	M(IO_SOME, "io_some", PRESSURE, CGROUP, 57, SHARE, PERCENT, "io", 3, 5, \
	  K(PSI_IO, "some", US), K(CG_PSI_IO, "some", US), K(CG_PSI_IO, "some", US), \
	  "% of time some task waited for I/O") \
	M(IO_FULL, "io_full", PRESSURE, CGROUP, 73, SHARE, PERCENT, "ioF", 3, 5, \
	  K(PSI_IO, "full", US), K(CG_PSI_IO, "full", US), K(CG_PSI_IO, "full", US), \
	  "% of time every task waited for I/O") \
	M(IRQ_FULL, "irq_full", PRESSURE, EXTRA, 19, SHARE, PERCENT, "irq", 3, 5, \
	  K(PSI_IRQ, "full", US), K(CG_PSI_IRQ, "full", US), K(CG_PSI_IRQ, "full", US), \
	  "% of time interrupts held every task up") \
	M(MEM_LIMIT, "mem_limit", LIMITS, CGROUP, 54, GAUGE, SIZE, "limit", 7, 12, \
	  NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "memory limit of the level with least headroom") \
	M(MEM_PCT, "mem_pct", LIMITS, CGROUP, 81, DERIVED, PERCENT, "mem%", 4, 5, \
	  NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES), \
	  "% of that limit in use") \
	M(CPU_LIMIT, "cpu_limit", LIMITS, CGROUP, 53, GAUGE, CPUS, "cpus", 5, 6, \
	  NO, K(CPU_LIMITS, "", MICRO), K(CPU_LIMITS, "", MICRO), \
	  "CPUs the cgroup may use") \
	M(THR, "thr", LIMITS, CGROUP, 52, DERIVED, NUMBER, "thr", 4, 5, \
	  NO, K(CPU_LIMITS, "", US), K(CPU_LIMITS, "", US), \
	  "milliseconds throttled by the CPU quota per second") \
	M(THR_PCT, "thr_pct", LIMITS, CGROUP, 79, DERIVED, PERCENT, "thr%", 4, 5, \
	  NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE), \
	  "% of the quota's periods that were throttled") \
	M(SWAPPING, "swap", NONE, RAW, 0, DERIVED, SIZE, "", 0, 0, \
	  K(VMSTAT, "", ONE), K(MEM_STAT, "", ONE), NO, "si + so") \
	R(MEM_TOTAL, GAUGE, K(MEMINFO, "MemTotal", KIB), NO, NO) \
	R(AVAILABLE, GAUGE, K(MEMINFO, "MemAvailable", KIB), \
	  K(MEMINFO, "MemAvailable", KIB), K(MEMINFO, "MemAvailable", KIB)) \
	R(MEM_USED, GAUGE, K(MEMINFO, "", KIB), K(MEM_CURRENT, "usage", BYTES), K(V1_USAGE, "usage", BYTES)) \
	R(CACHED, GAUGE, K(MEMINFO, "Cached", KIB), NO, NO) \
	R(RECLAIMABLE, GAUGE, K(MEMINFO, "SReclaimable", KIB), NO, NO) \
	R(SWAP_CACHED, GAUGE, K(MEMINFO, "SwapCached", KIB), K(MEM_STAT, "swapcached", BYTES), NO) \
	R(SWAP_TOTAL, GAUGE, K(MEMINFO, "SwapTotal", KIB), NO, NO) \
	R(SWAP_FREE, GAUGE, K(MEMINFO, "SwapFree", KIB), NO, NO) \
	R(INACT_ANON, GAUGE, NO, K(MEM_STAT, "inactive_anon", BYTES), K(MEM_STAT, "total_inactive_anon", BYTES)) \
	R(INACT_FILE, GAUGE, NO, K(MEM_STAT, "inactive_file", BYTES), K(MEM_STAT, "total_inactive_file", BYTES)) \
	R(ACTIVE_ANON, GAUGE, NO, K(MEM_STAT, "active_anon", BYTES), K(MEM_STAT, "total_active_anon", BYTES)) \
	R(ACTIVE_FILE, GAUGE, NO, K(MEM_STAT, "active_file", BYTES), K(MEM_STAT, "total_active_file", BYTES)) \
	R(HIERARCHICAL, GAUGE, NO, NO, K(MEM_STAT, "hierarchical_memory_limit", BYTES)) \
	R(LIMIT_USED, GAUGE, NO, K(MEM_LIMITS, "", BYTES), K(MEM_LIMITS, "", BYTES)) \
	R(CAPACITY, GAUGE, NO, K(CPU_LIMITS, "", MICRO), K(CPU_LIMITS, "", MICRO)) \
	R(MEMSW, GAUGE, NO, NO, K(V1_MEMSW, "usage", BYTES)) \
	R(USER, COUNT, KN(STAT, "cpu", 1, TICKS), NO, NO) \
	R(NICE, COUNT, KN(STAT, "cpu", 2, TICKS), NO, NO) \
	R(SYS, COUNT, KN(STAT, "cpu", 3, TICKS), NO, NO) \
	R(IDLE, COUNT, KN(STAT, "cpu", 4, TICKS), NO, NO) \
	R(IOWAIT, COUNT, KN(STAT, "cpu", 5, TICKS), NO, NO) \
	R(IRQ, COUNT, KN(STAT, "cpu", 6, TICKS), NO, NO) \
	R(SOFTIRQ, COUNT, KN(STAT, "cpu", 7, TICKS), NO, NO) \
	R(STEAL, COUNT, KN(STAT, "cpu", 8, TICKS), NO, NO) \
	R(GUEST, COUNT, KN(STAT, "cpu", 9, TICKS), NO, NO) \
	R(GUEST_NICE, COUNT, KN(STAT, "cpu", 10, TICKS), NO, NO) \
	R(CG_USER, COUNT, NO, K(CPU_STAT, "user_usec", US), K(V1_CPUACCT, "user", TICKS)) \
	R(CG_SYS, COUNT, NO, K(CPU_STAT, "system_usec", US), K(V1_CPUACCT, "system", TICKS)) \
	R(FAULTS, RATE, K(VMSTAT, "pgfault", ONE), K(MEM_STAT, "pgfault", ONE), K(MEM_STAT, "total_pgfault", ONE)) \
	R(PERIODS, COUNT, NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE)) \
	R(THROTTLED, COUNT, NO, K(CPU_LIMITS, "", ONE), K(CPU_LIMITS, "", ONE)) \
	R(THROTTLED_TIME, COUNT, NO, K(CPU_LIMITS, "", US), K(CPU_LIMITS, "", US)) \
	R(ALLOC_DMA, TALLY, K(VMSTAT, "pgalloc_dma", ONE), NO, NO) \
	R(ALLOC_DMA32, TALLY, K(VMSTAT, "pgalloc_dma32", ONE), NO, NO) \
	R(ALLOC_NORMAL, TALLY, K(VMSTAT, "pgalloc_normal", ONE), NO, NO) \
	R(ALLOC_HIGH, TALLY, K(VMSTAT, "pgalloc_high", ONE), NO, NO) \
	R(ALLOC_MOVABLE, TALLY, K(VMSTAT, "pgalloc_movable", ONE), NO, NO) \
	R(PGFREE, TALLY, K(VMSTAT, "pgfree", ONE), NO, NO) \
	R(BOOT_TIME, TALLY, K(STAT, "btime", ONE), NO, NO) \
	R(FORKS, TALLY, K(STAT, "processes", ONE), NO, NO)

/* The lines of -s, in procps-ng's order: metric, key in JSON, label, flags:
 * a counter is printed as the kernel counts it unless one says otherwise;
 * IF_REPORT: if the report takes it for real. */
enum { COUNTER = 0, IN_UNITS = 1, IN_US = 2, FROM_REPORT = 4, IF_REPORT = 8, CG_ONLY = 16 };

#define STATS(T) \
	T(MEM_TOTAL, "mem_total", "total memory", IN_UNITS) \
	T(MEM_USED, "mem_used", "used memory", IN_UNITS) \
	T(ACTIVE, "mem_active", "active memory", IN_UNITS) \
	T(INACT, "mem_inactive", "inactive memory", IN_UNITS) \
	T(FREE, "mem_free", "free memory", IN_UNITS) \
	T(BUFF, "mem_buffers", "buffer memory", IN_UNITS) \
	T(SWAP_CACHED, "swap_cached", "swap cache", IN_UNITS) \
	T(SWAP_TOTAL, "swap_total", "total swap", IN_UNITS) \
	T(SWPD, "swap_used", "used swap", IN_UNITS) \
	T(SWAP_FREE, "swap_free", "free swap", IN_UNITS) \
	T(USER, "cpu_user", "non-nice user cpu ticks", COUNTER) \
	T(NICE, "cpu_nice", "nice user cpu ticks", COUNTER) \
	T(SYS, "cpu_system", "system cpu ticks", COUNTER) \
	T(IDLE, "cpu_idle", "idle cpu ticks", COUNTER) \
	T(IOWAIT, "cpu_iowait", "IO-wait cpu ticks", COUNTER) \
	T(IRQ, "cpu_irq", "IRQ cpu ticks", COUNTER) \
	T(SOFTIRQ, "cpu_softirq", "softirq cpu ticks", COUNTER) \
	T(STEAL, "cpu_steal", "stolen cpu ticks", COUNTER) \
	T(GUEST, "cpu_guest", "non-nice guest cpu ticks", COUNTER) \
	T(GUEST_NICE, "cpu_guest_nice", "nice guest cpu ticks", COUNTER) \
	T(BI, "pgpgin", "K paged in", COUNTER) \
	T(BO, "pgpgout", "K paged out", COUNTER) \
	T(SI, "pswpin", "pages swapped in", COUNTER) \
	T(SO, "pswpout", "pages swapped out", COUNTER) \
	T(ALLOC_DMA, "pgalloc_dma", "pages alloc in dma", COUNTER) \
	T(ALLOC_DMA32, "pgalloc_dma32", "pages alloc in dma32", COUNTER) \
	T(ALLOC_HIGH, "pgalloc_high", "pages alloc in high", COUNTER) \
	T(ALLOC_MOVABLE, "pgalloc_movable", "pages alloc in movable", COUNTER) \
	T(ALLOC_NORMAL, "pgalloc_normal", "pages alloc in normal", COUNTER) \
	T(PGFREE, "pgfree", "pages free", COUNTER) \
	T(IN, "intr", "interrupts", IF_REPORT) \
	T(CS, "ctxt", "CPU context switches", IF_REPORT) \
	T(BOOT_TIME, "btime", "boot time", COUNTER) \
	T(FORKS, "processes", "forks", COUNTER) \
	T(MEM_LIMIT, "mem_limit", "memory limit", IN_UNITS | CG_ONLY) \
	T(CG_USER, "user_usec", "us user cpu time", IN_US | CG_ONLY) \
	T(CG_SYS, "system_usec", "us system cpu time", IN_US | CG_ONLY) \
	T(PERIODS, "nr_periods", "throttling periods", FROM_REPORT | CG_ONLY) \
	T(THROTTLED, "nr_throttled", "throttled periods", FROM_REPORT | CG_ONLY) \
	T(THROTTLED_TIME, "throttled_usec", "us throttled", FROM_REPORT | CG_ONLY) \
	T(OOM, "oom_kill", "OOM kills", CG_ONLY) \
	T(FAULTS, "pgfault", "page faults", CG_ONLY) \
	T(MAJ, "pgmajfault", "major page faults", CG_ONLY)

/* Alert rules: metric (an M row), warning and critical level (0: none, at most
 * 65535; of sizes in KiB whatever -S says, else as the table shows it), what
 * is wrong, what the number in the message is. */
#define RULES(A) \
	A(CS, 3000, 5000, "CPU THRASHING", " context switches/s") \
	A(MAJ, 50, 500, "HIGH IO LATENCY", " major faults/s") \
	A(SWAPPING, 1, 1000, "SWAPPING", " KiB/s") \
	A(OOM, 1, 1, "OOM KILL", " killed") \
	A(MEM_PCT, 90, 97, "MEMORY NEAR LIMIT", "% of the limit") \
	A(THR_PCT, 5, 25, "CPU THROTTLED", "% of the periods") \
	A(MEM_FULL, 5, 20, "MEMORY PRESSURE", "% of the time all stalled") \
	A(IO_FULL, 10, 40, "IO PRESSURE", "% of the time all stalled") \
	A(CPU_SOME, 40, 80, "CPU PRESSURE", "% of the time some waiting")

/* What an option does; VALUE and those behind it take a value.
 *   FLAG    sets a bool
 *   ONE_OF  notes itself where no other option may have done so before; not
 *           for the first row. A view is a branch in run(), too
 *   VALUE   keeps its value, a text
 *   CHOICE  keeps the place of its value in META, words between bars
 *   PARSED  is a case of parse_value(), whatever the field */
enum option_kind { FLAG, ONE_OF, VALUE, CHOICE, PARSED };

/* id, letter, long name, what it does, to which field of `opt`,
 * name of the value, switch that builds it in, help */
#define OPTIONS(O) \
	O(ACTIVE, 'a', "active", FLAG, active, "", 1, "inactive and active, not buff and cache") \
	O(FORKS, 'f', "forks", ONE_OF, view, "", WITH_STATS, "number of forks since boot") \
	O(SLABS, 'm', "slabs", ONE_OF, view, "", WITH_SLABS, "slab caches") \
	O(ONE_HEADER, 'n', "one-header", FLAG, one_header, "", 1, "print the header once only") \
	O(STATS, 's', "stats", ONE_OF, view, "", WITH_STATS, "event counters and memory statistics") \
	O(DISK, 'd', "disk", ONE_OF, view, "", WITH_DISKS, "disk statistics; with -x, rates as iostat -x") \
	O(DISK_SUM, 'D', "disk-sum", ONE_OF, view, "", WITH_DISKS, "summary of disk activity") \
	O(PARTITION, 'p', "partition", VALUE, partition, "DEV", WITH_DISKS, "statistics of one block device") \
	O(UNIT, 'S', "unit", PARSED, unit, "UNIT", 1, "k 1000, K 1024, m 1e6, M 1048576, b B 1") \
	O(WIDE, 'w', "wide", FLAG, wide, "", 1, "wider columns") \
	O(TIMESTAMP, 't', "timestamp", FLAG, timestamp, "", 1, "append the time to each line") \
	O(NO_FIRST, 'y', "no-first", FLAG, no_first, "", 1, "skip the first report, the average since boot") \
	O(SCOPE, 0, "scope", CHOICE, scope, "auto|host|cgroup", WITH_CGROUP, "whose numbers") \
	O(CGROUP, 0, "cgroup", VALUE, cgroup, "PATH", WITH_CGROUP, "that cgroup, or its directory") \
	O(PID, 0, "pid", PARSED, pid, "PID", WITH_CGROUP, "the cgroup and container that PID runs in") \
	O(PROC, 0, "proc", VALUE, proc, "DIR", 1, "read DIR instead of /proc") \
	O(SYS, 0, "sys", VALUE, sys, "DIR", 1, "read DIR instead of /sys") \
	O(COLUMNS, 'o', "columns", VALUE, columns, "LIST", 1, "columns or groups by name; help lists them") \
	O(EXTENDED, 'x', "extended", FLAG, extended, "", 1, "every column") \
	O(CLASSIC, 0, "classic", FLAG, classic, "", 1, "exactly the 18 columns of procps-ng") \
	O(HUMAN, 'H', "human", FLAG, human, "", WITH_HUMAN, "sizes as 512M, 7.8G") \
	O(JSON, 0, "json", ONE_OF, format, "", WITH_JSON, "one JSON object a line") \
	O(CSV, 0, "csv", ONE_OF, format, "", WITH_CSV, "comma-separated values under their names") \
	O(THRESHOLD, 0, "threshold", PARSED, unit, "[WARN,]CRIT[/cpu]", WITH_ALERTS, "of cs; default 3000,5000") \
	O(ALERT, 0, "alert", PARSED, unit, "NAME=[WARN,]CRIT", WITH_ALERTS, "levels of a rule, or off for no alerts") \
	O(COLOR, 0, "color", CHOICE, color, "auto|always|never", WITH_COLOR, "when to use colour") \
	O(HELP, 'h', "help", FLAG, help, "", 1, "print this help") \
	O(VERSION, 'V', "version", FLAG, version, "", 1, "print version and features")

#define LENGTH(array) (sizeof (array) / sizeof *(array))

/* A text, or rows, where a switch is 1; nothing where it is 0. */
#define IF(with, s) IF_(with, s)
#define IF_(with, s) IF_##with(s)
#define IF_0(s) ""
#define IF_1(s) s
#define ROWS(with, ...) ROWS_(with, __VA_ARGS__)
#define ROWS_(with, ...) ROWS_##with(__VA_ARGS__)
#define ROWS_0(...)
#define ROWS_1(...) __VA_ARGS__

/* The texts of a list stand one behind the other, each with its end; nth()
 * finds one. So they take no table of pointers. */
#define P(id, v1_name) v1_name "\0"
static const char controllers[] = PLACES(P);
#undef P

#define S(id, place, file, format) file "\0"
static const char source_files[] = HOST_SOURCES(S) ROWS(WITH_CGROUP, CGROUP_SOURCES(S));
#undef S

static const struct source_row {
	uint8_t place, format;
} sources[] = {
#define S(id, place, file, format) { PL_##place, FM_##format },
	SOURCES(S)
#undef S
};

#define G(id, name, right) name "\0"
static const char group_names[] = GROUPS(G);
#undef G

static const bool group_right[] = {
#define G(id, name, right) right,
	GROUPS(G)
#undef G
};

enum metric {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) M_##id,
#define R(id, kind, host, v2, v1) M_##id,
	METRICS(M, R)
#undef M
#undef R
	M_COUNT
};
_Static_assert(M_COUNT < 255, "a metric's number is a uint8_t");

enum scope_kind { HOST, V1, V2 }; /* V1 and V2 are the versions of cgroups */

/* Where a number is found: in which scope, in a line of which source and
 * where in that line, in what unit; and what a report makes of it. K, KN
 * and NO say first whether there is such a place. */
static const struct found_row {
	uint32_t source : 5, nth : 4, unit : 3, kind : 3, scope : 2, metric : 8;
} founds[] = {
#define K(source, key, unit) (1, key, SRC_##source, 1, unit)
#define KN(source, key, nth, unit) (1, key, SRC_##source, nth, unit)
#define NO (0, "", 0, 0, ONE)
#define BARE(...) __VA_ARGS__
#define FOUND(id, kind, scope, place) FOUND_(id, kind, scope, BARE place)
#define FOUND_(...) FOUND__(__VA_ARGS__)
#define FOUND__(id, kind, scope, is, ...) FOUND_##is(id, kind, scope, __VA_ARGS__)
#define FOUND_0(...)
#define FOUND_1(id, kind, scope, key, source, nth, unit) { source, nth, unit, kind, scope, M_##id },
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) R(id, kind, host, v2, v1)
#define R(id, kind, host, v2, v1) \
	FOUND(id, kind, HOST, host) ROWS(WITH_CGROUP, FOUND(id, kind, V2, v2) FOUND(id, kind, V1, v1))
	METRICS(M, R)
#undef R
};

/* The keys of these lines, in the same order. */
#define KEY(place) KEY_(BARE place)
#define KEY_(...) KEY__(__VA_ARGS__)
#define KEY__(is, key, ...) KEY_##is(key)
#define KEY_0(key)
#define KEY_1(key) key "\0"
#define R(id, kind, host, v2, v1) KEY(host) ROWS(WITH_CGROUP, KEY(v2) KEY(v1))
static const char keys[] = METRICS(M, R);
#undef M
#undef R
#undef K
#undef KN
#undef NO

/* How the M rows, which come first, are shown. */
#define R(id, kind, host, v2, v1)
enum {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) DISPLAY_##id,
	METRICS(M, R)
#undef M
	DISPLAYS
};
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	_Static_assert((int)M_##id == (int)DISPLAY_##id, #id ": this M row stands behind an R row"); \
	_Static_assert(sizeof head - 1 <= (width) || !(width), #id ": its head is wider than its column");
METRICS(M, R)
#undef M

static const struct display_row {
	uint8_t group, show, keep, unit, width[2];
} displays[] = {
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) \
	{ G_##group, show, keep, unit, { width, wide } },
	METRICS(M, R)
#undef M
};

#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) name "\0"
static const char metric_names[] = METRICS(M, R);
#undef M
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) head "\0"
static const char metric_heads[] = METRICS(M, R);
#undef M
#define M(id, name, group, show, keep, kind, unit, head, width, wide, host, v2, v1, help) IF(WITH_HELP, help) "\0"
static const char metric_helps[] = METRICS(M, R);
#undef M
#undef R

static const struct stat_row {
	uint8_t metric, flags;
} stats[] = {
#define T(id, key, label, flags) { M_##id, flags },
	STATS(T)
#undef T
};

#define T(id, key, label, flags) key "\0"
static const char stat_keys[] = STATS(T);
#undef T
#define T(id, key, label, flags) label "\0"
static const char stat_labels[] = STATS(T);
#undef T

/* What is made of two others, where no file tells it: a - b or a + b. */
static const struct { uint8_t to; bool minus; uint8_t a, b; } formulas[] = {
	{ M_SWPD, true, M_SWAP_TOTAL, M_SWAP_FREE },
	{ M_SWPD, true, M_MEMSW, M_MEM_USED },
	{ M_INACT, false, M_INACT_ANON, M_INACT_FILE },
	{ M_ACTIVE, false, M_ACTIVE_ANON, M_ACTIVE_FILE },
	{ M_MEM_USED, true, M_MEM_TOTAL, M_AVAILABLE },
	{ M_CACHE, false, M_CACHED, M_RECLAIMABLE },
	{ M_SWAPPING, false, M_SI, M_SO },
	{ M_MIN, true, M_FAULTS, M_MAJ },
};

/* What the code of REPORT takes to make the metrics `first` to `last`, where
 * no file tells them: a, and b where a is to be had. */
static const struct { uint8_t first, last, a, b; } needs[] = {
	{ M_US, M_GU, M_USER, M_NICE },
	{ M_US, M_GU, M_SYS, M_IDLE },
	{ M_US, M_GU, M_IOWAIT, M_IRQ },
	{ M_US, M_GU, M_SOFTIRQ, M_STEAL },
	{ M_US, M_GU, M_GUEST, M_GUEST_NICE },
	{ M_US, M_ID, M_CG_USER, M_CG_SYS },
	{ M_US, M_ID, M_CAPACITY, M_CAPACITY },
	{ M_FREE, M_FREE, M_AVAILABLE, M_AVAILABLE },
	{ M_FREE, M_FREE, M_HIERARCHICAL, M_MEM_USED },
	{ M_MEM_LIMIT, M_MEM_PCT, M_HIERARCHICAL, M_MEM_USED },
};

enum rule {
#define A(id, warn, crit, what, tail) A_##id,
	RULES(A)
#undef A
	A_COUNT
};

static const struct rule_row {
	uint16_t warn, crit;
	uint8_t metric;
} rules[] = {
#define A(id, warn, crit, what, tail) { warn, crit, M_##id },
	RULES(A)
#undef A
};

#define A(id, warn, crit, what, tail) _Static_assert((int)M_##id < DISPLAYS, #id ": a rule on an R row");
RULES(A)
#undef A

#define A(id, warn, crit, what, tail) what "\0"
static const char rule_texts[] = RULES(A);
#undef A
#define A(id, warn, crit, what, tail) tail "\0"
static const char rule_tails[] = RULES(A);
#undef A

enum option {
#define O(id, letter, name, kind, field, meta, with, help) O_##id,
	OPTIONS(O)
#undef O
	O_COUNT
};

/* An option that is not built in has no name. */
#define O(id, letter, name, kind, field, meta, with, help) IF(with, name) "\0"
static const char option_names[] = OPTIONS(O);
#undef O
#define O(id, letter, name, kind, field, meta, with, help) IF(with, meta) "\0"
static const char option_metas[] = OPTIONS(O);
#undef O
#define O(id, letter, name, kind, field, meta, with, help) IF(WITH_HELP, IF(with, help)) "\0"
static const char option_helps[] = OPTIONS(O);
#undef O

/* ----------------------------------------------------------------- STATE */

#define NS_PER_S 1000000000u
#define USER_HZ 100 /* of /proc, whatever the kernel's HZ (but on alpha, ia64) */
#define INITIAL_CGROUP_NS "cgroup:[4026531835]" /* PROC_CGROUP_INIT_INO */
#define INITIAL_PID_NS "pid:[4026531836]"       /* PROC_PID_INIT_INO */

/* A number that is not known, in samples and in reports. The arithmetic of
 * REPORT keeps it: what is made of it, or is too large, is not known. */
#define UNSEEN UINT64_MAX

struct level { /* one throttled level of the CPU hierarchy */
	uint64_t periods, throttled, time_us;
};

/* What was read at one instant, in the units that the catalogue says. */
struct sample {
	uint64_t ns; /* CLOCK_BOOTTIME, or the uptime of a captured tree */
	uint64_t value[M_COUNT];
	struct level level[MAX_LEVELS];
};

/* Two samples compared. Values are in thousandths: of a byte for sizes, of
 * one (a byte, a ms) per second for rates, of a percent, of a CPU, of a
 * microsecond for time, of one for counts. */
struct report {
	uint64_t milli[M_COUNT];
	uint64_t elapsed_us;
	bool first; /* since boot, or since the start of the cgroup */
};

static struct sample samples[2];
static struct report report;

/* What is large and not touched by each sample: the linker sorts it apart, so
 * that what is touched lies on few pages. A sample costs a tenth less. */
#define BULK _Alignas(64)

enum { SCOPE_AUTO, SCOPE_HOST, SCOPE_CGROUP };
enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* The command line, parsed. */
static struct opt {
	const char *proc, *sys, *cgroup, *columns, *partition;
	uint64_t pid;          /* --pid, or 0 */
	uint64_t unit;         /* bytes */
	uint8_t scope, color;
	uint8_t view;          /* O_STATS, ... or 0: the table */
	uint8_t format;        /* O_JSON, O_CSV or 0: text */
	bool active, one_header, wide, timestamp, no_first, extended, classic, human, help, version;
	bool proc_given, sys_given, captured; /* captured: proc is not a procfs */
	bool no_alerts, threshold_per_cpu;
	uint64_t delay_ns;     /* 0: no delay given */
	uint64_t count;        /* 0: until stopped */
	uint64_t warn[A_COUNT], crit[A_COUNT]; /* in thousandths; warn 0: none */
} opt;

static const struct option_row {
	char letter;
	uint8_t kind, field;
} options[] = {
#define O(id, letter, name, kind, field, meta, with, help) { letter, kind, offsetof(struct opt, field) },
	OPTIONS(O)
#undef O
};

_Static_assert(offsetof(struct opt, warn) <= UINT8_MAX, "fields of options come first");

/* The letters of -S and what they stand for. */
static const char unit_letters[] = "kKmMbB";
static const uint32_t unit_bytes[] = { 1000, 1024, 1000000, 1048576, 1, 1 };

/* Each metric's place in the scope chosen, with its key. Without a key its
 * value, if there is one, is made by code. */
static struct bound {
	const char *key;
	uint8_t source, nth, unit, kind;
} bound[M_COUNT];
static uint8_t columns[M_COUNT]; /* the metrics to print, in order */
static unsigned n_columns;
static bool asked[M_COUNT]; /* metrics to print, or to make those of */
static uint32_t needed; /* the set of their sources */

/* --------------------------------------------------------------- BEDROCK */

/* What follows `start` in s, or NULL where s begins otherwise. Stops at the
 * first difference: s may be a word that something else than a NUL ends. */
static const char *after(const char *s, const char *start)
{
	while (*start)
		if (*s++ != *start++)
			return NULL;
	return s;
}

static bool same(const char *a, const char *b)
{
	const char *rest = after(a, b);

	return rest && !*rest;
}

/* The first c in s, or the end of s. */
static const char *find(const char *s, char c)
{
	while (*s && *s != c)
		s++;
	return s;
}

static size_t length(const char *s)
{
	return (size_t)(find(s, '\0') - s);
}

/* The nth of texts that stand one behind the other. */
static const char *nth(const char *texts, unsigned n)
{
	while (n--)
		texts = find(texts, '\0') + 1;
	return texts;
}

/* Text on its way to a descriptor. Overflow is sticky and is found at the
 * flush: a report is written whole with one write(2) or not at all. */
struct sink {
	size_t n;
	bool overflow;
	char buf[OUT_BYTES];
};
static struct sink out;         /* standard output */
static struct sink *sink = &out; /* where put() puts */

static void put_char(char c)
{
	if (sink->n == sizeof sink->buf)
		sink->overflow = true;
	else
		sink->buf[sink->n++] = c;
}

static void put(const char *p, size_t n)
{
	while (n--)
		put_char(*p++);
}

static void put_str(const char *p)
{
	while (*p)
		put_char(*p++);
}

static void put_fill(char c, size_t n)
{
	while (n--)
		put_char(c);
}

/* Moves what was put from `start` on to the right, so that it ends at `end`,
 * if it does not reach there. */
static void align_right(size_t start, size_t end)
{
	size_t n = sink->n;

	if (n >= end)
		return;
	put_fill(' ', end - n);
	while (n > start && !sink->overflow)
		sink->buf[--end] = sink->buf[--n];
	while (end > start && !sink->overflow)
		sink->buf[--end] = ' ';
}

static void put_right(const char *s, size_t width)
{
	size_t start = sink->n;

	put_str(s);
	align_right(start, start + width);
}

#define U64_TEXT 21 /* 2^64-1 and its end */

/* v in decimal at the end of `buf`, with at least `width` digits. */
static const char *u64_text(char buf[U64_TEXT], uint64_t v, unsigned width)
{
	char *p = buf + U64_TEXT - 1, *widest = p - width;

	*p = '\0';
	while (v || p > widest) {
		*--p = (char)('0' + v % 10);
		v /= 10;
	}
	return p;
}

static void put_digits(uint64_t v, unsigned width)
{
	char buf[U64_TEXT];

	put_str(u64_text(buf, v, width));
}

static void put_u64(uint64_t v)
{
	put_digits(v, 1);
}

/* Thousandths with two decimals. */
static void put_hundredths(uint64_t milli)
{
	put_u64((milli + 5) / 1000);
	put_char('.');
	put_digits((milli + 5) / 10 % 100, 2);
}

/* Thousandths as a decimal number, trailing zeros trimmed. */
static void put_milli(uint64_t milli)
{
	put_u64(milli / 1000);
	if (!(milli %= 1000))
		return;
	put_char('.');
	put_digits(milli, 3);
	while (sink->buf[sink->n - 1] == '0')
		sink->n--;
}

/* The errors that reading and writing meet; libc knows them all, in 2 KiB. */
static void put_error(int error)
{
	static const uint8_t known[] = {
		ENOENT, EACCES, EOPNOTSUPP, ENOSPC, ENODEV, ENODATA, EISDIR, EBADF, EFBIG, EIO
	};
	unsigned i;

	for (i = 0; i < sizeof known; i++)
		if (known[i] == error) {
			put_str(nth("No such file or directory\0" "Permission denied\0"
				    "Operation not supported\0" "No space left on device\0"
				    "No such device\0" "No data available\0" "Is a directory\0"
				    "Bad file descriptor\0" "File too large\0" "Input/output error", i));
			return;
		}
	put_str("error ");
	put_u64((uint64_t)error);
}

/* %s and %ju (uint64_t) only; a colon at the end adds what errno says. */
static void put_format(const char *f, va_list ap)
{
	int error = errno;
	char c;

	while ((c = *f++)) {
		if (c != '%') {
			put_char(c);
			if (c == ':' && !*f) {
				put_char(' ');
				put_error(error);
			}
		} else if (*f++ == 's') {
			put_str(va_arg(ap, const char *));
		} else {
			f++;
			put_u64(va_arg(ap, uint64_t));
		}
	}
}

static ssize_t write_to(int fd, const void *p, size_t n)
{
	return syscall(SYS_write, fd, p, n);
}

/* A line on standard error. Its failure cannot be reported anywhere. */
static void say(const char *f, va_list ap)
{
	static BULK struct sink err;
	struct sink *before = sink;

	sink = &err;
	err.n = 0;
	put_str("vmstat: ");
	put_format(f, ap);
	put_char('\n');
	err.buf[err.n - 1] = '\n';
	sink = before;
	write_to(STDERR_FILENO, err.buf, err.n);
}

__attribute__((format(printf, 1, 2)))
static void warn(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	say(f, ap);
	va_end(ap);
}

__attribute__((format(printf, 1, 2)))
_Noreturn static void die(const char *f, ...)
{
	va_list ap;

	va_start(ap, f);
	say(f, ap);
	va_end(ap);
	_exit(1);
}

/* A text put together aside: note_begin(), put what is in it, note_end(). */
static struct sink note;

static void note_begin(void)
{
	sink = &note;
	note.n = 0;
}

static const char *note_end(void)
{
	put_char('\0');
	note.buf[note.n - 1] = '\0';
	sink = &out;
	return note.buf;
}

/* System calls without what libc puts around them to cancel threads, to
 * lock, to find the vDSO: 1.5 KiB. Only where the kernel's structures are
 * those of C, on 64-bit machines but MIPS. */
#if defined __LP64__ && !defined __mips__
#define PLAIN_CALLS 1
#else
#define PLAIN_CALLS 0
#endif

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t = { 0, 0 };

	if (PLAIN_CALLS)
		syscall(SYS_clock_gettime, id, &t);
	else
		clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static ssize_t read_at(int fd, void *p, size_t n, off_t at)
{
	return PLAIN_CALLS ? syscall(SYS_pread64, fd, p, n, at) : pread(fd, p, n, at);
}

/* Is this a directory of a proc file system? */
static bool is_procfs(const char *dir)
{
	struct statfs fs;

	return (PLAIN_CALLS ? syscall(SYS_statfs, dir, &fs) : statfs(dir, &fs)) == 0 &&
	       fs.f_type == 0x9fa0; /* PROC_SUPER_MAGIC */
}

/* Waits for events of a descriptor, for ever where t is NULL. */
static long wait_on(int fd, short events, struct timespec *t)
{
	struct pollfd p = { .fd = fd, .events = events };

	return PLAIN_CALLS ? syscall(SYS_ppoll, &p, 1, t, NULL, 0L) : ppoll(&p, 1, t, NULL);
}

/* Sets a handler that does not return, or SIG_IGN. */
static void set_handler(int signal_number, void (*handler)(int))
{
	struct { /* the kernel's struct sigaction */
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} plain = { handler, 0x04000000 /* SA_RESTORER: x86 asks for one */, NULL, 0 };
	struct sigaction action = { .sa_handler = handler };

	if (PLAIN_CALLS)
		syscall(SYS_rt_sigaction, signal_number, &plain, NULL, sizeof plain.mask);
	else
		sigaction(signal_number, &action, NULL);
}

/* Opens for reading. */
static int open_path(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_LARGEFILE | flags);
}

static void close_fd(int fd)
{
	syscall(SYS_close, fd);
}

static bool exists(const char *path)
{
	return syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

/* Writes what was put. A closed pipe is the reader's way of saying enough:
 * a quiet end. Anything else that fails is an error. */
static void flush(void)
{
	const char *p = out.buf;

	if (out.overflow)
		die("a report is longer than %ju bytes", (uint64_t)sizeof out.buf);
	while (out.n) {
		ssize_t n = write_to(STDOUT_FILENO, p, out.n);

		if (n >= 0) {
			p += n;
			out.n -= (size_t)n;
		} else if (errno == EPIPE) {
			_exit(0);
		} else if (errno == EAGAIN) {
			wait_on(STDOUT_FILENO, POLLOUT, NULL);
		} else if (errno != EINTR) {
			die("write error:");
		}
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* a + b, as the arithmetic of REPORT does it. */
static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UNSEEN - b ? UNSEEN : a + b;
}

/* Appends a digit to a number; false where that exceeds 2^64-1. */
static bool append(uint64_t *n, char digit)
{
	return !__builtin_mul_overflow(*n, 10u, n) && !__builtin_add_overflow(*n, (unsigned)(digit - '0'), n);
}

/* The digits at *p as a number; *p is moved behind them. False where there
 * are none or where they exceed 2^64-1. The caller sees to it that a byte
 * that is no digit follows. */
static bool digits(const char **p, uint64_t *v)
{
	const char *q = *p;
	uint64_t n = 0;

	for (; is_digit(*q); q++)
		if (!append(&n, *q))
			return false;
	if (q == *p)
		return false;
	*p = q;
	*v = n;
	return true;
}

/* A whole string as a number. */
static bool number(const char *s, uint64_t *v)
{
	return digits(&s, v) && !*s;
}

/* A decimal number with up to `places` decimals as a whole number of units
 * of 10^-places; further decimals are dropped. */
static bool decimal(const char **p, unsigned places, uint64_t *v)
{
	const char *q = *p;
	bool any = false, point = false;
	uint64_t n = 0;

	for (;; q++) {
		if (*q == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(*q))
			break;
		any = true;
		if (point && !places)
			continue;
		if (!append(&n, *q))
			return false;
		places -= point;
	}
	for (; places; places--)
		if (!append(&n, '0'))
			return false;
	*p = q;
	*v = n;
	return any;
}

/* a, b and c one after the other into `to`, of PATH_BYTES; false where they
 * do not fit. */
static bool join(char *to, const char *a, const char *b, const char *c)
{
	const char *parts[] = { a, b, c }, *end = to + PATH_BYTES - 1;
	unsigned i;

	for (i = 0; i < 3; i++)
		while (*parts[i]) {
			if (to == end)
				return false;
			*to++ = *parts[i]++;
		}
	*to = '\0';
	return true;
}

static bool is_terminal(int fd, struct winsize *w)
{
	return syscall(SYS_ioctl, fd, TIOCGWINSZ, w) == 0;
}

/* A variable of the environment, or NULL. */
static const char *env(const char *name)
{
	char **e;

	for (e = environ; *e; e++) {
		const char *value = after(*e, name);

		if (value && *value == '=')
			return value + 1;
	}
	return NULL;
}

/* --------------------------------------------------------------- READERS
 *
 * A file is streamed through one buffer, line by line, so that a /proc/stat
 * of 4,096 CPUs takes no more memory than a small one. Only one file can be
 * in the buffer at a time: `scan` is that file, `line` what is left of the
 * line in hand. */

static char scan_buf[SCAN_BYTES + 1]; /* a newline follows what was read */

#define SCAN_MOST (64 << 20) /* no file of the kernel's is longer */

static struct {
	int fd, error;
	off_t offset;  /* in the file, of the end of what is in the buffer */
	char *p, *end; /* what is in the buffer and not read yet */
	bool eof, skip;
} scan;

/* A piece of text, in the buffer or elsewhere. A line comes without its
 * end. One that is longer than the buffer is cut off at the end of it, where
 * no whole line ends. Behind `end` stands a byte that ends numbers and keys:
 * a newline, a blank, a NUL. */
struct line {
	const char *p, *end;
};

static struct line line;

/* With a descriptor that open has just given: where that failed, there are no
 * lines, and scan.error is why. */
static void scan_start(int fd)
{
	memset(&scan, 0, sizeof scan);
	scan.fd = fd;
	scan.p = scan.end = scan_buf;
	scan_buf[0] = '\n';
	scan.eof = fd < 0;
	if (fd < 0)
		scan.error = errno;
}

/* The path of the file that was opened last, or a path for a message. */
static BULK char path_buf[2 * PATH_BYTES];

/* Opens dir[0..n)/NAME and TAIL, n below PATH_BYTES; -1 and errno where that
 * fails. */
static int open_below(const char *dir, size_t n, const char *name, const char *tail)
{
	memcpy(path_buf, dir, n);
	errno = ENAMETOOLONG;
	if (!join(path_buf + n, "/", name, tail))
		return -1;
	return open_path(path_buf, O_NOCTTY | O_NONBLOCK);
}

static int open_at(const char *dir, const char *name, const char *tail)
{
	return open_below(dir, length(dir), name, tail);
}

/* Opens a file below /proc to be scanned. */
static bool scan_proc(const char *name, const char *tail)
{
	scan_start(open_at(opt.proc, name, tail));
	return scan.fd >= 0;
}

static void scan_close(void)
{
	close_fd(scan.fd);
}

static void scan_fill(void)
{
	char *to = scan_buf;
	ssize_t n = -1;

	while (scan.p < scan.end)
		*to++ = *scan.p++;
	scan.p = scan_buf;
	scan.end = to;
	errno = EFBIG;
	if (scan.offset < SCAN_MOST)
		do
			n = read_at(scan.fd, to, (size_t)(scan_buf + SCAN_BYTES - to), scan.offset);
		while (n < 0 && errno == EINTR);
	if (n < 0)
		scan.error = errno;
	scan.eof = n <= 0;
	if (n > 0) {
		scan.end += n;
		scan.offset += n;
	}
	*scan.end = '\n';
}

/* The next line. A last line that no newline ends was cut off in the middle
 * of something, perhaps of a number: it is not returned. */
static bool scan_line(void)
{
	for (;;) {
		char *end = memchr(scan.p, '\n', (size_t)(scan.end - scan.p) + 1);
		bool whole = end < scan.end, full;

		full = end == scan_buf + SCAN_BYTES && scan.p == scan_buf;
		if (whole || full || scan.skip) {
			bool skip = scan.skip;

			line.p = scan.p;
			line.end = end;
			scan.p = end + whole;
			scan.skip = !whole;
			if (!skip && (whole || full))
				return true;
			if (whole)
				continue;
		}
		if (scan.eof)
			return false;
		scan_fill();
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of the line, or false at its end. */
static bool word(struct line *w)
{
	const char *p = line.p, *end = line.end;

	while (p < end && is_blank(*p))
		p++;
	w->p = p;
	while (p < end && !is_blank(*p))
		p++;
	w->end = line.p = p;
	return w->p < p && p != scan_buf + SCAN_BYTES;
}

static bool is_word(const struct line *w, const char *s)
{
	return after(w->p, s) == w->end;
}

/* The next word as a number. */
static bool word_number(uint64_t *v)
{
	struct line w;

	return word(&w) && digits(&w.p, v) && w.p == w.end;
}

/* The number behind `name=` anywhere in the line, which stays as it is.
 * Something else there makes it UNSEEN, and false. */
static bool pair_number(const char *name, uint64_t *v)
{
	struct line whole = line, w;
	bool found = false;

	while (!found && word(&w)) {
		const char *p = after(w.p, name);

		if (p && *p++ == '=') {
			found = digits(&p, v) && p == w.end;
			if (!found)
				*v = UNSEEN;
			break;
		}
	}
	line = whole;
	return found;
}

/* Moves behind "key " or "key:"; false where the line has another key. */
static bool key_is(const char *key)
{
	const char *p = after(line.p, key);

	if (!p || (!is_blank(*p) && *p != ':'))
		return false;
	line.p = p + 1;
	return true;
}

/* The number at the beginning of the next line; false for "max" too. */
static bool line_starts(uint64_t *v)
{
	return scan_line() && word_number(v);
}

/* How far the numbers of the line in hand are read: those of a cpu line are
 * asked for one after the other. */
static struct {
	const char *line, *rest;
	unsigned at;
} cursor;

/* The nth number behind the key of a line of words. */
static bool nth_number(const struct bound *b, uint64_t *v)
{
	const char *start = line.p;

	if (*b->key != *start || !key_is(b->key))
		return false;
	if (cursor.line != start || cursor.at >= b->nth) {
		cursor.line = start;
		cursor.rest = line.p;
		cursor.at = 0;
	}
	line.p = cursor.rest;
	for (; cursor.at < b->nth; cursor.at++)
		if (!word_number(v)) {
			cursor.rest = line.end; /* nor what follows */
			return false;
		}
	cursor.rest = line.p;
	return true;
}

/* The number that a metric has in the line, if it is there. The line stays
 * as it is. */
static bool line_number(const struct bound *b, uint64_t *v)
{
	struct line whole = line, w;
	bool found = false;

	switch (sources[b->source].format) {
	case FM_WORDS:
		found = nth_number(b, v);
		break;
	case FM_NUMBER:
		found = word_number(v);
		break;
	case FM_PSI:
		found = WITH_PRESSURE && key_is(b->key) && pair_number("total", v);
		break;
	case FM_PAIRS:
		found = WITH_CGROUP && pair_number(b->key, v);
		break;
	case FM_OPS:
		found = WITH_CGROUP && word(&w) && word(&w) && is_word(&w, b->key) && word_number(v);
		break;
	}
	line = whole;
	return found;
}

/* The metrics that each source is searched for, by number: make_wants(). */
static uint8_t wanted[M_COUNT];
static struct wants {
	uint8_t first, n;
	bool ordered; /* they stand in the order of the file, and all are there */
} wants[SRC_COUNT];

/* How far behind the line found before it each metric's line stood. */
static uint32_t gaps[M_COUNT];

#define JUMP_SLACK 16

/* The file position of something in the buffer. */
static uint64_t position(const char *p)
{
	return (uint64_t)(scan.offset - (scan.end - p));
}

/* Goes to where a line with this key was the last time, or a few bytes off,
 * as the numbers before it may have more or fewer digits now. */
static void jump(uint64_t at, const char *key)
{
	uint64_t ahead = at - position(scan.p);
	char *there, *p;

	if (!ahead || ahead >= (uint64_t)(scan.end - scan.p)) /* here, or not in the buffer */
		return;
	there = scan.p + ahead;
	p = ahead > JUMP_SLACK ? there - JUMP_SLACK : scan.p + 1;
	if (there[-1] == '\n' && *there == *key)
		p = there;
	for (; p < scan.end && p <= there + JUMP_SLACK; p++) {
		line.p = p;
		if (p[-1] == '\n' && key_is(key)) {
			scan.p = p;
			return;
		}
	}
}

/* Searches a file for what is wanted, first match first, and stops as soon
 * as all is found. The wants are put in the order of the file, so that the
 * next time each line is compared with one key only; most lines are then
 * jumped over, as what is between two keys seldom changes its length. */
static void read_lines(struct wants *w, struct sample *to)
{
	uint8_t *want = wanted + w->first;
	unsigned k = 0, i;
	bool ordered = w->ordered;
	uint64_t last = 0, v;

	while (k < w->n) {
		if (ordered)
			jump(last + gaps[want[k]], bound[want[k]].key);
		if (!scan_line())
			break;
		cursor.line = NULL;
		for (i = k; i < w->n && (!ordered || i == k); i++) {
			uint8_t m = want[i];
			unsigned j;

			if (!line_number(&bound[m], &v))
				continue;
			to->value[m] = v;
			gaps[m] = (uint32_t)(position(line.p) - last);
			last += gaps[m];
			for (j = i; j > k; j--)
				want[j] = want[j - 1];
			want[k++] = m;
		}
	}
	w->ordered = k == w->n;
}

/* Adds up each of what is wanted over the lines of all devices. A file that
 * is empty, or has a Total only, tells 0; one of anything else nothing. */
static void read_sums(const struct wants *w, struct sample *to)
{
	const uint8_t *want = wanted + w->first;
	unsigned i;
	uint64_t v;

	for (i = 0; i < w->n; i++)
		to->value[want[i]] = 0;
	while (scan_line()) {
		if (!is_digit(*line.p) && *line.p != 'T')
			scan.error = EINVAL;
		for (i = 0; i < w->n; i++)
			if (line_number(&bound[want[i]], &v))
				to->value[want[i]] = plus(to->value[want[i]], v);
	}
}

/* Streams the file that is scanned into a sample. Returns 0, or the errno of
 * a failed read. */
static int read_source(enum source src, struct sample *to)
{
	struct wants *w = &wants[src];
	bool ordered = w->ordered, sums = sources[src].format == FM_PAIRS || sources[src].format == FM_OPS;
	unsigned i;

	if (WITH_CGROUP && sums)
		read_sums(w, to);
	else
		read_lines(w, to);
	if (ordered && !w->ordered) {
		scan_start(scan.fd); /* the file changed its order */
		read_lines(w, to);
	}
	for (i = 0; scan.error && i < w->n; i++)
		to->value[wanted[w->first + i]] = UNSEEN;
	return scan.error;
}

static bool in_proc(const char *name)
{
	char path[PATH_BYTES];

	return join(path, opt.proc, "/", name) && exists(path);
}

/* ----------------------------------------------------------------- SCOPE
 *
 * Whose numbers? Each controller may be mounted elsewhere (v1, hybrid), so
 * each has a home of its own. Defined by cgroups(7), cgroup_namespaces(7)
 * and proc_pid_mountinfo(5), Linux man-pages 6.9. */

static BULK struct home {
	char path[PATH_BYTES]; /* the cgroup, as /proc/PID/cgroup tells it */
	char dir[PATH_BYTES];  /* its directory */
	size_t top;            /* dir up to here is the topmost visible level */
	uint8_t rank;          /* how sure the place is; 0: not found */
	uint8_t version;       /* 1 or 2; 0: the controller is not there */
	bool unreadable;       /* a file of some level is there, but not for us */
	bool whole;            /* the top is the hierarchy's root */
} homes[PL_COUNT];

/* for (each_home(h)) */
#define each_home(h) struct home *h = homes; h < homes + PL_COUNT; h++

static struct {
	bool cgroup;          /* cgroup scope */
	bool private;         /* a cgroup namespace of our own */
	bool own;             /* the cgroup of vmstat itself */
	bool entered;         /* from outside of the namespace */
	bool lxcfs;           /* something below /proc is lxcfs */
	bool tell;            /* standard error is a terminal: say_scope() */
	struct home *home;    /* that stands for all */
	const char *name;     /* the cgroup's path as the kernel tells it */
	uint64_t online;      /* CPUs, or 0: unknown */
} scope;

static bool in_cgroup(void)
{
	return WITH_CGROUP && scope.cgroup;
}

static const char *controller(const struct home *h)
{
	return nth(controllers, (unsigned)(h - homes));
}

/* Is `name` one of the words between the commas? */
static bool list_has(struct line list, const char *name)
{
	struct line w;

	for (w = list; w.p < list.end; w.p = w.end + 1) {
		for (w.end = w.p; w.end < list.end && *w.end != ','; w.end++)
			;
		if (is_word(&w, name))
			return true;
	}
	return false;
}

/* Moves behind the next colon of the line. */
static bool pass_colon(void)
{
	while (line.p < line.end)
		if (*line.p++ == ':')
			return true;
	return false;
}

/* Copies the text p..end; false where it does not fit. */
static bool copy_line(char to[PATH_BYTES], const struct line *l)
{
	size_t n = (size_t)(l->end - l->p);

	if (n >= PATH_BYTES)
		return false;
	memcpy(to, l->p, n);
	to[n] = '\0';
	return true;
}

/* /proc/WHO/cgroup: lines id:controllers:path, of which the path may hold
 * colons. A line that names a v1 controller wins over the 0:: line. */
static bool read_cgroup_paths(const char *who)
{
	memset(homes, 0, sizeof homes);
	if (!scan_proc(who, "/cgroup"))
		return false;
	while (scan_line()) {
		struct line list;

		if (!pass_colon())
			continue;
		list.p = line.p;
		if (!pass_colon())
			continue;
		list.end = line.p - 1;
		for (each_home(h)) {
			bool named = list_has(list, controller(h));

			if ((named || (list.p == list.end && !h->version)) && copy_line(h->path, &line))
				h->version = named ? 1 : 2;
		}
	}
	scan_close();
	return true;
}

/* `path` below `root` at a component boundary ("" for root itself), or NULL. */
static const char *below(const char *path, const char *root)
{
	const char *rest = root[1] ? after(path, root) : path;

	if (!rest || (*rest && *rest != '/'))
		return NULL;
	return rest[0] && !rest[1] ? rest + 1 : rest;
}

/* How many components of the path read ".."? */
static unsigned steps_up(const char *path)
{
	unsigned n = 0;

	while (*(path = find(path, '/'))) {
		const char *rest = after(++path, "..");

		n += rest && (!*rest || *rest == '/');
	}
	return n;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static bool unescape(const struct line *w, char *to)
{
	const char *p = w->p, *end = to + PATH_BYTES - 1;

	for (; p < w->end && to < end; to++)
		if (*p == '\\' && w->end - p > 3 && is_digit(p[1])) {
			*to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	*to = '\0';
	return p == w->end;
}

static bool is_directory(const char *path)
{
	int fd = open_path(path, O_DIRECTORY);

	close_fd(fd);
	return fd >= 0;
}

/* A walk over a cgroup and its descendants: `visit` is called with the
 * length of each directory's path in walk.dir and ends the walk by true. */
typedef bool visit_fn(size_t n);

#define WALK_DEPTH 32 /* levels below the cgroup; each takes 1 KiB of stack */

static BULK struct {
	char dir[PATH_BYTES];
	bool hidden;  /* a part of it is there, but not for us */
	bool any;     /* some cgroup told its tasks */
	uint64_t pid; /* looked for */
} walk;

struct dirent_head { /* struct linux_dirent64 of getdents64(2) */
	uint64_t ino, offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static void note_hidden(int error)
{
	walk.hidden |= error != 0 && error != ENOENT && error != ENODEV;
}

static bool walk_below(size_t n, unsigned depth, visit_fn *visit)
{
	_Alignas(uint64_t) char entries[1024];
	bool done = visit(n);
	long got, at;
	int fd;

	walk.dir[n] = '\0';
	if (done)
		return true;
	fd = depth < WALK_DEPTH ? open_path(walk.dir, O_DIRECTORY) : -1;
	if (fd < 0)
		note_hidden(depth < WALK_DEPTH ? errno : EFBIG);
	while (!done && (got = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0)
		for (at = 0; at < got && !done;) {
			const struct dirent_head *e = (const void *)(entries + at);
			const char *name = (const char *)e + offsetof(struct dirent_head, name);
			size_t longer = n + 1 + length(name);

			at += e->length;
			if (e->type != 4 /* DT_DIR */ || same(name, ".") || same(name, ".."))
				continue;
			if (longer + sizeof "/cgroup.threads" > PATH_BYTES) {
				walk.hidden = true;
				continue;
			}
			walk.dir[n] = '/';
			join(walk.dir + n + 1, name, "", "");
			done = walk_below(longer, depth + 1, visit);
			if (!done)
				walk.dir[n] = '\0';
		}
	close_fd(fd);
	return done;
}

/* Walks over `dir`; true: a visit ended it, in walk.dir. */
static bool walk_over(const char *dir, visit_fn *visit)
{
	walk.hidden = walk.any = false;
	join(walk.dir, dir, "", "");
	return walk_below(length(dir), 0, visit);
}

static bool visit_find(size_t n)
{
	uint64_t pid;
	bool found = false;

	scan_start(open_below(walk.dir, n, "cgroup.procs", ""));
	while (!found && scan_line())
		found = word_number(&pid) && pid == walk.pid;
	scan_close();
	return found;
}

/* The host's mount seen from a private namespace: its root reads "/../..",
 * one step up for each component that we are below it. Which ones these are
 * is not told: they are those that lead to the process itself. */
static bool find_by_pid(char *dir, const char *mount, const char *root, const char *path)
{
	const char *end = walk.dir + length(mount);
	unsigned up;

	walk.pid = opt.pid ? opt.pid : (uint64_t)getpid();
	if (!walk_over(mount, visit_find))
		return false;
	for (up = steps_up(root); up; up--) {
		if (!*end)
			return false;
		end = find(end + 1, '/');
	}
	walk.dir[end - walk.dir] = '\0';
	return join(dir, walk.dir, path[1] ? path : "", "") && exists(dir);
}

/* The kernel marks the path of a cgroup that was removed. */
static bool is_deleted(const char *path)
{
	const char *mark = path;

	while (*(mark = find(mark, ' ')))
		if (same(mark++, " (deleted)"))
			return true;
	return false;
}

/* The directory of `path` under a mount of `root` at `mount`, and how sure
 * that is: 4 the hierarchy's root is mounted, 3 a subtree is, 2 found by the
 * process, 1 found by trimming a path that has nothing in common with the
 * root, 0 not here. */
static uint8_t locate(char *dir, const char *mount, const char *root, const char *path)
{
	const char *rest = below(path, root);

	if (rest && !steps_up(rest))
		return join(dir, mount, rest, "") && exists(dir) ? root[1] ? 3 : 4 : 0;
	if (steps_up(path) || is_deleted(path))
		return 0;
	if (steps_up(root))
		return find_by_pid(dir, mount, root, path) ? 2 : 0;
	for (rest = path[1] ? path : "";; rest = find(rest + 1, '/')) {
		if (join(dir, mount, rest, "") && exists(dir))
			return 1;
		if (!*rest)
			return 0;
	}
}

/* One line of mountinfo: "id parent dev root mount options... - type source
 * super-options". */
static BULK struct {
	char root[PATH_BYTES], point[PATH_BYTES];
	uint8_t version; /* of cgroups */
	uint8_t carries; /* set of the controllers */
} mount;

/* False where the line is not that of a cgroup hierarchy. */
static bool parse_mount(void)
{
	struct line w, type;
	unsigned i;

	for (i = 0; i < 4; i++)
		if (!word(&w))
			return false;
	if (!unescape(&w, mount.root) || !word(&w) || !unescape(&w, mount.point))
		return false;
	do
		if (!word(&w))
			return false;
	while (!is_word(&w, "-"));
	if (!word(&type) || !word(&w) || !word(&w))
		return false;
	scope.lxcfs |= is_word(&type, "fuse.lxcfs") && below(mount.point, "/proc");
	mount.version = is_word(&type, "cgroup2") ? 2 : is_word(&type, "cgroup");
	mount.carries = 0;
	for (i = 0; i < PL_COUNT; i++)
		mount.carries |= (uint8_t)((mount.version == 2 || list_has(w, nth(controllers, i))) << i);
	return mount.version && mount.carries;
}

static bool mount_carries(const struct home *h)
{
	return mount.carries >> (h - homes) & 1;
}

/* Calls `use` for each mount of a cgroup hierarchy. Mount points are looked
 * for below `prefix` (another process's root), and those below /sys in the
 * directory that --sys names. With NULL only scope.lxcfs is noted. */
typedef void use_fn(const char *point);

static void each_mount(const char *who, const char *prefix, use_fn *use)
{
	char point[PATH_BYTES];

	if (!scan_proc(who, "/mountinfo"))
		return;
	while (scan_line()) {
		const char *from = prefix, *rest = mount.point;
		off_t next = scan.offset - (scan.end - scan.p);
		bool skip = scan.skip;
		int fd = scan.fd;

		if (!parse_mount() || !use)
			continue;
		if (!*prefix && opt.sys_given && below(rest, "/sys")) {
			rest = below(rest, "/sys");
			from = opt.sys;
		}
		if (join(point, from, rest[1] ? rest : "", ""))
			use(point);
		/* What `use` reads takes the buffer: read on behind the line. */
		scan_start(fd);
		scan.offset = next;
		scan.skip = skip;
	}
	scan_close();
}

/* Notes a directory as the home of a controller, unless a surer one is; of
 * two that are as sure it is the later mount. */
static void settle(struct home *h, uint8_t rank, const char *dir, const char *point)
{
	if (!rank || rank < h->rank)
		return;
	h->rank = rank;
	join(h->dir, dir, "", "");
	h->top = length(point);
	h->whole = !scope.private && !mount.root[1];
}

static void use_for_path(const char *point)
{
	char dir[PATH_BYTES];

	for (each_home(h)) {
		const char *path = scope.private && scope.own ? "/" : h->path;

		if (h->version == mount.version && mount_carries(h))
			settle(h, locate(dir, point, mount.root, path), dir, point);
	}
}

/* --cgroup=PATH: below a mount point that it begins with, or below each. */
static BULK char wanted_cgroup[PATH_BYTES];

static void use_to_strip(const char *point)
{
	const char *rest = below(opt.cgroup, point);

	if (!rest)
		rest = below(opt.cgroup, mount.point);
	if (rest && length(rest) < length(wanted_cgroup))
		join(wanted_cgroup, rest, "", "");
}

static void use_for_cgroup(const char *point)
{
	char dir[PATH_BYTES];

	if (!join(dir, point, wanted_cgroup, "") || !is_directory(dir))
		return;
	for (each_home(h)) {
		if (!mount_carries(h) || (h->rank && h->version < mount.version))
			continue;
		h->version = mount.version;
		settle(h, 1, dir, point);
	}
}

/* A name of a namespace as the kernel's link shows it; false: not told. */
static bool read_link(const char *name, char *to, size_t size)
{
	char path[PATH_BYTES];
	long n = join(path, opt.proc, "/self", name) ?
		syscall(SYS_readlinkat, AT_FDCWD, path, to, size - 1) : -1;

	if (n < 0)
		return false;
	to[n] = '\0';
	return true;
}

/* Is vmstat in another namespace than the initial one, whose inode number is
 * fixed (include/linux/proc_ns.h)? No, where that is not told. */
static bool is_private(const char *name, const char *initial)
{
	char link[64];

	return read_link(name, link, sizeof link) && !same(link, initial);
}

/* In a container: in a pid or cgroup namespace of our own, or marked. */
static bool in_container(void)
{
	if (scope.private || is_private("/ns/pid", INITIAL_PID_NS))
		return true;
	if (in_proc("self") && !in_proc("stat"))
		return true; /* subset=pid: there is nothing else to show */
	return env("container") || env("KUBERNETES_SERVICE_HOST") ||
	       exists("/.dockerenv") || exists("/run/.containerenv");
}

/* Is the cgroup one below the topmost level that can be seen? */
static bool is_nested(const struct home *h)
{
	return h->dir[h->top];
}

/* Is it the hierarchy's root, that of the machine? */
static bool is_root(const struct home *h)
{
	return h->whole && !is_nested(h);
}

/* The home that stands for the cgroup: the first that is below a root. */
static void choose_home(void)
{
	scope.home = NULL;
	for (each_home(h)) {
		char *end = h->dir + length(h->dir);

		while (end > h->dir + h->top && end[-1] == '/')
			*--end = '\0';
		if (!h->rank)
			h->version = 0;
		if (h->version && h != &homes[PL_CPUSET] &&
		    (!scope.home || (!is_nested(scope.home) && is_nested(h))))
			scope.home = h;
	}
	/* A controller that has the process in its root counts the machine. */
	for (each_home(h))
		if (scope.home && is_nested(scope.home) && h != &homes[PL_CPUSET] && is_root(h))
			memset(h, 0, sizeof *h);
}

static void find_named_cgroup(void)
{
	const char *path = opt.cgroup;
	size_t n;

	while (*path == '/')
		path++;
	if (!join(wanted_cgroup, "/", path, "") || steps_up(wanted_cgroup))
		die("--cgroup: '%s' is not a path below the root", opt.cgroup);
	each_mount("self", "", use_to_strip);
	for (n = length(wanted_cgroup); n && wanted_cgroup[n - 1] == '/'; n--)
		wanted_cgroup[n - 1] = '\0';
	each_mount("self", "", use_for_cgroup);
	choose_home();
	if (scope.home)
		return;
	/* A directory that is under no mount of ours. */
	if (opt.cgroup[0] != '/' || !join(path_buf, opt.cgroup, "/cgroup.procs", "") || !exists(path_buf))
		die("cgroup %s: not found", opt.cgroup);
	for (each_home(h)) {
		h->version = 2;
		settle(h, 1, opt.cgroup, opt.cgroup);
		h->whole = false;
	}
	choose_home();
}

/* The cgroup that a process is in: on the mounts we see, else on those that
 * the process itself sees (a container beside ours). */
static void find_cgroup_of(const char *who)
{
	char root[PATH_BYTES], rest[64];

	if (!read_cgroup_paths(who))
		return;
	if (scope.own && steps_up(homes[PL_MEMORY].path)) {
		scope.entered = true;
		read_cgroup_paths("1");
	}
	each_mount("self", "", use_for_path);
	choose_home();
	if ((scope.home && scope.home->rank > 1) || !opt.pid)
		return;
	read_cgroup_paths(who);
	if (join(rest, "/", who, "/root") && join(root, opt.proc, rest, ""))
		each_mount(who, root, use_for_path);
	choose_home();
}

/* The CPUs in a list like "0-3,8"; 0 where it cannot be read. */
static uint64_t count_cpus(int fd)
{
	uint64_t n = 0, a, b;

	scan_start(fd);
	if (!scan_line())
		return 0;
	do {
		if (!digits(&line.p, &a))
			break;
		b = a;
		if (*line.p == '-' && line.p++ && (!digits(&line.p, &b) || b < a))
			return 0;
		n += b - a + 1;
	} while (*line.p++ == ',');
	return n;
}

static uint64_t online_cpus(void)
{
	int fd = open_at(opt.sys, "devices/system/cpu/online", "");
	uint64_t n = count_cpus(fd);

	close_fd(fd);
	return n;
}

/* Settles whose numbers are shown. May die: an explicit wish that cannot be
 * met is an error, `auto` falls back to the host. */
static void scope_choose(void)
{
	char buf[U64_TEXT];
	const char *who = "self", *path;
	bool automatic;

	scope.tell = is_terminal(STDERR_FILENO, &(struct winsize){ 0 });
	scope.own = !opt.pid && !opt.cgroup;
	scope.private = is_private("/ns/cgroup", INITIAL_CGROUP_NS);
	automatic = opt.scope == SCOPE_AUTO && scope.own;
	if (opt.scope == SCOPE_HOST || (automatic && (opt.proc_given || !in_container())))
		return;
	if (opt.pid) {
		who = u64_text(buf, opt.pid, 1);
		if (!in_proc(who))
			die("pid %s: no such process in %s", who, opt.proc);
	}
	if (opt.cgroup)
		find_named_cgroup();
	else
		find_cgroup_of(who);
	if (automatic && (!scope.home || is_root(scope.home))) {
		scope.home = NULL;
		return;
	}
	path = homes[PL_MEMORY].path;
	if (!scope.home && is_deleted(path))
		die("cgroup %s: gone: the container has ended", path);
	if (!scope.home && opt.pid)
		die("pid %s: its cgroup cannot be seen from here", who);
	if (!scope.home)
		die("no cgroup can be read here: is /sys/fs/cgroup mounted?");
	path = opt.cgroup ? wanted_cgroup : scope.private && scope.own ? "" : scope.home->path;
	scope.name = *path ? path : "/";
	scope.cgroup = true;
	scope.online = online_cpus();
}

/* ---------------------------------------------------------------- CGROUP
 *
 * What no single file tells: limits over all visible levels, throttling,
 * and the tasks of a cgroup with their states and switches. */

/* A file that is kept open, for all samples. */
struct kept {
	int fd;    /* plus one; 0 not tried yet, -1 not there */
	int error; /* errno of open, of sources also of read; or 0 */
};

/* Opens it if it is not open yet, the i-th of `names` in dir[0..n), and makes
 * it the one that is scanned. False where it could not be opened. */
static bool scan_kept(struct kept *k, const char *dir, size_t n, const char *names, unsigned i)
{
	if (!k->fd) {
		k->fd = open_below(dir, n, nth(names, i), "") + 1;
		if (!k->fd) {
			k->fd = -1;
			k->error = errno;
		}
	}
	errno = k->error;
	scan_start(k->fd - 1);
	return k->fd > 0;
}

/* Files that are kept open at each level, by the names of v1 and of v2. */
enum level_file { LF_LIMIT, LF_USAGE, LF_QUOTA, LF_PERIOD, LF_CPU_STAT, LF_CPUSET, LF_COUNT };

static const char level_names[] =
	"memory.limit_in_bytes\0" "memory.usage_in_bytes\0" "cpu.cfs_quota_us\0"
	"cpu.cfs_period_us\0" "cpu.stat\0" "cpuset.effective_cpus\0"
	"memory.max\0" "memory.current\0" "cpu.max\0" "\0" "cpu.stat\0" "cpuset.cpus.effective\0";

static BULK struct kept level_files[MAX_LEVELS][LF_COUNT];

/* Scans a file at level `l`, whose path has n bytes. */
static bool scan_level(const struct home *h, unsigned l, size_t n, enum level_file file)
{
	return scan_kept(&level_files[l][file], h->dir, n, level_names, (h->version - 1u) * LF_COUNT + file);
}

/* The number in such a file. One that is there, but cannot be opened or read,
 * is no missing limit: home.unreadable. */
static bool level_number(struct home *h, unsigned l, size_t n, enum level_file file, uint64_t *v)
{
	bool is = scan_level(h, l, n, file) && line_starts(v);

	h->unreadable |= scan.error && scan.error != ENOENT;
	return is;
}

/* The length of the path of the level above, or 0 at the top. */
static size_t level_above(const struct home *h, size_t n)
{
	if (n <= h->top)
		return 0;
	while (n > h->top && h->dir[n - 1] != '/')
		n--;
	return n > h->top ? n - 1 : h->top;
}

/* for (each_level(h, l, n)): up from the cgroup; n is the path's length. */
#define each_level(h, l, n) \
	l = 0, n = h->version ? length(h->dir) : 0; n && l < MAX_LEVELS; l++, n = level_above(h, n)

/* No limit: "max" in v2; in v1 the most pages that the kernel can count,
 * LONG_MAX bytes rounded down to a page (32-bit: 2^31-1 pages). */
static bool unlimited(uint64_t limit)
{
	return limit >> 62 || limit == (uint64_t)INT32_MAX << 12;
}

/* Of all levels with a limit, the one that leaves least headroom: limit and
 * usage at that same level. */
static void read_mem_limits(struct sample *to)
{
	struct home *h = &homes[PL_MEMORY];
	uint64_t limit, usage, least = UINT64_MAX;
	unsigned l;
	size_t n;

	for (each_level(h, l, n)) {
		uint64_t headroom;

		if (!level_number(h, l, n, LF_LIMIT, &limit) || unlimited(limit) ||
		    !level_number(h, l, n, LF_USAGE, &usage))
			continue;
		headroom = limit > usage ? limit - usage : 0;
		if (headroom >= least)
			continue;
		least = headroom;
		to->value[M_MEM_LIMIT] = limit;
		to->value[M_LIMIT_USED] = usage;
	}
	if (h->unreadable) /* the limit that counts may be one of those */
		to->value[M_MEM_LIMIT] = to->value[M_LIMIT_USED] = to->value[M_AVAILABLE] = UNSEEN;
	h->whole &= !n; /* there are more than MAX_LEVELS */
}

/* A level's quota in millionths of a CPU, or 0: v2 "50000 100000" or "max
 * ...", v1 -1 where there is none. */
static uint64_t level_quota(struct home *h, unsigned l, size_t n)
{
	uint64_t quota, period;

	if (!level_number(h, l, n, LF_QUOTA, &quota))
		return 0;
	if (h->version == 2 ? !word_number(&period) : !level_number(h, l, n, LF_PERIOD, &period))
		return 0;
	return period && quota <= UINT64_MAX / 1000000 ? quota * 1000000 / period : 0;
}

/* Throttling at one level. It counts where the quota is set, not below, so
 * that every level has to be asked. */
static void read_level_stat(struct home *h, unsigned l, size_t n, struct level *to)
{
	uint64_t ns = UNSEEN;

	if (!scan_level(h, l, n, LF_CPU_STAT))
		return;
	while (scan_line()) {
		uint64_t *v = key_is("nr_periods") ? &to->periods : key_is("nr_throttled") ? &to->throttled :
			key_is("throttled_usec") ? &to->time_us : key_is("throttled_time") ? &ns : NULL;

		if (v && !word_number(v))
			*v = UNSEEN;
	}
	if (ns != UNSEEN)
		to->time_us = ns / 1000;
}

/* CPUs of the cpuset: of the nearest level that has the controller. */
static uint64_t cpuset_cpus(void)
{
	struct home *h = &homes[PL_CPUSET];
	unsigned l;
	size_t n;

	for (each_level(h, l, n))
		if (scan_level(h, l, n, LF_CPUSET))
			return count_cpus(scan.fd);
	return 0;
}

/* CPUs of vmstat's own affinity mask, 0 where it is not told. */
static uint64_t affinity_cpus(void)
{
	uint8_t mask[1024];
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
	uint64_t n = 0;

	while (bytes-- > 0)
		for (; mask[bytes]; mask[bytes] &= (uint8_t)(mask[bytes] - 1))
			n++;
	return n;
}

/* Lowers a capacity (0: not known yet) to another (0: none). True where one
 * that was known was lowered. */
static bool tighten(uint64_t *capacity, uint64_t to)
{
	bool known = *capacity != 0;

	if (!to || (known && to >= *capacity))
		return false;
	*capacity = to;
	return known;
}

/* The capacity: the least of the quotas, the cpuset, the affinity mask (of
 * one's own cgroup) and the CPUs that are online. */
static void read_cpu_limits(struct sample *to)
{
	struct home *h = &homes[PL_CPU];
	uint64_t capacity = scope.online * 1000000, quota;
	bool limited = tighten(&capacity, cpuset_cpus() * 1000000);
	unsigned l;
	size_t n;

	if (scope.own && !opt.captured)
		limited |= tighten(&capacity, affinity_cpus() * 1000000);
	for (each_level(h, l, n)) {
		struct level *level = &to->level[l];

		read_level_stat(h, l, n, level);
		quota = level_quota(h, l, n);
		limited |= quota && !capacity;
		limited |= tighten(&capacity, quota);
		if (!quota && !level->periods)
			level->periods = UNSEEN; /* no quota was ever set here */
	}
	if (h->unreadable) /* the quota that counts may be one of those */
		return;
	if (capacity)
		to->value[M_CAPACITY] = capacity;
	if (limited)
		to->value[M_CPU_LIMIT] = capacity;
}

/* Tasks. Two tables, sorted by number: the switches of a task now and at
 * the sample before. One that is new counts from 0; so does one whose
 * number was used again, where that shows. */
struct task {
	uint64_t switches;
	uint32_t id;
};

static BULK struct tasks {
	unsigned n;
	struct task task[MAX_TASKS];
} task_tables[2];

static struct {
	struct tasks *now;     /* of task_tables; the other is that of before */
	bool overflow, hidden; /* the numbers of this sample are not whole */
	bool said;             /* so, on standard error */
	bool counted;          /* there was a sample before this one */
	uint64_t switches;     /* the sum of the growth of each */
	uint64_t last_ns;      /* when the sample before was taken */
} tasks;

static bool visit_tasks(size_t n)
{
	struct tasks *now = tasks.now;
	uint64_t id;
	int fd = open_below(walk.dir, n, scope.home->version == 2 ? "cgroup.threads" : "tasks", "");

	if (fd < 0)
		fd = open_below(walk.dir, n, "cgroup.procs", "");
	if (fd < 0) {
		note_hidden(errno);
		return false;
	}
	walk.any = true;
	scan_start(fd);
	while (scan_line()) {
		if (!word_number(&id))
			continue;
		if (!id || id > UINT32_MAX)
			walk.hidden = true; /* not in our pid namespace */
		else if (now->n == MAX_TASKS)
			tasks.overflow = true;
		else
			now->task[now->n++].id = (uint32_t)id;
	}
	note_hidden(scan.error);
	scan_close();
	return false;
}

/* Shell sort: in place, no recursion, and fast on what is nearly sorted. */
static void sort_tasks(struct task *t, unsigned n)
{
	unsigned gap, i, j;

	for (gap = n / 2; gap; gap /= 2)
		for (i = gap; i < n; i++) {
			struct task moved = t[i];

			for (j = i; j >= gap && t[j - gap].id > moved.id; j -= gap)
				t[j] = t[j - gap];
			t[j] = moved;
		}
}

static bool scan_task(uint32_t id, const char *file)
{
	char buf[U64_TEXT];

	return scan_proc(u64_text(buf, id, 1), file);
}

/* When a task started, in ns since boot: field 22 of /proc/ID/stat, behind
 * a name that may hold anything, parentheses too. UINT64_MAX: not told. */
static uint64_t task_start_ns(uint32_t id)
{
	uint64_t ticks = UINT64_MAX;
	struct line w;
	unsigned i;

	if (!scan_task(id, "/stat"))
		return UINT64_MAX;
	if (scan_line()) {
		const char *p = line.end;

		while (p > line.p && p[-1] != ')')
			p--;
		line.p = p;
		for (i = 3; i < 22; i++)
			word(&w);
		if (!word_number(&ticks))
			ticks = UINT64_MAX;
	}
	scan_close();
	return ticks == UINT64_MAX ? ticks : ticks * (NS_PER_S / USER_HZ);
}

/* State and switches of one task from /proc/ID/status; the state is 0 where
 * it is gone, or hidden from us (hidepid=), which tasks.hidden then says.
 * *switches is set where the kernel tells them. */
static char read_task(struct task *t, bool *switches)
{
	uint64_t v;
	struct line w;
	char state = 0;

	t->switches = 0;
	if (!scan_task(t->id, "/status")) {
		if (!opt.captured && (syscall(SYS_kill, t->id, 0) == 0 || errno == EPERM))
			tasks.hidden = true;
		return 0;
	}
	while (scan_line())
		if (key_is("State") && word(&w)) {
			state = *w.p;
		} else if ((key_is("voluntary_ctxt_switches") || key_is("nonvoluntary_ctxt_switches")) &&
			   word_number(&v)) {
			t->switches += v;
			*switches = true;
		}
	scan_close();
	return state;
}

/* Adds the growth of each task to the sum; both tables are sorted. A task
 * that was born before `since` and is new here was moved in: what it did
 * elsewhere does not count. */
static void add_switches(const struct tasks *before, uint64_t since)
{
	const struct task *old = before->task, *end = old + before->n, *t = tasks.now->task;

	for (; t < tasks.now->task + tasks.now->n; t++) {
		uint64_t from = 0;

		while (old < end && old->id < t->id)
			old++;
		if (old < end && old->id == t->id && old->switches <= t->switches)
			from = old->switches;
		else if (tasks.counted && task_start_ns(t->id) < since)
			from = t->switches;
		tasks.switches += t->switches - from;
	}
}

/* Is this the /proc of another pid namespace? It knows the tasks by other
 * numbers than cgroup.procs tells us. */
static bool is_foreign(uint32_t self)
{
	char link[U64_TEXT], own[U64_TEXT];

	return read_link("", link, sizeof link) && !same(link, u64_text(own, self, 1));
}

/* r, b and cs of a cgroup. vmstat's own task, always running while it
 * looks, is not counted in r. */
static void read_tasks(struct sample *to)
{
	struct tasks *now = &task_tables[tasks.now == task_tables];
	const struct tasks *before = &task_tables[now == task_tables];
	unsigned i, n = 0;
	uint64_t running = 0, blocked = 0;
	bool switches = false;
	uint32_t self = (uint32_t)getpid();

	tasks.now = now;
	now->n = 0;
	tasks.overflow = false;
	walk_over(scope.home->dir, visit_tasks);
	tasks.hidden = walk.hidden || (!opt.captured && is_foreign(self));
	sort_tasks(now->task, now->n);
	for (i = 0; i < now->n; i++) {
		struct task t = now->task[i];
		char state;

		if (n && now->task[n - 1].id == t.id)
			continue; /* it moved while we looked */
		state = read_task(&t, &switches);
		if (!state)
			continue;
		running += state == 'R' && t.id != self;
		blocked += state == 'D';
		now->task[n++] = t;
	}
	now->n = n;
	add_switches(before, tasks.last_ns);
	tasks.last_ns = to->ns;
	tasks.counted = true;
	if (walk.any && !tasks.overflow && !tasks.hidden) {
		to->value[M_R] = running;
		to->value[M_B] = blocked;
		if (switches || !n)
			to->value[M_CS] = tasks.switches;
	} else if (walk.any && !tasks.said) {
		if (tasks.overflow)
			warn("more than %ju tasks: r, b and cs are unavailable", (uint64_t)MAX_TASKS);
		else
			warn("some tasks are hidden (hidepid, another pid namespace, or too deep): "
			     "r, b and cs are unavailable");
		tasks.said = true;
	}
}

/* ---------------------------------------------------------------- SAMPLE */

static struct kept kept_sources[SRC_COUNT];
static bool warned[SRC_COUNT];

/* A cgroup that is removed while it is watched: the container has ended,
 * even if another has its name by now. (Pressure that is turned off gives
 * ENODEV, too.) */
static void check_gone(void)
{
	bool gone = !exists(scope.home->dir);
	unsigned src;

	for (src = 0; src < SRC_COUNT; src++)
		gone |= kept_sources[src].error == ENODEV && sources[src].place < PL_PRESSURE;
	if (!gone)
		return;
	flush();
	die("cgroup %s: gone: the container has ended", scope.name);
}

/* Finds the place of each metric in the scope. Pressure is v2's alone: on a
 * hybrid machine a v1 cgroup has it in the directory of v2. */
static void bind_metrics(bool cgroup)
{
	const struct found_row *row;
	const char *key = keys;
	unsigned m;

	for (m = 0; m < M_COUNT; m++)
		bound[m].source = SRC_NONE;
	for (row = founds; row < founds + LENGTH(founds); row++, key = nth(key, 1)) {
		struct bound *b = &bound[row->metric];
		uint8_t place = sources[row->source].place;
		uint8_t version = place == PL_PROC ? row->scope : homes[place].version;
		bool here = version == row->scope || (version && place == PL_PRESSURE);

		if (here && (row->scope != HOST) == cgroup && b->source == SRC_NONE)
			*b = (struct bound){ key, row->source, row->nth, row->unit, row->kind };
	}
}

/* Asks for a metric and for what it is made of; false where this scope has
 * no place for it. */
static bool need(enum metric m)
{
	const struct bound *b = &bound[m];
	unsigned i;

	if (b->source == SRC_NONE || asked[m])
		return b->source != SRC_NONE;
	asked[m] = true;
	needed |= 1u << b->source;
	for (i = 0; i < LENGTH(formulas) && !*b->key; i++)
		if (formulas[i].to == m && need(formulas[i].a))
			need(formulas[i].b);
	for (i = 0; i < LENGTH(needs) && !*b->key; i++)
		if (needs[i].first <= m && m <= needs[i].last && need(needs[i].a))
			need(needs[i].b);
	return true;
}

/* Lists what each file is searched for. */
static void make_wants(void)
{
	unsigned src, m, n = 0;

	for (src = 0; src < SRC_COUNT; src++) {
		wants[src].first = (uint8_t)n;
		for (m = 0; m < M_COUNT; m++)
			if (asked[m] && bound[m].source == src && *bound[m].key)
				wanted[n++] = (uint8_t)m;
		wants[src].n = (uint8_t)(n - wants[src].first);
	}
}

static const char *source_dir(enum source src)
{
	return sources[src].place == PL_PROC ? opt.proc : homes[sources[src].place].dir;
}

/* When the tick in hand began, by CLOCK_BOOTTIME: one look at the clock
 * serves its sample and the schedule. */
static uint64_t tick_ns;

/* The time of a sample. A captured tree carries its own: its uptime. */
static uint64_t sample_clock(void)
{
	uint64_t ns = tick_ns;

	if (opt.captured && scan_proc("uptime", "")) {
		if (!scan_line() || !decimal(&line.p, 9, &ns))
			ns = tick_ns;
		scan_close();
	}
	return ns;
}

/* Reads all needed files, and the tasks if `with` asks for them besides. */
static void sample_take(struct sample *to, uint32_t with)
{
	unsigned src;

	memset(to, 0xff, in_cgroup() ? sizeof *to : offsetof(struct sample, level)); /* UNSEEN */
	to->ns = sample_clock();
	for (src = 0; src < SRC_COUNT; src++) {
		const char *dir = source_dir(src);

		if (wants[src].n && scan_kept(&kept_sources[src], dir, length(dir), source_files, src))
			kept_sources[src].error = read_source(src, to);
	}
	if (!in_cgroup())
		return;
	if (needed & BIT(MEM_LIMITS))
		read_mem_limits(to);
	if (needed & BIT(CPU_LIMITS))
		read_cpu_limits(to);
	if ((needed | with) & BIT(TASKS))
		read_tasks(to);
	check_gone();
}

/* When the counters of the scope began, in ns since boot: for a cgroup when
 * its oldest task started; UINT64_MAX where not all tasks can be seen. */
static uint64_t scope_start_ns(void)
{
	uint64_t oldest = UINT64_MAX, ns;
	unsigned i;

	if (!in_cgroup() || is_root(scope.home))
		return 0;
	if (tasks.hidden || tasks.overflow)
		return UINT64_MAX;
	for (i = 0; i < tasks.now->n; i++) {
		ns = task_start_ns(tasks.now->task[i].id);
		oldest = ns < oldest ? ns : oldest;
	}
	return oldest;
}

/* ---------------------------------------------------------------- REPORT
 *
 * All arithmetic on metrics. Nothing here reads. A function returns UNSEEN
 * where an operand is that, or the result too large, unless it says
 * otherwise. */

/* a * b / c to the nearest, in 128 bits between. */
static uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a * b, high, mid, rest;
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	unsigned i;

	mid = a1 * b0 + (a0 * b0 >> 32);
	rest = a0 * b1 + (uint32_t)mid;
	high = a1 * b1 + (mid >> 32) + (rest >> 32);
	low += c / 2;
	high += low < c / 2;
	if (a == UNSEEN || c == UNSEEN || high >= c) /* c is 0, or the result too large */
		return UNSEEN;
	if (!high)
		return low / c;
	for (i = 0; i < 64; i++) {
		bool carry = high >> 63;

		high = high << 1 | low >> 63;
		low <<= 1;
		if (carry || high >= c) {
			high -= c;
			low |= 1;
		}
	}
	return low;
}

/* a * b, of which a may be unseen. */
static uint64_t times(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UNSEEN : a;
}

static uint64_t divided(uint64_t v, uint64_t by)
{
	return v == UNSEEN ? v : v / by;
}

/* a - b, and 0 where that is less. */
static uint64_t minus(uint64_t a, uint64_t b)
{
	if (a == UNSEEN || b == UNSEEN)
		return UNSEEN;
	return a > b ? a - b : 0;
}

/* part of whole in thousandths of a percent. */
static uint64_t percent(uint64_t part, uint64_t whole)
{
	return mul_div(part, 100000, whole);
}

static uint64_t at_most_100(uint64_t v)
{
	return v < 100000 || v == UNSEEN ? v : 100000;
}

/* The growth of a counter. A 32-bit kernel's wraps at 2^32, which is to be
 * seen where it was above 2^31 and the sum stays plausible. Any other step
 * back (iowait, a CPU taken away, a reset) is no growth, never a huge one. */
static uint64_t growth(uint64_t before, uint64_t now)
{
	uint32_t wrapped = (uint32_t)now - (uint32_t)before;

	if (before == UNSEEN || now >= before)
		return minus(now, before);
	return before <= UINT32_MAX && before > INT32_MAX && wrapped <= INT32_MAX ? wrapped : 0;
}

/* A raw number in base units: bytes, microseconds, or as it is. */
static uint64_t in_base_units(uint64_t v, enum raw_unit unit)
{
	switch (unit) {
	case KIB:
		return times(v, 1024);
	case PAGES:
		return times(v, (uint64_t)getpagesize());
	case TICKS:
		return times(v, 1000000 / USER_HZ);
	default:
		return v;
	}
}

/* Shares of a host's CPU time: which kinds of ticks make each. Guest time is
 * in user time, too, and is taken off there. */
#define TICK(id) (1u << (M_##id - M_USER))
static const struct { uint8_t metric; uint16_t ticks; } cpu_shares[] = {
	{ M_US, TICK(USER) | TICK(NICE) },
	{ M_SY, TICK(SYS) | TICK(IRQ) | TICK(SOFTIRQ) },
	{ M_ID, TICK(IDLE) },
	{ M_WA, TICK(IOWAIT) },
	{ M_ST, TICK(STEAL) },
	{ M_GU, TICK(GUEST) | TICK(GUEST_NICE) },
};

/* The sum of those that the kernel has; 0 where it has none. */
static uint64_t sum_ticks(const struct report *r, const struct sample *now, unsigned ticks)
{
	uint64_t sum = 0;
	unsigned m;

	for (m = M_USER; ticks; ticks >>= 1, m++)
		if ((ticks & 1) && now->value[m] != UNSEEN)
			sum = plus(sum, r->milli[m]);
	return sum;
}

static void report_host_cpu(struct report *r, const struct sample *now)
{
	uint64_t rest = sum_ticks(r, now, (TICK(GUEST) - 1) & ~(TICK(USER) | TICK(IDLE)));
	uint64_t total = plus(plus(r->milli[M_USER], r->milli[M_IDLE]), rest);
	unsigned i;

	for (i = 0; i < LENGTH(cpu_shares); i++) {
		unsigned ticks = cpu_shares[i].ticks, m = cpu_shares[i].metric;
		uint64_t v = sum_ticks(r, now, ticks);

		if (m == M_US)
			v = minus(v, sum_ticks(r, now, TICK(GUEST) | TICK(GUEST_NICE)));
		if (r->milli[M_USER + __builtin_ctz(ticks)] != UNSEEN)
			r->milli[m] = percent(v, total);
	}
	/* gVisor: counters that stay 0 while CPU time, where seen, does not. */
	if (now->value[M_USER] + 1 <= 1 && now->value[M_SYS] + 1 <= 1 && now->value[M_IDLE] + 1 <= 1)
		return;
	if (!now->value[M_IN])
		r->milli[M_IN] = UNSEEN;
	if (!now->value[M_CS])
		r->milli[M_CS] = UNSEEN;
}

/* Shares of the cgroup's capacity, a fraction of the machine's CPUs. */
static void report_cgroup_cpu(struct report *r, const struct sample *now)
{
	uint64_t *v = r->milli, could_us = mul_div(now->value[M_CAPACITY], r->elapsed_us, 1000000);
	uint64_t user = in_base_units(v[M_CG_USER], bound[M_CG_USER].unit);
	uint64_t sys = in_base_units(v[M_CG_SYS], bound[M_CG_SYS].unit);

	if (user == UNSEEN || sys == UNSEEN)
		return;
	v[M_US] = mul_div(user, 100, could_us);
	v[M_SY] = mul_div(sys, 100, could_us);
	v[M_ID] = minus(100000, plus(v[M_US], v[M_SY]));
}

/* Throttling: the level with the largest share of throttled periods. */
static void report_throttling(struct report *r, const struct sample *before, const struct sample *now)
{
	uint64_t *v = r->milli;
	unsigned l;

	for (l = 0; l < MAX_LEVELS; l++) {
		const struct level *a = &before->level[l], *b = &now->level[l];
		uint64_t periods = times(growth(a->periods, b->periods), 1000);
		uint64_t throttled = times(growth(a->throttled, b->throttled), 1000);
		uint64_t us = times(growth(a->time_us, b->time_us), 1000);
		uint64_t share = periods ? at_most_100(percent(throttled, periods)) : 0;

		if (share == UNSEEN || us == UNSEEN || throttled == UNSEEN)
			continue;
		if (v[M_THR_PCT] != UNSEEN &&
		    (share < v[M_THR_PCT] || (share == v[M_THR_PCT] && us <= v[M_THROTTLED_TIME])))
			continue;
		v[M_THR_PCT] = share;
		v[M_PERIODS] = periods;
		v[M_THROTTLED] = throttled;
		v[M_THROTTLED_TIME] = us;
	}
	v[M_THR] = mul_div(v[M_THROTTLED_TIME], 1000, r->elapsed_us);
}

/* The cgroup's limit: what the levels say, and what v1 says of levels that
 * cannot be seen; free is what is left below it and in the machine. */
static void report_limits(struct report *r, const struct sample *now)
{
	uint64_t *v = r->milli, left = minus(v[M_MEM_LIMIT], v[M_LIMIT_USED]);
	uint64_t above = minus(v[M_HIERARCHICAL], v[M_MEM_USED]);

	if (above < left && !unlimited(now->value[M_HIERARCHICAL])) {
		v[M_MEM_LIMIT] = v[M_HIERARCHICAL];
		v[M_LIMIT_USED] = v[M_MEM_USED];
		left = above;
	}
	v[M_MEM_PCT] = v[M_MEM_LIMIT] ? percent(v[M_LIMIT_USED], v[M_MEM_LIMIT]) : 100000;
	if (v[M_MEM_LIMIT] == UNSEEN || left != UNSEEN) /* no limit leaves the most */
		v[M_FREE] = left < v[M_AVAILABLE] ? left : v[M_AVAILABLE];
}

/* A metric that a file carries, by its kind. */
static uint64_t report_metric(const struct bound *b, uint64_t before, uint64_t now, uint64_t elapsed_us)
{
	uint64_t grown;

	if (now == UNSEEN)
		return UNSEEN;
	grown = growth(before, now);
	switch (b->kind) {
	case GAUGE:
		return b->unit == MICRO ? divided(now, 1000) : times(in_base_units(now, b->unit), 1000);
	case COUNT:
		return times(grown, 1000);
	case RATE:
		return mul_div(in_base_units(grown, b->unit), 1000000000, elapsed_us);
	case SHARE:
		return at_most_100(percent(in_base_units(grown, b->unit), elapsed_us));
	default:
		return UNSEEN;
	}
}

/* Compares two samples; the first is compared with zeros at its start. */
static void report_make(struct report *r, const struct sample *before, const struct sample *now)
{
	uint64_t *v = r->milli;
	unsigned i;

	r->elapsed_us = now->ns > before->ns ? (now->ns - before->ns) / 1000 : 0;
	for (i = 0; i < M_COUNT; i++)
		v[i] = report_metric(&bound[i], before->value[i], now->value[i], r->elapsed_us);
	for (i = 0; i < LENGTH(formulas); i++) {
		uint64_t a = v[formulas[i].a], b = v[formulas[i].b];

		if (v[formulas[i].to] == UNSEEN)
			v[formulas[i].to] = formulas[i].minus ? minus(a, b) : plus(a, b);
	}
	if (v[M_CACHE] == UNSEEN && now->value[M_RECLAIMABLE] == UNSEEN)
		v[M_CACHE] = v[M_CACHED]; /* before Linux 2.6.19 */
	if (!in_cgroup()) {
		report_host_cpu(r, now);
		return;
	}
	report_cgroup_cpu(r, now);
	report_throttling(r, before, now);
	report_limits(r, now);
}

/* More CPU time than there was since the oldest task started, and more than
 * a quota lends ahead: the cgroup is older than that, and its age not known. */
static bool is_false_start(const struct report *r)
{
	uint64_t used_us = mul_div(plus(r->milli[M_US], r->milli[M_SY]), r->elapsed_us, 100000);

	return in_cgroup() && used_us != UNSEEN && used_us > r->elapsed_us / 10 * 11 + 200000;
}

/* ---------------------------------------------------------------- ALERTS */

enum { CALM, WARNING, CRITICAL };

static uint8_t alert_level[A_COUNT]; /* of this report */
static uint8_t alert_said[A_COUNT];  /* the level that was last told */

/* A value in the unit that it is shown in. */
static uint64_t in_display_unit(enum metric m, uint64_t milli)
{
	return divided(milli, displays[m].unit == SIZE ? opt.unit : displays[m].unit == BLOCKS ? 1024 : 1);
}

static uint64_t alert_value(const struct report *r, enum rule a)
{
	unsigned m = rules[a].metric;

	return divided(r->milli[m], displays[m].unit == SIZE || displays[m].unit == BLOCKS ? 1024 : 1);
}

static uint64_t alert_threshold(enum rule a)
{
	return alert_level[a] == CRITICAL ? opt.crit[a] : opt.warn[a];
}

/* Judges a report: the level of each rule, the highest is returned. */
static unsigned alerts_judge(const struct report *r)
{
	unsigned a, worst = CALM;

	for (a = 0; a < A_COUNT; a++) {
		uint64_t v = alert_value(r, a);
		uint8_t level = CALM;

		if (v != UNSEEN && !opt.no_alerts)
			level = v >= opt.crit[a] ? CRITICAL : opt.warn[a] && v >= opt.warn[a] ? WARNING : CALM;
		alert_level[a] = level;
		worst = level > worst ? level : worst;
	}
	return worst;
}

static void put_alert(const struct report *r, enum rule a)
{
	unsigned m = rules[a].metric;

	put_str(nth(rule_texts, a));
	put_str(": ");
	put_u64((alert_value(r, a) + 500) / 1000);
	put_str(nth(rule_tails, a));
	if (r->first && bound[m].kind != GAUGE && m != M_MEM_PCT)
		put_str(in_cgroup() ? " (since the start)" : " (since boot)");
}

/* Messages of the rules whose level rose; with `again`, of all that last. */
static void alerts_say(const struct report *r, bool again)
{
	unsigned a;

	for (a = 0; a < A_COUNT; a++) {
		if (alert_level[a] > alert_said[a] || (again && alert_level[a])) {
			note_begin();
			put_alert(r, a);
			warn("%s", note_end());
		}
		alert_said[a] = alert_level[a];
	}
}

/* --------------------------------------------------------------- RECORDS
 *
 * JSON and CSV: an object or a line is a sequence of named fields. CSV
 * writes the same sequence once more before the first line, names only. */

static struct {
	bool names;  /* writing the names */
	bool named;  /* they are written */
	bool begun;  /* a field was written */
} rec;

static bool is_record(void)
{
	return (WITH_JSON || WITH_CSV) && opt.format;
}

static bool is_json(void)
{
	return WITH_JSON && opt.format == O_JSON;
}

/* The bytes of a character in UTF-8, or 0 where it is none. */
static size_t utf8_length(const char *p)
{
	unsigned char first = (unsigned char)*p;
	size_t n = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* A character of a JSON text that is no plain one: one of several bytes is
 * kept where it is UTF-8, one that JSON forbids is escaped. Returns where the
 * next begins. */
static const char *put_escaped(const char *p)
{
	size_t n = utf8_length(p);

	if (n) {
		put(p, n);
		return p + n;
	}
	put_str((unsigned char)*p >= 0x80 ? "\\ufffd" : *p < 16 ? "\\u000" : "\\u001");
	if ((unsigned char)*p < 0x80)
		put_char("0123456789abcdef"[*p & 15]);
	return p + 1;
}

static void put_quoted(const char *p)
{
	bool json = is_json(), quotes = json;
	const char *q;

	for (q = p; *q; q++)
		quotes |= *q == ',' || *q == '"' || *q == '\r' || *q == '\n';
	if (quotes)
		put_char('"');
	while (*p) {
		if (json && (*p < ' ' || (unsigned char)*p >= 0x80)) {
			p = put_escaped(p);
			continue;
		}
		if (*p == '"' || (json && *p == '\\'))
			put_char(json ? '\\' : '"');
		put_char(*p++);
	}
	if (quotes)
		put_char('"');
}

/* Begins a field; true where its value is to follow: not in the pass for
 * the names, nor where there is none, which is null in JSON. */
static bool rec_key(const char *key, bool known)
{
	if (rec.begun)
		put_char(',');
	else if (is_json())
		put_char('{');
	rec.begun = true;
	if (is_json() || rec.names)
		put_quoted(key);
	if (is_json())
		put_str(known ? ":" : ":null");
	return known && !rec.names;
}

static void rec_str(const char *key, const char *value)
{
	if (rec_key(key, value))
		put_quoted(value);
}

static void rec_milli(const char *key, uint64_t milli)
{
	if (rec_key(key, milli != UNSEEN))
		put_milli(milli);
}

static void rec_u64(const char *key, uint64_t v)
{
	if (rec_key(key, v != UNSEEN))
		put_u64(v);
}

/* The time that a record stands for. */
static void rec_interval(uint64_t us)
{
	rec_milli("interval", us ? (us + 500) / 1000 : UNSEEN);
}

static unsigned is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

/* Seconds since 1970 as "YYYY-MM-DD HH:MM:SS", Gregorian. */
static void put_clock(uint64_t seconds, char between)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned day = (unsigned)(seconds / 86400), rest = (unsigned)(seconds % 86400);
	unsigned year = 1970, month = 0, n, i, parts[5];

	for (; day >= (n = 365 + is_leap(year)); year++)
		day -= n;
	for (; day >= (n = lengths[month] + (month == 1 ? is_leap(year) : 0)); month++)
		day -= n;
	parts[0] = month + 1;
	parts[1] = day + 1;
	parts[2] = rest / 3600;
	parts[3] = rest / 60 % 60;
	parts[4] = rest % 60;
	put_digits(year, 4);
	for (i = 0; i < 5; i++) {
		put_char(i < 2 ? '-' : i == 2 ? between : ':');
		put_digits(parts[i], 2);
	}
}

static void rec_begin(void)
{
	uint64_t ns = clock_ns(CLOCK_REALTIME);
	const char *quote = is_json() ? "\"" : "";

	rec.begun = false;
	if (!rec_key("time", true))
		return;
	put_str(quote);
	put_clock(ns / NS_PER_S, 'T');
	put_char('.');
	put_digits(ns / 1000000 % 1000, 3);
	put_char('Z');
	put_str(quote);
}

static void rec_end(void)
{
	put_str(is_json() ? "}\n" : "\n");
}

/* rec_start(); do { a record } while (rec_again()): it is written twice
 * where the names are due, the first time names only. */
static void rec_start(void)
{
	rec.names = opt.format == O_CSV && !rec.named;
}

static bool rec_again(void)
{
	bool again = rec.names;

	rec.names = false;
	rec.named = true;
	return again;
}

static void rec_scope(void)
{
	bool cgroup = in_cgroup();

	rec_str("scope", cgroup ? "cgroup" : "host");
	rec_str("cgroup", cgroup ? scope.name : NULL);
}

static void rec_alerts(const struct report *r)
{
	const char *between = ",\"alerts\":[";
	unsigned a;

	for (a = 0; a < A_COUNT; a++) {
		if (!alert_level[a])
			continue;
		put_str(between);
		rec.begun = false;
		rec_str("metric", nth(metric_names, rules[a].metric));
		rec_str("level", alert_level[a] == CRITICAL ? "critical" : "warning");
		rec_milli("value", alert_value(r, a));
		rec_milli("threshold", alert_threshold(a));
		note_begin();
		put_alert(r, a);
		rec_str("message", note_end());
		put_char('}');
		between = ",";
	}
	if (between[1])
		put_str(between);
	put_char(']');
}

/* A report as one record. */
static void rec_report(const struct report *r)
{
	unsigned i;

	rec_start();
	do {
		rec_begin();
		rec_interval(r->elapsed_us);
		rec_scope();
		for (i = 0; i < n_columns; i++) {
			unsigned m = columns[i];

			rec_milli(nth(metric_names, m), in_display_unit(m, r->milli[m]));
		}
		if (WITH_ALERTS && is_json())
			rec_alerts(r);
		rec_end();
	} while (rec_again());
	flush();
}

/* ----------------------------------------------------------------- TABLE */

static struct {
	bool tty, stamped, hidden[M_COUNT];
	unsigned rows, cols;     /* of the terminal */
	unsigned since_header;   /* rows printed since */
	bool header_due;
} term;

#define TIMESTAMP_WIDTH 20 /* " 2026-01-02 03:04:05" */

/* Asks for the terminal's size; a serial line may not know it. */
static void term_measure(void)
{
	struct winsize w = { 0 };

	if (term.cols && !term.tty)
		return;
	term.tty = is_terminal(STDOUT_FILENO, &w);
	term.rows = w.ws_row ? w.ws_row : term.tty ? 24 : 25;
	w.ws_col = w.ws_col ? w.ws_col : 80;
	term.stamped = opt.timestamp && (!term.tty || w.ws_col > 2 * TIMESTAMP_WIDTH);
	if (w.ws_col == term.cols)
		return; /* as it was */
	term.cols = w.ws_col;
	memset(term.hidden, 0, sizeof term.hidden);
	term.header_due = true;
}

/* Is a header due before the next row? Counts rows. */
static bool header_due(void)
{
	unsigned screen = term.rows > 3 ? term.rows - 3 : 1;
	bool due = term.header_due || (!opt.one_header && term.since_header >= screen);

	if (due)
		term.since_header = 0;
	term.since_header++;
	term.header_due = false;
	return due;
}

static bool term_colors(void)
{
	const char *type = env("TERM"), *no = env("NO_COLOR");

	if (!WITH_COLOR || opt.color != COLOR_AUTO)
		return WITH_COLOR && opt.color == COLOR_ALWAYS;
	return term.tty && !(no && *no) && type && *type && !same(type, "dumb");
}

/* Bytes in thousandths as at most five characters: 512M, 7.8G, 1023K. */
static void put_human(uint64_t milli)
{
	uint64_t tenths = milli / 100;
	unsigned u = 0;

	while (tenths >= 10235 && u < 6) {
		tenths = (tenths + 512) / 1024;
		u++;
	}
	if (tenths < 100 && u) {
		put_u64(tenths / 10);
		put_char('.');
		put_u64(tenths % 10);
	} else {
		put_u64((tenths + 5) / 10);
	}
	if (tenths)
		put_char("BKMGTPE"[u]);
}

/* The text of a cell. Memory is rounded down, as procps-ng does. */
static void put_cell(enum metric m, const struct report *r)
{
	enum unit unit = displays[m].unit;
	uint64_t v = in_display_unit(m, r->milli[m]);

	if (v == UNSEEN)
		put_char('-');
	else if (WITH_HUMAN && opt.human && (unit == SIZE || unit == BLOCKS))
		put_human(r->milli[m]);
	else if (unit == CPUS)
		put_hundredths(v);
	else
		put_u64((bound[m].kind == GAUGE ? v : v + 500) / 1000);
}

static bool shown(unsigned i)
{
	return !WITH_FIT || !term.hidden[columns[i]];
}

/* One line of cells, each right-aligned to where its column ends; one that
 * is too long borrows from the columns after it. r NULL: the heads. */
static void put_cells(const struct report *r)
{
	size_t end = out.n, first = end, start;
	unsigned i;

	for (i = 0; i < n_columns; i++) {
		unsigned m = columns[i];

		if (!shown(i))
			continue;
		if (out.n != first) {
			put_char(' ');
			end++;
		}
		start = out.n;
		if (r)
			put_cell(m, r);
		else
			put_str(nth(metric_heads, m));
		end += displays[m].width[opt.wide];
		align_right(start, end);
	}
}

/* A title in dashes over columns of this width; the odd dash goes to the
 * left or to the right. One that is not the first has a space before it. */
static void put_title(const char *name, size_t width, bool right)
{
	size_t n = length(name), dashes;

	n = n < width ? n : width;
	dashes = (width - n + !right) / 2;
	if (out.n && out.buf[out.n - 1] != '\n')
		put_char(' ');
	put_fill('-', dashes);
	put(name, n);
	put_fill('-', width - n - dashes);
}

/* The first header line: a title over the columns of each group. */
static void put_titles(void)
{
	unsigned i, next;

	for (i = 0; i < n_columns; i = next) {
		unsigned g = displays[columns[i]].group;
		size_t width = 0;

		for (next = i; next < n_columns && displays[columns[next]].group == g; next++)
			if (shown(next))
				width += displays[columns[next]].width[opt.wide] + (width ? 1u : 0u);
		if (width)
			put_title(nth(group_names, g), width, group_right[g]);
	}
}

static const char *zone_name(const struct tm **local, time_t now)
{
#if WITH_LOCALTIME
	*local = localtime(&now);
	if (*local)
		return (*local)->tm_zone;
#endif
	(void)now;
	*local = NULL;
	return "UTC";
}

static time_t wall_clock(void)
{
	return (time_t)(clock_ns(CLOCK_REALTIME) / NS_PER_S);
}

static void put_left(const char *s, size_t width)
{
	size_t n = length(s);

	put_str(s);
	put_fill(' ', n < width ? width - n : 0);
}

static void put_header(void)
{
	const struct tm *local;

	put_titles();
	if (term.stamped)
		put_str(" -----timestamp-----");
	put_char('\n');
	put_cells(NULL);
	if (term.stamped)
		put_right(zone_name(&local, wall_clock()), TIMESTAMP_WIDTH);
	put_char('\n');
}

static void put_timestamp(void)
{
	time_t now = wall_clock();
	uint64_t seconds = (uint64_t)now;
	const struct tm *local;

	zone_name(&local, now);
	if (WITH_LOCALTIME && local)
		seconds += (uint64_t)local->tm_gmtoff;
	put_char(' ');
	put_clock(seconds, ' ');
}

static size_t cells_width(const struct report *r)
{
	size_t n = out.n;

	put_cells(r);
	n = out.n - n;
	out.n -= n;
	return n + (term.stamped ? TIMESTAMP_WIDTH : 0);
}

/* Hides columns until header and row fit the terminal: what is unavailable
 * first, then by what the catalogue says of its worth. One always stays. */
static void fit(const struct report *r)
{
	while (cells_width(NULL) > term.cols || cells_width(r) > term.cols) {
		unsigned i, worst = 0, least = UINT32_MAX, left = 0;

		for (i = 0; i < n_columns; i++) {
			unsigned m = columns[i], worth = displays[m].keep + (r->milli[m] != UNSEEN ? 100u : 0);

			if (!shown(i))
				continue;
			left++;
			if (worth < least) {
				least = worth;
				worst = m;
			}
		}
		if (left < 2)
			return;
		term.hidden[worst] = term.header_due = true;
	}
}

static void table_report(const struct report *r, unsigned level)
{
	bool colors = level != CALM && term_colors(), header;

	if (WITH_FIT && term.tty)
		fit(r);
	header = header_due();
	if (header)
		put_header();
	if (colors)
		put_str(level == CRITICAL ? "\033[31m" : "\033[33m");
	put_cells(r);
	if (term.stamped)
		put_timestamp();
	if (colors)
		put_str("\033[0m");
	put_char('\n');
	flush();
	if (WITH_ALERTS)
		alerts_say(r, header);
}

/* ----------------------------------------------------------------- VIEWS
 *
 * What the kernel tells in lists: -s -f from the catalogue, -d -D -p from
 * /proc/diskstats or io.stat, -m from /proc/slabinfo. Each view writes text
 * or records, a record for each thing in the list. */

/* The file that was opened last cannot be read: says why, and what to do. */
_Noreturn static void die_unreadable(int error)
{
	if (error == ENOENT && !in_proc("self"))
		die("%s: no proc file system there: mount -t proc proc %s", path_buf, opt.proc);
	if (error == ENOENT && !opt.captured && !in_proc("uptime"))
		die("%s: hidden: /proc is mounted with subset=pid; mount it whole, or use --scope=cgroup", path_buf);
	errno = error;
	die("%s:", path_buf);
}

/* In cgroup scope: says once that a view has the host's numbers. */
static void warn_hosts_numbers(void)
{
	static bool said;

	if (in_cgroup() && !said)
		warn("--%s: the kernel does not count this per cgroup: these are the host's numbers",
		     nth(option_names, opt.view));
	said = true;
}

/* A row of a view: a record, or a line of text under a header that is
 * repeated each screenful. Numbers are right-aligned, a space between. True
 * where that header is due. */
static bool row_begin(void)
{
	if (!is_record())
		return header_due();
	rec_begin();
	return false;
}

static void row_name(const char *key, const char *name, size_t width)
{
	if (is_record())
		rec_str(key, name);
	else
		put_left(name, width);
}

static void row_u64(const char *key, uint64_t v, size_t width)
{
	char buf[U64_TEXT];

	if (is_record()) {
		rec_u64(key, v);
		return;
	}
	put_char(' ');
	put_right(v != UNSEEN ? u64_text(buf, v, 1) : "-", width);
}

/* Two decimals in text, as iostat prints. */
static void row_milli(const char *key, uint64_t milli, size_t width)
{
	size_t start;

	if (is_record()) {
		rec_milli(key, milli);
		return;
	}
	put_char(' ');
	start = out.n;
	if (milli == UNSEEN)
		put_char('-');
	else
		put_hundredths(milli);
	align_right(start, start + width);
}

/* Ends it; a view of many rows is written half a sink at a time. */
static void row_end(void)
{
	if (is_record())
		rec_end();
	else
		put_char('\n');
	if (out.n > sizeof out.buf / 2)
		flush();
}

/* A number with its label behind it, in a line of its own. */
static void row_label(const char *key, const char *unit, const char *label, uint64_t v)
{
	row_u64(key, v, 12);
	if (is_record())
		return;
	put_char(' ');
	put_str(unit);
	put_str(label);
	put_char('\n');
}

static void labels_begin(void)
{
	if (is_record())
		rec_begin();
}

static void labels_end(void)
{
	if (is_record())
		rec_end();
}

/* The value of a line of -s: a gauge from the report, or the counter as the
 * kernel counts it. */
static uint64_t stat_value(const struct stat_row *row, const struct report *r, const struct sample *now)
{
	unsigned m = row->metric;
	uint64_t told = r->milli[m], counted = now->value[m];

	if (row->flags & IN_UNITS)
		return divided(told, opt.unit * 1000);
	if (row->flags & FROM_REPORT)
		return divided(told, 1000);
	if ((row->flags & IF_REPORT) && told == UNSEEN)
		return UNSEEN;
	if (row->flags & IN_US)
		return in_base_units(counted, bound[m].unit);
	return divided(counted, bound[m].unit == BYTES ? 1024 : 1);
}

static void view_stats(const struct report *r, const struct sample *now)
{
	char unit[] = { 'B', ' ', '\0' };
	unsigned i;

	for (i = 0; unit_bytes[i] != opt.unit; i++)
		;
	if (opt.unit > 1)
		unit[0] = unit_letters[i];
	rec_start();
	do {
		labels_begin();
		if (is_record())
			rec_scope();
		for (i = 0; i < LENGTH(stats); i++)
			if (!(stats[i].flags & CG_ONLY) || in_cgroup())
				row_label(nth(stat_keys, i), stats[i].flags & IN_UNITS ? unit : "",
					  nth(stat_labels, i), stat_value(&stats[i], r, now));
		labels_end();
	} while (rec_again());
	flush();
}

static void view_forks(const struct sample *now)
{
	if (now->value[M_FORKS] == UNSEEN)
		die("%s/stat: the number of forks is not there", opt.proc);
	warn_hosts_numbers();
	rec_start();
	do {
		labels_begin();
		row_label("forks", "", "forks", now->value[M_FORKS]);
		labels_end();
	} while (rec_again());
	flush();
}

/* Fields of a block device in the order of /proc/diskstats
 * (Documentation/admin-guide/iostats.rst, Linux 6.13): key, label in -D,
 * head and widths in -d (0: not there). */
#define DISK_FIELDS(F) \
	F(READS, "reads", "total reads", "total", 6, 9) \
	F(READS_MERGED, "reads_merged", "merged reads", "merged", 6, 9) \
	F(READ_SECTORS, "read_sectors", "read sectors", "sectors", 7, 11) \
	F(READ_MS, "read_ms", "milli reading", "ms", 7, 11) \
	F(WRITES, "writes", "writes", "total", 6, 9) \
	F(WRITES_MERGED, "writes_merged", "merged writes", "merged", 6, 9) \
	F(WRITE_SECTORS, "write_sectors", "written sectors", "sectors", 7, 11) \
	F(WRITE_MS, "write_ms", "milli writing", "ms", 7, 11) \
	F(IO_NOW, "io_now", "inprogress IO", "cur", 6, 7) \
	F(IO_MS, "io_ms", "milli spent IO", "sec", 6, 7) \
	F(IO_WEIGHTED, "io_weighted_ms", "milli weighted IO", "", 0, 0)

enum disk_field {
#define F(id, key, label, head, width, wide) D_##id,
	DISK_FIELDS(F)
#undef F
	D_COUNT
};

static const uint8_t disk_widths[][2] = {
#define F(id, key, label, head, width, wide) { width, wide },
	DISK_FIELDS(F)
#undef F
};

#define F(id, key, label, head, width, wide) key "\0"
static const char disk_keys[] = DISK_FIELDS(F);
#undef F
#define F(id, key, label, head, width, wide) label "\0"
static const char disk_labels[] = DISK_FIELDS(F);
#undef F
#define F(id, key, label, head, width, wide) head "\0"
static const char disk_heads[] = DISK_FIELDS(F);
#undef F

#define SECTOR_BYTES 512

/* A name of the kernel's, in a field of zeros; it has DISK_NAME_LEN 32. */
#define NAME_BYTES 33

static void copy_name(char *to, const struct line *name)
{
	size_t n = (size_t)(name->end - name->p);

	memcpy(to, name->p, n < NAME_BYTES ? n : NAME_BYTES - 1);
}

static BULK struct disk {
	char name[NAME_BYTES];
	bool partition, seen;          /* seen: in the last reading */
	uint64_t device;               /* major and minor number */
	uint64_t now[D_COUNT], before[D_COUNT];
} disks[MAX_DISKS];

static struct {
	unsigned n;
	uint64_t ns, before_ns;
	bool said;
} disk_state;

/* A partition has the name of a disk before it and a number, with a p
 * between where the disk's name ends in a digit. */
static bool is_partition_of(const char *name, const char *disk)
{
	const char *rest = after(name, disk);
	uint64_t nth_one;

	if (!rest || rest == name)
		return false;
	if (is_digit(rest[-1]) && *rest++ != 'p')
		return false;
	return number(rest, &nth_one);
}

/* The entry of a device, made where there is none. A number with another
 * name is another device; one whose name is not told (NULL) is any, and is
 * called `other` where it is new. */
static struct disk *disk_at(uint64_t device, const struct line *name, const struct line *other)
{
	struct disk *d, *disk;

	for (d = disks; d < disks + disk_state.n; d++)
		if (d->device == device && (!name || is_word(name, d->name)))
			return d;
	if (d == disks + MAX_DISKS) {
		if (!disk_state.said)
			warn("more than %ju block devices: the rest is left out", (uint64_t)MAX_DISKS);
		disk_state.said = true;
		return NULL;
	}
	memset(d, 0, sizeof *d);
	memset(d->now, 0xff, sizeof d->now); /* UNSEEN */
	d->device = device;
	copy_name(d->name, other);
	for (disk = disks; disk < d; disk++)
		d->partition |= !disk->partition && is_partition_of(d->name, disk->name);
	disk_state.n++;
	return d;
}

/* names_only: just makes the entries, as io.stat tells numbers of devices. */
static void read_diskstats(bool names_only)
{
	uint64_t v[2 + D_COUNT];
	struct line name;
	struct disk *d;
	unsigned i;

	scan_proc("diskstats", "");
	while (scan_line()) { /* "MAJOR MINOR NAME" and the fields */
		for (i = 0; i < 2 + D_COUNT && (i != 2 || word(&name)) && word_number(&v[i]); i++)
			;
		if (i < 2 + D_COUNT || !(d = disk_at(v[0] << 20 | v[1], &name, &name)) || names_only)
			continue;
		memcpy(d->now, v + 2, sizeof d->now);
		d->seen = true;
	}
	if (scan.error && !names_only)
		die_unreadable(scan.error);
	scan_close();
}

/* "8:16" as a device number. */
static bool device_number(const struct line *w, uint64_t *device)
{
	const char *p = w->p;
	uint64_t major, minor;

	if (!digits(&p, &major) || *p++ != ':' || !digits(&p, &minor) || p != w->end)
		return false;
	*device = major << 20 | minor;
	return true;
}

/* What a cgroup is told of a device. v2 has all in io.stat, "8:0 rbytes=N
 * ..."; v1 the first two in one file, "8:0 Read N", the others in another. */
static const uint8_t cgroup_fields[] = { D_READ_SECTORS, D_WRITE_SECTORS, D_READS, D_WRITES };

/* Reads fields first..end from a file; false where it is not there. */
static bool read_cgroup_io(const char *file, unsigned first, unsigned end)
{
	struct home *h = &homes[PL_IO];
	int fd = h->version ? open_at(h->dir, file, "") : -1;
	struct line w;
	uint64_t device, v;
	unsigned i;

	scan_start(fd);
	while (scan_line()) {
		struct disk *d = NULL;

		while (word(&w) && device_number(&w, &device))
			d = disk_at(device, NULL, &w);
		if (!d)
			continue;
		for (i = 0; i < LENGTH(cgroup_fields) && !d->seen; i++)
			d->now[cgroup_fields[i]] = 0; /* what is not told has not happened */
		d->seen = true;
		if (h->version == 2)
			line.p = w.p;
		for (i = first; i < end; i++) {
			v = 0;
			if (h->version == 2)
				pair_number(nth("rbytes\0wbytes\0rios\0wios", i), &v);
			else if (!is_word(&w, i & 1 ? "Write" : "Read") || !word_number(&v))
				continue;
			d->now[cgroup_fields[i]] = divided(v, i < 2 ? SECTOR_BYTES : 1);
		}
	}
	scan_close();
	return fd >= 0;
}

/* Reads all devices; those that vanished lose their place. */
static void read_disks(void)
{
	bool v1 = homes[PL_IO].version == 1;
	struct disk *d, *to = disks;

	disk_state.before_ns = disk_state.ns;
	disk_state.ns = sample_clock();
	for (d = disks; d < disks + disk_state.n; d++)
		if (d->seen) {
			*to = *d;
			to->seen = false;
			memcpy(to->before, to->now, sizeof to->now);
			to++;
		}
	disk_state.n = (unsigned)(to - disks);
	if (!in_cgroup() || opt.view == O_PARTITION) {
		read_diskstats(false);
		return;
	}
	check_gone();
	read_diskstats(true);
	if (v1 ? !read_cgroup_io(nth(source_files, SRC_V1_BLKIO), 0, 2) ||
		 !read_cgroup_io("blkio.throttle.io_serviced_recursive", 2, 4) :
		 !read_cgroup_io(nth(source_files, SRC_IO_STAT), 0, 4))
		die("cgroup %s: no io controller counts for it; --scope=host shows the machine's disks", scope.name);
}

/* The width of a field in -d; 0: it is not there. */
static size_t disk_width(enum disk_field f)
{
	return disk_widths[f][opt.wide];
}

static void put_disk_header(void)
{
	size_t half = 2 * (disk_width(D_READS) + disk_width(D_READ_MS)) + 3;
	unsigned f;

	put_str("disk-");
	put_title("reads", half, false);
	put_title("writes", half, false);
	put_title("IO", 2 * disk_width(D_IO_MS) + 1, true);
	put_str("\n     ");
	for (f = 0; f < D_IO_WEIGHTED; f++) {
		put_char(' ');
		put_right(nth(disk_heads, f), disk_width(f));
	}
	put_char('\n');
}

static void disk_row(const struct disk *d)
{
	unsigned f;

	if (row_begin())
		put_disk_header();
	row_name("disk", d->name, 5);
	for (f = 0; f < D_COUNT; f++)
		if (is_record() || disk_width(f))
			row_u64(nth(disk_keys, f), divided(d->now[f], f == D_IO_MS && !is_record() ? 1000 : 1),
				disk_width(f));
	row_end();
}

/* Rates of one disk, as `iostat -x` defines them: the growth of a field,
 * scaled, by the time that passed or by the growth of another field. */
static const char disk_rate_keys[] = "r_s\0w_s\0rkb_s\0wkb_s\0r_await\0w_await\0aqu_sz\0util";
static const struct {
	uint8_t field, by, width; /* by D_COUNT: per second */
	uint32_t scale;
} disk_rates[] = {
	{ D_READS, D_COUNT, 7, 1000000000 },
	{ D_WRITES, D_COUNT, 7, 1000000000 },
	{ D_READ_SECTORS, D_COUNT, 9, 1000000000 / (1024 / SECTOR_BYTES) },
	{ D_WRITE_SECTORS, D_COUNT, 9, 1000000000 / (1024 / SECTOR_BYTES) },
	{ D_READ_MS, D_READS, 7, 1000 },
	{ D_WRITE_MS, D_WRITES, 7, 1000 },
	{ D_IO_WEIGHTED, D_COUNT, 7, 1000000 },
	{ D_IO_MS, D_COUNT, 7, 100000000 },
};

static void disk_rate_row(const struct disk *d)
{
	uint64_t us = (disk_state.ns - disk_state.before_ns) / 1000;
	unsigned i;

	if (row_begin())
		put_str("Device          r/s     w/s     rkB/s     wkB/s r_await w_await  aqu-sz   %util\n");
	row_name("disk", d->name, 11);
	if (is_record())
		rec_interval(us);
	for (i = 0; i < LENGTH(disk_rates); i++) {
		unsigned f = disk_rates[i].field, per = disk_rates[i].by;
		uint64_t by = per == D_COUNT ? us : us ? growth(d->before[per], d->now[per]) : 0;
		uint64_t v = mul_div(growth(d->before[f], d->now[f]), disk_rates[i].scale, by);

		row_milli(nth(disk_rate_keys, i), f == D_IO_MS ? at_most_100(v) : v, disk_rates[i].width);
	}
	row_end();
}

static void disk_sum(void)
{
	uint64_t sum[D_COUNT], count[2] = { 0 };
	bool cgroup = in_cgroup();
	const struct disk *d;
	unsigned f;

	memset(sum, cgroup ? 0xff : 0, sizeof sum);
	for (f = 0; f < sizeof cgroup_fields; f++)
		sum[cgroup_fields[f]] = 0;
	for (d = disks; d < disks + disk_state.n; d++) {
		if (!d->seen)
			continue;
		count[d->partition]++;
		for (f = 0; f < D_COUNT && !d->partition; f++)
			sum[f] = plus(sum[f], d->now[f]);
	}
	labels_begin();
	row_label("disks", "", "disks", count[0]);
	row_label("partitions", "", "partitions", cgroup ? UNSEEN : count[1]);
	for (f = 0; f < D_COUNT; f++)
		row_label(nth(disk_keys, f), "", nth(disk_labels, f), sum[f]);
	labels_end();
}

static void partition_row(const struct disk *d)
{
	static const uint8_t fields[] = { D_READS, D_READ_SECTORS, D_WRITES, D_WRITE_SECTORS };
	static const uint8_t widths[] = { 20, 17, 11, 17 };
	unsigned i;

	if (row_begin()) {
		put_left(d->name, 10);
		put_str("      reads      read sectors      writes  requested writes\n");
	}
	if (is_record())
		rec_str("partition", d->name);
	for (i = 0; i < sizeof fields; i++)
		row_u64(nth(disk_keys, fields[i]), d->now[fields[i]], widths[i]);
	row_end();
}

static void view_disk(const struct disk *d)
{
	rec_start();
	do
		if (!d)
			disk_sum();
		else if (opt.partition)
			partition_row(d);
		else if (opt.extended)
			disk_rate_row(d);
		else
			disk_row(d);
	while (rec_again());
}

static void view_disks(void)
{
	const char *dev = opt.partition;
	const struct disk *d;
	bool any = false;

	read_disks();
	if (opt.no_first && !disk_state.before_ns)
		return;
	if (in_cgroup() && opt.extended && !disk_state.before_ns) {
		read_tasks(&samples[0]); /* since the start of the cgroup */
		disk_state.before_ns = scope_start_ns();
		if (disk_state.before_ns > disk_state.ns)
			disk_state.before_ns = disk_state.ns;
	}
	if (opt.view == O_DISK_SUM)
		view_disk(NULL);
	if (dev && after(dev, "/dev/"))
		dev = after(dev, "/dev/");
	for (d = disks; d < disks + disk_state.n && opt.view != O_DISK_SUM; d++) {
		if (!d->seen || (dev ? !same(d->name, dev) : d->partition))
			continue;
		any = true;
		if (dev)
			warn_hosts_numbers();
		view_disk(d);
	}
	if (dev && !any)
		die("partition %s: not found in %s/diskstats", dev, opt.proc);
	flush();
}

/* Slab caches, sorted by name. /proc/slabinfo, version 2.1 (slabinfo(5)). */
static BULK struct slab {
	char name[NAME_BYTES];
	uint64_t v[4];
} slabs[MAX_SLABS];

/* Does a stand before b? */
static bool is_before(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a < (unsigned char)*b;
}

/* Reads them; returns the end of the list. */
static struct slab *read_slabs(void)
{
	struct slab *end = slabs, *at;
	struct line name;
	unsigned i;

	scan_proc("slabinfo", "");
	while (scan_line()) {
		struct slab new = { 0 };

		if (!word(&name))
			continue;
		for (i = 0; i < 4 && word_number(&new.v[i]); i++)
			;
		if (i < 4)
			continue;
		if (end == slabs + MAX_SLABS) {
			warn("more than %ju slab caches: the rest is left out", (uint64_t)MAX_SLABS);
			break;
		}
		copy_name(new.name, &name);
		for (at = end++; at > slabs && is_before(new.name, at[-1].name); at--)
			*at = at[-1];
		*at = new;
	}
	scan_close();
	if (end == slabs)
		die_unreadable(scan.error ? scan.error : ENODATA);
	return end;
}

static void view_slabs(void)
{
	struct slab *end = read_slabs(), *slab;
	unsigned i;

	warn_hosts_numbers();
	for (slab = slabs; slab < end && !opt.no_first; slab++) {
		rec_start();
		do {
			if (row_begin())
				put_str("Cache                       Num  Total   Size  Pages\n");
			if (!is_record())
				slab->name[24] = '\0';
			row_name("cache", slab->name, 24);
			for (i = 0; i < 4; i++)
				row_u64(nth("active_objs\0num_objs\0objsize\0objperslab", i), slab->v[i], 6);
			row_end();
		} while (rec_again());
	}
	opt.no_first = false;
	flush();
}

/* --------------------------------------------------------------- COMMAND */

/* A value that an option cannot take. */
_Noreturn static void bad_value(enum option o, const char *value)
{
	die(WITH_HELP ? "--%s: '%s' is not %s (%s)" : "--%s: '%s' is not %s%s", nth(option_names, o), value,
	    nth(option_metas, o), nth(option_helps, o));
}

/* [WARN,]CRIT with up to three decimals into thousandths, at *p. */
static bool parse_levels(const char **p, uint64_t *warn_level, uint64_t *crit)
{
	uint64_t first;

	*warn_level = 0;
	if (!decimal(p, 3, &first))
		return false;
	*crit = first;
	if (**p != ',')
		return first > 0;
	++*p;
	*warn_level = first;
	return decimal(p, 3, crit) && *crit && *crit >= first;
}

static bool alert_wished[A_COUNT]; /* on the command line: its files are read */

/* NAME=[WARN,]CRIT, or off. */
static bool parse_alert(const char *value)
{
	unsigned a;

	opt.no_alerts = same(value, "off");
	if (opt.no_alerts)
		return true;
	for (a = 0; a < A_COUNT; a++) {
		const char *p = after(value, nth(metric_names, rules[a].metric));

		if (!p || *p++ != '=')
			continue;
		alert_wished[a] = true;
		return parse_levels(&p, &opt.warn[a], &opt.crit[a]) && !*p;
	}
	note_begin();
	for (a = 0; a < A_COUNT; a++) {
		put_str(nth(metric_names, rules[a].metric));
		put_char(' ');
	}
	die("--alert: no rule in '%s': %sor off", value, note_end());
}

/* Parses the value of an option; false where it is none. */
static bool parse_value(enum option o, const char *value)
{
	const char *p = value;

	switch (o) {
	case O_UNIT:
		p = find(unit_letters, *value);
		if (!*p || value[1])
			return false;
		opt.unit = unit_bytes[p - unit_letters];
		return true;
	case O_PID:
		return WITH_CGROUP && number(value, &opt.pid) && opt.pid && opt.pid <= INT32_MAX;
	case O_THRESHOLD:
		alert_wished[A_CS] = true;
		if (!WITH_ALERTS || !parse_levels(&p, &opt.warn[A_CS], &opt.crit[A_CS]))
			return false;
		opt.threshold_per_cpu = *p != '\0';
		return !*p || same(p, "/cpu");
	case O_ALERT:
		return WITH_ALERTS && parse_alert(value);
	default:
		return false;
	}
}

/* Notes an option as the one that was chosen of several. */
static void choose(uint8_t *chosen, enum option o)
{
	if (*chosen && *chosen != o)
		die("conflicting options: --%s and --%s", nth(option_names, *chosen), nth(option_names, o));
	*chosen = (uint8_t)o;
}

static void apply(enum option o, const char *value)
{
	void *field = (char *)&opt + options[o].field;
	const char *end = nth(option_metas, o);
	uint8_t n = 0;

	switch (options[o].kind) {
	case FLAG:
		*(bool *)field = true;
		break;
	case ONE_OF:
		choose(field, o);
		break;
	case VALUE:
		if (!*value || (length(value) >= PATH_BYTES / 2 && (o == O_PROC || o == O_SYS)))
			bad_value(o, value);
		*(const char **)field = value;
		if (o == O_PARTITION)
			choose(&opt.view, o);
		break;
	case CHOICE:
		for (; after(end, value) != find(end, '|'); n++) {
			end = find(end, '|');
			if (!*end++)
				bad_value(o, value);
		}
		*(uint8_t *)field = n;
		break;
	case PARSED:
		if (!parse_value(o, value))
			bad_value(o, value);
		break;
	}
}

/* The option with this long name, or unambiguous beginning of one, that
 * stands behind the dashes of `s` up to `end`. */
static enum option find_long(const char *s, const char *end)
{
	unsigned i, found = O_COUNT, other = O_COUNT;

	for (i = 0; i < O_COUNT; i++) {
		const char *name = nth(option_names, i), *p = s + 2;

		if (!*name)
			continue;
		while (p < end && *p == *name) {
			p++;
			name++;
		}
		if (p < end)
			continue;
		if (!*name)
			return (enum option)i;
		other = found;
		found = i;
	}
	if (other != O_COUNT)
		die("option '%s' is ambiguous: --%s or --%s", s, nth(option_names, other), nth(option_names, found));
	if (found == O_COUNT)
		die("unknown option '%s' (try --help)", s);
	return (enum option)found;
}

/* Applies an option. A value that does not stand with it is the next word. */
static void take(enum option o, const char *value, char ***argv)
{
	bool takes = options[o].kind >= VALUE;

	if (takes && !value && !(value = *++*argv))
		die("option '--%s' needs a value: %s", nth(option_names, o), nth(option_metas, o));
	if (value && !takes)
		die("option '--%s' takes no value", nth(option_names, o));
	apply(o, value);
}

/* -abc, -oVALUE, -o VALUE */
static void parse_letters(char ***argv)
{
	const char *p = **argv;

	while (*++p) {
		char letter[] = { '-', *p, '\0' };
		unsigned i = 0;

		while (i < O_COUNT && (options[i].letter != *p || !*nth(option_names, i)))
			i++;
		if (i == O_COUNT)
			die("unknown option '%s' (try --help)", letter);
		if (options[i].kind >= VALUE) {
			take((enum option)i, p[1] ? p + 1 : NULL, argv);
			return;
		}
		take((enum option)i, NULL, argv);
	}
}

static void parse_operand(const char *s, unsigned n)
{
	const char *p = s;

	if (n == 0) {
		if (!decimal(&p, 9, &opt.delay_ns) || *p || opt.delay_ns / NS_PER_S > 1000000000)
			die("delay '%s': not a number, or too large", s);
		if (opt.delay_ns < NS_PER_S / 100)
			die("delay '%s': at least 0.01 seconds", s);
	} else if (n == 1) {
		if (!number(s, &opt.count) || !opt.count)
			die("count '%s': not a number of at least 1", s);
	} else {
		die("too many operands: '%s' (try --help)", s);
	}
}

static void parse(char **argv)
{
	bool operands_only = false;
	unsigned n = 0;

	for (; *argv; argv++) {
		const char *s = *argv;

		if (operands_only || s[0] != '-' || !s[1]) {
			parse_operand(s, n++);
		} else if (s[1] != '-') {
			parse_letters(&argv);
		} else if (!s[2]) {
			operands_only = true;
		} else {
			const char *end = find(s, '=');

			take(find_long(s, end), *end ? end + 1 : NULL, &argv);
		}
	}
	if ((opt.columns != NULL) + opt.classic + (opt.extended && opt.view != O_DISK) > 1)
		die("conflicting options: one of --columns, --extended and --classic");
	if (WITH_CGROUP && (opt.cgroup != NULL) + (opt.pid != 0) + (opt.scope == SCOPE_HOST) > 1)
		die("conflicting options: one of --cgroup, --pid and --scope=host");
	if (!opt.count)
		opt.count = opt.delay_ns ? UINT64_MAX : 1;
	if (!opt.delay_ns && opt.no_first)
		opt.delay_ns = NS_PER_S;
}

/* May the metric be shown, and is the room that makes it built in? */
static bool is_visible(enum metric m)
{
	if ((unsigned)m >= DISPLAYS)
		return false;
	return displays[m].show != RAW && (displays[m].group != G_PRESSURE || WITH_PRESSURE) &&
	       (displays[m].group != G_LIMITS || WITH_CGROUP);
}

/* Ends the program with what was put. */
_Noreturn static void finish(void)
{
	flush();
	_exit(0);
}

_Noreturn static void print_help(void)
{
	unsigned i;

	put_str("Usage: vmstat [options] [delay [count]]\n\nOptions:\n");
	for (i = 0; i < O_COUNT; i++) {
		const char *name = nth(option_names, i);

		if (!*name)
			continue;
		note_begin();
		put_str(options[i].letter ? "  -?, --" : "      --");
		if (options[i].letter)
			note.buf[3] = options[i].letter;
		put_str(name);
		if (options[i].kind >= VALUE)
			put_char('=');
		put_str(nth(option_metas, i));
		put_left(note_end(), 34);
		put_char(' ');
		put_str(nth(option_helps, i));
		put_char('\n');
	}
	put_str("\nExit status: 0, or 1 for any error.\n");
	finish();
}

_Noreturn static void print_version(void)
{
	put_str("vmstat " VERSION "\nfeatures:"
		IF(WITH_CGROUP, " cgroup") IF(WITH_PRESSURE, " pressure") IF(WITH_ALERTS, " alerts")
		IF(WITH_JSON, " json") IF(WITH_CSV, " csv") IF(WITH_STATS, " stats")
		IF(WITH_DISKS, " disks") IF(WITH_SLABS, " slabs") IF(WITH_HUMAN, " human")
		IF(WITH_COLOR, " color") IF(WITH_HELP, " help") IF(WITH_FIT, " fit")
		IF(WITH_LOCALTIME, " localtime") "\n");
	finish();
}

_Noreturn static void print_columns(void)
{
	unsigned m;

	for (m = 0; m < M_COUNT; m++) {
		if (!is_visible(m))
			continue;
		put_left(nth(metric_names, m), 10);
		put_left(nth(group_names, displays[m].group), 9);
		put_str(nth(metric_helps, m));
		put_char('\n');
	}
	finish();
}

static void add_column(enum metric m)
{
	unsigned i;

	for (i = 0; i < n_columns; i++)
		if (columns[i] == m)
			return;
	columns[n_columns++] = (uint8_t)m;
}

/* -o: names of columns and groups between commas. */
static void add_columns(const char *list)
{
	struct line w;
	unsigned m;

	for (w.p = list; ; w.p = w.end + 1) {
		bool known = false;

		w.end = find(w.p, ',');
		for (m = 0; m < M_COUNT; m++)
			if (is_visible(m) && (is_word(&w, nth(metric_names, m)) ||
					      is_word(&w, nth(group_names, displays[m].group)))) {
				add_column(m);
				known = true;
			}
		if (!known)
			die("unknown column in '%s' (--columns=help lists them)", list);
		if (!*w.end)
			return;
	}
}

/* Is the metric in the table, or record, that was asked for? */
static bool is_default(enum metric m)
{
	if (!is_visible(m))
		return false;
	if (opt.extended || (is_record() && !opt.classic))
		return true;
	switch (displays[m].show) {
	case CLASSIC: return true;
	case TABLE: return !opt.classic;
	case BUFFERS: return !opt.active;
	case ACTIVE: return opt.active;
	case CGROUP: return !opt.classic && in_cgroup();
	default: return false;
	}
}

static void choose_columns(void)
{
	bool cgroup = in_cgroup();
	unsigned m, i;

	if (opt.columns)
		add_columns(opt.columns);
	for (m = 0; m < M_COUNT && !opt.columns; m++)
		if (is_default(m))
			add_column(m);
	bind_metrics(cgroup && opt.view != O_FORKS); /* forks are the host's */
	for (i = 0; i < n_columns && !opt.view; i++)
		need(columns[i]);
	/* An OOM kill is told in a table without its column, too. */
	alert_wished[A_OOM] |= cgroup && !opt.columns && !opt.classic;
	/* A rule is judged if it is wished for or its file is read anyway. */
	for (i = 0; i < A_COUNT && !opt.view; i++)
		if (WITH_ALERTS && !opt.no_alerts &&
		    (alert_wished[i] || (needed >> bound[rules[i].metric].source & 1)))
			need(rules[i].metric);
	for (i = 0; WITH_STATS && i < LENGTH(stats) && opt.view == O_STATS; i++)
		need(stats[i].metric);
	if (WITH_STATS && opt.view == O_FORKS)
		need(M_FORKS);
	if (opt.threshold_per_cpu && cgroup)
		need(M_CAPACITY);
	for (m = M_USER; m <= M_IDLE && (needed & BIT(STAT)); m++)
		need(m); /* tell gVisor, where interrupts and switches stay 0 */
	if (cgroup && scope.tell) {
		need(M_MEM_LIMIT); /* for say_scope() */
		need(M_CPU_LIMIT);
	}
	make_wants();
}

/* Did a sample lack something that this file should have told? */
static bool is_incomplete(enum source src)
{
	unsigned i;

	for (i = 0; i < wants[src].n; i++) {
		uint8_t m = wanted[wants[src].first + i];

		if (samples[0].value[m] == UNSEEN || samples[1].value[m] == UNSEEN)
			return true;
	}
	return kept_sources[src].error != 0;
}

/* What cannot be shown, and why: one line per file of /proc, once. That the
 * kernel was built without pressure is no reason to complain. */
static void warn_unavailable(const struct report *r)
{
	unsigned src, i;

	for (src = 0; src < SRC_COUNT && r->elapsed_us; src++) {
		if (warned[src] || sources[src].place != PL_PROC || sources[src].format == FM_PSI ||
		    !is_incomplete(src))
			continue;
		note_begin();
		for (i = 0; i < n_columns; i++)
			if (bound[columns[i]].source == src && r->milli[columns[i]] == UNSEEN) {
				put_char(' ');
				put_str(nth(metric_names, columns[i]));
			}
		warned[src] = *note_end() != '\0';
		errno = kept_sources[src].error;
		if (warned[src])
			warn(errno ? "%s/%s:%s unavailable:" : "%s/%s: empty, or without its numbers:%s unavailable",
			     opt.proc, nth(source_files, src), note.buf);
	}
}

/* Ends the program where no number at all was read. */
static void check_anything(const struct sample *now)
{
	unsigned m, src;

	for (m = 0; m < M_COUNT; m++)
		if (now->value[m] != UNSEEN)
			return;
	for (src = 0; src < SRC_COUNT; src++)
		if (wants[src].n && kept_sources[src].error &&
		    join(path_buf, source_dir(src), "/", nth(source_files, src)))
			die_unreadable(kept_sources[src].error);
	die("nothing to show: no file tells any of the numbers asked for in this scope");
}

/* On a terminal: whose numbers these are, and under which limits. */
static void say_scope(const struct report *r)
{
	unsigned versions = 0;
	bool whole = true;

	if (!scope.tell)
		return;
	note_begin();
	put_str("scope ");
	if (!scope.cgroup) {
		each_mount("self", "", NULL); /* for scope.lxcfs */
		put_str("host");
	} else {
		for (each_home(h))
			if (h != &homes[PL_PRESSURE]) {
				versions |= h->version;
				whole &= h->whole || !h->version;
			}
		put_str("cgroup ");
		put_str(scope.name);
		put_str(versions == 3 ? " (hybrid), " : versions == 1 ? " (v1), " : " (v2), ");
		if (r->milli[M_MEM_LIMIT] != UNSEEN) {
			put_str("memory limit ");
			put_human(r->milli[M_MEM_LIMIT]);
		} else {
			put_str("no memory limit");
		}
		if (r->milli[M_CPU_LIMIT] != UNSEEN) {
			put_str(", ");
			put_cell(M_CPU_LIMIT, r);
			put_str(" CPUs");
		} else {
			put_str(", no CPU limit");
		}
		put_str(whole ? "" : ", inexact: ancestors not visible");
		put_str(scope.entered ? ", entered from outside: as PID 1 sees it" : "");
	}
	put_str(scope.lxcfs ? ", lxcfs over /proc" : "");
	warn("%s", note_end());
}

static void stop(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

/* Sleeps. A reader that goes away, or a signal to stop, ends the program at
 * once; being stopped and continued does not shorten the sleep. */
static void wait_for(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };
	long n;

	do
		n = wait_on(STDOUT_FILENO, 0, &t);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		die("poll:");
	if (n)
		_exit(0);
}

/* --threshold=.../cpu: times the CPUs of the machine or of the cgroup. */
static void scale_threshold(const struct sample *now)
{
	uint64_t micro = UNSEEN;

	if (!opt.threshold_per_cpu)
		return;
	opt.threshold_per_cpu = false;
	if (in_cgroup())
		micro = now->value[M_CAPACITY];
	if (micro == UNSEEN && !(micro = online_cpus() * 1000000) && !(micro = affinity_cpus() * 1000000))
		die("--threshold: the number of CPUs is not known here");
	opt.warn[A_CS] = mul_div(opt.warn[A_CS], micro, 1000000);
	opt.crit[A_CS] = mul_div(opt.crit[A_CS], micro, 1000000);
}

/* Takes the sample of one tick and shows it. */
static void tick(uint64_t n)
{
	struct sample *now = &samples[n & 1], *before = &samples[~n & 1];
	unsigned level = CALM;

	sample_take(now, n || opt.no_first ? 0 : BIT(TASKS));
	report.first = !n;
	if (!n) {
		check_anything(now);
		if (!opt.no_first)
			before->ns = scope_start_ns();
	}
	report_make(&report, before, now);
	if (!n && is_false_start(&report)) {
		before->ns = UINT64_MAX; /* nobody knows when */
		report_make(&report, before, now);
	}
	if (!n && WITH_CGROUP)
		say_scope(&report);
	warn_unavailable(&report);
	if (!n && opt.no_first)
		return;
	if (WITH_ALERTS) {
		scale_threshold(now);
		level = alerts_judge(&report);
	}
	if (!is_record()) {
		table_report(&report, level);
		return;
	}
	rec_report(&report);
	if (WITH_ALERTS)
		alerts_say(&report, false);
}

/* The schedule is absolute, by the start of each tick: nothing drifts. What
 * is missed is skipped, and so is a slot so near that its report would
 * compare next to nothing. */
static void run(void)
{
	uint64_t due = 0, n;
	uint64_t last = opt.count == UINT64_MAX ? UINT64_MAX : opt.count + opt.no_first;

	for (n = 0;; n++) {
		tick_ns = clock_ns(CLOCK_BOOTTIME);
		due = n ? due : tick_ns;
		term_measure();
		if (opt.view == O_SLABS && WITH_SLABS)
			view_slabs();
		else if (opt.view && WITH_DISKS)
			view_disks();
		else
			tick(n);
		if (n + 1 >= last)
			return;
		due += opt.delay_ns;
		if (tick_ns > due)
			due += ((tick_ns - due) / opt.delay_ns + 1) * opt.delay_ns;
		if (due - tick_ns < opt.delay_ns / 2)
			due += opt.delay_ns;
		wait_for(due - tick_ns);
	}
}

/* -s and -f: the counters as they stand, once. */
static void show_totals(void)
{
	tick_ns = clock_ns(CLOCK_BOOTTIME);
	sample_take(&samples[0], 0);
	check_anything(&samples[0]);
	report_make(&report, &samples[1], &samples[0]);
	if (opt.view == O_STATS)
		view_stats(&report, &samples[0]);
	else
		view_forks(&samples[0]);
}

int main(int argc, char **argv)
{
	unsigned a;

	opt.unit = 1024;
	for (a = 0; WITH_ALERTS && a < A_COUNT; a++) {
		opt.warn[a] = rules[a].warn * 1000u;
		opt.crit[a] = rules[a].crit * 1000u;
	}
	parse(argc ? argv + 1 : argv);
	set_handler(SIGPIPE, SIG_IGN);
	if (opt.help)
		print_help();
	if (opt.version)
		print_version();
	if (opt.columns && same(opt.columns, "help"))
		print_columns();
	opt.proc_given = opt.proc != NULL;
	opt.sys_given = opt.sys != NULL;
	opt.proc = opt.proc ? opt.proc : "/proc";
	opt.sys = opt.sys ? opt.sys : "/sys";
	opt.captured = opt.proc_given && !is_procfs(opt.proc);
	if (WITH_CGROUP)
		scope_choose();
	choose_columns();
	if (opt.delay_ns) {
		set_handler(SIGINT, stop);
		set_handler(SIGTERM, stop);
	}
	if (WITH_STATS && (opt.view == O_STATS || opt.view == O_FORKS))
		show_totals();
	else
		run();
	return 0;
}
