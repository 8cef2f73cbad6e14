#!/usr/bin/perl
# The shell: a script, what it must print, its status, and what it must complain of.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Test::More;
use UserTest;

my @cases = (
	# Words and quotes
	['plain words', 'echo a   b c', "a b c\n"],
	['double quotes keep blanks', 'echo "a   b"', "a   b\n"],
	['single quotes keep everything', q{echo '$x `y` \\ "z"'}, "\$x `y` \\ \"z\"\n"],
	['backslash quotes one character', q{echo \$x a\ \ b \\\\}, "\$x a  b \\\n"],
	['backslash in double quotes', q{echo "\$x \"q\" \\\\ \n"}, "\$x \"q\" \\ \\n\n"],
	['quotes join words', q{echo a'b c'"d e"f}, "ab cd ef\n"],
	['empty arguments are kept', q{set -- "" '' a; echo $#}, "3\n"],
	['a continued line', "echo a\\\nb", "ab\n"],
	['a comment', "echo a # b\necho c#d", "a\nc#d\n"],
	['several commands on a line', 'echo a; echo b;', "a\nb\n"],
	['a long line', 'echo ' . ('x' x 100000) . ' | wc -c', "100001\n"],
	['many words', 'set -- ' . join(' ', 1 .. 20000) . '; echo $#', "20000\n"],
	['a quoted newline', "echo 'a\nb'", "a\nb\n"],

	# Variables
	['assignment and use', 'x=5; echo $x ${x}1', "5 51\n"],
	['an unset variable is empty', 'echo "[$nothing]"', "[]\n"],
	['assignment does not split', 'y="a  b"; x=$y; echo "$x"', "a  b\n"],
	['unquoted values are split', 'x="a  b"; set -- $x; echo $#', "2\n"],
	['quoted values are not', 'x="a  b"; set -- "$x"; echo $#', "1\n"],
	['default value', 'echo ${x:-a} ${x-b}; x=; echo "${x:-c}" "[${x-d}]"', "a b\nc []\n"],
	['default with blanks', 'set -- ${x:-a b}; echo $#; set -- "${x:-a b}"; echo $#', "2\n1\n"],
	['assigning default', 'echo ${x:=v} $x', "v v\n"],
	['alternative value', 'echo "[${x+set}]"; x=; echo "[${x+set}] [${x:+full}]"', "[]\n[set] []\n"],
	['error value', 'echo ${x:?is missing}; echo not', "", 2, qr/x: is missing/],
	['prefix removal', 'x=a/b/c; echo ${x#*/} ${x##*/}', "b/c c\n"],
	['suffix removal', 'x=a.b.c; echo ${x%.*} ${x%%.*}', "a.b a\n"],
	['a quoted pattern is literal', q{x='a*b'; echo "${x#"a*"}" ${x#'?'}}, "b a*b\n"],
	['length', 'x=hello; echo ${#x} ${#y}', "5 0\n"],
	['nested expansion', 'echo ${a:-${b:-${c:-deep}}}', "deep\n"],
	['IFS splits', 'IFS=:; x=a:b::c; set -- $x; echo $# "$3"', "4 \n"],
	['IFS with white space', 'IFS=" ,"; x="a , b,,c"; set -- $x; echo $# $1$2$4', "4 abc\n"],
	['empty IFS does not split', 'IFS=; x="a b"; set -- $x; echo $#', "1\n"],
	['unset', 'x=1; unset x; echo "[$x]"', "[]\n"],
	['readonly', 'readonly x=1; x=2; echo not', "", 2, qr/x: is read-only/],
	['export reaches programs', 'x=1; env | grep "^x="; export x; env | grep "^x="', "x=1\n"],
	['assignment for one command', 'x=1; x=2 env | grep "^x="; echo $x', "x=2\n1\n"],
	['assignment status', 'x=$(false); echo $?; x=a; echo $?', "1\n0\n"],
	['tilde', 'echo ~ ~/x "~" a~; x=~/y; echo $x', "/home/me /home/me/x ~ a~\n/home/me/y\n"],
	['set -u', 'set -u; echo $nothing; echo not', "", 2, qr/nothing: parameter not set/],

	# Parameters
	['positional parameters', 'set -- a b c; echo $# $1 $3 "$*"', "3 a c a b c\n"],
	['"$@" keeps arguments', 'set -- "a b" c; for i in "$@"; do echo "<$i>"; done', "<a b>\n<c>\n"],
	['"$@" of nothing is nothing', 'set --; set -- "$@"; echo $#', "0\n"],
	['"$*" of nothing is empty', 'set --; set -- "$*"; echo $#', "1\n"],
	['"x$@y"', 'set -- a b; for i in "x$@y"; do echo $i; done', "xa\nby\n"],
	['"$*" uses IFS', 'IFS=-; set -- a b c; echo "$*"', "a-b-c\n"],
	['shift', 'set -- a b c; shift; echo $*; shift 2; echo $#', "b c\n0\n"],
	['the tenth parameter', 'set -- 1 2 3 4 5 6 7 8 9 ten; echo ${10} $10', "ten 10\n"],
	['status', 'false; echo $?; true; echo $?; (exit 42); echo $?', "1\n0\n42\n"],
	['process numbers', 'test $$ -gt 0 && x=$(echo $$) && test $x = $$ && echo same', "same\n"],

	# Substitution
	['command substitution', 'echo [$(echo a; echo b)]', "[a b]\n"],
	['it drops last newlines only', 'echo "[$(printf "a\n\nb\n\n\n")]"', "[a\n\nb]\n"],
	['nested substitution', 'echo $(echo $(echo $(echo deep)))', "deep\n"],
	['backquotes', 'echo `echo a` "`echo "b c"`"', "a b c\n"],
	['nested backquotes', 'echo `echo \`echo in\``', "in\n"],
	['substitution with quotes inside', 'echo "$(echo "a  b")"', "a  b\n"],
	['substitution with case inside', 'echo $(case x in x) echo yes;; esac)', "yes\n"],
	['empty substitution', 'echo [$()] [$(true)]', "[] []\n"],
	['large substitution', 'x=$(seq 1 20000); echo ${#x}', "108893\n"],
	['arithmetic', 'echo $((1+2*3)) $(((1+2)*3)) $((7/2)) $((-7%3)) $((1<<10))', "7 9 3 -1 1024\n"],
	['arithmetic with variables', 'x=5; y=$((x*x+$x)); echo $y $((x=3)) $x $((x+=4)) $x', "30 3 3 7 7\n"],
	['arithmetic logic', 'echo $((3>2&&1)) $((0||0)) $((!5)) $((5==5?10:20)) $((~0)) $((0x10)) $((6&3|8^1))',
	 "1 0 0 10 -1 16 11\n"],
	['division by zero', 'echo $((1/0)); echo not', "", 2, qr/division by zero/],

	# Redirection
	['output and input', 'echo hi > f; cat < f; cat f', "hi\nhi\n"],
	['append', 'echo a > f; echo b >> f; cat f', "a\nb\n"],
	['standard error', 'ls /nonexistent 2> f; test -s f && echo caught', "caught\n"],
	['2>&1', 'ls /nonexistent 2>&1 | grep -c nonexistent', "1\n"],
	['order of redirections', 'ls /nonexistent > f 2>&1; wc -l < f | tr -d " "', "1\n"],
	['numbered descriptors', 'exec 3> f; echo x >&3; exec 3>&-; cat f', "x\n"],
	['reading a descriptor', 'echo line > f; exec 4< f; read x <&4; echo $x', "line\n"],
	['redirections around a group', '{ echo a; echo b; } > f; cat f', "a\nb\n"],
	['redirections around a loop', 'for i in 1 2; do echo $i; done > f; cat f', "1\n2\n"],
	['a loop reads a file', 'printf "a 1\nb 2\n" > f; while read x y; do echo $y$x; done < f', "1a\n2b\n"],
	['redirection of a builtin is undone', 'echo a > f; echo b; cat f', "b\na\n"],
	['a missing file', 'cat < nofile; echo $?', "1\n", 0, qr/nofile: No such file/],
	['redirection alone makes a file', '> f; test -f f && echo made', "made\n"],
	['a target with blanks', 'x="a b"; echo hi > "$x"; cat "a b"', "hi\n"],
	['read and write', 'echo abc > f; exec 3<> f; echo X >&3; cat f; exec 3>&-', "X\nc\n"],
	['here-document', "x=5; cat <<E\na \$x \$(echo sub)\n\\\$y\nE\necho after", "a 5 sub\n\$y\nafter\n"],
	['quoted here-document', "cat <<'E'\n\$x `y`\nE", "\$x `y`\n"],
	['here-document without tabs', "cat <<-E\n\t\ta\n\tE", "a\n"],
	['two here-documents', "cat <<A; cat <<B\none\nA\ntwo\nB", "one\ntwo\n"],
	['large here-document', "cat <<E | wc -c | tr -d ' '\n" . ("0123456789\n" x 10000) . "E", "110000\n"],

	# Pipelines and lists
	['pipeline', 'echo c a b | tr " " "\n" | sort | head -n 1', "a\n"],
	['pipeline status is the last one', 'false | true; echo $?; true | false; echo $?', "0\n1\n"],
	['negation', '! true; echo $?; ! false; echo $?', "1\n0\n"],
	['and, or', 'true && echo a || echo b; false && echo c || echo d', "a\nd\n"],
	['a writer without a reader ends', 'seq 1 1000000 | head -n 1', "1\n"],
	['long pipeline', 'echo x | ' . join(' | ', ('cat') x 10), "x\n"],
	['builtins in pipelines', 'echo a b | { read x y; echo $y $x; }', "b a\n"],
	['background', 'sleep 0.1 & echo first; wait; echo second', "first\nsecond\n"],
	['status of a background job', '(exit 3) & wait $!; echo $?', "3\n"],
	['and-or in the background', 'true && echo bg & wait; echo done', "bg\ndone\n"],
	['pipeline over lines', "echo a |\ncat &&\necho b", "a\nb\n"],

	# Compound commands
	['if', 'if true; then echo a; else echo b; fi; if false; then echo a; else echo b; fi', "a\nb\n"],
	['elif', 'x=2; if [ $x = 1 ]; then echo one; elif [ $x = 2 ]; then echo two; else echo no; fi', "two\n"],
	['status of if', 'if false; then echo; fi; echo $?', "0\n"],
	['while', 'i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done', "0\n1\n2\n"],
	['until', 'i=3; until [ $i = 0 ]; do i=$((i-1)); done; echo $i', "0\n"],
	['for', 'for i in a "b c" d; do echo $i; done', "a\nb c\nd\n"],
	['for over nothing', 'for i in; do echo no; done; echo $?', "0\n"],
	['for over the arguments', 'set -- x y; for i do echo $i; done', "x\ny\n"],
	['break and continue', 'for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done', "1\n3\n"],
	['break of two loops', 'for i in 1 2; do for j in a b; do echo $i$j; break 2; done; done; echo end', "1a\nend\n"],
	['continue of the outer loop', 'for i in 1 2; do for j in a b; do echo $i$j; continue 2; done; done', "1a\n2a\n"],
	['case', 'for w in apple bat 7 ""; do case $w in a*) echo A;; b?t|c) echo B;; [0-9]) echo N;; *) echo "?";; esac; done',
	 "A\nB\nN\n?\n"],
	['case with quoted patterns', q{case '*' in '*') echo star;; esac; case ab in 'a*') echo no;; *) echo yes;; esac}, "star\nyes\n"],
	['subshell', 'x=1; (x=2; echo $x); echo $x', "2\n1\n"],
	['subshell and directory', 'mkdir d; (cd d; basename $(pwd)); test -d d && echo back', "d\nback\n"],
	['group', '{ x=2; }; echo $x', "2\n"],
	['function', 'f() { echo $1 $#; return 3; }; f a b; echo $?', "a 2\n3\n"],
	['recursive function', 'f() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(f $(($1-1))) )); fi; }; f 5', "120\n"],
	['local variables', 'x=1; f() { local x=2; echo $x; }; f; echo $x', "2\n1\n"],
	['functions redefine themselves', 'f() { echo a; f() { echo b; }; }; f; f; unset -f f; f 2>&1 | grep -c found', "a\nb\n1\n"],
	['a function with redirection', 'f() { echo in; } > f; f; cat f', "in\n"],
	['deep nesting', ('{ ' x 200) . 'echo deep; ' . ('} ; ' x 200), "deep\n"],

	# File names
	['star', 'touch b a .h; echo *', "a b\n"],
	['question mark and set', 'touch a1 a2 b1; echo a? [!a]*', "a1 a2 b1\n"],
	['directories', 'mkdir -p x/1 y/2; touch x/1/f y/2/f; echo */*/f', "x/1/f y/2/f\n"],
	['hidden files', 'touch .a .b; echo .[ab]', ".a .b\n"],
	['no match stays', 'echo no*such', "no*such\n"],
	['quoted stars stay', q{touch a; echo "*" '*' \*}, "* * *\n"],
	['names from a variable', 'touch a b; x="*"; echo $x "$x"', "a b *\n"],
	['set -f', 'touch a; set -f; echo *', "*\n"],

	# Builtins
	['cd and pwd', 'mkdir d; cd d; basename "$(pwd)"; basename "$PWD"; cd ..; cd - > /dev/null; basename "$(pwd)"', "d\nd\nd\n"],
	['cd to nowhere', 'cd /nonexistent; echo $?', "1\n", 0, qr/\/nonexistent: No such file/],
	['read', 'printf "a b c\n" | { read x y; echo "[$x][$y]"; }', "[a][b c]\n"],
	['read -r', 'printf "a\\\\\\\\b\n" | { read -r x; printf "%s\n" "$x"; }', "a\\b\n"],
	['read joins lines', q{printf 'a\\\\\nb\n' | { read x; echo $x; }}, "ab\n"],
	['read at the end', 'read x < /dev/null; echo $?', "1\n"],
	['read with IFS', 'echo a:b:c | { IFS=: read x y; echo $x $y; }', "a b:c\n"],
	['eval', q{x='echo $y'; y=5; eval $x; eval "z=3"; echo $z}, "5\n3\n"],
	['dot', "echo 'x=7; echo in \$x' > f; . ./f; echo \$x", "in 7\n7\n"],
	['dot returns', "echo 'return 4; echo not' > f; . ./f; echo \$?", "4\n"],
	['exit', 'exit 7; echo not', "", 7],
	['exit of a subshell', '(exit 7); echo $?', "7\n"],
	['exec replaces', 'exec echo gone; echo not', "gone\n"],
	['test', 'test a = a && [ 1 -lt 2 ] && [ ! -e /x ] && [ -d / -a -n x ] && echo yes', "yes\n"],
	['test of odd words', 'x=-n; [ "$x" ] && [ "$x" = -n ] && [ ! "" ] && echo yes; [ ! = ! ] && echo eq', "yes\neq\n"],
	['test complains', '[ a -eq 1 ]; echo $?', "2\n", 0, qr/a: not a number/],
	['trap EXIT', 'trap "echo bye" EXIT; echo hi', "hi\nbye\n"],
	['trap of a signal', 'trap "echo got" USR1; kill -USR1 $$; echo after', "got\nafter\n"],
	['ignored signals', "trap '' TERM; kill -TERM \$\$; echo alive", "alive\n"],
	['set -e', 'set -e; false || true; if false; then :; fi; echo a; false; echo not', "a\n", 1],
	['set -x', 'set -x; echo a b', "a b\n", 0, qr/^\+ echo a b$/],
	['umask', 'umask 077; touch f; ls -l f | head -c 10; echo', "-rw-------\n"],
	['printf', q{printf '%s-%d|%5s|%-5s|%03d|%x\n' a 7 r l 5 255; printf '%s ' 1 2 3; printf '\n'}, "a-7|    r|l    |005|ff\n1 2 3 \n"],
	['command -v', 'command -v cd; command -v nosuch; echo $?', "cd\n127\n"],
	['kill and wait', 'sleep 100 & kill $!; wait $!; echo $?', "143\n"],

	# Errors
	['command not found', 'nosuchcommand; echo $?', "127\n", 0, qr/nosuchcommand: not found/],
	['not a program', 'touch f; ./f; echo $?', "126\n", 0, qr/f: Permission denied/],
	['a directory is not a program', 'mkdir d; ./d; echo $?', "126\n", 0, qr/d: Permission denied/],
	['unexpected word', 'echo a; fi', "", 2, qr/syntax error: unexpected "fi"/],
	['unexpected operator', 'echo a | | b', "", 2, qr/syntax error: unexpected "\|"/],
	['missing fi', 'if true; then echo a', "", 2, qr/syntax error: unexpected end of input, "fi" is missing/],
	['missing quote', 'echo "abc', "", 2, qr/no closing double quote/],
	['missing parenthesis', 'echo $(echo a', "", 2, qr/no closing parenthesis/],
	['bad substitution', 'echo ${x!y}', "", 2, qr/bad substitution/],
	['empty body', 'if true; then fi', "", 2, qr/syntax error/],
	['too deep', '(' x 5000, "", 2, qr/nested too deeply/],
	['killed by a signal', 'sh -c \'kill -SEGV $$\'; echo $?', "139\n", 0, qr/Segmentation fault/],
);

for my $case (@cases) {
	my ($name, $script, $out, $status, $err) = @$case;
	in_scratch();
	$err = qr// if $ENV{REFEREE};
	check($name, [run_shell($script)], $out, $status, $err);
}

# Scripts from files and standard input
in_scratch();
spew('script', "echo \$0 \$# \$1\nnosuch\nif\n");
check('a script with arguments, messages with line numbers', [run_tool('sh', ['script', 'a b'])],
      "script 1 a b\n", 2, qr/script: line 2: nosuch: not found\nscript: line \d: syntax error/);
check('a script that is not there', [run_tool('sh', ['nofile'])], '', 127, qr/nofile: No such file/);
check('-c with a name and arguments', [run_tool('sh', ['-c', 'echo $0 $1', 'me', 'x'])], "me x\n");
check('commands from standard input', [run_tool('sh', [], "echo a\necho b")], "a\nb\n");
check('commands read what follows them', [run_tool('sh', [], "read x\nthe line\necho got \$x\ncat\nrest\n")],
      "got the line\nrest\n");
check('an unknown option', [run_tool('sh', ['-Z'])], '', 2, qr/usage/);
spew('noshebang', "echo run by sh \$1\n");
chmod 0755, 'noshebang';
check('a file without #! is a script', [run_shell('./noshebang x')], "run by sh x\n");

done_testing();
