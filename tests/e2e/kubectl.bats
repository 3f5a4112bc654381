# docker/kubernetes/kubectl-vmstat, run by a real kubectl against a stand-in for an API
# server that logs what it is asked (kubernetes/api.mjs; the names of pods say how they are)
# shellcheck disable=SC2154,SC2016 # guest.bash assigns; jq and sh expand
load guest

# Debian 13's kubectl, or else one that is installed and knows --custom (1.31).
setup_file() {
	local dir arch skip=$BATS_FILE_TMPDIR/skip name
	export tmp=$BATS_FILE_TMPDIR
	for name in node jq; do
		command -v $name >/dev/null || { echo "$name is not installed" >"$skip"; return; }
	done
	arch=$(dpkg --print-architecture 2>/dev/null) || arch=none
	mkdir "$tmp/bin"
	if dir=$("$root/tests/tools/fetch" "$arch" trixie kubectl 2>"$tmp/fetch"); then
		ln -s "$dir/usr/bin/kubectl" "$tmp/bin/"
	elif ! kubectl debug --help 2>/dev/null | grep -q -e --custom; then
		tail -n 1 "$tmp/fetch" >"$skip"
		return
	fi
	cp "$root/docker/kubernetes/kubectl-vmstat" "$tmp/bin/"
	export HOME=$tmp KUBECONFIG=$tmp/config PATH=$tmp/bin:$PATH
	unset KUBECTL_VMSTAT_IMAGE KUBECTL_VMSTAT_FILE
	: >"$tmp/requests"
	node "$e2e/kubernetes/api.mjs" "$tmp/requests" "$VMSTAT" >"$tmp/api" 2>&1 </dev/null 3>&- &
	echo $! >"$tmp/pid"
	for _ in {1..100}; do
		! grep -q listening "$tmp/api" || break
		sleep 0.1
	done
	cat >"$KUBECONFIG" <<END
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://$(sed -n 's/.*listening on //p' "$tmp/api")"}}]
users: [{name: u, user: {}}]
contexts: [{name: x, context: {cluster: c, user: u}}, {name: other, context: {cluster: c, user: u, namespace: shop}}]
current-context: x
END
}

teardown_file() { [ ! -s "$tmp/pid" ] || kill "$(cat "$tmp/pid")"; }

setup() {
	[ ! -s "$tmp/skip" ] || skip "$(cat "$tmp/skip")"
	dir=$BATS_TEST_TMPDIR
	export TMPDIR=$dir
	{ copies; echo none; } >"$dir/before"
	forget
}

# Whatever happens, the stand-in lives and nothing is left on this machine, which is the
# file system of its containers, too.
teardown() {
	[ ! -s "$tmp/skip" ] || return 0
	kill -0 "$(cat "$tmp/pid")" || { cat "$tmp/api"; return 1; }
	is_equal 'left behind' "$(copies | grep -vxFf "$dir/before")" ''
}

hex='[0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
# shellcheck disable=SC2086 # a pattern
copies() { ls -d {/tmp,/run,/dev/shm,/var/tmp,"$dir"}/vmstat-$hex$hex{,.json} 2>/dev/null || true; }

forget() { : >"$tmp/requests"; }

# plugin ARGUMENTS...: what it prints is in $dir/out and $dir/err
plugin() {
	local status=0
	kubectl vmstat "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	return $status
}

ends_with() { # STATUS ARGUMENTS...
	local should=$1 status=0
	shift
	plugin "$@" || status=$?
	is_equal "status of $*" "$status" "$should" || { cat "$dir/err"; return 1; }
}

says() { # TEXT: on stderr
	grep -qF -e "$1" "$dir/err" || { cat "$dir/err"; echo "no word of: $1"; return 1; }
}

# asked FILTER: of each request but those by which kubectl looks what there is
asked() {
	jq -rc 'select(.path | test("^/api(s|/v1)?$") | not) |
		.path |= sub("/api/v1/(namespaces/default/)?"; "")'" | $1" "$tmp/requests"
}

