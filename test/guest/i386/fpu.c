/*
 * The x87, SSE and AVX registers belong to their process: through system calls, sleeps, faults,
 * signals and switches; a child begins with its parent's, a new program with fresh ones.
 */
#include "fx.h"

#include <elf.h>
#include <sched.h>
#include <time.h>

/* ---- Many processes, each with its values ---- */

#define HOLDERS 8
#define TOUCHED 6 /* rounds of one hold, and fresh pages that it touches */

struct timespec32 {
	int sec, nsec;
} hold_time = {0, 1000000};
unsigned hold_page, hold_pid;

/* Each round: a sleep, the first touch of a page, a signal that is handled, some time. */
#define HOLD_ROUNDS \
	"pushl %ebx; pushl %esi; movl hold_page, %esi; movl $6, %ebp;" \
	"1: movl $162, %eax; movl $hold_time, %ebx; xorl %ecx, %ecx; int $0x80;" \
	"incb (%esi); addl $4096, %esi;" \
	"movl $37, %eax; movl hold_pid, %ebx; movl $10, %ecx; int $0x80;" \
	"movl $100000, %ecx; 2: loop 2b;" \
	"decl %ebp; jnz 1b; popl %esi; popl %ebx;"

PIECE(hold_fx, "fxrstor fx_in;", HOLD_ROUNDS "fxsave fx_out");

static void clobber(int signo)
{
	(void)signo;
	((void (*)(void))fx_clobber)();
}

static int hold(unsigned seed, int times, const void *piece, bool (*held)(void))
{
	int bad = 0;

	hold_pid = (unsigned)getpid();
	signal(SIGUSR1, clobber);
	while (times-- > 0) {
		unsigned char *fresh = must_map(TOUCHED * PS, RW, ANON, -1, 0);

		hold_page = (unsigned)fresh;
		fill_fx(seed);
		piece_call(piece);
		bad += !held();
		for (int i = 0; i < TOUCHED; i++)
			bad += fresh[i * PS] != 1;
		unmap(fresh, TOUCHED * PS);
	}
	return bad;
}

static void hold_in_all(const void *piece, bool (*held)(void))
{
	pid_t pid[HOLDERS];

	for (unsigned i = 0; i < HOLDERS; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(hold(i + 1, 3, piece, held));
	}
	want_eq(hold(100, 3, piece, held), 0);
	for (int i = 0; i < HOLDERS; i++)
		want_eq(end_of(pid[i]), 0);
}

static void test_hold(void)
{
	hold_in_all(hold_fx, fx_held);
	verdict("x87 and SSE registers of nine processes survive sleeps, faults, signals and "
		"switches");
}

/* ---- Computing, with a precision and rounding of its own ---- */

static long double __attribute__((noinline)) series(unsigned short control, int n)
{
	volatile long double sum = 0, one = 1;
	unsigned short standard = 0x37f;

	__asm__ volatile("fldcw %0" : : "m"(control));
	for (int i = 1; i <= n; i++)
		sum = sum + one / i - one / (i + one / 3);
	__asm__ volatile("fldcw %0" : : "m"(standard));
	return sum;
}

#define CONTROLS 6

static void test_computation(void)
{
	/* precision of 64, 53 and 24 bits, rounding to nearest, up, down and to zero */
	static const unsigned short control[CONTROLS] = {0x37f, 0xb7f, 0x27f, 0x77f, 0x07f, 0xc7f};
	long double expected[CONTROLS];
	pid_t pid[CONTROLS];

	for (int i = 0; i < CONTROLS; i++)
		expected[i] = series(control[i], 20000);
	want(expected[0] != expected[1] && expected[0] != expected[2] &&
		expected[2] != expected[4]);
	for (int i = 0; i < CONTROLS; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(series(control[i], 20000) == expected[i] ? 0 : 1);
	}
	for (int i = 0; i < CONTROLS; i++)
		want_eq(end_of(pid[i]), 0);
	verdict("six processes with precision and rounding of their own compute what one did "
		"alone");
}

/* ---- An exception that waits ---- */

