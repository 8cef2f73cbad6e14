/*
 * The terminal: line discipline, termios and job control on the console.
 *
 * Input. The interrupts of port and keyboard put bytes into `raw`. A kernel thread, the reader,
 * takes them out one by one and applies the line discipline: signals, editing, echo; what remains
 * goes into `line`. So all of this runs in a thread, at leisure, and only the ring `raw` is the
 * interrupts'.
 *
 *         tail          ready           head
 *   line: |  for read()  |  being edited  |     counts of bytes, modulo 2^32; a ring
 *
 * In canonical mode bytes become ready with the line's end, whose byte is marked in `ends`; an
 * end-of-file character is marked in `eofs` too and not handed out. Otherwise every byte is ready
 * at once.
 *
 * Output goes through OPOST into the console's buffer, byte sequences whole or not at all.
 * `column` follows the cursor for tabs and erasing.
 *
 * Structures and meanings: POSIX.1-2017 chapter 11, "General Terminal Interface", and Linux's
 * asm-generic/termbits.h for numbers.
 *
 * Letters: (l) lock, RANK_TTY, also taken by those interrupts; (r) the reader thread's own.
 * Nobody sends a signal or sleeps with the lock held.
 */
#include "dev/console.h"

#include "fs/file.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/proc.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/debug.h"
#include "vm/uaccess.h"

#define RAW_SIZE 4096u	/* powers of two */
#define LINE_SIZE 4096u /* as Linux's: the longest line is one less, with its end */
#define CHUNK 256u
#define TAB_WIDTH 8u
#define OUT_MAX 8u /* bytes that one byte can become on its way out */

enum control_char {
	VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT,
	VDISCARD, VWERASE, VLNEXT, VEOL2, NCCS = 19,
};

/* c_iflag */
#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IXON 0002000u
#define IXANY 0004000u
#define IUTF8 0040000u
/* c_oflag */
#define OPOST 0000001u
#define ONLCR 0000004u
#define OCRNL 0000010u
#define ONOCR 0000020u
#define ONLRET 0000040u
#define XTABS 0014000u
/* c_lflag */
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define TOSTOP 0000400u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u
/* c_cflag: 38400 baud, 8 bits, receiver on, hang up on close */
#define CFLAG_DEFAULT (017u | 060u | 0200u | 02000u)

/* asm-generic/ioctls.h */
#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCOUTQ 0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD 0x541b
#define TIOCNOTTY 0x5422
#define TCSBRKP 0x5425
#define TIOCGSID 0x5429
/* arguments of TCFLSH and TCXONC */
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2
#define TCOOFF 0
#define TCOON 1
#define TCIOFF 2
#define TCION 3

struct termios {
	u32 iflag, oflag, cflag, lflag;
	u8 line;
	u8 cc[NCCS];
};
_Static_assert(sizeof(struct termios) == 36, "struct termios of the system-call interface");

struct winsize {
	u16 rows, columns, xpixels, ypixels;
};

struct tty {
	struct spinlock lock;
	u8 raw[RAW_SIZE];		/* (l) */
	u32 raw_head, raw_tail;		/* (l) */
	struct waitq raw_wait;		/* the reader thread */

	struct termios termios;		/* (l) */
	struct winsize size;		/* (l) */
	u8 line[LINE_SIZE];		/* (l) */
	u8 ends[LINE_SIZE / 8];		/* (l) bit maps over line */
	u8 eofs[LINE_SIZE / 8];		/* (l) */
	u32 head, ready, tail;		/* (l) */
	u32 line_column;		/* (l) where the echo of what is edited began */
	u32 column;			/* (l) of the cursor */
	bool literal;			/* (l) the next byte has no special meaning (VLNEXT) */
	bool stopped;			/* (l) output is held (VSTOP) */
	struct waitq read_wait;		/* bytes became ready */
	struct waitq room_wait;		/* the reader thread waits for room in line */

	int session, group;		/* (l) that control it, foreground; 0: none */
	struct mutex reading;		/* one read at a time */
};