requests() { asked '"\(.method) \(.path)"' | sed -E 's/-[a-z0-9]{5}$/-XXXXX/; s/-[a-z0-9]{5}\//-XXXXX\//' | uniq; }

# The container that a debug request adds
added() { asked 'select(.method == "PATCH") | .body.spec.ephemeralContainers[0] | '"$1"; }

is_version() { is_equal version "$(head -n 1 "$1")" "$("$VMSTAT" -V | head -n 1)"; }

has_rows() { # FILE: a header and two rows, at least
	grep -q '^ r  *b ' "$1" && is_between rows "$(grep -cE '^ *[0-9]+ +[0-9]' "$1")" 2 99
}

@test "kubectl: it is a plugin by its name, and says how it is used" {
	kubectl plugin list 2>&1 | grep -x "$tmp/bin/kubectl-vmstat"
	ends_with 0 --help
	grep -q '^Usage: kubectl vmstat POD' "$dir/out"
	is_equal default "$(grep -o 'localhost/vmstat:[^,]*' "$dir/out")" \
		"localhost/vmstat:$("$VMSTAT" -V | sed -n '1s/.* //p')"
	is_equal requests "$(requests)" ''
}

@test "kubectl: debug starts a container beside, shows its log and says that it stays" {
	ends_with 0 web -V
	is_version "$dir/out"
	is_equal requests "$(requests)" 'GET pods/web
PATCH pods/web/ephemeralcontainers
GET pods/web
GET pods/web/log
GET pods/web'
	is_equal container "$(added '[.command, .image, .targetContainerName, .securityContext, .tty, .stdin]')" \
		'[["/vmstat","--pid=1","-V"],"localhost/vmstat:1.0.0","app",{"capabilities":{"add":["SYS_PTRACE"]}},null,null]'
	grep -qE '^kubectl-vmstat: container vmstat-[0-9a-f]{8} has ended; it stays listed in pod web until the pod goes$' "$dir/err"
	ends_with 1 web --bogus
	grep -q 'unknown option' "$dir/out"
}

@test "kubectl: options choose image, container, namespace and context" {
	local n=0 words should
	while IFS='|' read -r words should; do
		forget
		# shellcheck disable=SC2086 # words
		ends_with 0 $words
		is_equal "$words" "$(asked 'select(.method == "PATCH") | "\(.path) " +
			(.body.spec.ephemeralContainers[0] | "\(.image) \(.targetContainerName)")')" "$should"
		: $((n += 1))
	done <<'END'
pod/web -c=log --image=r.example/v:2 -V|pods/web/ephemeralcontainers r.example/v:2 log
-n shop web -V|namespaces/shop/pods/web/ephemeralcontainers localhost/vmstat:1.0.0 app
--context other annotated -- -V|namespaces/shop/pods/annotated/ephemeralcontainers localhost/vmstat:1.0.0 log
END
	is_equal cases $n 3
	forget
	KUBECTL_VMSTAT_IMAGE=r.example/v:3 plugin web -V
	is_equal image "$(added .image)" r.example/v:3
}

@test "kubectl: the profile goes by the user that the new container gets" {
	local words should context
	local none='{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}}'
	kubectl debug nonroot --image=i --target=app --profile=general -q \
		--custom="$root/docker/kubernetes/debug-profile.yaml" -- /vmstat </dev/null
	context=$(added .securityContext)
	is_equal 'debug-profile.yaml' "$(jq -c '[.runAsUser, .capabilities.add]' <<<"$context")" '[0,["SYS_PTRACE"]]'
	while IFS='|' read -r words should; do
		forget
		# shellcheck disable=SC2086 # words
		ends_with 0 $words -V
		is_equal "$words" "$(added .securityContext)" "$should"
	done <<END
user|$none
users -c app|$none
users -c log|$context
nonroot|$context
nonroot --profile=baseline|null
END
	forget
	ends_with 3 shared -V
	says '-- --pid=N'
	is_equal requests "$(requests)" 'GET pods/shared'
	ends_with 0 shared -- --pid=$$ -V
	is_equal command "$(added '.command | tojson')" "[\"/vmstat\",\"--pid=$$\",\"-V\"]"
}