/* Gives the processor away twenty times with an x87 exception not told yet. */
PIECE(exception_waits,
	"fninit; fnstcw -2(%esp); andw $~4, -2(%esp); fldcw -2(%esp);"
	"fld1; fldz; fdivrp; pushl %ebx; movl $20, %ebx; 1: movl $158, %eax; int $0x80;"
	"decl %ebx; jnz 1b; popl %ebx",
	"fwait");

static int waits_with_exception(void)
{
	take_exceptions(piece_signal);
	for (int i = 0; i < 5; i++)
		if (!want_instruction(exception_waits, SIGFPE, FPE_FLTDIV, V_X87))
			return 1;
	return 0;
}

static int computes_beside_it(void)
{
	long double expected = series(0x37f, 100);

	for (int i = 0; i < 100; i++) {
		sched_yield();
		if (series(0x37f, 100) != expected)
			return 1;
	}
	return 0;
}

static void test_waiting_exception(void)
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(i & 1 ? waits_with_exception() : computes_beside_it());
	}
	for (int i = 0; i < 4; i++)
		want_eq(end_of(pid[i]), 0);
	verdict("an x87 exception that waits goes with its process through switches, to no other");
}

/* ---- fork ---- */

int forked;

PIECE(fork_with_fx, "fxrstor fx_in; movl $2, %eax", "int $0x80; movl %eax, forked; fxsave fx_out");

static void test_fork(void)
{
	for (unsigned seed = 200; seed < 203; seed++) {
		fill_fx(seed);
		fx_in.fcw = 0xe7f;
		fx_in.mxcsr = 0x7fbf & ~0x3fu; /* rounds to zero */
		piece_call(fork_with_fx);
		if (forked == 0)
			_exit(fx_held() ? 0 : 1);
		want(fx_held());
		if (want(forked > 0))
			want_eq(end_of(forked), 0);
	}
	verdict("a child begins with its parent's x87 and SSE registers and modes");
}

/* ---- exec ---- */

/*
 * A whole program: it writes its general registers, flags and segments (12 words, from edi down in
 * PUSHA's order, then eflags, ds, es, fs, gs), then the image of FXSAVE, and ends. The C library's
 * start would use the registers before main could look at them.
 */
#define NEW_BASE 0x10000000u
#define NEW_WORDS 13

PIECE(new_program, "",
	"pushfl; pushal; movl %esp, %esi; movl $0x10002000, %edi; movl $9, %ecx; cld; rep movsl;"
	"movl %ds, %eax; stosl; movl %es, %eax; stosl; movl %fs, %eax; stosl; movl %gs, %eax; "
	"stosl;"
	"fxsave 0x10002040; movl $4, %eax; movl $1, %ebx; movl $0x10002000, %ecx;"
	"movl $64 + 512, %edx; int $0x80; movl $1, %eax; xorl %ebx, %ebx; int $0x80\n "
	"new_program_end:");
extern const unsigned char new_program_end[];

const char *new_path;
const char *new_argv[2];
PIECE(exec_with_fx,
	"fxrstor fx_in; movl $11, %eax; movl new_path, %ebx; movl $new_argv, %ecx;"
	"xorl %edx, %edx; movl $0x1234, %esi; movl %esi, %edi; movl %esi, %ebp; pushl $0x8d7; "
	"popfl",
	"int $0x80");

static void make_program(const char *path)
{
	size_t size = (size_t)(new_program_end - new_program);
	struct {
		Elf32_Ehdr header;
		Elf32_Phdr segment;
	} image = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_386,
				.e_version = EV_CURRENT,
				.e_entry = NEW_BASE + sizeof image,
				.e_phoff = offsetof(typeof(image), segment),
				.e_ehsize = sizeof image.header,
				.e_phentsize = sizeof image.segment,
				.e_phnum = 1,
			},
		.segment =
			{
				.p_type = PT_LOAD,
				.p_vaddr = NEW_BASE,
				.p_filesz = sizeof image + size,
				.p_memsz = 4 * PS,
				.p_flags = PF_R | PF_W | PF_X,
				.p_align = PS,
			},
	};
	int fd = temp_file_named(path, 0, 0);

	put_bytes(fd, &image, sizeof image, 0);
	put_bytes(fd, new_program, size, sizeof image);
	fchmod(fd, 0755);
	close(fd);
}

