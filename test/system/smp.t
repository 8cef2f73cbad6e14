#!/bin/bash
# Eight CPUs under a load of forks and mappings: it ends well, nothing is lost, the disk is clean.
. "$(dirname "$0")/lib.sh"

program=$guest/stress_forkmap
run "$mv6" exec -m "$machine" --cpus 8 --time-limit 150 "$program" 64 20
is "$status" 0 'stress_forkmap on 8 CPUs for 20 s'
[[ $status == 0 ]] || diag <<<"$out$err"
run "$mv6" exec -m "$machine" --cpus 8 --memory 64M --debug --time-limit 200 "$program" 64 5
is "$status" 0 'and for 5 s on the debug kernel with 64 MiB'
[[ $status == 0 ]] || diag <<<"$out$err"
done_testing
