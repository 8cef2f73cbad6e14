/*
 * mprotect (MPROTECT-1 to 12).
 */
#include "tap.h"

#ifndef PROT_GROWSDOWN
#define PROT_GROWSDOWN 0x01000000
#define PROT_GROWSUP 0x02000000
#endif

static void mprotect_1(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);
	unsigned char *h;

	want_eq(protect(p + 1, PS, PROT_READ), -EINVAL);
	want_eq(protect(p + 1, 0, PROT_READ), -EINVAL);
	want_eq(protect(p + 1, PS, 0x100), -EINVAL);
	want_eq(protect(p + 1, -1UL, PROT_READ), -EINVAL);
	want_fault(p, WRITE, NOFAULT);
	unmap(p, PS);
	h = hole(1);
	want_eq(protect(h + 8, PS, PROT_READ), -EINVAL);
	verdict("MPROTECT-1 unaligned address is EINVAL before all else");
}

static void mprotect_2(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0), *h;

	want_eq(protect(p, 0, PROT_NONE), 0);
	want_fault(p, WRITE, NOFAULT);
	want_eq(protect(p, 0, 0x100), 0);
	want_eq(protect((void *)user_limit(), 0, PROT_READ), 0);
	want_eq(protect(p, 0, PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL);
	unmap(p, PS);
	h = hole(1);
	want_eq(protect(h, 0, PROT_READ), 0);
	verdict("MPROTECT-2 length 0 does nothing");
}

static void mprotect_3(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);
	const unsigned long top = user_limit();

	if (word_wraps()) {
		want_eq(protect(p, -1UL, PROT_READ), -ENOMEM);
		want_eq(protect(p, -1UL, 0x100), -ENOMEM);
		want_eq(protect(p, -PS, PROT_READ), -ENOMEM);
		want_eq(protect(p, -(unsigned long)p, PROT_READ), -ENOMEM);
	}
	want_eq(protect((void *)top, PS, PROT_READ), -ENOMEM);
	want_eq(protect((void *)-PS, PS, PROT_READ), -ENOMEM);
	want_fault(p, WRITE, NOFAULT);
	unmap(p, PS);
	verdict("MPROTECT-3 a range that wraps or lies past user space is ENOMEM");
}

static void mprotect_4(void)
{
	static const int wrong[] = {0x10, 0x20, 0x100, (int)0x80000000};
	unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0), *g, *h;
	long r;

	for (int i = 0; i < 4; i++) {
		want_eq(protect(p, PS, PROT_READ | wrong[i]), -EINVAL);
		want_fault(p, WRITE, NOFAULT);
	}
	want_eq(protect(p, PS, PROT_READ | 8), 0);
	want(!strcmp(perms_at(p), "r--p"));
	want_eq(protect(p, PS, RW), 0);
	want_eq(protect(p + PS, PS, PROT_READ | PROT_GROWSDOWN), -EINVAL);
	want_eq(protect(p + PS, PS, PROT_READ | PROT_GROWSUP), -EINVAL);
	want_eq(protect(p + PS, PS, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL);
	want_fault(p + PS, WRITE, NOFAULT);
	unmap(p, 3 * PS);
	h = hole(1);
	for (int i = 0; i < 4; i++)
		want_eq(protect(h, PS, wrong[i]), -EINVAL);
	verdict("MPROTECT-4 unknown protection bits are EINVAL");

	r = map(NULL, 4 * PS, RW, ANON | MAP_GROWSDOWN, -1, 0);
	if (is_error(r)) {
		skip("no MAP_GROWSDOWN", "MPROTECT-4 growsdown reaches down to the start");
		return;
	}
	g = (unsigned char *)r;
	want_eq(protect(g + 2 * PS, PS, PROT_READ | PROT_GROWSDOWN), 0);
	want(!strcmp(perms_at(g), "r--p"));
	want(!strcmp(perms_at(g + 2 * PS), "r--p"));
	want(!strcmp(perms_at(g + 3 * PS), "rw-p"));
	unmap(g, 4 * PS);
	verdict("MPROTECT-4 growsdown reaches down to the start");
}

