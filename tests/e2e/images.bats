# make images: one OCI index for every architecture, each image run
# shellcheck disable=SC2154 # guest.bash assigns
load guest

setup() {
	local status=0
	dir=$BATS_TEST_TMPDIR
	export IMAGE_OUT=$BATS_FILE_TMPDIR/all.tar
	if [ ! -e "$IMAGE_OUT" ] && [ ! -e "$BATS_FILE_TMPDIR/skip" ]; then # the first test makes it
		requires_buildah
		"$root/docker/images" >/dev/null 2>"$dir/err" || status=$?
		cat "$dir/err"
		[ $status = 0 ] || [ $status = 77 ]
		[ $status = 0 ] || tail -n 1 "$dir/err" >"$BATS_FILE_TMPDIR/skip"
	fi
	[ ! -e "$BATS_FILE_TMPDIR/skip" ] || skip "$(cat "$BATS_FILE_TMPDIR/skip")"
	requires_tool skopeo
}

platforms='amd64 arm64 arm/v7 386 ppc64le s390x riscv64'

json_of() { # COMMAND...: what it says of a host, without the time of day
	"$@" --json --scope=host --proc="$root/tests/fixtures/host/proc" --sys="$root/tests/fixtures/host/sys" |
		sed 's/"time":"[^"]*"//'
}

@test "images: an index of seven" {
	skopeo inspect --raw "oci-archive:$IMAGE_OUT" >"$dir/index"
	is_equal type "$(jq -r .mediaType "$dir/index")" application/vnd.oci.image.index.v1+json
	is_equal platforms "$(jq -r '.manifests[].platform | .os + "/" + .architecture + (.variant // "" | if . == "" then . else "/" + . end)' \
		"$dir/index" | xargs)" "$(xargs -n 1 <<<"$platforms" | sed 's,^,linux/,' | xargs)"
}

@test "images: each runs, and says what this machine's says" {
	requires_tool umoci
	local platform arch variant run
	json_of "$VMSTAT" >"$dir/here"
	for platform in $platforms; do
		arch=${platform%/*} variant=${platform#"$arch"}
		skopeo copy --quiet --override-os linux --override-arch "$arch" ${variant:+--override-variant "${variant#/}"} \
			"oci-archive:$IMAGE_OUT" "oci:$dir/$arch:x"
		umoci unpack --rootless --image "$dir/$arch:x" "$dir/of-$arch" 2>"$dir/err" || { cat "$dir/err"; return 1; }
		is_equal "$platform: files" "$(cd "$dir/of-$arch/rootfs" && find . -type f)" ./vmstat
		is_equal "$platform: entrypoint" "$(jq -c .process.args "$dir/of-$arch/config.json")" '["/vmstat"]'
		case $arch in 386) run=i386 ;; *) run=$arch ;; esac
		case $arch in amd64) run=x86_64 ;; arm64) run=aarch64 ;; esac
		if [ "$run" = "$(uname -m)" ]; then
			cmp "$dir/of-$arch/rootfs/vmstat" "$VMSTAT"
			continue
		fi
		requires_tool "qemu-$run-static"
		! readelf -lW "$dir/of-$arch/rootfs/vmstat" | grep INTERP
		json_of "qemu-$run-static" "$dir/of-$arch/rootfs/vmstat" >"$dir/there"
		diff "$dir/here" "$dir/there" || { echo "$platform"; return 1; }
	done
}

@test "images: the same bytes twice" {
	IMAGE_OUT=$dir/again.tar "$root/docker/images" >/dev/null
	cmp "$dir/again.tar" "$IMAGE_OUT"
}

@test "images: the command of docker/README pushes all of them" {
	requires_tool docker-registry curl
	local port command
	port=$(shuf -i 20000-29999 -n 1)
	cat >"$dir/registry.yml" <<-END
		version: 0.1
		storage: {filesystem: {rootdirectory: $dir/registry}}
		http: {addr: "127.0.0.1:$port"}
	END
	docker-registry serve "$dir/registry.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	curl -sS --retry 20 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/v2/" || { cat "$dir/log"; return 1; }
	command=$(sed -n 's/^\(skopeo copy --all [^#]*vmstat-all.oci.tar [^#]*\).*/\1/p' "$root/docker/README.md")
	[ -n "$command" ]
	cp "$IMAGE_OUT" "$dir/vmstat-all.oci.tar"
	(cd "$dir" && sh -c "${command//REGISTRY/127.0.0.1:$port} --dest-tls-verify=false --quiet")
	is_equal images "$(curl -sS -H 'Accept: application/vnd.oci.image.index.v1+json' \
		"http://127.0.0.1:$port/v2/vmstat/manifests/1.0.0" | jq '.manifests | length')" 7
}

teardown() { # what a test started
	[ ! -s "$BATS_TEST_TMPDIR/pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/pid")" 2>/dev/null || :
}
