/*
 * /proc/self/maps (PROCMAPS-1 to 5, 11).
 */
#include "tap.h"

#include <ctype.h>
#include <limits.h>

static char text[131072];

/* Column, from 1, at which names begin: the kernel's word size decides, not the program's. */
static int name_column(void)
{
	struct utsname u;

	if (uname(&u) == 0 && (!strcmp(u.machine, "x86_64") || !strcmp(u.machine, "riscv64")))
		return 74;
	return 50;
}

static size_t digits(const char *s, bool hex)
{
	size_t n = 0;

	while (hex ? isxdigit((unsigned char)s[n]) && !isupper((unsigned char)s[n])
		   : isdigit((unsigned char)s[n]))
		n++;
	return n;
}

/* The line's parts stand as the contract says; false and a remark otherwise. */
static bool well_formed(const char *line)
{
	const char *s = line;
	size_t n;

	n = digits(s, true);
	if (n < 8 || s[n] != '-')
		goto bad;
	s += n + 1;
	n = digits(s, true);
	if (n < 8 || s[n] != ' ')
		goto bad;
	s += n + 1;
	if ((s[0] != 'r' && s[0] != '-') || (s[1] != 'w' && s[1] != '-') ||
		(s[2] != 'x' && s[2] != '-') || (s[3] != 'p' && s[3] != 's') || s[4] != ' ')
		goto bad;
	s += 5;
	n = digits(s, true);
	if (n < 8 || s[n] != ' ')
		goto bad;
	s += n + 1;
	if (digits(s, true) != 2 || s[2] != ':' || digits(s + 3, true) != 2 || s[5] != ' ')
		goto bad;
	s += 6;
	n = digits(s, false);
	if (n < 1 || s[n] != ' ')
		goto bad;
	s += n + 1;
	if (*s == 0) /* no name: the one space ends the line */
		return true;
	while (*s == ' ')
		s++;
	if (*s != 0 && s - line + 1 == name_column())
		return true;
bad:
	diag("  line \"%s\", at column %d", line, (int)(s - line + 1));
	return false;
}

static void procmaps_1(void)
{
	int fd = temp_file(3 * PS, 1), lines = 0;
	unsigned char *p = must_map(PS, PROT_READ, MAP_SHARED, fd, 2 * PS);
	unsigned char *q = must_map(PS, RWX, ANON, -1, 0);
	const struct map_line *l;
	struct stat st;

	want(slurp("/proc/self/maps", text, sizeof text) > 0);
	for (char *s = text, *end; *s; s = end + 1) {
		end = strchr(s, '\n');
		if (!want(end != NULL))
			break;
		*end = 0;
		want(well_formed(s));
		lines++;
	}
	want(lines >= 5);
	verdict("PROCMAPS-1 the form of the lines");

	want_eq(fstat(fd, &st), 0);
	l = maps_find(maps_read(), p);
	want(l && l->start == (unsigned long)p && l->end == (unsigned long)(p + PS));
	want(l && !strcmp(l->perms, "r--s") && l->offset == 2 * PS);
	want(l && l->inode == st.st_ino);
	l = maps_find(maps_read(), q);
	want(l && !strcmp(l->perms, "rwxp"));
	unmap(p, PS);
	unmap(q, PS);
	close(fd);
	verdict("PROCMAPS-1 range, permissions, offset and inode are the mapping's");
}

static void procmaps_2(void)
{
	unsigned char *p = hole(3), *s = p + PS;
	const struct map_line *l;

	want_eq(map(p, PS, RW, ANON | MAP_FIXED, -1, 0), (long)p);
	want_eq(map(s, PS, RW, SHANON | MAP_FIXED, -1, 0), (long)s);
	l = maps_find(maps_read(), p);
	want(l && l->offset == 0 && l->maj == 0 && l->min == 0 && l->inode == 0 && !l->name[0]);
	l = maps_find(maps_read(), s);
	want(l && l->inode != 0 && !strcmp(l->name, "/dev/zero (deleted)"));
	want(l && !strcmp(l->perms, "rw-s"));
	unmap(p, 3 * PS);
	verdict("PROCMAPS-2 anonymous mappings, private and shared");
}

