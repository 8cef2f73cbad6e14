/*
 * The floating-point registers belong to their process: they survive preemption, voluntary
 * switches, system calls and page faults, a child starts with its parent's, a new program with
 * none. Each machine's registers are filled and read back in one piece of assembly, with the
 * switches in between, because a compiler keeps values where it likes.
 */
#include "child.h"

#include <sched.h>

/*
 * hold_registers(in, out, rounds, spin): fills the registers from `in`, then `rounds` times counts
 * down from `spin` and calls sched_yield, then stores the registers to `out`.
 * status_word() and set_status_word() are the rounding mode and its kin; OTHER_ROUNDING is a value
 * that differs from what a new program has.
 */
#if defined(__riscv)
#define NREGS 41
#define OTHER_ROUNDING (2 << 5)

static void __attribute__((noinline)) hold_registers(const uint64_t *in, uint64_t *out, long rounds,
	long spin)
{
	register const uint64_t *src asm("a0") = in;
	register uint64_t *dst asm("a1") = out;
	register long n asm("a2") = rounds;
	register long count asm("t0") = spin;

	asm volatile(
		"fld f0,0(a0); fld f1,8(a0); fld f2,16(a0); fld f3,24(a0);"
		"fld f4,32(a0); fld f5,40(a0); fld f6,48(a0); fld f7,56(a0);"
		"fld f8,64(a0); fld f9,72(a0); fld f10,80(a0); fld f11,88(a0);"
		"fld f12,96(a0); fld f13,104(a0); fld f14,112(a0); fld f15,120(a0);"
		"fld f16,128(a0); fld f17,136(a0); fld f18,144(a0); fld f19,152(a0);"
		"fld f20,160(a0); fld f21,168(a0); fld f22,176(a0); fld f23,184(a0);"
		"fld f24,192(a0); fld f25,200(a0); fld f26,208(a0); fld f27,216(a0);"
		"fld f28,224(a0); fld f29,232(a0); fld f30,240(a0); fld f31,248(a0);"
		"ld t2,256(a0); ld t3,264(a0); ld t4,272(a0); ld t5,280(a0);"
		"ld t6,288(a0); ld a3,296(a0); ld a4,304(a0); ld a5,312(a0);"
		"ld a6,320(a0);"
		"1: mv t1,t0;"
		"2: addi t1,t1,-1; bgtz t1,2b;"
		"li a7,124; ecall; addi a2,a2,-1; bgtz a2,1b;"
		"fsd f0,0(a1); fsd f1,8(a1); fsd f2,16(a1); fsd f3,24(a1);"
		"fsd f4,32(a1); fsd f5,40(a1); fsd f6,48(a1); fsd f7,56(a1);"
		"fsd f8,64(a1); fsd f9,72(a1); fsd f10,80(a1); fsd f11,88(a1);"
		"fsd f12,96(a1); fsd f13,104(a1); fsd f14,112(a1); fsd f15,120(a1);"
		"fsd f16,128(a1); fsd f17,136(a1); fsd f18,144(a1); fsd f19,152(a1);"
		"fsd f20,160(a1); fsd f21,168(a1); fsd f22,176(a1); fsd f23,184(a1);"
		"fsd f24,192(a1); fsd f25,200(a1); fsd f26,208(a1); fsd f27,216(a1);"
		"fsd f28,224(a1); fsd f29,232(a1); fsd f30,240(a1); fsd f31,248(a1);"
		"sd t2,256(a1); sd t3,264(a1); sd t4,272(a1); sd t5,280(a1);"
		"sd t6,288(a1); sd a3,296(a1); sd a4,304(a1); sd a5,312(a1);"
		"sd a6,320(a1);"
		: "+r"(src), "+r"(dst), "+r"(n), "+r"(count)
		:
		: "memory", "t1", "a7", "t2", "t3", "t4", "t5", "t6", "a3", "a4", "a5", "a6",
		  "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12",
		  "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20", "f21", "f22", "f23",
		  "f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31");
}

static unsigned status_word(void)
{
	unsigned long v;

	asm volatile("frcsr %0" : "=r"(v));
	return v;
}

