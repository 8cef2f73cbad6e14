/*
 * execve.
 *
 * In order: find the program (through scripts) and judge its file; build a whole new address space
 * beside the old one, and fill its stack; end the other threads; only then, with nothing left that
 * could fail, become the new program. So a failed exec leaves its caller as it was, unless memory
 * runs out after the other threads' end.
 *
 * The new stack, from STACK_TOP down: a zero word; the program's path; argument and environment
 * strings as one run, arguments first; the machine's name; 16 random bytes; then, at the stack
 * pointer, a multiple of 16: argc, the argv pointers, NULL, the envp pointers, NULL, the auxiliary
 * vector (System V ABI, "Process Initialization").
 */
#include "proc/exec.h"
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/elf.h"
#include "arch/signal.h"
#include "arch/trap.h"
#include "proc/proc.h"
#include "proc/ptimer.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/random.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/uaccess.h"

#define ARG_MIN (128ul << 10)	/* arguments may always take this much, */
#define ARG_MAX (6ul << 20)	/* and never more than this (Linux's figures) */
#define STACK_ROOM (32 * PAGE_SIZE) /* mapped below the arguments at once */
#define SCRIPT_LINE 256
#define POINTER_BATCH 32

enum auxv_type {
	AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7,
	AT_FLAGS = 8, AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15,
	AT_HWCAP = 16, AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31,
};
#define AUXV_MAX 20

static struct obj *sigpage_obj; /* the page with the machine's signal trampoline */

void exec_module_init(void)
{
	struct page *page;

	sigpage_obj = obj_anon_create(PAGE_SIZE, 0);
	if (!sigpage_obj || obj_get_page(sigpage_obj, 0, &page) < 0)
		panic("no memory for the signal trampoline");
	memcpy(page_addr(page), sigcode_start, (size_t)(sigcode_end - sigcode_start));
	page_put(page);
}

/* ---- Arguments ---- */

void exec_args_init(struct exec_args *a)
{
	u64 quarter = rlimit_cur(RLIMIT_STACK) / 4;

	memset(a, 0, sizeof(*a));
	list_init(&a->pages);
	a->limit = (size_t)MAX(MIN(quarter, (u64)ARG_MAX), (u64)ARG_MIN);
}

void exec_args_free(struct exec_args *a)
{
	struct page *p, *tmp;

	LIST_EACH_SAFE(p, tmp, &a->pages, link)
		page_put(p);
	list_init(&a->pages);
	for (unsigned i = 0; i < a->nfront; i++)
		kmfree(a->front[i]);
	a->nfront = 0;
}

static bool too_big(const struct exec_args *a)
{
	return a->bytes + (a->argc + a->envc) * sizeof(ulong) > a->limit;
}

/* Where the run goes on, and how many bytes the page has left. NULL if there is no memory. */
static char *run_end(struct exec_args *a, size_t *room)
{
	size_t used = a->bytes & PAGE_MASK;
	struct page *p;

	*room = PAGE_SIZE - used;
	if (used)
		return (char *)page_addr(LIST_LAST(&a->pages, struct page, link)) + used;
	p = page_alloc(0, ALLOC_WAIT);
	if (!p)
		return NULL;
	list_append(&a->pages, &p->link);
	return page_addr(p);
}

int exec_args_add(struct exec_args *a, const char *s, bool env)
{
	size_t left = strlen(s) + 1;

	env ? a->envc++ : a->argc++;
	while (left) {
		size_t room, n;
		char *to = run_end(a, &room);

		if (!to)
			return -ENOMEM;
		n = MIN(left, room);
		memcpy(to, s, n);
		a->bytes += n;
		s += n;
		left -= n;
		if (too_big(a))
			return -E2BIG;
	}
	return 0;
}

static int add_user_string(struct exec_args *a, ulong va)
{
	size_t len = 0;

	while (len < EXEC_STRING_MAX) {
		size_t room, ask;
		char *to = run_end(a, &room);
		ssize_t n;

		if (!to)
			return -ENOMEM;
		ask = MIN(room, EXEC_STRING_MAX - len);
		n = copyin_str(to, va + len, ask);
		if (n >= 0) {
			a->bytes += (size_t)n + 1;
			return too_big(a) ? -E2BIG : 0;
		}
		if (n != -ENAMETOOLONG)
			return (int)n;
		a->bytes += ask;
		len += ask;
		if (too_big(a))
			return -E2BIG;
	}
	return -E2BIG;
}

