/*
 * Signal frames of i386: what a handler finds in them, with and without SA_SIGINFO, that what it
 * changes takes effect, and that nonsense in them harms nobody but the program.
 *
 * Handlers are set by the raw calls and without SA_RESTORER, so that the way back is the kernel's
 * own code, for the one form of frame and for the other.
 */
#include "fx.h"
#include "registers.h"

#include <sys/time.h>

/* Words of a struct sigcontext (Linux's asm/sigcontext.h). */
enum {
	SC_GS,
	SC_FS,
	SC_ES,
	SC_DS,
	SC_EDI,
	SC_ESI,
	SC_EBP,
	SC_ESP,
	SC_EBX,
	SC_EDX,
	SC_ECX,
	SC_EAX,
	SC_TRAPNO,
	SC_ERR,
	SC_EIP,
	SC_CS,
	SC_EFLAGS,
	SC_ESP_AT_SIGNAL,
	SC_SS,
	SC_FPSTATE,
	SC_OLDMASK,
	SC_CR2,
	SC_WORDS
};

/* Words of a frame: return address, signal, then for a plain handler the sigcontext. */
#define PLAIN_SC 2
/* With SA_SIGINFO: pointers to siginfo and ucontext, siginfo (32 words), ucontext. */
#define INFO_SIGINFO 4
#define INFO_UC 36
#define INFO_SC (INFO_UC + 5)
#define INFO_MASK (INFO_SC + SC_WORDS)
#define FRAME_WORDS (INFO_MASK + 2)

/* Bytes of the floating-point state: FSAVE's, then FXSAVE's. */
#define FP_STATUS_MAGIC 108
#define FP_FXSAVE 112
#define FX_MXCSR 24
#define FX_ST 32
#define FX_XMM 160
#define FX_SW_RESERVED 464
#define FX_XSAVE_HEADER 512

enum form { PLAIN, INFO };

static volatile unsigned seen[FRAME_WORDS], seen_sc[SC_WORDS], seen_at, seen_count;
static volatile unsigned char seen_fp[FP_FXSAVE + 512];
static volatile unsigned seen_args[3];
/* What the handler does with the frame. */
static void (*volatile change)(volatile unsigned *sc);

static void look_at_frame(volatile unsigned *frame, volatile unsigned *sc)
{
	const volatile unsigned char *fp = (unsigned char *)sc[SC_FPSTATE];

	seen_at = (unsigned)frame;
	seen_count++;
	for (int i = 0; i < FRAME_WORDS; i++)
		seen[i] = frame[i];
	for (int i = 0; i < SC_WORDS; i++)
		seen_sc[i] = sc[i];
	for (size_t i = 0; fp && i < sizeof seen_fp; i++)
		seen_fp[i] = fp[i];
	if (change)
		change(sc);
}

/* The frame begins with the word that a return takes. */
#define FRAME ((volatile unsigned *)((char *)__builtin_frame_address(0) + 4))

static void on_plain(int signo)
{
	(void)signo;
	look_at_frame(FRAME, FRAME + PLAIN_SC);
}

static void on_info(int signo)
{
	(void)signo;
	look_at_frame(FRAME, FRAME + INFO_SC);
}

#define SA_RAW_RESTORER 0x04000000

