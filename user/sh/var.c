/*
 * Variables, positional parameters and functions. Variables and functions are in hash tables that
 * grow with them. A variable can exist without a value: exported or read-only before it is set.
 */
#include "sh.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The common beginning of what a table holds. */
struct entry {
	struct entry *next;
	char *name;
};

struct table {
	struct entry **chains;
	size_t size, count;	/* size is a power of two, or 0 */
};

struct var {
	struct entry entry;
	char *value;		/* NULL: not set */
	bool exported, readonly;
};

struct function {
	struct entry entry;
	struct node *body;
	struct arena *arena;	/* holds the body */
	unsigned running;	/* calls that have not returned */
	bool removed;		/* no longer in the table; goes with the last call */
};

static struct table vars, functions;
/* Variables to restore when the function that runs returns. */
static struct saved_var *locals;

/* Tables */

static size_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	/* The 32-bit FNV-1a hash. */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/*
 * Where the entry of that name is linked from, or the end of its chain. The table must have chains.
 */
static struct entry **table_link(struct table *t, const char *name)
{
	struct entry **link = &t->chains[hash(name) & (t->size - 1)];

	while (*link && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static struct entry *table_find(struct table *t, const char *name)
{
	return t->size ? *table_link(t, name) : NULL;
}

static void table_grow(struct table *t)
{
	size_t size = t->size ? t->size * 2 : 64;
	struct entry **chains = heap_alloc(size * sizeof(*chains));

	memset(chains, 0, size * sizeof(*chains));
	for (size_t i = 0; i < t->size; i++) {
		struct entry *e, *next;

		for (e = t->chains[i]; e; e = next) {
			struct entry **chain = &chains[hash(e->name) & (size - 1)];

			next = e->next;
			e->next = *chain;
			*chain = e;
		}
	}
	free(t->chains);
	t->chains = chains;
	t->size = size;
}

/* Adds a zeroed entry of the size for a name that is not there. */
static void *table_add(struct table *t, const char *name, size_t size)
{
	struct entry *e = memset(heap_alloc(size), 0, size);

	if (t->count >= t->size)
		table_grow(t);
	e->name = heap_copy(name);
	*table_link(t, name) = e;
	t->count++;
	return e;
}

static void table_remove(struct table *t, struct entry *e)
{
	struct entry **link = table_link(t, e->name);

	*link = e->next;
	t->count--;
}

/* Variables */

bool is_name(const char *s, size_t len)
{
	if (len == 0 || isdigit((unsigned char)*s))
		return false;
	for (; len > 0; len--, s++)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static struct var *var_find(const char *name)
{
	return (struct var *)table_find(&vars, name);
}

static struct var *var_make(const char *name)
{
	struct var *v = var_find(name);

	return v ? v : table_add(&vars, name, sizeof(*v));
}

const char *var_get(const char *name)
{
	struct var *v = var_find(name);

	return v ? v->value : NULL;
}

static bool var_writable(const struct var *v)
{
	if (v && v->readonly) {
		complain("%s: is read-only", v->entry.name);
		return false;
	}
	return true;
}

bool var_set(const char *name, const char *value)
{
	struct var *v = var_make(name);
	char *copy;

	if (!var_writable(v))
		return false;
	copy = heap_copy(value);
	free(v->value);
	v->value = copy;
	return true;
}

bool var_unset(const char *name)
{
	struct var *v = var_find(name);

	if (!v)
		return true;
	if (!var_writable(v))
		return false;
	table_remove(&vars, &v->entry);
	free(v->entry.name);
	free(v->value);
	free(v);
	return true;
}

void var_export(const char *name)
{
	var_make(name)->exported = true;
}

void var_make_readonly(const char *name)
{
	var_make(name)->readonly = true;
}

void var_init(char **environment)
{
	char cwd[4096];

	for (char **e = environment; e && *e; e++) {
		char *equals = strchr(*e, '=');
		struct var *v;
		char *name;

		if (!equals || !is_name(*e, (size_t)(equals - *e)))
			continue;
		name = heap_copy(*e);
		name[equals - *e] = '\0';
		v = var_make(name);
		free(v->value);
		v->value = heap_copy(equals + 1);
		v->exported = true;
		free(name);
	}
	var_set("IFS", " \t\n");
	var_set("PS2", "> ");
	var_set("PS4", "+ ");
	if (!var_get("PS1"))
		var_set("PS1", geteuid() == 0 ? "# " : "$ ");
	if (!var_get("PATH"))
		var_set("PATH", "/bin:/usr/bin");
	if (getcwd(cwd, sizeof(cwd)))
		var_set("PWD", cwd);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct var *const *)a)->entry.name, (*(struct var *const *)b)->entry.name);
}

