/*
 * Truncation and growth of a file under its mappings (TRUNC).
 */
#include "tap.h"

static void trunc_1(void)
{
	int fd = temp_file(4 * PS, 1);
	unsigned char *p = must_map(4 * PS, RW, MAP_SHARED, fd, 0);

	want(filled(p, 4 * PS, 1));
	p[3 * PS] = 0;
	want_eq(ftruncate(fd, PS + PS / 2), 0);
	want(filled(p, PS + PS / 2, 1));
	want(all_zero(p + PS + PS / 2, PS / 2));
	for (int i = 2; i < 4; i++) {
		want_fault(p + i * PS, READ, ADRERR);
		want_fault(p + i * PS + 9, WRITE, ADRERR);
	}
	want_eq(file_size(fd), PS + PS / 2);
	unmap(p, 4 * PS);
	close(fd);
	verdict("TRUNC-1 shared: what is cut off is gone at once");
}

static void trunc_2(void)
{
	int fd = temp_file(4 * PS, 2);
	unsigned char *p = must_map(4 * PS, RW, MAP_PRIVATE, fd, 0);

	want(filled(p, 4 * PS, 2));
	for (int i = 0; i < 4; i++)
		p[i * PS + 1] = 0xcc;
	want_eq(ftruncate(fd, PS), 0);
	want_eq(p[1], 0xcc);
	want(filled_from(p + 2, PS - 2, 2, 2));
	for (int i = 1; i < 4; i++) {
		want_fault(p + i * PS + 1, READ, ADRERR);
		want_fault(p + i * PS + 1, WRITE, ADRERR);
	}
	unmap(p, 4 * PS);
	close(fd);
	verdict("TRUNC-2 private: pages cut off are gone, modified or not");
}

static void trunc_3(void)
{
	int fd = temp_file(4 * PS, 3);
	unsigned char *s = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	unsigned char *p = must_map(4 * PS, RW, MAP_PRIVATE, fd, 0);
	unsigned char buf[PS];

	want(filled(s, 4 * PS, 3));
	p[2 * PS] = 0xcc;
	want_eq(ftruncate(fd, PS + 10), 0);
	want_eq(ftruncate(fd, 3 * PS), 0);
	want(filled(s, PS + 10, 3) && filled(p, PS + 10, 3));
	want(all_zero(s + PS + 10, 2 * PS - 10));
	want(all_zero(p + PS + 10, 2 * PS - 10));
	want_fault(s + 3 * PS, READ, ADRERR);
	want_fault(p + 3 * PS, WRITE, ADRERR);
	want_eq(pread(fd, buf, PS, 2 * PS), PS);
	want(all_zero(buf, PS));
	unmap(s, 4 * PS);
	unmap(p, 4 * PS);
	close(fd);
	verdict("TRUNC-3 grown back: zeros, also where private copies were");
}

static void trunc_4(void)
{
	int fd = temp_file(10, 4);
	unsigned char *s = must_map(4 * PS, RW, MAP_SHARED, fd, 0);
	unsigned char *p = must_map(4 * PS, RW, MAP_PRIVATE, fd, 0);

	want_fault(s + 2 * PS, READ, ADRERR);
	put_bytes(fd, "grown", 5, 2 * PS + 100);
	want(filled(s, 10, 4) && filled(p, 10, 4));
	want(all_zero(s + 10, 2 * PS + 90) && all_zero(p + 10, 2 * PS + 90));
	want(!memcmp(s + 2 * PS + 100, "grown", 6) && !memcmp(p + 2 * PS + 100, "grown", 6));
	want_fault(s + 3 * PS, READ, ADRERR);
	s[PS] = 0x12;
	want_eq(file_byte(fd, PS), 0x12);
	unmap(s, 4 * PS);
	unmap(p, 4 * PS);
	close(fd);
	verdict("TRUNC-4 growth by write makes mapped pages usable");
}

static void trunc_5(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, 2 * PS, 5), again;
	unsigned char *p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);

	p[0] = 1;
	again = open(name, O_RDWR | O_TRUNC);
	want(again >= 0);
	want_eq(file_size(fd), 0);
	want_fault(p, READ, ADRERR);
	want_fault(p + PS, WRITE, ADRERR);
	want_eq(write(again, "0123456789", 10), 10);
	want(!memcmp(p, "0123456789", 10));
	want(all_zero(p + 10, PS - 10));
	want_fault(p + PS, READ, ADRERR);
	unmap(p, 2 * PS);
	close(again);
	close(fd);
	verdict("TRUNC-5 open with O_TRUNC while it is mapped");
}

