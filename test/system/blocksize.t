#!/bin/bash
# Disks with blocks smaller than a page, and full disks: files, directories, mappings and truncation
# work as on others, and e2fsck finds nothing wrong afterwards.
. "$(dirname "$0")/lib.sh"

for size in 1024 2048 4096; do
	tests="file_io file_dir file_node mem_trunc mem_msync fswalk filldisk tails"
	((size == 4096)) && tests=filldisk
	for test in $tests; do
		export MV6_BLOCK_SIZE=$size
		ok "blocks of $size bytes: $test" "$mv6" exec -m "$machine" --memory 64M --time-limit 300 \
			"$guest/$test"
	done
done
done_testing
