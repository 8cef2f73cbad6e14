/* Every function and constant of the headers of x86. */
#include "param.h"
#include "types.h"
#include "stat.h"
#include "user.h"
#include "fs.h"
#include "fcntl.h"
#include "syscall.h"
#include "traps.h"
#include "memlayout.h"
#include "mmu.h"
#include "check.h"
#include "files.h"
#include "memory.h"

/* Names of the C library's are the program's own. */
int stdout = 1;
int errno = 5;
int environ(void)
{
	return 6;
}

static void check_numbers(void)
{
	static const int calls[] = {SYS_fork, SYS_exit, SYS_wait, SYS_pipe, SYS_read, SYS_kill,
		SYS_exec, SYS_fstat, SYS_chdir, SYS_dup, SYS_getpid, SYS_sbrk, SYS_sleep,
		SYS_uptime, SYS_open, SYS_write, SYS_mknod, SYS_unlink, SYS_link, SYS_mkdir,
		SYS_close};
	int i, all = 1;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		all &= calls[i] == i + 1;
	ok(all, "numbers of calls");
	ok(sizeof(uchar) == 1 && sizeof(ushort) == 2 && sizeof(uint) == 4 && sizeof(pde_t) == 4 &&
			(uint)-1 > 0,
		"types.h");
	ok(sizeof(struct stat) == 20 && sizeof(struct dinode) == 64 &&
			sizeof(struct superblock) == 28,
		"sizes of structures");
	IS(T_DIR, 1);
	IS(T_FILE, 2);
	IS(T_DEV, 3);
	ok(O_RDONLY == 0 && O_WRONLY == 1 && O_RDWR == 2 && O_CREATE == 0x200, "fcntl.h");
	ok(NPROC == 64 && KSTACKSIZE == 4096 && NCPU == 8 && NOFILE == 16 && NFILE == 100 &&
			NINODE == 50 && NDEV == 10 && ROOTDEV == 1 && MAXARG == 32 &&
			MAXOPBLOCKS == 10 && LOGSIZE == 30 && NBUF == 30 && FSSIZE == 1000,
		"param.h");
	ok(ROOTINO == 1 && BSIZE == 512 && NDIRECT == 12 && NINDIRECT == 128 && MAXFILE == 140 &&
			IPB == 8 && BPB == 4096 && DIRSIZ == 14,
		"fs.h");
	ok(EXTMEM == 0x100000 && PHYSTOP == 0xE000000 && DEVSPACE == 0xFE000000 &&
			KERNBASE == 0x80000000 && KERNLINK == 0x80100000 &&
			V2P(KERNBASE + 5) == 5 && V2P_WO(KERNBASE) == 0 &&
			(uint)P2V(5) == KERNBASE + 5 && P2V_WO(0) == KERNBASE,
		"memlayout.h");
	ok(PGSIZE == 4096 && NPDENTRIES == 1024 && NPTENTRIES == 1024 && PTXSHIFT == 12 &&
			PDXSHIFT == 22 && PGROUNDUP(4097) == 8192 && PGROUNDDOWN(4097) == 4096 &&
			PDX(0xC0403000) == 0x301 && PTX(0xC0403000) == 3 &&
			PGADDR(1, 2, 3) == 0x402003,
		"mmu.h: pages");
	ok(PTE_P == 1 && PTE_W == 2 && PTE_U == 4 && PTE_PS == 0x80 && PTE_ADDR(0x5007) == 0x5000 &&
			PTE_FLAGS(0x5007) == 7,
		"mmu.h: entries");
	ok(FL_IF == 0x200 && CR0_PE == 1 && CR0_WP == 0x10000 && CR0_PG == 0x80000000 &&
			CR4_PSE == 0x10 && SEG_KCODE == 1 && SEG_KDATA == 2 && SEG_UCODE == 3 &&
			SEG_UDATA == 4 && SEG_TSS == 5 && NSEGS == 6 && DPL_USER == 3 &&
			STA_X == 8 && STA_W == 2 && STA_R == 2 && STS_T32A == 9 && STS_IG32 == 14 &&
			STS_TG32 == 15,
		"mmu.h: segments");
	ok(T_DIVIDE == 0 && T_DEBUG == 1 && T_NMI == 2 && T_BRKPT == 3 && T_OFLOW == 4 &&
			T_BOUND == 5 && T_ILLOP == 6 && T_DEVICE == 7 && T_DBLFLT == 8 &&
			T_TSS == 10 && T_SEGNP == 11 && T_STACK == 12 && T_GPFLT == 13 &&
			T_PGFLT == 14 && T_FPERR == 16 && T_ALIGN == 17 && T_MCHK == 18 &&
			T_SIMDERR == 19,
		"traps.h: traps");
	ok(T_SYSCALL == 64 && T_DEFAULT == 500 && T_IRQ0 == 32 && IRQ_TIMER == 0 && IRQ_KBD == 1 &&
			IRQ_COM1 == 4 && IRQ_IDE == 14 && IRQ_ERROR == 19 && IRQ_SPURIOUS == 31,
		"traps.h: interrupts");
}

