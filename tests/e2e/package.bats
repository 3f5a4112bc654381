# make dist and docker/package/: the tarball, and the packages that are built from it
# shellcheck disable=SC2154,SC2016 # guest.bash assigns; other shells expand
load guest

setup_file() {
	local version
	version=$(sed -n 's/^#define VERSION "\(.*\)"$/\1/p' "$root/vmstat.c")
	export VERSION=$version SOURCES=$BATS_FILE_TMPDIR/vmstat-$version.tar.gz
	DIST_OUT=$SOURCES make -s -C "$root" dist
}

setup() {
	dir=$BATS_TEST_TMPDIR
	package=$root/docker/package
}

# cleanly COMMAND...: in an environment without what these tests are run with, bats's own
# programs in the PATH among it.
cleanly() { env -i PATH="$(tr : '\n' <<<"$PATH" | grep -v '/bats-core$' | paste -sd :)" HOME="$dir" "$@"; }

unpack_sources() { tar -xzf "$SOURCES" -C "$dir" && tree=$dir/vmstat-$VERSION; }

# follow_readme HEADING [NAME=VALUE...] COMMAND...: the commands after that line of
# docker/package/README.md, run by COMMAND in an unpacked tarball.
follow_readme() {
	local heading=$1
	unpack_sources
	cp "$SOURCES" "$tree"
	awk -v heading="$heading" '$0 == heading { here = 1 } here && inside && /^```/ { exit }
		here && inside { print } here && /^```sh/ { inside = 1 }' "$package/README.md" >"$dir/commands"
	[ -s "$dir/commands" ]
	(cd "$tree" && cleanly "${@:2}" "$dir/commands") >"$dir/log" 2>&1 || { tail -20 "$dir/log"; return 1; }
}

# is_package ROOT ZSH-DIRECTORY: the program, the manual and the completions, all of them
# under the name vmstat-ct, and nothing under vmstat's, which is procps's.
is_package() {
	local share=$1/usr/share
	"$1/usr/bin/vmstat-ct" --version | grep -x "vmstat $VERSION"
	[ ! -e "$share/man/man8/vmstat-ct.8.gz" ] || gunzip "$share/man/man8/vmstat-ct.8.gz"
	grep -x '\.Nm vmstat-ct' "$share/man/man8/vmstat-ct.8"
	grep -x '\.Dt VMSTAT-CT 8' "$share/man/man8/vmstat-ct.8"
	grep -x '\.Dl vmstat-ct 1 5' "$share/man/man8/vmstat-ct.8"
	! command -v mandoc || mandoc -T lint -W warning "$share/man/man8/vmstat-ct.8"
	grep -x 'complete -F _vmstat vmstat-ct' "$share/bash-completion/completions/vmstat-ct"
	grep -x '#compdef vmstat-ct' "$share/zsh/$2/_vmstat-ct"
	grep '^complete -c vmstat-ct -s x ' "$share/fish/vendor_completions.d/vmstat-ct.fish"
	is_equal other "$(find "$1" -not -type d \( -name vmstat -o -name 'vmstat.*' -o -name _vmstat \))" ""
}

@test "dist: what git tracks, by nobody, and the same bytes twice" {
	requires_tool git
	[ -e "$root/.git" ] || skip "no repository here"
	DIST_OUT=$dir/again.tar.gz "$root/tests/tools/dist"
	cmp "$dir/again.tar.gz" "$SOURCES"
	diff <(git -c safe.directory="$root" -C "$root" ls-files | sed "s,^,vmstat-$VERSION/," | LC_ALL=C sort) \
		<(tar -tzf "$SOURCES")
	is_equal owners "$(tar -tvzf "$SOURCES" | awk '{ print $2 }' | sort -u)" 0/0
}

@test "dist: an unpacked tarball makes itself again, whatever was built, touched or owned" {
	umask 077
	unpack_sources
	mkdir "$tree/tests/out"
	touch "$tree"/{vmstat,vmstat.oci.tar,tests/out/new}
	touch -d 2020-01-01 "$tree/LICENSE"
	chmod 444 "$tree/README.md"
	[ "$(id -u)" != 0 ] || chown 1:1 "$tree/README.md"
	cleanly make -s -C "$tree" dist
	cmp "$tree/vmstat-$VERSION.tar.gz" "$SOURCES"
}

@test "package: each has the version of vmstat.c" {
	grep -x "pkgver=$VERSION" "$package/alpine/APKBUILD"
	grep -x "Version: $VERSION" "$package/rpm/vmstat-ct.spec"
	head -1 "$package/debian/changelog" | grep "^vmstat-ct ($VERSION-1) "
}

@test "package: Debian's: lintian finds nothing, and it runs" {
	requires_tool dpkg-buildpackage dh lintian musl-gcc
	follow_readme 'Debian, Ubuntu:' DEBFULLNAME='A Packager' DEBEMAIL=packager@debian.org sh -e
	lintian --allow-root --fail-on warning "$dir"/package/*.changes
	dpkg -x "$dir"/package/vmstat-ct_*.deb "$dir/root"
	is_package "$dir/root" vendor-completions
	is_equal depends "$(dpkg -f "$dir"/package/vmstat-ct_*.deb Depends)" ""
}

@test "package: the rpm requires nothing, and it runs" {
	requires_tool rpmbuild rpm2cpio cpio musl-gcc
	# Debian's database of rpm knows of no package that the build requires.
	mkdir "$dir/bin" "$dir/root"
	printf '#!/bin/sh\nPATH=${PATH#*:} exec rpmbuild --nodeps "$@"\n' >"$dir/bin/rpmbuild"
	chmod 755 "$dir/bin/rpmbuild"
	follow_readme 'Fedora and other systems with rpm:' PATH="$dir/bin:/usr/bin:/bin:/usr/sbin:/sbin" sh -e
	is_equal requires "$(rpm -qp --requires "$dir"/rpmbuild/RPMS/*/*.rpm | grep -v '^rpmlib(')" ""
	(cd "$dir/root" && rpm2cpio "$dir"/rpmbuild/RPMS/*/*.rpm | cpio -idm --quiet)
	is_package "$dir/root" site-functions
}

# The tarball builds, tests and installs itself in the others, too; here beyond that it
# takes away again what it installed.
@test "package: Alpine's, in its shell; uninstall leaves nothing" {
	requires_tool busybox shellcheck musl-gcc
	shellcheck -s sh -e SC2034,SC2154 "$package/alpine/APKBUILD"
	follow_readme Alpine: PATH="$e2e/package:/usr/bin:/bin" CC=musl-gcc sh -e
	pkg=$tree/docker/package/alpine/pkg
	is_package "$pkg" site-functions
	cleanly make -s -C "$tree" uninstall DESTDIR="$pkg" PREFIX=/usr NAME=vmstat-ct
	is_equal left "$(find "$pkg" -not -type d)" ""
}

@test "package: the expression of Nix evaluates to a derivation of this version" {
	requires_tool nix-instantiate jq
	local name
	for name in STATE STORE LOG CONF; do
		export "NIX_${name}_DIR=$dir/nix/$name"
		mkdir -p "$dir/nix/$name"
	done
	export HOME=$dir
	cat >"$dir/stub.nix" <<-END
		import $package/nix { pkgs = import $e2e/package/nixpkgs.nix; }
	END
	is_equal name "$(nix-instantiate --eval --strict --json -E "(import $dir/stub.nix).name")" "\"vmstat-ct-$VERSION\""
	nix-instantiate --eval --strict --json -E "(import $dir/stub.nix).makeFlags" | jq -e 'index("NAME=vmstat-ct")'
	nix-instantiate "$dir/stub.nix" | grep "vmstat-ct-$VERSION.drv$"
}