/* All variables in the order of their names; the array is the caller's to free. */
static struct var **vars_sorted(void)
{
	struct var **list = heap_alloc((vars.count + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < vars.size; i++)
		for (struct entry *e = vars.chains[i]; e; e = e->next)
			list[n++] = (struct var *)e;
	list[n] = NULL;
	qsort(list, n, sizeof(*list), compare_names);
	return list;
}

char **var_environment(struct arena *a)
{
	struct strlist env = { 0 };

	strlist_add(&env, a, NULL);
	env.count = 0;
	for (size_t i = 0; i < vars.size; i++) {
		for (struct entry *e = vars.chains[i]; e; e = e->next) {
			struct var *v = (struct var *)e;
			size_t name_len = strlen(e->name);
			char *s;

			if (!v->exported || !v->value)
				continue;
			s = arena_alloc(a, name_len + strlen(v->value) + 2);
			memcpy(s, e->name, name_len);
			s[name_len] = '=';
			strcpy(s + name_len + 1, v->value);
			strlist_add(&env, a, s);
		}
	}
	return env.items;
}

/* Prints a value so that the shell would read it back as it is. */
static void print_quoted(const char *s)
{
	putchar('\'');
	for (; *s; s++) {
		if (*s == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*s);
	}
	putchar('\'');
}

void var_print(bool exported_only, bool readonly_only)
{
	struct var **list = vars_sorted();

	for (struct var **v = list; *v; v++) {
		if ((exported_only && !(*v)->exported) || (readonly_only && !(*v)->readonly))
			continue;
		if (!exported_only && !readonly_only && !(*v)->value)
			continue;
		printf("%s%s",
		       exported_only   ? "export "
		       : readonly_only ? "readonly "
				       : "",
		       (*v)->entry.name);
		if ((*v)->value) {
			putchar('=');
			print_quoted((*v)->value);
		}
		putchar('\n');
	}
	free(list);
}

void var_save(struct saved_var **list, const char *name)
{
	struct saved_var *s = heap_alloc(sizeof(*s));
	struct var *v = var_find(name);

	s->name = heap_copy(name);
	s->value = v && v->value ? heap_copy(v->value) : NULL;
	s->exported = v && v->exported;
	s->next = *list;
	*list = s;
}

void var_restore(struct saved_var **list)
{
	while (*list) {
		struct saved_var *s = *list;
		struct var *v;

		*list = s->next;
		if (s->value || s->exported) {
			v = var_make(s->name);
			free(v->value);
			v->value = s->value;
			v->exported = s->exported;
		} else {
			var_unset(s->name);
		}
		free(s->name);
		free(s);
	}
}

bool var_make_local(const char *name)
{
	if (shell.function_depth == 0) {
		complain("local: not in a function");
		return false;
	}
	var_save(&locals, name);
	return true;
}

/* Positional parameters */

static void params_free(struct params p)
{
	for (int i = 0; i < p.count; i++)
		free(p.argv[i]);
	free(p.argv);
}

void params_set(char **argv, int count)
{
	struct params old = shell.params;

	shell.params.argv = heap_alloc(((size_t)count + 1) * sizeof(*argv));
	shell.params.count = count;
	for (int i = 0; i < count; i++)
		shell.params.argv[i] = heap_copy(argv[i]);
	shell.params.argv[count] = NULL;
	params_free(old);
}

struct params params_take(void)
{
	struct params p = shell.params;

	shell.params = (struct params){ 0 };
	return p;
}

void params_put(struct params p)
{
	params_free(shell.params);
	shell.params = p;
}

/* Functions */

struct function *function_find(const char *name)
{
	return (struct function *)table_find(&functions, name);
}

static void function_free(struct function *f)
{
	arena_drop(f->arena);
	free(f->entry.name);
	free(f);
}

bool function_unset(const char *name)
{
	struct function *f = function_find(name);

	if (!f)
		return false;
	table_remove(&functions, &f->entry);
	f->removed = true;
	if (f->running == 0)
		function_free(f);
	return true;
}

void function_define(const char *name, struct node *body, struct arena *a)
{
	struct function *f;

	function_unset(name);
	f = table_add(&functions, name, sizeof(*f));
	f->body = body;
	f->arena = arena_hold(a);
}

void function_call(struct function *f, char **argv, int argc)
{
	struct saved_var *outer_locals = locals;
	struct params outer_params = params_take();
	int outer_loops = shell.loop_depth;

	if (shell.function_depth >= 1000) {
		params_put(outer_params);
		complain("%s: functions nested too deeply", f->entry.name);
		shell.status = 2;
		return;
	}
	locals = NULL;
	params_set(argv + 1, argc - 1);
	shell.function_depth++;
	shell.loop_depth = 0;
	f->running++;
	exec_tree(f->body, f->arena);
	if (shell.flow == FLOW_RETURN)
		shell.flow = FLOW_NONE;
	if (--f->running == 0 && f->removed)
		function_free(f);
	shell.loop_depth = outer_loops;
	shell.function_depth--;
	params_put(outer_params);
	var_restore(&locals);
	locals = outer_locals;
}
