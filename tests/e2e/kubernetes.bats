# docker/kubernetes/: the manifests, by the schemas of their kinds, by kustomize,
# and by what they promise
# shellcheck disable=SC2154,SC2016,SC2013 # guest.bash assigns; jq expands
load guest

setup_file() {
	install_modules kubernetes
	command -v jq >/dev/null || echo "jq is not installed" >"$BATS_FILE_TMPDIR/no-modules"
	[ ! -s "$BATS_FILE_TMPDIR/no-modules" ] || return 0
	validate "$root"/docker/kubernetes/{,components/*/}*.yaml \
		>"$BATS_FILE_TMPDIR/objects" 2>"$BATS_FILE_TMPDIR/refused" || true
}

setup() {
	dir=$BATS_TEST_TMPDIR
	manifests=$root/docker/kubernetes
}

validate() { (cd "$root/tests/out/npm-kubernetes" && node validate.mjs "$@"); }

# objects FILTER: jq's answer for each object; container stands for all of them
objects() {
	[ -s "$BATS_FILE_TMPDIR/objects" ] || return 1
	jq -r "def container: .. | objects | (.containers, .initContainers) |
		arrays[]; $1" "$BATS_FILE_TMPDIR/objects"
}

are_all() { # WHAT LINES VALUE: some lines, and each of them is that
	is_equal "$1" "$(sort -u <<<"$2")" "$3"
}

# kustomize itself or kubectl's, where that is recent enough to say so (1.24)
requires_kustomize() {
	if command -v kustomize >/dev/null; then
		build() { kustomize build "$1"; }
	elif kubectl version --client 2>/dev/null | grep -q '^Kustomize Version'; then
		build() { kubectl kustomize "$1"; }
	else
		skip "neither kustomize nor a kubectl that has it is installed"
	fi
}

@test "kubernetes: each manifest is as its kind is declared" {
	requires_modules
	is_equal refused "$(cat "$BATS_FILE_TMPDIR/refused")" ''
	is_equal files "$(objects '"\(.file) \(.kind)"')" 'daemonset.yaml DaemonSet
debug-profile.yaml null
kustomization.yaml Kustomization
namespace.yaml Namespace
networkpolicy.yaml NetworkPolicy
probe.yaml Deployment
resourcequota.yaml ResourceQuota
sidecar.yaml Pod
kustomization.yaml Component
podmonitor.yaml PodMonitor'
}

@test "kubernetes: what is misspelt, missing or no such value is refused" {
	local name file find put said n=0
	requires_modules
	while IFS='|' read -r file find put said; do
		name=$((n += 1)).yaml
		sed "s/$find/$put/" "$manifests/$file" >"$dir/$name"
		! cmp -s "$manifests/$file" "$dir/$name" || { echo "no $find in $file"; return 1; }
		echo "$name|$said" >>"$dir/said"
	done <<'EOF'
daemonset.yaml|readOnlyRootFilesystem|readonlyRootFilesystem|readonlyRootFilesystem
daemonset.yaml|readOnly: true|readonly: true|readonly
daemonset.yaml|selector:|selectors:|required property selector
daemonset.yaml|containerPort: 9799|containerPort: "9799"|containerPort
daemonset.yaml|timeoutSeconds|timeOutSeconds|timeOutSeconds
namespace.yaml|labels:|label:|label
networkpolicy.yaml|namespaceSelector|namespaceSelectors|namespaceSelectors
networkpolicy.yaml|protocol: TCP|protocol: TPC|protocol
components/prometheus-operator/podmonitor.yaml|targetLabel|targetlabel|targetlabel
components/prometheus-operator/podmonitor.yaml|podMetricsEndpoints|endpoints|endpoints
components/prometheus-operator/podmonitor.yaml|30s|half a minute|interval
probe.yaml|command:|commands:|commands
resourcequota.yaml|scopeName: .*|scopeName: Priority|scopeName
sidecar.yaml|fieldPath|fieldpath|fieldpath
sidecar.yaml|restartPolicy:|name:|unique
debug-profile.yaml|capabilities|capability|capability
EOF
	validate "$dir"/*.yaml >"$dir/out" 2>"$dir/err" && return 1
	while IFS='|' read -r name said; do
		grep -A 1 "^$name: " "$dir/err" | grep -q "$said" ||
			{ cat "$dir/err"; echo "$name: no word of $said"; return 1; }
	done <"$dir/said"
}

@test "kubernetes: yamllint finds nothing" {
	requires_tool yamllint
	yamllint --strict --config-file "$e2e/kubernetes/yamllint.yaml" "$manifests"
}

@test "kubernetes: each file that a kustomization names is there" {
	local file name
	for file in "$manifests"/{,components/*/}kustomization.yaml; do
		sed -n 's/^ *#* *- \([a-z./-]*\)$/\1/p' "$file" >"$dir/names"
		[ -s "$dir/names" ]
		while read -r name; do
			[ -e "${file%/*}/$name" ] || { echo "$file: no $name"; return 1; }
		done <"$dir/names"
	done
}

