#!/bin/bash
# Tests the kernel's allocator and grades it: course/test-kmalloc.sh -h says how. The tests, and
# how one is added, are in course/tests/kmalloc and docs/course.md.
set -uo pipefail
script=test-kmalloc.sh
suite=kmalloc
summary='Boots mv6 and tests kmalloc and kmfree by the debug calls of a testing boot (docs/kmalloc.md).'
machine_options=(--ktest --cpus 2 --memory 64M)
# shellcheck source=course/lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"
course_main "$@"
