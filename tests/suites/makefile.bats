# The Makefile and tests/tools/deps: README's two commands where make is missing,
# what is rebuilt and what is not, what is installed where. The program is a stand-in
# that compiles at once; it does not call relocate(), so it has no table of pointers.
# shellcheck disable=SC2016 # other shells expand
# bats file_tags=slow
bats_require_minimum_version 1.5.0
load ../tools/requires

setup() {
    T=$BATS_TEST_TMPDIR
    root=$BATS_TEST_DIRNAME/../..
    requires_tool make "${CC:-cc}"
    unset CC CFLAGS CPPFLAGS LDFLAGS STRIP MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
    mkdir -p "$T/src/tests/tools" "$T/src/docker"
    cp "$root"/{Makefile,README.md,config.h,vmstat.8} "$T/src"
    cp "$root"/tests/tools/{deps,install} "$T/src/tests/tools"
    cp -r "$root/docker/completion" "$T/src/docker"
    cat >"$T/src/vmstat.c" <<'END'
#include <unistd.h>
#include "config.h"
int main(int argc, char **argv)
{
	#if WITH_TOP
	char said[] = "program top 0\n";
#else
	char said[] = "program 0\n";
#endif
	(void)argv;
	said[sizeof said - 3] = (char)('0' + argc);
	return write(1, said, sizeof said - 1) < 0;
}
END
    printf '#!/bin/sh\necho "the tests, of CC=$CC" "$@"\n' >"$T/src/tests/run"
    chmod 755 "$T/src/tests/run"
    cd "$T/src" || return 1
}

# A machine without make and compilers: PATH has what a minimal system has, and a
# package manager, apt-get or apk, that notes what it is asked for and "installs"
# make and a compiler from this machine.
bare_machine() { # MANAGER
    local name file
    rm -rf "${T:?}/bin"
    mkdir "$T/bin"
    for name in sh cat chmod cp env grep head id ln mkdir mktemp printf rm sed tail touch tr; do
        file=$(type -P $name)
        [[ $1 != apk ]] || file=$(type -P busybox) # which is all of them on Alpine
        ln -s "$file" "$T/bin/$name"
    done
    cat >"$T/bin/$1" <<END
#!/bin/sh
echo "\$*" >>$T/asked
case " \$* " in *' install '* | *' add '*) ;; *) exit 0 ;; esac
for name; do
	case \$name in
	make) commands=make ;;
	gcc) commands='gcc cc' ;;
	musl-tools) commands=musl-gcc ;;
	*) commands= ;;
	esac
	for command in \$commands; do
		printf '#!/bin/sh\nPATH=%s exec %s "\$@"\n' '$PATH' "\$command" >$T/bin/\$command
		chmod 755 $T/bin/\$command
	done
done
END
    # make itself must keep the bare PATH.
    sed -i "/^	for command in/i\\
	case \$commands in make) ln -s $(type -P make) $T/bin/make; continue ;; esac" "$T/bin/$1"
    [[ $1 != apk ]] || sed -i 's/^case.*/[ "$1" != info ] || exit 1\n&/' "$T/bin/$1"
    printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
    chmod 755 "$T/bin/$1" "$T/bin/sudo"
    : >"$T/asked"
    ! PATH=$T/bin command -v make cc musl-gcc
}

# The command that README gives for GOAL.
readme_says() {
    local said
    said=$(sed -n "s/^    \(.* && make $1\)  .*/\1/p" README.md)
    [[ -n $said ]]
    echo "$said"
}

on_bare_machine() { run env -i PATH="$T/bin" HOME="$T" sh -c "$1"; echo "$output"; [[ $status == 0 ]]; }
installed() { sed -n 's/^.*\(install --no-install-recommends\|add --no-cache\) //p' "$T/asked" | tr ' ' '\n'; }

@test "makefile: README's first command, where make is missing: the toolchain, and it runs" {
    requires_tool musl-gcc
    bare_machine apt-get
    on_bare_machine "$(readme_says run)"
    [[ ${lines[-1]} == 'program top 3' ]]
    [[ $(installed | xargs) == 'make gcc musl-tools' ]]
    # Once more: nothing is asked for, nothing is built.
    : >"$T/asked"
    on_bare_machine "$(readme_says run)"
    [[ ! -s $T/asked && $output != *musl-gcc* ]]
}

@test "makefile: README's second command also installs what the tests use, and runs them" {
    requires_tool musl-gcc
    bare_machine apt-get
    on_bare_machine "$(readme_says test)"
    [[ ${lines[-1]} == "the tests, of CC=$T/bin/musl-gcc" ]]
    [[ $(installed | head -n 3 | xargs) == 'make gcc musl-tools' ]]
    installed | grep -x bats
    installed | grep -x qemu-system-x86
}

@test "makefile: on Alpine, too, whose cc is enough" {
    requires_tool busybox
    bare_machine apk
    on_bare_machine "$(readme_says run)"
    [[ ${lines[-1]} == 'program top 3' ]]
    [[ $(installed | xargs) == 'make gcc musl-dev' ]]
    on_bare_machine "$(readme_says test)"
    [[ ${lines[-1]} == 'the tests, of CC=cc' ]]
    installed | grep -x bash
    installed | grep -x bats
}

@test "makefile: make deps run and make deps test install the same as README's commands" {
    local goal
    requires_tool musl-gcc
    for goal in run test; do
        bare_machine apt-get
        on_bare_machine "$(readme_says $goal)"
        installed | grep -vx make >"$T/readme.$goal"
        last=${lines[-1]}
        bare_machine apt-get
        ln -s "$(type -P make)" "$T/bin/make"
        make -s clean
        on_bare_machine "make deps $goal"
        [[ ${lines[-1]} == "$last" ]]
        diff "$T/readme.$goal" <(installed | grep -vx make)
    done
}