@test "kubectl: a node gets a pod, which is deleted" {
	ends_with 0 node/n1 1 2
	has_rows "$dir/out"
	is_equal requests "$(requests)" 'GET nodes/n1
POST pods
GET pods/node-debugger-n1-XXXXX
GET pods/node-debugger-n1-XXXXX/log
GET pods/node-debugger-n1-XXXXX
DELETE pods/node-debugger-n1-XXXXX'
	is_equal container "$(asked 'select(.method == "POST") | .body.spec | [.nodeName, .hostPID] +
		(.containers[0] | [.command, .image, .securityContext.privileged, .volumeMounts[0].mountPath])')" \
		'["n1",true,["/vmstat","--proc=/host/proc","--sys=/host/sys","1","2"],"localhost/vmstat:1.0.0",true,"/host"]'
	is_equal 'the pod deleted' "$(asked 'select(.method == "DELETE") | .path')" \
		"$(asked 'select(.method == "POST") | "pods/" + .body.metadata.name')"
	forget
	ends_with 3 node/n2
	says 'nodes "n2" not found'
	is_equal requests "$(requests)" 'GET nodes/n2'
	ends_with 3 node/n1 -n restricted
	says forbidden
}

@test "kubectl: with a file it copies, runs and removes" {
	ends_with 0 web --file="$VMSTAT" 1 2
	has_rows "$dir/out"
	is_equal requests "$(requests)" 'GET pods/web
GET pods/web/exec
GET pods/web
GET pods/web/exec
GET pods/web
GET pods/web/exec'
	is_equal container "$(asked 'select(.path == "pods/web/exec") | .query | "\(.container[0]) \(.command[0]) \(.stdin)"' | xargs)" \
		'app sh [true] app sh null app sh null'
	ends_with 1 web --file="$VMSTAT" --bogus
	says "unknown option '--bogus'"
	KUBECTL_VMSTAT_FILE=$VMSTAT plugin web -V
	is_version "$dir/out"
	cp "$VMSTAT" "$dir/a b'c"
	ends_with 0 web --file="$dir/a b'c" -V
	is_version "$dir/out"
	printf '\177ELF of another machine' >"$dir/other"
	! plugin web --file="$dir/other" || return 1
	says "this pod's kind of machine?"
}

@test "kubectl: arguments arrive as they were typed" {
	local words=('--top=3 ,x' "it's" '"q"' '$HOME `id`' '*' '' $'two\nlines' -n -c)
	plugin web -- "${words[@]}" || true
	is_equal debug "$(added '.command[2:]')" "$(jq -nc '$ARGS.positional' --args -- "${words[@]}")"
	plugin web --file="$VMSTAT" -- "${words[@]}" || true
	is_equal exec "$(asked 'select(.path == "pods/web/exec") | .query.command[4:]' | sed -n 2p)" \
		"$(jq -nc '$ARGS.positional' --args -- "${words[@]}")"
}

@test "kubectl: what cannot be copied is run beside, unless exec was asked for" {
	local pod
	for pod in bare noexec full; do
		forget
		ends_with 0 $pod --file="$VMSTAT" -V
		is_version "$dir/out"
		says 'starting a container beside it'
		is_equal command "$(added '.command | tojson')" '["/vmstat","--pid=1","-V"]'
		forget
		ends_with 3 $pod --file="$VMSTAT" --method=exec -V
		is_equal added "$(added .)" ''
	done
	says noexec
	forget
	ends_with 0 web --file="$VMSTAT" --method=debug -V
	is_equal exec "$(requests | grep exec)" ''
}