/* The kernel's own structures: sigaction(2) of 1991 and rt_sigaction(2). */
struct old_action {
	void (*handler)(int);
	unsigned long mask, flags;
	void *restorer;
};
struct new_action {
	void (*handler)(int);
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

static void take(int signo, enum form form, unsigned long flags, void (*what)(volatile unsigned *))
{
	struct old_action plain = {on_plain, 0, flags, NULL};
	struct new_action info = {on_info, flags | SA_SIGINFO, NULL, 0};
	long r = form == PLAIN ? sys(SYS_sigaction, signo, &plain, NULL)
			       : sys(SYS_rt_sigaction, signo, &info, NULL, 8);

	if (r != 0)
		bail_out("sigaction: errno %ld", -r);
	change = what;
	seen_count = 0;
}

static void take_default(int signo)
{
	struct old_action act = {SIG_DFL, 0, 0, NULL};

	syscall(SYS_sigaction, signo, &act, NULL);
}

/* The stack of a piece, where its handlers that are not on a stack of their own go. */
static unsigned char piece_area[4 * 4096] __attribute__((aligned(16)));

static unsigned segment_cs(void)
{
	unsigned v;

	__asm__("movl %%cs, %0" : "=r"(v));
	return v;
}

static unsigned segment_ss(void)
{
	unsigned v;

	__asm__("movl %%ss, %0" : "=r"(v));
	return v;
}

/* ---- What a frame says ---- */

PIECE(fault_write, FILL_REGISTERS, "movl %edx, (%esi);" STORE_REGISTERS);
PIECE(fault_read, FILL_REGISTERS, "movl (%esi), %edx;" STORE_REGISTERS);
PIECE(fault_divide, FILL_REGISTERS, "divl %esi;" STORE_REGISTERS);
PIECE(fault_hlt, FILL_REGISTERS, "hlt; nop;" STORE_REGISTERS);
PIECE(fault_trap, FILL_REGISTERS, "int3;" STORE_REGISTERS);
PIECE(fault_ud2, FILL_REGISTERS, "ud2;" STORE_REGISTERS);
PIECE(call_kernel, FILL_REGISTERS, "int $0x80;" STORE_REGISTERS);

/* The instructions that fault above have two bytes. */
static void go_on(volatile unsigned *sc)
{
	sc[SC_EIP] += 2;
}

/* General registers and flags of the frame are those the piece had; what it loaded is `held`. */
static bool frame_registers_held(void)
{
	static const unsigned char place[] = {SC_EAX, SC_ECX, SC_EDX, SC_EBX, SC_ESP, SC_EBP,
		SC_ESI, SC_EDI, SC_EFLAGS, SC_ES, SC_FS, SC_GS};
	bool good = true;

	for (int i = 0; i < NREGS; i++) {
		/* RF of a fault is the processor's to set. */
		unsigned is = seen_sc[place[i]] & ~(i == R_FLAGS ? 0x10000u : 0u);

		if (is == held.in[i])
			continue;
		diag("  %s was 0x%x, in the frame 0x%x", register_names[i], held.in[i], is);
		good = false;
	}
	return good && seen_sc[SC_ESP_AT_SIGNAL] == held.in[R_ESP] &&
		seen_sc[SC_CS] == segment_cs() && seen_sc[SC_SS] == segment_ss() &&
		seen_sc[SC_DS] == segment_ss();
}

static void want_frame(enum form form, int signo, const void *piece, const void *at,
	unsigned trapno, unsigned error)
{
	piece_call(piece);
	want_eq(seen_count, 1);
	want_eq(seen[1], signo);
	want(frame_registers_held());
	want_eq(seen_sc[SC_EIP], (unsigned)at);
	want_eq(seen_sc[SC_TRAPNO], trapno);
	want_eq(seen_sc[SC_ERR], error);
	want_eq(seen_at % 16, 12); /* as after a call from where the stack is aligned */
	if (form == INFO) {
		want_eq(seen[2], seen_at + INFO_SIGINFO * 4);
		want_eq(seen[3], seen_at + INFO_UC * 4);
		want_eq(seen[INFO_SIGINFO], signo);
		want_eq(seen[INFO_UC + 1], 0);
	}
	seen_count = 0;
}

static void test_frames(enum form form)
{
	static const char *const name[] = {"plain", "SA_SIGINFO"};
	unsigned char *nowhere = hole(1), *shut = must_map(PS, PROT_READ, ANON, -1, 0);

	for (int onstack = 0; onstack < 2; onstack++) {
		unsigned long flags = onstack ? SA_ONSTACK : 0;

		fill_registers();
		held.in[R_ESP] = (unsigned)piece_area + sizeof piece_area;
		take(SIGSEGV, form, flags, go_on);
		held.in[R_ESI] = (unsigned)nowhere + 8;
		want_frame(form, SIGSEGV, fault_write, fault_write_at, 14, 6);
		want_eq(seen_sc[SC_CR2], (unsigned)nowhere + 8);
		want_frame(form, SIGSEGV, fault_read, fault_read_at, 14, 4);
		tap_sink = *shut;
		held.in[R_ESI] = (unsigned)shut + 12;
		want_frame(form, SIGSEGV, fault_write, fault_write_at, 14, 7);
		want_eq(seen_sc[SC_CR2], (unsigned)shut + 12);
		want_frame(form, SIGSEGV, fault_hlt, fault_hlt_at, 13, 0);
		held.in[R_ESI] = 0;
		take(SIGFPE, form, flags, go_on);
		want_frame(form, SIGFPE, fault_divide, fault_divide_at, 0, 0);
		take(SIGILL, form, flags, go_on);
		want_frame(form, SIGILL, fault_ud2, fault_ud2_at, 6, 0);
		take(SIGTRAP, form, flags, NULL);
		want_frame(form, SIGTRAP, fault_trap, fault_trap_at + 1, 3, 0);
		verdict("%s handler%s: registers, vector, error and address are in the frame",
			name[form], onstack ? " on its stack" : "");
	}
	unmap(shut, PS);
}

static void no_change(volatile unsigned *sc)
{
	(void)sc;
}

static void block(volatile unsigned *sc)
{
	/* SIGKILL, SIGUSR2, SIGSTOP: only one of them can be blocked */
	sc[SC_OLDMASK] = 1u << (SIGKILL - 1) | 1u << (SIGUSR2 - 1) | 1u << (SIGSTOP - 1);
}

static bool mask_is(int first, int second)
{
	sigset_t now, expected;

	sigemptyset(&expected);
	if (first)
		sigaddset(&expected, first);
	if (second)
		sigaddset(&expected, second);
	sigprocmask(SIG_BLOCK, NULL, &now);
	return memcmp(&now, &expected, 8) == 0;
}

static void block_info(volatile unsigned *sc)
{
	block(sc - SC_OLDMASK + SC_WORDS); /* uc_sigmask is behind the sigcontext */
}

static void test_masks(void)
{
	sigset_t set, none;

	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, 50);
	sigprocmask(SIG_SETMASK, &set, NULL);
	take(SIGUSR1, PLAIN, 0, no_change);
	kill(getpid(), SIGUSR1);
	want_eq(seen_sc[SC_OLDMASK], 1u << (SIGTERM - 1));
	want(mask_is(SIGTERM, 50));
	take(SIGUSR1, INFO, 0, no_change);
	kill(getpid(), SIGUSR1);
	want_eq(seen_sc[SC_OLDMASK], 1u << (SIGTERM - 1));
	want_eq(seen[INFO_MASK], 1u << (SIGTERM - 1));
	want_eq(seen[INFO_MASK + 1], 1u << (50 - 33));
	want(mask_is(SIGTERM, 50));
	verdict("the frame has the mask, and it is back behind the handler");
	take(SIGUSR1, PLAIN, 0, block);
	kill(getpid(), SIGUSR1);
	want(mask_is(SIGUSR2, 50));
	sigprocmask(SIG_SETMASK, &none, NULL);
	take(SIGUSR1, INFO, 0, block_info);
	kill(getpid(), SIGUSR1);
	want(mask_is(SIGUSR2, 0));
	sigprocmask(SIG_SETMASK, &none, NULL);
	verdict("a mask put in the frame takes effect, but for SIGKILL and SIGSTOP");
}

