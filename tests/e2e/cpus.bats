#!/usr/bin/env bats
# processors that leave while it runs
load guest

setup_file() { boot_machine cpus; }

@test "cpus: CPUs that leave: the capacity is that of those which are left" {
	is_near "of two" "$(section cpus | jq -s '.[1].us + .[1].sy')" 50 8
	is_near "of one" "$(section cpus | jq -s '.[2].us + .[2].sy')" 97 12
	is_near "the host's shares" "$(json_value one_cpu '.us + .sy + .id + .wa + .st')" 100 0.5
}