@test "kubernetes: kustomize makes the objects, with and without the operator" {
	local file
	requires_kustomize
	cp -r "$manifests" "$dir/without"
	cp -r "$manifests" "$dir/with"
	sed -i 's/^# \(components:\|  - components\)/\1/
		s/newName: .*/newName: registry.example\/vmstat/' "$dir/with/kustomization.yaml"
	for file in without with; do
		build "$dir/$file" >"$dir/$file.yaml"
	done
	is_equal objects "$(grep '^kind: ' "$dir/without.yaml" | sort | xargs)" \
		'kind: DaemonSet kind: Namespace kind: NetworkPolicy kind: ResourceQuota'
	is_equal more "$(diff <(grep '^kind: ' "$dir/without.yaml") \
		<(grep '^kind: ' "$dir/with.yaml") | grep '^[<>]')" '> kind: PodMonitor'
	is_equal namespaced "$(grep -c '^  namespace: vmstat$' "$dir/with.yaml")" 4
	is_equal labelled "$(grep -c '^    app.kubernetes.io/name: vmstat$' "$dir/with.yaml")" 5
	is_equal image "$(sed -n 's/.* image: //p' "$dir/with.yaml")" \
		"registry.example/vmstat:$("$VMSTAT" -V | sed -n '1s/.* //p')"
	sed -i s/newTag/newTags/ "$dir/with/kustomization.yaml"
	! build "$dir/with" >/dev/null || return 1
}

@test "kubernetes: a vmstat image that is named is of this version" {
	requires_modules
	are_all version "$(objects '(container.image // empty), (.images[]?.newTag // empty) |
		select(test("app|busybox") | not)' | sed -n 's/.*://; /^[0-9]/p')" \
		"$("$VMSTAT" -V | sed -n '1s/.* //p')"
}

@test "kubernetes: no container can write, be root or have a capability" {
	requires_modules
	are_all containers "$(objects '(.spec.template.spec // .spec) as $pod | container |
		.securityContext + {pod: $pod.securityContext, token: $pod.automountServiceAccountToken} |
		[.allowPrivilegeEscalation, .readOnlyRootFilesystem, .privileged, .capabilities,
		.pod.runAsNonRoot, .runAsUser, .runAsNonRoot, .pod.runAsUser > 0,
		.pod.seccompProfile.type, .token] | tojson')" \
		'[false,true,null,{"drop":["ALL"]},true,null,null,true,"RuntimeDefault",false]'
	are_all 'host namespaces' "$(objects '.spec.template.spec // .spec |
		[.hostNetwork, .hostPID, .hostIPC] | tojson')" '[null,null,null]'
}

@test "kubernetes: what is mounted of the host is read-only" {
	requires_modules
	are_all mounts "$(objects '.spec.template.spec // .spec |
		[.volumes[]? | select(.hostPath) | .name] as $host |
		container.volumeMounts[]? | select(IN(.name; $host[])) | .readOnly')" true
	is_equal 'mounts of the DaemonSet' "$(objects 'select(.kind == "DaemonSet") |
		([.spec.template.spec.volumes[] | {key: .name, value: .hostPath.path}] |
		from_entries) as $path | container.volumeMounts[] |
		"\($path[.name]) \(.mountPath)"')" \
		'/proc /host/proc
/sys /host/sys'
}

@test "kubernetes: memory is limited; the exporter of a node has no CPU limit" {
	requires_modules
	are_all limits "$(objects 'container.resources.limits | has("memory")')" true
	is_equal exporter "$(objects 'select(.kind == "DaemonSet") | container.resources | tojson')" \
		'{"requests":{"cpu":"5m","memory":"4Mi"},"limits":{"memory":"16Mi"}}'
	# Guaranteed: limits, and no other requests
	are_all sidecar "$(objects 'select(.kind == "Pod") | container.resources |
		[(.limits | keys), .requests] | tojson')" '[["cpu","memory"],null]'
}

@test "kubernetes: one port, 9799, by the name metrics" {
	requires_modules
	are_all numbers "$(objects 'container.ports[]?.containerPort,
		(.spec.ingress[]?.ports[].port), (container.args[]? |
		capture("^--listen=.*:(?<port>[0-9]+)$").port)'
		sed -n 's/^EXPOSE //p' "$root"/docker/Dockerfile*)" 9799
	is_equal exposed "$(grep -l '^EXPOSE ' "$root"/docker/Dockerfile* | wc -l)" 2
	is_equal 'what listens has the port' "$(objects 'container |
		[([.args[]? | select(startswith("--listen="))] | length), (.ports | length)] |
		select(.[0] != .[1])')" ''
	are_all names "$(objects 'container.ports[]?.name, (.. | .httpGet? // empty | .port),
		.spec.podMetricsEndpoints[]?.port')" metrics
	are_all paths "$(objects '.. | .httpGet? // empty | .path')" /healthz
}

