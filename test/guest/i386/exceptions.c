/*
 * The processor's exceptions, as signals: every one that a program can raise has the signal, the
 * code, the address and the vector that Linux gives it. And what no exception may do: change a
 * register.
 */
#include "registers.h"

#include <sys/time.h>

/* ---- Division and the instructions that trap ---- */

PIECE(divide_by_zero, "xorl %ecx, %ecx; movl $1, %eax; cltd", "idivl %ecx");
PIECE(divide_overflow, "movl $0x80000000, %eax; cltd; movl $-1, %ecx", "idivl %ecx");
PIECE(divide_too_large, "movl $1, %edx; xorl %eax, %eax; movl $1, %ecx", "divl %ecx");
PIECE(divide_byte, "movb $0, %cl; movw $1, %ax", "divb %cl");
PIECE(divide_decimal, "movb $1, %al", ".byte 0xd4, 0");

static void test_divide(void)
{
	want_instruction(divide_by_zero, SIGFPE, FPE_INTDIV, V_DIVIDE);
	want_instruction(divide_overflow, SIGFPE, FPE_INTDIV, V_DIVIDE);
	want_instruction(divide_too_large, SIGFPE, FPE_INTDIV, V_DIVIDE);
	want_instruction(divide_byte, SIGFPE, FPE_INTDIV, V_DIVIDE);
	want_instruction(divide_decimal, SIGFPE, FPE_INTDIV, V_DIVIDE);
	verdict("a division by zero or with too large a result raises SIGFPE, FPE_INTDIV");
}

PIECE(breakpoint, "", "int3");
PIECE(breakpoint_long, "", ".byte 0xcd, 3");
PIECE(overflow, "movl $0x7fffffff, %eax; incl %eax", "into");
PIECE(overflow_long, "", ".byte 0xcd, 4");
PIECE(no_overflow, "xorl %eax, %eax", "into");
PIECE(out_of_bounds, "pushl $20; pushl $10; popl %ecx; popl %ecx; movl $21, %eax",
	"boundl %eax, -8(%esp)");
PIECE(within_bounds, "pushl $20; pushl $10; movl $20, %eax", "boundl %eax, (%esp); addl $8, %esp");

static void test_traps(void)
{
	want_exception(breakpoint, 1, SIGTRAP, V_BREAKPOINT, 0);
	want_exception(breakpoint_long, 2, SIGTRAP, V_BREAKPOINT, 0);
	verdict("int3 raises SIGTRAP and goes on behind it");
	want_exception(overflow, 1, SIGSEGV, V_OVERFLOW, 0);
	want_exception(overflow_long, 2, SIGSEGV, V_OVERFLOW, 0);
	want_nothing(no_overflow);
	verdict("into raises SIGSEGV if there was an overflow, int 4 always");
	want_exception(out_of_bounds, 0, SIGSEGV, V_BOUND, 0);
	want_nothing(within_bounds);
	verdict("bound raises SIGSEGV for an index out of the bounds");
}

static void test_software_interrupts(void)
{
	unsigned char *code = must_map(PS, RWX, ANON, -1, 0);
	char name[32];
	int bad = 0;

	for (unsigned n = 0; n < 256; n++) {
		if (n == 3 || n == 4 || n == 0x80)
			continue;
		memcpy(code, (unsigned char[]){0xcd, (unsigned char)n, 0xc3}, 3);
		snprintf(name, sizeof name, "int 0x%02x", n);
		bad += !want_exception_of(name, code, code, SIGSEGV, V_PROTECTION, n * 8 + 2);
		if (bad > 5)
			break;
	}
	unmap(code, PS);
	verdict("every other int but 0x80 raises SIGSEGV with the vector in its error code");
}

/* ---- Single steps ---- */

#define MAX_STEPS 16

static volatile unsigned long steps[MAX_STEPS];
static volatile int nsteps, wrong_steps;

static void take_step(int signo, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	unsigned long eip = (unsigned long)uc->uc_mcontext.gregs[REG_EIP];

	if (signo != SIGTRAP || si->si_code != TRAP_TRACE || (unsigned long)si->si_addr != eip ||
		nsteps == MAX_STEPS || uc->uc_mcontext.gregs[REG_TRAPNO] != V_DEBUG) {
		wrong_steps++;
		piece_signal(signo, si, context);
		return;
	}
	steps[nsteps++] = eip;
}

extern const unsigned char step_0[], step_1[], step_2[], step_3[], step_4[];
PIECE(step_plain, SET_FLAGS(0x100),
	"nop\n step_0: movl $1, %eax\n step_1: pushfl\n step_2: andl $~0x100, (%esp)\n"
	"step_3: popfl\n step_4: nop");

extern const unsigned char call_0[], call_1[], call_2[], call_3[], call_4[];
PIECE(step_call, SET_FLAGS(0x100),
	"movl $20, %eax\n call_0: int $0x80\n movl %eax, %ecx\n call_1: pushfl\n"
	"call_2: andl $~0x100, (%esp)\n call_3: popfl\n call_4: movl %ecx, step_result");
unsigned step_result;

