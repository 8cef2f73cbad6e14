/*
 * Running the tree. Every node leaves its result in shell.status. must_unwind() is asked after
 * every command: then the functions here return without running more, up to whoever handles the
 * flow.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The arena of the tree that runs, and the text of the pipeline. */
static struct arena *tree_arena;
static const char *pipeline_text = "";

bool must_unwind(void)
{
	return shell.flow != FLOW_NONE || shell.interrupted;
}

/* An error after which the command line cannot go on. */
static void abort_line(void)
{
	shell.status = 2;
	shell.flow = FLOW_ABORT;
}

/* Programs */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *command_path(const char *name, struct arena *a)
{
	const char *path = var_get("PATH");
	size_t name_len = strlen(name);

	if (strchr(name, '/'))
		return is_program(name) ? arena_copy(a, name, name_len) : NULL;
	while (path) {
		size_t len = strcspn(path, ":");
		char *file = arena_alloc(a, len + name_len + 3);

		/* An empty entry of PATH is the current directory. */
		memcpy(file, len > 0 ? path : ".", len > 0 ? len : 1);
		strcat(strcat(file, "/"), name);
		if (is_program(file))
			return file;
		path = path[len] ? path + len + 1 : NULL;
	}
	return NULL;
}

/* A file without a magic number is a script for the shell. */
static void exec_script(const char *path, char **argv, char **env, struct arena *a)
{
	struct strlist args = { 0 };

	strlist_add(&args, a, "sh");
	strlist_add(&args, a, (char *)path);
	for (argv++; *argv; argv++)
		strlist_add(&args, a, *argv);
	execve("/bin/sh", args.items, env);
}

/* A file whose first line holds a zero byte is no script. One that cannot be read might be. */
static bool is_binary(const char *path)
{
	char head[128], *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head));

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	end = memchr(head, '\n', (size_t)n);
	return memchr(head, '\0', end ? (size_t)(end - head) : (size_t)n);
}

int exec_program(char **argv)
{
	struct arena *a = arena_new();
	char **env = var_environment(a);
	char *path = command_path(argv[0], a);
	int status;

	if (!path && strchr(argv[0], '/'))
		path = argv[0];
	if (path) {
		execve(path, argv, env);
		if (errno == ENOEXEC && is_binary(path)) {
			complain("%s: cannot execute: no program for this system", argv[0]);
			status = 126;
		} else {
			if (errno == ENOEXEC)
				exec_script(path, argv, env, a);
			complain("%s: %s", argv[0], strerror(errno));
			status = errno == ENOENT ? 127 : 126;
		}
	} else {
		complain("%s: not found", argv[0]);
		status = 127;
	}
	arena_drop(a);
	return status;
}

/* Ends a child without what belongs to the parent's end. */
static _Noreturn void child_exit(int status)
{
	fflush(stdout);
	_exit(status);
}

/* Simple commands */

/* Sets the variables of an assignment prefix; with saved not NULL the old ones are kept there. */
static bool do_assignments(struct assign *list, struct saved_var **saved, bool export,
			   struct arena *a)
{
	for (; list; list = list->next) {
		char *value;

		if (!expand_string(&list->value, a, false, false, &value))
			return false;
		if (saved)
			var_save(saved, list->name);
		if (!var_set(list->name, value))
			return false;
		if (export)
			var_export(list->name);
	}
	return true;
}

static _Noreturn void run_program(struct node *n, char **argv, struct arena *a)
{
	if (!do_assignments(n->assigns, NULL, true, a) || !redir_apply(n->redirs, NULL))
		child_exit(1);
	child_exit(exec_program(argv));
}

static void exec_external(struct node *n, char **argv, struct arena *a, int flags)
{
	struct job *j;
	pid_t pid;

	if ((flags & EXEC_LAST) && !trap_is_set())
		run_program(n, argv, a);
	j = job_new(pipeline_text);
	pid = fork_child(j, false);
	if (pid == 0)
		run_program(n, argv, a);
	if (pid < 0) {
		complain("cannot fork: %s", strerror(errno));
		job_cancel(j);
		shell.status = 126;
		return;
	}
	shell.status = job_wait_foreground(j);
}