static void __attribute__((regparm(3))) on_registers(unsigned signo, unsigned info, unsigned uc)
{
	seen_args[0] = signo;
	seen_args[1] = info;
	seen_args[2] = uc;
	seen_at = (unsigned)FRAME;
	seen_count = 1;
}

static void test_register_arguments(void)
{
	struct new_action act = {(void (*)(int))(void *)on_registers, SA_SIGINFO, NULL, 0};

	seen_count = 0;
	syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
	kill(getpid(), SIGUSR1);
	want_eq(seen_count, 1);
	want_eq(seen_args[0], SIGUSR1);
	want_eq(seen_args[1], seen_at + INFO_SIGINFO * 4);
	want_eq(seen_args[2], seen_at + INFO_UC * 4);
	verdict("a handler has its arguments in registers too");
	take_default(SIGUSR1);
}

/* ---- What a frame can change ---- */

static unsigned wish[NREGS];

static void grant(volatile unsigned *sc)
{
	sc[SC_EAX] = wish[R_EAX];
	sc[SC_ECX] = wish[R_ECX];
	sc[SC_EDX] = wish[R_EDX];
	sc[SC_EBX] = wish[R_EBX];
	sc[SC_ESP] = wish[R_ESP];
	sc[SC_EBP] = wish[R_EBP];
	sc[SC_ESI] = wish[R_ESI];
	sc[SC_EDI] = wish[R_EDI];
	sc[SC_EFLAGS] = wish[R_FLAGS];
	sc[SC_ES] = wish[R_ES];
	sc[SC_FS] = wish[R_FS];
	sc[SC_GS] = wish[R_GS];
	sc[SC_EIP] += 2;
}

/* The registers came out as wished, but those of a bit in `except`. */
static bool granted(unsigned except)
{
	memcpy(held.in, wish, sizeof wish);
	return registers_held(except);
}

static void make_wish(void)
{
	fill_registers();
	memcpy(wish, held.in, sizeof wish);
	for (int i = R_EAX; i <= R_EDI; i++)
		wish[i] ^= 0x55aa5500;
	wish[R_FLAGS] ^= FLAGS_STATUS;
	wish[R_ES] = wish[R_GS] = segment_ss();
	wish[R_FS] = 0;
	held.in[R_ESP] = (unsigned)piece_area + sizeof piece_area;
}