@test "makefile: make test runs all layers, make check two; neither installs anything" {
    local layer
    requires_tool musl-gcc
    bare_machine apt-get
    for layer in awk bash dirname id nproc sleep timeout; do
        ln -sf "$(type -P $layer)" "$T/bin/"
    done
    cp "$root/tests/run" tests
    cp "$root/tests/tools/lib.sh" tests/tools
    for layer in tools/{lint,size,matrix} {unit,suites,bench,fuzz,e2e}/run; do
        mkdir -p "tests/${layer%/*}"
        printf '#!/bin/sh\necho "ok 1 - %s"; echo 1..1\n' "$layer" >"tests/$layer"
        chmod 755 "tests/$layer"
    done
    on_bare_machine 'sh tests/tools/deps'
    : >"$T/asked"
    on_bare_machine 'make test'
    [[ ${lines[-1]} == '8 passed, 0 failed' ]]
    on_bare_machine 'make check'
    [[ ${lines[-1]} == '2 passed, 0 failed' ]]
    [[ $(grep '^ok' <<<"$output" | xargs) == 'ok 1 - unit/run ok 1 - suites/run' ]]
    on_bare_machine 'make lint'
    [[ $output == *tools/lint* && ! -s $T/asked ]]
}

@test "makefile: what CI types is what README says" {
    grep -E "^(time )?$(readme_says test)\$" "$root/.ci/run"
}

@test "makefile: a change of CC, CPPFLAGS, CFLAGS or LDFLAGS rebuilds, and nothing else does" {
    local flags cc
    cc=$(command -v musl-gcc || echo cc)
    make -s
    [[ $(./vmstat) == 'program top 1' ]]
    for flags in CPPFLAGS=-DWITH_TOP=0 CFLAGS=-O0 "CFLAGS=-O0 -DX='a, b'" LDFLAGS=-Wl,-z,now,--no-undefined \
        "CC=env $cc" STRIP=; do
        make -s
        make "$flags" | grep -q vmstat.c
        make -q "$flags"
        [[ $(make -n "$flags") != *vmstat.c* ]]
        [[ $(make -s "$flags") == '' ]]
        # and the variable from the environment is the same variable
        env "$flags" make -q || [[ $flags == STRIP=* ]]
    done
    make -s CPPFLAGS=-DWITH_TOP=0
    [[ $(./vmstat) == 'program 1' ]]
    # and back, for the flags that are no longer there; -n says so and does nothing
    make -n | grep -q vmstat.c
    [[ $(./vmstat) == 'program 1' ]]
    make -s
    [[ $(./vmstat) == 'program top 1' ]]
    make -q
    touch config.h
    ! make -q || return 1
}

@test "makefile: programs of other names each have their own flags, four at a time" {
    local n
    make -s
    mkdir -p tests/out/a
    for n in 1 2 3 4; do echo $n; done | xargs -P 4 -I@ make -s BIN=tests/out/a/@ CPPFLAGS=-DX=@
    for n in 1 2 3 4; do make -q BIN=tests/out/a/$n CPPFLAGS=-DX=$n; done
    make -q
    make -s -j4 clean
    make -s -j4 all run
}

@test "makefile: a build that fails is tried again" {
    make -s
    ! make -s CPPFLAGS='-DWITH_TOP=(' 2>/dev/null || return 1
    ! make -s CPPFLAGS='-DWITH_TOP=(' 2>/dev/null || return 1
    make -s CPPFLAGS=-DWITH_TOP=0
    [[ $(./vmstat) == 'program 1' ]]
}

@test "makefile: make install installs what was built, under any name, and uninstall removes it" {
    make -s CPPFLAGS=-DWITH_TOP=0
    make -s install DESTDIR="$T/1" PREFIX=/opt/x
    [[ $("$T/1/opt/x/bin/vmstat") == 'program 1' && -f $T/1/opt/x/share/man/man8/vmstat.8 ]]
    make -s uninstall DESTDIR="$T/1" PREFIX=/opt/x
    make -s install DESTDIR="$T/1" NAME=vmct BINDIR=/b MANDIR=/m
    [[ $("$T/1/b/vmct") == 'program 1' && -f $T/1/m/man8/vmct.8 ]]
    make -s uninstall DESTDIR="$T/1" NAME=vmct BINDIR=/b MANDIR=/m
    ! find "$T/1" -type f | grep . || return 1
    # With flags of its own it builds; and it builds what is not there.
    make -s install DESTDIR="$T/2" CFLAGS=-O0
    [[ $("$T/2/usr/local/bin/vmstat") == 'program top 1' ]]
    make -s clean
    make -s install DESTDIR="$T/3"
    [[ $("$T/3/usr/local/bin/vmstat") == 'program top 1' ]]
}

@test "makefile: make install as another user writes nothing into the source" {
    requires_tool setpriv
    [[ $EUID == 0 ]] || skip "not root, cannot become another user"
    local tree
    tree=$(mktemp -d /tmp/vmstat-test.XXXXXX)
    make -s CPPFLAGS=-DWITH_TOP=0
    cp -a . "$tree/src"
    mkdir -m 777 "$tree/to"
    chmod 755 "$tree"
    chmod -R go+rX,go-w "$tree/src"
    run setpriv --reuid 65534 --regid 65534 --clear-groups \
        make -C "$tree/src" install DESTDIR="$tree/to"
    [[ $status == 0 && $("$tree/to/usr/local/bin/vmstat") == 'program 1' ]]
    rm -rf "$tree"
}