@test "kubectl: bad usage and names that are none are refused, and nothing is asked" {
	local words said n=0
	while IFS='|' read -r words said; do
		eval "set -- $words"
		ends_with 3 "$@"
		says "$said"
		: $((n += 1))
	done <<'END'
|which pod
--|which pod
-x|unknown option '-x'
--imag=x web|unknown option '--imag=x'
pod/-x|'-x' is no name of a pod
node/--help|'--help' is no name of a node
'we b'|'we b' is no name of a pod
web/../x|neither a pod nor a node
'$(id)'|is no name of a pod
''|which pod
web -c|-c needs a value
web -c --help|'--help' is no name of a container
web -c=|'' is no name of a container
web --namespace=-x|'-x' is no name of a namespace
web --image=-x|'-x' is no name of an image
web --image 'a b'|'a b' is no name of an image
web --method=ssh|not 'ssh'
web --method=exec|needs --file
web --file=/nowhere/vmstat|cannot read /nowhere/vmstat
node/n1 -c app|a node has no containers
END
	is_equal cases $n 20
	is_equal requests "$(requests)" ''
}

@test "kubectl: what is missing, forbidden or does not start is said" {
	local words said
	while IFS='|' read -r words said; do
		# shellcheck disable=SC2086 # words
		ends_with 3 $words
		says "$said"
	done <<'END'
missing|pods "missing" not found
forbidden|pods "forbidden" is forbidden
pending|is Pending, not Running
web -c nope|no container nope in pod web: app log
noephemeral|--file=VMSTAT copies it in
nolog|pods/log "nolog" is forbidden
unpulled|ImagePullBackOff
END
	says 'may still start'
}