static void test_changes(enum form form)
{
	take(SIGILL, form, 0, grant);
	make_wish();
	piece_call(fault_ud2);
	want_eq(seen_count, 1);
	want(granted(0));
	make_wish();
	wish[R_FLAGS] |= FLAG_DF | FLAG_AC;
	piece_call(fault_ud2);
	want(granted(0));
	for (int i = 0; i < 3; i++) { /* stack pointers that are none do not matter until used */
		make_wish();
		wish[R_ESP] = (unsigned[]){0, 0xffffffff, 0x80000003}[i];
		piece_call(fault_ud2);
		want(granted(0));
	}
	verdict("%s handler: registers, flags and segments it changes take effect",
		form == PLAIN ? "plain" : "SA_SIGINFO");
	take_default(SIGILL);
}

static void all_flags(volatile unsigned *sc)
{
	sc[SC_EFLAGS] = ~FLAG_TF;
	sc[SC_EIP] += 2;
}

static void no_flags(volatile unsigned *sc)
{
	sc[SC_EFLAGS] = 0;
	sc[SC_EIP] += 2;
}

static void step_once(volatile unsigned *sc)
{
	if (seen[1] == SIGTRAP) {
		sc[SC_EFLAGS] &= ~FLAG_TF;
	} else {
		sc[SC_EFLAGS] |= FLAG_TF;
		sc[SC_EIP] += 2;
	}
}

static void test_flags(enum form form)
{
	const unsigned settable = FLAGS_STATUS | FLAG_DF | FLAG_AC;

	take(SIGILL, form, 0, all_flags);
	make_wish();
	piece_call(fault_ud2);
	want_eq(held.out[R_FLAGS] & settable, settable);
	want_eq(held.out[R_FLAGS] & 0x23302u, 0x202); /* VM, IOPL, TF clear; IF set */
	take(SIGILL, form, 0, no_flags);
	make_wish();
	piece_call(fault_ud2);
	want_eq(held.out[R_FLAGS] & (settable | 0x23302u), 0x202);
	want_exception(fault_hlt, 0, SIGSEGV, V_PROTECTION, 0);
	verdict("%s handler: flags of the kernel's do not change",
		form == PLAIN ? "plain" : "SA_SIGINFO");
	take(SIGTRAP, form, 0, step_once);
	take(SIGILL, form, 0, step_once);
	make_wish();
	piece_call(fault_ud2);
	want_eq(seen_count, 2);
	want_eq(seen[1], SIGTRAP);
	/* movl %eax, held + 48 has five bytes */
	want_eq(seen_sc[SC_EIP], (unsigned)fault_ud2_at + 2 + 5);
	verdict("%s handler: TF set in the frame makes a single step",
		form == PLAIN ? "plain" : "SA_SIGINFO");
	take_default(SIGILL);
	take_default(SIGTRAP);
}

/* ---- Nonsense in a frame ---- */

static volatile int bad_word;
static volatile unsigned bad_value;

static void spoil(volatile unsigned *sc)
{
	sc[SC_EIP] += 2;
	sc[bad_word] = bad_value;
}

PIECE(read_segments, "",
	"ud2; movl %ds, %eax; movl %ss, %ecx; movl %ecx, %ds; movl %eax, held;"
	"movl %es, %eax; movl %eax, held + 4; movl %fs, %eax; movl %eax, held + 8;"
	"movl %gs, %eax; movl %eax, held + 12");

static enum form bad_form;

static int with_bad_word(void)
{
	take(SIGILL, bad_form, 0, spoil);
	make_wish();
	piece_call(read_segments);
	return 42;
}

static int end_with(int word, unsigned value)
{
	bad_word = word;
	bad_value = value;
	return in_child(with_bad_word);
}

