#!/bin/bash
# Flavours: programs of test/xv6, written to each flavour's headers, do what docs/xv6.md says, and the tool
# says what is wrong with those that cannot run.
. "$(dirname "$0")/lib.sh"

xv6=$root/test/xv6

mv6_xv6() {
	run "$mv6" xv6 -m "$machine" "$@"
}

# results NAME STATUS COUNT: what a program printed counts, line by line.
results() {
	local name=$1 expected=$2 count=$3 line lines=0
	while IFS= read -r line; do
		case $line in
		'ok - '*) result ok "$name: ${line#ok - }" ;;
		'not ok - '*) result 'not ok' "$name: ${line#not ok - }" ;;
		*) diag "$name printed: $line"; continue ;;
		esac
		lines=$((lines + 1))
	done <<<"$out"
	is "$lines" "$count" "$name: all its results"
	is "$status" "$expected" "$name: status"
	is "$err" '' "$name: nothing on standard error"
}

# --- each flavour's functions and constants ---

input=$'one line\nfourteen\nend'
mv6_xv6 "$xv6/x86.c" 'two words' '' < <(printf %s "$input")
results x86 0 92
like "$out" $'ok - printf -5 0 BEEF 1234 text .null. c % %q\n' 'x86: printf'
like "$out" $'ok - the smallest -2147483648 FFFFFFFF\n' 'x86: printf of large numbers'
mv6_xv6 "$xv6/riscv.c" 7 < <(printf %s "$input")
results riscv 7 119
like "$out" $'ok - printf -5 4000000000 BEEF 0x0000000000001234 text .null. c % %q\n' 'riscv: printf'
like "$out" $'ok - long -5 1099511627776 BEEF00000000 -6 7 8\n' 'riscv: printf of long numbers'
like "$out" $'ok - %l alone: 21474836480, 6 and on\n' 'riscv: %l'
mv6_xv6 --flavour riscv-lazy "$xv6/lazy.c" </dev/null
results riscv-lazy 0 7
mv6_xv6 --flavour riscv-early "$xv6/early.c" </dev/null
results riscv-early 0 4
like "$out" 'ok - printf -5 0x0000000000001234 21474836480 text' 'riscv-early: printf'
mv6_xv6 --flavour x86-anon "$xv6/anon.c" </dev/null
results x86-anon 0 6
mv6_xv6 "$xv6/file.c" </dev/null
results x86-file 0 16
mv6_xv6 "$xv6/flags.c" </dev/null
results x86-flags 0 27
mv6_xv6 --ktest --flavour x86-anon "$xv6/kmalloc.c" testing </dev/null
like "$err" 'invalid free of 0x10' 'kmfree of what is no block: the kernel says so'
err=
results 'kmalloc, testing boot' 0 3
mv6_xv6 --flavour x86-flags "$xv6/kmalloc.c" </dev/null
like "$out" '--ktest' 'kmalloc, another boot: the message names the option'
like "$out" 'ok - there is no kmalloc' 'and it fails'

# --- the tool ---

status_of() {
	local expected=$1 name=$2
	shift 2
	mv6_xv6 "$@" </dev/null
	is "$status" "$expected" "$name"
}

status_of 2 'an unknown flavour' --flavour nothing "$xv6/x86.c"
like "$err" 'no flavour "nothing"; there is: .*riscv.* x86' 'the flavours there are'
status_of 127 'no such program' "$work/none.c"
like "$err" 'no such file' 'said in a sentence'
echo 'int main(void) { return undeclared; }' >"$work/wrong.c"
status_of 125 'a program that does not compile' "$work/wrong.c"
like "$err" 'undeclared.*does not compile as a program of flavour x86' "the compiler's words, and ours"
printf '#include "mman.h"\n#include "mmap.h"\nint main(void) { return 0; }\n' >"$work/both.c"
status_of 2 'a program of two flavours' "$work/both.c"
like "$err" 'flavours: x86-file x86-flags' 'which are named'
cp "$work/wrong.c" "$work/etc.c"
status_of 2 'a program with the name of a folder' "$work/etc.c"
printf '#include "types.h"\n#include "user.h"\nint main(void) { for (;;) ; }\n' >"$work/spin.c"
status_of 124 'a time limit' --time-limit 3 "$work/spin.c"
like "$err" 'time limit' 'said in a sentence'
cat >"$work/with.c" <<'C'
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
int main(void)
{
	char text[3] = "";
	int fd = open("a-file-with-a-long-name", 0);

	read(fd, text, 2);
	printf("%s\n", text);
	exit(fd < 0);
}
C
echo hi >"$work/a-file-with-a-long-name"
status_of 0 '--with a file of a long name' --with "$work/a-file-with-a-long-name" "$work/with.c"
is "$out" hi 'it is in the root folder'

