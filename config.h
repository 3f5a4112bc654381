/* config.h - what vmstat is built with, and the size of its tables.
 *
 * Each switch is 1 (built in) or 0 (left out); override one without editing
 * this file: make CPPFLAGS=-DWITH_TOP=0. tests/FIGURES.md says what each adds
 * to the binary; `make size` measures it. */
#ifndef CONFIG_H
#define CONFIG_H

/* Cgroup scope: the container's own numbers, limits and throttling; --scope,
 * --cgroup, --pid; --cgroups. */
#ifndef WITH_CGROUP
#define WITH_CGROUP 1
#endif

/* Rules: messages and coloured rows; --threshold and --alert; --check. */
#ifndef WITH_ALERTS
#define WITH_ALERTS 1
#endif

/* --record, --replay, --from, --to: a flight recorder, and reading it. */
#ifndef WITH_RECORD
#define WITH_RECORD 1
#endif

/* --graph and --svg. */
#ifndef WITH_GRAPH
#define WITH_GRAPH 1
#endif

/* --top: the processes to blame. */
#ifndef WITH_TOP
#define WITH_TOP 1
#endif

/* --prometheus: the metrics in Prometheus' text format, once. */
#ifndef WITH_PROMETHEUS
#define WITH_PROMETHEUS 1
#endif

/* --listen: the same for Prometheus to scrape, and a page, in a sandbox. */
#ifndef WITH_LISTEN
#define WITH_LISTEN WITH_PROMETHEUS
#endif

/* The texts of --help and --columns=help. */
#ifndef WITH_HELP
#define WITH_HELP 1
#endif

/* Capacities. Each is memory in .bss, touched only as far as it is used. */

/* Tasks that r, b and cs of a cgroup, and --top, can follow: 340 bytes each. */
#ifndef MAX_TASKS
#define MAX_TASKS 8192
#endif

/* Levels from a cgroup up to the root: about 2 KiB each. */
#ifndef MAX_LEVELS
#define MAX_LEVELS 32
#endif

/* Block devices in a listing: about 400 bytes each. */
#ifndef MAX_DISKS
#define MAX_DISKS 512
#endif

/* Reports that graphs show, 144 bytes each; of a replay several share a place. */
#ifndef MAX_HISTORY
#define MAX_HISTORY 600
#endif

/* The page of --listen shows this many seconds, and takes a report each
 * PAGE_TICK seconds; at most MAX_HISTORY of them. */
#ifndef PAGE_SECONDS
#define PAGE_SECONDS 600
#endif
#ifndef PAGE_TICK
#define PAGE_TICK 2
#endif

/* Connections that --listen serves at a time, and the longest request that it
 * reads of each. */
#ifndef MAX_CONNECTIONS
#define MAX_CONNECTIONS 64
#endif
#ifndef REQUEST_BYTES
#define REQUEST_BYTES 4096
#endif

/* Cgroups in the listing of --cgroups, and in the exporter: 850 bytes each, their
 * names included. A node of 250 pods has 1,000. */
#ifndef MAX_CHILDREN
#define MAX_CHILDREN 2048
#endif

/* Slab caches for -m: 72 bytes each. */
#ifndef MAX_SLABS
#define MAX_SLABS 1024
#endif

/* The longest path below a cgroup mount, or name of a file. */
#ifndef PATH_BYTES
#define PATH_BYTES 1024
#endif

/* The buffer that every file is streamed through. */
#ifndef SCAN_BYTES
#define SCAN_BYTES 8192
#endif

/* The longest report: one write(2) each. */
#ifndef OUT_BYTES
#define OUT_BYTES 32768
#endif

#endif