static void test_bad_segments(void)
{
	static const unsigned bad[] = {0x8, 0x10, 0x68, 0x6b, 0xd8, 0xf8, 0xfff8, 0xffff, 0x7, 0xf};
	unsigned data = segment_ss(), code = segment_cs();

	for (int form = PLAIN; form <= INFO; form++) {
		bad_form = form;
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			want_eq(end_with(SC_CS, bad[i]), KILLED_BY(SIGSEGV));
			want_eq(end_with(SC_SS, bad[i]), KILLED_BY(SIGSEGV));
		}
		want_eq(end_with(SC_CS, 0), KILLED_BY(SIGSEGV));
		want_eq(end_with(SC_SS, 0), KILLED_BY(SIGSEGV));
		/* A 32-bit kernel's code; as a stack segment it may be good with a 64-bit kernel. */
		want_eq(end_with(SC_CS, 0x60), KILLED_BY(SIGSEGV));
		want_eq(end_with(SC_CS, data), KILLED_BY(SIGSEGV));
		want_eq(end_with(SC_SS, code), KILLED_BY(SIGSEGV));
		want_eq(end_with(SC_CS, code), 42);
		want_eq(end_with(SC_SS, data), 42);
	}
	verdict("a code or stack segment that is none in the frame kills by SIGSEGV");
	for (int form = PLAIN; form <= INFO; form++) {
		for (int word = SC_GS; word <= SC_DS; word++) {
			for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
				take(SIGILL, form, 0, spoil);
				bad_word = word;
				bad_value = bad[i];
				memset(&held, 0xee, sizeof held);
				piece_call(read_segments);
				want_eq(held.in[SC_DS - word] & ~3u, 0);
			}
		}
	}
	take_default(SIGILL);
	verdict("another segment that is none in the frame becomes null");
}

static volatile unsigned mend_cs, mend_ss;

static void spoil_or_mend(volatile unsigned *sc)
{
	if (seen[1] == SIGSEGV) {
		sc[SC_CS] = mend_cs;
		sc[SC_SS] = mend_ss;
	} else {
		spoil(sc);
	}
}

static void test_mended(void)
{
	mend_cs = segment_cs();
	mend_ss = segment_ss();
	for (int i = 0; i < 4; i++) {
		bad_word = i & 1 ? SC_CS : SC_SS;
		bad_value = i & 2 ? 0x68 : 0;
		take(SIGILL, PLAIN, 0, spoil_or_mend);
		take(SIGSEGV, PLAIN, 0, spoil_or_mend);
		fill_registers();
		held.in[R_ESP] = (unsigned)piece_area + sizeof piece_area;
		piece_call(fault_ud2);
		want_eq(seen_count, 2);
		want(registers_held(0));
		want_eq(seen_sc[SC_EIP], (unsigned)fault_ud2_at + 2);
		want_eq(seen_sc[SC_TRAPNO], V_PROTECTION);
		want_eq(seen_sc[SC_ERR], bad_value);
		want_eq(seen_sc[bad_word] & ~3u, bad_value);
	}
	take_default(SIGILL);
	take_default(SIGSEGV);
	verdict("a handler of that SIGSEGV finds all registers and can mend it");
}

/* SIGILL is the frame's own here, fault_catch takes it away: set again inside. */
static void raise_ud2(void *arg)
{
	(void)arg;
	take(SIGILL, bad_form, 0, spoil);
	piece_call(fault_ud2);
}

static void test_bad_eip(void)
{
	static const unsigned bad[] = {0, 0x1003, 0xfffff000, 0xfffffff0};

	for (int form = PLAIN; form <= INFO; form++) {
		for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
			struct fault f;

			bad_form = form;
			bad_word = SC_EIP;
			bad_value = bad[i];
			make_wish();
			f = fault_catch(raise_ud2, NULL);
			want_eq(fault_kind(f), MAPERR);
			want_eq((unsigned)f.addr, bad[i]);
		}
	}
	verdict("an address that is none in the frame raises SIGSEGV there");
}

#define NFRAMES 120

static unsigned random_state;

static unsigned random_word(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 16 | random_state << 16;
}

/* Some words are wild, some nearly right: single bits. The address stays away from the program. */
static void spoil_at_random(volatile unsigned *sc)
{
	unsigned n = 1 + random_word() % 4;

	sc[SC_EIP] += 2;
	while (n-- > 0) {
		unsigned word = random_word() % SC_WORDS, value = random_word();

		if (word == SC_EIP)
			sc[word] |= 0xc0000000;
		else if (value & 1)
			sc[word] ^= 1u << value % 32;
		else
			sc[word] = value;
	}
}

static int with_random_frame(void)
{
	alarm(30);
	take(SIGILL, bad_form, 0, spoil_at_random);
	make_wish();
	piece_call(fault_ud2);
	return 42;
}

static int works(void)
{
	take(SIGILL, bad_form, 0, grant);
	make_wish();
	piece_call(fault_ud2);
	return granted(0) ? 0 : 1;
}