/* Loading SS holds the trap back for one instruction: it must not reach the kernel's entry. */
PIECE(step_stack_segment, "movl %ss, %edx; movl $20, %eax;" SET_FLAGS(0x100),
	"movl %edx, %ss; int $0x80; movl %eax, %ecx;" CLEAR_FLAGS(0x100) "movl %ecx, step_result");

static bool stepped(const unsigned char *const *expected, int n)
{
	bool good = wrong_steps == 0 && nsteps == n;

	for (int i = 0; good && i < n; i++)
		good = steps[i] == (unsigned long)expected[i];
	for (int i = 0; !good && i < nsteps; i++)
		diag("  step %d ends %ld bytes from the first", i, (long)(steps[i] - steps[0]));
	return good;
}

static void test_steps(void)
{
	static const unsigned char *const plain[] = {step_0, step_1, step_2, step_3, step_4};
	static const unsigned char *const call[] = {call_0, call_1, call_2, call_3, call_4};

	take_exceptions(take_step);
	nsteps = wrong_steps = 0;
	want_nothing(step_plain);
	want(stepped(plain, 5));
	verdict("with TF set every instruction raises SIGTRAP, TRAP_TRACE, until it is clear");
	nsteps = wrong_steps = 0;
	step_result = 0;
	want_nothing(step_call);
	want(stepped(call, 5));
	want_eq(step_result, getpid());
	verdict("a system call and the instruction behind it are one step");
	nsteps = wrong_steps = 0;
	step_result = 0;
	want_nothing(step_stack_segment);
	want_eq(wrong_steps, 0);
	want_eq(step_result, getpid());
	verdict("a step that loading SS held back does no harm in a system call");
	take_exceptions(piece_signal);
}

/* ---- Invalid instructions ---- */

PIECE(opcode_ud2, "", "ud2");
PIECE(opcode_ud1, "", ".byte 0x0f, 0xb9, 0xc0");
PIECE(opcode_ud0, "", ".byte 0x0f, 0xff, 0xc0");
PIECE(opcode_lock, "", ".byte 0xf0, 0x90");
PIECE(opcode_load_cs, "xorl %eax, %eax", ".byte 0x8e, 0xc8");
PIECE(opcode_lea, "", ".byte 0x8d, 0xc0");
PIECE(opcode_too_long, "",
	".byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e,"
	"0x3e, 0x3e, 0x3e, 0x3e, 0x90");
PIECE(opcode_longest, "",
	".byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e,"
	"0x3e, 0x3e, 0x3e, 0x90");

static void test_opcodes(void)
{
	want_instruction(opcode_ud2, SIGILL, ILL_ILLOPN, V_OPCODE);
	want_instruction(opcode_ud1, SIGILL, ILL_ILLOPN, V_OPCODE);
	want_instruction(opcode_ud0, SIGILL, ILL_ILLOPN, V_OPCODE);
	verdict("ud0, ud1 and ud2 raise SIGILL, ILL_ILLOPN");
	want_instruction(opcode_lock, SIGILL, ILL_ILLOPN, V_OPCODE);
	want_instruction(opcode_load_cs, SIGILL, ILL_ILLOPN, V_OPCODE);
	want_instruction(opcode_lea, SIGILL, ILL_ILLOPN, V_OPCODE);
	verdict("a lock of nothing, a load of CS and lea of a register raise SIGILL");
	want_nothing(opcode_longest);
	want_protection(opcode_too_long, 0);
	verdict("an instruction of more than 15 bytes raises SIGSEGV");
}

/* ---- What only the kernel may ---- */

PIECE(only_cli, "", "cli");
PIECE(only_sti, "", "sti");
PIECE(only_hlt, "", "hlt");
PIECE(only_clts, "", "clts");
PIECE(only_invd, "", "invd");
PIECE(only_wbinvd, "", "wbinvd");
PIECE(only_invlpg, "", "invlpg (%esp)");
PIECE(only_lgdt, "", "lgdt (%esp)");
PIECE(only_lidt, "", "lidt (%esp)");
PIECE(only_lldt, "xorl %eax, %eax", "lldt %ax");
PIECE(only_ltr, "movl $0x80, %eax", "ltr %ax");
PIECE(only_lmsw, "xorl %eax, %eax", "lmsw %ax");
PIECE(only_wrmsr, "movl $0x174, %ecx; xorl %eax, %eax; xorl %edx, %edx", "wrmsr");
PIECE(only_rdmsr, "movl $0x174, %ecx", "rdmsr");
PIECE(only_to_cr0, "xorl %eax, %eax", "movl %eax, %cr0");
PIECE(only_from_cr0, "", "movl %cr0, %eax");
PIECE(only_from_cr2, "", "movl %cr2, %eax");
PIECE(only_to_cr3, "xorl %eax, %eax", "movl %eax, %cr3");
PIECE(only_to_cr4, "xorl %eax, %eax", "movl %eax, %cr4");
PIECE(only_from_db7, "", "movl %db7, %eax");
PIECE(only_to_db7, "xorl %eax, %eax", "movl %eax, %db7");

