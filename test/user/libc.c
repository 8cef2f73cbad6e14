/* The library, function by function. Prints TAP. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int tests, failures;

static void ok(bool condition, const char *name)
{
	tests++;
	failures += !condition;
	printf("%sok %d - %s\n", condition ? "" : "not ", tests, name);
}

static void is_string(const char *got, const char *want, const char *name)
{
	ok(strcmp(got, want) == 0, name);
	if (strcmp(got, want) != 0)
		printf("# got \"%s\", wanted \"%s\"\n", got, want);
}

/* printf */

#define FORMAT(want, ...) \
	do { \
		char buf[256]; \
		int n = snprintf(buf, sizeof(buf), __VA_ARGS__); \
		is_string(buf, want, "printf " #__VA_ARGS__); \
		ok(n == (int)strlen(want), "its length"); \
	} while (0)

static void test_printf(void)
{
	char small[4];
	char *volatile nothing = NULL;
	char *made;

	FORMAT("0 -1 2147483647 -2147483648", "%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
	FORMAT("4294967295 18446744073709551615", "%u %llu", UINT_MAX, ULLONG_MAX);
	FORMAT("-9223372036854775808", "%lld", LLONG_MIN);
	FORMAT("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, 255, 65535, 65535);
	FORMAT("ff FF 0xff 0XFF 17 017 0", "%x %X %#x %#X %o %#o %#x", 255, 255, 255, 255, 15, 15,
	       0);
	FORMAT("   42|42   |00042|+42| 42|-0042", "%5d|%-5d|%05d|%+d|% d|%05d", 42, 42, 42, 42, 42,
	       -42);
	FORMAT("  042|042  |", "%5.3d|%-5.3d|", 42, 42);
	FORMAT("  abc|abc  |ab|", "%5s|%-5s|%.2s|", "abc", "abc", "abc");
	FORMAT("    7|7    |  ab", "%*d|%-*d|%*.*s", 5, 7, 5, 7, 4, 2, "abc");
	FORMAT("7    |", "%*d|", -5, 7);
	FORMAT("c %", "%c %%", 'c');
	FORMAT("(null)", "%s", nothing);
	FORMAT("0x1234", "%p", (void *)0x1234);
	FORMAT("12 -3 4", "%zu %td %jd", (size_t)12, (ptrdiff_t)-3, (intmax_t)4);
	FORMAT("0x00ff", "%#06x", 255);
	FORMAT("|", "%.0d|", 0);
	ok(snprintf(small, sizeof(small), "%s", "abcdef") == 6 && strcmp(small, "abc") == 0,
	   "snprintf cuts");
	ok(snprintf(NULL, 0, "%d", 12345) == 5, "snprintf counts");
	ok(asprintf(&made, "%s-%d", "x", 1) == 3 && strcmp(made, "x-1") == 0, "asprintf");
	free(made);
}

/* Numbers */

static void test_numbers(void)
{
	char *end;

	ok(strtol("  -42abc", &end, 10) == -42 && strcmp(end, "abc") == 0, "strtol");
	ok(strtol("0x1f", NULL, 0) == 31 && strtol("017", NULL, 0) == 15 &&
		   strtol("z", NULL, 36) == 35,
	   "bases");
	ok(strtol("0x", &end, 16) == 0 && strcmp(end, "x") == 0, "0x without digits");
	ok(strtol("none", &end, 10) == 0 && strcmp(end, "none") == 0, "no number");
	errno = 0;
	ok(strtoll("9223372036854775807", NULL, 10) == LLONG_MAX && errno == 0, "the largest");
	ok(strtoll("-9223372036854775808", NULL, 10) == LLONG_MIN && errno == 0, "the smallest");
	ok(strtoll("9223372036854775808", NULL, 10) == LLONG_MAX && errno == ERANGE, "too large");
	errno = 0;
	ok(strtoll("-99999999999999999999", NULL, 10) == LLONG_MIN && errno == ERANGE, "too small");
	errno = 0;
	ok(strtoull("18446744073709551615", NULL, 10) == ULLONG_MAX && errno == 0,
	   "the largest unsigned");
	ok(strtoull("18446744073709551616", NULL, 10) == ULLONG_MAX && errno == ERANGE,
	   "too large unsigned");
	errno = 0;
	ok(strtol("1", NULL, 1) == 0 && errno == EINVAL, "a wrong base");
	ok(strtoul("-1", NULL, 10) == ULONG_MAX, "minus one unsigned");
	ok(atoi("12x") == 12, "atoi");
}

/* Strings */

/* memmove of every length and distance in a small window, against a byte loop. */
static bool memmove_agrees(void)
{
	unsigned char a[128], b[128], tmp[128];

	for (size_t from = 0; from < 40; from++) {
		for (size_t to = 0; to < 40; to++) {
			for (size_t n = 0; n < 80; n += 3) {
				for (size_t i = 0; i < sizeof(a); i++)
					a[i] = b[i] = (unsigned char)(i * 7);
				memmove(a + to, a + from, n);
				for (size_t i = 0; i < n; i++)
					tmp[i] = b[from + i];
				for (size_t i = 0; i < n; i++)
					b[to + i] = tmp[i];
				for (size_t i = 0; i < sizeof(a); i++)
					if (a[i] != b[i])
						return false;
			}
		}
	}
	return true;
}

static bool memset_agrees(void)
{
	unsigned char a[64];

	for (size_t start = 0; start < 20; start++) {
		for (size_t n = 0; n < 40; n++) {
			for (size_t i = 0; i < sizeof(a); i++)
				a[i] = 1;
			memset(a + start, 0xab, n);
			for (size_t i = 0; i < sizeof(a); i++)
				if (a[i] != (i >= start && i < start + n ? 0xab : 1))
					return false;
		}
	}
	return true;
}

static void test_strings(void)
{
	char buf[64], *save, *p;

	ok(memmove_agrees(), "memmove");
	ok(memset_agrees(), "memset");
	ok(memcmp("abc\200", "abc\100", 4) > 0 && memcmp("abcdefgh", "abcdefgi", 8) < 0, "memcmp");
	ok(strcmp("a", "b") < 0 && strcmp("ab", "a") > 0 && strcmp("", "") == 0, "strcmp");
	ok(strncmp("abc", "abd", 2) == 0 && strcasecmp("AbC", "aBc") == 0,
	   "strncmp and strcasecmp");
	is_string(strcpy(buf, "hello"), "hello", "strcpy");
	is_string(strcat(buf, " world"), "hello world", "strcat");
	is_string(strncat(buf, "!?", 1), "hello world!", "strncat");
	ok(strchr(buf, 'o') == buf + 4 && strrchr(buf, 'o') == buf + 7 && !strchr(buf, 'z'),
	   "strchr and strrchr");
	ok(strchr(buf, 0) == buf + 12 && strchrnul(buf, 'z') == buf + 12, "the end of a string");
	ok(strstr(buf, "wor") == buf + 6 && !strstr(buf, "word") && strstr(buf, "") == buf,
	   "strstr");
	ok(strspn("aabbc", "ab") == 4 && strcspn("aabbc", "c") == 4, "strspn and strcspn");
	strcpy(buf, ",,a,b,,c");
	is_string(strtok_r(buf, ",", &save), "a", "strtok_r 1");
	is_string(strtok_r(NULL, ",", &save), "b", "strtok_r 2");
	is_string(strtok_r(NULL, ",", &save), "c", "strtok_r 3");
	ok(!strtok_r(NULL, ",", &save), "strtok_r at the end");
	strcpy(buf, "a::b");
	p = buf;
	strsep(&p, ":");
	is_string(strsep(&p, ":"), "", "strsep gives empty fields");
	strncpy(buf, "ab", 5);
	ok(memcmp(buf, "ab\0\0\0", 5) == 0, "strncpy fills");
	ok(isalpha('q') && !isalpha('1') && isspace('\v') && ispunct('!') && !isprint(200) &&
		   toupper('x') == 'X',
	   "ctype");
	is_string(strerror(ENOENT), "No such file or directory", "strerror");
	is_string(strerror(9999), "Unknown error 9999", "strerror of nonsense");
	is_string(strsignal(SIGSEGV), "Segmentation fault", "strsignal");
	ok(signal_number("SIGTERM") == SIGTERM && signal_number("term") == SIGTERM &&
		   signal_number("x") == -1,
	   "signal_number");
}

static void test_fnmatch(void)
{
	static const struct {
		const char *pattern, *text;
		int flags, result;
	} cases[] = {
		{ "*", "", 0, 0 },
		{ "a*c", "abbbc", 0, 0 },
		{ "a*c", "abbb", 0, 1 },
		{ "?", "", 0, 1 },
		{ "[a-c]x", "bx", 0, 0 },
		{ "[!a-c]x", "bx", 0, 1 },
		{ "[]]", "]", 0, 0 },
		{ "[a-]", "-", 0, 0 },
		{ "\\*", "*", 0, 0 },
		{ "\\*", "a", 0, 1 },
		{ "*a*b*c*", "xxaxxbxxcxx", 0, 0 },
		{ "*", "a/b", FNM_PATHNAME, 1 },
		{ "*/b", "a/b", FNM_PATHNAME, 0 },
		{ "*", ".x", FNM_PERIOD, 1 },
		{ ".*", ".x", FNM_PERIOD, 0 },
		{ "[[:digit:]]*", "7up", 0, 0 },
		{ "[", "[", 0, 0 },
		{ "*.c", "a.c.c", 0, 0 },
		{ "a**b", "ab", 0, 0 },
		{ "*b*a", "bbbbbbbbbb", 0, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[64];

		snprintf(name, sizeof(name), "fnmatch %s %s", cases[i].pattern, cases[i].text);
		ok(fnmatch(cases[i].pattern, cases[i].text, cases[i].flags) == cases[i].result,
		   name);
	}
}

/* Sorting */

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/* Every element of the big structure carries its key along. */
struct big {
	int key;
	char body[101];
};

static bool sort_works(size_t n, int kind)
{
	int *a = malloc((n + 1) * sizeof(*a));
	long long sum = 0, after = 0;
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		a[i] = (int[]){ rand(), (int)i, (int)(n - i), rand() % 3 }[kind];
		sum += a[i];
	}
	qsort(a, n, sizeof(*a), compare_ints);
	for (size_t i = 0; i < n; i++) {
		after += a[i];
		good &= i == 0 || a[i - 1] <= a[i];
	}
	free(a);
	return good && sum == after;
}

static void test_sort(void)
{
	struct big *b = malloc(500 * sizeof(*b));
	int keys[] = { 1, 3, 5, 7 }, key = 5;
	bool good = true;

	for (size_t n = 0; n < 40; n++)
		for (int kind = 0; kind < 4; kind++)
			good &= sort_works(n, kind);
	ok(good && sort_works(10000, 0) && sort_works(10000, 1) && sort_works(10000, 2) &&
		   sort_works(10000, 3),
	   "qsort");
	for (int i = 0; i < 500; i++) {
		b[i].key = rand();
		memset(b[i].body, b[i].key & 0xff, sizeof(b[i].body));
	}
	qsort(b, 500, sizeof(*b), compare_ints);
	for (int i = 0; i < 500; i++)
		good &= (i == 0 || b[i - 1].key <= b[i].key) &&
			(b[i].body[100] & 0xff) == (b[i].key & 0xff);
	ok(good, "qsort of large elements");
	free(b);
	ok(bsearch(&key, keys, 4, sizeof(int), compare_ints) == &keys[2], "bsearch");
	key = 4;
	ok(!bsearch(&key, keys, 4, sizeof(int), compare_ints), "bsearch of what is not there");
}

/* The heap */

struct live {
	unsigned char *p;
	size_t size;
	unsigned char pattern;
};

static bool intact(const struct live *l)
{
	for (size_t i = 0; i < l->size; i++)
		if (l->p[i] != (unsigned char)(l->pattern + i))
			return false;
	return true;
}

static void fill(struct live *l, size_t from)
{
	for (size_t i = from; i < l->size; i++)
		l->p[i] = (unsigned char)(l->pattern + i);
}

static size_t random_size(void)
{
	switch (rand() % 8) {
	case 0: return (size_t)rand() % 8;
	case 1: return (size_t)rand() % 100000;
	case 2: return (size_t)rand() % 4000;
	case 3: return rand() % 20 == 0 ? (size_t)rand() % 1000000 : 100;
	default: return (size_t)rand() % 300;
	}
}

static bool heap_stress(int rounds)
{
	static struct live live[400];

	for (int round = 0; round < rounds; round++) {
		struct live *l = &live[rand() % 400];
		size_t old = l->size;

		if (l->p && !intact(l))
			return false;
		if (l->p && rand() % 3 == 0) {
			l->size = random_size();
			l->p = realloc(l->p, l->size);
			if (!l->p)
				return false;
			if (l->size < old)
				old = l->size;
			fill(l, old);
		} else if (l->p) {
			free(l->p);
			l->p = NULL;
		} else {
			l->size = random_size();
			l->pattern = (unsigned char)rand();
			l->p = malloc(l->size);
			if (!l->p || (uintptr_t)l->p % 16 != 0 ||
			    malloc_usable_size(l->p) < l->size)
				return false;
			fill(l, 0);
		}
		if (l->p && !intact(l))
			return false;
	}
	for (int i = 0; i < 400; i++) {
		if (live[i].p && !intact(&live[i]))
			return false;
		free(live[i].p);
		live[i].p = NULL;
	}
	return true;
}

/*
 * Freed neighbours must join: all memory of many small pieces serves one large piece, without
 * growth.
 */
static bool coalesces(void)
{
	static void *pieces[2000];
	char *before, *after;

	for (int i = 0; i < 2000; i++)
		pieces[i] = malloc(90);
	for (int i = 0; i < 2000; i += 2)
		free(pieces[i]);
	for (int i = 1; i < 2000; i += 2)
		free(pieces[i]);
	before = sbrk(0);
	for (int i = 0; i < 50; i++) {
		void *p = malloc(150000);

		if (!p)
			return false;
		free(p);
	}
	after = sbrk(0);
	return before == after;
}

static bool dies_of_abort(void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(2);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void free_twice(void)
{
	void *volatile p = malloc(100);

	malloc(100);
	free(p);
	free(p);
}

static void free_inside(void)
{
	char *volatile p = malloc(100);

	free(p + 8);
}

static void test_heap(void)
{
	unsigned char *p;
	bool zero = true;

	srand(12345);
	ok(heap_stress(60000), "malloc, realloc and free at random keep all bytes");
	ok(heap_stress(20000), "again, in a used heap");
	ok(coalesces(), "free joins neighbours");
	p = malloc(5000);
	memset(p, 0xff, 5000);
	free(p);
	p = calloc(50, 100);
	for (int i = 0; i < 5000; i++)
		zero &= p[i] == 0;
	ok(zero, "calloc clears");
	free(p);
	errno = 0;
	ok(!malloc(SIZE_MAX - 10) && errno == ENOMEM, "malloc of too much");
	errno = 0;
	ok(!calloc(SIZE_MAX / 2, 4) && errno == ENOMEM, "calloc that overflows");
	p = malloc(0);
	ok(p != NULL, "malloc of nothing");
	free(p);
	free(NULL);
	p = realloc(NULL, 10);
	ok(p != NULL, "realloc of nothing");
	free(p);
	ok(dies_of_abort(free_twice), "a double free is found");
	ok(dies_of_abort(free_inside), "a free of the middle is found");
}

/* Streams */

static void test_streams(void)
{
	const char *name = "streams.tmp";
	char buf[64], *line = NULL;
	size_t cap = 0;
	FILE *f = fopen(name, "w+");
	bool good = true;

	ok(f != NULL, "fopen");
	for (int i = 0; i < 3000; i++)
		fprintf(f, "line %d\n", i);
	ok(ftell(f) == 28890, "ftell while writing");
	rewind(f);
	for (int i = 0; i < 3000; i++) {
		snprintf(buf, sizeof(buf), "line %d\n", i);
		good &= getline(&line, &cap, f) == (ssize_t)strlen(buf) && strcmp(line, buf) == 0;
	}
	ok(good, "getline gives the lines back");
	ok(getline(&line, &cap, f) == -1 && feof(f) && !ferror(f), "the end of the file");
	fseek(f, 5, SEEK_SET);
	ok(fgetc(f) == '0' && ftell(f) == 6, "fseek and ftell while reading");
	ok(ungetc('z', f) == 'z' && fgetc(f) == 'z' && fgetc(f) == '\n', "ungetc");
	ok(ungetc('a', f) == 'a' && ungetc('b', f) == 'b' && fgetc(f) == 'b' && fgetc(f) == 'a',
	   "ungetc twice");
	fseek(f, 0, SEEK_SET);
	fputs("LINE", f);
	fflush(f);
	fseek(f, 0, SEEK_SET);
	ok(fgets(buf, 6, f) && strcmp(buf, "LINE ") == 0,
	   "writing in the middle; fgets stops at its size");
	ok(fgets(buf, sizeof(buf), f) && strcmp(buf, "0\n") == 0, "fgets stops at the line's end");
	fclose(f);
	f = fopen(name, "a");
	fputs("end", f);
	fclose(f);
	f = fopen(name, "r");
	fseek(f, -3, SEEK_END);
	ok(fread(buf, 1, 10, f) == 3 && memcmp(buf, "end", 3) == 0, "append and fread");
	errno = 0;
	ok(fputc('x', f) == EOF && errno == EBADF, "writing to a stream for reading fails");
	fclose(f);
	errno = 0;
	ok(!fopen("no/such/file", "r") && errno == ENOENT, "fopen of a missing file");
	ok(remove(name) == 0, "remove");
	free(line);
}

static void test_big_write(void)
{
	size_t size = 100000;
	char *data = malloc(size), *back = malloc(size);
	FILE *f = fopen("big.tmp", "w+");

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 >> 3);
	fputs("x", f);
	ok(fwrite(data, 1, size, f) == size, "fwrite of more than a buffer");
	rewind(f);
	fgetc(f);
	ok(fread(back, 1, size, f) == size && memcmp(data, back, size) == 0,
	   "it is in the file in order");
	fclose(f);
	unlink("big.tmp");
	free(data);
	free(back);
}

/* Processes, signals, jumps, the environment */

static volatile int got_signal;

static void on_signal(int sig)
{
	got_signal = sig;
}

static void test_processes(void)
{
	static jmp_buf env;
	volatile int turns = 0;
	int status, fds[2];
	char c = 0;

	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	ok(got_signal == SIGUSR1, "signal and raise");
	switch (setjmp(env)) {
	case 0:
		turns++;
		longjmp(env, 7);
	case 7:
		turns++;
		if (turns == 2)
			longjmp(env, 0);
		break;
	case 1:
		turns += 10;
	}
	ok(turns == 12, "setjmp and longjmp");
	fflush(stdout);
	pipe(fds);
	if (fork() == 0) {
		write(fds[1], "c", 1);
		exit(5);
	}
	read(fds[0], &c, 1);
	wait(&status);
	ok(c == 'c' && WIFEXITED(status) && WEXITSTATUS(status) == 5, "fork, pipe, wait");
	if (fork() == 0) {
		execlp("no-such-program", "x", NULL);
		_exit(errno == ENOENT ? 9 : 1);
	}
	wait(&status);
	ok(WEXITSTATUS(status) == 9, "execlp of a missing program");
	setenv("ONE", "1", 1);
	setenv("ONE", "2", 0);
	is_string(getenv("ONE"), "1", "setenv without overwriting");
	setenv("ONE", "3", 1);
	is_string(getenv("ONE"), "3", "setenv with overwriting");
	for (int i = 0; i < 1000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "V%d", i);
		setenv(name, name, 1);
	}
	is_string(getenv("V999"), "V999", "many variables");
	unsetenv("ONE");
	ok(!getenv("ONE") && getenv("V0"), "unsetenv");
	ok(setenv("a=b", "x", 1) == -1 && errno == EINVAL, "a name with an equals sign");
}

/* Time */

static void test_time(void)
{
	struct tm tm;
	char buf[64];
	bool good = true;
	time_t t = 951782400;	/* 2000-02-29 00:00:00 */
	long long limit;

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%F %T %a %b %j", &tm);
	is_string(buf, "2000-02-29 00:00:00 Tue Feb 060", "a leap day");
	t = 0;
	strftime(buf, sizeof(buf), "%A %d %B %Y", gmtime_r(&t, &tm));
	is_string(buf, "Thursday 01 January 1970", "the epoch");
	/* As far as time_t reaches. */
	limit = sizeof(time_t) == 8 ? 8000000000 : INT_MAX - 86399 * 17;
	for (long long at = -limit / 2; at < limit; at += 86399 * 17) {
		t = (time_t)at;
		good &= timegm(gmtime_r(&t, &tm)) == t;
	}
	ok(good, "timegm is the inverse of gmtime");
	ok(strftime(buf, 3, "%Y", &tm) == 0, "strftime that does not fit");
	ok(time(NULL) > 1600000000, "time");
}

static void test_files(void)
{
	struct stat st;
	struct dirent *e;
	int seen = 0, fd;
	DIR *d;
	char cwd[PATH_MAX], link[16];

	mkdir("dir.tmp", 0755);
	for (int i = 0; i < 300; i++) {
		char name[32];

		snprintf(name, sizeof(name), "dir.tmp/%d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	d = opendir("dir.tmp");
	while ((e = readdir(d)))
		seen += isdigit((unsigned char)e->d_name[0]) != 0;
	ok(seen == 300, "readdir sees every file");
	rewinddir(d);
	ok(readdir(d) != NULL, "rewinddir");
	closedir(d);
	errno = 0;
	ok(!opendir("dir.tmp/0") && errno == ENOTDIR, "opendir of a file");
	fd = open("dir.tmp/0", O_RDWR);
	ok(write(fd, "hello", 5) == 5 && pread(fd, cwd, 3, 1) == 3 && memcmp(cwd, "ell", 3) == 0,
	   "write and pread");
	ok(lseek(fd, 0, SEEK_END) == 5 && ftruncate(fd, 2) == 0 && fstat(fd, &st) == 0 &&
		   st.st_size == 2,
	   "ftruncate");
	close(fd);
	ok(symlink("0", "dir.tmp/link") == 0 && readlink("dir.tmp/link", link, sizeof(link)) == 1 &&
		   link[0] == '0',
	   "symlink and readlink");
	ok(lstat("dir.tmp/link", &st) == 0 && S_ISLNK(st.st_mode), "lstat");
	ok(stat("dir.tmp/link", &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 2,
	   "stat follows");
	ok(rename("dir.tmp/0", "dir.tmp/new") == 0 && access("dir.tmp/new", F_OK) == 0, "rename");
	ok(chdir("dir.tmp") == 0 && getcwd(cwd, sizeof(cwd)) &&
		   strcmp(strrchr(cwd, '/'), "/dir.tmp") == 0,
	   "getcwd");
	unlink("new");
	unlink("link");
	for (int i = 1; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		unlink(name);
	}
	chdir("..");
	ok(rmdir("dir.tmp") == 0, "rmdir");
}

static void test_options(void)
{
	char *argv[] = { "p", "-ab", "-c", "arg", "-dx", "--", "-e", NULL };
	char seen[32] = "";
	int c;

	while ((c = getopt(7, argv, "abc:d:e")) != -1) {
		strncat(seen, &(char){ (char)c }, 1);
		if (c == 'c' || c == 'd')
			strcat(seen, optarg);
	}
	is_string(seen, "abcargdx", "getopt");
	ok(optind == 6, "optind behind --");
}

int main(void)
{
	test_printf();
	test_numbers();
	test_strings();
	test_fnmatch();
	test_sort();
	test_heap();
	test_streams();
	test_big_write();
	test_processes();
	test_time();
	test_files();
	test_options();
	printf("1..%d\n", tests);
	return failures > 0;
}