static void test_random_frames(void)
{
	int odd = 0;

	for (int i = 0; i < NFRAMES; i++) {
		int end;

		random_state = 7919u * (unsigned)(i + 1);
		bad_form = i & 1 ? INFO : PLAIN;
		end = in_child(with_random_frame);
		if (end != 42 && end != KILLED_BY(SIGSEGV) && end != KILLED_BY(SIGBUS) &&
			end != KILLED_BY(SIGTRAP)) {
			diag("  frame %d ended with %d", i, end);
			odd++;
		}
	}
	want_eq(odd, 0);
	want_eq(in_child(works), 0);
	verdict("words of nonsense in frames kill the program at most, and none that comes after "
		"it");
}

/* ---- Frames from nowhere ---- */

unsigned nowhere_stack, nowhere_call;

PIECE(return_from_nowhere, "movl nowhere_call, %eax; movl nowhere_stack, %esp", "int $0x80; ud2");

static int sigreturn_there(void)
{
	alarm(30);
	piece_call(return_from_nowhere);
	return 42;
}

static void test_nowhere(void)
{
	static const unsigned calls[] = {SYS_sigreturn, SYS_rt_sigreturn};
	unsigned char *page = must_map(4 * PS, RW, ANON, -1, 0);
	const unsigned stacks[] = {0, 4, 8, 0x1000, 0x80000000, 0xc0000000, 0xfffffffc, 0xfffff000,
		(unsigned)hole(1), (unsigned)page + 4 * PS - 4, (unsigned)page + PS,
		(unsigned)page + PS + 1};

	for (int fillers = 0; fillers < 3; fillers++) {
		memset(page, fillers == 1 ? 0xff : 0, 4 * PS);
		random_state = 5;
		for (size_t i = 0; fillers == 2 && i < 4 * PS; i += 4)
			*(unsigned *)(page + i) = random_word();
		for (int c = 0; c < 2; c++) {
			for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
				nowhere_call = calls[c];
				nowhere_stack = stacks[i];
				want_eq(in_child(sigreturn_there), KILLED_BY(SIGSEGV));
			}
		}
	}
	unmap(page, 4 * PS);
	bad_form = PLAIN;
	want_eq(in_child(works), 0);
	verdict("sigreturn and rt_sigreturn without a frame kill by SIGSEGV");
}

static void by_hand(int signo)
{
	(void)signo;
	seen_count++;
}

extern const unsigned char own_restorer[], own_rt_restorer[];
unsigned own_restorer_used;
__asm__(".pushsection .text\n"
	"own_restorer: incl own_restorer_used; popl %eax; movl $119, %eax; int $0x80\n"
	"own_rt_restorer: incl own_restorer_used; movl $173, %eax; int $0x80\n"
	".popsection\n");

static void test_restorers(void)
{
	struct new_action act = {by_hand, SA_RAW_RESTORER, (void *)own_restorer, 0}, was;

	own_restorer_used = seen_count = 0;
	syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
	kill(getpid(), SIGUSR1);
	want_eq(own_restorer_used, 1);
	want_eq(sys(SYS_rt_sigaction, SIGUSR1, NULL, &was, 8), 0);
	want(was.handler == by_hand && was.restorer == own_restorer);
	want_eq(was.flags, SA_RAW_RESTORER);
	act.flags |= SA_SIGINFO;
	act.restorer = (void *)own_rt_restorer;
	syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
	kill(getpid(), SIGUSR1);
	want_eq(own_restorer_used, 2);
	verdict("with SA_RESTORER a handler returns to the program's own code");
	act.flags &= ~(unsigned long)SA_RAW_RESTORER;
	syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
	kill(getpid(), SIGUSR1);
	act.flags &= ~(unsigned long)SA_SIGINFO;
	syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
	kill(getpid(), SIGUSR1);
	want_eq(own_restorer_used, 2);
	want_eq(seen_count, 4);
	verdict("without it to the kernel's");
	take_default(SIGUSR1);
}

/* ---- Floating point ---- */

PIECE(fx_across_call,
	"fxrstor fx_in; pushl %ebx; movl held, %eax; movl held + 12, %ebx;"
	"movl held + 4, %ecx",
	"int $0x80; fxsave fx_out; popl %ebx");
PIECE(fx_across_fault, "fxrstor fx_in", "ud2; fxsave fx_out");

static volatile unsigned handler_mxcsr, handler_fcw, handler_tags;

static void clobber_fp(volatile unsigned *sc)
{
	unsigned env[7], mxcsr;

	__asm__ volatile("fnstenv %0; stmxcsr %1" : "=m"(env), "=m"(mxcsr));
	handler_fcw = env[0] & 0xffff;
	handler_tags = env[2] & 0xffff;
	handler_mxcsr = mxcsr;
	((void (*)(void))fx_clobber)();
	if (seen[1] == SIGILL)
		sc[SC_EIP] += 2;
}