/* Append the strings of one array, counting them in *count. */
static int add_user_array(struct exec_args *a, ulong array, ulong *count)
{
	ulong batch[POINTER_BATCH];

	while (array) {
		size_t got = sizeof(batch) - copyin_some(batch, array, sizeof(batch));

		for (size_t i = 0; i < got / sizeof(ulong); i++) {
			int err;

			if (!batch[i])
				return 0;
			++*count;
			err = add_user_string(a, batch[i]);
			if (err)
				return err;
		}
		if (got != sizeof(batch))
			return -EFAULT;
		array += sizeof(batch);
	}
	return 0;
}

int exec_args_user(struct exec_args *a, ulong argv, ulong envp)
{
	int err = add_user_array(a, argv, &a->argc);

	/* A program may rely on having a name. */
	if (!err && !a->argc)
		err = exec_args_add(a, "", false);
	return err ? err : add_user_array(a, envp, &a->envc);
}

/* ---- Scripts ---- */

static char *string_copy(const char *s)
{
	char *copy = kmalloc(strlen(s) + 1, ALLOC_WAIT);

	if (copy)
		memcpy(copy, s, strlen(s) + 1);
	return copy;
}

/* Remove argv[0] from the run. */
static void drop_first(struct exec_args *a)
{
	size_t at = 0;
	struct page *p;

	LIST_EACH(p, &a->pages, link) {
		size_t here = MIN(PAGE_SIZE, a->bytes - at);
		const char *nul = memchr(page_addr(p), 0, here);

		if (nul) {
			a->skip = at + (size_t)(nul - (const char *)page_addr(p)) + 1;
			break;
		}
		at += here;
	}
	a->argc--;
}

