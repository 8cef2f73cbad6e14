#!/usr/bin/expect -f
# A session at the terminal: what a shell's user takes for granted, and mmaptest.
source [file join [file dirname [info script]] lib.exp]

set disk $work/disk.img
make_disk $disk
ok [boot --disk $disk] "boots"

is [shell "echo one two | wc -w | cat"] "2\n" "a pipeline"
is [shell "echo c b a | cat | cat | grep b"] "c b a\n" "a longer one"
is [shell "echo kept > /root/file; cat < /root/file"] "kept\n" "redirections"
is [shell "echo more >> /root/file; cat /root/file"] "kept\nmore\n" "an appending one"
is [shell "echo 'a  b' \"c  d\" e\\ \\ f"] "a  b c  d e  f\n" "quotes"
is [shell "X=value; echo \"<\$X>\" '\$X'"] "<value> \$X\n" "a variable"
is [shell "ls /nowhere > /dev/null 2>&1 && echo yes || echo no"] "no\n" "&& and ||"
is [shell "ls / > /dev/null && echo yes || echo no"] "yes\n" "and the other way round"
is [shell "mkdir /root/d; cp /root/file /root/d/copy; ls /root/d; rm /root/d/copy"] "copy\n" "files"
is [shell "mv /root/file /root/d/moved; cat /root/d/moved"] "kept\nmore\n" "a renamed file"
is [shell "echo 'echo script \$1' > /tmp/s; sh /tmp/s argument"] "script argument\n" "a script"
like [shell "cat /nowhere"] {nowhere.*No such file} "an error has its text"

# Erase and kill characters of the line discipline.
send -- "echo wronh\177g\r"
is [until_prompt] "wrong\n" "the erase key"
send -- "nonsense\025echo clean\r"
is [until_prompt] "clean\n" "the key that kills a line"

send -- "sleep 100\r"
sleep 1
key_to_prompt "\003"
is [shell "echo still here"] "still here\n" "Ctrl-C interrupts a program, not the shell"
send -- "sleep 100 | cat\r"
sleep 1
key_to_prompt "\003"
is [shell "echo still here"] "still here\n" "and a pipeline"
send -- "echo never\003"
until_prompt
is [shell "echo a new line"] "a new line\n" "and drops a line that was typed"
send -- "cat\r"
sleep 1
send -- "typed\r"
expect -re {typed\s+typed\s}
send -- "\004"
until_prompt
is [shell "echo done"] "done\n" "Ctrl-D ends the input of a program"

like [shell "sleep 100 & echo started"] {started\n} "a background job"
like [shell_until ps {sleep}] {sleep} "runs meanwhile"
shell "kill \$!"
set listing [shell_until ps {^(?!.*sleep)}]
ok [expr {![regexp {sleep} $listing]}] "and ends when it is killed"

set lines [shell "mmaptest"]
foreach line {
	"test mmap f: OK" "test mmap private: OK" "test mmap read-only: OK" "test mmap read/write: OK"
	"test mmap dirty: OK" "test not-mapped unmap: OK" "test mmap two files: OK"
	"test mmap offset: OK" "test mmap half page: OK" "mmap_test: ALL OK" "fork_test OK"
	"mmaptest: all tests succeeded"
} {
	ok [expr {[string first "$line\n" $lines] >= 0}] "mmaptest: $line"
}
if {![regexp {all tests succeeded} $lines]} { diag $lines }
like [shell "vmmap"] {\[stack\]} "vmmap shows the shell's mappings"
like [shell "free"] {\d{4}} "free shows memory"

is [power_off] 0 "powers off"
check_disk $disk "the disk is clean"
done_testing