static void kill_with_fx(const void *piece)
{
	memset(&held, 0, sizeof held);
	held.in[R_EAX] = SYS_kill;
	held.in[R_EBX] = (unsigned)getpid();
	held.in[R_ECX] = SIGUSR1;
	piece_call(piece);
}

static void test_fp_kept(enum form form)
{
	take(SIGUSR1, form, 0, clobber_fp);
	take(SIGILL, form, 0, clobber_fp);
	for (unsigned seed = 1; seed < 4; seed++) {
		fill_fx(seed);
		kill_with_fx(fx_across_call);
		want(fx_held());
		want(handler_fcw == 0x37f && handler_mxcsr == 0x1f80 && handler_tags == 0xffff);
		fill_fx(seed + 10);
		piece_call(fx_across_fault);
		want(fx_held());
	}
	want_eq(seen_count, 6);
	verdict("%s handler: begins with fresh x87 and SSE registers, and the program's are kept",
		form == PLAIN ? "plain" : "SA_SIGINFO");
}

static void test_fp_frame(enum form form)
{
	take(SIGILL, form, 0, go_on);
	fill_fx(20);
	piece_call(fx_across_fault);
	want(fx_held());
	want(seen_sc[SC_FPSTATE] != 0);
	want_eq(seen_fp[0] | seen_fp[1] << 8, fx_in.fcw);
	want_eq(seen_fp[4] | seen_fp[5] << 8, fx_in.fsw);
	for (int i = 0; i < 8; i++)
		want(memcmp((void *)&seen_fp[28 + 10 * i], fx_in.st[i], 10) == 0);
	want_eq(seen_fp[FP_STATUS_MAGIC + 2] | seen_fp[FP_STATUS_MAGIC + 3] << 8, 0);
	want(memcmp((void *)&seen_fp[FP_FXSAVE + FX_MXCSR], &fx_in.mxcsr, 4) == 0);
	for (int i = 0; i < 8; i++) {
		want(memcmp((void *)&seen_fp[FP_FXSAVE + FX_ST + 16 * i], fx_in.st[i], 10) == 0);
		want(memcmp((void *)&seen_fp[FP_FXSAVE + FX_XMM + 16 * i], fx_in.xmm[i], 16) == 0);
	}
	verdict("%s handler: the frame has the x87 and SSE registers",
		form == PLAIN ? "plain" : "SA_SIGINFO");
}

static struct fx fx_wish;

/* Both copies of what is there twice: which one counts is the kernel's choice. */
static void grant_fp(volatile unsigned *sc)
{
	volatile unsigned char *fp = (unsigned char *)sc[SC_FPSTATE];
	const unsigned char *from = (const unsigned char *)&fx_wish;

	sc[SC_EIP] += 2;
	*(volatile unsigned short *)fp = fx_wish.fcw;
	*(volatile unsigned short *)(fp + 4) = fx_wish.fsw;
	for (int i = 0; i < 8; i++)
		for (int b = 0; b < 10; b++)
			fp[28 + 10 * i + b] = fx_wish.st[i][b];
	for (int i = 0; i < 4; i++)
		fp[FP_FXSAVE + i] = from[i];
	for (int i = FX_MXCSR; i < FX_MXCSR + 4; i++)
		fp[FP_FXSAVE + i] = from[i];
	for (int i = FX_ST; i < FX_XMM + 8 * 16; i++)
		fp[FP_FXSAVE + i] = from[i];
}

static void test_fp_changes(enum form form)
{
	take(SIGILL, form, 0, grant_fp);
	fill_fx(30);
	fx_wish = fx_in;
	fx_wish.fcw = 0xf7f; /* rounds to zero, 64 bits */
	fx_wish.mxcsr = 0x7f80;
	fill_fx(40);
	piece_call(fx_across_fault);
	fx_in = fx_wish;
	want(fx_held());
	verdict("%s handler: x87 and SSE registers it changes take effect",
		form == PLAIN ? "plain" : "SA_SIGINFO");
}

/* Ways to spoil the state or the pointer to it. */
enum {
	FP_NULL,
	FP_HOLE,
	FP_KERNEL,
	FP_TOP,
	FP_SHUT,
	FP_UNALIGNED,
	FP_MXCSR,
	FP_MXCSR_ALL,
	FP_MAGIC,
	FP_XSTATE_BITS,
	FP_XCOMP_BITS,
	FP_XSTATE_ZERO,
	FP_SIZE,
	FP_SIZE_ZERO,
	FP_ONES,
	FP_WAYS
};
static volatile int fp_way;
static unsigned char *fp_hole, *fp_copy, *fp_shut;