static struct tty console = {
	.lock = SPINLOCK_INIT("tty", RANK_TTY),
	.raw_wait = { .lock = SPINLOCK_INIT("tty input", RANK_WAITQ),
		.waiters = LIST_INIT(console.raw_wait.waiters) },
	.read_wait = { .lock = SPINLOCK_INIT("tty readers", RANK_WAITQ),
		.waiters = LIST_INIT(console.read_wait.waiters) },
	.room_wait = { .lock = SPINLOCK_INIT("tty room", RANK_WAITQ),
		.waiters = LIST_INIT(console.room_wait.waiters) },
	.termios = {
		.iflag = ICRNL | IXON | IUTF8,
		.oflag = OPOST | ONLCR,
		.cflag = CFLAG_DEFAULT,
		.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
		.cc = { [VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
			[VMIN] = 1, [VSTART] = 17, [VSTOP] = 19, [VSUSP] = 26, [VREPRINT] = 18,
			[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22 },
	},
	.size = { .rows = 24, .columns = 80 },
};

struct tty *console_tty(void)
{
	return &console;
}

static inline bool flag(u32 flags, u32 which)
{
	return flags & which;
}

/* Is c this control character? 0 switches one off. */
static inline bool is_cc(const struct tty *t, u8 c, enum control_char which)
{
	return c != 0 && c == t->termios.cc[which];
}

static inline bool bit_get(const u8 *map, u32 at)
{
	return map[(at & (LINE_SIZE - 1)) / 8] & 1u << at % 8;
}

static inline void bit_put(u8 *map, u32 at, bool v)
{
	u8 *byte = &map[(at & (LINE_SIZE - 1)) / 8], bit = (u8)(1u << at % 8);

	*byte = v ? *byte | bit : *byte & ~bit;
}

/* --- output --- */

/* Put these bytes out as they are. False if there is no room. */
static bool put_bytes(const char *s, size_t n)
{
	return console_out((const u8 *)s, n, true) == n;
}

static void column_after(struct tty *t, u8 c)
{
	if (c == '\n' && flag(t->termios.oflag, ONLRET))
		t->column = 0;
	else if (c == '\r')
		t->column = 0;
	else if (c == '\b')
		t->column -= t->column > 0;
	else if (c == '\t')
		t->column = ALIGN_DOWN(t->column, TAB_WIDTH) + TAB_WIDTH;
	else if (c >= ' ' && c != 127 && (c & 0xc0) != 0x80)
		t->column++;
}

/* Send one byte through output processing. False if there is no room: nothing happened then. (l) */
static bool put(struct tty *t, u8 c)
{
	u32 oflag = t->termios.oflag;
	char text[OUT_MAX] = { (char)c };
	size_t n = 1;

	if (flag(oflag, OPOST)) {
		if (c == '\n' && flag(oflag, ONLCR)) {
			memcpy(text, "\r\n", 2);
			n = 2;
		} else if (c == '\r' && flag(oflag, ONOCR) && t->column == 0) {
			return true;
		} else if (c == '\r' && flag(oflag, OCRNL)) {
			text[0] = '\n';
		} else if (c == '\t' && (oflag & XTABS) == XTABS) {
			n = TAB_WIDTH - t->column % TAB_WIDTH;
			memset(text, ' ', n);
		}
	}
	if (!put_bytes(text, n))
		return false;
	if (n == 2)
		t->column = 0;
	else
		column_after(t, c);
	return true;
}

/* --- echo --- */

static bool shown_as_control(const struct tty *t, u8 c)
{
	return flag(t->termios.lflag, ECHOCTL) && (c < ' ' || c == 127) && c != '\t' && c != '\n';
}

static void echo_byte(struct tty *t, u8 c)
{
	if (shown_as_control(t, c)) {
		put(t, '^');
		put(t, c ^ 0x40);
	} else {
		put(t, c);
	}
}

static void echo(struct tty *t, u8 c)
{
	u32 lflag = t->termios.lflag;

	if (flag(lflag, ECHO) || (c == '\n' && flag(lflag, ECHONL) && flag(lflag, ICANON)))
		echo_byte(t, c);
}

/* Where the cursor stands after c, if it stood at `column` before. */
static u32 echo_column(const struct tty *t, u32 column, u8 c)
{
	if (shown_as_control(t, c))
		return column + 2;
	if (c == '\t')
		return ALIGN_DOWN(column, TAB_WIDTH) + TAB_WIDTH;
	if (c < ' ' || c == 127 || (flag(t->termios.iflag, IUTF8) && (c & 0xc0) == 0x80))
		return column;
	return column + 1;
}

/* Rub out on the screen what was echoed right of what is being edited now. */
static void echo_erased(struct tty *t)
{
	u32 column = t->line_column;

	for (u32 i = t->ready; i != t->head; i++)
		column = echo_column(t, column, t->line[i & (LINE_SIZE - 1)]);
	while (t->column > column && put_bytes("\b \b", 3))
		t->column--;
}

/* --- editing; (l) --- */

/* Remove the last character being edited: one byte, or with IUTF8 a whole sequence. */
static void erase_char(struct tty *t)
{
	u8 c;

	do {
		c = t->line[--t->head & (LINE_SIZE - 1)];
	} while (flag(t->termios.iflag, IUTF8) && (c & 0xc0) == 0x80 && t->head != t->ready);
}

static u8 last_byte(const struct tty *t)
{
	return t->line[(t->head - 1) & (LINE_SIZE - 1)];
}

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

static void edit_erase(struct tty *t, u8 c)
{
	u32 lflag = t->termios.lflag;

	if (t->head == t->ready)
		return;
	if (is_cc(t, c, VWERASE)) {
		while (t->head != t->ready && is_blank(last_byte(t)))
			erase_char(t);
		while (t->head != t->ready && !is_blank(last_byte(t)))
			erase_char(t);
	} else {
		erase_char(t);
	}
	if (!flag(lflag, ECHO))
		return;
	if (flag(lflag, ECHOE))
		echo_erased(t);
	else
		echo_byte(t, c);
}

static void edit_kill(struct tty *t, u8 c)
{
	u32 lflag = t->termios.lflag;

	t->head = t->ready;
	if (!flag(lflag, ECHO))
		return;
	if (flag(lflag, ECHOKE) && flag(lflag, ECHOE)) {
		echo_erased(t);
		return;
	}
	echo_byte(t, c);
	if (flag(lflag, ECHOK)) {
		put(t, '\n');
		t->line_column = t->column;
	}
}

/* Show the line being edited once more, on a line of its own. */
static void edit_reprint(struct tty *t, u8 c)
{
	echo(t, c);
	if (!flag(t->termios.lflag, ECHO))
		return;
	put(t, '\n');
	t->line_column = t->column;
	for (u32 i = t->ready; i != t->head; i++)
		echo_byte(t, t->line[i & (LINE_SIZE - 1)]);
}

/* Everything that is there becomes ready. */
static void make_ready(struct tty *t)
{
	t->ready = t->head;
	t->line_column = t->column;
}

static void store(struct tty *t, u8 c, bool end, bool eof)
{
	bit_put(t->ends, t->head, end);
	bit_put(t->eofs, t->head, eof);
	t->line[t->head++ & (LINE_SIZE - 1)] = c;
}

/* One place is kept for the end of the line, so that a full line can still be ended. */
static bool line_full(const struct tty *t)
{
	return t->head - t->tail >= LINE_SIZE - 1;
}

/* Does c end a line? Sets *eof if it does so as the end of the file. */
static bool ends_line(const struct tty *t, u8 c, bool *eof)
{
	*eof = is_cc(t, c, VEOF);
	return *eof || c == '\n' || is_cc(t, c, VEOL) ||
		(flag(t->termios.lflag, IEXTEN) && is_cc(t, c, VEOL2));
}

static void input_plain(struct tty *t, u8 c)
{
	if (line_full(t)) {
		put_bytes("\a", 1);
		return;
	}
	if (t->head == t->ready)
		t->line_column = t->column;
	echo(t, c);
	store(t, c, false, false);
}

/* A byte in canonical mode. */
static void input_canonical(struct tty *t, u8 c)
{
	bool extended = flag(t->termios.lflag, IEXTEN), eof;

	if (is_cc(t, c, VERASE) || (extended && is_cc(t, c, VWERASE))) {
		edit_erase(t, c);
	} else if (is_cc(t, c, VKILL)) {
		edit_kill(t, c);
	} else if (extended && is_cc(t, c, VREPRINT)) {
		edit_reprint(t, c);
	} else if (ends_line(t, c, &eof)) {
		if (t->head - t->tail == LINE_SIZE)
			return;
		if (!eof)
			echo(t, c);
		store(t, c, true, eof);
		make_ready(t);
	} else {
		input_plain(t, c);
	}
}

static void flush_input(struct tty *t)
{
	t->head = t->ready = t->tail;
	t->literal = false;
	t->line_column = t->column;
}

/* The signal that c sends, or 0. */
static int signal_of(const struct tty *t, u8 c)
{
	if (!flag(t->termios.lflag, ISIG))
		return 0;
	if (is_cc(t, c, VINTR))
		return SIGINT;
	if (is_cc(t, c, VQUIT))
		return SIGQUIT;
	if (is_cc(t, c, VSUSP))
		return SIGTSTP;
	return 0;
}

static void set_stopped(struct tty *t, bool stopped)
{
	t->stopped = stopped;
	console_out_hold(stopped);
}

/* XON and XOFF. True if c was one of them. */
static bool input_flow(struct tty *t, u8 c)
{
	if (!flag(t->termios.iflag, IXON))
		return false;
	if (is_cc(t, c, VSTOP)) {
		set_stopped(t, true);
		return true;
	}
	if (t->stopped && (is_cc(t, c, VSTART) || flag(t->termios.iflag, IXANY)))
		set_stopped(t, false);
	return is_cc(t, c, VSTART);
}

/* The byte after IGNCR, ICRNL and INLCR; -1 if it vanishes. */
static int map_input(const struct tty *t, u8 c)
{
	u32 iflag = t->termios.iflag;

	if (flag(iflag, ISTRIP))
		c &= 0x7f;
	if (c == '\r' && flag(iflag, IGNCR))
		return -1;
	if (c == '\r' && flag(iflag, ICRNL))
		return '\n';
	if (c == '\n' && flag(iflag, INLCR))
		return '\r';
	return c;
}

/*
 * The line discipline for one byte. Returns the signal it sends to the foreground group, or 0.
 * (l)
 */
static int input(struct tty *t, u8 byte)
{
	u32 lflag = t->termios.lflag;
	bool canonical = flag(lflag, ICANON);
	int c, sig;

	if (t->literal) {
		t->literal = false;
		input_plain(t, byte);
		return 0;
	}
	c = map_input(t, byte);
	if (c < 0 || input_flow(t, (u8)c))
		return 0;
	sig = signal_of(t, (u8)c);
	if (sig) {
		if (!flag(lflag, NOFLSH)) {
			flush_input(t);
			console_out_flush();
		}
		set_stopped(t, false);
		echo(t, (u8)c);
		t->line_column = t->column;
		return sig;
	}
	if (canonical && flag(lflag, IEXTEN) && is_cc(t, (u8)c, VLNEXT)) {
		t->literal = true;
		if (flag(lflag, ECHO) && flag(lflag, ECHOCTL))
			put_bytes("^\b", 2);
		return 0;
	}
	if (canonical) {
		input_canonical(t, (u8)c);
	} else {
		echo(t, (u8)c);
		store(t, (u8)c, false, false);
		make_ready(t);
	}
	return 0;
}

/* --- the reader thread --- */

bool tty_rx(u8 c)
{
	struct tty *t = &console;
	bool room;

	if (debug_key(c))
		return true;
	spin_lock(&t->lock);
	room = t->raw_head - t->raw_tail < RAW_SIZE;
	if (room)
		t->raw[t->raw_head++ & (RAW_SIZE - 1)] = c;
	spin_unlock(&t->lock);
	waitq_wake_all(&t->raw_wait);
	return room;
}

static bool raw_any(struct tty *t)
{
	return __atomic_load_n(&t->raw_head, __ATOMIC_ACQUIRE) != t->raw_tail;
}

/*
 * May the next byte be taken in? It must find room, unless all that is there is the line being
 * edited: the byte may end it, or is dropped.
 */
static bool input_room(struct tty *t)
{
	return !line_full(t) || (flag(t->termios.lflag, ICANON) && t->ready == t->tail);
}

static void reader(void *arg)
{
	struct tty *t = arg;

	for (;;) {
		struct ksiginfo info = { .code = SI_KERNEL };
		ulong flags;
		u32 ready;
		int group;
		bool half;

		WAIT_EVENT(&t->raw_wait, raw_any(t), WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		WAIT_EVENT(&t->room_wait, input_room(t), WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
		flags = spin_lock_irq(&t->lock);
		ready = t->ready;
		info.signo = input(t, t->raw[t->raw_tail++ & (RAW_SIZE - 1)]);
		half = t->raw_head - t->raw_tail == RAW_SIZE / 2;
		ready = t->ready - ready;
		group = t->group;
		spin_unlock_irq(&t->lock, flags);
		if (ready)
			waitq_wake_all(&t->read_wait);
		if (half || !raw_any(t))
			console_resume();
		if (info.signo && group)
			signal_send_group(group, &info);
	}
}

void tty_start(void)
{
	const struct screen *s = console_sole_screen();

	if (s)
		console.size = (struct winsize){ .rows = s->rows, .columns = s->columns };
	mutex_init(&console.reading, "tty reader", RANK_NONE);
	if (!thread_create_kernel("tty", reader, &console))
		panic("no memory for the terminal's thread");
}

/* --- job control --- */

static int send_current_group(int sig)
{
	struct ksiginfo info = { .signo = sig, .code = SI_KERNEL };

	signal_send_group(current_proc()->pgid, &info);
	return -ERESTARTSYS;
}

/* Is t the controlling terminal of the current process? */
static bool is_ours(const struct tty *t)
{
	const struct proc *p = current_proc();

	return p->tty == t && t->session == p->sid;
}

/*
 * A process in the background touches its terminal: sig stops its group (11.1.4). 0: it may go
 * on; -ERESTARTSYS once the signal was sent; -EIO if nobody could continue it, or, for a read, if
 * it would not stop.
 */
static int check_background(struct tty *t, int sig)
{
	struct proc *p = current_proc();
	bool immune = signal_is_ignored(sig) || signal_is_blocked(sig), orphaned;

	if (!is_ours(t) || t->group == 0 || p->pgid == t->group)
		return 0;
	if (immune)
		return sig == SIGTTIN ? -EIO : 0;
	mutex_lock(&proc_lock);
	orphaned = group_is_orphaned(p);
	mutex_unlock(&proc_lock);
	return orphaned ? -EIO : send_current_group(sig);
}

static void become_controlling(struct tty *t, struct proc *p)
{
	ulong flags = spin_lock_irq(&t->lock);

	t->session = p->sid;
	t->group = p->pgid;
	spin_unlock_irq(&t->lock, flags);
	p->tty = t;
}

static bool leads_without_terminal(const struct proc *p)
{
	return p->sid == p->pid && (!p->tty || p->tty->session != p->sid);
}

struct tty *tty_controlling(void)
{
	struct tty *t = current_proc()->tty;

	return t && is_ours(t) ? t : NULL;
}

/*
 * TIOCSCTTY. Only the superuser (everybody, here) may take a terminal from another session, with
 * arg 1.
 */
static int ioctl_set_controlling(struct tty *t, ulong arg)
{
	struct proc *p = current_proc();
	int err = 0;

	mutex_lock(&proc_lock);
	if (is_ours(t))
		err = 0;
	else if (!leads_without_terminal(p) || (t->session != 0 && arg != 1))
		err = -EPERM;
	else
		become_controlling(t, p);
	mutex_unlock(&proc_lock);
	return err;
}

/* The session loses its terminal; who was in the foreground is told. */
static void release(struct tty *t)
{
	static const int signals[] = { SIGHUP, SIGCONT };
	ulong flags = spin_lock_irq(&t->lock);
	int group = t->group;

	t->session = t->group = 0;
	spin_unlock_irq(&t->lock, flags);
	for (unsigned i = 0; i < ARRAY_SIZE(signals) && group; i++) {
		struct ksiginfo info = { .signo = signals[i], .code = SI_KERNEL };

		signal_send_group(group, &info);
	}
}

void tty_leader_exit(struct tty *t)
{
	if (is_ours(t))
		release(t);
}

static int ioctl_give_up(struct tty *t)
{
	struct proc *p = current_proc();

	if (!is_ours(t))
		return -ENOTTY;
	if (p->sid == p->pid)
		release(t);
	p->tty = NULL;
	return 0;
}

static int member_of_session(struct proc *p, void *session)
{
	return p->sid == *(int *)session ? 0 : -EPERM;
}

static int ioctl_set_group(struct tty *t, ulong arg)
{
	int group, session, err;
	ulong flags;

	if (!is_ours(t))
		return -ENOTTY;
	if (COPYIN(&group, arg))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	err = check_background(t, SIGTTOU);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	session = t->session;
	err = group_for_each(group, member_of_session, &session);
	if (err)
		return err;
	flags = spin_lock_irq(&t->lock);
	t->group = group;
	spin_unlock_irq(&t->lock, flags);
	return 0;
}

/* --- read --- */

static u32 bytes_ready(const struct tty *t)
{
	return __atomic_load_n(&t->ready, __ATOMIC_ACQUIRE) - t->tail;
}

/*
 * Take up to n ready bytes into buf; in canonical mode not beyond a line's end. *end is set if it
 * was reached: by a newline or the like, or by the end of the file.
 */
static size_t take(struct tty *t, u8 *buf, size_t n, bool *end)
{
	ulong flags = spin_lock_irq(&t->lock);
	bool canonical = flag(t->termios.lflag, ICANON);
	size_t done = 0;

	*end = false;
	while (done < n && bytes_ready(t) && !*end) {
		u32 at = t->tail++;

		*end = canonical && bit_get(t->ends, at);
		if (!canonical || !bit_get(t->eofs, at))
			buf[done++] = t->line[at & (LINE_SIZE - 1)];
	}
	/* VEOF only ends what was typed before it, also when that was just as much as was asked for. */
	if (canonical && done && !*end && bytes_ready(t) && bit_get(t->eofs, t->tail)) {
		t->tail++;
		*end = true;
	}
	spin_unlock_irq(&t->lock, flags);
	waitq_wake_all(&t->room_wait);
	return done;
}

/* Copy what take() gives, until *u is full, nothing is ready or a line ends. */
static ssize_t read_ready(struct tty *t, struct uio *u, bool *end)
{
	u8 chunk[CHUNK];
	size_t total = 0;

	*end = false;
	while (u->left && bytes_ready(t) && !*end) {
		size_t n = take(t, chunk, MIN(u->left, sizeof(chunk)), end);
		size_t done = uio_put(u, chunk, n);

		total += done;
		if (done < n)
			return total ? (ssize_t)total : -EFAULT;
	}
	return (ssize_t)total;
}

/* A line, or as much of it as fits. */
static ssize_t read_canonical(struct tty *t, struct uio *u)
{
	for (;;) {
		bool end;
		ssize_t n;

		if (WAIT_EVENT(&t->read_wait, bytes_ready(t) || !flag(t->termios.lflag, ICANON),
			    WAIT_INTERRUPTIBLE, WAIT_FOREVER))
			return -ERESTARTSYS;
		n = read_ready(t, u, &end);
		if (n != 0 || end || !flag(t->termios.lflag, ICANON))
			return n;
	}
}

/*
 * VMIN and VTIME (11.1.7): cases A (both: VTIME runs between bytes), B (VMIN alone), C (VTIME
 * alone: for the first byte), D (neither: what is there).
 */
static ssize_t read_raw(struct tty *t, struct uio *u)
{
	u32 min = t->termios.cc[VMIN];
	u64 pause = t->termios.cc[VTIME] * (NSEC / 10);
	size_t want = MIN((size_t)MAX(min, 1u), u->left), total = 0;
	bool end;

	for (;;) {
		u64 deadline = WAIT_FOREVER;
		ssize_t n = read_ready(t, u, &end);
		int err;

		if (n < 0)
			return total ? (ssize_t)total : n;
		total += (size_t)n;
		if (total >= want || (min == 0 && pause == 0))
			return (ssize_t)total;
		if (pause && (min == 0 || total > 0))
			deadline = clock_now() + pause;
		err = WAIT_EVENT(&t->read_wait, bytes_ready(t), WAIT_INTERRUPTIBLE, deadline);
		if (err == -ETIMEDOUT)
			return (ssize_t)total;
		if (err)
			return total ? (ssize_t)total : -ERESTARTSYS;
	}
}

static ssize_t tty_read(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	struct tty *t = &console;
	ssize_t n;
	bool end;
	int err = check_background(t, SIGTTIN);

	if (err)
		return err;
	if (u->left == 0)
		return 0;
	/* Whoever reads already may wait for ever. */
	if (f->flags & O_NONBLOCK) {
		if (!bytes_ready(t) || !mutex_trylock(&t->reading))
			return -EAGAIN;
	} else if (mutex_lock_interruptible(&t->reading)) {
		return -ERESTARTSYS;
	}
	if (f->flags & O_NONBLOCK)
		n = bytes_ready(t) ? read_ready(t, u, &end) : -EAGAIN;
	else if (flag(t->termios.lflag, ICANON))
		n = read_canonical(t, u);
	else
		n = read_raw(t, u);
	mutex_unlock(&t->reading);
	return n;
}

/* --- write --- */

/* Put out as much of buf as there is room for. */
static size_t put_some(struct tty *t, const u8 *buf, size_t n)
{
	ulong flags = spin_lock_irq(&t->lock);
	size_t done = 0;

	while (done < n && put(t, buf[done]))
		done++;
	spin_unlock_irq(&t->lock, flags);
	return done;
}

static ssize_t tty_write(struct file *f, struct uio *u, off_t *pos UNUSED)
{
	struct tty *t = &console;
	u8 chunk[CHUNK];
	size_t total = 0;
	int err = flag(t->termios.lflag, TOSTOP) ? check_background(t, SIGTTOU) : 0;

	if (err)
		return err;
	while (u->left) {
		size_t got = uio_get(u, chunk, MIN(u->left, sizeof(chunk))), done = 0;

		if (got == 0)
			return total ? (ssize_t)total : -EFAULT;
		for (;;) {
			done += put_some(t, chunk + done, got - done);
			if (done == got)
				break;
			if (f->flags & O_NONBLOCK)
				return total + done ? (ssize_t)(total + done) : -EAGAIN;
			if (WAIT_EVENT(&console_out_wait, console_out_room() >= OUT_MAX,
				    WAIT_INTERRUPTIBLE, WAIT_FOREVER))
				return total + done ? (ssize_t)(total + done) : -ERESTARTSYS;
		}
		total += done;
	}
	return (ssize_t)total;
}

static uint tty_poll(struct file *f UNUSED, struct poll_table *pt)
{
	uint events = 0;

	poll_wait(pt, &console.read_wait);
	poll_wait(pt, &console_out_wait);
	if (bytes_ready(&console))
		events |= POLLIN | POLLRDNORM;
	if (console_out_room() >= OUT_MAX)
		events |= POLLOUT | POLLWRNORM;
	return events;
}

/* --- ioctl --- */

static int ioctl_get_termios(struct tty *t, ulong arg)
{
	ulong flags = spin_lock_irq(&t->lock);
	struct termios copy = t->termios;

	spin_unlock_irq(&t->lock, flags);
	return COPYOUT(arg, &copy);
}

static void set_termios(struct tty *t, const struct termios *new, bool flush)
{
	ulong flags = spin_lock_irq(&t->lock);

	if (flush)
		flush_input(t);
	/* What was being edited is not lost when lines cease to count, nor when they begin to. */
	if ((t->termios.lflag ^ new->lflag) & ICANON) {
		make_ready(t);
		t->literal = false;
	}
	t->termios = *new;
	if (t->stopped && !flag(new->iflag, IXON))
		set_stopped(t, false);
	spin_unlock_irq(&t->lock, flags);
	waitq_wake_all(&t->read_wait);
	waitq_wake_all(&t->room_wait);
}

static int ioctl_set_termios(struct tty *t, uint cmd, ulong arg)
{
	struct termios new;
	int err = check_background(t, SIGTTOU);

	if (err)
		return err;
	if (COPYIN(&new, arg))
		return -EFAULT;
	if (cmd != TCSETS && console_drain(WAIT_INTERRUPTIBLE))
		return -ERESTARTSYS;
	set_termios(t, &new, cmd == TCSETSF);
	return 0;
}

static int ioctl_set_size(struct tty *t, ulong arg)
{
	struct ksiginfo info = { .signo = SIGWINCH, .code = SI_KERNEL };
	struct winsize new;
	bool changed;
	ulong flags;
	int group;

	if (COPYIN(&new, arg))
		return -EFAULT;
	flags = spin_lock_irq(&t->lock);
	changed = memcmp(&new, &t->size, sizeof(new)) != 0;
	t->size = new;
	group = t->group;
	spin_unlock_irq(&t->lock, flags);
	if (changed && group)
		signal_send_group(group, &info);
	return 0;
}

static int ioctl_flush(struct tty *t, ulong what)
{
	ulong flags;

	if (what > TCIOFLUSH)
		return -EINVAL;
	if (what != TCOFLUSH) {
		flags = spin_lock_irq(&t->lock);
		flush_input(t);
		spin_unlock_irq(&t->lock, flags);
		waitq_wake_all(&t->room_wait);
	}
	if (what != TCIFLUSH)
		console_out_flush();
	return 0;
}

/* tcflow: stop or go on with output; send the character that asks the other side to. */
static int ioctl_flow(struct tty *t, ulong what)
{
	ulong flags;

	if (what > TCION)
		return -EINVAL;
	flags = spin_lock_irq(&t->lock);
	if (what == TCOOFF || what == TCOON)
		set_stopped(t, what == TCOOFF);
	else
		put_bytes((const char *)&t->termios.cc[what == TCIOFF ? VSTOP : VSTART], 1);
	spin_unlock_irq(&t->lock, flags);
	return 0;
}

static int copyout_int(ulong arg, s32 value)
{
	return COPYOUT(arg, &value);
}

static int ioctl_job_control(struct tty *t, uint cmd, ulong arg)
{
	switch (cmd) {
	case TIOCSCTTY:
		return ioctl_set_controlling(t, arg);
	case TIOCNOTTY:
		return ioctl_give_up(t);
	case TIOCGPGRP:
		return is_ours(t) ? copyout_int(arg, t->group) : -ENOTTY;
	case TIOCSPGRP:
		return ioctl_set_group(t, arg);
	case TIOCGSID:
		return is_ours(t) ? copyout_int(arg, t->session) : -ENOTTY;
	default:
		return -ENOTTY;
	}
}

static long tty_ioctl(struct file *f UNUSED, uint cmd, ulong arg)
{
	struct tty *t = &console;

	switch (cmd) {
	case TCGETS:
		return ioctl_get_termios(t, arg);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return ioctl_set_termios(t, cmd, arg);
	case TCSBRK:
	case TCSBRKP:
		/* A break cannot be sent; waiting for the output can be done. */
		return console_drain(WAIT_INTERRUPTIBLE) ? -ERESTARTSYS : 0;
	case TCXONC:
		return ioctl_flow(t, arg);
	case TCFLSH:
		return ioctl_flush(t, arg);
	case TIOCGWINSZ:
		return COPYOUT(arg, &t->size);
	case TIOCSWINSZ:
		return ioctl_set_size(t, arg);
	case FIONREAD:
		return copyout_int(arg, (s32)bytes_ready(t));
	case TIOCOUTQ:
		return copyout_int(arg, (s32)console_out_count());
	default:
		return ioctl_job_control(t, cmd, arg);
	}
}

const struct file_ops tty_file_ops = {
	.read = tty_read,
	.write = tty_write,
	.ioctl = tty_ioctl,
	.poll = tty_poll,
};