static void mprotect_5(void)
{
	static const size_t lens[] = {1, PS, PS + 1, 2 * PS};
	static const int pages[] = {1, 1, 2, 2};

	for (int i = 0; i < 4; i++) {
		unsigned char *p = must_map(3 * PS, RW, ANON, -1, 0);

		fill(p, 3 * PS, 1);
		want_eq(protect(p, lens[i], PROT_READ), 0);
		want_fault(p + pages[i] * PS - 1, WRITE, ACCERR);
		want_fault(p + pages[i] * PS, WRITE, NOFAULT);
		want(filled(p, PS, 1));
		unmap(p, 3 * PS);
	}
	verdict("MPROTECT-5 the length counts in whole pages");
}

/* A mapping alone between two holes, so that it cannot join a neighbour. */
static unsigned char *alone(size_t pages, int flags, int fd)
{
	unsigned char *p = must_map((pages + 2) * PS, RW, flags, fd, 0);

	unmap(p, PS);
	unmap(p + (pages + 1) * PS, PS);
	return p + PS;
}

static void mprotect_6(void)
{
	int fd = temp_file(7 * PS, 2);

	for (int i = 0; i < 6; i++) {
		int flags = i % 3 == 0 ? ANON : i % 3 == 1 ? MAP_PRIVATE : MAP_SHARED;
		unsigned char *p = alone(5, flags, i % 3 ? fd : -1);

		for (int j = 0; i >= 3 && j < 5; j++) /* touched before */
			p[j * PS] = pattern((size_t)(j + 1) * PS, 2);
		want_eq(maps_count(maps_read(), p, 5 * PS), 1);
		want_eq(protect(p + 2 * PS, PS, PROT_READ), 0);
		want_eq(maps_count(maps_read(), p, 5 * PS), 3);
		want(!strncmp(perms_at(p + PS), "rw-", 3));
		want(!strncmp(perms_at(p + 2 * PS), "r--", 3));
		want(!strncmp(perms_at(p + 3 * PS), "rw-", 3));
		want_fault(p + 2 * PS, WRITE, ACCERR);
		want_eq(protect(p + 2 * PS, PS, RW), 0);
		want_eq(maps_count(maps_read(), p, 5 * PS), 1);
		want_eq(protect(p, 2 * PS, PROT_NONE), 0);
		want_eq(protect(p + 3 * PS, 2 * PS, PROT_NONE), 0);
		want_eq(maps_count(maps_read(), p, 5 * PS), 3);
		want_eq(protect(p + 2 * PS, PS, PROT_NONE), 0);
		want_eq(maps_count(maps_read(), p, 5 * PS), 1);
		want_eq(protect(p, 5 * PS, RW), 0);
		if (i % 3)
			want(filled_from(p, 5 * PS, 2, PS));
		unmap(p - PS, 7 * PS);
	}
	close(fd);
	verdict("MPROTECT-6 mappings split, and join again");
}

static void mprotect_7(void)
{
	unsigned char *p = must_map(6 * PS, RW, ANON, -1, 0);

	unmap(p + 3 * PS, PS);
	want_eq(protect(p + PS, 4 * PS, PROT_READ), -ENOMEM);
	want_fault(p, WRITE, NOFAULT);
	want_fault(p + PS, WRITE, ACCERR);
	want_fault(p + 2 * PS, WRITE, ACCERR);
	want_fault(p + 4 * PS, WRITE, NOFAULT);
	want_eq(protect(p + 3 * PS, 3 * PS, PROT_READ), -ENOMEM);
	want_fault(p + 4 * PS, WRITE, NOFAULT);
	want_fault(p + 5 * PS, WRITE, NOFAULT);
	want_eq(protect(NULL, PS, PROT_READ), -ENOMEM);
	unmap(p, 6 * PS);
	verdict("MPROTECT-7 a hole is ENOMEM, after what comes before it was changed");
}