static void test_privileged(void)
{
	want_protection(only_cli, 0);
	want_protection(only_sti, 0);
	want_protection(only_hlt, 0);
	want_protection(only_clts, 0);
	want_protection(only_invd, 0);
	want_protection(only_wbinvd, 0);
	want_protection(only_invlpg, 0);
	want_protection(only_lgdt, 0);
	want_protection(only_lidt, 0);
	want_protection(only_lldt, 0);
	want_protection(only_ltr, 0);
	want_protection(only_lmsw, 0);
	want_protection(only_wrmsr, 0);
	want_protection(only_rdmsr, 0);
	verdict("privileged instructions raise SIGSEGV");
	want_protection(only_to_cr0, 0);
	want_protection(only_from_cr0, 0);
	want_protection(only_from_cr2, 0);
	want_protection(only_to_cr3, 0);
	want_protection(only_to_cr4, 0);
	want_protection(only_from_db7, 0);
	want_protection(only_to_db7, 0);
	verdict("control and debug registers raise SIGSEGV");
}

PIECE(port_inb, "", "inb $0x80, %al");
PIECE(port_outb, "", "outb %al, $0x80");
PIECE(port_inw, "movl $0x1f0, %edx", "inw %dx, %ax");
PIECE(port_outl, "movl $0xcf8, %edx", "outl %eax, %dx");
PIECE(port_inb_first, "xorl %edx, %edx", "inb %dx, %al");
PIECE(port_inb_last, "movl $0xffff, %edx", "inb %dx, %al");
PIECE(port_inl_last, "movl $0xffff, %edx", "inl %dx, %eax");
PIECE(port_insb, "movl $0x60, %edx; movl %esp, %edi", "insb");
PIECE(port_outsl, "movl $0x3f8, %edx; movl %esp, %esi", "outsl");
PIECE(port_rep_outsb, "movl $0x3f8, %edx; movl %esp, %esi; movl $4, %ecx", "rep outsb");

static void test_ports(void)
{
	want_protection(port_inb, 0);
	want_protection(port_outb, 0);
	want_protection(port_inw, 0);
	want_protection(port_outl, 0);
	want_protection(port_inb_first, 0);
	want_protection(port_inb_last, 0);
	want_protection(port_inl_last, 0);
	want_protection(port_insb, 0);
	want_protection(port_outsl, 0);
	want_protection(port_rep_outsb, 0);
	verdict("I/O ports raise SIGSEGV");
}

/* ---- Segments ---- */

/* What the pieces load, and where they jump to. */
unsigned selector, far_pointer[2];

PIECE(load_ds, "movl selector, %eax", "movl %eax, %ds");
PIECE(load_es, "movl selector, %eax", "movl %eax, %es");
PIECE(load_fs, "movl selector, %eax", "movl %eax, %fs");
PIECE(load_gs, "movl selector, %eax", "movl %eax, %gs");
PIECE(load_ss, "movl selector, %eax", "movl %eax, %ss");
PIECE(pop_es, "pushl selector", "popl %es");
PIECE(lds_bad, "", "ldsl far_pointer, %eax");

/*
 * Descriptors of kernels: 2, 3 and 13 are code and data of Linux for one of the two machines, 16,
 * 27 and 31 a 32-bit kernel's task states and data, and not there on the other machine; then one
 * beyond any table, and some of a local table that is not there.
 */
static const unsigned bad_selectors[] = {0x10, 0x13, 0x18, 0x1b, 0x68, 0x6b, 0x80, 0x83, 0xd8, 0xdb,
	0xf8, 0xfb, 0xfff8, 0xfffb, 0x4, 0x7, 0xc, 0xf};

static void test_segment_loads(void)
{
	static const struct {
		const char *name;
		const unsigned char *fn, *at;
	} loads[] = {
		{"DS", load_ds, load_ds_at},
		{"ES", load_es, load_es_at},
		{"FS", load_fs, load_fs_at},
		{"GS", load_gs, load_gs_at},
		{"SS", load_ss, load_ss_at},
		{"ES by pop", pop_es, pop_es_at},
		{"DS by lds", lds_bad, lds_bad_at},
	};

	for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
		for (size_t n = 0; n < sizeof bad_selectors / sizeof bad_selectors[0]; n++) {
			selector = far_pointer[1] = bad_selectors[n];
			want_exception_of(loads[i].name, loads[i].fn, loads[i].at, SIGSEGV,
				V_PROTECTION, selector & ~3u);
		}
	}
	/* A 32-bit kernel's code; with a 64-bit one it may be the library's thread-local storage. */
	__asm__("movl %%gs, %0" : "=r"(selector));
	if (selector >> 3 != 12) {
		selector = 0x60;
		want_protection(load_ds, 0x60);
		want_protection(load_gs, 0x60);
		want_protection(load_ss, 0x60);
	}
	verdict("a selector of the kernel's or of no segment raises SIGSEGV and is its error code");
	for (selector = 0; selector < 4; selector++)
		want_protection(load_ss, 0);
	__asm__("movl %%cs, %0" : "=r"(selector));
	want_protection(load_ss, selector & ~3u);
	__asm__("movl %%ss, %0" : "=r"(selector));
	selector &= ~3u;
	want_protection(load_ss, selector);
	verdict("SS takes no null selector, no code segment and no other level");
}