static void check_processes(void)
{
	char *argv[] = {"echo", "ok - exec finds echo", 0};
	static char *many[MAXARG + 2];
	static char large[5000];
	int pid, i, n, before;

	pid = fork();
	if (pid == 0) {
		getpid();
		exit();
	}
	ok(pid > 0 && wait() == pid && wait() == -1, "fork, exit, wait");
	pid = fork();
	if (pid == 0)
		*(volatile int *)0 = 1;
	ok(wait() == pid, "a fault ends the child, and nothing is printed");
	pid = fork();
	if (pid == 0)
		for (;;)
			;
	ok(kill(pid) == 0 && wait() == pid && kill(pid) == -1 && kill(0) == -1 && kill(-1) == -1,
		"kill");
	if (fork() == 0) {
		exec("echo", argv);
		exit();
	}
	wait();
	for (i = 0; i <= MAXARG; i++)
		many[i] = "a";
	ok(exec("echo", many) == -1, "exec with too many arguments");
	memset(large, 'a', sizeof(large) - 1);
	many[0] = large;
	many[1] = 0;
	ok(exec("echo", many) == -1, "exec with more than a page of arguments");
	many[0] = (char *)0xffffffff;
	ok(exec("echo", many) == -1 && exec("echo", (char **)16) == -1 &&
			exec("none", argv) == -1 && exec("README", argv) == -1,
		"exec of what cannot be");
	for (n = 0; n < 1000 && (pid = fork()) >= 0; n++)
		if (pid == 0)
			exit();
	ok(n > 20 && n < NPROC, "fork fails when there are NPROC processes");
	for (i = 0; i < n; i++)
		wait();
	before = uptime();
	ok(sleep(3) == 0 && uptime() - before >= 3 && uptime() - before < 30 && sleep(0) == 0,
		"sleep, uptime");
	ok(getpid() > 0, "getpid");
}

static void check_printf(void)
{
	printf(1, "ok - printf %d %d %x %p %s %s %c %% %q\n", -5, 0, 0xbeef, (void *)0x1234, "text",
		(char *)0, 'c');
	printf(stdout, "ok - the smallest %d %x\n", (int)0x80000000, -1);
	ok(errno == 5 && environ() == 6, "a program's names are its own");
}

int main(int argc, char *argv[])
{
	ok(argc == 3 && same(argv[0], "x86", 4) && same(argv[1], "two words", 10) &&
			argv[2][0] == 0 && argv[3] == 0,
		"arguments");
	check_numbers();
	check_files();
	check_names();
	check_directory();
	check_root();
	check_largest();
	check_many_names();
	check_processes();
	check_printf();
	check_strings();
	check_input();
	check_heap();
	exit();
}