static void mprotect_8(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 2 * PS, 3), ro = open(name, O_RDONLY);
	unsigned char *p = must_map(6 * PS, PROT_READ, ANON, -1, 0), *sh = p + 2 * PS;

	close(fd);
	want_eq(map(sh, 2 * PS, PROT_READ, MAP_SHARED | MAP_FIXED, ro, 0), (long)sh);
	close(ro);
	want_eq(protect(sh, PS, RW), -EACCES);
	want_eq(protect(sh, PS, PROT_WRITE), -EACCES);
	want_eq(protect(sh, PS, RX), 0);
	want_eq(protect(sh, PS, PROT_NONE), 0);
	want_eq(protect(sh, PS, RWX), -EACCES);
	want_eq(protect(sh, PS, PROT_READ), 0);
	want(filled(sh, 2 * PS, 3));
	verdict("MPROTECT-8 a shared mapping of a read-only file does not become writable");

	want_eq(protect(p, 6 * PS, RW), -EACCES);
	want_fault(p + PS, WRITE, NOFAULT);
	want_fault(sh, WRITE, ACCERR);
	want_fault(p + 4 * PS, WRITE, ACCERR);
	unmap(p, 6 * PS);
	verdict("MPROTECT-8 in a longer range the mappings before it are changed");
}

static void store_in_child(void *arg)
{
	((unsigned char *)arg)[0] = 0x33;
	want_eq(protect(arg, PS, PROT_READ), 0);
	want_eq(protect(arg, PS, RW), 0);
	((unsigned char *)arg)[1] = 0x44;
	want_eq(((unsigned char *)arg)[0], 0x33);
}

static void mprotect_9(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 4), ro = open(name, O_RDONLY);
	unsigned char *p = must_map(PS, PROT_READ, MAP_PRIVATE, ro, 0);
	unsigned char *s = must_map(PS, PROT_READ, MAP_SHARED, fd, 0);

	want_eq(protect(p, PS, RW), 0);
	p[0] = 0;
	want_eq(file_byte(ro, 0), pattern(0, 4));
	want_eq(protect(s, PS, RW), 0);
	s[1] = 0x11;
	want_eq(file_byte(ro, 1), 0x11);
	want_eq(protect(s, PS, PROT_READ), 0);
	close(fd);
	want_eq(protect(s, PS, RW), 0);
	s[2] = 0x12;
	want_eq(file_byte(ro, 2), 0x12);
	unmap(s, PS);
	verdict("MPROTECT-9 write permission may come later");

	for (int round = 0; round < 2; round++) {
		want_eq(protect(p, PS, PROT_READ), 0);
		want_eq(protect(p, PS, RW), 0);
		p[5] = 0;
		want_eq(file_byte(ro, 5), pattern(5, 4));
	}
	unmap(p, PS);
	p = must_map(PS, RW, ANON, -1, 0);
	fill(p, PS, 5);
	want_child(store_in_child, p);
	want(filled(p, PS, 5));
	pid_t pid = child_start(store_in_child, p);
	want_eq(protect(p, PS, PROT_READ), 0);
	want_eq(protect(p, PS, RW), 0);
	p[7] = 0;
	want_eq(wait_for(pid), 0);
	want(filled(p, 7, 5) && p[7] == 0);
	unmap(p, PS);
	close(ro);
	verdict("MPROTECT-9 write, read, write: private stores stay private");
}