static int put_first(struct exec_args *a, const char *s)
{
	char *copy;

	if (a->nfront == EXEC_FRONT_MAX)
		return -ELOOP;
	copy = string_copy(s);
	if (!copy)
		return -ENOMEM;
	memmove(a->front + 1, a->front, a->nfront * sizeof(a->front[0]));
	a->front[0] = copy;
	a->nfront++;
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Take a script's first line apart, in place: "#!", blanks, interpreter, blanks, the rest as one
 * argument without blanks at its end (NULL if empty). line has SCRIPT_LINE bytes and a NUL.
 * -ENOEXEC if there is no interpreter, or its name may have been cut.
 */
static int parse_script(char *line, char **interp, char **arg)
{
	char *end = strchr(line, '\n'), *p = line + 2;

	if (end)
		*end = 0;
	else
		end = line + strlen(line);
	while (is_blank(*p))
		p++;
	*interp = p;
	while (*p && !is_blank(*p))
		p++;
	if (p == *interp || p == line + SCRIPT_LINE)
		return -ENOEXEC;
	while (end > p && is_blank(end[-1]))
		*--end = 0;
	*arg = NULL;
	if (*p) {
		*p++ = 0;
		while (is_blank(*p))
			p++;
		if (*p)
			*arg = p;
	}
	return 0;
}

/*
 * Open the program at path. If it is a script put interpreter and argument in front of the
 * arguments, and the script's path in argv[0]'s place, and go on with the interpreter.
 */
static int open_program(const char *path, struct exec_args *a, struct file **out)
{
	char line[SCRIPT_LINE + 1], *interp, *arg;

	for (unsigned depth = 0;; depth++) {
		struct file *f;
		ssize_t n;
		int err = fs_open_exec(AT_FDCWD, depth ? a->front[0] : path, &f);

		if (err)
			return err;
		n = file_pread(f, line, SCRIPT_LINE, 0);
		if (n < 2 || line[0] != '#' || line[1] != '!') {
			if (n >= 0) {
				*out = f;
				return 0;
			}
			file_drop(f);
			return (int)n;
		}
		file_drop(f);
		line[n] = 0;
		err = depth == EXEC_SCRIPT_DEPTH ? -ELOOP : parse_script(line, &interp, &arg);
		if (err)
			return err;
		/*
		 * The script's path is argv[0] of its own run when it is an interpreter itself: it
		 * is there already.
		 */
		if (depth == 0) {
			drop_first(a);
			err = put_first(a, path);
		}
		if (!err && arg)
			err = put_first(a, arg);
		if (!err)
			err = put_first(a, interp);
		if (err)
			return err;
	}
}

/* ---- The new stack ---- */

struct layout {
	ulong execfn, strings, run, env, platform, random, sp; /* addresses */
	ulong argc;
};

static size_t front_bytes(const struct exec_args *a)
{
	size_t n = 0;

	for (unsigned i = 0; i < a->nfront; i++)
		n += strlen(a->front[i]) + 1;
	return n;
}

static void lay_out(struct layout *l, const struct exec_args *a, const char *path)
{
	ulong words;

	l->argc = a->argc + a->nfront;
	l->execfn = STACK_TOP - sizeof(ulong) - (strlen(path) + 1);
	l->run = l->execfn - (a->bytes - a->skip);
	l->strings = l->run - front_bytes(a);
	l->env = l->execfn;
	l->platform = l->strings - sizeof(MACHINE_NAME);
	l->random = ALIGN_DOWN(l->platform - 16, 16ul);
	words = 1 + l->argc + 1 + a->envc + 1 + 2 * AUXV_MAX;
	l->sp = ALIGN_DOWN(l->random - words * sizeof(ulong), 16ul);
}

/* Words written upwards from an address, in batches. */
struct word_writer {
	ulong at;
	unsigned n;
	int err;
	ulong buf[POINTER_BATCH];
};

static void flush_words(struct word_writer *w)
{
	if (!w->err)
		w->err = copyout(w->at, w->buf, w->n * sizeof(ulong));
	w->at += w->n * sizeof(ulong);
	w->n = 0;
}

static void put_word(struct word_writer *w, ulong value)
{
	w->buf[w->n++] = value;
	if (w->n == POINTER_BATCH)
		flush_words(w);
}

static void put_aux(struct word_writer *w, ulong type, ulong value)
{
	put_word(w, type);
	put_word(w, value);
}

static void put_auxv(struct word_writer *w, const struct layout *l, const struct elf_image *image)
{
	const struct proc *p = current_proc();

	put_aux(w, AT_PHDR, image->phdr);
	put_aux(w, AT_PHENT, image->phentsize);
	put_aux(w, AT_PHNUM, image->phnum);
	put_aux(w, AT_PAGESZ, PAGE_SIZE);
	put_aux(w, AT_BASE, 0);
	put_aux(w, AT_FLAGS, 0);
	put_aux(w, AT_ENTRY, image->entry);
	put_aux(w, AT_UID, p->uid);
	put_aux(w, AT_EUID, p->euid);
	put_aux(w, AT_GID, p->gid);
	put_aux(w, AT_EGID, p->egid);
	put_aux(w, AT_SECURE, 0);
	put_aux(w, AT_PLATFORM, l->platform);
	put_aux(w, AT_HWCAP, ELF_HWCAP);
	put_aux(w, AT_CLKTCK, NSEC / TICK_NS);
	put_aux(w, AT_RANDOM, l->random);
	put_aux(w, AT_EXECFN, l->execfn);
	put_aux(w, AT_NULL, 0);
}

/* Walks the strings of the run. */
struct run_cursor {
	const struct exec_args *args;
	struct page *page;
	size_t at; /* of the next string's first byte */
};

static void next_string(struct run_cursor *c)
{
	for (;;) {
		size_t in = c->at & PAGE_MASK, here = MIN(PAGE_SIZE - in, c->args->bytes - c->at);
		const char *from = (const char *)page_addr(c->page) + in;
		const char *nul = memchr(from, 0, here);
		size_t n = nul ? (size_t)(nul - from) + 1 : here;

		c->at += n;
		if (in + n == PAGE_SIZE)
			c->page = LIST_ITEM(c->page->link.next, struct page, link);
		if (nul)
			return;
	}
}

static struct run_cursor first_string(const struct exec_args *a)
{
	struct run_cursor c = { a, LIST_FIRST(&a->pages, struct page, link), a->skip };

	for (size_t pages = a->skip >> PAGE_SHIFT; pages; pages--)
		c.page = LIST_ITEM(c.page->link.next, struct page, link);
	return c;
}

/*
 * argc, both arrays of pointers, and the auxiliary vector. The environment's address goes to
 * l->env.
 */
static int write_vectors(struct layout *l, const struct exec_args *a, const struct elf_image *image)
{
	struct word_writer w = { .at = l->sp };
	struct run_cursor c = first_string(a);
	ulong s = l->strings;

	put_word(&w, l->argc);
	for (unsigned i = 0; i < a->nfront; i++) {
		put_word(&w, s);
		s += strlen(a->front[i]) + 1;
	}
	for (ulong i = 0; i < a->argc; i++) {
		put_word(&w, l->run + (c.at - a->skip));
		next_string(&c);
	}
	put_word(&w, 0);
	l->env = l->run + (c.at - a->skip);
	for (ulong i = 0; i < a->envc; i++) {
		put_word(&w, l->run + (c.at - a->skip));
		next_string(&c);
	}
	put_word(&w, 0);
	put_auxv(&w, l, image);
	flush_words(&w);
	return w.err;
}

static int write_run(const struct layout *l, const struct exec_args *a)
{
	size_t at = 0;
	struct page *p;

	LIST_EACH(p, &a->pages, link) {
		size_t from = a->skip > at ? MIN(a->skip - at, PAGE_SIZE) : 0;
		size_t end = MIN(PAGE_SIZE, a->bytes - at);

		if (from < end && copyout(l->run + (at + from - a->skip),
					  (const char *)page_addr(p) + from, end - from) < 0)
			return -EFAULT;
		at += end;
	}
	return 0;
}

static int write_strings(const struct layout *l, const struct exec_args *a, const char *path)
{
	u8 random[16];
	ulong at = l->strings;

	random_bytes(random, sizeof(random));
	if (COPYOUT(l->random, &random) < 0 || copyout(l->execfn, path, strlen(path) + 1) < 0 ||
	    copyout(l->platform, MACHINE_NAME, sizeof(MACHINE_NAME)) < 0)
		return -EFAULT;
	for (unsigned i = 0; i < a->nfront; i++) {
		size_t n = strlen(a->front[i]) + 1;

		if (copyout(at, a->front[i], n) < 0)
			return -EFAULT;
		at += n;
	}
	return write_run(l, a);
}

/* ---- The new address space ---- */

static int map_stack(struct mm *mm, const struct layout *l, bool executable)
{
	u64 limit = rlimit_cur(RLIMIT_STACK);
	ulong room = (ulong)MIN(limit, (u64)STACK_ROOM);
	ulong start = ALIGN_DOWN(l->sp - room, PAGE_SIZE);
	struct map_request rq = {
		.addr = start, .len = STACK_TOP - start,
		.prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0), .max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN | MAP_STACK,
		.vma_flags = VMA_STACK,
	};
	long at;

	mm->stack_top = STACK_TOP;
	at = mm_map(mm, &rq);
	return at < 0 ? (int)at : 0;
}

