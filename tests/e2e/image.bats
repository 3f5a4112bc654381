# docker/: the image, the Dockerfiles, the commands of docker/README.md
# shellcheck disable=SC2154,SC2013 # guest.bash assigns
load guest

setup() {
	dir=$BATS_TEST_TMPDIR
	docker=$root/docker
}

stage_of() { # DOCKERFILE N: the lines of its Nth stage
	awk -v n="$2" '/^FROM / { stage++ } stage == n && !/^#/ && NF' "$docker/$1"
}

@test "image: make image: one file, its entrypoint, no base" {
	requires_buildah
	"$e2e/unpack" "$dir" 2>"$dir/err"
	is_equal files "$(cd "$dir/rootfs" && find . -mindepth 1)" ./vmstat
	cmp "$dir/rootfs/vmstat" "$VMSTAT"
	[ -x "$dir/rootfs/vmstat" ]
	is_equal layers "$(jq '.rootfs.diff_ids | length' "$dir/config.json")" 1
	is_equal entrypoint "$(jq -c .config.Entrypoint "$dir/config.json")" '["/vmstat"]'
	is_equal version "$(jq -r '.config.Labels."org.opencontainers.image.version"' \
		"$dir/config.json")" "$("$VMSTAT" -V | sed -n '1s/.* //p')"
}

@test "image: the same binary gives the same digest" {
	requires_buildah
	local n
	for n in 1 2; do
		IMAGE_OUT=$dir/$n.tar "$docker/image" >/dev/null
		tar -xOf "$dir/$n.tar" index.json | jq -r '.manifests[0].digest' >"$dir/$n"
	done
	cmp "$dir/1" "$dir/2"
}

@test "image: without a binary it says what to do" {
	VMSTAT=$dir/none run "$docker/image"
	is_equal status "$status" 1
	grep 'run make' <<<"$output"
}

@test "Dockerfile: what it copies is all that its build needs" {
	local file
	requires_tool make "${CC:-cc}"
	for file in Dockerfile Dockerfile.distroless; do
		mkdir -p "$dir/$file"
		for name in $(stage_of $file 1 | sed -n 's/^COPY \(.*\) \.\/$/\1/p'); do
			cp "$root/$name" "$dir/$file/"
		done
		stage_of $file 1 | grep -x 'RUN make CC=gcc'
		# gcc of Alpine is a compiler for musl; here musl-gcc is.
		make -C "$dir/$file" CC="${CC:-$(command -v musl-gcc || echo cc)}"
		"$dir/$file/vmstat" -V | grep '^vmstat '
		! readelf -ldW "$dir/$file/vmstat" | grep -E 'INTERP|NEEDED' || return 1
	done
}

@test "Dockerfile: its packages are those that make deps installs on Alpine" {
	local file packages
	packages=$(sed -n 's/.*apk add --no-cache \(make .*\)/\1/p' "$root/tests/tools/deps")
	[ -n "$packages" ]
	for file in Dockerfile Dockerfile.distroless; do
		is_equal $file "$(stage_of $file 1 |
			sed -n 's/^RUN apk add --no-cache \(.*\)/\1/p')" "$packages"
	done
}

@test "Dockerfile: its last stage, built, is the image of make image" {
	requires_buildah
	{
		echo 'FROM scratch AS build'
		echo 'COPY vmstat /src/vmstat'
		stage_of Dockerfile 2
	} >"$dir/Dockerfile"
	cp "$VMSTAT" "$dir/vmstat"
	run_buildah() { buildah --root "$dir/root" --runroot "$dir/run" \
		--storage-driver vfs "$@"; }
	is_equal base "$(stage_of Dockerfile 2 | head -1)" 'FROM scratch'
	run_buildah bud --quiet --isolation chroot -f "$dir/Dockerfile" -t test "$dir"
	run_buildah push --quiet test "dir:$dir/pushed"
	[ "$(id -u)" = 0 ] || buildah unshare rm -rf "$dir/root"
	config=$(jq -r .config.digest "$dir/pushed/manifest.json")
	is_equal entrypoint "$(jq -c .config.Entrypoint "$dir/pushed/${config#sha256:}")" \
		'["/vmstat"]'
	is_equal files "$(for layer in $(jq -r '.layers[].digest' \
		"$dir/pushed/manifest.json"); do
		tar -tzf "$dir/pushed/${layer#sha256:}" ||
			tar -tf "$dir/pushed/${layer#sha256:}"; done 2>/dev/null)" vmstat
}