static void mprotect_10(void)
{
	int fd = temp_file(2 * PS, 6);

	for (int i = 0; i < 4; i++) {
		int flags = i == 0 ? ANON : i == 1 ? SHANON : i == 2 ? MAP_PRIVATE : MAP_SHARED;
		unsigned char *p = must_map(2 * PS, RW, flags, i < 2 ? -1 : fd, 0);

		fill(p, PS, 7);
		want_eq(protect(p, 2 * PS, PROT_NONE), 0);
		for (int page = 0; page < 2; page++) {
			want_fault(p + page * PS, READ, ACCERR);
			want_fault(p + page * PS + 9, WRITE, ACCERR);
			want_fault(p + page * PS, EXEC, ACCERR);
		}
		want_eq(protect(p, 2 * PS, PROT_READ), 0);
		want(filled(p, PS, 7));
		if (i < 2)
			want(all_zero(p + PS, PS));
		else
			want(filled_from(p + PS, PS, 6, PS));
		unmap(p, 2 * PS);
	}
	close(fd);
	verdict("MPROTECT-10 no permission and back keeps the contents");
}

static void mprotect_11(void)
{
	unsigned char *p = must_map(PS, RW, ANON, -1, 0);

	for (int round = 0; round < 3; round++) {
		put_return(p + round * 16);
		want_eq(protect(p, PS, RX), 0);
		want_fault(p + round * 16, EXEC, NOFAULT);
		want_fault(p, READ, NOFAULT);
		want_fault(p + 100, WRITE, ACCERR);
		want_eq(protect(p, PS, RW), 0);
		want_fault(p + 100, WRITE, NOFAULT);
#ifndef __i386__ /* without NX every readable page runs there */
		want_fault(p, EXEC, ACCERR);
#endif
	}
	unmap(p, PS);
	verdict("MPROTECT-11 writable to executable and back");
}

/* A page of text of its own, which begins with a function that only returns. */
__asm__(".pushsection .text\n"
	".balign 4096\n"
	".globl victim\n"
	"victim:\n"
	"	ret\n"
	".balign 4096\n"
	".popsection\n");
void victim(void);

static void change_text(void *arg)
{
	volatile unsigned char *text = (volatile unsigned char *)(uintptr_t)victim;

	(void)arg;
	want_eq(protect(text, PS, RWX), 0);
	for (int i = 0; i < 64; i++)
		text[i] = (unsigned char)~text[i];
	put_return((void *)(text + 128));
	want_eq(protect(text, PS, RX), 0);
	want_fault(text + 128, EXEC, NOFAULT);
}

static void mprotect_12(void)
{
	volatile unsigned char *text = (volatile unsigned char *)(uintptr_t)victim;
	unsigned char before[PS], file[PS];
	const struct map_line *l = maps_find(maps_read(), text);
	char path[256];
	off_t at;
	int fd;

	for (size_t i = 0; i < PS; i++)
		before[i] = text[i];
	want(l && !strcmp(l->perms, "r-xp") && l->name[0] == '/');
	at = (off_t)l->offset + (off_t)((unsigned long)text - l->start);
	snprintf(path, sizeof path, "%s", l->name);
	want_child(change_text, NULL);
	want(!memcmp((void *)(uintptr_t)victim, before, PS));
	want_fault(text, EXEC, NOFAULT);
	fd = open(path, O_RDONLY);
	want(fd >= 0 && pread(fd, file, PS, at) == (ssize_t)PS);
	want(!memcmp(file, before, PS));
	close(fd);
	want_eq(protect(text, PS, PROT_READ | PROT_WRITE), 0);
	text[0] = text[0];
	want_eq(protect(text, PS, RX), 0);
	want_fault(text, EXEC, NOFAULT);
	verdict("MPROTECT-12 text made writable: the stores stay with the process");
}

int main(void)
{
	mprotect_1();
	mprotect_2();
	mprotect_3();
	mprotect_4();
	mprotect_5();
	mprotect_6();
	mprotect_7();
	mprotect_8();
	mprotect_9();
	mprotect_10();
	mprotect_11();
	mprotect_12();
	return done();
}
