#!/usr/bin/expect -f
# The PC's screen and keyboard: alone as the console, where there is no serial port; beside a serial
# port; and in job mode. Keys are pressed, and the screen's memory is read, by the emulator's
# monitor.
source [file join [file dirname [info script]] lib.exp]

if {$machine ne "i386"} {
	skip "$machine has no screen" "the screen and keyboard of the PC"
	done_testing
}

# The names that QEMU has for the keys of these characters; letters and digits are their own.
array set key {
	" " spc "\r" ret "\b" backspace - minus . dot / slash ; semicolon $ shift-4 | shift-backslash
	\" shift-apostrophe ? shift-slash
}

# The emulator's monitor reads and writes named pipes.
exec mkfifo $work/monitor.in $work/monitor.out
set to_monitor [open $work/monitor.in r+]
set from_monitor [open $work/monitor.out r+]
fconfigure $to_monitor -buffering line
fconfigure $from_monitor -blocking 0

proc monitor {command} {
	read $::from_monitor
	puts $::to_monitor $command
}

proc press {args} {
	foreach k $args {
		monitor "sendkey $k 20"
		after 50
	}
}

# The keyboard keeps a few keys only: after each three of them the machine must have taken the first.
# Not after the last, which may switch the machine off.
proc type {text} {
	set typed 0
	foreach c [split $text ""] {
		if {$typed % 3 == 0} { set before [screen] }
		press [expr {[info exists ::key($c)] ? $::key($c) :
			[string is upper $c] ? "shift-[string tolower $c]" : $c}]
		if {[incr typed] % 3 == 0 && $typed < [string length $text]} { until_changed $before }
	}
}

# Until the screen shows something else; not for ever, for a blank does not show.
proc until_changed {before} {
	for {set i 0} {$i < 50 && [screen] eq $before} {incr i} { after 20 }
}

# The 25 lines of the screen, without blanks at their ends.
proc screen {} {
	set file $::work/screen
	file delete $file
	monitor "pmemsave 0xb8000 4000 \"$file\""
	set end [expr {[clock seconds] + $::timeout}]
	while {![file exists $file] || [file size $file] < 4000} {
		if {[clock seconds] > $end} {
			give_up "the emulator does not save the screen: [read $::from_monitor]; [heard]"
		}
		after 20
	}
	set f [open $file rb]
	set cells [read $f]
	close $f
	set text ""
	foreach {character attribute} [split $cells ""] { append text $character }
	return [regsub -all { *\n} [regsub -all {.{80}} $text "&\n"] "\n"]
}

# Waits until the screen shows this, which may take as long as an answer on the serial line.
proc shows {pattern name} {
	set end [expr {[clock seconds] + $::timeout}]
	while {[clock seconds] < $end} {
		set now [screen]
		if {[regexp -- $pattern $now]} { result 1 $name; return }
		after 100
	}
	result 0 $name
	diag "the screen:"
	diag $now
	diag "which does not match: $pattern"
}

# `./mv6 exec` or `run`, with a monitor and these words for the emulator; sets spawn_id.
proc start {words command args} {
	global env work mv6 machine spawn_id
	set env(MV6_QEMU) "-monitor pipe:$work/monitor $words"
	spawn -noecho $mv6 $command -m $machine {*}$args
	unset env(MV6_QEMU)
}

proc ends {name} {
	expect {
		timeout { stop_machine; result 0 $name }
		eof { is [exit_status] 0 $name }
	}
}

# --- alone ---

# Without the first serial port: the one that `run` connects to its terminal is the second.
set disk $work/disk.img
make_disk $disk cursor
start "-serial none" run --disk $disk
shows {vda: 65536 KiB.*\nmv6 .*\n#\n} "the kernel's messages and a prompt"
type "echo Screen \"a  b\" | cat\r"
shows {\n# echo Screen "a  b" \| cat\nScreen a  b\n#\n} "a command, and what it prints"
type "echo wronh\bg; x\b\b\b\recho next\r"
shows {\n# echo wrong\nwrong\n# echo next\nnext\n#\n} "backspace"
# The sleep is there when the line before it is.
type "sh -c \"echo up; sleep 100\"\r"
shows {\nup\n} "a program that sleeps"
after 1000
press ctrl-c
type "echo code \$?\r"
shows {\nup\n\^C\n?# echo code \$\?\ncode 130\n} "Ctrl-C ends a program"
type "clear\r"
shows {^#\n\n} "clear"
type "cursor size\r"
shows {\n25 rows, 80 columns\n} "the terminal is as large as the screen"
type "cursor where\r"
shows {\n12345\nrow 4, column 6\n} "and says where the cursor is"
type "seq 1 100\r"
shows {^77\n78\n79\n80\n.*\n99\n100\n#\n$} "output scrolls"
type "cat\r"
press up home delete ctrl-v ctrl-a alt-x kp_5 f1 ret
shows {\n\^\[\[A\^\[\[H\^\[\[3~\^A\^\[x5\^\[OP\n} "keys beside letters"
press ctrl-d
type "poweroff\r"
ends "poweroff"
check_disk $disk "the disk is clean"

# --- beside a serial port ---

start "" run --disk $disk
expect {
	-re $prompt {}
	timeout { give_up "no prompt; the machine said: [heard]" }
	eof { give_up "no prompt; the machine ended" }
}
is [shell "echo both"] "both\n" "the serial port has the shell"
shows {\n# echo both\nboth\n#\n} "the screen shows the same"
is [shell "cursor size"] "24 rows, 80 columns\n" "the terminal is the one at the serial port"
type "echo keyboard\r"
is [until_prompt] "keyboard\n" "the keyboard types into the same terminal"
is [power_off] 0 "powers off"

# --- a panic ---

start "-serial none -no-shutdown" run --disk none
shows {mv6: panic: no root file system.*\nmv6: backtrace:\n.*panic\+0x} "a panic is on the screen"
monitor quit
ends "the emulator ends"

# A machine so slow that the firmware's timer ticks while the kernel starts: nobody may be told of
# that.
start "-serial none -no-shutdown -icount shift=8" run --disk none --cpus 1
shows {mv6: panic: no root file system} "an interrupt left by the firmware does no harm"
monitor quit
ends "the emulator ends"

# --- in job mode ---

start "" exec $guest/cursor line
expect {
	-re {ready\s} {}
	timeout { give_up "the job is not ready: [heard]" }
	eof { give_up "the job ended" }
}
ok [expr {![regexp ready [screen]]}] "a job's output is not on the screen"
type "keyboard\r"
send -- "link\r"
expect {
	-re {got (\w+)} { is $expect_out(1,string) "link" "a job does not hear the keyboard" }
	timeout { give_up "the job does not read: [heard]" }
}
ends "the job ends"
done_testing