# What was typed by hand, and what the plugin does, apart from looking at the pod
sent() { asked 'select(.method != "GET" or .query.command or .query.follow) |
	[.method, .path, .query, .body.spec.ephemeralContainers]' | sed -E 's/vmstat-[0-9a-f]{8}/ID/g; s/node-debugger-n1-[a-z0-9]{5}/POD/g'; }

@test "kubectl: --dry-run prints the commands, which do the same, and runs none" {
	local words
	for words in "web -- '--top=3' \"it's a b\"" 'users -c log -n shop -V' \
		'web --method=exec --file="$VMSTAT" -- "a  b" 1'; do
		eval "set -- $words"
		forget
		ends_with 0 --dry-run "$@"
		is_equal requests "$(asked .method | sort -u)" GET
		is_equal 'changes' "$(sent)" ''
		cp "$dir/out" "$dir/commands"
		plugin "$@" || true
		sent >"$dir/should"
		[ -s "$dir/should" ]
		forget
		sh "$dir/commands" >"$dir/out" 2>&1 </dev/null || true
		is_equal "$words" "$(sent)" "$(cat "$dir/should")"
	done
	ends_with 0 --dry-run web --file="$VMSTAT"
	is_equal lines "$(sed 's/ .*//' "$dir/out" | xargs)" 'kubectl kubectl kubectl # kubectl kubectl'
	forget
	ends_with 0 --dry-run node/n1 1
	is_equal requests "$(requests)" ''
	is_equal lines "$(awk '{ print $2 }' "$dir/out" | xargs)" 'debug logs delete'
}

@test "kubectl: docker/README.md shows what --dry-run prints on a terminal" {
	requires_terminal
	local command
	sed -n '/^## kubectl vmstat/,/^## kubectl exec/p' "$root/docker/README.md" |
		sed -n '/^```console/,/^```$/{/^```/!p}' >"$dir/shown"
	command=$(sed -n '1s/^\$ //p' "$dir/shown")
	script -qec "$command" /dev/null </dev/null | tr -d '\r' >"$dir/out"
	is_equal printed "$(sed -E 's/vmstat-[0-9a-f]{8}/ID/g' "$dir/out")" \
		"$(sed -E '1d; s/vmstat-[0-9a-f]{8}/ID/g' "$dir/shown")"
}

# on_terminal COMMAND PATH: Ctrl-C when PATH is asked for, and again until it ends
on_terminal() {
	local n
	mkfifo "$dir/keys"
	timeout 60 script -qec "$1" "$dir/out" <"$dir/keys" >/dev/null 2>&1 3>&- &
	exec 9>"$dir/keys"
	until requests | grep -qE "$2"; do sleep 0.2; kill -0 $! || return 1; done
	sleep 1.3
	for n in {1..20}; do
		printf '\003' >&9
		for _ in {1..8}; do kill -0 $! 2>/dev/null && sleep 0.2; done
		kill -0 $! 2>/dev/null || break
	done
	exec 9>&-
	wait $! || status=$?
	rm "$dir/keys"
	tr -d '\r' <"$dir/out" >"$dir/shown"
	cat "$dir/shown"
}

@test "kubectl: Ctrl-C on a terminal ends vmstat, beside and in the container, and cleans up" {
	requires_terminal
	on_terminal 'kubectl vmstat web 1' /attach
	has_rows "$dir/shown"
	grep 'has ended; it stays' "$dir/shown"
	is_equal tty "$(added '[.tty, .stdin]')" '[true,true]'
	forget
	on_terminal "kubectl vmstat web --file='$VMSTAT' 1" 'GET pods/web/exec'
	is_equal exec "$(requests | grep -c exec)" 3
	forget
	on_terminal 'kubectl vmstat node/n1 1' /attach
	has_rows "$dir/shown"
	requests | grep 'DELETE pods/node-debugger-n1-XXXXX'
}

@test "kubectl: what cannot be attached any more is shown by its log" {
	requires_terminal
	script -qec 'kubectl vmstat noattach 1 2' /dev/null </dev/null >"$dir/out"
	is_equal rows "$(grep -cE '^ *[0-9]+ +[0-9]' "$dir/out")" 2
	is_equal headers "$(grep -c '^ r  *b ' "$dir/out")" 1
	grep 'has ended; it stays' "$dir/out"
}

@test "kubectl: a pipe gets plain lines, and Ctrl-C is passed on" {
	requires_terminal
	on_terminal "kubectl vmstat web 1 | tee '$dir/piped'" /log
	has_rows "$dir/piped"
	has_no_line $'[\r\e]' <"$dir/piped"
	is_equal command "$(added '.command | tojson')" '["/vmstat","--color=never","--pid=1","1"]'
	grep 'Ctrl-C once more' "$dir/shown"
	grep 'has ended; it stays' "$dir/shown"
}

@test "kubectl: a signal without a terminal: the copy, its process, the pod are removed" {
	local words path pid
	while IFS='|' read -r words path; do
		forget
		eval "set -- $words"
		# what a shell starts with & ignores SIGINT
		env --default-signal=INT setsid kubectl vmstat "$@" >"$dir/out" 2>"$dir/err" </dev/null 3>&- &
		pid=$!
		until requests | grep -q "$path" && { [ -s "$dir/out" ] || [[ "$words" = *slow* ]]; }; do
			sleep 0.1
			kill -0 $pid || { cat "$dir/err"; return 1; }
		done
		kill -INT -- -$pid
		status=0
		wait $pid || status=$?
		is_equal "$words" $status 130
		[[ "$words" != node* ]] || requests | grep 'DELETE .*pods/node-debugger-n1-XXXXX'
		! grep 'still there' "$dir/err" || return 1
	done <<'END'
web --file="$VMSTAT" 1|pods/web/exec
node/n1 1|node-debugger-n1-XXXXX/log
node/n1 -n slow 1|POST
slow 1 3|PATCH
END
	# What was still to be answered came about, and is known.
	says 'may still start'
	kubectl get pod slow -o jsonpath='{.spec.ephemeralContainers[*].name}' | grep '^vmstat-'
	is_equal running "$(pgrep -P "$(cat "$tmp/pid")" -f 'vmstat-[0-9a-f]{8}/vmstat|--proc=/proc' -a)" ''
}
