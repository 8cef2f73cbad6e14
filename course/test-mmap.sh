#!/bin/bash
# Tests mmap and its kin and grades them: course/test-mmap.sh -h says how. The tests, and how one is
# added, are in course/tests/mmap and docs/course.md.
set -uo pipefail
script=test-mmap.sh
suite=mmap
summary='Boots mv6 and tests mmap, munmap, mprotect, msync and fork. With -m linux the tests run on this
host, whose Linux says what is right.'
machine_options=(--cpus 2 --memory 64M)
# shellcheck source=course/lib.sh
. "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/lib.sh"
course_main "$@"
