/*
 * The shell: what its files share.
 *
 *	source.c  characters of a script, a string or the terminal
 *	lex.c     characters to tokens; words to their parts
 *	parse.c   tokens to a tree
 *	expand.c  words to strings and fields; glob.c and arith.c help it
 *	exec.c    runs a tree; redir.c its redirections
 *	jobs.c    child processes, the terminal
 *	var.c     variables, positional parameters, functions
 *	builtin.c, trap.c, mem.c, main.c
 *
 * Memory: a tree and its words live in the arena of the command line they were read from; what
 * expansion makes lives in an arena of the command that is run. An arena goes as a whole. A
 * function keeps the arena of its line. Variables and jobs are on the heap, one by one.
 *
 * Errors: functions that can fail return false after they have printed a message; the status of a
 * command is in shell.status. A flow (break, return, an interrupt) is a field that loops look at.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Memory (mem.c). All of these end the shell with a message when there is no memory. */

struct arena;

struct arena *arena_new(void);
struct arena *arena_hold(struct arena *a);
void arena_drop(struct arena *a);
void *arena_alloc(struct arena *a, size_t size);
char *arena_copy(struct arena *a, const char *s, size_t len);

void *heap_alloc(size_t size);
void *heap_resize(void *p, size_t size);
char *heap_copy(const char *s);

/* A growing string. s is terminated whenever it is not NULL. */
struct str {
	char *s;
	size_t len, cap;
};

void str_add(struct str *str, const char *s, size_t len);
void str_char(struct str *str, char c);
void str_free(struct str *str);

/* A growing list of strings in an arena, terminated by NULL. */
struct strlist {
	char **items;
	size_t count, cap;
};

void strlist_add(struct strlist *list, struct arena *a, char *s);

/* The tree */

enum part_type { PART_TEXT, PART_PARAM, PART_COMMAND, PART_ARITH };

/* What ${name...} does with the value. */
enum param_op {
	OP_NONE,
	OP_DEFAULT,
	OP_ASSIGN,
	OP_ERROR,
	OP_ALTERNATIVE,
	OP_PREFIX,
	OP_LONG_PREFIX,
	OP_SUFFIX,
	OP_LONG_SUFFIX,
	OP_LENGTH,
};

struct word {
	struct part *parts;
};

struct part {
	struct part *next;
	enum part_type type;
	bool quoted;
	char *text;		/* PART_TEXT: the characters; PART_PARAM: the name */
	enum param_op op;	/* PART_PARAM */
	bool colon;		/* the operator had a colon: empty counts as unset */
	struct word *arg;	/* PART_PARAM: after the operator; PART_ARITH: the expression */
	struct node *body;	/* PART_COMMAND */
};

struct word_item {
	struct word_item *next;
	struct word word;
};

struct assign {
	struct assign *next;
	char *name;
	struct word value;
};

enum redir_type {
	REDIR_IN, REDIR_OUT, REDIR_APPEND, REDIR_CLOBBER, REDIR_BOTH, REDIR_DUP, REDIR_HERE,
};

struct redir {
	struct redir *next;
	enum redir_type type;
	int fd;
	struct word target;	/* REDIR_HERE: the text */
	/* Reading a here-document: its end, whether that was quoted, whether tabs go. */
	char *delimiter;
	bool literal, strip_tabs;
	struct redir *next_here;
};

enum node_type {
	NODE_SIMPLE,
	NODE_PIPELINE,
	NODE_AND,
	NODE_OR,
	NODE_LIST,
	NODE_SUBSHELL,
	NODE_GROUP,
	NODE_IF,
	NODE_WHILE,
	NODE_UNTIL,
	NODE_FOR,
	NODE_CASE,
	NODE_FUNCTION,
};

/* One command of a list or a pipeline. */
struct item {
	struct item *next;
	struct node *node;
	bool background;
};

struct case_item {
	struct case_item *next;
	struct word_item *patterns;
	struct node *body;
};

struct node {
	enum node_type type;
	int line;
	char *text;		/* as it was typed; for messages about jobs */
	struct redir *redirs;
	struct assign *assigns;	/* SIMPLE */
	struct word_item *words;	/* SIMPLE; FOR: after "in" */
	struct item *items;	/* LIST, PIPELINE */
	bool negated;		/* PIPELINE */
	struct node *left;	/* AND, OR; condition of IF, WHILE, UNTIL */
	struct node *body;	/* right side of AND, OR; then, do, group, function */
	struct node *other;	/* else */
	char *name;		/* FOR, FUNCTION */
	bool has_in;		/* FOR */
	struct word subject;	/* CASE */
	struct case_item *cases;
};

/* Input (source.c) */

struct source;

struct source *source_fd(int fd, const char *name, bool interactive);
struct source *source_string(const char *s, size_t len, int line);
void source_close(struct source *src);
/* The next character or EOF. source_unget undoes the last one, up to four in a row. */
int source_getc(struct source *src);
void source_unget(struct source *src, int c);
int source_line(const struct source *src);
/* At the beginning of a command: the next line is asked for with PS1, later ones with PS2. */
void source_new_command(struct source *src);
/* Leaves the descriptor where the characters taken end, so that a command can read what follows. */
void source_sync(struct source *src);
/* Forgets the rest of the line, after an error at a terminal. */
void source_skip_line(struct source *src);

/* Parsing (lex.c, parse.c) */

enum parse_result { PARSE_OK, PARSE_EOF, PARSE_ERROR };

/*
 * Reads one complete command up to its newline into the arena; *out is NULL for an empty line. A
 * syntax error has been reported when it returns.
 */
