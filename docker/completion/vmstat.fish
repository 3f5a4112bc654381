# Completes the command line of vmstat in fish.
# SPDX-License-Identifier: MIT

# What is typed of the value, up to the last match of a pattern.
function __vmstat_before
	commandline -ct | string replace -r '^--[a-z-]+=' '' | string match -r $argv[1]
end

# The names that are given, after those that a comma ends.
function __vmstat_list
	set -l before (__vmstat_before '.*,')
	printf '%s\n' "$before"$argv
	set -q before[1]; or echo help\t'list them'
end

function __vmstat_alert
	set -l before (__vmstat_before '^[a-z_]+=')
	if set -q before[1]
		echo $before'off'\t'say nothing of it'
	else
		printf '%s\n' $__vmstat_rules off\t'all rules but those named after it' help\t'list them'
	end
end

complete -c vmstat -f
# generated: completion fish
set -g __vmstat_metrics \
	'r'\t'tasks running or waiting for a CPU' \
	'b'\t'tasks blocked, waiting for I/O' \
	'swpd'\t'swap space used' \
	'free'\t'memory that is free; in a cgroup, below its limit' \
	'buff'\t'memory used as buffers' \
	'cache'\t'memory used as page cache' \
	'inact'\t'memory not used recently' \
	'active'\t'memory used recently' \
	'si'\t'memory swapped in, per second' \
	'so'\t'memory swapped out, per second' \
	'bi'\t'data read from block devices, KiB per second' \
	'bo'\t'data written to block devices, KiB per second' \
	'in'\t'interrupts, per second' \
	'cs'\t'context switches (in a cgroup a minimum), per second' \
	'us'\t'% of CPU time in user space' \
	'sy'\t'% of CPU time in the kernel' \
	'id'\t'% of CPU time idle; in a cgroup, of its capacity' \
	'wa'\t'% of CPU time idle while I/O is waited for' \
	'st'\t'% of CPU time stolen by the hypervisor' \
	'gu'\t'% of CPU time running guests' \
	'min'\t'minor page faults, without disk I/O, per second' \
	'maj'\t'major page faults, which wait for disk, per second' \
	'oom'\t'tasks killed for want of memory, in the interval' \
	'refault'\t'evicted pages that were read again, per second' \
	'direct'\t'pages scanned by tasks that need memory, per second' \
	'steal_pct'\t'% of the scanned pages that were reclaimed' \
	'hits'\t'times the memory limit was hit, in the interval' \
	'zsi'\t'memory swapped in from zswap, per second' \
	'zso'\t'memory swapped out to zswap, per second' \
	'dirty'\t'page cache not on disk yet' \
	'anon'\t'memory of processes that no file backs' \
	'file'\t'page cache, buffers and tmpfs included' \
	'shmem'\t'shared memory and tmpfs, a part of file' \
	'slab'\t'slab caches of the kernel' \
	'kernel'\t'memory of the kernel, slab included' \
	'mem_used_pct'\t'% of the machine\'s memory not available' \
	'load1'\t'tasks running or blocked, average of 1 minute' \
	'load5'\t'the same, of 5 minutes' \
	'load15'\t'the same, of 15 minutes' \
	'cpu_max'\t'% of its time that the busiest CPU was in use' \
	'cpu_max_id'\t'the number of the busiest CPU' \
	'cpu_some'\t'time some task waited for a CPU, % of the interval' \
	'cpu_full'\t'time all tasks waited for a CPU, % of the interval' \
	'mem_some'\t'time some task waited for memory, % of the interval' \
	'mem_full'\t'time all tasks waited for memory, % of the interval' \
	'io_some'\t'time some task waited for I/O, % of the interval' \
	'io_full'\t'time all tasks waited for I/O, % of the interval' \
	'irq_full'\t'time interrupts held all tasks up, % of the interval' \
	'avail'\t'memory that can be taken without swapping' \
	'mem_limit'\t'memory limit of the level with least headroom' \
	'mem_pct'\t'working set as % of the limit with least headroom' \
	'mem_level'\t'cgroup whose memory limit leaves least' \
	'swap_limit'\t'swap limit, the least of all levels' \
	'peak'\t'most memory ever used' \
	'tasks'\t'tasks, each thread counted' \
	'tasks_limit'\t'most tasks allowed, the least of all levels' \
	'cpu_limit'\t'CPUs the cgroup may use' \
	'cpu_level'\t'cgroup whose CPU limit binds' \
	'thr'\t'milliseconds throttled per second, all CPUs together' \
	'thr_pct'\t'% of the quota\'s periods that were throttled'