static int map_sigpage(struct mm *mm)
{
	struct map_request rq = {
		.addr = STACK_TOP, .len = PAGE_SIZE, .prot = PROT_READ | PROT_EXEC,
		.max_prot = PROT_READ | PROT_EXEC, .flags = MAP_PRIVATE | MAP_FIXED,
		.vma_flags = VMA_SIGPAGE, .obj = sigpage_obj,
	};
	long at = mm_map(mm, &rq);

	mm->sigpage = STACK_TOP;
	return at < 0 ? (int)at : 0;
}

/* Everything mapped, nothing filled. NULL and *err if that fails. */
static struct mm *build_mm(const struct elf_image *image, struct file *f, const struct layout *l,
			   int *err)
{
	struct mm *mm = mm_create();

	*err = -ENOMEM;
	if (!mm)
		return NULL;
	*err = elf_map(image, f, mm);
	if (!*err)
		*err = map_stack(mm, l, image->exec_stack);
	if (!*err)
		*err = map_sigpage(mm);
	if (*err) {
		mm_put(mm);
		return NULL;
	}
	mm_set_brk(mm, ALIGN_UP(image->end, PAGE_SIZE));
	return mm;
}

/*
 * With mm loaded: bytes into it. Its pages are brought in first: a fault without memory would be
 * the process's end, this is an error.
 */
static int fill_mm(struct mm *mm, struct layout *l, const struct exec_args *a,
		   const struct elf_image *image, const char *path)
{
	int err = elf_clear_tails(image);

	if (!err)
		err = uaccess_prefault(l->sp, STACK_TOP - l->sp, PROT_WRITE);
	if (!err)
		err = write_strings(l, a, path);
	if (!err)
		err = write_vectors(l, a, image);
	mm->arg_start = l->strings;
	mm->arg_end = mm->env_start = l->env;
	mm->env_end = l->execfn;
	return err && err != -ENOMEM ? -EIO : err;
}