/* exec: the redirections stay, and a program takes the shell's place. */
static void exec_in_place(struct node *n, struct strlist *argv, struct arena *a)
{
	if (!redir_apply(n->redirs, NULL)) {
		abort_line();
		return;
	}
	shell.status = 0;
	if (argv->count == 1 && do_assignments(n->assigns, NULL, false, a))
		return;
	if (argv->count > 1 && do_assignments(n->assigns, NULL, true, a)) {
		fflush(stdout);
		signals_child(false);
		shell.status = exec_program(argv->items + 1);
		if (shell.interactive)
			signals_init_interactive();
		else
			shell_exit(shell.status);
	}
}

/* A builtin or a function, with assignments and redirections undone afterwards. */
static void exec_inside(struct node *n, builtin_fn *builtin, struct function *f,
			struct strlist *argv, struct arena *a)
{
	struct saved_var *vars = NULL;
	struct saved_fd *fds = NULL;

	fflush(stdout);
	if (!do_assignments(n->assigns, &vars, true, a)) {
		abort_line();
	} else if (!redir_apply(n->redirs, &fds)) {
		shell.status = 1;
	} else if (f) {
		function_call(f, argv->items, (int)argv->count);
	} else {
		shell.status = builtin((int)argv->count, argv->items);
		if (fflush(stdout) != 0 || ferror(stdout)) {
			complain("%s: write error: %s", argv->items[0], strerror(errno));
			clearerr(stdout);
			shell.status = 1;
		}
	}
	redir_undo(&fds);
	var_restore(&vars);
}

/* Only assignments and redirections. */
static void exec_empty(struct node *n, struct arena *a)
{
	struct saved_fd *fds = NULL;

	if (!redir_apply(n->redirs, &fds))
		shell.status = 1;
	else if (!do_assignments(n->assigns, NULL, false, a))
		abort_line();
	else
		shell.status = shell.subst_status >= 0 ? shell.subst_status : 0;
	redir_undo(&fds);
}

static void trace(const struct strlist *argv)
{
	const char *prefix = var_get("PS4");
	struct str line = { 0 };

	str_add(&line, prefix ? prefix : "", prefix ? strlen(prefix) : 0);
	for (size_t i = 0; i < argv->count; i++) {
		if (i > 0)
			str_char(&line, ' ');
		str_add(&line, argv->items[i], strlen(argv->items[i]));
	}
	fprintf(stderr, "%s\n", line.s);
	str_free(&line);
}

static void exec_simple(struct node *n, int flags)
{
	struct arena *a = arena_new();
	struct strlist argv = { 0 };
	struct function *f = NULL;
	builtin_fn *builtin = NULL;

	shell.line = n->line;
	shell.subst_status = -1;
	if (!expand_words(n->words, a, &argv))
		abort_line();
	else if (!must_unwind()) {
		if (shell.opt_trace && argv.count > 0)
			trace(&argv);
		if (argv.count > 0) {
			f = function_find(argv.items[0]);
			builtin = f ? NULL : builtin_find(argv.items[0]);
		}
		if (argv.count == 0)
			exec_empty(n, a);
		else if (strcmp(argv.items[0], "exec") == 0 && !f)
			exec_in_place(n, &argv, a);
		else if (f || builtin)
			exec_inside(n, builtin, f, &argv, a);
		else
			exec_external(n, argv.items, a, flags);
	}
	arena_drop(a);
}

/* Pipelines and lists */

/* The child of a pipeline: its ends of the pipes become 0 and 1. */
static _Noreturn void pipeline_child(struct node *n, int in, int out, int unused)
{
	if (in >= 0) {
		dup2(in, 0);
		close(in);
	}
	if (out >= 0) {
		dup2(out, 1);
		close(out);
		close(unused);
	}
	exec_node(n, EXEC_LAST);
	shell_exit(shell.status);
}

/* Starts the processes of a pipeline; false if one could not be made. */
static bool start_pipeline(struct item *items, struct job *j, bool background)
{
	int in = -1;

	for (struct item *it = items; it; it = it->next) {
		int fds[2] = { -1, -1 };
		pid_t pid = -1;

		if (!it->next || pipe(fds) == 0)
			pid = fork_child(j, background);
		if (pid == 0)
			pipeline_child(it->node, in, fds[1], fds[0]);
		if (in >= 0)
			close(in);
		if (fds[1] >= 0)
			close(fds[1]);
		in = fds[0];
		if (pid < 0) {
			complain("cannot start a pipeline: %s", strerror(errno));
			if (in >= 0)
				close(in);
			return false;
		}
	}
	return true;
}

