# docker/initramfs/ and docker/systemd/: the real tools build an initramfs after
# the commands of the READMEs; a machine boots it, where vmstat is typed into
# the rescue shell, or started by systemd
# shellcheck disable=SC2154,SC2016 # guest.bash assigns, other shells expand
load guest

# Types the `install` lines of the first commands below HEADING of README, then
# COMMAND, which makes $INITRD. All of that is done in an overlay of this
# machine's file system, which goes away with the process: TOOL is installed
# into it where it is missing, and the kernel's modules are where they belong.
build() { # README HEADING TOOL PACKAGE COMMAND
	local cache=${E2E_CACHE:-${XDG_CACHE_HOME:-/var/tmp}/vmstat-e2e}
	local modules status=0
	requires_tool qemu-system-x86_64 cpio unshare
	[ "$(id -u)" = 0 ] || skip "an overlay needs root"
	unshare -m true || skip "no mount namespace can be made here"
	kernel=$("$e2e/qemu" prepare) || skip "no kernel to boot"
	modules=${E2E_MODULES:-$(echo "${kernel%/boot/*}"/lib/modules/*)}
	dir=$BATS_TEST_TMPDIR
	mkdir "$dir/source" "$dir/overlay"
	cp "$VMSTAT" "$dir/source/vmstat"
	cp -R "$root/docker" "$dir/source/"
	awk -v heading="$2" '
		/^#+ / { here = index($0, heading) == 1 }
		here && /^```$/ { exit }
		inside { print }
		here && /^```sh$/ { inside = 1 }' "$root/docker/$1" >"$dir/typed"
	{
		echo 'set -eux'
		grep '^install ' "$dir/typed"
		echo "$5"
	} >"$dir/commands"
	VERSION=${modules##*/} INITRD=$dir/initrd unshare -m sh -euc "$in_overlay" \
		"$dir" "$3" "$4" "$kernel" "$modules" "$cache/packages" \
		>"$dir/built" 2>&1 || status=$?
	[ "$status" -ne 77 ] || skip "$(tail -n 1 "$dir/built")"
	cat "$dir/built" # shown where the test fails
	is_equal "status of the build" "$status" 0
}

in_overlay='
	dir=$0 tool=$1 package=$2 kernel=$3 modules=$4 packages=$5
	machine=$dir/overlay/merged
	overlay() { # LOWER NAME TARGET
		mkdir -p "$dir/overlay/$2" "$dir/overlay/$2.work" "$3"
		mount -t overlay -o "lowerdir=$1,upperdir=$dir/overlay/$2" \
			-o "workdir=$dir/overlay/$2.work" overlay "$3"
	}
	mount -t tmpfs tmpfs "$dir/overlay" && overlay / machine "$machine" &&
		overlay "$modules" modules "$machine/lib/modules/${modules##*/}" ||
		{ echo "no overlay can be mounted here"; exit 77; }
	mkdir -p "$packages/partial"
	for each in /dev /proc /sys "$dir" "$packages"; do
		mkdir -p "$machine$each"
		mount --rbind "$each" "$machine$each"
	done
	# Tools look there for what the kernel can unpack.
	config=${kernel%/*}/config-${modules##*/}
	[ ! -e "$config" ] || cp "$config" "$machine/boot/"
	inside() { chroot "$machine" "$@" </dev/null; }
	get() {
		inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
			-o APT::Sandbox::User=root -o "Dir::Cache::archives=$packages" \
			--no-install-recommends "$@"
	}
	exec 9>"$packages.lock"
	! command -v flock >/dev/null || flock 9
	inside sh -c "command -v $tool" || get install "$package" ||
		{ get update && get install "$package"; } ||
		{ echo "no $tool, and apt-get cannot install $package"; exit 77; }
	exec 9>&-
	inside sh -c "cd \"\$0/source\" && . \"\$0/commands\"" "$dir"'

# Boots it, and types the lines of stdin once it says PROMPT. What it printed is
# in $dir/text. QEMU ends when the machine is reset.
boot() { # PROMPT WORDS: of the kernel's command line
	local status=0
	cat >"$dir/lines"
	: >"$dir/console"
	timeout 400 sh -c 'until grep -qF "$1" "$0/console"; do sleep 0.2; done
		cat "$0/lines"' "$dir" "$1" |
		timeout 400 qemu-system-x86_64 -nodefaults -display none \
			-serial stdio -no-reboot -m 256 -kernel "$kernel" \
			-initrd "$dir/initrd" -append "console=ttyS0 quiet psi=1 $2" \
			>"$dir/console" || status=$?
	tr -d '\r' <"$dir/console" >"$dir/text"
	cat "$dir/text" # shown where the test fails
	is_equal "status of the boot" "$status" 0
}

# The table, and its reports, each of 18 columns and 2. A pipe has no width that it
# must fit. An interval of which a busy host took too many ticks away has no shares.
shows_its_rows() { # PROMPT WORDS
	boot "$1" "$2" <<-'EOF'
		vmstat 1 4 | sed 's/^/is /'
		sleep 1; echo b >/proc/sysrq-trigger
	EOF
	is_equal columns "$(awk '$1 == "is" && $2 == "r" { $1 = $1; print }' "$dir/text")" \
		'is r b swpd free buff cache si so bi bo in cs us sy id wa st gu min maj'
	is_equal rows "$(grep -cE '^is( +([0-9]+|-)){20}$' "$dir/text")" 4
	is_between "rows of numbers" "$(grep -cE '^is( +[0-9]+){20}$' "$dir/text")" 2 4
}

mkinitramfs='
	printf "%s\n" MODULES=list BUSYBOX=y COMPRESS=gzip COMPRESSLEVEL=1 \
		>/etc/initramfs-tools/conf.d/small
	mkinitramfs -o "$INITRD" "$VERSION"'

# Where toybox is installed its hook has put a vmstat of its own there before ours
# runs; elsewhere one that does the same.
like_toybox='
	hook=/usr/share/initramfs-tools/hooks/zy-toybox
	[ -e $hook ] || {
		printf "%s\n" "#!/bin/sh" "[ \"\$1\" = prereqs ] || cp /bin/false \$DESTDIR/bin/vmstat" >$hook
		chmod 755 $hook
	}'

@test "initramfs: initramfs-tools: vmstat in the rescue shell" {
	requires_tool busybox
	build initramfs/README.md '## initramfs-tools' mkinitramfs \
		initramfs-tools-core "$like_toybox$mkinitramfs"
	is_equal "last command" "$(tail -n 1 "$dir/typed")" 'update-initramfs -u'
	shows_its_rows '(initramfs) ' break=premount
}

@test "initramfs: initramfs-tools: without vmstat it warns and goes on" {
	build initramfs/README.md '## initramfs-tools' mkinitramfs \
		initramfs-tools-core "rm /usr/local/bin/vmstat; $mkinitramfs"
	grep '^W: no /usr/local/bin/vmstat' "$dir/built"
	[ -s "$dir/initrd" ]
}

@test "initramfs: dracut: vmstat in the rescue shell" {
	build initramfs/README.md '## dracut' dracut dracut-core '
		dracut --no-hostonly --no-kernel --omit "systemd crypt" --no-compress \
			"$INITRD" "$VERSION"'
	is_equal "last command" "$(tail -n 1 "$dir/typed")" 'dracut --force'
	shows_its_rows 'cmdline:/# ' rd.break=cmdline
}

@test "initramfs: systemd: the first scrape starts the service, and a recorder takes its place" {
	local name
	for name in listen record; do
		"$VMSTAT" --help | grep -q -e --$name || skip "this vmstat has no --$name"
	done
	requires_tool bash systemctl
	build systemd/README.md '# ' dracut dracut-core '
		in=/etc/systemd/system
		install -m 644 docker/systemd/vmstat-recorder.service $in
		cat >/scrape <<-EOF
			systemctl start vmstat.socket
			echo "before: \$(systemctl is-active vmstat.service)"
			exec 4<>/dev/tcp/127.0.0.1/9799
			printf "GET /metrics HTTP/1.0\r\n\r\n" >&4
			timeout 30 cat <&4
			echo "after: \$(systemctl is-active vmstat.service)"
			systemctl start vmstat-recorder.service
			echo "recorder: \$(systemctl is-active vmstat-recorder.service vmstat.socket vmstat.service | xargs)"
			sleep 4
			exec 4<>/dev/tcp/127.0.0.1/9799
			printf "GET /healthz HTTP/1.0\r\n\r\n" >&4
			timeout 30 cat <&4 | sed "s/^/recorder: /"
			vmstat --replay=/var/lib/vmstat/vmstat.csv -n | sed "s/^/recorded /"
			journalctl -u vmstat.service -u vmstat-recorder.service
			sleep 1; echo b >/proc/sysrq-trigger
		EOF
		cat >$in/scrape.service <<-EOF
			[Service]
			Type=oneshot
			ExecStart=/bin/bash /scrape
			StandardOutput=tty
			StandardError=tty
			TTYPath=/dev/console
		EOF
		dracut --no-hostonly --no-kernel --no-compress \
			--modules "bash systemd systemd-initrd" \
			--install "/usr/local/bin/vmstat $in/vmstat.service $in/vmstat.socket" \
			--install "$in/vmstat-recorder.service xargs sed" \
			--install "/scrape $in/scrape.service cat journalctl sleep timeout" \
			"$INITRD" "$VERSION"'
	grep -x 'systemctl enable --now vmstat.socket' "$dir/typed"
	grep -x 'install -m 644 docker/systemd/vmstat-recorder.service /etc/systemd/system/' \
		"$root/docker/systemd/README.md"
	boot '' systemd.unit=scrape.service </dev/null
	grep -x 'before: inactive' "$dir/text"
	grep -x 'after: active' "$dir/text"
	grep -E '^HTTP/1\.[01] 200' "$dir/text"
	# The machine's memory, not the 16 MiB of the service, and no cgroup's.
	is_between memory "$(awk '$1 == "vmstat_memory_total_bytes" { print $2 }' \
		"$dir/text")" 150000000 268435456
	grep -E '^vmstat_context_switches_total [1-9]' "$dir/text"
	grep -E '^vmstat_pressure_memory_stalled_seconds_total [0-9]' "$dir/text"
	grep -E '^vmstat_tasks_running [1-9]' "$dir/text"
	has_no_line '^vmstat_cgroup_memory' <"$dir/text"
	grep -x 'recorder: active inactive inactive' "$dir/text"
	grep -E '^recorder: HTTP/1\.[01] 200' "$dir/text"
	is_between 'rows recorded' "$(grep -cE '^recorded( +[-0-9.]+){20}' "$dir/text")" 2 20
}
