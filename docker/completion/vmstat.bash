# shellcheck shell=bash disable=SC2034 # the tables are read by name
# Completes the command line of vmstat in bash.
# SPDX-License-Identifier: MIT
_vmstat() {
# generated: completion bash
	local options='--stats -s --forks -f --disk -d --disk-sum -D --partition= -p --slabs -m --cgroups --cgroups= --check --check= --graph --graph= --listen= --top --top= --active -a --columns= -o --extended -x --classic --unit= -S --human -H --wide -w --timestamp -t --one-header -n --no-first -y --quiet -q --color= --json --csv --prometheus --svg --record= --replay= --from= --to= --scope= --cgroup= --pid= --proc= --sys= --threshold= --alert= --help -h --version -V'
	local columns='r b swpd free buff cache inact active si so bi bo in cs us sy id wa st gu min maj oom refault direct steal_pct hits zsi zso dirty anon file shmem slab kernel mem_used_pct load1 load5 load15 cpu_max cpu_max_id cpu_some cpu_full mem_some mem_full io_some io_full irq_full avail mem_limit mem_pct mem_level swap_limit peak tasks tasks_limit cpu_limit cpu_level thr thr_pct procs memory swap io system cpu faults usage load pressure limits'
	local metrics='r b swpd free buff cache inact active si so bi bo in cs us sy id wa st gu min maj oom refault direct steal_pct hits zsi zso dirty anon file shmem slab kernel mem_used_pct load1 load5 load15 cpu_max cpu_max_id cpu_some cpu_full mem_some mem_full io_some io_full irq_full avail mem_limit mem_pct mem_level swap_limit peak tasks tasks_limit cpu_limit cpu_level thr thr_pct'
	local rules='cpu_some thr_pct cs mem_pct mem_full maj oom swap io_full'
	local required='--partition|--listen|--columns|--unit|--color|--record|--replay|--from|--to|--scope|--cgroup|--pid|--proc|--sys|--threshold|--alert'
	local -A long=([p]=--partition [o]=--columns [S]=--unit)
	local -A kinds=(
		[--partition]='devices'
		[--cgroups]='none'
		[--check]='words critical'
		[--graph]='metrics'
		[--listen]='none'
		[--top]='none'
		[--columns]='columns'
		[--unit]='words k K m M b'
		[--color]='words auto always never'
		[--record]='files'
		[--replay]='files'
		[--from]='none'
		[--to]='none'
		[--scope]='words auto host cgroup'
		[--cgroup]='directories'
		[--pid]='processes'
		[--proc]='directories'
		[--sys]='directories'
		[--threshold]='none'
		[--alert]='rules'
	)
# end
	local i=$COMP_CWORD word=${COMP_WORDS[COMP_CWORD]} whole option='' value kind candidate
	local words='' before=''
	COMPREPLY=()

	# bash splits an argument at each =: whole is all of it up to the cursor.
	whole=$word
	while ((i > 1)) && [[ ${COMP_WORDS[i]} == '=' || ${COMP_WORDS[i - 1]} == '=' ]]; do
		whole=${COMP_WORDS[--i]}$whole
	done
	[[ $word != '=' ]] || word=''

	# The option whose value is being typed: --x=V, --x V or, after other letters, -x V.
	option=${COMP_WORDS[i - 1]} value=$whole
	[[ $option != -[!-]* ]] || option=${long[${option: -1}]:-}
	[[ $option == -* && "|$required|" == *"|$option|"* ]] || option=''
	if [[ $whole == --*=* ]]; then
		option=${whole%%=*} value=${whole#*=} before=$option=
	fi

	kind=${option:+${kinds[$option]:-none}}
	case $kind in
	'') [[ $whole != -* ]] || words=$options ;;
	words*) words=${kind#words } ;;
	columns | metrics) # the last one of a list
		words="${!kind}"
		if [[ $value == *,* ]]; then
			before+=${value%,*},
		else
			words+=' help'
		fi
		compopt -o nospace 2>/dev/null
		;;
	rules)
		words="${rules// /= }= off help"
		if [[ $value == *=* ]]; then
			before+=${value%%=*}= words=off
		fi
		;;
	devices) words=$(cd /sys/class/block 2>/dev/null && echo *) ;;
	processes) words=$(cd /proc 2>/dev/null && echo [0-9]*) ;;
	files | directories)
		compopt -o filenames 2>/dev/null
		i=-f
		[[ $kind == files ]] || i=-d
		mapfile -t COMPREPLY < <(compgen $i -- "$value")
		COMPREPLY=("${COMPREPLY[@]/#/${before#"${whole%"$word"}"}}")
		return
		;;
	esac
	# The answer replaces what follows the last = alone.
	for candidate in $words; do
		candidate=$before$candidate
		[[ $candidate != "$whole"* ]] || COMPREPLY+=("${candidate#"${whole%"$word"}"}")
	done
	[[ ${COMPREPLY[*]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -F _vmstat vmstat
