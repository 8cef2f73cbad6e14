#!/usr/bin/expect -f
# The shell at a terminal of Linux.
set here [file dirname [file normalize [info script]]]
source $here/terminal.exp
set machine [expr {[info exists env(MACHINE)] ? $env(MACHINE) : "riscv64"}]
set emulator ""
set description [open $here/../../kernel/arch/$machine/machine.mk]
if {[regexp -line {^QEMU_USER := *(\S+)} [read $description] all program]} { set emulator "$program -0 sh" }
close $description
set env(PATH) "/usr/bin:/bin"
set env(TERM) dumb
set env(HOME) /tmp
catch { unset env(PS1) }
eval spawn $emulator $here/../../build/$machine/user/sh
first_prompt
conversation
finish "\004" "Ctrl-D ends the shell"