/* All addresses are good ones, were the segments. */
PIECE(null_ds, "xorl %eax, %eax; movl %eax, %ds", "movl selector, %eax");
PIECE(null_es, "xorl %eax, %eax; movl %eax, %es; leal -64(%esp), %edi", "stosl");
PIECE(null_fs, "xorl %eax, %eax; movl %eax, %fs", "movl %fs:selector, %eax");
PIECE(null_gs, "xorl %eax, %eax; movl %eax, %gs", "movl %gs:selector, %eax");
PIECE(write_code, "leal -64(%esp), %ecx", "movl %eax, %cs:(%ecx)");

static void test_null_segments(void)
{
	static const char *const name = "an access by a null segment raises SIGSEGV",
				 *const code = "a store by the code segment raises SIGSEGV";

	if (!segments_judged()) {
		skip(NOT_JUDGED, "%s", name);
		skip(NOT_JUDGED, "%s", code);
		return;
	}
	want_protection(null_ds, 0);
	want_protection(null_es, 0);
	want_protection(null_fs, 0);
	want_protection(null_gs, 0);
	verdict("%s", name);
	want_protection(write_code, 0);
	verdict("%s", code);
}

PIECE(far_jump, "", "ljmp *far_pointer");
PIECE(far_call, "", "lcall *far_pointer");
PIECE(far_return, "pushl far_pointer + 4; pushl far_pointer", "lret");
PIECE(far_iret, "pushfl; pushl far_pointer + 4; pushl far_pointer", "iret");

static bool can_return;

/*
 * QEMU 7.2 reads what lret and iret pop with the kernel's rights, so that with SMAP (CPUID 7, EBX)
 * no program can return far.
 */
static bool far_returns_work(void)
{
	unsigned eax = 7, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return segments_judged() || !(ebx & 1u << 20);
}

static void far_to(unsigned sel, unsigned error)
{
	far_pointer[0] = (unsigned)no_overflow;
	far_pointer[1] = sel;
	want_protection(far_jump, error);
	want_protection(far_call, error);
	if (can_return) {
		want_protection(far_return, error);
		want_protection(far_iret, error);
	}
}

static void test_far(void)
{
	static const char *const name = "a far return to an inner level raises SIGSEGV";
	unsigned cs, ds;

	can_return = far_returns_work();
	for (size_t n = 0; n < sizeof bad_selectors / sizeof bad_selectors[0]; n++)
		far_to(bad_selectors[n], bad_selectors[n] & ~3u);
	far_to(0x60, 0x60);
	far_to(0x63, 0x60);
	far_to(0, 0);
	far_to(3, 0);
	verdict("far jumps, calls and returns to no segment of the program's raise SIGSEGV");
	__asm__("movl %%cs, %0\n\tmovl %%ds, %1" : "=r"(cs), "=r"(ds));
	far_to(ds, ds & ~3u);
	verdict("and to a segment of data");
	far_pointer[1] = cs;
	want_nothing(far_jump);
	verdict("a far jump to the program's own segment is none");
	if (!can_return) {
		skip("the processor cannot return far", "%s", name);
		return;
	}
	far_pointer[1] = cs & ~3u;
	want_protection(far_return, cs & ~3u);
	want_protection(far_iret, cs & ~3u);
	verdict("%s", name);
}

PIECE(nested_iret, "pushfl; pushl %cs; pushl $nested_iret_back;" SET_FLAGS(0x4000),
	"iret\n nested_iret_back:" CLEAR_FLAGS(0x4000));

static void test_nested_iret(void)
{
	struct outcome o = run_piece(nested_iret);

	/* Protected mode looks at the task to return to, long mode knows no tasks. */
	judge(o.signo == SIGSEGV && o.code == SI_KERNEL && o.addr == 0 &&
			(o.reg[REG_TRAPNO] == 10 || o.reg[REG_TRAPNO] == V_PROTECTION) &&
			o.reg[REG_EIP] == (unsigned long)nested_iret_at,
		"nested_iret", &o);
	verdict("iret with NT set raises SIGSEGV");
}

/* ---- Stacks ---- */

unsigned small_stack;

PIECE(push_nowhere, "movl $0x1004, %esp", "pushl %eax");
PIECE(push_kernel, "movl $0xfffff804, %esp", "pushl %eax");
PIECE(call_nowhere, "movl $0x1004, %esp", "call breakpoint");
PIECE(pop_nowhere, "movl $0x1000, %esp", "popl %eax");
PIECE(push_past_limit, "movl small_stack, %eax; movl %eax, %ss", "pushl %eax");
PIECE(read_past_limit, "movl small_stack, %eax; movl %eax, %ss", "movl %ss:0x100000, %eax");