@test "kubernetes: every selector finds the DaemonSet's pods" {
	requires_modules
	are_all labels "$(objects 'select(.metadata.name == "vmstat") |
		(.spec.selector, .spec.podSelector, .spec.template.metadata |
		objects | .matchLabels // .labels | tojson)')" '{"app.kubernetes.io/name":"vmstat"}'
}

@test "kubernetes: every option is one that vmstat has" {
	local option
	requires_modules
	"$VMSTAT" --help | grep -oE -e '--[a-z-]+' >"$dir/has"
	grep -qx -e --listen "$dir/has" || skip "this vmstat was built without --listen"
	objects '(container.args[]?), (.. | .exec? // empty | .command[1:][])' >"$dir/args"
	for option in $(sed -n 's/^\(-[^=]*\).*/\1/p' "$dir/args" | sort -u); do
		grep -qx -e "$option" "$dir/has" || { echo "no $option"; return 1; }
	done
}

@test "kubernetes: the README tells of every file" {
	local file
	for file in "$manifests"/*.yaml "$manifests"/components/*; do
		grep -qF "${file#"$manifests"/}" "$manifests/README.md" ||
			{ echo "no word of ${file##*/}"; return 1; }
	done
}

@test "kubernetes: the sidecar finds its pod's cgroup, whatever the driver and class" {
	local path uid=1a2b3c4d-0000-4000-8000-00000000beef
	requires_modules
	objects 'select(.kind == "Pod") | .spec.initContainers[0].command[2]' |
		sed "s|/host/cgroup|$dir/cgroup|; s|/link|$dir/link|" >"$dir/find"
	grep -q "find $dir/cgroup" "$dir/find"
	mkdir "$dir/link"
	for path in kubepods/pod$uid kubepods/burstable/pod$uid memory/kubepods/besteffort/pod$uid \
		kubepods.slice/kubepods-pod${uid//-/_}.slice \
		kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice; do
		rm -rf "$dir/cgroup"
		mkdir -p "$dir/cgroup/$path/0123" "$dir/cgroup/kubepods/pod1a2b3c4d-0000-4000-8000-00000000dead"
		POD_UID=$uid sh "$dir/find"
		is_equal link "$(readlink "$dir/link/pod")" "$dir/cgroup/$path"
	done
	rm -rf "${dir:?}/cgroup/$path"
	! POD_UID=$uid sh "$dir/find" || return 1
}

@test "kubernetes: the sidecar serves and records into the volume that is made for it" {
	local volume port path status=0
	requires_modules
	"$VMSTAT" --help | grep -q -e --record || skip "this vmstat has no --record"
	objects 'select(.kind == "Pod") | .spec.initContainers[] | select(.name == "vmstat").args[]' >"$dir/args"
	path=$(sed -n 's/^--record=\([^,]*\)\/[^/]*,.*/\1/p' "$dir/args")
	volume=$(objects "container | select(.args) | .volumeMounts[]? |
		select(.mountPath == \"$path\" and .readOnly != true).name")
	is_equal 'what it writes to' "$(objects "select(.kind == \"Pod\") | .spec.volumes[] |
		select(.name == \"$volume\") | .emptyDir | keys[]")" sizeLimit
	port=$(shuf -i 20000-29999 -n 1)
	mkdir "$dir/recordings"
	mapfile -t args < <(sed "s|=:9799|=127.0.0.1:$port|; s|=/link/pod|=/kubepods/pod1|
		s|=$path|=$dir/recordings|; s|^1\$|0.2|" "$dir/args")
	timeout 2 "$VMSTAT" --proc="$root/tests/fixtures/v2/proc" --sys="$root/tests/fixtures/v2/sys" \
		"${args[@]}" 2>"$dir/err" || status=$?
	is_equal status "$status" 124
	grep "listening on 127.0.0.1:$port" "$dir/err"
	grep '^time,interval,scope,cgroup,' "$dir"/recordings/*.csv
	# what both READMEs read is what it writes
	are_all replayed "$(grep -ohE -e '--replay=[^ ]+' "$root"/docker/README.md "$manifests"/{README.md,sidecar.yaml})" \
		"--replay=$(sed -n 's/^--record=\([^,]*\),.*/\1/p' "$dir/args")"
}

@test "kubernetes: the recorder that docker/README shows is the sidecar's" {
	requires_modules
	sed -n '/^```yaml$/,/^```$/{/^```/d;p}' "$root/docker/README.md" >"$dir/shown.yaml"
	(cd "$root/tests/out/npm-kubernetes" && node --input-type=module -e 'import { parse } from "yaml";
		import { readFileSync } from "node:fs";
		console.log(JSON.stringify(parse(readFileSync(process.argv[1], "utf8"))))' "$dir/shown.yaml") >"$dir/shown"
	jq -e '.spec.initContainers[0].args' "$dir/shown"
	jq -es --slurpfile shown "$dir/shown" 'map(select(.kind == "Pod")) | any(contains($shown[0]))' \
		"$BATS_FILE_TMPDIR/objects"
}
