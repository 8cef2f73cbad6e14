#!/usr/bin/expect -f
# The shell at a terminal: prompt, Ctrl-C, Ctrl-Z, jobs. Prints TAP.
set timeout 20
set machine [expr {[info exists env(MACHINE)] ? $env(MACHINE) : "riscv64"}]
set root [file normalize [file join [file dirname [info script]] .. ..]]
set bin $root/build/$machine/user
set emulator [expr {$machine eq "riscv64" ? "qemu-riscv64 -0 sh" : ""}]
set tests 0
log_user 0

proc ok {good name} {
	global tests
	incr tests
	puts "[expr {$good ? "" : "not "}]ok $tests - $name"
	flush stdout
}

# Sends text and expects a pattern (a regular expression) after it.
proc step {text pattern name} {
	send -- $text
	expect {
		-re $pattern { ok 1 $name }
		timeout { ok 0 "$name (timeout)" }
		eof { ok 0 "$name (end)" }
	}
}

set env(PATH) "/usr/bin:/bin"
set env(TERM) dumb
set env(HOME) /tmp
catch { unset env(PS1) }
eval spawn $emulator $bin/sh
expect {
	-re {^# $} { ok 1 "the prompt" }
	timeout { ok 0 "the prompt (timeout)" }
}
step "echo a\$((1+1))b\r" {\r\na2b\r\n# $} "a command"
step "echo 'two\r" {\r\n> $} "the prompt of an unfinished command"
step "lines'\r" {\r\ntwo\r\nlines\r\n# $} "its end"
step "cat\r" {cat\r\n$} "a program reads the terminal"
step "typed\r" {typed\r\ntyped\r\n$} "and writes it"
step "\003" {\^C.*# $} "Ctrl-C ends the program, not the shell"
step "echo \$?\r" {\r\n130\r\n# $} "its status"
step "sleep 100\r" {sleep 100\r\n$} "a program that sleeps"
step "\003" {\^C.*# $} "Ctrl-C ends it"
step "echo half\003" {\^C.*\n# $} "Ctrl-C drops a line"
step "echo ok\r" {\r\nok\r\n# $} "and the next is read"
step "while true; do :; done\r" {done\r\n$} "an endless loop of the shell's own"
sleep 0.3
step "\003" {\^C.*# $} "Ctrl-C ends it"
step "for i in 1 2 3; do sleep 50; done; echo not\r" {not\r\n$} "a loop of programs"
sleep 0.3
step "\003" {\^C\r?\n?\r?\n?# $} "Ctrl-C ends the whole line"
step "sleep 100 &\r" {\[1\] \d+\r\n# $} "a background job gets a number"
step "jobs\r" {\[1\] Running +sleep 100\r\n# $} "jobs"
step "kill %1; sleep 0.3\r" {\[1\] Terminated +sleep 100\r\n# $} "kill of a job; its end is told at the prompt"
step "sleep 100\r" {sleep 100\r\n$} "another"
sleep 0.3
step "\032" {\^Z.*\[1\] Stopped +sleep 100\r\n# $} "Ctrl-Z stops it"
step "bg\r" {\[1\] sleep 100\r\n# $} "bg lets it go on"
step "jobs\r" {\[1\] Running +sleep 100\r\n# $} "it runs"
step "fg\r" {fg\r\nsleep 100\r\n$} "fg brings it back"
sleep 0.3
step "\003" {\^C.*# $} "Ctrl-C ends it"
step "sleep 0.2 | sleep 0.2 && echo both\r" {both\r\nboth\r\n# $} "a pipeline in the foreground"
step "(sleep 60; echo not) | cat\r" {cat\r\n$} "a pipeline with a subshell"
sleep 0.3
step "\003" {\^C\r?\n?\r?\n?# $} "Ctrl-C ends all of it"
step "fi\r" {sh: syntax error: unexpected "fi"\r\n# $} "a syntax error, and the shell lives on"
step "nosuchprogram\r" {sh: nosuchprogram: not found\r\n# $} "a missing program"
step "set -u; echo \$none\r" {sh: none: parameter not set\r\n# $} "an unset parameter"
step "echo \$\$\r" {\r\n\d+\r\n# $} "the shell is still the same"
send "\004"
expect {
	eof { ok 1 "Ctrl-D ends the shell" }
	timeout { ok 0 "Ctrl-D ends the shell (timeout)" }
}
puts "1..$tests"