static void want_page_fault(
	const char *name, const void *fn, const void *at, unsigned long addr, unsigned error)
{
	struct outcome o = run_piece(fn);

	judge(o.signo == SIGSEGV && o.code == SEGV_MAPERR && o.addr == addr &&
			o.reg[REG_TRAPNO] == V_PAGE && (o.reg[REG_ERR] & ~1u) == error &&
			o.reg[REG_EIP] == (unsigned long)at,
		name, &o);
}

static void test_stacks(void)
{
	want_page_fault("push_nowhere", push_nowhere, push_nowhere_at, 0x1000, 6);
	want_page_fault("call_nowhere", call_nowhere, call_nowhere_at, 0x1000, 6);
	want_page_fault("pop_nowhere", pop_nowhere, pop_nowhere_at, 0x1000, 4);
	want_page_fault("push_kernel", push_kernel, push_kernel_at, 0xfffff800, 6);
	verdict("a push, call and pop where no stack is raise SIGSEGV, SEGV_MAPERR");
}

static void test_stack_limit(void)
{
	static const char *const name =
		"an access past the limit of the stack's segment raises SIGBUS";
	/* entry_number, base_addr, limit, then bits: seg_32bit and useable (asm/ldt.h) */
	unsigned desc[4] = {-1u, 0, 0xfffff, 0x41};

	if (!segments_judged()) {
		skip(NOT_JUDGED, "%s", name);
		return;
	}
	if (syscall(SYS_set_thread_area, desc) != 0)
		bail_out("set_thread_area: errno %d", errno);
	small_stack = desc[0] * 8 + 3;
	want_exception(push_past_limit, 0, SIGBUS, V_STACK, 0);
	want_exception(read_past_limit, 0, SIGBUS, V_STACK, 0);
	desc[1] = desc[2] = 0;
	desc[3] = 0x28; /* empty: read_exec_only, seg_not_present */
	syscall(SYS_set_thread_area, desc);
	verdict("%s", name);
}

/* ---- Alignment ---- */

PIECE(unaligned_load, "leal -8(%esp), %ecx;" SET_FLAGS(0x40000), "movl 1(%ecx), %eax");
PIECE(unaligned_store, "leal -8(%esp), %ecx;" SET_FLAGS(0x40000), "movw %ax, 1(%ecx)");
PIECE(aligned_with_ac, "leal -8(%esp), %ecx;" SET_FLAGS(0x40000),
	"movl (%ecx), %eax; movb 1(%ecx), %al");
PIECE(unaligned_load_plain, "leal -8(%esp), %ecx", "movl 1(%ecx), %eax");

static bool want_alignment(const char *name, const void *fn, const void *at)
{
	struct outcome o = run_piece(fn);

	return judge(o.signo == SIGBUS && o.code == BUS_ADRALN && o.addr == 0 &&
			o.reg[REG_TRAPNO] == V_ALIGNMENT && o.reg[REG_ERR] == 0 &&
			o.reg[REG_EIP] == (unsigned long)at,
		name, &o);
}

static void test_alignment(void)
{
	want_nothing(unaligned_load_plain);
	want_nothing(aligned_with_ac);
	verdict("unaligned accesses without AC, and aligned ones with AC, are good");
	if (run_piece(unaligned_load).signo == 0) {
		skip("the processor does not check", "unaligned accesses with AC set raise SIGBUS");
		return;
	}
	want_alignment("unaligned_load", unaligned_load, unaligned_load_at);
	want_alignment("unaligned_store", unaligned_store, unaligned_store_at);
	verdict("unaligned accesses with AC set raise SIGBUS");
}

/* ---- Floating point ---- */

#define X87_UNMASK(bits) "fninit; fnstcw -2(%esp); andw $~" #bits ", -2(%esp); fldcw -2(%esp);"

/* x87 tells of an exception at the next instruction that waits for it. */
PIECE(x87_divide, X87_UNMASK(4) "fld1; fldz; fdivrp", "fwait");
PIECE(x87_invalid, X87_UNMASK(1) "fldz; fldz; fdivrp", "fwait");
PIECE(x87_stack, X87_UNMASK(1) "fstp %st(0)", "fwait");
PIECE(x87_overflow, X87_UNMASK(8) "pushl $20000; fildl (%esp); popl %eax; fld1; fscale", "fwait");
PIECE(x87_underflow, X87_UNMASK(16) "pushl $-20000; fildl (%esp); popl %eax; fld1; fscale",
	"fwait");
PIECE(x87_inexact, X87_UNMASK(32) "fld1; pushl $3; fidivl (%esp); popl %eax", "fwait");
PIECE(x87_next, X87_UNMASK(4) "fld1; fldz; fdivrp; nop; movl $20, %eax; int $0x80", "fwait");
PIECE(x87_masked, "fninit; fld1; fldz; fdivrp", "fwait");
PIECE(x87_cleared, X87_UNMASK(4) "fld1; fldz; fdivrp", "fnclex; fwait");

