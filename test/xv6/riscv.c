/* Every function and constant of the headers of riscv. */
#include "kernel/param.h"
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/spinlock.h"
#include "kernel/sleeplock.h"
#include "kernel/fs.h"
#include "kernel/file.h"
#include "kernel/fcntl.h"
#include "kernel/syscall.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "check.h"
#include "files.h"
#include "memory.h"

static void check_numbers(void)
{
	static const int calls[] = {SYS_fork, SYS_exit, SYS_wait, SYS_pipe, SYS_read, SYS_kill,
		SYS_exec, SYS_fstat, SYS_chdir, SYS_dup, SYS_getpid, SYS_sbrk, SYS_pause,
		SYS_uptime, SYS_open, SYS_write, SYS_mknod, SYS_unlink, SYS_link, SYS_mkdir,
		SYS_close, SYS_symlink};
	int i, all = SYS_sleep == SYS_pause;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		all &= calls[i] == i + 1;
	ok(all, "numbers of calls");
	ok(sizeof(uchar) == 1 && sizeof(ushort) == 2 && sizeof(uint) == 4 && sizeof(uint8) == 1 &&
			sizeof(uint16) == 2 && sizeof(uint32) == 4 && sizeof(uint64) == 8 &&
			sizeof(pde_t) == 8 && sizeof(pte_t) == 8 && sizeof(*(pagetable_t)0) == 8 &&
			(uint64)-1 > 0,
		"types.h");
	ok(sizeof(struct stat) == (sizeof(long) == 8 ? 24 : 20) && sizeof(struct dinode) == 64 &&
			sizeof(struct superblock) == 32,
		"sizes of structures");
	IS(T_DIR, 1);
	IS(T_FILE, 2);
	IS(T_DEVICE, 3);
	IS(T_SYMLINK, 4);
	IS(CONSOLE, 1);
	ok(O_RDONLY == 0 && O_WRONLY == 1 && O_RDWR == 2 && O_CREATE == 0x200 && O_TRUNC == 0x400 &&
			O_NOFOLLOW == 0x800,
		"fcntl.h: open");
	ok(PROT_NONE == 0 && PROT_READ == 1 && PROT_WRITE == 2 && PROT_EXEC == 4 &&
			MAP_SHARED == 1 && MAP_PRIVATE == 2 && MAP_FIXED == 0x10 &&
			MAP_ANONYMOUS == 0x20,
		"fcntl.h: mmap");
	ok(NPROC == 64 && NCPU == 8 && NOFILE == 16 && NFILE == 100 && NINODE == 50 && NDEV == 10 &&
			ROOTDEV == 1 && MAXARG == 32 && MAXOPBLOCKS == 10 && LOGBLOCKS == 30 &&
			LOGSIZE == 30 && NBUF == 30 && FSSIZE == 2000 && MAXPATH == 128 &&
			USERSTACK == 1,
		"param.h");
	ok(ROOTINO == 1 && BSIZE == 1024 && FSMAGIC == 0x10203040 && NDIRECT == 12 &&
			NINDIRECT == 256 && MAXFILE == 268 && IPB == 16 && BPB == 8192 &&
			DIRSIZ == 14,
		"fs.h");
	ok(UART0 == 0x10000000 && UART0_IRQ == 10 && VIRTIO0 == 0x10001000 && VIRTIO0_IRQ == 1 &&
			PLIC == 0x0c000000 && KERNBASE == 0x80000000 && PHYSTOP == 0x88000000 &&
			TRAMPOLINE == MAXVA - 4096 && TRAPFRAME == MAXVA - 8192 &&
			KSTACK(0) == MAXVA - 3 * 4096,
		"memlayout.h");
	ok(PGSIZE == 4096 && PGSHIFT == 12 && PGROUNDUP(4097) == 8192 &&
			PGROUNDDOWN(4097) == 4096 && PTE_V == 1 && PTE_R == 2 && PTE_W == 4 &&
			PTE_X == 8 && PTE_U == 16 && PTE_A == 64 && PTE_D == 128 &&
			PA2PTE(0x80001000) == 0x20000400 && PTE2PA(0x200004ffull) == 0x80001000 &&
			PTE_FLAGS(0x200004ff) == 0xff && PXMASK == 0x1ff && PXSHIFT(2) == 30 &&
			PX(1, 0x40600000) == 3,
		"riscv.h");
	ok(MAXVA == (sizeof(long) == 8 ? 1ull << 38 : 0x80000000ull), "MAXVA");
	ok(SBRK_ERROR == (char *)-1, "SBRK_ERROR");
}

static int status_of(int how)
{
	int status = 99, pid = fork();

	if (pid == 0) {
		if (how == 1)
			*(volatile int *)0 = 1;
		if (how == 2)
			exit(*(volatile char *)(r_sp() - USERSTACK * PGSIZE));
		if (how == 3)
			for (;;)
				;
		exit(how);
	}
	if (how == 3)
		kill(pid);
	return wait(&status) == pid ? status : 98;
}

static void check_processes(void)
{
	char *argv[] = {"echo", "ok - exec finds echo", 0}, *wrong[] = {(char *)0xffffffff, 0};
	int status, before;

	ok(status_of(0) == 0 && status_of(7) == 7 && status_of(255) == 255 && status_of(254) == 254,
		"exit, wait");
	ok(status_of(747) == 747 && status_of(-1) == -1 && status_of(-1000) == -1000,
		"a status is a whole int");
	ok(status_of(1) == -1, "a fault: -1, and nothing is printed");
	ok(status_of(2) == -1, "below the stack there is nothing");
	ok(status_of(3) == -1, "killed: -1");
	ok(wait(&status) == -1 && wait(0) == -1, "wait without children");
	if (fork() == 0)
		exit(0);
	ok(wait((int *)8) == -1 && wait(0) > 0, "wait with a pointer to nothing");
	if (fork() == 0) {
		exec("echo", argv);
		exit(1);
	}
	wait(&status);
	ok(status == 0 && exec("echo", wrong) == -1 && exec("none", argv) == -1, "exec");
	before = uptime();
	ok(pause(2) == 0 && sleep(1) == 0 && uptime() - before >= 3 && uptime() - before < 30,
		"pause, sleep, uptime");
	ok(getpid() > 0 && kill(0) == -1, "getpid");
}

