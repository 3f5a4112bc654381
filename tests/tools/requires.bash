# What a test may need of the place where it runs, for suites/ and e2e/: it is
# skipped where that is missing, and says why.
# SPDX-License-Identifier: MIT

requires_tool() {
    local name
    for name; do
        command -v "$name" >/dev/null || skip "$name is not installed"
    done
}

# script(1) gets a pseudo-terminal: not in a chroot without devpts.
requires_terminal() {
    requires_tool script
    [[ $(script -qec 'echo got one' /dev/null < /dev/null 2>/dev/null) == *"got one"* ]] ||
        skip "no pseudo-terminal here (is devpts mounted?)"
}