static void spoil_fp(volatile unsigned *sc)
{
	volatile unsigned char *fp = (unsigned char *)sc[SC_FPSTATE];
	volatile unsigned *word = (volatile unsigned *)(fp + FP_FXSAVE);
	const unsigned elsewhere[] = {
		0, (unsigned)fp_hole, 0xc0000000, 0xfffffff0, (unsigned)fp_shut};

	sc[SC_EIP] += 2;
	switch (fp_way) {
	case FP_UNALIGNED:
		for (int i = 0; i < FP_FXSAVE + 512; i++)
			fp_copy[i + 1] = fp[i];
		sc[SC_FPSTATE] = (unsigned)fp_copy + 1;
		break;
	case FP_MXCSR: word[FX_MXCSR / 4] = 0x00100000 | 0x1f80; break;
	case FP_MXCSR_ALL: word[FX_MXCSR / 4] = 0xffffffff; break;
	case FP_MAGIC: *(volatile unsigned *)(fp + FP_STATUS_MAGIC) = 0x12345678; break;
	case FP_XSTATE_BITS:
	case FP_XCOMP_BITS:
		for (int i = 0; i < (fp_way == FP_XSTATE_BITS ? 2 : 6); i++)
			word[FX_XSAVE_HEADER / 4 + i] = 0xffffffff;
		break;
	case FP_XSTATE_ZERO: word[FX_XSAVE_HEADER / 4] = word[FX_XSAVE_HEADER / 4 + 1] = 0; break;
	case FP_SIZE:
	case FP_SIZE_ZERO: /* magic, size, features (2 words), size of the features' state */
		for (int i = 1; i < 5; i++)
			word[FX_SW_RESERVED / 4 + i] = fp_way == FP_SIZE ? 0xffffffff : 0;
		break;
	case FP_ONES:
		for (int i = 0; i < (FP_FXSAVE + 512) / 4; i++)
			((volatile unsigned *)fp)[i] = 0xffffffff;
		break;
	default: sc[SC_FPSTATE] = elsewhere[fp_way];
	}
}

static int with_bad_fp(void)
{
	take(SIGILL, bad_form, 0, spoil_fp);
	fill_fx(50);
	piece_call(fx_across_fault);
	return 42;
}

static int fp_works(void)
{
	take(SIGILL, bad_form, 0, grant_fp);
	fill_fx(60);
	fx_wish = fx_in;
	fill_fx(70);
	piece_call(fx_across_fault);
	fx_in = fx_wish;
	return fx_held() ? 0 : 1;
}

static void test_bad_fp(void)
{
	fp_hole = hole(1);
	fp_copy = must_map(PS, RW, ANON, -1, 0);
	fp_shut = must_map(PS, PROT_NONE, ANON, -1, 0);
	for (fp_way = 0; fp_way < FP_WAYS; fp_way++) {
		for (int form = PLAIN; form <= INFO; form++) {
			int end;

			bad_form = form;
			end = in_child(with_bad_fp);
			/* Without a state the registers are fresh ones; one that is not there kills. */
			if (fp_way == FP_NULL)
				want_eq(end, 42);
			else if (fp_way <= FP_SHUT)
				want_eq(end, KILLED_BY(SIGSEGV));
			else if (!want(end == 42 || end == KILLED_BY(SIGSEGV)))
				diag("  way %d ended with %d", fp_way, end);
			want_eq(in_child(fp_works), 0);
		}
	}
	unmap(fp_copy, PS);
	unmap(fp_shut, PS);
	verdict("floating-point state of nonsense kills the program at most, and none after it");
}

static void test_fp(void)
{
	for (int form = PLAIN; form <= INFO; form++) {
		test_fp_kept(form);
		test_fp_frame(form);
		test_fp_changes(form);
	}
	take_default(SIGILL);
	take_default(SIGUSR1);
	test_bad_fp();
}

int main(void)
{
	take_exceptions(piece_signal); /* gives the alternate stack */
	test_frames(PLAIN);
	test_frames(INFO);
	test_masks();
	test_register_arguments();
	take_exceptions(piece_signal);
	test_changes(PLAIN);
	test_changes(INFO);
	take_exceptions(piece_signal);
	test_flags(PLAIN);
	test_flags(INFO);
	for (int signo = 1; signo < 32; signo++)
		if (signo != SIGKILL && signo != SIGSTOP)
			take_default(signo);
	test_bad_segments();
	test_mended();
	test_bad_eip();
	test_random_frames();
	test_nowhere();
	test_restorers();
	test_fp();
	return done();
}