static void check_lazy(void)
{
	char *start = sbrk(0), *p;

	p = sbrklazy(1 << 30);
	ok(p == start && sbrk(0) == start + (1 << 30), "sbrklazy promises a lot");
	p[5000000] = 1;
	ok(p[5000000] == 1 && p[999999999] == 0, "and gives what is touched");
	ok(sbrklazy(-(1 << 30)) == start + (1 << 30) && sbrk(0) == start, "and takes it back");
	ok(sys_sbrk(100, 1) == start && sys_sbrk(100, 2) == start + 100 &&
			sys_sbrk(-200, 1) == start + 200,
		"sys_sbrk");
}

static void check_truncate(void)
{
	struct stat st;
	int one = make_file("t", 'a', 4), two = open("t", O_TRUNC | O_WRONLY);

	ok(two >= 0 && fstat(two, &st) == 0 && st.size == 0, "O_TRUNC");
	ok(write(one, "x", 1) == -1, "no write beyond the end");
	ok(write(two, "abc", 3) == 3 && write(two, sbrk(0) - 1, 8192) == -1 &&
			fstat(two, &st) == 0 && st.size == 4,
		"a write that fails half way");
	close(one);
	close(two);
	unlink("t");
}

static void check_symlink(void)
{
	struct stat st;
	int fd, one = make_file("one", 'a', 4);

	ok(symlink("one", "two") == 0 && symlink("one", "two") == -1, "symlink");
	fd = open("two", O_NOFOLLOW);
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.type == T_SYMLINK, "O_NOFOLLOW opens the link");
	ok(read(fd, &st, 1) == -1, "of which nothing is read");
	close(fd);
	ok(stat("two", &st) == 0 && st.type == T_FILE && st.size == 4, "stat follows it");
	fd = open("one", O_NOFOLLOW | O_RDWR);
	ok(fd >= 0 && fstat(fd, &st) == 0 && st.type == T_FILE && write(fd, "b", 1) == 1,
		"O_NOFOLLOW of what is no link");
	close(fd);
	ok(unlink("one") == 0 && open("two", O_RDONLY) == -1, "a link to nothing");
	ok(symlink("two", "one") == 0 && open("two", O_RDWR) == -1, "links in a circle");
	ok(symlink((char *)8, "three") == -1 && symlink("one", (char *)8) == -1 &&
			symlink("", "three") == -1,
		"symlink with what is no name");
	unlink("one");
	unlink("two");
	close(one);
}

static void check_mmap(void)
{
	int fd = make_file("m", 'a', 5000), reading = open("m", O_RDONLY), status;
	char *p, *q, c;

	p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, reading, 0);
	ok((int)(unsigned long)p > 0 && p[0] == 'a' && p[4999] == 'a' && p[5000] == 0,
		"mmap of a file, shared");
	p[1] = 'p';
	ok(q[1] == 'p', "and private");
	q[0] = 'q';
	ok(p[0] == 'a' && q[0] == 'q', "whose stores stay its own");
	ok(mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, reading, 0) == (void *)-1,
		"not writable if the file is not");
	ok(read(reading, &c, 1) == 1 && c == 'a' && read(reading, &c, 1) == 1 && c == 'p',
		"read sees what was stored");
	close(fd);
	close(reading);
	if (fork() == 0) {
		p[2] = 'c';
		munmap(p + 4096, 4096);
		exit(p[4096]);
	}
	wait(&status);
	ok(status == -1 && p[2] == 'c' && p[4096] == 'a', "munmap in a child");
	ok(mmap(p + 4096, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
				p + 4096 &&
			p[4096] == 0 && p[2] == 'c',
		"mmap of zeros at a fixed place");
	ok(munmap(p, 8192) == 0 && munmap(q, 4096) == 0 && q[4096] == 'a', "munmap");
	unlink("m");
}

static void check_printf(void)
{
	printf("ok - printf %d %u %x %p %s %s %c %% %q\n", -5, 4000000000u, 0xbeef, (void *)0x1234,
		"text", (char *)0, 'c');
	printf("ok - long %ld %lu %lx %lld %llu %llx\n", (uint64)-5, (uint64)1 << 40,
		(uint64)0xbeef << 32, (uint64)-6, (uint64)7, (uint64)8);
	printf("ok - %%l alone: %l, %l %s\n", (uint64)5 << 32, (uint64)6, "and on");
	fprintf(1, "ok - fprintf %d\n", 1);
}

int main(int argc, char *argv[])
{
	int same_order = memcmp("ab", "ac", 2) < 0 && memcmp("ab", "ab", 2) == 0;
	char copy[4];

	ok(argc == 2 && same(argv[0], "riscv", 6) && same(argv[1], "7", 2), "arguments");
	check_numbers();
	check_files();
	check_names();
	check_directory();
	check_root();
	check_largest();
	check_processes();
	check_lazy();
	check_truncate();
	check_symlink();
	check_mmap();
	check_printf();
	check_strings();
	ok(same_order, "memcmp");
	ok(memcpy(copy, "abc", 4) == copy && same(copy, "abc", 4), "memcpy");
	check_input();
	check_heap();
	return atoi(argv[1]);
}
