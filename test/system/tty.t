#!/usr/bin/expect -f
# The line discipline and job control of the terminal, key by key.
source [file join [file dirname [info script]] lib.exp]

# Starts `terminal ARGS`, types `keys` once it says that it is ready, and returns what it prints
# then. Among the keys: "pause MS", and "again", until it is ready a second time.
proc typing {arguments keys} {
	global spawn_id prompt
	# VKILL takes what is left of the keys before.
	send -- "\025terminal $arguments\r"
	expect {
		-re {ready\r+\n} {}
		timeout { give_up "terminal $arguments is not ready: [heard]" }
	}
	foreach key $keys {
		switch -regexp -matchvar all -- $key {
			{^pause (.*)$} { after [lindex $all 1] }
			{^again$} { expect -re {ready\r+\n} }
			default { send -- $key }
		}
	}
	expect {
		-re {((?:got|length|queued)[^\r]*)\r+\n} { set line $expect_out(1,string) }
		timeout { give_up "terminal $arguments does not read: [heard]" }
	}
	expect -re $prompt
	return $line
}

encoding system utf-8
set disk $work/disk.img
make_disk $disk terminal
ok [boot --disk $disk] "boots"

# Editing a line.
is [typing line [list "abc\r"]] "got 4: 61 62 63 0a" "a line ends with a newline for the return key"
is [typing line [list "abX\177c\r"]] "got 4: 61 62 63 0a" "VERASE takes a character back"
is [typing line [list "\177\177a\r"]] "got 2: 61 0a" "and none where there is none"
is [typing line [list "\u00e9\u20ac\177x\r"]] "got 4: c3 a9 78 0a" "a character of UTF-8 as a whole"
is [typing line [list "one two  \027x\r"]] "got 6: 6f 6e 65 20 78 0a" "VWERASE takes a word"
is [typing line [list "gone\025x\r"]] "got 2: 78 0a" "VKILL takes the line"
is [typing line [list "\026\003\026\177\026\004\r"]] "got 4: 03 7f 04 0a" "VLNEXT takes their meaning from keys"
is [typing line [list "ab\004"]] "got 2: 61 62" "VEOF hands out what was typed"
is [typing line [list "\004"]] "got 0:" "or nothing: the end of the file"
is [typing exact [list "ab\004"]] "got 2, then -1 EAGAIN" "and is no end of the file behind a full buffer"
is [typing long [list "[string repeat x 5000]\r"]] "length 4096" "a line has at most 4,096 bytes, its end included"
is [typing long [list "[string repeat x 5000]\177\177\r"]] "length 4094" "and can be edited when it is full"
is [typing late [list "lost\r" "again" "kept\r"]] "got 5: 6b 65 70 74 0a" "TCSAFLUSH forgets what was typed"
is [typing queue [list "1234\r" "5"]] "queued 5" "FIONREAD counts lines, not what is being edited"

# What the screen shows.
send -- "terminal line\r"
expect -re {ready\r+\n}
send -- "a\005b\177\177\tc\177\177d\r"
expect -re {([^\n]*?)\r+\ngot}
is $expect_out(1,string) "a^Eb\b \b\b \b\b \b\tc\b \b[string repeat "\b \b" 7]d" \
	"control characters and tabs are erased as wide as they were shown"
expect -re $prompt

# Bytes as they come.
is [typing "raw 1 0" [list "\003"]] "got 1: 03" "without ISIG Ctrl-C is a byte"
is [typing "raw 1 0" [list "\r"]] "got 1: 0d" "without ICRNL the return key is itself"
is [typing "raw 3 0" [list "a" "pause 300" "b" "pause 300" "c"]] "got 3: 61 62 63" "VMIN waits for so many"
is [typing "raw 0 3" [list]] "got 0:" "VTIME alone gives up"
is [typing "raw 0 50" [list "pause 300" "x"]] "got 1: 78" "or gets the first byte"
is [typing "raw 5 20" [list "ab"]] "got 2: 61 62" "VMIN and VTIME end with a pause"
is [typing "raw 0 0" [list]] "got 0:" "neither waits for nothing"
is [typing switch [list "\026" "pause 1000" "x"]] "got 1: 78" "VLNEXT's promise ends with the mode"
is [shell "terminal two"] "second killed\n" "who waits for another reader can be killed"
is [shell "terminal nonblock"] "read -1 EAGAIN, poll 1 out\n" "O_NONBLOCK and poll"

# Sessions and groups.
like [shell "terminal session"] \
	{tty 1, group 1, session 1, /dev/tty 1, no such group: No such process, new session: not its, opened: No such device or address} \
	"the terminal belongs to the session"
is [shell "terminal size"] "30 x 100, signals 1\n" "TIOCSWINSZ tells the foreground group, once"
send -- "sleep 100\r"
after 500
like [key_to_prompt "\032"] {Stopped} "Ctrl-Z stops a job"
send -- "fg\r"
after 500
key_to_prompt "\034"
is [shell "echo \$?"] "131\n" "Ctrl-\\ ends it with SIGQUIT"
shell "cat &"
like [shell_until jobs {Stopped.*cat}] {Stopped.*cat} "a background job that reads is stopped"
shell "kill -KILL %1; wait"
like [shell "terminal output &"] {} "a background job that changes the terminal"
like [shell_until jobs {Stopped.*terminal}] {Stopped.*terminal} "is stopped too"
shell "kill -KILL %1; wait"
# The notice that the job before was killed may come before this prompt or the next.
like [shell "terminal tostop"] {^(\[1\] Killed[^\n]*\n)?wrote, wrote, 0 22 0\n} "one that writes, with TOSTOP, unless it ignores SIGTTOU"

# Flow of output.
send -- "\023"
send -- "echo held\r"
after 700
expect *
set early $expect_out(buffer)
send -- "\021"
set late [until_prompt]
ok [expr {![regexp {held} $early]}] "Ctrl-S holds the output"
like "$early$late" {held} "Ctrl-Q lets it go on"
send -- "terminal output\r"
expect -re $prompt
like $expect_out(buffer) "a\r?\nb\tc\r?\n\ra\r+\nb       c\r+\n" "OPOST, ONLCR and tabs"

is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
done_testing