static void run_job(struct item *items, const char *text, bool background)
{
	struct job *j = job_new(text);
	bool ok = start_pipeline(items, j, background);

	if (background) {
		job_run_background(j);
		shell.status = ok ? 0 : 126;
	} else {
		shell.status = job_wait_foreground(j);
		if (!ok)
			shell.status = 126;
	}
}

static void exec_pipeline(struct node *n, int flags)
{
	const char *outer = pipeline_text;

	pipeline_text = n->text;
	if (n->negated)
		shell.condition++;
	if (n->items->next)
		run_job(n->items, n->text, false);
	else
		exec_node(n->items->node, n->negated ? 0 : flags);
	if (n->negated) {
		shell.condition--;
		shell.status = !shell.status;
	} else if (shell.status != 0 && shell.opt_errexit && shell.condition == 0 &&
		   !must_unwind()) {
		shell_exit(shell.status);
	}
	pipeline_text = outer;
}

static void exec_background(struct node *n)
{
	struct item alone = { .node = n };

	/* The processes of a pipeline are the job's own; anything else runs in a subshell. */
	if (n->type == NODE_PIPELINE && !n->negated)
		run_job(n->items, n->text, true);
	else
		run_job(&alone, n->text, true);
}

static void exec_list(struct node *n, int flags)
{
	for (struct item *it = n->items; it && !must_unwind(); it = it->next) {
		if (it->background)
			exec_background(it->node);
		else
			exec_node(it->node, it->next ? 0 : flags);
		traps_run();
	}
}

static void exec_condition(struct node *n)
{
	shell.condition++;
	exec_node(n, 0);
	shell.condition--;
}

static void exec_and_or(struct node *n, int flags)
{
	exec_condition(n->left);
	if (!must_unwind() && (shell.status == 0) == (n->type == NODE_AND))
		exec_node(n->body, flags);
}

/* Compound commands */

static void exec_subshell(struct node *n, int flags)
{
	struct job *j;
	pid_t pid = 0;

	if (!(flags & EXEC_LAST) || trap_is_set()) {
		j = job_new(pipeline_text);
		pid = fork_child(j, false);
		if (pid < 0) {
			complain("cannot fork: %s", strerror(errno));
			job_cancel(j);
			shell.status = 126;
			return;
		}
		if (pid > 0) {
			shell.status = job_wait_foreground(j);
			return;
		}
	}
	exec_node(n->body, EXEC_LAST);
	shell_exit(shell.status);
}

/* After a turn of a loop's body: true when the loop ends. */
static bool loop_ends(void)
{
	enum flow flow = shell.flow;

	if (shell.interrupted || flow == FLOW_RETURN || flow == FLOW_ABORT)
		return true;
	if (flow == FLOW_NONE)
		return false;
	if (--shell.flow_count > 0)
		return true;
	shell.flow = FLOW_NONE;
	return flow == FLOW_BREAK;
}

static void exec_while(struct node *n)
{
	int result = 0;

	shell.loop_depth++;
	for (;;) {
		exec_condition(n->left);
		if (must_unwind()) {
			if (loop_ends())
				break;
			continue;
		}
		if ((shell.status == 0) != (n->type == NODE_WHILE)) {
			shell.status = result;
			break;
		}
		exec_node(n->body, 0);
		result = shell.status;
		if (loop_ends())
			break;
	}
	shell.loop_depth--;
}

/* The arguments as they are now: the body may change them. */
static void copy_params(struct strlist *out, struct arena *a)
{
	for (int i = 0; i < shell.params.count; i++) {
		const char *arg = shell.params.argv[i];

		strlist_add(out, a, arena_copy(a, arg, strlen(arg)));
	}
}

static void exec_for(struct node *n)
{
	struct arena *a = arena_new();
	struct strlist values = { 0 };
	bool ok = true;

	if (n->has_in)
		ok = expand_words(n->words, a, &values);
	else
		copy_params(&values, a);
	if (!ok)
		abort_line();
	else
		shell.status = 0;
	shell.loop_depth++;
	for (size_t i = 0; ok && i < values.count && !must_unwind(); i++) {
		if (!var_set(n->name, values.items[i])) {
			abort_line();
			break;
		}
		exec_node(n->body, 0);
		if (loop_ends())
			break;
	}
	shell.loop_depth--;
	arena_drop(a);
}