enum parse_result parse_command(struct source *src, struct arena *a, struct node **out);

/* The shell's state (main.c) */

/* FLOW_ABORT gives the command line up after an error; a script ends. */
enum flow { FLOW_NONE, FLOW_BREAK, FLOW_CONTINUE, FLOW_RETURN, FLOW_ABORT };

struct params {
	char **argv;	/* heap strings, $1 first */
	int count;
};

struct shell {
	const char *name;	/* $0 */
	const char *script;	/* name for messages; NULL: no lines in messages */
	int line;		/* of the command that runs */
	int status;		/* $? */
	pid_t pid;		/* $$: the same in subshells */
	pid_t last_background;	/* $!: 0 if none */
	struct params params;
	bool interactive, job_control, login, subshell;
	bool opt_errexit, opt_trace, opt_nounset, opt_noglob, opt_noexec;
	int condition;		/* depth of conditions, where errexit does not apply */
	int function_depth, loop_depth;
	enum flow flow;
	int subst_status;	/* of the last command substitution; -1: none since it was set so */
	int flow_count;		/* loops that break or continue still has to leave */
	volatile sig_atomic_t interrupted;
};

extern struct shell shell;

/* Prints "name: line N: text" on standard error. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* True when the list that runs must be left. */
bool must_unwind(void);
/* Runs the exit trap and ends the process. */
_Noreturn void shell_exit(int status);
/* Runs everything a source gives, to its end or to a flow. */
void run_source(struct source *src);

/* Variables (var.c). Strings that are passed in are copied. */

void var_init(char **environment);
const char *var_get(const char *name);
bool var_set(const char *name, const char *value);
bool var_unset(const char *name);
void var_export(const char *name);
void var_make_readonly(const char *name);
bool is_name(const char *s, size_t len);
/* "NAME=value" strings of the exported variables, in the arena. */
char **var_environment(struct arena *a);
void var_print(bool exported_only, bool readonly_only);

/* The state of a variable, to be put back. */
struct saved_var {
	struct saved_var *next;
	char *name;
	char *value;
	bool exported;
};

void var_save(struct saved_var **list, const char *name);
void var_restore(struct saved_var **list);
/* Makes name local to the function that runs; false outside one. */
bool var_make_local(const char *name);

void params_set(char **argv, int count);
struct params params_take(void);
void params_put(struct params p);

struct function;
struct function *function_find(const char *name);
void function_define(const char *name, struct node *body, struct arena *a);
bool function_unset(const char *name);
void function_call(struct function *f, char **argv, int argc);

/* Expansion (expand.c, glob.c, arith.c). False: reported, the command must not run. */

bool expand_words(struct word_item *words, struct arena *a, struct strlist *out);
/* One string, not split, no file names. With pattern set, quoted characters get a backslash. */
bool expand_string(const struct word *w, struct arena *a, bool assignment, bool pattern,
		   char **out);
bool word_is_assignment(const struct word *w);
void glob_expand(const char *pattern, struct arena *a, struct strlist *out);
bool arith_eval(const char *expr, long long *out);

/* Running (exec.c, redir.c) */

/* The process has nothing to do after this node: an external command may take it over. */
#define EXEC_LAST 1

/* The arena in which the tree that runs lives; a function that is defined holds it. */
void exec_tree(struct node *n, struct arena *a);
void exec_node(struct node *n, int flags);
/* Reads what a command writes, without the last newlines. */
bool command_output(struct node *body, struct str *out);

struct saved_fd;

/* Does the redirections; with undo not NULL the old descriptors are kept for redir_undo. */
bool redir_apply(struct redir *list, struct saved_fd **undo);
void redir_undo(struct saved_fd **undo);
/* Moves a descriptor out of the way of the script's, to 10 or above, closed by exec. */
int fd_move_up(int fd);

/* Jobs (jobs.c) */

struct job;

void jobs_init(void);
struct job *job_new(const char *text);
/*
 * Forks. The child becomes a subshell: no jobs, no traps, the signals the shell was started with.
 * With a job it joins the job's process group (and, in the foreground, gets the terminal); the job
 * may be NULL.
 */
pid_t fork_child(struct job *j, bool background);
/* Waits for a foreground job, gives its status and forgets it unless it stopped. */
int job_wait_foreground(struct job *j);
/* Lets the job run; its last process is $!. */
void job_run_background(struct job *j);
/* A job of which no process could be made. */
void job_cancel(struct job *j);
/* The exit status that stands for a wait status. */
int status_of(int wait_status);
/* Tells of background jobs that have ended or stopped since the last time; at the prompt. */
void jobs_notify(void);
/* True when there are stopped jobs that the end of the shell would leave behind. */
bool jobs_stopped(void);
int builtin_jobs(int argc, char **argv);
int builtin_fg(int argc, char **argv);
int builtin_wait(int argc, char **argv);
int builtin_kill(int argc, char **argv);

/* Traps (trap.c) */

void signals_init_interactive(void);
/* In a new process: signals as the shell was started with, traps gone. */
void signals_child(bool background);
void traps_run(void);
bool trap_is_set(void);
void trap_run_exit(void);
int builtin_trap(int argc, char **argv);

/* Builtins (builtin.c) */

typedef int builtin_fn(int argc, char **argv);

builtin_fn *builtin_find(const char *name);
/* Runs a program in place of the shell; the status to exit with if that failed (reported). */
int exec_program(char **argv);
/* The external command's file, or NULL; in the arena. */
char *command_path(const char *name, struct arena *a);