static void test_x87(void)
{
	want_instruction(x87_divide, SIGFPE, FPE_FLTDIV, V_X87);
	want_instruction(x87_invalid, SIGFPE, FPE_FLTINV, V_X87);
	if (run_piece(x87_stack).signo != 0) /* QEMU's own processor has no stack faults */
		want_instruction(x87_stack, SIGFPE, FPE_FLTINV, V_X87);
	want_instruction(x87_overflow, SIGFPE, FPE_FLTOVF, V_X87);
	want_instruction(x87_underflow, SIGFPE, FPE_FLTUND, V_X87);
	want_instruction(x87_inexact, SIGFPE, FPE_FLTRES, V_X87);
	verdict("x87 exceptions that are not masked raise SIGFPE with their codes");
	want_instruction(x87_next, SIGFPE, FPE_FLTDIV, V_X87);
	verdict("an x87 exception waits across a system call");
	want_nothing(x87_masked);
	want_nothing(x87_cleared);
	verdict("masked or cleared they raise nothing");
}

#define SSE_UNMASK(bits) \
	"pushl $0x1f80 & ~" #bits "; ldmxcsr (%esp); popl %eax;" \
	"movss sse_one, %xmm0; xorps %xmm1, %xmm1;"

const float sse_one = 1, sse_three = 3, sse_large = 3e38f, sse_small = 2e-38f;

PIECE(sse_divide, SSE_UNMASK(0x200), "divss %xmm1, %xmm0");
PIECE(sse_divide_all, SSE_UNMASK(0x200) "shufps $0, %xmm0, %xmm0", "divps %xmm1, %xmm0");
PIECE(sse_invalid, SSE_UNMASK(0x80), "divss %xmm1, %xmm1");
PIECE(sse_overflow, SSE_UNMASK(0x400) "movss sse_large, %xmm1", "mulss %xmm1, %xmm1");
PIECE(sse_underflow, SSE_UNMASK(0x800) "movss sse_small, %xmm1", "mulss %xmm1, %xmm1");
PIECE(sse_inexact, SSE_UNMASK(0x1000), "divss sse_three, %xmm0");
PIECE(sse_masked, SSE_UNMASK(0), "divss %xmm1, %xmm0");
PIECE(sse_reserved, "pushl $0x80001f80; movl %esp, %ecx; popl %eax", "ldmxcsr (%ecx)");

static void test_sse(void)
{
	static const char *const name =
		"SSE exceptions that are not masked raise SIGFPE, a reserved bit in MXCSR SIGSEGV";

	want_nothing(sse_masked);
	verdict("masked SSE exceptions raise nothing");
	if (run_piece(sse_divide).signo == 0) {
		skip("the processor does not trap", "%s", name);
		return;
	}
	want_instruction(sse_divide, SIGFPE, FPE_FLTDIV, V_SIMD);
	want_instruction(sse_divide_all, SIGFPE, FPE_FLTDIV, V_SIMD);
	want_instruction(sse_invalid, SIGFPE, FPE_FLTINV, V_SIMD);
	want_instruction(sse_overflow, SIGFPE, FPE_FLTOVF, V_SIMD);
	want_instruction(sse_underflow, SIGFPE, FPE_FLTUND, V_SIMD);
	want_instruction(sse_inexact, SIGFPE, FPE_FLTRES, V_SIMD);
	want_protection(sse_reserved, 0);
	verdict("%s", name);
}

/* ---- Registers that nothing may change ---- */

PIECE(hold_call, FILL_REGISTERS, "int $0x80;" STORE_REGISTERS);
PIECE(hold_fault_read, FILL_REGISTERS, "movl (%esi), %edx;" STORE_REGISTERS);
PIECE(hold_fault_write, FILL_REGISTERS, "movl %edx, (%esi);" STORE_REGISTERS);
PIECE(hold_spin, FILL_REGISTERS, "1: leal -1(%ecx), %ecx; jecxz 2f; jmp 1b; 2:" STORE_REGISTERS);
/* The status flags are those of the comparison that finds the tick. */
PIECE(hold_tick, FILL_REGISTERS, "1: cmpl $0, ticks; je 1b;" STORE_REGISTERS);

static void test_registers_in_calls(void)
{
	fill_registers();
	held.in[R_EAX] = SYS_getpid;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], getpid());
	want(registers_held(1u << R_EAX));
	held.in[R_EAX] = 100000;
	want_nothing(hold_call);
	want_eq((int)held.out[R_EAX], -ENOSYS);
	want(registers_held(1u << R_EAX));
	fill_registers();
	held.in[R_EAX] = SYS_sched_yield;
	held.in[R_FLAGS] &= ~FLAGS_STATUS;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], 0);
	want(registers_held(1u << R_EAX));
	verdict("a system call changes no register but eax");
	fill_registers();
	held.in[R_EAX] = SYS_getpid;
	held.in[R_ES] = held.in[R_FS] = held.in[R_GS] = 0;
	held.in[R_ESP] = 0;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], getpid());
	want(registers_held(1u << R_EAX));
	held.in[R_ESP] = 0xfffffff0;
	want_nothing(hold_call);
	want(registers_held(1u << R_EAX));
	held.in[R_ESP] = 0x80000001;
	want_nothing(hold_call);
	want(registers_held(1u << R_EAX));
	verdict("nor with null segments and no stack");
}