cat >"$work/own.c" <<'C'
#include "types.h"
#include "user.h"
void printf(int fd, const char *s, ...) { write(fd, s, strlen(s)); write(fd, "!", 1); }
uint strlen(const char *s) { return 3; }
int main(void) { printf(1, "hello %d"); exit(); }
C
status_of 0 "a program's own printf and strlen" "$work/own.c"
is "$out" 'hel!' 'are taken'

cat >"$work/beyond.c" <<'C'
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
static char here[500], there[500];
int shared;
int main(void)
{
	char *last = here > there ? here : there, *p;

	if ((char *)&shared > last)
		last = (char *)&shared;
	memset(last, 'x', 4000);
	p = malloc(5000);
	memset(p, 'y', 5000);
	free(p);
	if (fork() == 0)
		exit(unlink("none") == -1 ? 5 : 6);
	wait(&shared);
	printf("after: %d\n", shared);
	exit(0);
}
C
status_of 0 'a program that writes beyond its last variable' "$work/beyond.c"
is "$out" 'after: 5' 'meets nothing that it needs'

printf '#include "kernel/types.h"\n#include "user/user.h"\nint main(int n, char **v) { exit(atoi(v[1])); }\n' \
	>"$work/status.c"
status_of 44 'a status of more than eight bits' "$work/status.c" 300

cat >"$work/left.c" <<'C'
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
int main(void)
{
	int fds[2], more[2];
	char c;

	pipe(fds);
	pipe(more);
	if (fork() == 0) {
		close(fds[1]);
		read(fds[0], &c, 1);
		pause(10);
		if (fork() == 0) {
			close(more[1]);
			read(more[0], &c, 1);
			pause(5);
			printf("grandchild\n");
		} else {
			printf("child\n");
		}
		exit(1);
	}
	printf("parent\n");
	exit(3);
}
C
status_of 3 'a program that leaves processes behind' "$work/left.c"
is "$out" $'parent\nchild\ngrandchild' 'which end by themselves'

# --- the programs of course/programs are on the disk ---

printf '#!/bin/sh\ncd /root && tally 3 && grower\n' >"$work/script"
run "$mv6" exec -m "$machine" "$work/script" </dev/null
like "$out" 'the file has [0-9]+.10 pages from 60000000' 'programs of two flavours, by name in the shell'
is "$status" 0 'and their status'

# --- a flavour of one's own is a folder ---

mkdir "$work/tree"
cp -a "$root/course" "$root/kernel" "$root/tools" "$work/tree/" 2>/dev/null
cp -a "$work/tree/course/flavours/x86-file" "$work/tree/course/flavours/x86-mine"
mv "$work/tree/course/flavours/x86-mine/mman.h" "$work/tree/course/flavours/x86-mine/mine.h"
sed -i 's/mman\.h/mine.h/' "$work/tree/course/flavours/x86-mine/flavour"
echo '#include "mine.h"' >"$work/mine.c"
is "$(cd "$work/tree" && tools/xv6cc flavour "$work/mine.c")" x86-mine 'a copied flavour is found by its header'
like "$(cd "$work/tree" && tools/xv6cc chains)" 'x86-mine:x86' 'and builds on the same base'
done_testing