/* Maps a new file of that name in this directory and wants the name to show as `shown`. */
static void want_name(const char *name, const char *shown, bool unlinked)
{
	static char path[PATH_MAX + 100], cwd[PATH_MAX];
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	const struct map_line *l;
	unsigned char *p;

	if (!want(fd >= 0 && ftruncate(fd, PS) == 0 && getcwd(cwd, sizeof cwd)))
		return;
	p = must_map(PS, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (unlinked)
		unlink(name);
	snprintf(path, sizeof path, "%s/%s%s", strcmp(cwd, "/") ? cwd : "", shown,
		unlinked ? " (deleted)" : "");
	l = maps_find(maps_read(), p);
	if (!want(l && !strcmp(l->name, path)))
		diag("  \"%s\" is not \"%s\"", l ? l->name : "", path);
	unmap(p, PS);
	unlink(name);
}

static void procmaps_3(void)
{
	want_name("tap-maps.tmp", "tap-maps.tmp", false);
	want_name("tap maps  two.tmp", "tap maps  two.tmp", false);
	want_name("tap-maps\nline.tmp", "tap-maps\\012line.tmp", false);
	want_name("tap-maps.tmp", "tap-maps.tmp", true);
	verdict("PROCMAPS-3 names are absolute, newlines escaped, unlinked ones marked");

	want(mkdir("tap-maps-dir.tmp", 0755) == 0 && chdir("tap-maps-dir.tmp") == 0);
	want_name("inner.tmp", "inner.tmp", false);
	want_name("../tap-maps-dir.tmp/./inner.tmp", "inner.tmp", false);
	want(chdir("..") == 0 && rmdir("tap-maps-dir.tmp") == 0);
	verdict("PROCMAPS-3 the path is the file's, not the one it was opened by");
}

static void procmaps_4(void)
{
	unsigned char *b = (unsigned char *)sys(SYS_brk, 0);
	int heaps = 0, stacks = 0, here;
	const struct map_line *l;
	struct maps *m;

	want((unsigned char *)sys(SYS_brk, b + 2 * PS) == b + 2 * PS);
	m = maps_read();
	for (size_t i = 0; i < m->n; i++) {
		want(m->line[i].start < m->line[i].end);
		want(i == 0 || m->line[i - 1].end <= m->line[i].start);
		heaps += !strcmp(m->line[i].name, "[heap]");
		stacks += !strcmp(m->line[i].name, "[stack]");
	}
	want(heaps >= 1);
	want_eq(stacks, 1);
	l = maps_find(m, &here);
	want(l && !strcmp(l->name, "[stack]") && !strcmp(l->perms, "rw-p"));
	sys(SYS_brk, b);
	verdict("PROCMAPS-4 ascending, disjoint, with heap and stack");
}

static void procmaps_5(void)
{
	int fd = temp_file(4 * PS, 2);
	unsigned char *h = hole(8);

	want_eq(map(h, PS, RW, ANON | MAP_FIXED, -1, 0), (long)h);
	want_eq(map(h + PS, PS, RW, ANON | MAP_FIXED, -1, 0), (long)(h + PS));
	want_eq(map(h + 3 * PS, PS, RW, ANON | MAP_FIXED, -1, 0), (long)(h + 3 * PS));
	want_eq(map(h + 2 * PS, PS, RW, ANON | MAP_FIXED, -1, 0), (long)(h + 2 * PS));
	want_eq(maps_count(maps_read(), h, 4 * PS), 1);
	unmap(h, 8 * PS);
	for (int type = MAP_SHARED; type <= MAP_PRIVATE; type++) {
		want_eq(map(h + PS, PS, RW, type | MAP_FIXED, fd, PS), (long)(h + PS));
		want_eq(map(h, PS, RW, type | MAP_FIXED, fd, 0), (long)h);
		want_eq(map(h + 2 * PS, 2 * PS, RW, type | MAP_FIXED, fd, 2 * PS),
			(long)(h + 2 * PS));
		want_eq(maps_count(maps_read(), h, 4 * PS), 1);
		want(filled(h, 4 * PS, 2));
		unmap(h, 8 * PS);
	}
	verdict("PROCMAPS-5 equal neighbours show as one");

	want_eq(map(h, PS, RW, ANON | MAP_FIXED, -1, 0), (long)h);
	want_eq(map(h + PS, PS, PROT_READ, ANON | MAP_FIXED, -1, 0), (long)(h + PS));
	want_eq(map(h + 2 * PS, PS, PROT_READ, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0),
		(long)(h + 2 * PS));
	want_eq(map(h + 3 * PS, PS, PROT_READ, SHANON | MAP_FIXED, -1, 0), (long)(h + 3 * PS));
	want_eq(map(h + 4 * PS, PS, PROT_READ, SHANON | MAP_FIXED, -1, 0), (long)(h + 4 * PS));
	want_eq(maps_count(maps_read(), h, 5 * PS), 5);
	unmap(h, 8 * PS);
	want_eq(map(h, PS, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), (long)h);
	want_eq(map(h + PS, PS, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), (long)(h + PS));
	want_eq(map(h + 2 * PS, PS, RW, MAP_PRIVATE | MAP_FIXED, fd, 3 * PS), (long)(h + 2 * PS));
	want_eq(map(h + 3 * PS, PS, RW, MAP_SHARED | MAP_FIXED, fd, 4 * PS), (long)(h + 3 * PS));
	want_eq(map(h + 4 * PS, PS, RW, ANON | MAP_FIXED, -1, 5 * PS), (long)(h + 4 * PS));
	want_eq(maps_count(maps_read(), h, 5 * PS), 5);
	unmap(h, 8 * PS);
	close(fd);
	verdict("PROCMAPS-5 neighbours that differ stay apart");
}

static void split_stack(void *arg)
{
	const struct maps *m = maps_read();
	const struct map_line *l = maps_find(m, &arg);
	int stacks = 0;

	want_eq(protect((void *)l->start, PS, PROT_READ), 0);
	m = maps_read();
	for (size_t i = 0; i < m->n; i++)
		stacks += !strcmp(m->line[i].name, "[stack]");
	want_eq(stacks, 1);
}

static void procmaps_4_split(void)
{
	want_child(split_stack, NULL);
	verdict("PROCMAPS-4 a stack that was split shows as [stack] once");
}

static void procmaps_11(void)
{
	static char whole[1 << 16], pieces[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY);
	long len = 0, n;
	struct stat st;

	want(fstat(fd, &st) == 0 && st.st_size == 0 && S_ISREG(st.st_mode));
	n = slurp("/proc/self/maps", whole, sizeof whole);
	want(n > 200);
	while ((size_t)len < sizeof pieces - 8 && read(fd, pieces + len, 7) > 0)
		len = (long)lseek(fd, 0, SEEK_CUR);
	want_eq(len, n);
	want(memcmp(whole, pieces, (size_t)n) == 0);
	want_eq(read(fd, pieces, 7), 0);
	want_eq(lseek(fd, 0, SEEK_SET), 0);
	want(read(fd, pieces, 20) == 20 && memcmp(whole, pieces, 20) == 0);
	want(write(fd, "x", 1) < 0 && errno == EBADF);
	close(fd);
	verdict("PROCMAPS-11 reads of any size walk the whole text, and lseek starts it again");
}

int main(void)
{
	procmaps_1();
	procmaps_2();
	procmaps_3();
	procmaps_4();
	procmaps_4_split();
	procmaps_5();
	procmaps_11();
	return done();
}