/* The body of the first case that matches, or NULL; *ok false on an error. */
static struct node *find_case(struct node *n, struct arena *a, bool *ok)
{
	char *subject, *pattern;

	*ok = expand_string(&n->subject, a, false, false, &subject);
	for (struct case_item *c = n->cases; *ok && c; c = c->next) {
		for (struct word_item *w = c->patterns; w; w = w->next) {
			*ok = expand_string(&w->word, a, false, true, &pattern);
			if (!*ok)
				break;
			if (fnmatch(pattern, subject, 0) == 0)
				return c->body;
		}
	}
	return NULL;
}

static void exec_case(struct node *n, int flags)
{
	struct arena *a = arena_new();
	bool ok;
	struct node *body = find_case(n, a, &ok);

	arena_drop(a);
	if (!ok) {
		abort_line();
		return;
	}
	shell.status = 0;
	if (body)
		exec_node(body, flags);
}

static void exec_if(struct node *n, int flags)
{
	exec_condition(n->left);
	if (must_unwind())
		return;
	if (shell.status == 0) {
		exec_node(n->body, flags);
	} else {
		shell.status = 0;
		if (n->other)
			exec_node(n->other, flags);
	}
}

static void exec_compound(struct node *n, int flags)
{
	switch (n->type) {
	case NODE_SUBSHELL:
		exec_subshell(n, flags);
		break;
	case NODE_GROUP:
		exec_node(n->body, flags);
		break;
	case NODE_IF:
		exec_if(n, flags);
		break;
	case NODE_WHILE:
	case NODE_UNTIL:
		exec_while(n);
		break;
	case NODE_FOR:
		exec_for(n);
		break;
	case NODE_CASE:
		exec_case(n, flags);
		break;
	default:
		function_define(n->name, n->body, tree_arena);
		shell.status = 0;
	}
}

static void exec_redirected(struct node *n, int flags)
{
	struct saved_fd *fds = NULL;

	if (!n->redirs) {
		exec_compound(n, flags);
		return;
	}
	fflush(stdout);
	shell.line = n->line;
	if (redir_apply(n->redirs, &fds))
		exec_compound(n, flags);
	else
		shell.status = 1;
	fflush(stdout);
	redir_undo(&fds);
}

void exec_node(struct node *n, int flags)
{
	switch (n->type) {
	case NODE_SIMPLE:
		exec_simple(n, flags);
		break;
	case NODE_PIPELINE:
		exec_pipeline(n, flags);
		break;
	case NODE_AND:
	case NODE_OR:
		exec_and_or(n, flags);
		break;
	case NODE_LIST:
		exec_list(n, flags);
		break;
	default:
		exec_redirected(n, flags);
	}
}

void exec_tree(struct node *n, struct arena *a)
{
	struct arena *outer = tree_arena;
	const char *outer_text = pipeline_text;

	tree_arena = a;
	exec_node(n, 0);
	tree_arena = outer;
	pipeline_text = outer_text;
}

/* Command substitution */

static void read_all(int fd, struct str *out)
{
	char buf[1024];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != '\0')
				str_char(out, buf[i]);
	}
}

bool command_output(struct node *body, struct str *out)
{
	int fds[2], status;
	pid_t pid, waited;

	if (pipe(fds) < 0) {
		complain("cannot make a pipe: %s", strerror(errno));
		return false;
	}
	pid = fork_child(NULL, false);
	if (pid == 0)
		pipeline_child(body, -1, fds[1], fds[0]);
	close(fds[1]);
	if (pid < 0) {
		complain("cannot fork: %s", strerror(errno));
		close(fds[0]);
		return false;
	}
	read_all(fds[0], out);
	close(fds[0]);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	shell.status = shell.subst_status = waited < 0 ? 127 : status_of(status);
	while (out->len > 0 && out->s[out->len - 1] == '\n')
		out->len--;
	if (out->s)
		out->s[out->len] = '\0';
	return true;
}