@test "Dockerfile.distroless: an ordinary user by number, on distroless" {
	is_equal base "$(stage_of Dockerfile.distroless 2 | head -1)" \
		'FROM gcr.io/distroless/static:nonroot'
	stage_of Dockerfile.distroless 2 | grep -x 'USER [1-9][0-9]*:[1-9][0-9]*'
	stage_of Dockerfile.distroless 2 | grep -x 'COPY --from=build /src/vmstat .*/vmstat'
	stage_of Dockerfile.distroless 2 | grep -x 'ENTRYPOINT \["/.*/vmstat"\]'
}

@test "docker/README: its initramfs boots as it is typed" {
	requires_tool qemu-system-x86_64 cpio busybox
	local kernel
	kernel=$("$e2e/qemu" prepare) || skip "no kernel to boot"
	cp "$VMSTAT" "$dir/vmstat"
	cp "$kernel" "$dir/vmlinuz"
	# The guest's shell gets end of file, which ends process 1 and the machine.
	awk '/^## An initramfs/ { here = 1 }
		here && /^```$/ { exit }
		inside { print }
		here && /^```sh$/ { inside = 1 }' "$docker/README.md" |
		sed "s/quiet'/quiet panic=-1'/" >"$dir/commands"
	grep qemu-system "$dir/commands"
	sed -i 's/^exec sh$/poweroff -f/' "$dir/commands"
	(cd "$dir" && timeout 300 sh -eu ./commands </dev/null >out 2>err)
	tr -d '\r' <"$dir/out" >"$dir/text"
	is_equal rows "$(grep -cE '^ *[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+' "$dir/text")" 3
	grep -E '^ *r +b +swpd +free' "$dir/text"
}

# typed LANGUAGE: the lines of the READMEs' blocks in it, those that go on joined
typed() {
	find "$docker" -name README.md -exec awk -v language="$1" '
		/^```/ { inside = $0 ~ "^```(" language ")$"; next }
		inside' {} + | sed -e :a -e '/\\$/{N;s/\\\n[[:blank:]]*//;ba' -e '}'
}

@test "docker: a shell can read each command of the READMEs, and its placeholders are few" {
	typed sh >"$dir/commands"
	is_between commands "$(wc -l <"$dir/commands")" 80 200
	sh -n "$dir/commands"
	is_equal words "$(grep -E '^(docker|kubectl|kustomize|skopeo) ' "$dir/commands" |
		grep -oE '\b[A-Z]{3,}\b' | sort -u | xargs)" 'ALL CTR NODE POD REGISTRY'
	is_equal 'images without their tag' "$(grep -E 'REGISTRY/vmstat( |$)' "$dir/commands")" ''
}

# With --help last, all else is parsed and checked for conflicts, and nothing is done.
@test "docker: vmstat takes each command line that the READMEs show" {
	local line words
	"$VMSTAT" --help | grep -q -e --listen || skip "this vmstat was built without --listen"
	typed '[a-z]+' | sed 's/ [&<>].*//; s/  #.*//' |
		sed -nE 's/^docker run .* REGISTRY\/vmstat:[0-9.]+ //p; t
			s/^(.*[ =])?([.]*\/[a-z./]*)?vmstat ([-0-9].*)/\3/p' >"$dir/lines"
	is_between "command lines" "$(wc -l <"$dir/lines")" 20 60
	while read -r line; do
		read -ra words <<<"$line"
		"$VMSTAT" "${words[@]}" --help >"$dir/help" || { echo "refused: $line"; return 1; }
	done <"$dir/lines"
}
