#!/bin/bash
# dracut module: vmstat in the initramfs. It is static, so it comes alone.
# SPDX-License-Identifier: MIT

check() {
	require_binaries /usr/local/bin/vmstat
}

depends() {
	return 0
}

install() {
	inst_binary /usr/local/bin/vmstat /usr/bin/vmstat
}