set -g __vmstat_columns $__vmstat_metrics \
	'procs'\t'the columns of this group' \
	'memory'\t'the columns of this group' \
	'swap'\t'the columns of this group' \
	'io'\t'the columns of this group' \
	'system'\t'the columns of this group' \
	'cpu'\t'the columns of this group' \
	'faults'\t'the columns of this group' \
	'usage'\t'the columns of this group' \
	'load'\t'the columns of this group' \
	'pressure'\t'the columns of this group' \
	'limits'\t'the columns of this group'
set -g __vmstat_rules \
	'cpu_some='\t'CPU PRESSURE' \
	'thr_pct='\t'CPU THROTTLED' \
	'cs='\t'CPU THRASHING' \
	'mem_pct='\t'MEMORY NEAR LIMIT' \
	'mem_full='\t'MEMORY PRESSURE' \
	'maj='\t'HIGH IO LATENCY' \
	'oom='\t'OOM KILL' \
	'swap='\t'SWAPPING' \
	'io_full='\t'IO PRESSURE'
complete -c vmstat -s s -l stats -d 'event counters and memory statistics'
complete -c vmstat -s f -l forks -d 'number of forks since boot'
complete -c vmstat -s d -l disk -d 'disk totals; with -x, rates as in iostat -x'
complete -c vmstat -s D -l disk-sum -d 'summary of disk activity'
complete -c vmstat -s p -l partition -x -a '(command ls /sys/class/block)' -d 'statistics of one block device'
complete -c vmstat -s m -l slabs -d 'slab caches'
complete -c vmstat -l cgroups -d 'cgroups below, worst first; default depth 1'
complete -c vmstat -l check -a 'critical' -d 'one verdict, for probes and monitoring'
complete -c vmstat -l graph -a '(__vmstat_list $__vmstat_metrics)' -d 'graph of each metric; default cs'
complete -c vmstat -l listen -x -d 'serve /metrics and /; default 127.0.0.1'
complete -c vmstat -l top -d 'the N processes to blame; default 5'
complete -c vmstat -s a -l active -d 'inactive and active, not buff and cache'
complete -c vmstat -s o -l columns -x -a '(__vmstat_list $__vmstat_columns)' -d 'columns or groups by name; help lists them'
complete -c vmstat -s x -l extended -d 'every column'
complete -c vmstat -l classic -d 'exactly the 18 columns of procps-ng'
complete -c vmstat -s S -l unit -x -a 'k K m M b' -d 'k 1000, K 1024, m 1e6, M 2^20, b; default K'
complete -c vmstat -s H -l human -d 'sizes as 512M, 7.8G, counts as 1.1M'
complete -c vmstat -s w -l wide -d 'wider columns'
complete -c vmstat -s t -l timestamp -d 'append the time to each line'
complete -c vmstat -s n -l one-header -d 'print the header only once'
complete -c vmstat -s y -l no-first -d 'no first report, the average since boot'
complete -c vmstat -s q -l quiet -d 'no warnings or alerts, only errors'
complete -c vmstat -l color -x -a 'auto always never' -d 'when to use colour; default auto'
complete -c vmstat -l json -d 'one JSON object a line'
complete -c vmstat -l csv -d 'comma-separated values under their names'
complete -c vmstat -l prometheus -d 'metrics for Prometheus, once'
complete -c vmstat -l svg -d 'the graph as SVG, at the end'
complete -c vmstat -l record -r -F -d 'keep the last N reports; default 3600'
complete -c vmstat -l replay -r -F -d 'show a recording, or CSV; - is stdin'
complete -c vmstat -l from -x -d 'start of a replay: 10:30, 2026-01-02, -10m'
complete -c vmstat -l to -x -d 'end of a replay: 10:30, 2026-01-02, now'
complete -c vmstat -l scope -x -a 'auto host cgroup' -d 'whose numbers; default auto'
complete -c vmstat -l cgroup -x -a '(__fish_complete_directories)' -d 'that cgroup, or its directory'
complete -c vmstat -l pid -x -a '(__fish_complete_pids)' -d 'the cgroup and container that PID runs in'
complete -c vmstat -l proc -x -a '(__fish_complete_directories)' -d 'read DIR instead of /proc'
complete -c vmstat -l sys -x -a '(__fish_complete_directories)' -d 'read DIR instead of /sys'
complete -c vmstat -l threshold -x -d 'levels of cs; default 3000,5000'
complete -c vmstat -l alert -x -a '(__vmstat_alert)' -d 'levels of a rule; --alert=help lists them'
complete -c vmstat -s h -l help -d 'print this help'
complete -c vmstat -s V -l version -d 'print version and features'
# end
