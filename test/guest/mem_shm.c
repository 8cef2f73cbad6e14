/*
 * POSIX shared memory and named semaphores: what the C library makes of files below /dev/shm.
 */
#include "child.h"

#include <semaphore.h>

static char name[64], path[80];

static int open_shm(int flags)
{
	return shm_open(name, flags, 0600);
}

/* Does a line of /proc/self/maps end with path and `suffix`? */
static bool mapped_as(const char *suffix)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[600], wanted[120];
	bool found = false;

	snprintf(wanted, sizeof wanted, " %s%s\n", path, suffix);
	while (f && fgets(line, sizeof line, f)) {
		size_t n = strlen(line), m = strlen(wanted);

		found |= n > m && !strcmp(line + n - m, wanted);
	}
	if (f)
		fclose(f);
	return found;
}

static int other_process(void)
{
	int fd = open_shm(O_RDWR);
	unsigned char *p;

	if (fd < 0)
		return 1;
	p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);
	if (p[0] != 'a' || p[PS] != 0)
		return 2;
	p[PS] = 'b';
	return 0;
}

static void test_objects(void)
{
	int fd = open_shm(O_RDWR | O_CREAT | O_EXCL), again;
	unsigned char *p, *q;
	struct stat st;

	want(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == 0 && (st.st_mode & 0777) == 0600);
	want_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	want_eq(ftruncate(fd, 2 * PS), 0);
	p = must_map(2 * PS, RW, MAP_SHARED, fd, 0);
	p[0] = 'a';
	want_eq(in_child(other_process), 0);
	want_eq(p[PS], 'b');
	verdict("MEMFD-7 an object is shared by its name");
	again = open_shm(O_RDONLY);
	want(again >= 0);
	want_eq(map(NULL, PS, RW, MAP_SHARED, again, 0), -EACCES);
	q = must_map(PS, PROT_READ, MAP_SHARED, again, 0);
	want_eq(protect(q, PS, RW), -EACCES);
	want_eq(q[0], 'a');
	unmap(q, PS);
	close(again);
	verdict("MEMFD-7 a descriptor to read gives no mapping to write");
	want(open_shm(O_RDWR | O_CREAT | O_EXCL) == -1 && errno == EEXIST);
	verdict("MEMFD-7 O_CREAT and O_EXCL of one that is there is EEXIST");
	want(mapped_as("") && !mapped_as(" (deleted)"));
	want_eq(shm_unlink(name), 0);
	want(mapped_as(" (deleted)"));
	verdict("PROCMAPS-3 maps tells the file's name, and that it is deleted");
	close(fd);
	want(p[0] == 'a' && p[PS] == 'b');
	p[1] = 'c';
	want_eq(p[1], 'c');
	want(open_shm(O_RDWR) == -1 && errno == ENOENT);
	want(shm_unlink(name) == -1 && errno == ENOENT);
	unmap(p, 2 * PS);
	verdict("MEMFD-7 after shm_unlink mappings live on, open and unlink are ENOENT");
	fd = open_shm(O_RDWR | O_CREAT | O_EXCL);
	p = must_map(PS, PROT_READ, MAP_SHARED, fd, 0);
	want_fault(p, READ, ADRERR);
	want_eq(ftruncate(fd, PS), 0);
	want_eq(p[0], 0);
	unmap(p, PS);
	close(fd);
	want_eq(shm_unlink(name), 0);
	verdict("MEMFD-7 a new object of that name is empty");
}

static int post_twice(void)
{
	sem_t *s = sem_open(name, 0);

	return s == SEM_FAILED || sem_post(s) || sem_post(s) || sem_close(s);
}

static void test_semaphores(void)
{
	sem_t *s = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	int value = -1;

	if (s == SEM_FAILED)
		bail_out("sem_open: errno %d", errno);
	want(sem_getvalue(s, &value) == 0 && value == 1);
	want_eq(sem_trywait(s), 0);
	want(sem_trywait(s) == -1 && errno == EAGAIN);
	want_eq(in_child(post_twice), 0);
	want(sem_getvalue(s, &value) == 0 && value == 2);
	want_eq(sem_wait(s), 0);
	verdict("a named semaphore is shared by its name");
	want(sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
	want_eq(sem_unlink(name), 0);
	want(sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
	want(sem_post(s) == 0 && sem_getvalue(s, &value) == 0 && value == 2);
	want_eq(sem_close(s), 0);
	want(sem_unlink(name) == -1 && errno == ENOENT);
	verdict("and outlives its name");
}

int main(void)
{
	snprintf(name, sizeof name, "/tap-%ld", (long)getpid());
	snprintf(path, sizeof path, "/dev/shm%s", name);
	umask(022);
	test_objects();
	test_semaphores();
	return done();
}