static void set_status_word(unsigned v)
{
	asm volatile("fscsr %0" : : "r"((unsigned long)v));
}

#elif defined(__x86_64__)
#define NREGS 32
#define OTHER_ROUNDING 0x3f80

static void __attribute__((noinline)) hold_registers(const uint64_t *in, uint64_t *out, long rounds,
	long spin)
{
	asm volatile(
		"movdqu 0(%[in]),%%xmm0; movdqu 16(%[in]),%%xmm1;"
		"movdqu 32(%[in]),%%xmm2; movdqu 48(%[in]),%%xmm3;"
		"movdqu 64(%[in]),%%xmm4; movdqu 80(%[in]),%%xmm5;"
		"movdqu 96(%[in]),%%xmm6; movdqu 112(%[in]),%%xmm7;"
		"movdqu 128(%[in]),%%xmm8; movdqu 144(%[in]),%%xmm9;"
		"movdqu 160(%[in]),%%xmm10; movdqu 176(%[in]),%%xmm11;"
		"movdqu 192(%[in]),%%xmm12; movdqu 208(%[in]),%%xmm13;"
		"movdqu 224(%[in]),%%xmm14; movdqu 240(%[in]),%%xmm15;"
		"1: movq %[spin],%%rdx;"
		"2: decq %%rdx; jg 2b;"
		"movl $24,%%eax; syscall; decq %[n]; jg 1b;"
		"movdqu %%xmm0,0(%[out]); movdqu %%xmm1,16(%[out]);"
		"movdqu %%xmm2,32(%[out]); movdqu %%xmm3,48(%[out]);"
		"movdqu %%xmm4,64(%[out]); movdqu %%xmm5,80(%[out]);"
		"movdqu %%xmm6,96(%[out]); movdqu %%xmm7,112(%[out]);"
		"movdqu %%xmm8,128(%[out]); movdqu %%xmm9,144(%[out]);"
		"movdqu %%xmm10,160(%[out]); movdqu %%xmm11,176(%[out]);"
		"movdqu %%xmm12,192(%[out]); movdqu %%xmm13,208(%[out]);"
		"movdqu %%xmm14,224(%[out]); movdqu %%xmm15,240(%[out]);"
		: [n] "+b"(rounds)
		: [in] "D"(in), [out] "S"(out), [spin] "r"(spin)
		: "memory", "cc", "rax", "rcx", "rdx", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
		   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
		   "xmm13", "xmm14", "xmm15");
}
#else
#define NREGS 16
#define OTHER_ROUNDING 0x3f80

static void __attribute__((noinline)) hold_registers(const uint64_t *in, uint64_t *out, long rounds,
	long spin)
{
	asm volatile(
		"movdqu 0(%[in]),%%xmm0; movdqu 16(%[in]),%%xmm1;"
		"movdqu 32(%[in]),%%xmm2; movdqu 48(%[in]),%%xmm3;"
		"movdqu 64(%[in]),%%xmm4; movdqu 80(%[in]),%%xmm5;"
		"movdqu 96(%[in]),%%xmm6; movdqu 112(%[in]),%%xmm7;"
		"1: movl %[spin],%%edx;"
		"2: decl %%edx; jg 2b;"
		"movl $158,%%eax; int $0x80; decl %[n]; jg 1b;"
		"movdqu %%xmm0,0(%[out]); movdqu %%xmm1,16(%[out]);"
		"movdqu %%xmm2,32(%[out]); movdqu %%xmm3,48(%[out]);"
		"movdqu %%xmm4,64(%[out]); movdqu %%xmm5,80(%[out]);"
		"movdqu %%xmm6,96(%[out]); movdqu %%xmm7,112(%[out]);"
		: [n] "+c"(rounds)
		: [in] "D"(in), [out] "S"(out), [spin] "m"(spin)
		: "memory", "cc", "eax", "edx");
}
#endif

