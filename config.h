/* config.h - the features that are built in, and the sizes of tables.
 *
 * A switch is 1 (built in) or 0 (left out), and can be set without editing this
 * file: make CPPFLAGS=-DWITH_TOP=0. `make size` measures how much each adds to
 * the binary; tests/FIGURES.md has the result. */
#ifndef CONFIG_H
#define CONFIG_H

/* Cgroup scope, a container's own numbers, limits and throttling: --scope,
 * --cgroup, --pid; --cgroups. */
#ifndef WITH_CGROUP
#define WITH_CGROUP 1
#endif

/* Alert rules, with messages and coloured rows: --threshold, --alert; --check. */
#ifndef WITH_ALERTS
#define WITH_ALERTS 1
#endif

/* The flight recorder: --record; --replay, --from, --to. */
#ifndef WITH_RECORD
#define WITH_RECORD 1
#endif

/* Graphs, in text and as SVG: --graph, --svg. */
#ifndef WITH_GRAPH
#define WITH_GRAPH 1
#endif

/* The processes to blame: --top. */
#ifndef WITH_TOP
#define WITH_TOP 1
#endif

/* Metrics in Prometheus' text format, once: --prometheus. */
#ifndef WITH_PROMETHEUS
#define WITH_PROMETHEUS 1
#endif

/* The exporter, which serves them and a page from inside a sandbox: --listen. */
#ifndef WITH_LISTEN
#define WITH_LISTEN WITH_PROMETHEUS
#endif

/* The descriptions in --help and --columns=help. */
#ifndef WITH_HELP
#define WITH_HELP 1
#endif

/* Capacities. Tables stand in .bss, whose pages take memory once they are used. */

/* Tasks that r, b and cs of a cgroup, and --top, can follow: 350 bytes each. */
#ifndef MAX_TASKS
#define MAX_TASKS 8192
#endif

/* Levels from a cgroup up to the root: about 8 KiB each. */
#ifndef MAX_LEVELS
#define MAX_LEVELS 32
#endif

/* Block devices in a listing: about 1 KiB each. */
#ifndef MAX_DISKS
#define MAX_DISKS 512
#endif

/* Columns of a graph: 146 bytes each. Those of a long replay show several reports. */
#ifndef MAX_HISTORY
#define MAX_HISTORY 600
#endif

/* The page of --listen shows so many seconds, with a report every PAGE_IDLE_TICK
 * seconds, every PAGE_TICK while somebody looks: at most MAX_HISTORY of them. */
#ifndef PAGE_SECONDS
#define PAGE_SECONDS 600
#endif
#ifndef PAGE_TICK
#define PAGE_TICK 2
#endif
#ifndef PAGE_IDLE_TICK
#define PAGE_IDLE_TICK 10
#endif

/* Connections that --listen serves at a time, and the longest request of each. */
#ifndef MAX_CONNECTIONS
#define MAX_CONNECTIONS 64
#endif
#ifndef REQUEST_BYTES
#define REQUEST_BYTES 4096
#endif

/* Cgroups in the listing of --cgroups, and in the exporter: 840 bytes each, their
 * names included. A node of 250 pods has 1,000. */
#ifndef MAX_CHILDREN
#define MAX_CHILDREN 2048
#endif

/* Slab caches for -m: 72 bytes each. */
#ifndef MAX_SLABS
#define MAX_SLABS 1024
#endif

/* The longest path of a file or cgroup. */
#ifndef PATH_BYTES
#define PATH_BYTES 1024
#endif

/* The buffer that each file is streamed through. */
#ifndef SCAN_BYTES
#define SCAN_BYTES 8192
#endif

/* The longest report, which is one write(2). A multiple of a page wastes no memory. */
#ifndef OUT_BYTES
#define OUT_BYTES 61440
#endif

#endif
