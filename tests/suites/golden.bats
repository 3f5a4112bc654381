#!/usr/bin/env bats
# Layouts, byte for byte: fixtures/host/golden/NAME is what ARGS print.
# The numbers follow from fixtures/host, over an uptime of 1000 s:
#   cpu ticks, 200000 in all: us 80000+6000-11000-1000 = 74000 = 37%,
#   sy 20000+2000+4000 = 13%, id 29%, wa 11%, st 4%, gu 11000+1000 = 6%
#   swpd 900000-893831, cache 332900+110, si 2000 pages of 4 KiB / 1000 s = 8,
#   so 3000 pages = 12, bi 17000/1000, bo 19000/1000, in 123000/1000, cs 2567
#   -s: used memory 8000000-3000000 (available), swap cache SwapCached;
#   pgalloc_high is not there
#   -D: sda + nvme0n1 + loop0, without the partitions
#   -S: 6169 KiB are 6317056 bytes, 1111337 KiB 1138009088, 22543 KiB 23084032,
#   333010 KiB 341002240, 8 KiB/s 8192, 12 KiB/s 12288; in -S b six columns
#   are too wide by 1+4+2+3+0+1, and bi bo in st gu give back 3+3+1+1+1 of it

# `run` sets output and stderr; words are split where lists are meant.
# shellcheck disable=SC2086,SC2154

load helper

setup() { use_fixture host; }

golden_is() {
    local file=$BATS_TEST_DIRNAME/../fixtures/host/golden/$1
    run_vmstat $CALM "${@:2}"
    succeeds
    if [[ ${GOLDEN:-} ]]; then printf '%s\n' "$output" > "$file"; fi
    diff "$file" <(printf '%s\n' "$output") || { show_output; false; }
}

@test "classic table" { golden_is classic --classic; }
@test "classic table: -a" { golden_is classic-active --classic -a; }
@test "classic table: -w" { golden_is classic-wide --classic -w; }
@test "classic table: -w -a" { golden_is classic-wide-active --classic -w -a; }
@test "classic table: -S k" { golden_is classic-S-k --classic -S k; }
@test "classic table: -S m" { golden_is classic-S-m --classic -S m; }
@test "classic table: -S M" { golden_is classic-S-M --classic -S M; }
@test "classic table: -S b" { golden_is classic-S-b --classic -S b; }
@test "classic table: -S K is the default" { golden_is classic --classic -S K; }
@test "classic table: -S B is -S b" { golden_is classic-S-b --classic -S B; }
@test "-s" { golden_is stats -s; }
@test "-f" { golden_is forks -f; }
@test "-d" { golden_is disk -d; }
@test "-D" { golden_is disk-sum -D; }
@test "-p" { golden_is partition -p sda1; }
@test "-p with /dev/" { golden_is partition -p /dev/sda1; }
@test "-m" { golden_is slabs -m; }
