#!/bin/bash
# Eight CPUs under a load of forks and mappings, and just after their start: all ends well, nothing
# is lost, the disk is clean.
# time-limit: 1800
. "$(dirname "$0")/lib.sh"

program=$guest/stress_forkmap
run "$mv6" exec -m "$machine" --cpus 8 --time-limit 600 "$program" 64 20
is "$status" 0 'stress_forkmap on 8 CPUs for 20 s'
[[ $status == 0 ]] || diag <<<"$out$err"
run "$mv6" exec -m "$machine" --cpus 8 --memory 64M --debug --time-limit 600 "$program" 64 5
is "$status" 0 'and for 5 s on the debug kernel with 64 MiB'
[[ $status == 0 ]] || diag <<<"$out$err"

# A CPU's first program may be one that began on another CPU and sleeps in the kernel.
for ((round = bad = 0; round < 12; round++)); do
	run "$mv6" exec -m "$machine" --cpus 8 --time-limit 120 "$root/build/$machine/user/sh" -c \
		'ls / | cat | cat | cat | grep bin; ls / | cat | cat | cat | grep bin' </dev/null
	[[ $status == 0 && $out == $'bin\nbin' ]] || { bad=$((bad + 1)); diag <<<"status $status: $out$err"; }
done
is "$bad" 0 'pipelines on CPUs that have just started'
done_testing