static void test_registers_in_faults(void)
{
	int fd = temp_file(2 * PS, 7);

	for (int null = 0; null < 2; null++) {
		unsigned char *fresh = must_map(2 * PS, RW, ANON, -1, 0);
		unsigned char *file = must_map(2 * PS, RW, MAP_PRIVATE, fd, 0);
		unsigned first;

		memcpy(&first,
			(unsigned char[]){pattern(PS, 7), pattern(PS + 1, 7), pattern(PS + 2, 7),
				pattern(PS + 3, 7)},
			4);
		fill_registers();
		if (null)
			held.in[R_ES] = held.in[R_FS] = held.in[R_GS] = held.in[R_ESP] = 0;
		held.in[R_ESI] = (unsigned)fresh;
		want_nothing(hold_fault_read);
		want_eq(held.out[R_EDX], 0);
		want(registers_held(1u << R_EDX));
		want_nothing(hold_fault_write);
		want(registers_held(0));
		want_eq(*(unsigned *)fresh, held.in[R_EDX]);
		held.in[R_ESI] = (unsigned)(fresh + PS);
		want_nothing(hold_fault_write);
		want(registers_held(0));
		held.in[R_ESI] = (unsigned)(file + PS);
		want_nothing(hold_fault_read);
		want_eq(held.out[R_EDX], first);
		want(registers_held(1u << R_EDX));
		want_nothing(hold_fault_write);
		want(registers_held(0));
		unmap(fresh, 2 * PS);
		unmap(file, 2 * PS);
	}
	close(fd);
	verdict("a page fault changes no register, with null segments and without a stack too");
}

#define SPIN 10000000

static void test_registers_in_interrupts(void)
{
	for (int null = 0; null < 2; null++) {
		fill_registers();
		held.in[R_ECX] = SPIN;
		if (null)
			held.in[R_ES] = held.in[R_FS] = held.in[R_GS] = held.in[R_ESP] = 0;
		want_nothing(hold_spin);
		want_eq(held.out[R_ECX], 0);
		want(registers_held(1u << R_ECX));
	}
	verdict("interrupts change no register");
}

unsigned ticks;

static void tick(int signo)
{
	(void)signo;
	ticks = 1;
}

static void test_registers_in_signals(void)
{
	struct sigaction act = {.sa_handler = tick, .sa_flags = SA_ONSTACK}, old;
	struct itimerval it = {.it_value = {0, 20000}};

	sigaction(SIGALRM, &act, &old);
	for (int null = 0; null < 2; null++) {
		fill_registers();
		held.in[R_FLAGS] &= ~FLAGS_STATUS;
		if (null)
			held.in[R_ES] = held.in[R_FS] = held.in[R_GS] = held.in[R_ESP] = 0;
		ticks = 0;
		setitimer(ITIMER_REAL, &it, NULL);
		want_nothing(hold_tick);
		held.out[R_FLAGS] &= ~FLAGS_STATUS;
		want(registers_held(0));
	}
	sigaction(SIGALRM, &old, NULL);
	verdict("a signal's handler between two instructions changes no register");
}

/* ---- Flags that confuse kernels ---- */

static unsigned flags_after_call(unsigned set)
{
	fill_registers();
	held.in[R_EAX] = SYS_getpid;
	held.in[R_FLAGS] |= set;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], getpid());
	want(registers_held(1u << R_EAX));
	return held.out[R_FLAGS];
}

static void want_kernel_works(unsigned flags)
{
	static char out[3 * 4096], in[3 * 4096];
	int fd = temp_file(0, 0);
	unsigned char *fresh = must_map(2 * PS, RW, ANON, -1, 0);

	fill(out, sizeof out, flags % 251 + 1);
	fill_registers();
	held.in[R_FLAGS] |= flags;
	held.in[R_EAX] = SYS_write;
	held.in[R_EBX] = (unsigned)fd;
	held.in[R_ECX] = (unsigned)out;
	held.in[R_EDX] = sizeof out;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], sizeof out);
	want(registers_held(1u << R_EAX));
	lseek(fd, 0, SEEK_SET);
	held.in[R_EAX] = SYS_read;
	held.in[R_ECX] = (unsigned)in;
	want_nothing(hold_call);
	want_eq(held.out[R_EAX], sizeof in);
	want(memcmp(in, out, sizeof in) == 0);
	held.in[R_ESI] = (unsigned)(fresh + PS);
	want_nothing(hold_fault_write);
	want(registers_held(0));
	want(all_zero(fresh, PS) && all_zero(fresh + PS + 4, PS - 4));
	fill_registers();
	held.in[R_FLAGS] |= flags;
	held.in[R_ECX] = SPIN / 4;
	want_nothing(hold_spin);
	want(registers_held(1u << R_ECX));
	unmap(fresh, 2 * PS);
	close(fd);
}