/* ---- The point of no return ---- */

static void set_name(struct proc *p, struct thread *t, const char *path)
{
	const char *slash = strrchr(path, '/');

	str_copy(t->name, slash ? slash + 1 : path, sizeof(t->name));
	memcpy(p->name, t->name, sizeof(p->name));
}

/* The thread runs in mm already. f's reference becomes the process's. */
static void replace_mm(struct proc *p, struct thread *t, struct mm *mm, struct file *f)
{
	struct mm *old = p->mm;
	struct file *old_exe = p->exe;
	ulong irq;

	if (t->clear_tid || t->robust_list || t->vfork) {
		sched_switch_mm(old);
		proc_leave_mm(t);
		sched_switch_mm(mm);
	}
	irq = spin_lock_irq(&p->sig_lock);
	if (old)
		p->dead.max_rss = MAX(p->dead.max_rss, pmap_peak(&old->pmap));
	p->mm = mm;
	p->exe = f;
	spin_unlock_irq(&p->sig_lock, irq);
	if (old)
		mm_put(old);
	if (old_exe)
		file_drop(old_exe);
}

static void become(const char *path, const struct elf_image *image, struct mm *mm, struct file *f,
		   ulong sp, struct sigactions **actions)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;

	proc_become_leader(t);
	replace_mm(p, t, mm, f);
	fail_plan_set(&p->fail_plan, 0);
	ptimer_delete_all(p);
	signal_exec(actions);
	files_close_on_exec(t->files);
	set_name(p, t, path);
	mutex_lock(&proc_lock);
	p->did_exec = true;
	p->exit_signal = SIGCHLD;
	mutex_unlock(&proc_lock);
	tf_init_user(t->tf, image->entry, sp);
	user_state_reset(t);
}

/* A table of descriptors that others use too must not lose its close-on-exec ones. */
static int unshare_files(struct thread *t)
{
	struct files *old = t->files, *own;
	ulong irq;

	if (!files_shared(old))
		return 0;
	own = files_copy(old);
	if (!own)
		return -ENOMEM;
	irq = spin_lock_irq(&t->proc->sig_lock);
	t->files = own;
	spin_unlock_irq(&t->proc->sig_lock, irq);
	files_leave(old);
	return 0;
}

/*
 * The last steps that may fail. A copy of the signal actions, should others share them, goes to
 * *actions.
 */
static int single_out(struct proc *p, struct sigactions **actions)
{
	int err = p->nthreads > 1 ? signal_end_others() : 0;

	*actions = NULL;
	if (err)
		return err;
	/* Only now is nobody left who could make it shared. */
	if (sigactions_shared(p->actions)) {
		*actions = sigactions_copy(p);
		if (!*actions)
			return -ENOMEM;
	}
	err = unshare_files(current_thread());
	if (err && *actions)
		sigactions_put(*actions);
	return err;
}

/* f's reference is taken over on success. */
static int run(const char *path, struct exec_args *a, const struct elf_image *image, struct file *f)
{
	struct mm *old = current_thread()->mm, *mm;
	struct sigactions *actions;
	struct layout l;
	int err;

	lay_out(&l, a, path);
	mm = build_mm(image, f, &l, &err);
	if (!mm)
		return err;
	sched_switch_mm(mm);
	err = fill_mm(mm, &l, a, image, path);
	if (!err)
		err = single_out(current_proc(), &actions);
	if (err) {
		sched_switch_mm(old);
		mm_put(mm);
		return err;
	}
	become(path, image, mm, f, l.sp, &actions);
	return 0;
}

int proc_exec(const char *path, struct exec_args *a)
{
	struct elf_image *image = kmalloc(sizeof(*image), ALLOC_WAIT);
	struct file *f = NULL;
	int err = image ? proc_judge_tasks() : -ENOMEM;

	if (!err)
		err = open_program(path, a, &f);
	if (!err)
		err = elf_read(f, image);
	if (!err)
		err = run(path, a, image, f);
	if (err && f)
		file_drop(f);
	kmfree(image);
	return err;
}