static void trunc_6(void)
{
	int fd = temp_file(2 * PS, 6);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
	unsigned char *q = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);

	memset(p, 0xcc, PS);
	want(filled(q, 2 * PS, 6));
	want_eq(ftruncate(fd, 100), 0);
	want(all_bytes(p, PS, 0xcc));
	want(filled(q, 100, 6) && all_zero(q + 100, PS - 100));
	want_eq(ftruncate(fd, PS), 0);
	want(all_bytes(p, PS, 0xcc));
	unmap(p, 2 * PS);
	unmap(q, 2 * PS);
	close(fd);
	verdict("TRUNC-6 a private copy cut in its middle keeps all its bytes");
}

static void trunc_7(void)
{
	for (int stray = 0; stray < 2; stray++) {
		int fd = temp_file(PS, 7);
		unsigned char *p = must_map(PS, RW, MAP_SHARED, fd, 0), buf[PS];

		want(filled(p, PS, 7));
		want_eq(ftruncate(fd, 100), 0);
		if (stray)
			memset(p + 100, 0xee, PS - 100);
		want_eq(ftruncate(fd, PS), 0);
		want(filled(p, 100, 7));
		want(all_zero(p + 100, PS - 100));
		want_eq(pread(fd, buf, PS, 0), PS);
		want(filled(buf, 100, 7) && all_zero(buf + 100, PS - 100));
		unmap(p, PS);
		close(fd);
	}
	verdict("TRUNC-7 cut to 100 and regrown: byte 99 kept, zeros from 100 on");
}

struct other {
	int fd;
	struct gate ready, cut, checked, grown;
};

static void trunc_8_child(void *arg)
{
	struct other *o = arg;
	unsigned char *s = must_map(2 * PS, RW, MAP_SHARED, o->fd, 0);
	unsigned char *p = must_map(2 * PS, RW, MAP_PRIVATE, o->fd, 0);

	want(filled(s, 2 * PS, 8));
	p[PS] = 0;
	gate_open(&o->ready);
	gate_wait(&o->cut);
	want(filled(s, 100, 8) && all_zero(s + 100, PS - 100));
	want_fault(s + PS, READ, ADRERR);
	want_fault(p + PS, READ, ADRERR);
	gate_open(&o->checked);
	gate_wait(&o->grown);
	want(all_zero(s + 100, 2 * PS - 100) && all_zero(p + PS, PS));
}

static void trunc_8(void)
{
	struct other o = {.fd = temp_file(2 * PS, 8)};
	struct gate *gates[] = {&o.ready, &o.cut, &o.checked, &o.grown};

	for (int i = 0; i < 4; i++)
		gate_init(gates[i]);
	pid_t pid = child_start(trunc_8_child, &o);
	gate_wait(&o.ready);
	want_eq(ftruncate(o.fd, 100), 0);
	gate_open(&o.cut);
	gate_wait(&o.checked);
	want_eq(ftruncate(o.fd, 2 * PS), 0);
	gate_open(&o.grown);
	want_eq(wait_for(pid), 0);
	for (int i = 0; i < 4; i++)
		gate_free(gates[i]);
	close(o.fd);
	verdict("TRUNC-8 the mappings of another process follow at once");
}

static void trunc_9(void)
{
	const char *name = temp_name();
	int fd = temp_file_named(name, PS, 9), ro = open(name, O_RDONLY);
	int dir = open(".", O_RDONLY | O_DIRECTORY), p[2];

	want(pipe(p) == 0);
	want(ftruncate(ro, 0) < 0 && errno == EINVAL);
	want(ftruncate(fd, -1) < 0 && errno == EINVAL);
	want(ftruncate(p[1], 0) < 0 && errno == EINVAL);
	want(ftruncate(p[0], 0) < 0 && errno == EINVAL);
	want(ftruncate(dir, 0) < 0 && errno == EINVAL);
	want(ftruncate(-1, 0) < 0 && errno == EBADF);
	want(ftruncate(999, 0) < 0 && errno == EBADF);
	want_eq(file_size(fd), PS);
	close(fd);
	close(ro);
	close(dir);
	close(p[0]);
	close(p[1]);
	verdict("TRUNC-9 errors of ftruncate");
}

int main(void)
{
	trunc_1();
	trunc_2();
	trunc_3();
	trunc_4();
	trunc_5();
	trunc_6();
	trunc_7();
	trunc_8();
	trunc_9();
	return done();
}