static void test_flags(void)
{
	want(flags_after_call(FLAG_DF) & FLAG_DF);
	want_kernel_works(FLAG_DF);
	verdict("with the direction flag set the kernel works, and leaves it set");
	want(flags_after_call(FLAG_NT) & FLAG_NT);
	want_kernel_works(FLAG_NT);
	verdict("with the nested-task flag set too");
	want(flags_after_call(FLAG_AC) & FLAG_AC);
	want_kernel_works(FLAG_AC);
	verdict("with the alignment-check flag set too");
	want(flags_after_call(FLAG_ID) & FLAG_ID);
	want_kernel_works(FLAG_ID);
	want_kernel_works(FLAG_ID | FLAG_AC | FLAG_NT | FLAG_DF);
	verdict("with the identification flag set, and with all of them, too");
}

/* IOPL and IF are not the program's: popf leaves them as they are. */
PIECE(popf_all, SET_FLAGS(0x3200), "pushfl; popl held + 80");
PIECE(popf_no_interrupts, CLEAR_FLAGS(0x200), "pushfl; popl held + 80");

static void test_popf(void)
{
	want_nothing(popf_all);
	want_eq(held.out[R_FLAGS] & 0x3200, FLAG_IF);
	want_nothing(popf_no_interrupts);
	want_eq(held.out[R_FLAGS] & 0x3200, FLAG_IF);
	want_protection(only_cli, 0);
	verdict("popf changes neither the I/O privilege level nor the interrupt flag");
}

/* ---- Virtual-8086 mode ---- */

/*
 * It is not for a program: iret ignores the flag, and faults by the selector. Some emulators do
 * enter it, even with interrupts off or with leave to call the kernel from there; the kernel must
 * not go on as if it had been called from a program's ordinary mode.
 */
#define VIRTUAL_SEGMENT 0x1000u /* begins at MMAP_MIN */
#define FLAG_VM 0x20000u
#define FLAG_IOPL 0x3000u

static unsigned virtual_flags;
static const unsigned char *virtual_code;

static int enter_virtual(void)
{
	const struct itimerval soon = {{0, 10000}, {0, 10000}}; /* the first one may come too early */
	long at = map((void *)(VIRTUAL_SEGMENT * 16), PS, RWX, ANON | MAP_FIXED, -1, 0);

	if (is_error(at))
		return 1;
	signal(SIGSEGV, SIG_DFL);
	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &soon, NULL);
	memcpy((void *)at, virtual_code, 16);
	__asm__ volatile("pushl $0; pushl %1; pushl %1; pushl %1; pushl %1; pushl $0x800;"
			 "pushl %0; pushl %1; pushl $0; iret"
			 :
			 : "r"(virtual_flags), "r"(VIRTUAL_SEGMENT)
			 : "memory");
	return 2;
}

static void test_virtual(void)
{
	static const unsigned char code[][16] = {
		{0xeb, 0xfe}, /* jmp to itself: until the timer's interrupt */
		{0xf4}, /* hlt */
		{0xcc, 0xeb, 0xfd}, /* int3 */
		{0x66, 0xb8, SYS_fork, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf6},
		{0x66, 0xb8, SYS_getpid, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xfc},
	};

	for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) {
		virtual_code = code[i];
		virtual_flags = FLAG_VM | FLAG_IF | 2;
		want_eq(in_child(enter_virtual), KILLED_BY(SIGSEGV));
		virtual_flags |= FLAG_IOPL;
		want_eq(in_child(enter_virtual), KILLED_BY(SIGSEGV));
	}
	verdict("a program that tries to enter virtual-8086 mode gets SIGSEGV");
}

/* ---- Flags in handlers ---- */

static volatile unsigned handler_flags, handler_done;

static void see_flags(int signo)
{
	unsigned flags;

	(void)signo;
	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	handler_flags = flags;
	handler_done = 1;
}

static void test_direction_in_handler(void)
{
	struct sigaction act = {.sa_handler = see_flags, .sa_flags = SA_ONSTACK}, old;

	sigaction(SIGUSR1, &act, &old);
	fill_registers();
	held.in[R_FLAGS] |= FLAG_DF | FLAG_AC;
	held.in[R_EAX] = SYS_kill;
	held.in[R_EBX] = (unsigned)getpid();
	held.in[R_ECX] = SIGUSR1;
	handler_done = 0;
	want_nothing(hold_call);
	want_eq(handler_done, 1);
	want_eq(handler_flags & FLAG_DF, 0);
	want_eq(held.out[R_EAX], 0);
	want(registers_held(1u << R_EAX));
	sigaction(SIGUSR1, &old, NULL);
	verdict("a handler begins with the direction flag clear; behind it the flag is set again");
}

int main(void)
{
	take_exceptions(piece_signal);
	test_divide();
	test_traps();
	test_software_interrupts();
	test_steps();
	test_opcodes();
	test_privileged();
	test_ports();
	test_segment_loads();
	test_null_segments();
	test_far();
	test_nested_iret();
	test_virtual();
	test_stacks();
	test_stack_limit();
	test_alignment();
	test_x87();
	test_sse();
	test_registers_in_calls();
	test_registers_in_faults();
	test_registers_in_interrupts();
	test_registers_in_signals();
	test_flags();
	test_popf();
	test_direction_in_handler();
	return done();
}