#if !defined(__riscv)
static unsigned status_word(void)
{
	unsigned v;

	asm volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void set_status_word(unsigned v)
{
	asm volatile("ldmxcsr %0" : : "m"(v));
}
#endif

/* Finite numbers only: a signalling value would be changed by a machine that looks at it. */
static void make_values(uint64_t *v, unsigned seed)
{
	for (int i = 0; i < NREGS; i++)
		v[i] = 0x3ff0000000000000 | (uint64_t)seed << 32 | (uint64_t)(i + 1) << 8 | 0x5a;
}

static int hold(unsigned seed, int times, long rounds, long spin)
{
	uint64_t in[NREGS], out[NREGS];

	make_values(in, seed);
	for (int i = 0; i < times; i++) {
		memset(out, 0, sizeof(out));
		hold_registers(in, out, rounds, spin);
		if (memcmp(in, out, sizeof(in)) != 0)
			return 1;
	}
	return 0;
}

static int hold_in_children(int n, int times, long rounds, long spin)
{
	pid_t pids[16];
	int bad = 0;

	for (int i = 0; i < n; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(hold(i + 1, times, rounds, spin));
	}
	bad += hold(n + 1, times, rounds, spin);
	for (int i = 0; i < n; i++)
		bad += end_of(pids[i]) != 0;
	return bad;
}

static void test_switches(void)
{
	is(hold_in_children(8, 4, 50, 10), 0,
	   "registers of nine processes survive voluntary switches");
	is(hold_in_children(8, 3, 1, 2000000), 0, "registers of nine processes survive preemption");
}

static double __attribute__((noinline)) series(int n, double x)
{
	volatile double sum = 0;

	for (int i = 1; i <= n; i++)
		sum = sum + x / i - x / (i + 0.5);
	return sum;
}

static void test_computation(void)
{
	double expected[6];
	pid_t pids[6];
	int bad = 0;

	for (int i = 0; i < 6; i++)
		expected[i] = series(30000, i + 1.25);
	for (int i = 0; i < 6; i++) {
		pids[i] = tap_fork();
		if (pids[i] == 0)
			_exit(series(30000, i + 1.25) == expected[i] ? 0 : 1);
	}
	for (int i = 0; i < 6; i++)
		bad += end_of(pids[i]) != 0;
	is(bad, 0, "six processes compute what one computed alone");
}

static void test_fork(void)
{
	unsigned before = status_word();
	volatile double kept = 1.0 / 3.0;
	pid_t pid;

	set_status_word(OTHER_ROUNDING);
	pid = tap_fork();
	if (pid == 0) {
		unsigned mine = status_word();

		set_status_word(before);
		_exit(mine == OTHER_ROUNDING && kept * 3.0 > 0.9 ? 0 : 1);
	}
	is(end_of(pid), 0, "a child starts with its parent's rounding mode");
	ok(status_word() == OTHER_ROUNDING, "and changes only its own");
	set_status_word(before);
}

static int exec_itself(void)
{
	char *argv[] = { "proc_fp", "fresh", NULL };

	set_status_word(OTHER_ROUNDING);
	hold(3, 1, 1, 1);
	execv("/proc/self/exe", argv);
	return 100;
}

static void test_exec(void)
{
	is(in_child(exec_itself), 0, "a new program starts with the default rounding mode");
}

static void test_kernel_entries(void)
{
	uint64_t in[NREGS], out[NREGS];
	unsigned char *fresh = must_map(64 * PS, RW, ANON, -1, 0);
	int bad = 0;

	/* The result lies on pages not touched yet: the stores fault with the registers live. */
	make_values(in, 77);
	for (int i = 0; i < 32; i++) {
		uint64_t *page = (uint64_t *)(fresh + 2 * i * PS + PS - NREGS * 8 / 2 / 16 * 16);

		hold_registers(in, page, 1, 1);
		bad += memcmp(in, page, sizeof(in)) != 0;
	}
	is(bad, 0, "registers survive the page faults of storing them");
	unmap(fresh, 64 * PS);
	memset(out, 0, sizeof(out));
	hold_registers(in, out, 1, 1);
	ok(memcmp(in, out, sizeof(in)) == 0, "registers survive a system call");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "fresh") == 0)
		return status_word() == OTHER_ROUNDING ? 1 : 0;
	test_kernel_entries();
	test_switches();
	test_computation();
	test_fork();
	test_exec();
	return done();
}