static int exec_new(void *arg)
{
	(void)arg;
	fill_fx(9);
	piece_call(exec_with_fx);
	return 99;
}

static void test_exec(void)
{
	static struct capture c;
	unsigned word[NEW_WORDS];
	struct fx fx;

	new_argv[0] = new_path = temp_name();
	make_program(new_path);
	child_capture(exec_new, NULL, &c);
	want(exited(c.status, 0));
	want_eq(c.len, 64 + 512);
	memcpy(word, c.out, sizeof word);
	memcpy(&fx, c.out + 64, sizeof fx);
	want_eq(fx.fcw, 0x37f);
	want_eq(fx.fsw, 0);
	want_eq(fx.ftw, 0);
	want_eq(fx.mxcsr, 0x1f80);
	want(all_zero(fx.st, sizeof fx.st));
	want(all_zero(fx.xmm, sizeof fx.xmm));
	verdict("a new program begins with fresh x87 and SSE registers");
	for (int i = 0; i < 8; i++)
		if (i != 3) /* esp */
			want_eq(word[i], 0);
	want_eq(word[3] % 16, 12); /* an aligned stack, less the flags */
	want_eq(word[8], 0x202);
	want(word[9] == word[10] && (word[9] & 3) == 3);
	want_eq(word[11], 0);
	want_eq(word[12], 0);
	verdict("with its other registers zero, and no segment in FS and GS");
}

/* ---- AVX ---- */

unsigned char ymm_in[8][32], ymm_out[8][32];

PIECE(hold_ymm,
	"vmovdqu ymm_in, %ymm0; vmovdqu ymm_in + 32, %ymm1; vmovdqu ymm_in + 64, %ymm2;"
	"vmovdqu ymm_in + 96, %ymm3; vmovdqu ymm_in + 128, %ymm4; vmovdqu ymm_in + 160, %ymm5;"
	"vmovdqu ymm_in + 192, %ymm6; vmovdqu ymm_in + 224, %ymm7",
	HOLD_ROUNDS
	"vmovdqu %ymm0, ymm_out; vmovdqu %ymm1, ymm_out + 32;"
	"vmovdqu %ymm2, ymm_out + 64; vmovdqu %ymm3, ymm_out + 96; vmovdqu %ymm4, ymm_out + 128;"
	"vmovdqu %ymm5, ymm_out + 160; vmovdqu %ymm6, ymm_out + 192; vmovdqu %ymm7, ymm_out + 224;"
	"vzeroall");

/* CPUID says that there is AVX, and that the kernel keeps its registers (XCR0). */
static bool have_avx(void)
{
	unsigned eax = 1, ebx, ecx, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	if (!(ecx & 1u << 27) || !(ecx & 1u << 28))
		return false;
	__asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
	return (eax & 6) == 6;
}

static bool ymm_held(void)
{
	bool good = memcmp(ymm_in, ymm_out, sizeof ymm_in) == 0;

	memset(ymm_out, 0, sizeof ymm_out);
	return good;
}

static int hold_own_ymm(unsigned seed)
{
	fill(ymm_in, sizeof ymm_in, seed);
	return hold(seed, 3, hold_ymm, ymm_held);
}

static void test_avx(void)
{
	pid_t pid[HOLDERS];

	for (unsigned i = 0; have_avx() && i < HOLDERS; i++) {
		pid[i] = tap_fork();
		if (pid[i] == 0)
			_exit(hold_own_ymm(i + 300));
	}
	if (have_avx()) {
		want_eq(hold_own_ymm(350), 0);
		for (int i = 0; i < HOLDERS; i++)
			want_eq(end_of(pid[i]), 0);
	}
	verdict("AVX registers, if there are any, survive the same");
}

int main(void)
{
	test_hold();
	test_computation();
	test_waiting_exception();
	test_fork();
	test_exec();
	test_avx();
	return done();
}
